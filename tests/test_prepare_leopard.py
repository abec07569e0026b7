"""The track of Leopard's recipe: coverage, the mapping to a reference, and what is refused."""

import bz2
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pysam
import pytest

from zoo import cli
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.formats import bigwig
from zoo.genome.signal import Signal
from zoo.prepare import quantiles, summed, tracks
from zoo.prepare.aligned import AlignedReads
from zoo.prepare.coverage import BLOCK
from zoo.prepare.leopard import LeopardTrack, prepare_leopard
from zoo.prepare.quantiles import QuantileMap

SIZES = {"chr1": 30_000, "chr2": 20_500, "chrX": 9_001, "chrY": 300}
SAMPLED = ("chr1", "chr2", "chrX")
KILLS = """
import json
import sys
from pathlib import Path
from dying import child, moments, step
from zoo.prepare import quantiles, summed
from zoo.prepare.leopard import prepare_leopard
reads, output = sys.argv[1], Path(sys.argv[2])
sizes = {"chr1": 30_000, "chr2": 20_500, "chrX": 9_001, "chrY": 300}
add, of = summed._add, quantiles.QuantileMap.__call__
def stepping(call):
    def stepped(*arguments):
        step()
        return call(*arguments)
    return stepped
summed._add, quantiles.QuantileMap.__call__ = stepping(add), stepping(of)
def run():
    prepare_leopard(reads, output, sizes, reference_track=sys.argv[3:], progress=False)
def files():
    found = {path.name: path.read_bytes() for path in output.parent.iterdir() if path.is_file()}
    if "out.json" in found:
        found["out.json"] = {**json.loads(found["out.json"]), "seconds": None}
    return found
status, total = child(run)
whole = files()
assert status == 0
assert set(whole) == {"out.bw", "out.json"}
for moment in moments(total, 10):
    for path in output.parent.iterdir():
        path.unlink()
    assert child(run, at=moment)[0] == -9, moment
    child(run, at=2 + moment // 2)  # killed as it goes on, unless it ends before that
    status, _ = child(run)
    assert (status, files()) == (0, whole), (moment, status)
    assert not any(path.is_dir() for path in output.parent.iterdir())
print(total)
"""
READS = [("chr1", 100, 140, "+"), ("chr1", 120, 160, "-"), ("chr1", 120, 150, "+"), ("chrY", 270, 300, "-")]


def original(values: np.ndarray, sample: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """What the authors' `quantile_normalize_bigwig.py` does, run by run."""
    sample, reference = np.sort(sample), np.sort(reference)
    x, y = [0.0], [0.0]
    begins = [i for i in range(1, len(sample)) if sample[i] != sample[i - 1]]
    for begin, end in zip(begins, [*begins[1:], len(reference)], strict=True):
        x.append(sample[begin])
        y.append(np.mean(reference[begin:end]))
    slope, intercept = np.polyfit(sample[-10:], reference[-10:], 1)
    return np.array([slope * v + intercept if v > sample[-1] else np.interp(v, x, y) for v in values])


def drawn(chroms: tuple[str, ...], values: dict[str, np.ndarray]) -> np.ndarray:
    """What the authors' `subsample_for_qn.py` takes: seeds 0, 1 and 22."""
    found = []
    for chrom in chroms:
        np.random.seed({"chr1": 0, "chr2": 1, "chrX": 22}[chrom])
        found.append(values[chrom][np.random.randint(0, SIZES[chrom], int(np.ceil(SIZES[chrom] / 1000)))])
    return np.concatenate(found)


def coverage(seed: int, mean: float) -> dict[str, np.ndarray]:
    """Counts per base in stretches of 50 bp."""
    random = np.random.default_rng(seed)
    return {c: np.repeat(random.poisson(mean, n // 50 + 1), 50)[:n].astype("f") for c, n in SIZES.items()}


def write(path: Path, values: dict[str, np.ndarray], zeros: bool = True) -> Path:
    known = [(c, v if zeros else np.where(v == 0, np.float32(np.nan), v)) for c, v in values.items()]
    bigwig.write_track(path, {c: len(v) for c, v in values.items()}, known, 1)
    return path


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write(tmp_path / "liver.bw", coverage(1, 4.0))


@pytest.fixture
def tagalign(tmp_path: Path) -> Path:
    """Reads that cover every chromosome, thickly enough for a mapping, and four to count by hand."""
    random, rows = np.random.default_rng(3), list(READS)
    for chrom in SAMPLED:
        rows += [(chrom, int(at), int(at) + 36, "+") for at in random.integers(1000, SIZES[chrom] - 36, 900)]
    path = tmp_path / "r.tagAlign"
    path.write_text("".join(f"{chrom}\t{start}\t{end}\tN\t1\t{strand}\n" for chrom, start, end, strand in rows))
    return path


def counted(path: Path) -> dict[str, np.ndarray]:
    """Coverage of a tagAlign file, read by read."""
    found = {chrom: np.zeros(size) for chrom, size in SIZES.items()}
    for line in path.read_text().splitlines():
        chrom, start, end = line.split("\t")[:3]
        found[chrom][int(start) : int(end)] += 1
    return found


def all_of(made: LeopardTrack, chrom: str) -> np.ndarray:
    return Signal(made.signal).values(chrom, 0, SIZES[chrom])


# --- the mapping


def test_the_mapping_by_hand():
    """Values of 1 have ranks 4 to 6 and become the mean of 2, 3, 4; above 9 a line through the ten largest pairs."""
    sample = np.array([0, 0, 0, 0, 1, 1, 1, 5, 9, 9, 9, 9, 9.0])
    reference = np.array([0, 0, 1, 1, 2, 3, 4, 6, 8, 8, 9, 10, 10.0])
    found = QuantileMap.of(sample[::-1], np.roll(reference, 3))
    assert found.knots.tolist() == [0, 1, 5, 9]
    assert found.values.tolist() == [0, 3, 6, 9]
    assert found(np.array([0, 0.5, 1, 3, 5, 7, 9])).tolist() == [0, 1.5, 3, 4.5, 6, 7.5, 9]
    slope, intercept = np.polyfit(sample[-10:], reference[-10:], 1)
    assert found(np.array([20.0]))[0] == pytest.approx(20 * slope + intercept)


def test_ties_at_the_smallest_value_become_0():
    """Also if that is not 0: below the first knot a line from 0."""
    found = QuantileMap.of(np.array([2.0] * 8 + [4, 4]), np.arange(10.0))
    assert (found.knots.tolist(), found.values.tolist()) == ([0, 4], [0, 8.5])
    assert found(np.array([2.0]))[0] == 4.25


@pytest.mark.parametrize("seed", range(4))
def test_the_mapping_of_the_authors_program(seed: int):
    random = np.random.default_rng(seed)
    sample, reference = random.poisson(2 + seed, 500).astype(float), random.poisson(3, 500) * 1.5
    values = np.array([0, 0.3, 1, 2.5, 4, 7, 9, 30.0])
    assert np.allclose(QuantileMap.of(sample, reference)(values), original(values, sample, reference), rtol=1e-12)


def test_ten_equal_largest_values():
    """A line that is not determined, as NumPy has it there."""
    sample, reference = np.array([0.0] * 5 + [3] * 12), np.arange(17.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.RankWarning)
        wanted = original(np.array([3.0, 5, 8]), sample, reference)
    assert np.allclose(QuantileMap.of(sample, reference)(np.array([3.0, 5, 8])), wanted)


def test_positions_of_chromosomes():
    found = quantiles.positions({"chr2": 4_500, "chr1": 3_000, "chrY": 5_000, "chrX": 999, "chrM": 16_571})
    assert {chrom: len(at) for chrom, at in found.items()} == {"chr1": 3, "chr2": 5, "chrX": 1}
    assert found["chr1"].tolist() == sorted(np.random.RandomState(0).randint(0, 3_000, 3))
    assert found["chrX"].tolist() == [np.random.RandomState(22).randint(0, 999)]
    assert list(quantiles.positions({"20": 1_000, "X": 1_000})) == ["20", "X"]
    yeast = quantiles.positions({"chrI": 2_000, "chrII": 2_000, "chrX": 2_000})
    assert list(yeast) == ["chrI", "chrII", "chrX"]
    assert yeast["chrX"].tolist() == sorted(np.random.RandomState(2).randint(0, 2_000, 2))


# --- coverage


class _Place:
    """Where reads are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def part(self, name: str) -> Path:
        return self._folder / name


def covered(path: Path, sizes: dict[str, int], folder: Path, read_length: int | None = None) -> dict[str, np.ndarray]:
    part = summed.stored(summed.opened(path, 0, []), sizes, _Place(folder), "sample0", read_length)
    made = summed.Coverage.of([part], sizes)
    return {chrom: np.concatenate([values for _, values in made.values(chrom)]) for chrom in sizes}


def test_coverage_of_reads_on_either_strand(tmp_path: Path):
    (tmp_path / "r.tagAlign").write_text("".join(f"{c}\t{a}\t{b}\tN\t1\t{s}\n" for c, a, b, s in READS))
    found = covered(tmp_path / "r.tagAlign", SIZES, tmp_path)
    wanted = np.zeros(30_000)
    wanted[100:120], wanted[120:140], wanted[140:150], wanted[150:160] = 1, 3, 2, 1
    assert np.array_equal(found["chr1"], wanted)
    assert np.flatnonzero(found["chrY"]).tolist() == list(range(270, 300))


def test_reads_across_two_stretches(tmp_path: Path):
    """What is read at once ends within one read, and with the last base of another."""
    rows = [(BLOCK - 10, BLOCK + 20), (BLOCK - 30, BLOCK), (BLOCK, BLOCK + 5)]
    (tmp_path / "r.tagAlign").write_text("".join(f"chr1\t{a}\t{b}\tN\t1\t+\n" for a, b in rows))
    found = covered(tmp_path / "r.tagAlign", {"chr1": BLOCK + 100}, tmp_path)["chr1"]
    wanted = np.zeros(BLOCK + 100)
    for first, last in rows:
        wanted[first:last] += 1
    assert np.array_equal(found, wanted)


def test_a_read_at_both_ends_of_fragments(tmp_path: Path):
    (tmp_path / "f.tsv").write_text("chr1\t100\t300\tA\t1\nchr1\t500\t530\tB\t1\n")
    found = covered(tmp_path / "f.tsv", {"chr1": 1000}, tmp_path, 50)["chr1"]
    wanted = np.zeros(1000)
    wanted[100:150], wanted[250:300], wanted[500:530] = 1, 1, 2
    assert np.array_equal(found, wanted)


def test_coverage_of_alignments(tmp_path: Path):
    """Mapped primary ones, from the first to the last base, deletions included; of mates each."""
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": chrom, "LN": size} for chrom, size in SIZES.items()]}
    with pysam.AlignmentFile(tmp_path / "r.bam", "wb", header=header) as file:
        for flag, at, quality in ((0, 100, 60), (16, 120, 60), (4, 0, 0), (256, 400, 60), (2048, 500, 60), (0, 700, 3)):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = "a", flag, 0, at
            read.mapping_quality, read.cigarstring, read.query_sequence = quality, "20M2D16M", "A" * 36
            file.write(read)
    found = covered(tmp_path / "r.bam", SIZES, tmp_path)["chr1"]
    wanted = np.zeros(30_000)
    wanted[100:138] += 1
    wanted[120:158] += 1
    wanted[700:738] += 1
    assert np.array_equal(found, wanted)


# --- the track


def test_reads_become_the_track(tagalign: Path, reference: Path, tmp_path: Path):
    made = prepare_leopard(tagalign, tmp_path / "dnase", SIZES, reference_track=reference)
    own, theirs = counted(tagalign), coverage(1, 4.0)
    pairs = drawn(SAMPLED, own), drawn(SAMPLED, theirs)
    for chrom in SIZES:
        assert np.allclose(all_of(made, chrom), original(own[chrom], *pairs), rtol=1e-6), chrom
    assert (made.reads, made.positions) == (2704, 30 + 21 + 10)
    bases = sum(SIZES.values())
    assert made.coverage == pytest.approx(sum(v.sum() for v in own.values()) / bases)
    assert made.mean == pytest.approx(sum(all_of(made, c).sum() for c in SIZES) / bases, rel=1e-5)
    assert made.reference == pytest.approx(pairs[1].mean())
    record = json.loads(made.summary.read_text())
    assert (record["recipe"], record["counts"]["positions"]) == ("leopard", 61)
    before = made.signal.stat().st_mtime_ns
    assert prepare_leopard(tagalign, tmp_path / "dnase", SIZES, reference_track=reference) == made
    assert made.signal.stat().st_mtime_ns == before


def test_bigwig_files_of_replicates_are_summed(reference: Path, tmp_path: Path):
    """A base that one of them lacks is 0 there; chromosomes by other names."""
    one, other = coverage(5, 1.0), coverage(6, 2.0)
    files = [write(tmp_path / "1.bw", one, zeros=False), write(tmp_path / "2.bw", {c[3:]: v for c, v in other.items()})]
    made = prepare_leopard(
        files[0], tmp_path / "dnase", SIZES, reference_track=[reference], replicates=files[1:], chromosomes=["chr2"]
    )
    own = {c: one[c].astype(float) + other[c] for c in SIZES}
    pairs = drawn(SAMPLED, own), drawn(SAMPLED, coverage(1, 4.0))
    assert list(Signal(made.signal).sizes) == ["chr2"]
    assert np.allclose(all_of(made, "chr2"), original(own["chr2"], *pairs), rtol=1e-6)
    assert made.reads == 0


def test_a_track_normalized_to_itself_is_itself(reference: Path, tmp_path: Path):
    made = prepare_leopard(reference, tmp_path / "dnase", SIZES, reference_track=tmp_path / "liver.bw")
    values, wanted = all_of(made, "chr1"), coverage(1, 4.0)["chr1"]
    sampled = np.unique(drawn(SAMPLED, coverage(1, 4.0)))[1:]
    assert np.allclose(values[np.isin(wanted, sampled)], wanted[np.isin(wanted, sampled)])


def test_chromosomes_without_coverage_do_not_count(reference: Path, tmp_path: Path):
    own = coverage(5, 2.0)
    own["chr2"][:] = 0
    with pytest.warns(ZooWarning, match="the mapping is of chr1, chrX only: on chr2 sample or reference has no"):
        made = prepare_leopard(write(tmp_path / "s.bw", own), tmp_path / "dnase", SIZES, reference_track=reference)
    pairs = drawn(("chr1", "chrX"), own), drawn(("chr1", "chrX"), coverage(1, 4.0))
    assert np.allclose(all_of(made, "chr1"), original(own["chr1"], *pairs), rtol=1e-6)
    assert not all_of(made, "chr2").any()


def test_interrupted_runs(tagalign: Path, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """While reading: it begins anew. While writing: what was read is there."""
    call = {"reference_track": reference}
    wanted = prepare_leopard(tagalign, tmp_path / "whole", SIZES, **call).signal.read_bytes()

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(summed, "_add", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare_leopard(tagalign, tmp_path / "dnase", SIZES, **call)
    with monkeypatch.context() as patch:
        patch.setattr(tracks, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare_leopard(tagalign, tmp_path / "dnase", SIZES, **call)
    assert not (tmp_path / "dnase.bw").exists()
    monkeypatch.setattr(AlignedReads, "each", stop)
    made = prepare_leopard(tagalign, tmp_path / "dnase", SIZES, **call)
    assert made.signal.read_bytes() == wanted
    assert not list(tmp_path.glob("*.partial"))
    with pytest.raises(KeyboardInterrupt):  # what was read for another call is not taken
        prepare_leopard(tagalign, tmp_path / "dnase", SIZES, **call, chromosomes=["chr1"])


def test_killed_at_ten_moments(tagalign: Path, tmp_path: Path):
    """SIGKILL within reading and writing; then a run whose bytes are all those of a quiet one. A reference of reads."""
    (tmp_path / "to").mkdir()
    other = tmp_path / "liver.tagAlign"
    other.write_text("".join(f"chr1\t{at}\t{at + 20 + at % 50}\tN\t1\t+\n" for at in range(0, 20_000, 7)))
    command = [sys.executable, "-W", "ignore", "-c", KILLS, str(tagalign), str(tmp_path / "to" / "out"), str(other)]
    home = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (home, home.parent)))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_average_and_what_a_model_reads(tmp_path: Path):
    """`zoo average` makes the average; delta is made while reading."""
    from zoo.inputs.tracks import Derived, Track
    from zoo.porting.bins_of_200 import About
    from zoo.porting.leopard import make_spec
    from zoo.spec import Architecture

    spec = make_spec(Architecture("leopard", {"window": 10240}), About("test/L", {}), 2, "CTCF")
    values = [{"chr1": np.float32([1, 2, 0, 5])}, {"chr1": np.float32([3, 0, 0, 4])}]
    files = [str(write(tmp_path / f"{i}.bw", each, zeros=False)) for i, each in enumerate(values)]
    assert cli.main(["average", *files, "--output", str(tmp_path / "average.bw")]) == 0
    parts = {"dnase": files[0], "average": tmp_path / "average.bw"}
    known = {track.name: track for track in spec.input.given}
    opened = {name: Track(known[name], Signal(path), {"chr1": "chr1"}) for name, path in parts.items()}
    delta = Derived(spec.input.tracks[1], tuple(opened[name] for name in spec.input.tracks[1].of))
    assert delta.values("chr1", 0, 4).tolist() == [-1, 1, 0, 0.5]


# --- what is refused


def constant(value: float) -> dict[str, np.ndarray]:
    return {chrom: np.full(size, value, np.float32) for chrom, size in SIZES.items()}


@pytest.mark.parametrize(
    ("sample", "reference", "message"),
    [
        (constant(0), coverage(1, 4.0), r"coverage on a common chromosome.*of the sample='none'"),
        (coverage(1, 4.0), constant(0), r"coverage on a common chromosome.*of the reference='none'"),
        (constant(3), coverage(1, 4.0), "The sample of a quantile normalization must have different values"),
        (coverage(1, 4.0), constant(2), "The reference of a quantile normalization must have different values"),
        ({"chr1": np.float32([-1] * 30_000)}, coverage(1, 4.0), "Coverage must not be negative"),
        (coverage(1, 4.0), {"chr1": np.float32([-0.5] * 30_000)}, "Coverage must not be negative"),
        ({"chr1": np.arange(100, dtype=np.float32).repeat(300)}, {"chr2": np.ones(20_500, "f")}, "a common chromosome"),
    ],
)
def test_tracks_without_a_mapping(tmp_path: Path, sample: dict, reference: dict, message: str):
    files = write(tmp_path / "s.bw", sample), write(tmp_path / "r.bw", reference)
    with pytest.raises(InputError, match=message):
        prepare_leopard(files[0], tmp_path / "dnase", SIZES, reference_track=files[1], chromosomes=["chr1"])
    assert not (tmp_path / "dnase.bw").exists()


def test_files_of_another_assembly(tagalign: Path, reference: Path, tmp_path: Path):
    other = write(tmp_path / "other.bw", {"chr1": np.ones(29_000, np.float32)})
    for files in ((reference, other), (other, reference), (tagalign, other)):
        with pytest.raises(GenomeMismatch, match=r"one assembly.*30,000 bp.*29,000 bp"):
            prepare_leopard(files[0], tmp_path / "d", SIZES, reference_track=files[1], chromosomes=["chr1"])
    with pytest.raises(GenomeMismatch, match="chromosomes in common"):
        prepare_leopard(
            reference, tmp_path / "d", SIZES, reference_track=write(tmp_path / "y.bw", {"II": np.ones(9, "f")})
        )
    with pytest.raises(GenomeMismatch, match="end beyond their chromosome"):
        prepare_leopard(tagalign, tmp_path / "d", {"chr1": 2_000, "chr2": 2_000}, reference_track=tagalign)


def test_an_empty_sample(reference: Path, tmp_path: Path):
    (tmp_path / "e.tagAlign").write_text("chrUn\t10\t50\tN\t1\t+\n")
    with pytest.raises(InputError, match="must lie on the genome's chromosomes"):
        prepare_leopard(tmp_path / "e.tagAlign", tmp_path / "dnase", SIZES, reference_track=reference)
    assert not list(tmp_path.glob("dnase*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"read_length": 36}, "read length must go with fragments"),
        ({"mapping_quality": 3}, "must go with a BAM file"),
        ({"reference_track": ()}, "reference must be given"),
        ({"replicates": 5}, "replicates must be given by paths"),
        ({"replicates": ["./r.tagAlign"]}, "must be given once"),
        ({"chromosomes": ["chr7"]}, "must be there"),
        ({"reference_track": "nowhere.bw"}, "nowhere.bw"),
    ],
)
def test_what_is_refused(
    tagalign: Path, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict, message: str
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        prepare_leopard(tagalign, "dnase", SIZES, **{"reference_track": reference, **options})
    assert not (tmp_path / "dnase.bw").exists()


def test_fragments_need_the_length_of_their_reads(reference: Path, tmp_path: Path):
    (tmp_path / "f.tsv").write_text("chr1\t100\t300\tA\t1\n")
    with pytest.raises(InputError, match=r"read length must be given for fragments.*--read-length"):
        prepare_leopard(tmp_path / "f.tsv", tmp_path / "dnase", SIZES, reference_track=reference)


def test_no_coverage_on_the_chosen_chromosomes(reference: Path, tmp_path: Path):
    own = coverage(5, 2.0)
    own["chr2"][:] = 0
    with pytest.raises(InputError, match=r"must have coverage on the chosen chromosomes.*chr2"):
        prepare_leopard(
            write(tmp_path / "s.bw", own), tmp_path / "dnase", SIZES, reference_track=reference, chromosomes=["chr2"]
        )
    assert not list(tmp_path.glob("dnase*"))


def test_an_output_that_is_read(tagalign: Path, reference: Path, tmp_path: Path):
    with pytest.raises(InputError, match="no file that the run reads"):
        prepare_leopard(tagalign, tmp_path / "liver", SIZES, reference_track=reference)


def test_real_reads(shared: Path, tmp_path: Path):
    """ATAC-seq fragments of chr20, of which 50 bp at either end were read; seed 19."""
    size = 14_000_000
    path = shared / "data" / "hg19_chr20_gm12878" / "chr20.50000.bed.bz2"
    with bz2.open(path, "rt") as file:
        starts, ends = np.loadtxt(file, usecols=(1, 2), dtype=int).T
    length = np.minimum(ends - starts, 50)
    change = np.zeros(size + 1)
    for first, last in ((starts, starts + length), (ends - length, ends)):
        np.add.at(change, first, 1)
        np.add.at(change, last, -1)
    depth, liver = np.cumsum(change)[:-1], np.arange(size // 100, dtype="f") % 7
    bigwig.write_track(tmp_path / "liver.bw", {"chr20": size}, [("chr20", liver)], 100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)  # that these fragments have a strand
        made = prepare_leopard(
            path, tmp_path / "dnase", {"chr20": size}, reference_track=tmp_path / "liver.bw", read_length=50
        )
    assert (made.reads, made.positions) == (100_000, 14_000)
    np.random.seed(19)
    at = np.random.randint(0, size, 14_000)
    known, inverse = np.unique(depth, return_inverse=True)
    wanted = original(known, depth[at], liver[at // 100].astype(float))[inverse]
    assert np.allclose(Signal(made.signal).values("chr20", 0, size), wanted, rtol=1e-6)


def test_the_command(tagalign: Path, reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "sizes.tsv").write_text("".join(f"{chrom}\t{size}\n" for chrom, size in SIZES.items()))
    call = ["prepare", str(tagalign), "--output", str(tmp_path / "dnase"), "--chrom-sizes", str(tmp_path / "sizes.tsv")]
    call += ["--recipe", "leopard"]
    assert cli.main(call) != 0
    assert "must be given the track to normalize to" in capsys.readouterr().err
    call += ["--reference-track", str(reference)]
    for option in (["--shift", "yes"], ["--slop", "5"], ["--assay", "ATAC"], ["--effective-size", "5"]):
        assert cli.main([*call, *option]) != 0
        assert f"recipe leopard must be given without {option[0]}" in capsys.readouterr().err
    assert cli.main(call) == 0
    assert "2,704 reads; mean coverage" in capsys.readouterr().out
    assert Signal(tmp_path / "dnase.bw").sizes == SIZES
    assert cli.main([*call, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["recipe"] == "leopard"
    plain = [*call[:6], "--replicates", str(tagalign)]
    assert cli.main(plain) != 0
    assert "must be given without --replicates" in capsys.readouterr().err
    factornet = [*call[:6], "--recipe", "factornet", "--effective-size", "1500", "--reference-track", str(reference)]
    assert cli.main(factornet) != 0
    assert "recipe factornet must be given without --reference-track" in capsys.readouterr().err


def test_the_record_says_how(tagalign: Path, reference: Path, tmp_path: Path):
    record = json.loads(
        prepare_leopard(tagalign, tmp_path / "dnase", SIZES, reference_track=reference).summary.read_text()
    )
    assert record["reference"] == [str(reference)]
    assert record["mapping"]["knots"] == len(np.unique(drawn(SAMPLED, counted(tagalign))))

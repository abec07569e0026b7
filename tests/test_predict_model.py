"""`Model.predict` from files, against the plain way to compute it."""

import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data.synthetic import Synthetic
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.formats import bigwig
from zoo.forward.stretch import Stretch
from zoo.genome import bed
from zoo.genome.bigwig import Writer
from zoo.genome.encode import one_hot
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.prepare.peaks import open_regions


def windows(files: Synthetic, chrom: str, starts: list[int]) -> np.ndarray:
    """The input of windows, built one by one."""
    genome, signal = Genome(files.genome), Signal(files.signal)
    return np.stack(
        [
            np.column_stack(
                [one_hot(genome.codes(chrom, start, start + 256)), signal.values(chrom, start, start + 256)]
            )
            for start in starts
        ]
    )


def track(model: zoo.Model, files: Synthetic, chrom: str, stride: int = 64, **choices: object) -> np.ndarray:
    """Means over all windows of a chromosome, computed bin by bin."""
    length = Genome(files.genome).sizes[chrom]
    starts = list(range(0, length, stride))
    starts = starts[: next(i for i, start in enumerate(starts) if start + 256 >= length) + 1]
    scores = model.predict(windows(files, chrom, starts), **choices)
    bins = -(-length // 32)
    sums, counts = np.zeros(bins + 8), np.zeros(bins + 8)
    for start, row in zip(starts, scores, strict=True):
        sums[start // 32 : start // 32 + 8] += row
        counts[start // 32 : start // 32 + 8] += 1
    return (sums / np.maximum(counts, 1))[:bins]


@pytest.mark.parametrize(
    "choices", [{}, {"strands": "both"}, {"views": "all"}, {"stride": 32}, {"stride": 256}, {"batch_size": 17}]
)
def test_tracks_equal_the_plain_computation(small, genome_files, tmp_path: Path, read_track, choices: dict):
    files = small.predict(
        genome=genome_files.genome, signal=genome_files.signal, output=tmp_path / "out", chromosomes="chr10", **choices
    )
    found = read_track(files.bigwig, "chr10")
    assert len(found) == 40_010
    assert not np.isnan(found).any()  # to the last base
    expected = track(small, genome_files, "chr10", **choices)
    np.testing.assert_allclose(found[::32], expected, atol=2e-6)
    assert (found.reshape(-1, 2)[:, 0] == found.reshape(-1, 2)[:, 1]).all()


def test_default_chromosomes_are_all_in_natural_order(small, genome_files, tmp_path: Path, read_track):
    files = small.predict(genome=genome_files.genome, signal=genome_files.signal, output=tmp_path / "out.bw")
    sidecar = json.loads(files.sidecar.read_text())
    assert list(sidecar["chromosomes"]) == ["chr1", "chr2", "chr10"]
    assert {path.name for path in tmp_path.iterdir()} == {"out.bw", "out.bed", "out.json"}
    for chrom in sidecar["chromosomes"]:
        found = read_track(files.bigwig, chrom)[::32]
        np.testing.assert_allclose(
            found, track(small, genome_files, chrom), atol=4e-6
        )  # files fold normalizations, arrays do not: rounding


def test_sidecar_says_how_it_came_about(small, genome_files, tmp_path: Path):
    import hashlib

    files = small.predict(
        genome=genome_files.genome, signal=genome_files.signal, output=tmp_path / "out", threshold="precision=0.6"
    )
    sidecar = json.loads(files.sidecar.read_text())
    assert sidecar["model"]["name"] == "test/SMALL"
    assert sidecar["inputs"]["signal"]["sha256"] == hashlib.sha256(genome_files.signal.read_bytes()).hexdigest()
    assert sidecar["parameters"]["stride"] == 64
    assert sidecar["parameters"]["views"] == ["forward"]
    assert sidecar["threshold"] == {
        "asked": "precision=0.6",
        "score": 0.4,
        "precision": 0.6,
        "recall": 0.7,
        "log2fc": 6.0,
        "f1": 0.64,
    }
    assert sidecar["versions"]["keras"]
    assert sidecar["intervals"] == files.intervals == len(files.bed.read_text().splitlines())


@pytest.mark.parametrize("above", [True, False])
def test_bed_is_the_track_above_the_threshold(small, genome_files, tmp_path: Path, read_track, above: bool):
    """Compared in float64, also for thresholds between a score that occurs and its neighbors in float32."""
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "chromosomes": ["chr10"]}
    score = np.float32(np.median(small.predict(**call)[0].scores[::2][:625]))
    threshold = (float(score) + float(np.nextafter(score, np.float32(above)))) / 2  # rounds to even: to either side
    files = small.predict(**call, output=tmp_path / "out", threshold=threshold)
    called = np.zeros(40_010, bool)
    for interval in bed.read(files.bed):
        called[interval.start : interval.end] = True
    np.testing.assert_array_equal(called, read_track(files.bigwig, "chr10").astype(np.float64) >= threshold)
    assert 0.1 < called.mean() < 0.9


def test_without_a_threshold_there_is_no_bed(small, genome_files, tmp_path: Path):
    files = small.predict(
        genome=genome_files.genome,
        signal=genome_files.signal,
        output=tmp_path / "out",
        chromosomes="chr10",
        threshold=None,
    )
    assert files.bed is None
    assert {path.name for path in tmp_path.iterdir()} == {"out.bw", "out.json"}


def test_regions_have_the_scores_of_the_whole_genome(small, genome_files, tmp_path: Path):
    regions = [("chr10", 5000, 5300), ("chr1", 100, 101), ("chr10", 40_000, 40_010), ("chr10", 5100, 5200)]
    table = small.predict(genome=genome_files.genome, signal=genome_files.signal, regions=regions)
    assert [str(interval) for interval in table.intervals] == [
        "chr10:5001-5300",
        "chr1:101-101",
        "chr10:40001-40010",
        "chr10:5101-5200",
    ]
    whole = {chrom: track(small, genome_files, chrom) for chrom in ("chr1", "chr10")}
    for row in table:
        first, last = row.interval.start // 32, -(-row.interval.end // 32)
        np.testing.assert_allclose(row.scores, whole[row.interval.chrom][first:last], atol=2e-6)
        assert row.starts.tolist() == list(range(first * 32, last * 32, 32))
        assert row.max == max(row.scores)
    assert table[2].ends.tolist() == [40_010]
    assert len(table[1:]) == 3
    with pytest.raises(InputError, match="one number of bins"):
        table.matrix()


def test_open_chromatin_alone(small, genome_files, tmp_path: Path):
    """`auto` regions are those of `zoo peaks --cutoff auto`, by the genome's names, on the chromosomes asked for."""
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    table = small.predict(**files, regions="auto")
    found = open_regions(genome_files.signal)
    assert [str(interval) for interval in table.intervals] == [str(interval) for interval in found]
    assert 0 < sum(map(len, found)) < 0.5 * sum(Genome(genome_files.genome).sizes.values())
    some = small.predict(**files, regions="auto", chromosomes="10", output=tmp_path / "out")
    said = json.loads(some.sidecar.read_text())
    assert said["parameters"]["regions"]["count"] == sum(interval.chrom == "chr10" for interval in found)
    assert list(said["chromosomes"]) == ["chr10"]
    with pytest.raises(InputError, match="this model reads DNA alone"):
        zoo.load("yeast/ATAC").predict(genome=genome_files.genome, regions="auto")


def test_table_as_matrix_frame_and_text(small, genome_files, capsys: pytest.CaptureFixture):
    import sys

    regions = ["chr10:3201-3264", "chr10:6401-6464"]
    table = small.predict(genome=genome_files.genome, signal=genome_files.signal, regions=regions)
    assert table.matrix().shape == (2, 2)
    assert table.matrix().dtype == np.float32
    frame = table.to_frame()
    assert list(frame.columns) == ["region", "name", "chrom", "start", "end", "score"]
    assert frame["start"].tolist() == [3200, 3232, 6400, 6432]
    table.write_tsv(sys.stdout)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"chr10:3201-3264\t.\tchr10\t3200\t3232\t{table[0].scores[0]!s}"
    assert str(table).splitlines()[1].startswith("chr10:3201-3264")
    assert max(len(line) for line in str(table).splitlines()) <= 80


def test_whole_chromosomes_as_a_table(small, genome_files):
    table = small.predict(genome=genome_files.genome, signal=genome_files.signal, chromosomes=["chr10"])
    assert len(table) == 1
    np.testing.assert_allclose(table[0].scores, track(small, genome_files, "chr10"), atol=2e-6)


def test_regions_as_files(small, genome_files, tmp_path: Path, read_track):
    (tmp_path / "r.bed").write_text("chr10\t5000\t5300\tsite\n")
    arguments = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": tmp_path / "r.bed"}
    files = small.predict(**arguments, output=tmp_path / "out")
    scores = read_track(files.bigwig, "chr10")
    assert np.flatnonzero(~np.isnan(scores))[[0, -1]].tolist() == [4992, 5311]  # no spill-over but to whole bins
    lines = files.table.read_text().splitlines()
    assert len(lines) == 11
    assert lines[1].split("\t")[:5] == ["chr10:5001-5300", "site", "chr10", "4992", "5024"]
    np.testing.assert_allclose(scores[4992:5312:32], small.predict(**arguments)[0].scores, atol=1e-7)


def test_center_only(small, genome_files):
    table = small.predict(genome=genome_files.genome, signal=genome_files.signal, chromosomes="chr10", center_only=True)
    starts = list(range(-96, 40_010 - 96, 64))
    expected = small.predict(windows(genome_files, "chr10", starts))[:, 3:5].ravel()[: len(table[0].scores)]
    np.testing.assert_allclose(
        table[0].scores, expected, atol=4e-6
    )  # files fold normalizations, arrays do not: rounding


def test_blacklist(small, genome_files, tmp_path: Path):
    (tmp_path / "b.bed").write_text("chr10\t64\t65\nchrY\t1\t2\n")
    arguments = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr10:1-128"}
    plain, masked = small.predict(**arguments), small.predict(**arguments, blacklist=tmp_path / "b.bed")
    assert np.isnan(masked[0].scores).tolist() == [False, False, True, False]
    np.testing.assert_array_equal(masked[0].scores[[0, 1, 3]], plain[0].scores[[0, 1, 3]])
    (tmp_path / "other.bed").write_text("chrY\t1\t2\n")
    with pytest.raises(GenomeMismatch, match="blacklist must be of the genome's assembly"):
        small.predict(**arguments, blacklist=tmp_path / "other.bed")


def test_both_strands_are_strand_symmetric(small):
    x = np.random.default_rng(0).random((4, 256, 5)).astype(np.float32)
    mirrored = x[:, ::-1][..., [3, 2, 1, 0, 4]]
    both = small.predict(x, strands="both")
    np.testing.assert_allclose(both, small.predict(mirrored, strands="both")[:, ::-1], atol=1e-6)
    assert np.abs(small.predict(x) - both).max() > 1e-3


def test_all_views_are_the_mean_of_four(small):
    x = np.random.default_rng(0).random((4, 256, 5)).astype(np.float32)
    mirrored = x[:, ::-1][..., [3, 2, 1, 0, 4]]
    rotated = [np.roll(window, 1, axis=-1) for window in (x, mirrored)]
    four = [
        small.predict(x),
        small.predict(mirrored)[:, ::-1],
        small.predict(rotated[0])[:, ::-1],
        small.predict(rotated[1]),
    ]
    np.testing.assert_allclose(small.predict(x, views="all"), np.mean(four, axis=0), atol=1e-6)


def test_uncovered_bases_are_fill_values_and_other_names_are_found(small, genome_files, tmp_path: Path):
    """A sparse track under other chromosome names gives what the dense one gives."""
    genome = Genome(genome_files.genome)
    values = Signal(genome_files.signal).values("chr10", 0, 40_010)
    sparse = np.where(values == 0, np.float32(np.nan), values)
    bigwig.write_track(tmp_path / "sparse.bw", {"10": 40_010}, [("10", sparse)], 1)
    write_twobit(tmp_path / "g.2bit", {"chr10": genome.codes("chr10", 0, 40_010)})
    dense = small.predict(genome=genome, signal=genome_files.signal, regions="chr10:1-20,000")
    found = small.predict(genome=tmp_path / "g.2bit", signal=tmp_path / "sparse.bw", regions="10:1-20,000")
    np.testing.assert_array_equal(found[0].scores, dense[0].scores)


def test_windows_without_base_and_signal_are_computed_once(small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(0)
    codes = np.full(50_000, 4, np.uint8)
    codes[20_000:22_000] = random.integers(0, 4, 2000)
    values = np.zeros(50_000, np.float32)
    values[45_000:45_010] = 1  # signal over N is not blank
    write_twobit(tmp_path / "g.2bit", {"chr1": codes})
    bigwig.write_track(tmp_path / "s.bw", {"chr1": 50_000}, [("chr1", values)], 1)
    files = Synthetic(tmp_path / "g.2bit", tmp_path / "s.bw", None)
    forward = small.forward(("forward",))
    seen = []
    monkeypatch.setattr(type(forward), "codes", _counting(type(forward).codes, seen))
    monkeypatch.setattr(Stretch, "codes", _counting(Stretch.codes, along := []))
    with pytest.warns(ZooWarning, match="4% of the bases looked at are known"):
        table = small.predict(genome=files.genome, signal=files.signal, chromosomes="chr1", batch_size=16)
    assert len(along) == 2  # on the sequence, with 26 of its windows
    assert sum(seen) == 34 - 26 + 4 + 1  # others that touch the sequence or the signal, and one for all blank ones
    np.testing.assert_allclose(table[0].scores, track(small, files, "chr1"), atol=2e-6)


def _counting(method, seen: list[int]):
    def counted(self, codes, signal):
        seen.append(len(codes))
        return method(self, codes, signal)

    return counted


@pytest.mark.parametrize("shape", [(256, 5), (2, 255, 5), (2, 256, 4), (0, 256, 5), (2, 5, 256)])
def test_arrays_of_another_shape(small, shape: tuple):
    with pytest.raises(InputError, match=r"\(n, 256, 5\)") as caught:
        small.predict(np.zeros(shape))
    assert str(shape) in str(caught.value)


def test_arrays_with_nan_or_text(small):
    x = np.zeros((3, 256, 5))
    x[1, 7, 4] = np.nan
    with pytest.raises(InputError, match="first window with NaN=1"):
        small.predict(x)
    with pytest.raises(InputError, match="numbers"):
        small.predict(np.full((1, 256, 5), "A"))


def test_any_batch_size_and_integer_input_give_the_same(small):
    x = np.random.default_rng(0).integers(0, 2, (33, 256, 5))
    full = small.predict(x)
    for batch_size in (1, 7, 33):
        np.testing.assert_allclose(small.predict(x.astype(np.float64), batch_size=batch_size), full, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"genome": None}, InputError, r"genome must be given as a \.2bit or FASTA file"),
        ({"signal": None}, InputError, r"signal must be given as a \.bw file.*reads a genome and a signal"),
        ({"genome": "nowhere.2bit"}, InputError, "No such file"),
        ({"signal": "nowhere.bw"}, InputError, "No such file"),
        ({"regions": "nowhere.bed"}, InputError, "BED file must exist"),
        ({"regions": "chr7:1-100"}, GenomeMismatch, "chromosome of the genome"),
        ({"regions": "chr10:40,000-50,000"}, GenomeMismatch, "within its chromosome"),
        ({"regions": None, "chromosomes": ["chr7"]}, InputError, "chr7"),
        ({"regions": None}, InputError, 'output="out/ctcf"'),
        ({"stride": 33}, InputError, "stride"),
        ({"x": np.zeros((1, 256, 5))}, InputError, "Windows x must be given without genome and signal and regions"),
        ({"output": "out", "threshold": "precision=0.99"}, InputError, "0.95 at most"),
        ({"output": "out", "threshold": "best"}, InputError, "precision=0.9"),
    ],
)
def test_bad_input_is_named_and_writes_nothing(
    small, genome_files, tmp_path: Path, monkeypatch, changes: dict, error: type, message: str
):
    monkeypatch.chdir(tmp_path)
    arguments = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr10:1-1000"}
    with pytest.raises(error, match=message):
        small.predict(**{**arguments, **changes})
    assert list(tmp_path.iterdir()) == []


def test_wrong_build(small, genome_files, tmp_path: Path):
    bigwig.write_track(tmp_path / "s.bw", {"chr10": 40_011}, [("chr10", np.ones(40_011, np.float32))], 1)
    with pytest.raises(GenomeMismatch, match=r"40,010 bp.*40,011 bp"):
        small.predict(genome=genome_files.genome, signal=tmp_path / "s.bw", output=tmp_path / "out")


def test_a_chromosome_without_signal(small, genome_files, tmp_path: Path):
    values = Signal(genome_files.signal).values("chr10", 0, 40_010)
    bigwig.write_track(tmp_path / "s.bw", {"chr10": 40_010}, [("chr10", values)], 1)
    arguments = {"genome": genome_files.genome, "signal": tmp_path / "s.bw", "output": tmp_path / "out"}
    with pytest.raises(InputError, match=r"missing=\['chr1'\]"):
        small.predict(**arguments, chromosomes=["chr1", "chr10"])
    with pytest.warns(
        ZooWarning, match="lacks 2 main chromosomes of the genome, which are left out: chr1, chr2"
    ) as caught:
        files = small.predict(**arguments)  # without naming chromosomes, those in both
    assert caught[0].filename == __file__
    said = json.loads(files.sidecar.read_text())
    assert list(said["chromosomes"]) == ["chr10"]
    assert said["left out"] == {"chromosomes that the signal lacks": ["chr1", "chr2"], "regions elsewhere": 0}
    with pytest.raises(InputError, match=r"must have the chromosomes.*missing=\['chr1'\]"):
        small.predict(genome=genome_files.genome, signal=tmp_path / "s.bw", regions=["chr10:1-9", "chr1:1-9"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values * 500, "99th percentile of its positive bases is about 5"),
        (lambda values: values - 1, "negative values"),
        (lambda values: values * 0, "zero in all stretches"),
    ],
)
def test_unnormalized_signal_warns_with_the_mend(small, genome_files, tmp_path: Path, change, message: str):
    values = change(Signal(genome_files.signal).values("chr10", 0, 40_010)).astype(np.float32)
    bigwig.write_track(tmp_path / "s.bw", {"chr10": 40_010}, [("chr10", values)], 1)
    with pytest.warns(ZooWarning, match=message) as caught:
        small.predict(genome=genome_files.genome, signal=tmp_path / "s.bw", regions="chr10:1-100")
    assert "without clipping: `zoo normalize` does that" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_output_that_cannot_be_written(small, genome_files, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    arguments = {"genome": genome_files.genome, "signal": genome_files.signal, "chromosomes": "chr10"}
    with pytest.raises(InputError, match="output must be writable"):
        small.predict(**arguments, output=tmp_path / "file" / "out")
    (tmp_path / "dir.bw").mkdir()
    with pytest.raises(InputError, match="output"):
        small.predict(**arguments, output=tmp_path / "dir")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_failure_in_the_middle_leaves_the_old_files(small, genome_files, tmp_path: Path, monkeypatch):
    arguments = {"genome": genome_files.genome, "signal": genome_files.signal, "output": tmp_path / "out"}
    small.predict(**arguments, chromosomes="chr10")
    old = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "add", full_disk)
    with pytest.raises(zoo.errors.ZooError, match="No space left on device"):
        small.predict(**arguments, chromosomes="chr2")
    monkeypatch.undo()
    assert {name: (tmp_path / name).read_bytes() for name in old} == old


def test_an_interrupted_run_goes_on(small, genome_files, tmp_path: Path, interrupt_at, read_track):
    arguments = {"genome": genome_files.genome, "signal": genome_files.signal}
    whole = small.predict(**arguments, output=tmp_path / "whole")
    assert whole.resumed == 0
    interrupt_at("chr2")
    with pytest.raises(KeyboardInterrupt):
        small.predict(**arguments, output=tmp_path / "out")
    interrupt_at(None)
    assert not list(tmp_path.glob("out.b*"))
    assert not list(tmp_path.glob("out.json"))
    kept = (tmp_path / "out.partial" / "part-scores.f32").stat().st_size // 4
    assert 3126 - 48 * 2 <= kept <= 3126  # of the 3,126 bins of chr1, all but those of a group of 48 windows
    files = small.predict(**arguments, output=tmp_path / "out")
    assert files.resumed == 1
    assert files.windows <= whole.windows - 1561 + 48
    assert json.loads(files.sidecar.read_text())["resumed"] == ["chr1"]
    assert not (tmp_path / "out.partial").exists()
    assert files.bigwig.read_bytes() == whole.bigwig.read_bytes()
    assert files.bed.read_text() == whole.bed.read_text()


def test_other_parameters_do_not_reuse_finished_chromosomes(small, genome_files, tmp_path: Path, interrupt_at):
    arguments = {"genome": genome_files.genome, "signal": genome_files.signal, "output": tmp_path / "out"}
    interrupt_at("chr2")
    with pytest.raises(KeyboardInterrupt):
        small.predict(**arguments)
    interrupt_at(None)
    assert small.predict(**arguments, strands="both").resumed == 0


def test_nothing_is_left_when_the_first_chromosome_fails(small, genome_files, tmp_path: Path, interrupt_at):
    interrupt_at("chr1")
    with pytest.raises(KeyboardInterrupt):
        small.predict(genome=genome_files.genome, signal=genome_files.signal, output=tmp_path / "deep" / "out")
    assert list((tmp_path / "deep").iterdir()) == []


def test_interval_objects_and_names_come_back(small, genome_files):
    region = Interval("chr10", 1000, 1100, "mine")
    table = small.predict(genome=Genome(genome_files.genome), signal=Signal(genome_files.signal), regions=region)
    assert table[0].interval == region


LENGTHS = (1, 31, 32, 33, 63, 224, 225, 255, 256, 257, 1023)


@pytest.mark.parametrize("more", [{}, {"center_only": True}, {"stride": 256}, {"strands": "both"}])
def test_short_chromosomes_to_files_and_tables(small, tmp_path: Path, read_track, more: dict):
    """Each has the scores of windows that begin at its start and read N and the fill value beyond its end."""
    random, lengths = np.random.default_rng(0), {f"chr{length}": length for length in LENGTHS}
    codes = {chrom: random.integers(0, 4, length).astype(np.uint8) for chrom, length in lengths.items()}
    tracks = {chrom: random.random(length).astype(np.float32) for chrom, length in lengths.items()}
    write_twobit(tmp_path / "g.2bit", codes)
    bigwig.write_track(tmp_path / "s.bw", lengths, tracks.items(), 1)
    call = {"genome": tmp_path / "g.2bit", "signal": tmp_path / "s.bw", **more}
    table = small.predict(**call, chromosomes=list(lengths))
    files = small.predict(**call, output=tmp_path / "out", threshold=0.2)
    regions = small.predict(**call, regions=list(lengths), output=tmp_path / "regions", threshold=0.2)
    assert regions.table.read_text().count("\n") == 1 + sum(-(-length // 32) for length in LENGTHS)
    for row in table:
        length = lengths[row.interval.chrom]
        assert len(row.scores) == -(-length // 32)
        assert row.ends[-1] == length
        assert not np.isnan(row.scores).any()
        for made in (files, regions):
            track = read_track(made.bigwig, row.interval.chrom)
            assert len(track) == length
            np.testing.assert_allclose(track[::32], row.scores, atol=1e-6)
        if length <= 256 and not more:  # a single window
            x = np.zeros((1, 256, 5), np.float32)
            x[0, :length, :4] = one_hot(codes[row.interval.chrom])
            x[0, :length, 4] = tracks[row.interval.chrom]
            np.testing.assert_allclose(row.scores, small.predict(x)[0, : len(row.scores)], atol=1e-6)
    ends = {item.chrom: item.end for item in bed.read(files.bed)}
    assert all(end <= lengths[chrom] for chrom, end in ends.items())


def test_many_contigs_cost_about_what_one_of_their_length_does(small, tmp_path: Path, monkeypatch):
    """Forward passes, not time: windows of many contigs share batches, and one file keeps the scores of all."""
    random = np.random.default_rng(0)
    codes = {f"contig{i}": random.integers(0, 4, 300).astype(np.uint8) for i in range(1500)}
    lengths = {chrom: len(row) for chrom, row in codes.items()}
    write_twobit(tmp_path / "g.2bit", codes)
    tracks = ((chrom, random.random(300).astype(np.float32)) for chrom in codes)
    bigwig.write_track(tmp_path / "s.bw", lengths, tracks, 1)
    forward, seen = small.forward(("forward",)), []
    monkeypatch.setattr(type(forward), "codes", _counting(type(forward).codes, seen))
    files = small.predict(genome=tmp_path / "g.2bit", signal=tmp_path / "s.bw", output=tmp_path / "out")
    assert sum(seen) == files.windows == 3000  # of 256 bp, two to a contig
    assert len(seen) <= 3000 // 256 + 3


def test_predictions_from_fasta_are_those_from_2bit(small: zoo.Model, genome_files: Synthetic, tmp_path: Path):
    """Byte for byte."""
    genome = Genome(genome_files.genome)
    with open(tmp_path / "genome.fa", "w") as file:
        for chrom, size in genome.sizes.items():
            lines = "\n".join(genome.sequence(chrom, at, min(at + 60, size)).lower() for at in range(0, size, 60))
            file.write(f">{chrom} description\n{lines}\n")
    tracks = []
    for path in (genome_files.genome, tmp_path / "genome.fa"):
        output = tmp_path / path.suffix[1:]
        small.predict(genome=path, signal=genome_files.signal, output=output)
        tracks.append(output.with_suffix(".bw").read_bytes())
    assert tracks[0] == tracks[1]

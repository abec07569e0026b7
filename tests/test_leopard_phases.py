"""Leopard's windows: two phases, edges that do not count, and with `compat` where its program has them."""

import functools
from dataclasses import replace
from pathlib import Path

import dream_files
import numpy as np
import pytest

import zoo
from zoo import cli
from zoo.errors import InputError
from zoo.formats import bigwig
from zoo.genome.interval import Interval
from zoo.genome.sequence import write_twobit
from zoo.genome.signal import Signal
from zoo.porting import bins_of_200, leopard
from zoo.predict import phases
from zoo.predict.stitch import Stitcher
from zoo.spec import Architecture, InputSpec, ModelSpec

SIZE, EDGE, BATCH = 64, 4, 100
ROUNDING = 5e-5  # of batches of another size; scores of neighboring bases differ by 0.1 and more
LENGTHS = {
    "chr1": 14_037,  # two whole batches and a part
    "chr2": 12_832,  # half a window more than two batches: windows of both phases are the same
    "chr3": 6_400,  # one batch
    "chr4": 6_431,  # one batch; the second phase has less
    "chr5": 700,
    "chr6": 97,
    "chr7": 64,
    "chr8": 63,  # no window at all
}
CONFIG = {"window": SIZE, "tracks": 2, "filters": 3, "levels": 3}


def original(length: int, predict, size: int = SIZE, edge: int = EDGE, batch: int = BATCH) -> np.ndarray:
    """The loops of the authors' `predict.py`; on shorter chromosomes with fewer windows at once.

    Args:
        predict: start of a window → its prediction.
    """
    sums, counts = np.zeros(length), np.zeros(length)
    for phase in (0, 0.5):
        i = int(size * phase)
        limit = length if i == 0 else length - size + int(size * phase)
        at_once = min(batch, limit // size)
        while at_once and i < limit:
            start, end = i, i + size * at_once
            if end > limit:
                start, end = limit - size * at_once, limit
            for each in range(at_once):
                left = start + each * size
                right = left + size
                output = predict(left)
                low = left if left == 0 else left + edge
                high = right if right == limit and left != 0 else right - edge
                sums[low:high] += output[low - left : high - left]
                counts[low:high] += 1
            i += size * at_once
    with np.errstate(invalid="ignore"):
        return sums / counts


def sensible(length: int, predict, size: int = SIZE, edge: int = EDGE, stride: int | None = None) -> np.ndarray:
    """Every base by windows from multiples of half a window in which it is not at an edge, no more than are needed."""
    stride, sums, counts = stride or size // 2, np.zeros(length + 2 * size), np.zeros(length + 2 * size)
    start = -(-edge // stride) * -stride
    while True:
        inner = slice(start + size + edge, start + 2 * size - edge)
        sums[inner] += predict(start)[edge:-edge]
        counts[inner] += 1
        if start + size - edge >= length:
            break
        start += stride
    assert counts[size : size + length].min() >= 1
    return (sums / np.maximum(counts, 1))[size : size + length]


def small_spec() -> ModelSpec:
    """A network of 64 bp, of which 4 at each end do not count."""
    about = bins_of_200.About("test/L", {"source": "tests"})
    spec = leopard.make_spec(Architecture("leopard", {"window": 10240}), about, 2, "CTCF")
    return replace(
        spec,
        architecture=Architecture("leopard", CONFIG),
        input=InputSpec(SIZE, "none", spec.input.tracks, spec.input.sources),
        outputs=(replace(spec.output, bins=SIZE),),
        prediction=replace(spec.prediction, stride=SIZE // 2, trim=EDGE),
    )


@pytest.fixture(scope="module")
def model() -> zoo.Model:
    return zoo.Model(small_spec(), dream_files.leopard_network(**CONFIG))


def written(folder: Path, lengths: dict[str, int], seed: int = 1) -> dict[str, object]:
    """A random genome and both tracks."""
    random = np.random.default_rng(seed)
    write_twobit(folder / "g.2bit", {chrom: random.integers(0, 4, n).astype(np.uint8) for chrom, n in lengths.items()})
    for name in ("dnase", "average"):
        values = [(chrom, random.random(n, np.float32)) for chrom, n in lengths.items()]
        bigwig.write_track(folder / f"{name}.bw", lengths, values, 1)
    return {
        "genome": folder / "g.2bit",
        "signal": {name: folder / f"{name}.bw" for name in ("dnase", "average")},
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return written(tmp_path_factory.mktemp("leopard"), LENGTHS)


@pytest.fixture(scope="module")
def windows_of(model: zoo.Model, files: dict[str, object]):
    """Chromosome → `asker`."""
    return functools.partial(asker, model, files)


def asker(model: zoo.Model, files: dict[str, object], chrom: str):
    """A function of the start of a window: its prediction."""
    reader = model.inputs(**files, regions=None, chromosomes=None, blacklist=None, compat=None).reader
    known: dict[int, np.ndarray] = {}

    def predict(start: int) -> np.ndarray:
        if start not in known:
            x = reader.encoded([Interval(chrom, start, start + SIZE)])
            known[start] = model.predict(x)[0]
        return known[start]

    return predict


def whole(model: zoo.Model, files: dict[str, object], chrom: str, **options: object) -> np.ndarray:
    return model.predict(**files, chromosomes=[chrom], regions=[(chrom, 0, LENGTHS[chrom])], **options)[0].scores


@pytest.mark.parametrize("chrom", [chrom for chrom in LENGTHS if chrom != "chr8"])
def test_compat_is_where_the_program_has_its_windows(model, files, windows_of, chrom: str):
    found = whole(model, files, chrom, compat="leopard")
    wanted = original(LENGTHS[chrom], windows_of(chrom))
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    assert np.nanmax(np.abs(found - wanted)) < ROUNDING


@pytest.mark.parametrize("chrom", LENGTHS)
def test_by_default_no_base_is_at_an_edge(model, files, windows_of, chrom: str):
    found = whole(model, files, chrom)
    assert np.abs(found - sensible(LENGTHS[chrom], windows_of(chrom))).max() < ROUNDING


@pytest.mark.parametrize("stride", [3, 16, 56])
def test_windows_of_another_stride(model, files, windows_of, stride: int):
    """56 bp is all that a window counts for."""
    found = whole(model, files, "chr5", stride=stride)
    assert np.abs(found - sensible(LENGTHS["chr5"], windows_of("chr5"), stride=stride)).max() < ROUNDING


def test_both_are_the_same_but_near_the_ends(model, files):
    found, compat = whole(model, files, "chr1"), whole(model, files, "chr1", compat="leopard")
    inner = slice(SIZE, 14_037 - 64 * 100 - SIZE)  # the last hundred windows are moved back
    assert np.abs(found[inner] - compat[inner]).max() < ROUNDING
    assert np.abs(found - compat)[: SIZE // 2].max() > 1e-4
    assert np.abs(found - compat)[inner.stop :].max() > 1e-4


@pytest.mark.parametrize("compat", [None, "leopard"])
def test_regions_files_and_small_batches_have_the_same_numbers(model, files, tmp_path: Path, compat: str | None):
    wanted = whole(model, files, "chr1", compat=compat)
    regions = [("chr1", 0, 10), ("chr1", 7600, 7700), ("chr1", 14_000, 14_037)]
    for row in model.predict(**files, regions=regions, compat=compat, batch_size=7):
        known = wanted[row.interval.start : row.interval.end]
        assert np.abs(row.scores - known).max() < ROUNDING
    made = model.predict(**files, chromosomes=["chr1", "chr5"], compat=compat, output=tmp_path / "out", batch_size=50)
    assert np.abs(Signal(made.bigwig).values("chr1", 0, 14_037) - wanted).max() < ROUNDING
    assert (
        np.abs(Signal(made.bigwig).values("chr5", 0, 700) - whole(model, files, "chr5", compat=compat)).max() < ROUNDING
    )


def test_the_blacklist_has_no_value(model, files):
    found = whole(model, files, "chr5", compat="leopard", blacklist=[("chr5", 100, 110)])
    assert np.flatnonzero(np.isnan(found)).tolist() == list(range(100, 110))


def test_pieces_of_a_chromosome(model, files, monkeypatch: pytest.MonkeyPatch):
    """However small the pieces are, which are kept one by one."""
    wanted = whole(model, files, "chr1", compat="leopard")
    for size in (5, 33):
        monkeypatch.setattr("zoo.predict.prediction.group_size", lambda *_, size=size: size)
        assert np.abs(whole(model, files, "chr1", compat="leopard") - wanted).max() < ROUNDING


def test_haplotypes_have_the_same_windows(model, files, tmp_path: Path):
    (tmp_path / "v.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    regions = [("chr5", 0, 200), ("chr5", 600, 700)]
    (tmp_path / "v.vcf").write_text((tmp_path / "v.vcf").read_text() + variant(files, "chr5", 400))
    found = model.predict_haplotypes(variants=tmp_path / "v.vcf", regions=regions, **files)["reference"]
    known = whole(model, files, "chr5")
    for starts, scores in zip(found.starts, found.scores, strict=True):
        assert np.abs(scores - known[starts]).max() < ROUNDING


def variant(files: dict[str, object], chrom: str, position: int) -> str:
    """A line of a VCF with a substitution."""
    base = zoo.genome.sequence.Genome(files["genome"]).sequence(chrom, position - 1, position)
    return f"{chrom}\t{position}\t.\t{base}\t{'A' if base != 'A' else 'C'}\t.\t.\t.\n"


def test_windows_by_hand():
    """250 bp, windows of 100, two at once: 0 and 100, then moved back 50 and 150; the second phase ends at 200."""
    places, cut = phases.windows(250, 100, 10)
    assert places.tolist() == [0, 0, 50, 100, 100, 150]
    assert cut.tolist() == [[0, 10], [0, 10], [10, 10], [10, 10], [10, 0], [10, 0]]


def test_windows_of_chr21():
    """hg19, as the loops have them: 48,129,895 bp are 47 whole hundreds and 1.9 windows."""
    places, cut = phases.windows(48_129_895, 10_240, 100)
    assert len(places) == 2 * 4800 - 100
    assert (places[-1], cut[-1].tolist()) == (48_119_655, [100, 0])
    assert (cut == 0).sum() == 3


def test_ends_of_windows_that_do_not_count():
    values, ends = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 9, 9, 9]]), np.array([[0, 1], [1, 1], [1, 0]])
    stitcher = Stitcher(4, 0)
    found = [*stitcher.add(np.array([0, 2, 2]), values, ends), *stitcher.finish()]
    (first, early), (then, late) = found
    assert (first, then) == (0, 2)
    assert early.tolist() == [1, 2]
    assert np.array_equal(late, [3, 7.5, 8, 9], equal_nan=True)


@pytest.mark.parametrize(
    "options", [{"stride": 16}, {"center_only": True}, {"windows": [("chr5", 0, 64)]}, {"chromosomes": ["chr8"]}]
)
def test_what_compat_refuses(model, files, options: dict):
    with pytest.raises(InputError, match=r"compat|window must be left"):
        model.predict(**files, **{"chromosomes": None, **options}, compat="leopard", output="nowhere/out")


def test_the_command(model, files, tmp_path: Path, capsys: pytest.CaptureFixture):
    model.save(tmp_path / "L")
    call = ["predict", str(tmp_path / "L"), "--genome", str(files["genome"]), "--regions", "chr5:1-700"]
    for name, path in files["signal"].items():
        call += ["--signal", f"{name}={path}"]
    for more in ([], ["--compat", "leopard"]):
        assert cli.main([*call, *more]) == 0
        rows = capsys.readouterr().out.splitlines()[1:]
        wanted = whole(model, files, "chr5", compat="leopard" if more else None)
        assert np.abs(np.array([float(row.split("\t")[-1]) for row in rows]) - wanted).max() < ROUNDING


def test_compat_of_another_network(small: zoo.Model, genome_files):
    with pytest.raises(InputError, match=r"compat='leopard' must go with a model of that program"):
        small.predict(genome=genome_files.genome, signal=genome_files.signal, chromosomes=["chr1"], compat="leopard")


def test_what_is_trimmed_leaves_as_much_as_the_stride(model):
    with pytest.raises(InputError, match="what is trimmed must be whole bins"):
        replace(model.spec, prediction=replace(model.spec.prediction, stride=60))
    with pytest.raises(InputError, match="stride must be"):
        model.predict(genome="g.2bit", stride=57, chromosomes=["chr5"])

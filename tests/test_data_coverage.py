"""Windows and bins of coverage models: literal targets, the other strand, moves, what is left out."""

from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from zoo.data.coverage import CoverageEvaluation, CoverageTraining, bins_of, moved, planned
from zoo.data.slabs import Slabs
from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.genome.encode import one_hot
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.track_table import TrackTable

SIZE, LENGTH = 4, 200
LAYOUT = Layout(core=16, margin=8, step=16, most_unmappable=0.35)
VALUES = np.arange(LENGTH, dtype=np.float32) % 23


def bigwig(path: Path, values: np.ndarray, chrom: str = "chr1", start: int = 0) -> Signal:
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(chrom, LENGTH)])
        file.addEntries(chrom, start, values=np.asarray(values, np.float64), span=1, step=1)
    return Signal(path)


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    """200 bp, of which the first three and 40 in the middle are N."""
    path = tmp_path_factory.mktemp("genome") / "a.2bit"
    codes = np.random.default_rng(0).integers(0, 4, LENGTH).astype(np.uint8)
    codes[:3] = codes[100:140] = 4
    write_twobit(path, {"chr1": codes})
    return Genome(path)


@pytest.mark.parametrize(
    ("statistic", "wanted"),
    [("sum", [6, 22]), ("mean", [1.5, 5.5]), ("max", [3, 7])],
)
def test_statistics_of_bins(tmp_path: Path, statistic: str, wanted: list[float]):
    """Of 0, 1, 2, 3 and 4, 5, 6, 7; of a chromosome by another name; without data 0."""
    one = bins_of(bigwig(tmp_path / "a.bw", VALUES[:8], "1"), TrackTable(statistics=(statistic,)))
    [read] = one.samples
    assert one.dtype == np.float32
    assert read("chr1", 0, 12, 4).tolist() == [*wanted, 0]


def test_bins_are_squashed_clipped_and_scaled(tmp_path: Path):
    """(4 · 4)^(3/4) = 8 = 4 + 2², so 4 + 2, times 3; (4 · 20.25)^(3/4) = 27: 4 + sqrt(23), clipped at 7, times 3."""
    signal = bigwig(tmp_path / "a.bw", [4.0] * 4 + [20.25] * 4)
    table = TrackTable((), (3.0,), (7.0,), (4.0,), ("sum_sqrt",), "power")
    [read] = bins_of(signal, table).samples
    np.testing.assert_allclose(read("chr1", 0, 8, 4), [18, 21], rtol=1e-6)


def test_missing_values_are_zeros(tmp_path: Path):
    [read] = bins_of(bigwig(tmp_path / "a.bw", [1, 1, np.nan, 1], start=10), TrackTable(statistics=("sum",))).samples
    assert read("chr1", 8, 16, 4).tolist() == [2, 1]


def test_coverage_below_zero_is_refused(tmp_path: Path):
    [read] = bins_of(bigwig(tmp_path / "minus.bw", [0, 0, -2, 0]), TrackTable(statistics=("sum",))).samples
    with pytest.raises(InputError, match=r"must not be negative.*minus strand") as caught:
        read("chr1", 0, 4, 4)
    assert "minus.bw chr1:3" in str(caught.value)


def test_where_windows_lie(genome: Genome):
    """Whole windows of 32 bp from base 3 on; those at 83 (15 of 32 are N), 99, 115 and 131 (9) are judged by 35 %."""
    plan = planned(genome, ["chr1"], LAYOUT, SIZE)
    assert plan.starts["chr1"].tolist() == [start + 8 for start in (3, 19, 35, 51, 67, 131, 147, 163)]


def test_what_is_avoided(genome: Genome):
    """The blacklist counts where bins are predicted, unmappable bases wherever a window reads: 11 of 32, and 12."""
    avoided = [Interval("chr1", 42, 43)]
    assert planned(genome, ["chr1"], LAYOUT, SIZE, avoided).starts["chr1"].tolist()[:3] == [11, 43, 59]
    unmappable = [Interval("chr1", 40, 52)]
    assert planned(genome, ["chr1"], LAYOUT, SIZE, (), unmappable).starts["chr1"].tolist()[:3] == [11, 27, 59]


@pytest.fixture
def slabs(genome: Genome, tmp_path: Path) -> Slabs:
    """Two tracks, the second a hundred times the first."""
    tables = [TrackTable(scales=(scale,), statistics=("sum",)) for scale in (1.0, 100.0)]
    signal = bigwig(tmp_path / "a.bw", VALUES)
    plan = planned(genome, ["chr1"], LAYOUT, SIZE)
    return Slabs(genome, [bins_of(signal, table) for table in tables], plan.starts, LAYOUT, SIZE)


def test_evaluation(genome: Genome, slabs: Slabs):
    batches = CoverageEvaluation(slabs, 3)
    assert (batches.steps, batches.inputs, batches.targets) == (3, {"window": (32, 4)}, {"coverage": (4, 2)})
    x, y = batches.batch(0)
    assert x.tolist() == one_hot(np.stack([genome.codes("chr1", start, start + 32) for start in (3, 19, 35)])).tolist()
    assert y[0].tolist() == [[50, 5000], [66, 6600], [82, 8200], [6, 600]]  # 11 … 14, 15 … 18, 19 … 22, 0 … 3
    assert y.dtype == np.float32
    assert len(batches.batch(2)[0]) == 2


def test_the_other_strand(slabs: Slabs):
    """Bases are complemented in reverse order, bins are in reverse order, and tracks those of the other strand."""
    plain = CoverageEvaluation(slabs, 8).batch(0)
    for swap, partners in (((1, 0), [1, 0]), ((), [0, 1])):
        batches = CoverageTraining(slabs, 8, seed=1, swap=swap, shift=0)
        seen = set()
        for step in range(3):
            x, y = batches.batch(step)
            order = np.random.default_rng((1, step)).permutation(8)
            for row, target, number in zip(x, y, order, strict=True):
                turned = not (row == plain[0][number]).all()
                seen.add(turned)
                wanted = (plain[0][number][::-1, ::-1], plain[1][number][::-1][:, partners])
                if not turned:
                    wanted = plain[0][number], plain[1][number]
                assert (row == wanted[0]).all()
                assert (target == wanted[1]).all()
        assert seen == {True, False}


def test_moves():
    codes = np.array([[0, 1, 2, 3]] * 4, np.uint8)
    found = moved(codes, np.array([0, 1, -2, 9]))
    assert found.dtype == np.uint8
    assert found.tolist() == [[0, 1, 2, 3], [4, 0, 1, 2], [2, 3, 4, 4], [4, 4, 4, 4]]


def test_sequences_are_moved_and_bins_are_not(slabs: Slabs):
    x, y = CoverageEvaluation(slabs, 8).batch(0)
    batches, seen = CoverageTraining(slabs, 8, seed=1, shift=2), set()
    for step in range(20):
        order = np.random.default_rng((1, step)).permutation(8)
        for row, target, number in zip(*batches.batch(step), order, strict=True):
            turned = (target != y[number]).any()
            assert (target == (y[number][::-1] if turned else y[number])).all()
            codes = np.where(row.any(axis=1), row.argmax(axis=1), 4)
            read = x[number][::-1, ::-1] if turned else x[number]
            from_there = np.where(read.any(axis=1), read.argmax(axis=1), 4).astype(np.uint8)[None]
            by = [k for k in (-2, -1, 0, 1, 2) if (moved(from_there, np.array([k]))[0] == codes).all()]
            assert len(by) == 1
            seen.update(by)
    assert seen == {-2, -1, 0, 1, 2}


def test_a_batch_depends_on_seed_and_step_alone(slabs: Slabs):
    one, other, third = (CoverageTraining(slabs, 3, seed) for seed in (1, 1, 2))
    for step in (7, 0):
        assert all((a == b).all() for a, b in zip(one.batch(step), other.batch(step), strict=True))
    assert any((one.batch(step)[0] != third.batch(step)[0]).any() for step in range(2))


def test_workers_share_a_step(slabs: Slabs):
    one, batches = CoverageTraining(slabs, 8, 1), CoverageTraining(slabs, 8, 1)
    parts = [batches.batch(0, worker, 2) for worker in range(2)]
    x, y = one.batch(0)
    for worker, part in enumerate(parts):
        assert (part[0] == x[worker::2]).all()
        assert (part[1] == y[worker::2]).all()

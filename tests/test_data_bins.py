"""Bins that models of one bin are trained on: where they lie, how far they move, what is drawn beside them."""

from pathlib import Path

import numpy as np
import pytest

from zoo.data import bases, bins, cells
from zoo.data.bins import Negatives, Room
from zoo.data.cells import Cell, CellGenome, tracks_of
from zoo.data.slabs import Slabs
from zoo.errors import InputError
from zoo.formats.bigwig import write_track
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.porting.expression import CELL_TYPES
from zoo.spec import TrackSpec

SIZES = {"chr1": 3000, "chr2": 1500}
DGF = TrackSpec("cuts", 0, 0, None, 0.0, name="dgf")
AVERAGE = TrackSpec("mean", 0, 0, None, 0.0, name="average", origin="genome")
DELTA = TrackSpec("more", 0, 0, None, 0.0, "delta", "derived", "difference", ("dgf", "average"))


def spans(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, np.int64).reshape(-1, 2)


@pytest.mark.parametrize(
    ("peak", "start", "shifts"),
    [
        ((1000, 1300), 1050, (-174, 174)),  # peak end - bin start - 76
        ((1000, 1301), 1050, (-174, 175)),
        ((1000, 1200), 1000, (-124, 124)),
        ((1000, 1101), 950, (-74, 75)),
        ((500, 501), 400, (-24, 25)),
    ],
)
def test_a_bin_keeps_76_bp_of_its_peak(peak: tuple[int, int], start: int, shifts: tuple[int, int]):
    starts, moved = bins.around_peaks(spans(peak))
    assert (starts.tolist(), moved.tolist()) == ([start], [list(shifts)])
    shared = [min(start + by + 200, peak[1]) - max(start + by, peak[0]) for by in range(shifts[0], shifts[1] + 1)]
    assert min(shared) == min(76, peak[1] - peak[0])
    if peak[1] - peak[0] > 76:
        assert min(start + shifts[0] - 1 + 200, peak[1]) - peak[0] == 75  # one bp farther were too far
        assert peak[1] - (start + shifts[1] + 1) == 75


def test_a_shift_that_is_given():
    assert bins.around_peaks(spans((1000, 1300)), shift=5)[1].tolist() == [[-5, 5]]


def test_bins_of_the_grid_have_more_than_half_of_a_peak():
    assert bins.on_grid(spans((1000, 1101))).tolist() == [950, 1000]
    assert bins.on_grid(spans((1000, 1100))).tolist() == []
    assert bins.on_grid(spans((1000, 1060), (1060, 1120))).tolist() == []  # one peak, not two together
    random = np.random.default_rng(0)
    for _ in range(50):
        start, length = random.integers(300, 500), random.integers(90, 400)
        expected = [s for s in range(0, 1500, 50) if min(s + 200, start + length) - max(s, start) >= 101]
        assert bins.on_grid(spans((start, start + length))).tolist() == expected


def test_labels_of_several_factors():
    """1 bound, 0 not, -1 not measured."""
    found = bins.labelled(np.array([0, 50, 100]), [np.array([50]), None, np.array([0, 100])])
    assert found.tolist() == [[0, -1, 1], [1, -1, 0], [0, -1, 1]]


@pytest.mark.parametrize("step", [1, 50])
def test_the_room_of_bins(step: int):
    """Every place outside of what is avoided, each once, on both chromosomes."""
    taken = [spans((900, 1000), (950, 1200)), spans((0, 300))]
    room = Room([3000, 1500], taken, 200, 100, step)
    found = room.places(np.arange(room.count)).tolist()
    free = []
    for size, avoided, base in ((3000, taken[0], 0), (1500, taken[1], 3200)):
        free += [
            base + s
            for s in range(0, size, step)
            if s >= 100 and s + 200 <= size - 100 and all(s + 200 <= a or b <= s for a, b in avoided.tolist())
        ]
    assert found == free


def test_drawn_bins_lie_apart_and_are_new_each_time():
    rooms = [Room([3000, 1500], [spans((1000, 2000)), spans()]), Room([3000, 1500], [spans(), spans((0, 1500))])]
    draws = [bins.drawn(rooms, (3, 2), 200, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    for found in draws:
        assert [len(each) for each in found] == [3, 2]
        every = np.sort(np.concatenate(found))
        assert np.diff(every).min() >= 200
        assert all(s + 200 <= 1000 or s >= 2000 for s in found[0])
        assert (found[1] <= 2800).all()  # none on the second chromosome
    assert np.array_equal(np.concatenate(draws[0]), np.concatenate(draws[1]))
    assert not np.array_equal(np.concatenate(draws[0]), np.concatenate(draws[2]))


def test_every_place_is_drawn_as_often():
    room = Room([1000], [spans((300, 500))], 200, 0, 50)
    counts: dict[int, int] = {}
    random = np.random.default_rng(0)
    for _ in range(2000):
        [[place]] = bins.drawn([room], [1], 200, random)
        counts[int(place)] = counts.get(int(place), 0) + 1
    assert sorted(counts) == [0, 50, 100, 500, 550, 600, 650, 700, 750, 800]
    assert 140 < min(counts.values()) < max(counts.values()) < 260


@pytest.mark.parametrize(("avoided", "count"), [(spans((0, 1000)), 1), (spans(), 6)])
def test_no_room(avoided: np.ndarray, count: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bins, "_TRIES", 50)
    with pytest.raises(InputError, match=r"must be room for the bins without a peak.*bins=\[" + str(count)):
        bins.drawn([Room([1000], [avoided])], [count], 200, np.random.default_rng(0))


def test_what_is_avoided_is_enlarged():
    peaks, blacklist = [Interval("chr1", 1000, 1100)], [Interval("chr1", 100, 200), Interval("chr2", 5000, 5001)]
    found = bins.avoided(["chr1", "chr2", "chr3"], peaks, 200, blacklist, 1002)
    assert [each.tolist() for each in found] == [[[0, 1300]], [[3998, 6003]], []]


def test_negatives_have_the_chromosomes_and_the_cell_types_of_their_rooms():
    rooms = [Room([3000, 1500], [spans(), spans((0, 1500))]), Room([3000, 1500], [spans((0, 3000)), spans()])]
    labels = [np.array([[0.0, -1.0]]), np.array([[0.0, 0.0]])]
    found = Negatives(rooms, [4, 2], 200, [3000, 1500], 200, labels).draw(np.random.default_rng(0))
    assert found.cells.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.chroms.tolist() == [0, 0, 0, 0, 1, 1]
    assert (np.diff(found.starts[:4]) >= 200).all()
    assert 0 <= found.starts[4] < found.starts[5] <= 1300
    assert found.labels.tolist() == [[0, -1]] * 4 + [[0, 0]] * 2
    assert not found.shifts.any()


def test_bins_at_an_end_or_on_the_blacklist():
    """401 bp before a bin and 401 after it are read, wherever it is moved."""
    starts, shifts = np.array([410, 411, 2389, 2390, 1000]), np.tile([-10, 10], (5, 1))
    found = bins.made(0, 0, starts, shifts, np.ones((5, 1), np.float32))
    outside, bad = bins.usable(found, [3000], [spans((1199, 1300))], 401, 1002, 200)
    assert outside.tolist() == [True, False, False, True, False]
    assert bad.tolist() == [False, False, False, False, True]


def test_flags_are_those_of_the_bin_that_is_read():
    """Not of the window, nor of where the bin was before it was moved."""
    found = bins.made(0, 0, np.array([100, 100, 100]), np.zeros((3, 2), np.int64), np.ones((3, 1), np.float32))
    marks = [{"chr1": spans((300, 310))}, {"chr2": spans((0, 5000))}]
    flags = bins.flagged(marks, ["chr1"], found, np.array([100, 101, 310]), 200)
    assert flags.tolist() == [[0, 0], [1, 0], [0, 0]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genome, the tracks `a` and `b` of two cell types, whose values are known, and their average."""
    folder = tmp_path_factory.mktemp("cells")
    random = np.random.default_rng(0)
    write_twobit(
        folder / "g.2bit", {chrom: random.integers(0, 4, size).astype(np.uint8) for chrom, size in SIZES.items()}
    )
    for name, first in (("a", 1.0), ("b", 10_001.0), ("average", 0.5)):
        tracks = {c: np.arange(size, dtype=np.float32) * (name != "average") + first for c, size in SIZES.items()}
        write_track(folder / f"{name}.bw", SIZES, tracks.items(), bin_size=1)
    (folder / "p.bed").write_text("chr1\t1000\t1100\n")
    return folder


def opened(files: Path, specs: tuple[TrackSpec, ...]) -> list:
    genome = Genome(files / "g.2bit")
    signals = [{"dgf": Signal(files / f"{name}.bw"), "average": Signal(files / "average.bw")} for name in "ab"]
    return [tracks_of(specs, (AVERAGE,), each, genome) for each in signals]


def test_a_window_is_read_from_the_tracks_of_its_cell_type(files: Path):
    places = CellGenome(Genome(files / "g.2bit"), opened(files, (DGF, DELTA)))
    starts = {cells.place(0, "chr1"): np.array([5, 100]), cells.place(1, "chr1"): np.array([100])}
    layout = bins_layout(50)
    slabs = Slabs(places, places.tracks, starts, layout, 1, progress=False)
    codes, dgf, delta = slabs.read(np.arange(3), 50)
    assert dgf[:, 0].tolist() == [6, 101, 10_101]
    assert (delta == dgf - 0.5).all()
    assert np.array_equal(codes[1], codes[2])
    assert np.array_equal(codes[0], Genome(files / "g.2bit").codes("chr1", 5, 55))


def bins_layout(window: int):
    from zoo.data.windows import Layout

    return Layout(window, 0, window)


TABLE = """Cell_Line\tdgf\tPeaks\tRelaxed\tx\tTrain_Test_Label
A\ta.bw\tp.bed\tp.bed\t0.5\tTrain
B\tb.bw\tp.bed\t\t-1\tTrain
"""


def table(files: Path, text: str) -> Path:
    path = files / "cells.tsv"
    path.write_text(text)
    return path


def test_the_table_of_cell_types(files: Path):
    path = table(files, TABLE + "C\tgone.bw\tgone.bed\t\tx\tTest\n")
    bed, tracks = files / "p.bed", [{"dgf": files / f"{name}.bw"} for name in "ab"]
    assert cells.read(path, ["dgf"], ["CTCF"], ["x"]) == [
        Cell("A", tracks[0], {"CTCF": bed}, {"CTCF": bed}, (0.5,)),
        Cell("B", tracks[1], {"CTCF": bed}, {}, (-1.0,)),
    ]
    path = table(files, "Cell_Line\tdgf\tPeaks_X\tPeaks_Y\nHepG2\ta.bw\tp.bed\t\n")
    [cell] = cells.read(path, ["dgf"], ["X", "Y"], ["GEPC2", "GEPC1"], CELL_TYPES)
    assert (cell.peaks, cell.covariates) == ({"X": bed}, (0.13999504, -0.1790349))


@pytest.mark.parametrize(
    ("text", "known", "said"),
    [
        ("Cell_Line\tPeaks\nA\tp.bed\n", None, r"must have tab-separated columns.*missing=\['dgf', 'x'\]"),
        (TABLE.replace("b.bw", "gone.bw"), None, r"line 3: dgf 'gone.bw' of B"),
        (TABLE.replace("b.bw", ""), None, r"line 3: dgf '' of B"),
        (TABLE.replace("B\tb", "A\tb"), None, "line 3: Cell_Line 'A' occurs twice"),
        (TABLE.replace("a.bw\tp.bed", "a.bw\t"), None, r"line 2: no peaks of A \(Peaks\)"),
        (TABLE.replace("0.5", ""), None, r"line 2: \{'x': ''\} of A are no numbers"),
        (TABLE.replace("0.5", "nan"), None, r"line 2: \{'x': 'nan'\} of A are not finite"),
        (TABLE.replace("Train\n", "Test\n"), None, "must have a row to train on"),
        (TABLE, CELL_TYPES, r"line 2: no row of x is known for A; of A549, GM12878.*there is one"),
    ],
)
def test_tables_that_cannot_be_used(files: Path, text: str, known: object, said: str):
    with pytest.raises(InputError, match=said):
        cells.read(table(files, text), ["dgf"], ["CTCF"], ["x"], known)


def test_a_cell_type_without_a_row():
    with pytest.raises(InputError, match=r"must be known by its name.*cell_type='HL60'"):
        cells.known_row("HL60", ("GEPC1",), CELL_TYPES)
    assert cells.known_row("HepG2", ("GEPC1",), CELL_TYPES) == (-0.1790349,)


def test_labels_of_bases(tmp_path: Path):
    """Of peaks, and of a track whose numbers below 0 are not known; the blacklist is not known either way."""
    masked = [Interval("chr1", 8, 10)]
    of_peaks = bases.labels([Interval("chr1", 2, 4), Interval("chr1", 8, 12)], masked)
    assert of_peaks.samples[0]("chr1", 1, 13, 1).tolist() == [0, 1, 1, 0, 0, 0, 0, -1, -1, 1, 1, 0]
    values = np.array([0, 1, 1, -3, -0.5, 0, 0, 0, 1, 1], np.float32)
    for name, track in (("ok", values), ("odd", values * 2)):
        write_track(tmp_path / f"{name}.bw", {"chr1": 10}, [("chr1", track)], bin_size=1)
    track = bases.labels(Signal(tmp_path / "ok.bw"), masked)
    assert track.samples[0]("chr1", 0, 10, 1).tolist() == [0, 1, 1, -1, -1, 0, 0, 0, -1, -1]
    with pytest.raises(InputError, match=r"odd.bw chr1:2: .*must hold 1, 0, and numbers below 0.*value=2"):
        bases.labels(Signal(tmp_path / "odd.bw")).samples[0]("chr1", 0, 10, 1)


def test_halves_of_chromosomes():
    every = [f"chr{number}" for number in range(1, 12)]
    halves = [bases.halves(every, seed) for seed in (0, 0, 1)]
    assert halves[0] == halves[1] != halves[2]
    for first, second in halves:
        assert (len(first), len(second)) == (6, 5)
        assert sorted([*first, *second]) == sorted(every)


@pytest.fixture(scope="module")
def slabs(files: Path) -> Slabs:
    """Both chromosomes of both cell types, whole."""
    bound = [bases.labels([Interval("chr1", 1000 + cell, 1100 + cell)]) for cell in (0, 1)]
    places = CellGenome(Genome(files / "g.2bit"), opened(files, (DGF, DELTA)), bound)
    lengths = {cells.place(cell, chrom): size for cell in (0, 1) for chrom, size in SIZES.items()}
    plan = bases.whole(lengths, 640)
    assert plan.bases == 9000
    return Slabs(places, places.tracks, plan.starts, plan.layout, 1, progress=False)


LENGTHS = {cells.place(cell, chrom): size for cell in (0, 1) for chrom, size in SIZES.items()}


def test_one_column_is_multiplied(slabs: Slabs):
    """The sample's own by a number of 0.9 to 1.15 for each window; the difference stays what it was."""
    batches = bases.BaseTraining(slabs, LENGTHS, 640, [0], (0.9, 1.15), 200, 3, seed=1)
    plain = bases.BaseTraining(slabs, LENGTHS, 640, [], (0.9, 1.15), 200, 3, seed=1)
    (x, y), (same, labels) = batches.batch(4), plain.batch(4)
    factors = x[..., 4] / same[..., 4]
    assert np.allclose(factors, factors[:, :1], rtol=1e-5)
    assert 0.9 <= factors.min() < 0.95
    assert 1.1 < factors.max() <= 1.15
    assert np.array_equal(x[..., [0, 1, 2, 3, 5]], same[..., [0, 1, 2, 3, 5]])
    assert np.array_equal(same[..., 5], same[..., 4] - np.float32(0.5))
    assert np.array_equal(y, labels)
    assert (x.shape[1:], y.shape[1:]) == (batches.inputs["window"], batches.targets["binding"])


def test_windows_lie_anywhere_by_the_lengths_of_chromosomes(slabs: Slabs, files: Path):
    x, y = bases.BaseTraining(slabs, LENGTHS, 640, [], batch_size=3000, steps=1, seed=2).batch(0)
    begin = x[:, 0, 4].astype(int)
    cell, start = np.divmod(begin - 1, 10_000)
    genome = Genome(files / "g.2bit")
    on_first = np.array([
        np.array_equal(x[row, :40, :4].argmax(-1), genome.codes("chr1", int(at), int(at) + 40))
        for row, at in enumerate(start)
    ])  # fmt: skip
    assert abs(on_first.mean() - 2 / 3) < 0.04
    assert abs(cell.mean() - 0.5) < 0.04
    for mine, last in ((on_first, 3000 - 640), (~on_first, 1500 - 640)):
        assert 0 <= start[mine].min() < 10
        assert last - 10 < start[mine].max() <= last
    for row in np.flatnonzero(on_first)[:200]:
        places = np.arange(start[row], start[row] + 640)
        expected = (places >= 1000 + cell[row]) & (places < 1100 + cell[row])
        assert np.array_equal(y[row], expected)


def test_steps_of_bases_depend_on_seed_and_number_alone(slabs: Slabs):
    one, two = (bases.BaseTraining(slabs, LENGTHS, 640, [0], batch_size=6, steps=2, seed=3) for _ in range(2))
    one.batch(0)
    for left, right in zip(one.batch(5), two.batch(5), strict=True):
        assert np.array_equal(left, right)
    assert not np.array_equal(one.batch(1)[0], one.batch(3)[0])
    shares = [one.batch(5, worker, 2)[0] for worker in (0, 1)]
    assert np.array_equal(np.stack(shares, axis=1).reshape(6, 640, 6), one.batch(5)[0])

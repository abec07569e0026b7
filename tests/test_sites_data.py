"""Sites, their targets and windows by hand: what a model of binding sites reads in a step."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from zoo.data.cells import CellGenome
from zoo.data.sites import (
    ANYWHERE,
    Room,
    SiteEvaluation,
    Sites,
    SiteTraining,
    Windows,
    chosen,
    joined,
    places_of,
    summits,
)
from zoo.data.slabs import BinTrack, SlabPlan, Slabs
from zoo.data.windows import Layout
from zoo.errors import InputError, ZooWarning
from zoo.genome.encode import one_hot
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit

SIZES = {"chr1": 2000, "chr2": 300, "chr3": 60}
WINDOW, BIN, MARGIN = 64, 16, 10


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("sites") / "genome.2bit"
    write_twobit(path, {chrom: random.integers(0, 4, size).astype(np.uint8) for chrom, size in SIZES.items()})
    return Genome(path)


def bed(path: Path, *rows: str) -> Path:
    path.write_text("".join("\t".join(row.split()) + "\n" for row in rows))
    return path


def at(**positions: list[int]) -> dict[str, np.ndarray]:
    return {chrom: np.array(values, np.int64) for chrom, values in positions.items()}


def sites(*known: list, chroms: tuple[str, ...] = ("chr1", "chr2"), core: int = 2, smoothing: float = 5.0) -> Sites:
    """Of cell types, each a list of what is known of each factor."""
    return Sites.of(places_of(len(known), chroms), known, core, smoothing)


def test_summits_are_middles_where_there_are_none(genome: Genome, tmp_path: Path):
    """By the genome's names, sorted, each once; the rest is counted."""
    path = bed(tmp_path / "p.bed", "chr1 100 111", "2 0 10", "chr1 20 30", "chr1 100 111")
    found = summits(path, genome)
    assert {chrom: positions.tolist() for chrom, positions in found.items()} == {"chr1": [25, 105], "chr2": [5]}
    narrow = bed(tmp_path / "p.narrowPeak", "chr1 100 200 a 0 . 1 -1 -1 7", "chr2 10 20 b 0 . 1 -1 -1 9")
    assert {chrom: positions.tolist() for chrom, positions in summits(narrow, genome).items()} == {
        "chr1": [107],
        "chr2": [19],
    }
    other = bed(tmp_path / "other.bed", "chr1 100 110", "chrUn 5 10")
    with pytest.warns(ZooWarning, match=r"other.bed: 1 of 2 peaks are left out: the genome lacks their chromosomes"):
        assert list(summits(other, genome)) == ["chr1"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["chrUn 5 10"], "must have chromosomes in common. Received: peaks=1"),
        (["chr2 290 320"], "must lie on its chromosome.*length=300.*Is it of another assembly"),
        ([], "must have at least one peak"),
    ],
)
def test_summits_that_are_refused(genome: Genome, tmp_path: Path, rows: list[str], message: str):
    with pytest.raises(InputError, match=message):
        summits(bed(tmp_path / "p.bed", *rows), genome)


def test_targets_by_hand():
    """Bins of 16 bp from 100: their middles are 108, 124, 140, 156; the sites are at 110 and 150."""
    found = sites([at(chr1=[110, 150])]).targets(np.array([0]), np.array([100]), 4, 16)
    distances = [2, 14, 10, 6]
    falls = [np.exp(-0.5 * (max(d - 2, 0) / 5) ** 2) for d in distances]
    assert falls[0] == 1
    np.testing.assert_allclose(found[0, :, 0], [falls[0], falls[1], falls[2], falls[3]], rtol=1e-6)
    assert found.dtype == np.float32


def test_a_faint_target_is_none_and_a_step_has_no_slope():
    falling = sites([at(chr1=[108])], smoothing=5.0)
    far = 2 + 5 * np.sqrt(2 * np.log(50))  # where it falls to 0.02: 16 bp
    assert 15 < far < 16
    starts = np.array([100 - 15, 100 - 16])
    assert (falling.targets(np.array([0, 0]), starts, 1, 16)[:, 0, 0] > 0).tolist() == [True, False]
    step = sites([at(chr1=[108])], smoothing=0.0)
    found = step.targets(np.zeros(5, int), 100 + np.array([-3, -2, 0, 2, 3]), 1, 16)[:, 0, 0]
    assert found.tolist() == [0, 1, 1, 1, 0]


def test_sites_of_one_chromosome_or_cell_type_are_not_those_of_the_next():
    """The last bases of one, the first ones of the next; a factor that was not measured is unknown."""
    known = [[at(chr1=[1999]), at(chr2=[0])], [at(chr2=[5]), None]]
    found = sites(*known)
    assert found.cells.tolist() == [0, 0, 1, 1]
    assert found.measured.tolist() == [[True, True], [True, False]]
    assert [len(positions) for positions in found.positions] == [2, 1]
    places, starts = np.array([0, 1, 2, 3]), np.array([1984, -8, 1984, -8])
    targets = found.targets(places, starts, 1, 16)[:, 0]
    first = np.exp(-0.5 * ((7 - 2) / 5) ** 2)  # the middle is 1992
    assert targets == pytest.approx(np.array([[first, 0], [0, 1], [0, -1], [np.exp(-0.5 * (3 / 5) ** 2), -1]]))


def test_no_site_at_all_is_a_target_of_0():
    found = sites([at(), at(chr1=[108])])
    assert found.targets(np.array([0, 1]), np.array([100, 100]), 2, 16).tolist() == [[[0, 1], [0, 0]], [[0, 0], [0, 0]]]


def room(*blacklist: Interval, chroms: tuple[str, ...] = ("chr1", "chr2", "chr3"), margin: int = MARGIN) -> Room:
    return Room(places_of(1, chroms), SIZES, blacklist, WINDOW, margin)


def test_windows_anywhere_lie_side_by_side():
    """From the margin on; the last one and its margin end on the chromosome; none on one that is too short."""
    found = room().anywhere()
    assert set(found.factors.tolist()) == {ANYWHERE}
    starts = found.by_place(places_of(1, ("chr1", "chr2", "chr3")))
    assert starts["0 chr1"].tolist() == list(range(10, 2000 - 74 + 1, 64))
    assert starts["0 chr2"].tolist() == [10, 74, 138, 202]
    assert starts["0 chr3"].tolist() == []
    just = Room(["0 chr3"], SIZES, (), 60, 0).anywhere()
    assert just.starts.tolist() == [0]
    assert len(Room(["0 chr3"], SIZES, (), 61, 0).anywhere()) == 0


def test_windows_near_sites_have_them_in_the_middle():
    """At an end as close as a margin lets them; on a chromosome that is too short none."""
    found = room().near(sites([at(chr1=[500, 3, 1998]), at(chr2=[150], chr3=[30])], chroms=("chr1", "chr2", "chr3")))
    rows = sorted(zip(found.places.tolist(), found.starts.tolist(), found.factors.tolist(), strict=True))
    assert rows == [(0, 10, 0), (0, 468, 0), (0, 2000 - 74, 0), (1, 118, 1)]
    assert found.places.tolist() == sorted(found.places.tolist())


def test_no_window_shares_a_base_with_the_blacklist():
    barred = Interval("chr1", 532, 540), Interval("chr2", 0, 300)
    near = room(*barred).near(sites([at(chr1=[500, 501, 571, 572], chr2=[100])], chroms=("chr1", "chr2", "chr3")))
    assert near.starts.tolist() == [468, 540]  # that of 501 ends behind 532, that of 571 begins before 540
    anywhere = room(*barred).anywhere()
    assert not ((anywhere.starts + WINDOW > 532) & (anywhere.starts < 540)).any()
    assert set(anywhere.places.tolist()) == {0}
    assert len(room().anywhere()) - len(anywhere) == 1 + 4


def test_windows_of_cell_types_have_their_own_blacklisted_chromosomes():
    """A chromosome is blacklisted in every cell type."""
    found = Room(places_of(2, ("chr2",)), SIZES, [Interval("chr2", 0, 80)], WINDOW, 0).anywhere()
    assert found.places.tolist() == [0, 0, 1, 1]
    assert found.starts.tolist() == [128, 192, 128, 192]


def test_some_windows_drawn():
    windows = room().anywhere()
    assert chosen(windows, 100, 0) is windows
    some = chosen(windows, 5, 0)
    assert len(some) == 5
    assert set(some.starts.tolist()) <= set(windows.starts.tolist())
    assert np.array_equal(chosen(windows, 5, 0).starts, some.starts)
    assert not np.array_equal(chosen(windows, 5, 1).starts, some.starts)
    assert some.places.tolist() == sorted(some.places.tolist())


def slabs_of(genome: Genome, windows: Windows, places: list[str], margin: int, tracks: int = 1) -> Slabs:
    """With tracks whose value is the position, and the same over 1,000, the cell type's number in front."""
    scale = [1.0, 1000.0][:tracks]
    read = CellGenome(genome, [[]] * 3)

    def positions(by: float):
        return lambda place, start, end, size: 10_000 * int(place.split()[0]) + np.arange(start, end) / by

    made = [BinTrack([positions(by)], np.float32) for by in scale]
    plan = SlabPlan(windows.by_place(places), Layout(WINDOW, margin, WINDOW), 1)
    return Slabs(read, made, plan.starts, plan.layout, 1, progress=False)


KNOWN = [[at(chr1=[500, 900, 1500]), at(chr2=[150])], [at(chr1=[700]), None]]


def training(genome: Genome, *, tracks: int = 1, known: list = KNOWN, windows: Windows | None = None, **more: object):
    places = places_of(len(known), ("chr1", "chr2"))
    made = sites(*known)
    there = Room(places, SIZES, (), WINDOW, MARGIN)
    windows = joined(there.anywhere(), there.near(made)) if windows is None else windows
    values = {"batch_size": 10, "steps": 4, "random_share": 0.6, "bin_size": BIN, "seed": 0, **more}
    return SiteTraining(slabs_of(genome, windows, places, MARGIN, tracks), windows, made, **values)


def test_what_is_read_of_a_step(genome: Genome):
    """Sequence, track and targets are of one place, on either strand; the place is what the track says."""
    made, batches = sites(*KNOWN), training(genome)
    turned, moved, seen = 0, set(), Counter()
    for step in range(40):
        x, y = batches.batch(step)
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((10, 64, 5), np.float32, (10, 4, 2), np.float32)
        for window, target in zip(x, y, strict=True):
            is_turned = window[0, 4] > window[-1, 4]
            window, target = (window[::-1], target[::-1]) if is_turned else (window, target)
            cell, start = divmod(int(window[0, 4]), 10_000)
            bases = window[:, 3::-1] if is_turned else window[:, :4]
            matches = [
                number
                for number, chrom in enumerate(("chr1", "chr2"))
                if np.array_equal(bases, one_hot(genome.codes(chrom, start, start + 64)))
            ]
            [chrom] = matches
            assert np.array_equal(window[:, 4], 10_000 * cell + np.arange(start, start + 64))
            expected = made.targets(np.array([2 * cell + chrom]), np.array([start]), 4, BIN)[0]
            assert np.array_equal(target, expected)
            assert (target[:, 1] == -1).all() == (cell == 1)
            turned += is_turned
            moved.add((start - MARGIN) % 64)
            seen[bool((target > 0).any())] += 1
    assert 160 < turned < 240
    assert len(moved) > 20
    assert seen[True] >= 160  # four of ten are near a site


def test_every_factor_comes_as_often(genome: Genome):
    """Four of ten windows are near sites: of the second factor, which has one, as many as of the first with four."""
    batches, near = training(genome), Counter()
    for step in range(100):
        _, y = batches.batch(step)
        near["first"] += int((y[:4, :, 0] > 0).any(axis=1).sum())
        near["second"] += int((y[:4, :, 1] > 0).any(axis=1).sum())
    assert sum(near.values()) == 400
    assert 160 < near["second"] < 240


def test_a_step_is_the_same_again_and_others_with_another_seed(genome: Genome):
    one, again, other = (training(genome, seed=seed) for seed in (0, 0, 1))
    for step in (0, 3, 1000):
        assert all(np.array_equal(*pair) for pair in zip(one.batch(step), again.batch(step), strict=True))
        assert not np.array_equal(one.batch(step)[0], other.batch(step)[0])
    assert not np.array_equal(one.batch(0)[0], one.batch(1)[0])


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_share_a_step(genome: Genome, workers: int):
    """Each row once, but for the first ones where they do not divide evenly; near sites and anywhere for each."""
    batches = training(genome)
    whole_x, whole_y = batches.batch(2)
    parts = [batches.batch(2, worker, workers) for worker in range(workers)]
    assert {len(x) for x, _ in parts} == {-(-10 // workers)}
    for worker, (x, y) in enumerate(parts):
        rows = np.resize(np.arange(10), -(-10 // workers) * workers)[worker::workers]
        assert np.array_equal(x, whole_x[rows])
        assert np.array_equal(y, whole_y[rows])


@pytest.mark.parametrize("tracks", [0, 1, 2])
def test_shapes_of_a_step(genome: Genome, tracks: int):
    batches = training(genome, tracks=tracks, known=[[at(chr1=[500])]])
    x, y = batches.batch(0)
    assert (batches.inputs, batches.targets) == ({"window": (64, 4 + tracks)}, {"binding": (4,)})
    assert (x.shape, y.shape) == ((10, 64, 4 + tracks), (10, 4))
    if tracks == 2:
        np.testing.assert_allclose(x[..., 5], x[..., 4] / 1000, rtol=1e-5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_windows_of_one_kind_alone(genome: Genome, share: float):
    """Near sites alone, or anywhere alone, where sites are as rare as they are."""
    known = [[at(chr1=[500])]]
    batches = training(genome, random_share=share, known=known)
    bound = [(batches.batch(step)[1] > 0).any(axis=1).mean() for step in range(20)]
    assert (np.mean(bound) == 1) == (share == 0)
    assert share == 0 or np.mean(bound) < 0.2


def test_windows_that_a_step_needs_must_be_there(genome: Genome):
    there = Room(places_of(2, ("chr1", "chr2")), SIZES, (), WINDOW, MARGIN)
    near, anywhere = there.near(sites(*KNOWN)), there.anywhere()
    for windows in (anywhere, near, joined(anywhere, near.among(np.flatnonzero(near.factors == 0)))):
        with pytest.raises(InputError, match=r"near sites of each factor and anywhere.*batch_size=10"):
            training(genome, windows=windows)
    assert len(training(genome, windows=near, random_share=0).batch(0)[0]) == 10
    assert len(training(genome, windows=anywhere, random_share=1).batch(0)[0]) == 10


def test_validation_reads_every_window_once_as_it_lies(genome: Genome):
    known, places = [[at(chr1=[500, 900, 1500]), at(chr2=[150])]], places_of(1, ("chr1", "chr2"))
    windows = Room(places, SIZES, (), WINDOW, 0).anywhere()
    evaluation = SiteEvaluation(slabs_of(genome, windows, places, 0), windows, sites(*known), 8, BIN)
    assert (len(windows), evaluation.steps) == (31 + 4, 5)
    steps = [evaluation.batch(step) for step in range(evaluation.steps)]
    assert [len(x) for x, _ in steps] == [8, 8, 8, 8, 3]
    x, y = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    assert x[:, 0, 4].tolist() == [*range(0, 31 * 64, 64), *range(0, 4 * 64, 64)]
    assert np.array_equal(y, sites(*known).targets(windows.places, windows.starts, 4, BIN))
    parts = [evaluation.batch(4, worker, 2)[0][:, 0, 4].tolist() for worker in (0, 1)]
    assert parts == [[64, 192], [128, 64]]

"""Long windows, and the coverage of many tracks in the bins that are predicted (Basenji2, Enformer, Borzoi)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from zoo.data.batches import Arrays, share
from zoo.data.slabs import BinTrack, SlabPlan, Slabs
from zoo.data.windows import Layout, tiled, usable
from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.encode import N, one_hot
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import covered
from zoo.spec import BASES, WINDOW
from zoo.track_table import TrackTable

COVERAGE = "coverage"
_BLOCK = 1 << 20
_STATISTICS: Mapping[str, Callable[..., np.ndarray]] = {
    "sum": np.sum,
    "mean": np.mean,
    "sum_sqrt": np.sum,
    "mean_sqrt": np.mean,
    "max": np.max,
}


def planned(
    genome: Genome,
    chromosomes: Sequence[str],
    layout: Layout,
    bin_size: int,
    blacklist: Sequence[Interval] = (),
    unmappable: Sequence[Interval] = (),
) -> SlabPlan:
    """Where windows lie: from the first base that is not N on, whole ones only.

    Windows are left out that predict a blacklisted base, and those that read too many bases that are N or unmappable.

    Raises:
        InputError: none is left.
    """
    starts = {}
    for chrom in chromosomes:
        cores = tiled(genome, chrom, Layout(layout.slab, 0, layout.step)) + layout.margin
        avoided, unknown = ([item for item in items if item.chrom == chrom] for items in (blacklist, unmappable))
        begins = cores - layout.margin
        kept = usable(cores, replace(layout, margin=0), avoided) & usable(cores, layout, (), unknown)
        kept &= covered(_unknown(genome, chrom), begins, begins + layout.slab) <= layout.most_unmappable * layout.slab
        starts[chrom] = cores[kept]
    return SlabPlan(starts, layout, bin_size)


def _unknown(genome: Genome, chrom: str) -> np.ndarray:
    """(n, 2) starts and ends of the bases that are N."""
    edges = []
    for start in range(0, genome.sizes[chrom], _BLOCK):
        is_n = genome.codes(chrom, start, min(start + _BLOCK, genome.sizes[chrom])) == N
        edges.append(np.flatnonzero(np.diff(is_n, prepend=False, append=False)).reshape(-1, 2) + start)
    return np.concatenate(edges)


def bins_of(signal: Signal, table: TrackTable) -> BinTrack:
    """What the bins of a track are trained on, float32, whatever spelling of chromosomes its file has.

    Args:
        signal: the coverage of bases.
        table: of this one track.

    Reading it raises `InputError` for coverage below 0.
    """
    [statistic] = table.statistics

    def read(chrom: str, start: int, end: int, size: int) -> np.ndarray:
        values = signal.values(names.find(chrom, signal.sizes) or chrom, start, end)
        if (below := np.flatnonzero(values < 0)).size:
            raise InputError(
                "Coverage must not be negative",
                where=f"{signal.path} {chrom}:{start + below[0] + 1}",
                received={"value": float(values[below[0]])},
                hint="Tracks of the minus strand are often written as negative numbers: write them as positive ones",
            )
        bins = _STATISTICS[statistic](values.reshape(-1, size), axis=1)
        return table.targets(bins[:, None])[:, 0]

    return BinTrack([read], np.float32)


class CoverageEvaluation:
    """Every window once, in order, with the bins that it predicts; nothing is moved or turned.

    Args:
        slabs: whose layout has what a network reads and does not predict as its margin; its tracks are the targets.
        batch_size: windows of a step; the last one has what is left.

    Targets are (batch, bins, tracks) float32.
    """

    def __init__(self, slabs: Slabs, batch_size: int) -> None:
        self.slabs, self.batch_size = slabs, batch_size
        self.steps = -(-slabs.size // batch_size)
        layout, size = slabs.layout, slabs.bin_size
        self.inputs = {WINDOW: (layout.slab, len(BASES))}
        self._core = slice(layout.margin // size, (layout.margin + layout.core) // size)
        self.targets = {COVERAGE: (layout.core // size, len(slabs.arrays) - 1)}

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        rows = np.arange(step * self.batch_size, min((step + 1) * self.batch_size, self.slabs.size))
        codes, targets = self._read(share(rows, worker, workers))
        return one_hot(codes), targets

    def _read(self, rows: np.ndarray, reverse: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Base codes (n, window), and targets whose bins are in the order of the strand that is read."""
        codes, *tracks = self.slabs.read(rows, self.slabs.layout.slab, reverse=reverse)
        return codes, np.stack([track[:, self._core] for track in tracks], axis=-1)


class CoverageTraining(CoverageEvaluation):
    """In each epoch every window once, on a random strand, its sequence moved by a few bp at random.

    Of windows from the other strand the bins are in reverse order, and tracks are those of the other strand. Where a
    sequence is moved its bins stay, and unknown bases come in, as in the authors' code.

    Args:
        slabs: as for `CoverageEvaluation`.
        batch_size: windows of a step, over all workers; the last step of an epoch has what is left.
        seed: of order, strands and moves.
        swap: for each track the place of that of the other strand; empty if each stays what it is.
        shift: bp by which a window is moved at most.
    """

    def __init__(self, slabs: Slabs, batch_size: int, seed: int = 0, swap: Sequence[int] = (), shift: int = 3) -> None:
        super().__init__(slabs, batch_size)
        self.seed, self._shift = seed, shift
        self._swap = np.array(swap or range(len(slabs.arrays) - 1))

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        epoch, within = divmod(step, self.steps)
        order = np.random.default_rng((self.seed, epoch)).permutation(self.slabs.size)
        rows = order[within * self.batch_size : (within + 1) * self.batch_size]
        random = np.random.default_rng((self.seed, epoch, within, 1))
        shifts, reverse = random.integers(-self._shift, self._shift + 1, len(rows)), random.random(len(rows)) >= 0.5
        mine = share(np.arange(len(rows)), worker, workers)
        shifts, reverse = shifts[mine], reverse[mine]
        codes, targets = self._read(rows[mine], reverse)
        targets[reverse] = targets[reverse][..., self._swap]
        return one_hot(moved(codes, shifts)), targets


def moved(codes: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Base codes (n, window), each row moved to the right by some bp (n,), with N where nothing is left."""
    places = np.arange(codes.shape[1]) - shifts[:, None]
    inside = (places >= 0) & (places < codes.shape[1])
    return np.where(inside, np.take_along_axis(codes, np.where(inside, places, 0), axis=1), np.uint8(N))

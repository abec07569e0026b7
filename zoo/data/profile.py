"""Batches that profile models are trained and evaluated with: windows around peaks and background, cut sites per base.

The composition of an epoch is that of ChromBPNet (its `batchgen_generators`).
"""

from dataclasses import dataclass

import numpy as np

from zoo.data.batches import Arrays, share
from zoo.data.centered import Centered, joined
from zoo.data.slabs import BinTrack, Reader, SlabPlan, Slabs
from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.encode import one_hot
from zoo.genome.signal import Signal
from zoo.spec import BASES, WINDOW

PROFILE, COUNTS = "profile", "counts"
"""The outputs of profile networks."""
_SAMPLED = 1000  # regions by which sites are told from coverage
_ALIKE = 0.5  # Σ (second difference)² / 6 Σ: 1 of independent counts, less than 1 / width of coverage


@dataclass(frozen=True)
class Regions:
    """What an epoch is made of.

    Attributes:
        peaks: of which every one comes once.
        negatives: background regions, of which some come.
        drawn: how many.
    """

    peaks: Centered
    negatives: Centered
    drawn: int

    def __len__(self) -> int:
        return len(self.peaks) + self.drawn


def cut_sites(signal: Signal) -> Reader:
    """Reads cut sites per base of a track. Raises `InputError` where values are no numbers of cut sites."""

    def read(chrom: str, start: int, end: int, size: int = 1) -> np.ndarray:
        values = signal.values(names.find(chrom, signal.sizes) or chrom, start, end)
        if (odd := np.flatnonzero((values < 0) | (values != np.rint(values)))).size:
            raise InputError(
                "A signal must be the number of cut sites at each base: whole, not smoothed, scaled or normalized",
                where=f"{signal.path} {chrom}:{start + odd[0] + 1:,}",
                received={"value": float(values[odd[0]])},
                hint="Make it of a BAM file or of fragments (zoo.prepare.sites)",
            )
        return values

    return read


def check_sites(signal: Signal, regions: Centered, width: int) -> None:
    """Raise `InputError` for whole numbers that are no cut sites but coverage: neighboring bases are alike there."""
    read, chosen = cut_sites(signal), np.linspace(0, len(regions) - 1, min(_SAMPLED, len(regions))).astype(int)
    bends = total = 0.0
    for place in regions.among(chosen).intervals(width):
        values = read(place.chrom, place.start, place.end).astype(np.float64)
        bends, total = bends + np.square(np.diff(values, 2)).sum() / 6, total + values.sum()
    if total and bends < _ALIKE * total:
        raise InputError(
            "A signal must be cut sites, one base each, not coverage: neighboring bases are too much alike",
            where=signal.path,
            received={"squared second differences, relative": round(bends / total, 3), "at least": _ALIKE},
            hint="Make it of a BAM file or of fragments (zoo.prepare.sites)",
        )


def track(signal: Signal) -> BinTrack:
    """Cut sites per base, float32."""
    return BinTrack([cut_sites(signal)], np.float32)


class _Windows:
    """Windows of regions in slabs, one after the other.

    Args:
        slabs: of `plan_of`.
        regions: the same.
        window: bp that a network reads.
        output: bp in its middle that it predicts.
    """

    def __init__(self, slabs: Slabs, regions: Regions, window: int, output: int) -> None:
        self.slabs, self.regions, self._window = slabs, regions, window
        self._core = slice((window - output) // 2, (window + output) // 2)
        every = joined(regions.peaks, regions.negatives)
        self._rows = np.empty(len(every), np.int64)  # region → row of the slabs
        self._rows[_by_chromosome(every)] = np.arange(len(every))
        self.inputs = {WINDOW: (window, len(BASES))}
        self.targets = {PROFILE: (output, 1), COUNTS: (1,)}

    def read(self, chosen: np.ndarray, shifts: np.ndarray | int, reverse: np.ndarray | None) -> Arrays:
        """Windows (n, window, 4), and their targets: cut sites (n, output, 1), and ln(1 + their sum) (n, 1)."""
        codes, sites = self.slabs.read(self._rows[chosen], self._window, shifts, reverse)
        sites = sites[:, self._core]
        totals = np.log1p(sites.sum(axis=1, keepdims=True, dtype=np.float64)).astype(np.float32)
        return one_hot(codes), {PROFILE: sites[..., None], COUNTS: totals}


class ProfileTraining(_Windows):
    """In each epoch every peak once, moved at random, and newly drawn background; exactly half from the other strand.

    Args:
        slabs, regions, window, output: as for `_Windows`.
        batch_size: windows of a step, over all workers; the last step of an epoch has what is left.
        jitter: bp by which peaks are moved at most, either way.
        seed: of order, background, moves and strands.
    """

    def __init__(
        self, slabs: Slabs, regions: Regions, window: int, output: int, batch_size: int, jitter: int, seed: int
    ) -> None:
        super().__init__(slabs, regions, window, output)
        self.batch_size, self._jitter, self._seed = batch_size, jitter, seed
        self.steps = -(-len(regions) // batch_size)
        self._made: tuple[int, tuple[np.ndarray, ...]] = (-1, ())

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        epoch, within = divmod(step, self.steps)
        mine = slice(within * self.batch_size, (within + 1) * self.batch_size)
        chosen, shifts, reverse = (items[mine] for items in self._epoch(epoch))
        rows = share(np.arange(len(chosen)), worker, workers)
        return self.read(chosen[rows], shifts[rows], reverse[rows])

    def _epoch(self, epoch: int) -> tuple[np.ndarray, ...]:
        """Regions of an epoch in their order, by how many bp each begins into its slab, and which are turned."""
        known, made = self._made
        if known != epoch:
            random = np.random.default_rng((self._seed, epoch))
            peaks, negatives, count = len(self.regions.peaks), len(self.regions.negatives), len(self.regions)
            drawn = peaks + random.choice(negatives, self.regions.drawn, replace=False)
            chosen = np.concatenate([np.arange(peaks), drawn])
            shifts = np.full(count, self._jitter)
            shifts[:peaks] = random.integers(0, 2 * self._jitter + 1, peaks)
            reverse = np.zeros(count, bool)
            reverse[random.choice(count, count // 2, replace=False)] = True
            order = random.permutation(count)
            made = chosen[order], shifts[order], reverse[order]
            self._made = epoch, made
        return made


class ProfileEvaluation(_Windows):
    """Every peak once, and background regions that stay the same; nothing is moved or turned.

    Args:
        slabs, regions, window, output: as for `_Windows`.
        batch_size: windows of a step; the last one has what is left.
        seed: of the draw of background.
    """

    def __init__(self, slabs: Slabs, regions: Regions, window: int, output: int, batch_size: int, seed: int) -> None:
        super().__init__(slabs, regions, window, output)
        self.batch_size, self.steps = batch_size, -(-len(regions) // batch_size)
        peaks, negatives = len(regions.peaks), len(regions.negatives)
        drawn = np.sort(np.random.default_rng((seed, 4)).choice(negatives, regions.drawn, replace=False))
        self._chosen = np.concatenate([np.arange(peaks), peaks + drawn])

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        rows = share(self._chosen[step * self.batch_size : (step + 1) * self.batch_size], worker, workers)
        return self.read(rows, 0, None)


def plan_of(regions: Regions, window: int, jitter: int = 0) -> SlabPlan:
    """Where the windows of regions lie, with the bp by which they may be moved."""
    every = joined(regions.peaks, regions.negatives)
    starts = {
        str(chrom): every.middles[every.chroms == chrom] - window // 2 for chrom in dict.fromkeys(every.chroms.tolist())
    }
    return SlabPlan(starts, Layout(window, jitter, window), 1)


def _by_chromosome(regions: Centered) -> np.ndarray:
    """The numbers of regions in the order of `plan_of`: chromosome by chromosome as they come first."""
    chroms, first, codes = np.unique(regions.chroms, return_index=True, return_inverse=True)
    place = np.empty(len(chroms), np.int64)
    place[np.argsort(first)] = np.arange(len(chroms))
    return np.argsort(place[codes], kind="stable")

"""Batches for models of binding sites: windows near sites and anywhere; targets fall off around a site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data.batches import Arrays, share
from zoo.data.cells import place, split
from zoo.data.slabs import BinTrack, Slabs
from zoo.errors import InputError, warn
from zoo.genome import bed, names
from zoo.genome.encode import one_hot
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import NONE, merge, touched
from zoo.spec import BASES, WINDOW

TARGET = "binding"
UNKNOWN = -1.0
ANYWHERE = -1
_FAR = 1 << 34  # bp from one chromosome to the next, laid side by side
_FAINT = 0.02  # a target below this is 0

Positions = Mapping[str, np.ndarray]
"""Chromosome → sorted positions in bp, int64."""


def summits(path: str | Path, genome: Genome) -> Positions:
    """The summits of the peaks of a BED file, their middles where it has none, by the genome's names.

    Those on sequences that the genome lacks are left out, with a `ZooWarning`. Raises `InputError` if none is left, or
    one lies beyond its chromosome.
    """
    peaks = bed.read_summits(path)
    by_chrom: dict[str, list[int]] = {}
    for peak, summit in peaks:
        if (chrom := names.find(peak.chrom, genome.sizes)) is not None:
            by_chrom.setdefault(chrom, []).append(summit)
            if summit >= genome.sizes[chrom]:
                raise InputError(
                    "A peak must lie on its chromosome",
                    where=path,
                    received={"peak": str(peak), "length": genome.sizes[chrom]},
                    hint="Is it of another assembly than the genome?",
                )
    kept = sum(map(len, by_chrom.values()))
    if not kept:
        raise InputError("Peaks and genome must have chromosomes in common", where=path, received={"peaks": len(peaks)})
    if kept < len(peaks):
        warn(f"{path}: {len(peaks) - kept:,} of {len(peaks):,} peaks are left out: the genome lacks their chromosomes.")
    return {chrom: np.unique(np.array(found, np.int64)) for chrom, found in by_chrom.items()}


@dataclass(frozen=True, eq=False)
class Sites:
    """Where factors bind, on the chromosomes of all cell types laid side by side.

    Attributes:
        cells: (places,) the cell type of each chromosome.
        positions: of each factor, sorted (n,) int64: number of the place × 2^34 + position in bp.
        measured: (cell types, factors) bool: whether a factor's sites are known there.
        core: bp around a site in which the middle of a bin has the target 1.
        smoothing: standard deviation in bp of the normal density by which the target falls off beyond; 0 for a step.
    """

    cells: np.ndarray
    positions: Sequence[np.ndarray]
    measured: np.ndarray
    core: int
    smoothing: float

    @classmethod
    def of(
        cls, places: Sequence[str], known: Sequence[Sequence[Positions | None]], core: int, smoothing: float
    ) -> "Sites":
        """Sites on some chromosomes of cell types (`zoo.data.cells.place`).

        Args:
            places: their names.
            known: by cell type and factor, None where it was not measured.
            core, smoothing: as the attributes.
        """
        found: list[list[np.ndarray]] = [[np.empty(0, np.int64)] for _ in known[0]]
        for number, name in enumerate(places):
            cell, chrom = split(name)
            for factor, positions in enumerate(known[cell]):
                if positions is not None and chrom in positions:
                    found[factor].append(number * _FAR + positions[chrom])
        measured = np.array([[positions is not None for positions in of_cell] for of_cell in known])
        cells = np.array([split(name)[0] for name in places])
        return cls(cells, [np.concatenate(each) for each in found], measured, core, smoothing)

    def targets(self, places: np.ndarray, starts: np.ndarray, bins: int, bin_size: int) -> np.ndarray:
        """Targets of windows, by the distance d in bp from the middle of a bin to the nearest site.

        exp(-(max(d - core, 0) / smoothing)² / 2), 0 if that is below 0.02; -1 where a factor was not measured.

        Args:
            places: (n,) numbers of chromosomes.
            starts: (n,) bp.
            bins: of a window.
            bin_size: bp.

        Returns:
            (n, bins, factors) float32.
        """
        middles = (places * _FAR + starts)[:, None] + np.arange(bins) * bin_size + bin_size // 2
        targets = np.empty((*middles.shape, len(self.positions)), np.float32)
        ends = [-_FAR], [(len(self.cells) + 1) * _FAR]
        for factor, positions in enumerate(self.positions):
            around = np.concatenate([ends[0], positions, ends[1]])
            after = np.searchsorted(around, middles)
            targets[..., factor] = self._target(np.minimum(around[after] - middles, middles - around[after - 1]))
        return np.where(self.measured[self.cells[places]][:, None], targets, np.float32(UNKNOWN))

    def _target(self, distance: np.ndarray) -> np.ndarray:
        beyond = np.maximum(distance - self.core, 0)
        value = np.exp(-0.5 * (beyond / self.smoothing) ** 2) if self.smoothing else beyond == 0
        return np.where(value < _FAINT, 0, value)


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of one width.

    Attributes:
        places: (n,) numbers of chromosomes of cell types.
        starts: (n,) bp.
        factors: (n,) the factor whose site is in the middle, or `ANYWHERE`.
    """

    places: np.ndarray
    starts: np.ndarray
    factors: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def among(self, rows: np.ndarray) -> "Windows":
        """Some of them."""
        return Windows(self.places[rows], self.starts[rows], self.factors[rows])

    def by_place(self, names_of_places: Sequence[str]) -> dict[str, np.ndarray]:
        """Place → starts. The windows are sorted by place, so that their order stays."""
        return {name: self.starts[self.places == number] for number, name in enumerate(names_of_places)}


def joined(*parts: Windows) -> Windows:
    """All windows of several, sorted by place."""
    every = Windows(*(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts), strict=True)))
    return every.among(np.argsort(every.places, kind="stable"))


@dataclass(frozen=True)
class Room:
    """Where windows may lie.

    Attributes:
        places: chromosomes of cell types by their numbers.
        sizes: chromosome → bp.
        blacklist: no window shares a base with these, before it is moved.
        window: bp.
        margin: bp on each side that must lie on the chromosome, too.
    """

    places: Sequence[str]
    sizes: Mapping[str, int]
    blacklist: Sequence[Interval]
    window: int
    margin: int

    def near(self, sites: Sites) -> Windows:
        """A window around each site of each factor; at an end of its chromosome as close as it can be."""
        parts = [
            np.stack([positions // _FAR, positions % _FAR - self.window // 2, np.full(len(positions), factor)])
            for factor, positions in enumerate(sites.positions)
        ]
        return self._clear(np.concatenate(parts, axis=1))

    def anywhere(self) -> Windows:
        """Windows side by side over all chromosomes."""
        parts = []
        for number, name in enumerate(self.places):
            last = self.sizes[split(name)[1]] - self.window - self.margin
            starts = np.arange(self.margin, max(last, self.margin) + 1, self.window)
            parts.append(np.stack([np.full(len(starts), number), starts, np.full(len(starts), ANYWHERE)]))
        return self._clear(np.concatenate(parts, axis=1))

    def _clear(self, table: np.ndarray) -> Windows:
        """Those that fit on their chromosomes, moved onto them, and are not blacklisted."""
        unwanted = merge(self.blacklist)
        lengths = np.array([self.sizes[split(name)[1]] for name in self.places], np.int64)
        places, starts, factors = table
        last = lengths[places] - self.window - self.margin
        starts = np.clip(starts, self.margin, np.maximum(last, self.margin))
        keep = last >= self.margin
        for number, name in enumerate(self.places):
            here = places == number
            bad = touched(unwanted.get(split(name)[1], NONE), starts[here], starts[here] + self.window)
            keep[here] &= ~bad
        return joined(Windows(places, starts, factors).among(np.flatnonzero(keep)))


class SiteTraining:
    """In each step windows near sites, every factor as often as each other, and a share of windows anywhere.

    A step draws its windows anew, moves each by up to the margin of the slabs, and reads half of them from the other
    strand. An epoch is a number of steps.

    Args:
        slabs: of the windows; bin size 1, the tracks that the network reads.
        windows: what the slabs are of.
        sites: of which targets are made.
        batch_size: windows of a step, over all workers.
        steps: of an epoch.
        random_share: fraction of windows that lie anywhere; the number of the others is rounded as Python does.
        bin_size: bp of a target.
        seed: of all that is random.
        mix: each window is mixed with another one of the step, inputs and targets alike, with the weights λ and 1 - λ:
            λ is drawn from Beta(mix, mix), and the larger one of both is the window's own (mixup, Zhang et al. 2018,
            ICLR). A target that is unknown in one of both is unknown. 0 for none.

    Raises:
        InputError: no window near a site of some factor, or none anywhere, where a step takes some.
    """

    def __init__(
        self,
        slabs: Slabs,
        windows: Windows,
        sites: Sites,
        batch_size: int,
        steps: int,
        random_share: float,
        bin_size: int,
        seed: int,
        mix: float = 0.0,
    ) -> None:
        self.slabs, self.steps, self._windows, self._sites = slabs, steps, windows, sites
        self._bin_size, self._seed, self._batch_size = bin_size, seed, batch_size
        self._mix = mix
        self._bins = slabs.layout.core // bin_size
        self.inputs, self.targets = shapes(slabs.layout.core, _read(slabs), bin_size, len(sites.positions))
        self._near = round(batch_size * (1 - random_share))
        self._pools = [np.flatnonzero(windows.factors == factor) for factor in range(len(sites.positions))]
        self._anywhere = np.flatnonzero(windows.factors == ANYWHERE)
        if (self._near and not all(map(len, self._pools))) or (self._near < batch_size and not len(self._anywhere)):
            raise InputError(
                "There must be windows of all kinds that a step takes, near sites of each factor and anywhere",
                received={"batch_size": batch_size, "random_share": random_share, "windows": len(windows)},
            )

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        random = np.random.default_rng((self._seed, step))
        which = random.integers(0, len(self._pools), self._near)
        near = [self._pools[pool][random.integers(0, len(self._pools[pool]))] for pool in which]
        far = self._batch_size - self._near
        drawn = random.choice(self._anywhere, far, replace=len(self._anywhere) < far) if far else []
        rows = np.concatenate([near, drawn]).astype(np.int64)
        margin = self.slabs.layout.margin
        shifts, turned = random.integers(-margin, margin + 1, len(rows)), random.random(len(rows)) < 0.5
        mine = share(np.arange(len(rows)), worker, workers)

        def read(which: np.ndarray) -> Arrays:
            which = (rows[which], shifts[which], turned[which])
            return items(self.slabs, self._windows, self._sites, *which, self._bin_size)

        if not self._mix:
            return read(mine)
        others, weights = partners(random, self._mix, len(rows))
        which, places = np.unique(np.concatenate([mine, others[mine]]), return_inverse=True)
        x, y = (values[places] for values in read(which))
        return mixed(x, y, weights[mine])


class SiteEvaluation:
    """Windows once each, as they lie; slabs, windows, sites and bins as for `SiteTraining`."""

    def __init__(self, slabs: Slabs, windows: Windows, sites: Sites, batch_size: int, bin_size: int) -> None:
        self.slabs, self._windows, self._sites, self._bin_size = slabs, windows, sites, bin_size
        self._batch_size, self.steps = batch_size, -(-slabs.size // batch_size)
        self.inputs, self.targets = shapes(slabs.layout.core, _read(slabs), bin_size, len(sites.positions))

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step."""
        rows = np.arange(step * self._batch_size, min((step + 1) * self._batch_size, self.slabs.size))
        rows = share(rows, worker, workers)
        still = np.zeros(len(rows), np.int64)
        return items(self.slabs, self._windows, self._sites, rows, still, still.astype(bool), self._bin_size)


def _read(slabs: Slabs) -> int:
    """How many tracks a network reads, those of scores left out."""
    return sum(array.dtype != np.float16 for array in slabs.arrays[1:])


def shapes(
    window: int, tracks: int, bin_size: int, factors: int
) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """Of inputs and targets: name → shape."""
    bins = window // bin_size
    return {WINDOW: (window, len(BASES) + tracks)}, {TARGET: (bins,) if factors == 1 else (bins, factors)}


def scores(signal: Signal) -> BinTrack:
    """The bases of a track of scores, float16. Reading raises `InputError` for one that is not in 0 to 1."""

    def read(name: str, start: int, end: int, size: int) -> np.ndarray:
        chrom = split(name)[1]
        values = signal.values(names.find(chrom, signal.sizes) or chrom, start, end)
        if (odd := np.flatnonzero(~((values >= 0) & (values <= 1)))).size:
            raise InputError(
                "Scores that are learned must be from 0 to 1",
                where=f"{signal.path} {chrom}:{start + odd[0] + 1}",
                received={"value": float(values[odd[0]])},
            )
        return values

    return BinTrack([read], np.float16)


def items(
    slabs: Slabs,
    windows: Windows,
    sites: Sites,
    rows: np.ndarray,
    shifts: np.ndarray,
    turned: np.ndarray,
    bin_size: int,
) -> Arrays:
    """Windows of some rows, moved by some bp, some of them from the other strand, and their targets.

    Slabs have the tracks of the network and, if scores are learned, one of each factor after them.

    Returns:
        (rows, bp, 4 + tracks) float32, and (rows, bins) or, of several factors, (rows, bins, factors) float32.
    """
    bins = slabs.layout.core // bin_size
    codes, *tracks = slabs.read(rows, slabs.layout.core, shifts + slabs.layout.margin, turned)
    if learned := [track for track in tracks if track.dtype == np.float16]:
        scored = np.stack([track.reshape(len(rows), bins, bin_size) for track in learned], axis=-1)
        y = scored.mean(axis=2, dtype=np.float32)
    else:
        y = sites.targets(windows.places[rows], windows.starts[rows] + shifts, bins, bin_size)
        y[turned] = y[turned][:, ::-1]
    read = tracks[: len(tracks) - len(learned)]
    x = np.concatenate([one_hot(codes), *(track[..., None] for track in read)], axis=-1, dtype=np.float32)
    return x, y[..., 0] if y.shape[-1] == 1 else y


def partners(random: np.random.Generator, mix: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """With which other window each one is mixed, (n,), and its own weight from a half to 1, (n,) float32."""
    order = random.permutation(count)
    others = np.empty(count, np.int64)
    others[order] = np.roll(order, 1)
    weights = random.beta(mix, mix, count)
    return others, np.maximum(weights, 1 - weights).astype(np.float32)


def mixed(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Arrays:
    """Windows mixed with others.

    Args:
        x: (2 n, …) inputs of windows, and of those that they are mixed with.
        y: (2 n, …) their targets, -1 for unknown.
        weights: (n,) of the former; the others have what is left to 1.

    Returns:
        (n, …) of each, float32; a target is -1 if one of both is.
    """

    def both(values: np.ndarray) -> np.ndarray:
        own, other = np.split(values, 2)
        fraction = weights.reshape(-1, *[1] * (own.ndim - 1))
        return fraction * own + (1 - fraction) * other

    unknown = np.logical_or(*np.split(y == UNKNOWN, 2))
    return both(x), np.where(unknown, np.float32(UNKNOWN), both(y))


def chosen(windows: Windows, most: int, seed: int) -> Windows:
    """At most so many windows, drawn at random, in their order."""
    if len(windows) <= most:
        return windows
    return windows.among(np.sort(np.random.default_rng((seed, 3)).choice(len(windows), most, replace=False)))


def places_of(cells: int, chromosomes: Sequence[str]) -> list[str]:
    """Every chromosome of every cell type."""
    return [place(cell, chrom) for cell in range(cells) for chrom in chromosomes]

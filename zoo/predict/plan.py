"""Which windows to predict and which bins to keep, chromosome by chromosome, before anything is read.

Window k of a chromosome predicts the bp from `k * stride` on. With the published stride of 256 and windows of 1,024 bp
every bin has four windows, near the ends of a chromosome fewer; the last window reaches past the chromosome's end,
where it reads N and the fill value, so that no bin is left out. Windows whose ends do not count begin at multiples of
the stride themselves; the first one before the chromosome does, so that its first bases count, too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from zoo.genome.interval import Interval
from zoo.genome.spans import NONE, merge, merge_spans, runs, touched
from zoo.predict.options import BINS_OF_200, Options
from zoo.spec import ModelSpec


@dataclass(frozen=True)
class Grid:
    """How windows lie on a chromosome.

    Attributes:
        window: bp that the network reads.
        stride: bp from one window to the next.
        bin_size: bp from one output bin to the next.
        first: the first output bin of a window that is used.
        bins: how many are used from there on.
        offset: bp from a window's start to its first used bin.
        overlap: bp that a bin has in common with the next one.
        lead: bp of the first window's used bins that lie before the chromosome.
    """

    window: int
    stride: int
    bin_size: int
    first: int
    bins: int
    offset: int
    overlap: int = 0
    lead: int = 0

    @classmethod
    def of(cls, spec: ModelSpec, options: Options) -> "Grid":
        """The grid of a model, whose windows do not count for what is trimmed; with `center_only` a window counts only
        for its central `stride` bp."""
        output = options.output
        used = options.untrimmed // output.every
        used = min(options.stride // output.every, used) if options.center_only else used
        first = (output.bins - used) // 2
        offset = output.offset + first * output.every
        overlap = output.bin_size - output.every
        lead = 0 if options.center_only else -options.trim % options.stride
        return cls(spec.input.window, options.stride, output.every, first, used, offset, overlap, lead)

    @property
    def span(self) -> int:
        """bp that a window predicts."""
        return self.bins * self.bin_size + self.overlap

    @property
    def shared(self) -> int:
        """Windows before a window that predict bins of it, too."""
        return -(-self.bins * self.bin_size // self.stride) - 1

    @property
    def step(self) -> int:
        """Bins from one window to the next, at least."""
        return self.stride // self.bin_size

    def count(self, length: int) -> int:
        """Windows that a chromosome of `length` bp needs so that each of its bins is predicted."""
        return -(-max(length + self.lead - self.bins * self.bin_size, 0) // self.stride) + 1

    def over(self, spans: np.ndarray, count: int) -> np.ndarray:
        """Which of `count` windows predict at least 1 bp of any of (n, 2) spans in bp. (count,) bool."""
        spans = spans + self.lead
        first = np.clip((spans[:, 0] - self.span) // self.stride + 1, 0, count)
        last = np.clip(-(-spans[:, 1] // self.stride), 0, count)
        steps = np.zeros(count + 1, np.int64)
        np.add.at(steps, first, 1)
        np.add.at(steps, last, -1)
        return np.cumsum(steps[:-1]) > 0


@dataclass(frozen=True, eq=False)
class ChromosomePlan:
    """The work on one chromosome, or on a piece of it.

    Attributes:
        chrom: its name in the genome.
        length: in bp, of the chromosome.
        bin_size: bp from one bin to the next.
        overlap: bp that a bin has in common with the next one.
        runs: (n, 2) int64, windows from `runs[i, 0]` up to but not including `runs[i, 1]`.
        keep: (n, 2) int64 spans of bins to return, or None for all.
        drop: (n, 2) int64 spans of bins to leave out (blacklist).
        dropped: what these have instead of a score: NaN, which is no value.
        first_window: earlier windows are of the piece before, predicted here once more for the bins that they share.
        span: bins of the piece, from the first up to but not including the last; None for all of the chromosome.
    """

    chrom: str
    length: int
    bin_size: int
    overlap: int
    runs: np.ndarray
    keep: np.ndarray | None
    drop: np.ndarray
    first_window: int = 0
    span: tuple[int, int] | None = None
    dropped: float = np.nan

    @property
    def windows(self) -> int:
        """How many windows have to be predicted, those of the piece before left out."""
        own = np.maximum(self.runs, self.first_window)
        return int((own[:, 1] - own[:, 0]).sum())

    @property
    def bounds(self) -> tuple[int, int]:
        """The bins of this piece: the first, and that beyond the last."""
        return self.span or (0, self.bins)

    @property
    def bins(self) -> int:
        """Bins of the whole chromosome, the last one perhaps shorter than the others."""
        return -(-self.length // self.bin_size)

    def begins(self, grid: Grid, numbers: np.ndarray) -> np.ndarray:
        """The first bp that each of some windows predicts, (n,) int64, by their numbers (n,); it may be below 0."""
        return numbers * grid.stride - grid.lead

    def within(self, grid: Grid, numbers: np.ndarray) -> slice | np.ndarray:
        """Where consecutive windows begin, in bp from the first of them on."""
        return slice(None, None, grid.stride)

    def ends(self, numbers: np.ndarray) -> np.ndarray | None:
        """Bins at both ends of each of some windows that do not count, (n, 2) int64; None where all do."""
        return None

    def clip(self, first: int, scores: np.ndarray) -> tuple[int, np.ndarray]:
        """Cut scores that begin at bin `first` to the bins of this piece; NaN where nothing is kept."""
        low, high = self.bounds
        start = max(first, low)
        scores = scores[start - first : max(high - first, 0)]
        bins = np.arange(start, start + len(scores))
        if len(self.drop):
            scores = _filled(scores, touched(self.drop, bins, bins + 1), self.dropped)
        if self.keep is not None:
            scores = _filled(scores, ~touched(self.keep, bins, bins + 1), np.nan)
        return start, scores

    def pieces(self, grid: Grid, most: int) -> Iterator["ChromosomePlan"]:
        """Parts of the work, each of at most `most` windows, whose bins lie side by side and are all of the plan's.

        A window at the beginning of a piece shares bins with windows of the piece before; those are predicted in both,
        so that each piece has all that its bins need.
        """
        shared = grid.shared
        first = int(self.runs[0, 0])
        while first is not None:
            room = most if first == self.runs[0, 0] else max(most - shared, 1)
            stop = _window_after(self.runs, first, room)
            runs = np.clip(self.runs, first - shared, self.runs[-1, 1] if stop is None else stop)
            bins = (self.begins(grid, np.array([first, stop or 0])) // self.bin_size).tolist()
            low = 0 if first == self.runs[0, 0] else bins[0]
            span = (low, self.bins if stop is None else bins[1])
            yield replace(self, runs=runs[runs[:, 0] < runs[:, 1]], first_window=first, span=span)
            first = stop


def groups(plans: Iterable[ChromosomePlan], grid: Grid, most: int) -> Iterator[list[ChromosomePlan]]:
    """The work in order, in steps of at most `most` windows: pieces of a long chromosome, or many short chromosomes."""
    group, windows = [], 0
    for plan in plans:
        for piece in plan.pieces(grid, most):
            size = int((piece.runs[:, 1] - piece.runs[:, 0]).sum())
            if group and windows + size > most:
                yield group
                group, windows = [], 0
            group.append(piece)
            windows += size
    if group:
        yield group


def plan(
    grid: Grid,
    lengths: Mapping[str, int],
    regions: Iterable[Interval] | None = None,
    blacklist: Iterable[Interval] = (),
    compat: str | None = None,
) -> list[ChromosomePlan]:
    """Plan every chromosome of `lengths` that has something to predict.

    Args:
        grid: how windows lie.
        lengths: chromosome -> bp, in the order of the work.
        regions: keep the bins that overlap these; None for all.
        blacklist: leave out the bins that overlap these.
        compat: with `maxatac`, windows count as that program counts them: only whole ones, none that touches the
            blacklist by a base, with regions all that touch one; and every bin of these windows is kept. With
            `factornet` or `deepgrn` bins that these programs never predict are 0, as in their tables.
    """
    wanted = merge(regions) if regions is not None else None
    unwanted = merge(blacklist)
    plans = []
    for chrom, length in lengths.items():
        if wanted is not None and chrom not in wanted:
            continue
        count = grid.count(length)
        selected = np.ones(count, bool) if wanted is None else grid.over(wanted[chrom], count)
        drop = unwanted.get(chrom, NONE)
        keep = None if wanted is None else bins_of(wanted[chrom], grid)
        if compat == "maxatac":
            selected[max((length - grid.window) // grid.stride + 1, 0) :] = False
            selected &= ~grid.over(drop, count)
            keep, drop = None, NONE
        dropped = np.nan
        if compat in BINS_OF_200:
            drop, dropped = _unpredicted(drop, length, grid.window), 0.0
        if selected.any():
            drop, steps = bins_of(drop, grid), (grid.bin_size, grid.overlap)
            plans.append(ChromosomePlan(chrom, length, *steps, runs(selected), keep, drop, dropped=dropped))
    return plans


def _window_after(runs: np.ndarray, first: int, count: int) -> int | None:
    """The window that `count` others of the runs come before, from `first` on; None if there are no more."""
    left = np.maximum(runs, first)
    before = np.concatenate([[0], np.cumsum(left[:, 1] - left[:, 0])])
    if before[-1] <= count:
        return None
    run = int(np.searchsorted(before, count, side="right")) - 1
    return int(left[run, 0] + count - before[run])


def bins_of(spans: np.ndarray, grid: Grid) -> np.ndarray:
    """Spans in bp → spans of the bins that they overlap."""
    if not len(spans):
        return spans
    first = np.maximum((spans[:, 0] - grid.overlap) // grid.bin_size, 0)
    return merge_spans(np.stack([first, -(-spans[:, 1] // grid.bin_size)], axis=1))


def _unpredicted(blacklist: np.ndarray, length: int, reach: int) -> np.ndarray:
    """Spans in bp that FactorNet and DeepGRN leave out: the blacklist, and the ends of the chromosome, all `reach` bp
    longer. (n, 2) int64."""
    enlarged = np.clip(blacklist + reach * np.array([-1, 1]), 0, length)
    return merge_spans(np.concatenate([enlarged, np.clip([[0, reach], [length - reach, length]], 0, length)]))


def _filled(scores: np.ndarray, where: np.ndarray, value: float) -> np.ndarray:
    """A copy of scores (bins,) or (bins, tracks) that has a value in some bins."""
    scores = scores.copy()
    scores[where] = value
    return scores

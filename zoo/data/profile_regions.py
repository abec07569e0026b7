"""From peaks to what a profile model is trained, validated and tested on, as ChromBPNet chooses it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data import centered, gc, outliers
from zoo.data.centered import Centered
from zoo.data.profile import Regions, check_sites, cut_sites
from zoo.errors import InputError, warn
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import NONE, merge, touched

PARTS = ("training", "validation", "test")
_FEWEST_PEAKS = 20  # on the training chromosomes
_NEGATIVES_PER_PEAK = 2  # that are drawn for training and validation; 1 for testing


@dataclass(frozen=True)
class RegionRules:
    """How regions are chosen.

    Attributes:
        window: bp that a network reads.
        output: bp in its middle that it predicts.
        jitter: bp by which peaks are moved at most.
        background: whether a bias model is trained, on background alone.
        ratio: background regions of an epoch for each peak; a bias model takes all.
        candidates: background regions that are drawn for each peak of training and validation chromosomes.
        bias_threshold: as for `zoo.data.outliers.of_background`.
        quantile: of cut sites from which on regions are left out.
        seed: of the draws.
    """

    window: int
    output: int
    jitter: int
    background: bool
    ratio: float
    candidates: int = _NEGATIVES_PER_PEAK
    bias_threshold: float = 0.5
    quantile: float = outliers.QUANTILE
    seed: int = 1234


class RegionChoice:
    """The regions of a run.

    Args:
        genome: the sequence.
        signal: cut sites.
        peaks: narrowPeak file.
        negatives: the same of background regions; None to draw them.
        blacklist: by the genome's names; windows that touch it are left out.
        chromosomes: part of `PARTS` → its chromosomes, by the genome's names.
        rules: how regions are chosen.

    Attributes:
        limits: between which cut sites regions are learned from.
        regions: part → what an epoch of it is made of; outliers are left out of training and validation only.
        left_out: why → how many peaks and background regions.

    Raises:
        InputError: too few regions, background that cannot be matched, or a signal that is no cut sites.
        GenomeMismatch: peaks of another assembly.
    """

    def __init__(
        self,
        genome: Genome,
        signal: Signal,
        peaks: str | Path,
        negatives: str | Path | None,
        blacklist: Sequence[Interval],
        chromosomes: Mapping[str, Sequence[str]],
        rules: RegionRules,
    ) -> None:
        self._genome, self._blacklist, self._chromosomes, self._rules = genome, blacklist, chromosomes, rules
        self.left_out: dict[str, tuple[int, int]] = {}
        there = self._places(peaks, negatives)
        learned = [items.on([chrom for part in PARTS[:2] for chrom in chromosomes[part]]) for items in there]
        first = [items.among(mine) for items, mine in zip(there, learned, strict=True)]
        found = {f"peaks on the {part} chromosomes": int(first[0].on(chromosomes[part]).sum()) for part in PARTS[:2]}
        _check_number({**found, "background regions": len(first[1])})
        check_sites(signal, first[0], rules.output)
        totals = [centered.sums(cut_sites(signal), items, rules.output) for items in first]
        self.limits = self._limits(*totals)
        kept = [items.among(self.limits.kept(each)) for items, each in zip(first, totals, strict=True)]
        self._count("by their cut sites", first, kept)
        self.regions = {
            part: self._part(*(items.among(items.on(chromosomes[part])) for items in kept)) for part in PARTS[:2]
        }
        between = f"between {self.limits.lowest:g} and {self.limits.highest:g} cut sites"
        _check_number({f"{part} regions {between}": len(regions) for part, regions in self.regions.items()})
        tested = [items.among(items.on(chromosomes["test"])) for items in there]
        self.regions["test"] = Regions(*tested, len(tested[1]))

    def _places(self, peaks: str | Path, negatives: str | Path | None) -> tuple[Centered, Centered]:
        """Peaks and background, those left out whose windows leave their chromosome or touch the blacklist."""
        rules, sizes = self._rules, self._genome.sizes
        every, whole = centered.read(peaks, self._genome)
        inside = every.among(every.inside(sizes, rules.window + 2 * rules.jitter))
        found = self._clear(inside)
        if negatives is None:
            ratios = dict.fromkeys(PARTS, rules.candidates) | {"test": 1}
            drawn = centered.joined(*(self._matched(found, whole, part, ratios[part]) for part in PARTS))
            given = placed = background = drawn
        else:
            given = centered.read(negatives, self._genome)[0]
            placed = given.among(given.inside(sizes, rules.window))
            background = self._clear(placed)
        self._count("at the ends of chromosomes", (every, given), (inside, placed))
        self._count("blacklisted", (inside, placed), (found, background))
        return found, background

    def _count(self, why: str, before: Sequence[Centered], after: Sequence[Centered]) -> None:
        lost = tuple(len(items) - len(left) for items, left in zip(before, after, strict=True))
        if any(lost):
            self.left_out[why] = lost

    def _clear(self, regions: Centered) -> Centered:
        """Those whose windows share no base with the blacklist."""
        spans, starts = merge(self._blacklist), regions.middles - self._rules.window // 2
        kept = np.ones(len(regions), bool)
        for chrom in np.unique(regions.chroms):
            mine = regions.chroms == chrom
            kept[mine] = ~touched(spans.get(str(chrom), NONE), starts[mine], starts[mine] + self._rules.window)
        return regions.among(kept)

    def _matched(self, peaks: Centered, whole: Sequence[Interval], part: str, ratio: int) -> Centered:
        """Background of a part, with the G + C of its peaks."""
        chromosomes, width = self._chromosomes[part], self._rules.window
        there = gc.candidates(self._genome, chromosomes, width, [*whole, *self._blacklist])
        wanted = gc.fractions(self._genome, peaks.among(peaks.on(chromosomes)), width)
        return there.among(gc.matched(wanted, gc.fractions(self._genome, there, width), ratio, self._rules.seed))

    def _limits(self, peaks: np.ndarray, negatives: np.ndarray) -> outliers.CountLimits:
        rules = self._rules
        if rules.background:
            return outliers.of_background(peaks, negatives, rules.bias_threshold, rules.quantile)
        return outliers.of_peaks(peaks, negatives, rules.ratio, rules.seed, rules.quantile)

    def _part(self, peaks: Centered, negatives: Centered) -> Regions:
        """What an epoch of a part has: of a bias model all background, else peaks and some background."""
        if self._rules.background:
            return Regions(peaks.among(np.empty(0, np.int64)), negatives, len(negatives))
        asked = int(self._rules.ratio * len(peaks))
        if asked > len(negatives):
            warn(f"{asked:,} background regions are asked for in each epoch; there are {len(negatives):,}.")
        return Regions(peaks, negatives, min(asked, len(negatives)))


def _check_number(found: Mapping[str, int]) -> None:
    """Raise `InputError` unless there are enough regions: peaks to train on, and one of all others."""
    needed = {name: _FEWEST_PEAKS if name == "peaks on the training chromosomes" else 1 for name in found}
    if few := [name for name, number in found.items() if number < needed[name]]:
        raise InputError(
            "There must be enough regions: " + ", ".join(f"at least {needed[name]} {name}" for name in few),
            received=dict(found),
            hint="Are chromosomes and peaks the right ones?",
        )

"""Quality control of a sample's reads: lengths of fragments, enrichment, and whether there are enough of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.prepare.coverage import BLOCK
from zoo.prepare.normalize import statistics

_FRACTIONS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_BIN = 512  # bp
_STRETCHES, _CUTS = 8, 2_000_000  # of 4 Mb, at least, and cuts, about, that are thinned out
_TOGETHER = 256
_RICHEST = 0.01
_THIN_CUTS, _THIN_BASES = 1e-3, 1e-4  # cuts per base; positive bases of all, for each base that a cut counts for
_SMALL, _TENTH = 0.01, 0.1  # of the genome, and of the cuts


@dataclass(frozen=True)
class Quality:
    """Of a sample; none of it needs annotated genes.

    Attributes:
        lengths: number of fragments of 0, 1, … 999 bp, and of 1,000 bp or more: nucleosomes show as waves of about
            200 bp (Buenrostro et al. 2013). All 0 for single reads.
        fingerprint: fraction of all cuts that lie in the poorest 0, 1, … 100 % of bins of 512 bp; a diagonal is noise
            (Diaz et al. 2012, Stat Appl Genet Mol Biol 11: 9; deepTools' plotFingerprint).
        cuts_in_richest: fraction of all cuts in the richest 1 % of bins.
        signal_to_noise: mean of the cuts in those bins over that of all others; None where those have none.
        saturation: from fractions of the cuts, the last of which is 1, the percentile of positive bases, scaled to all
            of them, over that of all; it falls to 1 where more reads would change the normalized track no more. None
            if a tenth of the cuts that were looked at leaves no base above 0.
    """

    lengths: tuple[int, ...]
    fingerprint: tuple[float, ...]
    cuts_in_richest: float
    signal_to_noise: float | None
    saturation: tuple[tuple[float, float], ...] | None

    @classmethod
    def from_json(cls, said: Mapping) -> "Quality":
        """What `dataclasses.asdict` and JSON made of one."""
        pairs = said["saturation"]
        saturation = None if pairs is None else tuple(tuple(pair) for pair in pairs)
        return cls(
            tuple(said["lengths"]),
            tuple(said["fingerprint"]),
            said["cuts_in_richest"],
            said["signal_to_noise"],
            saturation,
        )


class QualityCollector:
    """Collects statistics of a sample's cuts in one pass.

    Args:
        bases: of all its chromosomes.
        cuts: on them, about.
        reach: bp that a cut counts for on each side.
        percentile: of positive bases, that the track is normalized by.
    """

    def __init__(self, bases: int, cuts: int, reach: int, percentile: float) -> None:
        stretches, enough = -(-bases // BLOCK), -(-cuts // _CUTS)
        self._every = max(min(enough, stretches // _STRETCHES), 1)
        self._reach, self._percentile, self._seen = reach, percentile, 0
        self._bins: list[np.ndarray] = []
        self._waiting: list[np.ndarray] = []  # short stretches, which are thinned out together
        self._histograms = [np.zeros(1, np.int64) for _ in _FRACTIONS]  # bases by the cuts that count for them
        self._random = np.random.default_rng(0)

    def add(self, counts: np.ndarray) -> None:
        """Cuts (n,) at the bases of the next stretch."""
        whole = np.pad(counts, (0, -len(counts) % _BIN))
        self._bins.append(whole.reshape(-1, _BIN).sum(axis=1))
        self._waiting.append(counts)
        if sum(map(len, self._waiting[-_TOGETHER:])) >= BLOCK // 2 or len(self._waiting) == _TOGETHER:
            self._thin()

    def _thin(self) -> None:
        """Count the bases of what waits by the cuts that are left of all, for each fraction."""
        if self._waiting and self._seen % self._every == 0:
            ends = np.cumsum([len(counts) for counts in self._waiting])
            counts = np.concatenate(self._waiting)
            at = np.flatnonzero(counts)
            stretch = np.searchsorted(ends, at, side="right")
            spans = (
                np.maximum(at - self._reach, np.append(0, ends)[stretch]),
                np.minimum(at + self._reach + 1, ends[stretch]),
            )
            for number, fraction in enumerate(_FRACTIONS):
                thinned = self._random.binomial(counts[at], fraction)
                self._histograms[number] = _added(self._histograms[number], _lengths(*spans, thinned))
        self._seen += bool(self._waiting)
        self._waiting = []

    def finish(self, lengths: np.ndarray) -> Quality:
        """Of everything that was added; `lengths` are numbers of fragments."""
        self._thin()
        bins = np.sort(np.concatenate(self._bins))
        total = max(int(bins.sum()), 1)
        curve = np.concatenate([[0], np.cumsum(bins)]) / total
        places = np.linspace(0, len(bins), 101).astype(int)
        poor, rich = np.split(bins, [len(bins) - max(round(_RICHEST * len(bins)), 1)])
        noise = poor.mean() if len(poor) else 0
        return Quality(
            tuple(lengths.tolist()),
            tuple(curve[places].round(6).tolist()),
            float(rich.sum() / total),
            float(rich.mean() / noise) if noise else None,
            self._saturation(),
        )

    def _saturation(self) -> tuple[tuple[float, float], ...] | None:
        try:
            highest = [self._high(histogram) for histogram in self._histograms]
        except InputError:  # no positive base is left
            return None
        scaled = [high / fraction for high, fraction in zip(highest, _FRACTIONS, strict=True)]
        return tuple((fraction, value / scaled[-1]) for fraction, value in zip(_FRACTIONS, scaled, strict=True))

    def _high(self, histogram: np.ndarray) -> float:
        cuts = np.arange(len(histogram), dtype=np.float32)
        return statistics(lambda: [(cuts, histogram)], self._percentile).high


def concerns(cuts: Mapping[str, int], sizes: Mapping[str, int], positive: int, reach: int) -> list[str]:
    """Warnings of a sample: too few cuts to be scaled by, or one small sequence that has many of them.

    Args:
        cuts: chromosome → cuts.
        sizes: chromosome → bp.
        positive: bases with any coverage.
        reach: bp that a cut counts for on each side.
    """
    total, bases = sum(cuts.values()), sum(sizes.values())
    notes = []
    if total < _THIN_CUTS * bases or positive < _THIN_BASES * (2 * reach + 1) * bases:
        notes.append(
            f"the sample is thin: {total:,} cuts on {bases:,} bp ({1000 * total / bases:.3g} in 1,000 bp), "
            f"{positive / bases:.2%} of the bases are positive; its percentile, and all that is predicted from it, "
            "rests on few reads"
        )
    for chrom, count in cuts.items():
        if count >= _TENTH * total and sizes[chrom] < _SMALL * bases:
            notes.append(
                f"{chrom} has {count / total:.0%} of the cuts on {sizes[chrom] / bases:.2%} of the genome; it sets the "
                "scale of the track: choose chromosomes without it"
            )
    return notes


def _lengths(starts: np.ndarray, ends: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Bases by the cuts that count for them; (n,) cuts count from starts (n,) to ends (n,), which lie in order."""
    kept = counts > 0
    edges, counts = np.concatenate([starts[kept], ends[kept]]), counts[kept]
    order = np.argsort(edges, kind="stable")
    depth = np.cumsum(np.concatenate([counts, -counts])[order])[:-1]
    return np.bincount(depth, np.diff(edges[order])).astype(np.int64) if len(depth) else np.zeros(1, np.int64)


def _added(histogram: np.ndarray, more: np.ndarray) -> np.ndarray:
    if len(more) > len(histogram):
        histogram, more = more, histogram
    histogram[: len(more)] += more
    return histogram

"""What a sample's reads say of its quality: lengths of fragments, enrichment, and whether there are enough of them."""

from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.prepare.coverage import BLOCK, smoothed
from zoo.prepare.normalize import statistics

_SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_BIN = 512  # bp
_STRETCHES = 8  # of 4 Mb, whose cuts are thinned out
_RICHEST = 0.01


@dataclass(frozen=True)
class Quality:
    """Of a sample; none of it needs annotated genes.

    Attributes:
        lengths: number of fragments of 0, 1, … 999 bp, and of 1,000 bp or more: nucleosomes show as waves of about
            200 bp (Buenrostro et al. 2013).
        fingerprint: share of all cuts that lie in the poorest 0, 1, … 100 % of bins of 512 bp; a diagonal is noise
            (Diaz et al. 2012, Stat Appl Genet Mol Biol 11: 9; deepTools' plotFingerprint).
        cuts_in_richest: share of all cuts in the richest 1 % of bins.
        signal_to_noise: mean of the cuts in those bins over that of all others; None where those have none.
        saturation: from shares of the cuts, the last of which is 1, the percentile of positive bases, scaled to all of
            them, over that of all; it falls to 1 where more reads would change the normalized track no more.
    """

    lengths: tuple[int, ...]
    fingerprint: tuple[float, ...]
    cuts_in_richest: float
    signal_to_noise: float | None
    saturation: tuple[tuple[float, float], ...]


class Collector:
    """Sees a sample's cuts go by.

    Args:
        bases: of all its chromosomes.
        reach: bp that a cut counts for on each side.
        percentile: of positive bases, that the track is normalized by.
    """

    def __init__(self, bases: int, reach: int, percentile: float) -> None:
        self._every = -(-bases // BLOCK // _STRETCHES) or 1
        self._reach, self._percentile, self._seen = reach, percentile, 0
        self._bins: list[np.ndarray] = []
        self._histograms = [np.zeros(1, np.int64) for _ in _SHARES]  # bases by the cuts that count for them
        self._random = np.random.default_rng(0)

    def add(self, counts: np.ndarray) -> None:
        """Cuts (n,) at the bases of the next stretch."""
        whole = np.pad(counts, (0, -len(counts) % _BIN))
        self._bins.append(whole.reshape(-1, _BIN).sum(axis=1))
        if self._seen % self._every == 0:
            at = np.flatnonzero(counts)
            for number, share in enumerate(_SHARES):
                thinned = np.zeros_like(counts)
                thinned[at] = self._random.binomial(counts[at], share)
                for runs in smoothed("", [thinned], self._reach):
                    self._histograms[number] = _added(self._histograms[number], runs.values, runs.lengths)
        self._seen += 1

    def finish(self, lengths: np.ndarray) -> Quality:
        """Of everything that was added; `lengths` are numbers of fragments."""
        bins = np.sort(np.concatenate(self._bins))
        total = max(int(bins.sum()), 1)
        curve = np.concatenate([[0], np.cumsum(bins)]) / total
        places = np.linspace(0, len(bins), 101).astype(int)
        poor, rich = np.split(bins, [len(bins) - max(round(_RICHEST * len(bins)), 1)])
        noise = poor.mean() if len(poor) else 0
        highest = [self._high(histogram) for histogram in self._histograms]
        scaled = [high / share for high, share in zip(highest, _SHARES, strict=True)]
        return Quality(
            tuple(lengths.tolist()),
            tuple(curve[places].round(6).tolist()),
            float(rich.sum() / total),
            float(rich.mean() / noise) if noise else None,
            tuple((share, value / (scaled[-1] or 1)) for share, value in zip(_SHARES, scaled, strict=True)),
        )

    def _high(self, histogram: np.ndarray) -> float:
        cuts = np.arange(len(histogram), dtype=np.float32)
        try:
            return statistics(lambda: [(cuts, histogram)], self._percentile).high
        except InputError:  # no cut in the stretches looked at
            return 0.0


def _added(histogram: np.ndarray, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    more = np.bincount(values, lengths).astype(np.int64)
    if len(more) > len(histogram):
        histogram, more = more, histogram
    histogram[: len(more)] += more
    return histogram

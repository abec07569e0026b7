"""Sites and scores from the files of `zoo.predict_many`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.comparison.scores import FactorScores, SiteScores
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.genome.spans import merge, read_bins
from zoo.many.finished import Finished

_AT_ONCE = 64  # stretches of a track


def sites_of(beds: Mapping[tuple[str, str], Path]) -> dict[str, list[Interval]]:
    """Model → its sites in all samples, joined where these overlap or touch, in the order of the genome."""
    found: dict[str, list[Interval]] = {model: [] for model, _ in beds}
    for (model, _), path in beds.items():
        found[model] += [region for region, _, _ in bed.rows(path)]
    return {model: _joined(items) for model, items in found.items()}


def _joined(items: Sequence[Interval]) -> list[Interval]:
    merged = merge(items)
    return [
        Interval(chrom, start, end)
        for chrom in sorted(merged, key=names.natural)
        for start, end in merged[chrom].tolist()
    ]


def of_tracks(finished: Finished) -> SiteScores:
    """Sites of BED files and their highest scores in bigWig files, of a pass that `has_tracks`.

    What no track covers has the score 0. Models without a threshold are left out: they have no sites.
    """
    tracks, own, samples = finished.bigwigs(), sites_of(finished.beds()), finished.samples
    chroms = tuple(sorted({item.chrom for items in own.values() for item in items}, key=names.natural))
    factors = []
    for model, items in own.items():
        places = np.array([chroms.index(item.chrom) for item in items], np.int32)
        spans = np.array([(item.start, item.end) for item in items], np.int64).reshape(-1, 2)
        scores = [_highest(Signal(tracks[model, sample]), chroms, places, spans) for sample in samples]
        threshold = finished.thresholds[model]
        factors.append(FactorScores(model, threshold, places, spans, np.array(scores, np.float32).T))
    return SiteScores(tuple(samples), chroms, tuple(factors))


def _highest(track: Signal, chroms: Sequence[str], places: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(sites,) float32 of sites in the order of the genome that do not touch."""
    found = np.zeros(len(spans), np.float32)
    for number, chrom in enumerate(chroms):
        here = places == number
        edges = spans[here].ravel()
        parts = [
            np.maximum.reduceat(values, starts)
            for _, values, starts in (read_bins(track, chrom, edges, _AT_ONCE) if here.any() else ())
        ]
        if parts:
            found[here] = np.concatenate(parts)[::2]  # in between are gaps
    return found

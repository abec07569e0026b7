"""Several predictors on the same held-out bins, with confidence intervals and tests."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import mannwhitneyu, wilcoxon

from zoo.arguments import whole
from zoo.errors import InputError
from zoo.evaluate import bins
from zoo.evaluate.baselines import Predictor
from zoo.evaluate.binding import Binding
from zoo.evaluate.curves import Scores
from zoo.evaluate.selection import BinSelection
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal

_REPEATS, _BLOCK = 1000, 100_000  # of the bootstrap; bp of what is drawn as a whole


@dataclass(frozen=True)
class Row:
    """A predictor.

    Attributes:
        name: of the predictor.
        binding: its metrics.
        interval: 95 % confidence interval of its average precision, by bootstrap over blocks of the chromosomes.
        curve: recall and precision, thinned for a picture.
        best: where its F1 is highest (`zoo.evaluate.curves.Curve.best`).
    """

    name: str
    binding: Binding
    interval: tuple[float, float]
    curve: Mapping[str, list[float]]
    best: Mapping[str, float]

    def to_json(self) -> dict:
        """A plain JSON object."""
        return asdict(self)


def compare(
    predictors: Mapping[str, Predictor],
    bound: bins.Bound,
    track: Signal,
    chromosomes: Sequence[str] | None = None,
    region: Interval | None = None,
    blacklist: Sequence[Interval] | None = None,
    bin_size: int = 200,
    repeats: int = _REPEATS,
    seed: int = 0,
) -> list[Row]:
    """Evaluate predictors on the same bins, whole ones as in `zoo.evaluate.binding.benchmark`.

    All bins of the chromosomes or the region count, whether a predictor has a value there or not: predict all of them.

    Bins next to one another are not independent, so the bootstrap draws blocks of 100 kb, the same ones for all
    predictors (Künsch 1989, Ann Stat 17: 1217).

    Args:
        predictors: by name.
        bound: which bins are.
        track: whose chromosomes and lengths the bins are of.
        chromosomes: default all of the track.
        region: only bins that lie in it.
        blacklist: leave out the bins that overlap these.
        bin_size: bp.
        repeats: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        InputError: as `benchmark` does; repeats or a seed that are no whole numbers.
    """
    repeats, seed = whole("repeats", repeats, 1, 10**6), whole("seed", seed, 0, (1 << 64) - 1)
    predicted: dict[str, list[np.ndarray]] = {name: [] for name in predictors}
    positive, blocks, first_block = [], [], 0
    for chrom, places, keep in BinSelection(track, chromosomes, region, None, blacklist, bin_size):
        positive.append(bound(chrom, places)[keep])
        blocks.append(first_block + blocks_of(places, keep))
        first_block = int(blocks[-1][-1]) + 1
        for name, predictor in predictors.items():
            predicted[name].append(predictor(chrom, places)[keep])
    truth, drawn = np.concatenate(positive), np.concatenate(blocks)
    weights = _weights(drawn, repeats, seed)
    rows = []
    for name, parts in predicted.items():
        scores, seen = np.concatenate(parts), Scores()
        seen.add(truth, scores)
        curve = seen.curve()
        rows.append(Row(name, Binding.of(curve), interval(truth, scores, drawn, weights), curve.thinned(), curve.best))
    return rows


def interval(positive: np.ndarray, scores: np.ndarray, blocks: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """95 % of the average precisions of bootstrap samples.

    Args:
        positive: (n,) bool.
        scores: (n,).
        blocks: (n,) which block a bin is in.
        weights: (repeats, blocks) how often each block was drawn.
    """
    low, high = np.nanpercentile(_resampled(positive, scores, blocks, weights), [2.5, 97.5])
    return float(low), float(high)


def blocks_of(places: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The number of the 100-kb block, from 0, of each bin that is kept of those between edges (n + 1,) in bp."""
    return (places[:-1] - places[0])[keep] // _BLOCK


@dataclass(frozen=True)
class Gain:
    """The difference of two sets of runs in average precision, with its 95 % confidence interval."""

    value: float
    low: float
    high: float


def gain(
    positive: Mapping[str, np.ndarray],
    one: Sequence[Mapping[str, np.ndarray]],
    other: Sequence[Mapping[str, np.ndarray]],
    blocks: np.ndarray,
    repeats: int = _REPEATS,
    seed: int = 0,
) -> Gain:
    """How much higher the average precision of the runs of `one` is than that of `other`, the mean over factors.

    The bootstrap draws pairs of runs (of one seed) and blocks, the same ones for both and for all factors; a factor
    that has no positive bin in the blocks drawn does not count there.

    Args:
        positive: factor → (n,) bool, whether it is in a bin.
        one: of each run, factor → (n,) scores.
        other: the same of the runs that they are compared with, in the same order.
        blocks: (n,) which block a bin is in (`blocks_of`).
        repeats: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        InputError: not as many runs of both, or none.
    """
    if len(one) != len(other) or not one:
        raise InputError("Runs must be pairs", example="a run of each seed", received={"runs": (len(one), len(other))})
    once, weights = np.ones((1, int(blocks.max()) + 1), np.int64), _weights(blocks, repeats, seed)
    weights = np.concatenate([once, weights])
    first, second = (
        np.array([[_resampled(positive[factor], run[factor], blocks, weights) for factor in positive] for run in runs])
        for runs in (one, other)
    )
    known = np.isfinite(first)  # (runs, factors, 1 + repeats)
    counts = known.sum(axis=1)
    totals = np.where(known, first - second, 0).sum(axis=1)
    differences = np.divide(totals, counts, out=np.full(totals.shape, np.nan), where=counts > 0)
    drawn = np.random.default_rng((seed, 1)).integers(0, len(one), (len(one), repeats))
    means = np.take_along_axis(differences[:, 1:], drawn, axis=0).mean(axis=0)
    low, high = np.nanpercentile(means, [2.5, 97.5])
    return Gain(float(differences[:, 0].mean()), float(low), float(high))


def _resampled(positive: np.ndarray, scores: np.ndarray, blocks: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precisions with blocks drawn so often, (repeats,); NaN without a positive item."""
    order = np.argsort(-scores, kind="stable")
    positive, blocks, scores = positive[order], blocks[order], scores[order]
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    return np.array([_average_precision(positive, row[blocks], ends) for row in weights])


@dataclass(frozen=True)
class Difference:
    """A test of whether one set of numbers is higher than another, two-sided.

    Attributes:
        name: "Wilcoxon signed-rank" of pairs, or "Mann-Whitney U".
        median: of the differences of pairs, or the difference of the medians.
        p_value: None where there are too few numbers that differ.
    """

    name: str
    median: float
    p_value: float | None


def paired(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Whether `one` differs from `other`, pair by pair: models on the same factors (Wilcoxon's signed-rank test)."""
    if len(one) != len(other) or not len(one):
        raise InputError("Pairs must have as many numbers of each", received={"one": len(one), "other": len(other)})
    differences = np.subtract(one, other)
    p_value = float(wilcoxon(differences).pvalue) if differences.any() else None
    return Difference("Wilcoxon signed-rank", float(np.median(differences)), p_value)


def unpaired(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Whether the numbers of `one` differ from those of `other` (Mann-Whitney's U test)."""
    if not len(one) or not len(other):
        raise InputError("There must be numbers to compare", received={"one": len(one), "other": len(other)})
    difference = float(np.median(one) - np.median(other))
    return Difference("Mann-Whitney U", difference, float(mannwhitneyu(one, other).pvalue))


def _weights(blocks: np.ndarray, repeats: int, seed: int) -> np.ndarray:
    """How often blocks are drawn with replacement, (repeats, blocks)."""
    count = int(blocks.max()) + 1
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), repeats)


def _average_precision(positive: np.ndarray, weights: np.ndarray, ends: np.ndarray) -> float:
    hits, called = np.cumsum(weights * positive)[ends], np.cumsum(weights)[ends]
    if not hits[-1]:
        return float("nan")
    precision = np.divide(hits, called, out=np.zeros(len(hits)), where=called > 0)
    return float(np.sum(np.diff(hits, prepend=0) * precision) / hits[-1])

"""What models of profiles and counts are compared with; each learns from regions of other chromosomes.

Each of these is called with regions and which of them, and returns probabilities (n, bp) or (n, bp, strands) and log
counts (n,), as `zoo.evaluate.profile_models.predictor` does.
"""

import numpy as np
from sklearn.linear_model import RidgeCV

from zoo.errors import InputError
from zoo.evaluate.baselines import KmerRegression
from zoo.evaluate.profile_regions import CountedRegions
from zoo.evaluate.profiles import observed_log_counts
from zoo.forward.readouts import untransformed
from zoo.genome.encode import one_hot
from zoo.inputs.reader import WindowReader
from zoo.model import Model

_STEP = 16  # bp, whose multiples `KmerRegression` takes
_CONTEXT = 512  # bp on each side whose composition it sees
_OF_SHAPES, _OF_TOTALS = 700, 3000  # regions that are learned from, at most
_LEAST = 1e-6  # counts per bp that a profile has everywhere
_TOGETHER = 32  # regions, whose k-mers are counted at once

Predicted = tuple[np.ndarray, np.ndarray]


class MeanRegion:
    """The mean profile of all reads, and the mean log count, of every region.

    Args:
        learned: regions.
        pseudocount: what is added to totals before the logarithm.
    """

    def __init__(self, learned: CountedRegions, pseudocount: float) -> None:
        total, logs = 0.0, []
        for some in learned.batches():
            counts = learned.counts(some)
            total = total + counts.sum(axis=0, dtype=np.float64)
            logs.append(observed_log_counts(counts, pseudocount))
        self._profile, self._log_counts = _normalized((total / len(learned))[None]), float(np.concatenate(logs).mean())

    def __call__(self, regions: CountedRegions, some: slice) -> Predicted:
        """The same of each."""
        count = len(range(*some.indices(len(regions))))
        return np.repeat(self._profile, count, axis=0), np.full(count, self._log_counts)


class KmerProfile:
    """Ridge regression on k-mers and on G + C: of ln(1 + counts) of each 16 bp from what is around them
    (`KmerRegression`), and of log counts from the composition of the region.

    Args:
        learned: regions; profiles are learned from up to 700, totals from up to 3,000 of them, evenly spaced.
        pseudocount: what is added to totals before the logarithm.
    """

    def __init__(self, learned: CountedRegions, pseudocount: float) -> None:
        self._span = -(-learned.output // _STEP) * _STEP  # around the region
        self._reader = WindowReader(learned.reader.genome)
        batches = _Learned(learned, self, _OF_SHAPES)
        tracks = range(len(learned.reader.tracks))
        self._shapes = [KmerRegression(bin_size=1).fit(batches, _OF_SHAPES, track=track) for track in tracks]
        self._total = RidgeCV(alphas=np.logspace(0, 6, 7))
        batches = _Learned(learned, self, _OF_TOTALS)
        rows = [batches.rows(step) for step in range(batches.steps)]
        features = [self._composition(self.windows(learned, some)) for some in rows]
        logs = [observed_log_counts(learned.counts(some), pseudocount) for some in rows]
        self._total.fit(np.concatenate(features), np.concatenate(logs))

    def __call__(self, regions: CountedRegions, some: slice) -> Predicted:
        """Of each, by its sequence."""
        x, margin = self.windows(regions, some), (self._span - regions.output) // 2
        shapes = np.stack([np.expm1(shape.predict(x)) for shape in self._shapes], axis=-1)
        shapes = shapes[:, margin : margin + regions.output]
        profile = _normalized(shapes if regions.stranded else shapes[..., 0])
        return profile, self._total.predict(self._composition(x)).astype(np.float64)

    def windows(self, regions: CountedRegions, some: slice) -> np.ndarray:
        """(n, bp, 4) one-hot, with the context of the outermost places."""
        return one_hot(regions.windows(self._reader, some, self._span + 2 * _CONTEXT)[0])

    def targets(self, regions: CountedRegions, some: slice) -> np.ndarray:
        """ln(1 + counts) of each base, (n, bp, strands)."""
        counts = np.log1p(regions.counts(some, self._span))
        return counts if regions.stranded else counts[..., None]

    def _composition(self, x: np.ndarray) -> np.ndarray:
        return KmerRegression(bin_size=1).features(x, self._span).mean(axis=1)


class _Learned:
    """Up to `most` regions, evenly spaced, as batches that `KmerRegression` learns from."""

    def __init__(self, regions: CountedRegions, of: KmerProfile, most: int) -> None:
        self._regions, self._of, self._every = regions, of, -(-len(regions) // most)
        self.steps = -(-len(range(0, len(regions), self._every)) // _TOGETHER)

    def rows(self, step: int) -> slice:
        """The regions of a batch."""
        first = step * _TOGETHER * self._every
        return slice(first, min(first + _TOGETHER * self._every, len(self._regions)), self._every)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """As `zoo.data.batches.Batches`."""
        some = self.rows(step)
        return self._of.windows(self._regions, some), self._of.targets(self._regions, some)


class AccessibilityModel:
    """A model of accessibility in bins: its track as a profile, and ln of its sum, fitted to log counts by a line.

    Args:
        model: that reads DNA alone and predicts one track, whose window has at least the length of a region.
        learned: regions that the line is fitted to.
        pseudocount: what is added to totals before the logarithm.

    Raises:
        InputError: another model.
    """

    def __init__(self, model: Model, learned: CountedRegions, pseudocount: float) -> None:
        spec, output = model.spec, model.spec.output
        margin = spec.input.window // 2 - learned.output // 2 - output.offset  # bp of bins before the region
        if spec.input.tracks or output.tracks or margin < 0 or margin + learned.output > output.bins * output.bin_size:
            raise InputError(
                "A model that profiles are compared with must read DNA alone, and predict one track of the region",
                received={"model": spec.name, "bp": output.bins * output.bin_size, "region": learned.output},
            )
        self._model, self._margin, self._reader = model, margin, WindowReader(learned.reader.genome)
        sums, logs = [], []
        for some in learned.batches():
            sums.append(np.log(self._track(learned, some).sum(axis=1)))
            logs.append(observed_log_counts(learned.counts(some), pseudocount))
        self._line = np.polyfit(np.concatenate(sums), np.concatenate(logs), 1)

    def __call__(self, regions: CountedRegions, some: slice) -> Predicted:
        """Of each, by its sequence; the same on both strands."""
        track = self._track(regions, some)
        log_counts = np.polyval(self._line, np.log(track.sum(axis=1)))
        strands = len(regions.reader.tracks)
        return _normalized(np.stack([track] * strands, axis=-1) if regions.stranded else track), log_counts

    def _track(self, regions: CountedRegions, some: slice) -> np.ndarray:
        """Predicted accessibility of each base, (n, bp) float64, above 0."""
        spec = self._model.spec
        x = one_hot(regions.windows(self._reader, some, spec.input.window)[0])
        bins = untransformed(self._model.predict(x, progress=False), spec.output.transform, spec.output.pseudocount)
        bases = np.repeat(bins.astype(np.float64), spec.output.bin_size, axis=1)
        return np.maximum(bases[:, self._margin : self._margin + regions.output], _LEAST)


def _normalized(values: np.ndarray) -> np.ndarray:
    """Probabilities of regions; those that are too small, or below 0, have the least."""
    values = np.maximum(values, _LEAST)
    return values / values.sum(axis=tuple(range(1, values.ndim)), keepdims=True)

"""Baselines: what a model is compared with.

Of accessibility: predictions from composition alone, and from the shape of an average peak.

Of binding: motifs in open chromatin, the signal alone, the sequence alone, other cell types (Cazares et al. 2023,
Methods: what maxATAC is compared with). Each of these is a predictor: it is called with a chromosome and the n + 1
edges of its bins, in bp, and returns (n,) float32.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import RidgeCV

from zoo.data.batches import Batches
from zoo.errors import InputError
from zoo.evaluate import bins
from zoo.genome import bed, motifs, names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import NONE, bins_touched, merge
from zoo.genome.text import whole

_STEP = 16  # bp from one set of features to the next
_REACHES = (32, 128, 512)  # bp on each side whose composition counts
_AT_ONCE = 1 << 20  # bp that are scanned for motifs together
_BLOCK = 1 << 22  # bp read at once

Predictor = Callable[[str, np.ndarray], np.ndarray]


class KmerRegression:
    """Ridge regression of ln(1 + track) on the composition around a position.

    Features are the counts of canonical k-mers that begin within 128 bp, so that both strands count alike but for the
    k - 1 bases beyond the end of that reach, and the fractions of G and C within 32, 128 and 512 bp.

    Args:
        bin_size: bp of a bin, a divisor of 16.
        k: length of the k-mers.
    """

    def __init__(self, bin_size: int = 4, k: int = 5) -> None:
        self._bin_size, self._k = bin_size, k
        codes = np.arange(4**k)
        digits = codes[:, None] // 4 ** np.arange(k)[::-1] % 4
        turned = ((3 - digits[:, ::-1]) * 4 ** np.arange(k)[::-1]).sum(axis=1)
        self._canonical = np.unique(np.minimum(codes, turned), return_inverse=True)[1]
        self._model = RidgeCV(alphas=np.logspace(0, 6, 7))

    def fit(self, batches: Batches, most: int = 3000, seed: int = 0, track: int = 0) -> "KmerRegression":
        """Learn from the targets of up to `most` windows, (n, bins, tracks), which lie in the middle of the windows."""
        random = np.random.default_rng(seed)
        steps = random.permutation(batches.steps)
        features, targets, count = [], [], 0
        for step in steps:
            x, y = batches.batch(int(step))
            kmers = self.features(x, y.shape[1])
            features.append(kmers.reshape(-1, kmers.shape[-1]))
            targets.append(y[..., track].reshape(len(y), kmers.shape[1], -1).mean(axis=-1).ravel())
            count += len(x)
            if count >= most:
                break
        self._model.fit(np.concatenate(features), np.concatenate(targets))
        self._bins = y.shape[1]
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n, window, 4) one-hot → (n, bins), as many as the targets had."""
        features = self.features(x, self._bins)
        predicted = self._model.predict(features.reshape(-1, features.shape[-1])).reshape(features.shape[:2])
        return np.repeat(predicted, self._bins // predicted.shape[1], axis=1)

    def features(self, x: np.ndarray, bins: int) -> np.ndarray:
        """(n, window, 4) one-hot → (n, places, features) float32, a place every 16 bp of the `bins` in the middle.

        First the counts of canonical k-mers in the order of their codes, then the three fractions of G and C.
        """
        length = x.shape[1]
        span = bins * self._bin_size
        places = (length - span) // 2 + _STEP // 2 + np.arange(0, span, _STEP)
        known = x.sum(axis=-1) > 0
        codes = x.argmax(axis=-1)
        words = np.zeros((len(x), length - self._k + 1), np.int64)
        whole = np.ones_like(words, bool)
        for shift in range(self._k):
            words = words * 4 + codes[:, shift : shift + words.shape[1]]
            whole &= known[:, shift : shift + words.shape[1]]
        kinds = self._canonical.max() + 1
        words = np.where(whole, self._canonical[words], kinds)
        counts = np.zeros((len(x), len(places), kinds + 1), np.float32)
        for number, place in enumerate(places):
            near = words[:, max(place - _REACHES[1], 0) : place + _REACHES[1]]
            flat = near + np.arange(len(x))[:, None] * (kinds + 1)
            counts[:, number] = np.bincount(flat.ravel(), minlength=len(x) * (kinds + 1)).reshape(len(x), -1)
        strong = np.cumsum(np.pad(x[..., 1] + x[..., 2], ((0, 0), (1, 0))), axis=1)
        fractions = [
            (strong[:, np.minimum(places + reach, length)] - strong[:, np.maximum(places - reach, 0)])
            / (np.minimum(places + reach, length) - np.maximum(places - reach, 0))
            for reach in _REACHES
        ]
        return np.concatenate([counts[..., :kinds], np.stack(fractions, axis=-1)], axis=-1, dtype=np.float32)


class MeanProfile:
    """The mean target of each bin of a window, whatever its sequence."""

    def fit(self, batches: Batches, track: int = 0) -> "MeanProfile":
        """Learn from a track of all windows."""
        total, count = 0.0, 0
        for step in range(batches.steps):
            y = batches.batch(step)[1][..., track]
            total, count = total + y.sum(axis=0, dtype=np.float64), count + len(y)
        self._profile = (total / count).astype(np.float32)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n, window, 4) → (n, bins), the same in every row."""
        return np.repeat(self._profile[None], len(x), axis=0)


def track(signal: Signal) -> Predictor:
    """The highest value of a track in each bin: of a prediction, or of ATAC-seq as what the signal alone predicts."""
    return lambda chrom, places: bins.maxima(signal, _name(chrom, signal.sizes, str(signal.path)), places)


def other_cells(binding: Sequence[str | Path]) -> Predictor:
    """The mean over cell types of arcsinh of what was measured there: ChIP-seq tracks, or narrowPeak files.

    Args:
        binding: bigWig files; or narrowPeak files, whose seventh column counts where a peak is.
    """
    if not binding:
        raise InputError("There must be a cell type to predict from", received={"binding": []})
    sources = [Signal(path) if Path(path).suffix.lower() in (".bw", ".bigwig") else _Peaks(path) for path in binding]

    def mean(chrom: str, places: np.ndarray) -> np.ndarray:
        signals = [
            source(chrom, places) if isinstance(source, _Peaks) else track(source)(chrom, places) for source in sources
        ]
        return np.mean(np.arcsinh(signals), axis=0).astype(np.float32)

    return mean


class Motif:
    """How many hits of motifs begin in each bin, within regions only.

    Args:
        genome: the sequence.
        patterns: name → probabilities (4, width) of A, C, G, T (`zoo.genome.motifs.read_motifs`).
        regions: where to look, by the genome's names; for example `zoo.prepare.peaks.open_regions`.
        p_value: of a hit, at most.

    Raises:
        MissingExtra: memelite, which scans, is not installed.
    """

    def __init__(
        self, genome: Genome, patterns: Mapping[str, np.ndarray], regions: Sequence[Interval], p_value: float = 1e-5
    ) -> None:
        self._genome, self._motifs, self._p_value = genome, dict(patterns), p_value
        self._regions = merge(regions)
        self._hits: dict[str, np.ndarray] = {}

    def __call__(self, chrom: str, places: np.ndarray) -> np.ndarray:
        """Hits that begin between neighboring edges."""
        if chrom not in self._hits:
            hits = [self._scan(chrom, part) for part in self._parts(chrom)]
            self._hits[chrom] = np.sort(np.concatenate(hits)) if hits else np.empty(0, np.int64)
        return np.diff(np.searchsorted(self._hits[chrom], places)).astype(np.float32)

    def _parts(self, chrom: str) -> Iterator[np.ndarray]:
        """Regions that are scanned together."""
        spans = self._regions.get(chrom, NONE)
        lengths = np.cumsum(spans[:, 1] - spans[:, 0]) // _AT_ONCE
        for number in np.unique(lengths):
            yield spans[lengths == number]

    def _scan(self, chrom: str, spans: np.ndarray) -> np.ndarray:
        """Where hits begin."""
        sequences = [self._genome.codes(chrom, int(start), int(end)) for start, end in spans]
        starts = []
        for hits in motifs.scan(self._motifs, sequences, self._p_value).values():
            places = np.stack([spans[hits.sequence, 0] + hits.start, hits.end - hits.start], axis=1)
            starts.append(np.unique(places, axis=0)[:, 0])  # one that matches on both strands counts once
        return np.concatenate(starts)


class Flat(Signal):
    """A signal that has its mean everywhere: a model of sequence and signal then predicts from sequence alone.

    Args:
        signal: the track.
        regions: whose bases the mean is of; default all.
    """

    def __init__(self, signal: Signal, regions: Sequence[Interval] | None = None) -> None:
        super().__init__(signal.source, signal.fill)
        places = regions or [Interval(chrom, 0, size) for chrom, size in signal.sizes.items()]
        total = sum(float(part.sum(dtype=np.float64)) for place in places for part in _values(signal, place))
        self.mean = total / sum(map(len, places))

    def identity(self) -> dict[str, object]:
        """That of the track, and the value that stands for it."""
        return {**super().identity(), "everywhere": self.mean}

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """The mean, (end - start,) float32."""
        return np.full(end - start, self.mean, np.float32)


class _Peaks:
    """The highest seventh column of the peaks of a narrowPeak file that touch a bin; 1 where there is none."""

    def __init__(self, path: str | Path) -> None:
        self._by_chrom: dict[str, list[tuple[int, int, float]]] = {}
        for line, where in bed.lines(path):
            columns = line.split()
            try:
                peak = whole(columns[1]), whole(columns[2]), float(columns[6]) if len(columns) > 6 else 1.0
            except (ValueError, IndexError):
                raise InputError(
                    "A line of peaks must have chrom, start, end, and may have a value in column 7",
                    where=where,
                    received={"line": line.rstrip("\n")[:80]},
                ) from None
            self._by_chrom.setdefault(columns[0], []).append(peak)

    def __call__(self, chrom: str, places: np.ndarray) -> np.ndarray:
        values = np.zeros(len(places) - 1, np.float32)
        peaks = self._by_chrom.get(names.find(chrom, self._by_chrom) or "", ())
        first, last = bins_touched(places, *np.array([peak[:2] for peak in peaks], np.int64).reshape(-1, 2).T)
        for low, high, (_, _, value) in zip(first, last, peaks, strict=True):
            values[low:high] = np.maximum(values[low:high], value)
        return values


def _values(signal: Signal, place: Interval) -> Iterator[np.ndarray]:
    for first in range(place.start, place.end, _BLOCK):
        yield signal.values(place.chrom, first, min(first + _BLOCK, place.end))


def _name(chrom: str, sizes: Mapping[str, int], where: str) -> str:
    name = names.find(chrom, sizes)
    if name is None:
        raise InputError(
            "A track must have the chromosome", where=where, received={"chrom": chrom, "present": list(sizes)[:5]}
        )
    return name

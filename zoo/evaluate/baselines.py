"""What a model has to beat: predictions from composition alone, and from the shape of an average peak."""

import numpy as np
from sklearn.linear_model import RidgeCV

from zoo.data.batches import Batches

_STEP = 16  # bp from one set of features to the next
_REACHES = (32, 128, 512)  # bp on each side whose composition counts


class KmerRegression:
    """Ridge regression of ln(1 + track) on the composition around a position; both strands count alike.

    Features are the counts of canonical k-mers within 128 bp, and the shares of G and C within 32, 128 and 512 bp.

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

    def fit(self, batches: Batches, most: int = 3000, seed: int = 0) -> "KmerRegression":
        """Learn from the targets of up to `most` windows, (n, bins, 1), which lie in the middle of the windows."""
        random = np.random.default_rng(seed)
        steps = random.permutation(batches.steps)
        features, targets, count = [], [], 0
        for step in steps:
            x, y = batches.batch(int(step))
            found = self._features(x, y.shape[1])
            features.append(found.reshape(-1, found.shape[-1]))
            targets.append(y[..., 0].reshape(len(y), found.shape[1], -1).mean(axis=-1).ravel())
            count += len(x)
            if count >= most:
                break
        self._model.fit(np.concatenate(features), np.concatenate(targets))
        self._bins = y.shape[1]
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n, window, 4) one-hot → (n, bins), as many as the targets had."""
        features = self._features(x, self._bins)
        found = self._model.predict(features.reshape(-1, features.shape[-1])).reshape(features.shape[:2])
        return np.repeat(found, self._bins // found.shape[1], axis=1)

    def _features(self, x: np.ndarray, bins: int) -> np.ndarray:
        """(n, places, features) float32, a place every 16 bp of the bins in the middle of the window."""
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
        shares = [
            (strong[:, np.minimum(places + reach, length)] - strong[:, np.maximum(places - reach, 0)])
            / (np.minimum(places + reach, length) - np.maximum(places - reach, 0))
            for reach in _REACHES
        ]
        return np.concatenate([counts[..., :kinds], np.stack(shares, axis=-1)], axis=-1, dtype=np.float32)


class MeanProfile:
    """The mean target of each bin of a window, whatever its sequence."""

    def fit(self, batches: Batches) -> "MeanProfile":
        """Learn from all windows."""
        total, count = 0.0, 0
        for step in range(batches.steps):
            y = batches.batch(step)[1][..., 0]
            total, count = total + y.sum(axis=0, dtype=np.float64), count + len(y)
        self._profile = (total / count).astype(np.float32)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n, window, 4) → (n, bins), the same in every row."""
        return np.repeat(self._profile[None], len(x), axis=0)

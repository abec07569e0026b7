"""The windows that a converted model's golden outputs are of."""

import numpy as np


def golden_inputs(window: int, tracks: int = 1, at_once: int | None = None) -> np.ndarray:
    """Four windows that exercise the network, (4, window, 4 + tracks) float32, the same on every machine.

    Of networks that take fewer windows at once (`PredictionSpec.batch_size`), the last ones of them.

    No base and no signal; a pattern of bases with a rectified sine as signal; random bases with a run of N and a
    signal that goes above 1, twice. Further tracks are the first one, moved.
    """
    position = np.arange(window)
    bases, signal = np.full((4, window), 4), np.zeros((4, window), np.float32)
    bases[1], signal[1] = (position**2 + position // 7) % 4, np.abs(np.sin(position / 50))
    random = np.random.RandomState(2023)
    for row in (2, 3):
        bases[row] = random.randint(0, 4, window)
        bases[row, 100 * row : 100 * row + 50] = 4
        center, width = random.randint(0, window), random.randint(40, 200)
        signal[row] = 1.5 * np.exp(-(((position - center) / width) ** 2))
    one_hot = np.eye(5, dtype=np.float32)[:, :4][bases]
    x = np.concatenate([one_hot, *(np.roll(signal, 37 * i, axis=1)[..., None] for i in range(tracks))], axis=-1)
    return x if at_once is None else x[-at_once:]

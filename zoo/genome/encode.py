"""Bases as numbers: one byte per base, and one-hot."""

import numpy as np

from zoo.spec import BASES

N = len(BASES)  # the code of every letter that is not A, C, G or T
_CODE_OF_BYTE = np.full(256, N, np.uint8)
for _code, _base in enumerate(BASES):
    _CODE_OF_BYTE[[ord(_base), ord(_base.lower())]] = _code
_ONE_HOT = np.eye(N + 1, N, dtype=np.float32)


def encode(sequence: str | bytes) -> np.ndarray:
    """Codes of a sequence: A 0, C 1, G 2, T 3, anything else 4; lower case as upper. (length,) uint8.

    >>> encode("ACgtN").tolist()
    [0, 1, 2, 3, 4]
    """
    raw = sequence.encode("ascii", "replace") if isinstance(sequence, str) else sequence
    return _CODE_OF_BYTE[np.frombuffer(raw, np.uint8)]


def one_hot(codes: np.ndarray) -> np.ndarray:
    """(…,) codes → (…, 4) float32 in the order A, C, G, T; code 4 becomes all zeros."""
    return _ONE_HOT[codes]


def codes_of(windows: np.ndarray) -> np.ndarray:
    """(…, 4 or more) → codes (…,) uint8, of the largest of the first four; 4 where all of them are 0."""
    bases = windows[..., : len(BASES)]
    return np.where(bases.any(axis=-1), bases.argmax(axis=-1), N).astype(np.uint8)

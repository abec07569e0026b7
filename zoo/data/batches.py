"""Step-indexed, reproducible batches, and how workers share one.

The batch of a step depends on the seed and the step alone: a run that goes on at some step sees what an uninterrupted
one does, and workers that share a step see different rows of the same batch.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

Arrays = tuple[np.ndarray | Mapping[str, np.ndarray], np.ndarray | Mapping[str, np.ndarray]]


def share(rows: np.ndarray, worker: int, workers: int) -> np.ndarray:
    """A worker's rows of a step, as many as every other's: if they do not divide evenly the first ones come twice."""
    return np.resize(rows, -(-len(rows) // workers) * workers)[worker::workers]


class Batches(Protocol):
    """Step-indexed, reproducible batches.

    Attributes:
        steps: batches of an epoch.
        inputs: name → shape of an input of the network, the window (bp, channels) first; a single one is given as it
            is, several as a dictionary.
        targets: the same of targets.
    """

    steps: int
    inputs: Mapping[str, tuple[int, ...]]
    targets: Mapping[str, tuple[int, ...]]

    def batch(self, step: int, worker: int = 0, workers: int = 1) -> Arrays:
        """A worker's rows of a step: windows (n, bp, channels) float32, and their targets (n, …) float32."""
        ...

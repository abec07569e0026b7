"""The goldens of ASAP's networks: weights and answers of the authors' PyTorch package."""

import json
from pathlib import Path

import keras
import numpy as np

from zoo.porting import asap


class Golden:
    """One folder of goldens."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, folder.name
        self.meta = json.loads((folder / "meta.json").read_text())
        self.weights = dict(np.load(folder / "weights.npz"))
        self.io = np.load(folder / "io.npz")
        self.x = ours(self.io["x"]).astype(np.float32)
        self.tolerance = 4 * self.meta["max_abs_diff_float32_vs_float64"]  # of the original itself, from 4e-6 to 9e-6

    def network(self, mappability: bool = True) -> keras.Model:
        """The imported network."""
        arguments = {**self.meta["constructor_args"], "use_map": mappability}
        weights = {name: w for name, w in self.weights.items() if mappability or not name.startswith("unmap")}
        return asap.from_torch(self.name, weights, **arguments)


def ours(x: np.ndarray) -> np.ndarray:
    """Columns A, G, C, T → A, C, G, T."""
    return x[..., [0, 2, 1, 3]]

"""Whether a model gives the numbers here that it gave where it was made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from zoo.environment import versions
from zoo.notebook.tables import facts, folded, titled


@dataclass(frozen=True)
class Check:
    """The outcome of `Model.check`.

    Attributes:
        difference: the largest difference between the outputs and the golden ones.
        tolerance: how large it may be.
        versions: of the packages that made the outputs, and the Keras backend.
    """

    name: str
    difference: float
    tolerance: float
    versions: dict[str, str | None]

    @property
    def passed(self) -> bool:
        """Whether this machine gives the expected numbers."""
        return self.difference <= self.tolerance

    def __str__(self) -> str:
        return f"{self.name}: {self._outcome}, largest difference {self.difference:.2g}, tolerance {self.tolerance:.2g}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        found = {"outcome": self._outcome, "largest difference": self.difference, "tolerance": self.tolerance}
        return titled(f"Check of {self.name}", facts(found), folded("versions", facts(self.versions)))

    @property
    def _outcome(self) -> str:
        return "passed" if self.passed else "FAILED"


def check(
    name: str, predicted: Callable[[str], np.ndarray], golden: Mapping[str, np.ndarray], tolerance: float
) -> Check:
    """Compare what a model predicts with its golden outputs, of each head.

    Differences are relative to the largest golden output of the head where that is above 1. Predictions of a head with
    a single track have no axis for it.
    """
    differences = [
        np.abs(predicted(head).reshape(wanted.shape) - wanted).max() / max(np.abs(wanted).max(), 1)
        for head, wanted in golden.items()
    ]
    return Check(name, float(max(differences)), tolerance, versions())

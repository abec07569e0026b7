"""What other rooms need of a model, which is above them: `zoo.model.Model` is a `Predictor`."""

from pathlib import Path
from typing import Protocol

from zoo.forward.forward import Forward
from zoo.forward.precision import FLOAT32
from zoo.forward.readouts import Selection
from zoo.inputs.opening import Inputs
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import ModelSpec


class Predictor(Protocol):
    """A model that predicts.

    Attributes:
        spec: what it reads and returns.
        network: its `keras.Model`.
        thresholds: its calibration table, or None.
        path: of its folder, and
        origin: of what that was converted from, or None; no output may replace either.
    """

    spec: ModelSpec
    network: object
    thresholds: ThresholdTable | None
    path: Path
    origin: Path | None

    def forward(self, views: tuple[str, ...], selection: Selection | None = None, precision: str = FLOAT32) -> Forward:
        """The compiled forward pass over some views."""

    def tiled(self, tiles: int) -> "Predictor | None":
        """The same for so many windows side by side, read as one; None if the network cannot."""

    def inputs(
        self,
        genome: object,
        signal: object,
        regions: object,
        chromosomes: object,
        blacklist: object,
        compat: object,
        covariates: object = None,
    ) -> Inputs:
        """The files of a prediction, opened and matched; as for `Model.predict`."""

    def provenance(self) -> dict:
        """What identifies the model in a sidecar."""

"""The first version of `config.json`, read as the second: one signal and one output, its transform given in words.

Published folders of that version stay as they are, byte for byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from registry import typed

SCHEMA_VERSION = 1
_LOGARITHM = "ln(1 + "  # in the words of a quantity, for models of accessibility


@dataclass(frozen=True)
class _Signal:
    assay: str
    smoothing: int
    read_depth: int
    percentile: float
    fill: float


@dataclass(frozen=True)
class _Input:
    window: int
    genome: str
    signal: _Signal | None


@dataclass(frozen=True)
class _Output:
    bins: int
    bin_size: int
    offset: int
    target: str
    quantity: str


_KEYS = {"name", "description", "architecture", "input", "output", "prediction", "metrics", "provenance"}
_PREDICTION = {"stride", "views", "center_only"}


def upgraded(value: Mapping[str, object], where: object) -> dict:
    """The object of a `config.json` of the first version as one of the second.

    Raises `IntegrityError` for keys that this version did not have, and for an input or an output of another kind.
    """
    typed.closed(value, _KEYS, where)
    typed.closed(value["prediction"], _PREDICTION, f"{where}: prediction", {"center_only"})
    typed.parse(_Input, value["input"], f"{where}: input")
    output = typed.parse(_Output, value["output"], f"{where}: output")
    signal = value["input"]["signal"]
    tracks = {"tracks": [] if signal is None else [signal]}
    kind, transform = ("accessibility", "log1p") if _LOGARITHM in output.quantity else ("binding", "identity")
    head = {**value["output"], "name": kind, "kind": kind, "transform": transform}
    kept = {key: item for key, item in value.items() if key != "output"}
    inputs = {key: item for key, item in value["input"].items() if key != "signal"}
    return {**kept, "input": inputs | tracks, "outputs": [head]}

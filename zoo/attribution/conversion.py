"""Attributions as a pandas data frame and as xarray."""

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.extras import extra
from zoo.spec import BASES

if TYPE_CHECKING:
    import pandas
    import xarray

_LETTERS = np.array([*BASES, "N"])
_DIMENSIONS = {  # of an array, those that it has
    "contribution": ("window", "position", "base"),
    "hypothetical": ("window", "position", "base"),
    "signal": ("window", "position", "track"),
    "prediction": ("window",),
    "baseline": ("window",),
}


def to_frame(found: Any) -> "pandas.DataFrame":
    """See `Attributions.to_frame`."""
    count, width = found.codes.shape
    starts = np.array([interval.start for interval in found.intervals] or [0] * count, np.int64)
    columns = {
        "window": np.repeat(_windows(found), width),
        "chrom": np.repeat([interval.chrom for interval in found.intervals] or [""] * count, width),
        "position": (starts[:, None] + np.arange(width)).ravel(),
        "base": _LETTERS[found.codes].ravel(),
        "contribution": found.scores.ravel(),
    }
    if found.signal is not None:
        tracks = found.signal.reshape(count * width, -1)
        names = ["signal"] if tracks.shape[1] == 1 else [f"signal_{number}" for number in range(tracks.shape[1])]
        columns |= dict(zip(names, tracks.T, strict=True))
    return extra("pandas", "a data frame").DataFrame(columns)


def to_xarray(found: Any) -> "xarray.Dataset":
    """See `Attributions.to_xarray`."""
    arrays = {"contribution": found.values} | {
        name: getattr(found, name) for name in ("hypothetical", "signal", "prediction", "baseline")
    }
    there = {name: (_DIMENSIONS[name][: array.ndim], array) for name, array in arrays.items() if array is not None}
    of_windows = {
        name: ("window", [getattr(item, name) for item in found.intervals]) for name in ("chrom", "start", "end")
    }
    return extra("xarray", "arrays with names").Dataset(
        there | {"sequence": (("window", "position"), _LETTERS[found.codes])},
        coords={"window": _windows(found), "base": list(BASES), **(of_windows if found.intervals else {})},
        attrs={
            "model": found.model,
            "method": found.method,
            "target": found.target,
            "coordinates": "0-based, half-open, bp",
        },
    )


def _windows(found: Any) -> list[str] | list[int]:
    return [str(interval) for interval in found.intervals] or list(range(len(found)))

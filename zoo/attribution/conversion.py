"""Attributions as a pandas data frame, as AnnData and as xarray."""

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.extras import extra
from zoo.formats.h5ad import unique
from zoo.spec import BASES

if TYPE_CHECKING:
    import anndata
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
_PLACE = ("chrom", "start", "end", "name")
_ABOUT = ("model", "method", "target")
_COORDINATES = "0-based, half-open, bp"


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
    columns |= {name: values.ravel() for name, values in _of_signal(found).items()}
    return extra("pandas", "a data frame").DataFrame(columns)


def to_anndata(found: Any) -> "anndata.AnnData":
    """See `Attributions.to_anndata`."""
    package, pandas = extra("anndata", "AnnData"), extra("pandas", "AnnData")
    of_windows = {"prediction": found.prediction, "baseline": found.baseline, "error": found.error}
    if found.intervals:
        places = {name: [getattr(item, name) for item in found.intervals] for name in _PLACE}
        of_windows = {**places, **of_windows}
    known = {name: values for name, values in of_windows.items() if values is not None}
    every_base = {"contribution": found.values, "hypothetical": found.hypothetical}
    return package.AnnData(
        X=found.scores,
        obs=pandas.DataFrame(known, index=list(unique(map(str, _windows(found))))),
        var=pandas.DataFrame(index=list(map(str, range(found.codes.shape[1])))),
        layers={"code": found.codes, **_of_signal(found)},
        obsm={name: values for name, values in every_base.items() if values is not None},
        uns={name: getattr(found, name) for name in _ABOUT} | {"bases": [*BASES, "N"], "coordinates": _COORDINATES},
    )


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
        attrs={name: getattr(found, name) for name in _ABOUT} | {"coordinates": _COORDINATES},
    )


def _of_signal(found: Any) -> dict[str, np.ndarray]:
    """Name → (windows, positions), what each track adds; none for a model of DNA alone."""
    if found.signal is None:
        return {}
    tracks = found.signal.reshape(*found.codes.shape, -1)
    names = ["signal"] if tracks.shape[-1] == 1 else [f"signal_{number}" for number in range(tracks.shape[-1])]
    return {name: tracks[..., number] for number, name in enumerate(names)}


def _windows(found: Any) -> list[str] | list[int]:
    return [str(interval) for interval in found.intervals] or list(range(len(found)))

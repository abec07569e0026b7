"""Scores of variants as AnnData and as xarray."""

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.extras import extra
from zoo.formats.h5ad import unique

if TYPE_CHECKING:
    import anndata
    import pandas
    import xarray

_PLACE = ("chrom", "pos", "id", "ref", "alt", "skipped")


def to_anndata(found: Any) -> "anndata.AnnData":
    """See `VariantScores.to_anndata`."""
    package, frame = extra("anndata", "AnnData"), _frame(found)
    columns, layers = list(found.tracks or found.scores), {}
    if found.tracks:
        layers = {name: found.of_tracks(name) for name in found.names}
        values = layers.pop(found.names[0])
    else:
        values = np.stack(list(found.scores.values()), axis=1)
    obs = frame[[*_PLACE, *found.texts]]
    obs.index = list(unique(map(str, found.variants)))
    data = package.AnnData(X=values, obs=obs, layers=layers)
    data.var_names = columns
    data.uns.update({"model": found.model, "scores": found.names, "coordinates": "pos is 1-based"})
    return data


def to_xarray(found: Any) -> "xarray.Dataset":
    """See `VariantScores.to_xarray`."""
    package, frame = extra("xarray", "arrays with names"), _frame(found)
    dimensions = ("variant", "track") if found.tracks else ("variant",)
    arrays = {name: (dimensions, found.of_tracks(name) if found.tracks else found.scores[name]) for name in found.names}
    for name in ("reference", "alternative"):
        if (profiles := getattr(found, name)) is not None:
            whole = np.full((len(found), *profiles.shape[1:]), np.nan, np.float32)
            whole[[place.number for place in found.places]] = profiles
            arrays[name] = (("variant", "bin"), whole)
    places = {name: ("variant", np.array(frame[name].tolist())) for name in _PLACE}
    named = {"variant": list(map(str, found.variants))} | ({"track": list(found.tracks)} if found.tracks else {})
    return package.Dataset(arrays, coords={**named, **places}, attrs={"model": found.model})


def _frame(found: Any) -> "pandas.DataFrame":
    """The table; "" is why those that are scored are skipped, as columns of text hold nothing but text."""
    frame = found.to_frame()
    return frame.assign(skipped=["" if reason is None else reason for reason in frame["skipped"]])

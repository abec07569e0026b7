"""Predictions of regions as arrays of one width, as AnnData, as xarray."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.arguments import is_one_of
from zoo.errors import InputError, warn
from zoo.extras import extra
from zoo.formats.h5ad import unique
from zoo.predict.rows import RegionScores

if TYPE_CHECKING:
    import anndata
    import xarray

REDUCTIONS = {"max": np.fmax.reduce, "mean": np.nanmean, "sum": np.nansum}
COORDINATES = "0-based, half-open, bp"


@dataclass(frozen=True, eq=False)
class Aligned:
    """Bins of regions, as many of each.

    Attributes:
        scores: (regions, bins) float32, or (regions, bins, tracks); NaN where none was predicted.
        starts: (regions, bins) int64, where each bin begins on the chromosome.
    """

    scores: np.ndarray
    starts: np.ndarray


def aligned(rows: Sequence[RegionScores], width: int, bin_size: int, step: int, tracks: int) -> Aligned:
    """Bins around the middle of each region, as near to it as the grid of the bins allows.

    Warns if regions are so short that some columns have no bin of any.

    Args:
        rows: of the regions.
        width: bp, a multiple of `step`.
        bin_size: bp.
        step: bp from the beginning of a bin to that of the next.
        tracks: 0 for scores without an axis of tracks.
    """
    count = width // step
    scores = np.full((len(rows), count, *[tracks] * (tracks > 0)), np.nan, np.float32)
    starts, there = np.zeros((len(rows), count), np.int64), np.zeros(count, bool)
    for number, row in enumerate(rows):
        begin = int(row.starts[0])
        first = (2 * (row.center - begin) - (width + bin_size - step) + step) // (2 * step)  # rounded
        low, high = max(first, 0), min(first + count, len(row.scores))
        starts[number] = begin + step * (first + np.arange(count))
        if low < high:
            scores[number, low - first : high - first] = row.scores[low:high]
            there[low - first : high - first] = True
    if len(rows) and not there.all():
        warn(
            f"Only {there.sum():,} of {count:,} columns of the matrix have a bin of any region: a width of {width:,} "
            "bp is more than was predicted. Predict longer regions for the rest"
        )
    return Aligned(scores, starts)


def to_anndata(
    rows: Sequence[RegionScores],
    tracks: Sequence[str],
    reduce: str,
    bins: np.ndarray | None,
    sizes: Mapping[str, int],
) -> "anndata.AnnData":
    """Regions × tracks, see `Predictions.to_anndata`.

    Args:
        rows: of the regions.
        tracks: their names; empty for one without a name.
        reduce: one of `REDUCTIONS`.
        bins: (regions, bins) or (regions, bins, tracks), to be kept beside.
        sizes: of bins, in bp.
    """
    if not is_one_of(reduce, REDUCTIONS):
        raise InputError(f"reduce must be one of {', '.join(REDUCTIONS)}", received={"reduce": reduce})
    package, pandas = extra("anndata", "AnnData"), extra("pandas", "AnnData")
    count = max(len(tracks), 1)
    values = np.full((len(rows), count), np.nan, np.float32)
    for number, row in enumerate(rows):
        scores = row.scores.reshape(len(row.scores), count)
        known = ~np.isnan(scores).all(axis=0)
        values[number, known] = REDUCTIONS[reduce](scores[:, known], axis=0)
    obs = {**_places(rows), "bins": [len(row.scores) for row in rows]}
    return package.AnnData(
        X=values,
        obs=pandas.DataFrame(obs, index=list(unique(str(row.interval) for row in rows))),
        var=pandas.DataFrame(index=list(tracks or ("score",))),
        obsm={} if bins is None else {"bins": bins},
        uns={"reduction": reduce, **sizes, "coordinates": COORDINATES},
    )


def to_xarray(
    rows: Sequence[RegionScores], tracks: Sequence[str], bins: Aligned, width: int | None, sizes: Mapping[str, int]
) -> "xarray.DataArray":
    """Regions × bins (× tracks), see `Predictions.to_xarray`.

    Args:
        rows: of the regions.
        tracks: their names; empty for one without a name.
        bins: as many of each region.
        width: bp around the middle of each that they are, or None for all bins.
        sizes: of bins, in bp.
    """
    count = bins.scores.shape[1]
    places = np.arange(count) if width is None else (np.arange(count) + 0.5) * sizes["step"] - width / 2
    named = {"region": [str(row.interval) for row in rows], "bin": places} | ({"track": list(tracks)} if tracks else {})
    of_regions = {name: ("region", values) for name, values in _places(rows).items()}
    return extra("xarray", "an array with names").DataArray(
        bins.scores,
        dims=tuple(named),
        coords={**named, **of_regions, "bin_start": (("region", "bin"), bins.starts)},
        name="score",
        attrs={**sizes, "coordinates": COORDINATES},
    )


def _places(rows: Sequence[RegionScores]) -> dict[str, list]:
    return {name: [getattr(row.interval, name) for row in rows] for name in ("chrom", "start", "end", "name")}

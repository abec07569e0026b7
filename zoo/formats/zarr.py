"""Scores in bins as Zarr, version 3, in one zip file, to be opened as `zarr.storage.ZipStore(path, mode="r")`.

One file, and no folder: it appears complete or not at all, has a digest, and is replaced only if a run made it. Its
bytes depend on what it holds alone: entries have no time, and stand in the order of the bins.
"""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from zoo.formats.content import Bins, plain_names

CHUNK = 1 << 16  # bins
_METADATA = "zarr.json"


def write(path: Path, bins: Bins) -> None:
    """Write all tracks: `<chromosome>/<track>` (bins,) float32, NaN where there is no score.

    A track without a name is called `score`; characters that names of files lack become `_`. Attributes of the whole
    are bin_size and step in bp, tracks, and lengths of chromosomes; of an array chrom, track, bin_size and step. Bin i
    begins at i × step; where bins lie on no common grid (exact windows) at `<chromosome>/start`, in bp.
    """
    import zarr

    held: dict = {}
    sizes = {"bin_size": bins.bin_size, "step": bins.every}
    attributes = {**sizes, "tracks": list(bins.tracks), "chromosomes": dict(bins.lengths)}
    root = zarr.create_group(zarr.storage.MemoryStore(held), attributes=attributes)
    groups = dict(zip(bins.lengths, plain_names(bins.lengths), strict=True))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for chrom, pieces in groupby(bins.pieces(), itemgetter(0)):
            arrays, end = _arrays(root.create_group(groups[chrom]), chrom, bins, sizes), 0
            for _, starts, scores in pieces:
                first = int(starts[0]) // bins.every if bins.on_grid else end
                end = first + len(starts)
                columns = [starts, *scores.reshape(len(starts), -1).T]
                for array, values in zip(arrays, columns[bins.on_grid :], strict=True):
                    if not bins.on_grid:
                        array.resize((end,))
                    array[first:end] = values
                _move(archive, held, end // CHUNK)
            _move(archive, held, end // CHUNK + 1)
        _archive(archive, held, lambda key: True)


def write_matrix(path: Path, matrix) -> None:
    """Write a `zoo.many.matrix.Matrix`: of each reduction an array (region, model, sample) float32 of its name.

    Beside it, by region: region, name, chrom (text), start, end, bins (int64); by model: model and what is said of it;
    by sample: sample and its design. All have dimension names, as xarray reads them. Attributes of the whole are those
    of `Matrix.described`.
    """
    import zarr

    held: dict = {}
    root = zarr.create_group(zarr.storage.MemoryStore(held), attributes=matrix.described)
    shape = (len(matrix.regions), len(matrix.models), len(matrix.samples))
    names = ("region", "model", "sample")
    block = next(matrix.parts(), slice(0, 1)).stop
    chunks = tuple(min(size, most) or 1 for size, most in zip(shape, (block, 16, 8), strict=True))

    def array(name: str, kind: object, dimensions: Sequence[int]):
        fill = {"fill_value": np.nan} if kind is np.float32 else {}
        return root.create_array(
            name,
            shape=[shape[place] for place in dimensions],
            chunks=[chunks[place] for place in dimensions],
            dtype=kind,
            dimension_names=[names[place] for place in dimensions],
            **fill,
        )

    values = {how: array(how, np.float32, (0, 1, 2)) for how in matrix.values}
    kinds = {**dict.fromkeys(("region", "name", "chrom"), str), **dict.fromkeys(("start", "end", "bins"), np.int64)}
    columns = {name: array(name, kind, (0,)) for name, kind in kinds.items()}
    for place, each in ((1, {"model": matrix.models, **matrix.about}), (2, {"sample": matrix.samples})):
        _columns(array, place, each)
    _columns(array, 2, matrix.design_beside(root))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for part in matrix.parts():
            for how, into in values.items():
                into[part] = np.asarray(matrix.values[how][part])
            places = {**matrix.places(matrix.regions[part]), "bins": matrix.counts[part]}
            for name, into in columns.items():
                into[part] = places[name].astype(kinds[name] if kinds[name] is not str else object)
            _archive(archive, held, lambda key: not key.endswith(_METADATA))
        _archive(archive, held, lambda key: True)


def _columns(array, place: int, columns: Mapping[str, Sequence]) -> None:
    for name, values in columns.items():
        of_text = isinstance(values[0], str)
        array(name, str if of_text else np.float64, (place,))[:] = np.array(values, object if of_text else np.float64)


def _archive(archive: zipfile.ZipFile, held: dict, chosen: Callable[[str], bool]) -> None:
    """Move what is complete from memory to the file, in order; without a time."""
    for key in sorted(filter(chosen, held)):
        archive.writestr(zipfile.ZipInfo(key), held.pop(key).to_bytes())


def _arrays(group, chrom: str, bins: Bins, sizes: Mapping[str, int]) -> list:
    """Empty arrays of a chromosome: of the bins' starts, unless they lie on a grid; then of each track."""
    length = -(-bins.lengths[chrom] // bins.every) if bins.on_grid else 0
    tracks = bins.tracks or ("score",)
    kinds = [(np.int64, 0), *[(np.float32, np.nan)] * len(tracks)]
    names = zip(("start", *tracks), plain_names(("start", *tracks)), kinds, strict=True)
    return [
        group.create_array(
            name,
            shape=(length,),
            chunks=(CHUNK,),
            dtype=kind,
            fill_value=fill,
            dimension_names=("bin",),
            attributes={"chrom": chrom, "track": track, **sizes},
        )
        for track, name, (kind, fill) in list(names)[bins.on_grid :]
    ]


def _move(archive: zipfile.ZipFile, held: dict, below: int) -> None:
    """Move chunks of numbers below `below`, which are complete."""

    def complete(key: str) -> bool:
        number = key.rpartition("/")[2]
        return number != _METADATA and int(number) < below

    _archive(archive, held, complete)

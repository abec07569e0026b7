"""Tensors in HDF5 files, read strictly.

A weights file is a plain tree of groups and numeric arrays. Whatever else HDF5 can express (links to other files,
data stored elsewhere, virtual arrays, Python objects) is refused before a single value is read.
"""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from zoo.errors import IntegrityError

_MAX_DEPTH = 16
_IN_ARCHIVE = "model.weights.h5"


def save(network, path: Path) -> None:
    """Write the weights of a `keras.Model` as `.weights.h5`.

    Through a `.keras` file beside it, which Keras writes from memory: HDF5 itself crashes the process where the disk is
    full. Raises `OSError`.
    """
    whole = path.with_name(f"{path.name}.keras")
    try:
        network.save(whole)
        with zipfile.ZipFile(whole) as archive:
            path.write_bytes(archive.read(_IN_ARCHIVE))
    finally:
        whole.unlink(missing_ok=True)


def open_plain(data: bytes, where: object) -> h5py.File:
    """Open HDF5 bytes after checking that they hold plain groups and arrays only.

    Raises:
        IntegrityError: not HDF5, or a link, external, virtual or object array in it.
    """
    try:
        file = h5py.File(io.BytesIO(data), "r")
    except OSError:
        raise IntegrityError("A weights file is HDF5", where=where, received={"begins with": data[:8]}) from None
    held = sum(array.nbytes for array in arrays(file, where))
    if held > len(data):
        raise IntegrityError(
            "The arrays of a weights file lie in it, uncompressed",
            where=where,
            received={"bytes of arrays": held, "bytes of the file": len(data)},
        )
    return file


def arrays(group: h5py.Group, where: object, depth: int = 0) -> Iterator[h5py.Dataset]:
    """Every array below a group, in HDF5's order. Raises `IntegrityError` for anything that is not plain."""
    for name in group:
        path = f"{group.name.rstrip('/')}/{name}"
        if not isinstance(group.get(name, getlink=True), h5py.HardLink) or depth > _MAX_DEPTH:
            raise IntegrityError("A weights file has no links and is not deep", where=where, received={"path": path})
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from arrays(item, where, depth + 1)
        elif not isinstance(item, h5py.Dataset) or item.external or item.is_virtual or item.dtype.kind not in "fiu":
            raise IntegrityError("A weights file holds numeric arrays of its own", where=where, received={"path": path})
        else:
            yield item


def finite(array: np.ndarray, where: object, path: str) -> np.ndarray:
    """Return the array if every number in it is finite; else raise `IntegrityError`."""
    if not np.isfinite(array).all():
        raise IntegrityError("Weights are finite numbers", where=where, received={"array": path})
    return array


def load(network, path: Path) -> None:
    """Fill a freshly built network from the weights file of its folder.

    Args:
        network: a `keras.Model`.
        path: `model.weights.h5` as Keras writes it, weights only.

    Raises:
        IntegrityError: a missing or additional tensor, a wrong shape or dtype, or a number that is not finite.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise IntegrityError(f"A model folder has weights that can be read ({error.strerror})", where=path) from None
    with open_plain(data, path) as file:
        found = Counter()
        for array in arrays(file, path):
            found[array.shape, str(array.dtype)] += 1
            finite(array[()], path, array.name)
    expected = Counter((tuple(variable.shape), variable.dtype) for variable in network.weights)
    if found != expected:
        raise IntegrityError(
            f"The weights of {network.name} are {expected.total()} tensors of fixed shapes and dtypes",
            where=path,
            received={
                "tensors": found.total(),
                "unexpected": list(found - expected),
                "missing": list(expected - found),
            },
        )
    try:
        network.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise IntegrityError(f"Keras finds the tensor of every layer ({error})", where=path) from None

"""Slabs on disk, for runs that read the same files again: TFRecord shards, named by the content of what they are from.

What was written is what `Slabs` keeps in memory, so a run is the same with and without. The folder may be an address
in an object store (`s3://…`) where tensorflow-io is installed, the extra `tfio`. Its last release, 0.37.1, aborts a
process that has used S3 while that ends, after all is done (exit status 134).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from registry.digests import sha256
from registry.paths import user_path
from zoo.data.slabs import SlabPlan, Slabs, empty
from zoo.errors import InputError, IntegrityError, MissingExtra

_RECORD = 1 << 22  # bytes of an array in a record
_SHARD = 64  # records of a shard
_FORMAT = 1
_INDEX = "index.json"


def cached(
    folder: str | Path,
    files: Sequence[Path],
    recipe: object,
    plan: SlabPlan,
    read: Callable[[], Slabs],
    scratch: str | Path | None = None,
) -> Slabs:
    """The slabs of a plan, from the cache, or read and then kept there.

    Args:
        folder: of all caches; made if it does not exist. Or an address in an object store.
        files: everything that is read. Their content, not their names, makes the key.
        recipe: whatever else the arrays depend on, as plain values.
        plan: where the windows lie.
        read: makes the slabs.
        scratch: as for `Slabs`.

    Raises:
        MissingExtra: an address that needs tensorflow-io.
        InputError: the folder cannot be written.
        IntegrityError: shards that do not match their index; delete them.
    """
    root = str(folder)
    if "://" in root:
        _need_filesystem(root)
    else:
        root = str(user_path(root, "cache"))
    place = f"{root.rstrip('/')}/{key(files, recipe, plan)}"
    try:
        if tf.io.gfile.exists(f"{place}/{_INDEX}"):
            return Slabs.of(plan, _load(place, plan, scratch))
        slabs = read()
        _save(place, slabs.arrays)
    except tf.errors.OpError as error:
        message = (error.message.splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"The cache must be a folder that can be written ({message})", received={"cache": root}
        ) from None
    return slabs


def key(files: Sequence[Path], recipe: object, plan: SlabPlan) -> str:
    """32 hex digits that change with the bytes of a file, the recipe, or a window's place."""
    parts = [_FORMAT, [sha256(path) for path in files], recipe, repr(plan.layout), plan.bin_size]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode())
    for chrom, starts in plan.starts.items():
        digest.update(chrom.encode() + starts.tobytes())
    return digest.hexdigest()[:32]


def _save(place: str, arrays: Sequence[np.ndarray]) -> None:
    """Write shards and then, as a sign that they are complete, the index."""
    tf.io.gfile.makedirs(place)
    rows = [(number, row) for number, array in enumerate(arrays) for row in range(len(np.atleast_2d(array)))]
    records = [
        (number, row, first)
        for number, row in rows
        for first in range(0, arrays[number].shape[-1], _RECORD // arrays[number].itemsize)
    ]
    shards = []
    for begin in range(0, len(records), _SHARD):
        name = f"slabs-{begin // _SHARD:05d}.tfrecord"
        digest = hashlib.sha256()
        with tf.io.TFRecordWriter(f"{place}/{name}") as writer:
            for number, row, first in records[begin : begin + _SHARD]:
                array = np.atleast_2d(arrays[number])[row]
                data = array[first : first + _RECORD // array.itemsize].tobytes()
                digest.update(data)
                writer.write(data)
        shards.append({"file": name, "sha256": digest.hexdigest(), "records": records[begin : begin + _SHARD]})
    described = [{"shape": array.shape, "dtype": array.dtype.str} for array in arrays]
    with tf.io.gfile.GFile(f"{place}/{_INDEX}", "w") as file:
        file.write(json.dumps({"arrays": described, "shards": shards}))


def _load(place: str, plan: SlabPlan, scratch: str | Path | None) -> list[np.ndarray]:
    """The arrays of a plan's shards. Raises `IntegrityError` for an index or a shard that is damaged."""
    try:
        with tf.io.gfile.GFile(f"{place}/{_INDEX}") as file:
            index = json.loads(file.read())
        shapes = [(tuple(array["shape"]), np.dtype(array["dtype"])) for array in index["arrays"]]
        if shapes[0][0] != (plan.bases,) or any(shape[-1] > plan.bases or len(shape) > 2 for shape, _ in shapes):
            raise ValueError
        arrays = [empty(shape, dtype, scratch) for shape, dtype in shapes]
        for shard in index["shards"]:
            _load_shard(f"{place}/{shard['file']}", shard, arrays)
    except (tf.errors.OpError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise IntegrityError(
            "The shards of a cache must have the content of its index", where=place, hint="Delete the folder"
        ) from None
    return arrays


def _load_shard(path: str, shard: Mapping[str, object], arrays: Sequence[np.ndarray]) -> None:
    """Fill arrays with the records of a shard. Raises `ValueError` if it has other ones."""
    digest = hashlib.sha256()
    records = tf.data.TFRecordDataset(path).as_numpy_iterator()
    for (number, row, first), record in zip(shard["records"], records, strict=True):
        digest.update(record)
        values = np.frombuffer(record, arrays[number].dtype)
        np.atleast_2d(arrays[number])[row, first : first + len(values)] = values
    if digest.hexdigest() != shard["sha256"]:
        raise ValueError


def _need_filesystem(address: str) -> None:
    """Register the scheme of an address with TensorFlow."""
    try:
        tf.io.gfile.exists(address)
    except tf.errors.UnimplementedError:
        try:
            import tensorflow_io  # noqa: F401  registers object stores
        except ImportError:
            raise MissingExtra(
                "tensorflow-io must be installed for caches in an object store",
                extra="tfio",
                received={"cache": address},
            ) from None
    except tf.errors.OpError:
        pass  # the scheme is registered; other errors are raised on use

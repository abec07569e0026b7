"""A model on disk: a folder of `config.json`, `model.weights.h5`, `thresholds.tsv`, `golden.npz` and `README.md`.

The folder holds data only. Loading builds the network from this package's code, then checks digests, tensors and
numbers, then fills it.
"""

import dataclasses
import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry import digests
from registry.errors import masked
from zoo import architectures, weights
from zoo.errors import InputError, IntegrityError
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import ModelSpec

CONFIG, WEIGHTS, THRESHOLDS, GOLDEN, CARD = (
    "config.json",
    "model.weights.h5",
    "thresholds.tsv",
    "golden.npz",
    "README.md",
)


_GOLDEN_BYTES = 64 << 20
_LEAST_BOUND = 1024  # so that a file that is too small is refused for what it is
_MOST_BLOCKS = 256  # entries of a list in a network's configuration


@dataclass(frozen=True)
class Golden:
    """Inputs (n, window, channels) float32 and the outputs (n, bins) float32 that they must give."""

    inputs: np.ndarray
    outputs: np.ndarray


def write(folder: Path, spec: ModelSpec, network, golden: Golden, thresholds: bytes | None, card: str) -> None:
    """Write a model folder; the caller makes it appear at its final place (`registry.store`)."""
    (folder / CONFIG).write_text(json.dumps(spec.to_json(), indent=1) + "\n", encoding="utf-8")
    weights.save(network, folder / WEIGHTS)
    np.savez_compressed(folder / GOLDEN, inputs=golden.inputs, outputs=golden.outputs)
    if thresholds is not None:
        (folder / THRESHOLDS).write_bytes(thresholds)
    (folder / CARD).write_text(card, encoding="utf-8")


def read_spec(folder: Path) -> ModelSpec:
    """The spec of a model folder. Raises `InputError` if it is none, `IntegrityError` if it is damaged."""
    config = folder / CONFIG
    try:
        data = config.read_bytes()
    except OSError as error:
        raise InputError(
            f"A model folder must have a readable {CONFIG}: {error.strerror}",
            received={"folder": str(folder)},
            hint="`zoo list` shows the names of the registry",
        ) from None
    return ModelSpec.from_json(data, config)


def read_network(folder: Path, spec: ModelSpec):
    """The `keras.Model` of a folder, built from our code and filled with the folder's weights.

    Raises:
        IntegrityError: tensors or numbers are not those of the architecture, or its shapes are not those of the spec.
    """
    architectures.require(spec.architecture.name, spec.architecture.package)
    _check_size(folder, spec)
    with weights.parsing("The network of a model", folder):  # one that does not fit into memory, too
        network = architectures.build(spec.architecture.name, **spec.architecture.config)
    expected = ((None, spec.input.window, spec.input.channels), (None, spec.output.bins))
    found = (network.input_shape, architectures.scores(network).output_shape)
    if found != expected:
        raise IntegrityError(
            "The network must have the shapes that its spec promises",
            where=folder,
            received={"spec": expected, "network": found},
        )
    weights.load(network, folder / WEIGHTS)
    return network


def _check_size(folder: Path, spec: ModelSpec) -> None:
    """Refuse a configuration that would build a network far larger than its weights file: its weights where they can be
    counted; else channels and numbers of layers are at most the number of weights, and lists of them are short."""
    path = folder / WEIGHTS
    most = max(path.stat().st_size // 4 if path.is_file() else 0, _LEAST_BOUND)
    with weights.parsing("The network of a model", folder):
        counted = architectures.count_weights(spec.architecture.name, spec.architecture.config)
    sizes = spec.architecture.config if counted is None else {"weights of the network": counted}
    for name, value in sizes.items():
        values = value if isinstance(value, tuple) else (value,)
        if len(values) > _MOST_BLOCKS or (
            name != "window" and any(isinstance(number, (int, float)) and number > most for number in values)
        ):
            raise IntegrityError(
                "The configuration of a network must fit the size of its weights",
                where=folder / CONFIG,
                received={name: value, "weights": most},
            )


def digest(spec: ModelSpec, network) -> str:
    """SHA-256 of what a model's numbers depend on: its spec without names and descriptions, and all its weights."""
    said = dataclasses.asdict(spec)
    known = {key: said[key] for key in ("architecture", "input", "output", "prediction")}
    del known["architecture"]["package"]  # which says how to get the network, not what it is
    found = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode())
    for weight in network.weights:
        value = np.ascontiguousarray(np.asarray(weight))
        found.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
    return found.hexdigest()


def read_thresholds(folder: Path) -> ThresholdTable | None:
    """The threshold table of a folder, or None if it has none."""
    path = folder / THRESHOLDS
    return ThresholdTable.read(path) if path.is_file() else None


def read_golden(folder: Path, spec: ModelSpec) -> Golden:
    """The golden inputs and outputs of a folder.

    Raises `IntegrityError` if they cannot be read, or are not finite float32 arrays of the shapes of the spec.
    """
    path = folder / GOLDEN
    with weights.parsing("The file of golden inputs and outputs", path), zipfile.ZipFile(path) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
        if sorted(sizes) != ["inputs.npy", "outputs.npy"] or sum(sizes.values()) > _GOLDEN_BYTES:
            raise IntegrityError(
                f"Golden inputs and outputs must be two arrays of at most {_GOLDEN_BYTES:,} bytes",
                where=path,
                received={"files": sizes},
            )
        arrays = []
        for name in ("inputs.npy", "outputs.npy"):
            with archive.open(name) as file:
                arrays.append(np.lib.format.read_array(file, allow_pickle=False))
        golden = Golden(*arrays)
    expected = ((spec.input.window, spec.input.channels), (spec.output.bins,))
    found = (golden.inputs.shape[1:], golden.outputs.shape[1:])
    count = golden.inputs.shape[:1]
    if (
        found != expected
        or not count[0]
        or golden.outputs.shape[:1] != count
        or any(array.dtype != np.float32 or not np.isfinite(array).all() for array in (golden.inputs, golden.outputs))
    ):
        raise IntegrityError(
            "Golden inputs and outputs must be finite float32 arrays of the shapes of the spec",
            where=path,
            received={
                "spec": [("n", *shape) for shape in expected],
                "inputs": (golden.inputs.shape, str(golden.inputs.dtype)),
                "outputs": (golden.outputs.shape, str(golden.outputs.dtype)),
            },
        )
    return golden


def verify(folder: Path) -> None:
    """Check the files of a folder against its digests, where it has them (a folder of the user's own may have none)."""
    if (folder / digests.DIGESTS).is_file():
        digests.verify(folder)


def source(folder: Path) -> dict[str, str]:
    """Where the files of a folder are from: source, commit; empty if the folder does not say."""
    if not (folder / digests.DIGESTS).is_file():
        return {}
    return {key: masked(value) for key, value in digests.read_digests(folder).source.items()}

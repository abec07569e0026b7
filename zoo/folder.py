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

import registry.store
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
            f"A model folder has a config.json that can be read ({error.strerror})", received={"folder": str(folder)}
        ) from None
    return ModelSpec.from_json(data, config)


def read_network(folder: Path, spec: ModelSpec):
    """The `keras.Model` of a folder, built from our code and filled with the folder's weights.

    Raises:
        IntegrityError: tensors or numbers are not those of the architecture, or its shapes are not those of the spec.
    """
    network = architectures.build(spec.architecture.name, **spec.architecture.config)
    expected = ((None, spec.input.window, spec.input.channels), (None, spec.output.bins))
    found = (network.input_shape, architectures.scores(network).output_shape)
    if found != expected:
        raise IntegrityError(
            "The network has the shapes that its spec promises",
            where=folder,
            received={"spec": expected, "network": found},
        )
    weights.load(network, folder / WEIGHTS)
    return network


def digest(spec: ModelSpec, network) -> str:
    """SHA-256 of what a model's numbers depend on: its spec without names and descriptions, and all its weights."""
    said = dataclasses.asdict(spec)
    known = {key: said[key] for key in ("architecture", "input", "output", "prediction")}
    found = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode())
    for weight in network.weights:
        value = np.ascontiguousarray(np.asarray(weight))
        found.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
    return found.hexdigest()


def read_thresholds(folder: Path) -> ThresholdTable | None:
    """The threshold table of a folder, or None if it has none."""
    path = folder / THRESHOLDS
    return ThresholdTable.read(path) if path.is_file() else None


def read_golden(folder: Path) -> Golden:
    """The golden inputs and outputs of a folder. Raises `IntegrityError` if they cannot be read."""
    try:
        if sum(item.file_size for item in zipfile.ZipFile(folder / GOLDEN).infolist()) > _GOLDEN_BYTES:
            raise ValueError(f"more than {_GOLDEN_BYTES:,} bytes")
        with np.load(folder / GOLDEN, allow_pickle=False) as arrays:
            golden = Golden(arrays["inputs"], arrays["outputs"])
        if golden.inputs.ndim != 3 or golden.outputs.ndim != 2 or len(golden.inputs) != len(golden.outputs):
            raise ValueError(f"shapes {golden.inputs.shape} and {golden.outputs.shape}")
        return golden
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise IntegrityError(f"Golden inputs and outputs are arrays ({error})", where=folder / GOLDEN) from None


def verify(folder: Path) -> None:
    """Check the files of a folder against its digests, where it has them (a folder of the user's own may have none)."""
    if (folder / registry.store.DIGESTS).is_file():
        registry.store.verify(folder)


def source(folder: Path) -> dict[str, str]:
    """Where the files of a folder are from: source, commit; empty if the folder does not say."""
    if not (folder / registry.store.DIGESTS).is_file():
        return {}
    return dict(registry.store.read_digests(folder).source)

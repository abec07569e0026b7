"""A model on disk: a folder of `config.json`, `model.weights.h5`, `thresholds.tsv`, `golden.npz` and `README.md`.

The folder holds data only. Loading builds the network from this package's code, then checks digests, tensors and
numbers, then fills it.
"""

import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from registry import digests, typed
from registry.errors import masked
from zoo import architectures, weights
from zoo.errors import InputError, IntegrityError
from zoo.forward.heads import check_shapes
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import CONTROLS, COVARIATES, WINDOW, Architecture, ModelSpec

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
_BESIDE = (CONTROLS, COVARIATES)  # inputs beside the window


@dataclass(frozen=True)
class Golden:
    """Inputs and the outputs that they must give, all float32.

    Attributes:
        inputs: (n, window, channels).
        outputs: (n, bins) or (n, bins, tracks), the first head.
        beside: what else the model reads, by the names of its inputs: controls, covariates.
        others: the other heads by name.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    beside: Mapping[str, np.ndarray] = field(default_factory=dict)
    others: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: ModelSpec, x: object, answers: Mapping[str, np.ndarray]) -> "Golden":
        """From what `check_arrays` returns, and every head of the spec by its name."""
        first, *others = (head.name for head in spec.outputs)
        beside = {name: x[name] for name in _BESIDE if name in x}
        return cls(x[WINDOW], answers[first], beside, {name: answers[name] for name in others})

    @property
    def x(self) -> dict[str, np.ndarray]:
        """The inputs as `Model.predict` takes them."""
        return {WINDOW: self.inputs, **self.beside}

    def arrays(self, spec: ModelSpec) -> dict[str, np.ndarray]:
        """Name in the file → array."""
        heads = {head.name: f"outputs_{i}" for i, head in enumerate(spec.outputs)}
        others = {heads[name]: values for name, values in self.others.items()}
        return {"inputs": self.inputs, "outputs": self.outputs, **self.beside, **others}


def write(folder: Path, spec: ModelSpec, network, golden: Golden, thresholds: bytes | None, card: str) -> None:
    """Write a model folder; the caller makes it appear at its final place (`registry.store`)."""
    (folder / CONFIG).write_text(json.dumps(spec.to_json(), indent=1) + "\n", encoding="utf-8")
    weights.save(network, folder / WEIGHTS)
    np.savez_compressed(folder / GOLDEN, **golden.arrays(spec))
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
    check_shapes(network, spec, folder)
    weights.load(network, folder / WEIGHTS)
    return network


def _check_size(folder: Path, spec: ModelSpec) -> None:
    """Refuse a configuration that would build a network far larger than its weights file: its weights where they can be
    counted; else channels and numbers of layers are at most the number of weights, and lists of them are short."""
    path = folder / WEIGHTS
    most = max(path.stat().st_size // 4 if path.is_file() else 0, _LEAST_BOUND)
    for network in _members(spec.architecture, folder / CONFIG):  # each is smaller than all together
        with weights.parsing("The network of a model", folder):
            counted = architectures.count_weights(network.name, network.config)
        sizes = network.config if counted is None else {"weights of the network": counted}
        _check_sizes(sizes, most, folder / CONFIG)


def _members(network: Architecture, where: Path) -> Iterator[Architecture]:
    """The networks of which one is made, or it alone."""
    of = {"ensemble": network.config.get("of"), "committee": network.config.get("members")}.get(network.name)
    listed = of if isinstance(of, (tuple, list)) else [of]
    parts = [item for item in listed if isinstance(item, dict)]
    for part in parts:
        known = {key: part[key] for key in ("name", "config") if key in part} if network.name == "committee" else part
        yield from _members(typed.parse(Architecture, known, where), where)
    if not parts:
        yield network


def _check_sizes(sizes: Mapping[str, object], most: int, where: Path) -> None:
    for name, value in sizes.items():
        values = value if isinstance(value, tuple) else (value,)
        if len(values) > _MOST_BLOCKS or (
            name != "window" and any(isinstance(number, (int, float)) and number > most for number in values)
        ):
            raise IntegrityError(
                "The configuration of a network must fit the size of its weights",
                where=where,
                received={name: value, "weights": most},
            )


def digest(spec: ModelSpec, network) -> str:
    """SHA-256 of what a model's numbers depend on: its spec without names and descriptions, and all its weights."""
    content = dataclasses.asdict(spec)
    known = {key: content[key] for key in ("architecture", "input", "outputs", "prediction", "components")}
    del known["architecture"]["package"]  # which locates the network's code; it does not define the network
    hasher = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode())
    for weight in network.weights:
        value = np.ascontiguousarray(np.asarray(weight))
        hasher.update(f"{value.dtype} {value.shape}".encode() + value.tobytes())
    return hasher.hexdigest()


def read_thresholds(folder: Path) -> ThresholdTable | None:
    """The threshold table of a folder, or None if it has none."""
    path = folder / THRESHOLDS
    return ThresholdTable.read(path) if path.is_file() else None


def read_golden(folder: Path, spec: ModelSpec) -> Golden:
    """The golden inputs and outputs of a folder.

    Raises `IntegrityError` if they cannot be read, or are not finite float32 arrays of the shapes of the spec.
    """
    path, wanted = folder / GOLDEN, _golden_shapes(spec)
    with weights.parsing("The file of golden inputs and outputs", path), zipfile.ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        if sorted(sizes) != sorted(f"{name}.npy" for name in wanted) or sum(sizes.values()) > _GOLDEN_BYTES:
            raise IntegrityError(
                f"Golden inputs and outputs must be arrays {', '.join(wanted)} of at most {_GOLDEN_BYTES:,} bytes",
                where=path,
                received={"files": sizes},
            )
        arrays = {}
        for name in wanted:
            with archive.open(f"{name}.npy") as file:
                arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    count = arrays["inputs"].shape[:1]
    if (
        not count
        or not count[0]
        or any(arrays[name].shape != (*count, *shape) for name, shape in wanted.items())
        or any(array.dtype != np.float32 or not np.isfinite(array).all() for array in arrays.values())
    ):
        raise IntegrityError(
            "Golden inputs and outputs must be finite float32 arrays of the shapes of the spec",
            where=path,
            received={
                "spec": {name: ("n", *shape) for name, shape in wanted.items()},
                **{name: (array.shape, str(array.dtype)) for name, array in arrays.items()},
            },
        )
    others = {head.name: arrays[f"outputs_{i}"] for i, head in enumerate(spec.outputs) if i}
    beside = {name: arrays[name] for name in _BESIDE if name in arrays}
    return Golden(arrays["inputs"], arrays["outputs"], beside, others)


def _golden_shapes(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Arrays of the golden file → their shapes for one window."""
    reads, heads = spec.input.shapes, {f"outputs_{i}": head.shape for i, head in enumerate(spec.outputs) if i}
    shapes = {"inputs": reads[WINDOW], "outputs": spec.output.shape, **heads}
    return shapes | {name: reads[name] for name in _BESIDE if name in reads}


def verify(folder: Path) -> None:
    """Check the files of a folder against its digests, where it has them (a folder of the user's own may have none)."""
    if (folder / digests.DIGESTS).is_file():
        digests.verify(folder)


def source(folder: Path) -> dict[str, str]:
    """Where the files of a folder are from: source, commit; empty if the folder has no record of it."""
    if not (folder / digests.DIGESTS).is_file():
        return {}
    return {key: masked(value) for key, value in digests.read_digests(folder).source.items()}

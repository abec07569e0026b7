"""Full-model files of maxATAC, the authors' and those of `maxatac train`, turned into folders of ours.

The `.h5` is read tensor by tensor and never deserialised: its layer configuration, its optimizer and whatever else it
carries are ignored. Its 62 tensors have to be, in order, those of the network in `zoo.architectures.maxatac`.
"""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry import card, store
from registry.schema import Entry, Family
from zoo import architectures, folder, weights
from zoo.errors import InputError, IntegrityError, warn
from zoo.porting import own
from zoo.porting.golden import golden_inputs
from zoo.porting.protocol import provenance
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

CONFIG = {
    "window": 1024,
    "channels": 5,
    "filters": 15,
    "growth": 1.5,
    "kernel_size": 7,
    "dilations": (1, 1, 2, 4, 8),
    "pool_size": 2,
}
BATCH_NORMALIZATION_EPSILON = 1e-3
CITATION = (
    "Cazares TA et al. (2023) maxATAC: Genome-scale transcription-factor binding prediction from ATAC-seq with deep "
    "neural networks. PLoS Comput Biol 19(1): e1010863. doi:10.1371/journal.pcbi.1010863"
)
_SAVE = 'Save the whole model: keras.models.load_model("MODEL.keras").save("MODEL.h5")'
_LAYOUT = 1  # raise it when a conversion writes another folder from the same bytes


FILES = {"model": "the authors' full-model .h5", "thresholds": "their calibration table (.tsv), if there is one"}


def convert(family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
    """Write the model folder of an entry from the verified bytes of its release.

    Args:
        files: `model`, the authors' `.h5`, and `thresholds`, their calibration table, if the index has one.
        target: an empty folder.

    Raises:
        IntegrityError: the tensors are not those of the network.
    """
    tensors = checked_tensors(files["model"], entry.files["model"].path)
    _write(target, spec_of(family, entry), tensors, files.get("thresholds"), training(entry))


def spec_of(family: Family, entry: Entry) -> ModelSpec:
    """The spec of a released model (Cazares et al. 2023, Methods; constants as in the authors' code)."""
    return _spec(entry.name, entry.description, entry.facts, provenance(family, entry, "model"))


def original(entry: Entry, files: Mapping[str, bytes]) -> Callable[[np.ndarray], np.ndarray]:
    """The authors' file as Keras loads it: (n, 1024, 5) → (n, 32)."""
    import keras

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "authors.h5"
        path.write_bytes(files["model"])
        network = keras.models.load_model(path, compile=False)
    return lambda x: np.asarray(network(x, training=False))


def _spec(name: str, description: str, facts: Mapping[str, float], provenance: Mapping[str, str]) -> ModelSpec:
    return ModelSpec(
        name=name,
        description=description,
        architecture=Architecture("maxatac", CONFIG),
        input=InputSpec(
            window=1024,
            genome="hg38",
            tracks=(TrackSpec("ATAC-seq cut sites", smoothing=20, read_depth=20_000_000, percentile=99.0, fill=0.0),),
        ),
        outputs=(OutputSpec(32, 32, 0, name.split("/")[1], "binding score", name="binding", kind="binding"),),
        prediction=PredictionSpec(
            stride=256, views=("forward", "reverse_complement", "rotated", "rotated_reverse_complement")
        ),
        metrics={key: float(value) for key, value in facts.items()},
        provenance=provenance,
    )


def _write(
    target: Path, spec: ModelSpec, tensors: list[np.ndarray], thresholds: bytes | None, training_text: str
) -> None:
    """Write the model folder of some tensors; its golden outputs do not come from Keras."""
    network = architectures.build(spec.architecture.name, **spec.architecture.config)
    network.set_weights(tensors)
    inputs = golden_inputs(spec.input.window)
    golden = folder.Golden(inputs, reference_forward(tensors, inputs).astype(np.float32))
    folder.write(target, spec, network, golden, thresholds, card.of_model(spec.to_json(), training=training_text))


@dataclass(frozen=True)
class OwnFile:
    """A full-model file of one's own, as `maxatac train` writes it.

    Attributes:
        path: the `.h5`.
        spec: what it reads and returns; its name is `local/` and the file's stem.
        tensors: the 62 of the network, float32.
        table: its threshold table, or None.
        place: where the cache keeps the folder that is made from it.
    """

    path: Path
    spec: ModelSpec
    tensors: list[np.ndarray]
    table: bytes | None
    place: Path

    @classmethod
    def read(cls, path: Path) -> "OwnFile":
        """Read a file, and the threshold table beside it: `<stem>.tsv`, or the only `.tsv` in its folder.

        Raises:
            InputError: a file of another kind.
            IntegrityError: a damaged file, or tensors of another network.
        """
        data, table = _own_bytes(path), _own_table(path)
        tensors, digest = checked_tensors(data, path), hashlib.sha256(data).hexdigest()
        stem, name = own.model_of(path), own.shown(path)
        provenance = {"source": name, "sha256": digest, "citation": CITATION, "license": "that of the file"}
        spec = _spec(f"local/{stem}", f"A model of maxATAC's network, from {name}", {}, provenance)
        made_from = {
            "layout": _LAYOUT,
            "spec": spec.to_json(),
            "thresholds": hashlib.sha256(table).hexdigest() if table is not None else None,
        }
        return cls(path, spec, tensors, table, store.place("local", stem, key=made_from))

    def convert(self) -> Path:
        """The model folder, made in the cache if it is not there; nothing is written beside the file."""

        def make(target: Path) -> dict[str, str]:
            _write(target, self.spec, self.tensors, self.table, "as its owner knows")
            return {"source": self.spec.provenance["source"]}

        return store.get(self.place, make)


def _own_bytes(path: Path) -> bytes:
    name = path.name.lower()
    if not name.endswith((".h5", ".hdf5")) or name.endswith(".weights.h5"):
        raise InputError(
            "A model must be a model folder, or a file of a system whose files are read: a full model of Keras (.h5, "
            ".hdf5), a state dict or a network of PyTorch (.pth, .pt, .bin, .torch, .safetensors, .npz)",
            received={"path": str(path)},
            hint=_SAVE,
        )
    return own.read_bytes(path)


def _own_table(path: Path) -> bytes | None:
    """The bytes of the threshold table beside a model file, or None; a warning where a table may have been meant."""
    named = path.with_suffix(".tsv")
    try:
        found = [named] if named.is_file() else sorted(item for item in path.parent.glob("*.tsv") if item.is_file())
        if len(found) != 1:
            if found:
                warn(
                    f"None of the {len(found)} .tsv files beside {path.name} is used as its threshold table; name one "
                    f"{named.name}."
                )
            return None
        ThresholdTable.read(found[0])
        return found[0].read_bytes()
    except OSError as error:
        raise InputError(
            f"The threshold table beside a model must be readable: {error.strerror}", received={"path": str(path)}
        ) from None
    except IntegrityError as error:
        if found[0] == named:
            raise
        warn(f"{found[0].name} is not used as a threshold table: {error}")
        return None


def expected_tensors() -> list[tuple[str, tuple[int, ...]]]:
    """(name, shape) of the network's 62 tensors in the order of its layers."""
    channels, filters, found = CONFIG["channels"], CONFIG["filters"], []
    for _ in CONFIG["dilations"]:
        for _ in range(2):
            found.append(("kernel", (CONFIG["kernel_size"], channels, filters)))
            found += [(name, (filters,)) for name in ("bias", "gamma", "beta", "moving_mean", "moving_variance")]
            channels = filters
        filters = round(filters * CONFIG["growth"])
    return [*found, ("kernel", (1, channels, 1)), ("bias", (1,))]


def checked_tensors(data: bytes, where: object) -> list[np.ndarray]:
    """The 62 tensors of a file. Raises `IntegrityError` if they are not those of the network, in order."""
    tensors, expected = read_tensors(data, where), expected_tensors()
    found = [(name, tensor.shape) for name, tensor in tensors]
    if found != expected:
        differing = [pair for pair in zip(expected, found, strict=False) if pair[0] != pair[1]][:3]
        raise IntegrityError(
            f"A maxATAC file must have the {len(expected)} tensors of its network in order",
            where=where,
            received={"tensors": len(found), "first differences (expected, found)": differing},
            hint="Only the published network is read: 15 filters, growing by 1.5, of width 7",
        )
    return [tensor for _, tensor in tensors]


def read_tensors(data: bytes, where: object) -> list[tuple[str, np.ndarray]]:
    """(name, float32 tensor) of the model's layers in their order, from the bytes of a legacy Keras `.h5`.

    The names are those inside a layer: `kernel`, `bias`, `gamma`, `beta`, `moving_mean`, `moving_variance`.
    Raises `IntegrityError` for anything that is not such a file.
    """
    tensors = []
    with weights.open_plain(data, where) as file:
        if "model_weights" not in file:
            raise IntegrityError(
                "A full-model file of Keras must have the group model_weights",
                where=where,
                received={"groups": list(file)[:8]},
                hint=_SAVE,
            )
        try:
            layers = file["model_weights"]
            for layer in weights.names(layers, "layer_names"):
                for path in weights.names(layers[layer], "weight_names"):
                    array = layers[layer][path][()]
                    name = path.rsplit("/", 1)[-1].removesuffix(":0")
                    tensors.append((name, weights.finite(array.astype(np.float32, casting="safe"), where, path)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(f"A full-model file of Keras must name its layers ({error})", where=where) from None
    return tensors


def reference_forward(tensors: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """The network in plain NumPy and float64: what golden outputs come from, independent of Keras.

    Args:
        tensors: the 62 tensors in the file's order.
        x: (n, window, 5).

    Returns:
        (n, bins) float64.
    """
    x = x.astype(np.float64)
    queue = iter(np.asarray(tensor, np.float64) for tensor in tensors)
    for dilation in CONFIG["dilations"]:
        for _ in range(2):
            kernel, bias, gamma, beta, mean, variance = (next(queue) for _ in range(6))
            x = np.maximum(_convolve(x, kernel, dilation) + bias, 0)
            x = (x - mean) / np.sqrt(variance + BATCH_NORMALIZATION_EPSILON) * gamma + beta
        x = x.reshape(len(x), -1, CONFIG["pool_size"], x.shape[-1]).max(axis=2)
    kernel, bias = next(queue), next(queue)
    return 1 / (1 + np.exp(-(x @ kernel[0] + bias)[..., 0]))


def _convolve(x: np.ndarray, kernel: np.ndarray, dilation: int) -> np.ndarray:
    """Zero-padded convolution (as Keras means it: without flipping) of (n, length, in) with (width, in, out)."""
    reach = dilation * (len(kernel) // 2)
    padded = np.pad(x, ((0, 0), (reach, reach), (0, 0)))
    return sum(padded[:, tap * dilation : tap * dilation + x.shape[1]] @ kernel[tap] for tap in range(len(kernel)))


def training(entry: Entry) -> str:
    """How a released model was trained, as published (Cazares et al. 2023, Methods) and in the authors' code."""
    return (
        "Human cell types with matched ATAC-seq and ChIP-seq of the factor, pan-cell, peak-centric, 100 epochs; the "
        f"release itself does not say which. Tissue: {entry.tissue}. Training chromosomes 3-7, 9-18, 20-22 (code), "
        "validation 2 and 19, held out 1 and 8. Thresholds were measured on chromosome 2."
    )

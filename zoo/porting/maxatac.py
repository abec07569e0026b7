"""The authors' full-model files of maxATAC, turned into folders of ours.

The `.h5` is read tensor by tensor and never deserialised: its layer configuration, its optimizer and whatever else it
carries are ignored. Its 62 tensors have to be, in order, those of the network in `zoo.architectures.maxatac`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from registry import card
from registry.schema import Entry, Family
from zoo import architectures, folder, weights
from zoo.errors import IntegrityError
from zoo.porting.golden import golden_inputs
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, SignalSpec

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


def convert(family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
    """Write the model folder of an entry from the verified bytes of its release.

    Args:
        files: `model`, the authors' `.h5`, and `thresholds`, their calibration table.
        target: an empty folder.

    Raises:
        IntegrityError: the tensors are not those of the network.
    """
    spec = spec_of(family, entry)
    network = architectures.build(spec.architecture.name, **spec.architecture.config)
    tensors = read_tensors(files["model"], entry.files["model"].path)
    expected = [(variable.path.rsplit("/", 1)[1], tuple(variable.shape)) for variable in network.weights]
    found = [(name, tensor.shape) for name, tensor in tensors]
    if found != expected:
        differing = [pair for pair in zip(expected, found, strict=False) if pair[0] != pair[1]][:3]
        raise IntegrityError(
            f"A maxATAC file has the {len(expected)} tensors of its network in order",
            where=entry.files["model"].path,
            received={"tensors": len(found), "first differences (expected, found)": differing},
        )
    network.set_weights([tensor for _, tensor in tensors])
    inputs = golden_inputs(spec.input.window)
    outputs = reference_forward([tensor for _, tensor in tensors], inputs)
    golden = folder.Golden(inputs, outputs.astype(np.float32))
    folder.write(target, spec, network, golden, files["thresholds"], card.of_model(spec.to_json(), training=training()))


def spec_of(family: Family, entry: Entry) -> ModelSpec:
    """The spec of a released model (Cazares et al. 2023, Methods; constants as in the authors' code)."""
    return ModelSpec(
        name=entry.name,
        description=entry.description,
        architecture=Architecture("maxatac", CONFIG),
        input=InputSpec(
            window=1024,
            genome="hg38",
            signal=SignalSpec("ATAC-seq cut sites", smoothing=20, read_depth=20_000_000, percentile=99.0, fill=0.0),
        ),
        output=OutputSpec(bins=32, bin_size=32, offset=0, target=entry.model, quantity="binding score"),
        prediction=PredictionSpec(
            stride=256, views=("forward", "reverse_complement", "rotated", "rotated_reverse_complement")
        ),
        metrics={key: float(value) for key, value in entry.facts.items()},
        provenance={
            "source": family.upstream.address(entry.files["model"].path),
            "revision": family.upstream.commit,
            "sha256": entry.files["model"].sha256,
            "citation": family.citation,
            "license": family.license,
        },
    )


def read_tensors(data: bytes, where: object) -> list[tuple[str, np.ndarray]]:
    """(name, float32 tensor) of the model's layers in their order, from the bytes of a legacy Keras `.h5`.

    The names are those inside a layer: `kernel`, `bias`, `gamma`, `beta`, `moving_mean`, `moving_variance`.
    Raises `IntegrityError` for anything that is not such a file.
    """
    tensors = []
    with weights.open_plain(data, where) as file:
        try:
            layers = file["model_weights"]
            for layer in layers.attrs["layer_names"]:
                for path in layers[layer].attrs["weight_names"]:
                    array = layers[layer][path][()]
                    name = str(path).rsplit("/", 1)[-1].removesuffix(":0")
                    tensors.append((name, weights.finite(array.astype(np.float32, casting="safe"), where, path)))
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(f"A full-model file of Keras names its layers ({error})", where=where) from None
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


def training() -> str:
    """How the released models were trained, as published (Cazares et al. 2023, Methods) and in the authors' code."""
    return (
        "Human cell types with matched ATAC-seq and ChIP-seq of the factor, pan-cell, peak-centric, 100 epochs; the "
        "release does not say which cell types each model saw. Training chromosomes 3-7, 9-18, 20-22 (code), "
        "validation 2 and 19, held out 1 and 8. Thresholds were measured on chromosome 2."
    )

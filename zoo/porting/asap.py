"""Checkpoints of ASAP's PyTorch package, turned into networks of ours.

The authors' order of bases is A, G, C, T; the first kernel is brought into ours, A, C, G, T, so that a converted
network reads what every other network of the zoo reads.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from registry import card
from zoo import architectures, folder
from zoo.errors import InputError, IntegrityError
from zoo.porting.asap_names import ARGUMENTS, PREFIXES, WIDTHS
from zoo.porting.golden import golden_inputs
from zoo.porting.torch_layout import Rule, rules
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec

CITATION = "Grover et al. (2026), Genome Research 36: 619-629"

BASES = (0, 2, 1, 3)  # our A, C, G, T in the authors' columns, and theirs in ours


def from_torch(
    architecture: str,
    tensors: Mapping[str, object],
    window: int | None = None,
    bin_size: int | None = None,
    **config: object,
) -> keras.Model:
    """The network of a checkpoint.

    Args:
        architecture: one of the eight of ASAP, `zoo.architectures.ARCHITECTURES`.
        tensors: PyTorch's names → arrays (anything that NumPy reads), as in the model's state dict.
        window: bp of the input, default 2,048; for every network, whether its constructor takes one (`window_size`) or
            its tensors fit any length. Those with a dense layer over all positions fit one length only.
        bin_size: bp of a bin, default 4; the same.
        config: more arguments of the authors' constructor, by their names; those not given have the authors' defaults,
            but widths are read off the tensors, and `use_map` from whether there are such tensors.

    Returns:
        A functional model, (batch, window, 4) one-hot A, C, G, T → as `zoo.build` says. It equals the original in
        prediction and in training, except that Keras updates running variances with the biased variance.

    Raises:
        InputError: an unknown architecture or argument.
        IntegrityError: a missing, unknown, misshapen tensor, or one with numbers that are not finite; by name.
    """
    arguments = to_config(architecture, tensors, window, bin_size, **config)
    network = architectures.build(architecture, **arguments)
    _fill(network, tensor_rules(architecture, network), _arrays(tensors))
    return network


def tensor_rules(architecture: str, network: keras.Model) -> list[Rule]:
    """Which of the authors' tensors each weight of a network comes from, and how."""
    layers = [layer for layer in network.layers if layer.weights]
    return [rule for layer in layers for rule in rules(layer, _prefix(layer.name, PREFIXES[architecture]))]


def to_config(
    architecture: str,
    tensors: Mapping[str, object],
    window: int | None = None,
    bin_size: int | None = None,
    **config: object,
) -> dict[str, object]:
    """The arguments of our builder for a checkpoint. Arguments and errors as for `from_torch`."""
    if architecture not in ARGUMENTS:
        raise InputError(
            f"An architecture of ASAP must be one of {', '.join(ARGUMENTS)}", received={"architecture": architecture}
        )
    names = ARGUMENTS[architecture]
    if unknown := sorted(set(config) - set(names)):
        raise InputError(
            f"The arguments of the authors' {architecture} must be among {', '.join(names)}",
            received={"unknown": unknown},
            hint="Its window and its bins are the arguments window and bin_size here",
        )
    tensors = _arrays(tensors)
    arguments = {name: _width(tensors, told_by) for name, told_by in WIDTHS[architecture].items()}
    arguments["mappability"] = any(name.startswith("unmap_predictor.") for name in tensors)
    given = {names[name]: value for name, value in config.items() if names[name] is not None}
    if not given.get("final_filters", True):  # the authors' code then takes as many as the window has bp
        del given["final_filters"]
    for name, value in (("window", window), ("bin_size", bin_size)):
        if value is not None and given.setdefault(name, value) != value:
            raise InputError(
                f"The {name} of a checkpoint must be given once", received={name: value, "constructor's": given[name]}
            )
    arguments |= given
    return {name: value for name, value in arguments.items() if value is not None}


def _arrays(tensors: Mapping[str, object]) -> dict[str, np.ndarray]:
    """Tensors as NumPy arrays, without the prefix that distributed training adds, sLSTM tensors in one layout."""
    arrays = {name.removeprefix("module."): np.asarray(tensor) for name, tensor in tensors.items()}
    for name in [name for name in arrays if name.endswith("._recurrent_kernel_")]:
        kernel, bias = arrays[name], f"{name.removesuffix('_recurrent_kernel_')}_bias_"
        if kernel.ndim == 3 and kernel.shape[2] == 4 * kernel.shape[1]:  # as the CUDA kernels store them: in × out,
            arrays[name] = kernel.transpose(0, 2, 1)  # and the bias by head, then gate
            if bias in arrays and arrays[bias].size == kernel.shape[0] * kernel.shape[2]:
                by_head = arrays[bias].reshape(len(kernel), 4, -1)
                arrays[bias] = by_head.transpose(1, 0, 2).ravel()
    return arrays


def _width(tensors: Mapping[str, np.ndarray], told_by: tuple) -> int | tuple[int, ...] | None:
    """The width that tensors agree on, or None if none of them is there; a tuple of them for a tuple."""
    if isinstance(told_by[0], tuple):
        widths = tuple(_width(tensors, item) for item in told_by)
        return None if None in widths else widths
    told = {}
    for item in told_by:
        name, axis = item.rsplit(":", 1)
        if name in tensors and tensors[name].ndim > int(axis):
            told[name] = tensors[name].shape[int(axis)]
    if len(set(told.values())) > 1:
        shapes = {name: tensors[name].shape for name in told}
        raise IntegrityError("The tensors of a checkpoint must agree on the widths of its layers", received=shapes)
    return next(iter(told.values()), None)


def _fill(network: keras.Model, found: list[Rule], tensors: dict[str, np.ndarray]) -> None:
    """Give every variable of the network its tensor; all of them, or none if anything is amiss."""
    shapes = {rule.tensor: rule.shape for rule in found}
    ignored = {name for name in tensors if name.endswith((".num_batches_tracked", ".rotary_emb.div_term"))}
    wrong = {
        name: tensors[name].shape for name, shape in shapes.items() if name in tensors and tensors[name].shape != shape
    }
    differences = {
        "missing": sorted(set(shapes) - set(tensors)),
        "unknown": sorted(set(tensors) - set(shapes) - ignored),
        "wrong shape (received, expected)": {name: (shape, shapes[name]) for name, shape in wrong.items()},
        "not finite numbers": [name for name in shapes if name in tensors and not _is_finite(tensors[name])],
    }
    if any(differences.values()):
        raise IntegrityError(
            f"A checkpoint of {network.name} must have just the tensors of its network",
            received={what: names for what, names in differences.items() if names},
            hint="Give the arguments that it was made with (widths are read off its tensors), such as its window",
        )
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv1D))
    for rule in found:
        value = rule.convert(tensors[rule.tensor])
        rule.variable.assign(value[:, BASES] if rule.variable is first.kernel else value)


def _prefix(layer: str, prefixes: Mapping[str, str]) -> str:
    """The prefix of a layer's tensors."""
    for pattern, prefix in prefixes.items():
        if match := re.fullmatch(pattern, layer):
            return prefix.format(*(int(number) - 1 for number in match.groups() if number.isdigit()))
    raise KeyError(layer)


def _is_finite(array: np.ndarray) -> bool:
    return array.dtype.kind in "fiu" and bool(np.isfinite(array).all())


def spec_of(
    architecture: str, config: Mapping[str, object], name: str, cell_type: str, genome: str, provenance: dict[str, str]
) -> ModelSpec:
    """The spec of an imported network.

    Args:
        architecture: its name.
        config: arguments of our builder (`to_config`).
        name: `family/MODEL`.
        cell_type: the sample that it was trained on.
        genome: the assembly that it was trained on.
        provenance: where the weights are from.
    """
    window, bin_size = config.get("window", 2048), config.get("bin_size", 4)
    return ModelSpec(
        name=name,
        description=f"Chromatin accessibility of {cell_type} from DNA, ASAP's {architecture}",
        architecture=Architecture(architecture, config),
        input=InputSpec(window, genome),
        outputs=(
            OutputSpec(
                bins=window // bin_size,
                bin_size=bin_size,
                offset=0,
                target=cell_type,
                quantity="accessibility, ln(1 + track)",
                name="accessibility",
                kind="accessibility",
                transform="log1p",
            ),
        ),
        # The authors predict windows whose central halves lie side by side (their Methods and code).
        prediction=PredictionSpec(
            stride=window // 2 // bin_size * bin_size, views=("forward", "reverse_complement"), center_only=True
        ),
        metrics={},
        provenance={"citation": CITATION, **provenance},
    )


def convert(
    spec: ModelSpec,
    network: keras.Model,
    target: Path,
    golden_outputs: np.ndarray | None = None,
    parity: Mapping[str, object] | None = None,
) -> None:
    """Write the model folder of an imported network.

    Args:
        spec: what `spec_of` says of it.
        network: from `from_torch`.
        target: an empty folder.
        golden_outputs: (n, bins), what the original answers to `golden_inputs`; without them those of our network.
        parity: for the card, what the network was compared with, and the largest difference.
    """
    inputs = golden_inputs(spec.input.window)[..., : spec.input.channels]
    if golden_outputs is None:
        golden_outputs = np.asarray(architectures.scores(network)(inputs, training=False))
        parity = {"golden outputs": "of this network on the machine that converted it", **(parity or {})}
    training = (
        f"On {spec.output.target} by the checkpoint's owner, with the authors' package; the checkpoint does not say "
        "which chromosomes were held out, nor how it was judged."
    )
    text = card.of_model(spec.to_json(), parity=parity, training=training)
    folder.write(target, spec, network, folder.Golden(inputs, golden_outputs), None, text)

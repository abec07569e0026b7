"""Checkpoints of ASAP's PyTorch package, turned into networks of ours.

The authors' order of bases is A, G, C, T; the first kernel is brought into ours, A, C, G, T, so that a converted
network reads what every other network of the zoo reads.
"""

import contextlib
import importlib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from registry import card
from registry.schema import Entry, Family
from zoo import architectures, folder
from zoo.arguments import whole
from zoo.errors import InputError, IntegrityError, MissingExtra
from zoo.porting.asap_names import ARGUMENTS, CLASSES, PREFIXES, WIDTHS
from zoo.porting.checkpoint import state_dict
from zoo.porting.golden import golden_inputs
from zoo.porting.protocol import provenance
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec

if TYPE_CHECKING:
    import keras

    from zoo.porting.torch_layout import TensorRule

FILES = {"checkpoint": "a state dict of the authors' package: .pth, which requires PyTorch, or .npz"}
CITATION = "Grover et al. (2026), Genome Research 36: 619-629"

BASES = (0, 2, 1, 3)  # our A, C, G, T in the authors' columns, and theirs in ours


def from_torch(
    architecture: str,
    tensors: Mapping[str, object],
    window: int | None = None,
    bin_size: int | None = None,
    **config: object,
) -> "keras.Model":
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
    return _network(architecture, tensors, to_config(architecture, tensors, window, bin_size, **config))


def _network(architecture: str, tensors: Mapping[str, object], arguments: Mapping[str, object]) -> "keras.Model":
    """The network of our builder's arguments, with the weights of a checkpoint."""
    network = architectures.build(architecture, **arguments)
    _fill(network, tensor_rules(architecture, network), _arrays(tensors))
    return network


def tensor_rules(architecture: str, network: "keras.Model") -> "list[TensorRule]":
    """Which of the authors' tensors each weight of a network comes from, and how."""
    from zoo.porting.torch_layout import rules

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


def _fill(network: "keras.Model", found: "list[TensorRule]", tensors: dict[str, np.ndarray]) -> None:
    """Give every variable of the network its tensor; all of them, or none if anything is amiss."""
    from keras.layers import Conv1D

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
    first = next(layer for layer in network.layers if isinstance(layer, Conv1D))
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


def spec_of(family: Family, entry: Entry) -> ModelSpec:
    """The spec of a released checkpoint. The entry's arguments are its `architecture`, its `genome` (default hg38) and
    those of our builder; its tissue is the cell type."""
    architecture, genome, config = _arguments(entry)
    return make_spec(architecture, config, entry.name, entry.tissue, genome, provenance(family, entry, "checkpoint"))


def convert(family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
    """Write the model folder of an entry from the verified bytes of its checkpoint, see `spec_of`."""
    spec, tensors = spec_of(family, entry), state_dict(files["checkpoint"], entry.files["checkpoint"].path)
    write(spec, _network(spec.architecture.name, tensors, spec.architecture.config), target)


def original(entry: Entry, files: Mapping[str, bytes]) -> Callable[[np.ndarray], np.ndarray]:
    """The authors' network with the tensors of a checkpoint: (n, window, 4) → (n, bins)."""
    architecture, _, config = _arguments(entry)
    return original_network(architecture, state_dict(files["checkpoint"], entry.files["checkpoint"].path), config)


def training(entry: Entry) -> str:
    """How a released model was trained, as far as its checkpoint says."""
    return _training(entry.tissue)


def _training(cell_type: str) -> str:
    return (
        f"On {cell_type} by the checkpoint's owner, with the authors' package; the checkpoint does not say which "
        "chromosomes were held out, nor how it was evaluated."
    )


def _arguments(entry: Entry) -> tuple[str, str, dict[str, object]]:
    """The name of an entry's network, the assembly, the arguments of our builder."""
    config = dict(entry.arguments)
    architecture, genome = config.pop("architecture", None), config.pop("genome", "hg38")
    if architecture not in ARGUMENTS:
        raise IntegrityError(
            f"The index must name a model's architecture, one of {', '.join(ARGUMENTS)}",
            where=entry.name,
            received={"architecture": architecture},
        )
    for size, default in (("window", 2048), ("bin_size", 4)):
        whole(size, config.get(size, default), 1, 1 << 20)
    return architecture, str(genome), config


def original_network(
    architecture: str, tensors: Mapping[str, object], arguments: Mapping[str, object]
) -> Callable[[np.ndarray], np.ndarray]:
    """The authors' own network: (n, window, 4) in our order of bases → (n, bins).

    Args:
        architecture: its name.
        tensors: as for `from_torch`, which has looked at their names.
        arguments: of our builder; those that the authors' constructor knows go to it by its names.

    Raises:
        MissingExtra: the authors' package is not installed, or has no such network or argument.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            models, torch = importlib.import_module("asap.models"), importlib.import_module("torch")
            theirs = {name: arguments[ours] for name, ours in ARGUMENTS[architecture].items() if ours in arguments}
            network = getattr(models, CLASSES[architecture])(**theirs)
        plain = {name.removeprefix("module."): torch.from_numpy(np.array(tensor)) for name, tensor in tensors.items()}
        network.load_state_dict(plain, strict=False)
    except (ImportError, AttributeError, RuntimeError) as error:  # not installed, xlstm, widths without an argument
        raise MissingExtra(
            f"The authors' package must be installed to compare with it ({str(error).splitlines()[0]})"
        ) from None

    def run(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return network.eval()(torch.from_numpy(np.ascontiguousarray(x[..., BASES]))).numpy()[..., 0]

    return run


def make_spec(
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


def write(
    spec: ModelSpec,
    network: "keras.Model",
    target: Path,
    golden_outputs: np.ndarray | None = None,
    parity: Mapping[str, object] | None = None,
) -> None:
    """Write the model folder of an imported network.

    Args:
        spec: from `make_spec`.
        network: from `from_torch`.
        target: an empty folder.
        golden_outputs: (n, bins), what the original predicts for `golden_inputs`; without them those of our network.
        parity: for the card, what the network was compared with, and the largest difference.
    """
    inputs = golden_inputs(spec.input.window)[..., : spec.input.channels]
    if golden_outputs is None:
        golden_outputs = np.asarray(architectures.scores(network)(inputs, training=False))
        parity = {"golden outputs": "of this network on the machine that converted it", **(parity or {})}
    text = card.of_model(spec.to_json(), parity=parity, training=_training(spec.output.target))
    folder.write(target, spec, network, folder.Golden(inputs, golden_outputs), None, text)

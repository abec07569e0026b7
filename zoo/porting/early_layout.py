"""How the PyTorch networks of DeepSEA, Beluga, Sei and Basset lie in their files, and how they become ours.

They flatten channels first, and DeepSEA and Beluga read bases in the order A, G, C, T; our networks do neither.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from zoo.errors import IntegrityError
from zoo.porting.early_spec import SYSTEMS
from zoo.porting.system_file import SystemFile
from zoo.spec import BASES

NORM = ("weight", "bias", "running_mean", "running_var")
_DENSE = ("hidden", "hidden1", "hidden2", "output")
_POOL = 4
_PREFIX = re.compile(r"(?:(?:module|model|[12])\.)*")  # of DataParallel, NonStrandSpecific, Kipoi's order of bases


@dataclass(frozen=True)
class Layout:
    """How a network lies in a file.

    Attributes:
        layers: what the names of a layer's tensors begin with → our layer.
        config: kernels and dense layers by our names → arguments of our builder.
        positions: these arguments → positions that the first dense layer reads.
        rows: bases of the first kernel, in its order.
        hint: what another number of positions may mean.
    """

    layers: Mapping[str, str]
    config: Callable[[Mapping[str, np.ndarray]], dict[str, object]]
    positions: Callable[[Mapping[str, object]], int]
    rows: str = BASES
    hint: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of all tensors."""
        parts = {ours: NORM if ours.endswith("_norm") else NORM[:2] for ours in self.layers.values()}
        return tuple(f"{theirs}.{part}" for theirs, ours in self.layers.items() for part in parts[ours])


def _of_deepsea(kernels: Mapping[str, np.ndarray]) -> dict[str, object]:
    convolutions = [kernel for name, kernel in kernels.items() if name.startswith("convolution")]
    return {
        "filters": tuple(kernel.shape[2] for kernel in convolutions),
        "kernel_size": convolutions[0].shape[0],
        "hidden": kernels["hidden"].shape[1],
    }


def _of_beluga(kernels: Mapping[str, np.ndarray]) -> dict[str, object]:
    found = _of_deepsea(kernels)
    return {**found, "filters": found["filters"][::2]}


def _of_sei(kernels: Mapping[str, np.ndarray]) -> dict[str, object]:
    filters = tuple(kernels[f"linear{i}_1"].shape[2] for i in (1, 2, 3))
    return {
        "filters": filters,
        "kernel_size": kernels["linear1_1"].shape[0],
        "dilated_width": kernels["dilated1"].shape[0],
        "splines": kernels["hidden"].shape[0] // max(filters[-1], 1),
        "hidden": kernels["hidden"].shape[1],
    }


def _of_basset(kernels: Mapping[str, np.ndarray]) -> dict[str, object]:
    convolutions = [kernel for name, kernel in kernels.items() if name.startswith("convolution")]
    return {
        "filters": tuple(kernel.shape[2] for kernel in convolutions),
        "kernel_sizes": tuple(kernel.shape[0] for kernel in convolutions),
        "hidden": (kernels["hidden1"].shape[1], kernels["hidden2"].shape[1]),
    }


def _pooled(convolutions: int) -> Callable[[Mapping[str, object]], int]:
    """Positions after so many convolutions before each pooling, of which the last is left out."""

    def positions(config: Mapping[str, object]) -> int:
        length = config["window"]
        for place in range(len(config["filters"])):
            length = (length // _POOL if place else length) - convolutions * (config["kernel_size"] - 1)
        return length

    return positions


def _of_basset_positions(config: Mapping[str, object]) -> int:
    length = config["window"]
    for width, pool in zip(config["kernel_sizes"], (3, 4, 4), strict=True):
        length = (length - width + 1) // pool
    return length


_PAIRS = {f"model.0.{place}": f"convolution{i // 2 + 1}_{i % 2 + 1}" for i, place in enumerate((0, 2, 6, 8, 12, 14))}
_STAGES = {
    f"{theirs}{stage}.{inside}": f"{ours}{stage}_{part}"
    for stage in (1, 2, 3)
    for theirs, ours, places in (
        ("lconv", "linear", (0, 1) if stage == 1 else (2, 3)),
        ("conv", "rectified", (0, 2) if stage == 1 else (1, 3)),
    )
    for part, inside in enumerate(places, start=1)
}
LAYOUTS: Mapping[str, Layout] = {
    "deepsea": Layout(
        {"0": "convolution1", "4": "convolution2", "8": "convolution3", "12.1": "hidden", "14.1": "output"},
        _of_deepsea,
        _pooled(1),
        rows="AGCT",
    ),
    "beluga": Layout({**_PAIRS, "model.1.2.1": "hidden", "model.1.4.1": "output"}, _of_beluga, _pooled(2), rows="AGCT"),
    "sei": Layout(
        {
            **_STAGES,
            **{f"dconv{i}.1": f"dilated{i}" for i in range(1, 6)},
            "classifier.0": "hidden",
            "classifier.2": "output",
        },
        _of_sei,
        lambda config: config["splines"],
    ),
    "basset": Layout(
        {
            "0": "convolution1",
            "1": "convolution1_norm",
            "4": "convolution2",
            "5": "convolution2_norm",
            "8": "convolution3",
            "9": "convolution3_norm",
            "13.1": "hidden1",
            "14": "hidden1_norm",
            "17.1": "hidden2",
            "18": "hidden2_norm",
            "21.1": "output",
        },
        _of_basset,
        _of_basset_positions,
        hint="The newest convnet.lua of Basset pads its convolutions: that is another network than the published one",
    ),
}


def system_of(names: Iterable[str]) -> tuple[str, str] | None:
    """Which system tensors are of, by their names, and what all names begin with; None for another one.

    Args:
        names: of tensors, those of normalizations' counters left out.
    """
    found = set(names)
    for system, layout in LAYOUTS.items():
        first = layout.names[0]
        for prefix in sorted(name.removesuffix(first) for name in found if name.endswith(first)):
            if _PREFIX.fullmatch(prefix) and found == {prefix + name for name in layout.names}:
                return system, prefix
    return None


def read(system: str, tensors: Mapping[str, np.ndarray], where: object) -> SystemFile:
    """The network of a state dict.

    Args:
        system: a key of `LAYOUTS`.
        tensors: by their names there, just these.
        where: the file.

    Raises:
        IntegrityError: tensors of another network.
    """
    layout = LAYOUTS[system]
    filled = {
        ours: [tensors[f"{theirs}.{part}"] for part in (NORM if ours.endswith("_norm") else NORM[:2])]
        for theirs, ours in layout.layers.items()
    }
    kernels = {
        name: _kernel(arrays[0], f"{name} of {system}", where)
        for name, arrays in filled.items()
        if not name.endswith("_norm")
    }
    first = next(iter(kernels))
    odd = {name: item.shape for name, item in kernels.items() if item.ndim != (2 if name in _DENSE else 3)}
    if odd or kernels[first].shape[1] != len(BASES):
        raise _error(
            system, "have convolutions, the first over four bases", odd or {first: kernels[first].shape}, where
        )
    kernels[first] = kernels[first][:, [layout.rows.index(base) for base in BASES]]
    config = {"window": SYSTEMS[system].window, **layout.config(kernels), "outputs": kernels["output"].shape[-1]}
    dense = next(name for name in _DENSE if name in kernels)
    kernels[dense] = _positions_first(kernels[dense], layout, config, system, where)
    for name, kernel in kernels.items():
        filled[name][0] = kernel
    return SystemFile(system, config, filled, where)


def _kernel(weight: np.ndarray, what: str, where: object) -> np.ndarray:
    """(out, in, width), with an axis of 1 beside the width or without, → (width, in, out); (out, in) → (in, out)."""
    if weight.ndim not in (2, 3, 4) or (weight.ndim == 4 and 1 not in weight.shape[2:]):
        raise IntegrityError(
            f"The tensor of {what} must be of a convolution of one dimension, or of a dense layer",
            where=where,
            received={"shape": weight.shape},
        )
    return weight.reshape(*weight.shape[:2], -1).transpose() if weight.ndim > 2 else weight.transpose()


def _positions_first(
    kernel: np.ndarray, layout: Layout, config: Mapping[str, object], system: str, where: object
) -> np.ndarray:
    """The kernel of the first dense layer, whose rows are channel by channel, with rows position by position."""
    rows, channels, positions = kernel.shape[0], config["filters"][-1], layout.positions(config)
    if positions < 1 or rows != channels * positions:
        raise _error(
            system,
            f"have a first dense layer that reads {channels} channels at {positions} positions, which is what its "
            f"window of {config['window']:,} bp leaves",
            {"rows": rows, "expected": channels * positions},
            where,
            layout.hint,
        )
    return kernel.reshape(channels, positions, -1).transpose(1, 0, 2).reshape(rows, -1)


def _error(
    system: str, rule: str, received: Mapping[str, object], where: object, hint: str | None = None
) -> IntegrityError:
    return IntegrityError(f"A file of {SYSTEMS[system].title} must {rule}", where=where, received=received, hint=hint)

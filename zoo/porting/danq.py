"""DanQ's files (Keras 0.2 on Theano): groups `layer_0`, `layer_1` … in the order of the layers, in each `param_0` …

What that Keras does otherwise than ours is folded into the weights: convolutions flip their kernels, gates are in the
order i, c, f, o, and dropout scales what passes in prediction instead of in training.
"""

import re
from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from zoo import weights
from zoo.errors import IntegrityError
from zoo.porting.early_spec import SYSTEMS
from zoo.porting.system_file import SystemFile
from zoo.spec import BASES

TIME, _ = BACKWARDS = ("time", "none")  # as `zoo.architectures.danq` has them, which imports Keras
_ROWS = "AGCT"  # bases of the kernels, as in the training data of DeepSEA
_AFTER_POOL, _AFTER_LSTM = 0.8, 0.5  # what dropout leaves: 1 - its rate
_GATES, _OURS = "icfo", "ifco"
_PARAMETERS = (2, 24, 2, 2)  # of a convolution, an LSTM in both directions, two dense layers
_GROUP, _TENSOR = re.compile(r"layer_(\d{1,3})"), re.compile(r"param_(\d{1,3})")


def read(data: bytes, where: object, backward: str = TIME) -> SystemFile:
    """Read the bytes of a file.

    Args:
        backward: what the second half of the LSTM reads, as `zoo.architectures.danq.build` has it; a file does not say.

    Raises:
        IntegrityError: a damaged file, or one of another network.
    """
    (kernel, bias), gates, hidden, output = _layers(data, where)
    if kernel.ndim != 4 or kernel.shape[1] != len(BASES) or kernel.shape[3] != 1:
        raise _error("have a convolution of one dimension over four bases", {"kernel": kernel.shape}, where)
    kernel = kernel[..., ::-1, 0][:, [_ROWS.index(base) for base in BASES]].transpose(2, 1, 0)
    forward, second = (_lstm(gates[start : start + 12], kernel.shape[2], where) for start in (0, 12))
    units, (width, _, filters) = len(forward[1]), kernel.shape
    config = {
        "window": SYSTEMS["danq"].window,
        "filters": filters,
        "kernel_size": width,
        "pool_size": _pool(width, len(hidden[0]), 2 * units, where),
        "units": units,
        "hidden": hidden[0].shape[-1],
        "outputs": output[0].shape[-1],
        "backward": backward,
    }
    tensors = {
        "convolution": [kernel, bias],
        "lstm_forward": forward,
        "lstm_backward": second,
        "hidden": [_AFTER_LSTM * hidden[0], hidden[1]],
        "output": output,
    }
    return SystemFile("danq", config, tensors, where)


def _layers(data: bytes, where: object) -> list[list[np.ndarray]]:
    """The tensors of each layer that has some."""
    with weights.open_plain(data, where) as file, weights.parsing("A file of Keras 0.2", where):
        groups = {int(match[1]): file[name] for name in file if (match := _GROUP.fullmatch(name))}
        found = [_tensors(groups[number], where) for number in sorted(groups)]
    filled = [tensors for tensors in found if tensors]
    if tuple(map(len, filled)) != _PARAMETERS:
        raise _error(
            "have a convolution, an LSTM in both directions and two dense layers, of 2, 24, 2 and 2 tensors",
            {"tensors of layers": [*map(len, filled)][:12]},
            where,
        )
    return filled


def _tensors(group: h5py.Group, where: object) -> list[np.ndarray]:
    numbers = {int(match[1]): array for name, array in group.items() if (match := _TENSOR.fullmatch(name))}
    if sorted(numbers) != [*range(len(group))]:
        raise ValueError(f"{group.name} has other members than param_0 and so on")
    return [
        weights.finite(numbers[i][()].astype(np.float32, casting="same_kind"), where, numbers[i].name)
        for i in range(len(numbers))
    ]


def _lstm(tensors: Sequence[np.ndarray], channels: int, where: object) -> list[np.ndarray]:
    """Kernel, recurrent kernel and bias of one direction, gates i, f, c, o side by side."""
    units = tensors[2].shape[-1] if tensors[2].ndim else 0
    if [tensor.shape for tensor in tensors] != 4 * [(channels, units), (units, units), (units,)]:
        raise _error("have gates of one size", {"shapes": [tensor.shape for tensor in tensors[:6]]}, where)
    by_gate = {gate: tensors[3 * i : 3 * i + 3] for i, gate in enumerate(_GATES)}
    kernel, recurrent, bias = (np.concatenate([by_gate[gate][part] for gate in _OURS], axis=-1) for part in range(3))
    return [_AFTER_POOL * kernel, recurrent, bias]


def _pool(width: int, rows: int, features: int, where: object) -> int:
    """Positions of a maximum: half the kernel's width, in both networks of the authors."""
    pool, window = max(width // 2, 1), SYSTEMS["danq"].window
    if rows != (window - width + 1) // pool * features:
        raise _error(
            f"have a dense layer that reads every position of a window of {window:,} bp, pooled by {pool}",
            {"rows": rows, "expected": (window - width + 1) // pool * features},
            where,
        )
    return pool


def _error(rule: str, received: Mapping[str, object], where: object) -> IntegrityError:
    return IntegrityError(f"A file of DanQ must {rule}", where=where, received=received)

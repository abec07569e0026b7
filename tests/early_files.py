"""DeepSEA, Beluga, Sei, DanQ and Basset as their authors' programs have them: random tensors by the names of their
files, the networks in NumPy, and files of PyTorch and of Keras 0.2 written by hand.

The networks here are channels first, flatten so, and read the bases in their authors' order. Nothing is shared with the
zoo.
"""

import io
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from profile_files import Call, Name, Storage, TorchWriter, pickled

State = dict[str, np.ndarray]
_ORDERED = Call(Name("collections", "OrderedDict"), ())


def _some(random: np.random.Generator, *shape: int, gain: float = 1.0) -> np.ndarray:
    scale = gain / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.1
    return random.normal(0, scale, shape).astype(np.float32)


def _filled(layers: Mapping[str, tuple[int, ...]], seed: int, gain: float) -> State:
    """Weight and bias of each layer by its name, or the vectors of a normalization, whose shape is of one number."""
    random, state = np.random.default_rng(seed), {}
    for name, shape in layers.items():
        state[f"{name}.weight"] = _some(random, *shape, gain=gain)
        state[f"{name}.bias"] = _some(random, shape[0])
        if len(shape) == 1:
            state[f"{name}.weight"] = (1 + state[f"{name}.weight"]).astype(np.float32)
            state[f"{name}.running_mean"] = _some(random, shape[0])
            state[f"{name}.running_var"] = (0.5 + random.random(shape[0])).astype(np.float32)
    return state


def deepsea(seed: int, filters=(5, 4, 3), width=8, hidden=6, outputs=5, prefix="1.") -> State:
    one, two, three = filters
    layers = {"0": (one, 4, 1, width), "4": (two, one, 1, width), "8": (three, two, 1, width)}
    length = ((1000 - width + 1) // 4 - width + 1) // 4 - width + 1
    layers |= {"12.1": (hidden, three * length), "14.1": (outputs, hidden)}
    return {f"{prefix}{name}": value for name, value in _filled(layers, seed, 1.3).items()}


def beluga(seed: int, filters=(5, 4, 3), width=8, hidden=6, outputs=5) -> State:
    layers, before = {}, 4
    for place, channels in zip((0, 2, 6, 8, 12, 14), np.repeat(filters, 2).tolist(), strict=True):
        layers[f"model.0.{place}"] = (channels, before, 1, width)
        before = channels
    length = ((2000 - 2 * width + 2) // 4 - 2 * width + 2) // 4 - 2 * width + 2
    layers |= {"model.1.2.1": (hidden, before * length), "model.1.4.1": (outputs, hidden)}
    return _filled(layers, seed, 1.3)


def sei(seed: int, filters=(4, 3, 5), width=9, dilated=5, outputs=6, splines=16) -> State:
    layers, before = {}, 4
    for stage, channels in enumerate(filters, start=1):
        for kind, places in (("lconv", (0, 1) if stage == 1 else (2, 3)), ("conv", (0, 2) if stage == 1 else (1, 3))):
            for place in places:
                layers[f"{kind}{stage}.{place}"] = (channels, before, width)
                before = channels
    layers |= {f"dconv{i}.1": (before, before, dilated) for i in range(1, 6)}
    layers |= {"classifier.0": (outputs, before * splines), "classifier.2": (outputs, outputs)}
    return _filled(layers, seed, 0.8)


def basset(seed: int, filters=(5, 4, 3), widths=(19, 11, 7), hidden=(8, 7), outputs=6) -> State:
    length, layers, before = 600, {}, 4
    for place, channels, width, pool in zip((0, 4, 8), filters, widths, (3, 4, 4), strict=True):
        layers |= {f"{place}": (channels, before, width, 1), f"{place + 1}": (channels,)}
        before, length = channels, (length - width + 1) // pool
    layers |= {"13.1": (hidden[0], before * length), "14": hidden[:1], "17.1": (hidden[1], hidden[0]), "18": hidden[1:]}
    return _filled({**layers, "21.1": (outputs, hidden[1])}, seed, 1.2)


def danq(seed: int, filters=6, width=26, units=4, hidden=7, outputs=5) -> list[list[np.ndarray]]:
    """The tensors of each layer that has some."""
    random, rows = np.random.default_rng(seed), (1000 - width + 1) // (width // 2) * 2 * units
    gates = [_some(random, *shape, gain=2) for _ in range(8) for shape in ((filters, units), (units, units), (units,))]
    return [
        [_some(random, filters, 4, width, 1, gain=1.7), _some(random, filters)],
        gates,
        [_some(random, rows, hidden, gain=2), _some(random, hidden)],
        [_some(random, hidden, outputs), _some(random, outputs)],
    ]


# --- the networks, of windows (n, 4, bp) in float64


def _convolved(x: np.ndarray, state: State, name: str, dilation: int = 0) -> np.ndarray:
    """Without padding, or with a dilation with as much as keeps the length."""
    weight, bias = state[f"{name}.weight"].astype(float), state[f"{name}.bias"]
    weight = weight.reshape(*weight.shape[:2], -1)
    width, step = weight.shape[2], dilation or 1
    if dilation:
        x = np.pad(x, ((0, 0), (0, 0), 2 * (dilation * (width // 2),)))
    length = x.shape[2] - step * (width - 1)
    taps = [np.einsum("nct,oc->not", x[:, :, step * k : step * k + length], weight[:, :, k]) for k in range(width)]
    return sum(taps) + bias[:, None]


def _pooled(x: np.ndarray, size: int) -> np.ndarray:
    length = x.shape[2] // size
    return x[:, :, : length * size].reshape(*x.shape[:2], length, size).max(axis=3)


def _dense(x: np.ndarray, state: State, name: str) -> np.ndarray:
    return x @ state[f"{name}.weight"].astype(float).T + state[f"{name}.bias"]


def _normal(x: np.ndarray, state: State, name: str) -> np.ndarray:
    weight, bias, mean, variance = (
        state[f"{name}.{part}"].astype(float).reshape(-1, *[1] * (x.ndim - 2))
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(variance + 1e-5) * weight + bias


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def of_deepsea(state: State, x: np.ndarray) -> np.ndarray:
    def floored(x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x, 1e-6)

    x = _pooled(floored(_convolved(x[:, [0, 2, 1, 3]], state, "1.0")), 4)
    x = _pooled(floored(_convolved(x, state, "1.4")), 4)
    x = floored(_convolved(x, state, "1.8")).reshape(len(x), -1)
    return _sigmoid(_dense(floored(_dense(x, state, "1.12.1")), state, "1.14.1"))


def of_beluga(state: State, x: np.ndarray) -> np.ndarray:
    x = x[:, [0, 2, 1, 3]]
    for place in (0, 2, 6, 8, 12, 14):
        x = _relu(_convolved(_pooled(x, 4) if place in (6, 12) else x, state, f"model.0.{place}"))
    x = _relu(_dense(x.reshape(len(x), -1), state, "model.1.2.1"))
    return _sigmoid(_dense(x, state, "model.1.4.1"))


def of_sei(state: State, x: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """`basis`: (positions, functions) of the splines."""
    for stage in (1, 2, 3):
        one, two = (0, 1) if stage == 1 else (2, 3)
        x = x if stage == 1 else _pooled(x, 4)
        linear = _convolved(_convolved(x, state, f"lconv{stage}.{one}", 1), state, f"lconv{stage}.{two}", 1)
        one, two = (0, 2) if stage == 1 else (1, 3)
        rectified = _relu(
            _convolved(_relu(_convolved(linear, state, f"conv{stage}.{one}", 1)), state, f"conv{stage}.{two}", 1)
        )
        x = linear + rectified
    x = rectified + _relu(_convolved(x, state, "dconv1.1", 2))
    for i, dilation in enumerate((4, 8, 16, 25), start=2):
        x = x + _relu(_convolved(x, state, f"dconv{i}.1", dilation))
    x = _relu(_dense((x @ basis.astype(float)).reshape(len(x), -1), state, "classifier.0"))
    return _sigmoid(_dense(x, state, "classifier.2"))


def of_basset(state: State, x: np.ndarray) -> np.ndarray:
    for place, pool in ((0, 3), (4, 4), (8, 4)):
        x = _pooled(_relu(_normal(_convolved(x, state, f"{place}"), state, f"{place + 1}")), pool)
    x = x.reshape(len(x), -1)
    for dense, norm in (("13.1", "14"), ("17.1", "18")):
        x = _relu(_normal(_dense(x, state, dense), state, norm))
    return _sigmoid(_dense(x, state, "21.1"))


def of_danq(layers: list[list[np.ndarray]], x: np.ndarray, reverse: bool = True) -> np.ndarray:
    """A true convolution; gates i, c, f, o; dropout that scales by 0.8 and 0.5."""
    (kernel, bias), gates, hidden, output = ([item.astype(float) for item in layer] for layer in layers)
    flipped = {"c.weight": kernel[:, :, ::-1], "c.bias": bias}
    width = kernel.shape[2]
    x = 0.8 * _pooled(_relu(_convolved(x[:, [0, 2, 1, 3]], flipped, "c")), width // 2).transpose(0, 2, 1)
    ways = [_lstm(gates[:12], x), _lstm(gates[12:], x[:, ::-1])[:, ::-1] if reverse else _lstm(gates[12:], x)]
    x = 0.5 * np.concatenate(ways, axis=2).reshape(len(x), -1)
    return _sigmoid(_relu(x @ hidden[0] + hidden[1]) @ output[0] + output[1])


def _lstm(gates: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    units = len(gates[2])
    state, cell, outputs = np.zeros((len(x), units)), np.zeros((len(x), units)), []
    for t in range(x.shape[1]):
        i, c, f, o = (x[:, t] @ gates[k] + state @ gates[k + 1] + gates[k + 2] for k in (0, 3, 6, 9))
        i, f, o = (np.clip(0.2 * z + 0.5, 0, 1) for z in (i, f, o))
        cell = f * cell + i * np.tanh(c)
        state = o * np.tanh(cell)
        outputs.append(state)
    return np.stack(outputs, axis=1)


# --- files


def state_of(state: State, writer: TorchWriter, counters: bool = False) -> dict:
    """A state dict as it is pickled: tensors, not parameters."""
    found = {name: writer.tensor(value).arguments[0] for name, value in state.items()}
    if counters:
        writer.storages["counter"] = struct.pack("<q", 7)
        storage = Storage("counter", 1, "LongStorage")
        made = Call(Name("torch._utils", "_rebuild_tensor_v2"), (storage, 0, (), (), False, _ORDERED))
        norms = [name.removesuffix("running_var") for name in state if name.endswith("running_var")]
        found |= {f"{name}num_batches_tracked": made for name in norms}
    return found


def write_torch(path: Path, state: State, counters: bool = False, inside: str | None = None) -> Path:
    """As PyTorch 1.6 and later write it; `inside` is the key of a checkpoint that holds it."""
    writer = TorchWriter()
    root = state_of(state, writer, counters)
    return writer.write(path, {"epoch": 3, inside: root} if inside else root)


def write_legacy(path: Path, state: State, change=lambda parts: parts) -> Path:
    """As PyTorch before 1.6 writes it: four pickles, the keys of the storages, and these with their lengths.

    Args:
        change: of the parts, as bytes: magic, protocol, system, what was saved, keys, storages.
    """
    writer = TorchWriter()
    root = b"\x80\x02" + pickled(state_of(state, writer)).replace(b"tQ", b"NtQ") + b"."
    keys = list(writer.storages)
    parts = [pickle.dumps(item, 2) for item in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    sizes = b"".join(struct.pack("<q", len(writer.storages[key]) // 4) + writer.storages[key] for key in keys)
    path.write_bytes(b"".join(change([*parts, root, pickle.dumps(keys, 2), sizes])))
    return path


def danq_bytes(layers: list[list[np.ndarray]], places=(0, 3, 6, 8), count: int = 10) -> bytes:
    """As Keras 0.2 writes it. `places`: of the layers with tensors among all."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["nb_layers"] = count
        for number in range(count):
            group = file.create_group(f"layer_{number}")
            tensors = layers[places.index(number)] if number in places else []
            group.attrs["nb_params"] = len(tensors)
            for i, tensor in enumerate(tensors):
                group[f"param_{i}"] = tensor
    return buffer.getvalue()

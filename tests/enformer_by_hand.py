"""Enformer in NumPy, in float64, on the tensors of a state dict by their names; and files of such tensors, written by
hand. Nothing here is shared with the code that is tested."""

import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.stats import gamma

State = dict[str, np.ndarray]
SMALL = {  # as a config.json has it
    "dim": 48,
    "depth": 2,
    "heads": 2,
    "output_heads": {"human": 3, "rat": 2},
    "target_length": 11,
    "attn_dim_key": 8,
    "num_downsamples": 4,
    "dim_divisible_by": 12,
    "length": 336,
}
_TOWER = [24, 36, 48]
_TWICE = {"stem": 1, "conv_tower": 2, "transformer": 4, "final_pointwise": 6}  # places in the trunk


def state(seed: int = 5) -> State:
    """Random tensors of `SMALL`, that keep the size of what passes through."""
    random, dim, heads, key, found = np.random.default_rng(seed), 48, 2, 8, {}

    def some(name: str, *shape: int, scale: float | None = None, about: float = 0.0) -> None:
        spread = np.prod(shape[1:]) ** -0.5 if scale is None else scale
        found[name] = (about + spread * random.normal(size=shape)).astype(np.float32)

    def layer(name: str, *shape: int) -> None:
        some(f"{name}.weight", *shape)
        some(f"{name}.bias", shape[0], scale=0.2)

    def norm(name: str, channels: int) -> None:
        some(f"{name}.weight", channels, scale=0.2, about=1.2)
        some(f"{name}.bias", channels, scale=0.2)

    def block(name: str, read: int, channels: int, width: int) -> None:
        norm(f"{name}.0", read)
        some(f"{name}.0.running_mean", read, scale=0.2)
        found[f"{name}.0.running_var"] = random.uniform(0.3, 2, read).astype(np.float32)
        found[f"{name}.0.num_batches_tracked"] = np.array(7)
        layer(f"{name}.2", channels, read, width)

    layer("stem.0", dim // 2, 4, 15)
    block("stem.1.fn", dim // 2, dim // 2, 1)
    some("stem.2.to_attn_logits.weight", dim // 2, dim // 2, 1, 1, scale=0.4)
    for i, (read, channels) in enumerate(zip([dim // 2, *_TOWER], _TOWER, strict=False)):
        block(f"conv_tower.{i}.0", read, channels, 5)
        block(f"conv_tower.{i}.1.fn", channels, channels, 1)
        some(f"conv_tower.{i}.2.to_attn_logits.weight", channels, channels, 1, 1, scale=0.4)
    for i in range(2):
        first, second = f"transformer.{i}.0.fn", f"transformer.{i}.1.fn"
        norm(f"{first}.0", dim)
        for name in ("content", "pos"):
            some(f"{first}.1.rel_{name}_bias", 1, heads, 1, key, scale=1.0)
        for name, shape in {"q": (16, dim), "k": (16, dim), "v": (dim, dim), "rel_k": (16, dim // heads)}.items():
            some(f"{first}.1.to_{name}.weight", *shape, scale=2 * shape[1] ** -0.5)
        layer(f"{first}.1.to_out", dim, dim)
        norm(f"{second}.0", dim)
        layer(f"{second}.1", 2 * dim, dim)
        layer(f"{second}.4", dim, 2 * dim)
    block("final_pointwise.1", dim, 2 * dim, 1)
    for head, tracks in SMALL["output_heads"].items():
        layer(f"_heads.{head}.0", tracks, 2 * dim)
    return found


def positions(n: int, features: int, rule: str = "deepmind") -> np.ndarray:
    """(2n - 1, features) by the definition, distance by distance."""
    each, found = features // 6, []
    means, deviation = np.linspace(n / each, n, each), n / (2 * each)
    densities = []
    for distance in range(1 - n, n):
        d = abs(distance)
        decays = [0.5 ** (d / 2**exponent) for exponent in np.linspace(3, np.log2(n), each)]
        masks = [float(d + 1 < 2**m) for m in range(1, each + 1)]
        densities.append(
            [gamma.pdf(d, (mean / deviation) ** 2, scale=deviation**2 / mean) * (d > 0) + 1e-8 for mean in means]
        )
        found.append((decays, masks, np.sign(distance)))
    densities = np.array(densities)
    densities /= densities.max(axis=0 if rule == "deepmind" else 1, keepdims=True)
    rows = [np.r_[decays, masks, row] for (decays, masks, _), row in zip(found, densities, strict=True)]
    return np.array([np.r_[row, sign * row] for row, (*_, sign) in zip(rows, found, strict=True)])


def outputs(
    tensors: Mapping[str, np.ndarray],
    codes: np.ndarray,
    target: int | None = None,
    rule: str = "deepmind",
    gelu: str = "sigmoid",
    bases: str = "ACGT",
    turn: int = 1,
    late: int = 0,
) -> dict[str, np.ndarray]:
    """Head → (bins, tracks) of one window of codes.

    The last four are for mistakes: of the GELU, the order of bases, the direction of distances, and the crop, which
    begins so many bins late.
    """
    w = {name: array.astype(np.float64) for name, array in tensors.items()}

    def activated(x: np.ndarray) -> np.ndarray:
        if gelu == "tanh":
            return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        return x / (1 + np.exp(-1.702 * x))

    def convolved(x: np.ndarray, name: str) -> np.ndarray:
        kernel = w[f"{name}.weight"]
        width = kernel.shape[-1]
        padded = np.pad(x, ((width // 2, width // 2), (0, 0)))
        return sum(padded[i : i + len(x)] @ kernel[:, :, i].T for i in range(width)) + w[f"{name}.bias"]

    def block(x: np.ndarray, name: str) -> np.ndarray:
        scale = w[f"{name}.0.weight"] / np.sqrt(w[f"{name}.0.running_var"] + 1e-5)
        return convolved(activated((x - w[f"{name}.0.running_mean"]) * scale + w[f"{name}.0.bias"]), f"{name}.2")

    def pooled(x: np.ndarray, name: str) -> np.ndarray:
        kernel, rows = w[f"{name}.to_attn_logits.weight"][:, :, 0, 0], []
        for i in range(0, len(x), 2):
            pair = x[i : i + 2]
            weights = np.exp(pair @ kernel.T)
            rows.append((pair * weights / weights.sum(axis=0)).sum(axis=0))
        return np.array(rows)

    def normed(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0.0)

    def attended(x: np.ndarray, name: str) -> np.ndarray:
        n, (_, heads, _, key) = len(x), w[f"{name}.rel_content_bias"].shape
        parts = []
        table = positions(n, w[f"{name}.to_rel_k.weight"].shape[1], rule) @ w[f"{name}.to_rel_k.weight"].T
        value = x.shape[1] // heads
        for h in range(heads):
            few, many = slice(h * key, (h + 1) * key), slice(h * value, (h + 1) * value)
            q, k = dense(x, f"{name}.to_q")[:, few] / np.sqrt(key), dense(x, f"{name}.to_k")[:, few]
            content, place = (w[f"{name}.rel_{what}_bias"][0, h, 0] for what in ("content", "pos"))
            apart = n - 1 + turn * (np.arange(n)[None, :] - np.arange(n)[:, None])
            scores = (q + content) @ k.T + np.einsum("ik,ijk->ij", q + place, table[:, few][apart])
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            parts.append(weights / weights.sum(axis=1, keepdims=True) @ dense(x, f"{name}.to_v")[:, many])
        return dense(np.concatenate(parts, axis=1), f"{name}.to_out")

    order = ["ACGT".index(base) for base in bases]
    x = convolved(np.eye(5)[codes][:, :4][:, order], "stem.0")
    x = pooled(x + block(x, "stem.1.fn"), "stem.2")
    for i in range(sum(name.endswith(".2.to_attn_logits.weight") for name in w) - 1):
        x = block(x, f"conv_tower.{i}.0")
        x = pooled(x + block(x, f"conv_tower.{i}.1.fn"), f"conv_tower.{i}.2")
    for i in range(sum(name.endswith(".0.fn.1.to_q.weight") for name in w)):
        first, second = f"transformer.{i}.0.fn", f"transformer.{i}.1.fn"
        x = x + attended(normed(x, f"{first}.0"), f"{first}.1")
        x = x + dense(np.maximum(dense(normed(x, f"{second}.0"), f"{second}.1"), 0), f"{second}.4")
    cut = 0 if target is None else (len(x) - target) // 2
    x = activated(block(x[cut + late : len(x) - cut + late], "final_pointwise.1"))
    heads = [name.split(".")[1] for name in w if name.startswith("_heads.") and name.endswith("weight")]
    return {head: np.logaddexp(0, dense(x, f"_heads.{head}.0")) for head in heads}


def twice(tensors: State) -> State:
    """With each tensor of the trunk under both of its names, as enformer-pytorch saves it."""
    other = {}
    for name, array in tensors.items():
        part, _, rest = name.partition(".")
        other |= {f"_trunk.{_TWICE[part]}.{rest}": array} if part in _TWICE else {}
    return {**tensors, **other}


def write_safetensors(path: Path, tensors: Mapping[str, np.ndarray], dtype: str = "F32") -> Path:
    """A file of safetensors."""
    header, body = {}, b""
    for name, array in tensors.items():
        kind = "I64" if array.dtype.kind == "i" else dtype
        data = array.astype({"I64": "<i8", "F32": "<f4", "F16": "<f2"}[kind]).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def write_torch(path: Path, tensors: Mapping[str, np.ndarray], within: str | None = None) -> Path:
    """A file of `torch.save` of a state dict, or of a dict that has it under a key."""
    with zipfile.ZipFile(path, "w") as archive:
        items = b""
        for key, (name, array) in enumerate(tensors.items()):
            kind = "LongStorage" if array.dtype.kind == "i" else "FloatStorage"
            data = array.astype("<i8" if array.dtype.kind == "i" else "<f4")
            archive.writestr(f"archive/data/{key}", data.tobytes())
            strides = [int(np.prod(array.shape[axis + 1 :])) for axis in range(array.ndim)]
            storage = _tuple(
                _text("storage"), _named("torch", kind), _text(str(key)), _text("cpu"), _number(array.size)
            )
            sizes = (_tuple(*map(_number, values)) for values in (array.shape, strides))
            arguments = _tuple(storage + pickle.BINPERSID, _number(0), *sizes, pickle.NEWFALSE, _ordered())
            items += _text(name) + _named("torch._utils", "_rebuild_tensor_v2") + arguments + pickle.REDUCE
        saved = _ordered() + pickle.MARK + items + pickle.SETITEMS
        if within is not None:
            saved = pickle.EMPTY_DICT + _text(within) + saved + pickle.SETITEM
        archive.writestr("archive/data.pkl", pickle.PROTO + b"\x02" + saved + pickle.STOP)
        archive.writestr("archive/version", "3\n")
    return path


def _text(text: str) -> bytes:
    return pickle.BINUNICODE + len(text.encode()).to_bytes(4, "little") + text.encode()


def _number(number: int) -> bytes:
    return pickle.BININT + int(number).to_bytes(4, "little")


def _named(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _tuple(*items: bytes) -> bytes:
    return pickle.MARK + b"".join(items) + pickle.TUPLE


def _ordered() -> bytes:
    return _named("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE

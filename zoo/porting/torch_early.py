"""Files of PyTorch that hold DeepSEA, Beluga, Sei or Basset, as data, told apart by the names of their tensors: state
dicts (of safetensors or an `.npz`, too), checkpoints with one in them, and modules saved whole."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from zoo import weights
from zoo.errors import IntegrityError
from zoo.porting import early_layout, early_spec, own, safetensors_file, state_dict
from zoo.porting.system_file import SystemFile
from zoo.porting.torch_pickle import Instance, TorchFile, is_tensor, root_of
from zoo.spec import ModelSpec

_PLAIN = (safetensors_file.ENDING, state_dict.ARRAYS)  # of state dicts, and nothing else
ENDINGS = (".pth", ".pt", ".torch", *_PLAIN)
_MOST_MODULES = 2000
_MOST_HEADER = 16 << 20  # bytes
_COUNTER = "num_batches_tracked"  # of a normalization; of no use, and older files lack it
_INSIDE = ("state_dict", "model_state_dict")  # of a checkpoint
_OTHERS = {  # tensors of networks that are taken for these → which they are, and why they are not read
    "conv_net.0.weight": "the DeepSEA of Selene (models/deepsea.py), which has ReLU and another dense layer",
    "bdlstm.0.weight_ih_l0": "the DanQ of Selene (models/danQ.py), whose LSTM runs along the batch, not the sequence",
}


def opened(path: Path) -> tuple[SystemFile, ModelSpec] | None:
    """What a file holds, with the spec of its model; None for a file of another system, or a damaged one.

    Names of outputs are read from their authors' list beside it, if it is there (`zoo.porting.features`).

    Raises:
        InputError: it cannot be read.
        IntegrityError: a damaged file, or one of a network that is not read, with the reason.
    """
    if not path.name.lower().endswith(ENDINGS):
        return None
    is_plain = path.name.lower().endswith(_PLAIN)
    try:
        names = _names(path) if is_plain else set(_state(root_of(path)))
    except IntegrityError:  # whoever else reads such files says what is wrong
        return None
    _refuse_others(names, path)
    if early_layout.system_of(names) is None:
        return None
    data = own.read_bytes(path)
    found = read_plain(data, path) if is_plain else read(data, path)
    return found, early_spec.of_file(found, path, hashlib.sha256(data).hexdigest())


def read(data: bytes, where: object) -> SystemFile:
    """Read the bytes of a file.

    Raises:
        IntegrityError: a damaged file, or one of another network.
    """
    file = TorchFile(data, where)
    return _read({name: partial(file.tensor, value, name) for name, value in _state(file.root).items()}, where)


def read_plain(data: bytes, where: object) -> SystemFile:
    """The same of a file of safetensors, or an `.npz`, which its name says."""
    state = state_dict.read(data, where)
    names = [name for name in state.shapes if not name.endswith(_COUNTER)]
    return _read({name: partial(state.take, name) for name in names}, where)


def _read(tensors: Mapping[str, Callable[[], np.ndarray]], where: object) -> SystemFile:
    if (found := early_layout.system_of(tensors)) is None:
        raise IntegrityError(
            "A file must hold the tensors of DeepSEA, Beluga, Sei or Basset",
            where=where,
            received={"has": [*tensors][:6]},
        )
    system, prefix = found
    return early_layout.read(system, {name.removeprefix(prefix): tensor() for name, tensor in tensors.items()}, where)


def _names(path: Path) -> set[str]:
    """The names of a file of safetensors, or an `.npz`, without the bytes of its tensors."""
    with weights.parsing("A state dict", path), open(path, "rb") as file:
        if path.name.lower().endswith(state_dict.ARRAYS):
            with zipfile.ZipFile(file) as archive:
                names = [name.removesuffix(".npy") for name in archive.namelist()]
        else:
            length = int.from_bytes(file.read(8), "little")
            names = json.loads(file.read(min(length, _MOST_HEADER)))
        return {name for name in names if name != "__metadata__" and not name.endswith(_COUNTER)}


def _refuse_others(names: set[str], where: object) -> None:
    """Raise `IntegrityError` for the networks of others that go by the names of these."""
    for name, what in _OTHERS.items():
        if any(other.endswith(name) for other in names):
            raise IntegrityError(
                "A file must hold DeepSEA, Beluga, Sei, DanQ or Basset as their authors published them",
                where=where,
                received={"holds": what},
            )


def _state(root: object) -> Mapping[str, object]:
    """Name → tensor of what was saved, as a state dict has them, without counters; empty for anything else."""
    if isinstance(root, Instance):
        found = _of_module(root)
    else:
        inner = [root[key] for key in _INSIDE if isinstance(root, dict) and isinstance(root.get(key), dict)]
        found = inner[0] if inner else root
    if not isinstance(found, dict):
        return {}
    return {
        name: value
        for name, value in found.items()
        if isinstance(name, str) and is_tensor(value) and not name.endswith(_COUNTER)
    }


def _of_module(module: Instance) -> dict[str, object]:
    """The tensors of a module and of those in it. Raises `IntegrityError` if these are more than networks have."""
    found, waiting, seen = {}, [("", module)], 0
    while waiting:
        prefix, at = waiting.pop()
        if (seen := seen + 1) > _MOST_MODULES:  # one within itself, too
            raise IntegrityError(f"A network must have at most {_MOST_MODULES:,} modules")
        for kind in ("_parameters", "_buffers"):
            held = at.attribute(kind)
            found |= {f"{prefix}{name}": value for name, value in held.items()} if isinstance(held, dict) else {}
        inner = at.attribute("_modules")
        inside = inner.items() if isinstance(inner, dict) else ()
        waiting += [(f"{prefix}{name}.", other) for name, other in inside if isinstance(other, Instance)]
    return found

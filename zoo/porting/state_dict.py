"""State dicts: the tensors of a network of PyTorch by their names, of a file of safetensors or of `torch.save`, or an
`.npz` of the same arrays."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from zoo import weights
from zoo.errors import IntegrityError
from zoo.files import npz
from zoo.porting.safetensors_file import ENDING, SafetensorsFile
from zoo.porting.torch_pickle import TorchFile, is_tensor

ARRAYS = ".npz"
_WITHIN = ("state_dict", "model_state_dict", "model")  # keys of a training checkpoint
_COUNTER = ".num_batches_tracked"  # of PyTorch's batch normalization; predictions do not depend on it
_SHOWN = 4


@dataclass
class StateDict:
    """Tensors that are taken one by one, so that what is left over is known.

    Attributes:
        shapes: name → shape.
        where: the file.
    """

    shapes: Mapping[str, tuple[int, ...]]
    where: object
    _read: Callable[[str], np.ndarray] = field(repr=False)
    _taken: set[str] = field(default_factory=set, repr=False)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor. Raises `IntegrityError` if there is none of the name."""
        if name not in self.shapes:
            raise IntegrityError(
                "A file of weights must hold all tensors of its network",
                where=self.where,
                received={"missing": name, "tensors": len(self.shapes)},
                hint="Join the parts of a checkpoint that is saved in several files (model-00001-of-00002) first",
            )
        return self.shapes[name]

    def count(self, pattern: str, step: int = 1) -> int:
        """How many of `pattern`, with the numbers 0, step, 2 × step, … for {}, there are."""
        number = 0
        while pattern.format(number * step) in self.shapes:
            number += 1
        return number

    def take(self, name: str) -> np.ndarray:
        """A tensor, float32. Raises `IntegrityError` for one that is missing, or has numbers that are not finite."""
        self.shape(name)
        self._taken.add(name)
        return self._read(name)

    def finish(self) -> None:
        """Raise `IntegrityError` unless all tensors were taken."""
        left = [name for name in self.shapes if name not in self._taken and not name.endswith(_COUNTER)]
        if left:
            raise IntegrityError(
                "A file of weights must hold no other tensors than those of its network",
                where=self.where,
                received={"others": left[:_SHOWN], "how many": len(left)},
            )

    def renamed(self, others: Mapping[str, str]) -> "StateDict":
        """The same, with each tensor by one name.

        Args:
            others: beginning of a name → the one that it is known by. Where both are there, they must be the same.
        """
        places: dict[str, list[str]] = {}
        for name in self.shapes:
            start = next((start for start in others if name.startswith(start)), "")
            places.setdefault(others.get(start, "") + name[len(start) :], []).append(name)

        def read(name: str) -> np.ndarray:
            first, *more = (self._read(known) for known in places[name])
            if any(not np.array_equal(first, other) for other in more):
                raise IntegrityError(
                    "A tensor under two names must be the same", where=self.where, received={"names": places[name]}
                )
            return first

        return StateDict({name: self.shapes[known[0]] for name, known in places.items()}, self.where, read)


def read(data: bytes, where: object) -> StateDict | None:
    """The state dict of a file's bytes; None for a file of `torch.save` that holds anything else.

    Args:
        where: its path: a name that ends in `.safetensors` or `.npz` is one of those, whatever is in it.

    Raises:
        IntegrityError: a damaged file, or one that names what no network consists of.
    """
    if str(where).lower().endswith(ENDING):
        file = SafetensorsFile(data, where)
        return StateDict(file.shapes, where, file.tensor)
    if str(where).lower().endswith(ARRAYS):
        arrays = npz.read(io.BytesIO(data), where=where)
        shapes = {name: array.shape for name, array in arrays.items()}
        return StateDict(shapes, where, lambda name: _finite(arrays[name], where, name))
    file = TorchFile(data, where)
    tensors = _tensors(file.root)
    if tensors is None:
        return None
    shapes = {name: file.shape(value) for name, value in tensors.items()}
    return StateDict(shapes, where, lambda name: file.tensor(tensors[name], name))


def _finite(array: np.ndarray, where: object, name: str) -> np.ndarray:
    """As float32. Raises `IntegrityError` for anything but finite numbers with a point."""
    if array.dtype.kind != "f":
        raise IntegrityError(
            "A tensor must be of floating-point numbers", where=where, received={"tensor": name, "dtype": array.dtype}
        )
    with np.errstate(over="ignore"):  # becomes infinite, and is refused as such
        return weights.finite(np.ascontiguousarray(array, np.float32), where, name)


def _tensors(root: object) -> dict[str, object] | None:
    """Tensors by names, as they are or within a training checkpoint; None if there is no such thing."""
    for found in (root, *(root.get(key) for key in _WITHIN if isinstance(root, dict))):
        if isinstance(found, dict) and found and all(map(is_tensor, found.values())):
            return found if all(isinstance(name, str) for name in found) else None
    return None

"""Files of Keras 1 and 2, whole models and weights alone, as data: tensors by layer, and the configuration if there is
one.

The configuration is read as text. No layer is built from it, and no code in it is decoded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import h5py
import numpy as np

from registry import typed
from zoo import weights
from zoo.errors import IntegrityError

_WHOLE, _OPTIMIZER = "model_weights", "optimizer_weights"
_NUMBER = re.compile(r"_(\d+)$")


@dataclass(frozen=True)
class OldKerasFile:
    """A file.

    Attributes:
        config: of the model; None if the file has weights alone.
        layers: names of the layers, in the order of the graph.
        backend: that wrote it; None if the file does not say.
        where: the file.
    """

    config: Mapping[str, object] | None = field(repr=False)
    layers: tuple[str, ...]
    backend: str | None
    where: object
    _tensors: dict[str, dict[str, np.ndarray]] = field(repr=False)

    @classmethod
    def read(cls, data: bytes, where: object, config: Mapping[str, object] | None = None) -> "OldKerasFile":
        """Read the bytes of a file.

        Args:
            config: of the model, for a file of weights alone.

        Raises:
            IntegrityError: anything but plain HDF5 with layers by name, or numbers that are not finite.
        """
        with weights.open_plain(data, where) as file, weights.parsing("A file of Keras", where):
            group = file.get(_WHOLE, file)
            own = _config(file, where)
            layers = tuple(weights.names(group, "layer_names"))
            if len(set(layers)) != len(layers):
                raise ValueError("a layer is named twice")
            tensors, backend = dict(_tensors(group, where)), _backend(file, group)
        if unknown := [name for name in tensors if name not in layers]:
            raise IntegrityError(
                "Each tensor of a file must be of a layer that it names", where=where, received={"unknown": unknown[:6]}
            )
        return cls(config if own is None else own, layers, backend, where, tensors)

    def of_kind(self, kind: str) -> list[str]:
        """The layers with tensors whose names are a kind and a number (`dense_3`), in the order of their numbers."""
        found = [name for name in self._tensors if name.rsplit("_", 1)[0] == kind and _NUMBER.search(name)]
        return sorted(found, key=lambda name: int(_NUMBER.search(name)[1]))

    def names_of(self, layer: str) -> list[str]:
        """The names of the tensors of a layer that nobody took yet."""
        return list(self._tensors.get(layer, {}))

    def take(self, layer: str, *names: str) -> list[np.ndarray]:
        """The tensors of a layer, which must be just these; each can be taken once.

        Args:
            layer: its name.
            names: what the tensors' names end with, in the order wanted.

        Raises:
            IntegrityError: others, or none.
        """
        found, taken = self._tensors.pop(layer, {}), []
        for name in names:
            fitting = [key for key in found if key == name or key.endswith((f"_{name}", f"/{name}"))]
            if len(fitting) != 1:
                raise self.error(f"have one tensor {name} in the layer {layer}", {"tensors": sorted(found) or "none"})
            taken.append(found.pop(fitting[0]))
        if found:
            raise self.error(f"have no other tensors in the layer {layer}", {"unknown": sorted(found)[:6]})
        return taken

    def finish(self) -> None:
        """Raise `IntegrityError` for tensors that nobody took."""
        if self._tensors:
            raise self.error("have no other tensors than those of its network", {"layers": [*self._tensors][:6]})

    def error(self, rule: str, received: Mapping[str, object], hint: str | None = None) -> IntegrityError:
        """That the file must be different."""
        return IntegrityError(f"The file must {rule}", where=self.where, received=received, hint=hint)


def layers_of(data: bytes, where: object) -> tuple[str, ...]:
    """The names of the layers of a file, or none for another layout. Raises `IntegrityError` if it is no plain HDF5."""
    with weights.open_plain(data, where) as file:
        group = file.get(_WHOLE, file)
        return tuple(name for name in group if isinstance(group[name], h5py.Group)) if len(group) < 2000 else ()


def json_of(text: object, where: object) -> Mapping[str, object]:
    """The configuration of a model from its JSON. Raises `IntegrityError` if it is none."""
    data = text.encode() if isinstance(text, str) else text
    if not isinstance(data, bytes):
        raise IntegrityError("The configuration of a model must be text", where=where, received={"type": type(text)})
    found = typed.load_json(data, where, foreign=True).get("config")
    if not isinstance(found, dict):
        raise IntegrityError("The configuration of a model must be one of layers", where=where)
    return found


def _config(file: h5py.File, where: object) -> Mapping[str, object] | None:
    if "model_config" not in file.attrs:
        return None
    return json_of(file.attrs["model_config"], f"{where}: model_config")


def _backend(*groups: h5py.Group) -> str | None:
    """What wrote a file, if one of its groups says so."""
    said = next((group.attrs["backend"] for group in groups if "backend" in group.attrs), None)
    return said.decode("ascii", "replace") if isinstance(said, bytes) else None if said is None else str(said)[:40]


def _tensors(group: h5py.Group, where: object) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """(layer, name within the layer → array)."""
    for layer in group:
        if layer == _OPTIMIZER or not isinstance(group[layer], h5py.Group):
            continue
        found = {}
        for array in weights.arrays(group[layer], where):
            name = array.name.removeprefix(f"{group[layer].name}/").removeprefix(f"{layer}/").removesuffix(":0")
            value = array[()].astype(np.float32, casting="safe")
            found[name] = weights.finite(value, where, array.name)
        if found:
            yield layer, found

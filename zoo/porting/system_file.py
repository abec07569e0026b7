"""What a file of another system holds, as our network and its tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from zoo import architectures
from zoo.errors import IntegrityError

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class SystemFile:
    """A file.

    Attributes:
        architecture: the name of our builder.
        config: its arguments.
        tensors: layer of our network → its arrays, in the order of its weights.
        where: the file.
    """

    architecture: str
    config: Mapping[str, object]
    tensors: Mapping[str, Sequence[np.ndarray]] = field(repr=False)
    where: object

    def network(self) -> "keras.Model":
        """The network, filled.

        Raises:
            IntegrityError: a tensor of another shape than its layer has, missing, or too many.
        """
        network = architectures.build(self.architecture, **self.config)
        fill(network, self.tensors, self.where)
        return network


def fill(network: "keras.Model", tensors: Mapping[str, Sequence[np.ndarray]], where: object) -> None:
    """Set the weights of each layer. Raises `IntegrityError` unless the tensors are just those of the network."""
    layers = {layer.name: layer for layer in network.layers if layer.weights}
    expected = {name: [tuple(weight.shape) for weight in layer.weights] for name, layer in layers.items()}
    found = {name: [array.shape for array in arrays] for name, arrays in tensors.items()}
    if expected != found:
        differing = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
        raise IntegrityError(
            f"The tensors of a file must be those of its network {network.name}",
            where=where,
            received={f"{name} (expected, found)": (expected.get(name), found.get(name)) for name in differing[:4]},
        )
    for name, layer in layers.items():
        layer.set_weights(list(tensors[name]))

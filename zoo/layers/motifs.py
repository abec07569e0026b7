"""Layers of networks that know motifs: kernels that both strands share, the best place around, logarithms."""

import keras
import numpy as np
from keras import layers, ops

from zoo.errors import InputError
from zoo.spec import BASES


@keras.saving.register_keras_serializable("zoo")
class MotifScan(layers.Layer):
    """How well each motif matches at each position, on the strand where it matches better.

    (batch, positions, 4) → (batch, positions, motifs): the maximum of a convolution with the kernel and one with its
    reverse complement, both padded by zeros to the length of the window. There is no bias; a normalization follows.
    The other strand of a window gives the same in the opposite order.

    Args:
        motifs: how many kernels.
        width: bp of each, an odd number, so that both strands have the same position in their middle.

    Raises:
        InputError: an even width, or an input that is not DNA alone.
    """

    def __init__(self, motifs: int, width: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        if width % 2 != 1:
            raise InputError(
                "Motifs of both strands must be an odd number of bp wide",
                example=19,
                received={"width": width},
            )
        self.motifs, self.width = motifs, width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the kernel, (width, 4, motifs)."""
        if input_shape[-1] != len(BASES):
            raise InputError(
                "What is scanned for motifs must be DNA alone, (batch, positions, 4)", received={"shape": input_shape}
            )
        self.kernel = self.add_weight(
            shape=(self.width, len(BASES), self.motifs), initializer="glorot_uniform", name="kernel"
        )

    def call(self, x):
        """The better match of both strands."""
        return ops.maximum(*self._strands(x))

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rule of a maximum."""
        return rescale.maximum(*self._strands(x))

    def _strands(self, x) -> list:
        kernel = ops.cast(self.kernel, x.dtype)
        both = ops.concatenate([kernel, kernel[::-1, ::-1]], axis=-1)  # A, C, G, T backward are their complements
        return ops.split(ops.conv(x, both, padding="same"), 2, axis=-1)

    def compute_output_shape(self, shape):
        """(batch, positions, motifs)."""
        return (*shape[:-1], self.motifs)

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "motifs": self.motifs, "width": self.width}


@keras.saving.register_keras_serializable("zoo")
class Around(layers.Layer):
    """The largest value of each channel among the positions around, itself included; beyond the ends are none.

    (batch, positions, channels) → the same shape.

    Args:
        reach: positions on each side.
    """

    def __init__(self, reach: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.reach = reach

    def call(self, x):
        """The maximum."""
        return ops.max_pool(x, 2 * self.reach + 1, strides=1, padding="same")

    def rescaled(self, rescale, x):
        """The same, with the rule of maximum pooling; beyond an end its last position is read again."""
        around = np.arange(x.shape[1])[:, None] + np.arange(-self.reach, self.reach + 1)
        inside = np.clip(around, 0, x.shape[1] - 1).ravel()
        return rescale.max_pool(ops.take(x, inside, axis=1), 2 * self.reach + 1)

    def compute_output_shape(self, shape):
        """That of the values."""
        return shape

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "reach": self.reach}


@keras.saving.register_keras_serializable("zoo")
class LogSignal(layers.Layer):
    """ln(1 + gain · x) of each value, of values below 0 as of 0; any shape → the same shape.

    Args:
        gain: how strongly values are compressed: those much smaller than 1 / gain stay in proportion.
    """

    def __init__(self, gain: float = 10.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.gain = gain

    def call(self, x):
        """The logarithm."""
        return ops.log(1 + self.gain * ops.relu(x))

    def rescaled(self, rescale, x):
        """The same, by the rules of ReLU and of the logarithm."""
        return rescale.log(1 + self.gain * rescale.relu(x))

    def compute_output_shape(self, shape):
        """That of the values."""
        return shape

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "gain": self.gain}


@keras.saving.register_keras_serializable("zoo")
class OneOf(layers.Layer):
    """The mean of several tensors; while training, one of them for each example, drawn at random.

    So each is trained as if it were alone, and their errors stay different.

    A list of (batch, …) of one shape → the same shape.

    Args:
        seed: of what is drawn; by default one that `keras.utils.set_random_seed` decides on.
    """

    is_linear = True

    def __init__(self, seed: int | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, tensors, training: bool = False):
        """The mean, or one of them."""
        stacked = ops.stack(tensors, axis=0)
        if not training:
            return ops.mean(stacked, axis=0)
        count, size = len(tensors), ops.shape(tensors[0])[0]
        which = keras.random.randint((size,), 0, count, seed=self._random)
        shape = (count, size) + (1,) * (len(tensors[0].shape) - 1)
        kept = ops.reshape(ops.cast(ops.arange(count)[:, None] == which, stacked.dtype), shape)
        return ops.sum(stacked * kept, axis=0)

    def compute_output_shape(self, shapes):
        """That of each."""
        return shapes[0]

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "seed": self.seed}

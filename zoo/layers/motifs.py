"""A first convolution that both strands share: each kernel is a motif, which matches in either direction."""

import keras
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

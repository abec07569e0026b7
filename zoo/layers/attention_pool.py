"""Attention pooling of Enformer (Avsec et al. 2021, Methods)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class AttentionPool(keras.layers.Layer):
    """Each pair of positions becomes one, channel by channel their mean with weights softmax(x W) over the two.

    Of two positions a and b that is b + sigmoid((a - b) W) (a - b): one product of matrices instead of two. The last
    position of an odd length has no partner and stays as it is.

    (batch, positions, channels) → (batch, ceil(positions / 2), channels). W begins at twice the identity.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create W, (channels in, channels out)."""
        channels = input_shape[-1]
        self.kernel = self.add_weight(
            shape=(channels, channels), initializer=keras.initializers.Identity(2.0), name="kernel"
        )

    def call(self, x):
        """Pool."""
        return self._pooled(x, ops.sigmoid, ops.multiply)

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rules."""
        return self._pooled(x, lambda z: rescale.unary(ops.sigmoid, z), rescale.multiply)

    def _pooled(self, x, sigmoid, multiply):
        paired = x.shape[1] // 2 * 2
        first, second = x[:, 0:paired:2], x[:, 1:paired:2]
        apart = first - second
        pooled = second + multiply(sigmoid(ops.matmul(apart, self.kernel)), apart)
        return pooled if paired == x.shape[1] else ops.concatenate([pooled, x[:, paired:]], axis=1)

    def compute_output_shape(self, shape):
        """(batch, ceil(positions / 2), channels)."""
        return (shape[0], (shape[1] + 1) // 2, shape[2])

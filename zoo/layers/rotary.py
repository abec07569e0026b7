"""Self-attention with rotary encoding of positions (Su et al. 2021, "RoFormer", §3.2)."""

import keras
import numpy as np
from keras import layers, ops

from zoo.errors import InputError
from zoo.layers.linear import uniform

ROPE = ("input", "qk")


def rotate(x):
    """Turn each pair of channels (j, j + C/2) at position t by the angle t · 10000^(-2j/C).

    Args:
        x: (…, positions, channels) with an even number C of channels.

    Returns:
        The same shape and dtype. The scalar product of two rotated vectors depends on the distance of their positions.
    """
    positions, channels = x.shape[-2:]
    # In float32 step by step, as the networks were trained: exact frequencies turn position 511 by 1e-5 more or less.
    frequencies = np.exp(np.arange(0, channels, 2, dtype=np.float32) * np.float32(-np.log(10000.0) / channels))
    angles = np.arange(positions, dtype=np.float32)[:, None] * frequencies
    cos, sin = (ops.convert_to_tensor(table(angles), x.dtype) for table in (np.cos, np.sin))
    first, second = ops.split(x, 2, axis=-1)
    return ops.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


@keras.saving.register_keras_serializable("zoo")
class RotarySelfAttention(layers.Layer):
    """Multi-head attention of positions (batch, positions, channels) to one another.

    Args:
        heads: a divisor of the channels.
        dropout: of the attention weights, while training.
        rope: "input" rotates what the queries and keys are projected from, over all channels (as ASAP does; because a
            projection follows, scores do not depend on distances alone); "qk" rotates queries and keys of every head,
            the textbook's way. Values come from the unrotated input.
    """

    def __init__(self, heads: int, dropout: float = 0.0, rope: str = "input", **kwargs: object) -> None:
        super().__init__(**kwargs)
        if rope not in ROPE:
            raise InputError(f"The rotary encoding must be one of {', '.join(ROPE)}", received={"rope": rope})
        self.heads, self.dropout, self.rope = heads, dropout, rope
        self._drop = layers.Dropout(dropout)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the projections, kernels Xavier-uniform over queries, keys and values together, biases 0."""
        channels = input_shape[-1]
        if channels % self.heads or channels // self.heads % 2:
            raise InputError(
                "The channels must be an even number for every head",
                received={"channels": channels, "heads": self.heads},
            )
        stacked = keras.initializers.RandomUniform(-((6 / (4 * channels)) ** 0.5), (6 / (4 * channels)) ** 0.5)
        for name, initializer in (
            ("query", stacked),
            ("key", stacked),
            ("value", stacked),
            ("output", uniform(channels)),
        ):
            kernel = self.add_weight(shape=(channels, channels), initializer=initializer.clone(), name=f"{name}_kernel")
            bias = self.add_weight(shape=(channels,), initializer="zeros", name=f"{name}_bias")
            setattr(self, f"{name}_kernel", kernel)
            setattr(self, f"{name}_bias", bias)

    def call(self, x, training: bool = False):
        """Attend."""
        query, key, value = self.projections(x)
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        return self.joined(ops.matmul(self._drop(ops.softmax(scores), training=training), value))

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rules."""
        query, key, value = self.projections(x)
        scores = rescale.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        return self.joined(rescale.matmul(rescale.softmax(scores), value))

    def projections(self, x):
        """Query (scaled), key and value by head, (batch, heads, positions, width) each."""
        length, channels = x.shape[1:]
        width = channels // self.heads

        def split(values):
            return ops.transpose(ops.reshape(values, (-1, length, self.heads, width)), (0, 2, 1, 3))

        turned = rotate(x) if self.rope == "input" else x
        query = split(ops.matmul(turned, self.query_kernel) + self.query_bias)
        key = split(ops.matmul(turned, self.key_kernel) + self.key_bias)
        value = split(ops.matmul(x, self.value_kernel) + self.value_bias)
        if self.rope == "qk":
            query, key = rotate(query), rotate(key)
        return query * width**-0.5, key, value

    def joined(self, mixed):
        """What the heads read, (batch, heads, positions, width) → (batch, positions, channels)."""
        channels = mixed.shape[1] * mixed.shape[3]
        mixed = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, mixed.shape[2], channels))
        return ops.matmul(mixed, self.output_kernel) + self.output_bias

    def get_config(self) -> dict:
        """The arguments."""
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout, "rope": self.rope}

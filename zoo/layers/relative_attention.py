"""Self-attention that knows the distance of two positions by features of it (Avsec et al. 2021, Methods).

Enformer and Borzoi share it; they differ in the features (`zoo.layers.positions`).
"""

from collections.abc import Callable

import keras
from keras import layers, ops

from zoo.layers.positions import features_of


def shifted(scores, positions: int):
    """From scores by distance those by position.

    Args:
        scores: (batch, heads, rows, positions + rows - 1), a column for each distance, in ascending order.
        positions: that each row attends to.

    Returns:
        (batch, heads, rows, positions): column j of row i is column rows - 1 + j - i of the scores.
    """
    *_, heads, rows, columns = scores.shape
    padded = ops.pad(scores, ((0, 0), (0, 0), (0, 0), (1, 0)))
    turned = ops.reshape(padded, (-1, heads, columns + 1, rows))[:, :, 1:]
    return ops.reshape(turned, (-1, heads, rows, columns))[..., :positions]


@keras.saving.register_keras_serializable("zoo")
class RelativeAttention(layers.Layer):
    """Multi-head attention of positions (batch, positions, channels) to one another.

    The score of positions i and j is (q_i + u) · k_j + (q_i + w) · r_(j - i): q is the query over the root of `key`,
    u and w are learned, r is a projection of the features of the distance.

    Args:
        heads: of the attention.
        key: channels of a query and a key of each head.
        value: channels of a value of each head.
        features: of each distance, an even number.
        positions: which features, a name of `zoo.layers.positions.POSITIONS`.
        position_length: the positions by which these are scaled; None for those of the window.
        dropout: of the attention weights, while training.
        position_dropout: of the features, while training.
        query_block: rows of the scores that are computed at once, which bounds the memory; None for all.
    """

    def __init__(
        self,
        heads: int,
        key: int,
        value: int,
        features: int,
        positions: str = "masks",
        position_length: int | None = None,
        dropout: float = 0.0,
        position_dropout: float = 0.0,
        query_block: int | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.heads, self.key, self.value, self.features = heads, key, value, features
        self.positions, self.position_length, self.query_block = positions, position_length, query_block
        self.dropout, self.position_dropout = dropout, position_dropout
        self._drop, self._drop_features = layers.Dropout(dropout), layers.Dropout(position_dropout)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the projections, the two biases of queries, and the output layer, which begins at zero."""
        _, length, channels = input_shape
        self.table = features_of(self.positions, length, self.features, self.position_length or length)
        keys, values = self.heads * self.key, self.heads * self.value
        random = keras.initializers.VarianceScaling(2.0)
        shapes = {
            "query_kernel": (channels, keys),
            "key_kernel": (channels, keys),
            "value_kernel": (channels, values),
            "position_kernel": (self.features, keys),
            "content_bias": (self.heads, self.key),
            "position_bias": (self.heads, self.key),
            "output_kernel": (values, channels),
            "output_bias": (channels,),
        }
        for name, shape in shapes.items():
            initializer = "zeros" if name.startswith("output") else random.clone()
            setattr(self, name, self.add_weight(shape=shape, initializer=initializer, name=name))

    def call(self, x, training: bool = False):
        """Attend."""
        return self._attended(
            x,
            self._drop_features(self._constant(), training=training),
            ops.matmul,
            lambda scores: self._drop(ops.softmax(scores), training=training),
        )

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rules."""
        return self._attended(x, self._constant(), rescale.matmul, rescale.softmax)

    def _constant(self):
        return ops.convert_to_tensor(self.table, self.compute_dtype)

    def _attended(self, x, table, product: Callable, softmax: Callable):
        """With rules for the product of two variables and the softmax."""
        length = x.shape[1]
        query = self._by_head(ops.matmul(x, self.query_kernel), self.key) * self.key**-0.5
        key = ops.swapaxes(self._by_head(ops.matmul(x, self.key_kernel), self.key), 2, 3)
        value = self._by_head(ops.matmul(x, self.value_kernel), self.value)
        content, position = (query + bias[:, None] for bias in (self.content_bias, self.position_bias))
        relative = ops.reshape(ops.matmul(table, self.position_kernel), (-1, self.heads, self.key))
        relative = ops.transpose(relative, (1, 2, 0))[None]
        size, mixed = self.query_block or length, []
        for first in range(0, length, size):
            last = min(first + size, length)
            by_distance = ops.matmul(position[:, :, first:last], relative[..., length - last : 2 * length - 1 - first])
            scores = product(content[:, :, first:last], key) + shifted(by_distance, length)
            mixed.append(product(softmax(scores), value))
        mixed = ops.transpose(ops.concatenate(mixed, axis=2), (0, 2, 1, 3))
        joined = ops.reshape(mixed, (-1, length, self.heads * self.value))
        return ops.matmul(joined, self.output_kernel) + self.output_bias

    def _by_head(self, values, width: int):
        """(batch, positions, heads × width) → (batch, heads, positions, width)."""
        return ops.transpose(ops.reshape(values, (-1, values.shape[1], self.heads, width)), (0, 2, 1, 3))

    def compute_output_shape(self, shape):
        """That of x."""
        return shape

    def get_config(self) -> dict:
        """The arguments."""
        names = ("heads", "key", "value", "features", "positions", "position_length", "dropout", "position_dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in (*names, "query_block")}}

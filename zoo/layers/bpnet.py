"""What BPNet and ChromBPNet are made of beside Keras's own layers."""

import keras
from keras import activations, layers, ops

from zoo.errors import InputError

STEM_SIZE, KERNEL_SIZE, PROFILE_SIZE = 21, 3, 75  # bp: widths of the first, the dilated and the profile's convolution
_FROM_PROFILE = (PROFILE_SIZE - 1) // 2


def reach(dilated_layers: int, padding: str) -> int:
    """bp at each end of a window for which a tower without padding has no features; 0 with padding."""
    return 0 if padding == "same" else (STEM_SIZE - 1) // 2 + sum(2**i for i in range(1, dilated_layers + 1))


def check_lengths(window: int, output: int, dilated_layers: int, padding: str, pooled: int | None, tiles: int) -> int:
    """How many positions of a window's features the counts are a mean of.

    Raises:
        InputError: lengths that are odd, or for which too few features are left.
    """
    features = window - 2 * reach(dilated_layers, padding)
    positions = features if pooled is None else pooled
    rules = {
        "window and output must be even numbers of bp": window % 2 == 0 == output % 2 and output > 0,
        "the padding must be valid or same": padding in ("valid", "same"),
        f"a window must have features for the output and {_FROM_PROFILE} bp beside it": features
        >= output + PROFILE_SIZE - 1,
        "counts must be a mean of an even number of features, of at most all": 0 < positions <= features
        and positions % 2 == 0,
        "tiles must be at least 1, and 1 with padding": tiles == 1 or (tiles > 1 and padding == "valid"),
    }
    for rule, holds in rules.items():
        if not holds:
            raise InputError(
                f"The lengths of a BPNet must go together: {rule}",
                example={"window": 2114, "output": 1000, "dilated_layers": 8},
                received={
                    "window": window,
                    "output": output,
                    "dilated layers": dilated_layers,
                    "padding": padding,
                    "features": features,
                    "pooled": pooled,
                    "tiles": tiles,
                },
            )
    return positions


def tower(x, filters: int, dilated_layers: int, padding: str, activation_first: bool):
    """A convolution, then residual dilated ones of 2, 4, 8, … bp: (batch, bp, channels) → (batch, features, filters).

    Args:
        activation_first: ReLU before each dilated convolution and after the last addition; else after each convolution
            and none after the additions.
    """
    x = layers.Conv1D(
        filters, STEM_SIZE, padding=padding, activation=None if activation_first else "relu", name="stem"
    )(x)
    for i in range(1, dilated_layers + 1):
        read = layers.ReLU(name=f"relu{i}")(x) if activation_first else x
        y = layers.Conv1D(
            filters,
            KERNEL_SIZE,
            dilation_rate=2**i,
            padding=padding,
            activation=None if activation_first else "relu",
            name=f"dilated{i}",
        )(read)
        x = layers.Add(name=f"sum{i}")([y, middle(x, y.shape[1], f"middle{i}")])
    return layers.ReLU(name="relu")(x) if activation_first else x


def middle(x, length: int, name: str):
    """The middle of (batch, positions, channels)."""
    return x if x.shape[1] == length else layers.Cropping1D((x.shape[1] - length) // 2, name=name)(x)


def mean_features(x, positions: int, every: int, tiles: int):
    """The mean of the middle `positions` features of each tile: (batch, filters), or (batch, tiles, filters)."""
    x = middle(x, positions + (tiles - 1) * every, "pooled")
    if tiles == 1:
        return layers.GlobalAveragePooling1D(name="mean")(x)
    return layers.AveragePooling1D(positions, strides=every, name="mean")(x)


def _first(x, length: int):
    """Where the middle `length` positions of (batch, positions, channels) begin; of an unknown number of positions, as
    a compiled network has it once it has read two, a tensor.

    Raises:
        ValueError: too few positions, or no middle.
    """
    if x.shape[1] is not None and (x.shape[1] < length or (x.shape[1] - length) % 2):
        raise ValueError(f"Controls must have {length} positions, or more by an even number. Received: {x.shape[1]}.")
    return (ops.shape(x)[1] - length) // 2


@keras.saving.register_keras_serializable("zoo")
class Middle(layers.Layer):
    """The middle `length` positions of (batch, positions, channels), whatever the number of positions."""

    is_linear = True
    weights_decay = False

    def __init__(self, length: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.length = length

    def call(self, x):
        """(batch, length, channels)."""
        first = _first(x, self.length)
        return x[:, first : first + self.length]

    def compute_output_shape(self, shape):
        """(batch, length, channels)."""
        return (shape[0], self.length, shape[2])

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "length": self.length}


@keras.saving.register_keras_serializable("zoo")
class LogTotal(layers.Layer):
    """ln(pseudocount + total) of all control tracks in the middle of each tile.

    Args:
        length: bp that are summed.
        every: bp from one tile to the next.
        tiles: how many.
        pseudocount: what is added.

    (batch, bp, tracks) → (batch, tiles).
    """

    is_linear = True  # controls are held fixed: they are the same for an example and its references
    weights_decay = False

    def __init__(self, length: int, every: int, tiles: int, pseudocount: float, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.length, self.every, self.tiles, self.pseudocount = length, every, tiles, pseudocount

    def call(self, x):
        """The logarithms."""
        first = _first(x, self.length + (self.tiles - 1) * self.every)
        starts = [first + tile * self.every for tile in range(self.tiles)]
        totals = [ops.sum(x[:, start : start + self.length], axis=(1, 2)) for start in starts]
        return ops.log(ops.stack(totals, axis=1) + self.pseudocount)

    def compute_output_shape(self, shape):
        """(batch, tiles)."""
        return (shape[0], self.tiles)

    def get_config(self) -> dict:
        """The arguments that make it again."""
        own = {name: getattr(self, name) for name in ("length", "every", "tiles", "pseudocount")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("zoo")
class LogSum(layers.Layer):
    """ln(exp(a) + exp(b)): the logarithm of a sum of counts that are given as logarithms."""

    weights_decay = False

    def call(self, inputs):
        """Of two tensors of one shape, that shape."""
        return ops.logaddexp(*inputs)

    def rescaled(self, rescale, inputs):
        """As a + softplus(b - a)."""
        a, b = inputs
        return a + rescale.unary(activations.softplus, b - a)

    def compute_output_shape(self, shapes):
        """That of either."""
        return shapes[0]

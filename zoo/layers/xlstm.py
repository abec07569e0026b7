"""Blocks of the xLSTM (Beck et al. 2024, "xLSTM: Extended Long Short-Term Memory"), as ASAP's network uses them.

Shapes are (batch, positions, channels) throughout. Both cells work in float32, whatever the precision of their inputs:
their gates are exponentials.
"""

import keras
import numpy as np
from keras import activations, initializers, layers, ops

from zoo.layers.gelu import gelu
from zoo.layers.linear import depthwise_convolution

FIRST = -1e30  # the stabilizer before the first position: as good as minus infinity, but with finite differences


@keras.saving.register_keras_serializable("zoo")
class BlockDiagonal(layers.Layer):
    """A dense layer without bias that mixes channels only within `blocks` groups of consecutive ones.

    Args:
        blocks: a divisor of the channels.
        kernel_initializer: of the (blocks, channels / blocks, channels / blocks) kernel: block, in, out.
    """

    is_linear = True

    def __init__(self, blocks: int, kernel_initializer: object = "glorot_uniform", **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.blocks, self.kernel_initializer = blocks, initializers.get(kernel_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the kernel."""
        width = input_shape[-1] // self.blocks
        self.kernel = self.add_weight(
            shape=(self.blocks, width, width), initializer=self.kernel_initializer, name="kernel"
        )

    def call(self, x):
        """Mix."""
        length, channels = x.shape[1:]
        grouped = ops.reshape(x, (-1, length, self.blocks, channels // self.blocks))
        return ops.reshape(ops.einsum("btgi,gio->btgo", grouped, self.kernel), (-1, length, channels))

    def get_config(self) -> dict:
        """The arguments."""
        serialized = initializers.serialize(self.kernel_initializer)
        return {**super().get_config(), "blocks": self.blocks, "kernel_initializer": serialized}


@keras.saving.register_keras_serializable("zoo")
class HeadNormalization(layers.Layer):
    """Each position's channels to mean 0 and variance 1, within each of `heads` groups; then times (1 + weight).

    With one head it is a layer normalization without bias.
    """

    weights_decay = False

    def __init__(self, heads: int = 1, epsilon: float = 1e-5, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.heads, self.epsilon = heads, epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weight, which begins at 0."""
        self.weight = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="weight")

    def call(self, x):
        """Normalize, in float32."""
        length, channels = x.shape[1:]
        grouped = ops.reshape(ops.cast(x, "float32"), (-1, length, self.heads, channels // self.heads))
        mean, variance = ops.moments(grouped, axes=-1, keepdims=True)
        grouped = (grouped - mean) * ops.rsqrt(variance + self.epsilon)
        scaled = ops.reshape(grouped, (-1, length, channels)) * (1.0 + ops.cast(self.weight, "float32"))
        return ops.cast(scaled, self.compute_dtype)

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rules."""
        length, channels = x.shape[1:]
        grouped = ops.reshape(x, (-1, length, self.heads, channels // self.heads))
        centered = grouped - ops.mean(grouped, axis=-1, keepdims=True)
        variance = ops.mean(rescale.square(centered), axis=-1, keepdims=True)
        normal = rescale.multiply(centered, rescale.rsqrt(variance + self.epsilon))
        return ops.reshape(normal, (-1, length, channels)) * (1.0 + self.weight)

    def get_config(self) -> dict:
        """The arguments."""
        return {**super().get_config(), "heads": self.heads, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("zoo")
class LearnableSkip(layers.Layer):
    """x + weight · skip, with a weight for every channel that begins at 1. Takes [x, skip]."""

    is_linear = True

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Create the weight."""
        self.weight = self.add_weight(shape=input_shape[0][-1:], initializer="ones", name="weight")

    def call(self, inputs):
        """Add."""
        x, skip = inputs
        return x + self.weight * skip


@keras.saving.register_keras_serializable("zoo")
class MLSTMCell(layers.Layer):
    """The matrix memory for all positions at once (Beck et al. 2024, §2.3). Takes [query, key, value, gates].

    Every position reads those up to itself. With F the running sum of log sigmoid(f) and a = i - F, position t weighs
    position s by exp(a_s - M_t), M the running maximum of a; F_t cancels between the weights and their stabilizer.

    Args:
        heads: a divisor of the channels. `gates` (batch, positions, 2 × heads) are input gates, then forget gates,
            before their nonlinearities.
    """

    def __init__(self, heads: int, epsilon: float = 1e-6, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.heads, self.epsilon = heads, epsilon

    def call(self, inputs):
        """(batch, positions, channels) float32."""
        query, key, value, write, kept = self.parts(inputs, ops.log_sigmoid)
        weight = self.causal(write, kept)
        largest = ops.max(weight, axis=-1, keepdims=True)
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * ops.exp(weight - largest)
        total = ops.abs(ops.sum(scores, axis=-1, keepdims=True))
        floor = ops.exp(-(kept[..., None] + largest))
        return self.joined(ops.matmul(scores, value) / (ops.maximum(total, floor) + self.epsilon))

    def rescaled(self, rescale, inputs):
        """The same by DeepLIFT's rules."""
        query, key, value, write, kept = self.parts(inputs, lambda forget: rescale.unary(ops.log_sigmoid, forget))
        weight = self.causal(write, kept)
        own = ops.stop_gradient(ops.max(weight, axis=-1, keepdims=True))
        largest = rescale.together(own)
        scores = rescale.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        scores = rescale.multiply(scores, rescale.unary(ops.exp, weight - largest))
        total = ops.sum(scores, axis=-1, keepdims=True)
        floor = rescale.unary(ops.exp, -(kept[..., None] + largest))
        size = rescale.relu(total) + rescale.relu(-total)
        under = rescale.maximum(size, floor) + self.epsilon * ops.exp(own - largest)
        return self.joined(rescale.multiply(rescale.matmul(scores, value), rescale.reciprocal(under)))

    def parts(self, inputs, log_sigmoid):
        """Query (scaled), key, value (batch, heads, positions, width), and i and F (batch, heads, positions)."""
        query, key, value, gates = (ops.cast(tensor, "float32") for tensor in inputs)
        length, channels = query.shape[1:]
        width = channels // self.heads
        query, key, value = (
            ops.transpose(ops.reshape(tensor, (-1, length, self.heads, width)), (0, 2, 1, 3))
            for tensor in (query, key, value)
        )
        write, forget = ops.split(ops.transpose(gates, (0, 2, 1)), 2, axis=1)
        return query * width**-0.5, key, value, write, ops.cumsum(log_sigmoid(forget), axis=-1)

    def causal(self, write, kept):
        """a_s for all positions s up to t, (batch, heads, t, s)."""
        behind = np.tril(np.ones((write.shape[-1], write.shape[-1]), bool))
        return ops.where(behind, (write - kept)[:, :, None, :], FIRST)

    def joined(self, read):
        """(batch, heads, positions, width) → (batch, positions, channels)."""
        return ops.reshape(ops.transpose(read, (0, 2, 1, 3)), (-1, read.shape[2], read.shape[1] * read.shape[3]))

    def get_config(self) -> dict:
        """The arguments."""
        return {**super().get_config(), "heads": self.heads, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("zoo")
class SLSTMCell(layers.Layer):
    """The scalar memory, one step (Beck et al. 2024, §2.2), for `keras.layers.RNN`.

    Reads (batch, 4 × units): input gate, forget gate, cell input, output gate before their nonlinearities, without what
    the last output adds to them. States: output, cell, normalizer, stabilizer, (batch, units) each.

    Args:
        units: channels.
        heads: a divisor of the units; the recurrent kernel (heads, units / heads, 4 × units / heads) mixes within them.
        forget_power: the forget bias of a head's channel j of n begins at 5 - 12 (j / (n - 1)) ** forget_power,
            from which half the forget gates are nearly open and half nearly closed.
    """

    def __init__(self, units: int, heads: int, forget_power: float = 1.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.units, self.heads, self.forget_power = units, heads, forget_power
        self.state_size, self.output_size = [units] * 4, units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the recurrent kernel, which begins at 0, and the bias."""
        width = self.units // self.heads

        def initial_bias(shape, dtype=None):
            ramp = 5 - 12 * (np.arange(width) / max(width - 1, 1)) ** self.forget_power
            bias = np.zeros((4, self.units))
            bias[1] = np.tile(ramp, self.heads)
            return ops.convert_to_tensor(bias.reshape(shape), dtype)

        self.recurrent_kernel = self.add_weight(
            shape=(self.heads, width, 4 * width), initializer="zeros", name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(4 * self.units,), initializer=initial_bias, name="bias")

    def call(self, inputs, states):
        """One position: (output, new states)."""
        output, cell, normalizer, stabilizer = states
        write, forget, new, release = self.gates(inputs, output)
        forget = stabilizer + ops.log_sigmoid(forget)
        stabilizer = ops.maximum(write, forget)
        write, forget = ops.exp(write - stabilizer), ops.exp(forget - stabilizer)
        cell = forget * cell + write * ops.tanh(new)
        normalizer = forget * normalizer + write
        output = ops.sigmoid(release) * cell / normalizer
        return output, [output, cell, normalizer, stabilizer]

    def rescaled(self, rescale, inputs):
        """All positions by DeepLIFT's rules, (batch, positions, units).

        With ρ = cell / normalizer and ℓ = ln normalizer: ρ moves to tanh(z) by a fraction σ(i - ln σ(f) - ℓ).
        """

        def step(state, added):
            output, ratio, level = ops.split(state, 3, axis=-1)
            write, forget, new, release = self.gates(added, output)
            above = level + rescale.unary(ops.log_sigmoid, forget) - write
            share = rescale.unary(activations.sigmoid, -above)
            ratio = ratio + rescale.multiply(share, rescale.unary(activations.tanh, new) - ratio)
            output = rescale.multiply(rescale.unary(activations.sigmoid, release), ratio)
            state = ops.concatenate([output, ratio, write + rescale.unary(activations.softplus, above)], axis=-1)
            return state, state

        nothing = ops.zeros_like(inputs[:, 0, : self.units])
        start = ops.concatenate([nothing, nothing, nothing + FIRST], axis=-1)
        states = ops.scan(step, start, ops.transpose(inputs, (1, 0, 2)), length=inputs.shape[1])[1]
        return ops.transpose(states[..., : self.units], (1, 0, 2))

    def gates(self, inputs, output):
        """Input gate, forget gate, cell input and output gate before their nonlinearities, (batch, units) each."""
        width = self.units // self.heads
        recurrent = ops.einsum(
            "bhi,hio->bho",
            ops.reshape(output, (-1, self.heads, width)),
            ops.cast(self.recurrent_kernel, output.dtype),
        )
        recurrent = ops.transpose(ops.reshape(recurrent, (-1, self.heads, 4, width)), (0, 2, 1, 3))
        added = ops.cast(self.bias, inputs.dtype) + ops.reshape(recurrent, (-1, 4 * self.units))
        return ops.split(inputs + added, 4, axis=-1)

    def get_initial_state(self, batch_size: int | None = None) -> list:
        """Zeros, and a stabilizer that makes the first position forget nothing but what is not there."""
        return [ops.full((batch_size, self.units), value, "float32") for value in (0.0, 0.0, 0.0, FIRST)]

    def get_config(self) -> dict:
        """The arguments."""
        arguments = {"units": self.units, "heads": self.heads, "forget_power": self.forget_power}
        return {**super().get_config(), **arguments}


def mlstm_block(x, heads: int, projection: float, kernel_size: int, block_size: int, blocks: int, name: str):
    """Normalization, two branches, one of them through a causal convolution and the matrix memory, and `x` added.

    Args:
        heads: of the memory.
        projection: channels of the branches, in multiples of those of `x`.
        kernel_size: of the causal convolution.
        block_size: channels that the query, key and value projections mix.
        blocks: of the whole stack, which the output's initial scale depends on.
    """
    channels = x.shape[-1]
    inner, small = int(projection * channels), (2 / (5 * channels)) ** 0.5
    y = HeadNormalization(name=f"{name}_norm")(x)
    y = layers.Dense(
        2 * inner, use_bias=False, kernel_initializer=initializers.RandomNormal(0.0, small), name=f"{name}_up"
    )(y)
    main, gate = y[..., :inner], y[..., inner:]
    seen = causal_convolution(main, kernel_size, f"{name}_conv")
    query, key, value = (
        BlockDiagonal(inner // block_size, initializers.RandomNormal(0.0, small), name=f"{name}_{what}")(source)
        for what, source in (("query", seen), ("key", seen), ("value", main))
    )
    gates = layers.Concatenate(name=f"{name}_qkv")([query, key, value])
    gates = layers.Concatenate(name=f"{name}_gates")(
        [
            layers.Dense(
                heads,
                kernel_initializer="zeros",
                bias_initializer=initializers.RandomNormal(0.0, 0.1),
                name=f"{name}_input_gate",
            )(gates),
            layers.Dense(
                heads, kernel_initializer="zeros", bias_initializer=_Ramp(3.0, 6.0), name=f"{name}_forget_gate"
            )(gates),
        ]
    )
    y = MLSTMCell(heads, name=f"{name}_matrix")([query, key, value, gates])
    y = HeadNormalization(heads, name=f"{name}_matrix_norm")(y)
    y = LearnableSkip(name=f"{name}_skip")([y, seen])
    y = layers.Multiply(name=f"{name}_gated")([y, layers.Activation("silu", name=f"{name}_silu")(gate)])
    y = layers.Dense(channels, use_bias=False, kernel_initializer=_shrinking(channels, blocks), name=f"{name}_down")(y)
    return layers.Add(name=name)([x, y])


def slstm_block(x, heads: int, kernel_size: int, hidden: int, forget_power: float, blocks: int, name: str):
    """Normalization, the scalar memory after a causal convolution, `x` added; then a gated dense block, likewise.

    Args:
        heads: of the memory.
        kernel_size: of the causal convolution.
        hidden: channels of the dense block.
        forget_power: see `SLSTMCell`.
        blocks: of the whole stack, which the output's initial scale depends on.
    """
    channels = x.shape[-1]
    small = (2 / (5 * channels)) ** 0.5
    y = HeadNormalization(name=f"{name}_norm")(x)
    seen = causal_convolution(y, kernel_size, f"{name}_conv")
    gates = [
        BlockDiagonal(heads, initializers.RandomNormal(0.0, small), name=f"{name}_{what}")(source)
        for what, source in (("input", seen), ("forget", seen), ("cell", y), ("release", y))
    ]
    gates = layers.Concatenate(dtype="float32", name=f"{name}_gates")(gates)
    cell = SLSTMCell(channels, heads, forget_power, dtype="float32", name="step")
    y = layers.RNN(cell, return_sequences=True, dtype="float32", name=f"{name}_memory")(gates)
    y = HeadNormalization(heads, name=f"{name}_memory_norm")(y)
    x = layers.Add(name=f"{name}_memory_sum")([x, y])
    y = HeadNormalization(name=f"{name}_dense_norm")(x)
    y = layers.Dense(
        2 * hidden, use_bias=False, kernel_initializer=initializers.RandomNormal(0.0, small), name=f"{name}_dense_up"
    )(y)
    y = layers.Multiply(name=f"{name}_dense_gated")(
        [layers.Activation(gelu, name=f"{name}_dense_gelu")(y[..., :hidden]), y[..., hidden:]]
    )
    y = layers.Dense(
        channels, use_bias=False, kernel_initializer=_shrinking(channels, blocks), name=f"{name}_dense_down"
    )(y)
    return layers.Add(name=name)([x, y])


def causal_convolution(x, kernel_size: int, name: str):
    """A convolution of each channel with the positions up to its own, and SiLU."""
    x = layers.ZeroPadding1D((kernel_size - 1, 0), name=f"{name}_pad")(x)
    return depthwise_convolution(x, 1, kernel_size, name, padding="valid", activation="silu")


def _shrinking(channels: int, blocks: int) -> initializers.Initializer:
    """Smaller the more blocks add up to the output."""
    return initializers.RandomNormal(0.0, 2 / blocks / channels**0.5)


@keras.saving.register_keras_serializable("zoo")
class _Ramp(initializers.Initializer):
    """Evenly spaced values from `first` to `last`."""

    def __init__(self, first: float, last: float) -> None:
        self.first, self.last = first, last

    def __call__(self, shape, dtype=None):
        """A vector."""
        return ops.linspace(self.first, self.last, shape[0], dtype=dtype)

    def get_config(self) -> dict:
        """The arguments."""
        return {"first": self.first, "last": self.last}

"""An LSTM with PyTorch's two bias vectors, and the way ASAP reads a bidirectional one."""

import keras
from keras import activations, layers, ops

from zoo.errors import InputError
from zoo.layers.backward import backward
from zoo.layers.linear import uniform

READOUTS = ("last", "final")


@keras.saving.register_keras_serializable("zoo")
class LSTMCell(layers.LSTMCell):
    """The cell of Keras (gates i, f, c, o) with a bias that is the sum of two vectors, as in PyTorch and cuDNN.

    Two vectors matter while training: an optimizer like Adam moves each by its step, and so their sum by two.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the kernels and both vectors."""
        super().build(input_shape)
        self.recurrent_bias = self.add_weight(
            shape=(4 * self.units,), initializer=self.bias_initializer, name="recurrent_bias"
        )

    @property
    def bias(self):
        """The sum, the only bias that the cell of Keras reads."""
        return self.input_bias + self.recurrent_bias

    @bias.setter
    def bias(self, variable) -> None:
        self.input_bias = variable  # the variable that the cell of Keras creates


@keras.saving.register_keras_serializable("zoo")
class LSTM(layers.LSTM):
    """Keras' LSTM over that cell, returning the last output; all tensors begin uniform in ±1 / sqrt(units).

    With cuDNN where there is a GPU. Without, training on TensorFlow goes through `_last_output`, because the gradient
    that TensorFlow derives of a loop adds up the kernels' gradients, a megabyte each, at every position.
    """

    def __init__(self, units: int, go_backwards: bool = False, unroll: bool = False, **kwargs: object) -> None:
        super().__init__(units, go_backwards=go_backwards, unroll=unroll, **kwargs)
        self.cell = LSTMCell(
            units,
            kernel_initializer=uniform(units),
            recurrent_initializer=uniform(units),
            bias_initializer=uniform(units),
            unit_forget_bias=False,
            dtype=self.dtype_policy,
            name="cell",
        )

    def call(self, sequences, initial_state=None, mask=None, training: bool = False):
        """(batch, positions, channels) → (batch, units)."""
        without_cudnn = keras.backend.backend() == "tensorflow" and self.supports_jit
        if not (training and without_cudnn and initial_state is None and mask is None) or self.unroll:
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        x = ops.transpose(ops.flip(sequences, axis=1) if self.go_backwards else sequences, (1, 0, 2))
        gates = ops.matmul(x, self.cell.kernel) + self.cell.bias
        return _last_output(gates, ops.copy(self.cell.recurrent_kernel))

    def rescaled(self, rescale, x):
        """The same by DeepLIFT's rules."""
        x = ops.flip(x, axis=1) if self.go_backwards else x
        gates = ops.matmul(x, self.cell.kernel) + self.cell.bias
        return rescaled_output(rescale, gates, ops.copy(self.cell.recurrent_kernel))

    def get_config(self) -> dict:
        """The arguments."""
        config = super().get_config()
        return {key: config[key] for key in ("name", "trainable", "dtype", "units", "go_backwards", "unroll")}


@ops.custom_gradient
def _last_output(gates, kernel):
    """The last output of an LSTM and its gradient, backpropagation through time (Werbos 1990) written out.

    Args:
        gates: (positions, batch, 4 × units), what the inputs add to the gates i, f, c, o.
        kernel: (units, 4 × units), the recurrent kernel.

    Returns:
        (batch, units). The gradient needs one product with the kernel at each position; that of the kernel itself is
        one product over all positions.
    """
    units, states = kernel.shape[0], run(gates, kernel)

    @backward
    def gradient(upstream):
        _, cell, write, forget, new, release = ops.split(states, 6, axis=-1)
        before, seen = shifted(states), ops.tanh(cell)
        d_gates = backpropagate(
            new * write * (1 - write),
            before[..., units : 2 * units] * forget * (1 - forget),
            write * (1 - new * new),
            forget,
            seen * release * (1 - release),
            release * (1 - seen * seen),
            upstream,
            kernel,
        )
        outputs = ops.reshape(before[..., :units], (-1, units))
        return d_gates, ops.matmul(ops.transpose(outputs), ops.reshape(d_gates, (-1, 4 * units)))

    return states[-1, :, :units], gradient


def rescaled_output(rescale, gates, kernel, gate=ops.sigmoid, every: bool = False):
    """`_last_output` of gates (batch, positions, 4 × units), with DeepLIFT's multipliers on the backward pass.

    Args:
        gate: the function of the gates i, f and o.
        every: the output at every position, (batch, positions, units), instead of the last one.
    """
    units = kernel.shape[0]

    @ops.custom_gradient
    def outputs(gates):
        states = run(_turned(gates), kernel, gate)

        @backward
        def gradient(upstream):
            before = _turned(shifted(states))
            inner = gates + ops.matmul(before[..., :units], kernel)
            _, cell, *activated = ops.split(_turned(states), 6, axis=-1)
            functions = (gate, gate, activations.tanh, gate)
            write, forget, new, release = (
                rescale.flat(rescale.quotient(function, z, y))
                for function, z, y in zip(functions, ops.split(inner, 4, axis=-1), activated, strict=True)
            )
            middle = [rescale.midpoint(y) for y in activated]
            seen = ops.tanh(cell)
            factors = (
                middle[2] * write,
                rescale.midpoint(before[..., units : 2 * units]) * forget,
                middle[0] * new,
                middle[1],
                rescale.midpoint(seen) * release,
                middle[3] * rescale.flat(rescale.quotient(activations.tanh, cell, seen)),
            )
            behind = rescale.behind(upstream)
            d_gates = backpropagate(*map(_turned, factors), _turned(behind) if every else behind, kernel)
            return rescale.alone(_turned(d_gates), gates)

        return (_turned(states)[..., :units] if every else states[-1, :, :units]), gradient

    return outputs(gates)


def _turned(z):
    """(batch, positions, …) → (positions, batch, …), and back."""
    return ops.transpose(z, (1, 0, 2))


def run(gates, kernel, gate=ops.sigmoid):
    """Every state of an LSTM, (positions, batch, 6 × units): output, cell, and the gates i, f, c, o.

    Arguments as for `_last_output`; `gate` is the function of the gates i, f and o.
    """
    units = kernel.shape[0]

    def step(state, added):
        output, cell = state[:, :units], state[:, units : 2 * units]
        write, forget, new, release = ops.split(added + ops.matmul(output, kernel), 4, axis=-1)
        write, forget, release = gate(write), gate(forget), gate(release)
        new = ops.tanh(new)
        cell = forget * cell + write * new
        state = ops.concatenate([release * ops.tanh(cell), cell, write, forget, new, release], axis=-1)
        return state, state

    nothing = ops.zeros_like(gates[0, :, : 2 * units])
    start = ops.concatenate([nothing, nothing, nothing], axis=-1)
    return ops.scan(step, start, gates, length=gates.shape[0])[1]


def shifted(states):
    """The state before each position, of the same shape."""
    return ops.concatenate([ops.zeros_like(states[:1]), states[:-1]])


def backpropagate(write, forget, new, cell, release, seen, upstream, kernel):
    """What a change of the last output, or of all, becomes in the gates of all positions.

    Args:
        write, forget, new, cell: what d cell becomes in the gates i, f and c, and in the cell before it.
        release, seen: what d output becomes in the gate o, and in the cell. Each (positions, batch, units).
        upstream: (batch, units), d last output; or (positions, batch, units), d output at every position.
        kernel: (units, 4 × units).

    Returns:
        (positions, batch, 4 × units).
    """
    units, back, every = kernel.shape[0], ops.transpose(kernel), len(upstream.shape) == 3
    factors = ops.concatenate([write, forget, new, cell, release, seen, *([upstream] if every else [])], axis=-1)

    def step_back(state, factor):  # a state is d output, d cell and d gates
        d_output, d_cell = state[:, :units], state[:, units : 2 * units]
        d_output = d_output + factor[:, 6 * units :] if every else d_output
        d_cell = d_cell + d_output * factor[:, 5 * units : 6 * units]
        by_cell = ops.tile(d_cell, (1, 4)) * factor[:, : 4 * units]
        d_gates = ops.concatenate([by_cell[:, : 3 * units], d_output * factor[:, 4 * units : 5 * units]], axis=-1)
        state = ops.concatenate([ops.matmul(d_gates, back), by_cell[:, 3 * units :], d_gates], axis=-1)
        return state, state

    nothing = ops.zeros_like(factors[0, :, : 5 * units])
    start = ops.concatenate([ops.zeros_like(upstream[0]) if every else upstream, nothing], axis=-1)
    _, d_states = ops.scan(step_back, start, factors, length=factors.shape[0], reverse=True)
    return d_states[..., 2 * units :]


def bidirectional_readout(x, units: int, readout: str, name: str):
    """The state of a bidirectional LSTM, (batch, positions, channels) → (batch, 2 × units).

    Args:
        readout: which output of the backward direction is read beside the forward direction's last one. "last", as
            ASAP does: that at the last position, where it has seen this one position only, so one step is all that is
            computed. "final": that at the first position, where it has seen them all.
    """
    if readout not in READOUTS:
        raise InputError(f"The readout of an LSTM must be one of {', '.join(READOUTS)}", received={"readout": readout})
    seen = layers.Cropping1D((x.shape[1] - 1, 0), name=f"{name}_last")(x) if readout == "last" else x
    forward = LSTM(units, name=f"{name}_forward")(x)
    backward = LSTM(units, go_backwards=True, unroll=readout == "last", name=f"{name}_backward")(seen)
    return layers.Concatenate(name=name)([forward, backward])

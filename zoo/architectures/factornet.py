"""FactorNet (Quang & Xie 2019): a convolution, a bidirectional LSTM and dense layers, on both strands of one window."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.hard_sigmoid import SequenceLSTM
from zoo.layers.strands import dropout, inputs_of, merged, on_both, probabilities


def build(
    window: int = 1002,
    tracks: int = 2,
    filters: int = 32,
    kernel_size: int = 34,
    pool_size: int = 17,
    units: int = 32,
    global_pool: bool = False,
    hidden: int = 64,
    covariates: int = 0,
    outputs: int = 1,
    convolution_dropout: float = 0.1,
    lstm_dropout: float = 0.1,
    recurrent_dropout: float = 0.1,
    state_dropout: float = 0.2,
    vector_dropout: float = 0.0,
    hidden_dropout: float = 0.0,
    swap: tuple[int, ...] = (),
) -> keras.Model:
    """A tower whose layers both strands share; the probability is the mean of theirs.

    Args:
        window: length of the input in bp.
        tracks: beside DNA.
        filters: channels of the convolution, and of the dense layer of each position after it.
        kernel_size: width of the convolution.
        pool_size: width and stride of the maximum pooling; half the kernel's width in all released models.
        units: of the LSTM in each direction; 0 for no LSTM.
        global_pool: one maximum over all positions instead of pooling and LSTM, which is the original's
            `num_recurrent` < 0.
        hidden: units of the dense layers.
        covariates: length of a vector that is read before a second dense layer; 0 for neither.
        outputs: probabilities, one for each factor.
        convolution_dropout, state_dropout: rates after the convolution, and after LSTM or pooling.
        lstm_dropout, recurrent_dropout: rates in the LSTM, of what it reads and of its state.
        vector_dropout, hidden_dropout: rates after the vector is joined and before the last layer; only the authors'
            later code has them.
        swap: for each track the place of that which the other strand reads in its stead; empty if each stays.

    Returns:
        A model of `window` (batch, bp, 4 + tracks), with covariates also `covariates` (batch, covariates) → (batch, 1),
        or (batch, 1, outputs) for several outputs. With the defaults 257,857 parameters.
    """
    if global_pool and units:
        raise InputError(
            "A network with one maximum over all positions must have no LSTM", received={"units": units}, example=0
        )
    given, strands = inputs_of(window, tracks, covariates, swap)
    steps = [
        layers.Conv1D(filters, kernel_size, activation="relu", name="convolution"),
        *dropout(convolution_dropout, "convolution_dropout"),
        layers.Dense(filters, activation="relu", name="position_dense"),
        layers.MaxPooling1D(window - kernel_size + 1 if global_pool else pool_size, name="pool"),
    ]
    strands = on_both(strands, *steps)
    if units:
        strands = both_directions(strands, units, lstm_dropout, recurrent_dropout)
    steps = [
        *dropout(state_dropout, "state_dropout"),
        layers.Flatten(name="features"),
        layers.Dense(hidden, activation="relu", name="hidden"),
    ]
    strands = on_both(strands, *steps)
    if covariates:
        join = layers.Concatenate(name="with_covariates")
        strands = [join([x, given[1]]) for x in strands]
        second = layers.Dense(hidden, activation="relu", name="hidden_with_covariates")
        strands = on_both(strands, *dropout(vector_dropout, "vector_dropout"), second)
    strands = on_both(strands, *dropout(hidden_dropout, "hidden_dropout"), *probabilities(outputs))
    return keras.Model(given, merged(strands, "average"), name="factornet")


def both_directions(strands: list, units: int, rate: float, recurrent_rate: float, name: str = "lstm") -> list:
    """A bidirectional LSTM that both strands share: (batch, positions, channels) → (batch, positions, 2 × units)."""
    forward = SequenceLSTM(units, False, rate, recurrent_rate, name=f"{name}_forward")
    backward = SequenceLSTM(units, True, rate, recurrent_rate, name=f"{name}_backward")
    join = layers.Concatenate(name=name)
    return [join([forward(x), backward(x)]) for x in strands]

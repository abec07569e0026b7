"""Optimizers of the published systems."""

from collections.abc import Iterable

import keras

_NORMALIZATIONS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)


def maxatac_adam(learning_rate: float = 1e-3) -> keras.optimizers.Adam:
    """Adam with a learning rate of 1e-3 / (1 + 1e-5 · step), as maxATAC's models were trained."""
    schedule = keras.optimizers.schedules.InverseTimeDecay(learning_rate, decay_steps=1, decay_rate=1e-5)
    return keras.optimizers.Adam(schedule, epsilon=1e-7)


def asap_adamw(network: keras.Model, learning_rate: object = 1e-3, weight_decay: float = 0.1) -> keras.optimizers.AdamW:
    """AdamW with ASAP's constants, whose weight decay leaves out biases and normalizations (`not_decayed`).

    Args:
        network: what it will train.
        learning_rate: a number or a schedule.
        weight_decay: fraction of a weight that is taken off at each step, times the learning rate.
    """
    optimizer = keras.optimizers.AdamW(learning_rate, weight_decay, beta_1=0.9, beta_2=0.95, epsilon=1e-8)
    optimizer.exclude_from_weight_decay(var_list=list(not_decayed(network)))
    return optimizer


def cosine_adamw(
    network: keras.Model, steps: int, learning_rate: float = 1e-3, weight_decay: float = 0.1
) -> keras.optimizers.AdamW:
    """AdamW whose learning rate falls along half a cosine to 0 within `steps`; decay as in `asap_adamw`."""
    return asap_adamw(network, keras.optimizers.schedules.CosineDecay(learning_rate, steps), weight_decay)


def not_decayed(network: keras.Model) -> Iterable[keras.Variable]:
    """The trainable weights without weight decay: biases, those of batch and layer normalizations, and those of layers
    that set `weights_decay = False` (`zoo.layers`).
    """
    for layer in network._flatten_layers():
        decays = getattr(layer, "weights_decay", not isinstance(layer, _NORMALIZATIONS))
        for weight in layer._trainable_variables:
            if "bias" in weight.name or not decays:
                yield weight

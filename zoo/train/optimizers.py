"""Optimizers of the published systems."""

from collections.abc import Iterable

import keras

from zoo.train.schedules import WarmUp, WarmUpAndRestarts
from zoo.train.settings import Optimizer
from zoo.train.transfer import trunk

_NORMALIZATIONS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)


def chosen(settings: Optimizer, network: keras.Model, steps: int, epochs: int) -> keras.optimizers.Optimizer:
    """The optimizer of a configuration.

    Args:
        settings: of it.
        network: what it will train.
        steps: of an epoch.
        epochs: of the run, at most.
    """
    made = _named(settings, network, steps, epochs)
    if settings.trunk_rate == 1:
        return made
    return slowed(made, [weight for layer in trunk(network) for weight in layer.trainable_weights], settings.trunk_rate)


def _named(settings: Optimizer, network: keras.Model, steps: int, epochs: int) -> keras.optimizers.Optimizer:
    rate = settings.learning_rate
    if settings.name == "maxatac":
        return maxatac_adam(rate)
    if settings.name == "factornet":
        return keras.optimizers.Adam(rate, epsilon=1e-8)  # that of its Keras version
    if settings.name == "adam":
        rate = WarmUp(settings.warm_up, rate) if settings.warm_up else rate
        return keras.optimizers.Adam(rate, epsilon=1e-7, global_clipnorm=settings.clip_norm)
    if settings.name == "asap":
        return asap_adamw(network, WarmUpAndRestarts(steps, rate), settings.decay)
    return cosine_adamw(network, steps * epochs, rate, settings.decay)


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


def slowed(
    optimizer: keras.optimizers.Optimizer, variables: Iterable[keras.Variable], factor: float
) -> keras.optimizers.Optimizer:
    """The same optimizer, whose steps of some variables have a learning rate times a factor.

    Gradients times a factor would change nothing for Adam, which divides by their size.
    """
    variables, step, place = list(variables), optimizer.update_step, optimizer._get_variable_index

    def update_step(gradient, variable, learning_rate) -> None:
        is_slow = place(variable) in map(place, variables)  # what a backend gives may be a part of the variable
        step(gradient, variable, learning_rate * factor if is_slow else learning_rate)

    optimizer.update_step = update_step
    return optimizer


def not_decayed(network: keras.Model) -> Iterable[keras.Variable]:
    """The trainable weights without weight decay: biases, those of batch and layer normalizations, and those of layers
    that set `weights_decay = False` (`zoo.layers`).
    """
    for layer in network._flatten_layers():
        decays = getattr(layer, "weights_decay", not isinstance(layer, _NORMALIZATIONS))
        for weight in layer._trainable_variables:
            if "bias" in weight.name or not decays:
                yield weight

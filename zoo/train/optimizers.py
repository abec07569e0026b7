"""Optimizers of the published systems."""

from collections.abc import Iterable, Mapping
from functools import cache

import keras

from zoo.train.schedules import WarmUp, WarmUpAndRestarts
from zoo.train.settings import Optimizer
from zoo.train.transfer import by_layer, thawing, trunk

_NORMALIZATIONS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)


def chosen(
    settings: Optimizer, network: keras.Model, steps: int, epochs: int, thaw: Mapping[str, int] | None = None
) -> keras.optimizers.Optimizer:
    """The optimizer of a configuration.

    Args:
        settings: of it.
        network: what it will train, layers that thaw later included.
        steps: of an epoch.
        epochs: of the run, at most.
        thaw: pattern of layers → epochs for which they are not trained.

    Raises:
        InputError: as `zoo.train.transfer.by_layer`.
    """
    factors = by_layer(network, settings.rates or {}, "rates")
    if settings.trunk_rate != 1:  # also if it is frozen
        factors = {layer.name: settings.trunk_rate for layer in trunk(network)}
    begins = {name: epoch * steps for name, epoch in thawing(network, thaw or {}).items()}
    made = _named(settings, network, steps, epochs)
    return paced(made, network, factors, begins) if factors or begins else made


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


def paced(
    optimizer: keras.optimizers.Optimizer,
    network: keras.Model,
    factors: Mapping[str, float],
    begins: Mapping[str, int],
) -> keras.optimizers.Optimizer:
    """The same optimizer, for which some layers have a learning rate and a beginning of their own.

    Gradients times a factor would change nothing for Adam, which divides by their size; so the learning rate is
    multiplied, and with it the weight decay. Adam corrects its means of few gradients by the number of steps; of a
    layer that is trained later these are counted from there, or its first steps would be several times as large.

    Args:
        optimizer: of Adam's family.
        network: what it trains.
        factors: name of a layer → by what its learning rate is multiplied.
        begins: name of a layer → steps before it is trained.
    """
    step, decay, place = optimizer.update_step, optimizer._apply_weight_decay, optimizer._get_variable_index
    own = [
        (weight, factors.get(name, 1.0), begins.get(name, 0))
        for name in {**factors, **begins}
        for weight in network.get_layer(name).trainable_weights
    ]

    @cache
    def places() -> dict[int, tuple[float, int]]:  # which only an optimizer that is built has
        return {place(weight): (factor, begin) for weight, factor, begin in own}

    def of(variable) -> tuple[float, int]:
        return places().get(place(variable), (1.0, 0))  # what a backend gives may be a part of the variable

    def update_step(gradient, variable, learning_rate) -> None:
        (factor, begin), iterations = of(variable), optimizer._iterations
        if begin:
            optimizer._iterations = keras.ops.maximum(iterations - begin, 0)  # steps that overflow do not count
        try:
            step(gradient, variable, learning_rate * factor if factor != 1 else learning_rate)
        finally:
            optimizer._iterations = iterations

    def apply_weight_decay(variables) -> None:
        whole = optimizer.weight_decay
        try:
            for variable in variables if whole else ():
                optimizer.weight_decay = whole * of(variable)[0]
                decay([variable])
        finally:
            optimizer.weight_decay = whole

    optimizer.update_step, optimizer._apply_weight_decay = update_step, apply_weight_decay
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

"""Windows on a stretch: normalizations folded, and first layers computed once, give what single windows give."""

import logging

import keras
import numpy as np
import pytest
from keras import layers

from zoo.forward.folding import chain_of, folded
from zoo.forward.forward import Forward
from zoo.forward.stretch import Stretch
from zoo.forward.trunk import Lie, depth_of, shared
from zoo.genome.encode import N, one_hot
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

WINDOW, STEP, COUNT = 64, 16, 9
LENGTH = WINDOW + (COUNT - 1) * STEP


def network(*made: layers.Layer, channels: int = 5, window: int = WINDOW, seed: int = 0) -> keras.Model:
    """A chain of layers with random weights, those of normalizations far from 1 and 0."""
    x = inputs = keras.Input((window, channels), name="window")
    for layer in made:
        x = layer(x)
    model = keras.Model(inputs, x)
    random = np.random.default_rng(seed)
    for variable in model.weights:
        values = random.normal(0, 0.4, variable.shape)
        variable.assign(random.uniform(0.5, 2, variable.shape) if "variance" in variable.path else values)
    return model


def block(filters: int, dilation: int = 1, width: int = 5, pool: int = 2, positive: bool = True) -> list:
    norm = layers.BatchNormalization(gamma_constraint=keras.constraints.NonNeg() if positive else None)
    conv = layers.Conv1D(filters, width, padding="same", dilation_rate=dilation, activation="relu")
    return [conv, norm, layers.MaxPooling1D(pool)]


def positive(model: keras.Model) -> keras.Model:
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization) and layer.gamma_constraint is not None:
            layer.gamma.assign(np.abs(keras.ops.convert_to_numpy(layer.gamma)) + 0.1)
    return model


def head() -> list:
    return [layers.Conv1D(1, 1, activation="sigmoid"), layers.Flatten()]


CHAINS = {
    "two blocks": lambda: [*block(6), *block(7), *head()],
    "dilated": lambda: [*block(6, 2), *block(7, 3, pool=4), *head()],
    "negative scales": lambda: [*block(6, positive=False), *block(7, positive=False), *head()],
    "two normalizations": lambda: [*block(6), layers.BatchNormalization(), *block(4), *head()],
    "no bias, no scale": lambda: [
        layers.Conv1D(6, 3, padding="same", use_bias=False),
        layers.BatchNormalization(scale=False),
        layers.Dropout(0.5),
        layers.Conv1D(5, 3, padding="same", activation="relu"),
        layers.BatchNormalization(center=False, gamma_constraint=keras.constraints.NonNeg()),
        layers.MaxPooling1D(2),
        *head(),
    ],
    "without padding": lambda: [
        layers.Conv1D(6, 5, activation="relu"),
        layers.BatchNormalization(),
        layers.Conv1D(4, 5, activation="relu"),
        layers.BatchNormalization(),
        *head(),
    ],
    "other activations": lambda: [
        layers.Conv1D(6, 5, padding="same", activation="gelu"),
        layers.BatchNormalization(),
        layers.Conv1D(4, 5, padding="same", activation="tanh"),
        layers.BatchNormalization(),
        *head(),
    ],
    "even width": lambda: [*block(6, width=4), *block(5), *head()],
    "normalization first": lambda: [layers.BatchNormalization(), *block(6), *head()],
}
FOLDED = {"two blocks": 1, "dilated": 1, "negative scales": 0, "two normalizations": 2, "no bias, no scale": 2}


def of(name: str) -> keras.Model:
    return positive(network(*CHAINS[name]()))


def stretch(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (1, LENGTH, 5)).astype(np.float32)


def windows(x: np.ndarray) -> np.ndarray:
    return np.stack([x[0, first : first + WINDOW] for first in range(0, LENGTH - WINDOW + 1, STEP)])


@pytest.mark.parametrize("name", CHAINS)
def test_folded_layers_give_what_the_network_gives(name: str):
    model = of(name)
    chain = folded(chain_of(model))
    x = windows(stretch())
    found, wanted = (keras.ops.convert_to_numpy(call(x)) for call in (chain.run, model))
    np.testing.assert_allclose(found, wanted, atol=2e-6)
    left = sum(isinstance(layer, layers.BatchNormalization) for layer in chain.layers)
    all_of_them = sum(isinstance(layer, layers.BatchNormalization) for layer in model.layers)
    assert all_of_them - left >= FOLDED.get(name, 0)
    assert not any(isinstance(layer, layers.Dropout) for layer in chain.layers)


def test_a_number_by_hand():
    """Convolution of width 3 with the kernel 1, 1, 1 over y = 2 x + 3; beyond the ends y is 0, not 3."""
    model = network(
        layers.Conv1D(1, 1, padding="same"),
        layers.BatchNormalization(epsilon=0.0),
        layers.Conv1D(1, 3, padding="same"),
        channels=1,
        window=4,
    )
    first, norm, second = model.layers[1:]
    first.set_weights([np.ones((1, 1, 1)), np.zeros(1)])
    norm.set_weights([np.array([2.0]), np.array([3.0]), np.zeros(1), np.ones(1)])
    second.set_weights([np.ones((3, 1, 1)), np.zeros(1)])
    x = np.array([1.0, 2.0, 3.0, 4.0], np.float32).reshape(1, 4, 1)  # y = 5, 7, 9, 11
    found = keras.ops.convert_to_numpy(folded(chain_of(model)).run(x))
    np.testing.assert_allclose(found.ravel(), [12, 21, 27, 20], atol=1e-5)


def test_weights_that_change_are_taken_over():
    model = of("two blocks")
    chain, x = folded(chain_of(model)), windows(stretch())
    for variable in model.weights:
        variable.assign(variable * 1.5)
    chain.refresh()
    found, wanted = (keras.ops.convert_to_numpy(call(x)) for call in (chain.run, model))
    np.testing.assert_allclose(found, wanted, atol=2e-6)


def test_a_scale_that_becomes_negative_is_no_longer_folded():
    """It does not commute with the pool behind it."""
    model = of("two blocks")
    forward = Forward(model, spec(), ("forward",))
    random = np.random.default_rng(3)
    codes, signal = random.integers(0, 5, LENGTH).astype(np.uint8), random.random(LENGTH, np.float32)
    both = [np.stack([row[i : i + WINDOW] for i in range(0, LENGTH - WINDOW + 1, STEP)]) for row in (codes, signal)]
    forward.along(COUNT, STEP).codes(codes, signal)
    norm = next(layer for layer in model.layers if isinstance(layer, layers.BatchNormalization))
    norm.gamma.assign(-norm.gamma)
    forward.refresh()
    np.testing.assert_allclose(forward.along(COUNT, STEP).codes(codes, signal), forward.codes(*both), atol=2e-6)


def test_networks_that_are_no_chain():
    inputs = keras.Input((WINDOW, 5))
    y = layers.Conv1D(5, 3, padding="same")(inputs)
    assert chain_of(keras.Model(inputs, layers.Add()([inputs, y]))) is None
    assert chain_of(keras.Model(inputs, {"a": y})) is None
    assert chain_of(keras.Model(inputs, y * 2)) is None
    inner = keras.Model(inputs, y)
    outer = keras.Input((WINDOW, 5))
    assert chain_of(keras.Model(outer, inner(outer))) is None


@pytest.mark.parametrize("fold", [False, True], ids=["plain", "folded"])
@pytest.mark.parametrize("name", CHAINS)
def test_shared_layers_give_what_windows_give(name: str, fold: bool):
    """At every depth that can be shared at all."""
    model = of(name)
    chain = folded(chain_of(model)).layers if fold else chain_of(model)
    x, lie = stretch(), Lie(COUNT, WINDOW, STEP)
    wanted = keras.ops.convert_to_numpy(model(windows(x)))
    at, depth = lie, 0
    for depth, layer in enumerate(chain, start=1):
        if type(layer) is layers.Conv1D and (layer.padding != "same" or layer.kernel_size[0] % 2 == 0):
            break
        at = at.after(layer) if not isinstance(layer, layers.Flatten) else None
        if at is None:
            break
        found = keras.ops.convert_to_numpy(shared(chain, depth, lie)(x))
        np.testing.assert_allclose(found, wanted, atol=2e-6)
    assert depth > (0 if name in ("without padding", "even width") else 1)


def test_how_many_layers_are_shared():
    """As many as pay: not where windows lie apart, nor where a step is no multiple of a pool."""
    chain = chain_of(network(*block(16), *block(16), *block(16, 4), *head(), window=1024))
    assert depth_of(chain, 1024, 256) == 9
    assert depth_of(chain, 1024, 1024) == 0
    assert depth_of(chain, 1024, 258) == 3
    assert depth_of(chain_of(network(layers.Conv1D(4, 5), window=1024)), 1024, 256) == 0


def test_edges_of_maxatac():
    """Positions at each end of a window that have values of their own, in its five blocks (two convolutions each)."""
    at, edges = Lie(1, 1024, 256), []
    for dilation in (1, 1, 2, 4):
        convolution = layers.Conv1D(1, 7, padding="same", dilation_rate=dilation)
        for layer in (convolution, convolution, layers.MaxPooling1D(2)):
            at = at.after(layer)
            edges.append(at.edge)
    assert edges == [3, 6, 3, 6, 9, 5, 11, 17, 9, 21, 33, 17]
    assert at.after(layers.Conv1D(1, 7, padding="same", dilation_rate=8)) is None  # 41 of 64 at either end


def spec(bins: int = 16) -> ModelSpec:
    track = TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0)
    return ModelSpec(
        name="test/CHAIN",
        description="A chain.",
        architecture=Architecture("maxatac", {}),
        input=InputSpec(WINDOW, "hg38", (track,)),
        outputs=(OutputSpec(bins, WINDOW // bins, 0, "X", "probability"),),
        prediction=PredictionSpec(
            STEP, ("forward", "reverse_complement", "rotated", "rotated_reverse_complement"), center_only=False
        ),
        metrics={},
        provenance={},
    )


@pytest.mark.parametrize("views", [("forward",), ("reverse_complement",), ("rotated",), None], ids=str)
def test_all_views(views: tuple[str, ...] | None):
    model, of_model = of("two blocks"), spec()
    views = of_model.prediction.views if views is None else views
    forward = Forward(model, of_model, views)
    random = np.random.default_rng(3)
    codes = random.integers(0, 5, LENGTH).astype(np.uint8)
    signal = random.random(LENGTH, np.float32)
    along = forward.along(COUNT, STEP)
    assert (along.count, along.length) == (COUNT, LENGTH)
    both = [np.stack([row[i : i + WINDOW] for i in range(0, LENGTH - WINDOW + 1, STEP)]) for row in (codes, signal)]
    np.testing.assert_allclose(along.codes(codes, signal), forward.codes(*both), atol=2e-6)
    x = np.concatenate([one_hot(both[0]), both[1][..., None]], axis=-1)
    np.testing.assert_allclose(forward.codes(*both), forward.array(x, 4), atol=2e-6)
    assert (codes == N).any()


def test_a_network_that_shares_nothing():
    """Windows are put together on the device, and the network is called as it is."""
    inputs = keras.Input((WINDOW, 5), name="window")
    y = layers.Conv1D(5, 3, padding="same")(inputs)
    y = layers.Flatten()(layers.AveragePooling1D(4)(layers.Conv1D(1, 1)(layers.Add()([inputs, y]))))
    model = keras.Model(inputs, y)
    forward = Forward(model, spec(), ("forward",))
    random = np.random.default_rng(3)
    codes, signal = random.integers(0, 5, LENGTH).astype(np.uint8), random.random(LENGTH, np.float32)
    both = [np.stack([row[i : i + WINDOW] for i in range(0, LENGTH - WINDOW + 1, STEP)]) for row in (codes, signal)]
    found = forward.along(COUNT, STEP)
    assert isinstance(found, Stretch)
    np.testing.assert_allclose(found.codes(codes, signal), forward.codes(*both), atol=2e-6)


def test_many_models_are_no_warning(caplog: pytest.LogCaptureFixture):
    """TensorFlow warns after the fifth network, as if one function had been compiled again for each."""
    pytest.importorskip("tensorflow")
    caplog.set_level("WARNING", "tensorflow")
    logger = logging.getLogger("tensorflow")
    logger.addHandler(caplog.handler)
    try:
        for _ in range(7):
            Forward(of("two blocks"), spec(), ("forward",)).array(np.zeros((2, WINDOW, 5), np.float32), 2)
        assert not [record for record in caplog.records if "retracing" in record.getMessage()]
    finally:
        logger.removeHandler(caplog.handler)

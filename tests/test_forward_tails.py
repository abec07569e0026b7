"""Linear layers at the end of a network, multiplied out: what the network gives, and where there are none."""

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.forward.folding import chain_of, folded
from zoo.forward.forward import Forward
from zoo.forward.tails import graph_of
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec

WINDOW = 64
SMALL = {"window": WINDOW, "filters": 8, "residual_blocks": 2, "residual_filters": 4, "final_filters": 32}


def shaken(network: keras.Model, seed: int = 0) -> keras.Model:
    """With random weights, those of normalizations far from 1 and 0."""
    random = np.random.default_rng(seed)
    for variable in network.weights:
        values = random.normal(0, 0.4, variable.shape)
        variable.assign(random.uniform(0.5, 2, variable.shape) if "variance" in variable.path else values)
    return network


def x_of(count: int = 3, channels: int = 4) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, (count, WINDOW, channels)).astype(np.float32)


def numbers(given: object) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(each) for each in keras.tree.flatten(given)]


def check(run, network: keras.Model, x: np.ndarray) -> None:
    """Within 1e-6 of the largest value."""
    for found, wanted in zip(numbers(run(x)), numbers(network(x)), strict=True):
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() <= 1e-6 * np.abs(wanted).max()


def tail(units: int, pool: layers.Layer) -> list:
    first = [layers.Conv1D(32, 1, use_bias=False), layers.BatchNormalization(), layers.Dropout(0.5)]
    return [*first, pool, layers.Dense(units, activation="softplus")]


def sequence(*made: layers.Layer) -> keras.Model:
    x = inputs = keras.Input((WINDOW, 4), name="window")
    for layer in (layers.Conv1D(6, 5, padding="same", activation="gelu"), *made):
        x = layer(x)
    return shaken(keras.Model(inputs, x))


def test_a_number_by_hand():
    """Twice the input plus 1, the mean of two positions, three times that plus 5: of 1 and 3 is 3 (3 + 7) / 2 + 5."""
    inputs = keras.Input((2, 1))
    x = layers.Conv1D(1, 1, name="double")(inputs)
    network = keras.Model(inputs, layers.Dense(1, name="triple")(layers.AveragePooling1D(2)(x)))
    network.get_layer("double").set_weights([np.full((1, 1, 1), 2.0), np.ones(1)])
    network.get_layer("triple").set_weights([np.full((1, 1), 3.0), np.full(1, 5.0)])
    product = graph_of(network).products[0]
    assert [each.tolist() for each in product.weights()] == [[[6.0]], [8.0]]
    assert numbers(graph_of(network).run(np.array([[[1.0], [3.0]]], np.float32)))[0].tolist() == [[[20.0]]]


@pytest.mark.parametrize("pool", [layers.AveragePooling1D(4), layers.GlobalAveragePooling1D()], ids=["bins", "all"])
def test_a_chain(pool: layers.Layer):
    network = sequence(*tail(2, pool), layers.Flatten())
    chain = folded(chain_of(network))
    assert [type(layer).__name__ for layer in chain.layers] == ["Conv1D", type(pool).__name__, "Dense", "Flatten"]
    check(chain.run, network, x_of())
    check(graph_of(network).run, network, x_of())


@pytest.mark.parametrize("name", ["dcnn", "convnext_dcnn"])
@pytest.mark.parametrize("mappability", [False, True], ids=["one head", "two heads"])
def test_networks_of_the_zoo(name: str, mappability: bool):
    """The convolution to `final_filters` is multiplied out; what other heads read stays."""
    network = shaken(zoo.build(name, **SMALL, mappability=mappability))
    before = network.get_weights()
    graph = graph_of(network)
    assert [product.made.kernel.shape for product in graph.products] == [(8, 1)]
    assert {layer.name for layer in graph.products[0].left_out} == {"final_conv", "final_norm", "final_dropout"}
    check(graph.run, network, x_of())
    for variable in network.weights:
        variable.assign(variable * 1.1)
    graph.refresh()
    check(graph.run, network, x_of())
    assert [each.shape for each in network.get_weights()] == [each.shape for each in before]


def test_networks_within_a_network():
    of = {"name": "dcnn", "config": SMALL}
    network = shaken(zoo.build("ensemble", of=of, members=2))
    graph = graph_of(network)
    assert [len(each.products) for each, _ in graph.within.values()] == [1, 1]
    check(graph.run, network, x_of())


def branched() -> keras.Model:
    inputs = keras.Input((WINDOW, 4))
    y = layers.Conv1D(8, 1)(inputs)
    return keras.Model(inputs, {"a": layers.Dense(1)(y), "b": layers.Activation("relu")(y)})


def repeated() -> keras.Model:
    inputs, twice = keras.Input((WINDOW, 4)), layers.Dense(4)
    return keras.Model(inputs, twice(twice(inputs)))


NONE = {
    "an activation between": lambda: sequence(layers.Conv1D(32, 1, activation="relu"), layers.Dense(1)),
    "a wide convolution": lambda: sequence(layers.Conv1D(32, 3), layers.Dense(1)),
    "a maximum between": lambda: sequence(layers.Conv1D(32, 1), layers.MaxPooling1D(2), layers.Dense(1)),
    "positions that are flattened": lambda: sequence(layers.Conv1D(32, 1), layers.Flatten(), layers.Dense(1)),
    "padding": lambda: sequence(layers.Conv1D(32, 1), layers.AveragePooling1D(3, padding="same"), layers.Dense(1)),
    "few channels between": lambda: sequence(layers.Conv1D(1, 1), layers.Dense(50)),
    "another reader": branched,
    "a layer called twice": repeated,
}


@pytest.mark.parametrize("name", NONE)
def test_no_tail(name: str):
    assert graph_of(NONE[name]()) is None


def spec(network: str = "dcnn") -> ModelSpec:
    return ModelSpec(
        name="test/TAIL",
        description="A tail.",
        architecture=Architecture(network, SMALL),
        input=InputSpec(WINDOW, "hg38", ()),
        outputs=(OutputSpec(16, 4, 0, "X", "accessibility"),),
        prediction=PredictionSpec(16, ("forward", "reverse_complement"), center_only=False),
        metrics={},
        provenance={},
    )


def test_predictions():
    """One by one, on a stretch, in bfloat16, and after weights changed; none of it where nothing is folded."""
    network, random = shaken(zoo.build("dcnn", **SMALL)), np.random.default_rng(2)
    row = random.integers(0, 5, WINDOW + 4 * 16).astype(np.uint8)
    codes = np.stack([row[first : first + WINDOW] for first in range(0, len(row) - WINDOW + 1, 16)])
    plain = Forward(network, spec(), ("forward", "reverse_complement"), fold=False)
    forward = Forward(network, spec(), ("forward", "reverse_complement"))
    wanted = plain.codes(codes)
    largest = np.abs(wanted).max()
    assert np.abs(forward.codes(codes) - wanted).max() <= 1e-6 * largest
    assert np.abs(forward.along(5, 16).codes(row) - wanted).max() <= 1e-6 * largest
    low = Forward(network, spec(), ("forward", "reverse_complement"), precision="bfloat16")
    assert 0 < np.abs(low.codes(codes) - wanted).max() < 0.1 * largest
    for variable in network.weights:
        variable.assign(variable * 1.1)
    forward.refresh()
    assert np.abs(forward.codes(codes) - plain.codes(codes)).max() <= 1e-6 * np.abs(plain.codes(codes)).max()

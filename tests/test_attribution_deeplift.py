"""DeepLIFT: the rules by hand, sums that hold, and the numbers of SHAP's DeepExplainer where it can go."""

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from attributing import explain, lively, off, sequences
from keras import layers, ops

import zoo
from zoo.attribution.deeplift import rescaled
from zoo.attribution.gradients import input_gradient
from zoo.attribution.references import References
from zoo.errors import InputError
from zoo.genome.encode import one_hot
from zoo.layers.attention import Softmax


def multipliers(layer, example: list, references: list[list]) -> np.ndarray:
    """Of a layer from (positions, 1), for an example and its references, with a weight of 1, 2, … for each output."""
    inputs = keras.Input((len(example), 1))
    network = keras.Model(inputs, layers.Flatten()(layer(inputs)))
    z = np.array([example, *references], np.float32)[..., None]
    outputs = network.output_shape[1]
    weights = np.concatenate([np.zeros((1, outputs)), np.tile(np.arange(1, outputs + 1), (len(references), 1))])
    return input_gradient(rescaled(network, len(references)), None)(z, weights.astype(np.float32))[1][1:, :, 0]


def test_relu_by_hand():
    # from -1 to 2 relu rises by 2 over 3; from 1 to 3 by 2 over 2; from -2 to -1 not at all
    found = multipliers(layers.ReLU(), [2, 3, -1], [[-1, 1, -2], [2, -3, 1]])
    np.testing.assert_allclose(found, [[2 / 3, 2 * 1, 3 * 0], [1, 2 * 0.5, 3 * 0.5]], rtol=1e-6)


def test_pooling_by_hand():
    # Maxima 5 (first position) and 3 (second): the larger is 5. From 3 to 5 all of it is the first position's, over its
    # difference of 4. In the second pair both maxima are at the same place.
    found = multipliers(layers.MaxPooling1D(2), [5, 2, 7, 0], [[1, 3, 4, 0]])
    np.testing.assert_allclose(found, [[2 / 4, 0, 2 * 3 / 3, 0]], rtol=1e-6)
    # The other way round: the step is that of the reference's position, whose value falls by 1.
    found = multipliers(layers.MaxPooling1D(2), [1, 3, 4], [[5, 2, 9]])
    np.testing.assert_allclose(found, [[-2 / -4, 0, 0]], rtol=1e-6)


def test_product_by_hand():
    inputs = keras.Input((2, 1))
    product = layers.Multiply()([inputs[:, :1], inputs[:, 1:]])
    network = keras.Model(inputs, layers.Flatten()(product))
    z = np.array([[5, 7], [1, 3]], np.float32)[..., None]
    slope = input_gradient(rescaled(network, 1), None)(z, np.array([[0], [1]], np.float32))[1]
    assert np.array_equal(slope[1, :, 0], [5, 3])  # the means of the other factor: 5 · 4 + 3 · 4 = 35 - 3
    assert (slope[0] == 0).all()


class Log(layers.Layer):
    """The rule of `Rescale.log`."""

    def call(self, x):
        """The logarithm."""
        return ops.log(x)

    def rescaled(self, rescale, x):
        """By its rule."""
        return rescale.log(x)


def test_logarithm_by_hand():
    # of small numbers, whose differences are small, too; of large ones; of the same; of one next to nothing
    found = multipliers(Log(), [0.001, 500.0, 0.2, 1e-30], [[0.005, 500.02, 0.2, 3.0]])
    wanted = [np.log(5) / 0.004, 2 * np.log1p(4e-5) / 0.02, 3 / 0.2, 4 * (np.log(3) + 30 * np.log(10)) / 3]
    np.testing.assert_allclose(found, [wanted], rtol=1e-5)


def test_exponential_by_hand():
    """From 0 to ln 3 it rises by 2; of the same number it is the derivative."""
    found = multipliers(layers.Activation("exponential"), [np.log(3), 2, -1], [[0, 2, 1]])
    wanted = [2 / np.log(3), 2 * np.exp(2), 3 * (np.e - 1 / np.e) / 2]
    np.testing.assert_allclose(found, [wanted], rtol=1e-5)


def test_softmax_by_hand():
    """From (1/2, 1/2) to (3/4, 1/4): each result over the change of its logarithm, less what the sum's has of each."""
    found = multipliers(Softmax(axis=1), [np.log(3), 0], [[0, 0]])
    results = np.array([0.25 / np.log(1.5), 2 * 0.25 / np.log(2)])  # with weights 1 and 2
    of_sum = np.log(2) / 2 * np.array([2 / np.log(3), 1])
    np.testing.assert_allclose(found, [results - results.sum() * of_sum], rtol=1e-5)
    assert found[0, 0] * np.log(3) == pytest.approx(0.25 - 2 * 0.25, abs=1e-6)


def test_softmax_of_what_is_far_apart():
    """Sums hold however much larger the logits of the example, or of a reference, are than the others'."""
    example, references = np.array([300.0, 0, 5]), np.array([[0.0, 0, 0], [-400, 300, 5], [300, 0, 5], [9000, 1, 2]])
    found = multipliers(Softmax(axis=1), example.tolist(), references.tolist())
    sums = (found * (example - references)).sum(axis=1)
    np.testing.assert_allclose(sums, [1 - 2, 1 - 2, 0, 0], atol=1e-4)
    assert np.abs(found).max() < 2


def test_equal_inputs_have_the_derivative():
    found = multipliers(layers.Activation("softplus"), [0.5, -1], [[0.5, -1.001]])
    np.testing.assert_allclose(found, [[1 / (1 + np.exp(-0.5)), 2 / (1 + np.exp(1.0005))]], rtol=1e-5)


class Reshape(layers.Layer):
    """Of another package, by the name of a linear operation."""

    def call(self, x):
        """No reshape."""
        return ops.square(x)


def test_what_has_no_rule_is_named():
    inputs = keras.Input((8, 4))
    network = keras.Model(inputs, layers.Flatten()(layers.UnitNormalization(name="odd")(inputs)))
    with pytest.raises(InputError, match="layer='odd', of type='UnitNormalization'"):
        rescaled(network, 2)
    network = keras.Model(inputs, layers.Flatten()(Reshape(name="as_one_of_keras")(inputs)))
    with pytest.raises(InputError, match="layer='as_one_of_keras', of type='Reshape'"):
        rescaled(network, 2)
    network = keras.Model(inputs, layers.Flatten()(layers.Dense(2, activation="elu", name="bent")(inputs)))
    with pytest.raises(InputError, match="layer='bent', activation='elu'"):
        rescaled(network, 2)
    network = keras.Model(inputs, layers.Flatten()(layers.MaxPooling1D(3, strides=2, name="lap")(inputs)))
    with pytest.raises(InputError, match=r"side by side.*layer='lap', size=3, stride=2"):
        rescaled(network, 2)


@pytest.mark.parametrize("name", ["cnn", "dcnn", "convnext_cnn", "convnext_dcnn"])
def test_sums_of_published_sizes(name: str):
    keras.utils.set_random_seed(2)
    found = explain(lively(zoo.build(name)), sequences(1, 2048, seed=3), count=10)
    assert off(found).max() < 1e-4
    assert np.abs(found.values).max() > 1e-3


def test_sums_on_real_sites(ctcf: zoo.Model, shared: Path):
    human = shared / "data" / "hg19_chr20_gm12878"
    found = ctcf.attribute(
        genome=human / "hg19_chr20_to_11095000.2bit",
        signal=human / "gm12878_minmax_p99.bw",
        regions=next(human.glob("peaks_GM12878/*BroadGm12878Ctcf*")),
        signal_reference="zeros",
    )
    assert len(found) == 17
    assert found.error.max() < 1e-4  # 1.2e-6
    assert (found.signal.sum(axis=1) > 0).mean() > 0.9  # open chromatin speaks for binding


def shap_values(network, x: np.ndarray, references: np.ndarray, target: int) -> np.ndarray:
    """DeepExplainer's, for one output."""
    shap = pytest.importorskip("shap", reason="shap, with whose numbers ours are compared, is in the extra [test]")
    bins = ops.reshape(network.output, (-1, network.output_shape[1]))
    one = keras.Model(network.input, layers.Dense(1, use_bias=False, name="chosen")(bins))
    chosen = np.zeros((bins.shape[1], 1))
    chosen[target] = 1
    one.get_layer("chosen").set_weights([chosen])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return shap.DeepExplainer(one, references).shap_values(x, check_additivity=False)[..., 0]


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("cnn", {"window": 256, "filters": (16, 24), "pool_sizes": (4, 2), "dropouts": (0.2, 0.2), "hidden": 32}),
        ("maxatac", {"window": 256, "dilations": (1, 1, 1)}),  # it knows no dilation
    ],
)
def test_the_numbers_of_shap(name: str, config: dict):
    keras.utils.set_random_seed(4)
    network = lively(zoo.build(name, **config))
    x = sequences(2, 256, 4 if name == "cnn" else 5, seed=3)
    references = References(signal="zeros").make(x)
    ours = explain(network, x, target=3)
    for i, window in enumerate(x):
        theirs = shap_values(network, window[None], references[i], 3)[0]
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours.values[i].sum(axis=-1), theirs[:, :4].sum(axis=-1), atol=1e-4 * scale)
        if name == "maxatac":
            np.testing.assert_allclose(ours.signal[i], theirs[:, 4], atol=1e-4 * scale)


def test_hypothetical_values_follow_the_sum_rule(ctcf: zoo.Model):
    x = sequences(2, 1024, 5)
    found = ctcf.attribute(x, references="gc")
    assert np.array_equal(found.values, found.hypothetical * x[..., :4])
    assert (found.values[0, 10:30] == 0).all()  # N adds nothing
    assert np.abs(found.hypothetical[0, 10:30]).max() > 0
    # What a base would add instead is what the window with that base has there, if all else is linear.
    inputs = keras.Input((16, 4))
    linear = keras.Model(inputs, layers.Dense(3, name="accessibility")(layers.Flatten()(inputs)))
    x = sequences(1, 16)[:, :8].repeat(2, axis=1)
    first = explain(linear, x, references="zeros")
    changed = x.copy()
    changed[0, 3] = [0, 0, 1, 0]
    second = explain(linear, changed, references="zeros")
    np.testing.assert_allclose(first.hypothetical[0, 3, 2], second.values[0, 3, 2], rtol=1e-6)


def test_parts_of_references_give_the_same(ctcf: zoo.Model):
    x = sequences(3, 1024, 5)
    together = ctcf.attribute(x)
    apart = ctcf.attribute(x, batch_size=8)  # twenty references in parts of six and seven
    np.testing.assert_allclose(apart.values, together.values, atol=1e-5)
    np.testing.assert_allclose(apart.baseline, together.baseline, rtol=1e-6)


def test_a_network_that_sees_planted_motifs_is_explained_by_them():
    """A convolution that fires at TTACCCG alone: every planted position is found, and no other."""
    motif, places = "TTACCCG", [20, 77, 150]
    inputs = keras.Input((200, 4))
    x = layers.Conv1D(1, len(motif), padding="same", activation="relu", name="motif")(inputs)
    network = keras.Model(inputs, layers.Flatten()(x))
    codes = np.array(["ACGT".index(base) for base in motif])
    network.get_layer("motif").set_weights([one_hot(codes)[..., None], np.array([-6.0])])
    random = np.random.default_rng(8)
    window = random.integers(0, 4, (1, 200))
    for place in places:
        window[0, place : place + len(motif)] = codes
    found = explain(network, one_hot(window))
    wanted = np.concatenate([np.arange(place, place + len(motif)) for place in places])
    assert found.prediction == 3
    assert set(np.flatnonzero(found.values[0].sum(axis=-1) > 0.02)) == set(wanted)
    assert off(found).max() < 1e-5

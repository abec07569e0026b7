"""Layers of motifs by hand, from either strand, from a file, and their rules of DeepLIFT."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo.attribution.deeplift import rescaled
from zoo.attribution.gradients import input_gradient
from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot
from zoo.layers.motifs import Around, LogSignal, MotifScan, OneOf


def scan(kernels: np.ndarray) -> MotifScan:
    """A scan with these kernels, (width, 4, motifs)."""
    layer = MotifScan(kernels.shape[-1], len(kernels))
    layer.build((None, None, 4))
    layer.set_weights([kernels])
    return layer


def kernel(consensus: str, match: float = 1.0, other: float = 0.0) -> np.ndarray:
    """(width, 4, 1): `match` for the base of each position, `other` for the others."""
    return np.where(one_hot(encode(consensus))[..., None], match, other).astype(np.float32)


def bases(*sequences: str) -> np.ndarray:
    return np.stack([one_hot(encode(sequence)) for sequence in sequences])


def test_a_scan_by_hand():
    """ACG and its other strand CGT, centered; beyond the ends nothing fits, and an unknown base neither."""
    layer = scan(kernel("ACG", 2, -1))
    found = np.asarray(layer(bases("ACGTTN")))[0, :, 0]
    # At each middle the bases before, at and after it, against ACG and CGT: 2 for a base that fits, -1 for another.
    acg = [0 + (-1) + (-1), 2 + 2 + 2, -1 - 1 - 1, -1 - 1 - 1, -1 - 1 + 0, -1 - 1 + 0]
    cgt = [0 + (-1) + (-1), -1 - 1 - 1, 2 + 2 + 2, -1 - 1 + 2, -1 - 1 + 0, -1 + 0 + 0]
    assert found.tolist() == np.maximum(acg, cgt).tolist()


def test_the_other_strand_is_the_same_from_the_last_position_to_the_first():
    random = np.random.default_rng(0)
    layer = scan(random.integers(-4, 5, (5, 4, 3)).astype(np.float32))
    x = one_hot(random.integers(0, 5, (2, 40)).astype(np.uint8))
    np.testing.assert_array_equal(layer(x[:, ::-1, ::-1]), np.asarray(layer(x))[:, ::-1])


def test_what_is_no_dna_is_refused():
    with pytest.raises(InputError, match=r"must be DNA alone"):
        MotifScan(3, 5)(np.zeros((1, 20, 5)))
    with pytest.raises(InputError, match=r"must be an odd number of bp wide.*width=6"):
        MotifScan(3, 6)


def test_around_by_hand():
    x = np.array([-3, -1, -5, -2, -9, -8], np.float32)[None, :, None]
    assert np.asarray(Around(1)(x))[0, :, 0].tolist() == [-1, -1, -1, -2, -2, -8]
    assert np.asarray(Around(2)(x))[0, :, 0].tolist() == [-1, -1, -1, -1, -2, -2]
    assert np.array_equal(Around(0)(x), x)


def test_the_logarithm_by_hand():
    found = np.asarray(LogSignal()(np.array([-1.0, 0.0, 0.1, 9.9], np.float32)))
    np.testing.assert_allclose(found, [0, 0, np.log(2), np.log(100)], rtol=1e-6)
    np.testing.assert_allclose(LogSignal(gain=2.0)(np.array([3.0], np.float32)), np.log(7), rtol=1e-6)


def test_the_mean_of_several_and_one_of_them_while_training():
    keras.utils.set_random_seed(0)
    given = [np.full((64, 3, 2), value, np.float32) for value in (1, 5)]
    layer = OneOf()
    assert np.array_equal(layer(given), np.full((64, 3, 2), 3))
    drawn = [np.asarray(layer(given, training=True)) for _ in range(2)]
    for found in drawn:  # one for each example, all of it
        assert set(found.ravel().tolist()) == {1, 5}
        assert (found == found[:, :1, :1]).all()
        assert 16 < (found[:, 0, 0] == 1).sum() < 48
    assert not np.array_equal(*drawn)


def test_each_example_trains_the_one_that_was_drawn():
    import tensorflow as tf

    parts, layer = [tf.Variable(tf.zeros((8, 1))) for _ in range(3)], OneOf(seed=1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(parts, training=True))
    found = np.concatenate(tape.gradient(loss, parts), axis=1)
    assert sorted(np.unique(found)) == [0, 1]
    assert (found.sum(axis=1) == 1).all()


def test_the_same_seed_draws_the_same():
    given = [np.zeros((64, 1), np.float32), np.ones((64, 1), np.float32)]
    one, other, third = (np.asarray(OneOf(seed=seed)(given, training=True)) for seed in (2, 2, 3))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


@pytest.mark.parametrize(
    "layer", [MotifScan(3, 5), Around(2), LogSignal(4.0), OneOf(seed=7)], ids=lambda layer: type(layer).__name__
)
def test_layers_go_through_their_configuration(layer: layers.Layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert keras.saving.get_registered_name(type(layer)) == f"zoo>{type(layer).__name__}"


def test_shapes_of_unknown_length():
    x = keras.Input((None, 4))
    assert MotifScan(3, 5)(x).shape == (None, None, 3)
    assert Around(2)(x).shape == LogSignal()(x).shape == OneOf()([x, x]).shape == (None, None, 4)


def contributions(layer: layers.Layer, z: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeepLIFT of the first of z (n, positions, channels) against each other one: contributions, and Σ weights · Δ."""
    inputs = keras.Input(z.shape[1:])
    network = keras.Model(inputs, layer(inputs))
    each = np.broadcast_to(weights, (len(z), *network.output_shape[1:])).astype(np.float32)
    each = np.concatenate([0 * each[:1], each[1:]])
    slope = input_gradient(rescaled(network, len(z) - 1), None)(z, each)[1][1:]
    y = np.asarray(network(z))
    return slope * (z[0] - z[1:]), ((y[0] - y[1:]) * weights).reshape(len(z) - 1, -1).sum(axis=1)


@pytest.mark.parametrize("layer", [MotifScan(3, 5), Around(2), LogSignal()], ids=lambda layer: type(layer).__name__)
def test_contributions_add_up(layer: layers.Layer):
    """Windows with unknown bases and, in the place of bases, values below 0."""
    random = np.random.default_rng(3)
    z = random.normal(size=(4, 20, 4)).astype(np.float32)
    if isinstance(layer, MotifScan):
        z = one_hot(random.integers(0, 5, (4, 20)).astype(np.uint8))
    found, wanted = contributions(layer, z, random.normal(size=layer.compute_output_shape((20, 4))))
    np.testing.assert_allclose(found.sum(axis=(1, 2)), wanted, rtol=2e-5, atol=2e-5)
    assert np.abs(wanted).max() > 0.1


def test_of_the_largest_around_it_is_the_position_of_the_maximum():
    """5 where the reference has 1 and its maximum of 3 elsewhere: all of the rise from 3 to 5 is that position's."""
    z = np.array([[0, 5, 2, 0], [0, 1, 3, 0]], np.float32)[..., None]
    found, wanted = contributions(Around(3), z, np.array([[1], [0], [0], [0]]))
    assert wanted.tolist() == [2]
    assert found[0, :, 0].tolist() == [0, 2, 0, 0]
    found, _ = contributions(Around(1), z, np.ones((4, 1)))  # 5 - 1, 5 - 3, 5 - 3; 2 - 3, over the last two
    assert found[0, :, 0].tolist() == [0, 4 + 2 + 2, -1, 0]


def test_contributions_of_the_other_strand_are_the_same_from_the_last_position_to_the_first():
    random = np.random.default_rng(1)
    z = one_hot(random.integers(0, 4, (3, 24)).astype(np.uint8))
    weights = random.normal(size=(24, 2))
    kernels = random.integers(-4, 5, (5, 4, 2)).astype(np.float32)

    forward, _ = contributions(scan(kernels), z, weights)
    other, _ = contributions(scan(kernels), z[:, ::-1, ::-1], weights[::-1])
    np.testing.assert_allclose(other[:, ::-1, ::-1], forward, rtol=1e-6, atol=1e-6)
    values = random.normal(size=(3, 24, 1)).astype(np.float32)
    forward, _ = contributions(Around(3), values, weights[:, :1])
    other, _ = contributions(Around(3), values[:, ::-1], weights[::-1, :1])
    np.testing.assert_allclose(other[:, ::-1], forward, atol=1e-6)


def test_of_a_mean_each_has_its_part():
    z = np.array([[4, 2], [0, 0]], np.float32)[:, None]
    inputs = keras.Input((1, 2))
    network = keras.Model(inputs, OneOf()([inputs[..., :1], inputs[..., 1:]]))
    slope = input_gradient(rescaled(network, 1), None)(z, np.array([0, 1], np.float32)[:, None, None])[1]
    assert slope[1].tolist() == [[0.5, 0.5]]


def test_a_scan_in_bfloat16_keeps_kernels_of_float32():
    layer = MotifScan(1, 3, dtype="mixed_bfloat16")
    layer.build((None, None, 4))
    layer.set_weights([kernel("ACG", 2, -1)])
    found = layer(bases("ACGTTN"))
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    assert np.asarray(ops.cast(found, "float32"))[0, 1, 0] == 6
    assert layer.weights[0].dtype == "float32"

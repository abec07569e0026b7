"""Attention by distance, against plain NumPy and the original codes' position features."""

from pathlib import Path

import keras
import numpy as np
import pytest
from attributing import explain, off

from zoo.errors import InputError
from zoo.layers.positions import features_of
from zoo.layers.relative_attention import RelativeAttention


def filled(layer: RelativeAttention, length: int, channels: int, seed: int = 3) -> RelativeAttention:
    random = np.random.default_rng(seed)
    layer.build((None, length, channels))
    layer.set_weights([random.normal(size=weight.shape) / weight.shape[0] ** 0.5 for weight in layer.get_weights()])
    return layer


def by_hand(layer: RelativeAttention, x: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Every pair of positions by itself, in float64."""
    query, key, value, position, content_bias, position_bias, output, bias = (
        weight.astype(float) for weight in layer.get_weights()
    )
    length, joined = len(x), []
    for head in range(layer.heads):
        some, few = (slice(head * size, (head + 1) * size) for size in (layer.key, layer.value))
        q, k, v, r = x @ query[:, some] / layer.key**0.5, x @ key[:, some], x @ value[:, few], table @ position[:, some]
        scores = np.array(
            [
                [
                    (q[i] + content_bias[head]) @ k[j] + (q[i] + position_bias[head]) @ r[length - 1 + j - i]
                    for j in range(length)
                ]
                for i in range(length)
            ]
        )
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        joined.append(weights / weights.sum(axis=1, keepdims=True) @ v)
    return np.concatenate(joined, axis=1) @ output + bias


@pytest.mark.parametrize("query_block", [None, 1, 4, 13, 40])
@pytest.mark.parametrize(("length", "position_length"), [(13, None), (12, 64)])
def test_every_pair_of_positions(length: int, position_length: int | None, query_block: int | None):
    """Rows and distances are neither swapped nor one off, whatever the blocks of rows."""
    layer = RelativeAttention(3, 4, 5, 8, position_length=position_length, query_block=query_block)
    filled(layer, length, 10)
    x = np.random.default_rng(4).normal(size=(2, length, 10)).astype(np.float32)
    table = features_of("masks", length, 8, position_length or length).astype(float)
    for one, window in zip(np.asarray(layer(x)), x, strict=True):
        np.testing.assert_allclose(one, by_hand(layer, window.astype(float), table), rtol=1e-4, atol=1e-5)
    assert np.abs(by_hand(layer, x[0], table) - by_hand(layer, x[0], table[::-1])).max() > 0.1


def test_masks_by_hand():
    """Length 8 and 4 masks: powers of √3 less 1 are 0.73, 2, 4.2, 8; the second is not below 2."""
    found = features_of("masks", 4, 8, 8)
    assert found.dtype == np.float32
    assert found[:, :4].tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [0, 1, 1, 1],
        [1, 1, 1, 1],
        [0, 1, 1, 1],
        [0, 0, 1, 1],
        [0, 0, 1, 1],
    ]
    assert found[:, 4:].tolist() == (found[:, :4] * np.array([-1, -1, -1, 0, 1, 1, 1])[:, None]).tolist()


@pytest.mark.parametrize(("name", "length"), [("positions_4096", 4096), ("positions_window", 64)])
def test_masks_are_those_of_the_original(shared: Path, name: str, length: int):
    with np.load(shared / "zoo_weights/borzoi/small/golden.npz") as golden:
        assert np.array_equal(features_of("masks", 64, 32, length), golden[name])


def test_powers_of_the_masks_are_of_single_precision():
    """In float64 the eighth power of the sixteenth root of 16,777,216 is 4096 and a little: 4,095 would be within."""
    inside = features_of("masks", 4100, 32, 16_777_215)[4099:, 7]
    assert int(inside.sum()) == 4095


@pytest.mark.parametrize(("positions", "features"), [("gamma", 8), ("masks", 7), ("masks", 0)])
def test_features_that_there_are_not(positions: str, features: int):
    with pytest.raises(InputError, match=r"Position features must be one of masks, of an even number"):
        RelativeAttention(1, 2, 2, features, positions).build((None, 4, 6))


def test_parameters_do_not_depend_on_the_window():
    one, other = (filled(RelativeAttention(2, 4, 6, 8), length, 10) for length in (8, 12))
    assert [weight.shape for weight in one.weights] == [weight.shape for weight in other.weights]
    assert not one.non_trainable_weights  # the features are a constant


def test_contributions_add_up():
    inputs = keras.Input((24, 4))
    attention = RelativeAttention(2, 4, 6, 8, query_block=7, name="attention")
    x = attention(keras.layers.Dense(10, name="bases")(inputs))
    network = keras.Model(inputs, keras.layers.Dense(1, name="sum")(x))
    random = np.random.default_rng(6)
    network.set_weights([random.normal(size=weight.shape) / 2 for weight in network.get_weights()])
    x = np.eye(4, dtype=np.float32)[random.integers(0, 4, (1, 24))]
    found = explain(network, x, "deeplift", references="mononucleotide_shuffle", count=2)
    assert (off(found) < 1e-4).all()


def test_dropout_while_training():
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(4).normal(size=(1, 12, 10)).astype(np.float32)
    for options in ({"dropout": 0.5}, {"position_dropout": 0.5}):
        layer = filled(RelativeAttention(2, 4, 6, 8, **options), 12, 10)
        assert not np.allclose(layer(x, training=True), layer(x))
        assert np.array_equal(layer(x), layer(x))

"""Blocks of networks, against plain NumPy and against what they promise."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.convnext import GlobalResponseNormalization
from zoo.layers.gelu import GELUS, gelu
from zoo.layers.recurrent import LSTM
from zoo.layers.residual import halve
from zoo.layers.rotary import RotarySelfAttention, rotate
from zoo.layers.xlstm import BlockDiagonal, HeadNormalization, MLSTMCell, SLSTMCell, causal_convolution


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(11)


def filled(layer: keras.layers.Layer, random: np.random.Generator) -> keras.layers.Layer:
    """Give a built layer's weights random values."""
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def gradients(layer: keras.layers.Layer, x: np.ndarray, training: bool) -> list[np.ndarray]:
    """Of a weighted sum of the output, for the input and every weight."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=training)
        total = tf.reduce_sum(y * tf.reshape(tf.linspace(0.5, 2.0, tf.size(y)), tf.shape(y)))
    return [np.asarray(g) for g in tape.gradient(total, [x, *(weight.value for weight in layer.trainable_weights)])]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_response_normalization_by_hand():
    layer = GlobalResponseNormalization()
    layer.build((None, 2, 2))
    layer.set_weights([np.array([1.0, 10.0]), np.array([0.0, 0.5])])
    x = np.array([[[3.0, 0.0], [4.0, 1.0]]], np.float32)  # norms 5 and 1, their mean 3
    expected = [[[3 + 3 * 5 / 3, 0.5], [4 + 4 * 5 / 3, 1 + 10 / 3 + 0.5]]]
    np.testing.assert_allclose(layer(x), expected, rtol=1e-6)


def test_response_normalization_has_a_gradient_where_a_channel_is_zero(random):
    layer = GlobalResponseNormalization()
    layer.build((None, 4, 3))
    x = random.normal(size=(2, 4, 3)).astype(np.float32)
    x[0], x[1, :, 1] = 0, 0
    assert all(np.isfinite(gradient).all() for gradient in gradients(filled(layer, random), x, True))


@pytest.mark.parametrize("go_backwards", [False, True])
def test_lstm_trains_with_the_gradient_of_the_loop(random, go_backwards: bool):
    """In training mode it is written out, else TensorFlow derives it; outputs and gradients are the same."""
    layer = LSTM(5, go_backwards=go_backwards)
    x = random.normal(size=(3, 7, 4)).astype(np.float32)
    layer.build(x.shape)
    filled(layer, random)
    np.testing.assert_allclose(layer(x, training=True), layer(x, training=False), rtol=1e-5, atol=1e-6)
    written, derived = gradients(layer, x, True), gradients(layer, x, False)
    assert [gradient.shape for gradient in written] == [(3, 7, 4), (4, 20), (5, 20), (20,), (20,)]
    for one, other in zip(written, derived, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_lstm_has_the_two_biases_of_pytorch(random):
    layer = LSTM(5)
    layer.build((None, 7, 4))
    kernel, recurrent, one, other = filled(layer, random).get_weights()
    plain = keras.layers.LSTM(5)
    plain.build((None, 7, 4))
    plain.set_weights([kernel, recurrent, one + other])
    x = random.normal(size=(3, 7, 4)).astype(np.float32)
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-5, atol=1e-6)


def test_halving_looks_to_the_left():
    x = np.array([-1.0, 2, 5, 3, 4, 9], np.float32).reshape(1, 6, 1)
    inputs = keras.Input((6, 1))
    network = keras.Model(inputs, halve(inputs, "stem"))
    assert np.ravel(network(x)).tolist() == [0, 5, 4]  # max(0, -1), max(2, 5), max(3, 4); 9 is not used


def test_rotation_by_hand():
    x = np.ones((1, 3, 4), np.float32)
    angles = np.outer([0, 1, 2], [1, 0.01])
    expected = np.concatenate([np.cos(angles) - np.sin(angles), np.cos(angles) + np.sin(angles)], axis=-1)
    np.testing.assert_allclose(rotate(x)[0], expected, rtol=1e-6)


def test_rotated_products_depend_on_distances_alone(random):
    one, other = (np.tile(random.normal(size=(1, 1, 8)), (1, 64, 1)).astype(np.float32) for _ in range(2))
    products = np.asarray(rotate(one))[0] @ np.asarray(rotate(other))[0].T
    for distance in (-20, 0, 7):
        np.testing.assert_allclose(np.diag(products, distance), np.diag(products, distance)[0], rtol=1e-3)


def test_textbook_attention_does_not_know_where_the_window_begins(random):
    """With "qk" a shifted pattern has a shifted answer; with "input", as in ASAP, it has not."""
    x = np.zeros((2, 40, 8), np.float32)
    x[0, 5:15] = random.normal(size=(10, 8))
    x[1, 15:25] = x[0, 5:15]
    for rope, equal in (("qk", True), ("input", False)):
        layer = RotarySelfAttention(2, rope=rope)
        layer.build((None, 40, 8))
        filled(layer, np.random.default_rng(1))
        for bias in (layer.query_bias, layer.key_bias, layer.value_bias):
            bias.assign(np.zeros(8))  # what is outside the pattern then has no weight of its own
        y = np.asarray(layer(x))
        assert np.allclose(y[0, 5:15], y[1, 15:25], atol=1e-4) is equal


def test_matrix_memory_is_its_recurrent_form(random):
    """Beck et al. 2024, equations 19 to 27, step by step with the stabilizer of the appendix."""
    batch, length, heads, width = 2, 9, 2, 3
    query, key, value = random.normal(size=(3, batch, length, heads * width)).astype(np.float32)
    gates = 3 * random.normal(size=(batch, length, 2 * heads)).astype(np.float32)
    found = np.asarray(MLSTMCell(heads)([query, key, value, gates])).reshape(batch, length, heads, width)
    for b in range(batch):
        for h in range(heads):
            q, k, v = (item.reshape(batch, length, heads, width)[b, :, h] for item in (query, key, value))
            memory, norm, stabilizer = np.zeros((width, width)), np.zeros(width), -np.inf
            for t in range(length):
                write, forget = gates[b, t, h], np.log(sigmoid(gates[b, t, heads + h]))
                before, stabilizer = stabilizer, max(forget + stabilizer, write)
                keep, add = np.exp(forget + before - stabilizer), np.exp(write - stabilizer)
                memory = keep * memory + add * np.outer(v[t], k[t] / width**0.5)
                norm = keep * norm + add * k[t] / width**0.5
                expected = memory @ q[t] / (max(abs(norm @ q[t]), np.exp(-stabilizer)) + 1e-6)
                np.testing.assert_allclose(found[b, t, h], expected, rtol=1e-3, atol=1e-5)


def test_scalar_memory_by_hand(random):
    """Beck et al. 2024, equations 8 to 18, step by step, with states from zero."""
    units, heads, length = 6, 2, 5
    cell = SLSTMCell(units, heads)
    layer = keras.layers.RNN(cell, return_sequences=True)
    x = random.normal(size=(1, length, 4 * units)).astype(np.float32)
    layer.build(x.shape)
    filled(layer, random)
    kernel, bias = (np.asarray(weight) for weight in (cell.recurrent_kernel, cell.bias))
    y, c, n, m = (np.zeros(units) for _ in range(4))
    for t in range(length):
        mixed = np.stack([y[h * 3 : h * 3 + 3] @ kernel[h] for h in range(heads)])  # (head, gate × width)
        gates = (x[0, t] + bias).reshape(4, units) + mixed.reshape(heads, 4, 3).transpose(1, 0, 2).reshape(4, units)
        forget = m + np.log(sigmoid(gates[1]))
        stabilizer = gates[0] if t == 0 else np.maximum(gates[0], forget)
        keep = 0 if t == 0 else np.exp(forget - stabilizer)
        add = np.exp(gates[0] - stabilizer)
        c, n, m = keep * c + add * np.tanh(gates[2]), keep * n + add, stabilizer
        y = sigmoid(gates[3]) * c / n
        np.testing.assert_allclose(layer(x)[0, t], y, rtol=1e-4, atol=1e-6)


def test_memories_do_not_look_ahead(random):
    inputs = keras.Input((12, 4))
    network = keras.Model(inputs, causal_convolution(inputs, 4, "conv"))
    x = random.normal(size=(1, 12, 4)).astype(np.float32)
    later = x.copy()
    later[:, 8:] += 1
    assert np.array_equal(network(x)[:, :8], network(later)[:, :8])
    assert not np.array_equal(network(x)[:, 8], network(later)[:, 8])


def test_block_diagonal_mixes_within_blocks(random):
    layer = BlockDiagonal(2)
    layer.build((None, 3, 4))
    filled(layer, random)
    x = random.normal(size=(1, 3, 4)).astype(np.float32)
    kernel = layer.get_weights()[0]
    expected = np.concatenate([x[0, :, :2] @ kernel[0], x[0, :, 2:] @ kernel[1]], axis=-1)
    np.testing.assert_allclose(layer(x)[0], expected, rtol=1e-5)


def test_head_normalization_is_per_head(random):
    layer = HeadNormalization(2)
    layer.build((None, 3, 6))
    layer.set_weights([np.arange(6.0)])
    y = np.asarray(layer(random.normal(2, 3, size=(2, 3, 6)).astype(np.float32))) / (1 + np.arange(6.0))
    np.testing.assert_allclose(y.reshape(2, 3, 2, 3).mean(-1), 0, atol=1e-6)
    np.testing.assert_allclose(y.reshape(2, 3, 2, 3).var(-1), 1, rtol=1e-3)


def test_gelu_and_its_gradient():
    x = np.linspace(-6, 6, 1001, dtype=np.float32)
    exact = [value * 0.5 * (1 + math.erf(value / 2**0.5)) for value in x.astype(float)]
    np.testing.assert_allclose(gelu(tf.constant(x)), exact, rtol=1e-5, atol=1e-6)
    slopes = []
    for function in (gelu, keras.activations.gelu):
        tensor = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            y = function(tensor)
        slopes.append(tape.gradient(y, tensor))
    np.testing.assert_allclose(*slopes, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("exact", lambda x: 0.5 * x * (1 + math.erf(x / 2**0.5))),
        ("sigmoid", lambda x: x / (1 + math.exp(-1.702 * x))),
        ("tanh", lambda x: 0.5 * x * (1 + math.tanh((2 / math.pi) ** 0.5 * (x + 0.044715 * x**3)))),
    ],
)
def test_gelus_by_name(name: str, formula):
    x = np.linspace(-6, 6, 1001, dtype=np.float32)
    expected = np.array([formula(value) for value in x.astype(float)])
    np.testing.assert_allclose(GELUS[name](tf.constant(x)), expected, rtol=1e-5, atol=1e-6)
    derived = [(formula(value + 1e-5) - formula(value - 1e-5)) / 2e-5 for value in x.astype(float)]
    np.testing.assert_allclose(GELUS[name].slope(tf.constant(x)), derived, rtol=1e-5, atol=1e-6)
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = GELUS[name](tensor)
    np.testing.assert_allclose(tape.gradient(y, tensor), derived, rtol=1e-5, atol=1e-6)


def test_gelus_are_not_one_another():
    """At 1: Φ(1), sigmoid(1.702), and the tanh form; the last differs from the first in the fourth digit."""
    values = {name: float(function(tf.constant(1.0))) for name, function in GELUS.items()}
    assert values == pytest.approx({"exact": 0.841345, "sigmoid": 0.845796, "tanh": 0.841192}, abs=2e-6)


@pytest.mark.parametrize("name", GELUS)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_gelus_do_not_overflow(name: str, dtype: str):
    x = tf.constant([-60000.0, -300.0, -45.0, 45.0, 300.0, 60000.0], dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = GELUS[name](x)
    np.testing.assert_allclose(np.asarray(y, float), np.maximum(np.asarray(x, float), 0), rtol=0, atol=1e-30)
    np.testing.assert_allclose(np.asarray(tape.gradient(y, x), float), [0, 0, 0, 1, 1, 1], rtol=0, atol=1e-30)

"""A layer of another package: its rule of DeepLIFT and its decay are its own."""

import keras
import numpy as np
import pytest
from attributing import explain, off, sequences
from keras import layers, ops

from zoo.attribution.deeplift import rescaled
from zoo.errors import InputError
from zoo.layers.xlstm import HeadNormalization
from zoo.train.optimizers import not_decayed


class Squared(layers.Layer):
    """(scale · z)², whose multiplier is that of a square."""

    weights_decay = False

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, z):
        return ops.square(self.scale * z)

    def rescaled(self, rescale, z):
        return rescale.square(self.scale * z)


class Doubled(layers.Layer):
    """2 z."""

    is_linear = True

    def build(self, input_shape):
        self.unused = self.add_weight(shape=(2, 2), initializer="ones", name="kernel")

    def call(self, z):
        return 2 * z


def cubed(z):
    return z * z * z


cubed.slope = lambda z: 3 * z * z


def network(*chain: layers.Layer, window: int = 2, channels: int = 1) -> keras.Model:
    z = inputs = keras.Input((window, channels))
    for layer in chain:
        z = layer(z)
    return keras.Model(inputs, layers.Flatten()(z))


def multipliers(made: keras.Model, example: list, reference: list) -> list[float]:
    from zoo.attribution.gradients import input_gradient

    z = np.array([example, reference], np.float32)[..., None]
    weights = np.array([[0] * made.output_shape[1], [1] * made.output_shape[1]], np.float32)
    return input_gradient(rescaled(made, 1))(z, weights)[1][1, :, 0].tolist()


def test_the_rule_of_a_layer_is_its_own():
    # from 1 to 3 and from 2 to -5: a square's multiplier is the sum of both ends, and twice that
    assert multipliers(network(Squared(), Doubled()), [3, -5], [1, 2]) == [2 * (3 + 1), 2 * (-5 + 2)]


def test_the_slope_of_an_activation_is_its_own():
    # from 1 to 3 a cube rises by 26 over 2; where both are 2 its slope is 12
    assert multipliers(network(layers.Activation(cubed)), [3, 2], [1, 2]) == [13, 12]


def test_weights_decay_as_their_layers_say():
    made = network(Squared(), Doubled(), layers.LayerNormalization(), HeadNormalization(), layers.Dense(1))
    assert [weight.path.split("/")[-1] for weight in not_decayed(made)] == ["scale", "gamma", "beta", "weight", "bias"]


class Halved(Doubled):
    """Another function, to which no rule of the class above applies."""

    def call(self, z):
        return ops.square(z)


class Bent(layers.Dense):
    """Likewise of a layer of Keras."""

    def call(self, z):
        return ops.square(super().call(z))


class Shifted(HeadNormalization):
    """Likewise of a layer of the zoo."""

    def call(self, z):
        return ops.square(super().call(z))


@pytest.mark.parametrize("layer", [Halved(), Bent(3), Shifted()])
def test_a_rule_is_not_inherited_past_another_call(layer: layers.Layer):
    with pytest.raises(InputError, match=f"must have a rule.*of type='{type(layer).__name__}'"):
        rescaled(network(layer), 1)


class Named(Doubled):
    """The same function."""


def test_a_rule_is_inherited_with_its_call():
    assert multipliers(network(Named(), layers.SpatialDropout1D(0.5)), [3, -5], [1, 2]) == [2, 2]


class Cell(layers.Layer):
    """A running product of tanh: what each position multiplies depends on all before it."""

    state_size = output_size = 4

    def call(self, inputs, states):
        output = ops.tanh(inputs) * (states[0] + 1)
        return output, [output]

    def rescaled(self, rescale, inputs):
        moved = rescale.unary(keras.activations.tanh, inputs)
        outputs, before = [], ops.zeros_like(inputs[:, 0])
        for position in range(inputs.shape[1]):
            before = rescale.multiply(moved[:, position], before + 1)
            outputs.append(before)
        return ops.stack(outputs, axis=1)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_a_cell_in_every_direction(backwards: bool, whole: bool):
    made = network(layers.RNN(Cell(), return_sequences=whole, go_backwards=backwards), window=40, channels=4)
    x = sequences(2, 40)[1:]
    z = np.concatenate([x, x[:, ::-1]])
    np.testing.assert_allclose(rescaled(made, 1)(z), made(z), rtol=1e-6, atol=1e-6)
    assert off(explain(made, x, references="zeros")).max() < 1e-4


def test_a_recurrent_layer_with_a_memory_between_calls_is_refused():
    inputs = keras.Input(batch_shape=(4, 8, 4))
    made = keras.Model(inputs, layers.RNN(Cell(), stateful=True)(inputs))
    with pytest.raises(InputError, match=r"^A recurrent layer must .*stateful=True"):
        rescaled(made, 1)


class Lying(Squared):
    """Whose rule is of another function."""

    def call(self, z):
        return ops.square(self.scale * z) + 1

    def rescaled(self, rescale, z):
        return rescale.square(self.scale * z)


@pytest.mark.parametrize(
    "layer", [Lying(), layers.ReLU(max_value=0.1), layers.LayerNormalization(axis=1), layers.LeakyReLU()]
)
def test_a_rule_of_another_function_is_refused(layer: layers.Layer):
    with pytest.raises(
        InputError, match=r"must (have a rule of DeepLIFT|give what its layer gives|be over the channels)"
    ):
        explain(network(layers.Dense(3), layer, window=40, channels=4), sequences(2, 40), count=3)


@pytest.mark.parametrize(
    "layer", [layers.LayerNormalization(center=False, scale=False), layers.LayerNormalization(center=False)]
)
def test_a_normalization_without_all_its_weights(layer: layers.Layer):
    keras.utils.set_random_seed(1)
    made = network(layers.Dense(3), layer, layers.Activation("tanh"), window=40, channels=4)
    assert off(explain(made, sequences(2, 40), references="zeros")).max() < 1e-4


def test_a_product_of_three():
    inputs = keras.Input((2, 1))
    product = layers.Multiply()([inputs[:, :1], inputs[:, 1:], inputs[:, 1:]])
    made = keras.Model(inputs, layers.Flatten()(product))
    first, second = multipliers(made, [5, 7], [1, 3])
    assert first * 4 + second * 4 == 5 * 7 * 7 - 1 * 3 * 3

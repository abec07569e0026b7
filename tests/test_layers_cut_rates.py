"""What makes a track of cut rates."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.errors import InputError
from zoo.layers.cut_rates import Log1p, RunningMean


def test_a_running_mean_is_of_the_positions_that_there_are():
    x = np.array([1.0, 2, 3, 4, 10], np.float32).reshape(1, 5, 1)
    assert np.ravel(RunningMean(3)(x)) == pytest.approx([1.5, 2, 3, 17 / 3, 7])
    assert np.ravel(RunningMean(21)(x)) == pytest.approx(5 * [4])
    np.testing.assert_allclose(RunningMean(3)(x), layers.AveragePooling1D(3, 1, padding="same")(x), rtol=1e-6)


def test_a_running_mean_has_a_middle():
    with pytest.raises(InputError, match=r"odd number of positions.*width=4"):
        RunningMean(4)


def test_logarithms_of_one_and_a_rate():
    assert np.ravel(Log1p()(np.array([[0.0, np.e - 1, 1e-6]]))) == pytest.approx([0, 1, 1e-6], rel=1e-5)


def test_layers_are_made_again_from_what_they_say():
    for layer in (RunningMean(7), Log1p()):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert again.get_config() == layer.get_config()

"""The scan for motifs of either strand, and what makes a track of cut rates."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot
from zoo.layers.cut_rates import Log1p, RunningMean
from zoo.layers.motifs import MotifScan


def seen(sequence: str) -> np.ndarray:
    """(1, bp, 4)."""
    return one_hot(encode(sequence)[None])


def scan(*motifs: str) -> MotifScan:
    """A layer whose filters count matching bases."""
    layer = MotifScan(len(motifs), len(motifs[0]))
    layer.build((None, None, 4))
    layer.set_weights([np.concatenate([seen(motif) for motif in motifs]).transpose(1, 2, 0)])
    return layer


def test_a_motif_matches_in_either_direction():
    found = scan("GTCAA", "CCCCC")(seen("NNGTCAANTTGACNN"))
    assert found.shape == (1, 15, 2)
    middles = np.flatnonzero(np.asarray(found)[0, :, 0] == 5)
    assert middles.tolist() == [4, 10]  # GTCAA, and TTGAC of the other strand
    assert np.asarray(found)[0, :, 1].max() == 1


def test_the_other_strand_gives_the_same_backward():
    layer = MotifScan(3, 5)
    x = np.random.default_rng(0).normal(size=(2, 20, 4)).astype(np.float32)
    np.testing.assert_allclose(layer(x[:, ::-1, ::-1]), np.asarray(layer(x))[:, ::-1], atol=1e-6)


def test_what_is_no_dna_is_refused():
    with pytest.raises(InputError, match=r"must be DNA alone"):
        MotifScan(3, 5)(np.zeros((1, 20, 5)))
    with pytest.raises(InputError, match=r"must be an odd number of bp wide.*width=6"):
        MotifScan(3, 6)


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
    for layer in (MotifScan(3, 5, name="motifs"), RunningMean(7), Log1p()):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert again.get_config() == layer.get_config()

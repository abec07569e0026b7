"""One track of a model of several as a model of its own."""

import numpy as np
import pytest

import zoo
from zoo.architectures import build
from zoo.errors import InputError
from zoo.model import Model
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

FACTORS = ("A", "B", "C")
CONFIG = {"window": 256, "outputs": 3, "given": 2, "learned": 4, "filters": 5}


def of_three(seed: int = 0) -> Model:
    """A small network of three factors with random weights, those of its normalizations included."""
    network, random = build("motif_cnn", **CONFIG), np.random.default_rng(seed)
    for weight in network.weights:
        weight.assign(random.uniform(0.1, 0.5, weight.shape) if "seed" not in weight.path else weight)
    signal = TrackSpec("ATAC-seq cut sites", 20, 20_000_000, 99.0, 0.0)
    head = OutputSpec(8, 32, 0, "3 factors", "binding", "binding", "binding", tracks=FACTORS)
    spec = ModelSpec(
        "mylab/three",
        "3 factors binding from ATAC-seq and sequence",
        Architecture("motif_cnn", CONFIG),
        InputSpec(256, "sacCer3", (signal,)),
        (head,),
        PredictionSpec(64, ("forward", "reverse_complement")),
        {"AUPR (A)": 0.5},
        {"source": "a test"},
    )
    return Model(spec, network)


def windows() -> np.ndarray:
    random = np.random.default_rng(1)
    letters = np.eye(4, dtype=np.float32)[random.integers(0, 4, (3, 256))]
    return np.concatenate([letters, random.exponential(1, (3, 256, 1))], axis=-1, dtype=np.float32)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_factor_is_what_the_model_of_several_predicts(factor: str):
    whole = of_three()
    one = zoo.one_track(whole, factor, f"mylab/{factor}")
    expected = whole.predict(windows())[..., FACTORS.index(factor)]
    assert one.predict(windows()).shape == (3, 8)
    np.testing.assert_allclose(one.predict(windows()), expected, atol=1e-6)
    assert one.spec.architecture.config == {**CONFIG, "outputs": 1}
    assert one.spec.output.target == factor
    assert one.spec.output.tracks == ()
    assert one.spec.description == f"{factor} binding from ATAC-seq and sequence"
    assert one.spec.metrics == {}
    assert one.spec.provenance["one of"] == "A, B, C"


def test_of_an_ensemble(tmp_path):
    """Also when it was saved and read again."""
    whole = zoo.ensemble([of_three(0), of_three(2)], "mylab/mean")
    one = zoo.one_track(whole, "B", "mylab/B")
    expected = whole.predict(windows())[..., 1]
    np.testing.assert_allclose(one.predict(windows()), expected, atol=1e-6)
    one.save(tmp_path / "B")
    np.testing.assert_allclose(zoo.load(tmp_path / "B").predict(windows()), expected, atol=1e-6)


def test_a_track_that_is_not_there_and_a_head_of_one_are_refused():
    with pytest.raises(InputError, match="one head of several tracks, the wanted one among them"):
        zoo.one_track(of_three(), "D", "mylab/D")
    with pytest.raises(InputError, match="one head of several tracks"):
        zoo.one_track(zoo.one_track(of_three(), "A", "mylab/A"), "A", "mylab/A")

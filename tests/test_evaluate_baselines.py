"""What accessibility models are compared with."""

import numpy as np
import pytest

from zoo.data.accessibility import AccessibilityEvaluation
from zoo.data.slabs import BinTrack, Slabs
from zoo.data.windows import Layout
from zoo.evaluate.accessibility import evaluate
from zoo.evaluate.baselines import KmerRegression, MeanProfile
from zoo.genome.sequence import Genome, write_twobit


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> AccessibilityEvaluation:
    """A track that is a smooth function of where G and C stand: every fifth kilobase is rich in them."""
    random = np.random.default_rng(0)
    rich = np.repeat(np.arange(60) % 5 == 0, 1000)
    codes = np.where(rich & (random.random(60_000) < 0.6), random.integers(1, 3, 60_000), random.integers(0, 4, 60_000))
    path = tmp_path_factory.mktemp("baselines") / "genome.2bit"
    write_twobit(path, {"chr1": codes.astype(np.uint8)})
    strong = np.convolve((codes == 1) | (codes == 2), np.ones(200) / 200, mode="same")

    def read(_: str, start: int, end: int, size: int) -> np.ndarray:
        return np.expm1(strong[start:end]).reshape(-1, size).max(axis=1)

    layout = Layout(1024, 512, 1024)
    slabs = Slabs(Genome(path), [BinTrack([read], np.float32)], {"chr1": np.arange(512, 58_000, 1024)}, layout)
    return AccessibilityEvaluation(slabs, batch_size=16)


def test_composition_explains_a_track_of_composition(batches: AccessibilityEvaluation):
    model = KmerRegression().fit(batches)
    assert evaluate(model.predict, batches).pearson > 0.97
    x, y = batches.batch(0)
    assert model.predict(x).shape == y.shape[:2] == (16, 256)


def test_a_strand_does_not_matter(batches: AccessibilityEvaluation):
    """But for the words at one end of the reach: up to 0.015 here; with strands that count apart it would be 0.045."""
    model = KmerRegression().fit(batches)
    x = batches.batch(0)[0]
    forward, reverse = model.predict(x), model.predict(x[:, ::-1, ::-1])[:, ::-1]
    assert forward.std() > 0.1
    np.testing.assert_allclose(forward, reverse, rtol=0, atol=0.02)


def test_unknown_bases_count_in_no_word(batches: AccessibilityEvaluation):
    model = KmerRegression(k=3)
    features = model.features(np.zeros((1, 2048, 4), np.float32), 256)
    assert features.shape == (1, 64, 32 + 3)
    assert not features.any()
    x = np.zeros((1, 2048, 4), np.float32)
    x[0, 1022:1025, 0] = 1
    counts = model.features(x, 256)[0, :, :32].sum(axis=1)
    assert set(counts) == {0.0, 1.0}


def test_the_mean_profile_is_the_mean(batches: AccessibilityEvaluation):
    profile = MeanProfile().fit(batches).predict(np.zeros((2, 2048, 4)))
    targets = np.concatenate([batches.batch(step)[1] for step in range(batches.steps)])
    np.testing.assert_allclose(profile, np.repeat(targets.mean(axis=0).T, 2, axis=0), rtol=1e-5)


def test_what_does_not_vary_has_no_correlation(batches: AccessibilityEvaluation):
    found = evaluate(lambda x: np.ones((len(x), 256)), batches)
    assert (found.pearson, found.spearman, found.kendall, found.shape) == (None, None, None, None)
    assert found.mse > 0

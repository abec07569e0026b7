"""Correlations and errors of pairs, against SciPy and scikit-learn."""

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr, spearmanr
from sklearn.metrics import mean_squared_error, r2_score

from zoo.errors import InputError
from zoo.evaluate.agreement import Agreement, Pairs


def compared(one: np.ndarray, other: np.ndarray, pieces: int = 1, **limits: int) -> Agreement:
    pairs = Pairs(**limits)
    for part in np.array_split(np.arange(len(one)), pieces):
        pairs.add(one[part], other[part])
    return pairs.result()


def numbers(count: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    one = {
        "gamma": random.gamma(0.5, 2, count),
        "counts": random.poisson(1, count),
        "far": random.normal(1e4, 1, count),
    }[kind]
    return one.astype(np.float32), (one + random.normal(0, 1, count)).astype(np.float32)


@pytest.mark.parametrize("kind", ["gamma", "counts", "far"])
@pytest.mark.parametrize("pieces", [1, 3, 100])
def test_numbers_of_scipy_in_any_pieces(kind: str, pieces: int):
    one, other = numbers(3000, kind)
    found = compared(one, other, pieces)
    assert found.pairs == 3000
    wide = one.astype(np.float64), other.astype(np.float64)
    assert found.pearson == pytest.approx(pearsonr(*wide)[0], abs=1e-6)
    assert found.spearman == pytest.approx(spearmanr(*wide)[0], abs=1e-6)
    assert found.kendall == pytest.approx(kendalltau(*wide)[0], abs=1e-6)
    assert found.mse == pytest.approx(mean_squared_error(*wide), rel=1e-6)
    assert found.r2 == pytest.approx(r2_score(*wide), abs=1e-6)
    assert (found.spearman_error, found.kendall_error) == (0, 0)


def test_a_sample_is_the_same_in_any_pieces_and_tells_its_error():
    one, other = numbers(300_000, "gamma")
    found = compared(one, other, 1, most=20_000)
    again = compared(one, other, 77, most=20_000)
    assert (found.spearman, found.kendall) == (again.spearman, again.kendall)
    assert found.pearson == pytest.approx(pearsonr(one.astype(float), other.astype(float))[0], abs=1e-6)  # of all
    for ours, error, theirs in (
        (found.spearman, found.spearman_error, spearmanr(one, other)[0]),
        (found.kendall, found.kendall_error, kendalltau(one, other)[0]),
    ):
        assert 0.0005 < error < 0.02
        assert abs(ours - theirs) < 4 * error


def test_a_sample_is_of_all_places():
    """Whatever is periodic in the numbers' order."""
    place = np.arange(400_000)
    for predicted in (place % 2, *(place // 100_000 == quarter for quarter in range(4))):
        found = compared(place, predicted, 7, most=5000)
        assert 0.2 / np.sqrt(5000) < found.spearman_error < 2 / np.sqrt(2500)  # of 2,500 to 5,000 pairs
        assert abs(found.spearman - spearmanr(place, predicted)[0]) < 4 * found.spearman_error


def test_what_does_not_vary_has_no_correlation():
    found = compared(np.ones(5), np.arange(5.0))
    assert (found.pearson, found.spearman, found.kendall, found.r2) == (None, None, None, None)
    assert found.mse == pytest.approx(3.0)
    constant = compared(np.arange(410.0), np.full(410, 4.1), pieces=7)  # whose mean is another number, by rounding
    assert (constant.pearson, constant.spearman, constant.r2) == (None, None, None)


def test_pairs_that_cannot_be_compared():
    with pytest.raises(InputError, match="There must be a pair"):
        Pairs().result()
    with pytest.raises(InputError, match="finite"):
        compared(np.array([1.0, np.nan]), np.ones(2))
    with pytest.raises(InputError, match="must have as many numbers"):
        Pairs().add(np.ones(2), np.ones(3))

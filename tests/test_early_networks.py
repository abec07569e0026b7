"""DeepSEA, Beluga, Sei, DanQ, Basset: their layers, and their files against the goldens of the original programs."""

from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.layers.spline import SplineProjection, spline_basis
from zoo.layers.threshold import threshold
from zoo.layers.unknown import UnknownBases

# --- layers


def test_the_threshold_of_torch7():
    x = np.float32([-2.0, -1e-9, 0.0, 1e-9, 1e-6, 3.0])
    assert np.asarray(threshold(x)).tolist() == np.float32([1e-6, 1e-6, 1e-6, 1e-9, 1e-6, 3.0]).tolist()
    assert np.asarray(threshold.slope(x)).tolist() == [0, 0, 0, 1, 1, 1]


def test_the_quotient_of_the_threshold():
    """Exact for differences that matter, and never below 0: 1e-9 and -1e-9 would give -500."""
    a, b = np.float32([3.0, 2.0, -1.0, 0.5, 1e-9, -3.0]), np.float32([1.0, -2.0, -4.0, 0.5, -1e-9, -3.0])
    wanted = [1.0, (2 - 1e-6) / 4, 0.0, 1.0, 0.0, 0.0]
    assert np.allclose(np.asarray(threshold.quotient(a, b)), wanted, rtol=1e-6, atol=0)


def test_a_spline_basis_by_hand():
    """With as many functions as a cubic has they are Bernstein polynomials."""
    t = np.arange(5) / 4
    wanted = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    assert np.allclose(spline_basis(5, 4), wanted, atol=1e-7)
    assert np.allclose(spline_basis(40, 9).sum(axis=1), 1, atol=1e-6)
    x = np.random.default_rng(1).random((2, 5, 3), np.float32)
    assert np.allclose(SplineProjection(4)(x), np.einsum("bpc,ps->bsc", x, wanted), atol=1e-6)


@pytest.mark.parametrize(("positions", "count"), [(5, 6), (9, 3)])
def test_a_spline_basis_that_cannot_be(positions: int, count: int):
    with pytest.raises(InputError, match="A cubic basis must have 4 functions or more"):
        spline_basis(positions, count)


def test_the_spline_basis_of_sei(shared: Path):
    golden = np.load(shared / "zoo_weights" / "deepsea" / "sei_golden.npz")["spline"]
    assert np.abs(spline_basis(256, 16) - golden).max() < 1e-7


def test_unknown_bases():
    x = np.float32([[[1, 0, 0, 0], [0, 0, 0, 0], [0.5, 0, 0.5, 0]]])
    assert np.asarray(UnknownBases(0.25)(x)).tolist() == [[[1, 0, 0, 0], 4 * [0.25], [0.5, 0, 0.5, 0]]]

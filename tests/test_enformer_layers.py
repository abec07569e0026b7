"""What Enformer is made of: position features, attention pooling, the channels of its tower."""

from pathlib import Path

import enformer_by_hand as by_hand
import numpy as np
import pytest
from model_case import unfilled

from zoo.errors import InputError
from zoo.layers.attention_pool import AttentionPool
from zoo.layers.positions import features_of
from zoo.layers.widths import growing

RULES = {"enformer-pytorch": "", "deepmind": "_deepmind"}  # rule → ending of the golden's arrays


def largest(found: object, expected: np.ndarray) -> float:
    assert np.shape(found) == expected.shape
    return float(np.abs(np.asarray(found, float) - expected).max())


# --- position features


@pytest.mark.parametrize("rule", RULES)
def test_positions_of_the_original_codes(shared: Path, rule: str):
    golden = np.load(shared / "zoo_weights" / "enformer" / "small" / "golden.npz")
    assert largest(features_of(rule, 64, 24, 64), golden[f"positions{RULES[rule]}"]) < 6e-5


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("n", "features"), [(21, 24), (50, 6), (7, 12)])
def test_positions_by_hand(rule: str, n: int, features: int):
    found = features_of(rule, n, features, n)
    assert found.dtype == np.float32
    assert largest(found, by_hand.positions(n, features, rule)) < 1e-6


def test_densities_of_deepminds_table(shared: Path):
    """The table of float32 lost digits in its logarithm of the gamma function, by 2.5e-3; the rule makes 1.0."""
    table = np.load(shared / "zoo_weights" / "enformer" / "tf_gammas.npy")
    densities = features_of("deepmind", 1536, 192, 1536)[:, 64:96]
    assert largest(densities, table) < 2.6e-3
    assert np.abs(densities - table).mean() < 2e-5
    assert largest(features_of("enformer-pytorch", 1536, 192, 1536)[:, 64:96], table) > 0.9


def test_the_widest_masks_do_not_overflow():
    masks = features_of("deepmind", 1536, 192, 1536)[:, 32:64]
    assert masks[1535].sum() == 32  # m = 1 … 32 at distance 0
    assert masks[1536].sum() == 31  # 2¹ - 1 = 1 is not above 1
    assert masks[-1].sum() == 22  # 1,535 < 2¹¹ - 1


def test_positions_of_another_number_of_features():
    with pytest.raises(InputError, match=r"must be a multiple of 6.*features=16"):
        features_of("deepmind", 8, 16, 8)


# --- attention pooling


@pytest.mark.parametrize("length", [1, 2, 7, 8])
def test_pooling_by_hand(length: int):
    random = np.random.default_rng(length)
    x, kernel = random.normal(size=(2, length, 3)).astype(np.float32), random.normal(size=(3, 3)).astype(np.float32)
    layer = AttentionPool()
    layer.build(x.shape)
    layer.set_weights([kernel])
    expected = np.zeros((2, (length + 1) // 2, 3))
    for i in range(0, length, 2):
        pair = x[:, i : i + 2].astype(float)
        weights = np.exp(pair @ kernel)
        expected[:, i // 2] = (pair * weights / weights.sum(axis=1, keepdims=True)).sum(axis=1)
    assert largest(layer(x), expected) < 1e-6
    assert np.array_equal(layer(x)[:, -1], x[:, -1]) == (length % 2 == 1)


def test_pooling_begins_at_twice_the_identity_and_stands_large_numbers():
    layer = AttentionPool()
    x = np.float32([[[1, 1e30], [2, -1e30]]])
    found = np.asarray(layer(x))[0, 0]
    assert np.array_equal(layer.get_weights()[0], 2 * np.eye(2))
    np.testing.assert_allclose(found, [(np.exp(2) + 2 * np.exp(4)) / (np.exp(2) + np.exp(4)), 1e30], rtol=1e-6)


# --- the network's arguments


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"dim": 100, "heads": 8}, "multiple of its heads"),
        ({"dim": 72, "heads": 2, "dim_divisible_by": 48}, "and of what the tower's are rounded to"),
        ({"downsamplings": 2}, "must pool three times or more"),
        ({"target_length": 9}, "as many left out at each end.*kept=9"),
        ({"target_length": 18}, "must be some of 16"),
        ({"outputs": "human"}, "head must have a name of its own and a number of tracks"),
        ({"positions": "masked"}, "Position features must be one of masks, deepmind, enformer-pytorch"),
        ({"dim": 1024, "heads": 8}, "must be a multiple of 6.*features=128"),
    ],
)
def test_arguments_that_do_not_work(config: dict, message: str):
    with pytest.raises(InputError, match=message):
        unfilled("enformer", **{"window": 2048, "depth": 1, "target_length": None, **config})


def test_channels_of_the_published_tower():
    assert growing(768, 1536, 6, 128) == [768, 896, 1024, 1152, 1280, 1536]
    assert growing(48, 96, 4, 8) == [48, 64, 80, 96]  # 60.5 / 8 and 76.2 / 8 are rounded up
    assert growing(12, 24, 2, 8) == [16, 24]  # 1.5 is rounded to the even 2

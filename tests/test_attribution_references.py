"""References: shuffles that keep what they promise, and neutral windows."""

import itertools
from collections import Counter

import numpy as np
import pytest

from zoo.attribution.references import References, dinucleotide_shuffle, mononucleotide_shuffle
from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot


def pairs(codes: np.ndarray) -> np.ndarray:
    """How often each of the 25 dinucleotides stands in (…, window) codes."""
    words = codes[..., :-1].astype(np.int64) * 5 + codes[..., 1:]
    return np.stack([np.bincount(row, minlength=25) for row in words.reshape(-1, words.shape[-1])])


def windows() -> np.ndarray:
    """Bases at random; with N within; with N at both ends; with one letter only."""
    codes = np.random.default_rng(0).integers(0, 4, (4, 1024)).astype(np.uint8)
    codes[1, 300:360], codes[2, :200], codes[2, 900:], codes[3] = 4, 4, 4, 2
    return codes


def test_thousand_shuffles_keep_every_dinucleotide():
    codes = windows()
    shuffled = dinucleotide_shuffle(codes, 1000, seed=5)
    assert shuffled.shape == (4, 1000, 1024)
    for before, after in zip(codes, shuffled, strict=True):
        assert (pairs(after) == pairs(before)).all()
    assert ((shuffled == 4) == (codes == 4)[:, None]).all()  # N stays
    assert (shuffled[0] == codes[0]).mean() < 0.3  # and are no copies
    assert len(np.unique(shuffled[0], axis=0)) == 1000


def test_every_path_is_equally_likely():
    codes = encode("ACAGACGA")
    wanted = {
        bytes(order)
        for order in itertools.permutations(codes)
        if order[0] == codes[0] and (pairs(np.array(order, np.uint8)) == pairs(codes)).all()
    }
    found = Counter(bytes(row) for row in dinucleotide_shuffle(codes[None], 12_000, seed=2)[0])
    assert set(found) == wanted
    assert len(wanted) == 6
    assert all(abs(count - 2000) < 200 for count in found.values())  # five standard deviations


@pytest.mark.parametrize("shuffle", [dinucleotide_shuffle, mononucleotide_shuffle])
def test_a_seed_and_a_window_decide(shuffle):
    codes = windows()
    once = shuffle(codes, 7, seed=1)
    assert np.array_equal(once, shuffle(codes, 7, seed=1))
    assert np.array_equal(once[::-1], shuffle(codes[::-1], 7, seed=1))
    assert not np.array_equal(once, shuffle(codes, 7, seed=2))


def test_mononucleotides_keep_their_number():
    codes = windows()
    shuffled = mononucleotide_shuffle(codes, 3)
    assert np.array_equal(np.sort(shuffled, axis=-1), np.repeat(np.sort(codes, axis=-1)[:, None], 3, axis=1))
    assert ((shuffled == 4) == (codes == 4)[:, None]).all()


@pytest.mark.parametrize("text", ["A", "AC", "ACG"])
def test_short_windows_have_one_shuffle(text: str):
    assert (dinucleotide_shuffle(encode(text)[None], 4) == encode(text)).all()


def test_neutral_references_and_signals():
    x = np.concatenate([one_hot(encode("GGCAN")), np.array([[0], [1], [2], [3], [4]], np.float32)], axis=-1)[None]
    zeros = References("zeros", "mean").make(x)
    assert zeros.shape == (1, 1, 5, 5)
    assert (zeros[..., :4] == 0).all()
    assert (zeros[..., 4] == 2).all()
    gc = References("gc", "zeros", count=20).make(x)
    assert gc.shape == (1, 1, 5, 5)
    np.testing.assert_allclose(
        gc[0, 0], [[0.125, 0.375, 0.375, 0.125, 0]] * 4 + [[0] * 5]
    )  # three of four bases are G or C
    shuffled = References(signal="fixed").make(x)
    assert shuffled.shape == (1, 20, 5, 5)
    assert np.array_equal(shuffled[0, 7, :, 4], [0, 1, 2, 3, 4])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sequence": "trinucleotide"}, "references must be one of dinucleotide_shuffle"),
        ({"signal": "median"}, "signal_reference must be one of fixed, zeros, mean"),
        ({"count": 0}, "count must be a whole number from 1"),
        ({"seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_bad_choices(arguments: dict, said: str):
    with pytest.raises(InputError, match=said):
        References(**arguments)


def test_what_is_no_sequence_cannot_be_shuffled():
    with pytest.raises(InputError, match="a single 1, or none"):
        References().make(np.full((1, 8, 4), 0.25, np.float32))

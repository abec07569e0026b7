"""The search for enriched motifs: planted ones are found on either strand, and nothing where there is nothing."""

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.genome.encode import N, encode
from zoo.genome.enriched import Motif, discover

LENGTH, WIDTH = 51, 13
WORD, SECOND = "TTACCCGGA", "GATTCCAAT"


def codes(count: int, seed: int, length: int = LENGTH) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4, (count, length)).astype(np.uint8)


def other_strand(sequences: np.ndarray) -> np.ndarray:
    return np.where(sequences == N, N, 3 - np.minimum(sequences, 3)).astype(np.uint8)[:, ::-1]


def planted(sequences: np.ndarray, word: str, rows: slice, seed: int, places: tuple[int, int] = (0, 42)) -> np.ndarray:
    """With a word somewhere in some sequences, in every other one of these on the other strand."""
    sequences, random, bases = sequences.copy(), np.random.default_rng(seed), encode(word)
    for number, row in enumerate(range(*rows.indices(len(sequences)))):
        at = random.integers(*places)
        sequences[row, at : at + len(word)] = other_strand(bases[None])[0] if number % 2 else bases
    return sequences


@pytest.fixture(scope="module")
def sequences() -> np.ndarray:
    """60, of which 40 have the first word in their first half, and 30 the second one in their second half."""
    found = planted(codes(60, 0), WORD, slice(40), 1, (0, 16))
    return planted(found, SECOND, slice(0, 60, 2), 2, (26, 42))


@pytest.fixture(scope="module")
def controls() -> np.ndarray:
    return codes(240, 3)


@pytest.fixture(scope="module")
def motifs(sequences: np.ndarray, controls: np.ndarray) -> list[Motif]:
    return discover(sequences, controls, 2, WIDTH)


def spelled(motif: Motif) -> str:
    """The bases above 0.6 from both strands, dots for the others."""
    forward = "".join("ACGT"[row.argmax()] if row.max() > 0.6 else "." for row in motif.probabilities)
    return forward + " " + forward[::-1].translate(str.maketrans("ACGT", "TGCA"))


def test_two_planted_words_are_found(motifs: list[Motif]):
    assert WORD in spelled(motifs[0])
    assert SECOND in spelled(motifs[1])
    assert motifs[0].share == pytest.approx(40 / 60, abs=0.1)
    assert motifs[1].share == pytest.approx(30 / 60, abs=0.1)
    assert all(0.7 < motif.auroc <= 1 for motif in motifs)


def test_a_motif_is_probabilities_and_their_log_odds(motifs: list[Motif], sequences: np.ndarray, controls: np.ndarray):
    counts = np.bincount(np.concatenate([sequences.ravel(), controls.ravel()]), minlength=4) + 1
    for motif in motifs:
        assert motif.probabilities.shape == motif.log_odds.shape == (WIDTH, 4)
        np.testing.assert_allclose(motif.probabilities.sum(axis=1), 1)
        np.testing.assert_allclose(motif.log_odds, np.log(motif.probabilities / (counts / counts.sum())))


def test_it_draws_nothing_at_random(motifs: list[Motif], sequences: np.ndarray, controls: np.ndarray):
    before = sequences.copy(), controls.copy()
    again = discover(sequences, controls, 1, WIDTH)
    assert np.array_equal(again[0].probabilities, motifs[0].probabilities)
    assert (again[0].share, again[0].auroc) == (motifs[0].share, motifs[0].auroc)
    assert np.array_equal(sequences, before[0])
    assert np.array_equal(controls, before[1])


def test_the_strand_and_the_order_of_sequences_do_not_matter(sequences: np.ndarray, controls: np.ndarray):
    [one] = discover(sequences, controls, 1, WIDTH)
    [turned] = discover(other_strand(sequences)[::-1], other_strand(controls), 1, WIDTH)
    np.testing.assert_allclose(turned.probabilities, one.probabilities, atol=0.02)
    assert turned.auroc == pytest.approx(one.auroc, abs=0.01)


def test_unknown_bases_are_no_part_of_a_motif(sequences: np.ndarray, controls: np.ndarray):
    """Runs of N, a sequence of nothing else, and the word cut by an N."""
    found, others = sequences.copy(), controls.copy()
    found[40:, :20], found[-1], others[::3, 30:] = N, N, N
    found[20:40:2, 8] = N
    [motif] = discover(found, others, 1, WIDTH)
    assert WORD in spelled(motif)
    assert np.isfinite(motif.log_odds).all()
    assert discover(np.full((5, LENGTH), N, np.uint8), others, 1, WIDTH) == []


def test_what_controls_have_too_is_not_enriched(sequences: np.ndarray, controls: np.ndarray):
    """The first word is everywhere: the second one is what is left."""
    both = planted(controls, WORD, slice(None), 5, (0, 16))
    [motif] = discover(sequences, both, 1, WIDTH)
    assert SECOND in spelled(motif)


def test_no_motif_where_no_word_comes_twice():
    """Each 8-mer of each of these is in one of them alone, or as often in the controls."""
    few = codes(3, 7, 20)
    assert discover(few, codes(50, 8, 20), 2, 9) == []
    assert discover(codes(40, 9), codes(40, 9), 2, WIDTH) == []


def test_fewer_motifs_than_asked_for():
    """Once the word is masked, no 8-mer is left that comes twice."""
    sequences = np.full((6, 30), N, np.uint8)
    sequences[:, 8:17] = encode(WORD)
    [motif] = discover(sequences, codes(20, 1, 30), 3, 9)
    assert "TTACCCGG" in spelled(motif)
    assert motif.auroc == 1
    assert motif.share == pytest.approx(0.98)


def test_as_wide_as_the_sequences():
    sequences = np.tile(encode(WORD), (6, 1))
    [motif] = discover(sequences, codes(20, 1, 9), 1, 9)
    assert motif.log_odds.shape == (9, 4)


def test_capitals_are_sure_bases():
    probabilities = np.array([[0.8, 0.1, 0.1, 0], [0, 0.5, 0.3, 0.2], [0.4, 0.3, 0.2, 0.1], [0, 0, 0.29, 0.71]])
    assert Motif(probabilities, np.log(probabilities + 1), 0.5, 0.5).consensus == "Ac.T"


@pytest.mark.parametrize(
    ("count", "others", "width", "message"),
    [
        (0, 20, 9, "must be sequences and controls, all of one length.*sequences=.0, 30."),
        (5, 0, 9, "must be sequences and controls"),
        (5, 20, 31, "at least 8 bp and at most that of the sequences. Received: width=31.*Example: 17"),
        (5, 20, 7, "at least 8 bp"),
    ],
)
def test_what_is_refused(count: int, others: int, width: int, message: str):
    with pytest.raises(InputError, match=message):
        discover(codes(count, 0, 30), codes(others, 1, 30), 1, width)


def test_sequences_and_controls_are_of_one_length():
    with pytest.raises(InputError, match=r"all of one length.*sequences=.5, 30., controls=.5, 40."):
        discover(codes(5, 0, 30), codes(5, 1, 40), 1, 9)

"""What an argument may be, in the same words for every function."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo import arguments
from zoo.errors import InputError
from zoo.evaluate.binding import benchmark
from zoo.genome.names import natural
from zoo.prepare import peaks, tracks


@pytest.mark.parametrize("value", [5, np.int64(5), np.uint8(5), np.array(5)])
def test_whole_numbers(value: object):
    assert arguments.whole("stride", value, 1, 9) == 5
    assert type(arguments.whole("stride", value, 1, 9)) is int


@pytest.mark.parametrize(
    "value", [True, np.True_, 5.0, "5", None, [5], float("nan"), 0, 10, pytest.param(10**5000, id="5000 digits")]
)
def test_no_whole_numbers_of_1_to_9(value: object):
    with pytest.raises(InputError, match="The batch size must be a whole number from 1 to 9"):
        arguments.whole("batch_size", value, 1, 9)


@pytest.mark.parametrize("value", [5, 5.0, np.float32(5), np.int64(5), np.array(5), Fraction(5)])
def test_numbers(value: object):
    assert arguments.number("cutoff", value) == 5
    assert type(arguments.number("cutoff", value)) is float


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        np.array(True),
        "5",
        np.array("5"),
        None,
        [5],
        np.array([5]),
        5j,
        float("nan"),
        float("inf"),
        10.5,
    ],
)
def test_no_numbers_of_up_to_10(value: object):
    with pytest.raises(InputError, match="The most p value must be up to 10"):
        arguments.number("most_p_value", value, "up to 10", lambda number: number <= 10)


def test_a_number_that_no_float_holds():
    with pytest.raises(InputError, match="The cutoff must be a finite number"):
        arguments.number("cutoff", 10**5000)


@pytest.mark.parametrize(
    ("value", "found"),
    [([1, 2], [1, 2]), ((), []), (range(2), [0, 1]), (np.array([3]), [3]), (iter("ab"), ["a", "b"])],
)
def test_items(value: object, found: list):
    assert arguments.items_of(value) == found


@pytest.mark.parametrize("value", [None, 5, "ab", b"ab", {"a": 1}, np.array(2), Path("a")])
def test_no_items(value: object):
    assert arguments.items_of(value) is None


def test_one_of():
    assert arguments.is_one_of("a", ("a", "b"))
    assert arguments.is_one_of(None, (None, "a"))
    for value in (None, "c", [], np.array(["a", "b"]), {"a"}):
        assert not arguments.is_one_of(value, {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("value", "found"),
    [("chr1", ["chr1"]), (("a", "b"), ["a", "b"]), (np.array(["a"]), ["a"]), ({"a": 1}.keys(), ["a"])],
)
def test_names(value: object, found: list[str]):
    assert arguments.names_of("chromosomes", value) == found


@pytest.mark.parametrize("value", [5, True, np.array(2), b"chr1", ["a", 1], [None], {"a": 1}, np.array([["a"]])])
def test_no_names(value: object, small: zoo.Model, genome_files):
    for call in (
        lambda: arguments.names_of("chromosomes", value),
        lambda: small.predict(
            genome=genome_files.genome, signal=genome_files.signal, chromosomes=value, output="never"
        ),
        lambda: peaks.call(genome_files.signal, 1.0, chromosomes=value),
        lambda: tracks.average([genome_files.signal], "never.bw", chromosomes=value),
        lambda: benchmark(genome_files.signal, genome_files.peaks, value),
    ):
        with pytest.raises(InputError, match="The chromosomes must be"):
            call()


def test_a_single_chromosome_may_be_text(genome_files):
    assert benchmark(genome_files.signal, genome_files.peaks, "chr10").scores.keys() == {"chr10"}


@pytest.mark.parametrize("name", ["profiles", "csv", "strict", "only_passing"])
@pytest.mark.parametrize("value", ["x", 1, float("nan"), None, np.array([True, False])])
def test_switches(small: zoo.Model, genome_files, name: str, value: object):
    with pytest.raises(InputError, match=f"choice of {name} must be True or False"):
        small.score_variants(
            [("chr1", 5, "A", "G")], genome=genome_files.genome, signal=genome_files.signal, **{name: value}
        )


def test_chromosomes_in_order():
    long = "chr" + "9" * 5000
    assert sorted(["chr10", "chr2", "²", "chrX", "2L", long], key=natural) == ["2L", "chr2", "chr10", long, "chrX", "²"]

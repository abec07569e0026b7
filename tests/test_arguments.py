"""What an argument may be, in the same words for every function."""

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

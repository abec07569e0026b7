"""Matching chromosomes of two files."""

import pytest

from zoo.errors import GenomeMismatch
from zoo.genome import names

HG38, HG19 = {"chr1": 248_956_422, "chr20": 64_444_167}, {"chr1": 249_250_621, "chr20": 63_025_520}


def match(a: dict, b: dict) -> dict:
    pairs = names.check_shared(a, b, "genome", "signal")
    names.check_lengths(pairs, a, b, "genome", "signal")
    return pairs


def test_same_and_other_spellings():
    assert match({"chr1": 5, "chrM": 3}, {"chr1": 5, "chrM": 3}) == {"chr1": "chr1", "chrM": "chrM"}
    assert match({"chr1": 5, "chrM": 3}, {"1": 5, "MT": 3}) == {"chr1": "1", "chrM": "MT"}
    assert match({"1": 5}, {"chr1": 5}) == {"1": "chr1"}


def test_an_ambiguous_spelling_is_not_mapped():
    assert match({"chrM": 3, "chr1": 5}, {"MT": 3, "M": 3, "chr1": 5}) == {"chr1": "chr1"}


def test_an_exact_name_wins_over_an_alias():
    assert match({"chr1": 5}, {"chr1": 5, "1": 5}) == {"chr1": "chr1"}


def test_lengths_that_disagree_name_both_builds():
    with pytest.raises(GenomeMismatch, match=r"248,956,422 bp \(hg38\).*249,250,621 bp \(hg19\)"):
        match(HG38, HG19)
    with pytest.raises(GenomeMismatch, match="chr1"):
        match({"chr1": 5}, {"1": 6})


def test_nothing_in_common():
    with pytest.raises(GenomeMismatch, match="chromosomes in common"):
        match({"chrI": 5}, {"chr1": 5})


def test_main_chromosomes():
    everything = ["chr1", "chrX", "chrM", "chr1_KI270706v1_random", "chrUn_GL000195v1", "GL000195.1", "MT"]
    assert names.main_chromosomes(everything) == ["chr1", "chrX"]
    assert names.main_chromosomes(["chrM"]) == ["chrM"]

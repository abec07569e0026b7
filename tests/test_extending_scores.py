"""A variant score of another package: one function and `register`."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError
from zoo.genome.sequence import Genome
from zoo.variants import scores
from zoo.variants.scores import Score


@pytest.fixture
def own() -> Iterator[list[Score]]:
    """Two scores beside the zoo's, until the test ends."""
    bins = Score("bins", lambda one, other: np.full(len(one), one.shape[1] + 0.5), 'half more than "bins"', "BINS")
    moved = Score("moved", lambda one, other, bin: other[:, bin] - one[:, bin], "change of its bin", scope="window")
    yield [scores.register(bins), scores.register(moved)]
    for score in (bins, moved):
        scores.unregister(score.name)


@pytest.fixture
def vcf(genome_files: Synthetic, tmp_path: Path) -> Path:
    """Two substitutions."""
    lines = []
    for position in (50_000, 60_000):
        base = Genome(genome_files.genome).sequence("chr1", position - 1, position)
        lines.append(f"chr1\t{position}\t.\t{base}\t{'ACGT'['CGTA'.index(base)]}\t.\tPASS\t.\n")
    path = tmp_path / "v.vcf"
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    return path


def test_a_score_from_outside_is_in_every_table(
    small: zoo.Model, genome_files: Synthetic, vcf: Path, tmp_path: Path, own: list[Score], capsys
):
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    found = small.score_variants(vcf, **files, around=128, profiles=True)
    assert found.scores["bins"].tolist() == [4.5, 4.5]  # 128 bp of 32
    assert found.scores["moved"].tolist() == (found.alternative - found.reference)[:, 4].tolist()
    assert np.abs(found.scores["moved"]).min() > 0
    written = small.score_variants(vcf, **files, around=128, output=tmp_path / "out")
    rows = list(csv.DictReader(written[0].open(), delimiter="\t"))
    assert [row["bins"] for row in rows] == ["4.5", "4.5"]
    assert [float(row["moved"]) for row in rows] == pytest.approx(found.scores["moved"], rel=1e-6)
    lines = written[2].read_text().splitlines()
    described = '"half more than \\"bins\\" (test/SMALL)"'
    assert f"##INFO=<ID=ZOO_BINS_test_SMALL,Number=A,Type=Float,Description={described}>" in lines
    assert lines[-1].endswith(";ZOO_BINS_test_SMALL=4.5")  # `moved` has no key
    assert json.loads(written[-1].read_text())["scores"][-2:] == ["bins", "moved"]
    with pytest.raises(SystemExit):
        main(["variants", "--help"])
    shown = capsys.readouterr().out
    assert '  bins (BINS): half more than "bins"\n' in shown
    assert "  log2_fold_change (LFC): log2 of the alternative allele's predicted sum" in shown


def test_the_same_call_with_another_table_is_another_call(
    small: zoo.Model, genome_files: Synthetic, vcf: Path, tmp_path: Path
):
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "output": tmp_path / "out"}
    small.score_variants(vcf, **call)
    scores.register(Score("one", lambda one, other: np.ones(len(one)), "1"))
    try:
        written = small.score_variants(vcf, **call)
        assert written[0].read_text().splitlines()[-1].split("\t")[-1] == "1"
    finally:
        scores.unregister("one")


def test_a_function_that_returns_no_number_for_each_variant(small: zoo.Model, genome_files: Synthetic, vcf: Path):
    scores.register(Score("total", lambda one, other: other.sum(), "of all variants at once"))
    try:
        with pytest.raises(InputError, match=r"must return a number for each variant.*score='total'"):
            small.score_variants(vcf, genome=genome_files.genome, signal=genome_files.signal)
    finally:
        scores.unregister("total")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "difference"}, "must have a name of its own"),
        ({"name": "_reference"}, "must be a letter, then letters"),
        ({"name": "ref"}, "must not be that of another column"),
        ({"key": "LFC"}, "must have a key of its own.*of='log2_fold_change'"),
        ({"key": "my=key"}, "capitals and digits"),
        ({"description": " "}, "description must be text"),
        ({"scope": "genome"}, "scope must be one of around, window"),
        ({"function": 3}, "the function must be one"),
    ],
)
def test_scores_that_are_refused(changes: dict, said: str):
    before = dict(scores.SCORES)
    with pytest.raises(InputError, match=said):
        scores.register(Score(**{"name": "mine", "function": np.add, "description": "mine", "key": "MINE", **changes}))
    assert dict(scores.SCORES) == before


def test_the_zoos_own_scores_stay():
    with pytest.raises(InputError, match="must be one that was added from outside"):
        scores.unregister("difference")
    with pytest.raises(InputError, match=r"must be a `zoo.variants.scores.Score`"):
        scores.register(np.add)

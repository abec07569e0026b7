"""Percentiles and P values of variant scores among variants drawn at random."""

import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError, ZooWarning
from zoo.genome.encode import encode
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.vcf import Variant
from zoo.variants import background
from zoo.variants.background import Background, draw, kind_of
from zoo.variants.run import VariantRun


@pytest.mark.parametrize(
    ("ref", "alt", "kind"),
    [
        ("C", "T", "C>T"),
        ("G", "A", "C>T"),
        ("A", "T", "T>A"),
        ("A", "C", "T>G"),
        ("CAT", "CGT", "T>C"),
        ("CA", "TG", "substitution of 2 bases"),
        ("A", "AG", "insertion of 1 base"),
        ("A", "AGGGG", "insertion of 3-5 bases"),
        ("", "C", "insertion of 1 base"),
        ("CAG", "C", "deletion of 2 bases"),
        ("A" * 21, "A", "deletion of 11-20 bases"),
        ("A" * 52, "A", None),
        ("ACG", "TT", None),
    ],
)
def test_kinds(ref: str, alt: str, kind: str | None):
    assert kind_of(Variant("chr1", 5, ref, alt)) == kind


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    path = tmp_path_factory.mktemp("genome") / "g.2bit"
    codes = np.random.default_rng(3).integers(0, 4, 5000).astype(np.uint8)
    codes[1000:2000] = 4
    write_twobit(path, {"chr1": codes, "chr2": encode("A" * 600)})
    return Genome(path)


@pytest.mark.parametrize(
    "kind", ["C>T", "T>A", "substitution of 2 bases", "insertion of 3-5 bases", "deletion of 2 bases"]
)
def test_drawn_variants_are_of_the_kind_and_of_the_regions(genome: Genome, kind: str):
    spans = {"chr1": np.array([[900, 1100], [2000, 2100]]), "chr2": np.array([[0, 10]])}
    drawn = draw(kind, 200, genome, spans, 7)
    assert drawn == draw(kind, 200, genome, spans, 7) != draw(kind, 200, genome, spans, 8)
    assert {kind_of(variant) for variant in drawn} == {kind}
    for variant in drawn:
        assert genome.sequence(variant.chrom, variant.start, variant.end) == variant.ref
        assert any(start <= variant.start and variant.end <= end for start, end in spans[variant.chrom])
        assert not variant.problem
    places = [variant.start for variant in drawn if variant.chrom == "chr1"]
    assert min(places) < 920
    assert max(place for place in places if place < 1000) > 990
    if kind == "C>T":
        assert {(variant.ref, variant.alt) for variant in drawn} == {("C", "T"), ("G", "A")}


def test_regions_without_such_bases(genome: Genome):
    for spans in ({"chr1": np.array([[1000, 2000]])}, {"chr2": np.array([[0, 600]])}, {}):
        with pytest.raises(InputError, match=r"must have enough known bases.*kind='C>T', drawn=0, wanted=100"):
            draw("C>T", 100, genome, spans, 0)


def test_literal_percentiles_and_p_values():
    """Nine scores: of a directed one both tails count, ties by half; other kinds have none."""
    scores = np.array([-4, -3, -2, -1, 0, 1, 2, 3, 4.0])
    made = Background({"C>T": {"lfc": scores, "jsd": abs(scores)}}, {})
    variants = [Variant("chr1", 5, "C", "T")] * 4 + [Variant("chr1", 5, "C", "A")]
    given = {"lfc": np.array([0, 4, -5, 2.5, 0]), "jsd": np.array([0, 4, 5, 2.5, 0]), "highest": np.zeros(5)}
    found = made.columns(variants, given, {"lfc": "both", "jsd": "right", "highest": None})
    assert sorted(found) == ["jsd.percentile", "jsd.pvalue", "lfc.percentile", "lfc.pvalue"]
    np.testing.assert_allclose(found["lfc.percentile"], [50, 850 / 9, 0, 700 / 9, np.nan])
    np.testing.assert_allclose(found["lfc.pvalue"], [1, 0.4, 0.2, 0.6, np.nan])
    np.testing.assert_allclose(found["jsd.percentile"], [50 / 9, 800 / 9, 100, 500 / 9, np.nan])
    np.testing.assert_allclose(found["jsd.pvalue"], [1, 0.3, 0.1, 0.5, np.nan])


@pytest.fixture
def files(genome_files: Synthetic) -> dict:
    return {"genome": genome_files.genome, "signal": genome_files.signal, "scores": "difference,jensen_shannon"}


def rows(genome: Genome) -> list[tuple]:
    """A transition and a transversion at each of two places, and a deletion with an insertion."""
    given = []
    for position in (13_000, 14_000):
        ref = genome.sequence("chr1", position - 1, position)
        given += [("chr1", position, ref, alt) for alt in "ACGT" if alt != ref]
    three = genome.sequence("chr1", 14_999, 15_002)
    other = "".join("ACGT"[(encode(base)[0] + 1) % 4] for base in three[::2])
    return [*given, ("chr1", 15_000, three, other)]


def test_scores_have_their_place_in_the_background(small: zoo.Model, files: dict, tmp_path: Path, monkeypatch):
    """As computed from the drawn variants one by one; the second time from the cache, and with one kind alone."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    genome = Genome(files["genome"])
    given = rows(genome)
    with pytest.warns(ZooWarning, match="1 variants have no background"):
        found = small.score_variants(given, background=100, seed=5, **files)
    plain = small.score_variants(given, **files)
    kinds = [kind_of(variant) for variant in found.variants]
    assert kinds[-1] is None
    assert np.isnan(found.scores["difference.pvalue"][-1])
    spans = {chrom: np.array([[0, size]]) for chrom, size in genome.sizes.items()}
    for number in range(2):
        drawn = draw(kinds[number], 100, genome, spans, 5)
        others = small.score_variants(drawn, **files).scores
        for name, tail in (("difference", 2), ("jensen_shannon", 1)):
            score, null = plain.scores[name][number], others[name]
            assert found.scores[name][number] == score
            high, low = (1 + (null >= score).sum()) / 101, (1 + (null <= score).sum()) / 101
            expected = min(1, 2 * min(high, low)) if tail == 2 else high
            assert found.scores[f"{name}.pvalue"][number] == pytest.approx(expected)
            assert found.scores[f"{name}.percentile"][number] == pytest.approx(100 * (null < score).mean(), abs=0.6)
    kept = background.kept("test/SMALL")
    assert sorted(record["kind"] for record in kept) == sorted({kind for kind in kinds if kind})
    assert {record["variants"] for record in kept} == {100}
    monkeypatch.setattr(VariantRun, "scores", None)  # from the cache now
    again = small.score_variants(given[:1], background=100, seed=5, **files)
    assert again.scores["difference.pvalue"][0] == found.scores["difference.pvalue"][0]


def test_a_damaged_or_read_only_cache_is_no_background(small: zoo.Model, files: dict, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    given = rows(Genome(files["genome"]))[:1]
    first = small.score_variants(given, background=100, **files)
    (kept,) = (tmp_path / "cache" / "backgrounds" / "test_SMALL").glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:50])
    second = small.score_variants(given, background=100, **files)
    assert second.scores["difference.pvalue"][0] == first.scores["difference.pvalue"][0]
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    third = small.score_variants(given, background=100, **files)
    assert third.scores["difference.pvalue"][0] == first.scores["difference.pvalue"][0]


def test_the_command_writes_it(small_folder: Path, files: dict, genome_files: Synthetic, tmp_path: Path, capsys):
    """Table, VCF and sidecar; the same files with another number are computed anew."""
    given = rows(Genome(files["genome"]))[:2]
    (tmp_path / "v.vcf").write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        + "".join(f"{chrom}\t{position}\t.\t{ref}\t{alt}\t.\t.\t.\n" for chrom, position, ref, alt in given)
    )
    words = ["variants", str(small_folder), str(tmp_path / "v.vcf"), "--genome", str(files["genome"])]
    words += ["--signal", str(files["signal"]), "--scores", "difference", "--output", str(tmp_path / "out")]
    assert main([*words, "--background", "150", "--background-regions", str(genome_files.peaks)]) == 0
    head, first, _ = (tmp_path / "out.tsv").read_text().splitlines()
    assert head.split("\t")[5:] == ["difference", "difference.percentile", "difference.pvalue"]
    chance = float(first.split("\t")[7])
    assert 2 / 151 <= chance <= 1
    text = (tmp_path / "out.vcf").read_text()
    assert f"ZOO_DIFFBGPVAL_test_SMALL={chance:.6g}" in text
    assert 'Description="percentile of difference among variants of its kind (test/SMALL)"' in text
    record = json.loads((tmp_path / "out.json").read_text())
    assert (record["background"]["variants"], record["choices"]["background"]) == (150, 150)
    capsys.readouterr()
    for wrong in (["--seed", "1"], ["--background-regions", "chr1"], ["--background", "99"]):
        assert main([*words, *wrong]) == 2
    assert "background must be a whole number from 100" in capsys.readouterr().err

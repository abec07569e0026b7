"""Motifs that variants make and break."""

import io
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.genome.encode import encode
from zoo.genome.instances import Scanner
from zoo.genome.motifs import read_motifs, scan, write_motifs
from zoo.genome.sequence import Genome, write_twobit
from zoo.variants.motif_changes import motif_changes, write_changes

SITE = "GATTACAGGC"


def motif(consensus: str, chance: float = 0.97) -> np.ndarray:
    rest = (1 - chance) / 3
    return np.array([[chance if base == letter else rest for letter in consensus] for base in "ACGT"])


@pytest.fixture
def genome(tmp_path: Path) -> Genome:
    """A site at 100, its reverse complement at 200, all else T."""
    text = list("T" * 300)
    text[100:110] = SITE
    text[200:210] = "GCCTGTAATC"
    write_twobit(tmp_path / "g.2bit", {"chr1": encode("".join(text))})
    return Genome(tmp_path / "g.2bit")


def test_scores_and_p_values_by_hand():
    """A motif of two positions: 16 sequences, all of the same chance."""
    two = np.array([[0.7, 0.1], [0.1, 0.7], [0.1, 0.1], [0.1, 0.1]])
    high, low = np.log2(0.7001 / 0.25), np.log2(0.1001 / 0.25)
    found = Scanner(two).best(encode("TTACTT"), 0, 9)
    assert (found.start, found.strand) == (2, "+")
    assert found.score == pytest.approx(2 * high)
    assert found.p_value == pytest.approx(1 / 16)
    found = Scanner(two).best(encode("TTGTTT"), 2, 2)
    assert (found.start, found.strand, found.p_value) == (2, "-", pytest.approx(1 / 16))
    assert Scanner(two).best(encode("AA"), 0, 0).score == pytest.approx(high + low)
    assert Scanner(two).best(encode("NNN"), 0, 3) is None
    assert Scanner(two).best(encode("A"), 0, 3) is None


def test_the_same_as_fimo(shared: Path):
    """The best hits of 12 real motifs in random sequence: memelite's scores and P values."""
    pytest.importorskip("memelite", reason="needs memelite (extra motif)")
    known = read_motifs(shared / "data" / "motifs" / "H12CORE_meme_format.meme", "CTCF", "SPI1", "GATA")
    codes = np.random.default_rng(4).integers(0, 4, 3000).astype(np.uint8)
    for name, hits in scan(known, [codes], 0.01).items():
        best = Scanner(known[name]).best(codes, 0, 3000)
        assert best.score == pytest.approx(hits.score.max(), abs=1e-4)
        place = int(hits.score.argmax())
        assert (best.start, best.strand) == (hits.start[place], hits.strand[place])
        assert best.p_value == pytest.approx(hits.p_value[place], rel=1e-9)


@pytest.mark.parametrize(
    ("variant", "change", "start", "strand"),
    [
        ("chr1:104:T:A", "broken", 100, "+"),
        ("chr1:203:C:A", "broken", 200, "-"),
        ("chr1:110:C:CA", None, 0, "+"),  # behind the last base
        ("chr1:103:T:TG", "broken", 100, "+"),  # an insertion within
        ("chr1:102:ATT:A", "broken", 100, "+"),  # a deletion of two
    ],
)
def test_a_site_is_broken(genome: Genome, variant: str, change: str | None, start: int, strand: str):
    known = {"SITE": motif(SITE), "OTHER": motif("CCCCCCCCCC")}
    found = motif_changes(variant, genome, known, p_value=1e-5)
    if change is None:
        assert found == []
        return
    (found,) = found
    assert (found.motif, found.change, found.chrom) == ("SITE", change, "chr1")
    assert (found.start, found.end, found.strand) == (start, start + 10, strand)
    assert found.ref_score == pytest.approx(10 * np.log2(0.9701 * 4))
    assert found.ref_p == pytest.approx(4.0**-10, rel=1e-6)
    assert found.alt_score < found.ref_score - 5
    assert found.difference == found.alt_score - found.ref_score
    assert str(found) == f"SITE: broken (score 19.6 → {found.alt_score:.1f})"


def test_a_site_is_made_weaker_and_stronger(genome: Genome, tmp_path: Path):
    write_motifs(tmp_path / "m.meme", {"SITE": motif(SITE), "SHORT": motif("GATTACAC", 0.9)})
    write_twobit(tmp_path / "alt.2bit", {"chr1": encode("T" * 100 + "GATAACAGGC" + "T" * 190)})
    (found,) = motif_changes(("chr1", 104, "A", "T"), tmp_path / "alt.2bit", tmp_path / "m.meme", 1e-5)
    assert (found.motif, found.change, found.start) == ("SITE", "made", 100)
    both = motif_changes("chr1:108:G:C", genome, tmp_path / "m.meme", p_value=1e-2)
    assert {found.motif: found.change for found in both} == {"SITE": "weaker", "SHORT": "stronger"}
    assert abs(both[0].difference) >= abs(both[1].difference)
    text = io.StringIO()
    write_changes(both, text)
    head, first, _ = text.getvalue().splitlines()
    assert head.split("\t")[:7] == ["motif", "change", "ref_score", "alt_score", "difference", "ref_p", "alt_p"]
    assert first.split("\t")[7:] == ["chr1", "100", "110" if both[0].motif == "SITE" else "108", "+"]


def test_what_is_no_one_variant(genome: Genome):
    known = {"SITE": motif(SITE)}
    for given, message in (
        (["chr1:104:T:A", "chr1:105:A:C"], "There must be one variant here"),
        ("chr1:104:G:A", "can be scored: "),
        ("chr7:104:G:A", "can be scored: "),
    ):
        with pytest.raises(InputError, match=message):
            motif_changes(given, genome, known)
    with pytest.raises(InputError, match=r"p.value must be"):
        motif_changes("chr1:104:T:A", genome, known, p_value=0)


def test_a_real_ctcf_site(shared: Path):
    """The strongest CTCF site of the human sequence near a CTCF peak: a change of its core breaks it."""
    genome = Genome(shared / "data" / "hg19_chr20_gm12878" / "hg19_chr20_to_11095000.2bit")
    known = read_motifs(shared / "data" / "motifs" / "H12CORE_meme_format.meme", "CTCF.H12CORE.0")
    (name,) = known
    codes = genome.codes("chr20", 10_000_000, 11_000_000)
    best = Scanner(known[name]).best(codes, 0, len(codes))
    core = int(known[name].max(axis=0).argmax())
    at = 10_000_000 + best.start + (core if best.strand == "+" else known[name].shape[1] - 1 - core)
    ref = genome.sequence("chr20", at, at + 1)
    (found,) = motif_changes(("chr20", at + 1, ref, "ACGT"["TGCA".index(ref)]), genome, known)
    assert (found.change, found.strand) in {("broken", best.strand), ("weaker", best.strand)}
    assert found.ref_score == pytest.approx(best.score)
    assert found.difference < -5

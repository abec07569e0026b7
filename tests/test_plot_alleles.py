"""The picture of a variant."""

import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.attribution.methods import IntegratedGradients
from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError
from zoo.genome.motifs import write_motifs
from zoo.genome.sequence import Genome
from zoo.genome.vcf import Variant
from zoo.plot.alleles import _Columns, allele_effects, plot_alleles
from zoo.variants.motif_changes import motif_changes


@pytest.fixture
def files(genome_files: Synthetic) -> dict:
    return {"genome": genome_files.genome, "signal": genome_files.signal}


def motif(consensus: str) -> np.ndarray:
    return np.array([[0.97 if base == letter else 0.01 for letter in consensus] for base in "ACGT"])


def texts(figure) -> list[str]:
    """Of titles, names of axes and legends."""
    shown = [figure.get_suptitle()]
    for ax in figure.axes:
        legend = ax.get_legend()
        shown += [ax.get_title(loc="left"), ax.get_ylabel(), ax.get_xlabel()]
        shown += [] if legend is None else [text.get_text() for text in legend.get_texts()]
    return [text for text in shown if text]


def test_columns_of_bases():
    """Two bases before, an insertion of three, four bases after: the reference has a gap of three columns."""
    columns = _Columns(Variant("chr1", 102, "", "GGG"), 100, 2, 4)
    assert (columns.count, columns.widest) == (9, 3)
    assert [columns.column(base, "") for base in range(6)] == [0, 1, 5, 6, 7, 8]
    assert [columns.column(base, "GGG") for base in range(9)] == list(range(9))
    spread = columns.spread(np.ones((3, 4)), 1, "")
    assert spread[:, 0].tolist() == [0, 1, 0, 0, 0, 1, 1, 0, 0]
    assert columns.spread(np.ones((4, 4)), 7, "GGG")[:, 0].tolist() == [0] * 7 + [1, 1]
    assert columns.spread(np.ones((4, 4)), -3, "")[:, 0].tolist() == [1] + [0] * 8


def test_effects_are_those_of_scores_and_attributions(small: zoo.Model, files: dict):
    """A substitution: both windows are the genome's but for one base, compared with the same shuffles."""
    genome = Genome(files["genome"])
    ref = genome.sequence("chr1", 13_000, 13_001)
    alt = "ACGT"[("ACGT".index(ref) + 1) % 4]
    given = ("chr1", 13_001, ref, alt)
    effects = allele_effects(small, given, **files)
    scores = small.score_variants([given], profiles=True, **files)
    assert np.array_equal(effects.profiles, np.concatenate([scores.reference, scores.alternative]))
    assert (effects.start, effects.first, effects.bin_size) == (13_000 - 128, 13_000 - 128, 32)
    codes = effects.contributions.codes
    assert np.array_equal(codes[0], genome.codes("chr1", effects.start, effects.start + 256))
    assert np.flatnonzero(codes[0] != codes[1]).tolist() == [128]
    assert effects.contributions.baseline[0] == effects.contributions.baseline[1]
    assert effects.contributions.prediction[0] == pytest.approx(
        small.attribute(genome=genome, signal=files["signal"], regions=("chr1", 13_000, 13_001)).prediction[0], abs=1e-4
    )


@pytest.mark.parametrize("kind", ["substitution", "insertion", "deletion"])
def test_the_picture_says_what_is_what(small: zoo.Model, files: dict, kind: str, tmp_path: Path):
    genome = Genome(files["genome"])
    bases = genome.sequence("chr1", 13_000, 13_008)
    other = "ACGT"[("ACGT".index(bases[3]) + 1) % 4]
    ref, alt = {"substitution": (bases[3], other), "insertion": (bases[3], bases[3] + "ACGTACGG")}.get(
        kind, (bases[3:7], bases[3])
    )
    known = {"SITE $": motif(bases), "NONE": motif("ACGT" * 5)}
    figure = small.plot_variant(("chr1", 13_004, ref, alt), motifs=known, width=40, **files)
    (change, *_) = motif_changes(("chr1", 13_004, ref, alt), genome, known, 1e-4)
    shown = texts(figure)
    assert shown[0].startswith("test/SMALL, chr1:13,00")
    assert {"prediction", "difference", "contributions,\nreference", "contributions,\nalternative", "bits"} <= set(
        shown
    )
    assert "position on chr1 (bp)" in shown
    assert any(text.startswith(str(change).removesuffix(")").replace("$", r"\$")) for text in shown)
    assert len(figure.axes) == 4 + len(motif_changes(("chr1", 13_004, ref, alt), genome, known))
    figure.savefig(tmp_path / "v.png")
    labels = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    assert "13,010" in labels or "13,020" in labels
    alone = small.plot_variant(("chr1", 13_004, ref, alt), **files)
    assert len(alone.axes) == 4


@pytest.mark.parametrize(
    ("method", "shown"),
    [
        ("deeplift", "DeepLIFT"),
        (IntegratedGradients(count=2, references="mononucleotide_shuffle", steps=5), "integrated gradients"),
        ("gradients", "gradients"),
        ("saturation_mutagenesis", "in silico mutagenesis"),
    ],
)
def test_contributions_by_a_method(small: zoo.Model, files: dict, method: object, shown: str):
    """Those of the reference's window are those that `Model.attribute` gives; both alleles have the same references."""
    genome = Genome(files["genome"])
    ref = genome.sequence("chr1", 13_000, 13_001)
    given = ("chr1", 13_001, ref, "ACGT"[("ACGT".index(ref) + 1) % 4])
    effects = allele_effects(small, given, method=method, **files)
    alone = small.attribute(genome=genome, signal=files["signal"], regions=("chr1", 13_000, 13_001), method=method)
    found = effects.contributions
    assert found.method == alone.method
    np.testing.assert_allclose(found.values[0], alone.values[0], atol=1e-5)
    if alone.baseline is not None:
        assert found.baseline[0] == found.baseline[1]
    assert small.plot_variant(given, method=method, **files).get_suptitle().endswith(f"; contributions: {shown}")


def test_more_motifs_than_have_room_are_counted(small: zoo.Model, files: dict):
    genome = Genome(files["genome"])
    bases = genome.sequence("chr1", 13_000, 13_008)
    given = ("chr1", 13_004, bases[3], "ACGT"[("ACGT".index(bases[3]) + 1) % 4])
    known = {f"M{number}": motif(bases) for number in range(6)}
    effects = allele_effects(small, given, **files)
    figure = plot_alleles(effects, motif_changes(given, genome, known, 1e-4), known)
    assert len(figure.axes) == 8
    assert "; 2 more motifs change" in figure.get_suptitle()
    with pytest.raises(InputError, match="width must be a whole number from 20 to 200"):
        plot_alleles(effects, width=10)


def test_the_command(small_folder: Path, files: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    bases = Genome(files["genome"]).sequence("chr1", 13_000, 13_008)
    given = f"chr1:13004:{bases[3]}:{'ACGT'[('ACGT'.index(bases[3]) + 1) % 4]}"
    write_motifs(tmp_path / "m.meme", {"SITE": motif(bases)})
    words = ["variants", str(small_folder), given, "--genome", str(files["genome"]), "--signal", str(files["signal"])]
    drawn = [*words, "--picture", str(tmp_path / "v.png"), "--motifs", str(tmp_path / "m.meme")]
    assert main([*drawn, "--json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["motifs"]
    assert (change["motif"], change["change"], change["start"]) == ("SITE", "broken", 13_000)
    assert (tmp_path / "v.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "v.motifs.tsv").read_text().splitlines()[1].startswith("SITE\tbroken\t")
    assert main([*words, "--picture", str(tmp_path / "g.png"), "--method", "gradients"]) == 0
    assert (tmp_path / "g.png").stat().st_size != (tmp_path / "v.png").stat().st_size
    for wrong, message in (
        (["--motifs", "m.meme"], "--motifs must come with --picture"),
        (["--method", "gradients"], "--method must come with --picture"),
        (["--picture", "v.png", "--method", "lime"], "method must be one of deeplift, integrated_gradients"),
        (["--picture", "v.gif"], "A picture must be one of .png, .svg, .pdf"),
    ):
        assert main([*words, *wrong]) == 2
        assert message in capsys.readouterr().err
    assert main([*words[:2], given, given, *words[3:], "--picture", str(tmp_path / "w.png")]) == 2
    assert "There must be one variant here" in capsys.readouterr().err

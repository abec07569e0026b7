"""`zoo plot`: a region or a gene as a file, with what models predict there."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import test_model_heads
from matplotlib.figure import Figure
from pictures import check_picture, shown_texts

import zoo
from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError

GTF = '1\tX\tgene\t50001\t50300\t.\t-\t.\tgene_id "G1"; gene_name "GATA1";\n'
GTF += GTF.replace("gene\t", "exon\t").replace(";\n", '; transcript_id "T1";\n')


toy_model, toy_files = test_model_heads.model, test_model_heads.files


@pytest.fixture
def files(genome_files: Synthetic, tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "a.gtf").write_text(GTF)
    (tmp_path / "v.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t50101\t.\tA\tG\n")
    return {
        "genome": genome_files.genome,
        "signal": genome_files.signal,
        "peaks": genome_files.peaks,
        "genes": tmp_path / "a.gtf",
        "variants": tmp_path / "v.vcf",
    }


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved."""
    saved, save = [], Figure.savefig

    def savefig(figure: Figure, *arguments: object, **options: object) -> None:
        saved.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return saved


def test_a_gene_with_everything(
    small_folder: Path, files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture, drawn: list[Figure]
):
    arguments = ["GATA1", "--genes", files["genes"], "--flank", "500", "--model", small_folder]
    arguments += ["--genome", files["genome"], "--signal", files["signal"], "--tracks", f"ATAC-seq={files['signal']}"]
    arguments += [files["signal"], "--peaks", files["peaks"], "--variants", files["variants"]]
    path = tmp_path / "out" / "locus.png"
    assert main(["plot", *map(str, arguments), "--output", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")
    (figure,) = drawn
    assert [ax.get_ylabel() for ax in figure.axes] == [
        "ATAC-seq",
        "atac",
        "predicted SMALL\n(binding score)",
        "peaks",
        "variants",
        "genes",
    ]
    assert figure.get_suptitle() == "GATA1, chr1:49,501–50,800"
    assert "threshold of\nbest F1\n0.4" in [text.get_text() for text in shown_texts(figure)]
    check_picture(figure)


def test_what_is_predicted_is_drawn(small: zoo.Model, files: dict[str, Path], tmp_path: Path, drawn: list[Figure]):
    where = {"genome": files["genome"], "signal": files["signal"]}
    region = zoo.Interval("chr1", 50_000, 50_320)
    path = zoo.draw(str(region), output=tmp_path / "a.svg", model=small, threshold=None, **where)
    assert path.read_text().startswith("<?xml")
    (row,) = small.predict(**where, regions=region)
    heights = drawn[0].axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert set(row.scores.tolist()) <= set(heights.tolist())


def rows_of(figure: Figure) -> list[str]:
    return [ax.get_ylabel() for ax in figure.axes]


def test_heads_and_tracks_of_a_model(
    toy_model: zoo.Model, toy_files: dict, tmp_path: Path, drawn: list[Figure], capsys: pytest.CaptureFixture
):
    where, output = zoo.Interval("chr1", 400, 480), tmp_path / "a.png"
    for chosen in ({}, {"track": ["plus", "both"]}, {"track": "minus"}, {"head": "counts"}):
        zoo.draw(where, output=output, model=toy_model, **chosen, **toy_files)
    unit = "(profile, logits)"
    assert list(map(rows_of, drawn)) == [
        [f"predicted TOY, {name}\n{unit}" for name in ("plus", "minus", "both")],
        [f"predicted TOY, {name}\n{unit}" for name in ("plus", "both")],
        [f"predicted TOY, minus\n{unit}"],
        ["predicted TOY, counts\n(counts, ln(1 + x))"],
    ]
    (row,) = toy_model.predict(**toy_files, regions=where, track="minus")
    heights = drawn[2].axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert set(row.scores.tolist()) <= set(heights.tolist())
    for figure in drawn:
        check_picture(figure)
    for wrong, message in (({"track": "no"}, "The track must be one of"), ({"head": "no"}, "The head must be one of")):
        with pytest.raises(InputError, match=message):
            zoo.draw(where, output=output, model=toy_model, **wrong, **toy_files)
    words = [
        "plot",
        "chr1:1-100",
        "--model",
        "yeast/factors",
        "--genome",
        str(toy_files["genome"]),
        "--output",
        "b.png",
    ]
    assert main([*words, "--track", "CBF2"]) == 2
    assert "The track must be one of those of the head" in capsys.readouterr().err


def test_contributions_by_a_method(
    small_folder: Path, small: zoo.Model, files: dict[str, Path], tmp_path: Path, drawn: list[Figure]
):
    """Windows of 256 bp around the middles of three parts of 100 bp: each base has the value of its own part's."""
    region, reads = "chr1:50,001-50,300", ["--genome", files["genome"], "--signal", files["signal"]]
    words = [region, "--model", small_folder, *reads, "--method", "input_x_gradient", "--output", tmp_path / "a.png"]
    assert main(["plot", *map(str, words)]) == 0
    (figure,) = drawn
    assert rows_of(figure)[1] == "contribution to\npredicted SMALL (input ×\ngradient)"
    check_picture(figure)
    parts = [zoo.Interval("chr1", start, start + 100) for start in (50_000, 50_100, 50_200)]
    given = {"genome": files["genome"], "signal": files["signal"]}
    found = small.attribute(**given, regions=parts, method="input_x_gradient")
    expected = np.concatenate([scores[78:178] for scores in found.scores])
    heights = [patch.get_data().values for patch in figure.axes[1].patches[:2]]
    assert np.array_equal(np.nansum(heights, axis=0), expected)
    saved = small.attribute(**given, regions=parts, count=1)
    both = {"saved": saved}
    zoo.draw(region, output=tmp_path / "b.png", model=small, method="gradients", attributions=both, **given)
    assert [text.split("\n")[0] for text in rows_of(drawn[1])[1:]] == ["saved", "contribution to"]
    with pytest.raises(InputError, match="contributions are drawn must have at most 8,192 bp"):
        zoo.draw("chr1:50,001-60,000", output=tmp_path / "c.png", model=small, method="deeplift", **given)


def test_a_method_that_there_is_not(small_folder: Path, files: dict[str, Path], capsys: pytest.CaptureFixture):
    words = ["plot", "chr1:1-100", "--model", small_folder, "--genome", files["genome"], "--output", "a.png"]
    assert main([*map(str, words), "--method", "lime"]) == 2
    assert "method must be one of deeplift, integrated_gradients" in capsys.readouterr().err


def test_without_a_model_keras_is_not_imported(files: dict[str, Path], tmp_path: Path):
    code = "import sys, zoo.cli; zoo.cli.main(sys.argv[1:]); assert 'keras' not in sys.modules"
    words = ["plot", "chr1:50,001-51,000", "--tracks", files["signal"], "--output", tmp_path / "a.pdf"]
    subprocess.run([sys.executable, "-c", code, *words], check=True)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"output": "a.jpg"}, "must be named .png, .svg or .pdf"),
        ({"genome": None}, "genome must be given for models"),
        ({"model": None}, "A picture without a model"),
        ({"model": None, "signal": None, "threshold": 0.5}, "A picture without a model"),
        ({"model": None, "signal": None, "track": "a"}, "A picture without a model"),
        ({"model": None, "signal": None, "method": "deeplift"}, "A picture without a model"),
        ({"where": "GATA"}, "The closest is GATA1"),
        ({"where": "chr9:1-10"}, "chr9"),
        ({"where": "chr1:200,001-200,100"}, "must lie within its chromosome"),
    ],
)
def test_what_is_refused(small: zoo.Model, files: dict[str, Path], tmp_path: Path, changed: dict, message: str):
    options = {"where": "GATA1", "output": "a.png", "model": small, **files, **changed}
    options["output"] = tmp_path / options["output"]
    with pytest.raises(InputError, match=message):
        zoo.draw(options.pop("where"), **options)
    assert not list(tmp_path.glob("a.*g"))


def test_a_picture_replaces_nothing_that_is_read(files: dict[str, Path], tmp_path: Path):
    track = tmp_path / "track.png"
    track.write_bytes(files["signal"].read_bytes())
    with pytest.raises(InputError, match="must replace no folder and no file that the run reads"):
        zoo.draw("chr1:1-100", output=track, tracks={"a": track})

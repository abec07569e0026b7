"""`zoo benchmark`, `calibrate` and `evaluate`."""

import json
from pathlib import Path

import numpy as np
import pytest

from zoo.cli import main
from zoo.commands.evaluate import table
from zoo.predict.thresholds import ThresholdTable


@pytest.fixture
def golden(shared: Path) -> Path:
    return shared / "golden" / "maxatac" / "e2e"


def test_benchmark_of_the_original(golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch):
    """Every line of its tables, number by number."""
    monkeypatch.setenv("COLUMNS", "120")
    files = ["--bw", str(golden / "outputs/predict/ctcf.bw"), "--gold_standard", str(golden / "inputs/gold.bw")]
    files += ["--blacklist", str(golden / "inputs/blacklist.bed"), "-c", "chr1", "chr2"]
    assert main(["benchmark", *files, "--output", str(tmp_path / "out" / "ctcf"), "--tables"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["chr1", "chr2", "all"]
    assert lines[1].split()[4] == "0.8172"
    for chrom in ("chr1", "chr2"):
        name = f"ctcf_{chrom}_200bp_PRC.tsv"
        theirs = (golden / "outputs" / "benchmark" / name).read_text().splitlines()
        ours = (tmp_path / "out" / name).read_text().splitlines()
        assert ours[0] == theirs[0]
        numbers = [np.array([line.split("\t") for line in rows[1:]], float) for rows in (ours, theirs)]
        np.testing.assert_allclose(*numbers, rtol=1e-9, atol=1e-12)
    assert main(["benchmark", *files, "--tables"]) == 2
    assert "beside the output" in capsys.readouterr().err
    said = json.loads((tmp_path / "out" / "ctcf.json").read_text())
    assert said["kind"] == "binding"
    assert [part["kind"] for part in said["sections"]] == ["table", "curves"]
    assert said["rows"]["chr2"]["aupr"] == pytest.approx(0.68821, abs=5e-6)
    assert said["inputs"]["peaks"].endswith("gold.bw")


def test_correlations_of_a_track(golden: Path, capsys: pytest.CaptureFixture):
    track = str(golden / "outputs/predict/ctcf.bw")
    assert main(["benchmark", "--prediction", track, "--track", track, "--json", "--agg", "max"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rows"]["all"]["r2"] == pytest.approx(1)
    assert main(["benchmark", "--prediction", track, "--track", track, "--agg", "sum"]) == 2
    assert "max, mean" in capsys.readouterr().err


def test_calibrate_from_a_table_of_cell_types(golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    files = [golden / "outputs/predict/ctcf.bw", golden / "inputs/gold.bed"]
    rows = "Prediction\tBinding_File\n" + "".join(f"{files[0]}\t{files[1]}\n" for _ in range(2))
    (tmp_path / "meta.tsv").write_text(rows)
    asked = ["calibrate", "--meta_file", str(tmp_path / "meta.tsv"), "--chromosomes", "chr1"]
    assert main([*asked, "--output", str(tmp_path / "t")]) == 0
    assert "best F1" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["meta.tsv", "t.html", "t.json", "t.tsv"]
    assert json.loads((tmp_path / "t.json").read_text())["rows"]["best F1"]["score"] == pytest.approx(0.841, abs=1e-3)
    assert ThresholdTable.read(tmp_path / "t.tsv").columns["recall"][0] == 1
    assert main(asked) == 2
    assert main(["calibrate", "--prediction", str(files[0])]) == 2
    assert "is calibrated with peaks" in capsys.readouterr().err


def test_evaluate_a_model_that_ships(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch):
    """The numbers on its card, from the same tracks."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "recipes"))
    import yeast

    data = yeast.prepare(yeast.at_hand(), tmp_path)
    asked = ["evaluate", "yeast/ATAC", "--genome", str(data.genome), "--signal", str(data.accessibility)]
    assert main([*asked, "--chromosomes", "chrXIII", "--json"]) == 0
    everywhere = json.loads(capsys.readouterr().out)
    assert everywhere["rows"]["chrXIII"]["pearson"] == pytest.approx(0.744, abs=2e-4)
    assert everywhere["rows"]["chrXIII"]["spearman"] == pytest.approx(0.5839, abs=2e-4)
    around = [*asked, "--chromosomes", "chrI", "chrXIII", "--peaks", str(data.open), "--robustness"]
    assert main([*around, "--output", str(tmp_path / "e")]) == 0
    said = json.loads((tmp_path / "e.json").read_text())
    assert said["rows"]["chrXIII"]["pearson"] == pytest.approx(0.7273, abs=2e-4)
    assert 0.01 < said["rows"]["mean"]["variation"] < 0.2
    profile, *_, varied = said["sections"][1:]
    assert [len(line["y"]) for line in profile["series"]] == [256, 256]
    assert [(line["name"], len(line["y"])) for line in varied["series"]] == [("chrI", 128), ("chrXIII", 128)]
    assert main(["evaluate", "yeast/REB1", *asked[2:]]) == 2
    assert "reads DNA alone" in capsys.readouterr().err


def test_tables_fit_the_terminal():
    rows = {f"chr{n}": {"bins": 1000 * n, "pearson": n / 7, "spearman_error": 0.1} for n in range(1, 12)}
    rows["chrX"] = {"bins": 5, "why": "no bin is positive"}
    wide = table(rows, 100).splitlines()
    assert wide[0].split() == ["bins", "pearson"]
    assert wide[1].split() == ["chr1", "1,000", "0.1429"]
    assert wide[-2].split() == ["chrX", "5", "-"]
    assert wide[-1] == "chrX: no bin is positive"
    narrow = table({"a": {"long name of a number": 1.0, "other": 2}, "b": {"long name of a number": 3.0}}, 30)
    assert narrow.splitlines()[1].split() == ["long", "name", "of", "a", "number", "1", "3"]
    many = table(rows, 16).splitlines()
    assert max(map(len, many[:-1])) <= 16
    assert many[0].split() == ["chr1"]

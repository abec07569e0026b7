"""`zoo benchmark`, `calibrate` and `evaluate`."""

import json
from pathlib import Path

import numpy as np
import pytest

from zoo.cli import main
from zoo.console.table import table
from zoo.formats import bigwig
from zoo.predict.thresholds import ThresholdTable, resolve


@pytest.fixture
def golden(shared: Path) -> Path:
    return shared / "golden" / "maxatac" / "e2e"


def test_benchmark_of_the_original(golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch):
    """Every line of its tables, number by number."""
    monkeypatch.setenv("COLUMNS", "200")
    files = ["--bw", str(golden / "outputs/predict/ctcf.bw"), "--gold_standard", str(golden / "inputs/gold.bw")]
    files += ["--blacklist", str(golden / "inputs/blacklist.bed"), "-c", "chr1", "chr2", "--compat", "maxatac"]
    assert main(["benchmark", *files, "-o", str(tmp_path / "out"), "-n", "ctcf", "--tables"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "precision at 5 % recall  log2 AUPR / random  best F1  threshold at best F1" in lines[0]
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
    assert "beside an output" in capsys.readouterr().err
    said = json.loads((tmp_path / "out" / "ctcf.json").read_text())
    assert said["kind"] == "binding"
    assert [part["kind"] for part in said["sections"]] == ["table", "precision_recall"]
    numbers, drawn = said["sections"]
    assert numbers["columns"][3] == "random precision"
    assert numbers["meanings"].startswith("Random precision: the precision of random predictions")
    assert "why" not in numbers["columns"]
    assert drawn["random"] == said["rows"]["all"]["random_precision"]
    assert [line["name"] for line in drawn["series"]] == ["ctcf.bw"]
    assert drawn["series"][0]["best"]["f1"] == said["rows"]["all"]["best_f1"]
    assert drawn["series"][0]["best"]["score"] == said["rows"]["all"]["best_f1_threshold"]
    assert said["rows"]["chr2"]["aupr"] == pytest.approx(0.68821, abs=5e-6)
    assert said["inputs"]["peaks"].endswith("gold.bw")


def test_correlations_of_a_track(golden: Path, capsys: pytest.CaptureFixture):
    track = str(golden / "outputs/predict/ctcf.bw")
    assert main(["benchmark", "--prediction", track, "--track", track, "--json", "--agg", "max"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rows"]["all"]["r2"] == pytest.approx(1)
    assert said["extent"]["evaluated"] == said["rows"]["all"]["pairs"]
    assert said["extent"]["uncovered"] == said["extent"]["total"] - said["extent"]["evaluated"] > 0
    assert main(["benchmark", "--prediction", track, "--track", track, "--agg", "coverage"]) == 2
    assert "max, mean, min, std, sum" in capsys.readouterr().err


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
    said = json.loads((tmp_path / "t.json").read_text())
    assert [sample["extent"]["peaks"] for sample in said["samples"]] == [99, 99]
    assert [sample["crossfitted"] for sample in said["samples"]] == [True, True]
    assert main(asked) == 2
    assert main(["calibrate", "--prediction", str(files[0]), "--output", str(tmp_path / "u")]) == 2
    assert "must be calibrated with peaks" in capsys.readouterr().err
    assert main([*asked, "--output", str(tmp_path / "u"), "--peaks", str(files[1])]) == 2
    assert "--peaks must not be given with --meta" in capsys.readouterr().err
    (tmp_path / "none.tsv").write_text("Prediction\tBinding_File\n")
    assert main(["calibrate", "--meta", str(tmp_path / "none.tsv"), "--output", str(tmp_path / "u")]) == 2
    assert "must be a prediction to calibrate" in capsys.readouterr().err
    (tmp_path / "half.tsv").write_text(f"Prediction\tBinding_File\n{files[0]}\n")
    assert main(["calibrate", "--meta", str(tmp_path / "half.tsv"), "--output", str(tmp_path / "u")]) == 2
    assert "half.tsv, line 2: The Binding_File must be a file. Received: Binding_File=''" in capsys.readouterr().err
    assert main(["benchmark", "--prediction", str(files[0]), "--peaks", "a\0b"]) == 2
    assert "The peaks must be a path" in capsys.readouterr().err
    assert not list(tmp_path.glob("u*"))


def test_calibrate_folds_with_probabilities(golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    """Each fold's own chromosome; what is printed, the page and the table have intervals and reliability."""
    from zoo.evaluate.bins import open_track

    whole, parts = open_track(golden / "outputs/predict/ctcf.bw"), []
    for chrom in ("chr1", "chr2"):
        size = whole.sizes[chrom]
        values = whole.values(chrom, 0, size)[::32]
        values[values < 0] = np.nan  # without a prediction
        bigwig.write_track(tmp_path / f"{chrom}.bw", {chrom: size}, [(chrom, values)], 32)
        parts.append(str(tmp_path / f"{chrom}.bw"))
    asked = [
        "calibrate",
        "--peaks",
        str(golden / "inputs/gold.bed"),
        "--output",
        str(tmp_path / "t"),
        "--force",
        "--prediction",
    ]
    assert main([*asked, *parts, "--probabilities"]) == 0
    printed = capsys.readouterr().out
    assert "chr1.bw and others: Evaluated:" in printed
    assert "Measured on chr1, chr2: " in printed
    assert "Expected calibration error of probabilities: 0.0" in printed
    table = ThresholdTable.read(tmp_path / "t.tsv")
    assert table.has_intervals
    assert table.has_probabilities
    found = resolve("f1", table)
    assert (
        f"f1: precision {found.precision:.2f} ({found.precision_low:.2f} to {found.precision_high:.2f}) on" in printed
    )
    said = json.loads((tmp_path / "t.json").read_text())
    assert said["samples"][0]["prediction"] == parts
    assert said["samples"][0]["chromosomes"] == ["chr1", "chr2"]
    assert said["inputs"]["prediction"] == ", ".join(parts)
    assert said["rows"]["best F1"]["precision_low"] == pytest.approx(found.precision_low)
    assert [part["title"] for part in said["sections"]] == ["Numbers", "Thresholds", "Reliability of probabilities"]
    names = [line["name"] for line in said["sections"][1]["series"]]
    assert names[0] == "precision"
    assert names[1:3] == [f"precision, 95 % interval, {end} limit" for end in ("lower", "upper")]
    assert sum(each["bins"] for each in said["reliability"]["classes"]) == said["samples"][0]["extent"]["evaluated"]
    assert main([*asked, *parts, parts[0]]) == 2
    assert "Predictions to pool must each have chromosomes of their own" in capsys.readouterr().err
    assert main([*asked[:4], str(tmp_path / "chr1"), "--prediction", *parts]) == 0  # chr1.tsv, and no file that is read


def test_evaluate_a_model_that_ships(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch):
    """The numbers on its card, from the same tracks."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "recipes"))
    import yeast

    data = yeast.prepare(yeast.find_data(), tmp_path)
    asked = ["evaluate", "yeast/ATAC", "--genome", str(data.genome), "--signal", str(data.accessibility)]
    assert main([*asked, "--chromosomes", "chrXIII", "--json"]) == 0
    everywhere = json.loads(capsys.readouterr().out)
    assert everywhere["rows"]["chrXIII"]["pearson"] == pytest.approx(0.8348, abs=2e-4)
    assert everywhere["rows"]["chrXIII"]["spearman"] == pytest.approx(0.6757, abs=2e-4)
    around = [*asked, "--chromosomes", "chrI", "chrXIII", "--peaks", str(data.open), "--robustness"]
    assert main([*around, "--output", str(tmp_path / "e")]) == 0
    said = json.loads((tmp_path / "e.json").read_text())
    assert said["rows"]["chrXIII"]["pearson"] == pytest.approx(0.8241, abs=2e-4)
    assert 0 < said["rows"]["mean"]["variation"] < 0.001
    assert (said["shifts"], said["step"]) == (17, None)
    profile, *_, varied = said["sections"][1:]
    assert [len(line["y"]) for line in profile["series"]] == [256, 256]
    assert [(line["name"], len(line["y"])) for line in varied["series"]] == [("chrI", 128), ("chrXIII", 128)]
    few = [*asked, "--chromosomes", "chrI", "--peaks", str(data.open), "--robustness", "--json"]
    capsys.readouterr()
    assert main([*few, "--shifts", "3", "--step", "700"]) == 0
    moved = json.loads(capsys.readouterr().out)
    assert (moved["shifts"], moved["step"]) == (3, 700)
    assert 0 < moved["rows"]["chrI"]["variation"] != said["rows"]["chrI"]["variation"]
    assert main([*few, "--shifts", "4"]) == 2
    assert "Shifts must be whole bins of 4 bp apart" in capsys.readouterr().err
    assert main([*few, "--step", "0"]) == 2
    assert "A step must be at least 1 bp" in capsys.readouterr().err
    assert main([*asked, "--chromosomes", "chrI", "--shifts", "3"]) == 2
    assert "--shifts must not be given without --robustness" in capsys.readouterr().err
    (tmp_path / "black.bed").write_text("chrI\t0\t100000\n")
    assert main([*asked, "--chromosomes", "chrI", "--blacklist", str(tmp_path / "black.bed")]) == 0
    assert "Windows left out (blacklist, unmappable): chrI 98" in capsys.readouterr().out
    assert main(["evaluate", "yeast/REB1", *asked[2:]]) == 2
    assert "must read DNA alone" in capsys.readouterr().err


@pytest.fixture
def small(tmp_path: Path) -> dict[str, Path]:
    """A prediction of two regions of chr1, peaks, regions and a measured track."""
    random = np.random.default_rng(0)
    scores = np.full(500, np.nan, np.float32)
    scores[100:150] = scores[300:350] = 0.0
    scores[~np.isnan(scores)] = random.random(100)
    bound = [int(at) for at in np.flatnonzero(scores > 0.6)] + [5, 499]
    bigwig.write_track(tmp_path / "p.bw", {"chr1": 100_000}, [("chr1", scores)], 200)
    bigwig.write_track(tmp_path / "m.bw", {"chr1": 100_000}, [("chr1", np.nan_to_num(scores))], 200)
    (tmp_path / "peaks.bed").write_text("".join(f"chr1\t{200 * at}\t{200 * at + 9}\n" for at in bound) + "chr2\t1\t9\n")
    (tmp_path / "r.bed").write_text("chr1\t20000\t30000\n")
    return {
        name: tmp_path / f"{name}{end}" for name, end in (("p", ".bw"), ("m", ".bw"), ("peaks", ".bed"), ("r", ".bed"))
    }


def test_what_was_evaluated_is_said(small: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    asked = ["benchmark", "--prediction", str(small["p"]), "--peaks", str(small["peaks"])]
    assert main([*asked, "--output", str(tmp_path / "b")]) == 0
    printed = capsys.readouterr().out
    assert "Evaluated: 100 of 500 bins (20.0%); left out: 400 without prediction\n" in printed
    peaks = len((small["peaks"]).read_text().splitlines())
    assert f"Peaks that touch no evaluated bin: 2 of {peaks}\n" in printed
    assert f"Peaks that are on chromosomes that the prediction lacks: 1 of {peaks}\n" in printed
    said, page = json.loads((tmp_path / "b.json").read_text()), (tmp_path / "b.html").read_text()
    assert said["extent"]["fraction"] == said["rows"]["all"]["covered"] == 0.2
    assert "<p>Evaluated: 100 of 500 bins (20.0%); left out: 400 without prediction</p>" in page
    assert main([*asked, "--regions", str(small["r"]), "--json"]) == 0
    inside = json.loads(capsys.readouterr().out)
    assert (inside["rows"]["all"]["bins"], inside["extent"]["outside"]) == (50, 450)
    assert main([*asked, "--region", "1:20,001-30,000", "--output", str(tmp_path / "region"), "--json"]) == 0
    there = json.loads((tmp_path / "region.json").read_text())
    assert (there["rows"]["chr1"]["bins"], there["sections"][2]["chrom"]) == (50, "chr1")
    capsys.readouterr()
    assert main([*asked, "--compat", "maxatac", "--json"]) == 0
    theirs = json.loads(capsys.readouterr().out)
    assert (theirs["rows"]["all"]["bins"], theirs["extent"]["zeros"]) == (500, 400)
    assert main(["calibrate", *asked[1:], "--regions", str(small["r"]), "--output", str(tmp_path / "c")]) == 0
    assert "p.bw: Evaluated: 50 of 500 bins (10.0%)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--track", "m", "--rule", "half"], "--rule must not be given with --track"),
        (["--track", "m", "--round_predictions", "3"], "--round-predictions must not be given with --track"),
        (["--track", "m", "--tables", "--output", "o"], "--tables must not be given with --track"),
        (["--peaks", "peaks", "--tables"], "must be written beside an output"),
        (["--peaks", "peaks", "--agg", "median"], "An aggregate must be one of max, mean, min, std, coverage, sum"),
        (["--peaks", "peaks", "--rule", "most"], "A rule must be one of any, half"),
        (["--peaks", "peaks", "--region", "chr1:1-9000", "-c", "chr1"], "without chromosomes and without regions"),
        (["--peaks", "peaks", "--region", "chr1:1-9000", "--regions", "r"], "without chromosomes and without regions"),
        (["--peaks", "peaks", "--region", "chr1:99001-100001"], "A region must lie on its chromosome"),
        (["--peaks", "peaks", "--compat", "asap"], "compat must be None or 'maxatac'"),
        (["--peaks", "peaks", "--bin-size", "0"], "The bin size must be a whole number from 1"),
        (["--peaks", "peaks", "--bin-size", "200000"], "at least one bin of 200000 bp"),
        (["--peaks", "peaks", "--round_predictions", "99"], "rounded to 0 to 15 decimals"),
        (["--peaks", "peaks", "-c", "chr3"], "The prediction must have the chromosomes"),
        (["--peaks", "peaks", "--output", "p.bw/x"], "The output must be writable"),
    ],
)
def test_options_without_effect_or_sense(
    small: dict, tmp_path: Path, capsys, monkeypatch, options: list[str], said: str
):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    asked = [str(small[word]) if word in small else word for word in options]
    assert main(["benchmark", "--prediction", str(small["p"]), *asked]) == 2
    assert said in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_an_aggregate_is_used_with_peaks(small: dict, capsys: pytest.CaptureFixture):
    asked = [
        "benchmark",
        "--prediction",
        str(small["p"]),
        "--peaks",
        str(small["peaks"]),
        "--json",
        "--bin-size",
        "400",
    ]
    found = []
    for how in ("max", "mean", "min"):
        assert main([*asked, "--agg", how]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["aggregate"] == how
        found.append(said["rows"]["all"]["aupr"])
    assert len(set(found)) == 3
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["all"]["aupr"] == found[0]
    assert main([*asked, "--round_predictions", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["all"]["aupr"] != found[0]


def test_outputs_replace_no_input(small: dict, tmp_path: Path, capsys: pytest.CaptureFixture):
    """Whatever the extension of what is read: BASE.json, BASE.html, BASE.tsv, the tables of curves."""
    names = "o.json", "o.html", "o.tsv", "o_chr1_200bp_PRC.tsv"
    for command, role, name in (
        ("benchmark", "--peaks", "o.json"),
        ("benchmark", "--prediction", "o.html"),
        ("benchmark", "--blacklist", "o.json"),
        ("benchmark", "--regions", "o.html"),
        ("benchmark", "--peaks", "o_chr1_200bp_PRC.tsv"),
        ("calibrate", "--peaks", "o.tsv"),
        ("calibrate", "--prediction", "o.json"),
        ("calibrate", "--regions", "o.tsv"),
    ):
        for other in names:
            (tmp_path / other).unlink(missing_ok=True)
        files = {"--prediction": small["p"], "--peaks": small["peaks"]}
        source = files.get(role, small["r"])
        (tmp_path / name).write_bytes(source.read_bytes())
        files[role] = tmp_path / name
        words = [word for option, path in files.items() for word in (option, str(path))]
        words += ["--tables"] if command == "benchmark" else []
        assert main([command, *words, "--output", str(tmp_path / "o")]) == 2, (command, role, name)
        assert "An output must" in capsys.readouterr().err
        assert (tmp_path / name).read_bytes() == source.read_bytes()
        assert [path.name for path in sorted(tmp_path.glob("o*"))] == [name]


def test_tables_fit_the_terminal():
    rows = {f"chr{n}": {"bins": 1000 * n, "pearson": n / 7, "spearman_error": 0.1} for n in range(1, 12)}
    rows["chrX"] = {"bins": 5, "why": "no bin is positive"}
    wide = table(rows, 100).splitlines()
    assert wide[0].split() == ["bins", "Pearson"]
    assert wide[1].split() == ["chr1", "1,000", "0.1429"]
    assert wide[-2].split() == ["chrX", "5", "-"]
    assert wide[-1] == "chrX: no bin is positive"
    narrow = table({"a": {"long name of a number": 1.0, "other": 2}, "b": {"long name of a number": 3.0}}, 30)
    assert narrow.splitlines()[1].split() == ["long", "name", "of", "a", "number", "1", "3"]
    many = table(rows, 16).splitlines()
    assert max(map(len, many[:-1])) <= 16
    assert many[0].split() == ["chr1"]

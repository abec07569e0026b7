"""A threshold table with intervals travels with its model: folder, card, `zoo info`, sidecars."""

import dataclasses
import json
from pathlib import Path

import pytest
from conftest import TABLE

import zoo
from zoo.cli import main
from zoo.predict.thresholds import Measured, ThresholdTable

MEASURED = Measured(("chr9", "chrX"), 2, 9000, 90, 200)
LIMITS = ((0.005, 0.02, 0), (0.2, 0.4, 0.1), (0.45, 0.71, 0.3), (0.6, 0.9, 0.6), (0.8, 1, 0.9))


@pytest.fixture
def saved(small: zoo.Model, tmp_path: Path) -> Path:
    """The small model with such a table."""
    head, *rows = TABLE.splitlines()
    lines = [f"{head}\tPrecision_95_Low\tPrecision_95_High\tProbability"]
    lines += ["\t".join([row, *map(str, more)]) for row, more in zip(rows, LIMITS, strict=True)]
    (tmp_path / "t.tsv").write_text("\n".join(lines) + "\n")
    table = dataclasses.replace(ThresholdTable.read(tmp_path / "t.tsv"), measured=MEASURED)
    return zoo.Model(small.spec, small.network, table).save(tmp_path / "model")


def test_the_card_has_them(saved: Path, small: zoo.Model, tmp_path: Path):
    card = (saved / "README.md").read_text()
    assert "| best F1 (f1) | 0.400 | 0.600 (0.45 to 0.71) | 0.700 |" in card
    assert "| precision of 0.9 or more (precision=0.9) | 0.800 | 0.950 (0.80 to 1.00) | 0.100 |" in card
    assert (
        "Precision, with its 95 % interval on other chromosomes of about as many sites, was measured on chr9, chrX in "
        "2 samples: 90 of 9,000 bins of 200 bp bound." in card
    )
    assert 'Scores are not probabilities; `predict(scale="probability")` returns these. Thresholds' in card
    plain = small.save(tmp_path / "plain")
    assert (plain / "thresholds.tsv").read_text() == small.thresholds.to_tsv()
    assert "#" not in small.thresholds.to_tsv()
    card = (plain / "README.md").read_text()
    assert "| best F1 (f1) | 0.400 | 0.600 | 0.700 |\n" in card
    assert "was measured on" not in card
    assert "Scores are not probabilities. Thresholds" in card


def test_info_shows_them(saved: Path, small_folder: Path, capsys: pytest.CaptureFixture):
    assert main(["info", str(saved)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert f"{'threshold best F1 (f1)':<52} score 0.400, precision 0.60 (0.45 to 0.71), recall 0.70" in printed
    assert "probabilities    with --scale probability" in printed
    found = zoo.info(saved)["thresholds"][0]
    assert found == {"threshold": "f1", "score": 0.4, "precision": 0.6, "recall": 0.7, "interval": (0.45, 0.71)}
    assert not {"thresholds", "probabilities"} & zoo.info(small_folder).keys()
    assert main(["info", str(saved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["thresholds"][0]["interval"] == [0.45, 0.71]


def test_sidecars_have_them(saved: Path, genome_files, tmp_path: Path):
    model = zoo.load(saved)
    assert model.thresholds.to_tsv() == (saved / "thresholds.tsv").read_text()
    assert model.thresholds.to_tsv() == ThresholdTable.read(tmp_path / "t.tsv").to_tsv()
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "chromosomes": "chr10"}
    made = model.predict(**files, output=tmp_path / "out")
    assert "f1: score >= 0.4 (precision 0.600 (0.45 to 0.71), recall 0.700, log2fc 6.000, f1 0.640)" in str(made)
    said = json.loads(made.sidecar.read_text())["threshold"]
    assert (said["precision_low"], said["precision"], said["precision_high"]) == (0.45, 0.6, 0.71)
    assert model.predict(**files, output=tmp_path / "out").windows == 0
    shown = model.predict(**files, output=tmp_path / "p", scale="probability")
    assert json.loads(shown.sidecar.read_text())["probability"]["threshold"] == pytest.approx(0.3)

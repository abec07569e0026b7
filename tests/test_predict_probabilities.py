"""Predictions in the scale of probabilities, by a threshold table that has them."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import TABLE

import zoo
from zoo.cli import main
from zoo.errors import InputError
from zoo.many.run import predict_many
from zoo.predict.thresholds import ThresholdTable

LEVELS = (0.001, 0.02, 0.3, 0.6, 0.9)  # from the thresholds 0, 0.2, 0.4, 0.6 and 0.8 on


@pytest.fixture
def table(tmp_path: Path) -> Path:
    head, *rows = TABLE.splitlines()
    lines = [f"{head}\tProbability", *(f"{row}\t{level}" for row, level in zip(rows, LEVELS, strict=True))]
    (tmp_path / "probable.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path / "probable.tsv"


def levels(scores: np.ndarray) -> np.ndarray:
    found = np.array(LEVELS, np.float32)[np.minimum((np.nan_to_num(scores).astype(float) * 5).astype(int), 4)]
    return np.where(np.isnan(scores), np.float32(np.nan), found)


def test_files_have_probabilities_and_the_same_intervals(small, genome_files, tmp_path: Path, table, read_track):
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "chromosomes": "chr10"}
    plain = small.predict(**files, output=tmp_path / "plain", table=table, threshold="precision=0.6")
    made = small.predict(**files, output=tmp_path / "out", table=table, threshold="precision=0.6", scale="probability")
    scores, found = (read_track(each.bigwig, "chr10") for each in (plain, made))
    assert len(np.unique(found[~np.isnan(found)])) > 1
    np.testing.assert_array_equal(found, levels(scores))
    before, after = ([line.split("\t") for line in each.bed.read_text().splitlines()] for each in (plain, made))
    assert len(before) > 1
    assert [row[:3] for row in before] == [row[:3] for row in after]
    assert [float(row[6]) for row in after] == pytest.approx(levels(np.array([float(row[6]) for row in before])))
    said, earlier = (json.loads(each.sidecar.read_text()) for each in (made, plain))
    assert said["parameters"]["scale"] == "probability"
    assert said["threshold"] == earlier["threshold"]
    assert said["threshold"]["score"] == 0.4
    assert said["probability"]["threshold"] == pytest.approx(0.3)
    assert "probability" not in earlier
    again = {"output": tmp_path / "out", "table": table, "threshold": "precision=0.6", "scale": "probability"}
    assert small.predict(**files, **again).windows == 0
    table.write_text(table.read_text().replace("\t0.9\n", "\t0.95\n"))
    assert small.predict(**files, **again).windows > 0  # other probabilities


def test_tables_windows_and_arrays(small, genome_files, tmp_path: Path, table: Path):
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": ["chr10:5,001-9,000"]}
    how = {"scale": "probability", "table": table}
    plain, made = small.predict(**files), small.predict(**files, **how)
    np.testing.assert_array_equal(made[0].scores, levels(plain[0].scores))
    assert made.max[0] == levels(plain.max)[0]
    del files["regions"]
    for where in ({"windows": [("chr10", 96, 352)]}, {"centers": [("chr10", 3000, 3100)]}):
        rows = small.predict(**files, **where)[0].scores
        np.testing.assert_array_equal(small.predict(**files, **where, **how)[0].scores, levels(rows))
        out = small.predict(**files, **where, **how, output=tmp_path / "out", write="table", threshold=None)
        last = [float(line.split("\t")[-1]) for line in out.table.read_text().splitlines()[1:]]
        np.testing.assert_allclose(last, levels(rows), rtol=1e-5)
    x = np.random.default_rng(0).random((4, 256, 5)).astype(np.float32)
    own = zoo.Model(small.spec, small.network, ThresholdTable.read(table))
    for found in (own.predict(x, scale="probability"), small.predict(x, **how)):
        np.testing.assert_array_equal(found, levels(small.predict(x)))


def test_ranks_stay_but_for_ties(table: Path):
    scores = np.sort(np.random.default_rng(1).random(1000).astype(np.float32))
    assert (np.diff(ThresholdTable.read(table).probabilities(scores)) >= 0).all()


def test_without_probabilities_there_are_none(small, genome_files, tmp_path: Path, table: Path):
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": ["chr10:5,001-9,000"]}
    plain = tmp_path / "plain.tsv"
    plain.write_text(TABLE)
    with pytest.raises(InputError, match=r"Probabilities must come from a threshold table that has them.*--probabili"):
        small.predict(**files, scale="probability")
    with pytest.raises(InputError, match=r"plain\.tsv: Probabilities must come from a threshold table"):
        small.predict(**files, scale="probability", table=plain)
    with pytest.raises(InputError, match="must be given without table"):
        small.predict(**files, table=table)
    with pytest.raises(InputError, match="Probabilities must be predicted by one model, of one sample"):
        predict_many(
            models=[small],
            genome=genome_files.genome,
            samples=[genome_files.signal],
            regions=files["regions"],
            scale="probability",
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain.tsv", "probable.tsv"]


def test_the_command_line(small_folder, genome_files, table: Path, capsys: pytest.CaptureFixture):
    command = ["predict", str(small_folder), "--genome", str(genome_files.genome), "--signal", str(genome_files.signal)]
    command += ["--regions", "chr10:5,001-9,000", "--scale", "probability"]
    assert main([*command, "--table", str(table)]) == 0
    printed = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert {float(row[-1]) for row in printed[1:]} <= {float(np.float32(level)) for level in LEVELS} | set(LEVELS)
    assert main(command) == 2
    assert "Probabilities must come from a threshold table" in capsys.readouterr().err

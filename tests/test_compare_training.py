"""The recipe that compares variants of training."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import training

import zoo
from zoo.genome.signal import Signal
from zoo.train.run import TrainingRun

RECIPES = Path(__file__).parents[1] / "recipes"
sys.path.insert(0, str(RECIPES))
import compare_training  # noqa: E402  a recipe
import yeast  # noqa: E402

LESS = {
    "folds": [["chr1"], ["chr2"], ["chr3"]],  # of which the second is for validation
    "architecture": {"config": {"window": 128, "learned": 4, "filters": 4}},
    "sites": {"jitter": 20, "windows": 200},
    "batch_size": 8,
    "steps": 2,
}


@pytest.fixture
def runs(tmp_path: Path) -> compare_training.Comparison:
    """Of two factors with the same sites, on a synthetic genome."""
    files = training.world(tmp_path)
    data = yeast.Yeast(files.genome, files.signal, files.signal, {"HSF1": files.peaks, "REB1": files.peaks}, files.open)
    return compare_training.Comparison(data, ("HSF1", "REB1"), tmp_path / "runs", LESS)


def test_variants_of_runs(runs: compare_training.Comparison, monkeypatch: pytest.MonkeyPatch):
    """All in one network, and one that begins with a network of the other factor; what is there stays."""
    assert runs.test == ("chr3",)
    assert len(runs.blocks) == len(runs.positive["HSF1"]) == 300
    few = {"epochs": 1}
    monkeypatch.setitem(compare_training.VARIANTS, "default", compare_training.Variant(few))
    pretrained = compare_training.Variant(few, ("HSF1",), begins="others")
    monkeypatch.setitem(compare_training.VARIANTS, "each alone, pretrained", pretrained)
    line, number = runs.row("each alone, pretrained", [0]), r"[+-]0\.\d{4}"
    assert re.fullmatch(
        rf"\| each alone, pretrained \| 1 \| 1 \| 0\.\d{{4}} \| {number} \({number} to {number}\) \|", line
    )
    folder = runs.out / "each_alone,_pretrained/seed0"
    assert {path.name for path in folder.iterdir()} == {"others", "HSF1"}
    assert '"start_from": "' in (folder / "HSF1/train.json").read_text()
    assert json.loads((folder / "others/train.json").read_text())["sites"]["factors"] == ["REB1"]
    monkeypatch.setattr(TrainingRun, "train", None)
    assert runs.row("each alone, pretrained", [0]) == line


def test_a_variant_with_teachers(runs: compare_training.Comparison, monkeypatch: pytest.MonkeyPatch):
    """It learns the mean of two seeds, predicted where they were trained and chosen, and nowhere else."""
    few = {"epochs": 1}
    monkeypatch.setitem(compare_training.VARIANTS, "default", compare_training.Variant(few))
    monkeypatch.setitem(compare_training.VARIANTS, "distilled", compare_training.Variant(few, teachers=(0, 1)))
    scores = runs.scores("distilled", 0)
    assert set(scores) == {"HSF1", "REB1"}
    learned = json.loads((runs.out / "distilled/seed0/train.json").read_text())["sites"]["scores"]
    teachers = [zoo.load(runs.out / f"default/seed{seed}/model") for seed in (0, 1)]
    split = runs.configuration(compare_training.VARIANTS["default"], runs.factors, 0).chromosomes
    track = Signal(learned["HSF1"])
    assert track.covered == {*split.train, *split.validation}
    apart = [
        model.predict(
            genome=runs.data.genome, signal=runs.data.signal, regions=[f"{split.train[0]}:1-1,024"], track="HSF1"
        ).matrix()
        for model in teachers
    ]
    found = track.values(split.train[0], 0, 1024)[16::32]
    np.testing.assert_allclose(found, np.mean(apart, axis=0)[0], atol=1e-6)


def test_a_row(runs: compare_training.Comparison, monkeypatch: pytest.MonkeyPatch):
    """Perfect scores with one seed, and with the other one those of the default, which puts every bin at one score."""
    positive = runs.positive["HSF1"]
    flat = np.zeros(len(positive))

    def scores(_, name: str, seed: int) -> dict[str, np.ndarray]:
        return {"HSF1": positive.astype(float) if (name, seed) == ("no dropout", 1) else flat}

    monkeypatch.setattr(compare_training.Comparison, "scores", scores)
    share = positive.mean()
    assert runs.row("default", [0]) == f"| default | 1 | 1 | {share:.4f} |  |"
    assert runs.row("default", [1], "no dropout").startswith(f"| default | 1 | 1 | {share:.4f} | -{1 - share:.4f} (-")
    mean, deviation = (1 + share) / 2, (1 - share) / np.sqrt(2)
    start = f"| no dropout | 1 | 2 | {mean:.4f} ± {deviation:.4f} | +{mean - share:.4f} (+0.0000 to +"
    assert runs.row("no dropout", [0, 1]).startswith(start)


@pytest.mark.parametrize("name", compare_training.VARIANTS)
def test_each_variant_is_a_configuration(runs: compare_training.Comparison, name: str):
    """It differs from the default, and its network can be made."""
    variant, default = compare_training.VARIANTS[name], compare_training.VARIANTS["default"]
    config = runs.configuration(variant, runs.factors, 0)
    alike = not variant.changes
    assert (config == runs.configuration(default, runs.factors, 0)) == alike
    assert not set(config.chromosomes.test) & {*config.chromosomes.train, *config.chromosomes.validation}
    TrainingRun(config)


def test_a_variant_that_is_none(run_recipe, tmp_path: Path):
    done = run_recipe("compare_training", "no such", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown: no such" in done.stderr


def test_a_variant_beside_one_of_fewer_factors(run_recipe, tmp_path: Path):
    done = run_recipe("compare_training", "no dropout", "--beside", "each alone", cwd=tmp_path)
    assert done.returncode == 2
    assert "'each alone' must be beside variants of the same factors" in done.stderr


def test_without_data(run_recipe, tmp_path: Path):
    done = run_recipe("compare_training", "--out", tmp_path, cwd=tmp_path, ZOO_SHARED="/nowhere")
    assert done.returncode == 1
    assert "must have the yeast data" in done.stderr

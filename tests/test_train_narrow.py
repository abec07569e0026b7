"""A factor of a run of several as a model folder; scores of a model that another one learns."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import training

import zoo
from zoo import cli
from zoo.data import synthetic
from zoo.errors import InputError
from zoo.spec import Architecture, TrackSpec
from zoo.train.config import Optimizer, TrainConfig
from zoo.train.narrow import write_factor
from zoo.train.tasks.sites_data import SitesData

pytestmark = pytest.mark.filterwarnings("ignore::registry.errors.ZooWarning")  # so small a genome is shallow
TRACK = TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0, name="signal")
SMALL = Architecture("motif_cnn", {"window": 256, "learned": 8, "filters": 4})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return training.world(tmp_path_factory.mktemp("narrow"))


def config(files: synthetic.Synthetic, **changes: object) -> TrainConfig:
    """Two factors with the same sites."""
    made = TrainConfig(
        name="test/both",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=SMALL,
        chromosomes=training.SPLIT,
        optimizer=Optimizer("adamw", 5e-3, 0.01),
        data=SitesData(
            factors=("ONE", "TWO"),
            track_specs=(TRACK,),
            peaks={"ONE": str(files.peaks), "TWO": str(files.peaks)},
            signal=str(files.signal),
            motifs_per_factor=1,
            jitter=60,
        ),
        batch_size=16,
        epochs=2,
        steps=10,
        monitor="val_auprc",
        frozen=("given_scan",),
    )
    return dataclasses.replace(made, **changes)


@pytest.fixture(scope="module")
def run(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds and their mean."""
    place = tmp_path_factory.mktemp("run")
    path = training.write(config(files), place / "run.json")
    assert cli.main(["train", "--config", str(path), "--out", str(place / "out"), "--seeds", "0", "1"]) == 0
    return place / "out"


def test_a_factor_has_metrics_and_thresholds_of_its_own(run: Path, files: synthetic.Synthetic, tmp_path: Path):
    folder = write_factor(run / "ensemble", "TWO", tmp_path / "two", "python again.py TWO")
    whole, one = zoo.load(run / "ensemble" / "model"), zoo.load(folder)
    assert one.spec.name == "test/TWO"
    assert one.spec.output.tracks == ()
    assert one.check().passed
    for name in ("AUPR", "average precision", "positive bins"):
        assert one.spec.metrics[name] == pytest.approx(whole.spec.metrics[f"{name} (TWO)"], abs=2e-4)
    assert whole.thresholds is None
    assert one.thresholds is not None
    x = np.random.default_rng(0).random((2, 256, 5), np.float32)
    np.testing.assert_allclose(one.predict(x), whole.predict(x)[..., 1], atol=1e-6)
    card = (folder / "README.md").read_text()
    assert "of seed0, epoch" in card
    assert (
        "It was trained as one of 2 factors of one network, test/both. Its data were made by: python again.py" in card
    )


def test_of_a_single_run(run: Path, tmp_path: Path):
    folder = write_factor(run / "seed1", "ONE", tmp_path / "one")
    assert zoo.load(folder).spec.architecture.config["outputs"] == 1


def test_what_cannot_be_written_is_refused(run: Path, tmp_path: Path):
    with pytest.raises(InputError, match="A factor must be one of a run of the task sites"):
        write_factor(run / "ensemble", "THREE", tmp_path / "three")
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="and its folder new"):
        write_factor(run / "ensemble", "ONE", tmp_path / "there")
    assert not (tmp_path / "three").exists()


def test_scores_are_learned_in_place_of_sites(run: Path, files: synthetic.Synthetic, tmp_path: Path):
    """Targets are the mean score of a bin, read from either strand."""
    teacher = zoo.load(write_factor(run / "seed0", "ONE", tmp_path / "teacher"))
    written = teacher.predict(
        genome=files.genome, signal=files.signal, output=tmp_path / "scores", write="bigwig", threshold=None
    )
    data = dataclasses.replace(config(files).data, factors=("ONE",), peaks=str(files.peaks), scores=str(written.bigwig))
    made = config(files, name="test/student", data=data, architecture=SMALL)
    from zoo.train.run import TrainingRun

    student = TrainingRun(made)
    batches = student.task.batches("validation", student.task.slabs("validation", student.task.plans["validation"]))
    x, y = batches.batch(0)
    assert x.shape[1:] == (256, 5)
    (chrom, starts), *_ = student.task.plans["validation"].starts.items()
    place = int(starts[0])
    values = zoo.Signal(written.bigwig).values(chrom.split(" ")[1], place, place + 256)
    np.testing.assert_allclose(y[0], values.reshape(8, 32).mean(axis=1), atol=1e-3)
    student.train(tmp_path / "student")
    assert zoo.load(tmp_path / "student" / "model").check().passed


def test_scores_must_be_probabilities(files: synthetic.Synthetic, tmp_path: Path):
    data = dataclasses.replace(config(files).data, scores={"ONE": str(files.signal), "TWO": str(files.signal)})
    from zoo.train.run import TrainingRun

    with pytest.raises(InputError, match="Scores that are learned must be from 0 to 1"):
        TrainingRun(config(files, data=data)).train(tmp_path / "out")
    with pytest.raises(InputError, match="scores must be those of the factors"):
        dataclasses.replace(config(files).data, scores=str(files.signal))

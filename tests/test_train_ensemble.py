"""Several seeds, or all folds, trained by one command, and the model that is their mean."""

import argparse
import errno
import shutil
from pathlib import Path

import numpy as np
import pytest
import running
import training

import zoo
from zoo import cli
from zoo.data import synthetic
from zoo.evaluate.binding import benchmark
from zoo.train import command
from zoo.train.loop import Trainer
from zoo.train.run import TrainingRun

FOLDS = (("chr1",), ("chr2",), ("chr3",))
SEEDS = ("--seeds", "5", "0")
pytestmark = pytest.mark.filterwarnings("ignore::registry.errors.ZooWarning")  # so small a genome is shallow


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return training.world(tmp_path_factory.mktemp("ensemble"))


@pytest.fixture(scope="module")
def config(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a binding model."""
    made = training.binding(files, folds=FOLDS, command="zoo prepare cells.bam")
    return training.write(made, tmp_path_factory.mktemp("config") / "run.json")


@pytest.fixture(scope="module")
def finished(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two seeds."""
    out = tmp_path_factory.mktemp("finished") / "out"
    assert cli.main(["train", "--config", str(config), "--out", str(out), *SEEDS]) == 0
    return out


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """Of it."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


@pytest.fixture
def train(tmp_path: Path, capfd: pytest.CaptureFixture):
    """Function: the command in this process."""

    def run(config: Path, out: Path, *more: object) -> running.Done:
        return running.run(["zoo", "train", "--config", config, "--out", out, *more], tmp_path, capfd)

    return run


def model(path: Path) -> zoo.Model:
    return zoo.load(path.resolve())


def tree(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_seeds_become_one_model(files: synthetic.Synthetic, finished: Path, tmp_path: Path):
    """A model folder with metrics, thresholds and a card of its own; each seed is trained as by itself."""
    out = finished
    assert {path.name for path in out.iterdir()} == {"seed0", "seed5", "ensemble", "seeds.tsv"}
    whole, seeds = model(out / "ensemble/model"), [model(out / f"seed{seed}/model") for seed in (0, 5)]
    assert whole.check().passed
    x = np.eye(5, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (3, 1024))]
    each = np.array([one.predict(x) for one in seeds])
    np.testing.assert_allclose(whole.predict(x), each.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(whole.predict(x, track="spread"), each.std(axis=0), atol=1e-6)
    assert np.abs(each[0] - each[1]).max() > 1e-3

    TrainingRun(training.binding(files, folds=FOLDS, seed=5)).train(tmp_path / "alone")
    weights = [one.network.get_weights() for one in (seeds[1], model(tmp_path / "alone/model"))]
    assert all(np.array_equal(*pair) for pair in zip(*weights, strict=True))

    call = {"genome": files.genome, "signal": files.signal, "chromosomes": ["chr3"], "threshold": None}
    track = whole.predict(**call, output=tmp_path / "chr3").bigwig
    found = benchmark(track, files.peaks, ("chr3",)).overall
    assert whole.spec.metrics["AUPR"] == round(found.aupr, 4)
    rows = [line.split("\t") for line in (out / "seeds.tsv").read_text().splitlines()]
    assert rows[0] == ["metric", "mean", "standard deviation", "seed 0", "seed 5", "ensemble"]
    mean, _, *values, ours = map(float, next(row[1:] for row in rows if row[0] == "average precision"))
    assert values == pytest.approx([one.spec.metrics["average precision"] for one in seeds], abs=1e-4)
    assert mean == pytest.approx(np.mean(values), abs=1e-4)
    assert ours == pytest.approx(whole.spec.metrics["average precision"], abs=1e-4)
    assert whole.thresholds is not None
    assert whole.thresholds.to_tsv() not in {one.thresholds.to_tsv() for one in seeds}
    card = (out / "ensemble/model/README.md").read_text()
    for said in (
        "CTCF binding from ATAC-seq and sequence, synthetic: mean of 2 seeds.",
        "On chr1; epoch ",
        " of 2 of seed5 were chosen by val dice on chr2; metrics are of chr3, which it has not seen, in bins of 200",
        "Thresholds are calibrated on chr2.",
        "The model is the mean of the networks of 2 seeds: seed0, seed5. Numbers of what is drawn by the",
        "Its data were made by: zoo prepare cells.bam",
        "`zoo train --config training.json --seeds 0 5 --out FOLDER`",
    ):
        assert said in card
    assert "`zoo train --config training.json --out FOLDER`" in (out / "seed0/model/README.md").read_text()
    assert dict(whole.spec.provenance)["seed"] == "0, 5"
    assert dict(whole.spec.provenance)["members"] == "seed0, seed5"


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch):
    """Function: let Ctrl-C happen where a run of this seed begins; with None, no more."""
    real, begun = Trainer.run, []

    def arm(seed: int | None) -> list[int]:
        def run(trainer):
            if trainer.config.seed == seed:
                raise KeyboardInterrupt
            begun.append(trainer.config.seed)
            return real(trainer)

        monkeypatch.setattr(Trainer, "run", run)
        return begun

    return arm


def test_a_seed_that_is_done_stays(config: Path, copy: Path, train, stop):
    """An interrupted run goes on with the seeds that are left; its ensemble is that of a run without interruption."""
    before = tree(copy)
    for name in ("seed5", "ensemble"):
        shutil.rmtree(copy / name)
    begun = stop(5)
    assert train(config, copy, *SEEDS, "--resume").returncode == 130
    assert not (copy / "ensemble").exists()
    stop(None)
    done = train(config, copy, *SEEDS)
    assert done.returncode == 2
    assert "must be new or empty" in done.stderr
    assert "--resume to go on" in done.stderr
    done = train(config, copy, *SEEDS, "--resume")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(copy / "ensemble" / "model")
    assert begun == [5]
    after = tree(copy)
    for name in (
        "seeds.tsv",
        "ensemble/model/README.md",
        "ensemble/model/config.json",
        "ensemble/model/thresholds.tsv",
    ):
        assert after[name] == before[name]
    assert {name for name, data in before.items() if name[:6] == "seed0/" and after[name] != data} == set()


def test_another_seed_is_added(config: Path, copy: Path, train, stop):
    begun = stop(None)
    done = train(config, copy, *SEEDS, 7, "--resume")
    assert done.returncode == 0, done.stderr
    assert begun == [7]
    assert model(copy / "ensemble/model").spec.architecture.config["members"] == 3


def test_an_interrupted_evaluation_leaves_no_ensemble(config: Path, copy: Path, train, monkeypatch):
    from zoo.train import export

    def write_as(target, *_: object) -> None:
        (target / "config.json").touch()
        raise KeyboardInterrupt

    shutil.rmtree(copy / "ensemble")
    with monkeypatch.context() as patch:
        patch.setattr(export, "write_as", write_as)
        assert train(config, copy, *SEEDS, "--resume").returncode == 130
    assert not (copy / "ensemble" / "model").exists()
    done = train(config, copy, *SEEDS, "--resume")
    assert done.returncode == 0, done.stderr
    assert model(copy / "ensemble/model").check().passed
    assert not [path for path in (copy / "ensemble").iterdir() if path.name.startswith(".")]


def test_a_full_disk(config: Path, copy: Path, train, monkeypatch: pytest.MonkeyPatch):
    def write_as(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    before = tree(copy / "ensemble" / "model")
    monkeypatch.setattr("zoo.train.export.write_as", write_as)
    done = train(config, copy, *SEEDS, "--resume")
    assert done.returncode == 2
    assert "must be writable: No space left on device" in done.stderr
    assert tree(copy / "ensemble" / "model") == before


def test_tracks_that_leave_no_name_for_a_spread(config: Path, copy: Path, train, monkeypatch: pytest.MonkeyPatch):
    """Such as a track called mean: there is an ensemble all the same."""
    monkeypatch.setattr("zoo.train.ensemble.clashing", lambda outputs: ["mean"])
    assert train(config, copy, *SEEDS, "--resume").returncode == 0
    assert "spread" not in model(copy / "ensemble/model").spec.architecture.config


def test_what_cannot_be(config: Path, tmp_path: Path, train, stop):
    """Before anything is trained."""
    begun = stop(None)
    for words, said in (
        (("--seeds", 1), "two or more different numbers"),
        (("--seeds", 1, 1), "two or more different numbers"),
        ((*SEEDS, "--seed", 3), "--seeds must not be given with --seed"),
        ((*SEEDS, "--fold", "all"), "--fold all, whose ensemble has seen every chromosome"),
        (("--seeds", 0, -1), "seed must be"),
    ):
        done = train(config, tmp_path / "out", *words)
        assert done.returncode == 2, words
        assert said in done.stderr
        assert not (tmp_path / "out").exists()
    (tmp_path / "out" / "ensemble").mkdir(parents=True)
    (tmp_path / "out" / "ensemble" / "notes.txt").touch()
    done = train(config, tmp_path / "out", *SEEDS)
    assert done.returncode == 2
    assert "must be new or empty" in done.stderr
    assert begun == []


def test_a_model_of_others_is_not_replaced(config: Path, copy: Path, train):
    (copy / "ensemble" / "model" / "notes.txt").touch()
    done = train(config, copy, *SEEDS, "--resume")
    assert done.returncode == 2
    assert "must not replace files in its folder that it did not write" in done.stderr
    assert (copy / "ensemble" / "model" / "notes.txt").is_file()


def test_a_seed_that_was_changed_is_not_taken(config: Path, copy: Path, train):
    with open(copy / "seed0" / "model" / "config.json", "a") as file:
        file.write(" ")
    done = train(config, copy, *SEEDS, "--resume")
    assert done.returncode == 2
    assert "must not replace files in its folder that it did not write" in done.stderr


def test_seeds_of_a_fold(config: Path, tmp_path: Path):
    words = ["--config", str(config), "--out", str(tmp_path / "out"), *SEEDS, "--fold", "1"]
    runs = command.prepare(command.add_options(argparse.ArgumentParser()).parse_args(words))
    assert [path.relative_to(tmp_path) for path in runs] == [Path("out/fold1/seed0"), Path("out/fold1/seed5")]
    assert [run.seed for run in runs.values()] == [0, 5]
    assert {run.chromosomes.test for run in runs.values()} == {("chr3",)}


def test_the_plan_of_seeds(config: Path, tmp_path: Path, train):
    done = train(config, tmp_path / "out", *SEEDS, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert not (tmp_path / "out").exists()


def test_the_plan_of_folds_without_a_folder(config: Path, tmp_path: Path, capfd: pytest.CaptureFixture):
    """Of each of them: they have no names in common."""
    done = running.run(["zoo", "train", "--config", config, "--fold", "all", "--dry-run"], tmp_path, capfd)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3


def test_all_folds_become_one_model(files: synthetic.Synthetic, tmp_path: Path, train):
    """No chromosome is unseen: no metrics, no thresholds; what a fold has on its own test chromosomes."""
    config = training.write(training.binding(files, folds=FOLDS, steps=2, epochs=1), tmp_path / "run.json")
    out = tmp_path / "cv"
    done = train(config, out, "--fold", "all")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {"fold0", "fold1", "fold2", "ensemble", "folds.tsv"}
    table = (out / "folds.tsv").read_text().splitlines()
    assert table[0] == "metric\tmean\tstandard deviation\tfold 0\tfold 1\tfold 2"
    whole = model(out / "ensemble/model")
    assert whole.spec.metrics == {}
    assert whole.thresholds is None
    assert model(out / "fold0/model").thresholds is not None
    assert whole.check().passed
    x = np.eye(5, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (3, 1024))]
    each = [model(out / f"fold{number}/model").predict(x) for number in range(3)]
    np.testing.assert_allclose(whole.predict(x), np.mean(each, axis=0), atol=1e-6)
    card = (out / "ensemble/model/README.md").read_text()
    for said in (
        "fold0: epoch 1 of 1, validated on chr1, tested on chr2; fold1: epoch 1 of 1, validated on chr2, tested on",
        "there is none that the model has not seen, so it has no metrics, and no thresholds",
        "`zoo train --config training.json --fold all --out FOLDER`",
        "AUPR {} ± ".format(table[1].split("\t")[1]),
    ):
        assert said in card
    for absent in ("## Metrics", "## Thresholds", "which it has not seen"):
        assert absent not in card


def test_the_ensemble_alone_is_published(config: Path, copy: Path, tmp_path: Path, train, monkeypatch):
    """Its members have its name."""
    published = []

    def publish(folders, repo, tag, families):
        published.extend(folders)
        return type("Release", (), {"repo": repo, "tag": tag, "models": ("test/CTCF",)})

    monkeypatch.setattr("zoo.loading.publish", publish)
    families = tmp_path / "families"
    families.mkdir()
    done = train(config, copy, *SEEDS, "--resume", "--publish", "lab/test", "--families", families)
    assert done.returncode == 0, done.stderr
    assert published == [copy / "ensemble" / "model"]


def test_seeds_of_a_model_with_parts(tmp_path: Path, train):
    """Of a ChromBPNet the part that predicts accessibility, without the bias."""
    files = synthetic.with_cut_sites(tmp_path / "profile", {"chr1": 200_000, "chr2": 80_000, "chr3": 80_000})
    TrainingRun(training.profile(files, epochs=1)).train(tmp_path / "bias")
    config = training.chrombpnet(files, str(tmp_path / "bias" / "model"), epochs=1)
    path, out = training.write(config, tmp_path / "run.json"), tmp_path / "out"
    done = train(path, out, "--seeds", 0, 1)
    assert done.returncode == 0, done.stderr
    whole, seeds = model(out / "ensemble/model"), [model(out / f"seed{seed}/model") for seed in (0, 1)]
    assert whole.spec.components == ()
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (3, 256))]
    each = [one.predict(x) for one in seeds]
    np.testing.assert_allclose(whole.predict(x), np.mean(each, axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(whole.predict(x, track="spread"), np.std(each, axis=0), rtol=1e-4, atol=1e-5)
    assert (
        "Its members are the part accessibility of what was trained." in (out / "ensemble/model/README.md").read_text()
    )
    rows = (out / "seeds.tsv").read_text().splitlines()
    assert rows[0] == "metric\tmean\tstandard deviation\tseed 0\tseed 1"

"""Training of models of binding sites: motifs that they begin with, unknown factors, runs, and what is refused."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
import running
import training

import zoo
from zoo.data import synthetic
from zoo.data.sites import SiteTraining
from zoo.errors import InputError, ZooWarning
from zoo.genome.encode import encode
from zoo.genome.enriched import Motif
from zoo.spec import Architecture, TrackSpec
from zoo.train.config import TrainConfig
from zoo.train.run import TrainingRun
from zoo.train.settings import Optimizer, Split
from zoo.train.tasks.sites import SitesTask, with_motifs
from zoo.train.tasks.sites_data import SitesData

LENGTHS = {"chr1": 240_000, "chr2": 60_000, "chr3": 60_000}
SMALL = {"window": 256, "learned": 6, "motif_width": 19, "filters": 8}
ONE, TWO = {"binding": (8,)}, {"binding": (8, 2)}
CORE = "CCACCAGGGGGCG"  # of the word that is planted
pytestmark = pytest.mark.filterwarnings("ignore:.*positive bins are too few:zoo.errors.ZooWarning")


def spec(name: str = "atac", origin: str = "sample") -> TrackSpec:
    return TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0, name=name, origin=origin)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    """Two samples; `factors.tsv` is their table, in which Y was not measured in B."""
    folder = tmp_path_factory.mktemp("sites")
    made = synthetic.make(folder, LENGTHS, samples=2)
    rows = made.peaks.read_text().splitlines(keepends=True)
    for name, part in (("even", rows[::2]), ("odd", rows[1::2])):
        (folder / f"{name}.bed").write_text("".join(part))
    (folder / "factors.tsv").write_text(
        "Cell_Line\tatac\tPeaks_X\tPeaks_Y\nA\tatac.bw\teven.bed\todd.bed\nB\tatac_2.bw\tpeaks.bed\t\n"
    )
    return made


def config(files: synthetic.Synthetic, network: dict | None = None, **data: object) -> TrainConfig:
    """Of a small network for planted sites; `data` differ."""
    one = {"signal": str(files.signal), "peaks": str(files.peaks)} if "meta" not in data else {}
    values = {"factors": ("CTCF",), "track_specs": (spec(),), "jitter": 100, "random_share": 0.5, **one, **data}
    return TrainConfig(
        name="test/CTCF",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=Architecture("motif_cnn", {**SMALL, **(network or {})}),
        chromosomes=training.SPLIT,
        optimizer=Optimizer("adamw", 5e-3, 0.0),
        data=SitesData(**values),
        batch_size=16,
        epochs=2,
        steps=6,
        monitor="val_auprc",
        frozen=("given_scan",),
    )


def of_cells(files: synthetic.Synthetic, **data: object) -> TrainConfig:
    """Two factors in two cell types; around the few sites of Y no third motif is enriched."""
    table = str(files.peaks.parent / "factors.tsv")
    return config(files, **{"meta": table, "factors": ("X", "Y"), "motifs_per_factor": 2, **data})


def begun(run: TrainingRun) -> keras.Model:
    """The network as training begins with it."""
    shapes = run.task.shapes()
    return run.trainer(shapes, shapes, Path()).network


def spelled(kernel: np.ndarray) -> str:
    """The best base of each position, from both strands."""
    forward = "".join("ACGT"[at] for at in kernel.argmax(axis=1))
    return forward + " " + forward[::-1].translate(str.maketrans("ACGT", "TGCA"))


@pytest.fixture(scope="module")
def trained(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one factor."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    TrainingRun(dataclasses.replace(config(files), epochs=6, steps=30)).train(folder)
    return folder


def test_motifs_are_put_in_the_middle_of_kernels():
    """Log-odds to the base of 2; the middle of a motif that is longer; the last kernels if asked for."""
    odds = np.log(np.arange(1, 13, dtype=float).reshape(3, 4))
    motif = Motif(np.zeros((3, 4)), odds, 0.5, 0.5)
    random = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    found = with_motifs(random, [motif], 2.0)
    assert not found[[0, 4], :, 0].any()
    np.testing.assert_allclose(found[1:4, :, 0], 2 * np.log2(np.arange(1, 13).reshape(3, 4)), rtol=1e-6)
    assert np.array_equal(found[..., 1:], random[..., 1:])
    last = with_motifs(random, [motif, motif], 2.0, last=True)
    assert np.array_equal(last[..., 2], found[..., 0])
    assert np.array_equal(last[..., 1], found[..., 0])
    assert np.array_equal(last[..., 0], random[..., 0])
    np.testing.assert_allclose(with_motifs(random[:1], [motif], 1.0)[0, :, 0], odds[1] / np.log(2), rtol=1e-6)
    assert with_motifs(random, 5 * [motif], 1.0).shape == random.shape


def test_a_network_begins_with_what_is_enriched_around_its_sites(files: synthetic.Synthetic):
    run = TrainingRun(config(files))
    assert run.config.architecture.config == {**SMALL, "tracks": 1, "outputs": 1, "given": 3}
    network = begun(run)
    given, learned = (network.get_layer(f"{name}_scan").get_weights()[0] for name in ("given", "learned"))
    assert CORE in spelled(given[..., 0])
    np.testing.assert_allclose(learned[..., :2], 0.3 * given[..., :2], rtol=1e-6)
    assert [layer.name for layer in network.layers if not layer.trainable] == ["given_scan"]
    [motifs] = run.task.found.values()
    assert motifs[0].auroc == 1
    assert np.array_equal(begun(TrainingRun(config(files))).get_layer("given_scan").get_weights()[0], given)


def test_motifs_of_several_factors_take_turns(files: synthetic.Synthetic):
    """The first one of each, then the second ones; as many as the network has kernels for."""
    run = TrainingRun(of_cells(files))
    network = begun(run)
    kernel = network.get_layer("given_scan").get_weights()[0]
    assert kernel.shape[-1] == 4
    odds = [motif.log_odds / np.log(2) for rank in (0, 1) for motif in (run.task.found[name][rank] for name in "XY")]
    assert all(np.array_equal(kernel[1:18, :, at], np.float32(odds[at])) for at in range(4))
    assert np.count_nonzero(network.get_layer("learned_scan").get_weights()[0][0].any(axis=0)) == 2  # of 6 kernels


def test_sites_of_all_cell_types_count_wherever_each_has_some(files: synthetic.Synthetic, tmp_path: Path):
    """One has none on chr2, where motifs are sought, too; a place that both have counts once."""
    rows = files.peaks.read_text().splitlines(keepends=True)
    (tmp_path / "some.bed").write_text("".join(row for row in rows if row.startswith(("chr1", "chr3"))))
    (tmp_path / "cells.tsv").write_text(
        f"Cell_Line\tatac\tPeaks\nA\t{files.signal}\t{files.peaks}\nB\t{files.others[0]}\tsome.bed\n"
    )
    split = Split(("chr1", "chr2"), ("chr3",))
    table = config(files, meta=str(tmp_path / "cells.tsv"))
    both, one = (dataclasses.replace(run, chromosomes=split) for run in (table, config(files)))
    found, wanted = (SitesTask(run, 256, ONE).found["CTCF"] for run in (both, one))
    assert [motif.consensus for motif in found] == [motif.consensus for motif in wanted]
    assert np.array_equal(found[0].probabilities, wanted[0].probabilities)


def test_controls_lie_on_their_chromosomes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Near both ends: none of the controls of a site has a base that the genome lacks."""
    made = synthetic.make(tmp_path, {"chr1": 40_000, "chr2": 40_000})
    peaks = "".join(f"{chrom}\t{at - 5}\t{at + 5}\n" for chrom in ("chr1", "chr2") for at in (20_000, 39_500))
    made.peaks.write_text(peaks)
    run = dataclasses.replace(config(made), chromosomes=Split(("chr1",), ("chr2",)))
    seen = []
    monkeypatch.setattr("zoo.train.tasks.sites.discover", lambda *given: seen.append(given) or [])
    with pytest.warns(
        ZooWarning, match="0 of 3 motifs are enriched around the sites of CTCF: other kernels are random"
    ):
        assert SitesTask(run, 256, ONE).found == {"CTCF": []}
    [(sequences, controls, motifs)] = seen
    assert (sequences.shape, controls.shape, motifs) == ((2, 81), (6 + 5, 81), 3)  # 450 bp on, but not 600
    assert controls.max() < 4


def test_sites_that_leave_no_room_for_controls(files: synthetic.Synthetic, tmp_path: Path):
    rows = [f"{chrom}\t{at}\t{at + 2}\n" for chrom in ("chr1", "chr2") for at in range(20_000, 24_000, 100)]
    (tmp_path / "dense.bed").write_text("".join(rows[5:-5] + rows[:5] + rows[-5:]))
    task = SitesTask(config(files, peaks=str(tmp_path / "dense.bed")), 256, ONE)
    assert len(task.found["CTCF"]) <= 3  # there are controls at the ends of the row alone
    assert all(np.isfinite(motif.auroc) for motif in task.found["CTCF"])


def test_a_factor_that_was_not_measured_does_not_count(files: synthetic.Synthetic):
    """Neither for the loss, nor for the metrics, nor in the batches of a cell type that lacks it."""
    task = SitesTask(of_cells(files), 256, TWO)
    y, p = np.array([[[1, 0], [0.3, -1]]], np.float32), np.array([[[0.8, 0.6], [0.4, 0.9]]], np.float32)
    wanted = -(np.log(0.8) + np.log(0.4) + 0.3 * np.log(0.4) + 0.7 * np.log(0.6)) / 3
    assert np.asarray(task.loss(y, p)).tolist() == pytest.approx([wanted], rel=1e-5)
    other = p.copy()
    other[0, 1, 1] = 0.01
    assert np.array_equal(task.loss(y, other), task.loss(y, p))
    metrics = task.metrics()
    for metric in metrics.values():
        metric.update_state(y, p)
    assert float(metrics["loss"].result()) == pytest.approx(wanted, rel=1e-5)
    assert float(metrics["auprc"].result()) == pytest.approx(1, abs=1e-3)  # 0.3 is not bound
    batches = task.batches("training", task.slabs("training", task.plans["training"], progress=False))
    y = np.concatenate([batches.batch(step)[1] for step in range(20)])
    unknown = (y == -1).all(axis=1)
    assert not unknown[:, 0].any()
    assert 0 < unknown[:, 1].sum() < len(y)
    assert ((y >= 0) | (y == -1)).all()


def test_windows_of_training_and_of_validation(files: synthetic.Synthetic):
    """On their chromosomes; those of validation side by side, whatever the jitter; no more than are asked for."""
    task = SitesTask(of_cells(files), 256, TWO)
    assert set(task.plans["training"].starts) == {"0 chr1", "1 chr1"}
    assert set(task.plans["validation"].starts) == {"0 chr2", "1 chr2"}
    assert task.plans["validation"].starts["1 chr2"].tolist() == list(range(0, 60_000 - 256 + 1, 256))
    sites = [len(positions) for positions in task._sites["training"].positions]
    assert task.plans["training"].size == sum(sites) + 2 * len(range(100, 240_000 - 356 + 1, 256))
    few = SitesTask(of_cells(files, windows=50), 256, TWO)
    assert few.plans["training"].size == 50 + min(50, sum(sites))
    assert few.plans["validation"].size == 50


@pytest.mark.parametrize(("window", "stride"), [(256, 64), (96, 32), (160, 32), (32, 32)])
def test_windows_to_predict_begin_at_bins(files: synthetic.Synthetic, window: int, stride: int):
    task = SitesTask(config(files, {"window": window}), window, {"binding": (window // 32,)})
    assert task.spec({}).prediction.stride == stride


def test_a_model_of_one_factor(trained: Path, files: synthetic.Synthetic):
    """It has learned planted sites, and has thresholds; the card has its motifs, and what they were sought in."""
    model = zoo.load((trained / "model").resolve())
    assert model.check().passed
    assert model.thresholds is not None
    assert model.spec.description == "CTCF binding from ATAC-seq and sequence, synthetic"
    assert (model.spec.output.kind, model.spec.output.tracks) == ("binding", ())
    assert set(model.spec.metrics) == {"AUPR", "average precision", "positive bins", "share of positive bins"}
    card = (trained / "model" / "README.md").read_text()
    assert "Thresholds are calibrated on chr2." in card
    assert "Motifs that the network began with, and their AUROC against sequences nearby: CTCF " in card
    assert CORE in card or "CGCCCCCTGGTGG" in card
    scores = model.predict(genome=files.genome, signal=files.signal, regions="chr3:1-60,000")[0].scores
    at = [site // 32 for site in range(4000, 56_000, 4000)]
    bound, opened, closed = (np.array(at)[kind::3] for kind in range(3))
    assert scores[bound].mean() > 3 * max(scores[opened].mean(), scores[closed].mean())
    assert model.spec.metrics["AUPR"] > 10 * model.spec.metrics["share of positive bins"]


def test_a_run_of_the_command_line(files: synthetic.Synthetic, tmp_path: Path, capfd: pytest.CaptureFixture):
    """Two tracks by their names, over those of the configuration; the plan before it."""
    run = config(files, track_specs=(spec("one"), spec("two")), signal={"one": "gone.bw", "two": "gone.bw"})
    path = training.write(dataclasses.replace(run, epochs=1, steps=2), tmp_path / "run.json")
    words = ["zoo", "train", "--config", path, "--out", tmp_path / "run", "--signal", f"one={files.signal}"]
    words += [f"two={files.others[0]}"]
    planned = running.run([*words, "--dry-run"], tmp_path, capfd)
    assert planned.returncode == 0, planned.stderr
    assert "234 to validate on" in planned.stdout
    assert not (tmp_path / "run").exists()
    done = running.run(words, tmp_path, capfd)
    assert done.returncode == 0, done.stderr
    assert "test/CTCF: epoch 1 of 1, val_auprc" in done.stdout
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert [track.name for track in model.spec.input.tracks] == ["one", "two"]


def test_dna_alone(files: synthetic.Synthetic, tmp_path: Path):
    run = dataclasses.replace(config(files, track_specs=(), signal=None), epochs=1, steps=2)
    TrainingRun(run).train(tmp_path / "run")
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert model.spec.description == "CTCF binding from sequence, synthetic"
    assert model.network.input_shape == (None, 256, 4)
    assert np.isfinite(model.predict(genome=files.genome, regions="chr3:20,001-22,000")[0].scores).all()


def test_a_run_of_two_factors_goes_on_as_if_it_had_not_been_interrupted(
    files: synthetic.Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Dropout, the tower of each window and batches are those of an uninterrupted run; in the middle of an epoch."""
    run = dataclasses.replace(of_cells(files), checkpoint_steps=1)
    TrainingRun(run).train(tmp_path / "whole")
    batch, seen = SiteTraining.batch, []

    def failing(self, step: int, *more: int):
        seen.append(step)
        if step == self.steps + 3 and seen.count(step) == 1:
            raise OSError(28, "no space left on device")
        return batch(self, step, *more)

    monkeypatch.setattr(SiteTraining, "batch", failing)
    with pytest.raises(Exception, match="no space left"):
        TrainingRun(run).train(tmp_path / "cut")
    assert training.progress(tmp_path / "cut")["step"] > 0
    TrainingRun(run).train(tmp_path / "cut", resume=True)
    one, two = (training.weights(tmp_path / name) for name in ("whole", "cut"))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    folder = tmp_path / "cut" / "model"
    model = zoo.load(folder.resolve())
    assert model.spec.output.tracks == ("X", "Y")
    assert model.thresholds is None
    kinds = {"AUPR", "average precision", "positive bins", "share of positive bins"}
    of = ("X, A", "Y, A", "X, B")
    assert set(model.spec.metrics) == {f"{kind} ({name})" for kind in kinds for name in of}
    card = (folder / "README.md").read_text()
    assert "against sequences nearby: X " in card
    assert "; Y " in card
    assert "Thresholds are calibrated" not in card


def test_another_seed_is_another_beginning(files: synthetic.Synthetic):
    """Of all that is no motif; the same seed is the same."""
    runs = [TrainingRun(dataclasses.replace(config(files), seed=seed)) for seed in (0, 0, 1)]
    one, again, other = (begun(run).get_weights() for run in runs)
    assert all(np.array_equal(*pair) for pair in zip(one, again, strict=True))
    same = [np.array_equal(*pair) for pair in zip(one, other, strict=True)]
    assert same.count(False) == 6  # kernels of the learned scan, of three convolutions, and of both logits


def test_what_is_taken_over_of_a_model_is_said(
    trained: Path, files: synthetic.Synthetic, tmp_path: Path, capfd: pytest.CaptureFixture
):
    """On the command line and in the card: how many layers, which are new or were left, which have motifs anew."""
    run = dataclasses.replace(of_cells(files), epochs=1, steps=1)
    path = training.write(run, tmp_path / "run.json")
    words = ["zoo", "train", "--config", path, "--out", tmp_path / "run", "--from", trained / "model"]
    done = running.run(words, tmp_path, capfd)
    assert done.returncode == 0, done.stderr
    head = "given_logits, learned_logits"
    said = (
        "Weights of 5 layers are those of test/CTCF (learned_scan to given_correct); new: given_scan, "
        f"given_features_norm, given_combine, {head}; not taken over: given_scan, given_features_norm, given_combine, "
        f"{head}. All or part of those of learned_scan are then replaced by what the data give. "
    )
    card = (tmp_path / "run" / "model" / "README.md").read_text()
    for text in (done.stdout, card):
        assert said in text
        assert "Arguments that are not that model's: outputs: 1 → 2" in text


def test_a_run_from_a_model_of_the_same_network(trained: Path, files: synthetic.Synthetic):
    """All is taken over, and the motifs are sought anew: the learned ones become the last kernels, the first stay."""
    start = zoo.load((trained / "model").resolve()).network
    run = TrainingRun(dataclasses.replace(config(files), start_from=str((trained / "model").resolve())))
    assert run.transfer.begun == run.transfer.left == run.transfer.changed == ()
    assert run.transfer.given == ("given_scan", "learned_scan")
    assert "; new: none; not taken over: none. All or part of those of given_scan, learned_scan" in str(run.transfer)
    network = begun(run)
    one, other = (each.get_layer("learned_scan").get_weights()[0] for each in (start, network))
    assert np.array_equal(one[..., :-2], other[..., :-2])
    assert CORE in spelled(other[..., -1])
    for name in ("given_combine", "given_logits", "learned_features_norm", "learned_combine", "learned_logits"):
        pairs = zip(start.get_layer(name).get_weights(), network.get_layer(name).get_weights(), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs)


def other_network(window: int = 256, tracks: int = 1, outputs: int = 1) -> keras.Model:
    """One of another package, without scans of motifs."""
    inputs = keras.Input((window, 4 + tracks))
    x = keras.layers.Conv1D(outputs, 32, strides=32, activation="sigmoid")(inputs)
    return keras.Model(inputs, keras.layers.Flatten()(x))


def test_a_network_of_another_package(files: synthetic.Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No motif is sought for it, and its card has none."""
    monkeypatch.setattr("zoo.train.tasks.sites.discover", lambda *given: pytest.fail("motifs were sought"))
    zoo.register_architecture("strides", other_network)
    try:
        run = dataclasses.replace(config(files), architecture=Architecture("strides", {}), frozen=(), epochs=1, steps=1)
        TrainingRun(run).train(tmp_path / "run")
    finally:
        zoo.unregister_architecture("strides")
    card = (tmp_path / "run" / "model" / "README.md").read_text()
    assert "Thresholds are calibrated on chr2." in card
    assert "Motifs" not in card


def write_bed(path: Path, *rows: str) -> str:
    path.write_text("".join("\t".join(row.split()) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize(
    ("rows", "error", "said"),
    [
        (["chr2 5000 5300"], InputError, "sites on the training chromosomes.*some of each factor.*sites=.'CTCF': 0"),
        (["chr1 5000 5300"], InputError, "sites on the validation chromosomes.*sites=.'CTCF': 0"),
        (["chr1 239990 240010", "chr2 5000 5300"], InputError, "must lie on its chromosome"),
        (["chr77 5000 5300"], InputError, "must have chromosomes in common"),
    ],
)
def test_sites_that_cannot_be_learned_from(
    files: synthetic.Synthetic, tmp_path: Path, rows: list[str], error: type, said: str
):
    with pytest.raises(error, match=said):
        SitesTask(config(files, peaks=write_bed(tmp_path / "p.bed", *rows)), 256, ONE)


def test_a_factor_whose_sites_are_blacklisted(files: synthetic.Synthetic, tmp_path: Path):
    """There is no window near one, and it would not be learned: refused, but not where no window is near a site."""
    rows = {"X": "chr1 5000 5009", "Y": "chr1 9000 9009"}
    peaks = {name: write_bed(tmp_path / f"{name}.bed", row, "chr2 5000 5009") for name, row in rows.items()}
    bad = write_bed(tmp_path / "b.bed", "chr1 8900 9100")
    given = {"factors": ("X", "Y"), "peaks": peaks, "blacklist": (bad,)}
    with pytest.raises(InputError, match=r"windows near sites.*some of each factor.*'X': 1, 'Y': 0"):
        SitesTask(config(files, **given), 256, TWO)
    task = SitesTask(config(files, **given, random_share=1.0), 256, TWO)
    starts = task.plans["training"].starts["0 chr1"]
    assert not ((starts + 256 > 8900) & (starts < 9100)).any()


@pytest.mark.filterwarnings("ignore:.*zero in all that was looked at of chr2:zoo.errors.ZooWarning")
def test_chromosomes_shorter_than_a_window(tmp_path: Path):
    """None to validate on is refused; among others they are passed over."""
    made = synthetic.make(tmp_path, {"chr1": 60_000, "chr2": 200, "chr3": 30_000})
    made.peaks.write_text(made.peaks.read_text() + "chr2\t50\t60\n")
    run = config(made)
    with pytest.raises(InputError, match=r"at least one window that ends and blacklist leave.*bp of a window=256"):
        SitesTask(run, 256, ONE)
    both = dataclasses.replace(run, chromosomes=Split(("chr1", "chr2"), ("chr3",)))
    task = SitesTask(both, 256, ONE)
    assert [set(plan.starts) for plan in task.plans.values()] == [{"0 chr1"}, {"0 chr3"}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"peaks": None}, r"a table of cell types \(meta\), or peaks"),
        ({"meta": "m.tsv"}, "with a table of cell types .meta., cell_type, peaks, scores must be left out"),
        ({"factors": ("A", "B")}, "peaks must be those of the factors"),
        ({"factors": ("A", "A")}, "factors must be a list of names, none twice"),
        ({"factors": ()}, "factors must be a list of names"),
        ({"signal": {"dgf": "a.bw"}}, "signal must name the files of atac"),
        ({"signal": None}, "signal must name the files of atac"),
        ({"track_specs": (spec(), spec())}, "tracks must have names of their own"),
        ({"core": -1}, "core must be a whole number of 0"),
        ({"smoothing": float("nan")}, "smoothing must be"),
        ({"jitter": 1.5}, "jitter must be a whole number"),
        ({"random_share": 1.01}, "random_share must be a number of 0 to 1"),
        ({"windows": 0}, "windows must be a whole number of 1"),
        ({"motifs_per_factor": -1}, "motifs_per_factor must be a whole number of 0"),
    ],
)
def test_data_that_do_not_go_together(changes: dict, said: str):
    with pytest.raises(InputError, match=said):
        SitesData(**{"factors": ("T",), "track_specs": (spec(),), "signal": "a.bw", "peaks": "p.bed", **changes})


def test_runs_that_are_refused(files: synthetic.Synthetic, tmp_path: Path):
    run = config(files)
    for changes, said in (
        ({"steps": None}, r"steps .of an epoch. must be given for a model of sites"),
        ({"architecture": Architecture("maxatac", {})}, "the network must be one of motif_cnn"),
        ({"architecture": Architecture("motif_cnn", {"tracks": 2})}, r"must be those of the data .\{'tracks': 1"),
        ({"architecture": Architecture("motif_cnn", {"given": 4})}, r"'outputs': 1, 'given': 3\}"),
        ({"monitor": "val_dice"}, "monitor must be one of val_loss, val_auprc"),
    ):
        with pytest.raises(InputError, match=said):
            dataclasses.replace(run, **changes)
    table = tmp_path / "cells.tsv"
    table.write_text("Cell_Line\tatac\tPeaks\nA\tgone.bw\tp.bed\n")
    with pytest.raises(InputError, match=r"line 2: atac 'gone.bw' of A.*line 2: Peaks 'p.bed' of A"):
        SitesTask(config(files, meta=str(table)), 256, ONE)
    with pytest.raises(InputError, match="must be UTF-8 text, not bigWig"):
        SitesTask(config(files, peaks=str(files.signal)), 256, ONE)


def test_words_of_the_planted_motif():
    """That the tests look for is that of the synthetic genome."""
    assert CORE in synthetic.CONSENSUS
    assert "".join("ACGT"[at] for at in (3 - encode(CORE))[::-1]) == "CGCCCCCTGGTGG"

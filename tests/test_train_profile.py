"""Training of profile models: what is chosen, as the original does on yeast; bias models; a run of both."""

import argparse
import dataclasses
import json
import shutil
import sys
from pathlib import Path

import chrombpnet_h5 as h5
import numpy as np
import pytest
import training

import zoo
from zoo.data import synthetic
from zoo.data.centered import Centered
from zoo.data.slabs import Slabs
from zoo.errors import InputError, ZooWarning
from zoo.formats.bigwig import write_track
from zoo.genome.sequence import Genome
from zoo.prepare.sites import cut_sites
from zoo.spec import Architecture
from zoo.train.config import TrainConfig
from zoo.train.run import TrainingRun
from zoo.train.settings import Optimizer, Split
from zoo.train.tasks import bias
from zoo.train.tasks.profile import ProfileData, ProfileTask, bias_run

LENGTHS = {"chr1": 400_000, "chr2": 160_000, "chr3": 160_000}
YEAST = "zoo_weights/chrombpnet/yeast"
OUTPUTS = {"profile": (1000, 1), "counts": (1,)}
quiet = pytest.mark.filterwarnings("ignore::registry.errors.ZooWarning")  # so small a genome is shallow


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return synthetic.with_cut_sites(tmp_path_factory.mktemp("profile"), LENGTHS)


@pytest.fixture(scope="module")
def trained(files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bias model, and a ChromBPNet on it: folders `bias` and `both`."""
    folder = tmp_path_factory.mktemp("runs")
    TrainingRun(training.profile(files)).train(folder / "bias")
    TrainingRun(training.chrombpnet(files, str(folder / "bias" / "model"))).train(folder / "both")
    return folder


@pytest.fixture(scope="module")
def yeast(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cut sites of the yeast sample."""
    path = tmp_path_factory.mktemp("yeast") / "cuts.bw"
    source = shared / "data" / "sacCer3_atac_tf"
    cuts = cut_sites(source / "yeast_500k_SRR1822137.bedpe.gz", path, Genome(source / "sacCer3.2bit"))
    assert cuts == 902_064
    return path


def original(shared: Path, signal: Path, network: str, **data: object) -> TrainConfig:
    """The original's run on yeast: its peaks, background and chromosomes."""
    fold = json.loads((shared / YEAST / "fold.json").read_text())
    paths = {
        name: str(shared / YEAST / f"{file}.bed") for name, file in (("peaks", "peaks"), ("negatives", "nonpeaks"))
    }
    return TrainConfig(
        name="yeast/ORIGINAL",
        genome=str(shared / "data" / "sacCer3_atac_tf" / "sacCer3.2bit"),
        assembly="sacCer3",
        architecture=Architecture(network, {}),
        chromosomes=Split(*(tuple(fold[part]) for part in ("train", "valid", "test"))),
        optimizer=Optimizer("adam"),
        data=ProfileData(signal=str(signal), sample="yeast", **paths, **data),
        seed=1234,
    )


def lines(*regions: Centered) -> list[str]:
    """As the original writes regions."""
    return [
        f"{chrom}\t{at - 500}\t{at + 500}\t.\t.\t.\t.\t.\t.\t500"
        for part in regions
        for chrom, at in zip(part.chroms.tolist(), part.middles.tolist(), strict=True)
    ]


def parameters(path: Path) -> dict[str, float]:
    rows = [line.split("\t") for line in path.read_text().split("\n") if line]
    return {name: float(value) for name, value in rows}


def test_yeast_regions_and_parameters_are_the_originals(shared: Path, yeast: Path):
    """Line by line; its limits, and its weight of the counts by the draw of its seed."""
    folder = shared / YEAST
    task = ProfileTask(original(shared, yeast, "bpnet", jitter=200), 2114, OUTPUTS)
    both = [task.regions[part] for part in ("training", "validation", "test")]
    for name, what in (("peaks", [part.peaks for part in both]), ("nonpeaks", [part.negatives for part in both])):
        assert sorted(lines(*what)) == sorted((folder / f"filtered.{name}.bed").read_text().splitlines())
    said = parameters(folder / "chrombpnet_data_params.tsv")
    assert task.limits.lowest == said["counts_sum_min_thresh"]
    assert round(task.limits.highest, 2) == said["counts_sum_max_thresh"]
    assert task.limits.regions == said["trainings_pts_post_thresh"]
    assert round(task.counts_weight, 2) == 18.9
    assert task.left_out == {"by their cut sites": (1, 39)}
    assert "counts_loss_weight\t18.9" in (folder / "chrombpnet_model_params.tsv").read_text()


def test_yeast_background_of_the_bias_model_is_the_originals(shared: Path, yeast: Path):
    folder = shared / YEAST
    task = ProfileTask(original(shared, yeast, "bpnet", background=True, bias_threshold=0.8), 2114, OUTPUTS)
    found = lines(*(task.regions[part].negatives for part in ("training", "validation", "test")))
    assert sorted(found) == sorted((folder / "filtered.bias_nonpeaks.bed").read_text().splitlines())
    said = parameters(folder / "bias_data_params.tsv")
    assert dataclasses.astuple(task.limits)[:3] == (
        said["counts_sum_min_thresh"],
        said["counts_sum_max_thresh"],
        said["trainings_pts_post_thresh"],
    )
    assert round(task.counts_weight, 2) == 1.3
    assert not len(task.regions["training"].peaks)


def test_yeast_bias_is_scaled_as_the_original_does(shared: Path, yeast: Path):
    """From `bias.h5` to `bias_model_scaled.h5`, by the background of training and validation chromosomes."""
    folder = shared / YEAST
    task = ProfileTask(original(shared, yeast, "bpnet", jitter=200), 2114, OUTPUTS)
    network = bias.load(str(folder / "bias.h5"), 2114, 1000)  # the original's own file
    negatives = [task.regions[part].negatives for part in ("training", "validation")]
    every = Centered(*(np.concatenate([getattr(part, name) for part in negatives]) for name in ("chroms", "middles")))
    added = bias.scale(network, *task._windows(every), 64)
    expected = h5.bias(folder / "bias_model_scaled.h5", 16, 4).get_layer("counts_dense").get_weights()
    found = network.get_layer("counts_dense").get_weights()
    assert np.array_equal(found[0], expected[0])
    assert found[1] == pytest.approx(expected[1], abs=2e-6)
    assert abs(added) > 0.1


def test_yeast_losses_are_the_originals(shared: Path, yeast: Path, tmp_path: Path):
    """Of the three epochs of its bias model, from a start of our own: within 2 % on training and validation regions."""
    config = original(shared, yeast, "bpnet", background=True, bias_threshold=0.8)
    network = Architecture("bpnet", {"filters": 16, "dilated_layers": 4})
    split = dataclasses.replace(config.chromosomes, test=())
    result = TrainingRun(dataclasses.replace(config, architecture=network, epochs=3, chromosomes=split)).train(
        tmp_path / "run"
    )
    log = (shared / YEAST / "bias.log").read_text().splitlines()
    for row, line in zip(result.rows, log[1:], strict=True):
        said = dict(zip(log[0].split(","), map(float, line.split(",")), strict=True))
        found = {name: row[name] for name in ("loss", "val_loss")}
        assert found == pytest.approx({name: said[name] for name in found}, rel=0.02), f"epoch {row['epoch']}"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"bias": "b", "background": True}, "bias must be left out of a bias model"),
        ({"jitter": 3, "background": True}, "jitter must be left out of a bias model"),
        ({"negatives_per_peak": 0.2, "background": True}, "negatives_per_peak must be left out of a bias model"),
        ({"bias_threshold": 0.8}, "bias_threshold must go with a bias model"),
        ({"negatives": "n.bed", "candidates_per_peak": 2}, "must be left out where the regions are given"),
        ({"jitter": -1}, "jitter must be a whole number"),
        ({"outliers": 1.5}, "outliers must be a number of 0.5 to 1"),
        ({"counts_weight": float("nan")}, "counts_weight must be"),
    ],
)
def test_data_that_do_not_go_together(changes: dict, rule: str):
    with pytest.raises(InputError, match=rule):
        ProfileData(**{"signal": "s.bw", "sample": "s", "peaks": "p.bed", **changes})


def test_a_chrombpnet_without_a_bias_model(files: synthetic.Synthetic):
    with pytest.raises(InputError, match=r"the network chrombpnet must have a bias model, as in --bias MODEL"):
        training.chrombpnet(files, None)
    with pytest.raises(InputError, match="bias must go with the network chrombpnet"):
        training.chrombpnet(files, "b", architecture=Architecture("bpnet", {}))
    with pytest.raises(InputError, match="background must go with a network that is no chrombpnet"):
        training.profile(files, architecture=Architecture("chrombpnet", {}), start_from="x")
    with pytest.raises(InputError, match="steps must be left out"):
        training.profile(files, steps=3)


@quiet
def test_networks_of_other_lengths_and_heads(files: synthetic.Synthetic):
    config = training.profile(files)
    with pytest.raises(InputError, match=r"must predict profile \(bp, 1\) and counts \(1\).*Choose bpnet"):
        ProfileTask(config, 1024, {"accessibility": (256, 1)})
    with pytest.raises(InputError, match=r"must predict profile \(bp, 1\)"):
        ProfileTask(config, 256, {"profile": (100, 2), "counts": (1,)})
    with pytest.raises(InputError, match="lengths of window and profile must be even"):
        ProfileTask(config, 255, {"profile": (100, 1), "counts": (1,)})


@quiet
def test_too_few_peaks(files: synthetic.Synthetic, tmp_path: Path):
    rows = files.open.read_text().splitlines(keepends=True)
    (tmp_path / "p.narrowPeak").write_text("".join([row for row in rows if row.startswith("chr1\t")][:19]))
    few = dataclasses.replace(training.profile(files).data, peaks=str(tmp_path / "p.narrowPeak"))
    with pytest.raises(InputError, match=r"at least 20 peaks on the training chromosomes, at least 1 peaks on the"):
        TrainingRun(training.profile(files, data=few))


@quiet
def test_background_that_cannot_be_matched(files: synthetic.Synthetic):
    """A genome with fewer places than are asked for."""
    config = training.profile(files)
    many = dataclasses.replace(config, data=dataclasses.replace(config.data, candidates_per_peak=50))
    with pytest.raises(InputError, match=r"as many regions of the peaks' G \+ C content.*for each peak=50"):
        TrainingRun(many)


@quiet
@pytest.mark.parametrize("what", ["normalized", "smoothed"])
def test_signals_that_are_no_cut_sites(files: synthetic.Synthetic, tmp_path: Path, what: str):
    path = files.signal
    if what == "smoothed":
        path = tmp_path / "smooth.bw"
        signal = zoo.Signal(files.cut_sites)
        tracks = {
            chrom: np.convolve(signal.values(chrom, 0, size), np.ones(41, np.float32), "same")
            for chrom, size in signal.sizes.items()
        }
        write_track(path, signal.sizes, tracks.items(), bin_size=1)
    rule = "whole, not smoothed, scaled" if what == "normalized" else "one base each, not coverage"
    config = training.profile(files)
    with pytest.raises(InputError, match=rule):
        TrainingRun(dataclasses.replace(config, data=dataclasses.replace(config.data, signal=str(path))))


@quiet
def test_a_bias_model_of_other_sizes(files: synthetic.Synthetic, trained: Path):
    model = str(trained / "bias" / "model")
    config = training.chrombpnet(files, model)
    network = dict(config.architecture.config)

    def other(**changes: int) -> TrainConfig:
        return dataclasses.replace(config, architecture=Architecture("chrombpnet", {**network, **changes}))

    for changes in ({"bias_filters": 5}, {"bias_layers": 3}):
        with pytest.raises(InputError, match=r"as many filters and layers.*--set bias_filters=4 bias_layers=2"):
            TrainingRun(other(**changes)).plan()
    with pytest.raises(InputError, match=r"as many bp as the network.*=\(256, 100\), of the network=\(256, 80\)"):
        TrainingRun(other(output=80)).plan()
    with pytest.raises(InputError, match="A bias model must be a network bpnet"):
        TrainingRun(training.chrombpnet(files, "yeast/ATAC")).plan()


def test_a_bias_model_that_falls_where_peaks_rise(trained: Path, files: synthetic.Synthetic):
    """Correlation above -0.5, or it is refused."""
    network = zoo.load(trained / "bias" / "model").network
    starts = {"chr3": np.arange(1000, 100_000, 500)}
    slabs = Slabs(Genome(files.genome), [], starts, zoo.data.windows.Layout(256, 0, 256), 1, progress=False)
    found = bias.log_counts(network, slabs, 32)
    bias.check(network, slabs, found, 32, "b")
    bias.check(network, slabs, np.ones(len(found)), 32, "b")
    noise = np.random.default_rng(0).normal(size=len(found)) * found.std()
    bias.check(network, slabs, 3 * noise - found, 32, "b")
    with pytest.raises(InputError, match=r"must not fall as those of peaks rise.*correlation in peaks=-1.0"):
        bias.check(network, slabs, -found, 32, "b")


@quiet
def test_both_runs(trained: Path, files: synthetic.Synthetic):
    """The model, its parts and its card; the bias as it was but for its scale."""
    model = zoo.load(trained / "both" / "model")
    assert model.spec.name == "test/BOTH:accessibility"
    whole = zoo.load(trained / "both" / "model", component="full")
    assert [(part.name, part.frozen) for part in whole.spec.components] == [("accessibility", False), ("bias", True)]
    assert whole.check().passed
    assert whole.spec.provenance["test_chromosomes"] == "chr3"
    kept = zoo.load(trained / "bias" / "model").network
    part = whole.network.get_layer("bias")
    for layer in kept.layers:
        pairs = zip(layer.get_weights(), part.get_layer(layer.name).get_weights(), strict=True)
        for number, (one, other) in enumerate(pairs):
            scaled = layer.name == "counts_dense" and number == 1
            assert np.array_equal(one, other) != scaled, layer.name
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (2, 256))]
    assert model.predict(x).shape == (2, 100)
    heads = {head.name: head for head in whole.spec.outputs}
    assert (heads["profile"].offset, heads["counts"].bin_size, heads["counts"].transform) == (78, 100, "log1p")
    metrics = whole.spec.metrics
    assert metrics["regions, peaks"] == 26
    for label in ("", " (accessibility)", " (bias)", ", k-mer regression"):
        assert f"median_jsd, peaks{label}" in metrics
        assert f"pearsonr, peaks_and_nonpeaks{label}" in metrics
    assert "mse, nonpeaks, mean profile" in metrics
    card = (trained / "both" / "model" / "README.md").read_text()
    assert "cut sites; counts weigh" in card
    rows = (trained / "both" / "history.csv").read_text().splitlines()
    assert rows[0] == "epoch,loss,val_loss,val_profile_nll,val_counts_mse,val_pearson,learning_rate,seconds"


@quiet
def test_the_scale_is_that_of_the_background(trained: Path, files: synthetic.Synthetic):
    task = TrainingRun(training.chrombpnet(files, str(trained / "bias" / "model"))).task
    negatives = [task.regions[part].negatives for part in ("training", "validation")]
    every = Centered(*(np.concatenate([getattr(part, name) for part in negatives]) for name in ("chroms", "middles")))
    slabs, measured = task._windows(every)
    part = zoo.load(trained / "both" / "model", component="bias").network
    assert np.mean(measured - bias.log_counts(part, slabs, 50)) == pytest.approx(0, abs=1e-5)


@quiet
def test_an_interrupted_run_goes_on_where_it_was(
    trained: Path, files: synthetic.Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Weight for weight, and with the bias that it began with."""
    config = training.chrombpnet(files, str(trained / "bias" / "model"), checkpoint_steps=1)
    from zoo.train.loop import Trainer

    real, count = Trainer._train, iter(range(100))

    def dies(self: Trainer, *arguments: object) -> None:
        if next(count) == 8:
            raise KeyboardInterrupt
        real(self, *arguments)

    monkeypatch.setattr(Trainer, "_train", dies)
    with pytest.raises(KeyboardInterrupt):
        TrainingRun(config).train(tmp_path / "run")
    monkeypatch.setattr(Trainer, "_train", real)
    TrainingRun(config).train(tmp_path / "run", resume=True)
    TrainingRun(config).train(tmp_path / "straight")
    found, expected = training.weights(tmp_path / "run"), training.weights(tmp_path / "straight")
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


@quiet
def test_a_run_that_begins_with_a_whole_chrombpnet(trained: Path, files: synthetic.Synthetic):
    """`--from`: both parts, the bias frozen; nothing is scaled again."""
    start = str(trained / "both" / "model")
    run = TrainingRun(training.chrombpnet(files, None, start_from=start))
    found, network = zoo.load(start, component="full").network, run._network()
    assert all(np.array_equal(*pair) for pair in zip(found.get_weights(), network.get_weights(), strict=True))
    assert not network.get_layer("bias").trainable
    again = TrainingRun(training.chrombpnet(files, start))  # as a bias model: its part
    assert np.array_equal(
        again._network().get_layer("bias").get_layer("stem").get_weights()[0],
        found.get_layer("bias").get_layer("stem").get_weights()[0],
    )


@quiet
def test_the_bias_run_of_a_run(files: synthetic.Synthetic):
    made = bias_run(training.chrombpnet(files, "later"), 0.4)
    assert (made.name, made.data.bias_threshold, made.data.bias) == ("test/BOTH-bias", 0.4, None)
    config = made.architecture.config
    assert (made.architecture.name, config["filters"], config["dilated_layers"]) == ("bpnet", 4, 2)
    assert (config["window"], config["output"]) == (256, 100)


@quiet
def test_as_configuration_and_command(trained: Path, files: synthetic.Synthetic, tmp_path: Path, capsys):
    """`zoo train` takes the task by its key; options of other tasks are refused."""
    from zoo.cli import main

    config = training.chrombpnet(files, "x")
    assert TrainConfig.read(training.write(config, tmp_path / "run.json")) == config
    folder = tmp_path / "bias"
    shutil.copytree(trained / "bias" / "model", folder)
    asked = ["train", "--config", str(tmp_path / "run.json"), "--epochs", "1", "--bias", str(folder)]
    assert main([*asked, "--out", str(tmp_path / "out")]) in (None, 0)
    said = json.loads((tmp_path / "out" / "train.json").read_text())
    assert said["profile"]["bias"] == str(folder)
    assert "val_loss" in capsys.readouterr().out
    assert main([*asked, "--out", str(tmp_path / "no"), "--factor", "CTCF"]) == 2
    assert "must be those of its kind, profile" in capsys.readouterr().err


def test_little_depth_is_said(files: synthetic.Synthetic):
    with pytest.warns(ZooWarning, match="the depth is low, and counts weigh 1"):
        ProfileTask(training.profile(files), 256, {"profile": (100, 1), "counts": (1,)})


def test_the_recipe_counts_cuts_of_reads(files: synthetic.Synthetic, tmp_path: Path):
    """Once; reads of the same name with other content are counted again."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "recipes"))
    import train_chrombpnet

    parser = argparse.ArgumentParser()
    train_chrombpnet.add_options(parser)
    parser.add_argument("--genome")
    parser.add_argument("--work", type=Path)
    asked = ["--reads", str(tmp_path / "f.tsv"), "--shift", "no", "--work", str(tmp_path / "work")]
    made = []
    for end in (300, 400, 300):
        (tmp_path / "f.tsv").write_text(f"chr1\t100\t{end}\tA\t1\n")
        made.append(train_chrombpnet.sites(parser.parse_args([*asked, "--genome", str(files.genome)])))
    assert made[0] == made[2] != made[1]
    for path, end in zip(made, (300, 400, 300), strict=True):
        assert np.flatnonzero(zoo.Signal(path).values("chr1", 0, 1000)).tolist() == [100, end - 1]
    with pytest.raises(InputError, match="--reads must come with a genome"):
        train_chrombpnet.sites(parser.parse_args(asked))

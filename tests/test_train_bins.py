"""Training of models of one bin and of single bases: what is sampled, what is refused, a run of each."""

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import training

import zoo
import zoo.errors
from zoo.data import synthetic
from zoo.data.bin_batches import BinTraining
from zoo.errors import GenomeMismatch, InputError
from zoo.genome import bed
from zoo.genome.motifs import write_motifs
from zoo.genome.sequence import Genome
from zoo.spec import Architecture, TrackSpec
from zoo.train import command
from zoo.train.config import TrainConfig
from zoo.train.optimizers import maxatac_adam
from zoo.train.run import TrainingRun
from zoo.train.settings import Optimizer, Split
from zoo.train.tasks.bases import BasesData, BasesTask
from zoo.train.tasks.bins import BinsData, BinsTask, with_motif

LENGTHS = {"chr1": 240_000, "chr2": 60_000, "chr3": 60_000}
CONFIGS = Path(__file__).parents[1] / "recipes" / "configs"
ONE, MASKED = {"binding": (1,)}, {"binding": (1, 2)}
SMALL = {"filters": 16, "kernel_size": 20, "units": 0, "global_pool": True, "hidden": 16}
pytestmark = pytest.mark.filterwarnings("ignore:.*positive bins are too few:zoo.errors.ZooWarning")


def spec(name: str = "atac", origin: str = "sample", **more: object) -> TrackSpec:
    return TrackSpec("ATAC-seq cut sites", 0, 0, None, 0.0, name=name, origin=origin, **more)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    """Two samples, whose tables are `cells.tsv` and, of two factors, `factors.tsv`."""
    folder = tmp_path_factory.mktemp("bins")
    made = synthetic.make(folder, LENGTHS, samples=2)
    rows = made.peaks.read_text().splitlines(keepends=True)
    for name, part in (("even", rows[::2]), ("odd", rows[1::2])):
        (folder / f"{name}.bed").write_text("".join(part))
    (folder / "flag.bed").write_text("".join(rows[::3]))
    (folder / "cells.tsv").write_text(
        "Cell_Line\tatac\tPeaks\tRelaxed\tdepth\nA\tatac.bw\teven.bed\tpeaks.bed\t0.25\nB\tatac_2.bw\todd.bed\t\t-2\n"
    )
    (folder / "factors.tsv").write_text(
        "Cell_Line\tatac\tPeaks_X\tPeaks_Y\nA\tatac.bw\teven.bed\todd.bed\nB\tatac_2.bw\tpeaks.bed\t\n"
    )
    return made


def config(files: synthetic.Synthetic, **data: object) -> TrainConfig:
    """A small FactorNet for planted sites; `data` differ."""
    one = {"signal": str(files.signal), "peaks": str(files.peaks)} if "meta" not in data else {}
    return TrainConfig(
        name="test/CTCF",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=Architecture("factornet", SMALL),
        chromosomes=training.SPLIT,
        optimizer=Optimizer("factornet", 0.01),
        data=BinsData(**{"factors": ("CTCF",), "track_specs": (spec(),), **one, **data}),
        batch_size=32,
        epochs=2,
    )


def of_cells(files: synthetic.Synthetic, **data: object) -> TrainConfig:
    """Two cell types with a number each, and a flag."""
    folder = files.peaks.parent
    more = {"meta": str(folder / "cells.tsv"), "covariates": ("depth",), "flags": {"marked": str(folder / "flag.bed")}}
    return config(files, **{**more, **data})


def batches_of(task: BinsTask, part: str = "training") -> BinTraining:
    return task.batches(part, task.slabs(part, task.plans[part], progress=False))


def places(batches: BinTraining, epoch: int, task: BinsTask) -> list[tuple[int, str, int, int]]:
    """(cell type, chromosome, start of the bin, label) of every window of an epoch, found by what the network reads."""
    order, shifts, negatives, _ = batches._epoch(epoch)
    own, count = task.bins["training"], len(task.bins["training"])
    found = []
    for row in order.tolist():
        bins, at, by = (own, row, shifts[row]) if row < count else (negatives, row - count, 0)
        chrom = task._layout.chromosomes[bins.chroms[at]]
        found.append((int(bins.cells[at]), chrom, int(bins.starts[at] + by), int(bins.labels[at, 0])))
    return found


def test_every_bin_with_a_peak_once_and_others_drawn_anew(files: synthetic.Synthetic):
    """Two for each, of its cell type, outside of the relaxed peaks and 200 bp around them, none on another."""
    task = BinsTask(of_cells(files, negatives_per_positive=2), 1002, ONE)
    batches, folder = batches_of(task), files.peaks.parent
    peaks = [bed.read(folder / f"{name}.bed") for name in ("even", "odd")]
    relaxed = [bed.read(files.peaks), peaks[1]]
    epochs = [places(batches, epoch, task) for epoch in (0, 1)]
    own = [sum(peak.chrom == "chr1" for peak in mine) for mine in peaks]
    assert task.windows == {"training": 3 * sum(own)}
    for found in epochs:
        assert {chrom for _, chrom, _, _ in found} == {"chr1"}  # not those of validation and test
        near = [(cell, start) for cell, _, start, label in found if label]
        assert [sum(cell == number for cell, _ in near) for number in (0, 1)] == own
        for cell, start in near:
            assert max(min(start + 200, p.end) - max(start, p.start) for p in peaks[cell] if p.chrom == "chr1") >= 76
        far = [(cell, start) for cell, _, start, label in found if not label]
        assert [sum(cell == number for cell, _ in far) for number in (0, 1)] == [2 * count for count in own]
        for cell, start in far:
            assert all(start + 200 <= p.start - 200 or start >= p.end + 200 for p in relaxed[cell] if p.chrom == "chr1")
            assert 1002 <= start <= LENGTHS["chr1"] - 1202
        assert np.diff(np.sort([start for _, start in far])).min() >= 200
    sides = [{(cell, start) for cell, _, start, label in found if not label} for found in epochs]
    assert not sides[0] & sides[1]
    moved = [sorted(start for _, _, start, label in found if label) for found in epochs]
    assert moved[0] != moved[1]
    assert places(batches_of(task), 1, task) == epochs[1]


def test_what_the_network_reads_of_a_bin(files: synthetic.Synthetic):
    """DNA and the cell type's own track around the bin's middle, its number, and whether this bin is marked."""
    task = BinsTask(of_cells(files), 1002, ONE)
    batches, folder = batches_of(task), files.peaks.parent
    marked, genome = bed.read(folder / "flag.bed"), Genome(files.genome)
    signals = [zoo.Signal(path) for path in (files.signal, files.others[0])]
    seen = [batches.batch(step) for step in range(batches.steps, 2 * batches.steps)]
    x, numbers = (np.concatenate([step[0][name] for step in seen]) for name in ("window", "covariates"))
    y = np.concatenate([step[1] for step in seen])
    assert len(x) == task.windows["training"]
    for row, (cell, chrom, start, label) in enumerate(places(batches, 1, task)):
        window = start - 401, start + 601
        assert np.array_equal(x[row, :, 4], signals[cell].values(chrom, *window))
        codes = genome.codes(chrom, *window)
        assert np.array_equal(x[row, :, :4], np.eye(5, dtype=np.float32)[codes][:, :4])
        flag = any(p.chrom == chrom and p.start < start + 200 and start < p.end for p in marked)
        assert numbers[row].tolist() == [[0.25, -2.0][cell], float(flag)]
        assert y[row] == label
    assert 0 < numbers[:, 1].mean() < 1


def test_validation_is_not_moved_and_stays(files: synthetic.Synthetic):
    task = BinsTask(config(files, validation_negatives=3), 1002, ONE)
    peaks = [peak for peak in bed.read(files.peaks) if peak.chrom == "chr2"]
    found = task.bins["validation"]
    bound = found.labels[:, 0] == 1
    assert found.starts[bound].tolist() == [(peak.start + peak.end) // 2 - 100 for peak in peaks]
    assert bound.sum() * 4 == len(found)
    assert {task._layout.chromosomes[number] for number in found.chroms} == {"chr2"}
    assert not found.shifts.any()
    again = BinsTask(config(files, validation_negatives=3), 1002, ONE).bins["validation"]
    assert np.array_equal(found.starts, again.starts)
    evaluation = batches_of(task, "validation")
    labels = [evaluation.batch(step)[1] for step in range(evaluation.steps)]
    assert np.array_equal(np.concatenate(labels), found.labels)


def test_several_factors_on_the_grid(files: synthetic.Synthetic):
    """One that was not measured in a cell type is unknown there; bins begin at multiples of 50, moved by up to 20."""
    meta = str(files.peaks.parent / "factors.tsv")
    task = BinsTask(config(files, meta=meta, factors=("X", "Y"), positives="grid"), 1002, MASKED)
    found = task.bins["training"]
    assert not (found.starts % 50).any()
    assert set(map(tuple, found.shifts.tolist())) == {(-20, 20)}
    assert {tuple(row) for row in found.labels[found.cells == 0].tolist()} == {(1, 0), (0, 1)}
    assert {tuple(row) for row in found.labels[found.cells == 1].tolist()} == {(1, -1)}
    _, y = batches_of(task).batch(0)
    assert y.shape == (32, 1, 2)
    drawn = task.negatives["training"].draw(np.random.default_rng(0))
    assert {tuple(row) for row in drawn.labels[drawn.cells == 1].tolist()} == {(0, -1)}


def test_unbound_bins_lie_on_the_grid_and_are_half_of_each_batch(files: synthetic.Synthetic):
    """DeepGRN: none shares a base with a relaxed peak."""
    task = BinsTask(config(files, positives="grid", shift=0, negatives_from="unbound"), 1002, ONE)
    drawn = task.negatives["training"].draw(np.random.default_rng(0))
    assert not (drawn.starts % 50).any()
    assert len(np.unique(drawn.starts)) == len(drawn) == len(task.bins["training"])
    peaks = [peak for peak in bed.read(files.peaks) if peak.chrom == "chr1"]
    assert all(start + 200 <= p.start or start >= p.end for start in drawn.starts.tolist() for p in peaks)
    batches = batches_of(task)
    assert {int(batches.batch(step)[1].sum()) for step in range(batches.steps - 1)} == {16}


def test_bins_on_the_blacklist_are_left_out_and_counted(files: synthetic.Synthetic, tmp_path: Path):
    first = next(peak for peak in bed.read(files.peaks) if peak.chrom == "chr1")
    (tmp_path / "b.bed").write_text(f"chr1\t{first.start}\t{first.end}\n")
    task = BinsTask(config(files, blacklist=(str(tmp_path / "b.bed"),)), 1002, ONE)
    assert task.left_out == {"at an end": 0, "blacklisted": 1}
    free = task.negatives["training"].rooms[0]
    starts = free.places(np.arange(free.count))
    assert not ((starts + 200 > first.start - 1002) & (starts < first.end + 1002)).any()


def write_bed(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("peaks", "error", "said"),
    [
        ("chr2\t5000\t5300\n", InputError, "must be a bin with a peak on the training chromosomes.*peaks=0, bins=0"),
        ("chr1\t5000\t5300\n", InputError, "must be a bin with a peak on the validation chromosomes"),
        ("chr1\t100\t300\nchr2\t50\t90\n", InputError, "on the training.*peaks=1, bins=1, at an end=1"),
        ("chr1\t5000\t5000300\n", GenomeMismatch, "must end within their chromosomes.*another assembly"),
        ("chr77\t5000\t5300\n", GenomeMismatch, "must have chromosomes in common"),
    ],
)
def test_peaks_that_cannot_be_learned_from(
    files: synthetic.Synthetic, tmp_path: Path, peaks: str, error: type, said: str
):
    with pytest.raises(error, match=said):
        BinsTask(config(files, peaks=write_bed(tmp_path / "p.bed", peaks)), 1002, ONE)


def test_peaks_too_short_for_the_grid(files: synthetic.Synthetic, tmp_path: Path):
    path = write_bed(tmp_path / "p.bed", "chr1\t5000\t5001\nchr2\t5000\t5001\n")
    with pytest.raises(InputError, match=r"peaks=1, bins=0.*Peaks must have more than 100 bp.*slop widens them"):
        BinsTask(config(files, peaks=path, positives="grid"), 1002, ONE)
    assert len(BinsTask(config(files, peaks=path, positives="grid", slop=50), 1002, ONE).bins["training"]) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"peaks": None}, r"a table of cell types \(meta\), or peaks"),
        ({"meta": "m.tsv"}, "with a table of cell types .meta., cell_type, peaks, relaxed must be left out"),
        ({"factors": ("A", "B")}, "positives of several factors must be those of the grid; peaks must be those of the"),
        ({"factors": ()}, "factors must be a list of names"),
        ({"signal": {"dgf": "a.bw"}}, "signal must name the files of atac"),
        ({"signal": None}, "signal must name the files of atac"),
        ({"track_specs": (spec(), spec())}, "tracks must have names of their own"),
        ({"track_specs": (spec(), spec("more", "derived", function="log1p", of=("x",)))}, "of tracks that are given"),
        ({"track_specs": (spec(), spec("unique35", "genome"))}, "signal must name the files of unique35, atac"),
        ({"covariates": ("x",), "flags": {"x": "f.bed"}}, "covariates and flags must have names of their own"),
        ({"positives": "all"}, "positives must be one of peaks, grid"),
        ({"negatives_per_positive": 0}, "negatives_per_positive must be a whole number of 1"),
        ({"relaxed": {"OTHER": "r.bed"}}, "relaxed must be of factors that have peaks"),
    ],
)
def test_data_that_do_not_go_together(changes: dict, said: str):
    with pytest.raises(InputError, match=said):
        BinsData(**{"factors": ("T",), "track_specs": (spec(),), "signal": "a.bw", "peaks": "p.bed", **changes})


def test_runs_that_are_refused(files: synthetic.Synthetic, tmp_path: Path):
    run = config(files)
    for changes, said in (
        ({"steps": 5}, "steps must be left out for a model of bins"),
        ({"architecture": Architecture("maxatac", {})}, "the network must be one of factornet, deepgrn, scfan"),
        ({"architecture": Architecture("factornet", {"tracks": 2})}, r"must be those of the data .\{'tracks': 1\}"),
        ({"monitor": "val_dice"}, "monitor must be one of val_loss, val_accuracy, val_auprc"),
    ):
        with pytest.raises(InputError, match=said):
            dataclasses.replace(run, **changes)
    with pytest.raises(InputError, match=r"must be in the genome. Received: missing=\['chr11'\]"):
        BinsTask(dataclasses.replace(run, chromosomes=Split(("chr1",), ("chr11",))), 1002, ONE)
    with pytest.raises(InputError, match="no row of GEPC1 is known for A"):
        BinsTask(of_cells(files, covariates=("GEPC1",)), 1002, ONE)
    table = tmp_path / "cells.tsv"
    table.write_text("Cell_Line\tatac\tPeaks\nA\tgone.bw\tp.bed\n")
    with pytest.raises(InputError, match=r"line 2: atac 'gone.bw' of A.*line 2: Peaks 'p.bed' of A"):
        BinsTask(config(files, meta=str(table)), 1002, ONE)


def test_a_window_that_is_shorter_than_its_bin(files: synthetic.Synthetic):
    with pytest.raises(InputError, match=r"must have the 200 bp of its bin. Received: bp=190"):
        BinsTask(config(files), 190, ONE)


def test_a_track_of_another_recipe_is_warned_of_before_the_run(files: synthetic.Synthetic):
    """`dgf` has a mean of about 1 / read length; this one is smoothed coverage over its percentile."""
    run = config(files, track_specs=(spec("dgf"),), signal={"dgf": str(files.signal)})
    with pytest.warns(zoo.errors.ZooWarning, match=r"atac.bw: .*dgf"):
        BinsTask(run, 1002, ONE)


def test_known_rows_and_arguments_of_networks(files: synthetic.Synthetic):
    run = config(files, cell_type="HepG2", covariates=("GEPC1", "GEPC2"))
    assert run.architecture.config == {**SMALL, "tracks": 1, "covariates": 2}
    task = BinsTask(run, 1002, ONE)
    assert task.cells[0].covariates == (-0.1790349, 0.13999504)
    eight = config(files, cell_type="HepG2", covariates=tuple(f"GEPC{number}" for number in range(1, 9)))
    [table] = BinsTask(eight, 1002, ONE).spec({}).input.covariate_tables
    assert len(table.rows) == 13
    [own] = BinsTask(of_cells(files), 1002, ONE).spec({}).input.covariate_tables
    assert (own.covariates, own.rows) == (("depth",), {"A": (0.25,), "B": (-2.0,)})


def windows_at_sites(files: synthetic.Synthetic, chrom: str, length: int) -> np.ndarray:
    """Around all sites: bound, open without the word, closed with it, in turn."""
    genome, signal, sites = Genome(files.genome), zoo.Signal(files.signal), range(4000, length - 4000, 4000)
    windows = np.zeros((len(sites), 1002, 5), np.float32)
    for row, site in enumerate(sites):
        windows[row, :, :4] = np.eye(5)[genome.codes(chrom, site - 501, site + 501)][:, :4]
        windows[row, :, 4] = signal.values(chrom, site - 501, site + 501)
    return windows


def test_a_network_learns_planted_sites(tmp_path: Path):
    """On a chromosome that it has not seen: neither the word nor open chromatin alone, but both."""
    made = synthetic.make(tmp_path, {"chr1": 800_000, "chr2": 60_000, "chr3": 240_000})
    run = dataclasses.replace(config(made, negatives_per_positive=4), chromosomes=Split(("chr1",), ("chr2",)))
    run = dataclasses.replace(run, epochs=25, monitor="val_loss")
    TrainingRun(run).train(tmp_path / "run")
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert model.check().passed
    windows = windows_at_sites(made, "chr3", 240_000)
    scores = model.predict(windows)[:, 0]
    bound, opened, closed = (scores[kind::3] for kind in range(3))
    assert np.mean(bound[:, None] > opened) > 0.9
    assert np.mean(bound[:, None] > closed) > 0.9
    found = model.attribute(windows[:6:3], seed=0)
    assert found.largest_error < 1e-3
    near = np.abs(found.values).sum(axis=-1)[:, 501 - 12 : 501 + 12].sum(axis=1)
    assert (near > 0.3 * np.abs(found.values).sum(axis=(1, 2))).all()  # of 1,002 bp, the word's 19 and those beside it


def of_bases(files: synthetic.Synthetic, **data: object) -> TrainConfig:
    """A small Leopard, of two cell types, with the difference to their average."""
    folder = files.peaks.parent
    delta = spec("delta", "derived", function="difference", of=("atac", "average"))
    values = {
        "factor": "CTCF",
        "track_specs": (spec(), delta),
        "source_specs": (spec("average", "genome"),),
        "meta": str(folder / "cells.tsv"),
        "signal": {"average": str(files.others[0])},
        "validation_windows": 12,
    }
    return TrainConfig(
        name="test/LEOPARD",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=Architecture("leopard", {"filters": 4, "window": 1024}),
        chromosomes=training.SPLIT,
        optimizer=Optimizer("maxatac"),
        data=BasesData(**{**values, **data}),
        batch_size=8,
        epochs=3,
        steps=4,
        monitor="epoch",
    )


BASES = {"binding": (1024,)}


def test_cell_types_and_chromosomes_of_bases(files: synthetic.Synthetic):
    """Trained on one, validated on another, on chromosomes of their own; without one named, all are both."""
    task = BasesTask(of_bases(files, validation_cell="B"), 1024, BASES)
    assert task.chosen == {"training": [0], "validation": [1]}
    assert [list(plan.starts) for plan in task.plans.values()] == [["0 chr1"], ["1 chr2"]]
    assert (task.plans["validation"].size, task.windows) == (12, {"training": 32})
    x, y = batches_of(task, "validation").batch(0)
    own = zoo.Signal(files.others[0])
    starts = task.plans["validation"].starts["1 chr2"]
    assert np.array_equal(x[0, :, 4], own.values("chr2", int(starts[0]), int(starts[0]) + 1024))
    assert not x[..., 5].any()  # the average is that of this very sample here
    odd = [peak for peak in bed.read(files.peaks.parent / "odd.bed") if peak.chrom == "chr2"]
    places = starts[:8, None] + np.arange(1024)
    assert np.array_equal(y, np.any([(places >= p.start) & (places < p.end) for p in odd], axis=0))
    assert task.chosen != BasesTask(of_bases(files), 1024, BASES).chosen
    spec_ = task.spec({})
    assert (spec_.prediction.stride, spec_.prediction.trim, spec_.prediction.views) == (512, 100, ("forward",))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"validation_cell": "C"}, r"validation_cell must name a cell type of the run.*\['A', 'B'\]"),
        ({"trim": 256}, "trim must leave more than half of a window"),
        ({"peaks": "chr2\t100\t300\n"}, "must be a peak on the training chromosomes.*peaks elsewhere=1"),
        ({"peaks": "chr9\t100\t300\n"}, "must have chromosomes in common"),
    ],
)
def test_bases_that_are_refused(files: synthetic.Synthetic, tmp_path: Path, changes: dict, said: str):
    if "peaks" in changes:
        signal = {"atac": str(files.signal), "average": str(files.signal)}
        changes = {"meta": None, "signal": signal, "peaks": write_bed(tmp_path / "p.bed", changes["peaks"])}
    with pytest.raises(InputError, match=said):
        BasesTask(of_bases(files, **changes), 1024, BASES)


def test_networks_and_data_of_bases(files: synthetic.Synthetic):
    with pytest.raises(InputError, match="must predict one number for each bp of its window"):
        BasesTask(of_bases(files), 1024, {"binding": (32,)})
    for changes, said in (
        ({"validation_cell": "A", "meta": None, "peaks": "p.bed"}, "validation_cell must go with a table"),
        ({"scale": (1.2, 0.9)}, "scale must be two numbers above 0, the lower first"),
        ({"signal": None}, r"signal must name the files of average .those of cell types are in their table"),
    ):
        with pytest.raises(InputError, match=said):
            of_bases(files, **changes)
    with pytest.raises(InputError, match=r"steps .of an epoch. must be given for a model of bases"):
        dataclasses.replace(of_bases(files), steps=None)
    long = dataclasses.replace(of_bases(files), architecture=Architecture("leopard", {"window": 1 << 18}))
    with pytest.raises(InputError, match=r"as long as a window, 262,144 bp. Received: chr1=240000"):
        BasesTask(long, 1 << 18, {"binding": (1 << 18,)})


def test_the_last_epoch_of_bases_is_kept_with_a_falling_rate(files: synthetic.Synthetic, tmp_path: Path):
    """Whatever its loss; 0.001 / (1 + 1e-5 · step)."""
    result = TrainingRun(of_bases(files, validation_cell="B")).train(tmp_path / "run")
    assert (result.best_epoch, result.best) == (3, 3.0)
    rates = [row["learning_rate"] for row in result.rows]
    assert rates == pytest.approx([1e-3 / (1 + 1e-5 * steps) for steps in (4, 8, 12)], rel=1e-6)
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert model.check().passed
    assert "epoch 3 of 3 is the last one, validated on chr2" in (tmp_path / "run" / "model" / "README.md").read_text()
    assert set(model.spec.metrics) >= {"average precision", "positive bins"}
    tracks = {"atac": files.signal, "average": files.others[0]}
    found = model.predict(genome=files.genome, signal=tracks, regions="chr3:20,001-22,000")
    assert np.isfinite(found[0].scores).all()


def test_the_rate_after_many_steps():
    assert float(maxatac_adam(1e-3).learning_rate) == pytest.approx(1e-3)
    schedule = maxatac_adam(1e-3)._learning_rate
    assert float(schedule(5000)) == pytest.approx(1e-3 / 1.05, rel=1e-6)


def test_unknown_labels_do_not_count(files: synthetic.Synthetic):
    """Of the loss: the mean over the known ones. Of accuracy: of two that are known one is right."""
    task = BinsTask(config(files), 1002, ONE)
    y, p = np.array([[1.0], [0.0], [-1.0]], np.float32), np.array([[0.8], [0.6], [0.9]], np.float32)
    losses = np.asarray(task.loss(y, p))
    assert losses.mean() == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2, rel=1e-5)
    assert losses[2] == 0
    metrics = task.metrics()
    for metric in metrics.values():
        metric.update_state(y, p)
    assert float(metrics["accuracy"].result()) == pytest.approx(0.5)
    assert float(metrics["loss"].result()) == pytest.approx(losses.mean(), rel=1e-5)
    assert float(metrics["auprc"].result()) == pytest.approx(1.0, abs=1e-3)


def test_kernels_begin_with_a_motif(files: synthetic.Synthetic, tmp_path: Path):
    """ACG in the middle of kernels of 6 bp, from either strand; the other kernels and all tracks stay."""
    motif = np.full((4, 3), 1e-9)
    motif[[0, 1, 2], [0, 1, 2]] = 1
    random = np.random.default_rng(0).normal(size=(6, 5, 3)).astype(np.float32)
    found = with_motif(random, motif)
    assert np.array_equal(found[..., 2], random[..., 2])
    assert not found[[0, 4, 5]][..., :2].any()
    assert not found[:, 4, :2].any()
    low = np.float32(np.log2(4e-3))
    assert found[1:4, :4, 0] == pytest.approx(np.where(np.eye(4)[[0, 1, 2]], 2, low))
    assert found[1:4, :4, 1] == pytest.approx(np.where(np.eye(4)[[1, 2, 3]], 2, low))  # CGT
    assert with_motif(random[:2], motif)[:, :4, 0].argmax(axis=1).tolist() == [0, 1]
    write_motifs(tmp_path / "m.meme", {"CTCF.H12": motif})
    run = config(files, motifs=str(tmp_path / "m.meme"))
    kernel = TrainingRun(run)
    kernel = kernel.trainer(kernel.task.shapes(), kernel.task.shapes(), Path()).network.get_layer("convolution")
    assert kernel.get_weights()[0][8:11, :4, 0].argmax(axis=1).tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="motifs must be left out of a run that begins with the weights of a model"):
        dataclasses.replace(run, start_from="x/Y")
    write_motifs(tmp_path / "m.meme", {"MAX": motif})
    with pytest.raises(InputError, match="CTCF"):
        BinsTask(run, 1002, ONE)


def test_factornets_adam(files: synthetic.Synthetic):
    run = TrainingRun(config(files))
    optimizer = run.trainer(run.task.shapes(), run.task.shapes(), Path()).optimizer
    found = (optimizer.epsilon, optimizer.beta_1, optimizer.beta_2, float(optimizer.learning_rate))
    assert found == pytest.approx((1e-8, 0.9, 0.999, 0.01))


def test_a_run_goes_on_as_if_it_had_not_been_interrupted(
    files: synthetic.Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """In the middle of the second epoch; a model of two cell types, a number and a flag, which then predicts."""
    run = dataclasses.replace(of_cells(files, negatives_per_positive=2), checkpoint_steps=1)
    run = dataclasses.replace(run, chromosomes=Split(("chr1",), ("chr2",)))
    TrainingRun(run).train(tmp_path / "whole")
    batch, seen = BinTraining.batch, []

    def failing(self, step: int, *more: int):
        seen.append(step)
        if step == self.steps + 1 and seen.count(step) == 1:
            raise OSError(28, "no space left on device")
        return batch(self, step, *more)

    monkeypatch.setattr(BinTraining, "batch", failing)
    with pytest.raises(Exception, match="no space left"):
        TrainingRun(run).train(tmp_path / "cut")
    assert training.progress(tmp_path / "cut")["step"] > 0
    TrainingRun(run).train(tmp_path / "cut", resume=True)
    one, two = (training.weights(tmp_path / name) for name in ("whole", "cut"))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    model = zoo.load((tmp_path / "cut" / "model").resolve())
    given = {"genome": files.genome, "signal": files.signal, "regions": "chr3:20,001-21,000"}
    flag = str(files.peaks.parent / "flag.bed")
    cells = {"cell_type": "B"}, {"depth": -2}
    by_name, by_number = (model.predict(**given, covariates={**cell, "marked": flag})[0].scores for cell in cells)
    assert np.array_equal(by_name, by_number)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("factornet", ("bins", 100, 100, 20, "val_loss", "factornet", 420)),
        ("deepgrn", ("bins", 64, 60, 5, "val_accuracy", "adam", 0)),
        ("scfan", ("bins", 100, 100, 20, "val_loss", "factornet", 420)),
        ("leopard", ("bases", 100, 5, None, "epoch", "maxatac", 0)),
    ],
)
def test_published_settings(name: str, expected: tuple):
    """Of the specifications; chr11 is for validation, chr1, chr8 and chr21 are not touched."""
    kind = expected[0]
    signal = {"average": "a.bw"} if name == "leopard" else {"unique35": "u.bw"}
    run = TrainConfig.read(CONFIGS / f"{name}.yaml", genome="/g", **{kind: {"meta": "m.tsv", "signal": signal}})
    found = run.kind, run.batch_size, run.epochs, run.patience, run.monitor, run.optimizer.name, run.seed
    assert found == expected
    assert (run.architecture.name, run.optimizer.learning_rate) == (name, 1e-3)
    assert run.chromosomes.test == ("chr1", "chr8", "chr21")
    every = {f"chr{number}" for number in (*range(1, 23), "X")}
    if name == "leopard":
        assert (run.steps, run.data.scale, run.data.trim) == (1000, (0.9, 1.15), 100)
        assert [len(part) for part in (run.chromosomes.train, run.chromosomes.validation)] == [10, 10]
        return
    assert run.chromosomes.validation == ("chr11",)
    assert {*run.chromosomes.train, "chr11", *run.chromosomes.test} == every
    assert run.data.negatives_per_positive == 1
    assert (run.data.positives, run.data.negatives_from, run.data.shift, run.data.validation_negatives) == {
        "factornet": ("peaks", "anywhere", None, None),
        "deepgrn": ("grid", "unbound", 0, 19),
        "scfan": ("grid", "anywhere", 20, None),
    }[name]


def options(*arguments: str):
    return command.add_options(argparse.ArgumentParser()).parse_args(arguments)


def test_the_command_line(files: synthetic.Synthetic, tmp_path: Path):
    path = training.write(config(files), tmp_path / "run.json")
    named = command.configure(path, options("--factors", "MAX", "--signal", "atac=new.bw"), {})
    assert (named.name, named.data.factors) == ("test/MAX", ("MAX",))
    assert named.data.signal == {"atac": str(Path("new.bw").absolute())}
    plain = command.configure(path, options("--signal", "new.bw", "--negatives-per-positive", "5"), {})
    assert (plain.data.signal, plain.data.negatives_per_positive) == (str(Path("new.bw").absolute()), 5)
    table = command.configure(
        CONFIGS / "factornet.yaml",
        options("--genome", "g.2bit", "--meta", "m.tsv", "--signal", "unique35=u.bw", "--factors", "CTCF"),
        {},
    )
    assert (table.name, table.data.signal) == ("factornet-retrained/CTCF", {"unique35": str(Path("u.bw").absolute())})
    for arguments, said in (
        (("--signal", "a=x.bw", "a=y.bw"), "Each of several tracks must be given by its name"),
        (("--signal", "a=x.bw", "y.bw"), "Each of several tracks must be given by its name"),
        (("--factor", "MAX"), r"must be those of its kind, bins. Received: --factor='MAX'"),
    ):
        with pytest.raises(InputError, match=said):
            command.configure(path, options(*arguments), {})
    assert json.loads(path.read_text())["bins"]["factors"] == ["CTCF"]
    assert TrainConfig.read(path) == config(files)


def test_a_model_of_several_factors_and_cell_types(files: synthetic.Synthetic, tmp_path: Path):
    """scFAN: metrics of each factor in each cell type that has it; no thresholds; a track for each factor."""
    folder = files.peaks.parent
    run = config(files, meta=str(folder / "factors.tsv"), factors=("X", "Y"), positives="grid")
    small = {"filters": (4, 4, 4), "hidden": 8, "outputs": None}
    run = dataclasses.replace(run, architecture=Architecture("scfan", small), epochs=1)
    assert run.architecture.config == {**small, "tracks": 1, "outputs": 2}
    TrainingRun(run).train(tmp_path / "run")
    model = zoo.load((tmp_path / "run" / "model").resolve())
    assert model.check().passed
    measured = {name.removeprefix("AUPR ") for name in model.spec.metrics if name.startswith("AUPR")}
    assert measured == {"(X, A)", "(Y, A)", "(X, B)"}
    assert model.spec.output.tracks == ("X", "Y")
    found = model.predict(genome=files.genome, signal=files.signal, regions="chr3:20,001-21,000", track="Y")
    assert ((found[0].scores >= 0) & (found[0].scores <= 1)).all()


@pytest.mark.slow
def test_deepgrn_by_its_accuracy(files: synthetic.Synthetic, tmp_path: Path):
    """Its networks read the cell type's numbers and flags after the first dense layer."""
    run = of_cells(files, positives="grid", shift=0, negatives_from="unbound")
    network = {"filters": 4, "units": 2, "hidden": 4}
    run = dataclasses.replace(run, architecture=Architecture("deepgrn", network), epochs=1, monitor="val_accuracy")
    run = dataclasses.replace(run, chromosomes=Split(("chr1",), ("chr2",)), optimizer=Optimizer("adam"))
    assert run.architecture.config == {**network, "tracks": 1, "covariates": 2}
    result = TrainingRun(run).train(tmp_path / "run")
    assert 0 <= result.best <= 1
    assert zoo.load((tmp_path / "run" / "model").resolve()).check().passed

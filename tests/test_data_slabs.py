"""Windows in memory and the training items made of them, against the arrays of the authors' package and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data.accessibility import AccessibilityEvaluation, AccessibilityTraining
from zoo.data.pipeline import dataset
from zoo.data.slabs import Slabs, bases_outside, maxima
from zoo.data.windows import EVALUATION, ROBUSTNESS, TRAINING, Layout, tiled
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome

THEIRS = np.array([0, 2, 1, 3, 4])  # A, G, C, T, N as ours


@pytest.fixture(scope="module")
def signal(asap_data: Path) -> zoo.Signal:
    return zoo.Signal(asap_data / "inputs" / "signal.bw")


@pytest.fixture(scope="module")
def training(asap_data: Path, asap_genome: Genome, signal: zoo.Signal) -> Slabs:
    """The training slabs of the goldens, with mappability."""
    starts = {"chr3": np.load(asap_data / "arrays_train_chr3.npz")["starts"]}
    return Slabs(
        asap_genome,
        [maxima(signal), bases_outside(bed.read(asap_data / "inputs" / "unmappable.bed"))],
        starts,
        TRAINING,
    )


@pytest.mark.parametrize(
    ("name", "layout"),
    [("train", TRAINING), ("val", EVALUATION), ("peak", EVALUATION), ("robustness_wg", ROBUSTNESS)],
)
def test_arrays_of_the_original(asap_data: Path, asap_genome: Genome, signal: zoo.Signal, name: str, layout: Layout):
    """Bases and bins, which the authors round to half precision."""
    golden = np.load(asap_data / f"arrays_{name}_chr3.npz")
    slabs = Slabs(asap_genome, [maxima(signal)], {"chr3": golden["starts"]}, layout)
    codes, bins = slabs.read(np.arange(slabs.size), layout.slab)
    assert np.array_equal(codes, THEIRS[golden["x_idx"]])
    core = bins[:, layout.margin // 4 : (layout.margin + layout.core) // 4]
    assert np.array_equal(core.astype(np.float16), golden["y"][..., 0].astype(np.float16))
    np.testing.assert_allclose(core, golden["y"][..., 0], rtol=2**-11)


def test_mappable_bases_of_the_original(asap_data: Path, training: Slabs):
    """Theirs are one number per base; ours the share of each bin, which lines up with what the head answers."""
    golden = np.load(asap_data / "arrays_train_chr3.npz")["mappable"]
    share = training.read(np.arange(training.size), 4096)[2] / np.float32(4)
    assert 0 < share.mean() < 1
    assert np.array_equal(share, golden.reshape(len(golden), 1024, 4).mean(axis=2, dtype=np.float32))


def test_bins_of_the_original(asap_data: Path, asap_genome: Genome, signal: zoo.Signal):
    golden = np.load(asap_data / "binning.npz")
    slabs = Slabs(asap_genome, [maxima(signal)], {"chr3": golden["start"][None]}, Layout(2048, 0, 2048))
    bins = slabs.read(np.array([0]), 2048)[1][0]
    raw = np.nan_to_num(golden["raw_float32"]).reshape(512, 4)
    assert np.array_equal(bins, raw.max(axis=1))
    np.testing.assert_allclose(np.log1p(bins), golden["bin4_max_log1p"], rtol=1e-3)


def test_items_of_the_original(asap_data: Path, training: Slabs):
    """With their shifts and strands; and mappability turned with its window, which theirs is not (spec, §4)."""
    golden = np.load(asap_data / "augmentation.npz")
    for number, item in enumerate(json.loads((asap_data / "augmentation.json").read_text())["items"]):
        turned = np.array([item["reverse_complement"]])
        row, shift = np.array([item["index"]]), np.array([item["shift_bins"]])
        codes, bins, share = training.read(row, 2048, shift, turned)
        one_hot = np.eye(5, dtype=np.uint8)[codes[0]][:, [0, 2, 1, 3]]
        assert np.array_equal(one_hot, golden["items_x"][number])
        np.testing.assert_allclose(np.log1p(bins[0]), golden["items_y"][number, :, 0], rtol=1e-3)
        theirs = golden["items_mappable"][number, :, 0].reshape(512, 4).mean(axis=1)
        assert np.array_equal(share[0] / 4, theirs[::-1] if turned[0] else theirs)


def test_windows_that_overlap_are_kept_once(asap_genome: Genome, signal: zoo.Signal):
    starts = tiled(asap_genome, "chr1", TRAINING)
    slabs = Slabs(asap_genome, [maxima(signal)], {"chr1": starts}, TRAINING)
    bases = starts[-1] + 4096 - starts[0]
    assert slabs.nbytes == bases + bases // 4 * 4 + 8 * len(starts)
    assert slabs.nbytes < len(starts) * 4096


def test_windows_of_any_phase(asap_genome: Genome, signal: zoo.Signal):
    """Bins are counted from each window's own start."""
    starts = np.array([9000, 9001, 9400, 12002, 9003])
    slabs = Slabs(asap_genome, [maxima(signal)], {"chr2": starts, "chr3": np.array([5000])}, Layout(400, 8, 1))
    codes, bins = slabs.read(np.array([4, 1, 5]), 416)
    for row, (chrom, start) in enumerate([("chr2", 9003), ("chr2", 9001), ("chr3", 5000)]):
        assert np.array_equal(codes[row], asap_genome.codes(chrom, start - 8, start + 408))
        expected = signal.values(chrom, start - 8, start + 408).reshape(-1, 4).max(axis=1)
        assert np.array_equal(bins[row], expected)


def test_bins_divide_the_windows(asap_genome: Genome, signal: zoo.Signal):
    with pytest.raises(InputError, match="Bins must divide the windows"):
        Slabs(asap_genome, [maxima(signal)], {"chr1": np.array([5000])}, TRAINING, bin_size=5)
    with pytest.raises(InputError, match="at least one window"):
        Slabs(asap_genome, [maxima(signal)], {"chr1": np.array([], int)}, TRAINING)


def test_every_slab_once_per_epoch_and_the_same_with_one_seed(training: Slabs, monkeypatch: pytest.MonkeyPatch):
    pipeline = AccessibilityTraining(training, batch_size=4, seed=7)
    assert (training.size, pipeline.steps) == (15, 4)
    read, rows = Slabs.read, []
    with monkeypatch.context() as patch:
        patch.setattr(
            Slabs, "read", lambda slabs, numbers, *more: (rows.extend(numbers), read(slabs, numbers, *more))[1]
        )
        assert [len(pipeline.batch(step)[0]) for step in range(8)] == [4, 4, 4, 3] * 2
    first, second = rows[:15], rows[15:]
    assert sorted(first) == sorted(second) == list(range(15))
    assert first != second
    again = AccessibilityTraining(training, batch_size=4, seed=7)
    for step in (6, 2, 6):
        (x, y), (other_x, other_y) = pipeline.batch(step), again.batch(step)
        assert np.array_equal(x, other_x)
        assert all(np.array_equal(y[name], other_y[name]) for name in ("accessibility", "mappability"))
    assert not np.array_equal(pipeline.batch(2)[0], AccessibilityTraining(training, batch_size=4, seed=8).batch(2)[0])
    assert not np.array_equal(pipeline.batch(0)[0], pipeline.batch(4)[0])


def test_workers_share_the_rows_of_a_step(training: Slabs):
    """All have as many: of five rows the first comes twice."""
    pipeline = AccessibilityTraining(training, batch_size=5)
    whole = pipeline.batch(1)[0]
    parts = [pipeline.batch(1, worker, 2)[0] for worker in (0, 1)]
    assert np.array_equal(whole[::2], parts[0])
    assert np.array_equal(whole[[1, 3, 0]], parts[1])


def test_shifts_and_strands_are_those_of_the_original(asap_genome: Genome, signal: zoo.Signal):
    """0 to 512 bins, both ends included; half of the windows turned."""
    layout, start = Layout(4096, 0, 1024), np.array([21_000])
    slabs = Slabs(asap_genome, [maxima(signal)], {"chr1": np.repeat(start, 4000)}, layout)
    x = AccessibilityTraining(slabs, batch_size=4000, seed=1).batch(0)[0]
    codes = x.argmax(axis=-1).astype(np.uint8)
    whole = asap_genome.codes("chr1", 21_000, 25_096)
    places = {whole[4 * shift : 4 * shift + 2048].tobytes(): shift for shift in range(513)}
    shifts = [places.get(row.tobytes()) for row in codes]
    forward = [shift for shift in shifts if shift is not None]
    assert (min(forward), max(forward)) == (0, 512)
    assert 0.45 < len(forward) / 4000 < 0.55


def test_dataset_goes_on_at_any_step(training: Slabs):
    pipeline = AccessibilityTraining(training, batch_size=4, seed=7)
    for step, (x, targets) in zip(range(2, 9), dataset(pipeline, first_step=2), strict=False):
        expected, answers = pipeline.batch(step)
        assert np.array_equal(x, expected)
        assert np.array_equal(targets["accessibility"], answers["accessibility"])
        assert np.array_equal(targets["mappability"], answers["mappability"])
        assert x.shape[1:] == (2048, 4)


@pytest.mark.parametrize(("name", "layout"), [("val", EVALUATION), ("peak", EVALUATION), ("robustness_wg", ROBUSTNESS)])
def test_evaluation_has_every_window_once(
    asap_data: Path, asap_genome: Genome, signal: zoo.Signal, name: str, layout: Layout
):
    golden = np.load(asap_data / f"arrays_{name}_chr3.npz")
    evaluation = AccessibilityEvaluation(
        Slabs(asap_genome, [maxima(signal)], {"chr3": golden["starts"]}, layout), batch_size=4
    )
    batches = list(dataset(evaluation, last_step=evaluation.steps))
    assert len(batches) == evaluation.steps == -(-len(golden["starts"]) // 4)
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert np.array_equal(x, np.eye(5, dtype=np.float32)[THEIRS[golden["x_idx"]]][..., :4])
    np.testing.assert_allclose(y, np.log1p(golden["y"]), rtol=1e-3)


def test_a_network_trains_on_the_dataset(asap_data: Path, asap_genome: Genome, signal: zoo.Signal):
    from zoo.train.losses import poisson_nll
    from zoo.train.optimizers import asap_adamw

    starts = {"chr3": np.load(asap_data / "arrays_train_chr3.npz")["starts"]}
    pipeline = AccessibilityTraining(Slabs(asap_genome, [maxima(signal)], starts, TRAINING), batch_size=8)
    network = zoo.build("dcnn", filters=8, residual_filters=8, residual_blocks=2, final_filters=16)
    network.compile(asap_adamw(network, 3e-3), poisson_nll)
    history = network.fit(dataset(pipeline), steps_per_epoch=pipeline.steps, epochs=6, verbose=0, shuffle=False)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_intervals_beyond_the_windows_do_not_matter(asap_genome: Genome, signal: zoo.Signal):
    unmappable = [Interval("chr1", 0, 3000), Interval("chr1", 4002, 4003), Interval("chr2", 0, 40_000)]
    slabs = Slabs(
        asap_genome, [maxima(signal), bases_outside(unmappable)], {"chr1": np.array([3000])}, Layout(2048, 0, 1)
    )
    share = slabs.read(np.array([0]), 2048)[2][0]
    assert share[250] == 3
    assert share.sum() == 2047

"""The network of two towers of motifs: what its parts compute, and what a model of it can do."""

from pathlib import Path

import keras
import numpy as np
import pytest
from attributing import explain, off

import zoo
from zoo.architectures import functional
from zoo.architectures.motif_cnn import GIVEN, LEARNED
from zoo.data import synthetic
from zoo.errors import InputError
from zoo.forward.forward import Forward
from zoo.forward.narrowing import narrowed
from zoo.forward.readouts import Selection
from zoo.forward.stretch import Stretch
from zoo.genome.encode import encode, one_hot
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

WINDOW, BIN, STEP = 256, 32, 64
SMALL = {"window": WINDOW, "given": 2, "learned": 4, "motif_width": 9, "filters": 6}


def spec(outputs: int = 1, tracks: int = 1) -> ModelSpec:
    """Of a network that reads so many tracks and predicts so many factors."""
    reads = tuple(TrackSpec("ATAC-seq", 0, 0, None, 0.0, name=f"signal_{number}") for number in range(tracks))
    factors = tuple(f"F{number}" for number in range(outputs)) if outputs > 1 else ()
    return ModelSpec(
        name="test/MOTIFS",
        description="random weights",
        architecture=Architecture("motif_cnn", {**SMALL, "tracks": tracks, "outputs": outputs}),
        input=InputSpec(WINDOW, "none", reads),
        outputs=(OutputSpec(WINDOW // BIN, BIN, 0, "F", "binding", "binding", "binding", tracks=factors),),
        prediction=PredictionSpec(STEP, ("forward", "reverse_complement")),
        metrics={},
        provenance={"source": "tests"},
    )


def model(outputs: int = 1, tracks: int = 1, seed: int = 3) -> zoo.Model:
    """With weights whose predictions depend on sequence, signal and place."""
    made = spec(outputs, tracks)
    keras.utils.set_random_seed(seed)
    network = zoo.build("motif_cnn", **made.architecture.config)
    random = np.random.default_rng(seed)
    for weight in network.weights:
        moved = random.normal(0, 0.3, weight.shape)
        weight.assign_add(np.abs(moved) if "variance" in weight.path else moved)
    x = windows(20, tracks)
    for name in ("given_logits", "learned_logits"):  # in the middle of 0 to 1, and not at an end
        layer = network.get_layer(name)
        kernel, bias = layer.get_weights()
        logits = np.asarray(keras.Model(network.input, layer.output)(x, training=False))
        mean, deviation = logits.mean(axis=(0, 1)), logits.std(axis=(0, 1))
        layer.set_weights([kernel / deviation, (bias - mean) / deviation])
    return zoo.Model(made, network)


def windows(count: int = 3, tracks: int = 1, window: int = WINDOW) -> np.ndarray:
    random = np.random.default_rng(1)
    codes = random.integers(0, 4, (count, window)).astype(np.uint8)
    codes[0, 20:50] = 4
    return np.concatenate([one_hot(codes), random.random((count, window, tracks), np.float32)], axis=-1)


@pytest.fixture(scope="module")
def small() -> zoo.Model:
    return model()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return synthetic.make(tmp_path_factory.mktemp("genome"), {"chr1": 12_003})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"bin_size": 0}, "must be a multiple of 4 bp, and the window one of the bin.*bin_size=0"),
        ({"bin_size": 6}, "multiple of 4 bp"),
        ({"window": 500}, "the window one of the bin.*window=500, bin_size=32"),
        ({"motif_width": 16}, "width of a motif must be odd.*motif_width=16"),
        ({"given": 0}, "Each tower must have at least one kernel. Received: given=0, learned=32"),
        ({"learned": 0}, "at least one kernel"),
        ({"dropout": (0.1,)}, "rate of dropout for each tower"),
        ({"dropout": (0.1, 1.0)}, "of 0 or more and less than 1"),
        ({"outputs": 0}, "must be values that it can be built with"),
        ({"motifs": 3}, "must be among window, tracks, outputs, given"),
    ],
)
def test_arguments_that_cannot_be(config: dict, message: str):
    with pytest.raises(InputError, match=message):
        zoo.build("motif_cnn", **config)


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        ({}, (None, 16)),
        ({"outputs": 10}, (None, 16, 10)),
        ({"window": 1024, "tracks": 0}, (None, 32)),
        ({"bin_size": 256}, (None, 2)),
        ({"window": 32}, (None, 1)),
    ],
    ids=str,
)
def test_shapes(config: dict, shape: tuple):
    network = zoo.build("motif_cnn", **config)
    assert network.output_shape == shape
    assert network.input_shape == (None, config.get("window", 512), 4 + config.get("tracks", 1))


def test_bins_begin_rare():
    """A bias of -5 in both towers: about 1 % in a network of random weights."""
    networks = [zoo.build("motif_cnn") for _ in range(9)]
    for name in ("given_logits", "learned_logits"):
        assert {bias for network in networks for bias in network.get_layer(name).bias.numpy()} == {-5.0}
    found = [np.asarray(network(windows(window=512))) for network in networks]
    assert np.max(found) < 0.2
    assert np.median(found) < 0.02


def test_a_prediction_is_the_mean_of_the_towers_logits(small: zoo.Model):
    heads = [small.network.get_layer(f"{name}_logits").output for name in ("given", "learned")]
    one, other = map(np.asarray, keras.Model(small.network.input, heads)(windows(), training=False))
    found = np.asarray(small.network(windows(), training=False))
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-(one + other)[..., 0] / 2)), rtol=1e-5)
    assert np.abs(one - other).max() > 0.1


def test_while_training_a_window_is_learned_by_one_tower():
    """Gradients of a window reach one tower alone."""
    import tensorflow as tf

    network = zoo.build("motif_cnn", **{**SMALL, "dropout": (0.0, 0.0)})
    reached = []
    for x in windows(8)[:, None]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(network(x, training=True))
        kernels = [network.get_layer(f"{name}_logits").kernel.value for name in ("given", "learned")]
        reached.append([bool(np.abs(found).max() > 0) for found in tape.gradient(loss, kernels)])
    assert {tuple(pair) for pair in reached} == {(True, False), (False, True)}


def test_both_strands_read_the_same_motifs(small: zoo.Model):
    """The scans, and the means of signals, from the last position to the first; an odd number of bins in each mean."""
    names = (GIVEN, LEARNED, "given_signal_96bp", "learned_signal_256bp", "given_around")
    parts = keras.Model(small.network.input, [small.network.get_layer(name).output for name in names])
    x = windows()
    other = np.concatenate([x[:, ::-1, 3::-1], x[:, ::-1, 4:]], axis=-1)
    for one, turned in zip(parts(x, training=False), parts(other, training=False), strict=True):
        np.testing.assert_allclose(np.asarray(turned)[:, ::-1], one, atol=1e-5)


@pytest.mark.parametrize("tracks", [0, 1, 2])
def test_contributions_add_up(tracks: int):
    """DeepLIFT's rules are exact, through both towers; each position has a part."""
    found = explain(model(tracks=tracks).network, windows(tracks=tracks), references="dinucleotide_shuffle", count=3)
    assert (off(found) < 1e-4).all()
    assert np.abs(found.prediction - found.baseline).min() > 1e-3
    assert (found.signal is not None) == bool(tracks)


@pytest.mark.parametrize("method", ["integrated_gradients", "input_x_gradient", "saturation_mutagenesis", "occlusion"])
def test_other_methods_of_attribution(small: zoo.Model, method: str):
    more = {"width": 32} if method == "occlusion" else {}
    found = small.attribute(windows(1), method=method, **more)
    assert np.isfinite(found.values).all()
    assert np.abs(found.values).max() > 1e-5


def test_mutagenesis_is_the_difference_of_predictions(small: zoo.Model):
    """The sum of the bins with the base that is there, less the mean of all four."""
    x = windows(2)[1:]
    found = small.attribute(x, method="saturation_mutagenesis", target="sum")
    sums = []
    for base in range(4):
        changed = x.copy()
        changed[0, 100, :4] = np.eye(4)[base]
        sums.append(float(np.asarray(small.network(changed, training=False)).sum()))
    wanted = sums[int(x[0, 100, :4].argmax())] - np.mean(sums)
    np.testing.assert_allclose(found.values[0, 100].sum(), wanted, rtol=1e-4, atol=1e-5)
    assert np.ptp(sums) > 1e-3


def test_windows_on_a_stretch_give_what_single_windows_give():
    """Both strands; nothing is shared between windows, as means reach beyond them."""
    one, count = model(), 9
    length = WINDOW + (count - 1) * STEP
    random = np.random.default_rng(3)
    codes, signal = random.integers(0, 5, length).astype(np.uint8), random.random(length, np.float32)
    forward = Forward(one.network, one.spec, one.spec.prediction.views)
    along = forward.along(count, STEP)
    assert isinstance(along, Stretch)
    both = [np.stack([row[i : i + WINDOW] for i in range(0, length - WINDOW + 1, STEP)]) for row in (codes, signal)]
    found = along.codes(codes, signal)
    np.testing.assert_allclose(found, forward.codes(*both), atol=2e-6)
    x = np.concatenate([one_hot(both[0]), both[1][..., None]], axis=-1)
    turned = np.concatenate([x[:, ::-1, 3::-1], x[:, ::-1, 4:]], axis=-1)
    strands = [np.asarray(one.network(item, training=False)) for item in (x, turned)]
    np.testing.assert_allclose(found, (strands[0] + strands[1][:, ::-1]) / 2, atol=2e-6)
    assert found.std() > 1e-3


def test_one_of_many_factors_is_that_of_the_whole_head():
    """The last layer is not narrowed, as two of them are averaged: all are computed, and the same numbers come."""
    one = model(outputs=70)
    assert narrowed(one.network, one.spec, Selection.of(one.spec, None, "F7")) is None
    whole = one.predict(windows())
    np.testing.assert_allclose(one.predict(windows(), track="F7"), whole[..., 7], rtol=1e-6)
    np.testing.assert_allclose(one.predict(windows(), track=["F9", "F2"]), whole[..., [9, 2]], rtol=1e-6)


def test_files_of_a_prediction_and_variants(files: synthetic.Synthetic, tmp_path: Path):
    """A chromosome that windows do not divide; a base that is changed to each other one."""
    one = model(outputs=2)
    given = {"genome": files.genome, "signal": {"signal_0": files.signal}}
    whole = one.predict(**given, chromosomes="chr1", output=tmp_path / "p", track=["F0", "F1"])
    assert set(whole.bigwigs) == {"F0", "F1"}
    for path in whole.bigwigs.values():
        values = zoo.Signal(path).values("chr1", 0, 12_003)
        assert np.isfinite(values).all()
        assert values.std() > 0.01
    bases = zoo.Genome(files.genome)
    base = bases.sequence("chr1", 6_000, 6_001)
    other = "A" if base != "A" else "C"
    found = one.score_variants([("chr1", 6_001, base, other)], **given, track="F1", strands="forward")
    x = np.zeros((2, WINDOW, 5), np.float32)
    for row, letter in enumerate((base, other)):
        start = 6_000 - WINDOW // 2
        sequence = bases.sequence("chr1", start, 6_000) + letter + bases.sequence("chr1", 6_001, start + WINDOW)
        x[row, :, :4] = one_hot(encode(sequence))
        x[row, :, 4] = zoo.Signal(files.signal).values("chr1", start, start + WINDOW)
    ref, alt = one.predict(x, track="F1", strands="forward")
    assert abs((alt - ref).sum()) > 1e-3
    assert found.scores["difference"][0] == pytest.approx((alt - ref).sum(), abs=1e-5)


def test_a_folder_and_a_file_of_keras_go_round(small: zoo.Model, tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = small.save(tmp_path / "MOTIFS")
    again = zoo.load(folder)
    assert again.check().passed
    assert np.array_equal(again.predict(windows()), small.predict(windows()))
    small.network.save(tmp_path / "network.keras")
    network = keras.saving.load_model(tmp_path / "network.keras", compile=False)
    assert np.array_equal(network(windows(), training=False), small.network(windows(), training=False))
    from zoo.cli import main

    main(["info", str(folder)])
    assert "8 bins of 32 bp, binding of F" in capsys.readouterr().out


def test_its_layers_are_not_those_of_a_network_as_data(small: zoo.Model):
    """It is found by its name, or not at all."""
    with pytest.raises(InputError, match=r"layer (signal|dna): .*Columns"):
        functional.describe(small.network)

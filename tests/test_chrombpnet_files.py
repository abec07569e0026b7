"""Files of ChromBPNet, kundajelab/bpnet and bpnet-lite give the numbers of the original codes."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import profile_files as files
import pytest

import zoo
from zoo import loading
from zoo.errors import InputError, IntegrityError

WINDOW, OUTPUT = 420, 150
CANARY = "ran.txt"


def windows(count: int = 2, length: int = WINDOW, seed: int = 0) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(seed).integers(0, 4, (count, length))]


def centered(logits: np.ndarray) -> np.ndarray:
    return logits - logits.mean(axis=(1, 2), keepdims=True)


def compare(
    model: zoo.Model, x: object, profile: np.ndarray, counts: np.ndarray, what: str = "", least: float = 0.0
) -> None:
    """Logits after centering to 1e-4, or 4e-6 of their size before it where that is more: those of the yeast networks,
    near -35, are 9.9e-5 off with oneDNN on one processor, 0.0 without it. Counts to 1e-6, relative to at least `least`.
    """
    found = {name: np.asarray(head) for name, head in model.network(x).items()}
    of_profile = np.abs(centered(found["profile"]) - centered(profile)).max()
    of_counts = (np.abs(found["counts"] - counts) / np.maximum(np.abs(counts), least)).max()
    most = max(1e-4, 4e-6 * np.abs(profile).max())
    assert max(of_profile / most, of_counts / 1e-6) <= 1, f"{what}: logits {of_profile:.2g}, counts {of_counts:.2g}"


def agree(model: zoo.Model, x: object, heads: tuple[np.ndarray, np.ndarray], what: str = "") -> None:
    """With a network of random tensors, whose counts are near 0."""
    compare(model, x, *heads, what, least=1.0)


@pytest.fixture(scope="module")
def originals(shared: Path) -> Path:
    return shared / "zoo_weights"


@pytest.fixture(scope="module")
def inputs(originals: Path) -> np.ndarray:
    return one_hot(np.load(originals / "chrombpnet" / "inputs.npz")["index"])


def one_hot(index: np.ndarray) -> np.ndarray:
    return np.eye(5, dtype=np.float32)[index][..., :4]


K562 = [
    ("k562/bias_model_scaled.h5", None, "bias"),
    ("k562/chrombpnet_nobias.h5", None, "nobias"),
    ("k562/chrombpnet.h5", None, "nobias"),
    ("k562/chrombpnet.h5", "accessibility", "nobias"),
    ("k562/chrombpnet.h5", "bias", "bias"),
    ("k562/chrombpnet.h5", "full", "full"),
    ("k562/bpnetlite_chrombpnet.torch", None, "nobias"),
    ("k562/bpnetlite_chrombpnet.torch", "bias", "bias"),
    ("k562/bpnetlite_chrombpnet.torch", "full", "full"),
    ("bias2022/bias.h5", None, "bias"),
    ("yeast/bias_model_scaled.h5", None, "bias"),
    ("yeast/chrombpnet_nobias.h5", None, "nobias"),
    ("yeast/chrombpnet.h5", None, "nobias"),
    ("yeast/chrombpnet.h5", "bias", "bias"),
    ("yeast/chrombpnet.h5", "full", "full"),
]


@pytest.mark.parametrize(("name", "component", "key"), K562)
def test_chrombpnet_as_the_original(originals: Path, inputs: np.ndarray, name: str, component: str | None, key: str):
    path = originals / "chrombpnet" / name
    golden = np.load(path.parent / ("bias_golden.npz" if "bias2022" in name else "golden.npz"))
    x = one_hot(golden["index"]) if "index" in golden else inputs
    model = zoo.load(path, component=component)
    for strand, seen in (("", x), ("rc_", x[:, ::-1, ::-1])):
        logits, counts = golden[f"{key}_{strand}logits"], golden[f"{key}_{strand}logcounts"]
        compare(model, seen, logits[..., None], counts, f"{name} {component} {strand}")


def test_bpnet_lite_as_the_original(originals: Path, inputs: np.ndarray):
    golden = np.load(originals / "bpnet" / "ENCSR000AKO_golden.npz")
    model = zoo.load(originals / "bpnet" / "ENCSR000AKO.torch")
    for strand, x in (("", inputs), ("rc_", inputs[:, ::-1, ::-1])):
        logits = golden[f"{strand}logits"].transpose(0, 2, 1)
        compare(model, x, logits, golden[f"{strand}logcounts"], f"ENCSR000AKO {strand}")
    assert model.spec.output.tracks == ("plus", "minus")


def test_bpnet_lite_with_controls_as_the_original(originals: Path, inputs: np.ndarray):
    golden = np.load(originals / "bpnet" / "bpnetlite_controls_golden.npz")
    model = zoo.load(originals / "bpnet" / "bpnetlite_controls.torch")
    given = {"window": inputs, "controls": golden["control"].transpose(0, 2, 1)}
    for key, x in (("", given), ("no_control_", inputs)):
        logits = golden[f"{key}logits"].transpose(0, 2, 1)
        compare(model, x, logits, golden[f"{key}logcounts"], f"bpnetlite_controls {key}")
    assert model.spec.input.control_bp == 1074


def test_basepairmodels_as_the_original(originals: Path, inputs: np.ndarray):
    golden = np.load(originals / "bpnet" / "basepairmodels_plain_golden.npz")
    model = zoo.load(originals / "bpnet" / "basepairmodels_plain.h5")
    compare(model, inputs, golden["logits"], golden["logcounts"], "plain")
    golden = np.load(originals / "bpnet" / "basepairmodels_controls_golden.npz")
    model = zoo.load(originals / "bpnet" / "basepairmodels_controls.h5")
    controls = np.zeros((*inputs.shape[:2], 2), np.float32)
    controls[:, 557:1557] = golden["profile_bias_input"]
    compare(model, {"window": inputs, "controls": controls}, golden["logits"], golden["logcounts"], "controls")
    counts = model.spec.outputs[1]
    assert (counts.transform, counts.pseudocount, model.spec.input.control_bp) == ("log", 2.0, 1000)


@pytest.mark.parametrize(
    ("filters", "layers", "window", "output"), [(5, 2, 420, 150), (3, 1, 204, 64), (7, 4, 512, 300), (1, 3, 300, 2)]
)
def test_other_sizes(tmp_path: Path, filters: int, layers: int, window: int, output: int):
    parts = {"accessibility": files.network(1, filters, layers), "bias": files.network(2, filters + 2, 1)}
    x = windows(2, window)
    wanted = {name: files.heads(part, x, output) for name, part in parts.items()}
    profiles, totals = zip(*wanted.values(), strict=True)
    wanted["full"] = sum(profiles), np.logaddexp(*totals)
    single = {
        "bias": files.write_part(tmp_path / "bias.h5", parts["bias"], window, output, bias=True),
        "accessibility": files.write_part(tmp_path / "chrombpnet_wo_bias.h5", parts["accessibility"], window, output),
    }
    full = files.write_full(tmp_path / "chrombpnet.h5", parts, window, output)
    for name, (profile, counts) in wanted.items():
        agree(zoo.load(full, component=name), x, (profile, counts), name)
        if name in single:
            agree(zoo.load(single[name]), x, (profile, counts), name)
    spec = zoo.load(full).spec
    assert (spec.input.window, spec.output.bins, spec.output.offset) == (window, output, (window - output) // 2)


@pytest.mark.parametrize("name", ["model_3", "functional_1", "model_wo_bias_2", "bpnet_1st_conv", "a/b"])
def test_the_bias_model_is_found_whatever_its_name(tmp_path: Path, name: str):
    parts = {"accessibility": files.network(1, 4, 2), "bias": files.network(2, 3, 1)}
    path = files.write_full(tmp_path / "x.h5", parts, WINDOW, OUTPUT, name)
    if "/" in name:
        with pytest.raises(IntegrityError):
            zoo.load(path)
        return
    agree(zoo.load(path, component="bias"), windows(), files.heads(parts["bias"], windows(), OUTPUT))


@pytest.mark.parametrize("tracks", [1, 2, 3])
def test_other_sizes_of_basepairmodels(tmp_path: Path, tracks: int):
    tensors = files.network(3, 4, 3, tracks)
    model = zoo.load(files.write_bpnet(tmp_path / "x.h5", tensors, WINDOW, OUTPUT))
    agree(model, windows(), files.heads(tensors, windows(), OUTPUT, first=True))
    assert model.spec.outputs[1].pseudocount == tracks
    assert model.spec.prediction.views[1:] == (("reverse_complement",) if tracks < 3 else ())


@pytest.mark.parametrize(("tracks", "controls"), [(1, 1), (2, 2), (2, 4)])
def test_controls_of_basepairmodels(tmp_path: Path, tracks: int, controls: int):
    tensors = files.network(3, 4, 2, tracks, controls, "profile")
    model = zoo.load(files.write_bpnet(tmp_path / "x.h5", tensors, WINDOW, OUTPUT, controls))
    given = np.random.default_rng(1).poisson(1, (2, WINDOW, controls)).astype(np.float32)
    profile, counts = files.heads(tensors, windows(), OUTPUT, first=True)
    seen = given[:, (WINDOW - OUTPUT) // 2 :][:, :OUTPUT]
    profile = files.convolved(np.concatenate([profile, seen], axis=2), *tensors["profile_with_controls"])
    total = np.log(controls + seen.sum(axis=(1, 2)))[:, None]
    kernel, bias = tensors["counts_with_controls"]
    counts = np.concatenate([counts, total], axis=1) @ kernel + bias
    agree(model, {"window": windows(), "controls": given}, (profile, counts))


@pytest.mark.parametrize("trimming", [47 + 14, 80, 41])
@pytest.mark.parametrize("weight", ["count_loss_weight", "alpha"])
def test_other_sizes_of_bpnet_lite(tmp_path: Path, trimming: int, weight: str):
    """Also more and less trimming than the default, 61: then the means of features are others, and zeros are seen."""
    tensors, writer = files.network(4, 4, 3, 2), files.TorchWriter()
    module = writer.bpnet(tensors, trimming, **{"count_loss_weight": None, weight: 3})
    model = zoo.load(writer.write(tmp_path / "x.torch", module))
    x, output = windows(2, 2114), 2114 - 2 * trimming
    agree(model, x, files.heads(tensors, x, output, output + 74, pad=True))
    assert model.spec.provenance["counts_loss_weight"] == "3"


def test_chrombpnet_of_bpnet_lite(tmp_path: Path):
    """As it converts models of other sizes: the profile is longer than 1,000 bp, the bias' is cut to it."""
    parts, writer = {"accessibility": files.network(1, 4, 6), "bias": files.network(2, 3, 4)}, files.TorchWriter()
    modules = {name: writer.bpnet(parts[name], trimming) for name, trimming in (("bias", 77), ("accessibility", 173))}
    root = writer.module(files.CHROMBPNET, {}, modules, name="x", n_outputs=1, n_control_tracks=0)
    path, x = writer.write(tmp_path / "x.torch", root), windows(2, 2114)
    for name in parts:
        agree(zoo.load(path, component=name), x, files.heads(parts[name], x, 1768), name)
    modules["bias"].state["trimming"] = 180
    with pytest.raises(IntegrityError, match="bias network must predict all"):
        zoo.load(writer.write(tmp_path / "y.torch", root))
    modules["bias"].state["trimming"], modules["accessibility"].state["trimming"] = 60, 60  # the latter sees padding
    path = writer.write(tmp_path / "z.torch", root)
    for name in parts:
        agree(zoo.load(path, component=name), x, files.heads(parts[name], x, 1994, 2068, pad=True), name)


def test_a_file_that_keras_3_wrote(tmp_path: Path):
    """Of the same layers: its configuration and the names of its tensors are others."""
    layers, tensors = keras.layers, files.network(1, 4, 2)
    x = sequence = keras.Input((WINDOW, 4), name="sequence")
    x = layers.Conv1D(4, 21, activation="relu", name="bpnet_1st_conv")(x)
    for i in (1, 2):
        y = layers.Conv1D(4, 3, dilation_rate=1 << i, activation="relu", name=f"bpnet_{i}conv")(x)
        x = layers.add([y, layers.Cropping1D(1 << i, name=f"bpnet_{i}crop")(x)])
    profile = layers.Conv1D(1, 75, name="prof_out_precrop")(x)
    profile = layers.Cropping1D((profile.shape[1] - OUTPUT) // 2, name="logits_profile_predictions_preflatten")(profile)
    profile = layers.Flatten(name="logits_profile_predictions")(profile)
    counts = layers.Dense(1, name="logcount_predictions")(layers.GlobalAveragePooling1D(name="gap")(x))
    network = keras.Model(sequence, [profile, counts])
    official = {"bpnet_1st_conv": "stem", "bpnet_1conv": "dilated1", "bpnet_2conv": "dilated2"}
    official |= {"prof_out_precrop": "profile_convolution", "logcount_predictions": "counts_dense"}
    for name, ours in official.items():
        network.get_layer(name).set_weights(tensors[ours])
    network.compile(loss=["mse", "mse"], loss_weights=[1, 9.5])
    network.save(tmp_path / "bias.h5")
    model = zoo.load(tmp_path / "bias.h5")
    agree(model, windows(), files.heads(tensors, windows(), OUTPUT))
    assert model.spec.provenance["counts_loss_weight"] == "9.5"


def test_a_module_of_bpnet_lite_that_has_moved(tmp_path: Path):
    tensors, writer = files.network(4, 2, 1), files.TorchWriter()
    root = replace(writer.bpnet(tensors, 49), kind=files.Name("bpnetlite.models", "BPNet"))
    model = zoo.load(writer.write(tmp_path / "x.torch", root))
    agree(model, windows(2, 2114), files.heads(tensors, windows(2, 2114), 2016))


def test_a_network_too_deep_for_the_usual_window(tmp_path: Path):
    tensors, writer = files.network(4, 2, 9), files.TorchWriter()
    model = zoo.load(writer.write(tmp_path / "x.torch", writer.bpnet(tensors, 47 + 1022)))
    assert (model.spec.input.window, model.spec.output.bins) == (3138, 1000)


def test_what_is_known_of_a_file(tmp_path: Path, cache: Path):
    parts = {"accessibility": files.network(1, 4, 2), "bias": files.network(2, 3, 1)}
    path = files.write_full(tmp_path / "My model.h5", parts, WINDOW, OUTPUT)
    before = sorted(cache.rglob("*"))
    model = zoo.load(str(path))
    assert model.spec.name == "local/My-model:accessibility"
    assert model.provenance()["source"] == "My model.h5"
    assert model.provenance()["sha256"] == loading.info(path)["provenance"]["sha256"]
    assert (model.path, model.origin) == (None, path)
    assert sorted(cache.rglob("*")) == before
    assert loading.is_cached(path)
    info = loading.info(path)
    assert info["prediction"]["component"] == "accessibility"
    assert [part["name"] for part in info["components"]] == ["accessibility", "bias"]
    with pytest.raises(InputError, match="must be loaded"):
        zoo.fetch(path)
    saved = zoo.load(zoo.load(path, component="full").save(tmp_path / "saved"))
    assert saved.check().passed
    np.testing.assert_array_equal(saved.predict(windows()), model.predict(windows()))


def test_a_part_that_is_missing(tmp_path: Path):
    path = files.write_part(tmp_path / "chrombpnet_nobias.h5", files.network(1, 4, 2), WINDOW, OUTPUT)
    assert zoo.load(path, component="accessibility").spec.name == "local/chrombpnet_nobias"
    for component in ("bias", "full"):
        with pytest.raises(InputError, match=f"missing {component}"):
            zoo.load(path, component=component)
    with pytest.raises(InputError, match="must be one of those of the file, accessibility"):
        zoo.load(path, component="nobias")

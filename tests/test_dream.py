"""FactorNet, DeepGRN, Leopard, scFAN: their networks against the goldens of the original programs, files of their
layouts, what they read and return."""

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import dream_files
import h5py
import keras
import numpy as np
import pyBigWig
import pytest
from attributing import explain, off, sequences

import registry
import zoo
from registry.schema import RemoteFile
from zoo import folder, loading, porting
from zoo.errors import InputError, IntegrityError, ZooWarning
from zoo.formats import bigwig
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit
from zoo.layers.hard_sigmoid import SequenceLSTM, old_hard_sigmoid
from zoo.layers.strands import OtherStrand, WithReversed
from zoo.porting import bins_of_200, deepgrn, factornet, leopard, scfan
from zoo.porting.expression import CELL_TYPES
from zoo.predict.options import Options
from zoo.predict.plan import Grid
from zoo.spec import COVARIATES, WINDOW, Architecture, ModelSpec

READERS = {"factornet": factornet, "deepgrn": deepgrn}
ATGC = [0, 3, 2, 1]  # places of A, C, G, T among A, T, G, C
SMALL = {"window": 202, "tracks": 2, "filters": 6, "kernel_size": 10, "pool_size": 5, "units": 3, "hidden": 4}


def goldens() -> list[tuple[str, str]]:
    """(system, name) of every golden at hand."""
    root = Path(os.environ.get("ZOO_SHARED", "/nowhere")) / "zoo_weights"
    found = [(system, path.stem) for system in READERS for path in sorted((root / system / "golden").glob("*.npz"))]
    return [(system, name) for system, name in found if name != "inputs"]


def weights_of(shared: Path, system: str, name: str) -> Path:
    root = shared / "zoo_weights" / system / "models"
    if system == "deepgrn":
        return root / f"{name}.h5"
    factor, model, epoch = name.split("__")
    return root / factor / model / f"{epoch}_model.hdf5"


def read(name: str, data: bytes):
    return READERS[name].read(data, "the file")


# --- against the original programs


@pytest.mark.parametrize(("system", "name"), goldens() or [("factornet", "none")])
def test_released_weights_reproduce_the_original_outputs(shared: Path, system: str, name: str):
    folder_ = shared / "zoo_weights" / system / "golden"
    inputs, golden = np.load(folder_ / "inputs.npz"), np.load(folder_ / f"{name}.npz")
    network = read(system, weights_of(shared, system, name).read_bytes()).network()
    x = inputs["forward"][..., list(golden["input_channels"])].astype(np.float32)
    if system == "deepgrn":
        x = x[..., [*ATGC, *range(4, x.shape[-1])]]
    vector = [inputs[str(part)] for part in golden["extra"]]
    given = {WINDOW: x} | ({COVARIATES: np.concatenate(vector, axis=1).astype(np.float32)} if vector else {})
    found = np.asarray(network(given if vector else x, training=False)).ravel()
    for which in ("output", "original_output"):
        difference = np.abs(found - golden[which].ravel()).max()
        assert difference <= 1e-5, f"{name}: {which} differs by up to {difference:.1e}"


def test_leopard_reproduces_the_original_outputs(shared: Path):
    root = shared / "zoo_weights" / "leopard"
    golden = np.load(root / "golden" / "random_not_trained.npz")
    model = zoo.load(root / "models" / "random_not_trained.h5")
    found = model.predict(golden["input"].astype(np.float32))
    assert found.shape == (8, 10240)
    for which in ("output", "original_output"):
        difference = np.abs(found - golden[which][..., 0]).max()
        assert difference <= 1e-5, f"{which} differs by up to {difference:.1e}"


@pytest.mark.parametrize(
    ("system", "name"),
    [("factornet", "REST__GENCODE_Unique35_DGF__final"), ("deepgrn", "EGR1_pair"), ("deepgrn", "FOXA1_single")],
)
def test_deeplift_adds_up_on_released_weights(shared: Path, system: str, name: str):
    model = zoo.load(weights_of(shared, system, name))
    x = {
        WINDOW: dream_files.planted(encode("TTCAGCACCATGG"), 2, False)[:1],
        COVARIATES: np.full((1, len(model.spec.input.covariates)), 0.2, "f"),
    }
    found = model.attribute(x, method="deeplift", references="mononucleotide_shuffle", count=2)
    assert off(found).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("factornet", {"units": 0}),
        ("factornet", {"units": 0, "global_pool": True}),
        ("deepgrn", {"attention": "pair", "place": "after", "position_table": False}),
        ("deepgrn", {"attention": "weights", "place": "after", "shared_weights": False}),
        ("deepgrn", {"attention": "none", "lstms": 2, "convolutions": 2, "merge": "maximum"}),
    ],
)
def test_deeplift_adds_up_on_other_configurations(name: str, config: dict):
    network = dream_files.network(name, scale=2, **{**SMALL, "hidden": 16, **config})
    found = explain(network, sequences(1, 202, 6), "deeplift", references="mononucleotide_shuffle", count=2)
    assert off(found).max() < 1e-4


# --- layers


def test_the_hard_sigmoid_of_keras_1():
    assert np.allclose(old_hard_sigmoid(np.array([-9.0, -2.5, -1.0, 0.0, 1.0, 2.5, 9.0])), [0, 0, 0.3, 0.5, 0.7, 1, 1])
    assert np.allclose(old_hard_sigmoid.slope(np.array([-3.0, 0.0, 3.0])), [0, 0.2, 0])
    a, b = np.array([0.0, 1.0, 4.0, -3.0, 1.0]), np.array([1.0, 1.0, 0.0, 3.0, 1.5])
    assert np.allclose(old_hard_sigmoid.quotient(a, b), [0.2, 0.2, 0.125, 1 / 6, 0.2])


def test_an_lstm_step_by_step():
    random = np.random.default_rng(2)
    for backwards in (False, True):
        layer = SequenceLSTM(3, go_backwards=backwards)
        x = random.normal(size=(2, 5, 4)).astype(np.float32)
        layer.build(x.shape)
        kernel, recurrent, bias = (random.normal(size=weight.shape) for weight in layer.weights)
        layer.set_weights([kernel, recurrent, bias])
        output, cell, wanted = np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 5, 3))
        for t in range(5)[:: -1 if backwards else 1]:
            i, f, c, o = np.split(x[:, t] @ kernel + output @ recurrent + bias, 4, axis=-1)
            i, f, o = (np.clip(0.2 * gate + 0.5, 0, 1) for gate in (i, f, o))
            cell = f * cell + i * np.tanh(c)
            output = wanted[:, t] = o * np.tanh(cell)
        assert np.abs(np.asarray(layer(x)) - wanted).max() < 1e-6


def test_the_other_strand():
    x = np.arange(14, dtype=np.float32).reshape(1, 2, 7)
    turned = [[10, 9, 8, 7, 11, 12, 13], [3, 2, 1, 0, 4, 5, 6]]
    assert np.asarray(OtherStrand()(x)).tolist() == [turned]
    swapped = [[10, 9, 8, 7, 11, 13, 12], [3, 2, 1, 0, 4, 6, 5]]
    assert np.asarray(OtherStrand((0, 2, 1))(x)).tolist() == [swapped]
    more = [[0, 1, 2, 3, 4, 5, 6, 11, 12, 13], [7, 8, 9, 10, 11, 12, 13, 4, 5, 6]]
    assert np.asarray(WithReversed()(x)).tolist() == [more]


def test_both_strands_give_the_same():
    for name in ("factornet", "deepgrn"):
        network = dream_files.network(name, **SMALL)
        x = np.random.default_rng(1).random((2, 202, 6), np.float32)
        assert np.allclose(network(x), network(OtherStrand()(x)), atol=1e-6)
        assert np.ptp(np.asarray(network(x))) > 1e-6


# --- files of any configuration

FACTORNET = [
    {},
    {"covariates": 14, "state_dropout": 0.5},
    {"tracks": 1, "outputs": 3, "units": 5},
    {"units": 0},
    {"units": 0, "global_pool": True, "covariates": 6},
    {"tracks": 3, "kernel_size": 7, "pool_size": 3, "filters": 5},
]
DEEPGRN = [
    {},
    {"covariates": 14, "extra": 2, "merge": "maximum"},
    {"attention": "pair", "place": "before", "covariates": 14},
    {"attention": "pair", "place": "after", "position_table": False, "rate": 0.0},
    {"attention": "weights", "place": "before", "extra": 1},
    {"attention": "weights", "place": "after", "shared_weights": False, "convolutions": 2, "lstms": 2},
    {"attention": "none", "tracks": 1, "extra": 1, "covariates": 8},
]


def made(name: str, config: dict) -> tuple[keras.Model, dict, bytes]:
    """A network of random weights, its configuration, and its file."""
    whole = {**SMALL, **config}
    network = dream_files.network(name, **whole)
    return network, whole, getattr(dream_files, name)(network, 202, whole)


def outputs(network: keras.Model, config: dict) -> np.ndarray:
    random = np.random.default_rng(6)
    x, vector = random.random((3, 202, 4 + config["tracks"]), np.float32), config.get("covariates", 0)
    return np.asarray(network([x, random.random((3, vector), np.float32)] if vector else x, training=False))


@pytest.mark.parametrize(
    ("name", "config"), [*(("factornet", item) for item in FACTORNET), *(("deepgrn", item) for item in DEEPGRN)]
)
def test_files_of_any_configuration(name: str, config: dict):
    network, whole, data = made(name, config)
    found = read(name, data)
    assert np.array_equal(outputs(found.network(), whole), outputs(network, whole))
    skipped = {"pool_size"} if whole.get("global_pool") else set()
    assert {key: found.config[key] for key in {**whole} if key not in skipped and not key.endswith("dropout")} == {
        key: value for key, value in whole.items() if key not in skipped and not key.endswith("dropout")
    }


def test_weights_alone_of_factornet():
    """Their window and pooling are those of the released models, or `model.json` tells."""
    config = {"tracks": 2, "filters": 4, "kernel_size": 34, "pool_size": 17, "units": 2, "hidden": 3}
    network = dream_files.network("factornet", **config)
    found = factornet.read(dream_files.factornet(network, 1002, config, with_config=False), "the file")
    assert (found.config["window"], found.config["pool_size"]) == (1002, 17)
    assert len(found.network().get_weights()) == len(network.get_weights())
    network, whole, data = made("factornet", {"pool_size": 4})
    alone = dream_files.factornet(network, 202, whole, with_config=False)
    with pytest.raises(
        IntegrityError, match=r"reads every position.*Weights alone do not say the pooling.*model\.json"
    ):
        factornet.read(alone, "the file")
    with h5py.File(io.BytesIO(data)) as file:
        told = json.loads(file.attrs["model_config"])["config"]
    assert np.array_equal(outputs(factornet.read(alone, "it", told).network(), whole), outputs(network, whole))


def test_a_scfan_file():
    config = {"filters": (4, 3, 2), "hidden": 5, "outputs": 3}
    network = dream_files.network("scfan", **config)
    tensors = {layer.name: layer.get_weights() for layer in network.layers if layer.weights}
    layers = {"conv2d_4": {}, "conv2d_5": {}, "conv2d_6": {}}
    for i, name in enumerate(layers, start=1):
        kernel, bias = tensors[f"convolution{i}"]
        layers[name] = {f"{name}/kernel:0": kernel[None, ::-1], f"{name}/bias:0": bias}
    for i in (1, 2, 3):
        name, keys = f"batch_normalization_{i}", ("gamma", "beta", "moving_mean", "moving_variance")
        layers[name] = {f"{name}/{key}:0": v for key, v in zip(keys, tensors[f"norm{i}"], strict=True)}
    for name, ours in (("dense_1", "hidden"), ("dense_2", "output")):
        layers[name] = {f"{name}/{key}:0": v for key, v in zip(("kernel", "bias"), tensors[ours], strict=True)}
    found = scfan.read(dream_files.written(None, layers, backend="theano"), "the file")
    x = np.random.default_rng(2).random((2, 1000, 6), np.float32)
    assert np.array_equal(found.network()(x), network(x))
    with pytest.raises(IntegrityError, match="must be of Theano"):
        scfan.read(dream_files.written(None, layers, backend="tensorflow"), "the file")


def test_scfan_as_theano_computes_it():
    """Padding 4 on the left and 3 on the right; the kernel of the file is flipped. One convolution by hand."""
    network = dream_files.network("scfan", window=16, filters=(2,), dropouts=(0.0,), hidden=3, outputs=1, tracks=1)
    x = np.random.default_rng(3).random((1, 16, 5), np.float32)
    seen = np.concatenate([x, x[:, ::-1, 4:]], axis=-1)[0]
    kernel, bias = network.get_layer("convolution1").get_weights()
    padded, flipped = np.pad(seen, ((4, 3), (0, 0))), kernel[::-1]
    wanted = [sum(padded[t + 7 - k] @ flipped[k] for k in range(8)) + bias for t in range(16)]
    inner = keras.Model(network.input, network.get_layer("convolution1").output)
    assert np.abs(np.asarray(inner(x))[0] - wanted).max() < 1e-5


# --- attacks

MARK, ONE = "zoo-was-here", np.ones(1, np.float32)


def edited(data: bytes, change) -> bytes:
    """The file with something done to it: `change` gets the open file."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def with_config(data: bytes, change) -> bytes:
    """The file with its configuration changed."""

    def change_config(file: h5py.File) -> None:
        config = json.loads(file.attrs["model_config"])
        change(config["config"])
        file.attrs["model_config"] = json.dumps(config).encode()

    return edited(data, change_config)


def layer(config: dict, kind: str) -> dict:
    return next(item for item in config["layers"] if item["class_name"] == kind)


PAIR = {"attention": "pair", "place": "before"}


@pytest.mark.parametrize(
    ("name", "config", "change", "message"),
    [
        ("deepgrn", PAIR, lambda c: layer(c, "Lambda")["config"].update(function=["AAAA"]), "of matmul alone"),
        ("deepgrn", PAIR, lambda c: layer(c, "Lambda")["config"].update(function={"a": 1}), "nothing of the file was"),
        ("deepgrn", PAIR, lambda c: layer(c, "PositionEmbedding")["config"].update(mode="concat"), "mode add"),
        ("deepgrn", {}, lambda c: layer(c, "Conv1D")["config"].update(padding="same"), "padding valid"),
        ("deepgrn", {}, lambda c: layer(c, "Conv1D")["config"].update(activation="tanh"), "activation relu"),
        (
            "deepgrn",
            {},
            lambda c: layer(c, "Bidirectional")["config"]["layer"].update(class_name="CuDNNLSTM"),
            "have a LSTM inside",
        ),
        (
            "deepgrn",
            {},
            lambda c: layer(c, "Bidirectional")["config"]["layer"]["config"].update(recurrent_activation="sigmoid"),
            "recurrent_activation hard_sigmoid",
        ),
        ("deepgrn", {}, lambda c: layer(c, "MaxPooling1D")["config"].update(pool_size=[1 << 30]), "strides|read all"),
        (
            "deepgrn",
            {},
            lambda c: layer(c, "MaxPooling1D")["config"].update(pool_size=[0], strides=[0]),
            "pool a number",
        ),
        ("deepgrn", {}, lambda c: c["input_layers"].pop(), "read two windows"),
        ("deepgrn", {}, lambda c: c.pop("layers"), "model_config of a Keras file must be undamaged"),
        ("deepgrn", {}, lambda c: c["layers"].append(c["layers"][-1]), "layers of one name"),
        ("deepgrn", {}, lambda c: layer(c, "Dense")["inbound_nodes"].append([["input_1", 0, 0, {}]]), "more than once"),
        ("deepgrn", {}, lambda c: c["layers"].extend(600 * [c["layers"][-1]]), "more than 500"),
        ("deepgrn", {}, lambda c: layer(c, "Dropout").update(inbound_nodes=[[["nothing", 0, 0, {}]]]), "in a circle"),
        (
            "deepgrn",
            {},
            lambda c: c["layers"].append(
                {"class_name": "Dense", "name": "more", "config": {}, "inbound_nodes": [[["input_1", 0, 0, {}]]]}
            ),
            "have no other layers",
        ),
        ("deepgrn", {"merge": "maximum"}, lambda c: c["output_layers"][0].__setitem__(1, 1), "of both strands"),
        ("factornet", {}, lambda c: layer(c, "Merge")["config"].update(mode="max"), "mode ave"),
        (
            "factornet",
            {},
            lambda c: layer(c, "Convolution1D")["config"].update(border_mode="same"),
            "border_mode valid",
        ),
        (
            "factornet",
            {},
            lambda c: [item["config"].update(batch_input_shape=[None, 1 << 40, 6]) for item in c["layers"][:2]],
            "reads every position",
        ),
        (
            "factornet",
            {},
            lambda c: [item["config"].update(batch_input_shape=[None, 202, 5]) for item in c["layers"][:2]],
            "columns and the vector",
        ),
    ],
)
def test_graphs_of_another_network(name: str, config: dict, change, message: str):
    with pytest.raises(IntegrityError, match=message):
        read(name, with_config(made(name, config)[2], change)).network()


def test_code_in_a_file_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither code that the graph needs, which is refused, nor such that nothing asks for."""
    monkeypatch.chdir(tmp_path)
    evil = dream_files.code_of(f"lambda x: __import__('os').system('touch {MARK}')")
    data = with_config(made("deepgrn", PAIR)[2], lambda c: layer(c, "Lambda")["config"].update(function=evil))
    with pytest.raises(IntegrityError, match=r"nothing of the file was run.*system"):
        read("deepgrn", data)
    network, whole, data = made("deepgrn", {})
    data = with_config(data, lambda c: layer(c, "Dropout")["config"].update(function=evil))
    assert np.array_equal(outputs(read("deepgrn", data).network(), whole), outputs(network, whole))
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("factornet", lambda f: f["model_weights/dense_2/dense_2_b"].__setitem__(0, np.nan), "finite numbers"),
        (
            "factornet",
            lambda f: f["model_weights/dense_2"].__delitem__("dense_2_b"),
            "one tensor b in the layer dense_2",
        ),
        ("factornet", lambda f: f["model_weights"].__delitem__("bidirectional_1"), "bidirectional_1"),
        ("factornet", lambda f: f.attrs.__setitem__("backend", "tensorflow"), "must be of Theano.*converted copies"),
        ("factornet", lambda f: f["model_weights/dense_2"].create_dataset("more", data=ONE), "no other tensors"),
        (
            "factornet",
            lambda f: f["model_weights"].create_group("odd").create_dataset("w", data=ONE),
            "that it names",
        ),
        (
            "deepgrn",
            lambda f: f["model_weights/attention1d_1/attention1d_1"].__delitem__("kernel:0"),
            "one tensor kernel",
        ),
        ("deepgrn", lambda f: f.attrs.__delitem__("model_config"), "must have its model_config"),
        ("deepgrn", lambda f: f["model_weights"].attrs.__delitem__("layer_names"), "has no layer_names"),
    ],
)
def test_damaged_tensors(name: str, change, message: str):
    with pytest.raises(IntegrityError, match=message):
        read(name, edited(made(name, {})[2], change)).network()


def test_a_truncated_file(tmp_path: Path):
    path = tmp_path / "best_model.hdf5"
    path.write_bytes(made("factornet", {})[2][:3000])
    with pytest.raises(IntegrityError):
        zoo.load(path)


# --- the user's own files


def test_a_file_is_opened_with_the_words_beside_it(tmp_path: Path):
    *_, data = made("factornet", {"tracks": 3, "outputs": 2, "covariates": 6})
    path = tmp_path / "best_model.hdf5"
    path.write_bytes(data)
    plain = zoo.load(path)
    assert plain.spec.name == "local/best_model"
    assert [track.name for track in plain.spec.input.tracks] == ["track1", "track2", "track3"]
    assert plain.spec.output.tracks == ("factor1", "factor2")
    for name, text in {
        "bigwig": "Unique35\nDNase_fwd\nDNase_rev\n",
        "chip": "CTCF\nMAX\n",
        "feature": "bigwig\ngencode\n",
    }.items():
        (tmp_path / f"{name}.txt").write_text(text)
    model = zoo.load(path)
    assert [track.name for track in model.spec.input.tracks] == ["unique35", "DNase_fwd", "DNase_rev"]
    assert (model.spec.output.tracks, model.spec.architecture.config["swap"]) == (("CTCF", "MAX"), (0, 2, 1))
    assert [item.name for item in model.spec.input.covariates] == list(bins_of_200.FLAGS)
    assert loading.info(path)["outputs"][0]["tracks"] == ("CTCF", "MAX")
    (tmp_path / "chip.txt").write_text("CTCF\n")
    with pytest.raises(IntegrityError, match=r"The chip\.txt beside a model must list"):
        zoo.load(path)
    (tmp_path / "chip.txt").unlink()
    (tmp_path / "feature.txt").write_text("bigwig\nmeta\n")
    with pytest.raises(IntegrityError, match=r"feature\.txt"):
        zoo.load(path)
    (tmp_path / "feature.txt").unlink()
    with pytest.raises(InputError, match="component must be left out"):
        zoo.load(path, component="bias")


def test_a_released_file_is_known_by_its_digest(shared: Path):
    model = zoo.load(weights_of(shared, "factornet", "GABPA__meta_RNAseq_Unique35_DGF__final"))
    known = registry.families()["factornet"].models["GABPA-meta_RNAseq_Unique35_DGF-final"]
    assert model.spec.output.target == "GABPA"
    assert model.spec.input == factornet.spec_of(registry.families()["factornet"], known).input


# --- the index


@pytest.mark.parametrize("name", ["factornet", "deepgrn", "leopard"])
def test_an_index_pins_the_files_of_the_authors(shared: Path, name: str):
    manifest = json.loads((shared / "reference" / "dream-weights-manifest.json").read_text())["systems"][name]
    family = registry.families()[name]
    assert f"https://github.com/{family.upstream.repository}" == manifest["repository"]
    assert family.upstream.commit == manifest["commit"]
    prefix = f"{family.upstream.folder}/" if family.upstream.folder else ""
    told = {
        item["path"]: (item["bytes"], item["sha256"], None) if item["present"] else (None, None, item["git_blob"])
        for item in manifest["files"]
    }
    files = [file for entry in family.models.values() for file in entry.files.values()]
    assert {prefix + file.path: (file.size, file.sha256, file.git_blob) for file in files} == told
    assert not family.short_names
    assert family.hub is None


@pytest.mark.parametrize("name", ["factornet", "deepgrn", "leopard"])
def test_every_entry_is_described_without_a_file(name: str):
    family = registry.families()[name]
    unknown = [model for model, entry in family.models.items() if porting.find(name).spec_of(family, entry) is None]
    assert len(unknown) == (16 if name == "deepgrn" else 0)


def test_a_released_model_from_the_index(shared: Path):
    for name in ("factornet/E2F1-GENCODE_Unique35_DGF", "deepgrn/NANOG_single"):
        told = loading.info(name)
        model = zoo.load(name)
        check = model.check()
        assert check.passed
        assert np.ptp(folder.read_golden(model.path, model.spec).outputs) > 1e-3
        assert json.loads(json.dumps(model.spec.to_json()))["input"] == json.loads(json.dumps(told["input"]))
        assert ModelSpec.from_json((model.path / "config.json").read_bytes()) == model.spec
    assert "FactorNet" in (model.path / "README.md").read_text()  # that its expression is another than FactorNet's


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release of two unlike FactorNet models of a factor, one of several factors, and its index."""
    root, config = tmp_path / "mirror", {"filters": 4, "kernel_size": 34, "pool_size": 17, "units": 2, "hidden": 3}
    files, entries = {}, {}
    parts = {"E2F1-one": {"tracks": 1, "outputs": 2}, "E2F1-two": {"tracks": 2, "covariates": 14}}
    for number, (name, more) in enumerate(parts.items()):
        whole = {**config, **more}
        data = dream_files.factornet(dream_files.network("factornet", seed=number, **whole), 1002, whole)
        path = root / "models" / name / "best_model.hdf5"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        files[name] = pinned(f"models/{name}/best_model.hdf5", data, by_git=bool(number))
        entries[name] = {
            "name": f"factornet/{name}",
            "files": {"model": files[name]},
            "arguments": {
                "targets": "MAX E2F1" if number == 0 else "E2F1",
                "unique35": whole["tracks"] == 2,
                "vector": "meta gencode" if number else "",
                **{key: whole[key] for key in ("filters", "units", "hidden")},
                "dropout": 0.2,
            },
        }
    both = {f"model{i}": file for i, file in enumerate(files.values(), start=1)}
    entries["E2F1"] = {"name": "factornet/E2F1", "files": both, "arguments": {"members": " ".join(parts)}}
    more = {"description": "a test", "aliases": [], "tissue": "any", "facts": {}}
    index = json.loads((Path(registry.__file__).parent / "families" / "factornet.json").read_text())
    index["models"] = {name: {**more, **entry} for name, entry in entries.items()}
    (tmp_path / "families").mkdir()
    (tmp_path / "families" / "factornet.json").write_text(json.dumps(index))
    monkeypatch.setenv("ZOO_FAMILIES", str(tmp_path / "families"))
    monkeypatch.setenv("ZOO_MIRROR_FACTORNET", str(root))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    registry.families.cache_clear()
    yield root
    registry.families.cache_clear()


def pinned(path: str, data: bytes, by_git: bool) -> dict:
    import hashlib

    if by_git:
        return {"path": path, "git_blob": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
    return {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_the_models_of_a_factor_as_one_entry(mirror: Path):
    """Unlike members, each with its own tracks and covariates; of several factors the one that is meant."""
    model = zoo.load("factornet/E2F1")
    assert [track.name for track in model.spec.input.tracks] == ["unique35", "dgf"]
    assert len(model.spec.input.covariates) == 14
    random = np.random.default_rng(3)
    x, vector = random.random((3, 1002, 6), np.float32), random.random((3, 14), np.float32)
    one, two = (factornet.read((mirror / f"models/E2F1-{n}/best_model.hdf5").read_bytes(), "") for n in ("one", "two"))
    wanted = np.asarray(one.network()(x[..., [0, 1, 2, 3, 5]]))[:, 0, 1:] + np.asarray(two.network()([x, vector]))
    given = {WINDOW: x, COVARIATES: vector}
    assert np.abs(model.predict(given) - wanted / 2).max() < 1e-6
    assert np.array_equal(zoo.Model.read(model.path).predict(given), model.predict(given))
    found = model.attribute(
        {WINDOW: x[:1], COVARIATES: vector[:1]}, method="deeplift", references="zeros", signal_reference="zeros"
    )
    assert off(found).max() < 1e-4


def test_a_file_that_git_knows_by_another_name(mirror: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    path = mirror / "models/E2F1-two/best_model.hdf5"
    path.write_bytes(path.read_bytes() + b" ")
    with (
        pytest.warns(zoo.errors.ZooWarning),
        pytest.raises(IntegrityError, match="object of Git that its index promises"),
    ):
        zoo.load("factornet/E2F1")
    path.unlink()
    with pytest.raises(zoo.errors.OfflineMiss, match=r"no models/E2F1-two/best_model\.hdf5"):
        zoo.load("factornet/E2F1")


def test_an_index_that_says_other_settings(mirror: Path):
    family = registry.families()["factornet"]
    entry = family.models["E2F1-two"]
    wrong = replace(entry, arguments={**entry.arguments, "hidden": 4})
    data = (mirror / "models/E2F1-two/best_model.hdf5").read_bytes()
    with pytest.raises(IntegrityError, match=r"network that its index describes.*hidden .index, file.=.4, 3"):
        factornet.convert(family, wrong, {"model": data}, mirror)


@pytest.mark.parametrize(
    "more", [{"size": 3, "git_blob": 40 * "a"}, {"git_blob": 39 * "a"}, {"size": 3}, {}, {"sha256": 64 * "a"}]
)
def test_a_file_is_pinned_by_one_digest(more: dict):
    with pytest.raises(IntegrityError):
        RemoteFile("a", **more)


def test_weights_that_must_not_be_published(tmp_path: Path, shared: Path):
    model = zoo.load(shared / "zoo_weights" / "leopard" / "models" / "random_not_trained.h5")
    model.save(tmp_path / "leopard")
    with pytest.raises(InputError, match=r"may be redistributed.*its authors state no licence"):
        loading.publish([tmp_path / "leopard"], "lab/leopard", "v1")


def test_leopards_ensembles():
    family = registry.families()["leopard"]
    assert leopard.spec_of(family, family.models["CTCF"]).architecture.config["members"] == 36
    assert leopard.spec_of(family, family.models["FOXA1-fast"]).architecture.name == "leopard"


# --- prediction


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A genome of 3,003 bp with cuts and uniqueness, and BED files of flags."""
    root, random = tmp_path_factory.mktemp("dream"), np.random.default_rng(5)
    write_twobit(root / "g.2bit", {"chr1": encode("".join(random.choice(list("ACGT"), 3003)))})
    for name, values in {"dgf": random.poisson(0.1, 3003) * 2.5, "unique35": random.choice([1, 0.5, 0], 3003)}.items():
        bigwig.write_track(root / f"{name}.bw", {"chr1": 3003}, [("chr1", values.astype(np.float32))], 1)
    (root / "flag.bed").write_text("chr1\t1000\t1001\n")
    signal = {name: root / f"{name}.bw" for name in ("unique35", "dgf")}
    return {"genome": root / "g.2bit", "signal": signal, "flag": root / "flag.bed"}


def model_of(covariates: int = 0, outputs: int = 1) -> zoo.Model:
    """A FactorNet of random weights in memory."""
    config = {**SMALL, "window": 1002, "covariates": covariates, "outputs": outputs}
    vector = bins_of_200.vector_by_length(covariates, "GEPC")
    targets = ("CTCF", "MAX", "REST")[:outputs]
    about = bins_of_200.About("test/NET", {"source": "tests"}, "none")
    spec = factornet.make_spec(config, about, ("unique35", "dgf"), vector, targets)
    return zoo.Model(spec, dream_files.network("factornet", **config))


def test_bins_of_200_every_50(files: dict, tmp_path: Path):
    """Bins overlap, and none is averaged with another."""
    model = model_of(outputs=2)
    given = {"genome": files["genome"], "signal": files["signal"]}
    done = model.predict(**given, track="MAX", output=tmp_path / "out", write=["zarr", "bigwig"])
    assert done.windows == 61
    reader = model.inputs(**given, regions=None, chromosomes=None, blacklist=None, compat=None).reader
    starts = [50 * i - 401 for i in range(61)]
    x = reader.encoded([zoo.genome.interval.Interval("chr1", start, start + 1002) for start in starts])
    wanted = np.asarray(model.network(x))[:, 0, 1]
    with pyBigWig.open(str(tmp_path / "out.bw")) as file:  # a bin stands for its middle step
        found = file.values("chr1", 0, 3003)
    for i in range(58):
        assert found[50 * i + 100] == pytest.approx(wanted[i], abs=1e-6), i
    table = model.predict(**given, windows=[("chr1", 599, 1601)], track="CTCF")
    direct = np.asarray(model.network(reader.encoded([zoo.genome.interval.Interval("chr1", 599, 1601)])))
    assert table[0].scores.ravel() == pytest.approx(direct[0, 0, :1], abs=1e-6)


def test_bins_that_the_original_never_predicts(files: dict, tmp_path: Path):
    """They are 0 in files and tables; with the rules of another program, or windows, they are refused."""
    model, given = model_of(), {"genome": files["genome"], "signal": files["signal"]}
    usual, theirs = (model.predict(**given, regions=[("chr1", 1100, 1101)], compat=how) for how in (None, "factornet"))
    assert theirs[0].starts.tolist() == [950, 1000, 1050, 1100]
    assert theirs[0].scores.tolist() == [0, 0, *usual[0].scores[2:].tolist()]
    model.predict(**given, compat="factornet", output=tmp_path / "out")
    with pyBigWig.open(str(tmp_path / "out.bw")) as file:
        found = np.array(file.values("chr1", 75, 2953))  # nothing is the middle of a bin at the ends
    assert np.flatnonzero(found).tolist() == list(range(1050, 1850))  # the middle 50 bp of bins 1050 to 1800
    with pytest.raises(InputError, match=r"must go with a model of that program.*factornet"):
        model.predict(**given, compat="deepgrn")
    with pytest.raises(InputError, match="must go with chromosomes or regions, not with windows"):
        model.predict(**given, compat="factornet", windows=[("chr1", 599, 1601)])


def test_one_view_is_all_that_such_a_network_has(files: dict):
    model = model_of()
    given = {"genome": files["genome"], "signal": files["signal"]}
    with pytest.raises(InputError, match='strands must not be "both" for a model that reads both strands'):
        model.predict(**given, strands="both")
    ref = zoo.genome.sequence.Genome(files["genome"]).sequence("chr1", 1499, 1500)
    scores = model.score_variants([("chr1", 1500, ref, "ACGT"[ref == "A"])], **given)
    assert len(scores) == 1


@pytest.mark.parametrize(
    ("covariates", "message"),
    [
        ({"cell_type": "hepg2"}, r"cell_type must be one that test/NET knows: A549, GM12878.*GEPC1"),
        ({"cell_type": "HepG2", "GEPC1": 0.0}, "must be given without GEPC1"),
        ({"GEPC1": 0.0}, r"missing=?.*GEPC2.*Example: .'cell_type': 'A549'"),
        ({}, "covariates of test/NET must be given by their names"),
    ],
)
def test_wrong_covariates(files: dict, covariates: dict, message: str):
    with pytest.raises(InputError, match=message):
        model_of(8).predict(
            genome=files["genome"], signal=files["signal"], covariates=covariates, regions=[("chr1", 900, 1100)]
        )


def test_a_cell_type_stands_for_its_numbers(files: dict):
    model, given = model_of(8), {"genome": files["genome"], "signal": files["signal"], "regions": [("chr1", 900, 1100)]}
    by_name = model.predict(**given, covariates={"cell_type": "HepG2"})
    row = dict(zip(CELL_TYPES.covariates, CELL_TYPES.rows["HepG2"], strict=True))
    assert np.array_equal(by_name[0].scores, model.predict(**given, covariates=row)[0].scores)
    assert not np.array_equal(by_name[0].scores, model.predict(**given, covariates={"cell_type": "K562"})[0].scores)


def test_flags_are_of_the_bin(files: dict):
    """Not of the window around it."""
    model = model_of(6)
    flags = dict.fromkeys(bins_of_200.FLAGS, 0) | {"cds": files["flag"]}
    inputs = model.inputs(files["genome"], files["signal"], None, None, None, None, flags)
    places = [("chr1", start, start + 200) for start in (800, 801, 1000, 1001)]
    assert inputs.reader.covariates_of(places, 4)[0][:, 1].tolist() == [0, 1, 1, 0]


def test_a_missing_track_is_named(files: dict):
    with pytest.raises(InputError, match=r"unique35 is wgEncodeDuke.*`zoo prepare --recipe factornet` makes dgf"):
        model_of().predict(genome=files["genome"], signal={}, regions=[("chr1", 900, 1100)])
    with pytest.raises(InputError, match=r"must be given by its name: unique35 .Uniqueness.*missing=.'unique35'"):
        model_of().predict(
            genome=files["genome"], signal={"dgf": files["signal"]["dgf"]}, regions=[("chr1", 900, 1100)]
        )


def test_a_track_of_another_scale(files: dict, tmp_path: Path):
    """With a mean of 1 per base instead of 1 / read length."""
    bigwig.write_track(tmp_path / "one.bw", {"chr1": 3003}, [("chr1", np.tile(np.float32([3, 0, 0]), 1001))], 1)
    signal = {**files["signal"], "dgf": tmp_path / "one.bw"}
    with pytest.warns(ZooWarning, match=r"one.bw: not scaled as dgf: its mean is 1 per base.*--recipe factornet"):
        model_of().predict(genome=files["genome"], signal=signal, regions=[("chr1", 900, 1100)])


def test_a_model_in_doctor_names_missing_tracks(files: dict, tmp_path: Path):
    model_of().save(tmp_path / "net")
    signal = {"unique35": files["signal"]["unique35"]}
    found = zoo.doctor(files["genome"], signal, model=tmp_path / "net")
    (text,) = [str(item) for item in found.findings if item.status == "error"]
    assert "names of the model's tracks: unique35, dgf. `zoo prepare --recipe factornet` makes dgf of reads." in text


def test_leopard_leaves_out_the_ends_of_windows():
    config = {"window": 10240, "tracks": 2}
    spec = leopard.make_spec(
        Architecture("leopard", config), bins_of_200.About("test/L", {"source": "tests"}), 2, "CTCF"
    )
    grid = Grid.of(spec, Options.resolve(spec))
    assert (grid.stride, grid.first, grid.bins, grid.offset, grid.lead) == (5120, 100, 10040, 100, 5020)
    with pytest.raises(InputError, match="stride"):
        Options.resolve(spec, stride=10041)
    assert [track.name for track in spec.input.given] == ["dnase", "average"]


def test_a_committee_that_does_not_fit():
    member = {"name": "factornet", "config": SMALL, "tracks": [0, 1], "covariates": [], "output": None}
    for wrong in (
        {"tracks": [0, 2]},
        {"tracks": [0]},
        {"output": 5},
        {"covariates": [0]},
        {"name": "committee"},
        {"more": 1},
    ):
        with pytest.raises(InputError):
            zoo.build("committee", members=[member, {**member, **wrong}], window=202)
    with pytest.raises(InputError, match="2 to 64 members"):
        zoo.build("committee", members=[member], window=202)

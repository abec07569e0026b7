"""Files of Calico's Borzoi: their goldens, what is beside them, and files that are not as they should be."""

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pyBigWig
import pytest
import tensorflow as tf

import registry
import zoo
from zoo import loading
from zoo.errors import InputError, IntegrityError, ZooError, ZooWarning
from zoo.genome.sequence import write_twobit
from zoo.porting import borzoi, borzoi_names, calico, calico_params
from zoo.spec import ModelSpec

RECIPE = Path(__file__).parents[1] / "recipes" / "convert.py"
FOLDER, MINI = "zoo_weights/borzoi", "zoo_weights/baskerville_mini"
NO_PAIRS = pytest.warns(ZooWarning, match="Nothing says which of the .* tracks are of opposite strands")
TARGETS = "\tidentifier\tclip\tclip_soft\tscale\tsum_stat\tstrand_pair\tdescription\n" + "".join(
    f"{i}\tT{i}\t768\t384\t0.5\t{'sum_sqrt' if i < 6 else 'mean'}\t{pair}\t{'RNA' if i < 6 else 'DNASE'}:K562\n"
    for i, pair in enumerate((1, 0, 2, 4, 3, 5, 7, 6, 8))
)


def one_hot(index: np.ndarray) -> np.ndarray:
    return np.eye(5, dtype=np.float32)[index][..., :4]


def golden(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


@pytest.fixture
def place(shared: Path, tmp_path: Path):
    """Copies a file of a small network, with what else is to lie beside it."""

    def placed(name: str, params: bool = False, own: dict | None = None, **texts: str) -> Path:
        source = shared / FOLDER / name
        shutil.copy(source, tmp_path / source.name)
        if params:
            told = json.loads((source.parent / "small_params.json").read_text())
            (tmp_path / "params.json").write_text(json.dumps({"model": told, **({"zoo": own} if own else {})}))
        for stem, text in texts.items():
            (tmp_path / f"{stem}.txt").write_text(text)
        return tmp_path / source.name

    return placed


@pytest.mark.parametrize(
    ("name", "params", "head", "most"),
    [
        ("keras_small/small_human.h5", False, "human", 5e-5),
        ("keras_small/small_human.h5", True, "human", 5e-5),
        ("keras_small/small_mouse.h5", False, "mouse", 5e-5),
        ("keras_small/small_human_published_names.h5", True, "human", 5e-5),
        ("keras_micro_small/small_human.h5", False, "human", 4e-5),
        ("keras_micro_small/small_human.h5", True, "human", 4e-5),
    ],
)
def test_files_reproduce_the_original(place, shared: Path, name: str, params: bool, head: str, most: float):
    with NO_PAIRS:
        model = zoo.load(place(name, params))
    told = golden((shared / FOLDER / name).with_name("small_golden.npz"))
    found = np.asarray(model.network(one_hot(told["index"]))[head])
    assert found.shape == told[head].shape
    assert np.abs(found - told[head]).max() < most
    spec = model.spec
    assert spec.output.name == head
    assert (spec.input.genome, spec.output.genome) == ({"human": "hg38", "mouse": "mm10"}[head], None)
    bins = spec.output.bins
    assert (spec.output.bin_size, spec.output.offset, spec.prediction.stride) == (32, 4096 - 16 * bins, 32 * bins)
    assert spec.prediction.views == ("forward", "reverse_complement")
    assert (spec.output.kind, spec.output.transform) == ("coverage", "identity")
    assert spec.output.tracks[:2] == ("track0", "track1")


def test_a_table_of_tracks_beside_the_file(place, shared: Path):
    model = zoo.load(place("keras_small/small_human.h5", targets=TARGETS))
    head = model.spec.output
    assert head.tracks == tuple(f"T{i}" for i in range(9))
    assert head.swap == (1, 0, 2, 4, 3, 5, 7, 6, 8)
    assert (head.transform, head.table.squash, head.table.scales) == ("squashed", "power", 9 * (0.5,))
    assert head.table.descriptions[::6] == ("RNA:K562", "DNASE:K562")
    told = golden(shared / FOLDER / "keras_small/small_golden.npz")
    x = one_hot(told["index"])
    forward, other = told["human"], np.asarray(model.network(x[:, ::-1, ::-1])["human"])
    expected = 0.5 * (forward + other[:, ::-1][..., list(head.swap)])
    both = model.predict(x, strands="both")
    np.testing.assert_allclose(np.asarray(both), expected, rtol=1e-4, atol=5e-5)


@pytest.mark.parametrize("name", ["keras_small", "keras_micro_small"])
def test_the_mean_over_strands_and_shifts_is_the_originals(shared: Path, name: str):
    """Zeros come in where a window is shifted; bins are not moved back."""
    folder = shared / FOLDER / name
    told = golden(folder / "small_golden.npz")
    params = calico_params.read((folder / "small_params.json").read_bytes(), "params.json")
    network = calico.read((folder / "small_human.h5").read_bytes(), "small.h5", params).network.network()
    x, total = np.pad(one_hot(told["index"]), ((0, 0), (1, 1), (0, 0))), 0
    for start in (0, 1, 2):
        window = x[:, start : start + 8192]
        other = np.asarray(network(window[:, ::-1, ::-1])["human"])[:, ::-1][..., told["strand_pair"]]
        total = total + np.asarray(network(window)["human"]) + other
    assert np.abs(total / 6 - told["human_ensemble"]).max() < 2e-5


def test_coverage_of_squashed_predictions(place, shared: Path):
    """Both formulas of the authors' code, in double precision, on the first window."""
    told = golden(shared / FOLDER / "keras_small/small_golden.npz")
    for squash in ("old", "new"):
        rows = [
            f"{i}\tT{i}\t9999\t{clip!r}\t{scale!r}\t{'sum_sqrt' if rooted else 'sum'}\t{pair}\tX"
            for i, (clip, scale, rooted, pair) in enumerate(
                zip(*(told[name].tolist() for name in ("clip_soft", "scale", "sum_sqrt", "strand_pair")), strict=True)
            )
        ]
        text = "\n".join([TARGETS.splitlines()[0], *rows])
        own = {} if squash == "old" else {"squash": "root"}
        table = zoo.load(place("keras_small/small_human.h5", True, own, targets=text)).spec.output.table
        found = table.coverage(told["human"][0].astype(np.float64))
        np.testing.assert_allclose(found, told[f"coverage_{squash}"], rtol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        f"{FOLDER}/keras_micro_small/small_human.h5",
        pytest.param(f"{FOLDER}/keras_small/small_human.h5", marks=pytest.mark.slow),
        pytest.param("zoo_weights/basenji2/small.h5", marks=pytest.mark.slow),
    ],
)
def test_deeplift_adds_up_on_a_file(shared: Path, tmp_path: Path, name: str):
    path = Path(shutil.copy(shared / name, tmp_path))
    with h5py.File(path) as file:
        tracks = json.loads(file.attrs["model_config"])["config"]["layers"]
    count = next(layer["config"]["units"] for layer in tracks[::-1] if layer["class_name"] == "Dense")
    rows = "".join(f"T{i}\t{i}\n" for i in range(count))
    (tmp_path / "targets.txt").write_text(f"identifier\tstrand_pair\n{rows}")
    x = one_hot(golden(next((shared / name).parent.glob("*golden.npz")))["index"])[:1]
    found = zoo.load(path).attribute(x, method="deeplift", track="T3", references="dinucleotide_shuffle", count=1)
    wanted = np.ravel(found.prediction - found.baseline)
    assert np.abs(found.values.sum(axis=(1, 2), dtype=float) - wanted).max() < 1e-4 * np.abs(wanted).max()


def test_one_bigwig_for_each_track_that_is_asked_for(place, tmp_path: Path):
    codes = np.random.default_rng(0).integers(0, 4, 20_000).astype(np.uint8)
    write_twobit(tmp_path / "genome.2bit", {"chr1": codes})
    model = zoo.load(place("keras_small/small_human.h5", targets=TARGETS))
    region = {"genome": tmp_path / "genome.2bit", "regions": "chr1:7169-14336"}
    model.predict(**region, track="DNASE:*", output=tmp_path / "out", progress=False)
    assert sorted(path.name for path in tmp_path.glob("out*.bw")) == ["out.T6.bw", "out.T7.bw", "out.T8.bw"]
    expected = np.asarray(model.network(one_hot(codes[None, 6656:14848]))["human"])[0, :, 7]
    with pyBigWig.open(str(tmp_path / "out.T7.bw")) as file:
        found = file.values("chr1", 7168, 14336, numpy=True)
    np.testing.assert_allclose(found, np.repeat(expected, 32), rtol=1e-4)


# --- the mini network


@pytest.fixture(scope="module")
def mini(shared: Path, tmp_path_factory: pytest.TempPathFactory):
    """`borzoi/mini` from a mirror of its release."""
    root = tmp_path_factory.mktemp("mirror")
    path = root / "tests/data/eval/model.h5"
    path.parent.mkdir(parents=True)
    shutil.copy(shared / MINI / "model.h5", path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_MIRROR_BORZOI", str(root))
        yield zoo.load("borzoi/mini")


def test_mini_reproduces_the_original(mini: zoo.Model, shared: Path):
    told = golden(shared / MINI / "golden.npz")
    assert mini.check().passed
    assert json.loads(json.dumps(loading.info("borzoi/mini")["input"])) == json.loads(
        json.dumps(mini.spec.to_json()["input"])
    )
    assert ModelSpec.from_json((mini.path / "config.json").read_bytes()) == mini.spec
    found = np.asarray(mini.network(one_hot(told["index"]))["human"])
    assert np.abs(found[:, ::8] - told["output"]).max() < 5e-6
    assert "45 windows" in (mini.path / "README.md").read_text()


def test_mini_knows_its_tracks(mini: zoo.Model, shared: Path):
    rows = (shared / "data/hg38_dnase_windows/targets.tsv").read_text().splitlines()[1:]
    head = mini.spec.output
    assert head.tracks == tuple(row.split("\t")[1] for row in rows)
    assert head.table.descriptions == tuple(row.split("\t")[-1] for row in rows)
    assert head.table.scales[34] == 0.3
    assert (head.transform, head.table.squash) == ("squashed", "power")
    family = registry.families()["borzoi"]
    assert borzoi.spec_of(family, family.models["mini"]).outputs == mini.spec.outputs


def test_mini_on_measured_windows(mini: zoo.Model, shared: Path):
    """The correlation over all tracks, and the mean of those of the ten of DNase-seq, are those of the original."""
    records = tf.data.TFRecordDataset(
        str(shared / "data/hg38_dnase_windows/tfrecords/test-0.tfr"), compression_type="ZLIB"
    )
    kinds = {name: tf.io.FixedLenFeature([], tf.string) for name in ("sequence", "target")}
    parsed = [tf.io.parse_single_example(record, kinds) for record in records.take(2)]
    x = one_hot(np.array([np.frombuffer(item["sequence"].numpy(), np.uint8) for item in parsed]))
    measured = np.array([np.frombuffer(item["target"].numpy(), np.float16).reshape(2048, 74) for item in parsed])
    found, measured = np.asarray(mini.network(x)["human"], float), measured.astype(float)
    assert np.corrcoef(found.ravel(), measured.ravel())[0, 1] == pytest.approx(0.268, abs=5e-4)
    dnase = [i for i, text in enumerate(mini.spec.output.table.descriptions) if text.startswith("DNASE:")]
    assert dnase == [*range(24, 34)]
    each = [np.corrcoef(found[..., i].ravel(), measured[..., i].ravel())[0, 1] for i in dnase]
    assert np.mean(each) == pytest.approx(0.348, abs=5e-4)


def test_the_released_file_is_known_by_its_digest(shared: Path):
    model = zoo.load(shared / MINI / "model.h5")
    assert model.spec.output.table.descriptions[24].startswith("DNASE:")
    assert model.spec.provenance["license"] == "Apache-2.0"
    assert loading.info(shared / MINI / "model.h5")["name"] == "local/model"


# --- files that are not as they should be


def edited(data: bytes, change) -> bytes:
    """The file with something done to it: `change` gets the open file."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def with_layer(kind: str, number: int = 0, **settings: object):
    """Changes settings of a layer of a kind."""

    def change(file: h5py.File) -> None:
        config = json.loads(file.attrs["model_config"])
        layers = [layer for layer in config["config"]["layers"] if layer["class_name"] == kind]
        layers[number]["config"].update(settings)
        file.attrs["model_config"] = json.dumps(config)

    return change


def with_call(kind: str, number: int, node: list):
    def change(file: h5py.File) -> None:
        config = json.loads(file.attrs["model_config"])
        layers = [layer for layer in config["config"]["layers"] if layer["class_name"] == kind]
        layers[number]["inbound_nodes"] = node
        file.attrs["model_config"] = json.dumps(config)

    return change


def without(path: str):
    def change(file: h5py.File) -> None:
        del file[path]

    return change


def with_nan(file: h5py.File) -> None:
    file["model_weights/dense_8/dense_8/bias:0"][0] = np.nan


WEIGHTS = "model_weights"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_layer("BatchNormalization", 3, epsilon=1e-5), "have epsilon 0.001 in batch_normalization_3"),
        (with_layer("LayerNormalization", 1, epsilon=1e-6), "have epsilon 0.001 in layer_normalization_1"),
        (with_layer("Conv1D", 0, padding="valid"), "have padding same in conv1d"),
        (with_layer("Conv1D", 2, dilation_rate=[2]), "have dilation_rate .1,. in conv1d_2"),
        (with_layer("Conv1D", 3, kernel_size=[7]), "have the same kernel_size in blocks of a kind"),
        (with_layer("Conv1D", 0, activation="relu"), "have activation linear in conv1d"),
        (with_layer("MaxPooling1D", 2, padding="valid"), "have padding same in max_pooling1d_2"),
        (with_layer("MaxPooling1D", 2, pool_size=[4]), "have pool_size .2,. in max_pooling1d_2"),
        (with_layer("Cropping1D", 0, cropping=[16, 17]), "leave out as many bins at each end.*16, 17"),
        (with_layer("UpSampling1D", 0, size=4), "have size 2 in up_sampling1d"),
        (with_layer("Dense", 8, activation="exponential"), "have activation softplus in dense_8"),
        (with_layer("SeparableConv1D", 0, depth_multiplier=2), "have depth_multiplier 1 in separable_conv1d"),
        (with_layer("TFOpLambda", 0, function="nn.relu"), "have function nn.gelu in tf.nn.gelu"),
        (with_call("TFOpLambda", 0, [["batch_normalization", 0, 0, {}]]), "have one kind of GELU.*exact.*tanh"),
        (with_call("MaxPooling1D", 3, [[["conv1d_2", 0, 0, {}]]]), "have one MaxPooling1D that reads conv1d_2"),
        (with_layer("InputLayer", 0, batch_input_shape=[None, None, 4]), "have an input sequence of known lengths"),
        (with_layer("Conv1D", 1, filters=10**9), r"have the sizes that its plan says.*\(1000000000, 32"),
        (with_layer("Dense", 8, units=8), r"have the sizes that its plan says.*tracks .*\(8,\), \(9,\)"),
        (with_layer("Dense", 1, units=10**9), r"have equal blocks of the transformer"),
        (with_layer("SwitchReverse", 0, strand_pair=[1, 2, 0, 3, 4, 5, 6, 7, 8]), "pair the strands of tracks"),
        (with_layer("SwitchReverse", 0, strand_pair=[1, 0]), "pair the strands of tracks"),
        (with_layer("SwitchReverse", 0, strand_pair=["a", 0]), "must be undamaged"),
        (without(f"{WEIGHTS}/conv1d_2"), "have one tensor kernel in the layer conv1d_2"),
        (without(f"{WEIGHTS}/conv1d_3/conv1d_3/bias:0"), "have one tensor bias in the layer conv1d_3"),
        (without(f"{WEIGHTS}/multihead_attention_1"), "be undamaged|have one tensor"),
        (with_nan, "finite"),
    ],
)
def test_a_network_that_differs_is_refused(shared: Path, change, message: str):
    data = (shared / FOLDER / "keras_small/small_human.h5").read_bytes()
    with pytest.raises(IntegrityError, match=message):
        calico.read(edited(data, change), "small.h5").network.network()


@pytest.mark.parametrize(("name", "unets", "final"), [("keras_layers", 2, 1920), ("keras_layers_prime", 3, None)])
def test_names_in_the_published_files(shared: Path, name: str, unets: int, final: int | None):
    """Every automatic name, sorted by number, is the layer of the PyTorch tensor that the list says."""
    layers = json.loads((shared / FOLDER / "full_tensors.json").read_text())[name]
    plan = {"filters": 6 * (0,), "blocks": 8, "unets": unets, "unet_dense": True, "final_filters": final}
    left: dict[str, list[str]] = {}
    for layer in sorted(layers, key=calico._number):
        left.setdefault(re.sub(r"_\d+$", "", layer), []).append(layer)
    for part in borzoi_names.parts(plan, ["human", "mouse"]):
        layer = left[part.kind].pop(0)
        assert all(tensor.startswith(f"{part.prefix}.") for _, _, tensor in layers[layer]), (layer, part)
    assert not any(left.values())


def test_without_a_graph_the_plan_has_to_be_beside_the_file(place):
    with pytest.raises(IntegrityError, match="have a model_config, or its authors"):
        zoo.load(place("keras_small/small_human_published_names.h5"))


def test_params_of_another_network(place, shared: Path):
    path = place("keras_small/small_human.h5", params=True)
    params = json.loads((path.parent / "params.json").read_text())
    params["model"]["trunk"][0]["filters"] = 32
    (path.parent / "params.json").write_text(json.dumps(params))
    with pytest.raises(IntegrityError, match=r"be of the network that the params.json.*stem_filters.*\(32, 24\)"):
        zoo.load(path)
    shutil.copy(shared / FOLDER / "keras_micro_small/small_params.json", path.parent / "params.json")
    with pytest.raises(IntegrityError, match="be of the network that the params"):
        zoo.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without(f"{WEIGHTS}/multihead_attention/r_w_bias:0"), "have one tensor r_w_bias"),
        (without(f"{WEIGHTS}/separable_conv1d_1"), r"have the layers of Borzoi.*separable_conv1d.*\(2, 1\)"),
        (lambda f: [f[WEIGHTS].pop(name) for name in [*f[WEIGHTS]] if name.startswith("dense")], "have a head, not"),
        (lambda f: f[WEIGHTS].move("dense_8", "dense_9"), "must be of a layer that it names"),
        (
            lambda f: f.create_dataset(f"{WEIGHTS}/dense_9/kernel:0", data=np.ones((2, 2), "f4")),
            "a layer that it names",
        ),
        (lambda f: resized(f, "multihead_attention/r_w_bias:0", (4, 16)), "A file of Calico must be undamaged"),
        (lambda f: resized(f, "dense_8/dense_8/kernel:0", (80, 8)), "tensors of a file must be those of its network"),
        (lambda f: resized(f, "conv1d/conv1d/kernel:0", (15, 4, 25)), "have the sizes that its plan says"),
    ],
)
def test_tensors_that_are_not_those_of_the_plan(shared: Path, change, message: str):
    folder = shared / FOLDER / "keras_small"
    params = calico_params.read((folder / "small_params.json").read_bytes(), "params.json")
    data = (folder / "small_human_published_names.h5").read_bytes()
    with pytest.raises(IntegrityError, match=message):
        calico.read(edited(data, change), "small.h5", params).network.network()


def resized(file: h5py.File, name: str, shape: tuple[int, ...]) -> None:
    del file[f"{WEIGHTS}/{name}"]
    file[f"{WEIGHTS}/{name}"] = np.ones(shape, np.float32)


def test_layers_that_the_plan_does_not_have(place):
    path = place("keras_small/small_human_published_names.h5", params=True)
    params = json.loads((path.parent / "params.json").read_text())
    params["model"]["trunk"][2]["repeat"] = 3
    (path.parent / "params.json").write_text(json.dumps(params))
    with pytest.raises(IntegrityError, match=r"have the layers of Borzoi.*multihead_attention.*\(3, 2\)"):
        zoo.load(path)


def test_what_a_user_says_comes_first(place, shared: Path):
    with NO_PAIRS:
        model = zoo.load(place("keras_small/small_human.h5", True, {"gelu": "sigmoid", "position_length": 4096}))
    config = model.spec.architecture.config
    assert (config["gelu"], config["position_length"]) == ("sigmoid", 4096)
    with pytest.raises(IntegrityError, match="must be among gelu, position_length, squash"):
        zoo.load(place("keras_small/small_human.h5", True, {"crop": 3}))
    with NO_PAIRS, pytest.raises(InputError, match="GELU must be one of"):
        zoo.load(place("keras_small/small_human.h5", True, {"gelu": "erf"}))


def test_the_recipe_makes_a_folder(place, tmp_path: Path):
    path = place("keras_micro_small/small_human.h5")
    (tmp_path / "targets.txt").write_text("identifier\tstrand_pair\n" + "".join(f"T{i}\t{i}\n" for i in range(5)))
    command = [sys.executable, str(RECIPE), "calico", str(path), "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, "--gelu", "sigmoid"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    model = zoo.load(tmp_path / "out")
    assert (model.spec.name, model.spec.output.tracks[0]) == ("borzoi/small_human", "T0")
    assert model.spec.architecture.config["gelu"] == "sigmoid"
    assert model.spec.provenance["license"] == "that of the file"
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 1
    assert "must be saved to a new folder" in again.stderr
    assert "Traceback" not in again.stderr


def test_strand_pairs_of_the_file_and_of_the_table(place):
    def change(file: h5py.File) -> None:
        with_layer("SwitchReverse", strand_pair=[1, 0, 2, 4, 3, 5, 7, 6, 8])(file)

    path = place("keras_small/small_human.h5", targets=TARGETS)
    path.write_bytes(edited(path.read_bytes(), change))
    assert zoo.load(path).spec.output.swap == (1, 0, 2, 4, 3, 5, 7, 6, 8)
    (path.parent / "targets.txt").unlink()
    assert zoo.load(path).spec.output.swap == (1, 0, 2, 4, 3, 5, 7, 6, 8)
    lines = TARGETS.splitlines()
    for row, pair in ((1, 0), (2, 1)):  # of the first two tracks, each its own
        cells = lines[row].split("\t")
        lines[row] = "\t".join([*cells[:6], str(pair), *cells[7:]])
    (path.parent / "targets.txt").write_text("\n".join(lines))
    with pytest.raises(IntegrityError, match=r"strand pairs of a table of tracks must be those of the file.*\[0, 1\]"):
        zoo.load(path)


def test_a_table_of_another_head(place):
    with pytest.raises(IntegrityError, match=r"row for each of the 9 tracks.*rows=8"):
        zoo.load(place("keras_small/small_human.h5", targets="\n".join(TARGETS.splitlines()[:-1])))
    with pytest.raises(InputError, match="component must be left out"):
        zoo.load(place("keras_small/small_human.h5", targets=TARGETS), component="bias")


@pytest.mark.parametrize("size", [0, 100, 5000, 400_000])
def test_a_truncated_file(place, size: int):
    path = place("keras_small/small_human.h5")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ZooError):
        zoo.load(path)

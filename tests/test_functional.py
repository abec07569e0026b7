"""Networks of Keras's own layers as data: what survives the way there and back, and what is refused."""

import json
import random
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import edit_json, small_spec
from keras import layers

import zoo
from registry import digests
from zoo import folder, weights
from zoo.architectures import functional
from zoo.errors import InputError, IntegrityError
from zoo.layers import plain
from zoo.spec import Architecture, ModelSpec


def convolutions() -> keras.Model:
    """Every kind of convolution, normalization and pooling, with options that are not the defaults."""
    dna = keras.Input((64, 4), name="dna")
    x = layers.Conv1D(8, 7, padding="same", dilation_rate=2, kernel_initializer="he_normal")(dna)
    x = layers.BatchNormalization(momentum=0.9, scale=False)(x)
    x = layers.ReLU(negative_slope=0.1)(x)
    x = layers.DepthwiseConv1D(3, padding="same", depth_multiplier=2, use_bias=False)(x)
    x = layers.SeparableConv1D(8, 3, strides=2, activation="gelu")(x)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    x = layers.Conv1D(6, 3, groups=2, kernel_regularizer=keras.regularizers.L2(1e-4), kernel_constraint="non_neg")(x)
    x = layers.ZeroPadding1D((1, 2))(layers.Cropping1D((1, 0))(x))
    x = layers.UpSampling1D(2)(layers.AveragePooling1D(3, strides=2)(layers.MaxPooling1D(2)(x)))
    x = layers.SpatialDropout1D(0.1)(layers.GaussianNoise(0.1)(layers.Dropout(0.2)(x)))
    x = layers.Permute((2, 1))(layers.LeakyReLU(0.2)(layers.ELU()(layers.Activation("tanh")(x))))
    return keras.Model(dna, layers.Dense(8, activation="sigmoid", name="binding")(layers.Flatten()(x)))


def recurrent() -> keras.Model:
    """Two inputs, layers that read in both directions, two named outputs."""
    dna, signal = keras.Input((32, 4), name="dna"), keras.Input((32, 1), name="atac")
    x = layers.Concatenate()([dna, signal])
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True, dropout=0.1), merge_mode="sum")(x)
    x = layers.GRU(5, return_sequences=True, reset_after=False)(layers.Softmax()(x))
    y = layers.GRU(3, go_backwards=True, recurrent_initializer=keras.initializers.RandomNormal(stddev=0.02))(x)
    y = layers.Reshape((-1, 1))(layers.RepeatVector(8)(y))
    x = layers.Dense(1, trainable=False)(layers.MaxPooling1D(4)(x))
    outputs = {"accessibility": layers.Rescaling(2.0)(x), "mappability": layers.GlobalMaxPooling1D()(y)}
    return keras.Model([dna, signal], outputs)


def shared() -> keras.Model:
    """One convolution that reads both strands, and each kind of merging."""
    dna = keras.Input((32, 4))
    scan = layers.Conv1D(4, 5, padding="same", name="scan")
    one, other = scan(dna), scan(layers.Dense(4, use_bias=False)(dna))
    merged = [kind()([one, other]) for kind in (layers.Add, layers.Subtract, layers.Multiply, layers.Average)]
    x = layers.Concatenate(axis=1)([*merged, layers.Maximum()([one, other, dna]), layers.Minimum()([other, one])])
    return keras.Model(dna, layers.GlobalAveragePooling1D(keepdims=True)(scan(x)))


def sequential() -> keras.Model:
    return keras.Sequential([keras.Input((16, 4)), layers.Conv1D(2, 3), layers.Flatten(), layers.Dense(3)])


def deepsea() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((100, 4)),
            layers.Conv1D(16, 8, activation="relu", kernel_constraint=keras.constraints.MaxNorm(0.9)),
            layers.MaxPooling1D(4),
            layers.Dropout(0.2),
            layers.Bidirectional(layers.LSTM(6)),
            layers.Dense(9, activation="sigmoid", kernel_regularizer=keras.regularizers.L1L2(1e-8, 5e-7)),
        ]
    )


@pytest.mark.parametrize("make", [convolutions, recurrent, shared, sequential, deepsea])
def test_a_network_comes_back_from_json_with_the_same_numbers(make):
    network = make()
    config = json.loads(json.dumps(functional.describe(network)))
    back = zoo.build("functional", **config)
    generator = np.random.default_rng(1)
    values = [generator.normal(size=weight.shape).astype(np.float32) ** 2 for weight in network.get_weights()]
    for one in (network, back):
        one.set_weights(values)
    x = [generator.random((2, *shape[1:])).astype(np.float32) for shape in (i.shape for i in network.inputs)]
    expected, found = (one(x if len(x) > 1 else x[0], training=False) for one in (network, back))
    assert type(found) is type(expected)
    for a, b in zip(keras.tree.flatten(expected), keras.tree.flatten(found), strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b))
    assert [w.trainable for w in back.weights] == [w.trainable for w in network.weights]
    assert functional.count_weights(**config) == network.count_params()
    assert functional.describe(back) == functional.describe(network)


def test_options_survive():
    back = zoo.build("functional", **functional.describe(convolutions()))
    grouped = next(layer for layer in back.layers if getattr(layer, "groups", 1) == 2)
    assert float(grouped.kernel_regularizer.l2) == pytest.approx(1e-4)
    assert type(grouped.kernel_constraint) is keras.constraints.NonNeg
    assert type(back.layers[1].kernel_initializer) is keras.initializers.HeNormal


@pytest.mark.parametrize("seed", range(12))
def test_layers_keep_their_order_in_any_graph(seed: int, tmp_path: Path):
    """Weights are found in a file by the order of layers: a layer of the same shape in another's place is no error."""
    generator = np.random.default_rng(seed)
    dna = keras.Input((6, 4), name="dna")
    made = [dna]
    dense = [layers.Dense(4, name=f"d{seed}_{number}") for number in generator.permutation(12)]
    for number in generator.integers(0, 12, 30):
        one, other = (made[int(generator.integers(len(made)))] for _ in range(2))
        made.append(layers.Add()([dense[number](one), other]) if generator.random() < 0.5 else dense[number](one))
    network = keras.Model(dna, layers.Average()([made[-1], made[-2], made[int(generator.integers(len(made)))]]))
    back = zoo.build("functional", **json.loads(json.dumps(functional.describe(network))))
    network.set_weights([0.3 * generator.normal(size=weight.shape) for weight in network.get_weights()])
    weights.save(network, tmp_path / "model.weights.h5")
    weights.load(back, tmp_path / "model.weights.h5")
    x = generator.random((2, 6, 4)).astype(np.float32)
    assert np.array_equal(np.asarray(network(x)), np.asarray(back(x)))


# --- what has no description


class Own(layers.Dense):
    pass


def relu(x):
    return x


def backward(**options: object) -> layers.Layer:
    """Both directions, of which one has options of its own."""
    return layers.Bidirectional(
        layers.LSTM(3), backward_layer=layers.LSTM(3, go_backwards=True, **options), name="mine"
    )


def _model(*chain) -> keras.Model:
    x = begin = keras.Input((8, 4), name="dna")
    for layer in chain:
        x = layer(x)
    return keras.Model(begin, x)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: _model(layers.Lambda(lambda x: x, name="mine")), "layer mine: .*Lambda"),
        (lambda: _model(Own(3, name="mine")), r"layer mine: .*test_functional\.Own"),
        (lambda: _model(layers.Dense(3, activation=relu, name="mine")), "layer mine: .*activation=<function relu"),
        (lambda: _model(backward(activation=relu)), "layer mine: .*activation=<function relu"),
        (lambda: _model(backward(bias_initializer="ones")), "layer mine: .*backward_layer="),
        (lambda: _model(layers.Dense(3, dtype="float16", name="mine")), "layer mine: .*dtype='float16'"),
        (lambda: _model(layers.Dropout(0.1, noise_shape=(1, 1, 4), name="mine")), "layer mine: .*noise_shape"),
        (lambda: _model(layers.LSTM(2, unroll=True, name="mine")), "layer mine: .*unroll"),
        (lambda: _model(layers.Embedding(5, 2, name="mine")), "layer mine: .*Embedding"),
        (lambda: _model(_model(layers.Dense(3))), "layer functional.*: .*Functional"),
        (lambda: _model(lambda x: x + 1), "operation add.*keras.layers.Add"),
        (lambda: _model(lambda x: layers.Dropout(0.1, name="mine")(x, training=True)), "mine: .*training=True"),
        (lambda: _model(*[layers.Activation("relu") for _ in range(600)]), "at most 512 calls deep"),
        (lambda: keras.Sequential([layers.Dense(2)]), "functional or sequential model of Keras, built"),
        (lambda: layers.Dense(2), "functional or sequential"),
        (lambda: keras.Model(i := keras.Input((8, 4), batch_size=2), layers.Flatten()(i)), "any number of windows"),
        (lambda: keras.Model(i := keras.Input((None, 4)), layers.Conv1D(1, 3)(i)), "shape of an input must be"),
        (lambda: keras.Model({"a": (i := keras.Input((8, 4)))}, layers.Flatten()(i)), "a list of inputs"),
    ],
)
def test_what_cannot_be_described_is_named(make, said: str):
    with pytest.raises(InputError, match=said):
        functional.describe(make())


# --- what is refused


def small() -> dict:
    """A network as data: 8 × 4 → 3."""
    return {
        "inputs": [{"name": "dna", "shape": [8, 4]}],
        "layers": {
            "scan": {"class": "Conv1D", "arguments": {"filters": 2, "kernel_size": 3}},
            "flat": {"class": "Flatten", "arguments": {}},
            "dense": {"class": "Dense", "arguments": {"units": 3}},
        },
        "calls": [["scan", [0]], ["flat", [1]], ["dense", [2]]],
        "outputs": [3],
    }


def test_the_small_one_is_right():
    assert zoo.build("functional", **small()).output_shape == (None, 3)
    assert functional.count_weights(**small()) == 3 * 4 * 2 + 2 + 12 * 3 + 3


def scan(**changes: object):
    """A change of the first layer."""
    return lambda data: data["layers"]["scan"].update(changes)


def arguments(layer: str, **changes: object):
    """A change of a layer's arguments."""
    return lambda data: data["layers"][layer]["arguments"].update(changes)


def doubling(data: dict) -> None:
    """Each call reads the one before twice: 60 lines, 2**60 channels."""
    data["layers"] = {f"c{i}": {"class": "Concatenate", "arguments": {}} for i in range(60)}
    data["calls"] = [[f"c{i}", [i, i]] for i in range(60)]


def deep(data: dict) -> None:
    data["layers"] = {"act": {"class": "Activation", "arguments": {"activation": "relu"}}}
    data["calls"] = [["act", [i]] for i in range(513)]


def wide(data: dict) -> None:
    """Arguments that are each within bounds, and weights that are not."""
    data["layers"]["scan"]["arguments"].update(filters=1 << 20)
    data["layers"]["flat"] = {"class": "Conv1D", "arguments": {"filters": 1 << 20, "kernel_size": 1}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (scan(**{"class": "Lambda"}), "layer scan: A layer must be one of .*Lambda"),
        (scan(**{"class": "os.system"}), "must be one of"),
        (scan(**{"class": ["Conv1D"]}), "must be one of"),
        (scan(module="keras.src.saving"), "a class and arguments, and nothing else"),
        (scan(registered_name="Custom>Own"), "a class and arguments, and nothing else"),
        (scan(arguments=[1]), "The arguments of Conv1D must be among"),
        (arguments("scan", function="x"), "The arguments of Conv1D must be among"),
        (arguments("scan", name="x"), "The arguments of Conv1D must be among"),
        (arguments("scan", dtype="float64"), "The arguments of Conv1D must be among"),
        (arguments("scan", activation="keras.src.activations.relu"), "activation of Conv1D must be one of"),
        (arguments("scan", activation={"class_name": "Lambda"}), "activation of Conv1D must be one of"),
        (arguments("scan", activation=["relu"]), "activation of Conv1D must be one of"),
        (arguments("scan", kernel_initializer={"class_name": "Zeros", "config": {}}), "kernel_initializer"),
        (arguments("scan", kernel_initializer=["RandomNormal", {"stddev": float("nan")}]), "kernel_initializer"),
        (arguments("scan", kernel_initializer=["RandomNormal", {"seed": 1}]), "kernel_initializer"),
        (arguments("scan", kernel_size=float("nan")), "kernel_size of Conv1D must be a whole number"),
        (arguments("scan", kernel_size=0), "kernel_size of Conv1D must be a whole number"),
        (arguments("scan", kernel_size=9), "must have 1 to|can be built with"),
        (arguments("scan", filters=True), "filters of Conv1D must be a whole number"),
        (arguments("scan", groups=3), "can be built with"),
        (arguments("dense", units=1 << 40), "units of Dense must be a whole number"),
        (arguments("dense", units=10**400), "units of Dense must be a whole number"),
        (lambda data: data["layers"].update({"a/b": data["layers"].pop("scan")}), "The name of a layer"),
        (lambda data: data["layers"].update({"../x": data["layers"].pop("scan")}), "The name of a layer"),
        (lambda data: data["layers"].update(dna=data["layers"].pop("scan")), "must have different names"),
        (lambda data: data["inputs"].append(data["inputs"][0]), "Each input must have a name of its own.*dna"),
        (lambda data: data["inputs"].append({"name": "x"}), "must have a name and a shape"),
        (lambda data: data["inputs"][0].update(shape=[1 << 20, 1 << 20, 1 << 20]), "values for each window"),
        (lambda data: data["inputs"][0].update(shape=[8, None]), "shape of an input must be"),
        (lambda data: data["inputs"][0].update(shape=[-8, 4]), "shape of an input must be"),
        (lambda data: data["calls"].append(["scan", [9]]), "one of the 4 inputs and calls before.*9"),
        (lambda data: data["calls"].append(["scan", [-1]]), "one of the 4 inputs and calls before"),
        (lambda data: data["calls"].append(["scan", [True]]), "one of the 4 inputs and calls before"),
        (lambda data: data["calls"].append(["scan", [0, 0]]), "1 values that scan reads"),
        (lambda data: data["calls"].append(["scan", []]), "values that scan reads"),
        (lambda data: data["calls"].append(["nobody", [0]]), "a layer of the network.*nobody"),
        (lambda data: data["calls"].append("scan"), "A call must be the name of a layer"),
        (lambda data: data["calls"].append(["scan", [2]]), "can be built with"),
        (lambda data: data["calls"].pop(), "must be called.*dense"),
        (lambda data: data.update(calls=[["scan", [0]]] * 10**6), "1 to 4,096 calls.*1000000"),
        (lambda data: data.update(layers={f"l{i}": None for i in range(10**6)}), "1 to 4,096 layers.*1000000"),
        (lambda data: data.update(layers=[]), "layers of functional must be an object"),
        (lambda data: data.update(outputs=[7]), "an output: "),
        (lambda data: data.update(outputs=[]), "1 to 64 outputs"),
        (lambda data: data.update(outputs={"a/b": 3}), "The name of a layer"),
        (lambda data: data.update(outputs=3), "outputs of functional must be"),
        (lambda data: data.update(module="os"), "arguments of functional must be among"),
        (lambda data: data.update(names="a"), "arguments of functional must be among"),
        (doubling, "layer c2[0-9]: .*values for each window"),
        (deep, "at most 512 calls deep"),
        (wide, "at most .* weights"),
    ],
)
def test_hostile_data_is_refused_before_anything_is_built(change, said: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layers.Layer, "build", None)
    monkeypatch.setattr(keras, "Model", None)
    data = small()
    change(data)
    began = time.perf_counter()
    with pytest.raises(InputError, match=said):
        zoo.build("functional", **data)
    assert time.perf_counter() - began < 5


ODD = (None, -1, 0, 1 << 20, 1 << 40, 1.5, float("nan"), 1e308, "", "Lambda", "relu", [], {}, [[0]], {"a": 1}, True)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """The paths to everything in data, beside the whole."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key, item in items for place in places(item, (*path, key)))]


def test_random_damage_is_refused_or_builds_a_small_network():
    generator, refused = random.Random(17), 0
    bases = [json.loads(json.dumps(functional.describe(make()))) for make in (convolutions, recurrent, shared)]
    for _ in range(300):
        data = json.loads(json.dumps(generator.choice(bases)))
        *way, key = generator.choice(places(data))
        holder = data
        for step in way:
            holder = holder[step]
        if generator.random() < 0.2:
            del holder[key]
        else:
            holder[key] = generator.choice(ODD)
        try:
            assert zoo.build("functional", **data).count_params() < 1e7
        except InputError:
            refused += 1
    assert 200 < refused < 300


def test_an_argument_without_a_default_has_no_example():
    with pytest.raises(InputError, match="layers of functional must be an object") as caught:
        zoo.build("functional", **{**small(), "layers": "x"})
    assert "Example" not in str(caught.value)


def test_bidirectional_holds_one_recurrent_layer_and_nothing_else():
    inner = {"class": "LSTM", "arguments": {"units": 2}}
    assert plain.make("Bidirectional", "both", {"layer": inner}).forward_layer.units == 2
    for wrong in (
        {"class": "Bidirectional", "arguments": {"layer": inner}},
        {**inner, "module": "x"},
        {"class": "Lambda", "arguments": {}},
        {"class": "LSTM", "arguments": {"units": -1}},
        "LSTM",
    ):
        with pytest.raises(InputError, match=r"LSTM"):
            plain.make("Bidirectional", "both", {"layer": wrong})


# --- model folders


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of a network that the zoo has no builder of."""
    x = begin = keras.Input((256, 5), name="window")
    x = layers.Conv1D(4, 9, padding="same", activation="relu", name="scan")(x)
    x = layers.Conv1D(4, 9, padding="same", activation="relu")(x)
    x = layers.Conv1D(1, 1, activation="sigmoid")(layers.MaxPooling1D(32)(x))
    network = keras.Model(begin, layers.Flatten()(x), name="mine")
    spec = small_spec(architecture=Architecture("functional", functional.describe(network)))
    generator = np.random.default_rng(3)
    network.set_weights([generator.normal(size=weight.shape) for weight in network.get_weights()])
    inputs = generator.random((3, 256, 5)).astype(np.float32)
    target = tmp_path_factory.mktemp("models") / "mine"
    target.mkdir()
    golden = folder.Golden(inputs, np.asarray(network(inputs, training=False)))
    folder.write(target, spec, network, golden, None, "# MINE\n")
    digests.write_digests(target, {"source": "tests"})
    return target


def test_a_folder_carries_its_network(published: Path):
    model = zoo.load(published)
    check = model.check()
    assert check.passed
    assert check.difference == 0
    spec = folder.read_spec(published)
    assert ModelSpec.from_json(json.dumps(spec.to_json()).encode()) == spec
    assert folder.digest(spec, model.network) == folder.digest(spec, zoo.load(published).network)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda config: config["layers"]["scan"].update({"class": "Lambda"}), "must be one of"),
        (lambda config: config["layers"]["scan"]["arguments"].update(filters=100_000), "fit the size"),
        (lambda config: config.pop("inputs"), "can be built with|inputs"),
        (lambda config: config.update(calls=[]), "1 to 4,096 calls"),
        (lambda config: config.update(layers={"x": {"class": "Dense", "arguments": {"units": -1}}}), "units of Dense"),
    ],
)
def test_the_size_of_the_weights_bounds_the_network(published: Path, tmp_path: Path, change, said: str):
    config = json.loads((published / "config.json").read_text())["architecture"]["config"]
    change(config)
    target = tmp_path / "model"
    target.mkdir()
    for path in published.iterdir():
        if path.name != digests.DIGESTS:
            (target / path.name).write_bytes(path.read_bytes())
    edit_json(target / "config.json", architecture={"name": "functional", "config": config})
    with pytest.raises((InputError, IntegrityError), match=said):
        zoo.load(target)


def test_other_networks_take_no_nested_arguments():
    for nested in ({"a": 1}, ["a"], [[1]], [True]):
        with pytest.raises(IntegrityError, match="lists of numbers"):
            Architecture("maxatac", {"filters": nested})

"""Files in the layouts of FactorNet (Keras 1 on Theano), DeepGRN and Leopard (Keras 2), with random weights."""

import base64
import io
import json
import marshal
from collections.abc import Mapping

import h5py
import keras
import numpy as np

import zoo

_PLACES = [0, 3, 2, 1]  # of A, T, G, C among A, C, G, T: the permutation undoes itself


def network(name: str, seed: int = 7, scale: float = 1.0, **config: object) -> keras.Model:
    """With weights at random."""
    made = zoo.build(name, **config)
    random = np.random.default_rng(seed)
    for weight in made.weights:
        size = scale * np.sqrt(1 / np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 0.1
        value = size * random.normal(size=weight.shape)
        weight.assign(1 + np.abs(value) if "variance" in weight.path else value)
    return made


def leopard_network(seed: int = 7, **config: object) -> keras.Model:
    """A U-Net with weights at random whose outputs spread over 0 to 1: where they are all alike a test cannot fail.

    Its normalizations have the statistics of random windows, as training gives them.
    """
    made = network("leopard", seed, scale=2, **config)
    random, (window, channels) = np.random.default_rng(seed), made.input_shape[1:]
    bases = np.eye(4)[random.integers(0, 4, (16, window))]
    x = np.concatenate([bases, random.random((16, window, channels - 4))], axis=-1).astype(np.float32)
    for layer in made.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
            layer.gamma.assign(np.ones(layer.gamma.shape))
    made(x, training=True)
    head = made.get_layer("output")
    kernel, _ = head.get_weights()
    logits = np.asarray(keras.Model(made.input, head.input)(x, training=False)) @ kernel[0, :, 0]
    head.set_weights([kernel * 1.5 / logits.std(), np.float32([-logits.mean() * 1.5 / logits.std()])])
    assert 0.1 < np.asarray(made(x, training=False)).std() < 0.4
    return made


def written(
    config: Mapping | None, layers: Mapping[str, Mapping[str, np.ndarray]], whole: bool = True, **attributes: str
) -> bytes:
    """The bytes of a file: a group for each layer, in which `weight_names` are paths."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        root = file.create_group("model_weights") if whole else file
        for name, tensors in layers.items():
            group = root.create_group(name)
            for path, value in tensors.items():
                group[path] = np.asarray(value, np.float32)
            group.attrs["weight_names"] = [path.encode() for path in tensors]
        root.attrs["layer_names"] = [name.encode() for name in layers]
        if config is not None:
            file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": config}).encode()
        for key, value in attributes.items():
            file.attrs[key] = value.encode()
    return buffer.getvalue()


class Graph:
    """A configuration that grows layer by layer, each for both strands."""

    def __init__(self, window: int, columns: int, vector: int = 0, keras1: bool = False) -> None:
        self.layers: list[dict] = []
        self._keras1 = keras1
        names = ["input_1", "input_2"] + (["input_3"] if vector else [])
        shapes = [[None, window, columns]] * 2 + ([[None, vector]] if vector else [])
        for name, shape in zip(names, shapes, strict=True):
            self._append(name, "InputLayer", {"batch_input_shape": shape}, [])
        self.inputs = [[name, 0, 0] for name in names]

    def add(self, name: str, kind: str, *reads: str, **settings: object) -> str:
        """A layer that reads others of this strand; returns its name."""
        other = {"input_1": "input_2"}
        nodes = [
            [self._read(read, 0) for read in reads],
            [self._read(other.get(read, read), 0 if read in ("input_1", "input_3") else 1) for read in reads],
        ]
        self._append(name, kind, settings, nodes)
        return name

    def merge(self, name: str, kind: str, read: str, **settings: object) -> dict:
        """The last layer, and the whole configuration."""
        self._append(name, kind, settings, [[self._read(read, 0), self._read(read, 1)]])
        return {
            "name": "model_1",
            "layers": self.layers,
            "input_layers": self.inputs,
            "output_layers": [[name, 0, 0]],
        }

    def _read(self, name: str, use: int) -> list:
        return [name, use, 0] if self._keras1 else [name, use, 0, {}]

    def _append(self, name: str, kind: str, settings: dict, nodes: list) -> None:
        config = {"name": name, "trainable": True, **settings}
        self.layers.append({"class_name": kind, "name": name, "config": config, "inbound_nodes": nodes})


def factornet(made: keras.Model, window: int, config: Mapping, with_config: bool = True) -> bytes:
    """A network of FactorNet as its authors' Keras wrote it; `final_model.hdf5` without the configuration."""
    tensors = {layer.name: layer.get_weights() for layer in made.layers if layer.weights}
    vector, pooled = config.get("covariates", 0), not config.get("global_pool", False)
    graph = Graph(window, 4 + config["tracks"], vector, keras1=True)
    plain = {"border_mode": "valid", "subsample_length": 1, "bias": True}
    x = graph.add("convolution1d_1", "Convolution1D", "input_1", activation="relu", **plain)
    x = graph.add("dropout_1", "Dropout", x, p=0.1)
    inner = {"class_name": "Dense", "config": {"activation": "relu", "bias": True}}
    x = graph.add("timedistributed_1", "TimeDistributed", x, layer=inner)
    pool = config["pool_size"]
    if pooled:
        x = graph.add("maxpooling1d_1", "MaxPooling1D", x, pool_length=pool, stride=pool, border_mode="valid")
    else:
        x = graph.add("globalmaxpooling1d_1", "GlobalMaxPooling1D", x)
    kernel, bias = tensors["convolution"]
    layers = {
        "input_1": {},
        "input_2": {},
        "convolution1d_1": {"convolution1d_1_W": kernel[::-1, None], "convolution1d_1_b": bias},
        "timedistributed_1": dict(zip(("dense_1_W", "dense_1_b"), tensors["position_dense"], strict=True)),
    }
    if config["units"]:
        lstm = {
            "activation": "tanh",
            "inner_activation": "hard_sigmoid",
            "return_sequences": True,
            "go_backwards": False,
            "stateful": False,
            "dropout_W": 0.1,
            "dropout_U": 0.1,
        }
        inner = {"class_name": "LSTM", "config": lstm}
        x = graph.add("bidirectional_1", "Bidirectional", x, merge_mode="concat", layer=inner)
        layers["bidirectional_1"] = {
            f"{way}_lstm_1_{kind}_{gate}": part
            for way in ("forward", "backward")
            for kind, whole in zip("WUb", tensors[f"lstm_{way}"], strict=True)
            for gate, part in zip("ifco", np.split(whole, 4, axis=-1), strict=True)
        }
    if pooled:
        x = graph.add("flatten_1", "Flatten", graph.add("dropout_2", "Dropout", x, p=0.2))
    number = 2
    for ours in ("hidden", "hidden_with_covariates", "output"):
        if ours not in tensors:
            continue
        if ours == "hidden_with_covariates":
            x = graph.add("merge_1", "Merge", x, "input_3", mode="concat", concat_axis=-1)
            layers["input_3"] = {}
        name = f"dense_{number}"
        activation = "sigmoid" if ours == "output" else "relu"
        x = graph.add(name, "Dense", x, activation=activation, bias=True)
        layers[name] = dict(zip((f"{name}_W", f"{name}_b"), tensors[ours], strict=True))
        number += 1
    made_of = graph.merge("merge_9", "Merge", x, mode="ave")
    if not with_config:
        return written(None, layers, whole=False)
    return written(made_of, layers, keras_version="1.1.1")


def leopard(made: keras.Model) -> bytes:
    """A network of Leopard as its authors' Keras wrote it: transposed convolutions have two dimensions."""
    blocks = ["level0", *(f"{way}{i}" for way in ("down", "up") for i in range(1, 6))]
    convolutions = [f"{block}_conv{i}" for block in blocks for i in (1, 2)]
    ours = {
        "conv1d": [*convolutions, "output"],
        "batch_normalization": [name.replace("conv", "norm") for name in convolutions],
        "conv2d_transpose": [f"up{i}_transposed" for i in range(1, 6)],
    }
    keys = dict.fromkeys(ours, ("kernel", "bias")) | {
        "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance")
    }
    layers = {}
    for kind, names in ours.items():
        for number, name in enumerate(names, start=1):
            theirs, tensors = f"{kind}_{number}", made.get_layer(name).get_weights()
            if kind == "conv2d_transpose":
                tensors[0] = tensors[0][:, None]
            layers[theirs] = {f"{theirs}/{key}:0": v for key, v in zip(keys[kind], tensors, strict=True)}
    return written(None, layers, backend="tensorflow", keras_version="2.2.4")


def code_of(text: str, closure: list | None = None) -> list:
    """A lambda as Keras saves it, by its text; it is compiled and never called."""
    return [base64.encodebytes(marshal.dumps(eval(text).__code__)).decode(), None, closure]


def lambdas(dk: int) -> dict[str, list]:
    """What the authors' Lambda layers hold."""
    return {
        "mean": code_of("lambda x: K.mean(x, axis=1)"),
        "scores": code_of("lambda x: tf.matmul(x[0], x[1]) / np.sqrt(dk)", [dk]),
        "matmul": code_of("lambda x: tf.matmul(x[0], x[1])"),
    }


def deepgrn(made: keras.Model, window: int, config: Mapping) -> bytes:
    """A network of DeepGRN as its authors' Keras wrote it, its dense layers numbered out of order."""
    return _Deepgrn(made, window, config).bytes()


class _Deepgrn:
    def __init__(self, made: keras.Model, window: int, config: Mapping) -> None:
        self.tensors = {layer.name: layer.get_weights() for layer in made.layers if layer.weights}
        self.config, self.vector = config, config.get("covariates", 0)
        self.graph = Graph(window, 4 + config["tracks"], self.vector)
        self.layers: dict[str, dict] = {name: {} for name in ("input_1", "input_2", *(["input_3"] * bool(self.vector)))}
        self.lambdas = lambdas(0)
        self._numbers = iter(range(90, 1, -1))

    def bytes(self) -> bytes:
        config, graph = self.config, self.graph
        place, rate = config.get("place", "after"), config.get("rate", 0.1)
        x = "input_1"
        conv = {"strides": [1], "padding": "valid", "dilation_rate": [1], "use_bias": True, "activation": "relu"}
        for i in range(1, config.get("convolutions", 1) + 1):
            x = graph.add(f"conv1d_{i}", "Conv1D", x, **conv)
            kernel, bias = self.tensors[f"convolution{i}"]
            columns = [*_PLACES, *range(4, kernel.shape[1])] if i == 1 else slice(None)
            self._keep(f"conv1d_{i}", kernel=kernel[:, columns], bias=bias)
            x = self._dropped(x, rate)
        inner = {"class_name": "Dense", "config": {"activation": "relu", "use_bias": True}}
        x = graph.add("time_distributed_1", "TimeDistributed", x, layer=inner)
        self._keep("time_distributed_1", **dict(zip(("kernel", "bias"), self.tensors["position_dense"], strict=True)))
        pool = [config["pool_size"]]
        x = graph.add("max_pooling1d_1", "MaxPooling1D", x, pool_size=pool, strides=pool, padding="valid")
        features = self.tensors["position_dense"][0].shape[1]
        if place == "before":
            x = self._attention(x, features)
        for i in range(1, config.get("lstms", 1) + 1):
            x = self._dropped(self._lstm(x, i), rate)
        if place == "after":
            x = self._attention(x, 2 * config["units"])
        if config.get("attention", "single") != "single":
            x = graph.add("flatten_1", "Flatten", x)
        x = self._dense("hidden", x)
        if self.vector:
            x = graph.add("concatenate_1", "Concatenate", x, "input_3", axis=-1)
        x = self._dropped(x, rate)
        for i in range(1, config.get("extra", 0) + 2):
            x = self._dropped(self._dense(f"dense{i}", x), rate)
        x = self._dense("output", x, "sigmoid")
        kind = config.get("merge", "average").capitalize()
        return written(graph.merge("last_1", kind, x), self.layers, keras_version="2.2.4", backend="tensorflow")

    def _keep(self, name: str, **tensors: np.ndarray) -> None:
        self.layers[name] = {f"{name}/{key}:0": value for key, value in tensors.items()}

    def _dropped(self, x: str, rate: float) -> str:
        return self.graph.add(f"dropout_{next(self._numbers)}", "Dropout", x, rate=rate) if rate else x

    def _dense(self, ours: str, x: str, activation: str = "relu") -> str:
        name = f"dense_{next(self._numbers)}"
        kernel, *bias = self.tensors[ours]
        self._keep(name, kernel=kernel, **({"bias": bias[0]} if bias else {}))
        return self.graph.add(name, "Dense", x, activation=activation, use_bias=bool(bias))

    def _lstm(self, x: str, number: int) -> str:
        settings = {
            "activation": "tanh",
            "recurrent_activation": "hard_sigmoid",
            "use_bias": True,
            "return_sequences": True,
            "return_state": False,
            "go_backwards": False,
            "stateful": False,
            "dropout": 0.5,
            "recurrent_dropout": 0.1,
        }
        name = f"bidirectional_{number}"
        self.layers[name] = {
            f"{name}/{way}_lstm_{number}/{key}:0": value
            for way in ("forward", "backward")
            for key, value in zip(
                ("kernel", "recurrent_kernel", "bias"), self.tensors[f"lstm{number}_{way}"], strict=True
            )
        }
        inner = {"class_name": "LSTM", "config": settings}
        return self.graph.add(name, "Bidirectional", x, merge_mode="concat", layer=inner)

    def _attention(self, x: str, features: int) -> str:
        kind, graph = self.config.get("attention", "single"), self.graph
        self.lambdas = lambdas(features // 2)
        if kind == "none":
            return x
        if kind == "single":
            self._keep("attention1d_1", kernel=self.tensors["attention_dense"][0])
            return graph.add("attention1d_1", "Attention1D", x, output_dim=3)
        if kind == "weights":
            turned = graph.add("permute_1", "Permute", x, dims=[2, 1])
            weights = self._dense("attention_scores", turned, "softmax")
            if self.config.get("shared_weights", True):
                weights = graph.add("dim_reduction", "Lambda", weights, function=self.lambdas["mean"])
                weights = graph.add("repeat_vector_1", "RepeatVector", weights, n=features)
            weights = graph.add("attention_vec", "Permute", weights, dims=[2, 1])
            return graph.add("multiply_1", "Multiply", x, weights)
        read = x
        if self.config.get("position_table", True):
            self._keep("position_embedding_1", embeddings=self.tensors["position_table"][0])
            read = graph.add("position_embedding_1", "PositionEmbedding", x, mode="add")
        key, query, value = (self._dense(name, read, "linear") for name in ("key", "query", "value"))
        turned = graph.add("permute_1", "Permute", key, dims=[2, 1])
        scores = graph.add("lambda_1", "Lambda", query, turned, function=self.lambdas["scores"])
        weights = graph.add("attention_score", "Softmax", scores, axis=2)
        mixed = graph.add("lambda_2", "Lambda", weights, value, function=self.lambdas["matmul"])
        return graph.add("add_1", "Add", x, mixed)


PLANTED = 24  # windows


def planted(word: np.ndarray, tracks: int, shuffled: bool) -> np.ndarray:
    """Random open windows with two copies of a word, or of the word shuffled, (24, 1002, 4 + tracks) float32.

    Cuts lie as in the synthetic windows of the goldens: single ones of 2.29 (a 1x track of 30 million reads of 36 bp),
    most of them within 160 bp of the middle. All else is random, or 1 everywhere.

    Args:
        word: codes.
        tracks: beside DNA; the last are cuts, the others 1.
        shuffled: whether the word is, another way in each window.
    """
    random, windows = np.random.RandomState(0), []
    expected = 0.004 + 0.5 * np.exp(-(((np.arange(1002) - 501) / 80) ** 2) / 2)
    for _ in range(PLANTED):
        codes, cuts = random.randint(0, 4, 1002), 2.29 * random.poisson(expected)
        order = random.permutation(len(word))
        for place in (460, 541):
            start = place - len(word) // 2
            codes[start : start + len(word)] = word[order] if shuffled else word
        windows.append(np.concatenate([np.eye(4)[codes], np.ones((1002, tracks - 1)), cuts[:, None]], axis=1))
    return np.array(windows, np.float32)

"""DeepGRN's files (Keras 2.2 on TensorFlow), turned into folders of ours.

Columns of bases are A, T, G, C there. The dense layers are found by the graph, as their numbers do not follow it. What
the marshalled functions of Lambda layers compute is known from the authors' code; they are never run.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from registry.schema import Entry, Family
from zoo.errors import MissingExtra
from zoo.porting import bins_of_200
from zoo.porting.bins_of_200 import About
from zoo.porting.old_keras import OldKerasFile
from zoo.porting.strand_graph import Node, Pair, StrandGraph, rate_of
from zoo.porting.system_file import SystemFile
from zoo.spec import Architecture, ModelSpec

FILES = {"model": "the authors' whole-model .h5"}
CITATION = (
    "Chen C, Hou J, Shi X, Yang H, Birchler JA, Cheng J (2021) DeepGRN: prediction of transcription factor binding "
    "site across cell-types using attention-based deep neural networks. BMC Bioinformatics 22: 38. "
    "doi:10.1186/s12859-020-03952-1"
)
BASES = (0, 3, 2, 1)  # places of A, C, G, T among the file's A, T, G, C
_CONVOLUTION = {"strides": (1,), "padding": "valid", "dilation_rate": (1,), "use_bias": True, "activation": "relu"}
_LSTM = {
    "activation": "tanh",
    "recurrent_activation": "hard_sigmoid",
    "use_bias": True,
    "return_sequences": True,
    "return_state": False,
    "go_backwards": False,
    "stateful": False,
}


def read(data: bytes, where: object) -> SystemFile:
    """Read the bytes of a whole-model file.

    Raises:
        IntegrityError: a damaged file, weights alone, or a graph of other layers than DeepGRN's, with the reason.
    """
    file = OldKerasFile.read(data, where)
    if file.config is None:
        raise file.error(
            "have its model_config, as one of DeepGRN: weights alone do not say the order of the dense layers, nor how "
            "strands are merged",
            {"layers": list(file.layers)[:20]},
        )
    found = _Reader(StrandGraph(file.config, where), file).all()
    file.finish()
    return found


class _Reader:
    """From the graph of a file to our network, step by step.

    Args:
        graph: of its layers, each of which is taken once.
        file: with the tensors, each of which is taken once.
    """

    def __init__(self, graph: StrandGraph, file: OldKerasFile) -> None:
        self._graph, self._file = graph, file
        self._config: dict[str, object] = {"window": graph.window[0], "tracks": graph.window[1] - len(BASES)}
        self._tensors: dict[str, list[np.ndarray]] = {}
        self._rates: list[float] = []

    def all(self) -> SystemFile:
        """The network."""
        graph, config = self._graph, self._config
        if config["tracks"] < 0:
            raise graph.error("read four bases at least", {"window": graph.window})
        x = self._convolved(graph.start)
        x = self._before(x)
        x = self._recurrent(x)
        x = self._after(x)
        x = self._dense("hidden", x)
        config["covariates"] = graph.vector
        if graph.given is not None:
            _, x = graph.take("Concatenate", x, graph.given, axis=-1)
        self._rates.append(graph.rate(x))
        x, extra = self._dense("dense1", x), 0
        while "sigmoid" not in graph.activations(x):
            extra += 1
            x = self._dense(f"dense{extra + 1}", x)
        config |= {"hidden": self._tensors["hidden"][0].shape[-1], "extra": extra}
        x = self._dense("output", x, "sigmoid")
        config["merge"] = "maximum" if "Maximum" in graph.kinds(x) else "average"
        graph.merge(str(config["merge"]).capitalize(), x)
        config["rate"] = max(self._rates)
        return SystemFile("deepgrn", config, self._tensors, self._file.where)

    def _convolved(self, x: Pair) -> Pair:
        graph, count, widths = self._graph, 0, []
        while "Conv1D" in graph.kinds(x):
            count += 1
            node, x = graph.take("Conv1D", x, **_CONVOLUTION)
            kernel, bias = self._file.take(node.name, "kernel", "bias")
            if kernel.ndim != 3 or kernel.shape[1] < len(BASES):
                raise graph.error("have convolutions of one dimension", {node.name: kernel.shape})
            if count == 1:  # of bases and tracks
                kernel = kernel[:, [*BASES, *range(len(BASES), kernel.shape[1])]]
            self._tensors[f"convolution{count}"] = [np.ascontiguousarray(kernel), bias]
            widths.append(kernel.shape[0])
            self._rates.append(graph.rate(x))
        if not widths or len(set(widths)) > 1:
            raise graph.error("begin with convolutions of one width", {"widths": widths})
        node, x = graph.take("TimeDistributed", x)
        graph.inner(node, "Dense", activation="relu", use_bias=True)
        self._tensors["position_dense"] = self._file.take(node.name, "kernel", "bias")
        node, x = graph.take("MaxPooling1D", x, padding="valid")
        pool = node.settings.get("pool_size")
        graph.check(node, strides=tuple(pool) if isinstance(pool, list) else pool)
        if not isinstance(pool, list) or len(pool) != 1 or type(pool[0]) is not int or pool[0] < 1:
            raise graph.error("pool a number of positions", {"pool_size": pool})
        self._config |= {"convolutions": count, "filters": kernel.shape[2], "kernel_size": widths[0]}
        self._config["pool_size"] = pool[0]
        self._positions = (graph.window[0] - count * (widths[0] - 1)) // pool[0]
        self._features = kernel.shape[2]
        return x

    def _before(self, x: Pair) -> Pair:
        self._config |= {"attention": "none", "place": "after"}
        if "Bidirectional" in self._graph.kinds(x) and len(self._graph.kinds(x)) == 1:
            return x
        self._config["place"] = "before"
        return self._attended(x)

    def _recurrent(self, x: Pair) -> Pair:
        graph, count, dropouts = self._graph, 0, ("dropout", "recurrent_dropout")
        while "Bidirectional" in graph.kinds(x):
            count += 1
            node, x = graph.take("Bidirectional", x, merge_mode="concat")
            settings = graph.inner(node, "LSTM", **_LSTM).settings
            for name, ours in zip(dropouts, ("lstm_dropout", "recurrent_dropout"), strict=True):
                self._config[ours] = rate_of(settings.get(name))
            names = [
                name
                for way in ("forward", "backward")
                for kind in ("kernel", "recurrent_kernel", "bias")
                for name in self._file.names_of(node.name)
                if name.startswith(way) and name.endswith(f"/{kind}")
            ]
            if len(names) != 6:
                raise graph.error(f"have both directions of {node.name}", {"tensors": names})
            arrays = self._file.take(node.name, *names)
            self._tensors |= {f"lstm{count}_forward": arrays[:3], f"lstm{count}_backward": arrays[3:]}
            self._rates.append(graph.rate(x))
            self._features = 2 * arrays[1].shape[0]
        if not count:
            raise graph.error("have a bidirectional LSTM", {"kinds": sorted(graph.kinds(x))})
        self._config |= {"lstms": count, "units": arrays[1].shape[0]}
        return x

    def _after(self, x: Pair) -> Pair:
        graph, config = self._graph, self._config
        if "Flatten" not in graph.kinds(x):
            if config["attention"] != "none":
                raise graph.error("have attention once", {"kinds": sorted(graph.kinds(x))})
            if "Attention1D" in graph.kinds(x) or (
                {"Softmax", "Multiply"} <= graph.kinds(x) and "Dense" not in graph.kinds(x)
            ):
                return self._single(x)
            x = self._attended(x)
        _, x = graph.take("Flatten", x)
        self._features *= self._positions
        return x

    def _single(self, x: Pair) -> Pair:
        """A softmax over the positions, for each feature; in files of two versions of the authors' code."""
        graph, self._config["attention"] = self._graph, "single"
        if "Attention1D" in graph.kinds(x):
            node, x = graph.take("Attention1D", x)
        else:
            _, weights = graph.take("Softmax", x, axis=1)
            _, product = graph.take("Multiply", weights, x, any_order=True)
            total = graph.take_lambda(product, needs="sum", known=("K", "axis"))
            node, x = graph.take("Dense", total, activation="relu", use_bias=False)
        self._tensors["attention_dense"] = [self._shaped(self._file.take(node.name, "kernel")[0], self._features)]
        self._features = self._tensors["attention_dense"][0].shape[1]
        return x

    def _attended(self, x: Pair) -> Pair:
        return self._weighted(x) if "Permute" in self._graph.kinds(x) else self._pair(x)

    def _weighted(self, x: Pair) -> Pair:
        """A weight for each position, by a dense layer and a softmax."""
        graph, self._config["attention"] = self._graph, "weights"
        _, turned = graph.take("Permute", x, dims=(2, 1))
        node, weights = graph.take("Dense", turned, activation="softmax", use_bias=True)
        kernel, bias = self._file.take(node.name, "kernel", "bias")
        self._tensors["attention_scores"] = [self._shaped(kernel, self._positions), bias]
        self._config["shared_weights"] = "Lambda" in graph.kinds(weights)
        if self._config["shared_weights"]:
            mean = graph.take_lambda(weights, needs="mean", known=("K", "axis"))
            _, weights = graph.take("RepeatVector", mean, n=self._features)
        _, weights = graph.take("Permute", weights, dims=(2, 1))
        return graph.take("Multiply", x, weights, any_order=True)[1]

    def _pair(self, x: Pair) -> Pair:
        """Attention of all positions to all, added to what it reads."""
        graph, self._config["attention"] = self._graph, "pair"
        self._config["position_table"] = "PositionEmbedding" in graph.kinds(x)
        read_ = x
        if self._config["position_table"]:
            node, read_ = graph.take("PositionEmbedding", x, mode="add")
            (table,) = self._file.take(node.name, "embeddings")
            if table.shape != (self._positions, self._features):
                raise graph.error("have a table of positions for every feature", {"table": table.shape})
            self._tensors["position_table"] = [table]
        (query, q), (key, k), (value, v) = self._projections(read_)
        _, turned = graph.take("Permute", k, dims=(2, 1))
        scores = graph.take_lambda(
            q, turned, needs="matmul", known=("tf", "np", "sqrt", "dk"), closure=[self._features // 2]
        )
        _, weights = graph.take("Softmax", scores, axis=2)
        mixed = graph.take_lambda(weights, v, needs="matmul", known=("tf",))
        for name, node in (("query", query), ("key", key), ("value", value)):
            kernel = self._file.take(node.name, "kernel")[0]
            self._tensors[name] = [self._shaped(kernel, self._features)]
        return graph.take("Add", x, mixed, any_order=True)[1]

    def _projections(self, x: Pair) -> list[tuple[Node, Pair]]:
        """Queries, keys and values, by what reads them: keys are transposed, queries and keys are multiplied first."""
        graph = self._graph
        dense = graph.take_all("Dense", x, activation="linear", use_bias=False)
        keys = [item for item in dense if "Permute" in graph.kinds(item[1])]
        others = [item for item in dense if item not in keys]
        turned = graph.outputs("Permute", keys[0][1]) if len(keys) == 1 else []
        queries = [item for item in others if any(graph.read_together(item[1], pair) for pair in turned)]
        values = [item for item in others if item not in queries]
        if [len(keys), len(queries), len(values)] != [1, 1, 1]:
            raise graph.error(
                "have queries, keys and values of each position", {"found": [item[0].name for item in dense]}
            )
        return [queries[0], keys[0], values[0]]

    def _dense(self, name: str, x: Pair, activation: str = "relu") -> Pair:
        node, x = self._graph.take("Dense", x, activation=activation, use_bias=True)
        kernel, bias = self._file.take(node.name, "kernel", "bias")
        rows = self._features + (self._graph.vector if name == "dense1" else 0)
        self._tensors[name] = [self._shaped(kernel, rows), bias]
        self._features = kernel.shape[1]
        if name != "output":
            self._rates.append(self._graph.rate(x))
        return x

    def _shaped(self, kernel: np.ndarray, rows: int) -> np.ndarray:
        """A kernel, if it has a row for each feature: nothing is built for one that does not fit."""
        if kernel.ndim != 2 or kernel.shape[0] != rows:
            raise self._graph.error("have dense layers that read all features", {"rows": rows, "kernel": kernel.shape})
        return kernel


def spec_of(family: Family, entry: Entry) -> ModelSpec | None:
    """The spec of a released model; None for one of which the index does not know the settings."""
    facts = dict(entry.arguments)
    if "attention" not in facts:
        return None
    about = bins_of_200.about(family, entry, "model", CITATION)
    target, vector = str(facts.pop("target")), vector_names(facts["covariates"])
    architecture = Architecture("deepgrn", {"window": 1002, **facts})
    return make_spec(architecture, about, vector, target)


def vector_names(length: int) -> tuple[str, ...]:
    """The names of a vector: components of expression, which are not FactorNet's, and flags."""
    return bins_of_200.vector_by_length(length, "PC")


def make_spec(architecture: Architecture, about: About, vector: tuple[str, ...], target: str) -> ModelSpec:
    """The spec of a network. Arguments as those of `zoo.porting.bins_of_200.make_spec`."""
    tracks = bins_of_200.tracks_by_number(architecture.config["tracks"])
    return bins_of_200.make_spec(architecture, about, tracks, vector, (target,), "DeepGRN")


def convert(family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
    """Write the model folder of an entry from the verified bytes of its release.

    Raises:
        IntegrityError: the tensors or the graph are not those of the network.
    """
    found, spec = read(files["model"], entry.files["model"].path), spec_of(family, entry)
    if spec is None:
        about = bins_of_200.about(family, entry, "model", CITATION)
        architecture = Architecture(found.architecture, found.config)
        vector = vector_names(found.config["covariates"])
        spec = make_spec(architecture, about, vector, str(entry.arguments["target"]))
    bins_of_200.write(spec, found, target, training(entry))


def training(entry: Entry) -> str:
    """How a released model was trained (Chen et al. 2021, and the authors' code)."""
    return (
        "Human cell types of the ENCODE-DREAM challenge with DNase-seq and ChIP-seq of the factor, hg19; validation "
        "chr11; chr1, chr8 and chr21 held out. The DNase track is of 5' ends, scaled so that its mean is about 1 / "
        "read length. PC1 to PC8 are components of gene expression in the authors' own analysis, whose numbers are not "
        "in their repository: those of FactorNet (GEPC1 to GEPC8) may differ from them in sign and scale."
    )


def original(entry: Entry, files: Mapping[str, bytes]) -> Callable[[np.ndarray], np.ndarray]:
    """The authors' network needs Python 3.7, Keras 2.2.4 and TensorFlow 1.14. Raises `MissingExtra`."""
    raise MissingExtra(
        "Python 3.7 with Keras 2.2.4 and TensorFlow 1.14 must run DeepGRN's own network; it cannot be run here",
        received={"model": entry.name},
    )

"""FactorNet's files (Keras 1.1 on Theano), turned into folders of ours.

Theano's convolution flips its kernels, that of Keras 3 does not: kernels are reversed along their positions, the bases
in them are not. The gates of its LSTM are separate tensors.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.schema import Entry, Family
from zoo.errors import MissingExtra
from zoo.porting import bins_of_200, committee
from zoo.porting.bins_of_200 import About
from zoo.porting.old_keras import OldKerasFile
from zoo.porting.strand_graph import Node, StrandGraph, rate_of
from zoo.porting.system_file import SystemFile
from zoo.spec import Architecture, ModelSpec

FILES = {"model": "the authors' .hdf5 of the best or of the last epoch", "model1": "of an ensemble, the first one's"}
CITATION = (
    "Quang D, Xie X (2019) FactorNet: a deep learning framework for predicting cell type specific transcription factor "
    "binding from nucleotide-resolution sequential data. Methods 166: 40-47. doi:10.1016/j.ymeth.2019.03.020"
)
GATES = "ifco"  # in the order of Keras 3
_WINDOW = 1002  # of all released models; files of weights alone do not say it
_HALF = "all released models pool over half the width of their convolution"


@dataclass(frozen=True)
class _Layers:
    """A network by the names of its layers in a file, and what its tensors do not say.

    Attributes:
        dense: after the LSTM, in the order of the graph.
        pool: positions of a maximum; None for one over all.
        rates: of dropout, by our builder's names.
    """

    convolution: str
    position: str
    lstm: str | None
    dense: tuple[str, ...]
    window: int
    columns: int | None
    vector: int | None
    pool: int | None
    rates: Mapping[str, float]


def read(data: bytes, where: object, config: Mapping[str, object] | None = None) -> SystemFile:
    """Read the bytes of a file, whole model or weights alone.

    Args:
        config: of the model (`model.json`), for a file of weights alone.

    Raises:
        IntegrityError: a damaged file; tensors or a graph of another network.
    """
    file = OldKerasFile.read(data, where, config)
    if file.backend not in ("theano", None):
        raise file.error(
            "be of Theano, as the kernels of the authors of FactorNet are: converted copies hold others",
            {"backend": file.backend},
        )
    layers = _by_names(file) if file.config is None else _by_graph(StrandGraph(file.config, where))
    kernel, bias = file.take(layers.convolution, "W", "b")
    position = file.take(layers.position, "W", "b")
    lstm = _lstm(file, layers.lstm) if layers.lstm else {}
    dense = [file.take(name, "W", "b") for name in layers.dense]
    file.finish()
    if kernel.ndim != 4 or kernel.shape[1] != 1 or any(item[0].ndim != 2 for item in (position, *dense)):
        raise file.error("have a convolution of one dimension and dense layers", {"kernel": kernel.shape})
    units = lstm["lstm_forward"][1].shape[0] if lstm else 0
    width, _, columns, filters = kernel.shape
    pool = _pool(file, layers, width, dense[0][0].shape[0], 2 * units or filters)
    hidden = dense[0][0].shape[1]
    vector = dense[1][0].shape[0] - hidden if len(dense) == 3 else 0
    if columns < 4 or layers.columns not in (None, columns) or layers.vector not in (None, vector) or vector < 0:
        raise file.error(
            "read the columns and the vector that its tensors are for",
            {"columns": (layers.columns, columns), "vector": (layers.vector, vector)},
        )
    config = {"window": layers.window, "tracks": columns - 4, "filters": filters, "kernel_size": width, "units": units}
    config |= {"hidden": hidden, "covariates": vector, "outputs": dense[-1][0].shape[1], **layers.rates}
    config |= {"global_pool": True} if pool is None else {"pool_size": pool}
    names = ("hidden", "hidden_with_covariates", "output") if vector else ("hidden", "output")
    tensors = {"convolution": [np.ascontiguousarray(kernel[::-1, 0]), bias], "position_dense": position, **lstm}
    tensors |= dict(zip(names, dense, strict=True))
    return SystemFile("factornet", config, tensors, where)


def _lstm(file: OldKerasFile, layer: str) -> dict[str, list[np.ndarray]]:
    """Both directions' kernel, recurrent kernel and bias, gates i, f, c, o side by side."""
    order = [(way, kind, gate) for way in ("forward", "backward") for kind in "WUb" for gate in GATES]
    names = file.names_of(layer)
    wanted = []
    for way, kind, gate in order:
        found = [name for name in names if name.startswith(way) and name.endswith(f"_{kind}_{gate}")]
        wanted += found if len(found) == 1 else [f"{way} {kind} {gate}"]
    arrays = file.take(layer, *wanted)
    sides = [np.concatenate(arrays[i : i + 4], axis=-1) for i in range(0, len(arrays), 4)]
    if any(kernel.ndim != 2 or kernel.shape[1] % 4 for kernel in (sides[0], sides[1])):
        raise file.error("have an LSTM of four gates", {"kernels": [side.shape for side in sides]})
    return {"lstm_forward": sides[:3], "lstm_backward": sides[3:]}


def _pool(file: OldKerasFile, layers: _Layers, width: int, rows: int, features: int) -> int | None:
    """Positions of a maximum, if the first dense layer has a row for each feature of each; None for all positions."""
    length = layers.window - width + 1
    pool = layers.pool if layers.columns is not None else (None if rows == features else width // 2)
    positions = 1 if pool is None else length // max(pool, 1)
    if length < 1 or positions * features != rows or pool == 0:
        raise file.error(
            "have a dense layer that reads every position of its network",
            {"window": layers.window, "width": width, "pooled": pool, "rows": rows, "features": features},
            hint=None
            if layers.columns is not None
            else f"Weights alone do not say the pooling; {_HALF}. Keep the model.json of the authors beside the file",
        )
    return pool


def _by_names(file: OldKerasFile) -> _Layers:
    """From weights alone: layers are numbered in the order in which the authors' code makes them."""
    kinds = ("convolution1d", "timedistributed", "bidirectional", "dense")
    convolution, position, lstm, dense = map(file.of_kind, kinds)
    if len(convolution) != 1 or len(position) != 1 or len(lstm) > 1 or len(dense) not in (2, 3):
        raise file.error(
            "be of FactorNet: one convolution, a dense layer of each position, at most one LSTM, two or three "
            "dense layers",
            {"layers": list(file.layers)[:20]},
        )
    ordered = sorted(dense, key=file.layers.index)
    return _Layers(
        convolution[0], position[0], lstm[0] if lstm else None, tuple(ordered), _WINDOW, None, None, None, {}
    )


def _by_graph(graph: StrandGraph) -> _Layers:
    """From the graph of a whole model, every layer of which must be one of FactorNet's."""
    dense, rates = [], {}
    plain = {"border_mode": "valid", "subsample_length": 1, "bias": True}
    convolution, x = graph.take("Convolution1D", graph.start, activation="relu", **plain)
    rates["convolution_dropout"] = graph.rate(x)
    position, x = graph.take("TimeDistributed", x)
    graph.inner(position, "Dense", activation="relu", bias=True)
    lstm, pool = None, None
    if "GlobalMaxPooling1D" in graph.kinds(x):
        _, x = graph.take("GlobalMaxPooling1D", x)
    else:
        pooling, x = graph.take("MaxPooling1D", x, border_mode="valid")
        pool = pooling.settings.get("pool_length")
        graph.check(pooling, stride=pool)
        if type(pool) is not int or pool < 1:
            raise graph.error("pool a number of positions", {"pool_length": pool})
        if "Bidirectional" in graph.kinds(x):
            lstm, x = graph.take("Bidirectional", x, merge_mode="concat")
            rates |= _lstm_rates(graph, lstm)
    rates["state_dropout"] = graph.rate(x)
    if pool is not None:
        _, x = graph.take("Flatten", x)
    node, x = graph.take("Dense", x, activation="relu", bias=True)
    dense.append(node.name)
    if graph.given is not None:
        _, x = graph.take("Merge", x, graph.given, mode="concat", concat_axis=-1)
        rates["vector_dropout"] = graph.rate(x)
        node, x = graph.take("Dense", x, activation="relu", bias=True)
        dense.append(node.name)
    rates["hidden_dropout"] = graph.rate(x)
    node, x = graph.take("Dense", x, activation="sigmoid", bias=True)
    graph.merge("Merge", x, mode="ave")
    window, columns = graph.window
    names = (*dense, node.name)
    inner = lstm.name if lstm else None
    return _Layers(convolution.name, position.name, inner, names, window, columns, graph.vector, pool, rates)


def _lstm_rates(graph: StrandGraph, lstm: Node) -> dict[str, float]:
    plain = {"activation": "tanh", "inner_activation": "hard_sigmoid", "return_sequences": True, "go_backwards": False}
    settings = graph.inner(lstm, "LSTM", **plain, stateful=False).settings
    return {"lstm_dropout": rate_of(settings.get("dropout_W")), "recurrent_dropout": rate_of(settings.get("dropout_U"))}


def spec_of(family: Family, entry: Entry) -> ModelSpec:
    """The spec of a released model, or of the ensemble of a factor's models."""
    if committee.is_one(entry):
        return committee.spec_of(family, entry, spec_of)
    facts = dict(entry.arguments)
    about = bins_of_200.about(family, entry, "model", CITATION)
    targets = tuple(str(facts["targets"]).split())
    tracks = ("unique35", "dgf") if facts["unique35"] else ("dgf",)
    vector = bins_of_200.vector_of(str(facts["vector"]), "GEPC")
    config = {"window": _WINDOW, "tracks": len(tracks), "filters": facts["filters"], "kernel_size": 34}
    config |= {"units": facts["units"], "hidden": facts["hidden"], "covariates": len(vector), "outputs": len(targets)}
    config |= {"pool_size": 17, "state_dropout": facts["dropout"]}
    return make_spec(config, about, tracks, vector, targets)


def make_spec(
    config: Mapping[str, object],
    about: About,
    tracks: tuple[str, ...],
    vector: tuple[str, ...],
    targets: tuple[str, ...],
) -> ModelSpec:
    """The spec of a network.

    Args:
        config: arguments of our builder.
        about: what the file does not say.
        tracks: names, in the network's order.
        vector: names of covariates, in its order.
        targets: the factors.
    """
    architecture = Architecture("factornet", dict(config))
    return bins_of_200.make_spec(architecture, about, tracks, vector, targets, "FactorNet")


def convert(family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
    """Write the model folder of an entry from the verified bytes of its release.

    Raises:
        IntegrityError: the tensors are not those of the network that the index describes.
    """
    spec = spec_of(family, entry)
    if committee.is_one(entry):
        members = {role: read(data, entry.files[role].path) for role, data in files.items()}
        committee.write(spec, members, target, training(entry))
        return
    found = read(files["model"], entry.files["model"].path)
    bins_of_200.write(spec, found, target, training(entry))


def training(entry: Entry) -> str:
    """How a released model was trained (Quang & Xie 2019, and the authors' code)."""
    return (
        "Human cell types of the ENCODE-DREAM challenge with DNase-seq and ChIP-seq of the factor, hg19; validation "
        "chr11; chr1, chr8 and chr21 held out; one 200-bp bin for each peak and as many or more shuffled negatives. "
        "The DNase track is of 5' ends, scaled so that its mean is about 1 / read length: a track of another scale "
        "gives other numbers."
    )


def original(entry: Entry, files: Mapping[str, bytes]) -> Callable[[np.ndarray], np.ndarray]:
    """The authors' network needs Python 2.7, Keras 1.1.1 and Theano 0.9. Raises `MissingExtra`."""
    raise MissingExtra(
        "Python 2.7 with Keras 1.1.1 and Theano 0.9.0 must run FactorNet's own network; it cannot be run here",
        received={"model": entry.name},
    )

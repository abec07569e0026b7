"""The plan of a network of Calico (Basenji2, Borzoi) from the graph in its file, which is read as data.

Every layer is asked for, with the settings that it must have; a network that differs anywhere is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from zoo import weights
from zoo.porting.keras_h5 import Graph, Layer

NORM_CLASSES = ("BatchNormalization", "SyncBatchNormalization")
_KINDS = {  # class → the automatic name
    "Conv1D": "conv1d",
    "Dense": "dense",
    "LayerNormalization": "layer_normalization",
    "MultiheadAttention": "multihead_attention",
    "SeparableConv1D": "separable_conv1d",
    **dict.fromkeys(NORM_CLASSES, "batch_normalization"),
}
_OLDER = {"ReLU", "Concatenate"}  # layers of Basenji (2018)
_SAME = {"padding": "same", "strides": (1,), "dilation_rate": (1,), "activation": "linear"}
_NORM = {"axis": (2,), "epsilon": 0.001, "center": True, "scale": True}


@dataclass(frozen=True)
class Plan:
    """What a graph says.

    Attributes:
        architecture: the name of our builder.
        config: its arguments, without those that only tensors say.
        names: kind of layer → names of those with weights, in the order of building; the head is the last dense one.
        swap: for each track the place of the one of the other strand; empty if the graph does not say.
    """

    architecture: str
    config: Mapping[str, object]
    names: Mapping[str, list[str]] = field(repr=False)
    swap: tuple[int, ...] = ()


def plan_of(config: Mapping[str, object], where: object) -> Plan:
    """The plan of a `model_config`. Raises `IntegrityError` for another network, with the layer that differs."""
    graph = Graph(config, where)
    kinds = {layer.kind for layer in graph.layers.values()}
    with weights.parsing("The model_config of a Keras file", where):
        if "MultiheadAttention" in kinds:
            return _Walk(graph).borzoi()
        if {"Conv1D", "Add"} <= kinds and not kinds & _OLDER:
            return _Walk(graph).basenji2()
    raise graph.error(
        "be Borzoi or Basenji2: other networks of Calico, such as Basenji of 2018 with its ReLU, are not read",
        {"kinds of layers": sorted(kinds)[:16]},
    )


class _Walk:
    """Through a graph from its input on; notes the names of layers with weights."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names: dict[str, list[str]] = {}
        self.config: dict[str, object] = {}
        self.gelus: set[str] = set()
        self.norm_class = NORM_CLASSES[bool(graph.count(NORM_CLASSES[1]))]
        self.input = self.take("InputLayer")
        self.augmented: Layer | None = None

    def take(self, kind: str, *reads: object, **settings: object) -> Layer:
        layer = self.graph.take(kind, *reads, **settings)
        if kind in _KINDS:
            self.names.setdefault(_KINDS[kind], []).append(layer.name)
        return layer

    def if_there(self, kind: str, read: Layer, **settings: object) -> Layer:
        """The layer of a kind that reads another one; that one itself if there is none."""
        return self.take(kind, read, **settings) if self.graph.has_next(kind, read) else read

    def dropout(self, read: Layer, argument: str) -> Layer:
        """Notes the rate as an argument of the network."""
        layer = self.if_there("Dropout", read)
        self.config[argument] = 0.0 if layer is read else layer.settings["rate"]
        return layer

    def norm(self, read: Layer) -> Layer:
        return self.take(self.norm_class, read, **_NORM)

    def gelu(self, read: Layer) -> Layer:
        """One of the three, noted by its name."""
        if self.graph.has_next("GELU", read):  # of calico/basenji before April 2022
            layer, name = self.take("GELU", read), "sigmoid"
        else:
            layer = self.take("TFOpLambda", read, function="nn.gelu")
            name = "tanh" if layer.options.get("approximate") else "exact"
        self.gelus.add(name)
        return layer

    def convolution(self, read: Layer, **settings: object) -> Layer:
        return self.take("Conv1D", read, **{**_SAME, "use_bias": True, **settings})

    def pool(self, read: Layer) -> Layer:
        return self.take("MaxPooling1D", read, pool_size=(2,), strides=(2,), padding="same")

    def dense(self, read: Layer) -> Layer:
        return self.take("Dense", read, activation="linear")

    def begin(self) -> Layer:
        """What the network reads, after layers that do something in training only."""
        x = self.augmented = self.if_there("StochasticReverseComplement", self.input)
        return self.if_there("StochasticShift", x)

    def crop(self, read: Layer) -> Layer:
        """Bins that are left out at each end are noted."""
        before = after = 0
        layer = self.if_there("Cropping1D", read)
        if layer is not read:
            before, after = layer.settings["cropping"]
        if before != after:
            raise self.graph.error("leave out as many bins at each end", {"cropping": [before, after]})
        self.config["crop"] = before
        return layer

    def finish(self, architecture: str, read: Layer) -> Plan:
        """The head, and the plan of the whole."""
        head = last = self.take("Dense", self.gelu(read), activation="softplus")
        swap = ()
        if self.augmented is not self.input:
            last = self.take("SwitchReverse", head, (self.augmented, 1))
            swap = self.pairs(last, head.settings["units"])
        self.graph.finish(last)
        if len(self.gelus) != 1:
            raise self.graph.error("have one kind of GELU", {"kinds": sorted(self.gelus)})
        config = {"window": self.graph.shape(self.input)[0], **self.config, "gelu": self.gelus.pop()}
        return Plan(architecture, {**config, "tracks": (head.settings["units"],)}, self.names, swap)

    def pairs(self, layer: Layer, tracks: int) -> tuple[int, ...]:
        """The strand swap of the tracks that a layer notes; empty if it notes none."""
        swap = tuple(layer.settings.get("strand_pair") or ())
        if swap and (sorted(swap) != [*range(tracks)] or any(swap[other] != i for i, other in enumerate(swap))):
            raise self.graph.error("pair the strands of tracks with one another", {"strand_pair": swap[:8]})
        return swap

    def borzoi(self) -> Plan:
        graph, stem = self.graph, self.convolution(self.begin())
        self.config |= {"stem_filters": stem.settings["filters"], "stem_kernel_size": stem.settings["kernel_size"][0]}
        x, tower = self.pool(stem), []
        while graph.has_next(self.norm_class, x):
            tower.append(self.convolution(self.gelu(self.norm(x))))
            x = self.pool(tower[-1])
        self.config |= {"filters": tuple(layer.settings["filters"] for layer in tower)}
        self.config |= self.same(tower, "kernel_size")
        blocks, unets = graph.count("MultiheadAttention"), graph.count("UpSampling1D")
        self.config |= {"blocks": blocks, "unets": unets, "unet_dense": False}
        for _ in range(blocks):
            x = self.transformer_block(x)
        steps = []
        for skip in reversed(tower[len(tower) - unets :]):
            steps.append(x := self.unet_step(x, skip))
        self.config |= {f"unet_{name}": size for name, size in self.same(steps, "kernel_size").items()}
        x = self.crop(x)
        self.config["final_filters"] = None
        if graph.has_next(self.norm_class, x):
            final = self.convolution(self.gelu(self.norm(x)), kernel_size=(1,))
            self.config["final_filters"] = final.settings["filters"]
            x = self.dropout(final, "final_dropout")
        return self.finish("borzoi", x)

    def basenji2(self) -> Plan:
        graph, convolutions, x = self.graph, [], self.begin()
        for _ in range(graph.count("MaxPooling1D")):
            convolution, x = self.block(x)
            convolutions.append(convolution)
            x = self.pool(x)
        stem, *tower = convolutions
        self.config |= {"stem_filters": stem.settings["filters"], "stem_kernel_size": stem.settings["kernel_size"][0]}
        self.config |= {"filters": tuple(layer.settings["filters"] for layer in tower)}
        self.config |= self.same(tower, "kernel_size")
        dilated = []
        for _ in range(graph.count("Add")):
            convolution, y = self.block(x, dilated=True)
            dilated.append(convolution)
            _, y = self.block(y, kernel_size=(1,))
            x = self.take("Add", x, self.dropout(y, "dropout"))
        self.config |= {f"residual_{name}": size for name, size in self.same(dilated, "kernel_size").items()}
        self.config["residual_filters"] = dilated[0].settings["filters"]
        self.config["dilations"] = tuple(layer.settings["dilation_rate"][0] for layer in dilated)
        final, x = self.block(self.crop(x), kernel_size=(1,))
        self.config["final_filters"] = final.settings["filters"]
        return self.finish("basenji2", self.dropout(x, "final_dropout"))

    def block(self, read: Layer, dilated: bool = False, **settings: object) -> tuple[Layer, Layer]:
        """GELU, convolution without bias, batch normalization: the second and the last of these."""
        plain = {name: value for name, value in _SAME.items() if name != "dilation_rate" or not dilated}
        convolution = self.take("Conv1D", self.gelu(read), **{**plain, "use_bias": False, **settings})
        return convolution, self.norm(convolution)

    def same(self, layers: list[Layer], setting: str) -> dict[str, int]:
        """A setting (n,) that all layers have."""
        found = {tuple(layer.settings[setting]) for layer in layers}
        if len(found) != 1:
            raise self.graph.error(f"have the same {setting} in blocks of a kind", {setting: sorted(found)})
        return {setting: found.pop()[0]}

    def transformer_block(self, x: Layer) -> Layer:
        attention = self.take("MultiheadAttention", self.take("LayerNormalization", x, **_NORM))
        x = self.take("Add", x, self.dropout(attention, "dropout"))
        wide = self.dense(self.take("LayerNormalization", x, **_NORM))
        narrow = self.dense(self.take("ReLU", self.dropout(wide, "dropout")))
        expansion = wide.settings["units"] / narrow.settings["units"]
        if self.config.setdefault("expansion", expansion) != expansion:
            raise self.graph.error("have equal blocks of the transformer", {narrow.name: narrow.settings["units"]})
        return self.take("Add", x, self.dropout(narrow, "dropout"))

    def unet_step(self, x: Layer, skip: Layer) -> Layer:
        x, skip = self.gelu(self.norm(x)), self.gelu(self.norm(skip))
        if self.graph.has_next("Dense", x):
            self.config["unet_dense"] = True
            x = self.dense(x)
        x = self.take("UpSampling1D", x, size=2)
        total = self.take("Add", x, self.dense(skip))
        return self.take("SeparableConv1D", total, **_SAME, depth_multiplier=1, use_bias=True)

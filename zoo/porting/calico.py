"""Files of Calico's networks, Borzoi and Basenji2: whole-model `.h5` of Keras 2, read tensor by tensor.

Layers have automatic names; those of a kind are in the order of their numbers, which is that of building.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo import weights
from zoo.porting import borzoi_names, coverage_spec, old_keras
from zoo.porting.borzoi_names import Part
from zoo.porting.calico_graph import Plan, plan_of
from zoo.porting.calico_params import Params
from zoo.porting.old_keras import OldKerasFile
from zoo.porting.system_file import SystemFile
from zoo.porting.targets import Targets
from zoo.spec import Architecture, ModelSpec
from zoo.track_table import POWER, ROOT

HEADS = ("human", "mouse")  # in the order in which the authors' code makes them
_NUMBER = re.compile(r"(.+?)(?:_(\d+))?")
_SYNCHRONIZED = "sync_"  # of batch normalizations, in the published files of Borzoi
_UNETS = 2  # steps of Borzoi's U-net; Borzoi Prime has one more
_INPUT = "sequence"  # the name of the input in every file of Calico's code
_VECTORS = {
    "conv1d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "layer_normalization": ("gamma", "beta"),
}
_SEPARABLE = ("depthwise_kernel", "pointwise_kernel", "bias")
_ATTENTION = (  # in this order each name fits one tensor of those that are left
    *(f"{name}/kernel" for name in ("r_k_layer", "q_layer", "k_layer", "v_layer", "embedding_layer")),
    *("embedding_layer/bias", "r_w_bias", "r_r_bias"),
)


@dataclass(frozen=True)
class System:
    """What a network of Calico's is.

    Attributes:
        title: its name.
        citation: of its article.
        parts: arguments of our builder, names of heads → layers with weights, in the order of building.
        pools: arguments → how many times the positions are halved, less how many times doubled.
        untold: arguments that a file may not say.
        published: tracks of the heads of its published weights, of which nobody said under which terms they are.
    """

    title: str
    citation: str
    parts: Callable[[Mapping[str, object], Sequence[str]], Iterable[Part]]
    pools: Callable[[Mapping[str, object]], int]
    untold: Mapping[str, object]
    published: tuple[int, ...]


def _basenji2_parts(config: Mapping[str, object], heads: Sequence[str]) -> Iterator[Part]:
    towers = ["stem", *(f"tower{i}" for i in range(1, len(config["filters"]) + 1))]
    residual = [f"block{i}_{part}" for i in range(1, len(config["dilations"]) + 1) for part in ("dilated", "back")]
    for name in (*towers, *residual, "final"):
        yield Part(f"{name}_conv", "conv1d", bias=False)
        yield Part(f"{name}_norm", "batch_normalization")
    yield from (Part(head, "dense") for head in heads)


SYSTEMS = {
    "borzoi": System(
        "Borzoi",
        "Linder J, Srivastava D, Yuan H, Agarwal V, Kelley DR (2025) Predicting RNA-seq coverage from DNA sequence as "
        "a unifying model of gene regulation. Nat Genet 57: 949-961. doi:10.1038/s41588-024-02053-6",
        borzoi_names.parts,
        lambda config: 1 + len(config["filters"]) - config["unets"],
        {"gelu": "tanh", "position_length": None},
        (7611, 2608, 5431, 1774),
    ),
    "basenji2": System(
        "Basenji2",
        "Kelley DR (2020) Cross-species regulatory sequence activity prediction. PLoS Comput Biol 16: e1008050. "
        "doi:10.1371/journal.pcbi.1008050",
        _basenji2_parts,
        lambda config: 1 + len(config["filters"]),
        {"gelu": "sigmoid"},
        (5313, 1643),
    ),
}


@dataclass(frozen=True)
class CalicoFile:
    """A file.

    Attributes:
        network: our network and its tensors.
        head: the name of its head.
        swap: for each track the place of the one of the other strand, if the file says it; else empty.
    """

    network: SystemFile = field(repr=False)
    head: str
    swap: tuple[int, ...]


def is_one(data: bytes, where: object) -> bool:
    """Whether Calico's code wrote a file. Raises `IntegrityError` if it is no plain HDF5."""
    names = old_keras.layers_of(data, where)
    return _INPUT in names or any(name.startswith("multihead_attention") for name in names)


def read(
    data: bytes, where: object, params: Params | None = None, said: Mapping[str, object] | None = None
) -> CalicoFile:
    """Read the bytes of a file.

    Args:
        params: of the network, for a file that lacks its configuration; else beside it, for what that leaves open.
        said: arguments of the network by its user, which come before those of the file.

    Raises:
        IntegrityError: a damaged file, another network, or one that does not agree with `params`.
    """
    file = OldKerasFile.read(data, where)
    if file.config is None and params is None:
        raise file.error(
            "have a model_config, or its authors' params.json beside it",
            {"layers": len(file.layers)},
            hint="Put the params.json of the training run into the same folder",
        )
    with weights.parsing("A file of Calico", where):
        if file.config is None:
            plan = Plan(params.architecture, params.config, _by_number(file))
        else:
            plan = plan_of(file.config, where)
            _compare(plan, params, file)
        head = _head_of(plan.names.get("dense", []), params, file)
        known = {**SYSTEMS[plan.architecture].untold, **(params.config if params else {}), **plan.config}
        tensors = _tensors(plan, [*SYSTEMS[plan.architecture].parts(known, [head])], file)
        file.finish()
        told = _told_by_shapes(tensors, head)
    if params is not None:
        known["tracks"] = (params.heads.get(head, told["tracks"][0]),)
    if differing := {name: (known[name], told[name]) for name in told if known.get(name, told[name]) != told[name]}:
        raise file.error(
            "have the sizes that its plan says",
            {f"{name} (plan, tensors)": pair for name, pair in differing.items()},
            hint="Move params.json away if it is of another model" if params else None,
        )
    config = {**known, **told, "outputs": head, **(said or {})}
    return CalicoFile(SystemFile(plan.architecture, config, tensors, where), head, plan.swap)


def _compare(plan: Plan, params: Params | None, file: OldKerasFile) -> None:
    """Raise `IntegrityError` if a file's own graph is not what `params` describes, but for what training alone uses."""
    if params is None:
        return
    pairs = {"network": (params.architecture, plan.architecture)}
    pairs |= {name: (params.config[name], plan.config.get(name)) for name in params.config if name in plan.config}
    differing = {name: pair for name, pair in pairs.items() if pair[0] != pair[1] and "dropout" not in name}
    if differing:
        raise file.error(
            "be of the network that the params.json beside it describes",
            {f"{name} (params.json, file)": pair for name, pair in differing.items()},
            hint="Move params.json away if it is of another model",
        )


def _head_of(dense: list[str], params: Params | None, file: OldKerasFile) -> str:
    """The name of the head, the last dense layer. Each that the authors' code made after the trunk took a number."""
    if not dense:
        raise file.error("have a head, not the trunk alone", {"layers": len(file.layers)})
    heads = list(params.heads) if params and params.heads else HEADS
    place = _number(dense[-1]) - (_number(dense[-2]) + 1 if len(dense) > 1 else 0)
    return heads[place] if 0 <= place < len(heads) else f"head{place}"


def _tensors(plan: Plan, parts: list[Part], file: OldKerasFile) -> dict[str, list[np.ndarray]]:
    """The tensors of each of our layers. Raises `IntegrityError` for others, or another number of layers of a kind."""
    wanted = Counter(part.kind for part in parts)
    found = {kind: len(names) for kind, names in plan.names.items()}
    if wanted != found:
        raise file.error(
            f"have the layers of {SYSTEMS[plan.architecture].title} that its plan says",
            {f"{kind} (expected, found)": (wanted[kind], found.get(kind, 0)) for kind in {**wanted, **found}},
        )
    names = {kind: iter(names) for kind, names in plan.names.items()}
    tensors: dict[str, list[np.ndarray]] = {}
    for part in parts:
        tensors |= _layer(part, next(names[part.kind]), file)
    return tensors


def _layer(part: Part, name: str, file: OldKerasFile) -> dict[str, list[np.ndarray]]:
    if part.kind == "separable_conv1d":
        return borzoi_names.separable(part.layer, *file.take(name, *_SEPARABLE))
    if part.kind == "multihead_attention":
        position, query, key, value, output, bias, *biases = file.take(name, *_ATTENTION)
        return {part.layer: [query, key, value, position, *(b.squeeze((0, 2)) for b in biases), output, bias]}
    return {part.layer: file.take(name, *(_VECTORS[part.kind] if part.bias else _VECTORS[part.kind][:1]))}


def _told_by_shapes(tensors: Mapping[str, list[np.ndarray]], head: str) -> dict[str, object]:
    """The sizes of a network, of which its plan need not say all, and which it must not say otherwise."""
    kernels = {name: arrays[0].shape for name, arrays in tensors.items()}
    towers = [shape for name, shape in kernels.items() if re.fullmatch(r"tower\d+_conv", name)]
    stem = kernels["stem_conv"]
    told = {"stem_filters": stem[-1], "stem_kernel_size": stem[0], "filters": tuple(shape[-1] for shape in towers)}
    told |= {"kernel_size": towers[0][0], "tracks": (len(tensors[head][1]),)}
    if "final_conv" in kernels:
        told["final_filters"] = kernels["final_conv"][-1]
    if "unet1_depthwise" in kernels:
        told["unet_kernel_size"] = kernels["unet1_depthwise"][0]
    if "block1_dilated_conv" in kernels:
        told["residual_kernel_size"], _, told["residual_filters"] = kernels["block1_dilated_conv"]
    if "block1_attention" in tensors:
        _, _, value, position, bias, *_ = tensors["block1_attention"]
        heads, key = bias.shape
        told |= {"heads": heads, "key": key, "value": value.shape[1] // heads, "features": len(position)}
        channels, hidden = kernels["block1_expand"]
        told["expansion"] = hidden / channels
    return told


def squash_of(network: SystemFile) -> str:
    """How the coverage of tracks with soft clips was squashed: of Borzoi Prime as newer code does, else as older."""
    return ROOT if network.config.get("unets", 0) > _UNETS else POWER


def make_spec(name: str, found: CalicoFile, tracks: Targets, provenance: Mapping[str, str]) -> ModelSpec:
    """The spec of a file's network.

    Args:
        name: of the model.
        tracks: of its head.
        provenance: where the weights are from; of published ones that they must not be redistributed is added.
    """
    network = found.network
    system = SYSTEMS[network.architecture]
    terms = {"license": "that of the file", "citation": system.citation}
    if len(tracks.names) in system.published:
        terms["redistribution"] = "no, as its authors state no licence of the weights"
    return coverage_spec.make_spec(
        name,
        system.title,
        Architecture(network.architecture, network.config),
        coverage_spec.bins_of(network.config, system.pools(network.config)),
        {found.head: tracks},
        {**terms, **provenance},
    )


def _by_number(file: OldKerasFile) -> dict[str, list[str]]:
    """Kind → the layers with tensors, in the order of their numbers."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name in file.layers:
        if file.names_of(name):
            kind, number = _NUMBER.fullmatch(name).groups()
            found.setdefault(kind.removeprefix(_SYNCHRONIZED), []).append((int(number or 0), name))
    return {kind: [name for _, name in sorted(layers)] for kind, layers in found.items()}


def _number(name: str) -> int:
    return int(_NUMBER.fullmatch(name)[2] or 0)

"""Weights of Enformer as lucidrains/enformer-pytorch saves them, as tensors of our network."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from zoo.errors import IntegrityError, warn
from zoo.layers.widths import growing
from zoo.porting.borzoi_names import Part, torch_layer, transformer_parts
from zoo.porting.coverage_spec import Bins
from zoo.porting.state_config import RULES
from zoo.porting.state_dict import StateDict
from zoo.porting.state_network import StateNetwork, check_heads, crop_of, rates, whole_bins
from zoo.porting.system_file import SystemFile

CITATION = (
    "Avsec Ž, Agarwal V, Visentin D, et al. (2021) Effective gene expression prediction from sequence by integrating "
    "long-range interactions. Nat Methods 18: 1196-1203. doi:10.1038/s41592-021-01252-x"
)
LICENSE = "that of the file; DeepMind's own weights are under CC-BY 4.0 (EleutherAI/enformer-official-rough)"
_TWICE = {  # the package registers its trunk under two names
    "_trunk.1.": "stem.",
    "_trunk.2.": "conv_tower.",
    "_trunk.4.": "transformer.",
    "_trunk.6.": "final_pointwise.",
}
_HEAD = re.compile(r"_heads\.([A-Za-z0-9_-]+)\.0\.weight")
_POSITIONS, _BINS = 1536, 896  # of the transformer, and after the crop, unless the configuration says otherwise
_DIVISOR, _MOST_DIVISOR = 128, 2048  # of the channels of the tower: the usual one, and those that are tried
_ALL = -1  # `target_length` of a network without a crop
_RELEASED = {"dim": 1536, "depth": 11, "tracks": (5313, 1643)}  # several sets of weights, by different rules
_BY_FOLDER = {"enformer-official": True, "enformer-preview": False, "enformer-191k": False}  # words of a path


def read(state: StateDict, said: Mapping[str, object], path: Path) -> StateNetwork:
    """The network of a file.

    Args:
        state: of the file.
        said: what is said of it: `zoo.porting.state_config.beside`. The window is by default 1,536 positions of the
            transformer.
        path: of the file.

    Raises:
        IntegrityError: a tensor that is missing, or too many; a configuration of another network; weights that were
            released for both rules of position features, of which nothing says which they are.
    """
    state = state.renamed(_TWICE)
    sizes = sizes_of(state, said.get("dim_divisible_by"))
    check_heads(sizes["tracks"], path)
    size = 2 ** sizes["downsamplings"]
    window = said.get("window", _POSITIONS * size)
    bins, kept = whole_bins(window, size, path), said.get("target_length", _BINS)
    kept = bins if kept == _ALL else kept
    crop_of(bins, kept, path)
    rule = rule_of(sizes, said, path, bins)
    config = {**sizes, "window": window, "target_length": kept, "positions": rule, **rates(said)}
    tensors: dict[str, list[np.ndarray]] = {}
    for part in parts(sizes):
        tensors |= torch_layer(part, lambda name, part=part: state.take(f"{part.prefix}.{name}"))
    state.finish()
    return StateNetwork(
        SystemFile("enformer", config, tensors, path),
        "Enformer",
        Bins(kept, size),
        _described(config),
        {"citation": CITATION, "license": LICENSE, "position features": rule},
    )


def _described(config: Mapping[str, object]) -> dict[str, object]:
    names = {"attn_dim_key": "key", "num_downsamples": "downsamplings"} | {n: n for n in ("dim", "depth", "heads")}
    heads = dict(zip(config["outputs"].split(), config["tracks"], strict=True))
    return {name: config[ours] for name, ours in names.items()} | {"output_heads": heads}


def sizes_of(state: StateDict, divisor: object) -> dict[str, object]:
    """The arguments of our network that the shapes of tensors are of.

    Args:
        divisor: of the channels of the tower, if it is known.

    Raises:
        IntegrityError: a tensor is missing, or the channels of the tower are by no divisor.
    """
    dim, _ = state.shape("transformer.0.0.fn.1.to_out.weight")
    _, heads, _, key = state.shape("transformer.0.0.fn.1.rel_content_bias")
    steps = state.count("conv_tower.{}.0.2.weight")
    tower = [state.shape(f"conv_tower.{step}.0.2.weight")[0] for step in range(steps)]
    divisors = [divisor] if divisor else [_DIVISOR, *range(_MOST_DIVISOR, 0, -1)]
    fitting = (number for number in divisors if steps > 1 and growing(dim / 2, dim, steps, number) == tower)
    if (found := next(fitting, None)) is None:
        raise IntegrityError(
            "The channels of Enformer's tower must grow from half of the transformer's to all of them",
            where=state.where,
            received={"tower": tower, "transformer": dim, "dim_divisible_by": divisor or "not known"},
        )
    tracks = {match[1]: state.shape(name)[0] for name in state.shapes if (match := _HEAD.fullmatch(name))}
    return {
        "dim": dim,
        "depth": state.count("transformer.{}.0.fn.0.weight"),
        "heads": heads,
        "key": key,
        "downsamplings": steps + 1,
        "dim_divisible_by": found,
        "outputs": " ".join(tracks),
        "tracks": tuple(tracks.values()),
    }


def parts(sizes: Mapping[str, object]) -> Iterator[Part]:
    """The layers with weights."""
    yield Part("stem_conv", "conv1d", "stem.0")
    yield from _pooled("stem", "stem.1", "stem.2")
    for step in range(sizes["downsamplings"] - 1):
        yield from _block(f"tower{step + 1}", f"conv_tower.{step}.0")
        yield from _pooled(f"tower{step + 1}", f"conv_tower.{step}.1", f"conv_tower.{step}.2")
    yield from transformer_parts(sizes["depth"])
    yield from _block("final", "final_pointwise.1")
    for head in sizes["outputs"].split():
        yield Part(head, "dense", f"_heads.{head}.0")


def _pooled(name: str, block: str, pool: str) -> Iterator[Part]:
    yield from _block(f"{name}_pointwise", f"{block}.fn")
    yield Part(f"{name}_pool", "attention_pool", f"{pool}.to_attn_logits")


def _block(name: str, prefix: str) -> Iterator[Part]:
    yield Part(f"{name}_norm", "batch_normalization", f"{prefix}.0")
    yield Part(f"{name}_conv", "conv1d", f"{prefix}.2")


def rule_of(sizes: Mapping[str, object], said: Mapping[str, object], path: Path, positions: int) -> str:
    """By which rule the position features of weights are.

    The package's configuration has `use_tf_gamma` for it; but its `from_pretrained` sets that in DeepMind's weights,
    for windows of 1,536 positions, without a word in the configuration. So true is trusted, and nothing else without a
    warning. Weights as they were released are known by the name of their folder, or not at all.
    """
    if "positions" in said or said.get("use_tf_gamma"):
        return said.get("positions", RULES[True])
    released = all(sizes[key] == value for key, value in _RELEASED.items())
    if released and "use_tf_gamma" not in said:
        return _of_released(path)
    if positions == _POSITIONS:
        warn(
            f"{path.name}: the position features are by the rule of enformer-pytorch, as config.json does not say "
            'otherwise. Weights that began as DeepMind\'s need "zoo": {"positions": "deepmind"} there; with '
            '"enformer-pytorch" there is no warning'
        )
    return RULES[False]


def _of_released(path: Path) -> str:
    words = " ".join(path.absolute().parts).lower()
    known = {rule for name, rule in _BY_FOLDER.items() if name in words}
    if len(known) != 1:
        raise IntegrityError(
            "Weights of Enformer must come with the rule of their position features: DeepMind's and those of "
            "enformer-preview have the same shapes",
            where=path,
            example='config.json: {"zoo": {"positions": "deepmind"}}',
            hint="Put such a config.json beside them, or add this to theirs: for DeepMind's weights "
            '(enformer-official-rough), or "enformer-pytorch" for those that were trained in that package',
        )
    return RULES[known.pop()]

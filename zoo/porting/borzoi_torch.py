"""Weights of Borzoi and Borzoi Prime as johahi/borzoi-pytorch saves them, as tensors of our network."""

from collections.abc import Mapping
from pathlib import Path

from zoo.errors import IntegrityError
from zoo.porting import borzoi_names, calico, coverage_spec
from zoo.porting.state_dict import StateDict
from zoo.porting.state_network import StateNetwork, check_heads, crop_of, rates, whole_bins
from zoo.porting.system_file import SystemFile

LICENSE = "that of the file; the replicates of johahi/borzoi-replicate-0 to -3 are under CC-BY 4.0"
_SYSTEM = calico.SYSTEMS["borzoi"]
_WINDOW = 524_288  # bp
_SPAN = 196_608  # bp that the package predicts by default, of Borzoi and of Prime
_POSITIONS = 4096  # by which the package scales the features of distances, whatever the window
_HEADS = ("human", "mouse")
_DESCRIBED = {"depth": "blocks", "heads": "heads", "attn_dim_key": "key", "attn_dim_value": "value"}
_SEPARABLE = "separable{}.conv_layer.0.weight"


def read(state: StateDict, said: Mapping[str, object], path: Path) -> StateNetwork:
    """The network of a file.

    Args:
        state: of the file.
        said: what is said of it: `zoo.porting.state_config.beside`. The window is by default 524,288 bp.
        path: of the file.

    Raises:
        IntegrityError: a tensor that is missing, or too many; a configuration of another network.
    """
    sizes, heads = sizes_of(state)
    check_heads(heads, path)
    window = said.get("window", _WINDOW)
    bins = whole_bins(window, 2 ** (len(sizes["filters"]) + 1), path) << sizes["unets"]
    config = {
        **sizes,
        "window": window,
        "position_length": said.get("position_length", _POSITIONS),
        "crop": crop_of(bins, _kept(bins, window, said, path), path),
        "outputs": " ".join(heads),
        "tracks": tuple(heads.values()),
        **rates(said),
    }
    tensors = borzoi_names.from_torch(config, list(heads), state.take)
    state.finish()
    file, features = SystemFile("borzoi", config, tensors, path), f"scaled by {config['position_length']:,} positions"
    return StateNetwork(
        file,
        _SYSTEM.title,
        coverage_spec.bins_of(config, _SYSTEM.pools(config)),
        {name: config[ours] for name, ours in _DESCRIBED.items()} | {"dim": sizes["filters"][-1]},
        {"citation": _SYSTEM.citation, "license": LICENSE, "position features": features},
        said.get("squash", calico.squash_of(file)),
        stranded=True,
    )


def _kept(bins: int, window: int, said: Mapping[str, object], path: Path) -> int:
    """The bins that are predicted: as said, or those that the package returns by default."""
    if "target_length" not in said and said.get("return_center_bins_only") is False:
        raise IntegrityError(
            "A config.json beside a model must say how many bins are predicted, if these are not the usual ones",
            where=path.with_name("config.json"),
            example='"target_length": 16352',
            received={"return_center_bins_only": False},
        )
    return said.get("target_length", min(_SPAN * bins // window, bins))


def sizes_of(state: StateDict) -> tuple[dict[str, object], dict[str, int]]:
    """The arguments of our network that the shapes of tensors are of, and head → tracks.

    Raises:
        IntegrityError: a tensor is missing.
    """
    stem, _, stem_width = state.shape("conv_dna.conv_layer.weight")
    unets = state.count(_SEPARABLE)
    tower = [f"res_tower.{2 * i}" for i in range(state.count("res_tower.{}.conv_layer.weight", 2))]
    blocks = [state.shape(f"{name}.conv_layer.weight") for name in (*tower, *(f"unet{i}.1" for i in range(1, unets)))]
    attention = "transformer.0.0.fn.1"
    _, heads, _, key = state.shape(f"{attention}.rel_content_bias")
    hidden, dim = state.shape("transformer.0.1.fn.1.weight")
    final = "final_joined_convs.0.conv_layer.weight"
    sizes = {
        "stem_filters": stem,
        "stem_kernel_size": stem_width,
        "filters": tuple(channels for channels, *_ in blocks),
        "kernel_size": blocks[0][2],
        "blocks": state.count("transformer.{}.0.fn.0.weight"),
        "heads": heads,
        "key": key,
        "value": state.shape(f"{attention}.to_v.weight")[0] // heads,
        "features": state.shape(f"{attention}.to_rel_k.weight")[1],
        "expansion": hidden / dim,
        "unets": unets,
        "unet_kernel_size": state.shape(_SEPARABLE.format(0))[2],
        "unet_dense": True,
        "final_filters": state.shape(final)[0] if final in state.shapes else None,
    }
    tracks = {name: f"{name}_head.weight" for name in _HEADS if f"{name}_head.weight" in state.shapes}
    return sizes, {name: state.shape(tensor)[0] for name, tensor in tracks.items()}

"""Files of PyTorch of Enformer and Borzoi that the user has, told apart by the names of their tensors."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from zoo import folder, weights
from zoo.errors import IntegrityError
from zoo.porting import borzoi_torch, coverage_spec, enformer, own, state_config, state_dict, targets, torch_pickle
from zoo.porting.state_dict import StateDict
from zoo.porting.state_network import StateNetwork
from zoo.porting.system_file import SystemFile
from zoo.spec import Architecture, ModelSpec

_ENDINGS = (".safetensors", ".bin", ".ckpt")  # of state dicts alone
_MODULES = (".pt", ".pth", ".torch", state_dict.ARRAYS)  # of state dicts, and of what other systems save
_ZIPPED = (".h5", ".hdf5")  # as some call what `torch.save` wrote
_IN_FOLDER = ("model.safetensors", "pytorch_model.bin")  # the one that transformers takes first
_WRAPPED = ("module.", "_orig_mod.")  # before all names of a network that was trained in parallel, or compiled
_SYSTEMS: Mapping[ModuleType, tuple[str, ...]] = {  # whose are tensors with names that begin so
    enformer: ("_trunk.", "conv_tower.", "final_pointwise.", "_heads."),
    borzoi_torch: ("conv_dna.", "res_tower.", "unet1.", "horizontal_conv", "upsampling_unet"),
}
_REFUSED = {  # tensors of networks that are not read: what they are, and what to take instead
    r"\.Wqkv\.": ("of Flashzoi, whose attention is another", "Take Borzoi's weights (johahi/borzoi-replicate-0)"),
    r"(^|\.)(conv_tower|transformer_tower|unet_tower)\.blocks\.": (
        "under gReLU's names",
        "Take the weights of EleutherAI/enformer-official-rough or johahi/borzoi-replicate-0, from which these are",
    ),
    r"lora_|\.base_layer\.|^base_model\.|adapter": (
        "of parts that adapt a network (LoRA and the like), which its builder lacks",
        "Merge them into the weights with the package that made them (merge_and_unload), and save those",
    ),
    r"^(enformer|borzoi)\.": (
        "of a network around another",
        "Save the state dict of the inner network: model.enformer.state_dict()",
    ),
}


def opened(path: Path, said: Mapping[str, object] | None = None) -> tuple[SystemFile, ModelSpec] | None:
    """What a file holds, with the spec of its model; None for a file of another system.

    Beside it are read, where they are, `config.json` (`zoo.porting.state_config`) and the tables of tracks
    (`targets_human.txt`, `targets_mouse.txt`, also `.gz`).

    Args:
        said: what is known of the file besides, as `zoo.porting.state_config.beside` has it.

    Raises:
        InputError: it cannot be read.
        IntegrityError: a damaged file, one of a network that is not read, or one that does not agree with what is
            beside it, with the reason.
    """
    if not _may_be_one(path):
        return None
    data = own.read_bytes(path)
    if (state := _state(data, path)) is None:
        return None
    sha256 = hashlib.sha256(data).hexdigest()
    del data
    if (system := _system(state)) is None:
        if path.name.lower().endswith(_MODULES):  # whoever reads such files says what is wrong
            return None
        raise IntegrityError(
            "A state dict must be of Enformer (enformer-pytorch) or Borzoi (borzoi-pytorch)",
            where=path,
            received={"tensors": list(state.shapes)[:4], "how many": len(state.shapes)},
        )
    known = state_config.beside(path, said or {})
    with weights.parsing("A file of weights", path):
        network = system.read(state, known, path)
    state_config.check(network.described, known, path)
    return network.file, _spec(network, path, {"source": own.shown(path), "sha256": sha256})


def in_folder(path: Path) -> Path | None:
    """The weights in a folder as transformers writes it (`save_pretrained`, a snapshot of the Hub), or None."""
    if (path / folder.WEIGHTS).exists():
        return None
    return next((path / name for name in _IN_FOLDER if (path / name).is_file()), None)


def _may_be_one(path: Path) -> bool:
    name = path.name.lower()
    if not name.endswith(_ZIPPED):
        return name.endswith((*_ENDINGS, *_MODULES))
    try:
        with open(path, "rb") as file:
            return file.read(len(torch_pickle.SIGNATURE)) == torch_pickle.SIGNATURE
    except OSError:  # whoever else reads such files says what is wrong
        return False


def _state(data: bytes, path: Path) -> StateDict | None:
    state = state_dict.read(data, path)
    if state is None and not path.name.lower().endswith(_MODULES):
        raise IntegrityError(
            "A file of PyTorch must hold a state dict: tensors by their names",
            where=path,
            hint="Save one with torch.save(model.state_dict(), path)",
        )
    for start in _WRAPPED if state is not None else ():
        if all(name.startswith(start) for name in state.shapes):
            state = state.renamed({start: ""})
    return state


def _system(state: StateDict) -> ModuleType | None:
    """The importer of a state dict; None if it is of no system that is read.

    Raises `IntegrityError` for one that is known, and is not read.
    """
    for pattern, (told, hint) in _REFUSED.items():
        if found := next((name for name in state.shapes if re.search(pattern, name)), None):
            raise IntegrityError(
                f"The weights of a network must not be {told}", where=state.where, received={"tensor": found}, hint=hint
            )
    return next(
        (system for system, starts in _SYSTEMS.items() if any(name.startswith(starts) for name in state.shapes)), None
    )


def _spec(network: StateNetwork, path: Path, origin: Mapping[str, str]) -> ModelSpec:
    config = network.file.config
    heads = dict(zip(config["outputs"].split(), config["tracks"], strict=True))
    tracks = {}
    for head, count in heads.items():
        table = targets.beside(path, head, count, network.squash, only=len(heads) == 1)
        tracks[head] = targets.numbered(count) if table is None else table
        if network.stranded and not tracks[head].swap:
            targets.warn_of_strands(count, f"targets_{head}.txt")
    architecture = Architecture(network.file.architecture, config)
    provenance = {**network.provenance, **origin}
    name = f"local/{own.model_of(path)}"
    return coverage_spec.make_spec(name, network.system, architecture, network.bins, tracks, provenance)

"""Files of Borzoi and Basenji2 that the user has, and what their authors put beside them."""

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path

import registry
from zoo.errors import InputError, IntegrityError, ZooWarning
from zoo.porting import bins_of_200, borzoi, calico, calico_params, own, targets
from zoo.porting.calico import CalicoFile
from zoo.porting.calico_params import Params
from zoo.porting.system_file import SystemFile
from zoo.porting.targets import Targets
from zoo.spec import ModelSpec

ENDINGS = (".h5", ".hdf5")
PARAMS = "params.json"
_MOST_BYTES = 1 << 20  # of a params.json


def opened(path: Path) -> tuple[SystemFile, ModelSpec] | None:
    """What a file holds, with the spec of its model; None for a file of another system.

    Beside it are read, where they are, `params.json` and the table of tracks (`targets.txt`, `targets_human.txt`,
    `targets_mouse.txt`, also `.tsv`, also `.gz`).

    Raises:
        InputError: it cannot be read.
        IntegrityError: a damaged file, one of a network that is not read, or one that does not agree with what is
            beside it, with the reason.
    """
    if not path.name.lower().endswith(ENDINGS) or path.name.lower().endswith(".weights.h5"):
        return None
    data = own.read_bytes(path)
    try:
        if not calico.is_one(data, path):
            return None
    except IntegrityError:  # whoever else reads such files says what is wrong
        return None
    sha256 = hashlib.sha256(data).hexdigest()
    name, origin = f"local/{own.model_of(path)}", {"source": own.shown(path), "sha256": sha256}
    if (known := _released(sha256)) is not None:
        found = calico.read(data, path)
        bins_of_200.check_described(known.architecture, found.network)
        return found.network, replace(known, name=name, provenance={**known.provenance, **origin})
    params = _params(path)
    found = calico.read(data, path, params)
    squash = (params.own if params else {}).get("squash", calico.squash_of(found.network))
    return found.network, calico.make_spec(name, found, _tracks(path, found, squash), origin)


def _released(sha256: str) -> ModelSpec | None:
    """The spec of a released model whose file has this digest."""
    for family in registry.families().values():
        for entry in family.models.values() if family.porting == "borzoi" else ():
            if sha256 in [file.sha256 for file in entry.files.values()]:
                return borzoi.spec_of(family, entry)
    return None


def _params(path: Path) -> Params | None:
    """What the `params.json` beside a file says, if there is one."""
    place = path.with_name(PARAMS)
    if not place.is_file():
        return None
    if place.stat().st_size > _MOST_BYTES:
        raise InputError(f"A file beside a model must have at most {_MOST_BYTES:,} bytes", where=place)
    return calico_params.read(own.read_bytes(place), place)


def _tracks(path: Path, found: CalicoFile, squash: str | None) -> Targets:
    """The tracks of the head by the table beside the file, else by numbers; strand pairs also by the file itself."""
    count = found.network.config["tracks"][0]
    tracks = targets.beside(path, found.head, count, squash) or targets.numbered(count)
    if tracks.swap and found.swap and tracks.swap != found.swap:
        pairs = enumerate(zip(tracks.swap, found.swap, strict=True))
        raise IntegrityError(
            "The strand pairs of a table of tracks must be those of the file",
            where=path,
            received={"differing tracks": [place for place, (one, other) in pairs if one != other][:8]},
            hint="Move the table away if it is of another model",
        )
    if not tracks.swap and not found.swap and found.network.architecture == "borzoi":
        warnings.warn(
            f"Nothing says which of the {count:,} tracks are of opposite strands: predictions from the other strand "
            "are taken as they are, which mixes both strands of CAGE and RNA-seq. Put targets.txt beside the file",
            ZooWarning,
            stacklevel=2,
        )
    return replace(tracks, swap=tracks.swap or found.swap)

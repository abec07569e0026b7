"""Released models of the plan of Borzoi, turned into folders of ours. The index has the columns of their tables."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from registry.schema import Entry, Family
from zoo.errors import MissingExtra
from zoo.porting import bins_of_200, calico, targets
from zoo.porting.calico import CalicoFile
from zoo.porting.protocol import provenance
from zoo.porting.system_file import SystemFile
from zoo.spec import ModelSpec

FILES = {"model": "the authors' whole-model .h5 of one head"}
_HEAD, _SQUASH, _TRAINING = "head", "squash", "training"  # arguments in the index that are not the network's
_COLUMN = "targets."  # how the columns of its table of tracks begin


def spec_of(family: Family, entry: Entry) -> ModelSpec:
    """The spec of a model; the arguments in the index are those of the network, and the table of its tracks."""
    columns = {name.removeprefix(_COLUMN): value for name, value in entry.arguments.items() if name.startswith(_COLUMN)}
    apart = (_HEAD, _SQUASH, _TRAINING, *(f"{_COLUMN}{name}" for name in columns))
    config = {name: value for name, value in entry.arguments.items() if name not in apart}
    head, count = str(entry.arguments[_HEAD]), config["tracks"][0]
    tracks = targets.of_columns(columns, entry.name, count, str(entry.arguments[_SQUASH]))
    described = CalicoFile(SystemFile("borzoi", {**config, "outputs": head}, {}, entry.name), head, tracks.swap)
    return calico.make_spec(
        entry.name, described, tracks, {**provenance(family, entry, "model"), "citation": family.citation}
    )


def convert(family: Family, entry: Entry, files: Mapping[str, bytes], target: Path) -> None:
    """Write the model folder of an entry from the verified bytes of its release.

    Raises:
        IntegrityError: the tensors are not those of the network.
    """
    spec, found = spec_of(family, entry), calico.read(files["model"], entry.files["model"].path)
    bins_of_200.write(spec, found.network, target, training(entry))


def training(entry: Entry) -> str:
    """How a released model was trained, as the index says."""
    return str(entry.arguments[_TRAINING])


def original(entry: Entry, files: Mapping[str, bytes]) -> Callable[[np.ndarray], np.ndarray]:
    """The authors' network needs calico/baskerville. Raises `MissingExtra`."""
    raise MissingExtra(
        "TensorFlow 2.8 to 2.15 with calico/baskerville must run Borzoi's own network; it cannot be run here",
        received={"model": entry.name},
    )

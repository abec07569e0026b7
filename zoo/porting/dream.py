"""Files of FactorNet, DeepGRN, Leopard, scFAN and DanQ that the user has, told apart by the layers in them."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import registry
from registry import typed
from zoo.errors import IntegrityError
from zoo.porting import bins_of_200, danq, deepgrn, early_spec, factornet, leopard, old_keras, own, scfan
from zoo.porting.beside import disagreeing, text_beside
from zoo.porting.bins_of_200 import About
from zoo.porting.system_file import SystemFile
from zoo.spec import UNKNOWN_ASSEMBLY, Architecture, ModelSpec

ENDINGS = (".h5", ".hdf5")
_LAYERS = {  # kinds of layers that a file of a system has; the first that fits
    "factornet": {"convolution1d", "timedistributed"},
    "leopard": {"conv1d", "conv2d_transpose"},
    "deepgrn": {"conv1d", "time_distributed"},
    "scfan": {"conv2d", "dense"},
    "danq": {"layer"},
}
_TRACKS = {"Unique35": bins_of_200.UNIQUE35, "DGF": bins_of_200.DGF}
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
_FACTOR = "unknown factor"
_MODEL_NAME = re.compile(r"([A-Za-z0-9]+)_(?:single|pair)")  # of DeepGRN's files


def system_of(data: bytes, where: object) -> str | None:
    """Which system wrote a file; None for another one.

    Raises:
        IntegrityError: no plain HDF5.
    """
    kinds = {re.sub(r"_\d+$", "", name) for name in old_keras.layers_of(data, where)}
    return next((system for system, wanted in _LAYERS.items() if wanted <= kinds), None)


def opened(path: Path) -> tuple[SystemFile, ModelSpec] | None:
    """What a file holds, with the spec of its model; None for a file of another system.

    Beside a file of FactorNet, or of scFAN, their authors' `bigwig.txt` (tracks), `feature.txt` (parts of the vector),
    `chip.txt` (factors), and for weights alone `model.json`, are read where they are; of DanQ the list of features, and
    a `danq.json` that says what its LSTM reads.

    Raises:
        InputError: it cannot be read.
        IntegrityError: a damaged file, or one of a network that is not read, with the reason.
    """
    if not path.name.lower().endswith(ENDINGS) or path.name.lower().endswith(".weights.h5"):
        return None
    data = own.read_bytes(path)
    try:
        system = system_of(data, path)
    except IntegrityError:  # whoever else reads such files says what is wrong
        return None
    if system is None:
        return None
    found = _read(system, data, path)
    sha256 = hashlib.sha256(data).hexdigest()
    name = f"local/{own.model_of(path)}"
    origin = {"source": own.shown(path), "sha256": sha256}
    if (known := _released(system, sha256)) is not None:
        bins_of_200.check_described(known.architecture, found)
        spec = replace(known, name=name, provenance={**known.provenance, **origin})
        return replace(found, config=known.architecture.config), spec
    about = About(name, {**origin, "license": "that of the file"}, UNKNOWN_ASSEMBLY)
    return _SPECS[system](found, about, path)


def _read(system: str, data: bytes, path: Path) -> SystemFile:
    if system == "danq":
        return danq.read(data, path, _backward(path))
    if system != "factornet":
        return {"deepgrn": deepgrn, "leopard": leopard, "scfan": scfan}[system].read(data, path)
    text = text_beside(path, "model.json")
    config = None if text is None else old_keras.json_of(text, path.with_name("model.json"))
    return factornet.read(data, path, config)


def _released(system: str, sha256: str) -> ModelSpec | None:
    """The spec of a released model whose file has this digest."""
    for family in registry.families().values():
        for entry in family.models.values() if family.porting == system == family.family else ():
            if [file.sha256 for file in entry.files.values()] == [sha256]:
                return {"factornet": factornet, "deepgrn": deepgrn, "leopard": leopard}[system].spec_of(family, entry)
    return None


def _factornet(found: SystemFile, about: About, path: Path) -> tuple[SystemFile, ModelSpec]:
    config = found.config
    names = _words(path, "bigwig.txt", config["tracks"]) or bins_of_200.tracks_by_number(config["tracks"])
    tracks = tuple(_TRACKS.get(name, name) for name in names)
    parts = _words(path, "feature.txt") or ()
    vector = bins_of_200.vector_by_length(config["covariates"], "GEPC")
    told = bins_of_200.vector_of(" ".join(part for part in parts if part != "bigwig"), "GEPC")
    if parts and told != vector:
        raise disagreeing(path, "feature.txt", {"parts": parts, "numbers that the network reads": len(vector)})
    if swap := _swap(tracks):
        found = replace(found, config={**config, "swap": swap})
    about = replace(about, provenance={**about.provenance, "citation": factornet.CITATION})
    spec = factornet.make_spec(found.config, about, tracks, vector, _factors(path, config["outputs"]))
    return found, spec


def _deepgrn(found: SystemFile, about: About, path: Path) -> tuple[SystemFile, ModelSpec]:
    match = _MODEL_NAME.fullmatch(path.stem)
    about = replace(about, provenance={**about.provenance, "citation": deepgrn.CITATION})
    architecture = Architecture(found.architecture, found.config)
    vector = deepgrn.vector_names(found.config["covariates"])
    return found, deepgrn.make_spec(architecture, about, vector, match[1] if match else _FACTOR)


def _leopard(found: SystemFile, about: About, path: Path) -> tuple[SystemFile, ModelSpec]:
    architecture = Architecture(found.architecture, found.config)
    return found, leopard.make_spec(architecture, about, found.config["tracks"], _FACTOR)


def _scfan(found: SystemFile, about: About, path: Path) -> tuple[SystemFile, ModelSpec]:
    about = replace(about, provenance={**about.provenance, "citation": scfan.CITATION})
    return found, scfan.make_spec(found.config, about, _factors(path, found.config["outputs"]))


def _backward(path: Path) -> str:
    """What `danq.json` beside a file says of its LSTM: {"backward": "none"}."""
    text, where = text_beside(path, "danq.json"), path.with_name("danq.json")
    said = {"backward": danq.TIME} if text is None else typed.load_json(text.encode(), where, foreign=True)
    if set(said) != {"backward"} or said["backward"] not in danq.BACKWARDS:
        raise IntegrityError(
            f"A danq.json must say the backward direction, {' or '.join(danq.BACKWARDS)}",
            where=where,
            example='{"backward": "none"}',
            received=said,
        )
    return said["backward"]


def _danq(found: SystemFile, about: About, path: Path) -> tuple[SystemFile, ModelSpec]:
    return found, early_spec.of_file(found, path, about.provenance["sha256"])


_SPECS = {"danq": _danq, "factornet": _factornet, "deepgrn": _deepgrn, "leopard": _leopard, "scfan": _scfan}


def _factors(path: Path, count: int) -> tuple[str, ...]:
    """The factors of a network's outputs, by `chip.txt` if it is there."""
    if words := _words(path, "chip.txt", count):
        return words
    return (_FACTOR,) if count == 1 else tuple(f"factor{i}" for i in range(1, count + 1))


def _swap(tracks: tuple[str, ...]) -> tuple[int, ...]:
    """Which track the other strand reads in the stead of each: of a pair `…_fwd` and `…_rev` the other one."""
    other = {"_fwd": "_rev", "_rev": "_fwd"}
    partners = [name[:-4] + other[name[-4:]] if name[-4:] in other else name for name in tracks]
    swap = tuple(tracks.index(partner) if partner in tracks else place for place, partner in enumerate(partners))
    return () if swap == tuple(range(len(tracks))) else swap


def _words(path: Path, name: str, count: int | None = None) -> tuple[str, ...]:
    """The words of a text file beside a model, each of a line; none if there is no such file."""
    text = text_beside(path, name)
    words = tuple((text or "").split())
    if words and (
        len(set(words)) != len(words) or not all(map(_WORD.fullmatch, words)) or count not in (None, len(words))
    ):
        raise disagreeing(path, name, {"words": words[:20], "expected": count})
    return words

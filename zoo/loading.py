"""From a name to a model, and from model folders to a release: the registry moves verified bytes, porting converts
another system's, `Model` reads."""

from collections.abc import Sequence
from pathlib import Path

import registry
from registry import address
from registry.address import Address, Hub, Local, Pinned
from zoo import folder, porting
from zoo.errors import IntegrityError
from zoo.spec import ModelSpec

_OF_FILES = "maxatac"  # the importer of full-model files of the user's own
_TOLERANCE = 1e-4  # between machines; a wrong tensor gives more


def load(name: str | Path, component: str | None = None):
    """Load a pretrained model.

    Args:
        name: `family/MODEL[@revision]` (`MODEL` if one family has it), `hf://org/repo/MODEL[@revision]`, or a path: of
            a model folder (absolute, or beginning with `./` or `../`; a relative path that is a model folder comes
            before the registry), or of a full-model `.h5` of `maxatac train`. Such a file is read tensor by tensor and
            converted once, into the cache; a threshold table beside it (`<stem>.tsv`, or the only `.tsv` in its folder)
            is used; the model's name is `local/<stem>`.
        component: of a model made of others, the part to load, or "full" for all; by default as its spec says: of
            ChromBPNet the bias-corrected "accessibility".

    Returns:
        A `zoo.Model`.

    Raises:
        UnknownModel: no such model; the message lists the closest names.
        IntegrityError: bytes that are not those of the index, or a damaged folder.
        OfflineMiss: no source could deliver the files; the message lists what was tried.
        InputError: the model has no such component.
    """
    from zoo.model import Model

    where = address.of(name)
    model = Model.read(_fetch(where))
    model.origin = where.path if isinstance(where, Local) and where.is_file else None
    return model.chosen(component)


def fetch(name: str | Path) -> Path:
    """Bring a model into the cache and return its verified folder. Arguments and errors as for `load`."""
    return _fetch(address.of(name))


def _fetch(where: Address) -> Path:
    if not isinstance(where, Local):
        return registry.fetch(where, _converter)
    if where.is_file:
        return _own(where.path).convert()
    folder.read_spec(where.path)
    folder.verify(where.path)
    return where.path


def is_cached(name: str | Path) -> bool:
    """Whether a model can be loaded without any source; its bytes are verified only when it is."""
    where = address.of(name)
    if isinstance(where, Local):
        return not where.is_file or _own(where.path).place.is_dir()
    return isinstance(where, Pinned) and registry.is_cached(where.family, where.entry)


def _converter(family: registry.Family, entry: registry.Entry):
    """The function that turns another system's files into a folder of ours."""

    def convert(files, target: Path) -> None:
        porting.find(family.porting, family.family).convert(family, entry, files, target)

    return convert


def _own(path: Path):
    return porting.find(_OF_FILES).OwnFile.read(path)


def publish(folders: Sequence[str | Path], repo: str, tag: str, **options: object):
    """Publish model folders as `registry.publish` does, after each was loaded and has given its golden outputs.

    Raises `InputError` or `IntegrityError` before anything is uploaded; else arguments, result and errors are those of
    `registry.publish`.
    """
    return registry.publish(folders, repo, tag, check=_check, **options)


def _check(path: Path) -> None:
    folder.read_golden(path, folder.read_spec(path))
    folder.read_thresholds(path)
    from zoo.model import Model  # only now: it imports Keras

    check = Model.read(path).check(_TOLERANCE)
    if not check.passed:
        raise IntegrityError(
            f"A model to publish must give its golden outputs within {_TOLERANCE:g}",
            where=path,
            received={"largest difference": check.difference},
        )


def info(name: str | Path) -> dict:
    """What is known of a model without loading it, as a plain JSON object."""
    where = address.of(name)
    if isinstance(where, Local) and where.is_file:
        own = _own(where.path)
        return {**own.spec.to_json(), "source": str(where.path), "cached": own.place.is_dir()}
    described = _described(where)  # before it is brought into the cache
    return {**_spec(where).to_json(), **described}


def _described(where: Address) -> dict:
    """What the index and the cache say of a model."""
    if isinstance(where, Local):
        return {"source": str(where.path), "cached": True}
    if isinstance(where, Hub) and where.listed is None:
        return {"source": where.name, "cached": True}
    pinned = where.listed if isinstance(where, Hub) else where
    cached = isinstance(where, Hub) or registry.is_cached(pinned.family, pinned.entry)
    return {"aliases": pinned.entry.aliases, "tissue": pinned.entry.tissue, "cached": cached}


def _spec(where: Address) -> ModelSpec:
    if isinstance(where, Pinned) and where.family.porting is not None:
        return porting.find(where.family.porting, where.family.family).spec_of(where.family, where.entry)
    return folder.read_spec(_fetch(where))

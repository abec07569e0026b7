"""From a name to a model, and from model folders to a release: the registry moves verified bytes, porting converts
another system's, `Model` reads."""

import importlib
from collections.abc import Sequence
from pathlib import Path

import registry
from registry.paths import user_path
from zoo import folder
from zoo.errors import InputError, IntegrityError
from zoo.spec import ModelSpec

_PORTING = ("maxatac",)  # those whose `convert` and `spec_of` take an entry of an index
_SUFFIXES = (".h5", ".hdf5", ".keras")
_TOLERANCE = 1e-4  # between machines; a wrong tensor gives more


def load(name: str | Path):
    """Load a pretrained model.

    Args:
        name: `family/MODEL[@revision]` (`MODEL` if one family has it), `hf://org/repo/MODEL[@revision]`, or a path: of
            a model folder (absolute, or beginning with `./` or `../`; a relative path that is a model folder comes
            before the registry), or of a full-model `.h5` of `maxatac train`. Such a file is read tensor by tensor and
            converted once, into the cache; a threshold table beside it (`<stem>.tsv`, or the only `.tsv` in its folder)
            is used; the model's name is `local/<stem>`.

    Returns:
        A `zoo.Model`.

    Raises:
        UnknownModel: no such model; the message lists the closest names.
        IntegrityError: bytes that are not those of the index, or a damaged folder.
        OfflineMiss: no source could deliver the files; the message lists what was tried.
    """
    from zoo.model import Model

    model, local = Model.read(fetch(name)), _local(name)
    model.origin = local if local is not None and local.is_file() else None
    return model


def fetch(name: str | Path) -> Path:
    """Bring a model into the cache and return its verified folder. Arguments and errors as for `load`."""
    local = _local(name)
    if local is None:
        return registry.fetch(name, _converter)
    if local.is_file():
        return _own(local).convert()
    folder.read_spec(local)
    folder.verify(local)
    return local


def is_cached(name: str | Path) -> bool:
    """Whether a model can be loaded without any source; its bytes are verified only when it is."""
    if (local := _local(name)) is not None:
        return not local.is_file() or _own(local).place.is_dir()
    if str(name).startswith("hf://"):
        return False
    return registry.is_cached(*registry.resolve(name))


def _converter(family: registry.Family, entry: registry.Entry):
    """The function that turns another system's files into a folder of ours."""

    def convert(files, target: Path) -> None:
        _porting(family).convert(family, entry, files, target)

    return convert


def _porting(family: registry.Family):
    """The module that converts a family's release; the index names it, and must name one of ours."""
    if family.porting not in _PORTING:
        raise InputError(
            f"The porting of a family with a release must be one of {', '.join(_PORTING)}",
            where=family.family,
            received={"porting": family.porting},
        )
    return importlib.import_module(f"zoo.porting.{family.porting}")


def _own(path: Path):
    return importlib.import_module("zoo.porting.maxatac").OwnFile.read(path)


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
    local = _local(name)
    if local is not None and local.is_file():
        own = _own(local)
        return {**own.spec.to_json(), "source": str(local), "cached": own.place.is_dir()}
    if local is not None:
        return {**folder.read_spec(local).to_json(), "source": str(local), "cached": True}
    if str(name).startswith("hf://"):
        return {**folder.read_spec(fetch(name)).to_json(), "source": str(name), "cached": True}
    family, entry = registry.resolve(name)
    described = {"aliases": entry.aliases, "tissue": entry.tissue, "cached": registry.is_cached(family, entry)}
    if family.porting is None:
        return {**folder.read_spec(fetch(name)).to_json(), **described}
    spec: ModelSpec = _porting(family).spec_of(family, entry)
    return {**spec.to_json(), **described}


def _local(name: str | Path) -> Path | None:
    """The folder or file that a path means, or None for a name of the registry."""
    if not isinstance(name, (str, Path)):
        raise InputError("A model must be a name or a path", example='"maxatac/CTCF"', received={"name": name})
    if str(name).startswith("hf:"):
        return None
    path = user_path(name, "model")
    by_path = isinstance(name, Path) or path.is_absolute() or name.startswith(("./", "../", "~"))
    try:
        if path.suffix.lower() in _SUFFIXES and not path.exists():
            raise InputError("A model file must exist", received={"path": str(path)})
        a_model = path.suffix.lower() in _SUFFIXES or (path / folder.CONFIG).is_file()
        return path if by_path or a_model else None
    except OSError as error:
        raise InputError(f"A model must be readable: {error.strerror}", received={"name": str(name)}) from None

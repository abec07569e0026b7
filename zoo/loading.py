"""From a name to a model: the registry brings verified bytes, porting converts another system's, `Model` reads."""

import importlib
from pathlib import Path

import registry
from zoo import folder
from zoo.errors import InputError
from zoo.spec import ModelSpec


def load(name: str | Path):
    """Load a pretrained model.

    Args:
        name: `family/MODEL[@revision]`, `hf://org/repo/MODEL[@revision]`, or the path of a model folder (absolute, or
            beginning with `./` or `../`; a relative path that is a model folder comes before the registry).

    Returns:
        A `zoo.Model`.

    Raises:
        UnknownModel: no such model; the message lists the closest names.
        IntegrityError: bytes that are not those of the index, or a damaged folder.
        OfflineMiss: no source could deliver the files; the message lists what was tried.
    """
    from zoo.model import Model

    return Model(fetch(name))


def fetch(name: str | Path) -> Path:
    """Bring a model into the cache and return its verified folder. Arguments and errors as for `load`."""
    local = _local(name)
    if local is None:
        return registry.fetch(name, _converter)
    folder.read_spec(local)
    folder.verify(local)
    return local


def is_cached(name: str | Path) -> bool:
    """Whether a model can be loaded without any source; its bytes are verified only when it is."""
    if _local(name) is not None:
        return True
    if str(name).startswith("hf://"):
        return False
    return registry.is_cached(*registry.resolve(name))


def _converter(family: registry.Family, entry: registry.Entry):
    """The function that turns another system's files into a folder of ours."""

    def convert(files, target: Path) -> None:
        importlib.import_module(f"zoo.porting.{family.porting}").convert(family, entry, files, target)

    return convert


def info(name: str | Path) -> dict:
    """What is known of a model without loading it, as a plain JSON object."""
    local = _local(name)
    if local is not None:
        return {**folder.read_spec(local).to_json(), "source": str(local), "cached": True}
    if str(name).startswith("hf://"):
        return {**folder.read_spec(fetch(name)).to_json(), "source": str(name), "cached": True}
    family, entry = registry.resolve(name)
    described = {"aliases": entry.aliases, "tissue": entry.tissue, "cached": registry.is_cached(family, entry)}
    if family.porting is None:
        return {**folder.read_spec(fetch(name)).to_json(), **described}
    spec: ModelSpec = importlib.import_module(f"zoo.porting.{family.porting}").spec_of(family, entry)
    return {**spec.to_json(), **described}


def _local(name: str | Path) -> Path | None:
    """The folder that a path means, or None for a name of the registry."""
    if not isinstance(name, (str, Path)):
        raise InputError("A model is named by a string or a path", example='"maxatac/CTCF"', received={"name": name})
    if str(name).startswith("hf:"):
        return None
    try:
        path = Path(name).expanduser()
        if isinstance(name, Path) or path.is_absolute() or name.startswith(("./", "../", "~")):
            return path
        return path if (path / folder.CONFIG).is_file() else None
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"A model folder can be read ({error})", received={"name": str(name)[:80]}) from None

"""From a name to a model: the registry brings verified bytes, porting converts another system's, `Model` reads."""

import importlib
from pathlib import Path

import registry
import registry.store
from zoo import folder
from zoo.errors import InputError
from zoo.spec import ModelSpec


def load(name: str | Path):
    """Load a pretrained model.

    Args:
        name: `family/MODEL[@revision]`, or the path of a model folder (absolute, or beginning with `./` or `../`).

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
    if local is not None:
        folder.read_spec(local)
        folder.verify(local)
        return local
    family, entry = registry.resolve(name)

    def convert(files, target: Path) -> None:
        importlib.import_module(f"zoo.porting.{family.porting}").convert(family, entry, files, target)

    return registry.store.fetch(family, entry, convert)


def info(name: str | Path) -> dict:
    """What is known of a model without loading it, as a plain JSON object."""
    local = _local(name)
    if local is not None:
        return {**folder.read_spec(local).to_json(), "source": str(local), "cached": True}
    family, entry = registry.resolve(name)
    spec: ModelSpec = importlib.import_module(f"zoo.porting.{family.porting}").spec_of(family, entry)
    return {**spec.to_json(), "cached": registry.store.is_cached(entry)}


def _local(name: str | Path) -> Path | None:
    """The folder that a path means, or None for a name of the registry."""
    if not isinstance(name, (str, Path)):
        raise InputError("A model is named by a string or a path", example='"maxatac/CTCF"', received={"name": name})
    path = Path(name).expanduser()
    if isinstance(name, Path) or path.is_absolute() or name.startswith(("./", "../", "~")):
        return path
    return path if (path / folder.CONFIG).is_file() else None

"""From a name to a model, and from model folders to a release: the registry moves verified bytes, porting converts
another system's, `Model` reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import registry
from registry import address, typed
from registry.address import Address, Hub, Local, Pinned
from zoo import ensembles, folder, porting
from zoo.errors import InputError, IntegrityError
from zoo.notebook.rows import Described
from zoo.porting import folds, local, seeds, state_files
from zoo.porting.profile_file import ProfileFile
from zoo.spec import ModelSpec

if TYPE_CHECKING:
    from zoo.model import Model

_OF_FILES = "maxatac"  # the importer of full-model files of the user's own
_TOLERANCE = 1e-4  # between machines; a wrong tensor gives more


def load(name: str | Path, component: str | None = None) -> "Model":
    """Load a pretrained model.

    Args:
        name: `family/MODEL[@revision]` (`MODEL` if one family has it), `hf://org/repo/MODEL[@revision]`, or a path: of
            a model folder (absolute, or beginning with `./` or `../`; a relative path that is a model folder comes
            before the registry), or of a file. The model of a file is named `local/<stem>`.
            A full-model `.h5` of `maxatac train` is read tensor by tensor and converted once, into the cache; a
            threshold table beside it (`<stem>.tsv`, or the only `.tsv` in its folder) is used.
            A `.h5` of ChromBPNet or of kundajelab/bpnet (basepairmodels), or a network that bpnet-lite saved whole
            (`.torch`), is opened directly, without PyTorch; nothing of it is run, and nothing kept in the cache. A
            `.torch` does not say its window: it is taken to be 2,114 bp (`recipes/convert.py` takes others).
            A folder or archive (`.tar`, `.tar.gz`) of such files of 2 or more folds (`fold_0` in their paths) is their
            ensemble: the mean of expected counts.
            A `.hdf5` or `.h5` of FactorNet, DeepGRN, Leopard or scFAN is opened directly, too; for FactorNet and scFAN
            names of tracks and factors come from their authors' `bigwig.txt`, `feature.txt` and `chip.txt` beside it.
            A `.h5` of Calico's Borzoi or Basenji2 is opened directly, too; so is a `.safetensors`, `.bin` or `.pt` (a
            state dict) of enformer-pytorch or borzoi-pytorch, or the folder that these packages leave. Tracks are named
            by `targets.txt` (`targets_human.txt`, `targets_mouse.txt`, also `.gz`) beside it. What they leave
            open, such as the window, is in `params.json` there, or in `config.json` as `"zoo": {"window": 196608}`.
            So is a `.pth` or `.safetensors` of DeepSEA, Beluga, Sei or Basset, and a `.hdf5` of DanQ; names of outputs
            come from the authors' list beside it (`predictor_names.txt`, `target.names`, `target_labels.txt`).
            A folder of Leopard's `weights_TRAINED_VALIDATED_SEED.h5` is their mean; of other files `zoo.ensemble` makes
            one.
        component: of a model made of others, the part to load, or "full" for all; by default as its spec says: of
            ChromBPNet the bias-corrected "accessibility".

    Returns:
        A `zoo.Model`.

    Raises:
        UnknownModel: no such model; the message lists the closest names.
        IntegrityError: bytes that are not those of the index, or a damaged folder.
        OfflineMiss: no source could deliver the files; the message lists what was tried.
        InputError: the model has no such component.

    >>> load("yeast/REB1")
    Model('yeast/REB1': 1,024 bp × 5 → 32 bins of 32 bp)
    """
    from zoo.model import Model

    if component is not None:
        typed.argument("component", component, str)
    where = address.of(name)
    if isinstance(where, Local) and (opened := _opened(where, component)) is not None:
        model = of_files(opened, component)
    else:
        whole = Model.read(_fetch(where))
        whole.origin = where.path if isinstance(where, Local) and where.is_file else None
        model = whole.chosen(component)
    model.reload = Reload(str(where.path.absolute() if isinstance(where, Local) else name), component)
    return model


@dataclass(frozen=True)
class Reload:
    """Loads a model again, also in another process. Attributes: arguments of `load`, of a path the absolute one."""

    name: str
    component: str | None

    def __call__(self) -> "Model":
        """The model."""
        return load(self.name, self.component)


def fetch(name: str | Path) -> Path:
    """Bring a model into the cache and return its verified folder. Arguments and errors as for `load`."""
    return _fetch(address.of(name))


def _fetch(where: Address) -> Path:
    if not isinstance(where, Local):
        return registry.fetch(where, _converter)
    if _opened(where) is not None:
        raise InputError(
            "A file of another system must be loaded: it is opened directly, and no folder is made of it",
            received={"path": str(where.path)},
            hint="zoo.load(path).save(folder) makes a model folder, as does `zoo recipe convert`",
        )
    if where.is_file:
        return _own(where.path).convert()
    folder.read_spec(where.path)
    folder.verify(where.path)
    return where.path


def is_cached(name: str | Path) -> bool:
    """Whether a model can be loaded without any source; its bytes are verified only when it is."""
    where = address.of(name)
    if isinstance(where, Local):
        return not where.is_file or _opened(where) is not None or _own(where.path).place.is_dir()
    return isinstance(where, Pinned) and registry.is_cached(where.family, where.entry)


def _converter(family: registry.Family, entry: registry.Entry):
    """The function that turns another system's files into a folder of ours."""

    def convert(files, target: Path) -> None:
        porting.find(family.porting, family.family).convert(family, entry, files, target)

    return convert


def opened_files(path: str | Path, component: str | None = None, window: int | None = None) -> local.Opened:
    """What a file, or a folder or archive of folds, of ChromBPNet or BPNet holds.

    Args:
        path: of it.
        component: as for `load`.
        window: bp of the input, of a single `.torch`, which does not say it; default 2,114.

    Raises:
        InputError: anything else; a window for files that say their own.
    """
    where = address.of(Path(path))
    of_file = window is not None and where.is_file
    found = local.opened(where.path, component, window) if of_file else _opened(where, component)
    if found is None or not all(isinstance(file, ProfileFile) for file, _ in found.members):
        raise InputError(
            "A file must be of ChromBPNet or BPNet (.h5, .torch), or a folder or archive of such files of its folds",
            received={"path": str(path)},
        )
    return found


def _opened(where: Local, component: str | None = None) -> local.Opened | None:
    """A file, or folds, of a system whose files are opened directly; None for anything else."""
    if where.may_have_folds:
        if (found := seeds.opened(where.path, component) or folds.opened(where.path, component)) is not None:
            return found
        _refuse(where.path)
    path = where.path if where.is_file else state_files.in_folder(where.path)
    return None if path is None else local.opened(path, component)


def _refuse(path: Path) -> None:
    """Raise `InputError` for an archive, or a folder, of which it is known why no model is in it."""
    if path.is_file() or (path / "saved_model.pb").is_file():
        raise InputError(
            "A model must be a model folder, a file, or a folder or archive of the files of its folds (.h5, .torch); "
            "TensorFlow's SavedModel is not read",
            received={"path": str(path)},
        )


def of_files(opened: local.Opened, component: str | None = None) -> "Model":
    """The model of a file, or the ensemble of folds. Arguments as for `load`, of what `zoo.porting` opened."""
    from zoo.model import Model

    models = [Model(spec, local.network_of(file)) for file, spec in opened.members]
    for model in models:
        model.origin = opened.path
    if len(models) == 1:
        return models[0].chosen(component) if opened.is_whole else models[0]
    whole = ensembles.ensemble(models, opened.name, _described(opened))
    whole.origin = opened.path
    return whole


def _spec_of(opened: local.Opened) -> ModelSpec:
    specs = [spec for _, spec in opened.members]
    return specs[0] if len(specs) == 1 else ensembles.joined_spec(specs, opened.name, _described(opened))


def _described(opened: local.Opened) -> str:
    return f"{opened.members[0][1].description}: mean of {len(opened.members)} {opened.called}"


def _own(path: Path):
    return porting.find(_OF_FILES).OwnFile.read(path)


def publish(folders: Sequence[str | Path], repo: str, tag: str, **options: object):
    """Publish model folders as `registry.publish` does, after each was loaded and has given its golden outputs.

    Raises `InputError` or `IntegrityError` before anything is uploaded; else arguments, result and errors are those of
    `registry.publish`.
    """
    return registry.publish(folders, repo, tag, check=_check, **options)


def _check(path: Path) -> None:
    spec = folder.read_spec(path)
    if (terms := spec.provenance.get("redistribution", "")).startswith("no"):
        raise InputError(
            "A model to publish must be one that may be redistributed", where=path, received={"redistribution": terms}
        )
    folder.read_golden(path, spec)
    folder.read_thresholds(path)
    from zoo.model import Model  # only now: it imports Keras

    check = Model.read(path).check(_TOLERANCE)
    if not check.passed:
        raise IntegrityError(
            f"A model to publish must give its golden outputs within {_TOLERANCE:g}",
            where=path,
            received={"largest difference": check.difference},
        )


def info(name: str | Path) -> Described:
    """What is known of a model without loading it, as a plain JSON object, which notebooks show as tables.

    >>> info("yeast/REB1")["input"]["window"]
    1024
    """
    return Described(_info(name))


def _info(name: str | Path) -> dict:
    where = address.of(name)
    if isinstance(where, Local) and (opened := _opened(where)) is not None:
        return {**_spec_of(opened).to_json(), "source": str(where.path), "cached": True}
    if isinstance(where, Local) and where.is_file:
        own = _own(where.path)
        return {**own.spec.to_json(), "source": str(where.path), "cached": own.place.is_dir()}
    described = _told(where)  # before it is brought into the cache
    if (spec := _told_spec(where)) is not None:
        return {**spec.to_json(), **described}
    place = _fetch(where)
    return {**folder.read_spec(place).to_json(), **_calibrated(place), **described}


def spec_of(name: str | Path) -> ModelSpec:
    """The spec of a model that is not loaded. Arguments and errors as for `load`."""
    where = address.of(name)
    if isinstance(where, Local) and (opened := _opened(where)) is not None:
        return _spec_of(opened)
    return _own(where.path).spec if isinstance(where, Local) and where.is_file else _spec(where)


def _told(where: Address) -> dict:
    """What the index and the cache say of a model."""
    if isinstance(where, Local):
        return {"source": str(where.path), "cached": True}
    if isinstance(where, Hub) and where.listed is None:
        return {"source": where.name, "cached": True}
    pinned = where.listed if isinstance(where, Hub) else where
    cached = isinstance(where, Hub) or registry.is_cached(pinned.family, pinned.entry)
    return {"aliases": pinned.entry.aliases, "tissue": pinned.entry.tissue, "cached": cached}


def _calibrated(place: Path) -> dict[str, object]:
    """What a threshold table with intervals promises; nothing of one without."""
    table = folder.read_thresholds(place)
    if table is None or not table.has_intervals:
        return {}
    return {"thresholds": table.rows(), "probabilities": table.has_probabilities}


def _spec(where: Address) -> ModelSpec:
    told = _told_spec(where)
    return folder.read_spec(_fetch(where)) if told is None else told


def _told_spec(where: Address) -> ModelSpec | None:
    """The spec of a model that its importer knows without a file."""
    if isinstance(where, Pinned) and where.family.porting is not None:
        return porting.find(where.family.porting, where.family.family).spec_of(where.family, where.entry)
    return None

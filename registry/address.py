"""An address: what a name or a path means, resolved once and passed on as a value.

- `Local`: a model folder, a model file, or a folder or archive of folds, of the user's own.
- `Pinned`: an entry of the index, at the revision that the package pins.
- `Hub`: a model in a repository on the Hub, at a revision of the user's choice.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from registry import index
from registry.errors import InputError, UnknownModel
from registry.paths import user_path
from registry.schema import PART, Entry, Family

_HUB = re.compile(rf"hf://(?P<repo>{PART}/{PART})/(?P<model>{PART})(?:@(?P<revision>{PART}))?")
_CONFIG = "config.json"  # a folder that has one is a model folder
ARCHIVES = (".tar", ".tar.gz", ".tgz")  # of folds
_FILES = (".h5", ".hdf5", ".keras", ".torch", ".pt", ".pth", ".safetensors", ".bin", ".ckpt", *ARCHIVES)
_FOLD = re.compile(r"fold[_.-]?\d", re.IGNORECASE)  # in the name of what a folder of folds holds


@dataclass(frozen=True)
class Local:
    """A path of the user's own. Attributes: path: of a model folder, a model file, or a folder or archive of folds."""

    path: Path

    @property
    def is_file(self) -> bool:
        """Whether it is a file, which has to be converted."""
        return self.path.is_file()

    @property
    def may_have_folds(self) -> bool:
        """Whether it is an archive, or a folder that is no model folder."""
        try:
            if self.is_file:
                return self.path.name.lower().endswith(ARCHIVES)
            return self.path.is_dir() and not (self.path / _CONFIG).is_file()
        except OSError:  # whoever reads it says why it cannot be read
            return False


@dataclass(frozen=True)
class Pinned:
    """A model of the index at its pinned revision."""

    family: Family
    entry: Entry


@dataclass(frozen=True)
class Hub:
    """A model on the Hub.

    Attributes:
        name: as the user wrote it.
        repo: `org/name`.
        model: the folder in it.
        revision: a tag, branch or commit.
        listed: the model of the index of which this is another revision, if the user named one.
    """

    name: str
    repo: str
    model: str
    revision: str = "main"
    listed: Pinned | None = None

    def __str__(self) -> str:
        return f"hf://{self.repo}/{self.model}@{self.revision}"

    @classmethod
    def parse(cls, text: str) -> "Hub":
        """Take `hf://org/repo/MODEL[@revision]` apart. Raises `InputError` for anything else."""
        match = _HUB.fullmatch(text)
        if match is None or ".." in text:
            raise InputError(
                "A model on the Hub must be named hf://org/repo/MODEL, with @revision if need be",
                example='"hf://lab/maxatac/CTCF@v1.0"',
                received={"name": text},
            )
        return cls(text, **{key: value for key, value in match.groupdict().items() if value})


Address = Local | Pinned | Hub


def of(name: str | Path) -> Address:
    """The address of a model.

    Args:
        name: a path (absolute, or beginning with `./`, `../` or `~`; a relative path that is a model folder or file, or
            a folder of folds, comes before the registry), or a name as for `of_name`.

    Raises:
        InputError: neither a path nor a name, a model file that does not exist, or a place that cannot be read.
        UnknownModel: as for `of_name`.
    """
    if not isinstance(name, (str, Path)):
        raise InputError("A model must be a name or a path", example='"maxatac/CTCF"', received={"name": name})
    path = None if str(name).startswith("hf:") else _path(name)
    return of_name(str(name)) if path is None else Local(path)


def of_name(name: str) -> Pinned | Hub:
    """The address that a name stands for: `hf://org/repo/MODEL[@revision]`, or one of the index (see `listed`)."""
    return Hub.parse(name) if name.startswith("hf://") else listed(name)


def listed(name: str) -> Pinned | Hub:
    """The address that a name of the index means.

    Args:
        name: `family/MODEL[@revision]`, or `MODEL[@revision]` if one family has it. A revision is a tag, branch or
            commit of the family's repository on the Hub, or the pinned commit of its upstream release (at least seven
            digits).

    Raises:
        InputError: not a name at all.
        UnknownModel: no such family, model or revision, or several; the message lists the closest names.
    """
    full = index.full_name(name)
    family = index.families()[full.family]
    pinned = Pinned(family, family.models[full.model])
    if full.revision is None or _is_pinned(family, full.revision):
        return pinned
    if family.hub is None:
        plain = pinned.entry.name
        raise UnknownModel(
            f"The revision of {plain} must be the pinned one, as it is not on the Hub",
            example=f"{plain}@{family.upstream.commit[:7]}" if family.upstream else plain,
            received={"name": name},
        )
    return Hub(name, family.hub.repo, full.model, full.revision, pinned)


def _is_pinned(family: Family, revision: str) -> bool:
    commits = [pin.commit for pin in (family.hub, family.upstream) if pin]
    return len(revision) >= 7 and any(commit.startswith(revision) for commit in commits)


def _path(name: str | Path) -> Path | None:
    """The folder or file that a path means, or None for a name of the registry."""
    path = user_path(name, "model")
    by_path = isinstance(name, Path) or path.is_absolute() or name.startswith(("./", "../", "~"))
    try:
        is_file = path.name.lower().endswith(_FILES)
        if is_file and not path.exists():
            raise InputError("A model file must exist", received={"path": str(path)})
        return path if by_path or is_file or (path / _CONFIG).is_file() or _has_folds(path) else None
    except OSError as error:
        raise InputError(f"A model must be readable: {error.strerror}", received={"name": str(name)}) from None


def _has_folds(path: Path) -> bool:
    """Whether something in a folder is called `fold_0` or the like."""
    return path.is_dir() and any(_FOLD.search(item.name) for item in path.iterdir())

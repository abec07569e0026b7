"""The entry of a model in the index: names, files, digests.

Everything that comes out of a JSON file is checked here, once, so that no later step handles an unsafe path, a
malformed digest or a key it does not know.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from registry import typed
from registry.errors import InputError, IntegrityError

PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_NAME = re.compile(rf"(?P<family>{PART})/(?P<model>{PART})(?:@(?P<revision>{PART}))?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PLAIN = re.compile(PART)
_REPO = re.compile(rf"{PART}/{PART}")
_FILE = re.compile(rf"{PART}\.(json|h5|tsv|npz|md|png)")  # data and documents, nothing that runs
SCHEMA_VERSION = 1
Argument = int | float | str | bool | tuple[int | float, ...] | None
REQUIRED = ("README.md", "config.json", "golden.npz", "model.weights.h5")  # of every published model folder
_MOST_BYTES = 4 << 30  # of a file
_MOST_UNMEASURED = 256 << 20  # of a file whose size the index does not know
_MOST_FILES = 32  # of a model
_MOST_MODELS = 10_000  # of a repository


def is_repo(text: object) -> bool:
    """Whether it has the form of a repository's name, org/name."""
    return isinstance(text, str) and _REPO.fullmatch(text) is not None and ".." not in text


def is_plain(text: object) -> bool:
    """Whether it has the form of a family, a model or a revision: a word that is no path."""
    return isinstance(text, str) and _PLAIN.fullmatch(text) is not None and ".." not in text


def commit(text: object, where: object) -> str:
    """A commit's name as a server or a note has it, before it becomes a part of a path. Raises `IntegrityError`."""
    if not isinstance(text, str) or not _COMMIT.fullmatch(text):
        raise IntegrityError("A commit must be named by 40 hex digits", where=where, received={"commit": text})
    return text


@dataclass(frozen=True)
class Name:
    """`family/MODEL[@revision]`, taken apart."""

    family: str
    model: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Name":
        """Take `family/MODEL[@revision]` apart. Raises `InputError` for anything else.

        >>> Name.parse("maxatac/CTCF@v1")
        Name(family='maxatac', model='CTCF', revision='v1')
        """
        match = _NAME.fullmatch(text) if isinstance(text, str) else None
        if match is None or ".." in text:
            raise InputError(
                "A model's name must be family/MODEL, with @revision if need be",
                example='"maxatac/CTCF"',
                received={"name": text},
            )
        return cls(**match.groupdict())


@dataclass(frozen=True)
class RemoteFile:
    """A file of a release, pinned by its SHA-256, or, where nobody has measured that, by the object that Git has of it.

    Attributes:
        path: in the release.
        size: in bytes.
        sha256: in lower-case hex.
        git_blob: of a file without these: the SHA-1 of its size and bytes, as Git names it.
    """

    path: str
    size: int | None = None
    sha256: str | None = None
    git_blob: str | None = None

    @property
    def digest(self) -> str:
        """That by which the file is known."""
        return self.git_blob if self.sha256 is None else self.sha256

    @property
    def most(self) -> int:
        """Bytes that it may have."""
        return _MOST_UNMEASURED if self.size is None else self.size

    def __post_init__(self) -> None:
        pure = PurePosixPath(self.path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in self.path or ":" in self.path or not pure.parts:
            raise IntegrityError("A path in an index must stay inside its release", received={"path": self.path})
        if self.git_blob is None:
            _check_stamp(self.size, self.sha256)
        elif (self.size, self.sha256) != (None, None) or not _COMMIT.fullmatch(self.git_blob):
            raise IntegrityError(
                "A file must be pinned by its size and SHA-256, or by Git's 40 hex digits alone",
                received={"path": self.path, "git_blob": self.git_blob},
            )


@dataclass(frozen=True)
class Entry:
    """One pretrained model of a family.

    Attributes:
        name: `family/MODEL`.
        aliases: other names of what it predicts (PU.1 for SPI1).
        tissue: the tissue or cell type it is for.
        facts: what is known of the model without opening it (epoch, best F1, its threshold, …).
        files: role -> file of another system's release; the importer that the family names knows the roles. Empty if
            the model is on the Hub only.
        arguments: what else the importer has to know of the model, such as the name of its network.
    """

    name: str
    description: str
    aliases: tuple[str, ...]
    tissue: str
    facts: Mapping[str, float]
    files: Mapping[str, RemoteFile]
    arguments: Mapping[str, Argument] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The part of the name after the slash."""
        return self.name.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Upstream:
    """The release of another system that a family's files come from, pinned to a commit.

    Attributes:
        folder: of the repository, in which the paths of files begin; empty for its root.
    """

    repository: str
    commit: str
    url: str
    folder: str = ""

    def address(self, path: str, base: str | None = None) -> str:
        """The URL of one file; `base` replaces the public home (see `registry.environment`)."""
        home = (base or self.url).rstrip("/")
        return "/".join(part for part in (home, self.repository, self.commit, self.folder) if part) + f"/{path}"


@dataclass(frozen=True)
class Pin:
    """A family's repository on the Hub, pinned: the commit, and the SHA-256 of the index that it holds.

    The index pins every file, so these two pin everything.
    """

    repo: str
    commit: str
    index_sha256: str

    def __post_init__(self) -> None:
        if (
            not _REPO.fullmatch(self.repo)
            or not _COMMIT.fullmatch(self.commit)
            or not _SHA256.fullmatch(self.index_sha256)
        ):
            raise IntegrityError(
                "A pin must be a repository org/name, a commit of 40 hex digits and a SHA-256",
                received={"pin": vars(self)},
            )


@dataclass(frozen=True)
class Family:
    """All models of one system, where they come from and whom to cite.

    Attributes:
        family: the part of the names before the slash.
        porting: the importer of `zoo.porting` that converts the upstream release, or None.
        hub: where model folders of ours are published, or None.
        upstream: where the authors published theirs, or None.
        models: MODEL -> entry.
        short_names: whether MODEL alone may name a model of this family.
    """

    family: str
    title: str
    porting: str | None
    citation: str
    license: str
    hub: Pin | None
    upstream: Upstream | None
    models: Mapping[str, Entry] = field(repr=False)
    short_names: bool = True

    def __post_init__(self) -> None:
        for model, entry in self.models.items():
            _check_name(self.family, model)
            if entry.name != f"{self.family}/{model}":
                raise IntegrityError(
                    "An entry must have the name of its key", where=model, received={"name": entry.name}
                )

    @classmethod
    def read(cls, path: Path) -> "Family":
        """Read `registry/families/<family>.json`. Raises `IntegrityError` for anything the schema does not allow."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise IntegrityError(f"An index of a family must be readable: {error.strerror}", where=path) from None
        return typed.read(cls, data, SCHEMA_VERSION, path)


@dataclass(frozen=True)
class PublishedFile:
    """A file of a published model folder: its size in bytes and its SHA-256."""

    size: int
    sha256: str

    def __post_init__(self) -> None:
        _check_stamp(self.size, self.sha256)


@dataclass(frozen=True)
class PublishedModel:
    """The entry of a model in the index of a repository: that of `Entry`, and every file of its folder."""

    description: str
    aliases: tuple[str, ...]
    tissue: str
    facts: Mapping[str, float]
    files: Mapping[str, PublishedFile]

    def __post_init__(self) -> None:
        for name in self.files:
            if not _FILE.fullmatch(name) or ".." in name:
                raise IntegrityError("A file of a model folder must have a plain name", received={"file": name})
        missing = [name for name in REQUIRED if name not in self.files]
        if missing or len(self.files) > _MOST_FILES:
            raise IntegrityError(
                f"An index must list {', '.join(REQUIRED)} of every model, and at most {_MOST_FILES} files",
                received={"missing": missing, "files": len(self.files)},
            )


@dataclass(frozen=True)
class RepositoryIndex:
    """`config.json` at the root of a repository: one folder for each model, all of its files pinned."""

    family: str
    title: str
    citation: str
    license: str
    models: Mapping[str, PublishedModel] = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.models) > _MOST_MODELS:
            raise IntegrityError(
                f"An index must list at most {_MOST_MODELS:,} models", received={"models": len(self.models)}
            )
        for model in self.models:
            _check_name(self.family, model)

    @classmethod
    def read(cls, data: bytes, where: object) -> "RepositoryIndex":
        """Read the bytes of an index. Raises `IntegrityError` for anything the schema does not allow."""
        return typed.read(cls, data, SCHEMA_VERSION, where)


def _check_name(family: str, model: str) -> None:
    """Raise `IntegrityError` unless both are plain parts of a name, and thereby of a path."""
    for part in (family, model):
        if not is_plain(part):
            raise IntegrityError(
                "An index must list models by names family/MODEL", received={"family": family, "model": model}
            )


def _check_stamp(size: object, sha256: object) -> None:
    if type(size) is not int or not 0 <= size <= _MOST_BYTES:
        raise IntegrityError(
            f"A file's size must be a number of bytes from 0 to {_MOST_BYTES:,}", received={"size": size}
        )
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise IntegrityError("A digest must be 64 lower-case hex digits", received={"sha256": sha256})

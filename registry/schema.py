"""What the index says of a model: names, files, digests.

Everything that comes out of a JSON file is checked here, once, so that no later step handles an unsafe path, a
malformed digest or a key it does not know.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath

from registry.errors import InputError, IntegrityError

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_NAME = re.compile(rf"(?P<family>{_PART})/(?P<model>{_PART})(?:@(?P<revision>{_PART}))?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Name:
    """`family/MODEL[@revision]`, taken apart."""

    family: str
    model: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Name":
        """Take `family/MODEL[@revision]` apart. Raises `InputError` for anything else."""
        match = _NAME.fullmatch(text) if isinstance(text, str) else None
        if match is None or ".." in text:
            raise InputError(
                "A model's name is family/MODEL, with @revision if need be",
                example='"maxatac/CTCF"',
                received={"name": text},
            )
        return cls(**match.groupdict())


@dataclass(frozen=True)
class RemoteFile:
    """A file of a release: its path there, its size in bytes and its SHA-256 in lower-case hex."""

    path: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        pure = PurePosixPath(self.path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in self.path or ":" in self.path or not pure.parts:
            raise IntegrityError("A path in an index stays inside its release", received={"path": self.path})
        if type(self.size) is not int or self.size < 0:
            raise IntegrityError("A file's size is a number of bytes", where=self.path, received={"size": self.size})
        if not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
            raise IntegrityError(
                "A digest is 64 lower-case hex digits", where=self.path, received={"sha256": self.sha256}
            )


@dataclass(frozen=True)
class Entry:
    """One pretrained model of a family.

    Attributes:
        files: role -> file. The roles of another system's release are known to the module of `zoo.porting` that the
            family names.
        facts: what is known of the model without opening it (epoch, best F1, its threshold, …), as plain numbers.
    """

    family: str
    model: str
    files: Mapping[str, RemoteFile]
    facts: Mapping[str, float]
    description: str = ""

    @property
    def name(self) -> str:
        """`family/MODEL`."""
        return f"{self.family}/{self.model}"


@dataclass(frozen=True)
class Upstream:
    """The release that a family's files come from, pinned to a commit."""

    repository: str
    commit: str
    url: str
    license: str

    def address(self, path: str, base: str | None = None) -> str:
        """The URL of one file; `base` replaces the public home (see `ZOO_UPSTREAM`)."""
        home = (base or self.url).rstrip("/")
        return f"{home}/{self.repository}/{self.commit}/{path}"


@dataclass(frozen=True)
class Family:
    """All models of one system, where they come from and whom to cite."""

    family: str
    title: str
    porting: str
    citation: str
    upstream: Upstream
    models: Mapping[str, Entry] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "Family":
        """Read `registry/families/<family>.json`. Raises `IntegrityError` for anything the schema does not allow."""
        data = load_json(path.read_bytes(), path)
        if data.pop("schema", None) != SCHEMA_VERSION:
            raise IntegrityError(f"A family index has schema version {SCHEMA_VERSION}", where=path)
        models = closed(data, {f.name for f in fields(cls)}, path)["models"]
        data["upstream"] = Upstream(**closed(data["upstream"], {f.name for f in fields(Upstream)}, f"{path}: upstream"))
        data["models"] = {name: _entry(data["family"], name, value, path) for name, value in models.items()}
        return cls(**data)


def _entry(family: str, model: str, value: dict, path: Path) -> Entry:
    where = f"{path}: {model}"
    Name.parse(f"{family}/{model}")
    closed(value, {"files", "facts", "description"}, where)
    files = {
        role: RemoteFile(**closed(file, {"path", "size", "sha256"}, f"{where}: {role}"))
        for role, file in value["files"].items()
    }
    return Entry(family, model, files, dict(value["facts"]), value["description"])


def load_json(data: bytes, where: object) -> dict:
    """Parse a JSON object, refusing duplicate keys and NaN. Raises `IntegrityError`."""

    def unique(pairs: list[tuple[str, object]]) -> dict:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("a key occurs twice")
        return result

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a number of JSON")

    try:
        value = json.loads(data, object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"This file is valid JSON ({error})", where=where) from None
    if not isinstance(value, dict):
        raise IntegrityError("This file holds one JSON object", where=where, received={"type": type(value).__name__})
    return value


def closed(value: dict, keys: set[str], where: object) -> dict:
    """Return `value` if its keys are exactly `keys`; else raise `IntegrityError` naming the difference."""
    if not isinstance(value, dict) or set(value) != keys:
        found = set(value) if isinstance(value, dict) else {type(value).__name__}
        raise IntegrityError(
            "The keys of this object are fixed",
            where=where,
            received={"unknown": sorted(found - keys), "missing": sorted(keys - found)},
        )
    return value

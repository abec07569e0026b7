"""Places that models come from. Each puts the verified files of one model folder into a staging folder.

They are tried in this order: a mirror folder of another system's release, the Hugging Face Hub, the release itself over
HTTPS. From any source, a file counts only if its size and SHA-256 are those of the index, and it goes to
a path that is made of checked names alone: a server's metadata of a file (its tag, its address, its commit) names none.
"""

import hashlib
import os
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from registry import digests, download, schema, store, typed
from registry.address import Hub
from registry.digests import check_digest
from registry.environment import cache_root, of_family, offline
from registry.errors import IntegrityError, OfflineMiss, masked, warn
from registry.paths import user_path
from registry.schema import Entry, Family, Pin, PublishedFile, RemoteFile, RepositoryIndex, Upstream

INDEX = "config.json"
_MOST_INDEX = 16 << 20  # bytes
_AT_ONCE = 4  # files of a model

Convert = Callable[[Mapping[str, bytes], Path], None]


class Miss(Exception):
    """A source does not have the model, or could not be reached; the text is the reason.

    Attributes:
        status: that a server of HTTP answered with, or None.
    """

    def __init__(self, problem: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(problem)


class Source(Protocol):
    """A place that may have a model."""

    label: str

    def fill(self, target: Path) -> dict[str, str]:
        """Put the files of the model folder into `target` and return their origin.

        Raises `Miss`, or `IntegrityError` for bytes that are not those of the index.
        """


class ReleaseSource:
    """Another system's release: its files, verified and then converted to a folder of ours."""

    def __init__(
        self, place: "MirrorFolder | UpstreamRelease", upstream: Upstream, entry: Entry, convert: Convert
    ) -> None:
        self.label = place.label
        self._place, self._upstream, self._entry, self._convert = place, upstream, entry, convert

    def fill(self, target: Path) -> dict[str, str]:
        """Read every file of the entry, check it, convert."""
        self._convert(self.files(), target)
        return {"source": self.label, "commit": self._upstream.commit}

    def files(self) -> dict[str, bytes]:
        """Role -> the verified bytes of every file of the entry. Raises `Miss` or `IntegrityError`."""
        return {role: self._read(file) for role, file in self._entry.files.items()}

    def _read(self, file: RemoteFile) -> bytes:
        return _checked(self._place.read(file), file, f"{self.label}: {file.path}")


class MirrorFolder:
    """A folder laid out like the authors' release, or like the folder of it that holds the files."""

    def __init__(self, root: Path, label: str, folder: str = "") -> None:
        self.root, self.label, self._folder = root, f"{label}={root}", folder

    def path(self, file: RemoteFile) -> Path:
        """Where the file is, if the folder has it."""
        inner = self.root / self._folder / file.path
        return inner if inner.is_file() else self.root / file.path

    def read(self, file: RemoteFile) -> bytes:
        """The file's bytes. Raises `Miss` if the folder does not have it."""
        try:
            with open(self.path(file), "rb") as handle:
                return handle.read(file.most + 1)
        except OSError as error:
            raise Miss(f"no {file.path} ({error.strerror})") from None


class UpstreamRelease:
    """The authors' public release at the pinned commit, over HTTPS; `base` replaces its home."""

    def __init__(self, upstream: Upstream, base: str | None = None) -> None:
        self._upstream, self._base = upstream, base
        self.label = masked(upstream.address("", self._base).rstrip("/"))

    def read(self, file: RemoteFile) -> bytes:
        """Download the file, at most one byte more than listed. Raises `Miss` if that fails."""
        try:
            return download.read(self._upstream.address(file.path, self._base), file.most)
        except download.Failed as error:
            raise Miss(f"{file.path}: {error}") from None


class HubFolder:
    """A model folder in a repository on the Hub, at a commit.

    Args:
        repo: `org/name`.
        commit: 40 hex digits; a tag or branch is resolved before, so that all files are of one commit.
        model: the folder.
        index_sha256: of the index at that commit, if the package pins it. Without it the index is what it is at a
            revision that the user chose.
        asked: the name that the user gave, for the record.
        token: of the Hub; default the one of `hf auth login` or HF_TOKEN.
    """

    def __init__(
        self, repo: str, commit: str, model: str, index_sha256: str | None, asked: str, token: str | None = None
    ) -> None:
        self._repo, self._commit = repo, schema.commit(commit, repo)
        self.label = masked(f"{endpoint()}/{repo} at {commit[:12]}")
        self._model, self._index_sha256, self._requested, self._token = model, index_sha256, asked, token

    def fill(self, target: Path) -> dict[str, str]:
        """Read the index, then download every file that it lists for the model."""
        index, digest = self.index()
        published = index.models.get(self._model)
        if published is None:
            known = ", ".join(list(index.models)[:5])
            raise Miss(f"the index has no {self._model}; it has {known}")

        def fetch(entry: tuple[str, PublishedFile]) -> None:
            name, file = entry
            self._download(f"{self._model}/{name}", file, target / name)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                list(pool.map(fetch, published.files.items()))
            finally:
                pool.shutdown(cancel_futures=True)
        return {"source": self._requested, "commit": self._commit, "index_sha256": digest}

    def index(self) -> tuple[RepositoryIndex, str]:
        """The index of the repository and its SHA-256; a pinned one is kept, see `promised`.

        Raises `Miss`, or `IntegrityError` for other bytes than those that are pinned.
        """
        where = f"{self.label}: {INDEX}"
        data = self._kept() or self._read(INDEX, _MOST_INDEX)
        digest = hashlib.sha256(data).hexdigest()
        if self._index_sha256 not in (None, digest):  # once more: it may have been damaged on its way
            data = self._read(INDEX, _MOST_INDEX)
            digest = hashlib.sha256(data).hexdigest()
            check_digest(where, digest, self._index_sha256)
        index = RepositoryIndex.read(data, where)
        if self._index_sha256:
            store.keep_index(self._index_sha256, data)
        return index, digest

    def _kept(self) -> bytes | None:
        return store.kept_index(self._index_sha256) if self._index_sha256 else None

    def _download(self, name: str, file: PublishedFile, target: Path) -> None:
        """Download a file; one with other bytes is fetched once more before it is refused."""
        for last in (False, True):
            with open(target, "wb+", buffering=0) as handle:
                self._append(name, handle, file.size)
            digest = digests.sha256(target)
            if last or digest == file.sha256:
                check_digest(f"{self.label}: {name}", digest, file.sha256)
                return

    def _append(self, name: str, handle: BinaryIO, size: int) -> None:
        with _misses(f"{self._repo}: {name}"):
            address = f"{self._repo}/resolve/{self._commit}/{name}"
            download.append(f"{endpoint()}/{address}", handle, size, headers=_authorization(self._token))

    def _read(self, name: str, most: int) -> bytes:
        return _from_hub(f"{self._repo}/resolve/{self._commit}/{name}", most, f"{self._repo}: {name}", self._token)


def promised(pin: Pin, model: str) -> Mapping[str, PublishedFile] | None:
    """The files of a model as the pinned index lists them, if the cache has that index; its bytes are verified."""
    if (data := store.kept_index(pin.index_sha256)) is None:
        return None
    published = RepositoryIndex.read(data, f"{pin.repo}: {INDEX}").models.get(model)
    return published.files if published else None


def endpoint() -> str:
    """The address of the Hub: `HF_ENDPOINT`, or the public one."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def commit_of(name: Hub) -> str:
    """The current commit of a revision; without a network, the one at the last look-up.

    Raises `OfflineMiss` if neither is known.
    """
    where = f"{name.repo.replace('/', '--')}@{name.revision}"
    if not offline():
        try:
            return store.note(where, head_of(name.repo, name.revision))
        except Miss as miss:
            problem = str(miss)
    else:
        problem = "the network is switched off by ZOO_OFFLINE or HF_HUB_OFFLINE"
    if (noted := store.noted(where)) is not None:
        return schema.commit(noted, f"the note of {name}")
    raise OfflineMiss(
        "The Hub must be reachable to look up a revision that this machine has not seen",
        where=name,
        received={"problem": problem},
    )


def head_of(repo: str, revision: str = "main", token: str | None = None) -> str:
    """The current commit of a revision. Raises `Miss`, or `IntegrityError` for a response that names none."""
    what = f"{repo}@{revision}"
    quoted = urllib.parse.quote(revision, safe="")
    answer = _from_hub(f"api/models/{repo}/revision/{quoted}", _MOST_INDEX, what, token)
    return schema.commit(typed.load_json(answer, what, foreign=True).get("sha"), what)


def fill(name: str, sources: Iterable[Source], target: Path) -> dict[str, str]:
    """Fill a folder from the first source that can, and return the origin of its files.

    Raises:
        IntegrityError: every source that has the files has others than the index lists.
        OfflineMiss: no source has the files; the message lists what was tried.
    """
    tried, damaged = [], None
    for source in sources:
        try:
            return source.fill(target)
        except Miss as miss:
            tried.append(f"{source.label}: {miss}")
        except IntegrityError as error:
            damaged = error
            warn(f"{error} This source is passed over.")
        for path in target.iterdir():
            path.unlink()
    if damaged is not None:
        for text in tried:
            damaged.add_note(f"Also tried: {masked(text)}")
        raise damaged
    if offline():
        tried.append("network: switched off by ZOO_OFFLINE or HF_HUB_OFFLINE")
    raise OfflineMiss(
        f"{name} must be in the cache, in a mirror folder, on the Hub or in the authors' release; it is not in the "
        f"cache ({cache_root()}); tried {'; '.join(tried) or 'nothing else, as no other source is known'}",
        example="ZOO_MIRROR=/data/maxATAC_data, a checkout of the release",
    )


def of_release(family: Family, entry: Entry, convert: Convert) -> Iterator[Source]:
    """The sources of a model of the index, in the order in which they are tried."""
    for place in _mirrors(family, entry):
        yield ReleaseSource(place, family.upstream, entry, convert)
    if family.hub and not offline():
        yield of_pin(family.hub, entry)
    if family.upstream and not offline():
        home = UpstreamRelease(family.upstream, of_family("ZOO_UPSTREAM", family.family)[1])
        yield ReleaseSource(home, family.upstream, entry, convert)


def mirrored(family: Family, entry: Entry, role: str) -> Path | None:
    """One file of a model's release in a mirror folder, without the model being converted.

    Returns:
        The path of the file, whose bytes are those of the index; None if the release has no such file, or no mirror
        that is named has it. Raises `IntegrityError` for other bytes.
    """
    file = entry.files.get(role)
    for place in _mirrors(family, entry) if file else ():
        try:
            _checked(place.read(file), file, f"{place.label}: {file.path}")
        except Miss:
            continue
        return place.path(file)
    return None


def _mirrors(family: Family, entry: Entry) -> Iterator[MirrorFolder]:
    """The mirror folders of a family's release that the environment names."""
    (label, mirror), shared = of_family("ZOO_MIRROR", family.family), os.environ.get("ZOO_SHARED")
    roots = [(mirror, label)] if mirror else []
    if shared and not mirror:
        roots = [(f"{shared}/{folder}", "ZOO_SHARED") for folder in _shared_folders(family, entry)]
    for root, name in roots if family.upstream else ():
        yield MirrorFolder(user_path(root, name), name, family.upstream.folder)


def _shared_folders(family: Family, entry: Entry) -> list[str]:
    """Where a model's release may lie in the folder that `ZOO_SHARED` names: those that are there, or the usual one."""
    folders = [f"{family.family}_data", f"zoo_weights/{family.family}"]
    if family.upstream is not None:
        folders.append(f"zoo_weights/{family.upstream.repository.rpartition('/')[2]}_{entry.model}")
    return [folder for folder in folders if (Path(os.environ["ZOO_SHARED"]) / folder).is_dir()] or folders[:1]


def of_pin(pin: Pin, entry: Entry) -> HubFolder:
    """The model folder at the commit and index that the package pins."""
    return HubFolder(pin.repo, pin.commit, entry.model, pin.index_sha256, f"hf://{pin.repo}/{entry.model}")


def _from_hub(path: str, most: int, what: str, token: str | None = None) -> bytes:
    """A small file of the Hub, at most one byte more than `most`; its address is made of checked names."""
    with _misses(what):
        return download.read(f"{endpoint()}/{path}", most, _authorization(token))


def _authorization(token: str | None) -> dict[str, str]:
    from huggingface_hub import get_token

    token = token or get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


@contextmanager
def _misses(what: str) -> Iterator[None]:
    """Turn a download from the Hub that failed into `Miss`. A disk that is full stays the error that it is."""
    try:
        yield
    except download.Unwritable as error:
        raise OSError(*error.args) from None
    except download.Failed as error:
        hint = "; a private repository needs a token (hf auth login)" if error.status in (401, 403) else ""
        raise Miss(f"{what}: {error}{hint}", error.status) from None


def _checked(data: bytes, file: RemoteFile, where: str) -> bytes:
    """The bytes of a file, if they are those of its index; else raise `IntegrityError`."""
    if file.size is None:
        found = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        if found != file.git_blob:
            raise IntegrityError(
                "A file must be the object of Git that its index promises",
                where=where,
                received={"promised": file.git_blob, "found": found, "bytes": len(data)},
            )
        return data
    if len(data) != file.size:
        raise IntegrityError(
            "A file must have the size its index promises",
            where=where,
            received={"promised": file.size, "found": "more" if len(data) > file.size else len(data)},
        )
    check_digest(where, hashlib.sha256(data).hexdigest(), file.sha256)
    return data

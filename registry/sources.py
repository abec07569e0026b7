"""Places that models come from. Each puts the verified files of one model folder into a staging folder.

They are tried in this order: a mirror folder of another system's release, the Hugging Face Hub, the release itself over
HTTPS. Whatever the place, a file counts only if its size and SHA-256 are those that the index promises.
"""

import errno
import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from registry.errors import IntegrityError, OfflineMiss, ZooWarning
from registry.schema import Entry, Family, HubName, Pin, PublishedFile, RemoteFile, RepositoryIndex, Upstream
from registry.store import cache_root, check_digest, offline, sha256

INDEX = "config.json"
_TIMEOUT_S = 30
_ATTEMPTS = 3
_AT_ONCE = 4  # files of a model

Convert = Callable[[Mapping[str, bytes], Path], None]


class Miss(Exception):
    """A source does not have the model, or could not be reached; the text says why."""


class Source(Protocol):
    """A place that may have a model."""

    label: str

    def fill(self, target: Path) -> dict[str, str]:
        """Put the files of the model folder into `target` and say where they are from.

        Raises `Miss`, or `IntegrityError` for bytes that are not those of the index.
        """


class Release:
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
        data, where = self._place.read(file), f"{self.label}: {file.path}"
        if len(data) != file.size:
            raise IntegrityError(
                "A file has the size its index promises",
                where=where,
                received={"promised": file.size, "found": len(data)},
            )
        check_digest(where, hashlib.sha256(data).hexdigest(), file.sha256)
        return data


class MirrorFolder:
    """A folder laid out like the authors' release."""

    def __init__(self, root: Path, label: str) -> None:
        self.root, self.label = root, f"{label}={root}"

    def read(self, file: RemoteFile) -> bytes:
        """The file's bytes. Raises `Miss` if the folder does not have it."""
        try:
            return (self.root / file.path).read_bytes()
        except OSError as error:
            raise Miss(f"no {file.path} ({error.strerror})") from None


class UpstreamRelease:
    """The authors' public release at the pinned commit, over HTTPS."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream, self._base = upstream, os.environ.get("ZOO_UPSTREAM")
        self.label = upstream.address("", self._base).rstrip("/")

    def read(self, file: RemoteFile) -> bytes:
        """Download the file, at most one byte more than promised. Raises `Miss` after three failed attempts."""
        url = self._upstream.address(file.path, self._base)
        for attempt in range(_ATTEMPTS):
            try:
                with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
                    data = response.read(file.size + 1)
                if len(data) == file.size or attempt == _ATTEMPTS - 1:
                    return data
                problem = f"{len(data)} of {file.size} bytes arrived"
            except urllib.error.HTTPError as error:
                problem = f"HTTP {error.code}"
                if error.code not in (408, 429) and error.code < 500:
                    break
            except (OSError, ValueError, http.client.HTTPException) as error:
                problem = str(getattr(error, "reason", None) or error or type(error).__name__)
            if attempt < _ATTEMPTS - 1:
                time.sleep(0.5 * 2**attempt)
        raise Miss(f"{file.path}: {problem}")


class HubFolder:
    """A model folder in a repository on the Hub, at a commit.

    Args:
        repo: `org/name`.
        commit: 40 hex digits; a tag or branch is resolved before, so that all files are of one commit.
        model: the folder.
        index_sha256: of the index at that commit, if the package pins it. Without it the index is what it is at a
            revision that the user chose.
        asked: what the user asked for, for the record.
    """

    def __init__(self, repo: str, commit: str, model: str, index_sha256: str | None, asked: str) -> None:
        self.label = f"{endpoint()}/{repo} at {commit[:12]}"
        self._repo, self._commit, self._model, self._index_sha256, self._asked = (
            repo,
            commit,
            model,
            index_sha256,
            asked,
        )

    def fill(self, target: Path) -> dict[str, str]:
        """Read the index, then download every file that it lists for the model."""
        index, digest = self._index()
        published = index.models.get(self._model)
        if published is None:
            known = ", ".join(list(index.models)[:5])
            raise Miss(f"the index has no {self._model}; it has {known}")

        def bring(item: tuple[str, PublishedFile]) -> None:
            name, file = item
            _link(self._verified(f"{self._model}/{name}", file.sha256), target / name)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(bring, published.files.items()))
        return {"source": self._asked, "commit": self._commit, "index_sha256": digest}

    def _index(self) -> tuple[RepositoryIndex, str]:
        path = self._verified(INDEX, self._index_sha256) if self._index_sha256 else self._download(INDEX)
        return RepositoryIndex.read(path.read_bytes(), f"{self.label}: {INDEX}"), sha256(path)

    def _verified(self, name: str, promised: str) -> Path:
        """Download a file; one with other bytes is deleted and fetched once more before it is refused."""
        for force in (False, True):
            path = self._download(name, force)
            found = sha256(path)
            if found == promised:
                return path
            _delete(path)
        check_digest(f"{self.label}: {name}", found, promised)
        raise AssertionError("unreachable")

    def _download(self, name: str, force: bool = False) -> Path:
        from huggingface_hub import hf_hub_download

        def download() -> Path:
            return Path(
                hf_hub_download(
                    self._repo,
                    name,
                    revision=self._commit,
                    cache_dir=cache_root() / "hub",
                    endpoint=endpoint(),
                    force_download=force,
                )
            )

        return _from_hub(f"{self._repo}: {name}", download)


def endpoint() -> str:
    """The address of the Hub: `HF_ENDPOINT`, or the public one."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def commit_of(name: HubName) -> str:
    """The commit that a revision means now; without a network, the one that it meant when last seen.

    Raises `OfflineMiss` if neither can be told.
    """
    note = cache_root() / "refs" / name.repo.replace("/", "--") / name.revision
    if not offline():
        from huggingface_hub import HfApi

        try:
            api = HfApi(endpoint=endpoint())
            commit = _from_hub(str(name), lambda: api.repo_info(name.repo, revision=name.revision).sha)
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(commit, encoding="utf-8")
            return commit
        except Miss as miss:
            problem = str(miss)
    else:
        problem = "the network is switched off by ZOO_OFFLINE or HF_HUB_OFFLINE"
    if note.is_file():
        return note.read_text(encoding="utf-8")
    raise OfflineMiss("A revision on the Hub can be looked up", where=name, received={"problem": problem})


def fill(name: str, sources: Iterable[Source], target: Path) -> dict[str, str]:
    """Fill a folder from the first source that can, and say where its files are from.

    Raises:
        IntegrityError: every source that has the files has others than the index promises.
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
            warnings.warn(f"{error} This source is passed over.", ZooWarning, stacklevel=6)
        for path in target.iterdir():
            path.unlink()
    if damaged is not None:
        for text in tried:
            damaged.add_note(f"Also tried: {text}")
        raise damaged
    if offline():
        tried.append("network: switched off by ZOO_OFFLINE or HF_HUB_OFFLINE")
    raise OfflineMiss(
        f"{name} is in the cache, in a mirror folder, on the Hub or in the authors' release; it is not in the cache "
        f"({cache_root()}); tried {'; '.join(tried) or 'nothing else, as no other source is known'}",
        example="ZOO_MIRROR=/data/maxATAC_data, a checkout of the release",
    )


def of_release(family: Family, entry: Entry, convert: Convert) -> Iterator[Source]:
    """The sources of a model of the index, in the order in which they are tried."""
    mirror, shared = os.environ.get("ZOO_MIRROR"), os.environ.get("ZOO_SHARED")
    if family.upstream and (mirror or shared):
        root, label = (mirror, "ZOO_MIRROR") if mirror else (f"{shared}/{family.family}_data", "ZOO_SHARED")
        yield Release(MirrorFolder(Path(root).expanduser(), label), family.upstream, entry, convert)
    if family.hub and not offline():
        yield of_pin(family.hub, entry)
    if family.upstream and not offline():
        yield Release(UpstreamRelease(family.upstream), family.upstream, entry, convert)


def of_pin(pin: Pin, entry: Entry) -> HubFolder:
    """The model folder at the commit and index that the package pins."""
    return HubFolder(pin.repo, pin.commit, entry.model, pin.index_sha256, f"hf://{pin.repo}/{entry.model}")


def _from_hub(what: str, call: Callable):
    """Run a call of the Hub's client and turn its errors, which have no common base, into `Miss`.

    The client itself waits and tries again after 429 and 5xx, but not after a connection that broke. A disk that is
    full stays the error that it is.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return call()
        except Exception as error:
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            status = getattr(getattr(error, "response", None), "status_code", None)
            said = f" {status}" if status else f": {(str(error).splitlines() or [''])[0]}"
            problem = f"{what}: {type(error).__name__}{said}"
            if status in (401, 403):
                problem += "; a private repository needs a token (hf auth login)"
            if status or attempt == _ATTEMPTS - 1:
                raise Miss(problem) from None
        time.sleep(0.5 * 2**attempt)
    raise AssertionError("unreachable")


def _link(source: Path, target: Path) -> None:
    """Make `target` the same file as a downloaded one, without a second copy on the disk where that is possible."""
    real = source.resolve()
    try:
        os.link(real, target)
    except OSError:
        shutil.copyfile(real, target)


def _delete(pointer: Path) -> None:
    """Delete a downloaded file and what its link in the client's cache points to."""
    pointer.resolve().unlink(missing_ok=True)
    pointer.unlink(missing_ok=True)

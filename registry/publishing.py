"""A release on the Hub: model folders, one index, one commit, one tag.

Everything is checked before the first call that writes: digests, file names and configs here, and whatever `check`
looks at; `zoo.loading.publish` gives one that loads the model and runs its golden inputs.

A repository holds a family: a folder for each model, and at its root the index `config.json` that pins every file, and
a card. What is published is data only. The package's own index of the family is updated with the commit and the
index's SHA-256, so that whoever installs it gets just these bytes.
"""

import hashlib
import os
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from registry import card, digests, pinning, schema, typed
from registry.environment import offline
from registry.errors import HubError, InputError, IntegrityError, ZooError, masked, warn
from registry.paths import user_path
from registry.schema import REQUIRED, Entry, Name, Pin, PublishedFile, PublishedModel, RepositoryIndex
from registry.sources import INDEX, HubFolder, Miss, endpoint, head_of

CONTENTS = (*REQUIRED, "thresholds.png", "thresholds.tsv")


@dataclass(frozen=True)
class Described:
    """What a release takes from a model's `config.json`."""

    name: str
    description: str
    metrics: Mapping[str, float]
    provenance: Mapping[str, str]


@dataclass(frozen=True)
class Release:
    """What `publish` did, or would do with `dry_run`.

    Attributes:
        repo: `org/name`.
        tag: of the release.
        models: their names.
        files: path in the repository -> bytes, of what is uploaded.
        commit: of the release; None for a dry run.
        new_commit: whether there was anything to commit.
        index: the package's index that was written, or None.
    """

    repo: str
    tag: str
    models: tuple[str, ...]
    files: Mapping[str, int]
    commit: str | None
    new_commit: bool
    index: Path | None


def publish(
    folders: Sequence[str | Path],
    repo: str,
    tag: str,
    *,
    private: bool = False,
    dry_run: bool = False,
    families: str | Path | None = None,
    token: str | None = None,
    check: Callable[[Path], None] | None = None,
) -> Release:
    """Publish model folders of one family in one commit, tag it, and pin it in the package's index.

    Models that the repository has already and that are not among `folders` stay as they are. Publishing again with
    nothing changed makes no commit.

    Args:
        folders: model folders with digests, as `zoo fetch` prints them or a recipe writes them.
        repo: `org/name`; made if it does not exist.
        tag: `v1.0`; moved to a new commit only if it does not exist yet.
        private: make a new repository private.
        dry_run: check everything and report what would be uploaded, without a call that writes. If the Hub cannot be
            asked what it has already, every file of the release is reported, with a warning.
        families: folder of the index to write; default `ZOO_FAMILIES`, else `registry/families` of a checkout.
        token: of the Hub; default the one of `hf auth login` or HF_TOKEN.
        check: called with each folder before anything is uploaded; raises what is wrong with it.

    Raises:
        InputError: no folder, folders of several families, a file that does not belong, a tag that exists elsewhere,
            no folder for the index, a network that is switched off.
        IntegrityError: a folder that does not match its digests.
    """
    for name, value, kind in (("private", private, bool), ("dry_run", dry_run, bool), ("token", token, str)):
        if name != "token" or token is not None:
            typed.argument(name, value, kind)
    check_target(repo, tag, families, dry_run)
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint(), token=token)
    by_name: dict[str, Path] = {}
    for folder in _paths(folders):
        if (name := _checked(folder, check)) in by_name:
            raise InputError("Each model must be given once", received={"folders": [str(by_name[name]), str(folder)]})
        by_name[name] = folder
    new = _index([(Name.parse(name), folder) for name, folder in by_name.items()])
    pinning.known(new.family, families)  # an index that cannot be read is refused before any request to the Hub
    head, old = _published_if_known(api, repo) if dry_run else _published(api, repo)
    index = replace(new, models={**old.models, **new.models}) if old and old.family == new.family else new
    if old and old.family != new.family:
        raise InputError(
            "A repository must hold one family", received={"repository": old.family, "folders": new.family}
        )
    uploads = _uploads(index, old, by_name)
    models = tuple(by_name)
    sizes = {path: len(data) if isinstance(data, bytes) else data.stat().st_size for path, data in uploads.items()}
    if dry_run:
        return Release(repo, tag, models, sizes, None, bool(uploads), None)
    commit = _commit(api, repo, tag, uploads, head, private, models)
    path = pinning.pin(index, Pin(repo, commit, hashlib.sha256(pinning.encode(index)).hexdigest()), families)
    return Release(repo, tag, models, sizes, commit, bool(uploads), path)


def check_target(repo: object, tag: object, families: str | Path | None = None, dry_run: bool = False) -> None:
    """Refuse at once what can be refused of a release; nothing is read, and no request goes to the Hub.

    Args:
        repo: `org/name`.
        tag: of the release; the revision in `family/MODEL@tag`.
        families: folder of the index to write, as for `publish`.
        dry_run: whether nothing will be uploaded.

    Raises:
        InputError: a repository or a tag of another form, an index that cannot be written, or a network that is
            switched off.
    """
    if not schema.is_repo(repo):
        raise InputError(
            "A repository must be org/name, of letters, digits, '.', '_' and '-'",
            example="lab/models",
            received={"repo": repo},
        )
    if not schema.is_plain(tag):
        raise InputError("A tag must be of letters, digits, '.', '_' and '-'", example="v1.0", received={"tag": tag})
    if offline() and not dry_run:
        raise InputError("Publishing must be allowed to use the network", hint="Unset ZOO_OFFLINE and HF_HUB_OFFLINE")
    folder = pinning.home(families)
    nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(
            "The folder of the index must be one that can be written",
            received={"families": str(folder)},
            hint="Name another folder by families",
        )


def _paths(folders: object) -> list[Path]:
    """Folders of a list."""
    try:
        given = None if isinstance(folders, (str, bytes, Mapping)) else iter(folders)
    except TypeError:
        given = None
    if given is None:
        raise InputError("The folders must be given in a list", received={"folders": folders})
    return [user_path(folder, "folder") for folder in given]


def _checked(folder: Path, check: Callable[[Path], None] | None) -> str:
    """The model's name, after a look at every file of its folder."""
    digests.verify(folder)
    names = {path.name for path in folder.iterdir()} - {digests.DIGESTS}
    if names - set(CONTENTS) or set(REQUIRED) - names:
        optional = sorted(set(CONTENTS) - set(REQUIRED))
        raise InputError(
            f"A model folder to publish must hold {', '.join(REQUIRED)}, and may hold {', '.join(optional)}",
            where=folder,
            received={"unknown": sorted(names - set(CONTENTS)), "missing": sorted(set(REQUIRED) - names)},
        )
    name = Name.parse(_config(folder).name)
    if name.revision is not None:
        raise IntegrityError("A model's own name must have no revision", where=folder, received={"name": name})
    if check is not None:
        check(folder)
    return f"{name.family}/{name.model}"


def _config(folder: Path) -> Described:
    path = folder / "config.json"
    value = typed.load_json(path.read_bytes(), path)
    return typed.parse(Described, {key: value[key] for key in typing.get_type_hints(Described) if key in value}, path)


def _index(folders: list[tuple[Name, Path]]) -> RepositoryIndex:
    if len({name.family for name, _ in folders}) != 1:
        raise InputError(
            "Folders that are published together must be of one family",
            received={"models": [f"{name.family}/{name.model}" for name, _ in folders]},
        )
    models, first = {}, _config(folders[0][1])
    for name, folder in folders:
        config, written = _config(folder), digests.read_digests(folder)
        files = {file: PublishedFile(stamp.size, stamp.sha256) for file, stamp in written.files.items()}
        entry = _entry(f"{name.family}/{name.model}")
        models[name.model] = PublishedModel(
            description=config.description,
            aliases=entry.aliases if entry else (),
            tissue=entry.tissue if entry else "",
            facts=config.metrics,
            files=files,
        )
    known = pinning.listed(folders[0][0].family)
    return RepositoryIndex(
        family=folders[0][0].family,
        title=known.title if known else folders[0][0].family,
        citation=first.provenance.get("citation", ""),
        license=first.provenance.get("license", ""),
        models=dict(sorted(models.items())),
    )


def _entry(name: str) -> Entry | None:
    family = pinning.listed(Name.parse(name).family)
    return family.models.get(Name.parse(name).model) if family else None


def _published(api, repo: str) -> tuple[str | None, RepositoryIndex | None]:
    """The head of the repository and its index; None for one that does not exist or is empty."""
    try:
        head = head_of(repo, token=api.token)
    except Miss as miss:
        if miss.status in (401, 404):  # none, or none for whoever asks: making it will show which
            return None, None
        raise HubError(f"The Hub must be reachable: {miss}", where=repo) from None
    try:
        return head, HubFolder(repo, head, "", None, repo, api.token).index()[0]
    except Miss as miss:
        if miss.status == 404:
            return head, None
        raise HubError(f"The index of a repository must be readable: {miss}", where=repo) from None


def _published_if_known(api, repo: str) -> tuple[str | None, RepositoryIndex | None]:
    """As `_published`; without a network nothing, with a warning."""
    try:
        if not offline():
            return _published(api, repo)
        problem = "the network is switched off by ZOO_OFFLINE or HF_HUB_OFFLINE"
    except HubError as error:
        problem = error
    warn(f"Files that the Hub has already are counted, too, as it was not asked: {problem}")
    return None, None


def _uploads(
    index: RepositoryIndex, old: RepositoryIndex | None, by_name: Mapping[str, Path]
) -> dict[str, Path | bytes]:
    """Path in the repository -> what has to be there and is not yet."""
    uploads: dict[str, Path | bytes] = {}
    for name, folder in by_name.items():
        model = Name.parse(name).model
        before = old.models[model].files if old and model in old.models else {}
        for file, pinned in index.models[model].files.items():
            if before.get(file) != pinned:
                uploads[f"{model}/{file}"] = folder / file
    if old is None or pinning.encode(index) != pinning.encode(old):
        uploads[INDEX] = pinning.encode(index)
        uploads["README.md"] = card.of_family(index).encode()
    return uploads


def _commit(
    api,
    repo: str,
    tag: str,
    uploads: Mapping[str, Path | bytes],
    head: str | None,
    private: bool,
    models: tuple[str, ...],
) -> str:
    """One commit of everything on top of `head`, then the tag; returns the commit."""
    from huggingface_hub import CommitOperationAdd

    with _hub_errors(repo), _without_xet():
        if head is None:
            api.create_repo(repo, private=private, exist_ok=True)
            head = schema.commit(api.repo_info(repo).sha, repo)
        tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo).tags}
        if tag in tags and (uploads or tags[tag] != head):
            raise InputError(
                "A tag must be new, or be of this release already",
                example="v1.1",
                received={"tag": tag, "is at": tags[tag]},
            )
        if uploads:
            operations = [
                CommitOperationAdd(path, str(data) if isinstance(data, Path) else data)
                for path, data in uploads.items()
            ]
            message = f"Release {tag}: {models[0]}" if len(models) == 1 else f"Release {tag}: {len(models)} models"
            head = api.create_commit(repo, operations, commit_message=message, parent_commit=head).oid
        if tag not in tags:
            api.create_tag(repo, tag=tag, revision=head)
    return head


@contextmanager
def _without_xet() -> Iterator[None]:
    """Have the Hub's client upload over plain HTTP: Xet needs a library and hosts that not every place has."""
    from huggingface_hub import constants

    before, constants.HF_HUB_DISABLE_XET = constants.HF_HUB_DISABLE_XET, True
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET = before


@contextmanager
def _hub_errors(repo: str) -> Iterator[None]:
    """Turn the errors of the Hub's client, which have no common base, into one of ours that names the repository."""
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        reason = masked((str(error).splitlines() or [""])[0])
        raise HubError(f"The Hub must accept the release ({type(error).__name__}: {reason})", where=repo) from None

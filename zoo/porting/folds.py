"""The folds of a cross-validation, in a folder or in an archive (.tar, .tar.gz), also of archives: as ENCODE has them.

An archive is read in memory, member by member, and nothing of it is written. Names that lead out of it, links, devices
and members of improbable size are refused, those of archives within it, too.
"""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from registry.address import ARCHIVES
from zoo import weights
from zoo.errors import InputError, IntegrityError, warn
from zoo.porting import local, own, profile_h5
from zoo.porting.profile_file import ACCESSIBILITY, BIAS, BPNET, FULL, ProfileFile
from zoo.porting.profile_model import spec_of

_FOLD = re.compile(r"fold[_.-]?(\d{1,2})(?!\d)", re.IGNORECASE)
_SAVED = "saved_model.pb"  # of TensorFlow's own format
_MOST_DEPTH = 6  # of folders
_MOST_NESTED = 3  # archives in archives
_MOST_MEMBERS = 20_000
_MOST_BYTES = 16 << 30  # of all members of an archive
_MOST_HEADER = 1 << 20  # bytes of a header of tar
_MOST_FOLDS = 64
_COMPONENTS = (ACCESSIBILITY, BIAS, FULL, BPNET)


@dataclass(frozen=True)
class Fold:
    """A model file of one fold. Attributes: name: its path in the folder or archive. sha256: of its bytes."""

    number: int
    name: str
    sha256: str
    file: ProfileFile = field(repr=False)

    @property
    def kind(self) -> str:
        """ "accessibility", "bias", "bpnet", or "full" for both networks."""
        return next(iter(self.file.parts)) if len(self.file.parts) == 1 else FULL


def opened(path: Path, component: str | None = None) -> local.Opened | None:
    """The folds of a folder or archive with their specs, of one sample. Arguments and errors as for `read`."""
    if (folds := read(path, component)) is None:
        return None
    stem = own.model_of(path) if path.is_file() else own.model_of(path.with_name(f"{path.name}.folder"))
    digests = {f"sha256 of fold {fold.number}": fold.sha256 for fold in folds}
    members = []
    for fold in folds:
        file = replace(fold.file.only(component or ACCESSIBILITY), counts_loss_weight=None)  # each has its own
        known = local.about(path, f"local/{stem}-fold_{fold.number}", digests)
        members.append((file, spec_of(file, known)))
    parts = {f"fold {fold.number}": [*file.parts] for fold, (file, _) in zip(folds, members, strict=True)}
    if len({tuple(names) for names in parts.values()}) > 1:
        raise InputError("Folds must be of one component", where=path, received=parts)
    return local.Opened(path, f"local/{stem}", tuple(members))


def read(path: Path, component: str | None = None) -> list[Fold] | None:
    """One file of each fold, in the order of their numbers; None if there is no file of a fold at all.

    Args:
        path: of a folder or an archive. The number of a file's fold is in its path: `fold_0`.
        component: what is wanted of each; by default accessibility, bias-corrected.

    Raises:
        InputError: one fold only; a fold without the component, or with two files of it.
        IntegrityError: a damaged or hostile archive, or a file that is not read, with the reason.
    """
    if component not in (None, *_COMPONENTS):
        raise InputError(
            f"The component of folds must be one of {', '.join(_COMPONENTS)}", received={"component": component}
        )
    found, others = [], []
    for name, data in _archived(path) if path.is_file() else _in_folder(path):
        is_model = name.lower().endswith(local.ENDINGS)
        number = _number(name, path) if is_model else None
        if number is None:
            others += [name] if is_model or PurePosixPath(name).name == _SAVED else []
        elif (fold := _fold(number, name, data, path)) is not None:
            found.append(fold)
    return _one_of_each(found, others, component, path) if found or others else None


def _fold(number: int, name: str, data: object, path: Path) -> Fold | None:
    """What a file holds; None, with a warning where it cannot be read, for one that is no model."""
    if not isinstance(data, bytes):
        if data.stat().st_size > own.MOST_BYTES:
            warn(f"{name} of {path.name} is too large to be a model, and is not read")
            return None
        data = own.read_bytes(data)
    if name.lower().endswith(local.KERAS):
        try:
            if not profile_h5.is_profile_file(data, name):
                return None
        except IntegrityError as error:
            warn(f"{name} of {path.name} is not read: {error}")
            return None
    return Fold(number, name, hashlib.sha256(data).hexdigest(), local.parsed(data, path / name))


def _one_of_each(found: list[Fold], others: list[str], component: str | None, path: Path) -> list[Fold]:
    numbers = sorted({fold.number for fold in found})
    if not 2 <= len(numbers) <= _MOST_FOLDS:
        raise InputError(
            f"A folder or archive of folds must hold .h5 or .torch files of 2 to {_MOST_FOLDS} folds",
            where=path,
            received={"folds": numbers, "files": [*(fold.name for fold in found), *others][:6]},
            hint="The path of a file tells its fold (fold_0). TensorFlow's SavedModel is not read (Enformer's "
            "weights are also in EleutherAI/enformer-official-rough); a single file is loaded by its own path",
        )
    if missing := sorted(set(range(numbers[0], numbers[-1])) - set(numbers)):
        warn(f"{path.name} has no fold {', '.join(map(str, missing))}; the ensemble is of the other {len(numbers)}.")
    return [_chosen([fold for fold in found if fold.number == number], component, path) for number in numbers]


def _chosen(files: list[Fold], component: str | None, path: Path) -> Fold:
    """The file of a fold that has a component.

    Of accessibility it is the one of that alone, else that of both networks; of the bias that of both, whose bias is
    the one that was used, else the one that is called scaled, else the one of that alone.
    """
    kinds = {kind: [fold for fold in files if fold.kind == kind] for kind in (ACCESSIBILITY, BIAS, BPNET, FULL)}
    kinds[BIAS] = [fold for fold in kinds[BIAS] if "scaled" in fold.name.lower()] or kinds[BIAS]
    wanted = [component] if component is not None else [ACCESSIBILITY, BPNET]
    if component == BIAS:
        wanted = [FULL, BIAS]
    elif component in (None, ACCESSIBILITY):
        wanted.append(FULL)
    if component is None:
        wanted.append(BIAS)
    fitting = next((kinds[kind] for kind in wanted if kinds.get(kind)), [])
    if len(fitting) != 1:
        raise InputError(
            f"A fold must have one file of the component {component or ACCESSIBILITY}"
            + ("" if fitting else "; it is missing"),
            where=path,
            received={"fold": files[0].number, "files": [fold.name for fold in fitting or files][:6]},
        )
    return fitting[0]


def _number(name: str, path: Path) -> int | None:
    """The number of a file's fold, by its path. Raises `InputError` for a path of two."""
    numbers = {int(number) for number in _FOLD.findall(name)}
    if len(numbers) > 1:
        raise InputError("The path of a file must name one fold", where=path, received={"path": name})
    return next(iter(numbers), None)


def _in_folder(path: Path) -> Iterator[tuple[str, object]]:
    """(path within the folder, path of the file or its bytes) of every file, archives opened."""
    todo, seen = [(path, 0)], 0
    while todo:
        folder, depth = todo.pop()
        try:
            items = sorted(folder.iterdir())
        except OSError as error:
            raise InputError(f"A folder of folds must be readable: {error.strerror}", where=folder) from None
        seen += len(items)
        if seen > _MOST_MEMBERS:
            raise InputError(f"A folder of folds must have at most {_MOST_MEMBERS:,} files", where=path)
        for item in items:
            name = item.relative_to(path).as_posix()
            if item.name.startswith("."):
                continue
            if item.is_dir():
                if depth < _MOST_DEPTH and not item.is_symlink():
                    todo.append((item, depth + 1))
            elif item.name.lower().endswith(ARCHIVES):
                yield from _archived(item, name)
            else:
                yield name, item


def _archived(path: Path, name: str = "") -> Iterator[tuple[str, bytes]]:
    try:
        with open(path, "rb") as file:
            yield from _members(file, path, name)
    except OSError as error:
        raise IntegrityError(f"An archive must be readable: {error.strerror or error}", where=path) from None


def _members(file: io.BufferedIOBase, where: object, prefix: str = "", nested: int = 0) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of the files of an archive that matter, those of archives within it, too."""
    if nested > _MOST_NESTED:
        raise IntegrityError("Archives must not be nested so deep", where=where, received={"path": prefix})
    held, names = 0, set()
    with weights.parsing("An archive", where):
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = _Bounded(gzip.GzipFile(fileobj=file) if compressed else file)
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                path = _checked(member, where, prefix)
                held += member.size
                if held > _MOST_BYTES or len(names) >= _MOST_MEMBERS or path in names:
                    raise ValueError(f"{len(names)} members of {held:,} bytes, {path} the last of them")
                names.add(path)
                if not member.isfile() or PurePosixPath(path).name.startswith("."):
                    continue
                is_archive = path.lower().endswith(ARCHIVES)
                data = b""
                if is_archive or path.lower().endswith(local.ENDINGS):
                    data = stream.content(archive, member)
                if is_archive:
                    yield from _members(io.BytesIO(data), where, path, nested + 1)
                else:
                    yield path, data
            if not stream.is_end(archive.offset):
                raise ValueError("it is cut off")


def _checked(member: tarfile.TarInfo, where: object, prefix: str) -> str:
    """The path of a member. Raises `IntegrityError` for what no archive of models has."""
    path = PurePosixPath(member.name)
    rules = {
        "its names must lie in it": not path.is_absolute() and ".." not in path.parts and "\\" not in member.name,
        "it must hold files and folders only": member.isfile() or member.isdir(),
        "its files must lie in it as they are": member.sparse is None and member.type != tarfile.GNUTYPE_SPARSE,
        f"a file must have at most {_MOST_BYTES:,} bytes": 0 <= member.size <= _MOST_BYTES,
    }
    for rule, holds in rules.items():
        if not holds:
            raise IntegrityError(
                f"An archive of folds must be harmless: {rule}; nothing of it was written",
                where=where,
                received={"path": f"{prefix}/{member.name}" if prefix else member.name, "bytes": member.size},
            )
    return f"{prefix}/{path}" if prefix else str(path)


class _Bounded(io.RawIOBase):
    """A stream of an archive that gives no more at once than a header has, but for a member's content."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        super().__init__()
        self._file, self._most = file, _MOST_HEADER

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes. Raises `ValueError` for too many."""
        if not 0 <= size <= self._most:
            raise ValueError(f"a header of {size:,} bytes")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """To a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._file.tell()

    def is_end(self, place: int) -> bool:
        """Whether the end of an archive is there, a block of zeros; `tarfile` also ends where it is cut off."""
        self.seek(place)
        return self.read(tarfile.BLOCKSIZE) == tarfile.NUL * tarfile.BLOCKSIZE

    def content(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        """All of a member. Raises `ValueError` if it is too large to be a model."""
        if member.size > own.MOST_BYTES:
            raise ValueError(f"{member.name} of {member.size:,} bytes")
        self._most = own.MOST_BYTES
        try:
            return archive.extractfile(member).read()
        finally:
            self._most = _MOST_HEADER

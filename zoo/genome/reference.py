"""Download reference data: the genome, its chromosomes' lengths, its blacklist.

Environment variables:
    ZOO_UCSC: replaces `https://hgdownload.soe.ucsc.edu` as the source of genomes.
    ZOO_UPSTREAM: replaces `https://raw.githubusercontent.com` as the source of blacklists.
    ZOO_OFFLINE: set to 1 to use no network.
"""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import registry
from registry import download
from registry.environment import offline
from registry.paths import user_path
from zoo.arguments import is_one_of, optional_switch
from zoo.errors import InputError, IntegrityError, OfflineMiss
from zoo.files.atomic import atomic
from zoo.files.progress import Progress
from zoo.genome.sequence import Genome

_BLACKLISTS = "Genentech/gReLU/286a706def5fc520b4a3560a023ee480d07ba928/src/grelu/resources/blacklists/encode"
ASSEMBLIES = {
    "hg38": "31c69342df43bbc19dd8ef2886611a8150cb53e90f341de14d30e742c9251737",
    "hg19": "1f614b9c1c39a0ef8a7a16891dff4171aacdf8fc62835b6546559d4765a27edf",
    "mm10": "9638bbeb4be8d99ddf56f1b70700f6a9336ce7f54d87032bd262465ecf3bfac7",
    "sacCer3": None,
}
"""Assembly → SHA-256 of its ENCODE blacklist v2 (Amemiya et al. 2019, Sci Rep 9: 9354), if there is one."""
MAXATAC = ("hg38", "hg38_maxatac_blacklist.bed", "0fdf2c29e74bcbc94fb6bbfb001e7ef9a76f3497bac94fdf986a8414ba7e4ad5")
"""Assembly, file and SHA-256 of the blacklist in the release of maxATAC (folder `hg38` of it)."""
_MOST_TEXT = 16 << 20  # bytes of a list of checksums or a blacklist
_MOST_GENOME = 4 << 30  # bytes; offsets in a 2bit file have 32 bits


@dataclass(frozen=True)
class Reference:
    """Files of an assembly: `genome` (.2bit), `sizes` (chromosome, bp), and `blacklist` (BED) or None."""

    genome: Path
    sizes: Path
    blacklist: Path | None


def fetch(
    assembly: str,
    folder: str | Path,
    mirror: str | Path | None = None,
    progress: bool | None = None,
    blacklist: str = "encode",
) -> Reference:
    """Download the files of an assembly into a folder; what is there and sound stays.

    The genome's MD5 is the one that UCSC publishes beside it, the blacklist's SHA-256 the one of this package. What was
    interrupted goes on where it was.

    Args:
        assembly: one of `ASSEMBLIES`.
        folder: made if it does not exist.
        mirror: a folder with the files and UCSC's `md5sum.txt`, instead of the network.
        progress: show a progress bar; by default in a terminal only.
        blacklist: "encode" for the ENCODE blacklist v2, or "maxatac" for that of maxATAC's release (hg38 only), which
            its models were trained and calibrated with.

    Raises:
        InputError: an assembly that is not known, or a folder that cannot be written to.
        IntegrityError: bytes with another checksum than the published one; they are deleted.
        OfflineMiss: a file that cannot be had.
    """
    progress = optional_switch("progress", progress)
    if not is_one_of(assembly, ASSEMBLIES):
        raise InputError(f"An assembly must be one of {', '.join(ASSEMBLIES)}", received={"assembly": assembly})
    wanted = _blacklist(assembly, blacklist)
    folder = user_path(folder, "to")
    home: str | Path = (
        f"{os.environ.get('ZOO_UCSC') or 'https://hgdownload.soe.ucsc.edu'}/goldenPath/{assembly}/bigZips"
    )
    if mirror is not None:
        home = user_path(mirror, "mirror")
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        genome = _genome(home, folder / f"{assembly}.2bit", progress)
        sizes = folder / f"{assembly}.chrom.sizes"
        lines = (f"{chrom}\t{size}\n" for chrom, size in Genome(genome).sizes.items())
        _write(sizes, "".join(lines).encode())
        if wanted is None:
            return Reference(genome, sizes, None)
        source, name, digest = wanted
        target = folder / name
        if not (target.is_file() and _digest(target, "sha256") == digest):
            data = _small(source if mirror is None else home, name)
            _check(f"{source}/{name}", hashlib.sha256(data).hexdigest(), digest)
            _write(target, data)
    return Reference(genome, sizes, target)


def _blacklist(assembly: str, which: str) -> tuple[str, str, str] | None:
    """The address of its folder, the name and the SHA-256 of a blacklist, or None if the assembly has none."""
    base = os.environ.get("ZOO_UPSTREAM") or "https://raw.githubusercontent.com"
    if is_one_of(which, ("encode",)):
        digest = ASSEMBLIES[assembly]
        return (f"{base}/{_BLACKLISTS}", f"{assembly}-blacklist.v2.bed", digest) if digest else None
    if not is_one_of(which, ("maxatac",)) or assembly != MAXATAC[0]:
        raise InputError(
            f"A blacklist must be encode, or maxatac for {MAXATAC[0]}",
            received={"blacklist": which, "assembly": assembly},
        )
    return registry.families()["maxatac"].upstream.address(assembly, base), *MAXATAC[1:]


def _genome(home: str | Path, target: Path, progress: bool | None) -> Path:
    """The genome with the published MD5: the one that is there, or a new one."""
    published = _sums(home, target.name)
    if target.is_file() and _digest(target, "md5") == published:
        return target
    part = target.with_name(f"{target.name}.part")
    with _own(part) as file:
        if isinstance(home, Path):
            with _mirrored(home, target.name) as source:
                file.truncate(0)
                shutil.copyfileobj(source, file, 1 << 20)
        else:
            _download(f"{home}/{target.name}", file, progress)
    try:
        _check(f"{home}/{target.name}", _digest(part, "md5"), published)
    except IntegrityError:
        part.unlink()
        raise
    part.replace(target)
    return target


def _sums(home: str | Path, name: str) -> str:
    """The MD5 of a file in the list that UCSC publishes."""
    text = _small(home, "md5sum.txt").decode("utf-8", "replace")
    rows = (line.split() for line in text.splitlines())
    published = {row[1].lstrip("*"): row[0].lower() for row in rows if len(row) == 2}
    if name not in published:
        raise IntegrityError(
            f"The list of checksums must have {name}", where=f"{home}/md5sum.txt", received={"files": [*published][:5]}
        )
    return published[name]


def _check(where: str, checksum: str, published: str) -> None:
    if checksum != published:
        raise IntegrityError(
            "A file must have its published checksum", where=where, received={"published": published, "found": checksum}
        )


def _small(home: str | Path, name: str) -> bytes:
    """The bytes of a small file."""
    if isinstance(home, Path):
        with _mirrored(home, name) as source:
            data = source.read(_MOST_TEXT + 1)
    else:
        with _reachable(f"{home}/{name}"):
            data = download.read(f"{home}/{name}", _MOST_TEXT)
    if len(data) > _MOST_TEXT:
        raise IntegrityError(f"This file must have at most {_MOST_TEXT:,} bytes", where=f"{home}/{name}")
    return data


def _download(address: str, file: BinaryIO, progress: bool | None) -> None:
    """Add to a file what it lacks."""
    have = os.fstat(file.fileno()).st_size
    with Progress(address.rsplit("/", 1)[1], "B", 0, have, progress) as bar, _reachable(address):

        def show(now: int, whole: int) -> None:
            bar.total = whole
            bar.update(now - bar.n)

        download.append(address, file, _MOST_GENOME, show)


@contextmanager
def _mirrored(home: Path, name: str) -> Iterator[BinaryIO]:
    """A file of a mirror."""
    if not (home / name).is_file():
        raise OfflineMiss("A mirror must have the files of the assembly", where=home, received={"missing": name})
    with open(home / name, "rb") as source:
        yield source


@contextmanager
def _reachable(address: str) -> Iterator[None]:
    """Turn what goes wrong with a download into an error of ours."""
    if offline():
        raise OfflineMiss(
            "The network must be on to download reference data",
            received={"file": address},
            hint="Unset ZOO_OFFLINE, or give a folder with the files as mirror",
        )
    try:
        yield
    except download.Unwritable as error:
        raise OSError(*error.args) from None
    except download.Failed as error:
        raise OfflineMiss(
            f"The server must deliver the file: {error}",
            received={"file": address},
            hint="A folder with the files can be given as mirror",
        ) from None


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = error.strerror or str(error)
        raise InputError(
            f"The folder must be writable: {problem}", received={"to": str(folder)}, hint="Choose another folder"
        ) from None


@contextmanager
def _own(part: Path) -> Iterator[BinaryIO]:
    """A partial file, opened for reading and writing; a link, or anything but a plain file, is neither followed nor
    touched."""
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
            raise _foreign(part) from None
        raise
    with open(handle, "rb+", buffering=0) as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
            raise _foreign(part)
        try:
            yield file
        finally:
            if os.fstat(handle).st_size == 0:  # nothing arrived
                part.unlink(missing_ok=True)


def _foreign(part: Path) -> InputError:
    return InputError(
        "A partial download must be a plain file of its own, not a link",
        received={"file": str(part)},
        hint="Remove it, or choose another folder",
    )


def _write(path: Path, data: bytes) -> None:
    """Replace a small file in one step; a link in its place is replaced, not followed."""
    with atomic(path, path.parent) as temporary, open(temporary, "xb") as file:
        file.write(data)


def _digest(path: Path, kind: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()

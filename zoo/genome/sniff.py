"""What kind of file this is, by its first bytes: names are often wrong, and one file is given for another."""

import bz2
import gzip
import io
import re
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from registry.paths import masked, user_path
from zoo.errors import InputError

_BZIP2 = re.compile(rb"BZh[1-9][1\x17]")
_MAGICS = (
    (b"\x26\xfc\x8f\x88", "bigWig"),
    (b"\x88\x8f\xfc\x26", "bigWig"),
    (b"\xeb\xf2\x89\x87", "bigBed"),
    (b"\x87\x89\xf2\xeb", "bigBed"),
    (b"\x43\x27\x41\x1a", "2bit"),
    (b"\x1a\x41\x27\x43", "2bit"),
    (b"BAM\x01", "BAM"),
    (b"CRAM", "CRAM"),
    (b"BCF\x02", "BCF"),
    (b"BCF\x04", "BCF"),
    (b"\x89HDF", "HDF5"),
    (b"PK\x03\x04", "ZIP"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b">", "FASTA"),
    (b"##fileformat=VCF", "VCF"),
    (b"@HD\t", "SAM"),
    (b"@SQ\t", "SAM"),
    (b"MEME version", "MEME"),
)
_COMMENTS = rb"((#|browser|track)[^\n]*\n)*"
_WIG = re.compile(_COMMENTS + rb"(fixed|variable)Step\s")
_BEDGRAPH = re.compile(_COMMENTS + rb"[^\s#]+[ \t]+\d+[ \t]+\d+[ \t]+[-+.\deE]+[ \t\r]*\n")
_INTERVALS = re.compile(_COMMENTS + rb"[^\s#]+[ \t]+\d+[ \t]+\d+[ \t\r\n]")
_COLUMNS = re.compile(rb"(##[^\n]*\n)*#CHROM\tPOS\tID\tREF\tALT[\t\r\n]")
_SERVED = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/")  # an address; a path has one slash of two
_COMPRESSED = (".gz", ".bgz", ".bz2")
HEAD = 1 << 12  # bytes that are looked at


def kind_of(head: bytes) -> str | None:
    """The kind of a file that begins with these bytes (those of a compressed file decompressed); None if unknown."""
    head = _decompressed(head).removeprefix(b"\xef\xbb\xbf")
    for magic, kind in _MAGICS:
        if head.startswith(magic):
            return kind
    for kind, form in (("VCF", _COLUMNS), ("wig", _WIG), ("bedGraph", _BEDGRAPH), ("BED", _INTERVALS)):
        if form.match(head):
            return kind
    return None


def kind_of_file(path: Path) -> str | None:
    """The same of a file that exists; None for a folder, a pipe, and what cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with open(path, "rb") as file:
            return kind_of(file.read(HEAD))
    except OSError:
        return None


def is_bigwig(value: object) -> bool:
    """Whether it is the path of a bigWig file: by its first bytes, or, if these are of no kind that is known, its name.

    A damaged file of that name is one, too, so that the reader of bigWig files refuses it in its own words; nothing is
    that does not exist.
    """
    return _is(value, "bigWig", (".bw", ".bigwig"))


def is_vcf(value: object) -> bool:
    """The same of a VCF file, which may lack its first line, or a BCF file."""
    return _is(value, "VCF", (".vcf",)) or _is(value, "BCF", (".bcf",))


def suffix(path: Path) -> str:
    """The last one, in lower case, without that of a compression."""
    return next((lower for ending in reversed(path.suffixes) if (lower := ending.lower()) not in _COMPRESSED), "")


def _is(value: object, kind: str, suffixes: tuple[str, ...]) -> bool:
    if not isinstance(value, (str, Path)):
        return False
    path = user_path(value)
    detected = kind_of_file(path)
    return detected == kind or (detected is None and path.is_file() and suffix(path) in suffixes)


def plain_file(value: object, what: str) -> Path:
    """The path of a file that a user names, which must be an ordinary file: it is read at any place, more than once.

    Args:
        value: text or a `Path`.
        what: how the message calls it, such as "genome".

    Raises:
        InputError: nothing there, a folder, a pipe, or a path that cannot be one.
    """
    path = user_path(value, what)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(
            f"The {what} must be readable: {error.strerror}",
            received={what: masked(str(value))},
            hint="Download it first" if _SERVED.match(str(value)) else None,
        ) from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise InputError(
            f"The {what} must be an ordinary file, not {kind}",
            received={what: str(path)},
            hint=None if stat.S_ISDIR(mode) else "Write it to a file first",
        )
    return path


def decompressor(head: bytes) -> Callable[[BinaryIO], BinaryIO]:
    """What opens a file that begins with these bytes: gzip (bgzip is), bzip2, or nothing."""
    if head[:2] == b"\x1f\x8b":
        return lambda file: gzip.GzipFile(fileobj=file)
    return bz2.BZ2File if _BZIP2.match(head) else lambda file: file


def _decompressed(head: bytes) -> bytes:
    """What the beginning of a file, compressed or not, yields."""
    try:
        return decompressor(head)(io.BytesIO(head)).read1(HEAD)
    except (OSError, EOFError, zlib.error):
        return b""

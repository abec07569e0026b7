"""The text of files of reads, plain or compressed under any name: blocks of whole lines from any position on."""

import bz2
import errno
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from zoo.errors import InputError

_LONGEST_LINE = 1 << 20  # bytes
_GZIP, _BZ2 = b"\x1f\x8b", b"BZh"
_OTHERS = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zX": "xz", b"PK\x03\x04": "zip"}
_END_OF_BGZF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_BOM = b"\xef\xbb\xbf"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed by what it begins with.

    Raises:
        InputError: no regular file, another compression, a file that is not complete or damaged; also inside the block.
    """
    try:
        if not path.is_file():
            if path.exists():
                raise InputError(
                    "A file of reads must be a regular file: it is read more than once",
                    received={"reads": str(path)},
                    hint="Write what a pipe gives to a file first",
                )
            raise InputError("A file of reads must exist", received={"reads": str(path)})
        with open(path, "rb") as file:
            head = file.read(20)
            if (other := next((name for magic, name in _OTHERS.items() if head.startswith(magic)), None)) is not None:
                raise InputError(
                    "A file of reads must be plain, or compressed by gzip, bgzip or bzip2",
                    where=path,
                    received={"compression": other},
                )
            if head[:2] == _GZIP and head[12:14] == b"BC":
                _check_end(file, path)
            file.seek(0)
            if head[:2] == _GZIP:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
            elif head[:3] == _BZ2:
                with bz2.BZ2File(file) as unpacked:
                    yield unpacked
            else:
                yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path, error) from None
    except OSError as error:
        if error.errno is None:  # bz2's own
            raise _damaged(path, error) from None
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(f"A file of reads must be readable: {error.strerror}", received={"reads": str(path)}) from None


def blocks(path: Path, size: int, at: int = 0) -> Iterator[tuple[bytes, int]]:
    """(whole lines of about `size` bytes, the position after them) from a position of the decompressed text on."""
    with opened(path) as file:
        file.seek(at)
        rest = b""
        while chunk := file.read(size):
            text = rest + chunk
            cut = text.rfind(b"\n") + 1
            if not cut and len(text) > _LONGEST_LINE:
                checked(text, path)
                raise InputError(
                    "A file of reads must be text in lines", where=path, received={"first bytes": text[:20]}
                )
            rest, text = text[cut:], text[:cut]
            if cut:
                first, at = at == 0, at + cut
                yield checked(text.removeprefix(_BOM) if first else text, path), at
        if rest:
            yield checked((rest.removeprefix(_BOM) if at == 0 else rest) + b"\n", path), at + len(rest)


def checked(text: bytes, path: Path) -> bytes:
    """Whole lines of a file, each with only a line feed at its end.

    Raises:
        InputError: lines that end with a carriage return alone, which would be one line, or NUL bytes.
    """
    if b"\0" in text:
        raise InputError(
            "A file of reads must have no NUL bytes: this one is binary, or damaged", where=path, hint="Copy it again"
        )
    if b"\r" in text and b"\r" in (text := text.replace(b"\r\n", b"\n")):
        raise InputError(
            "The lines of a file of reads must end with LF or CRLF; this one has a CR alone",
            where=path,
            hint="Convert it with `tr '\\r' '\\n'`",
        )
    return text


def head(path: Path, size: int) -> bytes:
    """The first bytes of the decompressed text, after a byte order mark if there is one."""
    with opened(path) as file:
        return file.read(size + len(_BOM)).removeprefix(_BOM)[:size]


def _check_end(file: BinaryIO, path: Path) -> None:
    """bgzip and samtools end a file with an empty block; a copy that lacks it may be cut off between two blocks."""
    file.seek(0, 2)
    length = file.tell()
    file.seek(max(length - len(_END_OF_BGZF), 0))
    if file.read() != _END_OF_BGZF:
        raise _damaged(path, "the block that ends a BGZF file is missing")


def _damaged(path: Path, problem: object) -> InputError:
    return InputError(
        f"A file of reads must be complete; this one was cut off or damaged ({problem})",
        where=path,
        hint="Copy it again",
    )

"""Text files of users, line by line: plain or compressed regardless of their names, UTF-8, with bounded lines."""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from registry.paths import user_path
from zoo.errors import InputError
from zoo.genome import sniff

LONGEST = 1 << 26  # characters of a line: a record of 10 million samples
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_UNDECODED = re.compile("[\ud800-\udfff]")  # what Python puts for bytes that are not UTF-8
_BINARY = {"bigWig", "bigBed", "2bit", "BAM", "CRAM", "BCF", "HDF5", "ZIP", "UTF-16"}
_HINTS = {
    "UTF-16": "Convert it with `iconv -f UTF-16 -t UTF-8`",
    "BCF": "Convert BCF with `bcftools view`",
    "BAM": "Make a track of a BAM file with `zoo prepare`",
    "bigBed": "Convert bigBed with `bigBedToBed`",
}


def whole(text: str) -> int:
    """The whole number that a text is: ASCII digits, at most 18. Raises `ValueError` for what Python reads besides."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(text[:80])
    return int(text)


def raw_lines(path: str | Path) -> Iterator[str]:
    """All lines of a text file (gzip, bgzip, bzip2 or plain, by its first bytes), each with "\\n" at its end, if any.

    UTF-8 with or without a byte order mark; lines end with LF, CRLF or CR.

    Raises:
        InputError: no file, a folder, another encoding or a binary file, a compressed one that is incomplete, or a line
            of more than `LONGEST` characters.
    """
    path, number = user_path(path), 0
    with _errors_named(path), open(path, "rb") as raw, _decompressed(raw, path) as file:
        while line := file.readline(LONGEST):
            number += 1
            if not line.isascii() or "\0" in line or len(line) == LONGEST:
                _check_line(line, f"{path}, line {number}")
            yield line


@contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    """What reading a file can raise, as our errors."""
    try:
        yield
    except IsADirectoryError:
        raise InputError("The file must not be a folder", received={"path": str(path)}) from None
    except FileNotFoundError:
        raise InputError("The file must exist", received={"path": str(path)}) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"A compressed file must be complete ({error})", where=path, hint="Copy or compress it again"
        ) from None
    except OSError as error:
        problem = error.strerror or error
        raise InputError(f"The file must be readable: {problem}", received={"path": str(path)}) from None


def _decompressed(raw: BinaryIO, path: Path) -> TextIOWrapper:
    """The text of an open file; refuses what is binary."""
    head = raw.peek(sniff.HEAD)
    kind = sniff.kind_of(head)
    if kind in _BINARY:
        raise InputError(
            f"The file must be UTF-8 text, not {kind}",
            received={"path": str(path)},
            hint=_HINTS.get(kind),
        )
    return TextIOWrapper(sniff.decompressor(head)(raw), encoding="utf-8-sig", errors="surrogateescape")


def _check_line(line: str, where: str) -> None:
    if "\0" in line:
        raise InputError("A text file must have no NUL characters: this one is binary, or damaged", where=where)
    if _UNDECODED.search(line):
        raise InputError(
            "A text file must be encoded in UTF-8; this line is not (Latin-1?)",
            where=where,
            hint="Convert it with `iconv -f LATIN1 -t UTF-8`",
        )
    if len(line) == LONGEST:
        raise InputError(f"A line must have less than {LONGEST:,} characters", where=where)

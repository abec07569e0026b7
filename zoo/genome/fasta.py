"""FASTA files, plain or compressed by bgzip.

Where bases lie is found by one pass over the file, or taken from the `.fai` of samtools beside it if that fits the
file; nothing is written. Every read checks that lines end where the index has them end, so that a file and an index
that disagree are an error and never other bases.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from zoo.errors import InputError, warn
from zoo.genome import encode
from zoo.genome.bgzip import BgzipBytes, is_bgzip
from zoo.genome.handle import Bytes

_CHUNK = 1 << 24  # bytes that are looked at at once
_LONGEST_HEAD = 1 << 20  # bytes between the bases of two sequences
_BETWEEN = re.compile(rb"[\r\n]*>([^\s>]\S*)?[^\n]*\n[\r\n]*")
_NUMBER = re.compile(r"[0-9]{1,15}")
_NONE = np.zeros(1, np.uint8)
_END, _OTHER = 254, 255  # what is no base: the end of a line, anything else
_CODES = np.full(256, _OTHER, np.uint8)
_CODES[[ord("\n"), ord("\r")]] = _END
for _letter in "RYSWKMBDHVNX":  # of IUPAC, and that of masked bases
    _CODES[[ord(_letter), ord(_letter.lower())]] = encode.N
for _letter, _code in zip("ACGTU", (0, 1, 2, 3, 3), strict=True):
    _CODES[[ord(_letter), ord(_letter.lower())]] = _code
_TABLE = _CODES.tobytes()


@dataclass(frozen=True)
class Record:
    """Where a sequence lies, as a line of a `.fai` has it.

    Attributes:
        length: bp.
        offset: of its first base, in bytes (decompressed).
        bases: of a line.
        width: of a line in bytes, with its end.
    """

    length: int
    offset: int
    bases: int
    width: int

    def at(self, base: int) -> int:
        """The place of a base in the file, in bytes."""
        return self.offset + base // self.bases * self.width + base % self.bases

    @property
    def end(self) -> int:
        """The place after the last base."""
        return self.at(self.length - 1) + 1 if self.length else self.offset


@dataclass(frozen=True)
class Index:
    """Name → place of each sequence in the order of a file of `size` bytes (decompressed)."""

    size: int
    records: Mapping[str, Record]


class Fasta:
    """An open FASTA file.

    Args:
        path: the file.
        index: of this file, as an open one has it; by default it is found anew.

    Attributes:
        sizes: sequence → bp, in the file's order; those without a base are left out.
        index: where they are.

    Raises:
        InputError: not a FASTA file, one that gzip or bzip2 compressed, or one whose lines or names cannot be read in
            one way only.
    """

    def __init__(self, path: str | Path, index: Index | None = None) -> None:
        self._path, self._bytes = path, _opened(path)
        if index is None or index.size != self._bytes.size:
            index = _found(path, (_stamp(path), _stamp(_fai(path))))
        self.index = index
        self.sizes = {name: record.length for name, record in index.records.items() if record.length}
        if not self.sizes:
            raise InputError(
                "A genome must have a sequence with bases", where=path, received={"sequences": list(index.records)[:5]}
            )

    def codes(self, name: str, start: int, end: int) -> np.ndarray:
        """Bases: A 0, C 1, G 2, T and U 3, every other letter of IUPAC 4, (end - start,) uint8.

        Args:
            name: one of `sizes`.
            start, end: bp, 0-based half-open, within the sequence.

        Raises:
            InputError: a letter that is no base, or lines that are not as the index has them.
        """
        record = self.index.records[name]
        first = record.at(start)
        read = self._bytes.read(first, record.at(end - 1) + 1 - first)
        codes = np.frombuffer(read.translate(_TABLE), np.uint8)
        column = start % record.bases
        rows = -(-(column + len(codes)) // record.width)
        table = np.full(rows * record.width, _END, np.uint8)
        table[column : column + len(codes)] = codes
        table = table.reshape(rows, record.width)
        bases = table[:, : record.bases].reshape(-1)[column : column + end - start]
        if (table[:, record.bases :] != _END).any() or bases.max() > encode.N:
            raise self._misread(name, start, bases)
        return bases

    def _misread(self, name: str, start: int, bases: np.ndarray) -> InputError:
        """The error for bytes that are no bases where these must be, or bases where lines must end."""
        at = start + int(np.argmax(bases > encode.N))
        if bases.max() != _OTHER:
            return InputError(
                "The lines of a sequence in a FASTA file must have one length, except the last",
                where=f"{self._path} {name}, near base {at + 1:,}",
                hint="Remove a .fai that is older than the file, or write the file anew, as with `seqkit seq -w 60`",
            )
        place = start + int(np.argmax(bases == _OTHER))
        letter = self._bytes.read(self.index.records[name].at(place), 1)
        return InputError(
            "A sequence in a FASTA file must have bases only: A, C, G, T, N and other letters of IUPAC",
            where=f"{self._path} {name}:{place + 1}",
            received={"letter": letter.decode("latin-1")},
        )


def _opened(path: str | Path) -> Bytes | BgzipBytes:
    """The bytes of a file as they are, or decompressed."""
    plain = Bytes(path, "genome")
    head = plain.read(0, min(plain.size, 18))
    if is_bgzip(head):
        return BgzipBytes(path, "genome")
    if head[:1] == b">":
        return plain
    tool = {b"\x1f\x8b": "gunzip", b"BZ": "bunzip2"}.get(head[:2])
    raise InputError(
        "A FASTA file must begin with >, plain or compressed by bgzip: no part of a file of gzip or bzip2 can be read "
        "by itself",
        where=path,
        received={"first bytes": head[:4]},
        hint=tool and f"Compress it again: `{tool} -c {Path(path).name} | bgzip > genome.fa.gz`",
    )


def _stamp(path: str | Path) -> tuple[int, ...]:
    """By which a file that changes is noticed; nothing for none."""
    try:
        found = Path(path).stat()
    except OSError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


@lru_cache(maxsize=8)  # a command opens its genome several times; of 3 Gb without a .fai each would be a minute
def _found(path: str | Path, stamps: tuple[tuple[int, ...], ...]) -> Index:
    """The index of samtools, or what a pass over the file finds. Args: stamps: of the file and of that index."""
    source = _opened(path)
    return _beside(path, source) or Index(source.size, _scanned(path, source))


def _fai(path: str | Path) -> Path:
    return Path(f"{path}.fai")


def _beside(path: str | Path, source: Bytes | BgzipBytes) -> Index | None:
    """The index of samtools beside the file; None if there is none, or, with a warning, one that does not fit."""
    beside = _fai(path)
    try:
        rows = [line.split("\t") for line in beside.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeError):
        return None
    whole = all(len(row) == 5 and all(map(_NUMBER.fullmatch, row[1:])) for row in rows)
    records = {row[0]: Record(*map(int, row[1:])) for row in rows} if whole else {}
    if len(records) == len(rows) > 0 and _fits(records, source):
        return Index(source.size, records)
    warn(f"{beside} is not the index of this FASTA file, which is read as if it had none: run `samtools faidx` again")
    return None


def _fits(records: Mapping[str, Record], source: Bytes | BgzipBytes) -> bool:
    """Whether there is nothing between sequences but the line with the name of the next one."""
    at = 0
    for name, record in records.items():
        if record.length and not (0 < record.bases <= record.width <= record.bases + 2):
            return False
        if not at <= record.offset <= min(at + _LONGEST_HEAD, source.size) or record.end > source.size:
            return False
        match = _BETWEEN.fullmatch(source.read(at, record.offset - at))
        if match is None or (match[1] or b"").decode("utf-8", "replace") != name:
            return False
        at = record.end
    rest = source.size - at
    return rest <= _LONGEST_HEAD and not source.read(at, rest).strip(b"\r\n")


def _scanned(path: str | Path, source: Bytes | BgzipBytes) -> dict[str, Record]:
    """Where sequences lie, by a pass over the file."""
    records: dict[str, Record] = {}
    for name, lines in _sequences(path, source):
        if not name or name in records:
            raise InputError(
                "A FASTA file must name every sequence once", where=path, received={"name": name}, example=">chr1"
            )
        records[name] = Record(lines.length, lines.offset, lines.bases, lines.width)
    return records


class _Lines:
    """The lines of a sequence, added a part of them at a time; attributes as those of `Record`."""

    def __init__(self, where: str, offset: int) -> None:
        self._where, self.offset = where, offset
        self.length = self.bases = self.width = 0
        self._ended = False  # by a blank line, or one that is not as the others

    def add(self, starts: np.ndarray, lengths: np.ndarray, widths: np.ndarray) -> None:
        """Lines by the places of their first bases, their bases, and their bytes."""
        filled = np.flatnonzero(lengths)
        if not len(filled):
            self._ended = self._ended or len(lengths) > 0
            return
        if not self.bases:
            self.offset, self.bases, self.width = (int(each[filled[0]]) for each in (starts, lengths, widths))
        last = filled[-1]
        whole = (lengths[:last] == self.bases).all() and (widths[:last] == self.width).all()
        if self._ended or not whole or lengths[last] > self.bases:
            raise InputError(
                "The lines of a sequence in a FASTA file must have one length, except the last",
                where=self._where,
                received={"lines": sorted({self.bases, *lengths.tolist()})[:5]},
                hint="Write it anew, as with `seqkit seq -w 60`",
            )
        self.length += int(lengths.sum())
        self._ended = lengths[last] < self.bases or widths[last] != self.width or last + 1 < len(lengths)


def _sequences(path: str | Path, source: Bytes | BgzipBytes) -> Iterator[tuple[str, _Lines]]:
    """Name and lines of each sequence, in the file's order."""
    name, lines = "", _Lines(f"{path}, before the first sequence", 0)
    for starts, lengths, widths, heads in _chunks(source):
        bounds = [*np.flatnonzero(heads).tolist(), len(starts)]
        lines.add(*(each[: bounds[0]] for each in (starts, lengths, widths)))
        for head, following in pairwise(bounds):
            if starts[head]:
                yield name, lines
            title = source.read(int(starts[head]) + 1, min(int(lengths[head]) - 1, _LONGEST_HEAD))
            name = "" if title[:1].isspace() else "".join(title.decode("utf-8", "replace").split()[:1])
            lines = _Lines(f"{path} {name}", int(starts[head] + widths[head]))
            lines.add(*(each[head + 1 : following] for each in (starts, lengths, widths)))
    yield name, lines


def _chunks(source: Bytes | BgzipBytes) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Of the lines that end in each part of a file: where they begin, their letters, their bytes with the end of the
    line, and whether they name a sequence."""
    line, head, before = 0, False, _NONE  # where the line begins that goes on, whether it names one, the byte before
    for at in range(0, source.size, _CHUNK):
        chunk = np.frombuffer(source.read(at, min(_CHUNK, source.size - at)), np.uint8)
        breaks = np.flatnonzero(chunk == ord("\n")) + at
        if at + len(chunk) == source.size and chunk[-1] != ord("\n"):
            breaks = np.append(breaks, source.size)  # the last line, without an end
        padded = np.concatenate([before, chunk, _NONE])  # the byte at `at` is padded[1]
        starts = np.concatenate([[line], breaks + 1])
        heads = padded[np.clip(starts - at + 1, 0, len(padded) - 1)] == ord(">")
        if line < at:
            heads[0] = head
        returns = (padded[breaks - at] == ord("\r")) & (breaks > starts[:-1])
        if len(breaks):
            widths = np.minimum(breaks + 1, source.size) - starts[:-1]
            yield starts[:-1], breaks - starts[:-1] - returns, widths, heads[:-1]
        line, head, before = int(starts[-1]), bool(heads[-1]), chunk[-1:]

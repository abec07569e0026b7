"""Reading bigWig files (Kent et al. 2010, Bioinformatics 26: 2204; its supplement).

Every number of a file is checked before it is used, so that a damaged one is an error and never a crash or a hang:
C libraries trust headers, trees and the counts of sections.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome import sniff
from zoo.genome.handle import Bytes
from zoo.genome.remote import RemoteBytes, is_address

_MAGIC, _TREE, _INDEX = 0x888FFC26, 0x78CA8C91, 0x2468ACE0
_HEADER = "IHHQQQHHQQIQ"  # magic, version, zoom levels, places of chromosomes, data and index, …, bytes of a section
_HEAD, _ZOOM, _LONGEST_NAME = 64, 24, 1 << 12  # bytes
_RUNS, _POINTS, _STEPS = 1, 2, 3  # kinds of sections
_COLUMNS = {_RUNS: 3, _POINTS: 2, _STEPS: 1}
_LARGEST = 24 + 0xFFFF * 12  # bytes of a section: its head, and as many runs as its count can hold


class BigWig:
    """An open bigWig file.

    Args:
        path: the file, or its address on a server.

    Attributes:
        version: what the server says of the file; None for one of this machine.
        sizes: chromosome → bp, by their numbers in the file.
        empty: whether it holds no value.

    Raises:
        InputError: not a bigWig file, or a damaged one.
    """

    def __init__(self, path: str | Path) -> None:
        self._bytes = RemoteBytes(path, "signal") if is_address(path) else Bytes(path, "signal")
        self.version = self._bytes.version if is_address(path) else None
        if self.version is not None:
            _check_served(self._bytes)
        head = self._bytes.read(0, _HEAD)
        self._order = "<" if struct.unpack("<I", head[:4])[0] == _MAGIC else ">"
        magic, _, zooms, tree, _, index, *_, section, _ = struct.unpack(self._order + _HEADER, head)
        if magic != _MAGIC or not _HEAD + _ZOOM * zooms <= tree:
            raise self._bytes.damaged()
        self._compressed = section > 0
        self.sizes, self._numbers = self._chromosomes(tree)
        self._blocks = self._index(index)
        chroms = self._blocks["chrom"].astype(np.int64) << 32
        self._firsts, self._lasts = chroms + self._blocks["start"], np.maximum.accumulate(chroms + self._blocks["end"])
        self.empty = not len(self._blocks)

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """One value per base, (end - start,) float32, NaN where there is none.

        Args:
            chrom: one of `sizes`.
            start, end: bp, 0-based half-open, within the chromosome.

        Raises:
            InputError: a part of the file that is damaged.
        """
        values = np.full(end - start, np.nan, np.float32)
        for starts, ends, run_values in self._runs(self._numbers[chrom], start, end):
            starts, ends = np.maximum(starts, start) - start, np.minimum(ends, end) - start
            lengths = ends - starts
            if (starts[1:] == ends[:-1]).all():
                values[starts[0] : ends[-1]] = np.repeat(run_values, lengths)
            else:
                bases = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
                values[bases] = np.repeat(run_values, lengths)
        return values

    @property
    def index_sha256(self) -> str:
        """Of where sections lie and how long they are: two tracks have hardly ever the same."""
        return hashlib.sha256(self._blocks.tobytes()).hexdigest()

    @property
    def covered(self) -> set[str]:
        """Names of the chromosomes that have a value."""
        there = set(self._blocks["chrom"].tolist())
        return {name for name, number in self._numbers.items() if number in there}

    def positive(self, chrom: str) -> np.ndarray:
        """Where a chromosome has values above 0: (n, 2) int64 starts and ends, in the file's order."""
        spans = [np.empty((0, 2), np.int64)]
        for starts, ends, run_values in self._runs(self._numbers[chrom], 0, self.sizes[chrom]):
            spans.append(np.stack([starts, ends], axis=1)[run_values > 0])
        return np.concatenate(spans)

    def _runs(self, number: int, start: int, end: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Starts, ends (int64) and values of runs that touch a stretch, a section at a time."""
        first = np.searchsorted(self._lasts, (number << 32) + start, side="right")
        for block in self._blocks[first : np.searchsorted(self._firsts, (number << 32) + end)].tolist():
            starts, ends, run_values = self._section(*block)
            here = slice(np.searchsorted(ends, start, side="right"), np.searchsorted(starts, end))
            if here.start < here.stop:
                yield starts[here], ends[here], run_values[here]

    def _section(
        self, chrom: int, first: int, _: int, last: int, offset: int, size: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Runs of a section, located by its entry in the index."""
        data = self._bytes.read(offset, size)
        if self._compressed:
            try:
                data = zlib.decompressobj().decompress(data, _LARGEST)
            except zlib.error:
                raise self._broken(chrom, first) from None
        if len(data) < 24:
            raise self._broken(chrom, first)
        *place, step, span, kind, _, count = struct.unpack(f"{self._order}IIIIIBBH", data[:24])
        columns = _COLUMNS.get(kind)
        if columns is None or place[0] != chrom or len(data) < 24 + 4 * columns * count:
            raise self._broken(chrom, first)
        items = np.frombuffer(data, f"{self._order}u4", columns * count, 24).reshape(count, columns)
        stepped = place[1] + step * np.arange(count, dtype=np.int64)
        starts = stepped if kind == _STEPS else items[:, 0].astype(np.int64)
        ends = items[:, 1].astype(np.int64) if kind == _RUNS else starts + span
        sorted_ = (ends > starts).all() and (starts[1:] >= starts[:-1]).all() and (ends[1:] >= ends[:-1]).all()
        if not sorted_ or starts.min(initial=first) < first or ends.max(initial=last) > last:
            raise self._broken(chrom, first)
        return starts, ends, items[:, -1].view(f"{self._order}f4").astype(np.float32)

    def _broken(self, chrom: int, first: int) -> InputError:
        name = next(name for name, number in self._numbers.items() if number == chrom)
        return self._bytes.damaged(f"{name}:{first + 1}")

    def _chromosomes(self, at: int) -> tuple[dict[str, int], dict[str, int]]:
        """Sizes and numbers by name, from a B+ tree."""
        magic, _, width, value, count, _ = struct.unpack(f"{self._order}IIIIQQ", self._bytes.read(at, 32))
        if magic != _TREE or value != 8 or not 0 < width <= _LONGEST_NAME:
            raise self._bytes.damaged()
        leaf = np.dtype([("name", f"S{width}"), ("number", f"{self._order}u4"), ("size", f"{self._order}u4")])
        branch = np.dtype([("name", f"S{width}"), ("offset", f"{self._order}u8")])
        rows = self._leaves(at + 32, leaf, branch)
        rows = rows[np.argsort(rows["number"], kind="stable")]
        if len(rows) != count or not count or (rows["number"][1:] == rows["number"][:-1]).any():
            raise self._bytes.damaged()
        try:
            names = [name.decode() for name in rows["name"].tolist()]
        except UnicodeDecodeError:
            raise self._bytes.damaged() from None
        if len(set(names)) < len(names) or "" in names:
            raise InputError(
                "A bigWig file must name every chromosome once",
                where=self._bytes.path,
                received={"chromosomes": len(names), "different names": len(set(names) - {""})},
            )
        sizes = dict(zip(names, rows["size"].tolist(), strict=True))
        numbers = dict(zip(names, rows["number"].tolist(), strict=True))
        if not any(sizes.values()):
            raise InputError("A bigWig file must have a chromosome with bases", where=self._bytes.path)
        return {name: size for name, size in sizes.items() if size}, numbers

    def _index(self, at: int) -> np.ndarray:
        """Where sections lie, sorted by chromosome and base, from an R tree. A file without values may have none."""
        place = [(name, f"{self._order}u4") for name in ("chrom", "start", "end_chrom", "end")]
        leaf = np.dtype([*place, ("offset", f"{self._order}u8"), ("size", f"{self._order}u8")])
        if at == 0:
            return np.empty(0, leaf)
        magic, _, count, *_, slot, _ = struct.unpack(f"{self._order}IIQIIIIQII", self._bytes.read(at, 48))
        if magic != _INDEX:
            raise self._bytes.damaged()
        rows = self._leaves(at + 48, leaf, np.dtype([*place, ("offset", f"{self._order}u8")]))
        known = np.isin(rows["chrom"], list(self._numbers.values())) & (rows["chrom"] == rows["end_chrom"])
        whole = (rows["start"] < rows["end"]) & (rows["size"] <= self._bytes.size)
        whole &= rows["offset"] <= self._bytes.size - rows["size"]
        slots = (count, -(-count // max(slot, 1)))  # some writers count values, not sections
        if len(rows) not in slots or not (known & whole).all():
            raise self._bytes.damaged()
        return rows[np.lexsort((rows["start"], rows["chrom"]))]

    def _leaves(self, root: int, leaf: np.dtype, branch: np.dtype) -> np.ndarray:
        """The items of a tree's leaves in their order.

        Nodes of a sound file do not overlap, and each is the child of one: together they have fewer bytes than the
        file, which bounds the work.
        """
        leaves, nodes, seen, left = [np.empty(0, leaf)], [root], {root}, self._bytes.size
        while nodes:
            at = nodes.pop()
            is_leaf, _, count = struct.unpack(f"{self._order}BBH", self._bytes.read(at, 4))
            kind = leaf if is_leaf else branch
            left -= 4 + count * kind.itemsize
            if left < 0:
                raise self._bytes.damaged()
            items = np.frombuffer(self._bytes.read(at + 4, count * kind.itemsize), kind)
            if is_leaf:
                leaves.append(items)
            else:
                children = items["offset"].tolist()
                if len(set(children)) < len(children) or not seen.isdisjoint(children):
                    raise self._bytes.damaged()
                seen.update(children)
                nodes.extend(reversed(children))
        return np.concatenate(leaves)


def incomplete(path: object) -> InputError:
    """The error for a file whose last four bytes do not repeat its first four, to be raised."""
    return InputError(
        "A bigWig file must be complete: this one was cut off, its trailing magic number is missing",
        where=path,
        hint="Copy it again",
    )


def _check_served(file: RemoteBytes) -> None:
    """Raise `InputError` for anything else that a server sends, as a page that says what is wrong."""
    head = file.read(0, min(file.size, sniff.HEAD))
    kind = sniff.kind_of(head)
    if kind != "bigWig":
        raise InputError(
            "A signal must be a bigWig file",
            received={"signal": file.path, "first bytes": head[:16]},
            hint=kind and f"The server sends a {kind} file",
        )
    if file.read(file.size - 4, 4) != head[:4]:
        raise incomplete(file.path)

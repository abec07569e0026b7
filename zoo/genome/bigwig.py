"""Writing bigWig files, a block of runs at a time (Kent et al. 2010, Bioinformatics 26: 2204; its supplement).

Reading is in `zoo.genome.bbi`. pyBigWig's writer takes a microsecond for every run, on one core; a track of cut sites
has tens of millions of them.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np

_MAGIC, _TREE, _INDEX = 0x888FFC26, 0x78CA8C91, 0x2468ACE0
_VERSION, _RUNS, _STEPS = 4, 1, 3  # the second and third are kinds of sections
_HEADER = struct.Struct("<IHHQQQHHQQIQ")
_ZOOM_HEADER, _SUMMARY = struct.Struct("<IIQQ"), struct.Struct("<Qdddd")
_SECTION_HEADER = struct.Struct("<IIIIIBBH")
_PER_SECTION, _PER_NODE, _LARGEST = 2048, 256, 1 << 15  # runs, children, bytes before compression
_LEVEL = 1  # of zlib: runs get no smaller with higher ones, and take six times longer
_ZOOM, _ZOOMS = 10, 10  # the first level has a record for 2**10 bp, each other one for four of those before
_RECORD = np.dtype(
    [
        *((name, "<u4") for name in ("chrom", "start", "end", "bases")),
        *((name, "<f4") for name in ("low", "high", "sum", "squares")),
    ]
)
_PLACE = [("chrom", "<u4"), ("start", "<u4"), ("end_chrom", "<u4"), ("end", "<u4"), ("offset", "<u8")]


class Writer:
    """A bigWig file that is written from its beginning to its end.

    Memory holds a block and, of what is written, a record of 32 bytes for 1,024 bp. The caller makes the file atomic.

    Args:
        path: the file.
        sizes: chromosome → bp.
        workers: threads that compress; by default one for each core.

    Raises:
        OSError: a file that cannot be written.
    """

    def __init__(self, path: str | Path, sizes: Mapping[str, int], workers: int | None = None) -> None:
        self._sizes, self._numbers = dict(sizes), {chrom: number for number, chrom in enumerate(sizes)}
        self._last = (-1, 0)  # chromosome and the base after all that is written
        self._zoom: _Zoom | None = None
        self._records: list[np.ndarray] = []
        self._places: list[tuple[int, int, int, int, int, int]] = []
        self._file = open(path, "wb")  # noqa: SIM115  __exit__ closes it
        self._pool = ThreadPoolExecutor(workers or os.cpu_count())
        self._file.write(bytes(_HEADER.size + _ZOOMS * _ZOOM_HEADER.size + _SUMMARY.size))
        self._chromosomes = self._file.tell()
        self._file.write(_chromosome_tree(self._sizes, self._chromosomes))
        self._data = self._file.tell()
        self._file.write(bytes(8))

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._file.close()

    def add(self, chrom: str, starts: np.ndarray, ends: np.ndarray, values: np.ndarray) -> None:
        """Append stretches of one value, in order, after what is written.

        Args:
            chrom: one of `sizes`; chromosomes come in that order.
            starts: (n,) bp, 0-based.
            ends: (n,) bp, exclusive.
            values: (n,), finite; written as float32.

        Raises:
            ValueError: runs that are empty, out of order, or beyond the chromosome's end.
        """
        if not len(starts):
            return
        number = self._numbers[chrom]
        ordered = (ends > starts).all() and (starts[1:] >= ends[:-1]).all() and ends[-1] <= self._sizes[chrom]
        if not ordered or (number, int(starts[0])) < self._last:
            raise ValueError(f"Runs of {chrom} must be sorted and apart, and lie after all that were written")
        self._last, values = (number, int(ends[-1])), values.astype("<f4")
        sections = list(_sections(number, starts, ends, values))
        over = self._pool.map if len(sections) > 1 else map  # threads cost more than a section of a small contig
        for (first, last, _), packed in zip(sections, over(_packed, sections), strict=True):
            self._places.append((number, first, number, last, self._file.tell(), len(packed)))
            self._file.write(packed)
        if self._zoom is None or self._zoom.number != number:
            self._records += self._zoom.records() if self._zoom else []
            self._zoom = _Zoom(number, self._sizes[chrom])
        self._zoom.add(starts, ends, values)

    def _finish(self) -> None:
        """Write the index, the zoom levels and the header."""
        self._records += self._zoom.records() if self._zoom else []
        index = self._file.tell()
        self._file.write(_index(self._places, index, _PER_SECTION))
        records = np.concatenate(self._records) if self._records else np.empty(0, _RECORD)
        sums = records["sum"].sum(dtype=float), records["squares"].sum(dtype=float)
        bases, low, high = int(records["bases"].sum(dtype=np.int64)), records["low"], records["high"]
        summary = _SUMMARY.pack(bases, low.min(initial=np.inf), high.max(initial=-np.inf), *sums)
        if not len(records):
            summary = bytes(_SUMMARY.size)
        zooms, width = [], _ZOOM
        while len(records) and len(zooms) < _ZOOMS:
            zooms.append((1 << width, 0, self._file.tell(), self._write_zoom(records)))
            width += 2
            if len(smaller := _reduced(records, width)) == len(records):
                break
            records = smaller
        head = (len(zooms), self._chromosomes, self._data, index, 0, 0, 0)
        at = _HEADER.size + _ZOOMS * _ZOOM_HEADER.size
        self._file.write(struct.pack("<I", _MAGIC))
        self._file.seek(0)
        self._file.write(_HEADER.pack(_MAGIC, _VERSION, *head, at, _LARGEST, 0))
        self._file.write(b"".join(_ZOOM_HEADER.pack(*zoom) for zoom in zooms).ljust(_ZOOMS * _ZOOM_HEADER.size, b"\0"))
        self._file.write(summary)
        self._file.seek(self._data)
        self._file.write(struct.pack("<Q", len(self._places)))

    def _write_zoom(self, records: np.ndarray) -> int:
        """Write a level; returns where its index is."""
        self._file.write(struct.pack("<I", len(records)))
        step = _LARGEST // _RECORD.itemsize
        blocks = [records[first : first + step] for first in range(0, len(records), step)]
        places = []
        for block, packed in zip(blocks, self._pool.map(_compressed, blocks), strict=True):
            one, other = block[0], block[-1]
            ends = one["chrom"], one["start"], other["chrom"], other["end"]
            places.append((*ends, self._file.tell(), len(packed)))
            self._file.write(packed)
        index = self._file.tell()
        self._file.write(_index(places, index, step))
        return index


class _Zoom:
    """Sums over 1,024 bp of a chromosome."""

    def __init__(self, number: int, size: int) -> None:
        count = (size >> _ZOOM) + 1
        self.number, self._size = number, size
        self._bases, self._sum, self._squares = np.zeros(count, np.int64), np.zeros(count), np.zeros(count)
        self._low, self._high = np.full(count, np.inf, "<f4"), np.full(count, -np.inf, "<f4")

    def add(self, starts: np.ndarray, ends: np.ndarray, values: np.ndarray) -> None:
        bins, lasts = starts >> _ZOOM, (ends - 1) >> _ZOOM
        if (bins != lasts).any():  # runs become pieces that lie in one record each
            counts = lasts - bins + 1
            run = np.repeat(np.arange(len(starts)), counts)
            bins = bins[run] + np.arange(len(run)) - (np.cumsum(counts) - counts)[run]
            values = values[run]
            lengths = np.minimum(ends[run], (bins + 1) << _ZOOM) - np.maximum(starts[run], bins << _ZOOM)
        else:
            lengths = ends - starts
        heads = np.flatnonzero(np.concatenate([[True], bins[1:] != bins[:-1]]))
        at = bins[heads]
        sums = values * lengths.astype(np.float64)
        self._bases[at] += np.add.reduceat(lengths, heads)
        self._sum[at] += np.add.reduceat(sums, heads)
        self._squares[at] += np.add.reduceat(sums * values, heads)
        self._low[at] = np.minimum(self._low[at], np.minimum.reduceat(values, heads))
        self._high[at] = np.maximum(self._high[at], np.maximum.reduceat(values, heads))

    def records(self) -> list[np.ndarray]:
        """Those that have data, once all is added."""
        at = np.flatnonzero(self._bases)
        summaries = np.empty(len(at), _RECORD)
        summaries["chrom"], summaries["start"] = self.number, at << _ZOOM
        summaries["end"] = np.minimum((at + 1) << _ZOOM, self._size)
        for name in ("bases", "low", "high", "sum", "squares"):
            summaries[name] = getattr(self, f"_{name}")[at]
        return [summaries]


def _reduced(records: np.ndarray, width: int) -> np.ndarray:
    """Records over 2**width bp from narrower ones."""
    bins, chroms = records["start"] >> width, records["chrom"]
    heads = np.flatnonzero(np.concatenate([[True], (bins[1:] != bins[:-1]) | (chroms[1:] != chroms[:-1])]))
    reduced = records[heads]
    reduced["start"] = bins[heads] << width
    reduced["end"] = records["end"][np.append(heads[1:], len(records)) - 1]
    reduced["bases"] = np.add.reduceat(records["bases"], heads)
    reduced["low"] = np.minimum.reduceat(records["low"], heads)
    reduced["high"] = np.maximum.reduceat(records["high"], heads)
    for name in ("sum", "squares"):
        reduced[name] = np.add.reduceat(records[name].astype(np.float64), heads)
    return reduced


def _sections(
    number: int, starts: np.ndarray, ends: np.ndarray, values: np.ndarray
) -> Iterator[tuple[int, int, tuple[bytes, np.ndarray]]]:
    """(first base, base after the last, head and items); values at equal steps where that is smaller than runs."""
    table = np.empty((len(starts), 3), "<u4")
    table[:, 0], table[:, 1], table[:, 2] = starts, ends, values.view("<u4")
    broken = np.concatenate([[0], np.cumsum(starts[1:] != ends[:-1])])
    for first in range(0, len(starts), _PER_SECTION):
        last = min(first + _PER_SECTION, len(starts)) - 1
        left, right, part = int(starts[first]), int(ends[last]), slice(first, last + 1)
        head = (number, left, right)
        if broken[first] == broken[last]:
            lengths = ends[part] - starts[part]
            step = int(np.gcd.reduce(lengths))
            if (right - left) // step < 3 * len(lengths):  # a run is three numbers
                items = np.repeat(values[part], lengths // step)
                yield left, right, (_SECTION_HEADER.pack(*head, step, step, _STEPS, 0, len(items)), items)
                continue
        yield left, right, (_SECTION_HEADER.pack(*head, 0, 0, _RUNS, 0, last + 1 - first), table[part])


def _packed(section: tuple[int, int, tuple[bytes, np.ndarray]]) -> bytes:
    head, items = section[2]
    return zlib.compress(head + items.tobytes(), _LEVEL)


def _compressed(items: np.ndarray) -> bytes:
    return zlib.compress(items.tobytes(), _LEVEL)


def _index(places: list[tuple[int, int, int, int, int, int]], at: int, per_slot: int) -> bytes:
    """Where the blocks are: an R tree over (chromosome, base), to stand at a place of the file."""
    leaves = np.array(places, np.dtype([*_PLACE, ("size", "<u8")]))
    first, last = (places[0], places[-1]) if places else ((0,) * 6, (0,) * 6)
    span = (*first[:2], *last[2:4], at)
    head = struct.pack("<IIQIIIIQII", _INDEX, _PER_NODE, len(places), *span, per_slot, 0)
    return head + _nodes(leaves, np.dtype(_PLACE), at + len(head))


def _chromosome_tree(sizes: Mapping[str, int], at: int) -> bytes:
    """Names, numbers and lengths of the chromosomes: a B+ tree, sorted by name, to stand at a place of the file."""
    rows = sorted((chrom.encode(), number, size) for number, (chrom, size) in enumerate(sizes.items()))
    width = max(len(name) for name, _, _ in rows)
    leaves = np.array(rows, np.dtype([("name", f"S{width}"), ("number", "<u4"), ("size", "<u4")]))
    head = struct.pack("<IIIIQQ", _TREE, _PER_NODE, width, 8, len(rows), 0)
    return head + _nodes(leaves, np.dtype([("name", f"S{width}"), ("offset", "<u8")]), at + len(head))


def _nodes(leaves: np.ndarray, branch: np.dtype, at: int) -> bytes:
    """A tree from its leaves' items, root first; a branch has its first child's fields, and its last one's ends."""
    levels = [leaves]
    while len(levels[0]) > _PER_NODE:
        firsts = levels[0][::_PER_NODE]
        lasts = levels[0][np.minimum(np.arange(1, len(firsts) + 1) * _PER_NODE, len(levels[0])) - 1]
        above = np.zeros(len(firsts), branch)
        for field in set(branch.names) - {"offset"}:
            above[field] = (lasts if field.startswith("end") else firsts)[field]
        levels.insert(0, above)
    for above, below in pairwise(levels):
        at += 4 * -(-len(above) // _PER_NODE) + above.nbytes
        above["offset"] = at + np.arange(len(above)) * (4 + _PER_NODE * below.itemsize)
    return b"".join(_level(level, level is leaves) for level in levels)


def _level(items: np.ndarray, leaf: bool) -> bytes:
    parts = [items[first : first + _PER_NODE] for first in range(0, max(len(items), 1), _PER_NODE)]
    return b"".join(struct.pack("<BBH", leaf, 0, len(part)) + part.tobytes() for part in parts)

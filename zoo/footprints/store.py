"""Cuts on disk: sorted without having all of them in memory, then mapped into it, from where the system may drop them.

A file has one column after the other, each of all cuts in the order of the genome, 18 bytes a cut.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from zoo.files.atomic import atomic

COLUMNS = {"at": np.int64, "low": np.int32, "high": np.int32, "strand": np.uint8, "learned_from": np.bool_}
"""Name → kind of each column, the widest first, so that each begins at a multiple of its size."""
_ROW = np.dtype(list(COLUMNS.items()))
_AT_ONCE = 1 << 22  # cuts that wait in memory
_STRETCH = 1 << 25  # bp of the genome whose cuts are sorted together


class Sorting:
    """Cuts in any order, put aside in a file for each stretch of the genome until all are there.

    Args:
        folder: of these files; emptied before.
        sizes: chromosome → bp, in the genome's order.

    Attributes:
        counts: chromosome → how many cuts there are, of those with any, in the genome's order.
    """

    def __init__(self, folder: Path, sizes: Mapping[str, int]) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder, self._counts = folder, dict.fromkeys(sizes, 0)
        self._starts = np.cumsum([0, *sizes.values()])[:-1]
        self._before = dict(zip(sizes, self._starts.tolist(), strict=True))
        self._waiting: list[np.ndarray] = []
        self._rows = 0

    @property
    def counts(self) -> dict[str, int]:
        """See the class."""
        return {chrom: count for chrom, count in self._counts.items() if count}

    def add(self, chrom: str, columns: Mapping[str, np.ndarray]) -> None:
        """Add cuts of a chromosome, (n,) of each of `COLUMNS`, on bases of it; those on one base stay in order."""
        rows = np.empty(len(columns["at"]), _ROW)
        for name in COLUMNS:
            rows[name] = columns[name]
        rows["at"] += self._before[chrom]
        self._waiting.append(rows)
        self._counts[chrom] += len(rows)
        self._rows += len(rows)
        if self._rows >= _AT_ONCE:
            self._put_aside()

    def write(self, path: Path) -> None:
        """Write all of them to a file, and remove the others."""
        total, done = sum(self._counts.values()), 0
        with atomic(path, path.parent) as temporary, open(temporary, "wb") as file:
            for rows in self._sorted():
                first = 0
                for name, kind in COLUMNS.items():
                    file.seek(first * total + np.dtype(kind).itemsize * done)
                    file.write(np.ascontiguousarray(rows[name]).data)
                    first += np.dtype(kind).itemsize
                done += len(rows)
        shutil.rmtree(self._folder)

    def _put_aside(self) -> None:
        if not self._waiting:
            return
        rows = np.concatenate(self._waiting)
        stretches = rows["at"] // _STRETCH
        order = np.argsort(stretches, kind="stable")
        numbers, firsts = np.unique(stretches[order], return_index=True)
        for number, mine in zip(numbers.tolist(), np.split(order, firsts[1:]), strict=True):
            with open(self._folder / f"{number:09d}", "ab") as file:
                file.write(rows[mine].data)
        self._waiting, self._rows = [], 0

    def _sorted(self) -> Iterator[np.ndarray]:
        """The rows of each stretch in turn, sorted, by places on their chromosomes."""
        self._put_aside()
        for path in sorted(self._folder.iterdir()):
            rows = np.fromfile(path, _ROW)
            rows = rows[np.argsort(rows["at"], kind="stable")]
            rows["at"] -= self._starts[np.searchsorted(self._starts, rows["at"], side="right") - 1]
            yield rows
            path.unlink()


def opened(path: Path, counts: Mapping[str, int]) -> dict[str, dict[str, np.ndarray]] | None:
    """The columns of a file by chromosome, as views of it; None if it is not there, or not whole.

    Args:
        path: the file.
        counts: of `Sorting`.
    """
    total = sum(counts.values())
    if not path.is_file() or path.stat().st_size != total * _ROW.itemsize:
        return None
    file, columns, first = np.asarray(np.memmap(path, np.uint8, "r")), {}, 0
    for name, kind in COLUMNS.items():
        size = total * np.dtype(kind).itemsize
        columns[name] = file[first : first + size].view(kind)
        first += size
    ends = np.cumsum([0, *counts.values()]).tolist()
    return {
        chrom: {name: column[start:end] for name, column in columns.items()}
        for chrom, start, end in zip(counts, ends, ends[1:], strict=False)
    }

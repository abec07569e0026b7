"""Files that appear only when they are complete: bigWig, BED, JSON."""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyBigWig

from zoo.errors import InputError
from zoo.genome.signal import check_complete

_CHUNK = 1 << 16  # bins handed to the bigWig library at once


@contextmanager
def atomic(path: Path, folder: Path) -> Iterator[Path]:
    """A temporary path in `folder` (of the same disk) that is flushed and renamed to `path`, or removed on failure."""
    temporary = folder / f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp"
    try:
        yield temporary
        with open(temporary, "rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def bigwig(path: Path, lengths: dict[str, int], scores: Iterable[tuple[str, np.ndarray]], bin_size: int) -> None:
    """Write a track of equal bins.

    Args:
        path: where; the caller makes it atomic.
        lengths: chromosome -> bp, all that have scores, in their order.
        scores: (chromosome, one score per bin, NaN where there is none), in the same order.
        bin_size: bp; the last bin of a chromosome may be shorter.
    """
    file = pyBigWig.open(str(path), "w")
    try:
        file.addHeader(list(lengths.items()))
        for chrom, track in scores:
            for first in range(0, len(track), _CHUNK):
                _add(file, chrom, lengths[chrom], first, np.asarray(track[first : first + _CHUNK]), bin_size)
    finally:
        file.close()
    try:
        check_complete(path)  # the library does not report a disk that is full
    except InputError:
        raise OSError(f"{path} could not be written completely; is the disk full?") from None


def _add(file, chrom: str, length: int, first: int, scores: np.ndarray, bin_size: int) -> None:
    known = np.concatenate([[False], ~np.isnan(scores), [False]])
    for left, right in np.flatnonzero(known[1:] != known[:-1]).reshape(-1, 2):
        start, whole = int(first + left) * bin_size, int(right)
        if (first + right) * bin_size > length:
            whole -= 1
        if whole > left:
            file.addEntries(chrom, start, values=scores[left:whole], span=bin_size, step=bin_size)
        if whole < right:
            last = int(first + whole) * bin_size
            file.addEntries([chrom], [last], ends=[length], values=[float(scores[whole])])


def bed(path: Path, peaks: Iterable[tuple[str, int, int, float]]) -> int:
    """Write chrom, start, end, score lines, as maxATAC does; returns how many."""
    count = 0
    with open(path, "w") as handle:
        for chrom, start, end, score in peaks:
            handle.write(f"{chrom}\t{start}\t{end}\t{np.float32(score)!s}\n")
            count += 1
    return count


def sidecar(path: Path, content: dict) -> None:
    """Write a JSON object, indented."""
    path.write_text(json.dumps(content, indent=1) + "\n")

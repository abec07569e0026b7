"""Files that appear only when they are complete: bigWig, BED, JSON."""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome.bigwig import Writer

_CHUNK = 1 << 20  # bins


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


def check_replaceable(path: Path, inputs: Iterable[str | Path]) -> None:
    """Raise `InputError` if a path is a folder, or a file that is read."""
    if path.is_dir() or any(path.exists() and path.samefile(item) for item in inputs):
        raise InputError("An output replaces no folder and no input", received={"output": str(path)})


def bigwig(path: Path, lengths: dict[str, int], scores: Iterable[tuple[str, np.ndarray]], bin_size: int) -> None:
    """Write a track of equal bins.

    Args:
        path: where; the caller makes it atomic.
        lengths: chromosome -> bp, all that have scores, in their order.
        scores: (chromosome, one score per bin, NaN where there is none), in the same order.
        bin_size: bp; the last bin of a chromosome may be shorter.
    """
    with Writer(path, lengths) as file:
        for chrom, track in scores:
            for first in range(0, len(track), _CHUNK):
                part = np.asarray(track[first : first + _CHUNK], np.float32)
                known = np.flatnonzero(~np.isnan(part))
                starts = (first + known) * bin_size
                file.add(chrom, starts, np.minimum(starts + bin_size, lengths[chrom]), part[known])


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

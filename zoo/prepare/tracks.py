"""Tracks in and out: bigWig files made of others, block by block, complete or not at all."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyBigWig
from tqdm import tqdm

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import names
from zoo.genome.bed import merge
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal, check_complete
from zoo.predict.writers import atomic
from zoo.prepare.coverage import BLOCK, runs
from zoo.prepare.normalize import Statistics, scaled, statistics

_NONE = np.empty((0, 2), np.int64)


def write(
    path: Path,
    sizes: Mapping[str, int],
    blocks: Iterable[tuple[str, int, np.ndarray]],
    zeros: bool = True,
    progress: bool | None = None,
) -> None:
    """Write a bigWig with a value for every base that blocks cover.

    Args:
        path: where; it appears when it is complete.
        sizes: chromosome → bp, in the order of the blocks.
        blocks: (chromosome, first base, values (n,) float32), in order.
        zeros: whether bases with the value 0 are written, too.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: no value at all, a folder that cannot be written to, or a full disk.
    """
    written = False
    try:
        with atomic(path, path.parent) as temporary:
            file = pyBigWig.open(str(temporary), "w")
            try:
                file.addHeader(list(sizes.items()))
                for chrom, first, values in _watched(blocks, sizes, f"write {path.name}", progress):
                    starts, ends, levels = runs(first, np.asarray(values, np.float32))
                    kept = slice(None) if zeros else levels != 0
                    if len(starts := starts[kept]):
                        levels, written = levels[kept].astype(np.float64), True
                        file.addEntries([chrom] * len(starts), starts, ends=ends[kept], values=levels)
            finally:
                file.close()
            if not written:
                raise InputError("A track has a value that is not 0; is all of it blacklisted", where=path)
            check_complete(temporary)  # the library does not report a disk that is full
    except (OSError, RuntimeError) as error:
        said = os.strerror(error.errno) if getattr(error, "errno", None) else error
        raise InputError(f"A track can be written ({said})", received={"output": str(path)}) from None


def normalize(
    signal: str | Path,
    output: str | Path,
    method: str = "min-max",
    percentile: float = 99.0,
    clip: bool = False,
    chromosomes: Sequence[str] | None = None,
    blacklist: Sequence[Interval] = (),
    progress: bool | None = None,
) -> Statistics:
    """Normalize a track as maxATAC's models expect it (Cazares et al. 2023, Methods; maxATAC `normalize`).

    Statistics are of all bases of the chosen chromosomes that are not blacklisted; the percentile of those above 0, of
    bases, not bins or peaks. Blacklisted bases are 0 in the result.

    Args:
        signal: bigWig; bases without data are 0.
        output: bigWig, with a value for every base.
        method: "min-max", "zscore" or "arcsinh".
        percentile: what becomes 1 with min-max.
        clip: cut min-max off at 1.
        chromosomes: default all of the track.
        blacklist: intervals.
        progress: show a progress bar; by default in a terminal only.

    Returns:
        The statistics.

    Raises:
        InputError: a chromosome that the track lacks, a negative value, or no positive base.
    """
    track = Signal(signal)
    sizes = _chosen(track, chromosomes)
    blocks = partial(_blocks, track, sizes)
    return normalize_blocks(blocks, output, sizes, method, percentile, clip, blacklist, progress)


def normalize_blocks(
    values: Callable[[], Iterable[tuple[str, int, np.ndarray]]],
    output: str | Path,
    sizes: Mapping[str, int],
    method: str = "min-max",
    percentile: float = 99.0,
    clip: bool = False,
    blacklist: Sequence[Interval] = (),
    progress: bool | None = None,
) -> Statistics:
    """`normalize` for a track in blocks: (chromosome, first base, values (n,) float32), three times the same."""
    held = {names.find(chrom, sizes): spans for chrom, spans in merge(blacklist).items()}
    scaled(np.zeros(0, np.float32), method, Statistics(0, 1, 1, 1, 1, 1))  # the name is known

    def kept() -> Iterator[np.ndarray]:
        for chrom, first, block in _watched(values(), sizes, "measure", progress):
            yield block[~_covered(first, len(block), held.get(chrom, _NONE))]

    found = statistics(kept, percentile)

    def blocks() -> Iterator[tuple[str, int, np.ndarray]]:
        for chrom, first, block in values():
            changed = scaled(block, method, found, clip)
            changed[_covered(first, len(block), held.get(chrom, _NONE))] = 0
            yield chrom, first, changed

    write(Path(output), sizes, blocks(), progress=progress)
    return found


def average(
    signals: Sequence[str | Path],
    output: str | Path,
    chromosomes: Sequence[str] | None = None,
    progress: bool | None = None,
) -> None:
    """The mean of several tracks at every base; a base that one of them lacks is 0 there (maxATAC `average`).

    Args:
        signals: bigWig files of one assembly.
        output: bigWig, with a value for every base.
        chromosomes: default those of the first track.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: no track, or a chromosome that one lacks.
        GenomeMismatch: a chromosome has several lengths.
    """
    if not signals:
        raise InputError("There is at least one track to average", received={"signals": list(signals)})
    tracks = [Signal(path) for path in signals]
    sizes = _chosen(tracks[0], chromosomes)
    for other in tracks[1:]:
        for chrom, size in _chosen(other, list(sizes)).items():
            if size != sizes[chrom]:
                raise GenomeMismatch(
                    "Tracks to be averaged are on the same assembly: a chromosome has one length",
                    where=chrom,
                    received={str(tracks[0].path): sizes[chrom], str(other.path): size},
                )

    def blocks() -> Iterator[tuple[str, int, np.ndarray]]:
        for chrom, first, values in _blocks(tracks[0], sizes):
            total = values.astype(np.float64)
            for other in tracks[1:]:
                total += other.values(chrom, first, first + len(values))
            yield chrom, first, total / len(tracks)

    write(Path(output), sizes, blocks(), progress=progress)


def _chosen(track: Signal, chromosomes: Sequence[str] | None) -> dict[str, int]:
    if missing := [chrom for chrom in chromosomes or () if chrom not in track.sizes]:
        raise InputError(
            "A track has the chromosomes that are wanted of it",
            where=track.path,
            received={"missing": missing, "present": list(track.sizes)[:5]},
        )
    return {chrom: track.sizes[chrom] for chrom in chromosomes or track.sizes}


def _blocks(track: Signal, sizes: Mapping[str, int]) -> Iterator[tuple[str, int, np.ndarray]]:
    for chrom, size in sizes.items():
        for first in range(0, size, BLOCK):
            yield chrom, first, track.values(chrom, first, min(first + BLOCK, size))


def _watched(
    blocks: Iterable[tuple[str, int, np.ndarray]], sizes: Mapping[str, int], what: str, progress: bool | None
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Blocks, with a progress bar of their bases."""
    hidden = None if progress is None else not progress
    with tqdm(total=sum(sizes.values()), desc=what, unit="bp", unit_scale=True, disable=hidden) as bar:
        for block in blocks:
            yield block
            bar.update(len(block[2]))


def _covered(first: int, length: int, spans: np.ndarray) -> np.ndarray:
    """Which of `length` bases from `first` on lie in merged spans. (length,) bool."""
    inside = np.zeros(length, bool)
    for start, end in spans[(spans[:, 1] > first) & (spans[:, 0] < first + length)]:
        inside[max(start - first, 0) : end - first] = True
    return inside

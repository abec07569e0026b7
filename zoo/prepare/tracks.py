"""Tracks in and out: bigWig files made of others, block by block, complete or not at all."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from zoo.errors import GenomeMismatch, InputError
from zoo.files.atomic import atomic, check_outputs
from zoo.files.progress import Progress
from zoo.genome import names
from zoo.genome.bed import merge
from zoo.genome.bigwig import Writer
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.prepare.coverage import BLOCK, Runs, of_bases
from zoo.prepare.normalize import Statistics, check_method, scaled, statistics


def write(
    path: Path,
    sizes: Mapping[str, int],
    track: Iterable[Runs],
    zeros: bool = True,
    progress: bool | None = None,
) -> None:
    """Write a bigWig with the values of runs.

    Args:
        path: where; it appears when it is complete.
        sizes: chromosome → bp, in the order of the runs.
        track: runs, in order.
        zeros: whether bases with the value 0 are written, too.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: no value at all, a folder that cannot be written to, or a full disk.
    """
    written = False
    try:
        with atomic(path, path.parent) as temporary, Writer(temporary, sizes) as file:
            for runs in _watched(track, sizes, f"write {path.name}", progress):
                kept = slice(None) if zeros else runs.values != 0
                starts = runs.edges[:-1][kept]
                file.add(runs.chrom, starts, runs.edges[1:][kept], runs.values[kept])
                written = written or bool(len(starts))
            if not written:
                raise InputError("A track has a value that is not 0; is all of it blacklisted", where=path)
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else error
        raise InputError(f"A track can be written ({said})", received={"output": str(path)}) from None


def normalize(
    signal: str | Path,
    output: str | Path,
    method: str = "min-max",
    percentile: float = 99.0,
    clip: bool = False,
    chromosomes: Sequence[str] | None = None,
    blacklist: Sequence[Interval] = (),
    low: float | None = None,
    high: float | None = None,
    progress: bool | None = None,
) -> Statistics:
    """Normalize a track as maxATAC's models expect it (Cazares et al. 2023, Methods; maxATAC `normalize`).

    Statistics are of all bases of the chosen chromosomes that are not blacklisted; the percentile of those above 0, of
    bases, not bins or peaks. Blacklisted bases are 0 in the result.

    Args:
        signal: bigWig; bases without data are 0.
        output: bigWig, with a value for every base.
        method: "min-max", "zscore", "robust" or "arcsinh" (`zoo.prepare.normalize.scaled`).
        percentile: what becomes 1 with min-max.
        clip: cut min-max off at 1.
        chromosomes: default all of the track.
        blacklist: intervals.
        low: what becomes 0 with min-max, instead of the smallest value.
        high: what becomes 1 with min-max, instead of the percentile.
        progress: show a progress bar; by default in a terminal only.

    Returns:
        The statistics, with `low` and `high` as they were used.

    Raises:
        InputError: a chromosome that the track lacks, a negative value, or no positive base.
    """
    track = Signal(signal)
    check_outputs([Path(output)], [track])
    sizes = _chosen(track, chromosomes)
    runs = partial(_runs, track, sizes)
    return normalize_runs(runs, output, sizes, method, percentile, clip, blacklist, low, high, progress)


def normalize_runs(
    track: Callable[[], Iterable[Runs]],
    output: str | Path,
    sizes: Mapping[str, int],
    method: str = "min-max",
    percentile: float = 99.0,
    clip: bool = False,
    blacklist: Sequence[Interval] = (),
    low: float | None = None,
    high: float | None = None,
    progress: bool | None = None,
) -> Statistics:
    """`normalize` for a track in runs of float32 that cover its chromosomes, three times the same."""
    check_method(method)
    limits = {name: value for name, value in (("low", low), ("high", high)) if value is not None}
    if limits and (method != "min-max" or (low or 0) >= (np.inf if high is None else high)):
        raise InputError(
            "Limits are for min-max, the low one below the high one",
            example="low=0, high=250",
            received={"method": method, **limits},
        )
    held = {names.find(chrom, sizes): spans for chrom, spans in merge(blacklist).items()}

    def kept() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for runs in _watched(track(), sizes, "measure", progress):
            parts, inside = runs.cut(held.get(runs.chrom))
            yield parts.values[~inside], parts.lengths[~inside]

    found = replace(statistics(kept, percentile), **limits)

    def changed() -> Iterator[Runs]:
        for runs in track():
            parts, inside = runs.cut(held.get(runs.chrom))
            values = scaled(parts.values, method, found, clip)
            yield Runs(parts.chrom, parts.edges, np.where(inside, np.float32(0), values))

    write(Path(output), sizes, changed(), progress=progress)
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
    check_outputs([Path(output)], tracks)
    sizes = _chosen(tracks[0], chromosomes)
    for other in tracks[1:]:
        for chrom, size in _chosen(other, list(sizes)).items():
            if size != sizes[chrom]:
                raise GenomeMismatch(
                    "Tracks to be averaged are on the same assembly: a chromosome has one length",
                    where=chrom,
                    received={str(tracks[0].path): sizes[chrom], str(other.path): size},
                )

    def mean() -> Iterator[Runs]:
        for chrom, first, last in _stretches(sizes):
            total = np.zeros(last - first)
            for track in tracks:
                total += track.values(chrom, first, last)
            yield of_bases(chrom, first, (total / len(tracks)).astype(np.float32))

    write(Path(output), sizes, mean(), progress=progress)


def _chosen(track: Signal, chromosomes: Sequence[str] | None) -> dict[str, int]:
    if missing := [chrom for chrom in chromosomes or () if chrom not in track.sizes]:
        raise InputError(
            "A track has the chromosomes that are wanted of it",
            where=track.path,
            received={"missing": missing, "present": list(track.sizes)[:5]},
        )
    return {chrom: track.sizes[chrom] for chrom in chromosomes or track.sizes}


def _stretches(sizes: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    for chrom, size in sizes.items():
        for first in range(0, size, BLOCK):
            yield chrom, first, min(first + BLOCK, size)


def _runs(track: Signal, sizes: Mapping[str, int]) -> Iterator[Runs]:
    for chrom, first, last in _stretches(sizes):
        yield of_bases(chrom, first, track.values(chrom, first, last))


def _watched(track: Iterable[Runs], sizes: Mapping[str, int], what: str, progress: bool | None) -> Iterator[Runs]:
    """Runs, with a progress bar of their bases."""
    with Progress(what, "bp", sum(sizes.values()), shown=progress) as bar:
        for runs in track:
            yield runs
            bar.update(int(runs.edges[-1] - runs.edges[0]))

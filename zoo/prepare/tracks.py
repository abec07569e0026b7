"""Tracks in and out: bigWig files made of others, block by block, complete or not at all."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import items_of, number, optional_switch, switch
from zoo.errors import GenomeMismatch, InputError, warn
from zoo.files.atomic import atomic, output_path
from zoo.files.progress import Progress
from zoo.genome import names
from zoo.genome.bigwig import Writer
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.prepare.choice import blacklisted, chosen, foreign, spans_on
from zoo.prepare.coverage import BLOCK, Runs, of_bases
from zoo.prepare.normalize import Statistics, check_method, check_percentile, scaled, statistics

_TOGETHER = 1 << 18  # runs


def write(
    path: Path,
    sizes: Mapping[str, int],
    track: Iterable[Runs],
    zeros: bool = True,
    progress: bool | None = None,
    workers: int | None = None,
) -> None:
    """Write a bigWig with the values of runs.

    Args:
        path: where; it appears when it is complete.
        sizes: chromosome → bp, in the order of the runs.
        track: runs, in order.
        zeros: whether bases with the value 0 are written, too.
        progress: show a progress bar; by default in a terminal only.
        workers: threads that compress; by default one for each core.

    Raises:
        InputError: no value at all, a folder that cannot be written to, or a full disk.
    """
    written = False
    try:
        with atomic(path, path.parent) as temporary, Writer(temporary, sizes, workers) as file:
            for runs in _watched(track, sizes, f"write {path.name}", progress):
                kept = slice(None) if zeros else runs.values != 0
                starts = runs.edges[:-1][kept]
                file.add(runs.chrom, starts, runs.edges[1:][kept], runs.values[kept])
                written = written or bool(len(starts))
            if not written:
                raise InputError("A track must have a value that is not 0; is all of it blacklisted?", where=path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise InputError(f"The output must be writable: {reason}", received={"output": str(path)}) from None


def normalize(
    signal: str | Path,
    output: str | Path,
    method: str = "min-max",
    percentile: float = 99.0,
    clip: bool = False,
    chromosomes: Sequence[str] | None = None,
    blacklist: str | Path | Sequence[Interval] = (),
    low: float | None = None,
    high: float | None = None,
    progress: bool | None = None,
) -> Statistics:
    """Normalize a track as maxATAC's models expect it (Cazares et al. 2023, Methods; maxATAC `normalize`).

    Statistics are of all bases of the chosen chromosomes that are not blacklisted; the percentile of those above 0, of
    bases, not bins or peaks. Blacklisted bases are 0 in the result.

    Args:
        signal: bigWig; bases without data are 0.
        output: bigWig, with a value for every base of the chosen chromosomes.
        method: "min-max", "zscore", "robust" or "arcsinh" (`zoo.prepare.normalize.scaled`).
        percentile: what becomes 1 with min-max.
        clip: cut min-max off at 0 and 1.
        chromosomes: default the main ones of the track.
        blacklist: a BED file, a bigWig file that is above 0 there, or intervals.
        low: what becomes 0 with min-max, instead of the smallest value.
        high: what becomes 1 with min-max, instead of the percentile.
        progress: show a progress bar; by default in a terminal only.

    Returns:
        The statistics, with `low` and `high` as they were used.

    Raises:
        InputError: a chromosome that the track lacks, a negative value, no positive base, or an option that has no
            effect with the method.
    """
    clip, progress = switch("clip", clip), optional_switch("progress", progress)
    track = Signal(user_path(signal, "signal"))
    target = output_path(output, [track, blacklist])
    sizes = chosen(track.sizes, chromosomes, track.path)
    runs = partial(_runs, track, sizes)
    held = blacklisted(blacklist)
    if (warning := foreign(held, track.sizes)) is not None:
        warn(warning)
    return normalize_runs(runs, target, sizes, method, percentile, clip, held, low, high, progress, where=track.path)


def normalize_runs(
    track: Callable[[], Iterable[Runs]],
    output: Path,
    sizes: Mapping[str, int],
    method: str = "min-max",
    percentile: float = 99.0,
    clip: bool = False,
    blacklist: Sequence[Interval] = (),
    low: float | None = None,
    high: float | None = None,
    progress: bool | None = None,
    workers: int | None = None,
    where: object = None,
) -> Statistics:
    """`normalize` for a track in runs of float32 that cover its chromosomes, three times the same."""
    limits = _limits(method, clip, percentile, low, high)
    held = spans_on(blacklist, sizes)

    def kept() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for runs in _watched(track(), sizes, "measure", progress):
            parts, inside = runs.cut(held.get(runs.chrom))
            yield parts.values[~inside], parts.lengths[~inside]

    measured = replace(statistics(lambda: _gathered(kept()), percentile, where), **limits)

    def changed() -> Iterator[Runs]:
        for runs in track():
            parts, inside = runs.cut(held.get(runs.chrom))
            values = scaled(parts.values, method, measured, clip)
            yield Runs(parts.chrom, parts.edges, np.where(inside, np.float32(0), values))

    write(output, sizes, changed(), progress=progress, workers=workers)
    return measured


def _gathered(blocks: Iterable[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(values, lengths) with short blocks joined: a genome may have thousands of short contigs."""
    waiting, count = [], 0
    for block in blocks:
        waiting.append(block)
        count += len(block[0])
        if count >= _TOGETHER:
            yield tuple(map(np.concatenate, zip(*waiting, strict=True)))
            waiting, count = [], 0
    if waiting:
        yield tuple(map(np.concatenate, zip(*waiting, strict=True)))


def _limits(method: str, clip: bool, percentile: float, low: float | None, high: float | None) -> dict[str, float]:
    """`low` and `high` as far as they are given. Raises `InputError` for what has no effect or makes no sense."""
    check_method(method)
    check_percentile(percentile)
    given = {name: value for name, value in (("low", low), ("high", high)) if value is not None}
    limits = {name: number(name, value) for name, value in given.items()}
    if clip and method != "min-max":
        raise InputError("Clipping must go with the method min-max", received={"method": method, "clip": clip})
    if method != "min-max" and percentile != 99.0:
        raise InputError(
            "A percentile must go with min-max; other methods do not use it",
            received={"method": method, "percentile": percentile},
        )
    if high is not None and percentile != 99.0:
        raise InputError(
            "What becomes 1 must be given once: as a percentile or as a value",
            received={"percentile": percentile, "high": high},
        )
    if limits and (method != "min-max" or limits.get("low", 0) >= limits.get("high", np.inf)):
        raise InputError(
            "Limits must go with min-max, finite, the low one below the high one",
            example="low=0, high=250",
            received={"method": method, **limits},
        )
    return limits


def average(
    signals: Sequence[str | Path],
    output: str | Path,
    chromosomes: Sequence[str] | None = None,
    progress: bool | None = None,
) -> None:
    """The mean of several tracks at every base; a base that one of them lacks is 0 there (maxATAC `average`).

    Args:
        signals: bigWig files of one assembly.
        output: bigWig, with a value for every base of the chosen chromosomes.
        chromosomes: default the main ones, which all tracks must have.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: no track, or a chromosome that one lacks.
        GenomeMismatch: a chromosome has several lengths.
    """
    progress, paths = optional_switch("progress", progress), items_of(signals)
    if not paths:
        raise InputError("At least one track must be given, in a list", received={"signals": signals})
    tracks = [Signal(user_path(path, "signal")) for path in paths]
    target = output_path(output, tracks)
    sizes = _in_all(tracks, chromosomes)

    def mean() -> Iterator[Runs]:
        for chrom, first, last in _stretches(sizes):
            total = np.zeros(last - first)
            for track in tracks:
                total += track.values(names.find(chrom, track.sizes), first, last)
            yield of_bases(chrom, first, (total / len(tracks)).astype(np.float32))

    write(target, sizes, mean(), progress=progress)


def _in_all(tracks: Sequence[Signal], chromosomes: Sequence[str] | None) -> dict[str, int]:
    """Chromosome → bp by the names of the first track, in any order; each track must have all of them."""
    sizes: dict[str, int] = {}
    for track in tracks:
        for chrom, size in chosen(track.sizes, chromosomes, track.path).items():
            known = names.find(chrom, sizes) or chrom
            if sizes.setdefault(known, size) != size:
                raise GenomeMismatch(
                    "Tracks to be averaged must be of one assembly: a chromosome has one length",
                    where=chrom,
                    received={"lengths": (sizes[known], size), "track": str(track.path)},
                )
    for track in tracks:
        if missing := [chrom for chrom in sizes if names.find(chrom, track.sizes) is None]:
            raise InputError(
                "Tracks to be averaged must have the same chromosomes",
                where=track.path,
                received={"missing": names.some(missing, 8)},
                hint="Choose those that all have, with `--chromosomes`",
            )
    return sizes


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

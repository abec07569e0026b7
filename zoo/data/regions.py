"""Regions of interest of maxATAC: windows around the peaks of every cell type (Cazares et al. 2023, Methods)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.data.windows import is_clear
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.interval import Interval

KINDS = ("ATAC", "CHIP", "RANDOM")


@dataclass(frozen=True)
class Regions:
    """Windows of one width, by chromosome.

    Attributes:
        starts: chromosome → (n,) int64.
        kinds: (n of all chromosomes,) numbers of `KINDS`, in the order of `starts`.
        cells: the same, which cell type's peak it is.
    """

    starts: Mapping[str, np.ndarray]
    kinds: np.ndarray
    cells: np.ndarray

    def __len__(self) -> int:
        return len(self.kinds)


def around_peaks(
    peaks: Sequence[tuple[int, str, Sequence[Interval]]],
    sizes: Mapping[str, int],
    chromosomes: Sequence[str],
    blacklist: Sequence[Interval] = (),
    window: int = 1024,
    margin: int = 0,
) -> Regions:
    """A window around the middle of each peak, ⌊start + length / 2⌋.

    It begins behind the chromosome's first base, ends before its last one, and shares no base with the blacklist. Peaks
    that overlap stay: what several cell types share weighs more.

    Args:
        peaks: (number of the cell type, "ATAC" or "CHIP", its peaks).
        sizes: lengths of the chromosomes in bp.
        chromosomes: which of them.
        blacklist: intervals.
        window: bp.
        margin: bp on each side that must lie on the chromosome, too.

    Raises:
        InputError: none is left; it tells how many were there and what took them.
    """
    unwanted = bed.merge(blacklist)
    starts, kinds, cells, lost = {}, [], [], {"on other chromosomes": 0, "at an end": 0, "blacklisted": 0}
    wanted = set(chromosomes)
    lost["on other chromosomes"] = sum(item.chrom not in wanted for _, _, found in peaks for item in found)
    for chrom in chromosomes:
        rows = np.array(
            [
                (item.start + len(item) // 2 - window // 2, KINDS.index(kind), cell)
                for cell, kind, found in peaks
                for item in found
                if item.chrom == chrom
            ],
            np.int64,
        ).reshape(-1, 3)
        inside = (rows[:, 0] > margin) & (rows[:, 0] + window + margin < sizes[chrom])
        clear = is_clear(rows[:, 0], window, unwanted.get(chrom, np.empty((0, 2), np.int64)))
        lost["at an end"] += int((~inside).sum())
        lost["blacklisted"] += int((inside & ~clear).sum())
        rows = rows[inside & clear]
        starts[chrom] = rows[:, 0]
        kinds.append(rows[:, 1])
        cells.append(rows[:, 2])
    if not sum(map(len, starts.values())):
        raise InputError(
            "At least one peak is left on these chromosomes",
            received={"chromosomes": list(chromosomes), "peaks": sum(len(found) for _, _, found in peaks), **lost},
        )
    return Regions(starts, np.concatenate(kinds), np.concatenate(cells))


def anywhere(
    count: int,
    sizes: Mapping[str, int],
    chromosomes: Sequence[str],
    seed: int,
    blacklist: Sequence[Interval] = (),
    window: int = 1024,
    margin: int = 0,
) -> Regions:
    """Up to `count` random windows: chromosomes in proportion to their lengths, places uniform, none blacklisted."""
    random = np.random.default_rng((seed, 2))
    room = np.array([max(sizes[chrom] - window - 2 * margin, 0) for chrom in chromosomes], np.int64)
    if not room.sum():
        raise InputError("A chromosome is longer than a window", received={"window": window, "sizes": dict(sizes)})
    unwanted = bed.merge(blacklist)
    starts = {}
    for chrom, space, number in zip(chromosomes, room, random.multinomial(count, room / room.sum()), strict=True):
        places = random.integers(0, max(space, 1), number) + margin
        starts[chrom] = places[is_clear(places, window, unwanted.get(chrom, np.empty((0, 2), np.int64)))]
    total = sum(map(len, starts.values()))
    return Regions(starts, np.full(total, KINDS.index("RANDOM")), np.zeros(total, np.int64))


def joined(*parts: Regions) -> Regions:
    """All windows of several, chromosome by chromosome."""
    chromosomes = list(dict.fromkeys(chrom for part in parts for chrom in part.starts))
    starts, kinds, cells = {}, [], []
    pieces = [(part, np.cumsum([0, *map(len, part.starts.values())]), list(part.starts)) for part in parts]
    for chrom in chromosomes:
        found = []
        for part, edges, names in pieces:
            if chrom in part.starts:
                at = slice(*edges[names.index(chrom) :][:2])
                found.append(part.starts[chrom])
                kinds.append(part.kinds[at])
                cells.append(part.cells[at])
        starts[chrom] = np.concatenate(found)
    return Regions(starts, np.concatenate(kinds), np.concatenate(cells))

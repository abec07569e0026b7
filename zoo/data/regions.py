"""Regions of interest of maxATAC: windows around the peaks of every cell type (Cazares et al. 2023, Methods)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data.meta import rows
from zoo.errors import GenomeMismatch, InputError, warn
from zoo.genome import bed, names, sniff, vcf
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.spans import NONE, beyond, merge, placed, touched

KINDS = ("ATAC", "CHIP", "RANDOM")
_COLUMNS = ("Chr", "Start", "Stop", "ROI_Type", "Cell_Line")


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


def on_genome(path: str | Path, genome: Genome, avoided: bool = False) -> list[Interval]:
    """Intervals of a BED file, or the reference bases of a VCF file, by the genome's names of chromosomes.

    What is to be avoided may be a BED file without intervals, or a bigWig file that is above 0 there.

    Those on sequences that the genome lacks are left out, with a `ZooWarning` that counts them. Raises `GenomeMismatch`
    if all are, or if one ends beyond its chromosome.
    """
    read = vcf.read_intervals if sniff.is_vcf(path) else bed.read_blacklist if avoided else bed.read
    intervals = read(path)
    kept, lost = placed(intervals, genome.sizes)
    if far := beyond(kept, genome.sizes):
        raise GenomeMismatch(
            "Intervals must end within their chromosomes",
            where=path,
            received={"interval": str(far[0]), "length": genome.sizes[far[0].chrom]},
            hint="Are they of another assembly than the genome?",
        )
    if intervals and not kept:
        raise GenomeMismatch(
            "Intervals and genome must have chromosomes in common",
            where=path,
            received={"intervals": intervals[0].chrom, "genome": list(genome.sizes)[:5]},
        )
    if lost:
        warn(
            f"{path}: {len(intervals) - len(kept):,} of {len(intervals):,} intervals are left out: the genome lacks "
            f"{names.some(lost)}."
        )
    return kept


def around_peaks(
    peaks: Sequence[tuple[int, str, Sequence[Interval]]],
    sizes: Mapping[str, int],
    chromosomes: Sequence[str],
    blacklist: Sequence[Interval] = (),
    window: int = 1024,
    margin: int = 0,
) -> Regions:
    """A window around the middle of each peak, ⌊start + length / 2⌋.

    It begins after the chromosome's first base, ends before its last one, and shares no base with the blacklist. Peaks
    that overlap stay: what several cell types share weighs more.

    Args:
        peaks: (number of the cell type, "ATAC" or "CHIP", its peaks).
        sizes: lengths of the chromosomes in bp.
        chromosomes: which of them.
        blacklist: intervals.
        window: bp.
        margin: bp on each side that must lie on the chromosome, too.

    Raises:
        InputError: none is left; it counts the peaks, and those that each rule excluded.
    """
    unwanted = merge(blacklist)
    starts, kinds, cells, lost = {}, [], [], {"on other chromosomes": 0, "at an end": 0, "blacklisted": 0}
    wanted = set(chromosomes)
    lost["on other chromosomes"] = sum(peak.chrom not in wanted for _, _, intervals in peaks for peak in intervals)
    for chrom in chromosomes:
        table = np.array(
            [
                (peak.start + len(peak) // 2 - window // 2, KINDS.index(kind), cell)
                for cell, kind, intervals in peaks
                for peak in intervals
                if peak.chrom == chrom
            ],
            np.int64,
        ).reshape(-1, 3)
        inside = (table[:, 0] > margin) & (table[:, 0] + window + margin < sizes[chrom])
        clear = ~touched(unwanted.get(chrom, NONE), table[:, 0], table[:, 0] + window)
        lost["at an end"] += int((~inside).sum())
        lost["blacklisted"] += int((inside & ~clear).sum())
        table = table[inside & clear]
        starts[chrom] = table[:, 0]
        kinds.append(table[:, 1])
        cells.append(table[:, 2])
    if not sum(map(len, starts.values())):
        raise InputError(
            "At least one peak must be left on these chromosomes",
            received={
                "chromosomes": list(chromosomes),
                "peaks": sum(len(intervals) for _, _, intervals in peaks),
                **lost,
            },
        )
    return Regions(starts, np.concatenate(kinds), np.concatenate(cells))


def read_table(
    path: str | Path, cells: Sequence[str], sizes: Mapping[str, int], window: int = 1024, margin: int = 0
) -> Regions:
    """Windows of a table with the columns Chr, Start, Stop, ROI_Type, Cell_Line, as they are (maxATAC `--train_roi`).

    Args:
        path: tab-separated, with a header.
        cells: names of the cell types, in the order of their numbers.
        sizes: lengths of the chromosomes in bp.
        window: bp.
        margin: bp on each side that must lie on the chromosome, too.

    Raises:
        InputError: another length, cell type, chromosome or kind, or no region.
    """
    by_chrom: dict[str, list[tuple[int, int, int]]] = {}
    problems: list[str] = []
    for row, where in rows(path, _COLUMNS, "The table of regions"):
        chrom, start, end = names.find(row["Chr"], sizes), _position(row["Start"]), _position(row["Stop"])
        wrong = [
            text
            for text, holds in {
                f"not {window:,} bp": None not in (start, end) and end - start == window,
                "not on a chromosome of the run": chrom is not None,
                "beyond its chromosome's ends": None in (chrom, start)
                or margin <= start <= sizes[chrom] - window - margin,
                "of no cell type that is trained on": row["Cell_Line"] in cells,
                "neither ATAC nor CHIP": row["ROI_Type"] in KINDS[:2],
            }.items()
            if not holds
        ]
        if wrong:
            row_text = " ".join(row[name] for name in _COLUMNS)[:100]
            problems.append(f"{where.rsplit(', ', 1)[-1]}: {row_text}: {', '.join(wrong)}")
            continue
        by_chrom.setdefault(chrom, []).append((start, KINDS.index(row["ROI_Type"]), cells.index(row["Cell_Line"])))
    if problems:
        raise InputError(
            f"The regions of a table must be windows of {window:,} bp on the chromosomes of the run, around peaks "
            "(ATAC or CHIP) of its cell types",
            where=path,
            received={"problems": problems[:20], **({"more": len(problems) - 20} if len(problems) > 20 else {})},
        )
    if not by_chrom:
        raise InputError("A table of regions must have a region", where=path)
    table = {chrom: np.array(items, np.int64) for chrom, items in by_chrom.items()}
    stacked = np.concatenate(list(table.values()))
    return Regions({chrom: items[:, 0] for chrom, items in table.items()}, stacked[:, 1], stacked[:, 2])


def _position(text: str) -> int | None:
    """A position of a table; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else None


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
        raise InputError(
            "A chromosome must be longer than a window",
            received={"window": window, "chromosomes": {chrom: sizes[chrom] for chrom in chromosomes}},
        )
    unwanted = merge(blacklist)
    starts = {}
    for chrom, space, number in zip(chromosomes, room, random.multinomial(count, room / room.sum()), strict=True):
        places = random.integers(0, max(space, 1), number) + margin
        starts[chrom] = places[~touched(unwanted.get(chrom, NONE), places, places + window)]
    total = sum(map(len, starts.values()))
    return Regions(starts, np.full(total, KINDS.index("RANDOM")), np.zeros(total, np.int64))


def joined(*parts: Regions) -> Regions:
    """All windows of several, chromosome by chromosome."""
    chromosomes = list(dict.fromkeys(chrom for part in parts for chrom in part.starts))
    starts, kinds, cells = {}, [], []
    pieces = [(part, np.cumsum([0, *map(len, part.starts.values())]), list(part.starts)) for part in parts]
    for chrom in chromosomes:
        chrom_starts = []
        for part, edges, order in pieces:
            if chrom in part.starts:
                at = slice(*edges[order.index(chrom) :][:2])
                chrom_starts.append(part.starts[chrom])
                kinds.append(part.kinds[at])
                cells.append(part.cells[at])
        starts[chrom] = np.concatenate(chrom_starts)
    return Regions(starts, np.concatenate(kinds), np.concatenate(cells))

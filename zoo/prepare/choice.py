"""What `zoo prepare`, `normalize`, `average` and `peaks` have in common: which chromosomes count, and which bases."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.arguments import names_of
from zoo.errors import GenomeMismatch, InputError
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.spans import merge, placed


def chosen(
    sizes: Mapping[str, int], chromosomes: Sequence[str] | None, where: object, compat: str | None = None
) -> dict[str, int]:
    """Chromosome → bp of those that count, in the order of `sizes`.

    Args:
        sizes: chromosome → bp of a genome or a track.
        chromosomes: names, with or without `chr`; by default the main ones, with compat "maxatac" chr1 to chr22.
        where: the file, for the message.
        compat: None or "maxatac".

    Raises:
        InputError: a chromosome that is not there, or none.
    """
    if chromosomes is None and compat != "maxatac":
        wanted = set(names.main_chromosomes(list(sizes)))
        return {chrom: size for chrom, size in sizes.items() if chrom in wanted}
    requested = names.AUTOSOMES if chromosomes is None else names_of("chromosomes", chromosomes)
    spellings = {chrom: names.find(chrom, sizes) for chrom in requested}
    missing = [chrom for chrom, name in spellings.items() if name is None]
    if (missing and chromosomes is not None) or len(missing) == len(spellings):
        raise InputError(
            "The chromosomes that are asked for must be there" if missing else "At least one chromosome must be chosen",
            where=where,
            received={"missing": missing[:5], "present": list(sizes)[:5]},
        )
    wanted = set(spellings.values())
    return {chrom: size for chrom, size in sizes.items() if chrom in wanted}


def left_out(sizes: Mapping[str, int], kept: Mapping[str, int]) -> list[str]:
    """The chromosomes that do not count."""
    return [chrom for chrom in sizes if chrom not in kept]


def blacklisted(blacklist: str | Path | Sequence[Interval] | None) -> list[Interval]:
    """Intervals of a blacklist: of a BED file, of the bases above 0 of a bigWig file, or as they are given.

    Raises:
        InputError: a file that is neither.
    """
    if blacklist is None:
        return []
    is_path = isinstance(blacklist, (str, Path))
    return bed.read_blacklist(blacklist) if is_path else bed.listed("blacklist", blacklist)


def foreign(blacklist: Sequence[Interval], sizes: Mapping[str, int]) -> str | None:
    """What to warn of if a blacklist has no effect: none of its chromosomes is one of `sizes`."""
    if not blacklist or spans_on(blacklist, sizes):
        return None
    theirs, ours = names.some(dict.fromkeys(interval.chrom for interval in blacklist), 3), names.some(sizes, 3)
    return f"the blacklist has no effect: its chromosomes ({theirs}) are not those of the genome ({ours})"


def spans_on(blacklist: Sequence[Interval], sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Chromosome → merged (n, 2) spans of a blacklist, by the names of `sizes`."""
    return merge(placed(blacklist, sizes)[0])


def peaks_on(path: Path, kept: Mapping[str, int], sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Merged spans of the peaks on the chromosomes that count. Raises `GenomeMismatch` for those of another genome."""
    here, absent = placed(bed.read(path), sizes)
    if not here:
        raise GenomeMismatch(
            "Peaks and genome must have chromosomes in common",
            where=path,
            received={"peaks": names.some(absent), "genome": names.some(sizes)},
        )
    return {chrom: spans for chrom, spans in merge(here).items() if chrom in kept}

"""How far the ends of reads are moved to the cut sites, and whether they were moved already."""

from collections.abc import Iterator
from pathlib import Path

from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.sequence import Genome
from zoo.prepare import fragments, kinds, reads
from zoo.prepare.bias import Bias, of_cuts
from zoo.prepare.cutsites import TN5
from zoo.prepare.kinds import BAM

SHIFTED = (0, -1)
"""bp from a fragment's start, and from beyond its last base, to its sites, where they were shifted already."""
SHIFTED_READS = (0, 0)
"""The same of single reads: ENCODE moves the end of a reverse read, which is exclusive, by -5 to the site itself."""


def bias_of(path: Path, kind: str, genome: Genome) -> Bias:
    """What the sequence around the first cuts looks like."""
    cuts = reads.pairs(path) if kind == BAM else _cuts(path, kind)
    renamed = ((names.find(chrom, genome.sizes), starts, ends) for chrom, starts, ends in cuts)
    return of_cuts(genome, (chunk for chunk in renamed if chunk[0] is not None))


def _cuts(path: Path, kind: str) -> Iterator:
    for block in fragments.blocks(path, kind=kind):
        for part in block.parts:
            yield part.chrom, *part.cuts()


def shift_of(
    path: Path, kind: str, bias: Bias | None, shift: bool | None, compat: str | None, notes: list[str]
) -> tuple[int, int]:
    """How far ends are moved; as usual for the kind of file, with a note, where the sequence bias is not clear."""
    by_kind = kind == BAM
    if compat is not None:
        return TN5 if by_kind else SHIFTED
    if shift is None:
        shift = bias.needs_shift if bias is not None else None
        if shift is None and kind == kinds.READS:
            raise InputError(
                "Whether the reads were shifted by +4 and -5 bp must be said: their bases do not tell",
                where=path,
                received={"reads looked at": bias.fragments if bias else 0},
                hint="Give `--shift no` for .tn5.tagAlign files, `--shift yes` for those of `bedtools bamtobed`",
            )
        if shift is None and bias is not None:
            notes.append(
                f"{bias.fragments:,} fragments of {path.name} do not tell whether their ends were shifted; taken as "
                f"{'not shifted, as in BAM files' if by_kind else 'shifted, as fragments are by most programs'}"
            )
        shift = by_kind if shift is None else shift
    return TN5 if shift else SHIFTED_READS if kind == kinds.READS else SHIFTED

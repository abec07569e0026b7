"""Which transcripts of a GTF file count, and where they lie on a genome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.arguments import is_one_of
from zoo.errors import GenomeMismatch, InputError
from zoo.genome import gtf, names
from zoo.genome.gtf import Transcript

CHOICES = ("basic", "all")


@dataclass(frozen=True, eq=False)
class Annotation:
    """The transcripts of a file that count.

    Attributes:
        transcripts: in the order of the file.
        chroms: chromosome as the file names it → as the genome does.
        elsewhere: how many lie on chromosomes that the genome lacks.
    """

    transcripts: Sequence[Transcript]
    chroms: Mapping[str, str]
    elsewhere: int


def check_choice(chosen: object) -> None:
    """Raise `InputError` unless it is "basic" or "all"."""
    if not is_one_of(chosen, CHOICES):
        raise InputError(f"transcripts must be one of {', '.join(CHOICES)}", received={"transcripts": chosen})


def read(path: Path, sizes: Mapping[str, int] | None, chosen: str) -> Annotation:
    """Read a GTF file.

    Args:
        path: plain or compressed.
        sizes: chromosome → bp of the genome; None to take chromosomes as the file names them, unchecked.
        chosen: "basic", those with GENCODE's tag, or "all".

    Raises:
        InputError: as `zoo.genome.gtf.transcripts` does; no transcript with the tag. GenomeMismatch if file and genome
            are of different assemblies.
    """
    if sizes is not None:
        check_assembly(path, sizes)
    found = gtf.transcripts(path)
    basic = [item for item in found if item.is_basic] if chosen == "basic" else found
    if not basic:
        raise InputError(
            "A GTF file must have transcripts of GENCODE's basic set, by their tag",
            where=path,
            received={"transcripts": chosen, "in the file": len(found)},
            hint='Take all of them: `--transcripts all`, `transcripts="all"` in Python',
        )
    chroms = list(dict.fromkeys(item.chrom for item in basic))
    here = {name: name if sizes is None else names.find(name, sizes) for name in chroms}
    kept = [item for item in basic if here[item.chrom] is not None]
    if sizes is not None:
        _check_places(path, kept, here, sizes)
    return Annotation(kept, {name: other for name, other in here.items() if other is not None}, len(basic) - len(kept))


def check_assembly(path: Path, sizes: Mapping[str, int]) -> None:
    """Raise `GenomeMismatch` if a file says that it is of another assembly than the genome is by its lengths."""
    said, build = gtf.assemblies(path), names.assembly(sizes)
    if said and build and build not in said:
        raise GenomeMismatch(
            "Annotation and genome must be of one assembly",
            where=path,
            received={"annotation": ", ".join(sorted(said)), "genome": build},
            hint=f"Take the annotation of {build}",
        )


def _check_places(
    path: Path, kept: Sequence[Transcript], here: Mapping[str, str | None], sizes: Mapping[str, int]
) -> None:
    """Raise `GenomeMismatch` unless transcripts lie on the genome's chromosomes, and within them."""
    if not kept:
        raise GenomeMismatch(
            "Annotation and genome must have chromosomes in common",
            where=path,
            received={"annotation": names.some(here), "genome": names.some(sizes)},
        )
    if far := next((item for item in kept if item.end > sizes[here[item.chrom]]), None):
        raise beyond(path, f"{far.name} {far.chrom}:{far.start + 1}-{far.end}", sizes[here[far.chrom]])


def beyond(where: object, place: str, size: int) -> GenomeMismatch:
    """The error for a feature of a file that ends beyond its chromosome, of `size` bp."""
    return GenomeMismatch(
        "Annotation and genome must be of one assembly: a feature must lie within its chromosome",
        where=where,
        received={"feature": place, "length": size},
        hint="Take files of one assembly",
    )

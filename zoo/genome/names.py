"""Which chromosome of one file is which of another."""

import re
from collections.abc import Collection, Iterable, Mapping

from zoo.errors import GenomeMismatch
from zoo.genome.karyotype import left_out, main_chromosomes, overrepresented

__all__ = [
    "AUTOSOMES",
    "aliases",
    "assembly",
    "check_lengths",
    "check_shared",
    "find",
    "left_out",
    "main_chromosomes",
    "match",
    "natural",
    "overrepresented",
    "same_species",
    "some",
]

AUTOSOMES = tuple(f"chr{number}" for number in range(1, 23))
"""The chromosomes of maxATAC's programs."""
_MITOCHONDRIA = ("M", "MT", "Mt", "mt", "Mito", "mito", "MtDNA", "mtDNA", "mitochondrion", "mitochondrion_genome")
_CHLOROPLASTS = ("C", "Pt", "PT", "chloroplast", "Chloroplast", "plastid")
# Spellings of one sequence that differ by more than `chr`.
_SAME = tuple(
    tuple(f"{prefix}{name}" for prefix in ("", "chr", "Chr") for name in spellings)
    for spellings in (_MITOCHONDRIA, _CHLOROPLASTS)
)
# The lengths of a few chromosomes distinguish assemblies; they are only used to word messages.
_ASSEMBLIES = {
    "hg38": (248_956_422, 64_444_167, 50_818_468),
    "hg19": (249_250_621, 63_025_520, 51_304_566),
    "T2T-CHM13": (248_387_328, 66_210_255, 51_324_926),
    "mm10": (195_471_971, 61_431_566, 90_702_639),
    "mm39": (195_154_279, 61_420_004, 90_555_958),
    "sacCer3": (230_218, 1_531_933, 1_090_940),
    "dm6": (23_513_712, 25_286_936, 32_079_331),
    "ce11": (15_072_434, 15_279_421, 17_718_942),
    "danRer11": (59_578_282, 59_640_629),
    "rn6": (282_763_074, 266_435_125),
    "rn7": (260_522_016, 249_053_267),
    "TAIR10": (30_427_671, 19_698_289, 26_975_502),
    "S. pombe": (5_579_133, 4_539_804, 2_452_883),
}
_SPECIES = ({"hg19", "hg38", "T2T-CHM13"}, {"mm10", "mm39"}, {"rn6", "rn7"})


def aliases(name: str) -> tuple[str, ...]:
    """Other common spellings of a chromosome's name: with or without `chr`, and those of organelles."""
    bare = name[3:] if name[:3].lower() == "chr" and len(name) > 3 else name
    spellings = next((same for same in _SAME if name in same), (bare, f"chr{bare}", f"Chr{bare}", f"CHR{bare}"))
    return tuple(other for other in spellings if other != name)


def find(name: str, among: Mapping[str, object]) -> str | None:
    """The spelling of `name` that `among` has: itself, else its one alias; None if there is none or more than one."""
    if name in among:
        return name
    known = [alias for alias in aliases(name) if alias in among]
    return known[0] if len(known) == 1 else None


def match(names: Iterable[str], other: Mapping[str, object]) -> dict[str, str]:
    """Name -> its spelling in another file, for all that are in both, where that is unambiguous."""
    return {name: spelling for name in names if (spelling := find(name, other)) is not None}


def check_lengths(
    pairs: Mapping[str, str], sizes: Mapping[str, int], other: Mapping[str, int], what: str, other_what: str
) -> None:
    """Raise `GenomeMismatch` if a chromosome has one length here and another there: these are two assemblies.

    Args:
        pairs: name in the first file -> name in the second one, of the chromosomes that matter.
        sizes, other: chromosome -> bp of the two files.
        what, other_what: how the message calls them.
    """
    for name, spelling in pairs.items():
        if sizes[name] != other[spelling]:
            raise GenomeMismatch(
                "Files of one run must be of one assembly, in which a chromosome has one length",
                where=name,
                received={
                    what: f"{sizes[name]:,} bp{_of_assembly(sizes[name])}",
                    other_what: f"{other[spelling]:,} bp{_of_assembly(other[spelling])}",
                },
                hint="Take files of one assembly, or lift one of them over",
            )


def check_shared(sizes: Mapping[str, int], other: Mapping[str, int], what: str, other_what: str) -> dict[str, str]:
    """`match`, or `GenomeMismatch` if no chromosome is in both."""
    if pairs := match(sizes, other):
        return pairs
    raise GenomeMismatch(
        "Files of one run must have chromosomes in common",
        received={what: some(sizes), other_what: some(other)},
        hint="Take files of one assembly, with the same names of chromosomes",
    )


def assembly(sizes: Mapping[str, int]) -> str | None:
    """The assembly that chromosomes are of by their lengths in bp, as far as it is known here."""
    lengths = set(sizes.values())
    shared = {build: len(lengths & set(known)) for build, known in _ASSEMBLIES.items()}
    best = max(shared, key=shared.get)
    return best if shared[best] else None


def same_species(one: str, other: str) -> bool:
    """Whether two assemblies are of one species, as far as they are known here."""
    return one == other or any({one, other} <= species for species in _SPECIES)


def _of_assembly(length: int) -> str:
    known = assembly({"": length})
    return f" ({known})" if known else ""


def some(names: Collection[str], most: int = 5) -> str:
    """The first few names as text, and how many more there are."""
    return ", ".join(list(names)[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def natural(chrom: str) -> list[tuple[int, int | str]]:
    """Sort key that puts chr2 before chr10."""
    parts = enumerate(re.split(r"([0-9]{1,18})", chrom))  # text and numbers take turns
    return [(0, int(part)) if place % 2 else (1, part) for place, part in parts if part]

"""Which chromosome of one file is which of another."""

from collections.abc import Iterable, Mapping

from zoo.errors import GenomeMismatch

_MITOCHONDRIA = ("chrM", "MT", "chrMT", "M")
# The lengths of a few chromosomes tell assemblies apart; they are only used to word messages.
_ASSEMBLIES = {
    "hg38": (248_956_422, 64_444_167, 50_818_468),
    "hg19": (249_250_621, 63_025_520, 51_304_566),
    "T2T-CHM13": (248_387_328, 66_210_255, 51_324_926),
    "mm10": (195_471_971, 61_431_566, 90_702_639),
    "mm39": (195_154_279, 61_420_004, 90_555_958),
    "sacCer3": (230_218, 1_531_933, 1_090_940),
    "dm6": (23_513_712, 25_286_936, 32_079_331),
}


def aliases(name: str) -> tuple[str, ...]:
    """Other common spellings of a chromosome's name: with or without `chr`, and those of the mitochondrion."""
    if name in _MITOCHONDRIA:
        return tuple(other for other in _MITOCHONDRIA if other != name)
    return (name[3:],) if name.startswith("chr") else (f"chr{name}",)


def find(name: str, among: Mapping[str, object]) -> str | None:
    """The spelling of `name` that `among` has: itself, else its one alias; None if there is none or more than one."""
    if name in among:
        return name
    known = [alias for alias in aliases(name) if alias in among]
    return known[0] if len(known) == 1 else None


def match(names: Iterable[str], other: Mapping[str, object]) -> dict[str, str]:
    """Name -> its spelling in another file, for all that are in both, where that is unambiguous."""
    return {name: found for name in names if (found := find(name, other)) is not None}


def check_lengths(
    pairs: Mapping[str, str], sizes: Mapping[str, int], other: Mapping[str, int], what: str, other_what: str
) -> None:
    """Raise `GenomeMismatch` if a chromosome has one length here and another there: these are two assemblies.

    Args:
        pairs: name in the first file -> name in the second one, of the chromosomes that matter.
        sizes, other: chromosome -> bp of the two files.
        what, other_what: how the message calls them.
    """
    for name, found in pairs.items():
        if sizes[name] != other[found]:
            raise GenomeMismatch(
                "Genome and signal are on the same assembly: a chromosome has one length",
                where=name,
                received={
                    what: f"{sizes[name]:,} bp{_of_assembly(sizes[name])}",
                    other_what: f"{other[found]:,} bp{_of_assembly(other[found])}",
                },
            )


def check_shared(sizes: Mapping[str, int], other: Mapping[str, int], what: str, other_what: str) -> dict[str, str]:
    """`match`, or `GenomeMismatch` if no chromosome is in both."""
    if pairs := match(sizes, other):
        return pairs
    raise GenomeMismatch(
        "Genome and signal have chromosomes in common", received={what: _some(sizes), other_what: _some(other)}
    )


def main_chromosomes(names: list[str]) -> list[str]:
    """Those without alternative, unplaced and fix sequences (an underscore or a dot in the name) and mitochondria.

    All of them, if nothing else is there.
    """
    main = [name for name in names if not set("_.") & set(name) and name not in _MITOCHONDRIA]
    return main or list(names)


def assembly(sizes: Mapping[str, int]) -> str | None:
    """The assembly that chromosomes are of by their lengths in bp, as far as it is known here."""
    lengths = set(sizes.values())
    shared = {build: len(lengths & set(known)) for build, known in _ASSEMBLIES.items()}
    best = max(shared, key=shared.get)
    return best if shared[best] else None


def _of_assembly(length: int) -> str:
    known = assembly({"": length})
    return f" ({known})" if known else ""


def _some(names: Mapping[str, object], most: int = 5) -> str:
    return ", ".join(list(names)[:most]) + (f", … ({len(names)})" if len(names) > most else "")

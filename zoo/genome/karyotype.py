"""Which sequences of an assembly are its main chromosomes: one rule, by names, for everything that counts reads.

Read depth, percentiles and peaks are of nuclear chromosomes. Organelles and viruses can hold most of a sample's reads;
decoys, alternative and unplaced sequences hold reads that belong elsewhere; spike-ins are no part of the genome.
"""

import re
from collections.abc import Collection, Iterable, Mapping

ORGANELLE, VIRUS, DECOY, SPIKE_IN = "organelle", "virus", "decoy", "spike-in or vector"
HLA, UNPLACED = "HLA", "alternative or unplaced"

_MITOCHONDRIA = (  # of people, model organisms, livestock and crops
    r"NC_(012920|001807|005089|001224|001328|024511|001709|002333|001665|053523|040902|001323|001326|001573|002008"
    r"|000845|006853|005943|001643|037304|001284|007982|011033|001640|001941|001913|001700|006839|040970)"
    r"|AC_0000(21|22)|J01415|CP068254"
)
_PLASTIDS = r"NC_(000932|001666|001320|007898|002762)"
_PHAGES_AND_VECTORS = r"NC_(001422|001416|000913)|J02459|J02482|V01146|M77789|L09137|U00096"
_ARMS = r"NT_(033779|033778|037436|033777)"  # 2L, 2R, 3L and 3R of Drosophila melanogaster
_VERSION = r"([._v]\d+)?"


def _any_of(*patterns: str) -> re.Pattern:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_CHR = r"(?:.*[_|.])?(?:chr(?:omosome)?[_-]?)?"  # `chr1`, `1`, and `hg38_chr1` or `hg38.chr1` of joined genomes
_ENTRY = re.compile(r"(?:gi\|\d+\|)?(?:ref|gb|emb|dbj)\|([^|]+)\|.*")  # as NCBI wrote `gi|251831106|ref|NC_012920.1|`
_NEVER = {
    ORGANELLE: _any_of(
        rf"{_CHR}(mt|mit|mito|mtdna|mt[_-]?genome|mitochondri(on|a|al|um)([_-]?(genome|dna))?)",
        rf"{_CHR}(pt|cp|pltd|plastid|chloroplast|chloro|apicoplast)([_-]?(genome|dna))?",
        r"p\w+_(mit|api)_v\d+|pf_m76611|mtrun\w*(mt|cp)|at(mt|cp)",
        rf"{_CHR}(plastome|mitogenome|kinetoplast)|mito(chondri(on|a|al|um))?[_-].+|ca\d+chrm_.+",
        rf"({_MITOCHONDRIA}|{_PLASTIDS}){_VERSION}",
    ),
    VIRUS: _any_of(
        rf"{_CHR}(ebv|hhv-?4|cmv|hbv|hcv-?\d|hiv-?\d|kshv|htlv-?\d|mcv|sv40|hpv[\w-]*)",
        rf"(NC_007605|AJ507799){_VERSION}",
    ),
    DECOY: _any_of(r"hs3[78]d\d", r".*[_-]decoy"),
    SPIKE_IN: _any_of(
        rf"{_CHR}(phi[_-]?x([_-]?174)?|lambda)([_-].*)?",
        r"(enterobacteria|escherichia)[_-](phage|virus).*|.*spike[_-]?in.*",
        rf"({_PHAGES_AND_VECTORS}){_VERSION}",
        r"ERCC[-_]\d+|puc19|e[._]?coli.*|escherichia[_-]coli.*",
        rf"{_CHR}2[-_]?micron",
    ),
    HLA: _any_of(r"HLA[-_].+"),
}
_LETTER = {"m": ORGANELLE, "c": ORGANELLE}  # unless chromosomes are called by letters, as Candida glabrata's
_ONE_LETTER = re.compile(r"((?:(?:.*[_|.])?chr(?:omosome)?[_-]?)?)([a-z])", re.IGNORECASE)
_ACCESSION = re.compile(r"(?!CM\d|NC_0000\d\d\b)[A-Z]{1,2}_?\d{5,}(\.\d+)?")  # but those of chromosomes
_BESIDE = _any_of(  # what is no chromosome where there are others
    r".*_(alt|fix|random|patch)",
    r"((.*[_|.])?chr)?un([_\d].*|known|placed.*|localized.*|mapped.*|assigned.*)?",
    r".*(ch|chr|chromosome)_?0+(c\d+)?|0+",
    r"(chr)?uextra|(chr)?([23][LR]|X|Y)Het",
    r".*telomeric_gap|mating_type_region|MTR|AB325691(\.\d+)?",
    r"(.*[_-])?scaf[_-]?\d+\w*",
    r".*(scaffold|contig|unplaced|unlocali[sz]ed|unmapped|unassigned|unitig|patch).*",
    r"(.*[_-])?[upc]?ti?g\d+\w*|(.*[_-])?ctg\d+\w*",
    rf"(.*[_|.])?(chr[_-]?)?(GL|KI|JH|KB|KE|KK|KL|KN|KQ|KV|KZ|KD|ML|MU|CH|DS|EN|EQ|FA|GG|LD)\d{{6}}{_VERSION}",
    rf"(?!{_ARMS}{_VERSION}$)(NT|NW)_\d+(\.\d+)?",
    r"[A-Z]{4,6}\d{8,}(\.\d+)?|\d{9,}",
    r"(CHR_)?(HSCHR|MMCHR).+|CHR_[HM]G\d+.*|[HM]G\d+_.*(PATCH|TEST)",
    r"rDNA",
)


def left_out(names: Iterable[str]) -> dict[str, str]:
    """Sequence → why it is no main chromosome, of those that are none.

    Everything is main that is not known to be something else: there are as many ways to name chromosomes as there are
    genomes. Unplaced sequences are left out beside others only: an assembly of nothing but scaffolds keeps them, also
    if one more sequence has an accession number. If nothing at all would be left, nothing is left out.
    """
    everything = list(names)
    lettered = _lettered(everything)
    bare = {name: _bare(name) for name in everything}
    never = {name: reason for name in everything if (reason := _never(bare[name], lettered))}
    rest = [name for name in everything if name not in never]
    known = set(rest)
    beside = {name: UNPLACED for name in rest if _is_beside(bare[name], known)}
    others = [name for name in rest if name not in beside]
    if others and not (beside and len(others) == 1 and _ACCESSION.fullmatch(bare[others[0]])):  # an organelle, perhaps
        never |= beside
    return never if len(never) < len(everything) else {}


def main_chromosomes(names: list[str]) -> list[str]:
    """The main chromosomes among the names of an assembly's sequences, in their order. See `left_out`."""
    others = left_out(names)
    return [name for name in names if name not in others]


def overrepresented(
    cuts: Mapping[str, int], sizes: Mapping[str, int], most_of_genome: float = 0.01, least_of_cuts: float = 0.1
) -> dict[str, float]:
    """Short sequences with a large part of a sample's cuts: sequence → fraction of all cuts.

    A sequence of less than 1 % of the genome with a tenth of the cuts is an organelle, a virus or an artefact by
    whatever name, and sets read depth and percentiles.

    Args:
        cuts: sequence → cuts (or reads, or signal) of those that count.
        sizes: sequence → bp, of all of these.
    """
    total, genome = sum(cuts.values()), sum(sizes[name] for name in cuts)
    return {
        name: count / total
        for name, count in cuts.items()
        if count and count >= least_of_cuts * total and sizes[name] < most_of_genome * genome
    }


def _bare(name: str) -> str:
    """The accession number of an entry that NCBI wrote with its data base, else the name."""
    entry = _ENTRY.fullmatch(name)
    return entry[1] if entry else name


def _is_beside(name: str, known: Collection[str]) -> bool:
    if name in ("U", "chrU"):  # a chromosome of some, but what is unplaced in Drosophila
        return {name.replace("U", arm) for arm in ("2L", "2R")} <= known
    return bool(_BESIDE.fullmatch(name)) or _is_version_of(name, known)


def _never(name: str, lettered: Collection[str]) -> str | None:
    for reason, pattern in _NEVER.items():
        if pattern.fullmatch(name):
            return reason
    letter = _ONE_LETTER.fullmatch(name)
    return _LETTER.get(letter[2].lower()) if letter and letter[1].lower() not in lettered else None


def _lettered(names: Iterable[str]) -> set[str]:
    """What stands before the letter where chromosomes are A, B, C, …"""
    letters: dict[str, set[str]] = {}
    for name in names:
        if match := _ONE_LETTER.fullmatch(name):
            letters.setdefault(match[1].lower(), set()).add(match[2].lower())
    return {before for before, seen in letters.items() if {"a", "b"} <= seen}


def _is_version_of(name: str, known: Collection[str]) -> bool:
    """Whether a name is that of another sequence and more, as `chr6_apd_hap1`."""
    return any(name[: match.start()] in known for match in re.finditer(r"[_.]", name))

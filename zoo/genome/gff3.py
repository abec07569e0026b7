"""What GFF3 files have in place of GTF's attributes: identifiers of parents. Source: GFF3 specification 1.26.

Files of GENCODE, Ensembl, RefSeq (NCBI), SGD, FlyBase and WormBase differ in their names of features and in what they
put into which attribute; here both are named as in GTF.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from zoo.errors import InputError

_VERSION = re.compile(r"##gff-version\s+3\b")
_ATTRIBUTE = re.compile(r"\s*[^\s=;\"]+=")
_KINDS = {
    "five_prime_UTR": "five_prime_utr",
    "three_prime_UTR": "three_prime_utr",
    "noncoding_exon": "exon",  # SGD
    "pseudogenic_exon": "exon",  # TAIR
}
_PREFIX = re.compile(r"(?:gene|transcript)[:-]|rna-", re.IGNORECASE)  # of Ensembl's, WormBase's and NCBI's identifiers
_WHOLE = ("chromosome", "mitochondrion", "chloroplast")
GENE = "gene"


def is_version(line: str) -> bool:
    """Whether a comment says that the file is GFF3."""
    return _VERSION.match(line) is not None


def looks_so(text: str) -> bool:
    """Whether a ninth column has attributes of GFF3."""
    return _ATTRIBUTE.match(text) is not None


def kind_of(kind: str, text: str, parts: tuple[str, ...]) -> str:
    """The feature as GTF names it: gene, transcript, or one of `parts` of a transcript; others keep their names.

    Args:
        kind: the third column.
        text: the ninth.
        parts: of a transcript, by their names in GTF.
    """
    kind = _KINDS.get(kind, kind)
    if "Parent=" not in text and _is_gene(kind, text):
        return GENE
    if kind in parts or "Parent=" not in text:
        return kind
    return "transcript" if "ID=" in text else kind


def _is_gene(kind: str, text: str) -> bool:
    """Whether a feature without a parent is a gene: also ncRNA_gene, pseudogene; of bacteria (Prokka) a tRNA or CDS."""
    return kind.endswith(GENE) or (kind.endswith("RNA") and kind != "mRNA") or (kind == "CDS" and "ID=" in text)


def attributes(text: str, where: str = "") -> dict[str, tuple[str, ...]]:
    """The ninth column: name → values, which commas separate and `%2C` and the like are escaped in.

    Raises `InputError` for what is no list of names and values.
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, equals, value = part.partition("=")
        if not equals or not name:
            raise InputError(
                "The attributes of a GFF3 file must be names and values with = between, with semicolons between them",
                where=where or None,
                received={"attributes": part[:80]},
                example="ID=T1;Parent=G1",
            )
        found[name] = tuple(unquote(each) for each in value.split(","))
    return found


def chromosome(found: Mapping[str, tuple[str, ...]]) -> str:
    """The chromosome that a `region` of NCBI's files is all of, such as 1 of NC_000001.11; else nothing."""
    name = found.get("chromosome", found.get("Name", ("",)))[0]
    return name if found.get("genome", ("",))[0] in _WHOLE and name != "Unknown" else ""


def bare(name: str) -> str:
    """An identifier without the prefix that says of what it is: `gene:YAL069W`, `rna-NM_002049.4`."""
    return _PREFIX.sub("", name, count=1) if _PREFIX.match(name) else name

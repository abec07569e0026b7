"""Genes and transcripts of GTF files (GENCODE, Ensembl, RefSeq, UCSC), plain or compressed, read line by line.

A line counts from 1 and includes its last base; here everything is 0-based and half-open. Source: GTF2.2.
"""

import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome.interval import FURTHEST
from zoo.genome.spans import NONE, merge_spans
from zoo.genome.text import raw_lines, whole

BASIC = ("basic", "gencode_basic")
"""Tags of GENCODE's basic set, as its own files and those of Ensembl have them."""
_STRANDS = ("+", "-", ".")
_FIVE, _THREE = ("five_prime_utr", "5UTR"), ("three_prime_utr", "3UTR")
_PARTS = ("exon", "CDS", "UTR", "stop_codon", *_FIVE, *_THREE)  # of a transcript
_KINDS = ("transcript", *_PARTS)
_GENE, _GENE_KIND = "gene", ("gene_type", "gene_biotype")
_NAME = r'[\s;]*([^\s";=#]+)\s+'
_QUOTED = r'"((?:[^"\\]|\\.|"(?!\s*(?:;|$)))*)"'  # a quote that no semicolon follows is part of the value
_ATTRIBUTE = re.compile(rf'{_NAME}(?:{_QUOTED}|([^";]*?))\s*(?:;|$)')
_COMMENT = re.compile(r"[\s;]*(?:#.*)?")
_GFF3 = re.compile(r"\s*[^\s=;\"]+=")
_BUILD = re.compile(r"GRC[a-z]*[0-9]+")
_BUILDS = {"GRCh37": "hg19", "GRCh38": "hg38", "GRCm38": "mm10", "GRCm39": "mm39"}


@dataclass(frozen=True)
class Feature:
    """A line.

    Attributes:
        chrom: as the file names it.
        kind: the third column ("gene", "transcript", "exon", "CDS", …).
        start: in bp, 0-based.
        end: beyond the last base.
        strand: "+", "-" or ".".
        attributes: name → its values, of which "tag" may have several.
        where: file and line.
    """

    chrom: str
    kind: str
    start: int
    end: int
    strand: str
    attributes: Mapping[str, tuple[str, ...]]
    where: str

    def one(self, *names: str) -> str:
        """The first value of the first of these attributes that is there; else nothing."""
        return next((self.attributes[name][0] for name in names if name in self.attributes), "")


@dataclass(frozen=True, eq=False)
class Transcript:
    """A transcript. Spans are merged (`zoo.genome.spans`), (n, 2) int64.

    Attributes:
        name: its identifier.
        gene: that of its gene.
        symbol: the gene's name; its identifier if it has none.
        kind: its type, such as "protein_coding"; empty if the file does not say.
        chrom: as the file names it.
        start: in bp, 0-based.
        end: beyond the last base.
        strand: "+", "-" or ".".
        tags: of GENCODE and Ensembl.
        exons: of these introns are the gaps.
        cds: the coding part, with the stop codon if the file counts it there (GTF does not).
        utr5: 5' UTR.
        utr3: 3' UTR.
        unplaced: UTR features that are neither: without a strand or a coding part, or within that.
        gene_kind: type of its gene, such as "protein_coding"; empty if the file does not say.
    """

    name: str
    gene: str
    symbol: str
    kind: str
    chrom: str
    start: int
    end: int
    strand: str
    tags: frozenset[str]
    exons: np.ndarray
    cds: np.ndarray
    utr5: np.ndarray
    utr3: np.ndarray
    unplaced: int = 0
    gene_kind: str = ""

    @property
    def is_basic(self) -> bool:
        """Whether it is in GENCODE's basic set."""
        return not self.tags.isdisjoint(BASIC)

    @property
    def introns(self) -> np.ndarray:
        """Gaps between the exons, (n, 2) int64."""
        return np.stack([self.exons[:-1, 1], self.exons[1:, 0]], axis=1)

    @property
    def tss(self) -> int | None:
        """The first transcribed base; None without a strand."""
        return {"+": self.start, "-": self.end - 1}.get(self.strand)


@dataclass(frozen=True)
class Gene:
    """A gene.

    Attributes:
        name: its identifier.
        symbol: its name.
        chrom: as the file names it.
        start: of the first of its transcripts, bp, 0-based.
        end: beyond the last one.
        strand: "+", "-" or ".".
        transcripts: in the order of the file.
        kind: its type, such as "protein_coding"; empty if the file does not say.
    """

    name: str
    symbol: str
    chrom: str
    start: int
    end: int
    strand: str
    transcripts: tuple[Transcript, ...]
    kind: str = ""

    @property
    def tss(self) -> list[int]:
        """The first bases of its transcripts, each once, sorted."""
        return sorted({item.tss for item in self.transcripts} - {None})


def features(path: str | Path, kinds: Collection[str] | None = None) -> Iterator[Feature]:
    """The lines of a GTF file; those of other kinds are checked, and left out.

    Raises:
        InputError: a line that is no GTF, by file and number; a file that cannot be read as text.
    """
    for number, line in enumerate(raw_lines(path), start=1):
        if line.startswith("#") or not line.strip():
            continue
        where = f"{path}, line {number}"
        columns = line.rstrip("\r\n").split("\t")
        try:
            chrom, _, kind, first, last, _, strand, _, text = columns
            start, end = whole(first) - 1, whole(last)
            if not (0 <= start < end < FURTHEST and strand in _STRANDS and chrom and kind):
                raise ValueError
        except ValueError:
            raise InputError(
                "A line of a GTF file must have 9 columns with tabs between: chromosome, source, feature, first and "
                "last base (from 1), score, strand (+, - or .), frame, attributes",
                where=where,
                received={"line": line.rstrip("\n")[:80]},
                example='chr1\tHAVANA\texon\t11869\t12227\t.\t+\t.\tgene_id "G1"; transcript_id "T1";',
            ) from None
        if kinds is None or kind in kinds:
            yield Feature(chrom, kind, start, end, strand, attributes(text, where), where)


def attributes(text: str, where: str = "") -> dict[str, tuple[str, ...]]:
    """The ninth column: name → values. Values in quotes may hold semicolons.

    Raises `InputError` for what is no list of names and values, such as that of GFF3.
    """
    found: dict[str, tuple[str, ...]] = {}
    at = 0
    while match := _ATTRIBUTE.match(text, at):
        name, quoted, bare = match.groups()
        found[name] = (*found.get(name, ()), bare if quoted is None else quoted)
        at = match.end()
    if not _COMMENT.fullmatch(text, at):
        raise InputError(
            "The attributes of a GTF file must be names and values in quotes, with semicolons between",
            where=where or None,
            received={"attributes": text[at : at + 80]},
            example='gene_id "G1"; transcript_id "T1";',
            hint="This looks like GFF3: convert it with `gffread -T`" if _GFF3.match(text, at) else None,
        )
    return found


def assemblies(path: str | Path) -> set[str]:
    """The assemblies that the comments at the top of a file name, as UCSC calls them; of GENCODE and Ensembl."""
    found: set[str] = set()
    for line in raw_lines(path):
        if not line.startswith("#"):
            break
        found |= {_BUILDS[name] for name in _BUILD.findall(line) if name in _BUILDS}
    return found


def transcripts(path: str | Path) -> list[Transcript]:
    """The transcripts of a GTF file, in the order in which they begin there; lines may be in any order.

    One that has exons on several chromosomes or strands is several. Where a file has no UTR at all (RefSeq, UCSC), they
    are what of the exons lies before and behind coding sequence and stop codon.

    Raises:
        InputError: as `features` does; a line of a transcript without its identifier; no transcript at all.
    """
    drafts: dict[tuple[str, str, str], _Draft] = {}
    kinds: dict[str, str] = {}  # of genes, which RefSeq gives in their own lines only
    for feature in features(path, (_GENE, *_KINDS)):
        if feature.kind == _GENE:
            kinds[feature.one("gene_id")] = feature.one(*_GENE_KIND)
            continue
        name = feature.one("transcript_id")
        if not name:
            raise InputError(
                "A line of a transcript must have a transcript_id", where=feature.where, received={"kind": feature.kind}
            )
        key = name, feature.chrom, feature.strand
        if key not in drafts:
            drafts[key] = _Draft(feature)
        drafts[key].add(feature)
    if not drafts:
        raise InputError("A GTF file must have transcripts or exons", where=path)
    with_utr = any(draft.has_utr for draft in drafts.values())
    return [draft.finished(with_utr, kinds) for draft in drafts.values()]


def genes(found: Iterable[Transcript]) -> list[Gene]:
    """The genes of transcripts, in their order; one on several chromosomes or strands is several."""
    grouped: dict[tuple[str, str, str], list[Transcript]] = {}
    for item in found:
        grouped.setdefault((item.gene, item.chrom, item.strand), []).append(item)
    return [
        Gene(
            name,
            items[0].symbol,
            chrom,
            min(item.start for item in items),
            max(item.end for item in items),
            strand,
            tuple(items),
            items[0].gene_kind,
        )
        for (name, chrom, strand), items in grouped.items()
    ]


@dataclass
class _Draft:
    """A transcript whose lines come one by one."""

    first: Feature
    tags: set[str] = field(default_factory=set)
    whole: array = field(default_factory=lambda: array("q"))
    parts: dict[str, array] = field(default_factory=dict)

    def add(self, feature: Feature) -> None:
        """A line of it."""
        self.tags.update(feature.attributes.get("tag", ()))
        if feature.kind != "transcript":
            self.parts.setdefault(feature.kind, array("q")).extend((feature.start, feature.end))
        self.whole.extend((feature.start, feature.end))

    @property
    def has_utr(self) -> bool:
        return any(kind in self.parts for kind in ("UTR", *_FIVE, *_THREE))

    def finished(self, with_utr: bool, kinds: Mapping[str, str]) -> Transcript:
        """All of it.

        Args:
            with_utr: whether the file has UTRs, so that a transcript without has none.
            kinds: identifier of a gene → its type, by the lines of genes.
        """
        exons, cds, first = self._spans("exon"), self._spans("CDS"), self.first
        utr = self._each("UTR") if with_utr else exons
        coding = cds if with_utr else self._spans("CDS", "stop_codon")
        five, three = _apart(utr, coding, first.strand, clip=not with_utr)
        gene = first.one("gene_id")
        return Transcript(
            name=first.one("transcript_id"),
            gene=gene,
            symbol=first.one("gene_name", "gene") or gene,
            kind=first.one("transcript_type", "transcript_biotype"),
            chrom=first.chrom,
            start=min(self.whole),
            end=max(self.whole),
            strand=first.strand,
            tags=frozenset(self.tags),
            exons=exons,
            cds=cds,
            utr5=merge_spans(np.concatenate([five, self._each(*_FIVE)])),
            utr3=merge_spans(np.concatenate([three, self._each(*_THREE)])),
            unplaced=len(utr) - len(five) - len(three) if with_utr else 0,
            gene_kind=first.one(*_GENE_KIND) or kinds.get(gene, ""),
        )

    def _each(self, *kinds: str) -> np.ndarray:
        """Spans of features as they are, (n, 2) int64."""
        found = [np.array(self.parts[kind], np.int64).reshape(-1, 2) for kind in kinds if kind in self.parts]
        return np.concatenate(found) if found else NONE

    def _spans(self, *kinds: str) -> np.ndarray:
        return merge_spans(self._each(*kinds))


def _apart(spans: np.ndarray, coding: np.ndarray, strand: str, clip: bool) -> Sequence[np.ndarray]:
    """Of spans those on the 5' side of the coding part, and those on its 3' side; all others are left out.

    Args:
        clip: take what of each span lies there, instead of those that do as a whole.
    """
    if not len(coding) or strand == ".":
        return NONE, NONE
    low, high = coding[0, 0], coding[-1, 1]
    if clip:
        before, after = np.minimum(spans, low), np.maximum(spans, high)
        sides = [side[side[:, 0] < side[:, 1]] for side in (before, after)]
    else:
        sides = [spans[spans[:, 1] <= low], spans[spans[:, 0] >= high]]
    return sides if strand == "+" else sides[::-1]

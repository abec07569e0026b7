"""Genes and transcripts of GTF and GFF3 files (GENCODE, Ensembl, RefSeq, UCSC), plain or compressed, line by line.

A line counts from 1 and includes its last base; here everything is 0-based and half-open. Source: GTF2.2.
"""

import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome import gff3
from zoo.genome.interval import FURTHEST
from zoo.genome.spans import NONE, merge_spans
from zoo.genome.text import raw_lines, whole

BASIC = ("basic", "gencode_basic")
"""Tags of GENCODE's basic set, as its own files and those of Ensembl have them."""
_STRANDS = ("+", "-", ".", "?")  # the last one of GFF3: unknown
_FIVE, _THREE = ("five_prime_utr", "5UTR"), ("three_prime_utr", "3UTR")
_PARTS = ("exon", "CDS", "UTR", "stop_codon", *_FIVE, *_THREE)  # of a transcript
_KINDS = ("transcript", *_PARTS)
_GENE, _GENE_KIND = "gene", ("gene_type", "gene_biotype")
_NAME = r'[\s;]*([^\s";=#]+)\s+'
_QUOTED = r'"((?:[^"\\]|\\.|"(?!\s*(?:;|$)))*)"'  # a quote that no semicolon follows is part of the value
_ATTRIBUTE = re.compile(rf'{_NAME}(?:{_QUOTED}|([^";]*?))\s*(?:;|$)')
_COMMENT = re.compile(r"[\s;]*(?:#.*)?")
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
        gff3: whether the line is of GFF3; kinds are then named as in GTF, attributes as in the file.
    """

    chrom: str
    kind: str
    start: int
    end: int
    strand: str
    attributes: Mapping[str, tuple[str, ...]]
    where: str
    gff3: bool = False

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
        start: of the first of its transcripts, bp, 0-based; without any its own, as is
        end: beyond the last one.
        strand: "+", "-" or ".".
        transcripts: in the order of the file; none of a gene that has a line of its own only.
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


def features(
    path: str | Path, kinds: Collection[str] | None = None, chroms: Collection[str] | None = None
) -> Iterator[Feature]:
    """The lines of a GTF or GFF3 file; those of other kinds or on other chromosomes are checked, and left out.

    Sequences of NCBI's GFF3 files (NC_000001.11) are named by the chromosomes that these files say they are.

    Raises:
        InputError: a line that is neither, by file and number; a file that cannot be read as text.
    """
    is_gff3, named = None, {}
    for number, line in enumerate(raw_lines(path), start=1):
        if line.startswith("##FASTA"):
            return
        if line.startswith("#") or not line.strip():
            is_gff3 = is_gff3 or (True if gff3.is_version(line) else None)
            continue
        where = f"{path}, line {number}"
        chrom, kind, start, end, strand, text = _columns(line, where, is_gff3)
        is_gff3 = gff3.looks_so(text) if is_gff3 is None else is_gff3
        if is_gff3:
            kind = gff3.kind_of(kind, text, _PARTS)
            if kind == "region" and (name := gff3.chromosome(gff3.attributes(text, where))):
                named[chrom] = name
            chrom = named.get(chrom, chrom)
        if (kinds is None or kind in kinds) and (chroms is None or chrom in chroms):
            read = gff3.attributes if is_gff3 else attributes
            yield Feature(chrom, kind, start, end, strand, read(text, where), where, is_gff3)


def _columns(line: str, where: str, is_gff3: bool | None) -> tuple[str, str, int, int, str, str]:
    """Chromosome, feature, start, end, strand and attributes of a line."""
    try:
        chrom, _, kind, first, last, _, strand, _, text = line.rstrip("\r\n").split("\t")
        start, end = whole(first) - 1, whole(last)
        if not (0 <= start < end < FURTHEST and strand in _STRANDS and chrom and kind):
            raise ValueError
    except ValueError:
        raise InputError(
            f"A line of a {'GFF3' if is_gff3 else 'GTF'} file must have 9 columns with tabs between: chromosome, "
            "source, feature, first and last base (from 1), score, strand (+, - or .), frame, attributes",
            where=where,
            received={"line": line.rstrip("\n")[:80]},
            example='chr1\tHAVANA\texon\t11869\t12227\t.\t+\t.\tgene_id "G1"; transcript_id "T1";',
        ) from None
    return chrom, kind, start, end, strand.replace("?", "."), text


def attributes(text: str, where: str = "") -> dict[str, tuple[str, ...]]:
    """The ninth column: name → values. Values in quotes may hold semicolons.

    Raises `InputError` for what is no list of names and values, such as that of GFF3 (`zoo.genome.gff3`).
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
            hint="This looks like GFF3, in a file that begins as GTF" if gff3.looks_so(text[at:]) else None,
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


def transcripts(path: str | Path, chroms: Collection[str] | None = None) -> list[Transcript]:
    """The transcripts of a GTF or GFF3 file, in the order in which they begin there; lines may be in any order.

    One that has exons on several chromosomes or strands is several. Where a file has no UTR at all (RefSeq, UCSC), they
    are what of the exons lies before and behind coding sequence and stop codon. Where GFF3 has no exons of a transcript
    (SGD), its coding sequence and UTRs stand for them.

    Args:
        path: plain or compressed.
        chroms: only those on these chromosomes, by the file's names; default all.

    Raises:
        InputError: as `features` does; a line of a transcript without its identifier; no transcript at all.
    """
    drafts: dict[tuple[str, str, str], _Draft] = {}
    kinds: dict[str, str] = {}  # of genes, which RefSeq gives in their own lines only
    parents: dict[str, Feature] = {}  # of GFF3
    for feature in features(path, (_GENE, *_KINDS), chroms):
        if feature.gff3 and feature.kind in (_GENE, "transcript"):
            parents[feature.one("ID")] = feature
        if feature.kind == _GENE:
            kinds[feature.one("gene_id")] = feature.one(*_GENE_KIND)
            continue
        for name in _owners(feature):
            key = name, feature.chrom, feature.strand
            if key not in drafts:
                drafts[key] = _Draft(feature)
            drafts[key].add(feature)
    if parents:
        drafts = _linked(drafts, parents)
    if not drafts and chroms is None:
        raise InputError("A GTF file must have transcripts or exons", where=path)
    with_utr = any(draft.has_utr for draft in drafts.values())
    return [draft.finished(with_utr, kinds) for draft in drafts.values()]


def _owners(feature: Feature) -> tuple[str, ...]:
    """The identifiers of the transcripts that a line is of. Raises `InputError` if there is none."""
    if feature.gff3:
        owners = feature.attributes.get("ID" if feature.kind == "transcript" else "Parent", ())
    else:
        owners = feature.attributes.get("transcript_id", ())[:1]
    if not all(owners) or not owners:
        raise InputError(
            f"A line of a transcript must have a {'Parent' if feature.gff3 else 'transcript_id'}",
            where=feature.where,
            received={"kind": feature.kind},
        )
    return owners


def _linked(
    drafts: Mapping[tuple[str, str, str], "_Draft"], parents: Mapping[str, Feature]
) -> dict[tuple[str, str, str], "_Draft"]:
    """Those of GFF3 that are transcripts, with the attributes of GTF.

    A feature with a parent is one if that is a gene, or if it has parts itself; a start codon is none.
    """
    found = {}
    for key, draft in drafts.items():
        own = parents.get(key[0], draft.first)
        gene = own
        for _ in parents:  # once each at most: damaged files have circles
            gene = gene if gene.kind == _GENE else parents.get(gene.one("Parent"), gene)
        if draft.parts or (gene.kind == _GENE and gene.one("ID") == own.one("Parent")):
            found[key] = replace(draft, first=replace(draft.first, attributes=_as_gtf(key[0], own, gene)))
    return found


def _as_gtf(name: str, own: Feature, gene: Feature) -> dict[str, tuple[str, ...]]:
    """The attributes of a transcript as GTF has them, by its own line and that of its gene."""
    if own.one("ID") != name:  # no line of it, but of its parts only
        return {"transcript_id": (gff3.bare(name),), "gene_id": (own.one("gene_id") or gff3.bare(name),)}
    return {
        "transcript_id": (own.one("transcript_id") or gff3.bare(name),),
        "gene_id": (gene.one("gene_id") or own.one("gene_id") or gff3.bare(gene.one("ID")),),
        "gene_name": (called(gene) or called(own),),
        "transcript_type": (own.one("transcript_type", "transcript_biotype", "biotype"),),
        "gene_type": (gene.one(*_GENE_KIND, "biotype"),),
    }


def called(gene: Feature) -> str:
    """The name of a gene by its line; nothing if it has none. In GFF3 of SGD `Name` is an identifier."""
    return gene.one("gene_name", "gene", *(("Name",) if gene.gff3 else ()))


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
        if first.gff3 and not len(exons):
            exons = self._spans("CDS", "UTR", *_FIVE, *_THREE)
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

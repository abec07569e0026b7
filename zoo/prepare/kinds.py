"""What a file of reads holds, by its content: files of another meaning have first columns that look the same."""

import re
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome import sniff
from zoo.prepare import text
from zoo.prepare.rows import Rows

BAM, FRAGMENTS, READS, PAIRS = "BAM", "fragments", "reads", "pairs of reads"
STRANDED = "fragments with a strand"
_KINDS = {
    "CRAM": ("CRAM", "Convert it with `samtools view -b -T GENOME.fa`"),
    "bigWig": ("a bigWig track", "Normalize a track with `zoo normalize`"),
    "bigBed": ("bigBed", "Convert it with `bigBedToBed`"),
    "2bit": (".2bit", "Give it as the genome"),
    "BCF": ("BCF, variants", "Give fragments or a BAM file"),
    "HDF5": ("HDF5", "Export the fragments as a table"),
    "UTF-16": ("text in UTF-16", "Convert it with `iconv -f UTF-16 -t UTF-8`"),
    "MEME": ("motifs", "Give fragments or a BAM file"),
}
_TEXT = {
    rb"@(HD|SQ|RG|PG|CO)\t": ("SAM", "Convert it with `samtools view -b`"),
    rb"##fileformat=VCF": ("VCF, variants", "Give fragments or a BAM file"),
    rb"track type=\"?(bedGraph|wiggle_0)|(fixed|variable)Step ": ("a track", "Give fragments or a BAM file"),
    rb"@[^\n]*\n[ACGTNacgtn]+\r?\n\+": ("FASTQ, reads without positions", "Align them to the genome first"),
    rb">": ("FASTA", "Give fragments or a BAM file"),
}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_HEAD = 1 << 20  # bytes that are looked at
_ROWS = 10_000  # that are looked at
_LONGEST = 1000  # bp; half of all fragments of an ATAC-seq library are shorter than 300 bp
_FEW, _MANY = 100, 1000
_COMMON, _SOME, _LONGEST_READ = 0.1, 0.01, 310  # fractions of the rows; bp


def kind_of(path: Path, barcodes: bool = False, notes: list[str] | None = None) -> str:
    """BAM, FRAGMENTS, STRANDED, READS (a row for each read, with its strand) or PAIRS (BEDPE with both reads).

    Args:
        path: the file.
        barcodes: whether its fourth column names cells.
        notes: what a user should know of a file that may be another kind is added to it.

    Raises:
        InputError: a file of another meaning: alignments in another format, peaks, a track, variants.
    """
    head = text.head(path, _HEAD)
    if (kind := sniff.kind_of(head[: sniff.HEAD])) == "BAM":
        return BAM
    if path.suffix.lower() == ".bam":
        raise InputError("A .bam file must be BAM", where=path, received={"first bytes": head[:4]})
    if kind in _KINDS:
        raise _refused(path, *_KINDS[kind])
    for pattern, (content, hint) in _TEXT.items():
        if re.match(pattern, head):
            raise _refused(path, content, hint)
    cut = head.rfind(b"\n") + 1 if len(head) == _HEAD else len(head)
    table = Rows.of(text.checked(head[:cut].removesuffix(b"\n") + b"\n", path))
    return (
        _of_rows(_first(table), path, barcodes, [] if notes is None else notes) if len(table) else FRAGMENTS
    )  # reading it raises the error


def _of_rows(table: Rows, path: Path, barcodes: bool, notes: list[str]) -> str:
    if _is_pairs(table, path):
        return PAIRS
    if not (table.integers(1)[1] & table.integers(2)[1]).all():
        return FRAGMENTS  # reading it will name the row
    if table.columns.max() in (9, 10) and all(_numeric(table, column) for column in (6, 7, 8)):
        raise _refused(path, "peaks (narrowPeak or broadPeak)", "Give fragments or a BAM file")
    if (table.columns == 4).all() and _is_bedgraph(table, barcodes):
        raise _refused(path, "a track (bedGraph): a number for each stretch", "Give fragments or a BAM file")
    lengths = table.integers(2)[0] - table.integers(1)[0]
    if np.median(lengths) > _LONGEST:
        raise _refused(
            path,
            f"intervals of {np.median(lengths):,.0f} bp (median), as peaks or regions have",
            "Give fragments or a BAM file",
        )
    stranded = np.isin(table.letters(5), np.frombuffer(b"+-", np.uint8)).all()
    if stranded and not _are_fragments(lengths):
        return READS
    notes += _notes(table, lengths, path, bool(stranded))
    return STRANDED if stranded else FRAGMENTS


def _first(table: Rows) -> Rows:
    parts = (array[:_ROWS] for array in (table.begins, table.ends, table.first, table.columns))
    return Rows(table.data, *parts, table.tabs)


def _is_pairs(table: Rows, path: Path) -> bool:
    """BEDPE by its name, or by its content: another chromosome, start and end in columns 4 to 6."""
    if table.columns.max() < 6:
        return False
    if ".bedpe" in [suffix.lower() for suffix in path.suffixes]:
        return True
    places = table.integers(4)[1] & table.integers(5)[1]
    chroms, mates = set(table.names(0)[1]), set(table.names(3)[1])
    return bool(places.all()) and len(mates & chroms) > 0


def _is_bedgraph(table: Rows, barcodes: bool) -> bool:
    """Numbers in column 4: fractions, or stretches in order that do not overlap."""
    if not _numeric(table, 3):
        return False
    if not table.integers(3)[1].all():
        return True
    return not barcodes and _is_disjoint(table)


def _is_disjoint(table: Rows) -> bool:
    """Whether every row begins at or beyond the end of the one before, unless that is on another chromosome."""
    chroms, starts, ends = table.names(0)[0], table.integers(1)[0], table.integers(2)[0]
    return bool(((starts[1:] >= ends[:-1]) | (chroms[1:] != chroms[:-1])).all())


def _numeric(table: Rows, column: int) -> bool:
    return all(_NUMBER.fullmatch(text) for text in table.names(column)[1])


def _are_fragments(lengths: np.ndarray) -> bool:
    """Whether rows with a strand are fragments all the same, as some programs write them: no length is common, as that
    of reads is, and some are longer than any read of a short-read sequencer."""
    _, counts = np.unique(lengths, return_counts=True)
    return counts.max() < _COMMON * len(lengths) and np.mean(lengths > _LONGEST_READ) >= _SOME


def _notes(table: Rows, lengths: np.ndarray, path: Path, stranded: bool) -> list[str]:
    """Of rows that look like peaks, or like reads."""
    problem = None
    if stranded:
        problem = "the rows have a strand, as reads have, but lengths of fragments"
    elif len(table) >= _FEW and len(np.unique(lengths)) == 1:
        problem = f"all of the first {len(table):,} rows are {lengths[0]:,} bp long, as reads or peaks are"
    elif len(table) >= _MANY and _is_disjoint(table):
        problem = f"none of the first {len(table):,} rows overlaps the next one, as of peaks"
    return [f"{path.name}: {problem}; they are taken as fragments, both ends as cuts"] if problem else []


def _refused(path: Path, content: str, hint: str) -> InputError:
    return InputError(
        "A file of reads must be a BAM file, fragments, BEDPE, or reads with a strand",
        where=path,
        received={"content": content},
        hint=hint,
    )

"""BCF files, and parts of files with an index, through htslib (pysam, extra `vcf`)."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from zoo.errors import InputError, MissingExtra
from zoo.genome import sniff
from zoo.genome.bgzip import BgzipBytes

Within = Callable[[str], np.ndarray]
"""A sequence of a file by its name there → (n, 2) starts and ends, sorted and apart, of which records are wanted."""
_INDEXES = (".tbi", ".csi")
_GZIP = b"\x1f\x8b"


def is_bcf(path: Path) -> bool:
    """Whether a file is BCF, by its first bytes."""
    return sniff.kind_of_file(path) == "BCF"


def header(path: Path) -> list[str]:
    """The lines of a BCF file's header, as a VCF file has them."""
    with _opened(path) as file:
        return str(file.header).splitlines()


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """The records of a BCF file, as lines of a VCF file, and where they stand.

    Raises:
        MissingExtra: pysam is not installed.
        InputError: a damaged file.
    """
    with _opened(path) as file:
        for number, record in enumerate(file, start=1):
            yield str(record), f"{path}, record {number}"


def index_of(path: Path) -> Path | None:
    """The index beside a file that is not older than it; None if there is none, or no pysam, which reads it."""
    if importlib.util.find_spec("pysam") is None:
        return None
    written = path.stat().st_mtime_ns
    indexes = (Path(f"{path}{suffix}") for suffix in _INDEXES)
    return next((index for index in indexes if index.is_file() and index.stat().st_mtime_ns >= written), None)


def fetched(path: Path, index: Path, within: Within) -> Iterator[tuple[str, str]]:
    """The records that overlap some stretches, as lines of a VCF file, each once, and where they stand.

    Args:
        path: BCF, or VCF of bgzip.
        index: of it.
        within: the stretches. What htslib reads around them, which may be more, is left to the caller.
    """
    with _opened(path, index) as file:
        for contig in file.header.contigs if is_bcf(path) else file.contigs:
            before = 0  # the end of the last stretch: what overlaps that one, too, was there
            for start, end in within(contig).tolist():
                for line in map(str, file.fetch(contig, start, end)):
                    position = line.split("\t", 2)[1]
                    if int(position) > before:
                        yield line, f"{path}, {contig}:{position}"
                before = end


@contextmanager
def _opened(path: Path, index: Path | None = None) -> Iterator:
    """An open file; what htslib says of it as our error, and nothing to the error stream."""
    try:
        import pysam
    except ImportError:
        raise MissingExtra("pysam must be installed to read BCF files", extra="vcf") from None
    with open(path, "rb") as head:
        if head.read(2) == _GZIP:
            BgzipBytes(path, "VCF file")  # htslib takes one that was cut off at the end of a block for a whole one
    verbosity = pysam.set_verbosity(0)
    try:
        named = {} if index is None else {"index_filename" if is_bcf(path) else "index": str(index)}
        with (pysam.VariantFile if is_bcf(path) else pysam.TabixFile)(str(path), **named) as file:
            yield file
    except (OSError, ValueError) as error:
        raise InputError(f"The VCF file must be intact ({error})", where=path, hint="Copy it again") from None
    finally:
        pysam.set_verbosity(verbosity)

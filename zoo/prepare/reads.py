"""Cut sites of paired reads in BAM files (maxATAC `prepare`, the shell pipeline behind it)."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError, MissingExtra
from zoo.prepare.cutsites import TN5, CutSites

_PAIRED, _PROPER, _UNMAPPED, _SECONDARY = 0x1, 0x2, 0x4, 0x100
_BLOCK = 1 << 18


@dataclass
class Filters:
    """What became of the reads of a file.

    Attributes:
        reads: mapped and not secondary, on any sequence; coverage is scaled to them.
        duplicates: of those, in a pair that another one repeats.
        not_in_a_proper_pair: of the others.
        of_low_quality: of the others, below the wanted mapping quality.
        of_other_cells: of the others, without a barcode or with one that is not wanted.
        kept: those that are left; each is one cut.
    """

    reads: int = 0
    duplicates: int = 0
    not_in_a_proper_pair: int = 0
    of_low_quality: int = 0
    of_other_cells: int = 0
    kept: int = 0


def add_bam(
    path: str | Path,
    sites: Mapping[str, CutSites],
    scratch: Path,
    shift: tuple[int, int] = TN5,
    mapping_quality: int = 0,
    keep_duplicates: bool = False,
    groups: Mapping[str, str] | None = None,
) -> Filters:
    """Add where the reads of proper pairs begin, as far as their alignment goes.

    Args:
        path: a BAM file, in any order, with or without an index.
        sites: what to add to, by cluster; all of it to "" without clusters.
        scratch: a folder for sorting; about three times the file's size.
        shift: bp from a forward read's first base, and from behind a reverse read's last one, to the site.
        mapping_quality: reads below are left out.
        keep_duplicates: whether pairs that repeat another one stay; else `samtools markdup` removes them.
        groups: barcode → cluster; the barcode is a read's tag CB, and pairs of two cells repeat one another never.

    Returns:
        How many reads there were, and what took the others.

    Raises:
        InputError: no BAM file, one that was cut off, or no read left; it tells which filter took them.
        MissingExtra: pysam, which has samtools in it, is not installed.
    """
    filters, paired = Filters(), 0
    for read in _reads(path):
        filters.reads += 1
        paired += read.flag & _PAIRED
    if filters.reads and not paired:
        raise InputError("Reads are paired; these are single ends", where=path, received={"reads": filters.reads})
    again = keep_duplicates or not filters.reads
    chosen = path if again else _without_duplicates(path, scratch, by_cell=groups is not None)
    left, waiting = 0, {name: _Waiting(found) for name, found in sites.items()}
    for read in _reads(chosen):
        left += 1
        if read.flag & (_PAIRED | _PROPER) != _PAIRED | _PROPER:
            filters.not_in_a_proper_pair += 1
        elif read.mapping_quality < mapping_quality:
            filters.of_low_quality += 1
        elif (cluster := "" if groups is None else groups.get(_barcode(read))) is None:
            filters.of_other_cells += 1
        else:
            filters.kept += 1
            at = read.reference_end + shift[1] if read.is_reverse else read.reference_start + shift[0]
            waiting[cluster].add(read.reference_name, at, read.template_length)
    for last in waiting.values():
        last.flush()
    filters.duplicates = filters.reads - left
    if not filters.kept:
        raise InputError("Reads in proper pairs are left after filtering", where=path, received=asdict(filters))
    return filters


def pairs(path: str | Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Fragments of proper pairs, one at a time: chromosome, start (1,), end (1,)."""
    for read in _reads(path):
        if read.flag & _PROPER and not read.is_reverse and read.template_length > 0:
            start = read.reference_start
            yield read.reference_name, np.array([start]), np.array([start + read.template_length])


class _Waiting:
    """Sites of one chromosome after the other, handed on in blocks."""

    def __init__(self, sites: CutSites) -> None:
        self._sites, self._chrom, self._at, self._lengths = sites, None, [], []

    def add(self, chrom: str, at: int, length: int) -> None:
        """A site, and the fragment's length, which is negative for the second of its reads."""
        if chrom != self._chrom or len(self._at) == _BLOCK:
            self.flush()
            self._chrom = chrom
        self._at.append(at)
        if length > 0:
            self._lengths.append(length)

    def flush(self) -> None:
        if self._at:
            self._sites.add(self._chrom, np.array(self._at, np.int64))
            self._sites.add_lengths(self._chrom, np.array(self._lengths, np.int64))
            self._at, self._lengths = [], []


def _barcode(read) -> str | None:
    return read.get_tag("CB") if read.has_tag("CB") else None


def _reads(path: str | Path) -> Iterator:
    """Mapped reads that are not secondary."""
    pysam = _pysam()
    before = pysam.set_verbosity(0)  # its C library writes to the error stream past Python
    try:
        with pysam.AlignmentFile(str(path), "rb") as file:
            for read in file.fetch(until_eof=True):
                if not read.flag & (_UNMAPPED | _SECONDARY):
                    yield read
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise InputError(
            f"A BAM file can be read to its end; if it was cut off, copy it again ({said})",
            received={"reads": str(path)},
        ) from None
    finally:
        pysam.set_verbosity(before)


def _without_duplicates(path: str | Path, scratch: Path, by_cell: bool) -> Path:
    """The file after samtools sort -n, fixmate -m, sort and markdup -r, as the authors' pipeline has it."""
    pysam = _pysam()
    steps = [
        (pysam.sort, ("-n", "-m", "512M")),
        (pysam.fixmate, ("-m",)),
        (pysam.sort, ("-m", "512M")),
        (pysam.markdup, ("-r", *(("--barcode-tag", "CB") if by_cell else ()))),
    ]
    for number, (command, options) in enumerate(steps):
        target = scratch / f"{number}.bam"
        to = ("-o", str(target), str(path)) if command is pysam.sort else (str(path), str(target))
        try:
            command(*options, *to, catch_stdout=False)
        except pysam.SamtoolsError as error:
            raise InputError(
                f"samtools removes duplicates ({' '.join(str(error).split())[:200]})", received={"reads": str(path)}
            ) from None
        if number:
            Path(path).unlink()
        path = target
    return path


def _pysam():
    try:
        import pysam
    except ImportError:
        raise MissingExtra("BAM files are read by pysam", example="pip install 'chromatin-zoo[prepare]'") from None
    return pysam

"""Cut sites of paired reads in BAM files (maxATAC `prepare`, the shell pipeline that it calls)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from zoo.errors import GenomeMismatch, InputError, MissingExtra
from zoo.genome import names
from zoo.prepare.cutsites import CutSites

_PAIRED, _PROPER, _UNMAPPED, _SECONDARY, _SUPPLEMENTARY = 0x1, 0x2, 0x4, 0x100, 0x800
_BLOCK = 1 << 18
_OFTEN = 1 << 14  # reads between two looks at the clock


@dataclass
class Filters:
    """What became of the records of a file; each counts for the first filter that it does not pass.

    Attributes:
        records: all.
        unmapped: of those.
        secondary: of those: other places of a read that has one already.
        reads: the others, on any sequence; coverage is scaled to them.
        duplicates: of the reads, in a pair that another one repeats.
        supplementary: of the others: further parts of a read, which begin at no cut.
        not_in_a_proper_pair: of the others.
        of_low_quality: of the others, below the wanted mapping quality.
        of_other_cells: of the others, without a barcode or with one that is not wanted.
        kept: those that are left; each is one cut. With the authors' rules secondary and supplementary ones in proper
            pairs are among them.
    """

    records: int = 0
    unmapped: int = 0
    secondary: int = 0
    reads: int = 0
    duplicates: int = 0
    supplementary: int = 0
    not_in_a_proper_pair: int = 0
    of_low_quality: int = 0
    of_other_cells: int = 0
    kept: int = 0


@dataclass(frozen=True)
class Wanted:
    """Which reads count, and where they cut.

    Attributes:
        shift: bp from a forward read's first base, and from beyond a reverse read's last one, to the site.
        mapping_quality: reads below are left out.
        every_alignment: whether secondary and supplementary alignments in proper pairs count, as `samtools view -f 3`
            keeps them.
        groups: barcode → cluster; the barcode is a read's tag CB.
    """

    shift: tuple[int, int]
    mapping_quality: int = 0
    every_alignment: bool = False
    groups: Mapping[str, str] | None = None


def check_header(path: Path, sizes: Mapping[str, int]) -> None:
    """Raise `GenomeMismatch` unless a BAM file's chromosomes are those of the genome, by name and length."""
    with _file(path) as file:
        header = dict(zip(file.references, file.lengths, strict=True))
    pairs = {chrom: spelling for chrom in header if (spelling := names.find(chrom, sizes)) is not None}
    if not pairs:
        raise GenomeMismatch(
            "Reads and genome must have chromosomes in common",
            where=path,
            received={"of the reads": list(header)[:5], "of the genome": list(sizes)[:5]},
        )
    for chrom, spelling in pairs.items():
        if header[chrom] != sizes[spelling]:
            raise GenomeMismatch(
                "Reads and genome must be of one assembly: a chromosome has one length",
                where=f"{path}, {chrom}",
                received={"of the reads": header[chrom], "of the genome": sizes[spelling]},
                hint="Give the genome that the reads were aligned to",
            )


def count(path: Path) -> Filters:
    """How many records there are, and what is known of them before duplicates are removed.

    Raises:
        InputError: no BAM file, one that was cut off, or no paired read.
        MissingExtra: pysam is not installed.
    """
    filters, paired = Filters(), 0
    for read in records(path):
        flag = read.flag
        filters.records += 1
        if is_unmapped(read):
            filters.unmapped += 1
        elif flag & _SECONDARY:
            filters.secondary += 1
        else:
            filters.reads += 1
            paired += flag & _PAIRED
    if filters.reads and not paired:
        raise InputError(
            "The reads of a BAM file must be paired; these are single ends",
            where=path,
            received={"reads": filters.reads},
            hint="Convert them with `bedtools bamtobed`: of rows with a strand the 5' end counts",
        )
    return filters


def add_bam(
    path: Path,
    sites: Mapping[str, CutSites],
    wanted: Wanted,
    filters: Filters,
    position: int | None = None,
    checkpoint: Callable[[int], None] = lambda position: None,
    seen: set[str] | None = None,
) -> None:
    """Add where the reads of proper pairs begin, as far as their alignment goes.

    Args:
        path: a BAM file, in any order, with or without an index; duplicates are removed already.
        sites: what to add to, by cluster; all of it to "" without clusters.
        wanted: which reads count.
        filters: of `count`; the rest is counted here.
        position: where to go on, as `checkpoint` has it.
        checkpoint: is called now and then, with all reads before the position added to the sites.
        seen: the barcodes of the reads that are kept are added to it.

    Raises:
        InputError: a file that was cut off.
    """
    waiting = {name: Waiting(cuts) for name, cuts in sites.items()}
    for number, (read, tell) in enumerate(_from(path, position), start=1):
        if (cluster := _cluster(read, wanted, filters)) is not None:
            filters.kept += 1
            if seen is not None and wanted.groups is not None:
                seen.add(_barcode(read))
            reverse = read.is_reverse
            at = read.reference_end + wanted.shift[1] if reverse else read.reference_start + wanted.shift[0]
            once = not read.flag & (_SECONDARY | _SUPPLEMENTARY)
            waiting[cluster].add(read.reference_name, at, read.template_length if once else 0)
        if number % _OFTEN == 0:
            for last in waiting.values():
                last.flush()
            checkpoint(tell())
    for last in waiting.values():
        last.flush()


def _cluster(read, wanted: Wanted, filters: Filters) -> str | None:
    """Of a read that counts; else None, and it is counted for the filter that took it."""
    flag, groups = read.flag, wanted.groups
    if is_unmapped(read) or (flag & _SECONDARY and not wanted.every_alignment):
        return None
    filters.duplicates -= not flag & _SECONDARY  # all reads are, until they are seen again
    if flag & _SUPPLEMENTARY and not wanted.every_alignment:
        filters.supplementary += 1
    elif flag & (_PAIRED | _PROPER) != _PAIRED | _PROPER:
        filters.not_in_a_proper_pair += not flag & _SECONDARY
    elif read.mapping_quality < wanted.mapping_quality:
        filters.of_low_quality += 1
    elif (cluster := "" if groups is None else groups.get(_barcode(read))) is None:
        filters.of_other_cells += 1
    else:
        return cluster
    return None


def check_kept(path: Path, filters: Filters) -> None:
    """Raise `InputError` if the filters left nothing; it names the one that removed the reads."""
    if not filters.kept:
        raise InputError(
            "A BAM file must have reads in proper pairs that the filters leave", where=path, received=asdict(filters)
        )


def pairs(path: str | Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Fragments of proper pairs, one at a time: chromosome, start (1,), end (1,)."""
    for read in records(Path(path)):
        first = read.flag & _PROPER and not read.flag & (_SECONDARY | _SUPPLEMENTARY)
        if first and not read.is_reverse and read.template_length > 0 and not is_unmapped(read):
            start = read.reference_start
            yield read.reference_name, np.array([start]), np.array([start + read.template_length])


class Waiting:
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
        """Hand on what waits."""
        if self._at:
            self._sites.add(self._chrom, np.array(self._at, np.int64))
            self._sites.add_lengths(self._chrom, np.array(self._lengths, np.int64))
            self._at, self._lengths = [], []


def is_unmapped(read) -> bool:
    """Whether a record says so, or has no sequence or no CIGAR and thus no place."""
    return bool(read.flag & _UNMAPPED) or read.reference_id < 0 or read.reference_end is None


def _barcode(read) -> str | None:
    return str(read.get_tag("CB")) if read.has_tag("CB") else None


def records(path: Path) -> Iterator:
    """All records of a file."""
    return (read for read, _ in _from(path, None))


def _from(path: Path, position: int | None) -> Iterator[tuple[object, Callable[[], int]]]:
    """(record, a function that returns the position beyond it), from a position on."""
    with _file(path) as file:
        if position is not None:
            file.seek(position)
        for read in file.fetch(until_eof=True):
            yield read, file.tell


@contextmanager
def _file(path: Path):
    """A BAM file; what htslib raises, also inside the block, becomes an `InputError`."""
    pysam = pysam_module()
    before = pysam.set_verbosity(0)  # its C library writes to the error stream past Python
    try:
        with pysam.AlignmentFile(str(path), "rb") as file:
            yield file
    except (OSError, ValueError) as error:
        raise InputError(
            f"A BAM file must be complete; this one was cut off or damaged ({' '.join(str(error).split())[:200]})",
            where=path,
            hint="Copy it again",
        ) from None
    finally:
        pysam.set_verbosity(before)


def without_duplicates(path: Path, folder: Path, by_cell: bool, threads: int) -> Path:
    """The file after samtools sort -n, fixmate -m, sort and markdup -r, as the authors' pipeline has it.

    Args:
        path: a BAM file.
        folder: of the scratch disk, which keeps what each step made; about three times the file's size.
        by_cell: whether pairs of two cells (the tag CB) never repeat one another.
        threads: of samtools.

    Raises:
        InputError: samtools cannot read the file.
    """
    pysam, extra = pysam_module(), ("-@", str(max(threads - 1, 0)))
    steps = [
        (pysam.sort, ("-n", "-m", "512M", "-T", str(folder / "sorting.tmp"))),
        (pysam.fixmate, ("-m",)),
        (pysam.sort, ("-m", "512M", "-T", str(folder / "sorting.tmp"))),
        (pysam.markdup, ("-r", "-T", str(folder / "marking.tmp"), *(("--barcode-tag", "CB") if by_cell else ()))),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder / f"{number}.bam" for number in range(len(steps))]
    done = max((number for number, file in enumerate(made) if file.is_file()), default=-1)
    for left in [file for file in folder.iterdir() if ".tmp" in file.name]:
        left.unlink()
    for number, (command, options) in enumerate(steps):
        if number <= done:
            continue
        source, target = made[number - 1] if number else path, folder / f"{number}.tmp.bam"
        to = ("-o", str(target), str(source)) if command is pysam.sort else (str(source), str(target))
        before = pysam.set_verbosity(0)
        try:
            command(*options, *extra, *to, catch_stdout=False)
        except pysam.SamtoolsError as error:
            raise InputError(
                f"samtools must be able to remove duplicates ({' '.join(str(error).split())[:200]})",
                received={"reads": str(path)},
                hint="Check the file with `samtools quickcheck`, or keep duplicates",
            ) from None
        finally:
            pysam.set_verbosity(before)
        target.replace(made[number])
        if number:
            made[number - 1].unlink()
    return made[-1]


def pysam_module():
    """pysam, or `MissingExtra`."""
    try:
        import pysam
    except ImportError:
        raise MissingExtra("pysam must be installed to read BAM files", extra="prepare") from None
    return pysam

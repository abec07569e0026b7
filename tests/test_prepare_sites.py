"""Cut sites per base of fragments and reads: which base counts, whatever the file and the assay."""

from pathlib import Path

import numpy as np
import pysam
import pytest

from zoo.errors import InputError
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.prepare.sites import cut_sites

ROWS = [(100, 300), (100, 260), (500, 900)]


@pytest.fixture
def genome(tmp_path: Path) -> Genome:
    write_twobit(tmp_path / "g.2bit", {"chr1": np.random.default_rng(0).integers(0, 4, 2000).astype(np.uint8)})
    return Genome(tmp_path / "g.2bit")


@pytest.fixture
def fragments(tmp_path: Path) -> Path:
    path = tmp_path / "f.tsv"
    path.write_text("".join(f"chr1\t{start}\t{end}\tAAAC-1\t1\n" for start, end in ROWS))
    return path


def counted(path: Path) -> dict[int, int]:
    """Base → cuts, where there are any."""
    values = Signal(path).values("chr1", 0, 2000)
    return {int(at): int(values[at]) for at in np.flatnonzero(values)}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"shift": True}, {104: 2, 295: 1, 255: 1, 504: 1, 895: 1}),  # start + 4 and end - 5
        ({"shift": False}, {100: 2, 299: 1, 259: 1, 500: 1, 899: 1}),  # as 10x writes them
        ({"assay": "DNase"}, {100: 2, 300: 1, 260: 1, 500: 1, 900: 1}),  # start and end
    ],
)
def test_which_base_counts(genome: Genome, fragments: Path, tmp_path: Path, options: dict, expected: dict):
    assert cut_sites(fragments, tmp_path / "s.bw", genome, **options) == 6
    assert counted(tmp_path / "s.bw") == expected


def test_single_reads_count_once(genome: Genome, tmp_path: Path):
    """The 5' end: of a + read its start, of a - read the base before its end."""
    (tmp_path / "r.tagAlign").write_text("chr1\t100\t150\tN\t1\t+\nchr1\t300\t350\tN\t1\t-\n")
    assert cut_sites(tmp_path / "r.tagAlign", tmp_path / "s.bw", genome, shift=True) == 2
    assert counted(tmp_path / "s.bw") == {104: 1, 345: 1}


def test_of_a_bam_file(genome: Genome, tmp_path: Path):
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chr1", "LN": 2000}]}
    with pysam.AlignmentFile(tmp_path / "r.bam", "wb", header=header) as file:
        for flag, at, mate, length in ((99, 100, 250, 200), (147, 250, 100, -200)):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = "a", flag, 0, at
            read.next_reference_id, read.next_reference_start, read.template_length = 0, mate, length
            read.mapping_quality, read.cigarstring, read.query_sequence = 60, "50M", "A" * 50
            file.write(read)
    assert cut_sites(tmp_path / "r.bam", tmp_path / "s.bw", genome, shift=True, keep_duplicates=True) == 2
    assert counted(tmp_path / "s.bw") == {104: 1, 295: 1}


def test_what_goes_together(genome: Genome, fragments: Path, tmp_path: Path):
    for options in ({"assay": "ChIP"}, {"assay": "DNase", "shift": True}):
        with pytest.raises(InputError, match="assay must be one of ATAC, DNase; a shift must go with ATAC"):
            cut_sites(fragments, tmp_path / "s.bw", genome, **options)
    with pytest.raises(InputError, match="must go with a BAM file"):
        cut_sites(fragments, tmp_path / "s.bw", genome, mapping_quality=30)
    with pytest.raises(InputError):
        cut_sites(fragments, fragments, genome, shift=True)
    assert fragments.read_text().startswith("chr1\t100")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("tmp", "s.bw"))] == []

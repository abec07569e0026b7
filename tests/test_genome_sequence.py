"""Reading 2bit files."""

import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot
from zoo.genome.sequence import Genome, write_twobit


@pytest.fixture
def tiny(tmp_path: Path) -> Genome:
    write_twobit(tmp_path / "tiny.2bit", {"chr1": encode("TACGTNNACGTAC"), "chr2": encode("NACGTTTT")})
    return Genome(tmp_path / "tiny.2bit")


def test_encode():
    assert encode("ACGTacgtNRYn-").tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 4, 4, 4, 4]
    assert one_hot(encode("ACGTN")).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0] * 4]
    assert one_hot(encode("A")).dtype == np.float32


@pytest.mark.parametrize(
    ("chrom", "start", "end", "expected"),
    [
        ("chr1", 0, 13, "TACGTNNACGTAC"),
        ("chr1", -10, 1, "NNNNNNNNNNT"),
        ("chr1", 11, 16, "ACNNN"),
        ("chr1", -3, -1, "NN"),
        ("chr1", 13, 15, "NN"),
        ("chr1", 100, 102, "NN"),
        ("chr1", -2, 15, "NNTACGTNNACGTACNN"),
        ("chr2", 0, 1, "N"),
        ("chr2", 7, 8, "T"),
    ],
)
def test_reads_past_an_end_are_padded_with_n(tiny: Genome, chrom: str, start: int, end: int, expected: str):
    assert tiny.sequence(chrom, start, end) == expected
    assert tiny.codes(chrom, start, end).dtype == np.uint8


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 5), (6, 5)])
def test_empty_intervals_are_refused(tiny: Genome, start: int, end: int):
    with pytest.raises(InputError, match="must not be empty"):
        tiny.codes("chr1", start, end)


def test_unknown_chromosome(tiny: Genome):
    with pytest.raises(InputError, match="chr3"):
        tiny.codes("chr3", 0, 1)


def test_round_trip_of_random_sequences(tmp_path: Path):
    random = np.random.default_rng(0)
    sequences = {f"c{length}": random.integers(0, 5, length).astype(np.uint8) for length in (1, 2, 3, 4, 5, 1001)}
    write_twobit(tmp_path / "r.2bit", sequences)
    genome = Genome(tmp_path / "r.2bit")
    assert genome.sizes == {name: len(codes) for name, codes in sequences.items()}
    for name, codes in sequences.items():
        assert (genome.codes(name, 0, len(codes)) == codes).all()


def test_soft_masked_bases_are_like_upper_case(shared: Path):
    """The FASTA is soft-masked; the 2bit made of it has the same bases."""
    import gzip

    folder = shared / "data" / "hg19_chr20_gm12878"
    genome = Genome(folder / "hg19_chr20_to_11095000.2bit")
    with gzip.open(folder / "ucsc.hg19.chr20.unittest.fasta.gz", "rt") as handle:
        next(handle)
        text = "".join(line.strip() for line in handle)[9_995_000:10_095_000]
    assert text != text.upper()
    assert genome.sequence("chr20", 9_995_000, 10_095_000) == text.upper()


@pytest.mark.parametrize("keep", [0, 3, 15, 20, 40, -1])
def test_a_file_that_was_cut_off_is_found_when_opened(tiny: Genome, tmp_path: Path, keep: int):
    data = tiny.path.read_bytes()
    (tmp_path / "cut.2bit").write_bytes(data[:keep])
    with pytest.raises(InputError, match=r"cut\.2bit"):
        Genome(tmp_path / "cut.2bit")


def test_real_genomes_are_complete(shared: Path):
    assert len(Genome(shared / "data" / "sacCer3_atac_tf" / "sacCer3.2bit").sizes) == 17


@pytest.mark.parametrize("name", ["missing.2bit", "."])
def test_what_is_no_file(tmp_path: Path, name: str, capfd: pytest.CaptureFixture):
    with pytest.raises(InputError):
        Genome(tmp_path / name)
    assert capfd.readouterr().err == ""  # no chatter of the C library


def test_another_format(tmp_path: Path, capfd: pytest.CaptureFixture):
    (tmp_path / "x.2bit").write_text(">chr1\nACGTACGTACGTACGT\n")
    with pytest.raises(InputError, match=r"\.2bit file"):
        Genome(tmp_path / "x.2bit")
    assert capfd.readouterr().err == ""


def test_pickles_and_works_in_other_processes_and_threads(tiny: Genome):
    assert pickle.loads(pickle.dumps(tiny)).sequence("chr1", 0, 5) == "TACGT"
    for method in ("spawn", "fork"):
        with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
            assert list(pool.map(tiny.sequence, ["chr1"] * 8, range(8), range(1, 9))) == list("TACGTNNA")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: tiny.sequence("chr1", 0, 13), range(200)))
    assert set(found) == {"TACGTNNACGTAC"}


def test_handle_is_opened_once_per_process(tiny: Genome):
    with tiny._handle as first, tiny._handle as second:
        assert first is second
    assert tiny._handle._pid == os.getpid()

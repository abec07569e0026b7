"""Reading 2bit files."""

import gzip
import os
import pickle
import struct
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot
from zoo.genome.handle import Handle
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
    (tmp_path / "x.2bit").write_text("@read\nACGTACGTACGTACGT\n")
    with pytest.raises(InputError, match=r"\.2bit or FASTA file"):
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


def test_handle_is_opened_once_per_process():
    handle = Handle(lambda: [os.getpid()])
    with handle as first, handle as second:
        assert first is second
    context = get_context("fork")  # the other process begins with the handle open
    answers = context.SimpleQueue()

    def there() -> None:
        with handle as opened:
            answers.put(opened)

    process = context.Process(target=there)
    process.start()
    assert (first, answers.get()) == ([os.getpid()], [process.pid])
    process.join()


def _changed(path: Path, target: Path, **edits: bytes) -> Path:
    """A copy with bytes replaced: `at_OFFSET=b"…"`."""
    data = bytearray(path.read_bytes())
    for place, new in edits.items():
        at = int(place.removeprefix("at_"))
        data[at : at + len(new)] = new
    target.write_bytes(data)
    return target


def test_names_that_occur_twice(tiny: Genome, tmp_path: Path):
    at = tiny.path.read_bytes().index(b"chr2")
    with pytest.raises(InputError, match=r"must name every sequence once.*sequences=2, different names=1"):
        Genome(_changed(tiny.path, tmp_path / "x.2bit", **{f"at_{at}": b"chr1"}))
    with pytest.raises(InputError, match="must be intact"):
        Genome(_changed(tiny.path, tmp_path / "x.2bit", **{f"at_{at}": b"\xff"}))


def test_blocks_of_n_beyond_the_end(tiny: Genome, tmp_path: Path):
    """chr1 begins at byte 34: length, number of blocks, start and length of the block."""
    assert tiny.path.read_bytes()[34:50] == struct.pack("<IIII", 13, 1, 5, 2)
    for start, length in ((12, 2), (2**32 - 1, 1), (5, 2**32 - 1), (14, 1)):
        with pytest.raises(InputError, match="must be intact"):
            Genome(_changed(tiny.path, tmp_path / "x.2bit", at_42=struct.pack("<II", start, length)))
    for count in (2, 2**31, 2**32 - 1):
        with pytest.raises(InputError, match="must be intact"):
            Genome(_changed(tiny.path, tmp_path / "x.2bit", at_38=struct.pack("<I", count)))


def test_the_other_byte_order_masks_and_empty_sequences(tmp_path: Path):
    """By hand: big-endian, version 1 with offsets of 64 bits, a masked block, a sequence without a base."""
    for order, version in (("<", 0), (">", 0), (">", 1)):
        offset = struct.Struct(f"{order}{'IQ'[version]}")
        first = 16 + 2 * (2 + offset.size)
        record = struct.pack(f"{order}II2I2I2I", 6, 1, 4, 1, 1, 0, 3, 0) + bytes([0b00_01_10_11, 0b10_11_00_00])
        empty = struct.pack(f"{order}4I", 0, 0, 0, 0)
        index = b"\x01a" + offset.pack(first) + b"\x01b" + offset.pack(first + len(record))
        path = tmp_path / "x.2bit"
        path.write_bytes(struct.pack(f"{order}4I", 0x1A412743, version, 2, 0) + index + record + empty)
        genome = Genome(path)
        assert genome.sizes == {"a": 6}
        assert genome.sequence("a", -1, 7) == "NTCAGNGN"
    for nothing in ({}, {"a": encode("")}):
        write_twobit(tmp_path / "x.2bit", nothing)
        with pytest.raises(InputError, match="must have a sequence with bases"):
            Genome(tmp_path / "x.2bit")


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"BAM\x01" + bytes(99), "This is a BAM file"),
        (b"\x26\xfc\x8f\x88" + bytes(99), "This is a bigWig file, a signal"),
        (b"", "Example: hg38.2bit"),
        (b"chr1\t5\n", "Example: hg38.2bit"),
    ],
)
def test_files_that_are_no_genome(tmp_path: Path, content: bytes, hint: str):
    (tmp_path / "x.2bit").write_bytes(content)
    with pytest.raises(InputError, match=f"A genome must be a .2bit or FASTA file.*{hint}"):
        Genome(tmp_path / "x.2bit")


def test_many_contigs_are_quick(tmp_path: Path):
    codes = encode("ACGTN")
    write_twobit(tmp_path / "g.2bit", {f"contig_{number}": codes for number in range(20_000)})
    start = time.process_time()
    genome = Genome(tmp_path / "g.2bit")
    assert sum(genome.codes(name, 0, 5).sum() for name in genome.sizes) == 20_000 * 10
    assert time.process_time() - start < 10  # 0.5 ms for each

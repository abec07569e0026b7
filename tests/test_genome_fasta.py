"""FASTA files as genomes."""

import gzip
import pickle
import re
import struct
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import zoo.genome.fasta as fasta
from zoo.errors import InputError, ZooWarning
from zoo.genome.sequence import Genome, write_twobit

BASES = ">chr1 of a toy\nACGTa\ncgtnR\nTT\n>chr2\nGGGGG\n>empty\n\n>chr3\nUu-free\n".replace("-free", "CA")


def bgzip(path: Path, data: bytes, block: int = 7) -> Path:
    """Blocks of a few bytes, and the empty one at the end, by the specification."""
    parts = [data[first : first + block] for first in range(0, len(data), block)]
    written = b""
    for part in [*parts, b""]:
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(part) + packer.flush()
        head = b"\x1f\x8b\x08\x04" + bytes(4) + b"\x00\xff" + struct.pack("<H2sHH", 6, b"BC", 2, len(packed) + 25)
        written += head + packed + struct.pack("<II", zlib.crc32(part), len(part))
    path.write_bytes(written)
    return path


def plain(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def sequences(genome: Genome) -> list[str]:
    return [genome.sequence(chrom, 0, size) for chrom, size in genome.sizes.items()]


@pytest.mark.parametrize("write", [plain, bgzip])
def test_literal_sequences(tmp_path: Path, write):
    """Lower case as upper, letters of IUPAC as N, U as T, nothing beyond the ends, no sequence without bases."""
    genome = Genome(write(tmp_path / "anything", BASES.encode()))
    assert genome.sizes == {"chr1": 12, "chr2": 5, "chr3": 4}
    assert genome.sequence("chr1", -2, 14) == "NNACGTACGTNNTTNN"
    assert genome.sequence("chr3", 0, 4) == "TTCA"
    assert genome.codes("chr1", 3, 6).tolist() == [3, 0, 1]
    written = genome.path.read_bytes()
    assert (gzip.decompress(written) if write is bgzip else written) == BASES.encode()
    for start in range(12):
        for end in range(start + 1, 13):
            assert genome.sequence("chr1", start, end) == "ACGTACGTNNTT"[start:end]
    assert not list(tmp_path.glob("*.fai"))


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("width", [1, 4, 5, 99])
def test_ends_of_lines(tmp_path: Path, ends: str, last: bool, width: int):
    sequence = "ACGTNACGTTGCA"
    lines = [sequence[first : first + width] for first in range(0, len(sequence), width)]
    text = ends.join([">a b", *lines, ">c", *lines]) + ends * last
    genome = Genome(plain(tmp_path / "g.fa", text.encode()))
    assert [genome.sequence(chrom, 0, 13) for chrom in "ac"] == [sequence, sequence]
    assert genome.sequence("c", 7, 12) == sequence[7:12]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 24])
def test_index_does_not_depend_on_the_parts_of_the_file(tmp_path: Path, monkeypatch, chunk: int):
    monkeypatch.setattr(fasta, "_CHUNK", chunk)
    assert sequences(Genome(plain(tmp_path / "g.fa", BASES.encode()))) == ["ACGTACGTNNTT", "GGGGG", "TTCA"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">a\nACGT\nAC\nACGT\n", "must have one length, except the last.*lines=.*seqkit seq"),
        (">a\nACGT\nACGTA\n", "must have one length, except the last"),
        (">a\nACGT\n\nACGT\n", "must have one length, except the last"),
        (">a\n\nACGT\n", "must have one length, except the last"),
        (">a\nACGT\nACGT\r\nACGT\r\n", "must have one length, except the last"),
        (">a\nACGT\n>a\nACGT\n", "must name every sequence once.*name='a'"),
        (">\nACGT\n", "must name every sequence once.*name=''"),
        ("> a\nACGT\n", "must name every sequence once"),
        (">a\n>b\n", "must have a sequence with bases"),
        (">a\rACGT\rACGT\r", "must have a sequence with bases"),
    ],
)
@pytest.mark.parametrize("chunk", [3, 1 << 24])
def test_damage_is_refused_at_once(tmp_path: Path, monkeypatch, text: str, message: str, chunk: int):
    monkeypatch.setattr(fasta, "_CHUNK", chunk)
    with pytest.raises(InputError, match=message):
        Genome(plain(tmp_path / "g.fa", text.encode()))


@pytest.mark.parametrize(("text", "letter"), [("ACGT\nAC T\n", " "), ("MKWVT\nFISLL\n", "F"), ("AC-T\n", "-")])
def test_letters_that_are_no_bases_are_refused_where_they_are_read(tmp_path: Path, text: str, letter: str):
    genome = Genome(plain(tmp_path / "g.fa", f">a\n{text}".encode()))
    with pytest.raises(InputError, match=rf"g.fa a:\d: A sequence .* must have bases only.*letter='{letter}'"):
        genome.codes("a", 0, genome.sizes["a"])
    carriage = Genome(plain(tmp_path / "r.fa", b">a\nAC\rGT\nACTGT\n"))
    with pytest.raises(InputError, match="lines of a sequence in a FASTA file must have one length"):
        carriage.codes("a", 0, 5)


def test_compressed_by_another_program(tmp_path: Path):
    (tmp_path / "g.fa.gz").write_bytes(gzip.compress(b">a\nACGT\n"))
    with pytest.raises(InputError, match=r"bgzip.*Compress it again: `gunzip -c g.fa.gz \| bgzip > genome.fa.gz`"):
        Genome(tmp_path / "g.fa.gz")


def test_damaged_blocks(tmp_path: Path):
    """A changed byte, a file without its last block, one that ends within a block."""
    whole = bgzip(tmp_path / "g.fa.gz", BASES.encode()).read_bytes()
    for broken, message in (
        (whole[:-28] + whole[-28:-27], "damaged"),
        (whole[:-28], "must be complete: the empty block at its end is missing"),
        (whole[:25] + bytes([whole[25] ^ 1]) + whole[26:], "damaged"),
    ):
        with pytest.raises(InputError, match=message):
            Genome(plain(tmp_path / "broken.fa.gz", broken))


def test_an_index_beside_the_file_is_used_if_it_fits(tmp_path: Path, monkeypatch):
    path = plain(tmp_path / "g.fa", BASES.encode())
    right = "chr1\t12\t15\t5\t6\nchr2\t5\t36\t5\t6\nempty\t0\t49\t0\t0\nchr3\t4\t56\t4\t5\n"
    (tmp_path / "g.fa.fai").write_text(right)
    monkeypatch.setattr(fasta, "_scanned", None)
    genome = Genome(path)
    assert genome.sizes == {"chr1": 12, "chr2": 5, "chr3": 4}
    assert genome.sequence("chr1", 0, 12) == "ACGTACGTNNTT"


@pytest.mark.parametrize(
    "stale",
    [
        "chr1\t12\t15\t5\t6\n",  # the file has more sequences now
        "chr9\t12\t15\t5\t6\nchr2\t5\t36\t5\t6\nempty\t0\t49\t0\t0\nchr3\t4\t56\t4\t5\n",  # another name
        "chr1\t11\t15\t5\t6\nchr2\t5\t36\t5\t6\nempty\t0\t49\t0\t0\nchr3\t4\t56\t4\t5\n",  # another length
        "chr1\t12\t15\t6\t7\nchr2\t5\t36\t5\t6\nempty\t0\t49\t0\t0\nchr3\t4\t56\t4\t5\n",  # other lines
        "chr1\t12\t14\t5\t6\nchr2\t5\t36\t5\t6\nempty\t0\t49\t0\t0\nchr3\t4\t56\t4\t5\n",  # another place
        "chr1\t12\t15\t5\t6\nchr1\t5\t36\t5\t6\nempty\t0\t49\t0\t0\nchr3\t4\t56\t4\t5\n",
        "chr1\t12\t15\t5\n",
        "chr1\t-12\t15\t5\t6\n",
        "",
    ],
)
def test_an_index_that_does_not_fit_is_not_used(tmp_path: Path, stale: str):
    path = plain(tmp_path / "g.fa", BASES.encode())
    (tmp_path / "g.fa.fai").write_text(stale)
    with pytest.warns(ZooWarning, match="g.fa.fai is not the index of this FASTA file"):
        genome = Genome(path)
    assert sequences(genome) == ["ACGTACGTNNTT", "GGGGG", "TTCA"]


def test_lines_that_the_index_has_elsewhere_are_refused(tmp_path: Path):
    """An index that fits both ends of a sequence whose lines are of other lengths: 4 + 6 + 2 for 5 + 5 + 2."""
    path = plain(tmp_path / "g.fa", b">a\nACGT\nACGTAC\nGT\n")
    (tmp_path / "g.fa.fai").write_text("a\t12\t3\t5\t6\n")
    genome = Genome(path)
    with pytest.raises(InputError, match=r"must have one length.*Remove a .fai that is older than the file"):
        genome.codes("a", 0, 12)


def _first(genome: Genome) -> str:
    return genome.sequence("chr1", 0, 4)


def test_other_processes_open_it_themselves_and_do_not_look_again(tmp_path: Path, monkeypatch):
    genome = Genome(bgzip(tmp_path / "g.fa.gz", BASES.encode()))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(_first, genome).result() == "ACGT"
    packed = pickle.dumps(genome)
    monkeypatch.setattr(fasta, "_scanned", None)
    assert _first(pickle.loads(packed)) == "ACGT"


def test_faidx_has_the_same_bases(tmp_path: Path):
    """pyfaidx and samtools' index, on random sequences of random widths."""
    pyfaidx = pytest.importorskip("pyfaidx", reason="needs pyfaidx, the other reader")
    rng, text = np.random.default_rng(7), ""
    for number in range(30):
        letters = "".join(rng.choice(list("ACGTacgtNnRY"), rng.integers(1, 400)))
        width = int(rng.integers(1, 90))
        lines = "\n".join(letters[first : first + width] for first in range(0, len(letters), width))
        text += f">contig{number} {width}\n{lines}\n"
    genome = Genome(plain(tmp_path / "g.fa", text.encode()))
    other = pyfaidx.Fasta(str(tmp_path / "g.fa"), indexname=str(tmp_path / "other.fai"), sequence_always_upper=True)
    (tmp_path / "g.fa.fai").write_text((tmp_path / "other.fai").read_text())
    with_index = Genome(tmp_path / "g.fa")
    assert genome.sizes == with_index.sizes == {name: len(other[name]) for name in other.keys()}  # noqa: SIM118
    for name, size in genome.sizes.items():
        start = int(rng.integers(size))
        end = int(rng.integers(start + 1, size + 1))
        expected = re.sub("[RY]", "N", other[name][start:end].seq)
        assert genome.sequence(name, start, end) == with_index.sequence(name, start, end) == expected


def test_the_human_sequence_is_that_of_its_2bit(shared: Path, tmp_path: Path):
    """hg19 chr20, bgzip and plain, beside the 2bit that was made of the same file; and the time of reads in blocks."""
    folder = shared / "data" / "hg19_chr20_gm12878"
    packed = Genome(folder / "ucsc.hg19.chr20.unittest.fasta.gz")
    twobit = Genome(folder / "hg19_chr20_to_11095000.2bit")
    first, end = 9_995_000, twobit.sizes["chr20"]
    flat = tmp_path / "chr20.fa"
    with gzip.open(packed.path) as source:
        flat.write_bytes(source.read())
    flat = Genome(flat)
    assert packed.sizes == flat.sizes == {"chr20": 63_025_520}
    took = {}
    for name, genome in (("2bit", twobit), ("FASTA", flat), ("bgzip", packed)):
        begun = time.perf_counter()
        parts = [genome.codes("chr20", start, start + 100_000) for start in range(first, end, 100_000)]
        took[name] = time.perf_counter() - begun
        assert np.array_equal(np.concatenate(parts), twobit.codes("chr20", first, end))
    print(", ".join(f"{name} {1.1 / seconds:.0f} Mb/s" for name, seconds in took.items()))
    assert np.array_equal(packed.codes("chr20", 0, end), twobit.codes("chr20", 0, end))


def test_real_files_through_a_2bit(shared: Path, tmp_path: Path):
    """1 Mb of chr1 and 300 kb of chr22 of hg38, with and without the index beside them."""
    for source in ("hg38_chr1_1Mb/hg38_1m.fa.gz", "hg38_chr22_scatac/hg38_chr22_32000000_32300000.fa"):
        path = shared / "data" / source
        genome = Genome(path)
        (tmp_path / path.name).write_bytes(path.read_bytes())
        alone = Genome(tmp_path / path.name)
        assert genome.sizes == alone.sizes
        for chrom, size in genome.sizes.items():
            codes = genome.codes(chrom, 0, size)
            assert np.array_equal(codes, alone.codes(chrom, 0, size))
            write_twobit(tmp_path / "g.2bit", {chrom: codes})
            assert np.array_equal(Genome(tmp_path / "g.2bit").codes(chrom, 0, size), codes)
    first = Genome(shared / "data/hg38_chr1_1Mb/hg38_1m.fa.gz").codes("chr1", 0, 1_000_000)
    assert (size, int((first == 4).sum())) == (300_000, 160_000)

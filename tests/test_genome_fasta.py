"""FASTA files as genomes."""

import csv
import gzip
import json
import pickle
import re
import struct
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import chrombpnet_files
import numpy as np
import pytest
import test_evaluate_qc
import test_footprints
import test_targets
import training

import zoo.genome.fasta as fasta
from zoo.cli import main
from zoo.data import synthetic
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


def test_a_file_is_looked_through_once(tmp_path: Path, monkeypatch):
    """By a process, however often it opens the file; anew once the file has changed."""
    path, looked, scan = plain(tmp_path / "g.fa", BASES.encode()), [], fasta._scanned
    monkeypatch.setattr(fasta, "_scanned", lambda *given: looked.append(1) or scan(*given))
    assert [sequences(Genome(path)) for _ in range(3)] == [["ACGTACGTNNTT", "GGGGG", "TTCA"]] * 3
    assert len(looked) == 1
    path.write_bytes(b">chr1\nACGTACGTACGT\n")
    assert sequences(Genome(path)) == ["ACGTACGTACGT"]
    assert len(looked) == 2


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


# ------------------------------------------------------------------ every command: the same results as of the 2bit file

PAGES = {".json", ".html"}  # which name the genome
sample, qc_model = test_footprints.small, test_evaluate_qc.model


def variants_of(twobit: Path, folder: Path) -> dict[str, Path]:
    """A 2bit file, and FASTA files of the same sequences: partly in lower case, in lines of 61, with descriptions."""
    genome, text = Genome(twobit), ""
    for number, (chrom, size) in enumerate(genome.sizes.items()):
        bases = genome.sequence(chrom, 0, size)
        bases = bases[: size // 3] + bases[size // 3 : size // 2].lower() + bases[size // 2 :]
        text += f">{chrom} dna:chromosome toy {number}\n"
        text += "".join(f"{bases[first : first + 61]}\n" for first in range(0, size, 61))
    folder.mkdir()
    packed = bgzip(folder / "genome.fa.gz", text.encode(), 1 << 12)
    return {"2bit": twobit, "FASTA": plain(folder / "genome.fa", text.encode()), "bgzip": packed}


@pytest.fixture(scope="module")
def genomes(genome_files: synthetic.Synthetic, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return variants_of(genome_files.genome, tmp_path_factory.mktemp("verbs") / "genomes")


@pytest.fixture(scope="module")
def words(genome_files: synthetic.Synthetic, small_folder: Path, tmp_path_factory) -> dict[str, str]:
    """What stands for what in a line."""
    genome, folder = Genome(genome_files.genome), tmp_path_factory.mktemp("lines")
    rows = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tdonor"]
    for place in range(13_000, 15_000, 400):
        base = genome.sequence("chr1", place, place + 1)
        other = "ACGT"["CGTA".index(base)]
        rows.append(f"chr1\t{place + 1}\t.\t{base}\t{other}\t.\t.\t.\tGT\t0|1")
    (folder / "v.vcf").write_text("\n".join(rows) + "\n")
    (folder / "genes.gtf").write_text(test_targets.GTF.replace("ENSG07.1", "ENSG06.1").replace("XX", "X2"))
    (folder / "CTCF.bed").write_text(test_targets.CTCF)
    given = {"MODEL": small_folder, "SIGNAL": genome_files.signal, "VCF": folder / "v.vcf", "PEAKS": genome_files.peaks}
    given |= {"GTF": folder / "genes.gtf", "SITES": folder / "CTCF.bed", "SNP": f"chr1:13001:{base_and_other(genome)}"}
    return {name: str(value) for name, value in given.items()}


def base_and_other(genome: Genome) -> str:
    base = genome.sequence("chr1", 13_000, 13_001)
    return f"{base}:{'ACGT'['CGTA'.index(base)]}"


def arguments_of(line: str, words: dict[str, str], genome: Path) -> list[str]:
    given = {**words, "GENOME": str(genome)}
    return [re.sub("[A-Z]{3,}", lambda match: given.get(match[0], match[0]), word) for word in line.split()]


def made(line: str, genomes: dict[str, Path], words: dict[str, str], home: Path, monkeypatch, capsys) -> list[dict]:
    """What a line writes and prints with each genome, but for the pages that name it; checked to be the same."""
    found = []
    for kind, path in genomes.items():
        (home / kind).mkdir(parents=True)
        monkeypatch.chdir(home / kind)
        assert main(arguments_of(line, words, path)) in (0, None), capsys.readouterr().err
        files = [each for each in Path().rglob("*") if each.is_file() and each.suffix not in PAGES]
        printed = capsys.readouterr().out.replace(str(path), "GENOME")
        found.append({str(each): each.read_bytes() for each in files} | {"printed": printed})
    for other in found[1:]:
        assert other == found[0]
    return found


LINES = {
    "predict": "MODEL --signal SIGNAL --regions chr1:5,001-9,000 --output out/p",
    "attribute": "MODEL --signal SIGNAL --regions chr1:5,001-5,400 --count 2 --output out/a",
    "variants": "MODEL VCF --signal SIGNAL --background 100 --output out/v",
    "haplotypes": "MODEL VCF --signal SIGNAL --regions chr1:12,001-16,000 --output out/h",
    "evaluate": "yeast/ATAC --signal SIGNAL --chromosomes chr10 --output out/e",
    "doctor": "--signal SIGNAL --regions PEAKS --model MODEL",
    "compare": "MODEL --samples T=SIGNAL B=SIGNAL --regions PEAKS --output out/c",
    "plot": "chr1:5,001-6,000 --model MODEL --signal SIGNAL --method gradients --output out.png",
    "targets": "CTCF=SITES --annotation GTF --rule window --output out/t",
}


@pytest.mark.parametrize("command", LINES)
def test_commands(command: str, genomes: dict, words: dict, tmp_path: Path, monkeypatch, capsys):
    line = f"{command} {LINES[command]} --genome GENOME"
    made(line, genomes, words, tmp_path, monkeypatch, capsys)
    assert {path.name for path in genomes["FASTA"].parent.iterdir()} == {"genome.fa", "genome.fa.gz"}  # no index


def test_the_picture_of_a_variant(genomes: dict, words: dict, tmp_path: Path, monkeypatch, capsys):
    line = "variants MODEL SNP --genome GENOME --signal SIGNAL --picture v.png --method gradients"
    made(line, genomes, words, tmp_path, monkeypatch, capsys)


def test_a_pass_of_many_on_other_processes_and_by_a_plan(
    genomes: dict, words: dict, tmp_path: Path, monkeypatch, capsys
):
    line = "predict MODEL yeast/REB1 --genome GENOME --signal T=SIGNAL B=SIGNAL --regions chr1:5,001-6,000 "
    line += "--output out/p"
    two = {kind: genomes[kind] for kind in ("2bit", "bgzip")}
    (by_workers, _) = made(f"{line} --workers 1", two, words, tmp_path, monkeypatch, capsys)
    (tmp_path / "plan").mkdir()
    monkeypatch.chdir(tmp_path / "plan")
    assert main([*arguments_of(line, words, genomes["bgzip"]), "--plan", "plan.tsv"]) == 0
    with open("plan.tsv") as file:
        units = [row["unit"] for row in csv.DictReader(file, delimiter="\t")]
    assert main(["unit", "out/p.partial", *units]) == 0
    assert main(arguments_of(line, words, genomes["bgzip"])) == 0
    files = {str(path): path.read_bytes() for path in Path("out").iterdir() if path.suffix not in PAGES}
    assert files == {name: content for name, content in by_workers.items() if name.startswith("out/")}


def test_a_genome_in_another_file_is_another_input(genomes: dict, words: dict, tmp_path: Path, monkeypatch, capsys):
    """Though its bases are the same: what was made of one is not taken for what is made of the other."""
    monkeypatch.chdir(tmp_path)
    line = "predict MODEL --genome GENOME --signal SIGNAL --regions chr1:5,001-9,000 --output out/p"
    twobit, other = (arguments_of(line, words, genomes[kind]) for kind in ("2bit", "FASTA"))
    assert main(twobit) == 0
    first = json.loads(Path("out/p.json").read_text())
    assert main(other) == 2
    assert "another run" in capsys.readouterr().err
    assert main([*other, "--force"]) == 0
    second = json.loads(Path("out/p.json").read_text())
    assert first["inputs"]["genome"] != second["inputs"]["genome"]
    assert first["inputs"]["signal"] == second["inputs"]["signal"]


@pytest.mark.filterwarnings("ignore::zoo.errors.ZooWarning")
@pytest.mark.parametrize("line", ["prepare BAM", "footprint BAM --peaks OPEN --motifs MEME"])
def test_samples(line: str, sample: test_footprints.Small, tmp_path: Path, monkeypatch, capsys):
    files = {"BAM": str(sample.bam), "OPEN": str(sample.peaks), "MEME": str(sample.motifs)}
    genomes = variants_of(sample.genome, tmp_path / "genomes")
    (first, *_) = made(f"{line} --genome GENOME --output out/s", genomes, files, tmp_path, monkeypatch, capsys)
    assert any(name.endswith(".bw") for name in first)


@pytest.mark.filterwarnings("ignore::zoo.errors.ZooWarning")
def test_quality(qc_model, tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "regions").mkdir()
    files, metrics = chrombpnet_files.regions(tmp_path / "regions"), []
    model = qc_model.save(tmp_path / "m")
    given = {"signal": "plus.bw", "peaks": "peaks.narrowPeak", "negatives": "negatives.narrowPeak"}
    asked = ["qc", str(model), *(word for name, file in given.items() for word in (f"--{name}", str(files / file)))]
    for path in variants_of(files / "g.2bit", tmp_path / "genomes").values():
        assert main([*asked, "--backgrounds", "5", "--genome", str(path), "--json"]) in (0, 1)
        metrics.append(json.loads(capsys.readouterr().out)["metrics"])
    assert metrics[1:] == metrics[:1] * 2


@pytest.mark.filterwarnings("ignore::zoo.errors.ZooWarning")
@pytest.mark.parametrize("task", ["binding", "accessibility", "profile"])
def test_training(task: str, tmp_path: Path):
    files = synthetic.with_cut_sites(tmp_path / "world", {**training.LENGTHS, "chr1": 150_000})
    config = training.write(getattr(training, task)(files, epochs=1), tmp_path / "c.json")
    genomes, runs = variants_of(files.genome, tmp_path / "genomes"), []
    for kind in ("2bit", "bgzip"):
        asked = ["train", "--config", str(config), "--genome", str(genomes[kind]), "--out", str(tmp_path / kind)]
        assert main(asked) in (0, None)
        runs.append({name: array.tobytes() for name, array in training.weights(tmp_path / kind).items()})
    assert runs[1] == runs[0]

"""Readers of users' files against independent ones: random legal files, and random damage.

Damage is an error of ours or the same answer as before, wherever that can be told; never another exception, and never a
hang (each test has a limit).
"""

import bz2
import gzip
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from zoo.errors import ZooError, ZooWarning
from zoo.genome import bed, motifs
from zoo.genome.bigwig import Writer
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.genome.vcf import Vcf

pytestmark = pytest.mark.timeout(120)
PACKERS = (bytes, gzip.compress, bz2.compress)


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """A few bytes flipped, overwritten, inserted or removed, or the end cut off; often near the beginning."""
    data = bytearray(data)
    for _ in range(random.integers(1, 4)):
        reach = max(int(len(data) * random.choice([1, 0.1, 0.01])), 1) if data else 1
        at, kind = int(random.integers(0, reach)), random.integers(0, 5)
        junk = random.choice([b"\0", b"\xff", b"\x80", b"\t", b"\n", b"-", b"9", random.bytes(4), b"\xff" * 8])
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << int(random.integers(0, 8))
        elif kind == 1:
            data[at : at + len(junk)] = junk
        elif kind == 2:
            data[at:at] = junk
        elif kind == 3:
            del data[at : at + int(random.integers(1, 20))]
        else:
            del data[len(data) - at :]
    return bytes(data)


def outcome(read: Callable[[Path], object], path: Path) -> object:
    """What a reader returns of a file; None if it refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        try:
            return read(path)
        except ZooError:
            return None


def seeds(count: int) -> Iterator[np.random.Generator]:
    return (np.random.default_rng(seed) for seed in range(count))


# BED and narrowPeak


def peaks(random: np.random.Generator) -> str:
    """A file of one format, with comments and blank lines."""
    kind, rows = random.choice([3, 4, 6, 9, 10, 12, 15, 20]), []
    for _ in range(random.integers(1, 12)):
        start, length = int(random.integers(0, 10**9)), int(random.integers(1, 5000))
        summit = int(random.integers(-1, length))
        blocks = [str(start), str(start + length), "0", "1", f"{length}", "0", "1", "2", "3"]
        narrow = ["1.5", "-1", "2e-3", str(summit), *["7"] * 10]
        columns = ["chr#1", str(start), str(start + length), "s1#x", "0", random.choice(["+", "-", "."])]
        rows.append("\t".join((columns + (blocks if kind in (12, 15) else narrow))[:kind]))
        if random.random() < 0.3:
            rows.append(random.choice(["", "# x\t1\t2", "track name=x", "browser hide all"]))
    return random.choice(["\n", "\r\n"]).join(rows) + random.choice(["", "\n"])


NARROW = re.compile(r"[-+.*]?(\t([-+]?[0-9.]+(e[-+]?[0-9]+)?|inf|nan|na|)){3}", re.IGNORECASE)


def is_bed12(columns: list[str]) -> bool:
    """Whether columns 10 to 12 are a number and as many sizes and starts, from 0."""
    lists = [re.fullmatch(r"(-?[0-9]+,)+", column.removesuffix(",") + ",") for column in columns[10:12]]
    counts = [found[0].count(",") for found in lists if found]
    return [*map(str, counts)] == [columns[9]] * 2 and int(columns[11].split(",")[0]) == 0


def naive_bed(text: str) -> list[tuple[str, int, int, int]]:
    """Chromosome, start, end, summit, by the formats' definitions. Raises whatever it raises."""
    found = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line.strip() or line[0] == "#" or line.split()[0] in ("track", "browser"):
            continue
        columns = [word.strip() for word in line.split("\t")] if line.count("\t") > 1 else line.split()
        columns = columns[: max(number for number, word in enumerate(columns, 1) if word)]
        start, end = int(columns[1]), int(columns[2])
        assert columns[0]
        assert 0 <= start <= end
        narrow = len(columns) >= 10 and NARROW.fullmatch("\t".join(columns[5:9])) and not is_bed12(columns)
        if start < end:
            found.append((columns[0], start, end, columns[9] if narrow else None, len(columns) in (10, 20)))
    assert found
    wrong = any(
        not exact and summit is not None and not (summit.lstrip("-").isdigit() and -1 <= int(summit) < end - start)
        for _, start, end, summit, exact in found
    )
    peaks = []
    for chrom, start, end, summit, exact in found:
        at = -1 if summit is None or (wrong and not exact) else int(summit)
        assert -1 <= at < end - start
        peaks.append((chrom, start, end, start + ((end - start) // 2 if at < 0 else at)))
    return peaks


def read_bed(path: Path) -> list[tuple[str, int, int, int]]:
    return [(item.chrom, item.start, item.end, at) for item, at in bed.read_summits(path)]


def test_bed(tmp_path: Path):
    for number, random in enumerate(seeds(150)):
        text, path = peaks(random), tmp_path / "x.bed"
        path.write_bytes(PACKERS[number % 3](text.encode()))
        assert read_bed(path) == naive_bed(text)
        assert [(item.chrom, item.start, item.end) for item in bed.read(path)] == [row[:3] for row in read_bed(path)]
        assert number > 30 or len(bed.read(path)) == len(_frame(text))


def _frame(text: str):
    pandas = pytest.importorskip("pandas")
    from io import StringIO

    rows = [line for line in text.splitlines() if line.startswith("chr")]
    return pandas.read_csv(StringIO("\n".join(rows)), sep="\t", header=None)


def test_damaged_bed(tmp_path: Path):
    path, refused = tmp_path / "x.bed", 0
    for number, random in enumerate(seeds(400)):
        whole = peaks(random).encode()
        data = damaged(whole, random)
        path.write_bytes(data)
        found = outcome(read_bed, path)
        refused += found is None
        if found is not None and data.isascii():
            assert found == naive_bed(data.decode())
        packed = PACKERS[1 + number % 2](whole)
        path.write_bytes(damaged(packed, random))  # checksums tell
        assert outcome(read_bed, path) in (None, naive_bed(whole.decode()))
    assert 100 < refused < 390


# VCF

UNPHASED = ["0/1", "./.", ".|1", "1"]
FORMATS = {"GT": "String", "PS": "Integer"}


def variants(random: np.random.Generator) -> str:
    rows = ["##fileformat=VCFv4.2", "##contig=<ID=chr1,length=2000000000>", '##FILTER=<ID=q10,Description="x">']
    rows += [
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
        '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="x">',
    ]
    rows.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "a", "b"]))
    position = 0
    for number in range(random.integers(0, 12)):
        position += int(random.integers(1, 10**6))
        ref, *alts = ("".join(random.choice(list("ACGT"), random.integers(1, 6))) for _ in range(random.integers(2, 5)))
        alts += [["<DEL>"], ["*"], [], []][random.integers(0, 4)]
        genotypes = [
            "|".join(map(str, random.integers(0, len(alts) + 1, 2))),
            random.choice(["0/1", "./.", ".|1", "1"]),
        ]
        sets = ["." if random.random() < 0.5 else str(random.integers(1, 99)) for _ in range(2)]
        samples = [f"{genotype}:{phase}" for genotype, phase in zip(genotypes, sets, strict=True)]
        fields = ["chr1", str(position), random.choice([".", f"rs{number};x"]), ref, ",".join(alts), "."]
        rows.append("\t".join([*fields, random.choice(["PASS", "q10", "."]), ".", "GT:PS", *samples]))
    return "\n".join(rows) + "\n"


def read_vcf(path: Path) -> list[tuple]:
    vcf = Vcf(path)
    found = [(item.chrom, item.start, item.ref, item.alt, item.name, item.passed) for item in vcf.variants()]
    samples = [[(g.alleles, g.phased, g.phase_set) for g in vcf.genotypes(sample)] for sample in vcf.samples]
    return [found, samples]


def by_pysam(path: Path) -> list[tuple]:
    pysam = pytest.importorskip("pysam")
    found, samples = [], [[], []]
    with pysam.VariantFile(str(path)) as file:
        for record in file:
            passed = [*record.filter] in (["PASS"], [])
            name = record.id or "."
            found += [(record.chrom, record.start, record.ref, alt, name, passed) for alt in record.alts]
            for sample, rows in zip(("a", "b"), samples, strict=True):
                call, ps = record.samples[sample], record.samples[sample]["PS"]
                phased = call.phased or len(call["GT"]) == 1
                rows.append((call["GT"], phased, None if ps is None else str(ps)))
    return [found, samples]


def test_vcf(tmp_path: Path):
    for number, random in enumerate(seeds(80)):
        text = variants(random).encode()
        (tmp_path / "plain.vcf").write_bytes(text)
        (tmp_path / "x.vcf").write_bytes(PACKERS[number % 3](text))
        assert read_vcf(tmp_path / "x.vcf") == by_pysam(tmp_path / "plain.vcf")


def test_damaged_vcf(tmp_path: Path):
    """Records that are read stand in the file, letter by letter."""
    path, refused = tmp_path / "x.vcf", 0
    for random in seeds(300):
        whole = variants(random).encode()
        data = damaged(whole, random)
        path.write_bytes(data)
        found = outcome(lambda path: list(Vcf(path).rows()), path)
        refused += found is None
        lines = data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for columns, where in found or ():
            assert lines[int(where.rsplit(" ", 1)[1]) - 1].split("\t") == columns
        outcome(read_vcf, path)
        path.write_bytes(damaged(gzip.compress(whole), random))
        known = [line.split("\t") for line in whole.decode().split("\n") if line and line[0] != "#"]
        assert outcome(lambda path: [columns for columns, _ in Vcf(path).rows()], path) in (None, known)
    assert 50 < refused < 280


# MEME


def meme(random: np.random.Generator) -> tuple[str, dict[str, np.ndarray]]:
    """A file in one of the ways that the format allows, and its motifs."""
    found, parts = (
        {},
        ["MEME version 4", "", random.choice(["", "ALPHABET= ACGT", "ALPHABET= ACGU"]), "strands: + -", ""],
    )
    if random.random() < 0.5:
        parts += ["Background letter frequencies (from file):", "A 0.25 C 0.25 G 0.25 T 0.25", ""]
    for number in range(random.integers(1, 8)):
        rows = random.dirichlet(np.ones(4), random.integers(1, 12)).round(6)
        name = random.choice([f"M{number}", f"M{number} alternative"])
        found[name] = rows
        parts.append(f"{random.choice(['', '  '])}MOTIF {name}")
        if random.random() < 0.3:
            parts += ["log-odds matrix: alength= 4 w= 2", "1 2 3 4", "-1 -2 -3 -4", ""]
        said = [f"w= {len(rows)}", "alength= 4", "nsites= 1000.0", "E= 1e-5"]
        chosen = [text for text in said if random.random() < 0.5]
        parts.append(f"{random.choice(['', ' '])}letter-probability matrix: {' '.join(chosen)}")
        parts += [random.choice(["", "  "]) + random.choice([" ", "\t"]).join(map(str, row)) for row in rows.tolist()]
        parts += [[""], ["URL http://x/y"], ["", "URL x", ""], []][random.integers(0, 4)]
    return "\n".join(parts) + random.choice(["", "\n"]), found


def test_meme(tmp_path: Path):
    for number, random in enumerate(seeds(150)):
        text, expected = meme(random)
        (tmp_path / "x").write_bytes(PACKERS[number % 3](text.encode()))
        found = motifs.read_motifs(tmp_path / "x")
        assert list(found) == list(expected)
        for name, rows in expected.items():
            np.testing.assert_array_equal(found[name].T, rows)


def test_damaged_meme(tmp_path: Path):
    """A motif that is read has its own rows: each stands in the file, in this order, behind its name."""
    refused = 0
    for random in seeds(400):
        data = damaged(meme(random)[0].encode(), random)
        (tmp_path / "x").write_bytes(data)
        found = outcome(motifs.read_motifs, tmp_path / "x")
        refused += found is None
        lines = data.decode(errors="replace").splitlines() if found else []
        for name, pwm in (found or {}).items():
            at = next(
                i for i, line in enumerate(lines) if line.split()[:1] == ["MOTIF"] and name in " ".join(line.split())
            )
            following = lines[at + 1 :]
            stop = next((i for i, line in enumerate(following) if line.split()[:1] == ["MOTIF"]), len(following))
            own = [_numbers(line) for line in following[:stop]]
            own = [row / row.sum() for row in own if row is not None and row.min() >= 0 and row.sum()]
            assert all(any(np.allclose(row, other, atol=0.02) for other in own) for row in pwm.T)
    assert 50 < refused < 390


def _numbers(line: str) -> np.ndarray | None:
    try:
        row = np.array(line.split(), float)
    except ValueError:
        return None
    return row if len(row) == 4 else None


# bigWig


def bigwig(path: Path, random: np.random.Generator) -> dict[str, np.ndarray]:
    """A small track by either writer, in any kind of section; its values, NaN where there are none."""
    sizes = {f"chr{number}": int(random.integers(1, 3000)) for number in range(random.integers(1, 6))}
    truth = {chrom: np.full(size, np.nan, np.float32) for chrom, size in sizes.items()}
    ours = random.random() < 0.4
    writer = Writer(path, sizes, 1) if ours else pyBigWig.open(str(path), "w")
    with writer as file:
        if not ours:
            file.addHeader(list(sizes.items()), maxZooms=int(random.integers(0, 3)))
        for chrom, size in sizes.items():
            edges = np.unique(random.integers(0, size + 1, random.integers(0, 200)))
            starts, ends = edges[:-1], edges[1:]
            kept = random.random(len(starts)) < 0.7
            starts, ends = starts[kept], ends[kept]
            values = random.normal(size=len(starts)).astype(np.float32)
            step = int(random.integers(1, 9))
            span = int(random.integers(1, step + 1))
            kind = 0 if ours else random.integers(0, 3)
            if not len(starts) or random.random() < 0.2:
                continue
            if kind == 1:
                starts = np.arange(len(starts)) * step
                kept = starts + span <= size
                starts, values = starts[kept], values[kept]
                file.addEntries(chrom, 0, values=values.tolist(), span=span, step=step)
                ends = starts + span
            elif kind == 2:
                starts = starts[np.append(np.diff(starts) >= span, True)]
                starts = starts[starts + span <= size]
                values = values[: len(starts)]
                if not len(starts):
                    continue
                file.addEntries(chrom, starts.tolist(), values=values.tolist(), span=span)
                ends = starts + span
            elif ours:
                file.add(chrom, starts, ends, values)
            else:
                file.addEntries([chrom] * len(starts), starts.tolist(), ends=ends.tolist(), values=values.tolist())
            for start, end, value in zip(starts, ends, values, strict=True):
                truth[chrom][start:end] = value
    return truth


def read_bigwig(path: Path) -> dict[str, np.ndarray]:
    """All values; of a chromosome that damage made longer than any of ours the beginning."""
    signal = Signal(path, fill=7.5)
    return {chrom: signal.values(chrom, 0, min(size, 10_000)) for chrom, size in signal.sizes.items()}


def test_bigwig(tmp_path: Path):
    for random in seeds(120):
        truth = bigwig(tmp_path / "t.bw", random)
        signal = Signal(tmp_path / "t.bw", fill=7.5)
        assert {chrom: len(values) for chrom, values in truth.items()} == signal.sizes
        with pyBigWig.open(str(tmp_path / "t.bw")) as file:
            for chrom, values in truth.items():
                expected = np.nan_to_num(values, nan=7.5)
                np.testing.assert_array_equal(signal.values(chrom, 0, len(values)), expected)
                for _ in range(5):
                    start, end = sorted(random.integers(0, len(values) + 1, 2).tolist())
                    if start < end:
                        np.testing.assert_array_equal(signal.values(chrom, start, end), expected[start:end])
                        other = file.values(chrom, start, end, numpy=True)
                        np.testing.assert_array_equal(np.nan_to_num(other, nan=7.5), expected[start:end][: len(other)])


def test_damaged_bigwig(tmp_path: Path):
    """As long as names and lengths are those of before, so are the values, or there is an error."""
    refused, opened = 0, 0
    for random in seeds(60):
        truth = {chrom: np.nan_to_num(values, nan=7.5) for chrom, values in bigwig(tmp_path / "t.bw", random).items()}
        whole, path = (tmp_path / "t.bw").read_bytes(), tmp_path / "x.bw"
        for _ in range(25):
            path.write_bytes(damaged(whole, random))
            found = outcome(read_bigwig, path)
            refused += found is None
            if found is not None and {c: len(v) for c, v in found.items()} == {c: len(v) for c, v in truth.items()}:
                opened += 1
                for chrom, values in truth.items():
                    np.testing.assert_array_equal(found[chrom], values)
    assert refused > 500
    assert opened > 50


# 2bit


def genome(random: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        f"chr{number}": np.repeat(random.integers(0, 5, length), random.integers(1, 5, length)).astype(np.uint8)
        for number, length in enumerate(random.integers(1, 400, random.integers(1, 6)).tolist())
    }


def read_genome(path: Path) -> dict[str, np.ndarray]:
    found = Genome(path)
    return {chrom: found.codes(chrom, 0, size) for chrom, size in found.sizes.items()}


def test_twobit(tmp_path: Path):
    py2bit = pytest.importorskip("py2bit")
    for random in seeds(120):
        truth = genome(random)
        write_twobit(tmp_path / "g.2bit", truth)
        found, other = Genome(tmp_path / "g.2bit"), py2bit.open(str(tmp_path / "g.2bit"))
        assert found.sizes == other.chroms() == {chrom: len(codes) for chrom, codes in truth.items()}
        for chrom, codes in truth.items():
            np.testing.assert_array_equal(found.codes(chrom, 0, len(codes)), codes)
            for _ in range(5):
                start, end = sorted(random.integers(0, len(codes) + 1, 2).tolist())
                if start < end:
                    assert found.sequence(chrom, start, end) == other.sequence(chrom, start, end)
        other.close()


def test_damaged_twobit(tmp_path: Path):
    """The format has no checksum; whatever is cut off is found."""
    refused = 0
    for random in seeds(60):
        truth = genome(random)
        write_twobit(tmp_path / "g.2bit", truth)
        whole, path = (tmp_path / "g.2bit").read_bytes(), tmp_path / "x.2bit"
        for _ in range(25):
            path.write_bytes(damaged(whole, random))
            found = outcome(read_genome, path)
            refused += found is None
            assert found is None or all(codes.max() <= 4 and len(codes) for codes in found.values())
        path.write_bytes(whole[: int(random.integers(0, len(whole)))])
        assert outcome(read_genome, path) is None
    assert 300 < refused < 1450

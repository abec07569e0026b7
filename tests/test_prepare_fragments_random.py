"""Random files of fragments and reads against a plain reading of their lines; random damage is never silent."""

import bz2
import gzip
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pysam
import pytest
from test_prepare_sample import SIZES, bam

from zoo.errors import ZooError
from zoo.prepare import fragments
from zoo.prepare.kinds import kind_of
from zoo.prepare.rows import Rows
from zoo.prepare.sample import prepare

CHROMS = ("chr1", "chrUn_x", "2", "tig#7", "HLA-A*01:01", "é")
ROW = tuple[str, int, int, str | None, bool | None]


def legal(choose: random.Random, kind: str) -> tuple[str, list[ROW]]:
    """A text, and its rows as they are to be read: chrom, start, end, barcode, whether a read is forward."""
    lines, rows = [], []
    newline = choose.choice(["\n", "\r\n"])
    for _ in range(choose.randint(1, 300)):
        if choose.random() < 0.05:
            lines.append(choose.choice(["# a\twith\ttabs", "", "#", "track name=x", "browser position chr1:1-2"]))
        chrom, start = choose.choice(CHROMS), choose.randint(0, 10**9)
        end, barcode = start + choose.randint(1, 700), f"s{choose.randint(0, 3)}#ACGT-{choose.randint(0, 9)}"
        if kind == "pairs":
            middle = choose.randint(start, end)
            mates = [(chrom, start, middle), (chrom, middle, end)]
            choose.shuffle(mates)
            other = choose.random()
            if other < 0.1:
                mates[0] = (choose.choice([item for item in CHROMS if item != chrom]), 1, 9)
            elif other < 0.15:
                mates[0] = (".", -1, -1)
            else:
                rows.append((chrom, start, end, None, None))
            lines.append("\t".join(map(str, (*mates[0], *mates[1], "name", 60, "+", "-"))))
        elif kind == "reads":
            end, forward = start + 36, choose.random() < 0.5
            lines.append("\t".join(map(str, (chrom, start, end, barcode, 1000, "+-"[not forward]))))
            rows.append((chrom, start, end, barcode, forward))
        else:
            more = [str(choose.randint(1, 9)), *choose.choice([[], ["."], [".", "x", "y"]])]
            lines.append("\t".join(map(str, (chrom, start, end, barcode, *more))))
            rows.append((chrom, start, end, barcode, None))
    return newline.join(lines) + choose.choice(["", newline]), rows


def write(path: Path, text: str, pack: str) -> Path:
    data = text.encode()
    if pack == "bgz":
        with pysam.BGZFile(str(path), "w") as file:
            for first in range(0, len(data), 700):
                file.write(data[first : first + 700])
                file.flush()
        return path
    path.write_bytes({"plain": bytes, "gz": gzip.compress, "bz2": bz2.compress}[pack](data))
    return path


def read(path: Path, barcodes: bool, size: int, position: tuple[int, int] = (0, 0)) -> Counter:
    found: Counter = Counter()
    for block in fragments.blocks(path, barcodes, position=position, size=size):
        for part in block.parts:
            labels = part.barcodes if barcodes else [None] * len(part.starts)
            forward = [None] * len(part.starts) if part.forward is None else part.forward.tolist()
            chroms, texts = [part.chrom] * len(labels), [None if label is None else str(label) for label in labels]
            found.update(zip(chroms, part.starts.tolist(), part.ends.tolist(), texts, forward, strict=True))
    return found


@pytest.mark.parametrize("pack", ["plain", "gz", "bgz", "bz2"])
@pytest.mark.parametrize("kind", ["fragments", "reads", "pairs"])
@pytest.mark.parametrize("seed", range(4))
def test_as_a_plain_reading(tmp_path: Path, kind: str, pack: str, seed: int):
    """Every row once, whatever the blocks; a position goes on just behind what was read."""
    choose = random.Random(f"{kind}{pack}{seed}")
    text, rows = legal(choose, kind)
    if not rows:
        return
    path = write(tmp_path / f"f.{'bedpe' if kind == 'pairs' else 'dat'}", text, pack)
    assert kind_of(path) == {"pairs": "pairs of reads"}.get(kind, kind)
    barcodes = kind != "pairs" and seed % 2 == 0
    wanted = Counter((*row[:3], row[3] if barcodes else None, row[4]) for row in rows)
    for size in (1 << 24, choose.randint(100, 3000)):
        assert read(path, barcodes, size) == wanted
    blocks = list(fragments.blocks(path, barcodes, size=400))
    middle = blocks[len(blocks) // 2]
    rest = read(path, barcodes, 1 << 24, middle.position) if middle is not blocks[-1] else Counter()
    before = sum(len(part.starts) for block in blocks[: len(blocks) // 2 + 1] for part in block.parts)
    assert sum(rest.values()) + before == sum(wanted.values())
    assert not rest - wanted


@pytest.mark.parametrize("pack", ["plain", "gz", "bgz", "bz2"])
@pytest.mark.parametrize("seed", range(25))
def test_damage_is_never_silent(tmp_path: Path, pack: str, seed: int):
    """A flipped byte, a cut, or bytes put in: our error, or, in compressed files, what was there before."""
    choose = random.Random(f"{pack}{seed}")
    text, rows = legal(choose, "fragments")
    path = write(tmp_path / "f.dat", text, pack)
    data = bytearray(path.read_bytes())
    at = choose.randrange(len(data))
    damage = choose.choice(["flip", "cut", "put"])
    if damage == "flip":
        data[at] ^= 1 << choose.randrange(8)
    elif damage == "cut":
        del data[at:]
    else:
        data[at:at] = choose.randbytes(choose.randint(1, 50))
    path.write_bytes(data)
    try:
        found = read(path, True, 1 << 16)
    except ZooError:
        return
    if pack != "plain":
        assert found == Counter(rows)


@pytest.mark.parametrize("seed", range(12))
def test_damage_of_alignments_is_never_silent(tmp_path: Path, seed: int):
    choose = random.Random(seed)
    starts = [choose.randint(0, 500) for _ in range(400)]
    records = [read for at in starts for read in ((99, at, 60), (147, at + choose.randint(0, 300), 60))]
    path = bam(tmp_path / "r.bam", records)
    data = bytearray(path.read_bytes())
    at = choose.randrange(len(data))
    if seed % 3:
        data[at] ^= 1 << choose.randrange(8)
    else:
        del data[at:]
    whole, damaged = tmp_path / "whole.bam", tmp_path / "damaged.bam"
    path.replace(whole)
    damaged.write_bytes(data)
    try:
        found = prepare(damaged, tmp_path / "damaged", SIZES, keep_duplicates=True)
    except ZooError:
        assert not list(tmp_path.glob("damaged?*.*w"))
        return
    wanted = prepare(whole, tmp_path / "whole", SIZES, keep_duplicates=True)
    assert found.signal.read_bytes() == wanted.signal.read_bytes()


def test_numbers_and_names_of_random_rows():
    """Whole numbers as Python reads digits; names by their text, in the order in which they come."""
    choose = random.Random(0)
    fields = ["", "-", "0", "-1", "007", "1e3", "1.0", "+5", " 5", "12", "999999999999", "1234567890123", "x", "٣"]
    rows = [[choose.choice(fields) for _ in range(choose.randint(1, 4))] for _ in range(500)]
    rows = [row for row in rows if "\t".join(row)]
    table = Rows.of("".join("\t".join(row) + "\n" for row in rows).encode())
    assert len(table) == len(rows)
    for column in range(4):
        values, good = table.integers(column)
        numbers, names = table.names(column)
        for row, value, fine, number in zip(rows, values, good, numbers, strict=True):
            text = row[column] if column < len(row) else ""
            digits = text.removeprefix("-")
            legal_number = digits.isascii() and digits.isdigit() and len(digits) <= 12
            assert (bool(fine), names[number]) == (legal_number, text)
            assert not fine or value == int(text)
        first = {name: [row[column] if column < len(row) else "" for row in rows].index(name) for name in names}
        assert sorted(first, key=first.get) == names


def test_a_line_without_end_is_refused(tmp_path: Path):
    (tmp_path / "f.tsv").write_bytes(np.full(3 << 20, 65, np.uint8).tobytes())
    with pytest.raises(ZooError, match="must be text in lines"):
        list(fragments.read(tmp_path / "f.tsv", size=1 << 19))

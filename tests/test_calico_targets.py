"""Calico's tables of tracks."""

import gzip
from pathlib import Path

import pytest

from zoo.errors import InputError, IntegrityError
from zoo.porting import targets
from zoo.track_table import TrackTable

HEADER = "\tidentifier\tfile\tclip\tclip_soft\tscale\tsum_stat\tstrand_pair\tdescription\n"
ROWS = (
    "0\tC1+\t/a\t768\t384\t1.0\tsum\t1\tCAGE:liver\n"
    "1\tC1-\t/b\t768\t384\t1.0\tsum\t0\tCAGE:liver\n"
    "2\tD1\t/c\t32\t16\t2\tmean\t2\tDNASE:K562, treated\n"
)


def test_a_new_table():
    found = targets.read(HEADER + ROWS, "here", 3, "power")
    assert found.names == ("C1+", "C1-", "D1")
    assert found.swap == (1, 0, 2)
    assert found.table == TrackTable(
        descriptions=("CAGE:liver", "CAGE:liver", "DNASE:K562, treated"),
        scales=(1.0, 1.0, 2.0),
        clips=(768.0, 768.0, 32.0),
        soft_clips=(384.0, 384.0, 16.0),
        statistics=("sum", "sum", "mean"),
        squash="power",
    )


def test_an_old_table_whose_index_begins_elsewhere():
    text = "index\tgenome\tidentifier\tfile\tclip\tscale\tsum_stat\tdescription\n"
    text += "5313\t1\tE1\t/x\t32\t2\tmean\tDNASE:416B\r\n5314\t1\tE1\t/y\t32\t2\tmean\tDNASE:A20\r\n\r\n"
    found = targets.read(text, "here", 2, "power")
    assert found.names == ("E1", "E1-2")
    assert (found.swap, found.table.squash, found.table.soft_clips) == ((), None, ())
    assert found.table.descriptions == ("DNASE:416B", "DNASE:A20")


def test_pairs_are_by_index_and_not_by_row():
    text = "index\tidentifier\tstrand_pair\n10\ta\t12\n11\tb\t11\n12\tc\t10\n"
    assert targets.read(text, "here", 3).swap == (2, 1, 0)


def test_names_are_unique_whatever_the_identifiers():
    text = "identifier\n" + "".join(f"{name}\n" for name in ("a", "a-2", "a", "a", "b"))
    assert targets.read(text, "here", 5).names == ("a", "a-2", "a-3", "a-4", "b")
    assert targets.read(text, "here", 5).table is None


@pytest.mark.parametrize(
    ("name", "count", "pairs", "assays"),
    [
        ("borzoi/targets_human", 7611, True, {"CHIP": 3886, "DNASE": 674, "ATAC": 232, "CAGE": 1276, "RNA": 1543}),
        ("borzoi/targets_mouse", 2608, True, {}),
        ("enformer/targets_human", 5313, False, {"CHIP": 3991, "DNASE": 674, "ATAC": 10, "CAGE": 638}),
        ("enformer/targets_mouse", 1643, False, {}),
    ],
)
def test_published_tables(shared: Path, name: str, count: int, pairs: bool, assays: dict):
    text = gzip.decompress((shared / f"zoo_weights/{name}.txt.gz").read_bytes()).decode()
    found = targets.read(text, name, count, "power")
    assert len(set(found.names)) == count
    assert found.table.squash == ("power" if pairs else None)
    kinds = [description.split(":")[0] for description in found.table.descriptions]
    assert {kind: kinds.count(kind) for kind in assays} == assays
    swapped = [place for place, other in enumerate(found.swap) if place != other]
    assert bool(swapped) is pairs
    assert all({found.names[i][-1], found.names[found.swap[i]][-1]} == {"+", "-"} for i in swapped)


def test_beside_a_file(tmp_path: Path):
    path = tmp_path / "model0_best.h5"
    assert targets.beside(path, "human", 3, "power") is None
    (tmp_path / "targets.txt").write_text(HEADER + ROWS)
    assert targets.beside(path, "human", 3, "power").names == ("C1+", "C1-", "D1")
    assert targets.beside(path, "human", 3, "power", only=False) is None
    (tmp_path / "targets_mouse.tsv.gz").write_bytes(gzip.compress(b"identifier\nx\n"))
    assert targets.beside(path, "mouse", 1, None, only=False).names == ("x",)
    (tmp_path / "targets_mouse.tsv.gz").write_bytes(gzip.compress(b"identifier\nx\n")[:-9])
    with pytest.raises(InputError, match="A table of tracks must be readable text"):
        targets.beside(path, "mouse", 1, None)


def test_numbered():
    assert targets.numbered(3).names == ("track0", "track1", "track2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: .*have a header with a column identifier"),
        ("name\n", "line 1: .*have a header with a column identifier"),
        ("identifier\tidentifier\n", "line 1: .*have a header with a column identifier"),
        (HEADER + ROWS[:-30], "line 4: .*have 9 columns in each row"),
        (HEADER + ROWS.replace("\t768\t", "\thigh\t"), "line 2: .*have a number above 0 as clip.*'high'"),
        (HEADER + ROWS.replace("\t2\tmean", "\t0\tmean"), "line 4: .*have a number above 0 as scale"),
        (HEADER + ROWS.replace("\t16\t", "\tnan\t"), "line 4: .*have a number above 0 as clip_soft"),
        (HEADER + ROWS.replace("\tmean\t", "\tmedian\t"), "line 4: .*have one of sum, mean, .* as sum_stat.*'median'"),
        (HEADER + ROWS.replace("sum\t0", "sum\t2"), "line 2: .*strand_pair a track that names it back"),
        (HEADER + ROWS.replace("sum\t1", "sum\t7"), "line 2: .*strand_pair a track that names it back.*'7'"),
        (HEADER + ROWS.replace("D1", " "), "line 4: .*have identifier of each track"),
        ("identifier\tclip_soft\na\t1\nb\t1\nc\t1\n", "with soft clips must have their scales and statistics"),
        (HEADER + ROWS + ROWS, "row for each of the 3 tracks of the head.*rows=6"),
    ],
)
def test_wrong_tables(text: str, message: str):
    with pytest.raises(IntegrityError, match=message):
        targets.read(text, "targets.txt", 3, "power")

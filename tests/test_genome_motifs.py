"""Motifs of MEME files: read, scanned, compared."""

import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError, MissingExtra, ZooWarning
from zoo.genome.encode import encode
from zoo.genome.motifs import match, read_motifs, scan, write_motifs


def frequencies(consensus: str) -> np.ndarray:
    """A motif of one sequence, (4, width)."""
    return np.where(np.eye(4)[encode(consensus)].T > 0, 0.97, 0.01)


def test_motifs_of_a_file(shared: Path, tmp_path: Path):
    path = shared / "data" / "motifs" / "H12CORE_meme_format.meme"
    found = read_motifs(path, "CTCF.")
    assert [(name, pwm.shape[0]) for name, pwm in found.items()] == [("CTCF.H12CORE.0.P.B", 4)]
    assert len(read_motifs(path, "SPI1.", "MAX.")) == 5
    assert len(read_motifs(path)) == 1443
    with pytest.raises(InputError, match="must have the motifs that are wanted"):
        read_motifs(path, "NOSUCH.")
    with pytest.raises(InputError, match="must exist"):
        read_motifs(tmp_path / "none.meme", "CTCF.")


def test_names_in_the_files_of_meme_itself(tmp_path: Path):
    (tmp_path / "meme.txt").write_text(
        "MEME version 5.5.7 (Release date: x)\n\nALPHABET= ACGT\n\n"
        "MOTIF TGACTCA MEME-1\twidth =   2  sites = 100  llr = 1  E-value = 1e-10\n"
        "letter-probability matrix: alength= 4 w= 2 nsites= 100 E= 1e-10\n 0.97 0.01 0.01 0.01\n 0.25 0.25 0.25 0.25\n"
        "MOTIF width w1\nletter-probability matrix: alength= 4 w= 1\n 0.97 0.01 0.01 0.01\n"
    )
    found = read_motifs(tmp_path / "meme.txt")
    assert {name: pwm.T.tolist() for name, pwm in found.items()} == {
        "TGACTCA MEME-1": [[0.97, 0.01, 0.01, 0.01], [0.25, 0.25, 0.25, 0.25]],
        "width w1": [[0.97, 0.01, 0.01, 0.01]],
    }


def test_hits_are_where_motifs_were_put():
    random = np.random.default_rng(5)
    texts = ["".join(random.choice(list("ACGT"), 300)) for _ in range(3)]
    texts[0] = texts[0][:40] + "GATTACCA" + texts[0][48:]
    texts[2] = texts[2][:7] + "TGGTAATC" + texts[2][15:200] + "GATTNCCA" + texts[2][208:]  # reversed; broken by an N
    found = scan({"one": frequencies("GATTACCA"), "none": frequencies("CCCCCCCCCC")}, [encode(t) for t in texts], 2e-5)
    hits = found["one"]
    assert hits.sequence.tolist() == [0, 2]
    assert hits.start.tolist() == [40, 7]
    assert hits.end.tolist() == [48, 15]
    assert hits.strand.tolist() == ["+", "-"]
    assert (hits.p_value < 2e-5).all()
    assert len(found["none"]) == 0


def test_the_nearest_motif(shared: Path):
    database = read_motifs(shared / "data" / "motifs" / "macisaac_yeast.v1.meme")
    ((first, second),) = match([frequencies("CGGGTAA")], database, nearest=2)  # REB1 from the other strand
    assert first.name == "REB1"
    assert first.p_value < 1e-5 < second.p_value
    assert match([], database) == []


def test_without_memelite(shared: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "memelite", None)
    found = read_motifs(shared / "data" / "motifs" / "macisaac_yeast.v1.meme", "REB1")
    for use in (lambda: scan(found, [encode("ACGT")]), lambda: match([*found.values()], found)):
        with pytest.raises(MissingExtra, match=r"memelite.*pip install .*\[motif\]'"):
            use()


A = [[0.97, 0.01, 0.01, 0.01], [0.01, 0.97, 0.01, 0.01], [0.01, 0.01, 0.97, 0.01]]
B = [[0.01, 0.01, 0.01, 0.97], [0.01, 0.01, 0.97, 0.01]]


def test_case_05_meme_without_width(shared: Path, tmp_path: Path):
    """The same motifs with and without `w=` are the same."""
    for name in ("full.meme", "minimal.meme"):
        found = read_motifs(shared / "cases" / "05-meme-without-width" / name)
        assert {name: pwm.T.tolist() for name, pwm in found.items()} == {"A a1": A, "B": B}
        write_motifs(tmp_path / name, found)  # with all that other readers trust
        memelite = pytest.importorskip("memelite.io")
        for other in (read_motifs(tmp_path / name), memelite.read_meme(str(tmp_path / name))):
            assert {name: pwm.T.tolist() for name, pwm in other.items()} == {"A a1": A, "B": B}


@pytest.mark.parametrize(
    "text",
    [
        "  ALPHABET= ACGT\n\n  MOTIF A a1\n  letter-probability matrix:\n{A}\n\n"
        "  MOTIF B\n  letter-probability matrix:\n{B}",
        "MOTIF A  a1\nletter-probability matrix: alength= 4 w= 3 nsites= 1000.0 E= 1e-5\n{A}\nURL http://x/1\n"
        "MOTIF B\nletter-probability matrix: w=2 alength=4\n{B}\nURL x",
        "ALPHABET= ACGU\nstrands: +\nBackground letter frequencies (from x):\nA 0.3 C 0.2\nG 0.2 U 0.3\n\n"
        "MOTIF A a1\nlog-odds matrix: alength= 4 w= 1 E= 0\n1 2 3 4\n\nletter-probability matrix: w= 3\n{A}\n"
        "-----\n\nMOTIF B\n\nletter-probability matrix: w= 2\n\n{B}\n\n",
        "MOTIF A a1\r\nletter-probability matrix:\r\n97 1 1 1\r\n1 97 1 1\r\n1 1 97 1\r\n"
        "MOTIF B\r\nletter-probability matrix:\r\n{B}",
    ],
    ids=["indented", "settings", "sections", "counts, CRLF"],
)
def test_what_minimal_meme_may_look_like(tmp_path: Path, text: str):
    rows = {name: "\n".join(" ".join(map(str, row)) for row in rows) for name, rows in (("A", A), ("B", B))}
    path = tmp_path / "m.meme"
    path.write_bytes(("MEME version 4\n" + text.format(**rows)).encode())
    found = read_motifs(path)
    assert list(found) == ["A a1", "B"]
    for pwm, rows in zip(found.values(), (A, B), strict=True):
        np.testing.assert_allclose(pwm.T, rows, atol=1e-12)


def test_a_motif_without_a_matrix_does_not_get_the_next_ones(tmp_path: Path):
    path = tmp_path / "m.meme"
    path.write_text(
        "MEME version 4\nMOTIF A\nMOTIF L\nlog-odds matrix: w= 1\n1 2 3 4\n"
        "MOTIF B\nletter-probability matrix:\n1 0 0 0\n"
    )
    with pytest.warns(ZooWarning, match="2 motifs without probabilities are left out: A, L"):
        found = read_motifs(path)
    assert {name: pwm.T.tolist() for name, pwm in found.items()} == {"B": [[1, 0, 0, 0]]}
    with pytest.warns(ZooWarning), pytest.raises(InputError, match="must have the motifs"):
        read_motifs(path, "A")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("MOTIF A\nletter-probability matrix: w= 2\n1 0 0 0\nMOTIF B\n", r"line 5: .*as many rows.*w=2, rows=1"),
        ("MOTIF A\nletter-probability matrix: w= 1\n1 0 0 0\n1 0 0 0\n", r"as many rows.*w=1, rows=2"),
        ("MOTIF A\nletter-probability matrix:\nMOTIF B\n", r"line 4: .*as many rows"),
        ("MOTIF A\nletter-probability matrix:\n1 0 0\n", r"line 4: A row of a motif must be"),
        ("MOTIF A\nletter-probability matrix:\n1 0 0 x\n", r"line 4: A row of a motif must be"),
        ("MOTIF A\nletter-probability matrix:\n1 0 0 -1\n", r"line 4: A row of a motif must be"),
        ("MOTIF A\nletter-probability matrix:\nnan 0 0 0\n", r"line 4: A row of a motif must be"),
        ("MOTIF A\nletter-probability matrix:\n0 0 0 0\n", r"line 4: A row of a motif must be"),
        ("MOTIF A\nletter-probability matrix: alength= 20\n", r"line 3: Motifs must be of DNA or RNA"),
        ("ALPHABET= ACDEFGHIKLMNPQRSTVWY\n", r"line 2: Motifs must be of DNA or RNA"),
        ("MOTIF A\nMOTIF A\n", r"line 3: A MEME file must name every motif once"),
        ("MOTIF\n", r"line 2: A MEME file must name every motif once"),
        ("", "must have the motifs"),
    ],
)
def test_damaged_motifs(tmp_path: Path, text: str, message: str):
    path = tmp_path / "m.meme"
    path.write_text("MEME version 4\n" + text)
    with pytest.raises(InputError, match=message):
        read_motifs(path)
    path.write_text(text or ">MA0001.1 AGL3\nA [1 2]\n")
    with pytest.raises(InputError, match=r"`MEME version`.*jaspar2meme|DNA or RNA"):
        read_motifs(path)

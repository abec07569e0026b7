"""Motifs of MEME files: read, scanned, compared."""

import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError, MissingExtra
from zoo.genome.encode import encode
from zoo.genome.motifs import match, read_motifs, scan


def frequencies(consensus: str) -> np.ndarray:
    """A motif of one sequence, (4, width)."""
    return np.where(np.eye(4)[encode(consensus)].T > 0, 0.97, 0.01)


def test_motifs_of_a_file(shared: Path, tmp_path: Path):
    path = shared / "data" / "motifs" / "H12CORE_meme_format.meme"
    found = read_motifs(path, "CTCF.")
    assert [(name, pwm.shape[0]) for name, pwm in found.items()] == [("CTCF.H12CORE.0.P.B", 4)]
    assert len(read_motifs(path, "SPI1.", "MAX.")) == 5
    assert len(read_motifs(path)) == 1443
    with pytest.raises(InputError, match="has the motifs"):
        read_motifs(path, "NOSUCH.")
    with pytest.raises(InputError, match="MEME file"):
        read_motifs(tmp_path / "none.meme", "CTCF.")


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
    with pytest.raises(MissingExtra, match=r"memelite.*pip install 'chromatin-zoo\[motif\]'"):
        read_motifs(shared / "data" / "motifs" / "macisaac_yeast.v1.meme")

"""Motifs in what models read: planted ones, CTCF's, and what inserting one does."""

import importlib.util
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
from attributing import explain, sequences
from keras import layers

import zoo
from zoo.attribution import modisco
from zoo.attribution.motifs import important_hits, insert, marginalize
from zoo.attribution.references import References
from zoo.attribution.result import Attributions
from zoo.errors import InputError, MissingExtra
from zoo.genome import bed
from zoo.genome.encode import encode, one_hot
from zoo.genome.interval import Interval
from zoo.genome.motifs import match, read_motifs
from zoo.interpretation import counts, report

MOTIF = "TTACCCG"


@pytest.fixture(scope="module")
def planted() -> tuple[Attributions, np.ndarray]:
    """DeepLIFT of a network that sees TTACCCG and nothing else, in 150 windows that have it once; and where."""
    random = np.random.default_rng(3)
    codes, places = random.integers(0, 4, (150, 120)), random.integers(30, 80, 150)
    for row, place in zip(codes, places, strict=True):
        row[place : place + len(MOTIF)] = encode(MOTIF)
    inputs = keras.Input((120, 4))
    seen = layers.Conv1D(1, len(MOTIF), padding="same", activation="softplus", name="motif")(inputs)
    network = keras.Model(inputs, layers.Flatten()(seen))
    network.get_layer("motif").set_weights([3 * one_hot(encode(MOTIF))[..., None], np.array([-17.0])])
    x = one_hot(codes)
    found = explain(network, x, count=5)
    intervals = [Interval("chr1", 1000 * i, 1000 * i + 120) for i in range(150)]
    told = ("planted", "deeplift", "sum", References(count=5), intervals, {"chr1": 150_000})
    arrays = (found.values, found.hypothetical, None, found.prediction, found.baseline)
    return Attributions(codes.astype(np.uint8), *arrays, *told), places


def test_every_planted_motif_is_found(planted: tuple[Attributions, np.ndarray], tmp_path: Path):
    attributions, places = planted
    attributions.save(tmp_path / "a.npz")
    database = tmp_path / "known.meme"
    rows = "\n".join(" ".join("0.97" if base == letter else "0.01" for base in "ACGT") for letter in MOTIF)
    other = "\n".join(["0.25 0.25 0.25 0.25"] * 8)
    database.write_text(
        "MEME version 4\n\nALPHABET= ACGT\n\n"
        f"MOTIF REB1\nletter-probability matrix: alength= 4 w= 7\n{rows}\n\n"
        f"MOTIF flat\nletter-probability matrix: alength= 4 w= 8\n{other}\n"
    )
    made = report(tmp_path / "a.npz", tmp_path / "motifs", database, width=100)
    assert made.patterns[0].consensus == MOTIF
    assert made.matches[0][0].name == "REB1"
    assert made.patterns[0].seqlets == len(made.patterns[0].windows) >= 20  # it leaves out many that are all alike
    for pattern in made.patterns:
        for window, (start, end) in zip(pattern.windows, pattern.places, strict=True):
            assert start + 10 <= places[window] <= end + 10 - len(MOTIF)  # 10 bp are left out on each side
    hits = important_hits(attributions, {"REB1": read_motifs(database, "REB1")["REB1"]})["REB1"]
    found = {(int(s), int(p)) for s, p in zip(hits.sequence, hits.start, strict=True)}
    assert found == set(enumerate(places))  # every planted one, and no other
    lines = [line.split("\t") for line in (tmp_path / "motifs" / "seqlets.bed").read_text().splitlines()]
    assert len(lines) == sum(pattern.seqlets for pattern in made.patterns)
    for line in lines:
        assert int(line[1]) <= 1000 * (int(line[1]) // 1000) + places[int(line[1]) // 1000] < int(line[2])
    assert json.loads((tmp_path / "motifs" / "motifs.json").read_text())["patterns"][0]["consensus"] == MOTIF
    assert "REB1" in (tmp_path / "motifs" / "report" / "report.html").read_text()
    assert (tmp_path / "motifs" / "patterns.svg").stat().st_size > 1000
    assert str(made).splitlines()[1].split()[2:4] == [MOTIF, "REB1"]
    assert counts({"cell": made, "other": made})["REB1"]["other"][0] == made.patterns[0].seqlets
    before = (tmp_path / "motifs" / "patterns.h5").stat().st_mtime_ns
    again = report(tmp_path / "a.npz", tmp_path / "motifs", width=100)  # the same patterns, no database
    assert (tmp_path / "motifs" / "patterns.h5").stat().st_mtime_ns == before
    assert again.matches[0] == []


def test_the_files_are_those_of_modisco_lite(planted: tuple[Attributions, np.ndarray], tmp_path: Path):
    """Its own command reads them and finds the same."""
    paths = modisco.write_inputs(planted[0], tmp_path, width=100)
    for path in paths:
        with np.load(path) as file:
            assert (file["arr_0"].shape, file["arr_0"].dtype) == ((150, 4, 100), np.float32)
    command = f"motifs -s {paths[0]} -a {paths[1]} -n 2000 -w 100 -o {tmp_path / 'theirs.h5'}".split()
    code = "from modiscolite.cli import cli; cli()"
    subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True)
    assert modisco.patterns(tmp_path / "theirs.h5")[0].consensus == MOTIF


def test_ctcf_on_real_peaks(ctcf: zoo.Model, shared: Path, tmp_path: Path):
    """All CTCF peaks of 1.1 Mb, of eight cell lines, with the ATAC-seq of GM12878."""
    human, motifs = shared / "data" / "hg19_chr20_gm12878", shared / "data" / "motifs"
    paths = [*human.glob("peaks_GM12878/*BroadGm12878Ctcf*"), *human.glob("peaks_CTCF_other_lines/*")]
    summits = sorted(summit for path in paths for _, summit in bed.read_summits(path))
    apart = [summits[0], *(b for a, b in pairwise(summits) if b - a > 200)]
    found = ctcf.attribute(
        genome=human / "hg19_chr20_to_11095000.2bit",
        signal=human / "gm12878_minmax_p99.bw",
        regions=[Interval("chr20", place, place + 1) for place in apart],
    )
    top = modisco.discover(found, tmp_path)[0]
    assert top.seqlets >= 40
    query = [top.frequencies]
    jaspar = match(query, read_motifs(motifs / "jaspar_2024_consensus.meme"))[0]
    assert jaspar[0].name == "C055:CTCF:C2H2_ZF"
    assert jaspar[0].p_value < 1e-12
    hocomoco = match(query, read_motifs(motifs / "H12CORE_meme_format.meme"))[0]
    assert {item.name.split(".")[0] for item in hocomoco[:2]} == {"CTCF", "CTCFL"}  # its paralog has the same motif
    assert hocomoco[1].p_value < 1e-8


def test_inserting_a_motif():
    x = sequences(2, 60, 5)
    changed = insert(x, "TTNCC", 12)
    assert changed[0, 12:17, :4].argmax(axis=1).tolist() == [3, 3, 0, 1, 1]
    assert (changed[:, 14] == x[:, 14]).all()  # N leaves what is there
    assert (changed[..., 4] == x[..., 4]).all()
    assert (changed[:, 17:] == x[:, 17:]).all()
    assert (insert(x, "ACGT")[1, 28:32, :4] == np.eye(4)).all()
    for motif, position, said in (
        ("ACGU", None, "letters A, C, G, T and N"),
        ("ACG", 58, "must lie within"),
        ("", 1, "let"),
    ):
        with pytest.raises(InputError, match=said):
            insert(x, motif, position)


def test_what_a_motif_adds(ctcf: zoo.Model):
    """CTCF's consensus binds in closed chromatin, too; half of it does not."""
    x = np.zeros((10, 1024, 5), np.float32)
    x[..., :4] = one_hot(np.random.default_rng(1).integers(0, 4, (10, 1024)))
    whole, half = marginalize(ctcf, x, "TGGCCACCAGGGGGCGCTA"), marginalize(ctcf, x, "TGGCCACCA")
    assert np.array_equal(whole.before, ctcf.predict(x))
    assert whole.effect.shape == (32,)
    assert whole.effect.argmax() in (15, 16)
    assert whole.total == pytest.approx((whole.after.sum() - whole.before.sum()) / 10, rel=1e-4)
    assert whole.total > 1 > 10 * half.total


def test_bad_input(planted: tuple[Attributions, np.ndarray], small: zoo.Model, tmp_path: Path):
    with pytest.raises(InputError, match="The width must be 50 to 120 bp"):
        modisco.write_inputs(planted[0], tmp_path, width=400)
    found = small.attribute(sequences(1, 256, 5), method="occlusion")
    with pytest.raises(InputError, match=r"what other bases would contribute.*occlusion"):
        modisco.write_inputs(found, tmp_path)
    with pytest.raises(InputError, match="Patterns must be in a file of modisco-lite"):
        modisco.patterns(tmp_path / "none.h5")
    with pytest.raises(InputError, match="Attributions must be a file"):
        report(tmp_path / "none.npz", tmp_path / "motifs")
    assert not list(tmp_path.iterdir())


def test_without_modisco_lite(
    planted: tuple[Attributions, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"modisco-lite.*pip install .*\[motif\]'"):
        modisco.discover(planted[0], tmp_path)
    assert not list(tmp_path.iterdir())


def test_too_little_for_a_pattern(small: zoo.Model, tmp_path: Path):
    small.attribute(sequences(4, 256, 5), count=2).save(tmp_path / "a.npz")
    made = report(tmp_path / "a.npz", tmp_path / "motifs", width=200)
    assert made.patterns == []
    assert made.html is None
    assert "no pattern" in str(made)

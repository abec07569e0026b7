"""A pattern and its reverse complement are one motif, on the strand of the known one."""

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from zoo.attribution.modisco import Pattern
from zoo.attribution.result import Attributions
from zoo.attribution.strands import merged, oriented, turned
from zoo.genome.encode import encode
from zoo.genome.motifs import Match, match, reverse_complement, scan
from zoo.interpretation import counts, report


def motif(consensus: str, high: float = 0.97) -> np.ndarray:
    return np.where(np.eye(4)[encode(consensus)].T > 0, high, (1 - high) / 3)


def pattern(number: int, consensus: str, seqlets: int, sign: str = "pos", high: float = 0.97) -> Pattern:
    """Seqlets in windows of a number of their own, all on the forward strand."""
    frequencies, rows = motif(consensus, high), np.arange(seqlets)
    places = np.stack([rows, rows + len(consensus)], axis=1)
    name = f"{sign}_patterns/pattern_{number}"
    return Pattern(name, seqlets, 100 * number + rows, places, rows < 0, frequencies, 2 * frequencies)


def names(patterns: list[Pattern]) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(each.short, each.seqlets, tuple(other[-1] for other in each.others)) for each in patterns]


def test_a_motif_on_both_strands_is_one():
    """The frequencies are means over all seqlets; places of the smaller one are on the other strand."""
    found = merged([pattern(0, "TTACCCGG", 30, high=0.9), pattern(1, "GGGTAA", 10)])
    (one,) = found
    assert names(found) == [("pos_0", 40, ("1",))]
    assert one.consensus == "TTACCCGG"
    assert one.frequencies[3, 0] == pytest.approx((30 * 0.9 + 10 * 0.97) / 40)
    assert one.frequencies[2, 7] == pytest.approx(0.9)  # the smaller one ends before
    assert one.contributions[3, 0] == pytest.approx(2 * one.frequencies[3, 0])
    assert (len(one.windows), len(one.places), one.reverse.tolist()) == (40, 40, [False] * 30 + [True] * 10)
    assert one.windows.tolist() == [*range(30), *range(100, 110)]
    assert not one.turned


def test_the_smaller_one_first():
    assert names(merged([pattern(0, "GGGTAA", 10), pattern(1, "TTACCC", 30)])) == [("pos_1", 40, ("0",))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("TTACCCGG", "GATTACCA"),  # another motif
        ("TTACCCGG", "TTACCCGG"),  # the same strand: what the search has told apart
        ("TTACCCGG", "CGGATAA"),  # a base within it differs
        ("TTACCCGG", "AATTTTTT"),  # only the end of one fits
        ("TTACCCGGATTGCCTG", "GGGTAA"),  # half of it
    ],
)
def test_two_motifs_stay_two(one: str, other: str):
    assert len(merged([pattern(0, one, 30), pattern(1, other, 10)])) == 2


def test_signs_are_kept_apart():
    found = merged([pattern(0, "TTACCCGG", 5, "neg"), pattern(0, "CCGGGTAA", 3), pattern(1, "CCGGGTAA", 2, "neg")])
    assert [(each.name[:3], each.seqlets) for each in found] == [("pos", 3), ("neg", 7)]


def test_several_of_one_motif():
    """Both reverse complements of the largest one are merged with it."""
    found = merged(
        [pattern(0, "TTACCCGG", 30), pattern(1, "CCGGGTAA", 20), pattern(2, "GGGTAA", 15), pattern(3, "TTTTTTTT", 40)]
    )
    assert names(found) == [("pos_0", 65, ("1", "2")), ("pos_3", 40, ())]


def test_the_strand_of_the_known_motif():
    one = pattern(0, "CCGGGTAA", 3)
    near = [Match("REB1", 1e-9, "-"), Match("other", 1e-3, "+")]
    shown, seen = oriented(one, near)
    assert (shown.consensus, shown.turned, shown.reverse.tolist()) == ("TTACCCGG", True, [True] * 3)
    assert [each.strand for each in seen] == ["+", "-"]
    assert oriented(one, []) == (one, [])
    assert oriented(one, [near[1]])[0] is one
    again = turned(turned(one))
    assert not again.turned
    np.testing.assert_array_equal(again.frequencies, one.frequencies)


def test_a_match_says_its_strand():
    random = np.random.default_rng(0)
    database = {"REB1": motif("TTACCCGG"), **{f"m{i}": random.dirichlet([0.3] * 4, 9).T for i in range(40)}}
    for consensus, strand in (("TTACCCGG", "+"), ("CCGGGTAA", "-")):
        ((best, *_),) = match([motif(consensus)], database)
        assert (best.name, best.strand) == ("REB1", strand)


def test_a_database_with_both_strands_has_one_motif():
    random = np.random.default_rng(0)
    others = {f"m{i}": random.dirichlet([0.3] * 4, 9).T for i in range(40)}
    database = {"first": motif("TTACCCGG"), **others, "second": reverse_complement(motif("TTACCCGG"))}
    ((best, *rest),) = match([motif("CCGGGTAA")], database, nearest=3)
    assert best.name in ("first", "second")
    assert len(rest) == 2
    assert not {"first", "second"} & {each.name for each in rest}


def test_a_palindrome_matches_a_place_once():
    sequences = [encode("A" * 30 + "CACGTG" + "A" * 30)]
    hits = scan({"ebox": motif("CACGTG")}, sequences, 1e-3)["ebox"]
    assert sorted(hits.strand.tolist()) == ["+", "-"]
    assert hits.places == 1


def write_patterns(path: Path, found: list[Pattern]) -> None:
    """A file as modisco-lite writes it."""
    with h5py.File(path, "w") as file:
        for each in found:
            group = file.create_group(each.name)
            group["sequence"], group["contrib_scores"] = each.frequencies.T, each.contributions.T
            seqlets = group.create_group("seqlets")
            seqlets["n_seqlets"], seqlets["example_idx"] = [each.seqlets], each.windows
            seqlets["start"], seqlets["end"] = each.places.T
            seqlets["is_revcomp"] = each.reverse


def test_a_report_of_a_motif_planted_on_both_strands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A search that tells the strands apart: one row, its seqlets on both, named and turned as the known motif is."""
    random = np.random.default_rng(2)
    codes = random.integers(0, 4, (60, 100)).astype(np.uint8)
    for row, text in enumerate(["TTACCCGG", "CCGGGTAA", "CCGGGTAA"] * 20):
        codes[row, 40:48] = encode(text)
    on = {"TTACCCGG": np.arange(0, 60, 3), "CCGGGTAA": np.setdiff1d(np.arange(60), np.arange(0, 60, 3))}
    planted = [
        replace(pattern(number, text, len(rows)), windows=rows, places=np.tile([40, 48], (len(rows), 1)))
        for number, (text, rows) in enumerate(sorted(on.items(), key=lambda pair: -len(pair[1])))
    ]
    zeros = np.zeros((60, 100, 4), np.float32)
    zeros[np.arange(60)[:, None], np.arange(40, 48), codes[:, 40:48]] = 1
    one = np.zeros(60, np.float32)
    Attributions(codes, zeros, zeros, None, one, one, "m", "deeplift", "sum", None).save(tmp_path / "a.npz")

    def discover(_: object, folder: Path, **choices: object) -> list[Pattern]:
        write_patterns(folder / "patterns.h5", planted)
        return planted

    monkeypatch.setattr("zoo.attribution.modisco.discover", discover)
    monkeypatch.setattr("zoo.attribution.modisco.write_report", lambda *_: None)
    rows = "\n".join(" ".join(map(str, row)) for row in motif("TTACCCGG").T)
    head = "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF REB1\nletter-probability matrix: alength= 4 w= 8\n"
    flat = "\n\nMOTIF flat\nletter-probability matrix: alength= 4 w= 2\n0.25 0.25 0.25 0.25\n0.4 0.2 0.2 0.2\n"
    (tmp_path / "known.meme").write_text(f"{head}{rows}{flat}")
    made = report(tmp_path / "a.npz", tmp_path / "motifs", tmp_path / "known.meme", width=100)
    (found,) = made.patterns
    assert (found.consensus, found.seqlets, found.turned) == ("TTACCCGG", 60, True)
    assert (made.matches[0][0].name, made.matches[0][0].strand) == ("REB1", "+")
    strands = dict(zip(found.windows.tolist(), found.reverse.tolist(), strict=True))
    assert [strands[row] for row in range(6)] == [False, True, True, False, True, True]
    assert str(made).splitlines()[1].split("  ")[-1] == "reverse complement, 2 merged"
    assert counts({"cell": made}) == {"REB1": {"cell": (60, made.hits["REB1"][1])}}
    head, *lines = (line.split("\t") for line in (tmp_path / "motifs/patterns.tsv").read_text().splitlines())
    assert head[-2:] == ["strand", "shown"]
    assert (lines[0][:3], lines[0][-2:]) == (
        ["pos_patterns/pattern_0", "60", "TTACCCGG"],
        ["+", "reverse complement, 2 merged"],
    )
    (row,) = json.loads((tmp_path / "motifs/motifs.json").read_text())["patterns"]
    assert (row["reverse complement"], row["merged"]) == (True, ["pos_patterns/pattern_1"])


def test_counts_of_patterns_that_match_nothing(tmp_path: Path):
    """By their consensus, on one strand."""
    from zoo.interpretation import MotifReport

    cells = {
        name: MotifReport(tmp_path, [pattern(0, text, 5)], [[]], {}, None)
        for name, text in (("a", "TTACCCGG"), ("b", "CCGGGTAA"))
    }
    assert counts(cells) == {"CCGGGTAA": {"a": (5, 0), "b": (5, 0)}}

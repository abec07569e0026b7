"""The command lines of preparation: the originals' spellings, tables of thresholds, outputs over inputs."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import TABLE
from test_prepare_sample import write

from zoo.cli import main
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.signal import Signal
from zoo.predict import peaks as predicted
from zoo.prepare import tracks
from zoo.prepare.coverage import of_bases
from zoo.prepare.peaks import call, call_bins


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fragments, lengths of chromosomes, a track of scores in bins of 32 bp, a table of thresholds."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "f.tsv", "chr1\t100\t300\nchr1\t500\t700\nchr1\t505\t705\n")
    write(tmp_path / "sizes", "chr1\t1024\nchrM\t400\n")
    scores = np.repeat(np.float32([0, 0.1, 0.5, 0.7, 0, 0.3, 0, 0.9] * 4), 32)
    tracks.write(tmp_path / "s.bw", {"chr1": 1024}, [of_bases("chr1", 0, scores)])
    write(tmp_path / "t.tsv", TABLE)
    return tmp_path


def test_the_originals_spellings_of_prepare(inputs: Path, capsys: pytest.CaptureFixture):
    theirs = [
        "-i",
        "f.tsv",
        "-o",
        "there",
        "-n",
        "sample",
        "-cs",
        "sizes",
        "-slop",
        "5",
        "-rpm",
        "1000000",
        "-c",
        "chr1",
    ]
    assert main(["prepare", *theirs, "-t", "2"]) == 0
    ours = ["f.tsv", "--output", "here", "--chrom-sizes", "sizes", "--slop", "5", "--rpm-factor", "1000000"]
    assert main(["prepare", *ours]) == 0
    for end in (".bw", "_RP1M.bw"):
        assert (inputs / "there" / f"sample{end}").read_bytes() == (inputs / f"here{end}").read_bytes()
    assert "left out: chrM" in capsys.readouterr().out


def test_the_originals_spellings_of_normalize_and_average(inputs: Path):
    theirs = ["-i", "s.bw", "-n", "n", "-o", "there", "--max_percentile", "95", "--blacklist_bw", "s.bw"]
    assert main(["normalize", *theirs]) == 2  # everything above 0 is blacklisted
    assert main(["normalize", *theirs[:-2]]) == 0
    assert main(["normalize", "s.bw", "--output", "n.bw", "--max-percentile", "95"]) == 0
    assert (inputs / "there" / "n.bw").read_bytes() == (inputs / "n.bw").read_bytes()
    assert main(["average", "-i", "s.bw", "n.bw", "-n", "mean", "-c", "1"]) == 0
    assert list(Signal(inputs / "mean.bw").sizes) == ["chr1"]


def test_the_originals_spellings_of_peaks(inputs: Path):
    """Bins of 32 bp, the threshold of the best F1 (0.4) or of a precision (0.8: 0.6), in files of its names."""
    theirs = ["peaks", "-i", "s.bw", "-cutoff_file", "t.tsv", "-prefix", "p", "-o", "peaks"]
    assert main(theirs) == 0
    found = bed.read(inputs / "peaks" / "p_32bp.bed")
    assert [(item.start, item.end) for item in found][:2] == [(64, 128), (224, 256)]
    assert main([*theirs, "-cutoff_type", "Precision", "-cutoff_value", "0.8", "-bin", "64"]) == 0
    first = bed.read(inputs / "peaks" / "p_64bp.bed")[0]
    assert (first.start, first.end) == (64, 128)
    assert main(["peaks", "s.bw", "--table", "t.tsv", "--cutoff", "f1", "--bin", "32", "--output", "q.bed"]) == 0
    assert [(item.chrom, item.start, item.end) for item in bed.read(inputs / "q.bed")] == [
        (item.chrom, item.start, item.end) for item in found
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["average", "s.bw", "-n", "m", "-cs", "sizes"],
            "-cs must be left out: the lengths",
        ),
        (
            ["normalize", "s.bw", "-n", "m", "--loglevel", "debug"],
            "--loglevel must be left out: errors and warnings are always shown",
        ),
        (["normalize", "s.bw", "-i", "s.bw", "-n", "m"], "signal must be given once"),
        (["normalize", "s.bw", "-n", "../m"], "must be that of a file"),
        (["normalize", "s.bw", "--output", "m.bw", "--method", "zscore", "--min", "1"], "must go with min-max"),
        (["normalize", "s.bw", "--output", "m.bw", "--method", "zscore", "--clip"], "Clipping must go with"),
        (["normalize", "s.bw", "--output", "m.bw", "--method", "arcsinh", "--max-percentile", "95"], "do not use it"),
        (["normalize", "s.bw", "--output", "m.bw", "--max", "1", "--max-percentile", "95"], "must be given once"),
        (["normalize", "s.bw", "--output", "m.bw", "--max", "inf"], "finite"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "0.5", "--model", "yeast/REB1"], "not with a number"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "0.5", "--table", "t.tsv"], "not with a number"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "auto", "--table", "t.tsv"], "auto must go without"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "auto", "--bin", "32"], "auto must go without"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "1", "--compat", "maxatac"], "maxATAC must go with bins"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "1", "--bin", "9", "--compat", "macs3"], "go with bins"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "1", "--bin", "0"], "at least one base"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "1", "--min-length", "-3"], "min length must be"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "nan"], "cutoff|threshold"),
        (["peaks", "s.bw", "-n", "m", "-cutoff_file", "t.tsv", "-cutoff_value", "0.9"], "must go with the types"),
        (["peaks", "s.bw", "-n", "m", "-cutoff_file", "t.tsv", "-cutoff_type", "mean"], "type must be one of"),
        (["peaks", "s.bw", "--output", "m.bed", "--cutoff", "1", "-cutoff_type", "F1"], "cutoff must be given once"),
        (["prepare", "f.tsv", "--chrom-sizes", "nofile", "--output", "m"], "must exist"),
        (["prepare", "~nobody-at-all/f.tsv", "--chrom-sizes", "sizes", "--output", "m"], "must be a path"),
        (["prepare", "f.tsv", "--genome", "~nobody-at-all/g.2bit", "--output", "m"], "must be a path"),
    ],
)
def test_what_has_no_effect_or_no_meaning_is_refused(
    inputs: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture
):
    before = sorted(inputs.rglob("*"))
    try:
        status = main(arguments)
    except SystemExit as error:  # argparse's own
        status = error.code
    assert status == 2
    assert said.split("|")[0] in (text := capsys.readouterr().err) or said.split("|")[-1] in text
    assert sorted(inputs.rglob("*")) == before


@pytest.mark.parametrize("text", ["", "chr1\n", "chr1\tx\n", "chr1\t-5\n", "chr1\t5\nchr1\t5\n", "chr1\t99999999999\n"])
def test_lengths_of_chromosomes_that_are_none(inputs: Path, text: str):
    (inputs / "bad").write_text(text)
    assert main(["prepare", "f.tsv", "--chrom-sizes", "bad", "--output", "m"]) == 2


def test_files_of_lengths_of_all_kinds(inputs: Path):
    """Blanks between, a byte order mark, gzip, CRLF, empty lines, more columns (.fai)."""
    content = [b"\xef\xbb\xbfchr1  1024\r\nchr2 400\r\n\r\n", b"chr1\t1024\t6\t60\t61\nchr2\t400\t9\t60\t61\n"]
    for number, text in enumerate([*content, gzip.compress(content[0])]):
        (inputs / "other").write_bytes(text)
        assert main(["prepare", "f.tsv", "--chrom-sizes", "other", "--output", f"m{number}"]) == 0
        assert Signal(f"m{number}_RP20M.bw").sizes == {"chr1": 1024, "chr2": 400}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"chr1\t1024\nchr2\t1e3\n", "bad, line 2: A file of chromosome sizes must have"),
        (b"chr1\t1024\n\nchr1 5\n", "bad, line 3: A file of chromosome sizes must have"),
        (b"chr1\t\xd9\xa1\n", "bad, line 1: A file of chromosome sizes must have"),
        (b"chr1\t1_000\n", "bad, line 1: A file of chromosome sizes must have"),
        (b"chr1\t1024\nchr\xe9\t5\n", "bad, line 2: A text file must be encoded in UTF-8"),
        (b"x" * 500 + b"\n", "bad, line 1: A file of chromosome sizes must have"),
    ],
)
def test_the_line_of_a_wrong_length_is_named(inputs: Path, text: bytes, said: str, capsys: pytest.CaptureFixture):
    (inputs / "bad").write_bytes(text)
    assert main(["prepare", "f.tsv", "--chrom-sizes", "bad", "--output", "m"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error) < 500


@pytest.mark.parametrize(
    "arguments",
    [
        ["normalize", "s.bw", "--output", "s.bw"],
        ["normalize", "s.bw", "--blacklist", "bl.bed", "--output", "bl.bed"],
        ["average", "s.bw", "s.bw", "--output", "s.bw"],
        ["peaks", "s.bed", "--cutoff", "0.5", "--output", "s.bed"],
        ["peaks", "s.bw", "--cutoff", "f1", "--table", "t.bed", "--output", "t.bed"],
        ["prepare", "f.tsv", "--chrom-sizes", "sizes", "--cells", "cc.json", "--output", "cc"],
        ["prepare", "f.tsv", "--chrom-sizes", "sizes", "--blacklist", "x_RP20M.bw", "--output", "x"],
        ["prepare", "x.png", "--chrom-sizes", "sizes", "--output", "x"],
        ["prepare", "f.tsv", "--chrom-sizes", "y.png", "--output", "y"],
    ],
)
def test_no_output_replaces_an_input(inputs: Path, arguments: list[str], capsys: pytest.CaptureFixture):
    copies = {"s.bed": "s.bw", "x_RP20M.bw": "s.bw", "t.bed": "t.tsv", "x.png": "f.tsv", "y.png": "sizes"}
    for copy, source in copies.items():
        (inputs / copy).write_bytes((inputs / source).read_bytes())
    write(inputs / "cc.json", "a\nb\n")
    write(inputs / "bl.bed", "chr1\t0\t9\n")
    write(inputs / "f.tsv", "chr1\t100\t300\ta\nchr1\t500\t700\tb\n")
    before = {path.name: path.read_bytes() for path in inputs.iterdir()}
    assert main(arguments) == 2
    assert "must replace no" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in inputs.iterdir()} == before


def test_one_rule_where_scores_meet_a_cutoff(tmp_path: Path):
    """Between two neighboring float32 numbers only the higher one reaches it, however intervals are called."""
    low = np.float32(0.3)
    high = np.nextafter(low, np.float32(1))
    cutoff = (float(low) + float(high)) / 2
    scores = np.repeat(np.array([low, high], np.float32), 64)
    tracks.write(tmp_path / "s.bw", {"chr1": 128}, [of_bases("chr1", 0, scores)])
    assert [(peak.start, peak.end) for peak in call(tmp_path / "s.bw", cutoff, 1)] == [(64, 128)]
    assert [(peak.start, peak.end) for peak in call_bins(tmp_path / "s.bw", cutoff)] == [(64, 128)]
    assert [peak[:2] for peak in predicted.call([(0, scores[::32])], cutoff, 32, 128)] == [(64, 128)]


def test_names_that_matplotlib_would_read_as_formulas(inputs: Path):
    assert main(["prepare", "f.tsv", "--chrom-sizes", "sizes", "--output", r"a$\frac$b"]) == 0
    assert (inputs / r"a$\frac$b.png").read_bytes()[:4] == b"\x89PNG"
    assert json.loads((inputs / r"a$\frac$b.json").read_text())["cuts"] == 6


def test_clusters_that_lead_to_one_file(inputs: Path):
    from zoo.prepare.sample import prepare

    path = write(inputs / "c.tsv", "chr1\t100\t300\ta\nchr1\t500\t700\tb\n")
    with pytest.raises(InputError, match="lead to different files"):
        prepare(path, inputs / "out", {"chr1": 1000}, cells={"a": "T", "b": "T_RP20M"})

"""The command line of `zoo predict`: its options, and those of the original program."""

import pytest

from zoo.cli import main
from zoo.commands.parser import Parser
from zoo.commands.predict import add
from zoo.errors import InputError


def parsed(line: str) -> dict[str, object]:
    parser = Parser(prog="zoo predict")
    add(parser)
    return vars(parser.parse_args(line.split()))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-tf CTCF", {"name": "maxatac/CTCF"}),
        ("--tf_name asap/CNN", {"name": "asap/CNN"}),
        ("-m mine.h5", {"name": "mine.h5"}),
        ("yeast/REB1", {"name": "yeast/REB1", "threshold": "auto", "output": None, "chromosomes": None}),
        ("a/b -s s.bw", {"signal": "s.bw"}),
        ("a/b -i s.bw", {"signal": "s.bw"}),
        ("a/b -o out/x", {"output": "out/x"}),
        ("a/b -o out -n x", {"output": "out/x"}),
        ("a/b --prefix x --output out", {"output": "out/x"}),
        ("a/b -o out -name x", {"output": "out/x"}),
        ("a/b -prefix x -o out", {"output": "out/x"}),
        ("a/b -n x", {"output": "prediction_results/x"}),
        ("a/b --roi r.bed", {"regions": "r.bed"}),
        ("a/b -roi r.bed", {"regions": "r.bed"}),
        ("a/b --bed r.bed", {"regions": "r.bed"}),
        ("a/b --peaks r.bed -c chr1 chr2", {"regions": "r.bed", "chromosomes": ["chr1", "chr2"]}),
        ("a/b -chroms chr1", {"chromosomes": ["chr1"]}),
        ("a/b -chromosomes chr1", {"chromosomes": ["chr1"]}),
        ("a/b -c all", {"chromosomes": None}),
        ("a/b -w w.bed", {"windows": "w.bed"}),
        ("a/b --step_size 128 --batch_size 10", {"stride": 128, "batch_size": 10}),
        ("a/b -bl b.bed", {"blacklist": "b.bed"}),
        ("a/b -ct Precision -cv 0.8", {"threshold": "precision=0.8"}),
        ("a/b -cv 6 -ct log2FC", {"threshold": "log2fc=6"}),
        ("a/b -ct F1", {"threshold": "f1"}),
        ("a/b -cf t.tsv", {"table": "t.tsv"}),
        ("a/b -skip_call_peaks", {"threshold": "none"}),
    ],
)
def test_options_of_the_original_program(line: str, said: dict):
    found = parsed(f"{line} --genome g.2bit")
    assert {name: found[name] for name in said} == said


def test_the_sequence_by_either_name():
    assert parsed("a/b --seq g.2bit")["genome"] == parsed("a/b --sequence g.2bit")["genome"] == "g.2bit"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "must be given name"),
        ("a/b -tf CTCF", "^-tf must not be given together with name"),
        ("-tf CTCF -m x.h5", "^-m must not be given together with -tf"),
        ("a/b --chrom chr1", "closest is --chromosomes"),
        ("a/b --chromosome chr1", "closest is --chromosomes"),
        ("a/b --regio x", "closest is --regions"),
        ("a/b -ss.bw", "unknown=.*-ss.bw"),
        ("a/b --thresh f1", "closest is --threshold"),
        ("a/b --threshold f1 -skip_call_peaks", "^-skip_call_peaks must not be given together with --threshold"),
        ("a/b --threshold f1 -ct F1", "^-ct must not be given together with --threshold"),
        ("a/b -ct Accuracy", "^-ct must be one of f1, precision, recall, log2fc"),
        ("a/b -cs hg38.chrom.sizes", "^-cs must be left out: the lengths of chromosomes are read from the genome"),
        ("a/b --chrom_sizes hg38.chrom.sizes", "^--chrom_sizes must be left out"),
        ("a/b --loglevel debug", "^--loglevel must be left out: errors and warnings are always shown"),
        ("a/b -n ../x", "name must be that of a file"),
        ("a/b --output x -o y", "output must be given once, not by --output and by -o"),
    ],
)
def test_what_is_no_option_or_does_not_go_together(line: str, said: str):
    with pytest.raises(InputError, match=said):
        parsed(f"{line} --genome g.2bit")


def test_the_help_shows_each_option_once(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit):
        parsed("--help")
    said = capsys.readouterr().out
    assert "--step_size" not in said
    assert "-roi" not in said
    assert "--stride" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--threshold", "precison=0.9"], "has no BED file and must be given without threshold"),
        (["-cv", "0.8"], "cutoff value must be given with its type"),
        (["--views", "all", "--strands", "forward"], "must be given without strands"),
        (["--batch-size", "1099511627776"], "batch size must be a whole number from 1 to 1,048,576"),
        (["--windows", "w.bed"], "Exact windows must be given without regions"),
        (["--scale", "linear"], "scale must be left out"),
        (["--table", "t.tsv"], "must be given without table"),
    ],
)
def test_errors_say_which_two(small_folder, genome_files, capsys, more: list[str], said: str):
    command = ["predict", str(small_folder), "--genome", str(genome_files.genome), "--signal", str(genome_files.signal)]
    assert main([*command, "--regions", "chr10:1-1,000", *more]) == 2
    assert said in capsys.readouterr().err


def test_regions_with_chromosomes_and_the_original_spelling(small_folder, genome_files, tmp_path, capsys):
    (tmp_path / "r.bed").write_text("chr10\t100\t200\nchr2\t100\t200\n")
    command = ["predict", "-m", str(small_folder), "--seq", str(genome_files.genome), "-s", str(genome_files.signal)]
    command += ["--roi", str(tmp_path / "r.bed"), "-n", "x", "-o", str(tmp_path / "out"), "-ct", "Precision"]
    assert main([*command, "-cv", "0.6"]) == 0
    written = capsys.readouterr().out
    assert str(tmp_path / "out" / "x.bw") in written
    assert "precision=0.6: score" in written

"""Parts of models, and models of profile and counts, at the command line."""

from pathlib import Path

import numpy as np
import profiles
import pytest

import zoo
from zoo.cli import main
from zoo.formats import bigwig
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit

LENGTH = 1_150


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parts") / "g.2bit"
    write_twobit(path, {"chr1": encode("".join(np.random.default_rng(0).choice(list("ACGT"), LENGTH)))})
    return path


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return profiles.chrombpnet().save(tmp_path_factory.mktemp("saved") / "whole")


def test_the_command_predicts_parts(saved: Path, genome: Path, tmp_path: Path, read_track):
    """By default the bias-corrected one."""
    tracks = {}
    for part in (None, "accessibility", "bias", "full"):
        chosen = [] if part is None else ["--component", part]
        call = ["predict", str(saved), f"--genome={genome}", "--chromosomes", "chr1", *chosen]
        assert main([*call, f"--output={tmp_path / str(part)}"]) == 0
        tracks[part] = read_track(tmp_path / f"{part}.bw", "chr1")
        row = zoo.load(saved, component=part).predict(genome=genome, chromosomes="chr1")[0]
        np.testing.assert_allclose(tracks[part], row.scores, rtol=1e-6)
    assert np.array_equal(tracks[None], tracks["accessibility"])
    assert all(np.abs(tracks["full"] - tracks[part]).max() > 1e-4 for part in ("accessibility", "bias"))


def test_the_command_predicts_around_summits(saved: Path, genome: Path, tmp_path: Path):
    (tmp_path / "p.bed").write_text("chr1\t400\t500\ta\nchr1\t410\t530\tb\n")
    call = ["predict", str(saved), f"--genome={genome}", "--centers", str(tmp_path / "p.bed"), "--compat=chrombpnet"]
    assert main([*call, f"--output={tmp_path / 'out'}"]) == 0
    rows = [line.split("\t") for line in (tmp_path / "out.counts.tsv").read_text().splitlines()[1:]]
    assert [row[1:6] for row in rows] == [["a", "chr1", "400", "500", "450"], ["b", "chr1", "410", "530", "470"]]
    np.testing.assert_allclose([float(row[7]) for row in rows], np.exp([float(row[6]) for row in rows]), rtol=1e-6)
    assert (tmp_path / "out.bw").exists()


@pytest.mark.parametrize("command", ["check", "predict", "attribute", "variants", "haplotypes", "evaluate", "doctor"])
def test_every_command_with_a_model_takes_a_part(command: str, saved: Path, genome: Path, tmp_path: Path, capsys):
    """An unknown one is refused, with the list of those that there are."""
    vcf, track = tmp_path / "v.vcf", tmp_path / "s.bw"
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    bigwig.write_track(track, {"chr1": LENGTH}, [("chr1", np.ones(LENGTH, np.float32))], 1)
    sequence = f"--genome={genome}"
    more = {
        "check": [saved],
        "predict": [saved, sequence, "--chromosomes=chr1"],
        "attribute": [saved, sequence, "--regions=chr1:1-9"],
        "variants": [saved, vcf, sequence],
        "haplotypes": [saved, vcf, sequence, "--regions=chr1:1-9", f"--output={tmp_path / 'out'}"],
        "evaluate": [saved, sequence, f"--signal={track}"],
        "doctor": [f"--model={saved}", sequence],
    }[command]
    assert main([command, *map(str, more), "--component=nobias"]) == 2
    assert "The component must be one of those of test/CHROMBPNET: accessibility, bias" in capsys.readouterr().err


def test_a_part_of_no_model_and_of_one_without_parts(genome: Path, tmp_path: Path, capsys):
    assert main(["doctor", f"--genome={genome}", "--component=bias"]) == 2
    assert "The component must be given with a model" in capsys.readouterr().err
    path = profiles.model().save(tmp_path / "plain")
    assert main(["check", str(path), "--component=full"]) == 2
    assert "The component must be one of those of test/BPNET: it has none" in capsys.readouterr().err


def test_info_lists_heads_and_parts(saved: Path, capsys):
    assert main(["info", str(saved)]) == 0
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [line[1:] for line in lines if line[0] == "part"] == [
        ["accessibility", "the accessibility (default)"],
        ["bias", "the bias"],
        ["full", "the whole network"],
    ]
    assert [line[1] for line in lines if line[0] == "head"] == ["profile", "counts"]

"""`zoo attribute` and `zoo motifs`."""

import json
from pathlib import Path

import pytest

from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.errors import ZooWarning


@pytest.fixture
def files(genome_files: Synthetic) -> list[str]:
    return ["--genome", str(genome_files.genome), "--signal", str(genome_files.signal)]


def test_a_table_and_json(small_folder: Path, files: list[str], capsys: pytest.CaptureFixture):
    command = ["attribute", str(small_folder), *files, "--regions", "chr1:50,001-50,100", "--count", "3"]
    assert main([*command, "--signal-reference", "mean"]) == 0
    said = capsys.readouterr().out
    assert "1 windows of 256 bp, test/SMALL, deeplift of sum" in said
    assert max(map(len, said.splitlines())) <= 80
    assert main([*command, "--json", "--target", "2:4", "--method", "integrated_gradients"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["window"] == "chr1:49923-50178"
    assert row["prediction"] - row["baseline"] == pytest.approx(row["bases"], rel=0.02)


def test_files_pictures_and_motifs(
    small_folder: Path, files: list[str], genome_files: Synthetic, tmp_path: Path, capsys: pytest.CaptureFixture
):
    base = tmp_path / "why"
    command = ["attribute", str(small_folder), *files, "--regions", str(genome_files.peaks), "--chromosomes", "chr2"]
    command += ["--count", "2", "--output", str(base), "--pictures", "1", "--format", "svg"]
    with pytest.warns(ZooWarning, match="11 regions are left out"):
        assert main(command) == 0
    written = capsys.readouterr().out.split()
    assert [Path(path).name for path in written] == ["why.npz", "why.bw", "why.json", "why_1.svg", "why_1_near.svg"]
    first = Path(written[0]).stat().st_mtime_ns
    with pytest.warns(ZooWarning):
        assert main(command) == 0  # all is there
    assert Path(written[0]).stat().st_mtime_ns == first
    Path(written[1]).write_bytes(b"damaged")
    with pytest.warns(ZooWarning):
        assert main(command) == 0  # made again
    assert Path(written[0]).stat().st_mtime_ns > first
    capsys.readouterr()
    assert main(["motifs", f"{base}.npz", "--output", str(tmp_path / "motifs"), "--width", "200"]) == 0
    assert capsys.readouterr().out.strip() == "no pattern: too few stretches of the windows stand out"
    assert json.loads((tmp_path / "motifs" / "motifs.json").read_text())["patterns"] == []


def test_errors_say_what_to_do(small_folder: Path, files: list[str], capsys: pytest.CaptureFixture):
    command = ["attribute", str(small_folder), *files, "--regions", "chr1:50,001-50,100"]
    assert main([*command, "--target", "9"]) == 2
    assert "target" in capsys.readouterr().err
    assert main([*command, "--pictures", "2"]) == 2
    assert "--output out/why --pictures 3" in capsys.readouterr().err

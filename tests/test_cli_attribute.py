"""`zoo attribute` and `zoo motifs`."""

import json
from pathlib import Path

import pytest

from zoo.cli import main
from zoo.data.synthetic import Synthetic


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
    difference = row["prediction"] - row["baseline"]
    assert difference == pytest.approx(row["bases"] + row["signal"], rel=0.01)  # as --help promises
    assert row["error"] == pytest.approx(abs(row["bases"] + row["signal"] - difference) / abs(difference), rel=1e-3)


@pytest.mark.filterwarnings("default::zoo.errors.ZooWarning")
def test_files_pictures_and_motifs(
    small_folder: Path, files: list[str], genome_files: Synthetic, tmp_path: Path, capsys: pytest.CaptureFixture
):
    base = tmp_path / "why"
    command = ["attribute", str(small_folder), *files, "--regions", str(genome_files.peaks), "--chromosomes", "chr2"]
    command += ["--count", "2", "--output", str(base), "--pictures", "1", "--format", "svg"]
    assert main(command) == 0
    said = capsys.readouterr()
    written = said.out.split()
    assert said.err.count("11 regions are left out: they lie on other chromosomes") == 1
    assert [Path(path).name for path in written] == ["why.npz", "why.bw", "why.json", "why_1.svg", "why_1_near.svg"]
    first = Path(written[0]).stat().st_mtime_ns
    assert main(command) == 0  # all is there
    assert Path(written[0]).stat().st_mtime_ns == first
    Path(written[1]).write_bytes(b"damaged")
    assert main(command) == 0  # made again
    assert Path(written[0]).stat().st_mtime_ns > first
    capsys.readouterr()
    assert main(["motifs", f"{base}.npz", "--output", str(tmp_path / "motifs"), "--width", "200"]) == 0
    assert capsys.readouterr().out.strip() == "no pattern: too few stretches of the windows stand out"
    assert json.loads((tmp_path / "motifs" / "motifs.json").read_text())["patterns"] == []


def test_errors_say_what_to_do(small_folder: Path, files: list[str], capsys: pytest.CaptureFixture):
    command = ["attribute", str(small_folder), *files, "--regions", "chr1:50,001-50,100"]
    assert main([*command, "--target", "9"]) == 2
    assert "target must be" in capsys.readouterr().err
    assert main([*command, "--pictures", "2"]) == 2
    assert "--output out/why --pictures 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--pictures", "2"], "Pictures must have an output"),
        (["--format", "png"], "A format must be given with pictures"),
        (["--output", "out", "--format", "svg"], "A format must be given with pictures"),
        (["--output", "out", "--pictures", "0"], "number of pictures must be from 1"),
        (["--output", "out", "--pictures", "-1"], "number of pictures must be from 1"),
        (["--steps", "50"], "must be given without steps"),
        (["--method", "gradients", "--count", "20"], "must be given without count"),
        (["--output", "why.npz", "--pictures", "2"], "A picture must not replace a file that no run made"),
        (["--output", "~nobodyx/why"], "must be a path"),
    ],
)
def test_options_without_effect(
    small_folder: Path, files: list[str], tmp_path: Path, more: list[str], said: str, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "why_2_near.png").write_bytes(b"mine")
    assert main(["attribute", str(small_folder), *files, "--regions", "chr1:50,001-50,100", *more]) == 2
    assert said in capsys.readouterr().err
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("why_2_near.png", b"mine")]


def test_pictures_are_drawn_once_and_stay_beside_their_attributions(
    small_folder: Path, files: list[str], tmp_path: Path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "why_7.png").write_bytes(b"mine")
    regions = tmp_path / "r.bed"
    regions.write_text("chr1\t50000\t50100\nchr2\t50000\t50100\n")
    command = ["attribute", str(small_folder), *files, "--regions", str(regions), "--output", "why", "--count", "2"]
    assert main([*command, "--pictures", "2"]) == 0
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {"why_1.png", "why_1_near.png", "why_2.png", "why_2_near.png"} <= {path.name for path in times}
    assert main([*command, "--pictures", "2"]) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times
    assert main([*command, "--pictures", "1", "--format", "svg"]) == 0
    assert {path.name for path in tmp_path.glob("why_*")} == {"why_1.svg", "why_1_near.svg", "why_7.png"}
    regions.write_text("chr2\t50000\t50100\n")
    before = (tmp_path / "why_1.svg").read_bytes()
    assert main([*command, "--pictures", "1", "--format", "svg"]) == 2
    assert "replace that of another run" in capsys.readouterr().err
    assert main([*command, "--pictures", "1", "--format", "svg", "--force"]) == 0
    assert (tmp_path / "why_1.svg").read_bytes() != before


def test_a_folder_of_motifs_replaces_nothing_of_the_users(small_folder: Path, files: list[str], tmp_path: Path, capsys):
    command = ["attribute", str(small_folder), *files, "--regions", "chr1:50,001-50,100", "--count", "2"]
    assert main([*command, "--output", str(tmp_path / "why")]) == 0
    for name in ("patterns.png", "seqlets.bed", "patterns.json", "motifs.json", "report", "zoo-motifs.json"):
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        (folder / name).write_text("mine")
        assert main(["motifs", str(tmp_path / "why.npz"), "--output", str(folder), "--width", "200"]) == 2
        assert "must hold no files by the names of a report's" in capsys.readouterr().err
        assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(name, "mine")]
    folder = tmp_path / "motifs"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    command = ["motifs", str(tmp_path / "why.npz"), "--output", str(folder), "--width", "200"]
    assert main(command) == 0
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times
    for name in ("patterns.json", "motifs.json", "patterns.h5"):  # damaged ones are made again
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(b"[" * 100)
        assert main(command) == 0
        assert len((folder / name).read_bytes()) >= len(whole) - 8
    assert (folder / "thesis.txt").read_text() == "mine"
    assert main(["motifs", str(tmp_path / "why.npz"), "--output", "~nobodyx/x"]) == 2
    assert main(["motifs", "~nobodyx/x", "--output", str(folder)]) == 2

"""The tutorials: what is stored of them, and each run anew."""

import base64
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "recipes" / "tutorials"))
import run

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
NOTEBOOKS = sorted(run.HERE.glob("*.ipynb"))
SHARED = "ZOO_SHARED"
ABSOLUTE = re.compile(r"""(?<![\w.:/<])/(?:\w[\w.-]*/)+""")  # a path of the machine on which it was stored

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each
def test_what_is_stored(path: Path):
    """Whole, small, and of no particular machine."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size <= 250_000
    assert notebook.cells[0].source.startswith("# ")
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text
            data = output.get("data", {})
            assert len(base64.b64decode(data.get("image/png", ""))) <= 60_000
            text = "".join([output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")])
            text = re.sub(r"base64,[^\"]*", "", text)
            assert "WARNING:" not in text
            assert not ABSOLUTE.findall(text), text


@each
def test_the_data_are_said(path: Path):
    """What reads the shared folder says so in its first cell, and what a reader takes instead."""
    notebook = nbformat.read(path, as_version=4)
    reads = any(SHARED in cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert (SHARED in notebook.cells[0].source) == reads
    if reads:
        assert "*With your own" in notebook.cells[0].source


def test_all_are_in_the_table():
    """Of the recipes' README, and none that is not there."""
    table = (run.HERE.parent / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"tutorials/(\w+)\.ipynb", table)) == [path.stem for path in NOTEBOOKS]


@each
@pytest.mark.timeout(600)
def test_run_anew(path: Path, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every cell; what it prints is what is stored."""
    if SHARED in path.read_text(encoding="utf-8"):
        request.getfixturevalue("shared")
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    stored = nbformat.read(path, as_version=4)
    fresh = run.execute(path, tmp_path)
    for (source, before), (_, after) in zip(run.texts(stored), run.texts(fresh), strict=True):
        assert run.alike(before, after), f"{source}\n--- stored\n{before}\n--- now\n{after}"


@pytest.mark.parametrize(
    ("stored", "fresh", "same"),
    [
        ("AP 0.748, 33 sites", "AP 0.747, 33 sites", True),
        ("AP 0.748, 33 sites", "AP 0.746, 33 sites", False),
        ("AP 0.748, 33 sites", "AP 0.748, 34 sites", False),
        ("chr20:10,407,938", "chr20:10,407,939", False),
        ("4e-07", "5e-07", True),
        ("4e-07", "4e-06", False),
        ("one 1", "two 1", False),
        ("1 2", "1", False),
    ],
)
def test_alike(stored: str, fresh: str, same: bool):
    """Numbers with a fraction may differ by one in their last digit, nothing else may."""
    assert run.alike(stored, fresh) is same

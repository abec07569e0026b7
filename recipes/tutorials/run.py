"""Run the tutorials and store what their cells print and draw.

    python recipes/tutorials/run.py                 # all of them
    python recipes/tutorials/run.py atac_to_binding # by name

Notebooks are edited in Jupyter or any editor; their outputs are stored by this script: each runs from its first cell to
its last in an empty folder, and what differs from run to run (times, numbers of messages) is left out. The tests run
them in the same way and compare what they print with what is stored, but for cells with the tag `volatile`. Needs the
extra `tutorials`; most of them read the folder that ZOO_SHARED names.
"""

import argparse
import base64
import io
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

import zoo
from zoo.console import recipe
from zoo.errors import InputError, MissingExtra

HERE = Path(__file__).parent
VOLATILE = "volatile"  # the tag of cells whose output differs between machines or runs
_TIMEOUT_S = 240  # of a cell
_COLORS = 64  # of a stored picture
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def main(names: list[str]) -> None:
    """Execute and store the notebooks of these names."""
    for path in [existing(name) for name in names] or sorted(HERE.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            write(path, execute(path, Path(folder)))
        print(f"{path.name}: {path.stat().st_size / 1000:,.0f} kB", flush=True)


def existing(name: str) -> Path:
    """The notebook of a name. Raises `InputError` for one that is not there."""
    path = HERE / f"{Path(name).stem}.ipynb"
    if not path.is_file():
        known = ", ".join(sorted(path.stem for path in HERE.glob("*.ipynb")))
        raise InputError(f"A tutorial must be one of {known}", received={"name": name})
    return path


def execute(path: Path, folder: Path):
    """Run all cells of a notebook in a folder; returns the notebook with its outputs.

    Raises:
        MissingExtra: nbclient or ipykernel is not installed.
        nbclient.exceptions.CellExecutionError: a cell raised an error.
    """
    try:
        import ipykernel  # noqa: F401
        import nbformat
        from nbclient import NotebookClient
    except ImportError as error:
        raise MissingExtra(f"{error.name} must be installed to run notebooks", extra="tutorials") from None
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook,
        timeout=_TIMEOUT_S,
        kernel_name="python3",
        resources=resources,
        record_timing=False,
        coalesce_streams=True,
    )
    with tempfile.TemporaryDirectory() as programs:
        client.execute(env=environment(Path(programs)))
    return notebook


def environment(programs: Path) -> dict[str, str]:
    """Variables of a kernel whose cells find this package, and the command `zoo` of it, whatever else is installed."""
    command = programs / "zoo"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zoo "$@"\n', encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    root = str(Path(zoo.__file__).parents[1])
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(programs), os.environ.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
    }


def write(path: Path, notebook) -> None:
    """Store a notebook with what does not change from run to run."""
    import nbformat

    notebook.metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = {}
            if picture := output.get("data", {}).get("image/png"):
                output.data["image/png"] = small(picture)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def small(picture: str) -> str:
    """A PNG, as base64, with a palette: a third of the size."""
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        reduced = image.convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    reduced.save(written, "PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


def texts(notebook, volatile: bool = False) -> Iterator[tuple[str, str]]:
    """(source, what it printed and returned as text) of each cell of code, without the volatile ones by default."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and (volatile or VOLATILE not in cell.metadata.get("tags", ())):
            shown = (output.get("text", output.get("data", {}).get("text/plain", "")) for output in cell.outputs)
            yield cell.source, _ANSI.sub("", "".join(shown))


def alike(stored: str, fresh: str) -> bool:
    """Whether two texts are the same but for the last digit that is printed of numbers with a fraction."""
    before, after = _NUMBER.findall(stored), _NUMBER.findall(fresh)
    same = _NUMBER.sub("0", stored) == _NUMBER.sub("0", fresh) and len(before) == len(after)
    return same and all(abs(_value(a) - _value(b)) <= _unit(a) for a, b in zip(before, after, strict=True))


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _unit(number: str) -> float:
    """One in the last digit, and a little for rounding; 0 of a whole number."""
    digits, _, exponent = number.partition("e")
    places = len(digits.partition(".")[2])
    return 1.01 * 10.0 ** (int(exponent or 0) - places) if places or exponent else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run the tutorials and store their outputs; see the file's head.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default all")
    recipe.run("run", main, parser.parse_args().names)

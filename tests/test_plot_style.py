"""Every picture is drawn in the sizes, widths and colors of `zoo.plot.style`, and can be read."""

import ast
import importlib
import inspect
import io
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType

import pytest
from gallery import PICTURES
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pictures import ODD, check_picture, check_style

import zoo.plot
from zoo.plot import style

ROOT = Path(__file__).parents[1]
HOMES = {ROOT / "zoo" / name for name in ("plot/style.py", "notebook/pictures.py")}  # the other shows any figure
LOOKS = {"fontsize", "labelsize", "size", "dpi", "figsize", "linewidth", "linewidths", "lw", "markersize", "s", "alpha"}
LOOKS |= {"color", "facecolor", "edgecolor", "cmap", "foreground"}
ELSEWHERE = {  # functions that draw what others do, of a model or of files
    "zoo.plot.alleles.variant_figure",
    "zoo.plot.results.files",
    "zoo.plot.tracks.plot_signal",
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_can_be_read_and_is_of_one_style(name: str):
    with rc_context(ODD):
        drawn = PICTURES[name]()
        check_picture(drawn)
        check_style(drawn)


def drawing_functions() -> Iterator[tuple[str, Callable]]:
    """Public functions of `zoo.plot` that return axes or a figure, by their names."""
    for module in pkgutil.iter_modules(zoo.plot.__path__, "zoo.plot."):
        for name, each in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            own = each.__module__ == module.name and not name.startswith("_")
            if own and each.__annotations__.get("return") in (Axes, Figure):
                yield f"{module.name}.{name}", each


def test_every_drawing_function_is_drawn_here():
    """One that is added needs a picture in `gallery.py`, so that the test above sees it."""
    called: set[CodeType] = set()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code) if event == "call" else None)
    try:
        for make in PICTURES.values():
            make()
    finally:
        sys.setprofile(before)
    functions = dict(drawing_functions())
    assert {"zoo.plot.logo.plot_logo", "zoo.plot.loci.locus", *ELSEWHERE} <= set(functions)
    assert {name for name, each in functions.items() if each.__code__ not in called} == ELSEWHERE


def sources() -> list[Path]:
    """Files that may draw."""
    files = [path for folder in ("zoo", "recipes") for path in (ROOT / folder).rglob("*.py")]
    return [path for path in files if path not in HOMES and "plot" in path.read_text(encoding="utf-8")]


def given(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Keywords and keys of a call or a dict, with their values."""
    if isinstance(node, ast.Call):
        yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)
    if isinstance(node, ast.Dict):
        keys = (key.value if isinstance(key, ast.Constant) else None for key in node.keys)
        yield from ((key, value) for key, value in zip(keys, node.values, strict=True) if isinstance(key, str))


def own_numbers(tree: ast.AST) -> Iterator[str]:
    """What a file says itself of how pictures look."""
    for node in ast.walk(tree):
        for name, value in given(node):
            own = isinstance(value, ast.Constant) and value.value not in (0, 1, None, "none")
            if name in LOOKS and own:
                yield f"{node.lineno}: {name}={value.value!r}"
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            width = node.args[0] if called == "figure" and node.args else None
            if called in ("Figure", "savefig") or isinstance(width, ast.Constant):
                yield f"{node.lineno}: {called}"


def test_no_file_has_numbers_of_its_own():
    files = sources()
    assert {"curves.py", "sample.py", "single_cell.py"} <= {path.name for path in files}
    found = {str(path.relative_to(ROOT)): list(own_numbers(ast.parse(path.read_text("utf-8")))) for path in files}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "ax.plot(x, linewidth=2)",
        "ax.text(0, 0, 'a', fontsize='small')",
        "look = {'color': 'tab:blue'}",
        "Figure(figsize=(3, 4))",
        "figure.savefig('a.png')",
        "style.figure(7, 3)",
    ],
)
def test_numbers_of_a_files_own_are_found(line: str):
    assert list(own_numbers(ast.parse(line)))
    assert not list(own_numbers(ast.parse("ax.plot(x, linewidth=style.CURVE, linewidths=0)")))


def saved(form: str) -> bytes:
    file = io.BytesIO()
    style.save(PICTURES["locus"](), file, form, Title="a title")
    return file.getvalue()


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_a_picture_is_written_as_the_same_bytes(form: str):
    data = saved(form)
    assert data == saved(form)
    assert b"a title" in data
    if form == "png":
        width = int.from_bytes(data[16:20], "big")
        assert width == style.WIDTH * style.DPI
    if form == "pdf":
        assert b"/TrueType" in data or b"/CIDFontType2" in data  # letters, which can be edited


def test_a_picture_of_a_page_is_as_large_as_its_letters_need():
    drawn = style.figure(6, 3)  # 432 points
    drawn.text(0.5, 0.5, "a", fontsize=style.NOTE)
    svg = style.inline(drawn, "salt")
    assert svg.startswith('<svg style="width: 47.3rem; min-width: 34.8rem"')  # × 14 / 8 / 16 and × 9 / 7 / 16
    assert svg == style.inline(drawn, "salt")
    assert ">a</text>" in svg


def page_colors(name: str) -> list[tuple[str, str]]:
    """Names and values of the colors of a style sheet, light ones and dark ones."""
    return re.findall(r"--(\w+): (#[0-9a-f]{6})", (ROOT / "zoo" / name).read_text("utf-8"))


def test_pages_have_the_same_colors():
    report, browser = page_colors("pages/report.css"), page_colors("browse/browse.css")
    assert len(report) == 10
    assert set(report) <= set(browser)
    marks = [color for name, color in browser if name == "mark"]
    assert marks == [style.hexadecimal(style.BLUE), style.hexadecimal(style.SKY)]
    drawn = [*(ROOT / "zoo" / "browse").glob("*.py"), *(ROOT / "zoo" / "pages").glob("*.[pj]*")]
    assert {"drawing.py", "report.py", "report.js"} <= {path.name for path in drawn}
    assert [path.name for path in drawn if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0, 0.25, 0.5, 1], ["0", "0.25", "0.50", "1.00"]),
        ([0, 500, 1000], ["0", "500", "1,000"]),
        ([-0.1, 0.2, 0.1 + 0.2], ["−0.1", "0.2", "0.3"]),
        ([0, 5e-7, 1e-6], ["0", "0.5×10⁻⁶", "1.0×10⁻⁶"]),
        ([-2e-5, -1e-5, 1e-22], ["−2×10⁻⁵", "−1×10⁻⁵", "0"]),
        ([1000.001, 1000.002], ["1,000.001", "1,000.002"]),
        ([0, 2e9, 4e9], ["0", "2×10⁹", "4×10⁹"]),
        ([], []),
        ([0], ["0"]),
    ],
)
def test_numbers_at_ticks_have_one_form(values: list, shown: list[str]):
    assert style.numbers(values) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.5, "0.5"), (1234.5, "1,234"), (-2.5e-7, "−2.5×10⁻⁷"), (0, "0"), (1e-5, "1×10⁻⁵")]
)
def test_a_number_in_a_text(value: float, shown: str):
    assert style.number(value) == shown

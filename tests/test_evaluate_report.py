"""The page of an evaluation, as text and in a real browser."""

import html
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import axe
import numpy as np
import pytest
from axe import CHROMIUM
from gallery import heat

from zoo.errors import InputError
from zoo.formats import bigwig
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.pages import report

DRIVER = """<script>
const said = {errors: []};
window.addEventListener("error", (event) => said.errors.push(event.message));
const view = document.querySelector(".view"), place = document.querySelector(".place");
const press = (key) => {
  view.dispatchEvent(new KeyboardEvent("keydown", {key, cancelable: true}));
  return place.textContent;
};
said.first = place.textContent;
said.tracks = document.querySelectorAll(".view path.track").length;
said.intervals = document.querySelectorAll(".view rect.interval").length;
said.zoomed = press("+");
said.right = press("ArrowRight");
said.far = [..."123456789"].map(() => press("ArrowRight")).pop();
said.shown = document.querySelectorAll(".view rect.interval").length;
document.querySelector('button[aria-label="Show all"]').click();
said.all = place.textContent;
said.other = press("x");
said.focus = (view.focus(), document.activeElement === view);
said.requests = performance.getEntriesByType("resource").length;
document.body.dataset.said = JSON.stringify(said);
</script></body>"""


@pytest.fixture
def sections(tmp_path: Path) -> list[dict]:
    values = np.zeros(40_000, np.float32)
    values[[100, 30_000]] = 3, 5
    bigwig.write_track(tmp_path / "t.bw", {"chr1": 40_000}, [("chr1", values)], 1)
    peaks = [Interval("chr1", 90, 110), Interval("chr1", 29_900, 30_100), Interval("chr2", 5, 9)]
    shown = Interval("chr1", 0, 40_000)
    return [
        {
            "kind": "table",
            "title": "Rows <b>",
            "columns": ["", "bins", "AUPR"],
            "rows": [["chr1", 5923, 0.81722], ["x", None, "–"]],
        },
        {
            "kind": "curves",
            "title": "Curve",
            "note": "a & b",
            "x": "recall",
            "y": "precision",
            "series": [{"name": "model", "x": [0.1, 1], "y": [1, 0.25]}, {"name": "motif", "x": [0, 1], "y": [0.5, 0]}],
        },
        report.locus("Locus", shown, {"ATAC": Signal(tmp_path / "t.bw")}, {"peaks": peaks}, most=1000),
    ]


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_page_and_its_json(sections: list[dict], tmp_path: Path):
    table, path = report.write(tmp_path / "new" / "r", "Title & more", sections, inputs={"peaks": "a.bed"})
    said = json.loads(table.read_text())
    assert said["sections"] == json.loads(json.dumps(sections))
    assert said["inputs"] == {"peaks": "a.bed"}
    text = path.read_text()
    assert report.render(said) == text  # the page is made of the JSON
    page = Page(text)
    assert page.all("html")[0]["lang"] == "en"
    assert "<h1>Title &amp; more</h1>" in text
    assert "Rows &lt;b&gt;" in text
    assert '<td class="number">0.8172</td>' in text
    assert '<td class="number">5,923</td>' in text
    assert len(page.all("caption")) == 3
    assert all("scope" in cell for cell in page.all("th"))
    assert [item["role"] for item in page.all("svg")] == ["img"]
    assert page.all("svg")[0]["aria-label"].startswith("precision over recall of model, motif")
    targets = {link["href"] for link in page.all("a")}
    assert targets <= {f"#{attributes['id']}" for _, attributes in page.tags if "id" in attributes}
    assert not re.search(r"""(src|href)=["'](?!#)""", text.replace("xlink:href", ""))


DRAWN = {
    "points": {"x": "observed", "y": "predicted", "series": [{"name": "peaks", "x": [1, 2.5], "y": [0, 4]}]},
    "histogram": {
        "x": "distance",
        "y": "regions",
        "edges": [0, 0.5, 1],
        "series": [{"name": "model", "y": [3, 1]}, {"name": "permuted $x$", "y": [0, 4]}],
    },
}


@pytest.mark.parametrize("kind", DRAWN)
def test_a_drawn_section_is_a_figure_a_table_and_a_picture(kind: str, tmp_path: Path):
    part = {"kind": kind, "title": "Drawn", "note": "verdict", **DRAWN[kind]}
    table, path, picture = report.write(tmp_path / "r", "t", [part], pictures={".drawn.png": part})
    said, text = json.loads(table.read_text()), path.read_text()
    assert report.render(said) == text
    assert list(said["files"]) == ["r.html", "r.drawn.png"]
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    page = Page(text)
    assert page.all("svg")[0]["aria-label"].startswith(f"{part['y']} over {part['x']} of {part['series'][0]['name']}")
    assert "<p>verdict</p>" in text
    cells = re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", text)
    wanted = {
        "points": [
            *("", "points", "observed, lowest", "observed, highest", "predicted, lowest", "predicted, highest"),
            *("peaks", "2", "1", "2.5", "0", "4"),
        ],
        "histogram": ["distance", "model", "permuted $x$", "0 to 0.5", "3", "0", "0.5 to 1", "1", "4"],
    }
    assert cells == wanted[kind]
    report.write(tmp_path / "r", "t", [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json"]


def test_a_locus_keeps_what_is_highest(sections: list[dict]):
    shown = sections[2]
    values = shown["tracks"][0]["values"]
    assert (shown["step"], len(values), values[2], values[750], sum(values)) == (40, 1000, 3.0, 5.0, 8.0)
    assert shown["intervals"] == [{"name": "peaks", "spans": [[90, 110], [29_900, 30_100]]}]


def test_where_most_peaks_are():
    peaks = [Interval("chr1", at, at + 9) for at in (5, 300, 310, 320, 900)]
    assert str(report.peak_densest(peaks, Interval("chr1", 0, 1000), width=100)) == "chr1:226-325"
    assert str(report.peak_densest([], Interval("chr1", 10, 60), width=100)) == "chr1:11-60"


def test_text_cannot_leave_its_place(tmp_path: Path):
    """Names from files are no markup, nor the end of a script."""
    bad = "</script><img src=x onerror=alert(1)>"
    values = np.ones(100, np.float32)
    bigwig.write_track(tmp_path / "t.bw", {"chr1": 100}, [("chr1", values)], 1)
    shown = report.locus(bad, Interval("chr1", 0, 100), {bad: Signal(tmp_path / "t.bw")}, {bad: []})
    text = report.render({"title": bad, "sections": [shown], "inputs": {bad: [bad]}})
    assert "<img" not in text
    assert len(re.findall("</script>", text)) == 2


def test_sections_of_another_kind(tmp_path: Path):
    with pytest.raises(InputError, match="table, curves, precision_recall, locus, points, histogram"):
        report.write(tmp_path / "r", "t", [{"kind": "pie", "title": "x"}])
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="output must be writable"):
        report.write(tmp_path / "file" / "r", "t", [])


def test_dollars_and_control_characters_are_text(tmp_path: Path):
    """In titles, labels and names: no formula, no command of a terminal."""
    odd = "$\\q$ \x1b[31m"
    series = [{"name": odd, "x": [0, 1], "y": [None, 1]}]
    part = {"kind": "curves", "title": odd, "note": f"{odd}\nmore", "x": odd, "y": odd, "series": series}
    _, page = report.write(tmp_path / "r", odd, [part, {"kind": "table", "title": odd, "columns": [odd], "rows": []}])
    text = page.read_text()
    assert "\x1b" not in text
    assert text.count(r"$\q$ \x1b[31m</text>") == 3  # both axes, the legend
    assert "<p>more</p>" in text


def test_numbers_that_are_not_finite_are_null(tmp_path: Path):
    table, _ = report.write(tmp_path / "r", "t", [], rows={"a": [float("nan"), np.inf, 1.5, 2]})
    assert json.loads(table.read_text(), parse_constant=pytest.fail)["rows"] == {"a": [None, None, 1.5, 2]}


def test_a_report_replaces_a_report_of_its_kind_only(tmp_path: Path):
    """Not what is read, nor a user's files, nor another command's record; and nothing stays of an earlier report."""
    base = tmp_path / "r"
    first = report.write(base, "t", [], texts={".tsv": ["a\n", "b\n"], "_x.tsv": ["1"]}, kind="binding")
    assert [path.name for path in first] == ["r.json", "r.html", "r.tsv", "r_x.tsv"]
    assert (tmp_path / "r.tsv").read_text() == "a\nb\n"
    (tmp_path / "r_x.tsv").write_text("changed by hand")
    (tmp_path / "r_y.tsv").write_text("mine")
    report.write(base, "u", [], kind="binding")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json", "r_x.tsv", "r_y.tsv"]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for reads, texts, kind, rule in (
        ([base.with_suffix(".html")], {}, "binding", "no file that the run reads"),
        ([], {}, "calibration", r"an earlier report of the same kind \(calibration\)"),
    ):
        with pytest.raises(InputError, match=rule):
            report.write(base, "t", [], reads=reads, texts=texts, kind=kind)
    for name, content in (
        ("a.json", "{}"),
        ("b.html", "<p>"),
        ("c.tsv", "1"),
        ("d.json", '{"made_by": "chromatin-zoo"}'),
    ):
        (tmp_path / name).write_text(content)
        before[tmp_path / name] = content.encode()
        with pytest.raises(InputError, match="must replace no file but those of an earlier report"):
            report.write(tmp_path / name[0], "t", [], texts={".tsv": ["x"]})
    for wrong in ("", ".", "out/", "a\0b", "~nobody-at-all/r", "x" * 300):
        with pytest.raises(InputError, match="output must be a path"):
            report.write(wrong, "t", [])
    with pytest.raises(InputError, match="part of a file's name"):
        report.write(tmp_path / "e", "t", [], texts={"_a/b.tsv": ["x"]})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian's package chromium)")
def test_in_a_browser(sections: list[dict], tmp_path: Path):
    """Drawn, moved and zoomed by keys and buttons, without a network and without an error."""
    _, path = report.write(tmp_path / "r", "Title", sections)
    driven = tmp_path / "driven.html"
    driven.write_text(path.read_text().replace("</body>", DRIVER))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run([*command, "--dump-dom", driven.as_uri()], capture_output=True, text=True, timeout=120)
    said = json.loads(html.unescape(re.search(r'data-said="([^"]*)"', done.stdout)[1]))
    assert said["errors"] == []
    assert (said["tracks"], said["intervals"], said["requests"]) == (1, 2, 0)
    assert said["first"] == "chr1:1–40,000; ATAC up to 5.00, 2 peaks."
    assert said["zoomed"] == "chr1:10,001–30,000; ATAC up to 0.00, 1 peaks."
    assert said["right"] == "chr1:15,001–35,000; ATAC up to 5.00, 1 peaks."
    assert said["far"] == "chr1:20,001–40,000; ATAC up to 5.00, 1 peaks."
    assert said["shown"] == 1
    assert said["all"] == said["first"] == said["other"]
    assert said["focus"]


@pytest.fixture
def whole(sections: list[dict], tmp_path: Path) -> Path:
    """Of every kind of section, with names that are long, without spaces, and in number."""
    long = "a_name_of_a_file_without_any_space_in_it_" * 3
    wide = {
        "kind": "table",
        "title": "A wide table",
        "note": long,
        "columns": ["", *(f"column {n}" for n in range(30))],
        "rows": [[long, *[0.5] * 29, "words " * 30]] * 3,
        "meanings": "Column 1: the first",
    }
    best = {"f1": 0.5, "score": 0.4, "precision": 0.5, "recall": 0.5}
    line = {"name": long, "recall": [0.5, 1.0], "precision": [1.0, 0.25], "best": best}
    curve = {"kind": "precision_recall", "title": "Precision", "random": 0.02, "series": [line]}
    drawn = [{"kind": kind, "title": kind, **part} for kind, part in DRAWN.items()]
    others = [
        {"kind": "volcano", "title": "V", "x": "change", "names": ["x", "y"], "changes": [0.125, -1], "q": [0.5, 0.25]},
        {"kind": "heat", "title": "H", "x": "score", "rows": ["r"], "columns": ["c", "d"], "values": [[0.375, 2.5]]},
        {"kind": "overlap", "title": "O", "names": ["a", "b"], "sets": [{"in": [True, True], "sites": 1234}]},
    ]
    shown = [*sections, wide, curve, *drawn, *others, heat(127, 40)]
    return report.write(tmp_path / "r", f"Title of {long}", shown, inputs={"peaks": long})[1]


WIDTHS = """() => ({
  width: innerWidth,
  wide: [...document.querySelectorAll("body *")].filter((at) => !at.closest(".wide, figure, .unseen, .skip") &&
    at.getBoundingClientRect().right > innerWidth + 1).map((at) => at.outerHTML.slice(0, 80)),
  columns: [...document.querySelectorAll("table")].map((table) => new Set([...table.rows].map((row) =>
    [...row.cells].filter((cell) => getComputedStyle(cell).display !== "none").length))).map((all) => [...all]),
  heads: Math.min(...[...document.querySelectorAll("tbody th")].map((head) => head.clientWidth)),
  boxes: [...document.querySelectorAll(".wide, figure")].every((box) => box.tabIndex === 0),
  sizes: Math.min(...[...document.querySelectorAll("figure text")].map((text) => {
    const svg = text.ownerSVGElement;
    return parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  })),
  letters: Math.min(...[...document.querySelectorAll("figure text, .view text")].map((text) => {
    const box = text.getBoundingClientRect();  // of turned text the width
    return Math.max(box.height, box.width);
  }).filter(Boolean)),
  held: [...document.querySelectorAll(".view text")].every((text) => {
    const box = text.getBoundingClientRect();
    return box.left >= 0 && box.right <= innerWidth;
  }),
})"""


@pytest.mark.parametrize("width", [360, 1100])
def test_on_a_narrow_screen(whole: Path, width: int):
    """Nothing is wider than the page; tables and pictures scroll in boxes that keys reach; all columns are there."""
    with axe.opened(whole, width) as page:
        page.evaluate("document.querySelectorAll('details').forEach((at) => at.open = true)")
        assert axe.overflow(page) == 0
        said = page.evaluate(WIDTHS)
        assert (said["width"], said["wide"]) == (width, [])
        assert [31] in said["columns"]
        assert all(len(counts) == 1 for counts in said["columns"])  # no row is shorter than its head
        assert said["boxes"]
        assert said["heads"] >= 100  # no name is broken into letters
        assert said["held"]
        assert said["letters"] >= 9
        assert said["sizes"] >= 9
        assert page.locator(".view path.track").count() == 1
        before = page.locator(".place").inner_text()
        page.locator(".view").focus()
        page.keyboard.press("+")
        assert page.locator(".place").inner_text() != before


def test_a_locus_is_drawn_anew_when_the_window_changes(whole: Path):
    with axe.opened(whole, 1100) as page:
        assert page.locator(".view svg").get_attribute("viewBox").split()[2] != "328"
        page.set_viewport_size({"width": 360, "height": 800})
        page.wait_for_function("document.querySelector('.view svg').viewBox.baseVal.width === 328")
        assert axe.overflow(page) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(whole: Path, scheme: str):
    paper = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 24, 28)"}
    with axe.opened(whole, 360, color_scheme=scheme) as page:
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == paper[scheme]
        assert axe.violations(page) == []


def test_axe_finds_something(tmp_path: Path):
    """A picture without a text, a language that is not named, letters that are too pale."""
    (tmp_path / "p.html").write_text(
        "<!doctype html><html><head><title>t</title></head><body><main><h1>t</h1>"
        "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><p style='color:#bbb;background:#fff'>pale</p>"
        "</main></body></html>"
    )
    with axe.opened(tmp_path / "p.html") as page:
        found = {each.partition(":")[0] for each in axe.violations(page)}
    assert {"image-alt", "html-has-lang", "color-contrast"} <= found

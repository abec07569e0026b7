"""The model browser: what is in it, what of it is at hand, and what it does in a browser."""

import html
import json
import re
import shlex
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import axe
import pytest
from test_cli import run

import registry
from zoo import architectures, browse, cli
from zoo.browse import catalogue, drawing, layers, page
from zoo.errors import InputError, ZooWarning

MOST_BYTES = 2_500_000  # of the page, with every threshold table
VOID = {"meta", "input", "circle", "path", "rect", "use", "br", "img", "link"}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an installation that has fetched nothing."""
    folder = tmp_path_factory.mktemp("bare")
    with pytest.MonkeyPatch.context() as patch:
        for key in ("ZOO_SHARED", "ZOO_MIRROR", "ZOO_FAMILIES"):
            patch.delenv(key, raising=False)
        patch.setenv("ZOO_CACHE", str(folder / "cache"))
        return browse.write(folder / "models.html")


class Reader(HTMLParser):
    """Elements are closed in order; which names and links there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.names, self.links, self.loads = [], [], [], []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        values = dict(attributes)
        self.names += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        self.loads += [values[key] for key in ("src", "data", "action") if key in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


def test_every_model_has_a_row_and_a_panel(bare: Path):
    text = bare.read_text(encoding="utf-8")
    reader = read(text)
    names = [entry.name for entry in registry.list_models()]
    assert len(names) == len(re.findall("<article ", text)) == len(re.findall("<tr data-family", text)) >= 250
    assert set(names) <= set(reader.names)
    assert len(reader.names) == len(set(reader.names))
    assert {link[1:] for link in reader.links} <= set(reader.names)
    assert reader.loads == []
    assert "http-equiv" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert len(text.encode()) < MOST_BYTES


def test_what_ships_is_complete(bare: Path):
    text = bare.read_text(encoding="utf-8")
    panel = re.search(r'<article id="yeast/REB1".*?</article>', text, re.DOTALL)[0]
    assert "ships with the package" in panel
    assert "zoo.load(&quot;yeast/REB1&quot;)" in panel
    assert "best F1 0.646 at score 0.275: precision 0.692, recall 0.606" in panel
    assert '<td class="number">0.692 (0.55 to 0.85)</td>' in panel
    factors = re.search(r'<article id="yeast/factors".*?</article>', text, re.DOTALL)[0]
    assert '<th scope="col">AUPR</th><th scope="col">average precision</th></tr></thead>' in factors
    assert '<th scope="row">CBF1</th><td class="number" data-value="0.5531">0.553</td>' in factors
    assert 'data-value="21">21</td><td class="number" data-value="0.00171">0.00171</td>' in factors
    assert 'data-value="0.5849">0.585<' in panel
    assert panel.index("<h3>Metrics</h3>") < panel.index(">AUPR<") < panel.index("<h3>Facts</h3>")
    assert panel.index("<h3>Facts</h3>") < panel.index(">bound bins<")
    assert "**Intended use.**" in panel
    assert "license_details" not in panel  # the front matter of the Hub
    assert "#network-motif_cnn" in panel
    assert "4 windows; `zoo check yeast/REB1` compares them with this machine&#x27;s outputs" in panel


def test_what_is_not_at_hand_has_what_the_index_knows(bare: Path):
    text = bare.read_text(encoding="utf-8")
    panel = re.search(r'<article id="maxatac/CTCF".*?</article>', text, re.DOTALL)[0]
    assert "downloaded from the authors&#x27; release at the first use" in panel
    assert "zoo predict maxatac/CTCF --genome hg38.2bit --signal atac.bw --regions peaks.bed --output out/CTCF" in panel
    assert "trained on A549, GM12878" in panel
    assert "Thresholds" not in panel
    assert "#network-maxatac" in panel
    other = re.search(r'<article id="deepgrn/CTCF_pair".*?</article>', text, re.DOTALL)[0]
    assert "<code>zoo info deepgrn/CTCF_pair</code>" in other


def test_thresholds_come_from_a_mirror(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ZOO_MIRROR", str(shared / "maxatac_data"))
    (ctcf,) = catalogue.collect("maxatac/CTCF")
    assert (ctcf.place, len(ctcf.table.columns["recall"])) == (None, 1001)
    assert "best F1 0.641 at score 0.454" in page.render([ctcf], drawing.networks())
    mirror = tmp_path / "models" / "CTCF"
    shutil.copytree(shared / "maxatac_data" / "models" / "CTCF", mirror)
    (table,) = mirror.glob("*.tsv")
    table.write_text(table.read_text().replace("0.5", "0.6", 1))
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path))
    with pytest.warns(ZooWarning, match="maxatac/CTCF is described without what is damaged"):
        (damaged,) = catalogue.collect("maxatac/CTCF")
    assert (damaged.table, damaged.best_f1) == (None, 0.640825)


def test_commands_of_all_models_are_accepted():
    for model in catalogue.collect():
        words = shlex.split(page.command(model))
        assert words[0] == "zoo"
        assert cli.make_parser().parse_args(words[1:]).command.name == words[1]
    (model,) = catalogue.collect("leopard/CTCF")
    assert "--signal dnase=dnase.bw --signal average=average.bw" in page.command(model)


def test_text_of_an_index_is_text():
    (model,) = catalogue.collect("yeast/REB1")
    wild = "<script>alert(1)</script>\"'&"
    entry = replace(model.entry, description=wild, aliases=(wild,), tissue=wild)
    text = page.render([replace(model, entry=entry)], {})
    assert text.count("<script>") == 1  # our own
    assert html.escape(wild) in text
    read(text)


def test_networks_are_those_that_are_built():
    """Small ones here; `python recipes/site/networks.py` writes them all."""
    known = drawing.networks()
    assert set(known) == set(architectures.ARCHITECTURES) - {"ensemble", "committee"}
    for name in ("maxatac", "bpnet", "factornet", "motif_dcnn"):
        network = architectures.build(name)
        assert known[name] == {"parameters": network.count_params(), "rows": layers.rows_of(network)}, name
    assert known["maxatac"]["rows"] == [
        {
            "times": 5,
            "rows": [
                ["Convolution", "width 7, dilation 1 … 8", "1,024 × 15 … 64 × 75"],
                ["Convolution", "width 7, dilation 1 … 8", "1,024 × 15 … 64 × 75"],
                ["Max pooling", "by 2", "512 × 15 … 32 × 75"],
            ],
        },
        ["Convolution", "width 1", "32 × 1"],
    ]


def lines_of(rows: list) -> list[list[str]]:
    return [line for row in rows for line in (row["rows"] if isinstance(row, dict) else [row])]


def test_no_line_of_a_drawing_runs_into_its_shape():
    for name, network in drawing.networks().items():
        for words, details, shape in lines_of(network["rows"]):
            assert len(f"{words}, {details}") + len(shape) <= 68, (name, words, details, shape)


def test_the_command(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    out = tmp_path / "a" / "page.html"
    assert run(capsys, "browse", "yeast/*", "--output", str(out), "--open")[:2] == (0, f"{out}\n")
    assert opened == [out.as_uri()]
    assert run(capsys, "browse", "yeast/REB1", "--output", str(out), "--force")[0] == 0  # over an earlier page
    assert out.read_text().count("<article ") == 1
    status, _, err = run(capsys, "browse", "nothing/*", "--output", str(tmp_path / "b.html"))
    assert status == 2
    assert "A pattern must match a model" in err
    (tmp_path / "mine.html").write_text("<p>mine</p>")
    with pytest.raises(InputError, match="replace no file but an earlier page of the model browser"):
        browse.write(tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "<p>mine</p>"
    assert json.loads(run(capsys, "info", "yeast/REB1", "--json")[1])["name"] == "yeast/REB1"


def names(page_) -> list[str]:
    return page_.locator("#models tbody tr:visible th").all_inner_texts()


def test_search_and_filters_in_a_browser(bare: Path):
    with axe.opened(bare) as shown:
        assert axe.violations(shown) == []
        assert shown.get_by_role("status").inner_text() == f"{len(names(shown))} of {len(names(shown))} models"
        search = shown.get_by_role("searchbox")
        search.fill("pu.1")
        assert names(shown) == ["maxatac/SPI1"]
        search.fill("mv4-11 maxatac")
        assert names(shown) == ["maxatac/RUNX1"]
        search.fill("no such model")
        assert (names(shown), shown.get_by_role("status").inner_text()[:5]) == ([], "0 of ")
        search.fill("")
        shown.get_by_label("Family").select_option("yeast")
        assert len(names(shown)) == 13
        shown.get_by_label("Output").select_option("accessibility")
        assert names(shown)[0] == "yeast/ATAC"


def test_sorting_in_a_browser(bare: Path):
    with axe.opened(bare) as shown:
        shown.get_by_label("Family").select_option("yeast")
        button = shown.get_by_role("button", name="AUPR")
        button.press("Enter")
        assert names(shown)[:2] == ["yeast/RAP1", "yeast/UME6"]
        assert button.locator("..").get_attribute("aria-sort") == "descending"
        button.press("Space")
        assert names(shown)[:2] == ["yeast/HSF1", "yeast/SWI4"]
        assert names(shown)[-3:] == ["yeast/factors", "yeast/ATAC", "yeast/ChromBPNet"]  # those without one
        shown.get_by_role("button", name="Model").click()
        assert names(shown)[0] == "yeast/ATAC"
        assert shown.locator("th[aria-sort]").count() == 1


def test_panels_in_a_browser(bare: Path):
    """By keyboard, by address, and copied; on a narrow dark screen, too."""
    with axe.opened(bare) as shown:
        shown.get_by_role("searchbox").fill("yeast/reb1")
        shown.get_by_role("link", name="yeast/REB1").press("Enter")
        panel = shown.locator("article:visible")
        assert panel.get_attribute("id") == shown.evaluate("document.activeElement.id") == "yeast/REB1"
        panel.get_by_role("button", name="Copy: Python").click()
        shown.get_by_role("searchbox").fill("")
        shown.get_by_role("searchbox").press("ControlOrMeta+v")
        assert shown.get_by_role("searchbox").input_value() == 'zoo.load("yeast/REB1")'
        shown.keyboard.press("Escape")
        assert shown.locator("article:visible").count() == 0
    with axe.opened(bare, 360, "#yeast/ChromBPNet", color_scheme="dark") as shown:
        assert shown.locator("article:visible h2").inner_text() == "yeast/ChromBPNet"
        assert axe.overflow(shown) == 0
        assert axe.violations(shown) == []


def test_without_a_script(bare: Path):
    """The table is there, panels open by their links, and what needs a script is not shown."""
    with axe.opened(bare, fragment="#maxatac/CTCF", java_script_enabled=False) as shown:
        assert shown.locator("#models tbody tr").count() >= 250
        assert shown.locator("article:visible h2").inner_text() == "maxatac/CTCF"
        assert shown.locator("form:visible, button:visible").count() == 0


def test_printed(bare: Path):
    with axe.opened(bare, fragment="#yeast/REB1") as shown:
        shown.emulate_media(media="print")
        assert shown.locator("article:visible h2").inner_text() == "yeast/REB1"
        assert shown.locator("#models:visible, button:visible").count() == 0

"""The documentation site: one command builds it without a warning, its links hold, a browser opens and searches it."""

import re
import subprocess
import sys
from pathlib import Path

import axe
import pytest
from documents import DOCUMENTS, PAGES, ROOT

import zoo
from zoo.browse import catalogue

TEXTS = [*DOCUMENTS, ROOT / "CHANGELOG.md", ROOT / "recipes", ROOT / "zoo", ROOT / "registry" / "card.py"]
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site; a warning of Sphinx, such as of a link that leads nowhere, is an error."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed (extra docs)")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, ROOT / "recipes" / "site" / "build.py", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=800, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return out


def test_every_page_is_there(site: Path):
    assert {path.stem for path in (site / "docs").glob("*.html")} == {path.stem for path in PAGES}
    for name in ("index", "CHANGELOG", "recipes/README", "models", "models/index", "models/yeast", "api/zoo", "search"):
        assert (site / f"{name}.html").is_file(), name
    tutorials = {path.stem for path in (ROOT / "recipes" / "tutorials").glob("*.ipynb")}
    assert {path.stem for path in (site / "recipes" / "tutorials").glob("*.html")} == tutorials
    contents = (site / "index.html").read_text(encoding="utf-8")
    for name in (*(f"docs/{path.stem}" for path in PAGES), "models/index", "api/zoo"):
        assert f'href="{name}.html"' in contents, name


def test_links_within_the_site_lead_to_what_is_there(site: Path):
    """Those of pages that are made, too, which Sphinx does not see."""
    names = {
        path: set(re.findall(r'\sid="([^"]+)"', path.read_text(encoding="utf-8"))) for path in site.rglob("*.html")
    }
    for path in names:
        for link in re.findall(r'<a [^>]*href="([^"]+)"', path.read_text(encoding="utf-8")):
            if link.startswith(("https://", "http://", "mailto:", "hf://")):
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), f"{path.name}: {link}"
            assert not anchor or target.suffix != ".html" or anchor in names[target], f"{path.name}: {link}"


def test_pages_of_families_lead_to_the_browser(site: Path):
    text = (site / "models" / "yeast.html").read_text(encoding="utf-8")
    for model in catalogue.collect("yeast/*"):
        assert f'href="../models.html#{model.name}"' in text
    assert "<td>0.585</td>" in text
    assert '<a href="index.html">Documentation</a>' in (site / "models.html").read_text(encoding="utf-8")


def test_the_api_has_every_public_function(site: Path):
    text = (site / "api" / "zoo.html").read_text(encoding="utf-8")
    for name in zoo.__all__:
        if callable(getattr(zoo, name)):
            assert f'id="zoo.{name}"' in text, name
    assert 'id="zoo.Model.predict"' in text


def test_nothing_is_loaded_from_elsewhere(site: Path):
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'<(script|link|img|iframe)[^>]*(src|href)="(https?:)?//', text), path.name


@pytest.mark.parametrize("width", [1280, 360])
def test_pages_in_a_browser(site: Path, width: int):
    with axe.opened(site / "index.html", width) as page:
        for name in ("index", "docs/outputs", "models/borzoi", "api/variants", "recipes/README"):
            page.goto((site / f"{name}.html").as_uri())
            assert axe.overflow(page) == 0, name
            assert axe.violations(page) == [], name


def test_search_in_a_browser(site: Path):
    """From a disk, without a server."""
    with axe.opened(site / "index.html") as page:
        page.get_by_label("Search", exact=True).first.fill("dinucleotide_shuffle")
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results li")
        found = page.locator("#search-results li a").all_inner_texts()
        assert "Attribution" in found
        page.get_by_role("link", name="Attribution", exact=True).last.click()
        assert page.locator("h1").first.inner_text().startswith("Attribution")


def test_another_folder_is_not_replaced(tmp_path: Path, run_recipe):
    pytest.importorskip("sphinx", reason="Sphinx is not installed (extra docs)")
    (tmp_path / "mine.txt").write_text("mine")
    done = run_recipe("site/build", "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert "The site must replace nothing but an earlier site" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_spelling():
    pytest.importorskip("codespell_lib", reason="codespell is not installed (extra docs)")
    command = [sys.executable, "-m", "codespell_lib"]
    allowed = ["--ignore-words", ROOT / "recipes/site/words.txt", "--skip", "*.json,*.ipynb,__pycache__"]
    done = subprocess.run([*command, *allowed, *TEXTS], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.stdout == ""
    wrong = subprocess.run([*command, "-"], input="recieve", capture_output=True, text=True, timeout=60)
    assert "receive" in wrong.stdout

"""Build the documentation site: pages, tutorials, model pages, the model browser, the API from docstrings.

Usage: python recipes/site/build.py [--out FOLDER] (extra `docs`). It uses no network, and neither does the site.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import pages

from zoo import browse
from zoo.browse import catalogue
from zoo.console import recipe
from zoo.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
MARKS = {  # of the theme's pages → the same with what axe-core asks for
    'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}


def main(out: Path) -> None:
    """Build the site in a folder; it begins with `index.html`. Raises `InputError`."""
    try:
        from sphinx.cmd.build import build_main
    except ImportError:
        raise InputError("The site must be built with Sphinx", hint="pip install '.[docs]'") from None
    _check(out)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        stage(source)
        options = ["-W", "--keep-going", "-q", "-b", "html", "-d", f"{folder}/doctrees", "-c", str(source)]
        if status := build_main([*options, str(source), str(out)]):
            sys.exit(status)
    for path in out.rglob("*.html"):
        _complete(path)
    browse.write(out / "models.html", home="index.html")
    print(out / "index.html")


def _complete(path: Path) -> None:
    """Add what the theme leaves out for those who read by keyboard or ear."""
    text = path.read_text(encoding="utf-8")
    for lacking, complete in MARKS.items():
        text = text.replace(lacking, complete)
    path.write_text(text, encoding="utf-8")


def _check(out: Path) -> None:
    """Raise `InputError` for a folder of somebody else's."""
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / ".buildinfo").is_file())):
        raise InputError(
            "The site must replace nothing but an earlier site",
            received={"out": str(out)},
            hint="Choose another folder",
        )


def stage(source: Path) -> None:
    """Put all pages into a folder in which their links hold: README, `docs` and `recipes` lie as in the checkout."""
    shutil.copytree(ROOT / "docs", source / "docs")
    for name in ("conf.py", "static"):
        _copy(HERE / name, source / name)
    tutorials = sorted((ROOT / "recipes" / "tutorials").glob("*.ipynb"))
    for path in (ROOT / "recipes" / "README.md", ROOT / "CHANGELOG.md", *tutorials):
        _copy(path, source / path.relative_to(ROOT))
    for folder, texts in (("models", pages.of_families(catalogue.collect())), ("api", pages.of_modules())):
        for name, text in texts.items():
            _write(source / folder / f"{name}.md", text)
    links = [f"recipes/tutorials/{path.stem}" for path in tutorials]
    documents = [path.stem for path in sorted((source / "docs").glob("*.md"))]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _write(source / "index.md", f"{readme}\n{pages.contents(documents, links)}")


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if path.is_dir() else shutil.copyfile)(path, target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=Path("site"), help="folder (default site)")
    recipe.run("site", main, parser.parse_args().out)

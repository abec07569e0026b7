"""The command line of `zoo recipe`: the scripts of `recipes`, wherever the package is installed."""

import argparse
import ast
import re
import runpy
import shutil
import sys
from pathlib import Path

from registry import installation
from registry.paths import user_path
from zoo.commands.parser import closest
from zoo.commands.printing import present
from zoo.errors import InputError

EXAMPLES = ("zoo recipe train_asap --dry-run", "zoo recipe --copy my-recipes")
_PACKAGE = Path(__file__).parents[1]
_SENTENCE = re.compile(r".*?(?=\.\s|\.?$)", re.DOTALL)
_MAIN = 'if __name__ == "__main__":'


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo recipe`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="recipe to run; without one all are listed")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT", help="of the recipe; --help lists what it takes"
    )
    parser.add_argument("--copy", metavar="FOLDER", help="copy all recipes to a new folder, for editing")


def run(options: argparse.Namespace) -> None:
    """Run `zoo recipe`."""
    if options.name is None:
        list_recipes(options) if options.copy is None else copy(options)
        return
    if options.copy is not None or "--copy" in options.arguments:
        raise InputError(
            "--copy must be given without a recipe: it copies all of them, which share their parts",
            example="zoo recipe --copy my-recipes",
        )
    start(find(options.name), options.arguments)


def folder() -> Path:
    """Where the recipes are: beside the packages in a checkout, within `zoo` of an installed package."""
    root = installation.checkout()
    return (_PACKAGE if root is None else root) / "recipes"


def recipes() -> dict[str, Path]:
    """Name → script that can be run; the others are parts of them."""
    scripts = sorted(folder().rglob("*.py"))
    return {
        path.relative_to(folder()).with_suffix("").as_posix(): path
        for path in scripts
        if _MAIN in path.read_text(encoding="utf-8")
    }


def list_recipes(options: argparse.Namespace) -> None:
    """Print each with the first sentence of its description."""
    described = {}
    for name, path in recipes().items():
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        described[name] = " ".join(_SENTENCE.match(text)[0].split())
    others = sorted(path.name for path in folder().iterdir() if path.is_dir() and path.name != "__pycache__")
    content = {"recipes": described, "folder": folder(), "others": others}
    width = max(map(len, described))
    lines = (f"{name:<{width}}  {text}" for name, text in described.items())
    present(options, content, *lines, f"\nBeside them in {folder()}: {', '.join(others)}")


def find(name: str) -> Path:
    """The script of a recipe. Raises `InputError` for a name that none has."""
    known = recipes()
    if (script := known.get(name.removesuffix(".py"))) is None:
        near = closest(name, known)
        raise InputError(
            "A recipe must be one of those that `zoo recipe` lists",
            received={"name": name},
            hint=f"The closest is {near}" if near else None,
        )
    return script


def start(script: Path, arguments: list[str]) -> None:
    """Run a script in this process as `python` would: its folder first on the path, its own command line."""
    sys.argv[:] = [str(script), *(arguments[1:] if arguments[:1] == ["--"] else arguments)]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name="__main__")


def copy(options: argparse.Namespace) -> None:
    """Copy all recipes. Raises `InputError` for a folder that has something in it."""
    target = user_path(options.copy, "copy")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError("The folder of a copy must be new or empty", received={"copy": str(target)})
    shutil.copytree(folder(), target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    present(options, {"output": target}, target)

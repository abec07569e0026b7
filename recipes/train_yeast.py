"""Train the models that ship with the package, and put them there.

Each is what `train_maxatac.py --factor NAME` and `train_asap.py` train on the yeast data.

Usage: python recipes/train_yeast.py [REB1 ... ATAC] [--out FOLDER] [--install]
"""

import argparse
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import train_asap
import train_maxatac
import yeast

from registry.schema import Entry, Family
from zoo.console import recipe
from zoo.train import command
from zoo.train.run import MODEL

REGISTRY = Path(__file__).parents[1] / "registry"
MODELS = (*yeast.FACTORS, "ATAC")
FACTS = ("AUPR", "average precision", "pearson chrIV", "pearson chrXIII")


def main(options: argparse.Namespace) -> None:
    """Train what is not there yet, install with `--install`."""
    yeast.required_data()
    for model in options.models or MODELS:
        folder = options.out / model
        if not (folder / MODEL).is_dir():
            train(model, folder, options.out / "data")
    if options.install:
        install({model: options.out / model / MODEL for model in MODELS})


def train(model: str, folder: Path, work: Path) -> None:
    """One of them, as its own recipe does it; goes on where it was interrupted."""
    trainer = train_asap if model == "ATAC" else train_maxatac
    parser = command.add_options(argparse.ArgumentParser())
    arguments = ["--out", str(folder), *(["--resume"] if folder.is_dir() else [])]
    arguments += [] if model == "ATAC" else ["--factor", model]
    options = parser.parse_args(arguments)
    options.work = work
    trainer.main(options)


def install(folders: dict[str, Path]) -> None:
    """Copy model folders into the package and write their index."""
    entries, first = {}, None
    for model, source in folders.items():
        config = json.loads((source / "config.json").read_text(encoding="utf-8"))
        first = first or config
        target = REGISTRY / "builtin" / "yeast" / model
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        facts = {name: value for name, value in config["metrics"].items() if name in FACTS}
        entries[model] = Entry(config["name"], config["description"], (), "Saccharomyces cerevisiae", facts, {})
    family = Family(
        family="yeast",
        title="Binding of ten factors and accessibility in budding yeast; trained by this package and shipped with it",
        porting=None,
        citation=first["provenance"]["citation"],
        license=first["provenance"]["license"],
        hub=None,
        upstream=None,
        models=entries,
    )
    index = REGISTRY / "families" / "yeast.json"
    index.write_text(json.dumps({"schema": 1, **asdict(family)}, indent=1) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in (REGISTRY / "builtin").rglob("*") if path.is_file())
    print(f"{len(entries)} models, {size / 1e6:.1f} MB in {REGISTRY / 'builtin'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the models that ship with the package; see the file's head.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)} (default all)")
    parser.add_argument("--out", type=Path, default=Path("runs/yeast"), help="folder of the runs")
    parser.add_argument("--install", action="store_true", help="put all of them into registry/builtin")
    chosen = parser.parse_args()
    if unknown := set(chosen.models) - set(MODELS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    recipe.run("train_yeast", main, chosen)

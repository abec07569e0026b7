"""Train the models that ship with the package, and put them there.

Each is what `train_maxatac.py --factor NAME`, `train_asap.py` and `train_chrombpnet.py` train on the yeast data.

Usage: python recipes/train_yeast.py [REB1 ... ATAC ChromBPNet] [--out FOLDER] [--install]
"""

import argparse
import json
import os
import re
import shutil
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import train_asap
import train_chrombpnet
import train_maxatac
import yeast

from registry import digests
from registry.schema import Entry, Family
from zoo.console import recipe
from zoo.folder import CARD, CONFIG
from zoo.train import command
from zoo.train.run import MODEL

TITLE = "Binding of ten factors, accessibility and cut sites in yeast; trained by this package and shipped with it"
REGISTRY = Path(__file__).parents[1] / "registry"
MODELS = (*yeast.FACTORS, "ATAC", "ChromBPNet")
FACTS = (
    *("AUPR", "average precision", "pearson chrIV", "pearson chrXIII"),
    *("pearsonr, peaks", "median_jsd, peaks"),
)
_TRAINERS = {"ATAC": train_asap, "ChromBPNet": train_chrombpnet}  # else train_maxatac
_SETTINGS = re.compile(r"## To make it again\n.*?(?=## )", re.DOTALL)  # of a card: with paths of this machine


def main(options: argparse.Namespace) -> None:
    """Train what is not there yet, install with `--install`."""
    yeast.required_data()
    for model in options.models or MODELS:
        folder = options.out / model
        if not _made(folder).is_dir():
            train(model, folder, options.out / "data")
    if options.install:
        install({model: _made(options.out / model) for model in options.models or MODELS})


def _made(folder: Path) -> Path:
    """The model folder of a run, or of the second of the two runs of a ChromBPNet."""
    return (folder / train_chrombpnet.BOTH if folder.name == "ChromBPNet" else folder) / MODEL


def train(model: str, folder: Path, work: Path) -> None:
    """One of them, as its own recipe does it; goes on where it was interrupted."""
    trainer = _TRAINERS.get(model, train_maxatac)
    parser = command.add_options(argparse.ArgumentParser())
    if trainer is train_chrombpnet:
        train_chrombpnet.add_options(parser)
    arguments = ["--out", str(folder), *(["--resume"] if folder.is_dir() else [])]
    arguments += [] if model in _TRAINERS else ["--factor", model]
    options = parser.parse_args(arguments)
    options.work = work
    trainer.main(options)


def install(folders: dict[str, Path]) -> None:
    """Copy model folders into the package and write the index of all that are there."""
    builtin = REGISTRY / "builtin" / "yeast"
    for model, source in folders.items():
        target = builtin / model
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        text = (target / CARD).read_text(encoding="utf-8")
        (target / CARD).write_text(_SETTINGS.sub("", text), encoding="utf-8")
        digests.write_digests(target, digests.read_digests(target).source)
    there = [model for model in MODELS if (builtin / model).is_dir()]
    configs = {model: json.loads((builtin / model / CONFIG).read_text(encoding="utf-8")) for model in there}
    first = configs[there[0]]
    family = Family(
        family="yeast",
        title=TITLE,
        porting=None,
        citation=first["provenance"]["citation"],
        license=first["provenance"]["license"],
        hub=None,
        upstream=None,
        models={model: _entry(config) for model, config in configs.items()},
    )
    index = REGISTRY / "families" / "yeast.json"
    index.write_text(json.dumps({"schema": 1, **asdict(family)}, indent=1) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in (REGISTRY / "builtin").rglob("*") if path.is_file())
    print(f"{len(there)} models, {size / 1e6:.1f} MB in {REGISTRY / 'builtin'}")


def _entry(config: dict) -> Entry:
    """What the index says of a model."""
    facts = {name: value for name, value in config["metrics"].items() if name in FACTS}
    return Entry(config["name"], config["description"], (), "Saccharomyces cerevisiae", facts, {})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train the models that ship with the package; see the file's head.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)} (default all)")
    parser.add_argument("--out", type=Path, default=Path("runs/yeast"), help="folder of the runs")
    parser.add_argument("--install", action="store_true", help="put them into registry/builtin")
    chosen = parser.parse_args()
    if unknown := set(chosen.models) - set(MODELS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    recipe.run("train_yeast", main, chosen)

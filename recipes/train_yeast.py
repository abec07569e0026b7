"""Train the models that ship with the package, and put them there.

`factors` is what `train_maxatac.py --factors CBF1 CIN5 ... --seeds 0 1 2` trains on the yeast data: one network for ten
factors, the mean of three seeds. A factor is that model without the heads of the others, with thresholds of its own.
The four factors with the fewest sites are trained alone, beginning with a network of the six `others`: that was better
on chrX, chrXI and chrXIV (`compare_training.py "each alone, pretrained"`). ATAC and ChromBPNet are what `train_asap.py`
and `train_chrombpnet.py` train.

Usage: python recipes/train_yeast.py [REB1 ... factors ATAC ChromBPNet] [--out FOLDER] [--install]
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

from registry import digests, installation
from registry.schema import Entry, Family
from zoo.console import recipe
from zoo.errors import InputError
from zoo.folder import CARD, CONFIG
from zoo.train import command
from zoo.train.ensemble import ENSEMBLE
from zoo.train.narrow import write_factor
from zoo.train.run import MODEL

TITLE = "Binding of ten factors, accessibility and cut sites in yeast; trained by this package and shipped with it"
ALL, SEEDS = "factors", ("0", "1", "2")
FEW, OTHERS = ("CBF1", "HSF1", "SWI4", "TBF1"), "others"  # fewest sites; the network that they begin with
MODELS = (*yeast.FACTORS, ALL, "ATAC", "ChromBPNet")
FACTS = (
    *("AUPR", "average precision", "pearson chrIV", "pearson chrXIII"),
    *("pearsonr, peaks", "median_jsd, peaks"),
)
_TRAINERS = {ALL: train_maxatac, "ATAC": train_asap, "ChromBPNet": train_chrombpnet}  # else of the factors' network
_SETTINGS = re.compile(r"## To make it again\n.*?(?=## )", re.DOTALL)  # of a card: with paths of this machine

_BEGAN = re.compile(r"What that model was trained on may include held-out chromosomes\.(.*)Its data were made by: .*")
_MADE = re.compile(r"Its data were made by: (?=(\w+=\S+ )*python recipes/)")  # what makes the data makes the model


def main(options: argparse.Namespace) -> None:
    """Train what is not there yet, install with `--install`."""
    root = installation.checkout()
    if options.install and root is None:
        raise InputError("The package must be a checkout to put models into", received={"install": True})
    yeast.required_data()
    for model in options.models or MODELS:
        if not _made(options.out / model).is_dir():
            make(model, options.out)
    if options.install:
        install({model: _made(options.out / model) for model in options.models or MODELS}, root / "registry")


def make(model: str, out: Path) -> None:
    """One of them; what it is made of is trained before, if it is not there yet."""
    needs = OTHERS if model in FEW else None if model in _TRAINERS else ALL
    if needs and not _made(out / needs).is_dir():
        train(needs, out / needs, out / "data")
    if needs != ALL:
        train(model, out / model, out / "data")
    else:
        write_factor(_made(out / ALL).parent, model, out / model, f"python recipes/train_yeast.py {model}")


def _made(folder: Path) -> Path:
    """The model folder of a run: of several seeds their mean, of a ChromBPNet the second of its two runs."""
    part = {"ChromBPNet": train_chrombpnet.BOTH, **dict.fromkeys((ALL, OTHERS, *FEW), ENSEMBLE)}.get(folder.name)
    return (folder / part if part else folder) / MODEL


def train(model: str, folder: Path, work: Path) -> None:
    """A network, as its own recipe does it; goes on where it was interrupted."""
    trainer = _TRAINERS.get(model, train_maxatac)
    parser = command.add_options(argparse.ArgumentParser())
    if trainer is train_chrombpnet:
        train_chrombpnet.add_options(parser)
    arguments = ["--out", str(folder), *(["--resume"] if folder.is_dir() else [])]
    options = parser.parse_args([*arguments, *_learned(model, folder.parent)])
    options.work = work
    trainer.main(options)


def _learned(model: str, out: Path) -> list[str]:
    """The options of factors: which, with which seeds, and what they begin with."""
    if model == ALL:
        return ["--factors", *yeast.FACTORS, "--seeds", *SEEDS]
    if model == OTHERS:
        others = (factor for factor in yeast.FACTORS if factor not in FEW)
        return ["--factors", *others, "--name", f"yeast/{OTHERS}", "--seeds", *SEEDS]
    if model in FEW:
        return ["--factor", model, "--from", str(_made(out / OTHERS)), "--seeds", *SEEDS]
    return []


def install(folders: dict[str, Path], registry: Path) -> None:
    """Copy model folders into a checkout's registry and write the index of all that are there."""
    builtin = registry / "builtin" / "yeast"
    for model, source in folders.items():
        target = builtin / model
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        text = (target / CARD).read_text(encoding="utf-8")
        text = _SETTINGS.sub("", text)
        if model in FEW:
            again = f"To make it again: python recipes/train_yeast.py {model}"
            text = _BEGAN.sub(rf"That model has the same held-out chromosomes.\1{again}", text)
        text = _MADE.sub("To make it again: ", text)
        (target / CARD).write_text(text, encoding="utf-8")
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
    index = registry / "families" / "yeast.json"
    index.write_text(json.dumps({"schema": 1, **asdict(family)}, indent=1) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in (registry / "builtin").rglob("*") if path.is_file())
    print(f"{len(there)} models, {size / 1e6:.1f} MB in {registry / 'builtin'}")


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

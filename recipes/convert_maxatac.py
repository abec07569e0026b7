"""Turn the authors' release of maxATAC into model folders of ours, compare each with the authors' file run as it is,
and publish the family if asked to.

Usage: python recipes/convert_maxatac.py (--all | TF ...) [--out FOLDER] [--publish org/maxatac --tag v1.0 [--private]]
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import registry
import zoo
from registry import card, sources, store
from zoo import loading
from zoo.console import recipe
from zoo.environment import versions
from zoo.plot.curves import plot_thresholds
from zoo.porting import maxatac
from zoo.porting.golden import golden_inputs

RANDOM_WINDOWS = 64


def main(options: argparse.Namespace) -> None:
    """Convert, compare, publish."""
    pattern = ["maxatac/*"] if options.all else [f"maxatac/{factor}" for factor in options.factors]
    names = [entry.name for text in pattern for entry in registry.list_models(text) or [registry.resolve(text)[1]]]
    folders = [convert(name, options.out) for name in tqdm(names, desc="convert", unit="model", disable=None)]
    if options.publish:
        release = loading.publish(
            folders,
            options.publish,
            options.tag,
            private=options.private,
            dry_run=options.dry_run,
            families=options.families,
        )
        print(f"{release.repo}@{release.tag}: {len(release.models)} models, {len(release.files)} files")


def convert(name: str, out: Path) -> Path:
    """Make a complete, publishable folder of one model and return it."""
    cached, target = zoo.fetch(name), out / name.split("/")[1]
    model = zoo.Model.read(cached)
    report = parity(model)
    staging = Path(tempfile.mkdtemp(dir=out))
    try:
        for path in cached.iterdir():
            if path.name != store.DIGESTS:
                shutil.copyfile(path, staging / path.name)
        figure = Figure(figsize=(5, 3), layout="constrained")
        plot_thresholds(figure.add_subplot(), model.thresholds).figure.savefig(staging / "thresholds.png", dpi=100)
        text = card.of_model(
            model.spec.to_json(), model.thresholds.examples(), report, maxatac.training(), "thresholds.png"
        )
        (staging / "README.md").write_text(text, encoding="utf-8")
        store.write_digests(staging, {"source": model.spec.provenance["source"]})
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    print(f"{name}\t{report['largest difference']}\t{target}")
    return target


def parity(model: zoo.Model) -> dict[str, object]:
    """The largest difference between our network and the authors' file, loaded by Keras as it is."""
    family, entry = registry.resolve(model.spec.name)
    release = next(source for source in sources.of_release(family, entry, None) if isinstance(source, sources.Release))
    random = np.random.default_rng(0)
    x = np.eye(5, dtype=np.float32)[random.integers(0, 5, (RANDOM_WINDOWS, model.spec.input.window))]
    x[..., 4] = random.random(x.shape[:2])
    x = np.concatenate([golden_inputs(model.spec.input.window), x])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "authors.h5"
        path.write_bytes(release.files()["model"])
        authors = keras.models.load_model(path, compile=False)
        difference = np.abs(np.asarray(authors(x, training=False)) - model.predict(x)).max()
    found = versions()
    return {
        "compared with": f"the authors' {entry.files['model'].path.rsplit('/', 1)[1]}, run as it is",
        "windows": len(x),
        "largest difference": f"{difference:.2g}",
        "Keras, TensorFlow": f"{found['keras']}, {found['tensorflow']}",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Convert the authors' release of maxATAC; see the file's head.")
    parser.add_argument("factors", nargs="*", metavar="TF")
    parser.add_argument("--all", action="store_true", help="all 127 models")
    parser.add_argument("--out", type=Path, default=Path("converted"), help="folder for the model folders")
    parser.add_argument("--publish", metavar="ORG/NAME", help="publish the folders to this repository")
    parser.add_argument("--tag", default="v1.0", help="of the release (default v1.0)")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.add_argument("--dry-run", action="store_true", help="publish nothing, but check and count")
    parser.add_argument("--families", help="folder of the index to write (default: this package's)")
    chosen = parser.parse_args()
    if bool(chosen.factors) == chosen.all:
        parser.error("name factors, or --all")
    chosen.out.mkdir(parents=True, exist_ok=True)
    recipe.run("convert_maxatac", main, chosen)

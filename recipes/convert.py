"""Turn another system's models into model folders, each compared with the original run as it is, where that can be had;
and publish a family if asked to.

A family with a release in the index:
    python recipes/convert.py maxatac (--all | MODEL ...) [--out FOLDER] [--publish ORG/NAME --tag v1.0 [--private]]
A checkpoint of one's own:
    python recipes/convert.py asap CHECKPOINT.pth|.npz --architecture convnext_dcnn --cell-type GM12878 --out FOLDER
        [--window BP] [--bin-size BP] [--config NAME=VALUE ...] [--name asap/GM12878] [--genome hg38] [--license TEXT]
Files of ChromBPNet, of kundajelab/bpnet (basepairmodels) or of bpnet-lite, or a folder or archive of their folds:
    python recipes/convert.py chrombpnet FILE [BIAS_FILE] --cell-type K562 --out FOLDER [--fold N] [--accession TEXT]
        [--component bias] [--window BP] [--name chrombpnet/K562] [--genome hg38] [--license TEXT]
    python recipes/convert.py bpnet FILE --factor CTCF --out FOLDER [the same but --component]

A whole-model .h5 of Borzoi or Basenji2, with params.json and targets.txt beside it where they are, or a state dict of
enformer-pytorch or borzoi-pytorch, with config.json and targets_human.txt beside it:
    python recipes/convert.py calico FILE --out FOLDER [--gelu sigmoid] [--window BP] [--positions deepmind]
        [--position-length 4096] [--squash root] [--name borzoi/f0] [--license TEXT]

A `.npz` holds the tensors of the state dict by their names, and needs no PyTorch.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from tqdm import tqdm

import registry
import zoo
from registry import card, digests, sources
from registry.paths import user_path
from registry.schema import Name
from zoo import architectures, loading, porting
from zoo.console import recipe
from zoo.environment import versions
from zoo.errors import InputError, MissingExtra
from zoo.plot import style
from zoo.porting import asap, calico_own, local, state_files
from zoo.porting.checkpoint import state_dict
from zoo.porting.golden import golden_inputs
from zoo.porting.profile_file import ACCESSIBILITY, BIAS, FULL
from zoo.porting.profile_model import About
from zoo.porting.state_config import RULES
from zoo.track_table import SQUASHES
from zoo.train import command

RANDOM_WINDOWS = 64


def release(options: argparse.Namespace) -> None:
    """Convert models of a family's release, compare, publish."""
    if bool(options.models) == options.all:
        raise InputError("Models must be named, or --all given", example=f"convert.py {options.family} --all")
    options.out.mkdir(parents=True, exist_ok=True)
    patterns = [f"{options.family}/{model}" for model in options.models or ["*"]]
    names = [entry.name for text in patterns for entry in registry.list_models(text) or [registry.resolve(text)[1]]]
    folders = [released(name, options.out) for name in tqdm(names, desc="convert", unit="model", disable=None)]
    if options.publish:
        done = loading.publish(
            folders,
            options.publish,
            options.tag,
            private=options.private,
            dry_run=options.dry_run,
            families=options.families,
        )
        print(f"{done.repo}@{done.tag}: {len(done.models)} models, {len(done.files)} files")


def released(name: str, out: Path) -> Path:
    """Make a complete, publishable folder of one model of a release and return it."""
    cached, target = zoo.fetch(name), out / name.split("/")[1]
    model = zoo.Model.read(cached)
    report, training = parity_of_release(model)
    with staged(target) as staging:
        for path in cached.iterdir():
            if path.name != digests.DIGESTS:
                shutil.copyfile(path, staging / path.name)
        plot, calibration = None, {}
        if model.thresholds is not None:
            plot, calibration = "thresholds.png", model.thresholds.for_card()
            style.save(model.thresholds.plot(), staging / plot, "png")
        text = card.of_model(model.spec.to_json(), parity=report, training=training, plot=plot, **calibration)
        (staging / "README.md").write_text(text, encoding="utf-8")
        digests.write_digests(staging, {"source": model.spec.provenance["source"]})
        shutil.rmtree(target, ignore_errors=True)
    print(f"{name}\t{report.get('largest difference', 'not compared')}\t{target}")
    return target


def parity_of_release(model: zoo.Model) -> tuple[dict[str, object], str]:
    """For the card: the largest difference between our network and the authors', and how theirs was trained."""
    family, entry = registry.resolve(model.spec.name)
    importer = porting.find(family.porting, family.family)
    training = importer.training(entry)
    place = next(
        source for source in sources.of_release(family, entry, None) if isinstance(source, sources.ReleaseSource)
    )
    try:
        run = importer.original(entry, place.files())
    except MissingExtra as error:
        return not_compared(error), training
    random, window = np.random.default_rng(0), model.spec.input.window
    x = np.eye(5, dtype=np.float32)[random.integers(0, 5, (RANDOM_WINDOWS, window))]
    x[..., 4] = random.random(x.shape[:2])
    x = np.concatenate([golden_inputs(window), x])[..., : model.spec.input.channels]
    weights = next(iter(entry.files.values())).path.rsplit("/", 1)[-1]
    return parity(f"the authors' {weights}, run as it is", run(x), model.predict(x)), training


def parity(compared_with: str, theirs: np.ndarray, ours: np.ndarray) -> dict[str, object]:
    """For the card: the largest difference between outputs."""
    installed = versions()
    return {
        "compared with": compared_with,
        "windows": len(theirs),
        "largest difference": f"{np.abs(ours - theirs).max():.2g}",
        "Keras, TensorFlow": f"{installed['keras']}, {installed['tensorflow']}",
    }


def not_compared(error: MissingExtra) -> dict[str, object]:
    """Report that the original could not be run."""
    print(f"convert: not compared with the original: {error}", file=sys.stderr)
    return {}


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A folder that becomes `target` when the block ends, and vanishes if it fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        yield staging
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def checkpoint(options: argparse.Namespace) -> None:
    """Convert a checkpoint of ASAP's package, compare, write."""
    options.out = user_path(options.out, "out")
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        raise InputError("The folder to be written must be new or empty", received={"out": str(options.out)})
    name = options.name or re.sub(r"[^A-Za-z0-9._/-]+", "-", f"asap/{options.cell_type}-{options.architecture}")
    Name.parse(name)
    tensors = read(options.checkpoint)
    settings = (options.window, options.bin_size), dict(map(command.argument, options.config))
    network = asap.from_torch(options.architecture, tensors, *settings[0], **settings[1])
    arguments = asap.to_config(options.architecture, tensors, *settings[0], **settings[1])
    source = {
        "source": options.checkpoint.name,
        "sha256": digests.sha256(options.checkpoint),
        "license": options.license,
    }
    spec = asap.make_spec(options.architecture, arguments, name, options.cell_type, options.genome, source)
    outputs, report = parity_of_checkpoint(options.architecture, tensors, arguments, network)
    with staged(options.out) as staging:
        asap.write(spec, network, staging, outputs, report)
        digests.write_digests(staging, {"source": options.checkpoint.name})
        if options.out.exists():
            options.out.rmdir()
    model = zoo.load(options.out.resolve())
    compared = "the original's outputs" if outputs is not None else "the outputs of its conversion"
    print(f"{model!r}\n{options.out}: largest difference from {compared} {model.check().difference:.2g}")


def read(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a checkpoint."""
    path = user_path(path, "checkpoint")
    if not path.is_file():
        raise InputError("The checkpoint must be a file", received={"checkpoint": str(path)})
    try:
        return state_dict(path.read_bytes(), path)
    except OSError as error:
        raise InputError(f"The checkpoint must be readable: {error.strerror}", where=path) from None


def parity_of_checkpoint(
    architecture: str, tensors: dict[str, np.ndarray], arguments: dict[str, object], network
) -> tuple[np.ndarray | None, dict[str, object] | None]:
    """What the authors' own network gives for the golden inputs, and the largest difference from it; or nothing."""
    try:
        run = asap.original_network(architecture, tensors, arguments)
    except MissingExtra as error:
        not_compared(error)
        return None, None
    x = golden_inputs(network.input_shape[1])[..., :4]
    outputs = run(x)
    ours = np.asarray(architectures.scores(network)(x, training=False))
    record = parity("the authors' package, whose outputs are the golden ones", outputs, ours)
    return outputs, record | {"largest output": f"{np.abs(outputs).max():.3g}"}


def add_release(parser: argparse.ArgumentParser) -> None:
    """Options of a family with a release."""
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--all", action="store_true", help="all models")
    parser.add_argument("--out", type=Path, default=Path("converted"), help="folder for the model folders")
    parser.add_argument("--publish", metavar="ORG/NAME", help="publish the folders to this repository")
    parser.add_argument("--tag", default="v1.0", help="of the release (default v1.0)")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.add_argument("--dry-run", action="store_true", help="publish nothing, but check and count")
    parser.add_argument("--families", help="folder of the index to write (default: this package's)")


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Options of a checkpoint of ASAP's package."""
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help=".pth of the authors' package, or .npz")
    parser.add_argument("--architecture", required=True, choices=tuple(asap.ARGUMENTS), metavar="NAME")
    parser.add_argument("--cell-type", required=True, metavar="NAME", help="the sample that it was trained on")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="the model folder, new or empty")
    parser.add_argument(
        "--config", nargs="+", default=[], metavar="NAME=VALUE", help="arguments of the authors' constructor"
    )
    parser.add_argument("--window", type=int, metavar="BP", help="of the input (default 2048)")
    parser.add_argument("--bin-size", type=int, metavar="BP", help="of a bin (default 4)")
    parser.add_argument("--name", metavar="FAMILY/MODEL", help="default asap/<cell type>-<architecture>")
    parser.add_argument("--genome", default="hg38", help="the assembly that it was trained on (default hg38)")
    parser.add_argument("--license", default="as the checkpoint's owner says", help="terms of the weights")


def profiles(options: argparse.Namespace) -> None:
    """Convert files of ChromBPNet or BPNet, or their folds."""
    suffix = "" if options.fold is None else f"-fold_{options.fold}"
    name = options.name or re.sub(r"[^A-Za-z0-9._/-]+", "-", f"{options.family}/{options.target}{suffix}")
    Name.parse(name)
    paths = [user_path(path, "file") for path in options.files]
    several, window = len(paths) > 1, options.window
    if several and window is not None:
        raise InputError("A window must be given for one file, a .torch", received={"window": window})
    opened = local.together(paths) if several else loading.opened_files(paths[0], options.component, window)
    said = {"license": options.license, "fold": options.fold, "accession": options.accession}
    known = {key: str(value) for key, value in said.items() if value is not None}
    opened = local.described(opened, About(name, options.target, options.genome, known), options.component)
    loading.of_files(opened, FULL).save(options.out, training=_training(options))
    model = zoo.load(options.out.resolve(), component=FULL if opened.is_whole else None)
    print(f"{model!r}\n{options.out}: largest difference from its golden outputs {model.check().difference:.2g}")


def calico(options: argparse.Namespace) -> None:
    """Convert a file of Borzoi, Basenji2 or Enformer."""
    path = user_path(options.file, "file")
    said = {name: getattr(options, name) for name in ("gelu", "window", "positions", "position_length", "squash")}
    said = {name: value for name, value in said.items() if value is not None}
    found = state_files.opened(path, said) or calico_own.opened(path, said)
    if found is None:
        raise InputError(
            "A file must be a whole-model .h5 of Borzoi or Basenji2, or a state dict of enformer-pytorch or "
            "borzoi-pytorch",
            received={"path": str(path)},
        )
    file, spec = found
    name = options.name or spec.name.replace("local", file.architecture, 1)
    Name.parse(name)
    terms = {} if options.license is None else {"license": options.license}
    spec = replace(spec, name=name, provenance={**spec.provenance, **terms})
    zoo.Model(spec, file.network()).save(options.out)
    model = zoo.load(options.out.resolve())
    print(f"{model!r}\n{options.out}: largest difference from its golden outputs {model.check().difference:.2g}")


def _training(options: argparse.Namespace) -> str:
    """For the card, as far as the user says it."""
    fold = "" if options.fold is None else f", fold {options.fold}"
    return (
        f"On {options.target}{fold}, by the files' owner with the original's package; the files do not say which "
        "chromosomes were held out, nor how they were evaluated."
    )


def _add_profiles(parser: argparse.ArgumentParser, target: tuple[str, ...], text: str, files: int | str) -> None:
    """Options of files of ChromBPNet and BPNet."""
    parser.add_argument("files", type=Path, nargs=files, metavar="FILE", help=".h5, .torch, a folder or .tar of folds")
    parser.add_argument(*target, required=True, dest="target", metavar="NAME", help=text)
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="the model folder, a new one")
    parser.add_argument("--window", type=int, metavar="BP", help="of the input, for a .torch (default 2114)")
    parser.add_argument("--fold", type=int, metavar="N", help="which fold of a cross-validation it is")
    parser.add_argument("--accession", metavar="TEXT", help="of the files, such as ENCODE's ENCSR000AAA")
    parser.add_argument("--name", metavar="FAMILY/MODEL", help="default by system, sample and fold")
    parser.add_argument("--genome", default="hg38", help="the assembly that it was trained on (default hg38)")
    parser.add_argument("--license", default="as the files' owner says", help="terms of the weights")


def add_chrombpnet(parser: argparse.ArgumentParser) -> None:
    """Options of files of ChromBPNet."""
    _add_profiles(parser, ("--cell-type",), "the sample that it was trained on", "+")
    parser.add_argument(
        "--component", choices=(ACCESSIBILITY, BIAS, FULL), help="keep this part only (default: all that there is)"
    )


def add_bpnet(parser: argparse.ArgumentParser) -> None:
    """Options of files of BPNet."""
    _add_profiles(parser, ("--factor", "--target"), "the factor that it was trained on", 1)
    parser.set_defaults(component=None)


def add_calico(parser: argparse.ArgumentParser) -> None:
    """Options of a file of Borzoi, Basenji2 or Enformer."""
    parser.add_argument("file", type=Path, metavar="FILE", help=".h5, .safetensors, .bin, .pt")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="the model folder, a new one")
    parser.add_argument("--gelu", choices=("exact", "sigmoid", "tanh"), help="instead of that of the .h5")
    parser.add_argument("--window", type=int, metavar="BP", help="of the input, for a state dict")
    parser.add_argument("--positions", choices=[*RULES.values()], help="features of distances of Enformer")
    parser.add_argument(
        "--position-length", type=int, metavar="N", help="positions that the distances are scaled by (default: its own)"
    )
    parser.add_argument("--squash", choices=SQUASHES, help="how coverage was squashed (default: by the network)")
    parser.add_argument("--name", metavar="FAMILY/MODEL", help="default by the network and the file")
    parser.add_argument("--license", help="terms of the weights (default: what is known of the file)")


CHECKPOINTS: dict[str, tuple[Callable, Callable]] = {
    "asap": (add_checkpoint, checkpoint),
    "bpnet": (add_bpnet, profiles),
    "calico": (add_calico, calico),
    "chrombpnet": (add_chrombpnet, profiles),
}
"""Families whose models are files of one's own: what adds their options, and what converts one. Every family of the
index that names an importer is converted by `release`."""


def parser() -> argparse.ArgumentParser:
    """The command line: a family, then its options."""
    parser = argparse.ArgumentParser(description="Convert another system's models; see the file's head.")
    families = parser.add_subparsers(dest="family", required=True, metavar="FAMILY")
    released = {name: (add_release, release) for name, family in registry.families().items() if family.porting}
    for name, (add, run) in sorted({**released, **CHECKPOINTS}.items()):
        of_family = families.add_parser(name, help=add.__doc__)
        add(of_family)
        of_family.set_defaults(run=run)
    return parser


def main(options: argparse.Namespace) -> None:
    """Run what the family asks for."""
    options.run(options)


if __name__ == "__main__":
    recipe.run("convert", main, parser().parse_args())

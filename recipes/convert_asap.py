"""Turn a checkpoint of ASAP's PyTorch package into a model folder, and compare it with the original where that is
installed.

Usage: python recipes/convert_asap.py CHECKPOINT.pth|.npz --architecture convnext_dcnn --cell-type GM12878 --out FOLDER
       [--window BP] [--bin-size BP] [--config NAME=VALUE ...] [--name asap/GM12878] [--genome hg38] [--license TEXT]

A `.npz` holds the tensors of the state dict by their names, and needs no PyTorch.
"""

import argparse
import contextlib
import importlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import zoo
from registry import store
from registry.paths import user_path
from registry.schema import Name
from zoo import architectures
from zoo.console import recipe
from zoo.environment import versions
from zoo.errors import InputError, IntegrityError, MissingExtra
from zoo.files import npz
from zoo.porting import asap
from zoo.porting.asap_names import CLASSES
from zoo.porting.golden import golden_inputs
from zoo.train import command


def main(options: argparse.Namespace) -> None:
    """Convert, compare, write."""
    options.out = user_path(options.out, "out")
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        raise InputError("The folder to be written must be new or empty", received={"out": str(options.out)})
    name = options.name or re.sub(r"[^A-Za-z0-9._/-]+", "-", f"asap/{options.cell_type}-{options.architecture}")
    Name.parse(name)
    config = dict(map(command.argument, options.config))
    tensors = read(options.checkpoint)
    size = options.window, options.bin_size
    network = asap.from_torch(options.architecture, tensors, *size, **config)
    provenance = {
        "source": options.checkpoint.name,
        "sha256": store.sha256(options.checkpoint),
        "license": options.license,
    }
    arguments = asap.to_config(options.architecture, tensors, *size, **config)
    spec = asap.spec_of(options.architecture, arguments, name, options.cell_type, options.genome, provenance)
    outputs = original(options.architecture, tensors, arguments)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=options.out.parent))
    try:
        asap.convert(spec, network, staging, outputs, None if outputs is None else parity(network, outputs))
        store.write_digests(staging, {"source": options.checkpoint.name})
        if options.out.exists():
            options.out.rmdir()
        staging.rename(options.out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    model = zoo.load(options.out.resolve())
    compared = "the original's outputs" if outputs is not None else "the outputs of its conversion"
    print(f"{model!r}\n{options.out}: largest difference from {compared} {model.check().difference:.2g}")


def read(path: Path) -> Mapping[str, np.ndarray]:
    """The tensors of a checkpoint; nothing in it is ever executed."""
    path = user_path(path, "checkpoint")
    if not path.is_file():
        raise InputError("The checkpoint must be a file", received={"checkpoint": str(path)})
    if path.suffix == ".npz":
        return npz.read(path)
    try:
        import torch
    except ImportError:
        raise MissingExtra(
            "PyTorch must be installed to read its checkpoints; an .npz of the tensors needs none",
            example="pip install 'chromatin-zoo[torch]'",
            received={"checkpoint": str(path)},
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {
            name: (tensor.float() if tensor.is_floating_point() else tensor).numpy() for name, tensor in state.items()
        }
    except Exception as error:  # whatever an unpickler makes of damaged or hostile bytes
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise IntegrityError(
            f"A checkpoint must be a state dict, names and tensors ({said})",
            where=path,
            hint="Save model.state_dict(), not the model",
        ) from None


def original(
    architecture: str, tensors: Mapping[str, np.ndarray], arguments: Mapping[str, object]
) -> np.ndarray | None:
    """What the authors' own network answers to the golden inputs, (n, bins), or None if it cannot be had.

    Args:
        arguments: of our builder; those that the authors' constructor knows go to it by its names.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            models, torch = importlib.import_module("asap.models"), importlib.import_module("torch")
            theirs = {name: arguments[ours] for name, ours in asap.ARGUMENTS[architecture].items() if ours in arguments}
            network = getattr(models, CLASSES[architecture])(**theirs)
        plain = {name.removeprefix("module."): torch.from_numpy(np.array(tensor)) for name, tensor in tensors.items()}
        network.load_state_dict(plain, strict=False)  # from_torch has looked at the names
    except (ImportError, AttributeError, RuntimeError) as error:  # not installed, xlstm, widths without an argument
        print(f"convert_asap: not compared with the original: {str(error).splitlines()[0]}", file=sys.stderr)
        return None
    x = golden_inputs(arguments.get("window", 2048))[..., asap.BASES]
    with torch.no_grad():
        return network.eval()(torch.from_numpy(x)).numpy()[..., 0]


def parity(network, outputs: np.ndarray) -> dict[str, object]:
    """For the card: the largest difference from the original."""
    ours = np.asarray(architectures.scores(network)(golden_inputs(network.input_shape[1])[..., :4], training=False))
    found = versions()
    return {
        "compared with": "the authors' package, whose answers are the golden outputs",
        "windows": len(outputs),
        "largest difference": f"{np.abs(ours - outputs).max():.2g}",
        "largest output": f"{np.abs(outputs).max():.3g}",
        "Keras, TensorFlow": f"{found['keras']}, {found['tensorflow']}",
    }


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description="Convert a checkpoint of ASAP; see the file's head.")
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
    return parser


if __name__ == "__main__":
    recipe.run("convert_asap", main, parser().parse_args())

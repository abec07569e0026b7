"""The command line of `zoo check`."""

import argparse
import json

from zoo.commands import shared
from zoo.commands.printing import add_json
from zoo.console.signature import Signature
from zoo.console.values import real

EXAMPLES = ("zoo check maxatac/CTCF",)
SIGNATURE = Signature(
    "zoo.model:Model.check",
    differ={"tolerance": {"type": real(0), "metavar": "X", "help": "largest difference allowed (default 1e-5)"}},
    added={**shared.MODEL, "json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo check`."""
    shared.add_model(parser)
    SIGNATURE.add(parser)
    add_json(parser)


def run(options: argparse.Namespace, model) -> int:
    """Run `zoo check` with a loaded model."""
    result = model.check(**SIGNATURE.values(options))
    if options.json:
        print(json.dumps({**result.__dict__, "passed": result.passed}, indent=1))
    else:
        print(f"{result.name}: {'passed' if result.passed else 'FAILED'}")
        print(f"largest difference {result.difference:.2g}, tolerance {result.tolerance:.2g}")
        print(", ".join(f"{package} {version}" for package, version in result.versions.items()))
    return 0 if result.passed else 1

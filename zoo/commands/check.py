"""The command line of `zoo check`."""

import argparse
import json

from zoo.commands.options import real
from zoo.commands.printing import add_json


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo check`."""
    parser.add_argument("name", help="family/MODEL or a model folder")
    parser.add_argument(
        "--tolerance", type=real(0), default=1e-5, metavar="X", help="largest difference allowed (default 1e-5)"
    )
    add_json(parser)


def run(options: argparse.Namespace, model) -> int:
    """Run `zoo check` with a loaded model."""
    found = model.check(options.tolerance)
    if options.json:
        print(json.dumps({**found.__dict__, "passed": found.passed}, indent=1))
    else:
        print(f"{found.name}: {'passed' if found.passed else 'FAILED'}")
        print(f"largest difference {found.difference:.2g}, tolerance {found.tolerance:.2g}")
        print(", ".join(f"{package} {version}" for package, version in found.versions.items()))
    return 0 if found.passed else 1

"""The command line of `zoo browse`."""

import argparse
import sys
import webbrowser
from pathlib import Path

from zoo import browse
from zoo.commands.printing import present

EXAMPLES = ("zoo browse", "zoo browse 'maxatac/*' --output maxatac.html")


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo browse`."""
    parser.add_argument("pattern", nargs="?", default="*", help='for example "maxatac/*" (default all)')
    parser.add_argument("--output", type=Path, default=Path("models.html"), help="the page (default models.html)")
    parser.add_argument("--open", action="store_true", help="open it in a web browser")


def run(options: argparse.Namespace) -> None:
    """Run `zoo browse`."""
    path = browse.write(options.output, options.pattern)
    present(options, {"output": path}, path)
    if options.open and not webbrowser.open(path.resolve().as_uri()):
        print(f"zoo: no web browser was found; open {path} in one", file=sys.stderr)

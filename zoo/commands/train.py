"""The command line of `zoo train`, which the recipes share (`zoo.train.command`)."""

from zoo.train.command import SIGNATURES
from zoo.train.command import add_options as add
from zoo.train.command import main as run

__all__ = ["SIGNATURES", "add", "run"]

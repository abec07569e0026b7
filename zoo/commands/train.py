"""The command line of `zoo train`, which the recipes share (`zoo.train.command`)."""

from zoo.train.command import add_options as add_train
from zoo.train.command import main as run

__all__ = ["add_train", "run"]

"""The command line of `zoo verify`, which is `zoo cache verify`."""

from zoo.commands.cache import add_verify as add
from zoo.commands.cache import verify as run

__all__ = ["EXAMPLES", "add", "run"]

EXAMPLES = (
    "zoo verify",
    "zoo verify maxatac/CTCF",
)

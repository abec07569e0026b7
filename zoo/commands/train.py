"""The command line of `zoo train`, which the recipes share (`zoo.train.command`)."""

from zoo.train.command import SIGNATURES
from zoo.train.command import add_options as add
from zoo.train.command import main as run

__all__ = ["EXAMPLES", "SIGNATURES", "add", "run"]

EXAMPLES = (
    "zoo train --config recipes/configs/maxatac.yaml --genome hg38.2bit --signal atac.bw --peaks chip.bed "
    "--factor CTCF --out runs/ctcf",
    "zoo train --config recipes/configs/maxatac.yaml --out runs/ctcf --resume",
)

"""Settings of options that several commands with a model share, as `Signature.differ` takes them."""

import argparse

from zoo.console.pairs import PairsAction, TracksAction

ARRAYS = "arrays are given in Python"
FLAG = "changes what is printed, or how"
ELSEWHERE = {"executor": "an object of Python's; --workers and --dask make one"}
COMMON = {  # keyword → settings, of all functions that have it
    "genome": {"required": True, "help": "sequence, .2bit or FASTA (plain or of bgzip)"},
    "signal": {
        "action": TracksAction,
        "metavar": "PATH",
        "help": "normalized ATAC-seq track, .bw, a file or an address (https), or NAME=PATH for each track of a model "
        "of several; none for DNA alone",
    },
    "covariates": {
        "flags": ("--covariate",),
        "action": PairsAction,
        "metavar": "NAME=VALUE",
        "help": "a covariate of the model: a number, or for one of each window a BED file (1 where it predicts a base "
        "of it); once for each",
    },
    "genes": {
        "metavar": "GTF",
        "help": "GTF or GFF3, also compressed: --regions may then be names of genes (GATA1,TAL1)",
    },
    "flank": {"metavar": "BP", "help": "added at both ends of each gene (default 0)"},
    "chromosomes": {"metavar": "CHROM"},
    "head": {"metavar": "NAME", "help": "of a model with several heads or readouts (default as published)"},
    "track": {"nargs": "+", "action": "extend", "metavar": "NAME", "help": "names of a head's tracks (default all)"},
    "batch_size": {"metavar": "N"},
    "workers": {"metavar": "N", "help": "with --output: processes of this machine that share the work"},
    "dask": {"metavar": "SCHEDULER", "help": "with --output: the address or file of a Dask scheduler instead"},
}
STRANDS = {"choices": ("forward", "both")}
MODEL = dict.fromkeys(("name", "component"), "the model")  # options that are no keyword of a model's method


def add_name(parser: argparse._ActionsContainer, text: str = "family/MODEL, a model folder or a model file") -> None:
    """The model."""
    parser.add_argument("name", help=text)


def add_model(parser: argparse._ActionsContainer, text: str = "family/MODEL or a model folder") -> None:
    """The model, and which part of it is loaded."""
    add_name(parser, text)
    add_component(parser)


def add_component(parser: argparse._ActionsContainer) -> None:
    """Which part of a model is loaded."""
    parser.add_argument(
        "--component",
        metavar="PART",
        help="of a model made of parts, such as accessibility or bias of ChromBPNet, or full for the whole (default as "
        "`zoo info` says)",
    )

"""The command line of `zoo qc`."""

import argparse
import json

from zoo.commands import shared
from zoo.commands.printing import add_json
from zoo.console.signature import PROGRESS, Signature

EXAMPLES = (
    "zoo qc chrombpnet.h5 --genome hg38.2bit --signal cuts.bw --peaks peaks.narrowPeak --negatives "
    "negatives.bed --chromosomes chr1 --output out/qc",
)
SIGNATURE = Signature(
    "zoo.evaluate.qc:quality",
    common={"genome": shared.COMMON["genome"], "chromosomes": shared.COMMON["chromosomes"]},
    differ={
        "signal": {
            **shared.COMMON["signal"],
            "required": True,
            "help": "cut sites or 5' ends counted at each base, .bw; or NAME=PATH for each strand of a model",
        },
        "peaks": {"metavar": "NARROWPEAK", "required": True, "help": "whose summits are the middles of regions"},
        "negatives": {"metavar": "BED"},
        "controls": {"flags": ("--control",), "metavar": "NAME=PATH", "help": "a control track of the model, .bw"},
        "assay": {"choices": ("ATAC", "DNase", "none"), "help": "whose enzyme's motifs make footprints (default ATAC)"},
        "motifs": {
            "nargs": "?",
            "const": True,
            "metavar": "MEME",
            "help": "look for motifs in attributions, and for the nearest of known ones",
        },
        "most": {"metavar": "N", "type": int},
        "backgrounds": {"metavar": "N"},
        "seed": {"metavar": "N"},
        "output": {"metavar": "BASE", "help": "write BASE.json, BASE.html and a PNG file of each picture"},
    },
    left_out={"model": "the positional argument", **PROGRESS},
    added={"name": "the model", "json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo qc`."""
    shared.add_name(parser, "a ChromBPNet or BPNet: family/MODEL, a model folder or a file of weights")
    SIGNATURE.add(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Run `zoo qc`, of the whole model. Returns 1 if a part of the report fails."""
    from zoo.evaluate.qc import quality
    from zoo.loading import load

    chosen = SIGNATURE.values(options)
    chosen["assay"] = None if chosen["assay"] == "none" else chosen["assay"]
    made = quality(load(options.name), **chosen)
    print(json.dumps(made.to_json(), indent=1) if options.json else made)
    return 0 if made.passed else 1

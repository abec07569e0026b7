"""The command line of `zoo compare`."""

import argparse
import json
from collections.abc import Sequence

from zoo.commands import heavy, shared
from zoo.commands.printing import add_json
from zoo.console.pairs import named_paths
from zoo.console.signature import PROGRESS, Signature

EXAMPLES = (
    "zoo compare maxatac/CTCF maxatac/MAX --genome hg38.2bit --samples T=t.bw B=b.bw --regions peaks.bed "
    "--output out/differences",
    "zoo compare --predictions out/atlas.json --samples samples.tsv --against control --output out/differences",
)
SIGNATURE = Signature(
    "zoo.comparison.run:compare",
    common=shared.COMMON,
    differ={
        "models": {
            "flags": (),
            "nargs": "*",
            "metavar": "MODEL",
            "help": 'names, patterns such as "maxatac/*", model folders',
        },
        "genome": {"required": False},
        "samples": {
            "nargs": "+",
            "metavar": "TABLE|NAME=BW",
            "help": "a table with the columns sample, signal and condition; or tracks, .bw, each a condition",
        },
        "predictions": {"metavar": "JSON", "help": "OUTPUT.json of a finished pass, instead of models and a genome"},
        "output": {"help": "writes OUTPUT.factors.tsv, .sites.tsv, .html, .json, pictures and BED files"},
        "against": {"metavar": "CONDITION"},
        "column": {"metavar": "NAME"},
        "margin": {"metavar": "SCORE"},
        "block": {"metavar": "BP"},
        "draws": {"metavar": "N"},
        "seed": {"metavar": "N"},
        "beds": {"help": "write BED files, two for each factor and contrast (default yes)"},
        "regions": {"help": "sites are these: a BED file, or a region such as chr1:1,001-2,000 (default found)"},
        "chromosomes": {"nargs": "+", "help": "default all main ones that genome and samples have"},
        "blacklist": {"metavar": "FILE", "help": "whose bins are left out: BED, or a bigWig that is above 0 there"},
        "component": {"metavar": "PART", "help": "of models made of parts"},
        "threshold": {"help": "of sites, as for zoo predict (default that of the best F1 of each model's table)"},
        "strands": {**shared.STRANDS, "help": "average both strands (default as published: forward for most)"},
        "views": {"choices": ("all",), "help": "average all views that the weights can read"},
        "stride": {"metavar": "BP", "help": "between windows (default as published)"},
        "center_only": {"help": "use only the center of each window, no averaging"},
        "scale": {"choices": ("log1p", "linear"), "help": "x instead of ln(1 + x), for models that return that"},
        "batch_size": {"help": "windows at once"},
        "compat": {"choices": ("maxatac", "factornet", "deepgrn", "leopard"), "help": "rules of other programs"},
        "workers": {"metavar": "N", "help": "processes of this machine"},
        "dask": {"metavar": "SCHEDULER", "help": "the address or file of a Dask scheduler"},
    },
    left_out={"executor": "an executor is given in Python", **PROGRESS},
    added={"json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo compare`."""
    groups = {
        "inputs and outputs": "models genome samples predictions output beds",
        "what is compared": "against column margin block draws seed",
        "where (default: all main chromosomes)": "regions genes flank chromosomes blacklist",
        "how (defaults: as published)": "threshold",
    }
    SIGNATURE.add(parser, groups)
    add_json(parser, "print what is in OUTPUT.json, for programs")


def run(options: argparse.Namespace) -> None:
    """Run `zoo compare`."""
    from zoo.comparison.run import compare

    chosen = SIGNATURE.values(options)
    chosen |= {"models": chosen["models"] or None, "samples": samples_of(options.samples)}
    if chosen["models"]:
        heavy.import_keras()
    made = compare(**chosen)
    print(json.dumps(json.loads(made.sidecar.read_text(encoding="utf-8"))) if options.json else made)


def samples_of(given: Sequence[str] | None) -> object:
    """A table, or tracks by their names."""
    if given is None or (len(given) == 1 and "=" not in given[0]):
        return given and given[0]
    return named_paths(given, "samples")

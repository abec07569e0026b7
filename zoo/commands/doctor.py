"""The command line of `zoo doctor`."""

import argparse
import json

from zoo import loading
from zoo.commands import many, shared
from zoo.commands.heavy import import_keras
from zoo.commands.printing import add_json
from zoo.console.signature import Signature
from zoo.many import models

EXAMPLES = ("zoo doctor --genome hg38.2bit --signal atac.bw --regions peaks.bed --model maxatac/CTCF",)
SIGNATURE = Signature(
    "zoo.checkup:doctor",
    differ={
        "genome": shared.COMMON["genome"],
        "signal": many.SIGNAL,
        "samples": many.SIGNATURE.differ["samples"],
        "covariates": shared.COMMON["covariates"],
        "regions": {"help": "a BED file, a region, auto, or with --genes a gene"},
        "genes": shared.COMMON["genes"],
        "flank": shared.COMMON["flank"],
        "model": {
            "nargs": "+",
            "metavar": "NAME",
            "help": "compare the signal with its training data, estimate run time; several, or a pattern, of one pass",
        },
        "write": {"nargs": None, "metavar": "FORMATS", "help": "of a pass, as for zoo predict"},
        "output": {"help": "with --model: where results would go, to check for free disk space"},
    },
    added={"json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo doctor`."""
    SIGNATURE.add(parser)
    many.take_several_signals(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Run `zoo doctor`."""
    given = SIGNATURE.values(options)
    if options.model:
        if len(options.model) == 1 and not models.is_pattern(options.model[0]):
            given["model"] = options.model[0]
        for name in models.named(options.model):
            loading.info(name)
        import_keras()
    from zoo.checkup import doctor

    report = doctor(**given)
    if options.json:
        print(json.dumps(report.to_json(), indent=1))
    else:
        print(report)
    return 0 if report.passed else 1

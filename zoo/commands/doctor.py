"""The command line of `zoo doctor`."""

import argparse
import json

from zoo import loading
from zoo.commands import shared
from zoo.commands.heavy import import_keras
from zoo.commands.printing import add_json
from zoo.console.signature import Signature

SIGNATURE = Signature(
    "zoo.checkup:doctor",
    differ={
        "genome": shared.COMMON["genome"],
        "signal": shared.COMMON["signal"],
        "covariates": shared.COMMON["covariates"],
        "regions": {"help": "a BED file, a region, or auto"},
        "model": {"metavar": "NAME", "help": "compare the signal with its training data, estimate run time"},
        "output": {"help": "with --model: where results would go, to check for free disk space"},
    },
    added={"json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo doctor`."""
    SIGNATURE.add(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Run `zoo doctor`."""
    if options.model:
        loading.info(options.model)
        import_keras()
    from zoo.checkup import doctor

    report = doctor(**SIGNATURE.values(options))
    if options.json:
        print(json.dumps(report.to_json(), indent=1))
    else:
        print(report)
    return 0 if report.passed else 1

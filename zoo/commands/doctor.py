"""The command line of `zoo doctor`."""

import argparse
import json

from zoo import loading
from zoo.commands.heavy import import_keras
from zoo.commands.printing import add_json

_INPUTS = ("genome", "signal", "regions", "vcf", "blacklist", "model", "output")


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo doctor`."""
    parser.add_argument("--genome", required=True, help="sequence, .2bit")
    parser.add_argument("--signal", help="normalized ATAC-seq track, .bw")
    parser.add_argument("--regions", help="a BED file, a region, or auto")
    parser.add_argument("--vcf", help="variants")
    parser.add_argument("--blacklist", help="BED, or a bigWig that is above 0 there")
    parser.add_argument("--model", metavar="NAME", help="compare the signal with its training data, estimate run time")
    parser.add_argument("--output", help="with --model: where results would go, to check for free disk space")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Run `zoo doctor`."""
    if options.model:
        loading.info(options.model)
        import_keras()
    from zoo.checkup import doctor

    found = doctor(**{name: getattr(options, name) for name in _INPUTS})
    if options.json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        print(found)
    return 0 if found.passed else 1

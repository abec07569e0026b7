"""The command line of `zoo predict`."""

import argparse
import sys

_CUTOFF = (
    'score of the BED: f1, precision=0.9, recall=0.5, log2fc=6, a number, or "none" for no BED '
    "(default: f1 if the model has a threshold table)"
)


def add_predict(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo predict`."""
    parser.add_argument("name", help="family/MODEL or a model folder")
    files = parser.add_argument_group("inputs and outputs")
    files.add_argument("--genome", required=True, help="sequence, .2bit")
    files.add_argument("--signal", help="normalized ATAC-seq track, .bw (not for models of DNA alone)")
    files.add_argument("--output", help="writes OUTPUT.bw, .bed and .json; with --regions also .tsv (default stdout)")
    files.add_argument("--blacklist", help="BED whose bins are left out")
    where = parser.add_argument_group("where (default: all main chromosomes)").add_mutually_exclusive_group()
    where.add_argument("--regions", help="a BED file, a region such as chr1:1,001-2,000, or auto: open ones")
    where.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="names of chromosomes")
    how = parser.add_argument_group("how (defaults: as published)")
    how.add_argument("--threshold", default="auto", help=_CUTOFF)
    how.add_argument("--strands", choices=("forward", "both"), default="forward", help="average both strands")
    how.add_argument("--views", choices=("all",), help="average all views that the weights can read")
    how.add_argument("--stride", type=int, help="bp from one window to the next")
    how.add_argument(
        "--center-only",
        action=argparse.BooleanOptionalAction,
        help="use only the center of each window, no averaging",
    )
    how.add_argument("--batch-size", type=int, default=256, help="windows at once (default 256)")
    how.add_argument("--compat", choices=("maxatac",), help="the original program's window and blacklist rules")


def predict(options: argparse.Namespace, model) -> None:
    """Run `zoo predict` with a loaded model."""
    result = model.predict(
        genome=options.genome,
        signal=options.signal,
        regions=options.regions,
        chromosomes=options.chromosomes,
        output=options.output,
        threshold=None if options.threshold == "none" else options.threshold,
        blacklist=options.blacklist,
        strands=options.strands,
        views=options.views,
        stride=options.stride,
        center_only=options.center_only,
        batch_size=options.batch_size,
        compat=options.compat,
    )
    if options.output is None:
        result.write_tsv(sys.stdout)
    else:
        print(result)

"""The command line of `zoo predict`, which also understands the options of `maxatac predict`."""

import argparse
import sys

from zoo.commands import originals
from zoo.errors import InputError

_CUTOFF = (
    'score of the BED: f1, precision=0.9, recall=0.5, log2fc=6, a number, or "none" for no BED '
    "(default: f1 if there is a threshold table)"
)
_FOLDER = "prediction_results"  # of maxATAC, for -n without -o
_KINDS = ("f1", "precision", "recall", "log2fc")
_CHOICES = ("strands", "views", "stride", "center_only", "scale", "batch_size", "compat")
_FILES = ("genome", "signal", "regions", "chromosomes", "windows", "output", "write", "threshold", "table", "blacklist")


def add_predict(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo predict`."""
    parser.set_defaults(threshold="auto")
    name = parser.add_mutually_exclusive_group(required=True)
    name.add_argument("name", nargs="?", action=_Name, help="family/MODEL or a model folder")
    name.add_argument("-tf", "--tf_name", dest="name", action=_Name, type=_factor, help=argparse.SUPPRESS)
    name.add_argument("-m", "--model", dest="name", action=_Name, help=argparse.SUPPRESS)
    files = parser.add_argument_group("inputs and outputs")
    files.add_argument("--genome", required=True, help="sequence, .2bit")
    files.add_argument("--signal", help="normalized ATAC-seq track, .bw (not for models of DNA alone)")
    said = "writes OUTPUT.bw, .bed and .json; with --regions also .tsv (default stdout)"
    files.add_argument("--output", action=originals.Output, help=said)
    said = "formats, such as bigwig,bed,table,zarr,parquet (default bigwig, bed with a threshold, table with regions)"
    files.add_argument("--write", metavar="FORMATS", help=said)
    files.add_argument("--blacklist", help="whose bins are left out: BED, or a bigWig that is above 0 there")
    where = parser.add_argument_group("where (default: all main chromosomes)")
    said = "a BED file, a region such as chr1:1,001-2,000, or auto: open ones"
    where.add_argument("--regions", help=said)
    said = "names of chromosomes; with --regions only those on these"
    where.add_argument("--chromosomes", nargs="+", metavar="CHROM", action=_Chromosomes, help=said)
    where.add_argument("--windows", metavar="BED", help="windows as long as the model's, predicted as they are")
    how = parser.add_argument_group("how (defaults: as published)")
    cut = how.add_mutually_exclusive_group()
    cut.add_argument("--threshold", help=_CUTOFF)
    cut.add_argument("-ct", "--cutoff_type", action=_Cutoff, type=str.lower, choices=_KINDS, help=argparse.SUPPRESS)
    cut.add_argument("-skip_call_peaks", dest="threshold", action="store_const", const="none", help=argparse.SUPPRESS)
    how.add_argument("-cv", "--cutoff_value", action=_Cutoff, help=argparse.SUPPRESS)
    how.add_argument("--table", metavar="FILE", help="thresholds of `zoo calibrate`, not the model's own")
    how.add_argument("--strands", choices=("forward", "both"), help="average both strands (default forward)")
    how.add_argument("--views", choices=("all",), help="average all views that the weights can read")
    how.add_argument("--stride", type=int, help="bp from one window to the next")
    how.add_argument(
        "--center-only",
        action=argparse.BooleanOptionalAction,
        help="use only the center of each window, no averaging",
    )
    how.add_argument("--scale", choices=("log1p", "linear"), help="x instead of ln(1 + x), for models that return that")
    how.add_argument("--batch-size", type=int, help="windows at once (default 256)")
    how.add_argument("--compat", choices=("maxatac",), help="the original program's window and blacklist rules")
    originals.add(parser, "predict", _FOLDER)


def predict(options: argparse.Namespace, model) -> None:
    """Run `zoo predict` with a loaded model."""
    chosen = {name: getattr(options, name) for name in (*_FILES, *_CHOICES)}
    if options.cutoff_value is not None and options.cutoff_type is None:
        raise InputError(
            "A cutoff value must be given with its type",
            received={"-cv": options.cutoff_value},
            example="-ct Precision",
        )
    if chosen["threshold"] == "none":
        chosen["threshold"] = None
    result = model.predict(**chosen)
    if options.output is None:
        result.write_tsv(sys.stdout)
    else:
        print(result)


def _factor(name: str) -> str:
    return name if "/" in name else f"maxatac/{name}"


class _Name(argparse.Action):
    """The model, as the argument or by an option; an argument that is not there does not undo an option."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        if value is not None:
            namespace.name = value


class _Chromosomes(argparse.Action):
    """Names; `all` alone, which is maxATAC's word for its default, stands for ours."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        namespace.chromosomes = None if value == ["all"] else value


class _Cutoff(argparse.Action):
    """maxATAC's `-ct Precision -cv 0.8` is `--threshold precision=0.8`; with `-ct F1` a value has no effect."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        setattr(namespace, self.dest, value)
        kind, number = getattr(namespace, "cutoff_type", None) or "f1", getattr(namespace, "cutoff_value", None)
        namespace.threshold = kind if number is None else f"{kind}={number}"

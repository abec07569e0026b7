"""The command line of `zoo predict`, which also understands the options of `maxatac predict`."""

import argparse
import sys
from pathlib import Path

from zoo.errors import InputError

_CUTOFF = (
    'score of the BED: f1, precision=0.9, recall=0.5, log2fc=6, a number, or "none" for no BED '
    "(default: f1 if there is a threshold table)"
)
_FOLDER = "prediction_results"  # of maxATAC, for -n without -o
_KINDS = ("f1", "precision", "recall", "log2fc")
_CHOICES = ("strands", "views", "stride", "center_only", "scale", "batch_size", "compat")
_FILES = ("genome", "signal", "regions", "chromosomes", "windows", "output", "threshold", "table", "blacklist")


def add_predict(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo predict`."""
    parser.set_defaults(threshold="auto", prefix=None)
    name = parser.add_mutually_exclusive_group(required=True)
    name.add_argument("name", nargs="?", action=_Name, help="family/MODEL or a model folder")
    name.add_argument("-tf", "--tf_name", dest="name", action=_Name, type=_factor, help=argparse.SUPPRESS)
    name.add_argument("-m", "--model", dest="name", action=_Name, help=argparse.SUPPRESS)
    files = parser.add_argument_group("inputs and outputs")
    _add(files, "--genome", "--seq --sequence", required=True, help="sequence, .2bit")
    _add(files, "--signal", "-s -i", help="normalized ATAC-seq track, .bw (not for models of DNA alone)")
    said = "writes OUTPUT.bw, .bed and .json; with --regions also .tsv (default stdout)"
    _add(files, "--output", "-o", action=_Output, help=said)
    files.add_argument("-n", "--name", "--prefix", dest="prefix", action=_Output, help=argparse.SUPPRESS)
    _add(files, "--blacklist", "-bl", help="whose bins are left out: BED, or a bigWig that is above 0 there")
    where = parser.add_argument_group("where (default: all main chromosomes)")
    said = "a BED file, a region such as chr1:1,001-2,000, or auto: open ones"
    _add(where, "--regions", "--roi -roi --bed --peaks", help=said)
    said = "names of chromosomes; with --regions only those on these"
    _add(where, "--chromosomes", "-c -chroms", nargs="+", metavar="CHROM", action=_Chromosomes, help=said)
    _add(where, "--windows", "-w", metavar="BED", help="windows as long as the model's, predicted as they are")
    how = parser.add_argument_group("how (defaults: as published)")
    cut = how.add_mutually_exclusive_group()
    cut.add_argument("--threshold", help=_CUTOFF)
    cut.add_argument("-ct", "--cutoff_type", action=_Cutoff, type=str.lower, choices=_KINDS, help=argparse.SUPPRESS)
    cut.add_argument("-skip_call_peaks", dest="threshold", action="store_const", const="none", help=argparse.SUPPRESS)
    how.add_argument("-cv", "--cutoff_value", action=_Cutoff, help=argparse.SUPPRESS)
    _add(how, "--table", "-cf --cutoff_file", metavar="FILE", help="thresholds of `zoo calibrate`, not the model's own")
    how.add_argument("--strands", choices=("forward", "both"), help="average both strands (default forward)")
    how.add_argument("--views", choices=("all",), help="average all views that the weights can read")
    _add(how, "--stride", "--step_size", type=int, help="bp from one window to the next")
    how.add_argument(
        "--center-only",
        action=argparse.BooleanOptionalAction,
        help="use only the center of each window, no averaging",
    )
    how.add_argument("--scale", choices=("log1p", "linear"), help="x instead of ln(1 + x), for models that return that")
    _add(how, "--batch-size", "--batch_size", type=int, help="windows at once (default 256)")
    how.add_argument("--compat", choices=("maxatac",), help="the original program's window and blacklist rules")
    for flags, instead in _INSTEAD.items():
        parser.add_argument(*flags.split(), nargs="*", action=_Instead, const=instead, help=argparse.SUPPRESS)


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


_INSTEAD = {
    "-cs -chrom_sizes --chrom_sizes --chromosome_sizes": "the lengths of chromosomes are read from --genome",
    "--loglevel": "there are no log levels; warnings and progress go to the error stream",
}


def _add(group, option: str, hidden: str, **choices: object) -> None:
    """An option with other spellings that the help does not show."""
    action = group.add_argument(option, *hidden.split(), **choices)
    action.option_strings = [option]


def _factor(name: str) -> str:
    return name if "/" in name else f"maxatac/{name}"


class _Name(argparse.Action):
    """The model, as the argument or by an option; an argument that is not there does not undo an option."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        if value is not None:
            namespace.name = value


class _Output(argparse.Action):
    """`--output BASE`; or as in maxATAC `-n NAME -o FOLDER`, which is FOLDER/NAME."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        setattr(namespace, "prefix" if self.dest == "prefix" else "folder", value)
        folder, prefix = getattr(namespace, "folder", None), namespace.prefix
        namespace.output = folder if prefix is None else str(Path(folder or _FOLDER, prefix))


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


class _Instead(argparse.Action):
    """An option of maxATAC that has no counterpart: refused, saying what is there instead."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        parser.error(f"{option_string} must be left out: {self.const}")

"""The command line of `zoo predict`, which also understands the options of `maxatac predict`."""

import argparse
import json
import sys

from zoo.commands import heavy, many, originals, shared
from zoo.commands.printing import present
from zoo.console.signature import PROGRESS, Signature, exclude
from zoo.errors import InputError

EXAMPLES = (
    "zoo predict maxatac/CTCF --genome hg38.2bit --signal atac.bw --output out/ctcf",
    "zoo predict maxatac/CTCF maxatac/MAX --genome hg38.2bit --signal T=t.bw B=b.bw --regions peaks.bed "
    "--output out/atlas",
)
_FOLDER = "prediction_results"  # of maxATAC, for -n without -o
_KINDS = ("f1", "precision", "recall", "log2fc")


class _Chromosomes(argparse.Action):
    """Names; `all` alone, which is maxATAC's word for its default, stands for ours."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        namespace.chromosomes = None if value == ["all"] else value


ONE = Signature(
    "zoo.model:Model.predict",
    common=shared.COMMON,
    differ={
        "signal": many.SIGNAL,
        "output": {
            "action": originals.OutputAction,
            "help": "writes OUTPUT.bw (of several tracks OUTPUT.TRACK.bw), .bed and .json; with --regions also .tsv; "
            "a pass of many writes OUTPUT.summary.tsv, OUTPUT.SAMPLE.MODEL.bed and others (default stdout)",
        },
        "write": {
            "nargs": None,
            "metavar": "FORMATS",
            "help": "formats, such as bigwig,bed,table,zarr,parquet (default bigwig, bed with a threshold, table with "
            "regions, counts with centers); of a pass of many bed, bigwig, matrix, matrix_parquet, matrix_zarr, h5ad "
            "(default bed, with regions also matrix)",
        },
        "blacklist": {"help": "whose bins are left out: BED, or a bigWig that is above 0 there"},
        "regions": {"help": "a BED file, a region such as chr1:1,001-2,000, auto: open ones, or with --genes a gene"},
        "chromosomes": {
            "metavar": "CHROM",
            "action": _Chromosomes,
            "help": "names of chromosomes; with --regions only those on these",
        },
        "windows": {"metavar": "BED", "help": "windows as long as the model's, predicted as they are"},
        "centers": {
            "metavar": "BED",
            "help": "regions, narrowPeak, or with --genes genes; a window around the middle or summit of each",
        },
        "track": {"help": "names of a head's tracks (default all); of an ensemble with a spread also mean and spread"},
        "threshold": {
            "help": 'score of the BED: f1, precision=0.9, recall=0.5, log2fc=6, a number, or "none" for no BED '
            "(default: f1 if there is a threshold table)"
        },
        "table": {"metavar": "FILE"},
        "strands": {**shared.STRANDS, "help": "average both strands (default as published: forward for most)"},
        "views": {"choices": ("all",), "help": "average all views that the weights can read"},
        "shifts": {"nargs": "+", "type": int, "metavar": "BP"},
        "center_only": {"help": "use only the center of each window, no averaging"},
        "scale": {
            "choices": ("log1p", "squashed", "linear", "probability"),
            "help": "x instead of ln(1 + x), or coverage instead of squashed coverage, for models that return that; or "
            "probabilities, by a threshold table that has them",
        },
        "compat": {
            "choices": ("maxatac", "chrombpnet", "factornet", "deepgrn", "leopard"),
            "help": "the original program's window and blacklist rules; or its bigWig rules, with --centers",
        },
    },
    left_out={"x": shared.ARRAYS, **PROGRESS},
    added=dict.fromkeys(("cutoff_type", "cutoff_value"), "the original's threshold"),
)
SIGNATURES = (ONE, many.SIGNATURE)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo predict`."""
    name = parser.add_mutually_exclusive_group(required=True)
    name.add_argument(
        "name",
        nargs="*",
        default=(),
        action=_Name,
        help='family/MODEL, a model folder or a model file; several, or a pattern such as "maxatac/*", in one pass',
    )
    name.add_argument("-tf", "--tf_name", dest="name", action=_Name, type=_factor, help=argparse.SUPPRESS)
    name.add_argument("-m", "--model", dest="name", action=_Name, help=argparse.SUPPRESS)
    groups = {
        "inputs and outputs": "genome signal covariates output write blacklist",
        "where (default: all main chromosomes)": "regions genes flank chromosomes windows centers",
        "how (defaults: as published)": "head track threshold table",
    }
    shared.add_component(parser)
    ONE.add(parser, groups)
    many.add(parser)
    cut = exclude(parser, ["threshold"])
    cut.add_argument("-ct", "--cutoff_type", action=_Cutoff, type=str.lower, choices=_KINDS, help=argparse.SUPPRESS)
    cut.add_argument("-skip_call_peaks", dest="threshold", action="store_const", const="none", help=argparse.SUPPRESS)
    parser.add_argument("-cv", "--cutoff_value", action=_Cutoff, help=argparse.SUPPRESS)
    originals.add(parser, "predict", _FOLDER)


def run(options: argparse.Namespace) -> None:
    """Run `zoo predict`: one model, or one pass of many."""
    if options.cutoff_value is not None and options.cutoff_type is None:
        raise InputError(
            "A cutoff value must be given with its type",
            received={"-cv": options.cutoff_value},
            example="-ct Precision",
        )
    if options.threshold == "none":
        options.threshold = None
    if many.is_many(options):
        many.run(options)
        return
    result = heavy.load(options.name, options.component).predict(**ONE.values(options))
    if options.output is not None:
        present(options, _made(result), result)
    elif options.json:
        print(json.dumps({"bin_size": result.bin_size, "bins": list(many.rows(result))}))
    else:
        result.write_tsv(sys.stdout)


def _made(result) -> dict[str, object]:
    """What a prediction wrote, for programs."""
    files = [*(path for paths in result.written.values() for path in paths), result.sidecar]
    threshold = result.threshold and result.threshold.to_json()
    counts = {name: getattr(result, name) for name in ("intervals", "windows", "resumed")}
    return {"files": files, "threshold": threshold, **counts}


def _factor(name: str) -> str:
    return name if "/" in name else f"maxatac/{name}"


class _Name(argparse.Action):
    """The model, as the argument or by an option, or several; none as the argument does not undo an option."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        if isinstance(value, str) or value:
            namespace.name = value[0] if isinstance(value, list) and len(value) == 1 else value


class _Cutoff(argparse.Action):
    """maxATAC's `-ct Precision -cv 0.8` is `--threshold precision=0.8`; with `-ct F1` a value has no effect."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        setattr(namespace, self.dest, value)
        kind, number = getattr(namespace, "cutoff_type", None) or "f1", getattr(namespace, "cutoff_value", None)
        namespace.threshold = kind if number is None else f"{kind}={number}"

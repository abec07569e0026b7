"""The command line of `zoo peaks`, which also understands the options of `maxatac peaks`."""

import argparse
from pathlib import Path

from registry.paths import user_path
from zoo.commands import originals
from zoo.commands.printing import present
from zoo.commands.track_output import TRACK, said_left_out
from zoo.console.signature import Signature, exclude
from zoo.errors import InputError

EXAMPLES = (
    "zoo peaks out/normalized.bw --cutoff auto --output out/open.narrowPeak",
    "zoo peaks out/ctcf.bw --bin 32 --model maxatac/CTCF --cutoff precision=0.9 --output out/sites.bed",
)
_BIN = 32  # bp, of maxATAC's `peaks`
_TYPES = {"f1": "f1", "precision": "precision", "recall": "recall", "log2fc": "log2fc"}
SIGNATURES = (
    Signature(
        "zoo.prepare.peaks:call",
        common=TRACK,
        differ={
            "signal": {"flags": (), "help": "bigWig"},
            "cutoff": {
                "type": str,
                "metavar": "X",
                "help": "values of at least this; auto for open chromatin of a normalized track; with --model or "
                "--table also f1, precision=0.9, recall=0.5, log2fc=6 by its table",
            },
            "min_length": {"default": None, "metavar": "BP", "help": "of a peak (default 200)"},
            "max_gap": {"default": None, "metavar": "BP", "help": "that is joined over (default 30)"},
            "compat": {"choices": ("macs3", "maxatac"), "help": "that program's rules (maxatac: with --bin)"},
        },
        added={"output": "where peaks are written", "model": "whose table has the cutoff", "table": "the same"},
    ),
    Signature(
        "zoo.prepare.peaks:call_bins",
        common=TRACK,
        differ={
            "bin_size": {
                "flags": ("--bin",),
                "default": None,
                "metavar": "BP",
                "help": "bins by their highest value, neighbors joined",
            },
        },
    ),
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo peaks`."""
    text = ".narrowPeak or .bed"
    parser.add_argument("--output", action=originals.OutputAction, required=True, metavar="FILE", help=text)
    for signature in SIGNATURES:
        signature.add(parser)
    parser.add_argument("--model", metavar="NAME", help="whose predictions these are")
    parser.add_argument("--table", metavar="TSV", help="thresholds that `zoo calibrate` wrote, instead of a model's")
    tables = exclude(parser, ("model", "table"))
    (cutoff,) = (action for action in parser._actions if action.dest == "cutoff")
    originals.replace(parser, cutoff, "original_cutoff", "-cutoff_type", "--cutoff_type")
    parser.add_argument("-cutoff_value", "--cutoff_value", type=float, help=argparse.SUPPRESS)
    originals.replace(tables, cutoff, "cutoff_file", "-cutoff_file", "--cutoff_file")
    originals.add(parser, "peaks")


def run(options: argparse.Namespace) -> None:
    """Run `zoo peaks`."""
    from zoo.files.atomic import output_path
    from zoo.genome.signal import Signal
    from zoo.prepare.choice import chosen, left_out
    from zoo.prepare.peaks import OPEN, call, call_bins, check_name, write

    cutoff, table = _cutoff_and_table(options)
    width = options.bin or (_BIN if options.cutoff_file and not options.bin else None)
    target = user_path(originals.output_of(options, f"_{width}bp.bed" if width else ".narrowPeak"), "output")
    check_name(target)
    track = Signal(user_path(originals.given(options, "signal"), "signal"))
    spans = {"min_length": options.min_length, "max_gap": options.max_gap}
    extra = {name: value for name, value in spans.items() if value is not None}
    if extra and (cutoff == "auto" or width is not None):
        raise InputError("Lengths and gaps must go with a cutoff that is a number, and not with bins", received=extra)
    if cutoff == "auto" and (width is not None or options.model or table):
        raise InputError("The cutoff auto must go without bins, a model and a table", received={"bin": width})
    if (options.compat == "maxatac") != (width is not None) and options.compat is not None:
        raise InputError(
            "The rules of maxATAC must go with bins, those of macs3 without",
            received={"compat": options.compat, "bin": width},
            example="--bin 32 --compat maxatac",
        )
    if options.bin is not None and options.bin < 1:
        raise InputError("A bin must have at least one base", example=32, received={"bin": options.bin})
    sizes = chosen(track.sizes, options.chromosomes, track.path, options.compat)
    score, read = (None, []) if cutoff == "auto" else _score(cutoff, options.model, table)
    output_path(target, [track, *read])
    plain, in_bins = (
        {name: value for name, value in signature.values(options).items() if value is not None}
        | {"signal": track, "cutoff": score, "chromosomes": list(sizes)}
        for signature in SIGNATURES
    )
    if cutoff == "auto":
        peaks = call(**plain | OPEN)
    elif width is not None:
        peaks = call_bins(**in_bins | {"signal": track.path, "bin_size": width})
    else:
        peaks = call(**plain)
    write(target, peaks, options.compat)
    missing = left_out(track.sizes, sizes)
    made = {"output": target, "peaks": len(peaks), "cutoff": "auto" if score is None else score, "left out": missing}
    present(options, made, f"{len(peaks):,} peaks", *said_left_out(missing), target)


def _cutoff_and_table(options: argparse.Namespace) -> tuple[str, str | None]:
    """The cutoff and the table, by our options or by the originals' `-cutoff_type`, `-cutoff_value`, `-cutoff_file`."""
    table = options.cutoff_file or options.table
    kind, value = options.original_cutoff, options.cutoff_value
    if options.cutoff is not None:
        if kind is not None or value is not None:
            raise InputError("The cutoff must be given once", received={"cutoff": options.cutoff, "cutoff_type": kind})
        return options.cutoff, table
    name = _TYPES.get((kind or "f1").lower())
    if name is None:
        raise InputError(f"The cutoff type must be one of {', '.join(_TYPES)}", received={"cutoff_type": kind})
    if (name == "f1") != (value is None):
        raise InputError(
            "A cutoff value must go with the types precision, recall and log2fc, and only with them",
            received={"cutoff_type": kind, "cutoff_value": value},
        )
    return name if value is None else f"{name}={value}", table


def _score(cutoff: str, model: str | None, table: str | None) -> tuple[float, list[Path]]:
    """A cutoff score, given or from a table; and the files that were read."""
    from zoo.predict.thresholds import ThresholdTable, resolve

    try:
        float(cutoff)
    except ValueError:
        pass
    else:
        if model or table:
            raise InputError(
                "A model or a table must go with a cutoff that it is asked for, not with a number",
                received={"cutoff": cutoff},
                example="--cutoff precision=0.9",
            )
    if model is None:
        path = None if table is None else user_path(table, "table")
        return resolve(cutoff, None if path is None else ThresholdTable.read(path)).score, [path] if path else []
    from zoo import folder
    from zoo.loading import fetch

    model_folder = fetch(model)
    return resolve(cutoff, folder.read_thresholds(model_folder)).score, [model_folder]

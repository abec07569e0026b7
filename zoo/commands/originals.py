"""The originals' spellings of options, hidden in the help: honoured, or refused with what to use instead.

`SPELLINGS` is the table of them. A command builds its options under their own names and hands its parser to `add`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from registry.paths import user_path
from zoo.errors import InputError

_CHROMOSOMES = "-c -chroms --chroms -chromosomes"
_SIZES = "-cs -chrom_sizes --chrom_sizes --chromosome_sizes"
_OUTPUT = "-o --output_dir --output_directory"
_NAMES = "-n -name --name -prefix --prefix"
_TRACK = {"output": _OUTPUT, "chromosomes": _CHROMOSOMES}
_NORMALIZED = {**_TRACK, "max_percentile": "--max_percentile", "blacklist": "-bl --blacklist_bw"}
_BINS = {**_TRACK, "bin_size": "--bin_size", "blacklist": "--blacklist_bw"}
SPELLINGS: dict[str, dict[str, str]] = {  # command → argument → the originals' options for it
    "prepare": {
        **_NORMALIZED,
        "reads": "-i --input",
        "chrom_sizes": _SIZES,
        "slop": "-slop",
        "rpm_factor": "-rpm --rpm_factor",
        "skip_dedup": "-skip_dedup --skip_dedup",
        "threads": "-t -threads",
    },
    "normalize": {**_NORMALIZED, "signal": "-i --signal"},
    "average": {**_TRACK, "signals": "-i"},
    "peaks": {**_TRACK, "signal": "-i --input_bigwig", "bin": "-bin --bin_size"},
    "predict": {
        **_TRACK,
        "genome": "--seq --sequence",
        "signal": "-s -i",
        "blacklist": "-bl",
        "regions": "--roi -roi --bed --peaks",
        "windows": "-w",
        "table": "-cf --cutoff_file",
        "stride": "--step_size",
        "batch_size": "--batch_size",
    },
    "benchmark": {
        **_BINS,
        "prediction": "--bw -bw --bigwig",
        "peaks": "--gold_standard",
        "aggregate": "--agg",
        "round_predictions": "--round_predictions",
    },
    "calibrate": {**_BINS, "meta": "--meta_file"},
}
_REFUSED = {
    _SIZES: "the lengths of chromosomes are read from the genome or the track",
    "--loglevel": "errors and warnings are always shown",
}


def add(parser: argparse.ArgumentParser, command: str, folder: str = ".") -> None:
    """Have a parser that has all its own options understand the originals' spellings, too.

    Args:
        parser: of the command.
        command: a key of `SPELLINGS`.
        folder: where `-n NAME` without `-o FOLDER` writes.
    """
    targets = {action.dest: action for action in parser._actions}
    table = SPELLINGS[command]
    parser.add_argument(*_NAMES.split(), action=_Name, dest="original_name", target=targets["output"], const=folder)
    for dest, spellings in table.items():
        if targets[dest].option_strings:
            parser._option_string_actions.update(dict.fromkeys(spellings.split(), targets[dest]))
        else:
            replace(parser, targets[dest], f"original_{dest}", *spellings.split())
    for spellings, instead in _REFUSED.items():
        if spellings not in table.values():
            parser.add_argument(
                *spellings.split(),
                nargs="*",
                action=_Refused,
                const=instead,
                default=argparse.SUPPRESS,
                help=argparse.SUPPRESS,
            )


def replace(parser: argparse._ActionsContainer, target: argparse.Action, dest: str, *spellings: str) -> argparse.Action:
    """Options that stand for an argument that is required; `given` returns the one that was used."""
    return parser.add_argument(*spellings, action=_Replaces, dest=dest, target=target)


def given(options: argparse.Namespace, dest: str):
    """The argument, or the option that stands for it. Raises `InputError` for both."""
    first, second = getattr(options, dest), getattr(options, f"original_{dest}")
    if first is not None and second is not None:
        raise InputError(f"The {dest} must be given once", received={dest: (first, second)})
    return first if second is None else second


def output_of(options: argparse.Namespace, ending: str = "") -> str | Path:
    """Where results go: `--output PATH`, or `-o FOLDER -n NAME`."""
    return options.output if options.original_name is None else user_path(f"{options.output}{ending}", "output")


class OutputAction(argparse.Action):
    """`--output BASE`, or the originals' `-o FOLDER`, which with `-n NAME` is FOLDER/NAME."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Put it into `output`. Raises `InputError` if another spelling did."""
        if getattr(namespace, "output_by", option_string) != option_string:
            parser.error(f"The output must be given once, not by {namespace.output_by} and by {option_string}")
        namespace.output_by, namespace.folder = option_string, values
        _join(namespace)


class _Name(argparse.Action):
    """`-n NAME`: then what `output` has is a folder, without which results go to `const`."""

    def __init__(self, option_strings: Sequence[str], dest: str, target: argparse.Action, **rest: object) -> None:
        super().__init__(option_strings, dest, default=None, help=argparse.SUPPRESS, **rest)
        self.target = target

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        if Path(values).name != values:
            raise InputError("A name must be that of a file, its folder is given by -o", received={"name": values})
        self.target.required = False
        namespace.original_name = values
        namespace.folder = getattr(namespace, "folder", self.const)
        _join(namespace)


def _join(namespace: argparse.Namespace) -> None:
    name = getattr(namespace, "original_name", None)
    namespace.output = namespace.folder if name is None else str(Path(namespace.folder, name))


class _Replaces(argparse.Action):
    """An option in the place of an argument that must be given otherwise."""

    def __init__(self, option_strings: Sequence[str], dest: str, target: argparse.Action, **rest: object) -> None:
        super().__init__(option_strings, dest, nargs=target.nargs, default=None, help=argparse.SUPPRESS, **rest)
        self.target = target

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        self.target.required = False
        setattr(namespace, self.dest, values)


class _Refused(argparse.Action):
    """An option that has no counterpart."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        parser.error(f"{option_string} must be left out: {self.const}")

"""The part of `zoo predict` that is one pass: several models, several samples, or units that are computed elsewhere."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from zoo.arguments import refuse_together
from zoo.commands import shared
from zoo.commands.heavy import import_keras
from zoo.commands.parser import Parser, Several
from zoo.commands.printing import present
from zoo.console.pairs import TracksAction
from zoo.console.signature import PROGRESS, Signature
from zoo.errors import InputError
from zoo.many import models

_TRACKS = (".bw", ".bigwig")
_OWN = ("samples", "reduce", "workers", "dask", "plan")  # options that make it a pass
_OF_ONE = ("covariate", "windows", "centers", "head", "track", "table")


class _Samples(argparse.Action):
    """A table of samples, unless `--signal` gave them."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        if namespace.samples is not None:
            parser.error("The samples must be given once, by a table or after --signal")
        namespace.samples = values


SIGNATURE = Signature(
    "zoo.many.run:predict_many",
    common=shared.COMMON,
    differ={
        "models": {"dest": "name"},
        "samples": {
            "action": _Samples,
            "metavar": "TSV",
            "help": "a table: columns sample, signal (or signal:TRACK), covariate:NAME, and those of a design",
        },
        "reduce": {
            "nargs": None,
            "metavar": "HOW",
            "help": "of the bins that overlap a region: max, mean, sum, or several with commas (default max)",
        },
        "workers": {"metavar": "N", "help": "compute in so many processes of this machine"},
        "dask": {"metavar": "SCHEDULER", "help": "compute by a Dask scheduler: its address or file"},
        "plan": {"metavar": "TSV", "help": "write the units with the command of each, and compute none"},
    },
    left_out={"executor": "an object of Python's", **PROGRESS},
)


class _Signals(TracksAction):
    """Also `--signal a.bw b.bw` or `--signal A=a.bw B=b.bw`: samples."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Put a track or a pair as `TracksAction` does, or the samples."""
        if not isinstance(values, Several):
            super().__call__(parser, namespace, values, option_string)
            return
        pairs = [value.partition("=") for value in values.values]
        if namespace.samples is not None or namespace.signal is not None:
            parser.error("The samples must be given once, after one --signal")
        if len({bool(path) for _, _, path in pairs}) > 1:
            parser.error("The samples must be given all by a name, NAME=PATH, or all without")
        if len({name for name, _, _ in pairs}) < len(pairs):
            parser.error("The samples must be given once each, by names of their own")
        named = {name: path for name, _, path in pairs}
        namespace.samples = named if all(named.values()) else list(values.values)


SIGNAL = {
    "action": _Signals,
    "metavar": "PATH",
    "help": "normalized ATAC-seq track, .bw, or NAME=PATH once for each track of a model of several; none for DNA "
    "alone; several paths or NAME=PATH after one --signal are samples",
}


def add(parser: Parser) -> None:
    """Options of a pass that a prediction by one model lacks."""
    SIGNATURE.add(parser, {"many models or samples, in one pass": "samples reduce workers dask plan"})
    take_several_signals(parser)


def take_several_signals(parser: Parser) -> None:
    """Have `--signal` take the samples of a pass, too."""
    signal = next(action for action in parser._actions if action.dest == "signal")
    parser.take_several(signal, lambda value: Path(value).suffix.lower() in _TRACKS)


def is_many(options: argparse.Namespace) -> bool:
    """Whether options are those of a pass."""
    several = isinstance(options.name, list) or models.is_pattern(options.name)
    return several or any(getattr(options, name) is not None for name in _OWN)


def samples_of(options: argparse.Namespace) -> object:
    """The samples as `predict_many` takes them. Raises `InputError` for what is no samples."""
    refuse_together("A pass of many models or samples", {name: getattr(options, name) for name in _OF_ONE})
    if options.samples is not None:
        refuse_together("Samples", {"signal": options.signal})
        return options.samples
    if isinstance(options.signal, dict):
        raise InputError(
            "The tracks of a sample must be given by a table, if there are many models or samples",
            received={"signal": options.signal},
            example="--samples samples.tsv",
            hint="Its columns are sample and signal:NAME for each track",
        )
    return None if options.signal is None else [options.signal]


def run(options: argparse.Namespace) -> None:
    """Run the pass."""
    import_keras()
    from zoo.formats import tsv
    from zoo.many.run import predict_many

    result = predict_many(**{**SIGNATURE.values(options), "samples": samples_of(options)})
    if options.output is not None:
        present(options, asdict(result) if options.plan else _made(result), result)
    elif options.json:
        print(json.dumps({"regions": list(rows(result))}))
    else:
        tsv.write_rows(sys.stdout, result)


def rows(table) -> Iterator[dict[str, object]]:
    """A JSON object for each row of a `zoo.formats.content.RegionTable`."""
    for block in table.blocks():
        columns = [values.tolist() for values in block.values()]
        yield from (dict(zip(block, row, strict=True)) for row in zip(*columns, strict=True))


def _made(result) -> dict[str, object]:
    """What a pass wrote, for programs."""
    files, sites = [*result.files.values(), result.sidecar], [asdict(row) for row in result.sites]
    return {"files": files, "sites": sites, "units": result.units, "resumed": result.resumed}

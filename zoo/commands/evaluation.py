"""What `zoo benchmark`, `calibrate` and `evaluate` share: options, outputs, and what they print."""

import argparse
import json
from collections.abc import Sequence

from registry.metrics import label, meanings
from zoo.commands import originals, shared
from zoo.commands.printing import add_json
from zoo.console.table import table
from zoo.environment import versions
from zoo.errors import InputError
from zoo.files.record import finite

_FILES = (
    *("prediction", "peaks", "track", "meta", "name", "genome", "signal"),
    *("regions", "genes", "blacklist", "unmappable"),
)
_INPUTS = (*_FILES, "region", "flank")


BINS = {  # keyword → settings, of all functions that have it
    "prediction": {"metavar": "BIGWIG", "help": "predicted track"},
    "peaks": {"metavar": "FILE", "help": "BED of peaks, or bigWig above 0 where bound"},
    "bin_size": {"metavar": "BP", "help": "of a bin (default 200)"},
    "rule": {"default": None, "help": "a bin is bound if peaks cover any base, or half of it (default any)"},
    "regions": {"metavar": "BED", "help": "evaluate only bins that overlap these: a BED file, or with --genes genes"},
    "genes": shared.COMMON["genes"],
    "flank": shared.COMMON["flank"],
    "compat": {
        "metavar": "maxatac",
        "help": "as maxATAC: its bins, 0 where nothing was predicted, precision not cross-fitted",
    },
    "chromosomes": {"flags": ("--chromosomes", "-c"), "metavar": "CHROM", "help": "default all that the files have"},
    "blacklist": {"metavar": "FILE", "help": "what is left out: BED, or a bigWig that is above 0 there"},
}
ADDED = {"output": "where the report is written", "json": shared.FLAG}


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Options of what is written and printed."""
    parser.add_argument(
        "--output", action=originals.OutputAction, metavar="BASE", help="write BASE.json, BASE.html and more"
    )
    add_json(parser, "print JSON")


def refuse(options: argparse.Namespace, beside: str, *names: str) -> None:
    """Raise `InputError` for options that have no effect beside another one."""
    for name in names:
        if getattr(options, name) not in (None, False):
            raise InputError(
                f"--{name.replace('_', '-')} must not be given {beside}: it would have no effect",
                received={name: getattr(options, name)},
            )


def _reads(options: argparse.Namespace, more: Sequence[object] = ()) -> list[object]:
    """Everything that the command reads."""
    return [*(getattr(options, name, None) for name in _FILES), *more]


def claim(options: argparse.Namespace, kind: str, more: Sequence[object] = (), suffixes: Sequence[str] = ()) -> None:
    """Refuse an output that replaces what is read, before anything is computed."""
    if options.output is not None:
        from zoo.pages import report

        report.claim(options.output, _reads(options, more), kind, suffixes)


def answer(
    options: argparse.Namespace,
    title: str,
    said: dict,
    rows: dict[str, dict],
    sections: Sequence[dict] = (),
    note: str = "",
    texts: dict | None = None,
    reads: Sequence[object] = (),
) -> None:
    """Write JSON, page and further files, print the JSON or a table."""
    from zoo.pages import report

    given = {name: getattr(options, name) for name in _INPUTS if getattr(options, name, None) is not None}
    inputs = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in given.items()
    }
    said = {**said, "rows": rows, "inputs": inputs}
    empty = {"why"} if not any(row.get("why") for row in rows.values()) else set()
    columns = [key for key in dict.fromkeys(key for row in rows.values() for key in row) if key not in empty]
    lines = [[name, *(row.get(column) for column in columns)] for name, row in rows.items()]
    heads, said_of = ["", *map(label, columns)], meanings(columns)
    numbers = {"kind": "table", "title": "Numbers", "note": note, "columns": heads, "rows": lines, "meanings": said_of}
    written = ()
    if options.output is not None:
        more = [path for sample in said.get("samples", ()) for path in (sample["prediction"], sample["peaks"])]
        read = _reads(options, [*reads, *more])
        written = report.write(options.output, title, [numbers, *sections], read, texts, **said)
    if options.json:
        print(json.dumps(finite({**said, "versions": versions()}), indent=1))
        return
    print(table(rows), *note.splitlines(), *written, sep="\n")

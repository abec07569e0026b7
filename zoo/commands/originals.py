"""The originals' spellings of options, hidden in the help: honoured, or refused with what to use instead."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from registry.paths import user_path
from zoo.errors import InputError

NAMES = ("-n", "-name", "--name", "-prefix", "--prefix")
CHROMOSOMES = ("-c", "-chroms", "--chroms", "-chromosomes")
SIZES = ("-cs", "-chrom_sizes", "--chrom_sizes", "--chromosome_sizes")


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

    def __init__(self, option_strings: Sequence[str], dest: str, instead: str, **rest: object) -> None:
        super().__init__(option_strings, dest, nargs="*", default=argparse.SUPPRESS, help=argparse.SUPPRESS, **rest)
        self.instead = instead

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        parser.error(f"{option_string} must not be given: {self.instead}")


def add_alias(parser: argparse._ActionsContainer, target: argparse.Action, *spellings: str) -> None:
    """Other spellings of an option."""
    kind = {"action": "store_true"} if target.nargs == 0 else {"nargs": target.nargs, "type": target.type}
    parser.add_argument(*spellings, dest=target.dest, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **kind)


def add_replacement(parser: argparse.ArgumentParser, target: argparse.Action, *spellings: str) -> None:
    """Options that stand for an argument that is required; `given` tells which one was used."""
    parser.add_argument(*spellings, action=_Replaces, dest=f"original_{target.dest}", target=target)


def add_name(parser: argparse.ArgumentParser, output: argparse.Action) -> None:
    """`-o FOLDER -n NAME`, as the originals have it, beside `--output`."""
    add_replacement(parser, output, "-o", "--output_dir")
    parser.add_argument(*NAMES, action=_Replaces, dest="original_name", target=output)


def refuse(parser: argparse.ArgumentParser, instead: str, *spellings: str) -> None:
    """Options of the originals that cannot be honoured."""
    parser.add_argument(*spellings, action=_Refused, dest=f"refused{spellings[0]}", instead=instead)


def given(options: argparse.Namespace, dest: str):
    """The argument, or the option that stands for it. Raises `InputError` for both."""
    first, second = getattr(options, dest), getattr(options, f"original_{dest}")
    if first is not None and second is not None:
        raise InputError(f"The {dest} must be given once", received={dest: (first, second)})
    return first if second is None else second


def output_of(options: argparse.Namespace, ending: str = "") -> str | Path:
    """Where results go: `--output PATH`, or `-o FOLDER -n NAME`; that folder is made if it does not exist."""
    output, name = given(options, "output"), options.original_name
    if name is None:
        return output
    folder = user_path(output or ".", "output")
    if not name or Path(name).name != name:
        raise InputError("A name must be that of a file, its folder is given by -o", received={"name": name})
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The output must be writable: {error.strerror}", received={"output": str(folder)}) from None
    return folder / f"{name}{ending}"

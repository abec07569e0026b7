"""The command line of `zoo completion`: a script by which a shell completes commands, options, models and files."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import registry
from zoo.commands.parser import Parser
from zoo.commands.printing import present
from zoo.errors import MissingExtra

EXAMPLES = (
    "zoo completion bash",
    "zoo completion fish",
)
_SHELLS = ("bash", "zsh", "fish")
_MODELS = "_zoo_models"  # the function that each script has, which lists models and files
_MOST_VALUES = 9  # of an option, that zsh completes
_AFTER = """function _zoo_after
  set -l given (string match -- '-*' (commandline -opc))
  set -q given[1]; and contains -- $given[-1] $argv
end"""
_FOR_MODELS = ("name", "names", "models", "pattern")  # positional arguments that are models
_MODEL_OPTIONS = {"--model", "--from", "--bias", "--compare"}
_METAVARS = {"BASE", "BED", "BIGWIG", "FILE", "FOLDER", "GTF", "MEME", "NAME=BW", "NARROWPEAK", "PATH", "SITES"}
_METAVARS |= {"TABLE|NAME=BW", "TSV", "VARIANTS", "VCF"}
_DESTS = {"genome", "signal", "regions", "blacklist", "peaks", "measured", "families"}


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo completion`."""
    text = """whose script is printed: eval "$(zoo completion bash)" in ~/.bashrc, the same of zsh in ~/.zshrc after
    compinit; of fish to be written to ~/.config/fish/completions/zoo.fish"""
    parser.add_argument("shell", choices=_SHELLS, help=text)


def run(options: argparse.Namespace) -> None:
    """Run `zoo completion`."""
    made = script(options.parser, options.shell)
    present(options, {"shell": options.shell, "script": made}, made)


def script(parser: Parser, shell: str) -> str:
    """The script of a shell, with the models that the registry has now.

    Args:
        parser: of the whole command line.
        shell: bash, zsh or fish.

    Raises:
        MissingExtra: shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise MissingExtra(
            "The package shtab must be installed to write completions",
            extra="completion",
        ) from None
    for action in _actions(parser):
        if _is_model(action):
            action.complete = {"bash": _MODELS, "zsh": _MODELS, "fish": f"({_MODELS})"}
        elif _is_file(action):
            action.complete = shtab.FILE
        if shell == "zsh" and _takes_several(action):
            one = f"{action.metavar or action.dest}:{_offers(action)['zsh']}::"
            action.metavar = one * (_MOST_VALUES - 1) + str(action.metavar or action.dest)
    made = shtab.complete(parser, shell, preamble=_models(shell))
    further = {"zsh": _as_zsh_reads, "fish": lambda made: "\n".join([made, _AFTER, *_further_values(parser)])}
    return further.get(shell, str)(made)


def _as_zsh_reads(made: str) -> str:
    """shtab's script, with arguments of any number, of which it has the first only, and for `source`, too."""
    made = re.sub(r'^  "\(\*\)::?', '  "*:', made, flags=re.MULTILINE)
    return made.replace("[-1] == eval ]]", "[-1] == (eval|file) ]]")


def _takes_several(action: argparse.Action) -> bool:
    """Whether an option takes any number of values that can be completed, of which shtab has the first only."""
    return bool(action.option_strings) and action.nargs in ("+", "*") and hasattr(action, "complete")


def _offers(action: argparse.Action) -> dict[str, str]:
    """What each shell offers for a value."""
    files = {"zsh": "_files", "fish": "(__fish_complete_path (commandline -ct))"}
    return action.complete if _is_model(action) else files


def _further_values(parser: Parser) -> Iterator[str]:
    """Lines of fish for the values of an option after its first."""
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for name, command in commands.choices.items():
        for action in filter(_takes_several, command._actions):
            after = f"_shtab_zoo_using {name}; and _zoo_after {' '.join(action.option_strings)}"
            yield f"complete -c zoo -n '{after}' -ka \"{_offers(action)['fish']}\""


def _actions(parser: Parser) -> Iterator[argparse.Action]:
    """Those of a parser and of all its sub-commands, which have all their options from now on."""
    parser.fill()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
        elif not action.choices and action.nargs != 0:
            yield action


def _is_model(action: argparse.Action) -> bool:
    return bool(_MODEL_OPTIONS & {*action.option_strings}) or (not action.option_strings and action.dest in _FOR_MODELS)


def _is_file(action: argparse.Action) -> bool:
    """By its type, by what stands for it in the help, by its name, or by the keyword of Python that it is."""
    named = action.metavar in _METAVARS or action.dest in _DESTS
    return named or action.type is Path or getattr(action, "is_path", False)


def _models(shell: str) -> str:
    """The function of a shell that lists the models of the registry and files."""
    names = shlex.join(entry.name for entry in registry.list_models())
    return {
        "bash": f'{_MODELS}() {{\n  compgen -W "{names}" -- "$1"\n  compgen -f -- "$1"\n}}',
        "zsh": f"{_MODELS}() {{\n  compadd -- {names}\n  _files\n}}",
        "fish": f"function {_MODELS}\n  printf '%s\\n' {names}\n  __fish_complete_path (commandline -ct)\nend",
    }[shell]

"""argparse with errors of ours: what must hold, what was received, and which option or command was meant."""

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from zoo.commands import reporting
from zoo.commands.printing import add_json
from zoo.console.values import RECEIVED, real, shortened, whole
from zoo.errors import InputError

COMMAND = "COMMAND"
_CHOICE = re.compile(r"invalid choice: (?P<value>.*) \(choose from (?P<known>.*)\)", re.DOTALL)
_REQUIRED = re.compile(r"the following arguments are required: (.*)")
_ONE_OF = re.compile(r"one of the arguments (.*) is required")
_TOGETHER = re.compile(r"not allowed with argument (.*)")
_NUMBER = re.compile(r"expected (.*) (argument|arguments)")


class Several(str):
    """The first value of an option that has several.

    Attributes:
        values: all of them.
    """

    def __new__(cls, first: str, more: str) -> "Several":
        """Those of `first`, if it has several already, and one more."""
        made = super().__new__(cls, first)
        made.values = (*getattr(first, "values", (str(first),)), more)
        return made


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes no abbreviation of an option for it, reads numbers strictly, and raises.

    Args:
        fill: gives it its options, when it comes to parse.
        choices: of `ArgumentParser`.

    Attributes:
        examples: command lines that its help ends with.

    Raises:
        InputError: by `parse_args`, for a command line that cannot be used.
    """

    def __init__(self, fill: Callable[["Parser"], None] | None = None, **choices: object) -> None:
        self._fill, self._several = fill, {}
        self.examples: Sequence[str] = ()
        super().__init__(**{"allow_abbrev": False, "exit_on_error": False, **choices})
        self.register("type", int, whole())
        self.register("type", float, real())
        self._negative_number_matcher = re.compile(r"-\.?\d.*")  # argparse's takes -1e-3 for an option

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None):
        """As argparse's, but nothing remains unknown."""
        self.fill()
        self._given = list(args or ())
        try:
            parsed, unknown = super().parse_known_args(self._joined(self._given), namespace)
        except argparse.ArgumentError as error:
            raise self._refused(error.argument_name, error.message) from None
        if unknown:
            raise self._unknown(unknown)
        return parsed, unknown

    def take_several(self, action: argparse.Action, fits: Callable[[str], bool]) -> None:
        """Have an option of one value take more, as `Several`, as long as those that follow it fit.

        With `nargs="+"` it would also take positional arguments that stand behind it.
        """
        self._several[action] = fits

    def _joined(self, args: Sequence[str]) -> list[str]:
        joined: list[str] = []
        for argument in args:
            option = self._option_string_actions.get(joined[-2]) if len(joined) > 1 else None
            if option in self._several and not argument.startswith("-") and self._several[option](argument):
                joined[-1] = Several(joined[-1], argument)
            else:
                joined.append(argument)
        return joined

    def fill(self) -> None:
        """Have all options, from now on; a command, unless it has commands of its own, also those that all have."""
        fill, self._fill = self._fill, None
        if fill is None:
            return
        fill(self)
        if self._subparsers is None:
            if "--json" not in self._option_string_actions:
                add_json(self)
            reporting.add_options(self, default=argparse.SUPPRESS)

    def format_help(self) -> str:
        """As argparse's, with the examples, each on one line so that it can be copied."""
        title = "example" if len(self.examples) == 1 else "examples"
        shown = [f"\n{title}:\n", *(f"  {example}\n" for example in self.examples)] if self.examples else []
        return "".join([super().format_help(), *shown])

    def error(self, message: str):
        """Raise what argparse would print before it exits."""
        subject, must, rest = message.partition(" must ")
        if must:  # an action's of ours
            raise InputError(f"{subject} must {rest}")
        match = _REQUIRED.fullmatch(message) or _ONE_OF.fullmatch(message)
        if match is None:
            raise InputError(f"The command line must be one that `{self.prog}` takes", hint=message)
        known = self._option_string_actions
        if unknown := [text for text in self._given if text[:2] == "--" and text.split("=")[0] not in known]:
            raise self._unknown(unknown)  # a misspelled option is why a required one is missing
        names = " or ".join(match[1].split(" ")) if match.re is _ONE_OF else match[1]
        raise InputError(f"`{self.prog}` must be given {names}", hint=self._help())

    def _get_value(self, action: argparse.Action, arg_string: str) -> object:
        """As argparse's, but an empty text, such as of a variable of the shell that is not set, is no value."""
        if not arg_string.strip() and action.dest != argparse.SUPPRESS:  # else it is a command's, which looks itself
            raise argparse.ArgumentError(action, f"must not be empty{RECEIVED}{arg_string!r}")
        return super()._get_value(action, arg_string)

    def _get_option_tuples(self, option_string: str) -> list:
        """No option by its beginning: argparse reads `-chromosome` as `-c hromosome` with any `allow_abbrev`."""
        return []

    def _print_message(self, message: str, file: TextIO | None = None) -> None:
        """Print a help; argparse's would not report a full disk."""
        (file or sys.stderr).write(message)

    def _refused(self, name: str | None, message: str) -> InputError:
        """The error for a value of an option or argument."""
        name = (name or "An argument").split("/")[0]
        if choice := _CHOICE.fullmatch(message):
            known = [option.strip("'\" ") for option in choice["known"].split(",")]
            return self._not_among(name, choice["value"].strip("'\""), known)
        if together := _TOGETHER.fullmatch(message):
            return InputError(f"{name} must not be given together with {together[1].split('/')[0]}")
        if message.startswith("ignored explicit argument "):
            message = f"have no value{RECEIVED}{message.removeprefix('ignored explicit argument ')}"
        elif number := _NUMBER.fullmatch(message):
            message = f"have {number[1]} value{'s' if number[2].endswith('s') else ''}"
        rule, _, value = message.removeprefix("must ").partition(RECEIVED)
        received = {name.lstrip("-"): value[1:-1]} if value else None
        return InputError(f"{name} must {rule}", received=received)

    def _not_among(self, name: str, value: str, known: Sequence[str]) -> InputError:
        near = closest(value, known)
        hint = f"The closest is {near}" if near else None
        received = {name.lstrip("-").lower(): shortened(value)}
        if name == COMMAND:
            raise InputError("The command must be one of those that `zoo --help` lists", received=received, hint=hint)
        return InputError(f"{name} must be one of {', '.join(known)}", received=received, hint=hint)

    def _unknown(self, unknown: Sequence[str]) -> InputError:
        given = [argument.split("=")[0] for argument in unknown if argument.startswith("-")]
        shown = (action for action in self._actions if action.help != argparse.SUPPRESS)
        near = closest(given[0], (option for action in shown for option in action.option_strings)) if given else None
        received = {"unknown": [shortened(argument) for argument in unknown[:5]]}
        if not given:
            return InputError(f"`{self.prog}` must have no further arguments", received=received, hint=self._help())
        hint = f"The closest is {near}" if near else self._help()
        return InputError(f"`{self.prog}` must have options that it knows", received=received, hint=hint)

    def _help(self) -> str:
        return f"`{self.prog} --help` lists what it takes"


def closest(value: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a value, if any is."""
    return next(iter(difflib.get_close_matches(value, list(known), n=1, cutoff=0.6)), None)

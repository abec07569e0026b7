"""Options made of a public function's keywords, so that Python and the command line cannot drift apart.

A command has a `Signature` for each function that it calls. A new keyword is an option without another line; what
differs stands in the signature's tables.
"""

import argparse
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zoo.console.keywords import MISSING, Keyword, keywords_of
from zoo.console.pairs import PairsAction

PROGRESS = {"progress": "a bar is shown in a terminal, and nowhere else"}
_TYPES = {"int": int, "float": float}
_SENTENCE = re.compile(r"(?:\([^()]*\)|[^(.;]|[.;](?! |$))*")  # to a full stop or semicolon outside of parentheses


@dataclass(frozen=True)
class Signature:
    """A public function or dataclass whose keywords are options.

    Attributes:
        source: `module:function`, as `keywords_of` takes it.
        differ: keyword → what `add_argument` is given instead of what follows from hint, default and docstring; `flags`
            are the option's spellings, none for a positional argument.
        common: the same for keywords of several functions, which this one may have; `differ` comes before it.
        left_out: keyword → why it is no option.
        added: option → why it is no keyword.
        unset: whether an option that is not given is None instead of the keyword's default.
    """

    source: str
    differ: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    common: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    unset: bool = False

    @property
    def keywords(self) -> dict[str, Keyword]:
        """Those that are options."""
        return {name: keyword for name, keyword in keywords_of(self.source).items() if name not in self.left_out}

    def dest(self, name: str) -> str:
        """The name that a keyword has among parsed options."""
        settings = self._differs(name)
        flags = settings.get("flags")
        return str(settings.get("dest") or (flags[0].lstrip("-").replace("-", "_") if flags else name))

    def default(self, name: str) -> object:
        """What a keyword is among parsed options if its option is not given."""
        return self._differs(name).get("default", self.keywords[name].default)

    def add(self, parser: argparse.ArgumentParser, groups: Mapping[str, str] | None = None) -> None:
        """Give a parser the options of all keywords but those that it has.

        Args:
            groups: title → names of its keywords; those that no group names come into the last one. Without titles they
                are the parser's own.
        """
        groups = groups or {"": ""}
        named = [name for names in groups.values() for name in names.split()]
        rest = [name for name in self.keywords if name not in named]
        for number, (title, names) in enumerate(groups.items(), start=1):
            known = {action.dest for action in parser._actions}
            group = group_of(parser, title)
            for name in (*names.split(), *(rest if number == len(groups) else ())):
                if self.dest(name) not in known:
                    self._add(group, self.keywords[name])

    def values(self, options: argparse.Namespace) -> dict[str, object]:
        """The keywords of a call, by parsed options."""
        return {name: getattr(options, self.dest(name)) for name in self.keywords}

    def _differs(self, name: str) -> dict[str, object]:
        return {**self.common.get(name, {}), **self.differ.get(name, {})}

    def _add(self, to: argparse._ActionsContainer, keyword: Keyword) -> None:
        settings = {**_settings(keyword, self.unset), **self._differs(keyword.name)}
        flags = settings.pop("flags", (f"--{keyword.name.replace('_', '-')}",))
        if not flags:  # argparse allows a positional argument neither of the two
            settings = {name: value for name, value in settings.items() if name not in ("required", "default")}
        action = to.add_argument(*(flags or (keyword.name,)), **settings)
        action.is_path = any("Path" in hint for hint in keyword.hints)  # for the completion of shells


def exclude(parser: argparse.ArgumentParser, dests: Iterable[str], required: bool = False):
    """Have a parser take one of some options only. Returns argparse's group of them."""
    group = parser.add_mutually_exclusive_group(required=required)
    group._group_actions.extend(action for action in parser._actions if action.dest in dests)
    for action in group._group_actions:
        action.required = False
    for listed in (parser._actions, *(each._group_actions for each in parser._action_groups)):
        if mine := [action for action in listed if action in group._group_actions]:  # side by side, for the usage
            place = listed.index(mine[0])
            rest = [action for action in listed if action not in mine]
            listed[:] = [*rest[:place], *mine, *rest[place:]]
    return group


def group_of(parser: argparse.ArgumentParser, title: str) -> argparse._ActionsContainer:
    """The group of that title, which is made if there is none; without a title the parser."""
    if not title:
        return parser
    groups = {each.title: each for each in parser._action_groups}
    return groups[title] if title in groups else parser.add_argument_group(title)


def _settings(keyword: Keyword, unset: bool) -> dict[str, object]:
    """What `add_argument` is given for a keyword."""
    default = keyword.default
    settings: dict[str, object] = {"help": _help(keyword, unset).replace("%", "%%")}
    if default is MISSING and not unset:
        settings["required"] = True
    else:
        settings["default"] = None if unset or default in ((), MISSING) else default
    hints = set(keyword.hints)
    if hints == {"bool"}:
        return settings | {"action": "store_true" if default is False else argparse.BooleanOptionalAction}
    if "Path" not in hints and any(hint.startswith(("Sequence[str", "tuple[str, ...")) for hint in hints):
        settings |= {"nargs": "+"}
    elif hints == {"Mapping[str, object]"}:
        settings |= {"action": PairsAction}
    elif len(hints) == 1 and (kind := _TYPES.get(keyword.hints[0])):
        settings |= {"type": kind}
    return settings


def _help(keyword: Keyword, unset: bool) -> str:
    """The first sentence of the docstring's, and the default where the command line has it."""
    text = _SENTENCE.match(keyword.text)[0].replace("`", "")
    if unset or isinstance(keyword.default, bool) or keyword.default in (None, MISSING, "", ()) or "default" in text:
        return text
    shown = f"{keyword.default:g}" if isinstance(keyword.default, float) else keyword.default
    return f"{text} (default {shown})".strip()

"""Tables of named things that are open to additions from outside, and never to replacement."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from zoo.errors import InputError

Entry = TypeVar("Entry")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class Table(Mapping[str, Entry]):
    """Name → entry, in the order in which they were added.

    Args:
        what: an entry is, for messages, such as "variant score".
        entries: the zoo's own, which stay.
    """

    def __init__(self, what: str, entries: Mapping[str, Entry]) -> None:
        self._what, self._entries, self._own = what, dict(entries), frozenset(entries)

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"Table({self._what}: {', '.join(self._entries)})"

    def add(self, name: str, entry: Entry) -> None:
        """Add an entry. Raises `InputError` for a name that is taken, or is none."""
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise InputError(
                f"The name of a {self._what} must be a letter, then letters, digits and underscores",
                example=next(iter(self._entries), None),
                received={"name": name},
            )
        if name in self._entries:
            raise InputError(
                f"A {self._what} must have a name of its own", received={"name": name}, hint=self._known(self._entries)
            )
        self._entries[name] = entry

    def remove(self, name: str) -> None:
        """Take back what `add` added. Raises `InputError` for anything else."""
        added = [known for known in self._entries if known not in self._own]
        if name not in added:
            raise InputError(
                f"A {self._what} that is removed must be one that was added from outside",
                received={"name": name},
                hint=self._known(added),
            )
        del self._entries[name]

    def _known(self, names: Mapping[str, Entry] | list[str]) -> str:
        return f"Known are {', '.join(names) or 'none'}"

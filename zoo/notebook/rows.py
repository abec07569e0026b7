"""Lists of things with columns, which a notebook shows as a table and a terminal as lines."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, TypeVar

from registry.errors import printable
from zoo.notebook.models import parts_of
from zoo.notebook.tables import MOST, shown, table, titled
from zoo.notebook.terminal import described

Item = TypeVar("Item")
_WIDEST = 60  # characters of a column of a terminal


class Rows(list[Item]):
    """A list that is shown as a table; everything else is as of a list."""

    what: ClassVar[str]
    """What its items are, in the plural."""
    columns: ClassVar[tuple[str, ...]]

    def cells(self, item: Item) -> Sequence[object]:
        """An item's, one for each column."""
        raise NotImplementedError

    def __getitem__(self, index):
        found = super().__getitem__(index)
        return type(self)(found) if isinstance(index, slice) else found

    def __repr__(self) -> str:
        lines = [self.columns, *([shown(cell) for cell in self.cells(item)] for item in self[:MOST])]
        more = [f"… and {len(self) - MOST:,} more {self.what}"] if len(self) > MOST else []
        return "\n".join([*_aligned(lines), *more]) if self else f"no {self.what}"

    def _repr_html_(self) -> str:
        rows = map(self.cells, self)
        return titled(f"{len(self):,} {self.what}", *([table(self.columns, rows, count=len(self))] if self else []))


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    cut = [[printable(cell)[:_WIDEST] for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    return ("  ".join(map(str.ljust, line, widths)).rstrip() for line in cut)


class Described(dict):
    """What is known of a model: a plain JSON object, which a notebook shows as tables and a terminal as lines."""

    def __repr__(self) -> str:
        try:
            return "\n".join(map(printable, described(self).splitlines()))
        except (KeyError, TypeError, ValueError, AttributeError):  # it has been changed
            return super().__repr__()

    def _repr_html_(self) -> str:
        return titled(self["name"], *parts_of(self))

"""A unit of a pass by its numbers and its name, and the file that says what the pass is."""

import re
from dataclasses import dataclass
from pathlib import Path

from registry.paths import user_path
from zoo.errors import InputError
from zoo.workers.places import REQUEST

_NAME = re.compile(r"(\d{3,})-(\d{6,})-(\d{4,})", re.ASCII)


@dataclass(frozen=True, order=True)
class Unit:
    """A piece of the work: numbers of the group, of the piece and of the sample."""

    group: int
    piece: int
    sample: int

    @property
    def label(self) -> str:
        """Its name in a plan."""
        return f"{self.group:03d}-{self.piece:06d}-{self.sample:04d}"

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.label}.npz"


def request_of(folder: str | Path) -> Path:
    """The file of what was asked for, in the folder of a plan. Raises `InputError` if there is none."""
    path = user_path(folder, "folder") / f"part-{REQUEST}"
    if not path.is_file():
        raise InputError(
            "The folder of a plan must hold work that is not finished",
            received={"folder": str(folder)},
            example="out/atlas.partial",
            hint="`zoo predict … --output out/atlas --plan units.tsv` makes it",
        )
    return path


def unit_of(name: str) -> Unit:
    """A unit by its name in a plan. Raises `InputError`."""
    if (match := _NAME.fullmatch(name)) is None:
        raise InputError("A unit must be named as in the plan", example="000-000000-0000", received={"unit": name})
    return Unit(*map(int, match.groups()))

"""The units of a pass as a table, for a scheduler that is not ours."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.paths import user_path
from zoo.errors import InputError
from zoo.files.atomic import check_apart, writing
from zoo.files.partial import Partial
from zoo.many.unit import Unit
from zoo.many.work import Work

_COLUMNS = ("unit", "group", "models", "sample", "chrom", "start", "end", "windows", "command")
_HEADER = "\t".join(_COLUMNS) + "\n"


@dataclass(frozen=True)
class Plan:
    """A plan that was written.

    Attributes:
        path: of the table.
        folder: where units are kept until the same call without a plan gathers them.
        units: that are left to compute, which the table lists.
        total: with those that are there already.
    """

    path: Path
    folder: Path
    units: int
    total: int

    def __str__(self) -> str:
        there = f" ({self.total - self.units:,} of {self.total:,} are there)" if self.total > self.units else ""
        return f"{self.units:,} units to compute{there}: {self.path}\nThe same call without a plan gathers them."


def checked(value: object, reads: Iterable[object]) -> Path:
    """Where a plan is written: a new file, or a plan, which lists what is left to compute when it is made again.

    Raises `InputError` for a file that is read, or that is no plan.
    """
    path = user_path(value, "plan")
    check_apart([path], reads)
    if not path.exists():
        return path
    try:
        with open(path, "rb") as file:
            first = file.readline(1000)
    except OSError as error:
        raise InputError(f"A plan must be readable: {error.strerror}", received={"plan": str(path)}) from None
    if first not in (b"", _HEADER.encode()):
        raise InputError(
            "A plan must replace no file but an earlier plan",
            received={"plan": str(path)},
            hint="Choose another file, or remove that one",
        )
    return path


def write(path: Path, work: Work, output: Partial, left: Sequence[Unit], total: int) -> Plan:
    """Write units as tab-separated text with a header.

    Columns: unit (its name), group (number of a group of models), models (how many), sample (empty for DNA alone),
    chrom, start and end (bp, 0-based half-open; of several short chromosomes with commas), windows × models, and the
    command that computes it on any machine that sees the same paths.
    """
    folder = output.folder.absolute()
    with writing(path) as handle:
        handle.write(_HEADER)
        handle.writelines("\t".join(_row(work, unit, folder)) + "\n" for unit in left)
    return Plan(path, folder, len(left), total)


def _row(work: Work, unit: Unit, folder: Path) -> list[str]:
    group, plans = work.groups[unit.group], work.pieces[unit.group][unit.piece]
    bounds = [(plan.bounds[0] * plan.bin_size, min(plan.bounds[1] * plan.bin_size, plan.length)) for plan in plans]
    return [
        unit.label,
        str(unit.group),
        str(len(group.members)),
        work.samples[unit.group][unit.sample].name,
        ",".join(plan.chrom for plan in plans),
        ",".join(str(start) for start, _ in bounds),
        ",".join(str(end) for _, end in bounds),
        str(work.windows(unit)),
        shlex.join(["zoo", "unit", str(folder), unit.label]),
    ]

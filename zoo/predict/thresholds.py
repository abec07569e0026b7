"""From a name such as `f1` or `precision=0.9` to a score, by a calibration table: the model's own or a user's."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import is_number
from zoo.errors import InputError, IntegrityError, warn

COLUMNS = {
    "threshold": "Standard_Thresh",
    "precision": "Monotonic_Avg_Precision",
    "recall": "Monotonic_Avg_Recall",
    "log2fc": "Monotonic_Avg_log2FC",
    "f1": "Avg_F1",
}
_OF_THE_PROGRAM = {  # what maxATAC's `threshold` writes; its released tables have the names above
    "Threshold": "threshold",
    "Monotonic_Precision": "precision",
    "Monotonic_Recall": "recall",
    "Monotonic_log2FC": "log2fc",
    "Monotonic_F1": "f1",
}
_KEYS = {**{column: key for key, column in COLUMNS.items()}, **_OF_THE_PROGRAM}
_MOST_BYTES = 64 << 20  # of a file; a table of every distinct score of a chromosome fits
_MOST_FOLD = 100.0  # log2; a fold change of 2 to the power of 64 cannot be counted
_SLACK = 1e-6  # of numbers that other programs rounded
_LITTLE = 0.01  # recall below which a threshold finds next to nothing
_ASKED = ("f1", "precision=0.5", "precision=0.7", "precision=0.9", "recall=0.5")
EXAMPLES = '"f1", "precision=0.9", "recall=0.5", "log2fc=6" or a number such as 0.45'


@dataclass(frozen=True)
class Threshold:
    """A score, how it was asked for, and what a table promises for it (None without a table)."""

    asked: str
    score: float
    precision: float | None = None
    recall: float | None = None
    log2fc: float | None = None
    f1: float | None = None

    def to_json(self) -> dict:
        """A plain JSON object."""
        return asdict(self)

    def __str__(self) -> str:
        promised = [f"{key} {value:.3f}" for key, value in asdict(self).items() if key in COLUMNS and value is not None]
        return f"{self.asked}: score >= {self.score:g}" + (f" ({', '.join(promised)})" if promised else "")


@dataclass(frozen=True)
class ThresholdTable:
    """Precision, recall, log2 fold change over random and F1 at rising thresholds.

    maxATAC's tables (Cazares et al. 2023, Methods, "Calibration of thresholds") were measured on chromosome 2 in bins
    of 200 bp, averaged over the validation cell types. Precision never falls and recall never rises along a table.
    Rows whose recall is 0 promise nothing: they were measured on no call, or on none that was right.

    Attributes:
        columns: `threshold`, `precision`, `recall`, `log2fc`, `f1`, float64 arrays of equal length.
    """

    columns: dict[str, np.ndarray]

    @classmethod
    def read(cls, path: str | Path) -> "ThresholdTable":
        """Read a table: a model's `thresholds.tsv`, one of `zoo calibrate`, or one of maxATAC (`--cutoff_file`).

        Columns may have the names of maxATAC's released tables or those that its program writes.

        Raises:
            IntegrityError: not such a table, a number out of its range, or columns that are not monotone; it names the
                line and the column.
        """
        path = user_path(path, "table")
        header, *lines = _lines(path)
        keys = [_KEYS.get(name) for name in header.split()]
        if None in keys or sorted(keys) != sorted(COLUMNS):
            raise IntegrityError(
                "A threshold table must have five columns",
                where=path,
                example="  ".join(COLUMNS.values()),
                received={"columns": header.split()[:8]},
                hint="Make one with `zoo calibrate`",
            )
        numbered = [(number, line.split()) for number, line in enumerate(lines, start=2) if line.strip()]
        rows = np.array([_row(path, number, cells) for number, cells in numbered], np.float64).reshape(-1, len(keys))
        columns = {key: rows[:, keys.index(key)] for key in COLUMNS}
        _check(columns, path, header.split(), keys, [number for number, _ in numbered])
        return cls(columns)

    def to_tsv(self) -> str:
        """The table as `read` reads it."""
        rows = np.stack([self.columns[key] for key in COLUMNS], axis=1)
        lines = ["\t".join(COLUMNS.values()), *("\t".join(f"{value:.10g}" for value in row) for row in rows.tolist())]
        return "\n".join(lines) + "\n"

    def examples(self) -> list[tuple[str, float, float, float]]:
        """Name, score, precision and recall of thresholds that people ask for, as far as the table reaches them."""
        rows = []
        for name in _ASKED:
            try:
                found = _of_table(name, self)
            except InputError:
                continue
            rows.append((name, found.score, found.precision, found.recall))
        return rows

    def row(self, asked: str, index: int, score: float | None = None) -> Threshold:
        """The threshold at a row, or at `score` with what the row promises; that is nothing if its recall is 0."""
        values = {key: float(column[index]) for key, column in self.columns.items()}
        table_score = values.pop("threshold")
        promised = values if values["recall"] > 0 else {}
        return Threshold(asked, table_score if score is None else score, **promised)

    def at_least(self, column: str, value: float) -> Threshold:
        """The threshold that reaches `value` in a column at the least cost in the others.

        That is the lowest threshold for precision and log2fc, which rise along the table, and the highest one for
        recall, which falls. Rows whose recall is 0 are none. Raises `InputError` if no threshold reaches it.
        """
        measured = self.columns["recall"] > 0
        reached = np.flatnonzero(measured & (self.columns[column] >= value))
        if not reached.size:
            most = self.columns[column][measured].max(initial=0.0)
            raise InputError(
                f"The {column} must be within the table's reach, {most:.4g} at most",
                received={"threshold": f"{column}={value:g}"},
                hint=f"Ask for a lower {column}, or give a score",
            )
        return self.row(f"{column}={value:g}", reached[-1 if column == "recall" else 0])

    def best_f1(self) -> Threshold:
        """The threshold of the best F1. Raises `InputError` if no threshold finds anything."""
        best = int(np.argmax(self.columns["f1"]))
        if not (self.columns["f1"][best] > 0 and self.columns["recall"][best] > 0):
            raise InputError(
                "A table must have a threshold with an F1 above 0",
                received={"best F1": float(self.columns["f1"][best])},
                hint="Give a score instead",
            )
        return self.row("f1", best)


def checked(asked: object) -> str | float | None:
    """A threshold as a user asks for it; None for none. Raises `InputError` for what is neither text nor a number."""
    if asked is None or isinstance(asked, str) or is_number(asked):
        return asked
    raise InputError("A threshold must be a name or a score", example=EXAMPLES, received={"threshold": asked})


def resolve(asked: str | float, table: ThresholdTable | None) -> Threshold:
    """The score that `asked` stands for; bins whose score, in double precision, is at least that are called.

    A threshold by a table's promise that finds less than 1 % of what is bound is warned about.

    Args:
        asked: `f1` (the threshold of the best F1), `precision=P`, `recall=R`, `log2fc=L`, or a score, in 0 to 1.
        table: the model's own table, or a user's; without one only a score can be asked for, of whatever size.

    Raises:
        InputError: not one of these, or out of the table's reach.
    """
    found = _of_table(checked(asked), table)
    if found.recall is not None and found.recall < _LITTLE and _number(str(asked)) is None:
        warn(f"The threshold {found.asked}, a score of {found.score:g}, finds {found.recall:.2%} of what is bound")
    return found


def _of_table(asked: str | float, table: ThresholdTable | None) -> Threshold:
    name, equals, value = (part.strip() for part in str(asked).lower().partition("="))
    number = _number(value if equals else name)
    if number is not None and not equals:
        return Threshold(f"{number:g}", number) if table is None else _at_score(number, table, asked)
    if not (name == "f1" and not equals) and not (name in ("precision", "recall", "log2fc") and number is not None):
        raise InputError("A threshold must be a name or a score", example=EXAMPLES, received={"threshold": asked})
    if name in ("precision", "recall") and not 0 < number <= 1:
        raise InputError(
            f"A {name} must be above 0 and at most 1", example=f"{name}=0.5", received={"threshold": asked}
        )
    if table is None:
        raise InputError(
            f"A threshold named {name!r} must have a threshold table, and this model has none",
            example="0.5",
            received={"threshold": asked},
            hint="Give a score, or a table of `zoo calibrate`",
        )
    return table.best_f1() if name == "f1" else table.at_least(name, number)


def _at_score(number: float, table: ThresholdTable, asked: object) -> Threshold:
    """A score with what the table promises at it; beyond the table's last threshold that is nothing."""
    if not 0 <= number <= 1:
        raise InputError("A threshold given as a number must be a score from 0 to 1", received={"threshold": asked})
    known = table.columns["threshold"]
    below = int(np.searchsorted(known, number + 1e-9, side="right")) - 1
    if below < 0 or (number > known[-1] + 1e-9):
        return Threshold(f"{number:g}", number)
    return table.row(f"{number:g}", below, score=number)


def _number(text: str) -> float | None:
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _lines(path: Path) -> list[str]:
    """All lines of a file, of which the first one is the header."""
    try:
        with open(path, "rb") as handle:
            data = handle.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES >> 20} MB")
        return data.decode("utf-8-sig").splitlines() or [""]
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise IntegrityError(f"A threshold table must be readable text: {problem}", where=path) from None


def _row(path: Path, number: int, cells: list[str]) -> list[float]:
    values = [_number(cell) for cell in cells]
    if len(values) != len(COLUMNS) or None in values:
        raise IntegrityError(
            f"A row of a threshold table must have {len(COLUMNS)} finite numbers",
            where=f"{path}, line {number}",
            received={"row": " ".join(cells)[:80]},
        )
    return values


def _check(columns: dict[str, np.ndarray], path: Path, header: list[str], keys: list[str], numbers: list[int]) -> None:
    """Raise `IntegrityError` at the first number that is out of its range or breaks its column's order."""

    def refuse(what: str, key: str, wrong: np.ndarray) -> None:
        if wrong.any():
            at = int(np.argmax(wrong))
            raise IntegrityError(
                f"A threshold table must have {what}",
                where=f"{path}, line {numbers[at]}, column {header[keys.index(key)]}",
                received={key: float(columns[key][at])},
            )

    if not numbers:
        raise IntegrityError("A threshold table must have a row", where=path)
    for key in ("threshold", "precision", "recall", "f1"):
        wrong = (columns[key] < 0) | (columns[key] > 1 + _SLACK)
        refuse(f"values of {key} from 0 to 1", key, wrong)
    refuse("log2 fold changes of at most 100", "log2fc", abs(columns["log2fc"]) > _MOST_FOLD)
    rises = {key: np.diff(column, prepend=column[0]) for key, column in columns.items()}
    rises["threshold"][0] = 1.0
    if header[keys.index("threshold")] in _OF_THE_PROGRAM and columns["threshold"][-1] == 1:
        rises["threshold"][-1] += _SLACK  # the program repeats its last row with the threshold 1
    refuse("thresholds that rise from row to row", "threshold", rises["threshold"] <= 0)
    for key in ("precision", "log2fc"):
        refuse(f"values of {key} that never fall", key, rises[key] < -_SLACK)
    refuse("values of recall that never rise", "recall", rises["recall"] > _SLACK)

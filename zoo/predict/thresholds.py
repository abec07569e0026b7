"""From a name such as `f1` or `precision=0.9` to a score, by the model's own calibration table."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError, IntegrityError

COLUMNS = {
    "threshold": "Standard_Thresh",
    "precision": "Monotonic_Avg_Precision",
    "recall": "Monotonic_Avg_Recall",
    "log2fc": "Monotonic_Avg_log2FC",
    "f1": "Avg_F1",
}
_ASKED = ("f1", "precision=0.5", "precision=0.7", "precision=0.9", "recall=0.5")
EXAMPLES = '"f1", "precision=0.9", "recall=0.5", "log2fc=6" or a number such as 0.45'


@dataclass(frozen=True)
class Threshold:
    """A score, how it was asked for, and what the model's table promises for it (None without a table)."""

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
        return f"{self.asked}: score ≥ {self.score:g}" + (f" ({', '.join(promised)})" if promised else "")


@dataclass(frozen=True)
class ThresholdTable:
    """Precision, recall, log2 fold change over random and F1 at rising thresholds.

    maxATAC's tables (Cazares et al. 2023, Methods, "Calibration of thresholds") were measured on chromosome 2 in bins
    of 200 bp, averaged over the validation cell types. Precision never falls and recall never rises along a table.

    Attributes:
        columns: `threshold`, `precision`, `recall`, `log2fc`, `f1`, float64 arrays of equal length.
    """

    columns: dict[str, np.ndarray]

    @classmethod
    def read(cls, path: Path) -> "ThresholdTable":
        """Read `thresholds.tsv` with the columns of maxATAC. Raises `IntegrityError` if it is another table."""
        try:
            with open(path, encoding="utf-8") as handle:
                header = handle.readline().split()
                lines = handle.read().splitlines()
            rows = np.loadtxt(lines, ndmin=2) if lines else np.empty((0, 0))
        except (OSError, ValueError) as error:
            raise IntegrityError(f"A threshold table can be read ({error})", where=path) from None
        if (
            sorted(header) != sorted(COLUMNS.values())
            or rows.shape[1:] != (len(COLUMNS),)
            or not np.isfinite(rows).all()
        ):
            raise IntegrityError(
                f"A threshold table has the columns {', '.join(COLUMNS.values())} and finite numbers",
                where=path,
                received={"columns": header, "shape": rows.shape},
            )
        return cls({key: rows[:, header.index(column)] for key, column in COLUMNS.items()})

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
                found = resolve(name, self)
            except InputError:
                continue
            rows.append((name, found.score, found.precision, found.recall))
        return rows

    def row(self, asked: str, index: int, score: float | None = None) -> Threshold:
        """The threshold at a row of the table, or at `score` with what the row promises."""
        values = {key: float(column[index]) for key, column in self.columns.items()}
        table_score = values.pop("threshold")
        return Threshold(asked, table_score if score is None else score, **values)

    def at_least(self, column: str, value: float) -> Threshold:
        """The threshold that reaches `value` in a column at the least cost in the others.

        That is the lowest threshold for precision and log2fc, which rise along the table, and the highest one for
        recall, which falls. Raises `InputError` if no threshold reaches it.
        """
        reached = np.flatnonzero(self.columns[column] >= value)
        if not reached.size:
            raise InputError(
                f"This model's table reaches a {column} of {self.columns[column].max():.4g} at most",
                received={"threshold": f"{column}={value:g}"},
            )
        return self.row(f"{column}={value:g}", reached[-1 if column == "recall" else 0])


def resolve(asked: str | float, table: ThresholdTable | None) -> Threshold:
    """The score that `asked` stands for.

    Args:
        asked: `f1` (the threshold of the best F1), `precision=P`, `recall=R`, `log2fc=L`, or a score, in 0 to 1.
        table: the model's own table; without one only a score can be asked for, of whatever size.

    Raises:
        InputError: not one of these, or out of the table's reach.
    """
    name, equals, value = (part.strip() for part in str(asked).lower().partition("="))
    number = _number(value if equals else name)
    if number is not None and not equals:
        if table is None:
            return Threshold(f"{number:g}", number)
        if not 0 <= number <= 1:
            raise InputError("A threshold given as a number is a score from 0 to 1", received={"threshold": asked})
        below = np.searchsorted(table.columns["threshold"], number + 1e-9, side="right") - 1
        return table.row(f"{number:g}", max(int(below), 0), score=number)
    if not (name == "f1" and not equals) and not (name in ("precision", "recall", "log2fc") and number is not None):
        raise InputError("A threshold is a name or a score", example=EXAMPLES, received={"threshold": asked})
    if table is None:
        raise InputError("This model has no threshold table", example="threshold=0.5", received={"threshold": asked})
    if name == "f1":
        return table.row("f1", int(np.argmax(table.columns["f1"])))
    return table.at_least(name, number)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None

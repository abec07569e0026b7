"""From a name such as `f1` or `precision=0.9` to a score, by a calibration table: the model's own or a user's."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from registry.paths import user_path
from zoo.arguments import is_number
from zoo.errors import InputError, IntegrityError, warn
from zoo.genome import names
from zoo.notebook.models import thresholds
from zoo.notebook.pictures import drawn, inline
from zoo.notebook.tables import paragraph, titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = {
    "threshold": "Standard_Thresh",
    "precision": "Monotonic_Avg_Precision",
    "recall": "Monotonic_Avg_Recall",
    "log2fc": "Monotonic_Avg_log2FC",
    "f1": "Avg_F1",
}
INTERVAL = {"precision_low": "Precision_95_Low", "precision_high": "Precision_95_High"}
PROBABILITY = "probability"
_MORE = {**INTERVAL, PROBABILITY: "Probability"}  # which a table may lack, as the authors' do
_OF_THE_PROGRAM = {  # what maxATAC's `threshold` writes; its released tables have the names above
    "Threshold": "threshold",
    "Monotonic_Precision": "precision",
    "Monotonic_Recall": "recall",
    "Monotonic_log2FC": "log2fc",
    "Monotonic_F1": "f1",
}
_KEYS = {**{column: key for key, column in (COLUMNS | _MORE).items()}, **_OF_THE_PROGRAM}
_DECIMALS = 9  # to which scores were rounded when probabilities were counted
_MOST_BYTES = 64 << 20  # of a file; a table of every distinct score of a chromosome fits
_MOST_FOLD = 100.0  # log2; a fold change of 2 to the power of 64 cannot be counted
_SLACK = 1e-6  # of numbers that other programs rounded
_LITTLE = 0.01  # recall below which a threshold finds next to nothing
_ASKED = ("f1", "precision=0.5", "precision=0.7", "precision=0.9", "recall=0.5")
EXAMPLES = '"f1", "precision=0.9", "recall=0.5", "log2fc=6" or a number such as 0.45'


@dataclass(frozen=True)
class Threshold:
    """A score, how it was asked for, and what a table promises for it (None without a table).

    Attributes:
        asked: as a user names it.
        score: bins that have it, or a higher one, are called.
        precision: expected.
        recall: expected.
        log2fc: log2 of precision over random.
        f1: of precision and recall.
        precision_low: lower limit of the 95 % interval of the precision on other chromosomes with about as many sites
            as it was measured on; None of a table without intervals.
        precision_high: upper limit.
    """

    asked: str
    score: float
    precision: float | None = None
    recall: float | None = None
    log2fc: float | None = None
    f1: float | None = None
    precision_low: float | None = None
    precision_high: float | None = None

    def to_json(self) -> dict:
        """A plain JSON object; without intervals if there are none."""
        return {key: value for key, value in asdict(self).items() if key not in INTERVAL or value is not None}

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the precision, or None."""
        return None if self.precision_low is None else (self.precision_low, self.precision_high)

    def __str__(self) -> str:
        promised = [f"{key} {value:.3f}" for key, value in asdict(self).items() if key in COLUMNS and value is not None]
        if self.interval:
            promised[0] += " ({:.2f} to {:.2f})".format(*self.interval)
        return f"{self.asked}: score >= {self.score:g}" + (f" ({', '.join(promised)})" if promised else "")


@dataclass(frozen=True)
class Measured:
    """What a table was measured on.

    Attributes:
        chromosomes: whose bins were evaluated.
        samples: number of cell types.
        bins: number of bins, of all cell types together.
        positives: those of them that are bound.
        bin_size: bp.
    """

    chromosomes: tuple[str, ...]
    samples: int
    bins: int
    positives: int
    bin_size: int

    def __post_init__(self) -> None:
        if not (self.chromosomes and min(self.samples, self.bin_size) > 0 and 0 < self.positives <= self.bins):
            raise IntegrityError(
                "A threshold table must be measured on bins of at least one sample and chromosome, some of them bound",
                received={"samples": self.samples, "bins": self.bins, "positives": self.positives},
            )

    def __str__(self) -> str:
        several = f" in {self.samples} samples" if self.samples > 1 else ""
        bound = f"{self.positives:,} of {self.bins:,} bins of {self.bin_size} bp bound"
        return f"{names.some(self.chromosomes, 8)}{several}: {bound}"


@dataclass(frozen=True)
class ThresholdTable:
    """Precision, recall, log2 fold change over random and F1 at rising thresholds.

    maxATAC's tables (Cazares et al. 2023, Methods, "Calibration of thresholds") were measured on chromosome 2 in bins
    of 200 bp, averaged over the validation cell types. Precision never falls and recall never rises along a table.
    Rows whose recall is 0 promise nothing: they were measured on no call, or on none that was right.

    A table of `zoo calibrate` may have more: the 95 % interval of the precision (`zoo.evaluate.promises.interval`), and
    the probability that a bin is bound whose score is at least this threshold and below the next one
    (`zoo.evaluate.probabilities`).

    Attributes:
        columns: `threshold`, `precision`, `recall`, `log2fc`, `f1`, float64 arrays of equal length; there may be
            `precision_low` and `precision_high`, and `probability`.
        measured: on what, of a table that was just made; files do not say it.
    """

    columns: dict[str, np.ndarray]
    measured: Measured | None = None

    @classmethod
    def read(cls, path: str | Path) -> "ThresholdTable":
        """Read a table: a model's `thresholds.tsv`, one of `zoo calibrate`, or one of maxATAC (`--cutoff_file`).

        Columns may have the names of maxATAC's released tables or those that its program writes.

        Raises:
            IntegrityError: not such a table, a number out of its range, or columns that are not monotone; it names the
                line and the column.
        """
        path = user_path(path, "table")
        lines = _lines(path)
        header, *lines = lines
        keys = [_KEYS.get(name) for name in header.split()]
        more = set(keys) & set(_MORE)
        if None in keys or sorted(keys) != sorted([*COLUMNS, *more]) or len(more & set(INTERVAL)) == 1:
            raise IntegrityError(
                "A threshold table must have five columns, and may have three more",
                where=path,
                example="  ".join(COLUMNS.values()),
                received={"columns": header.split()[:8]},
                hint="Make one with `zoo calibrate`",
            )
        numbered = [(number, line.split()) for number, line in enumerate(lines, start=2) if line.strip()]
        rows = [_row(path, number, cells, len(keys)) for number, cells in numbered]
        values = np.array(rows, np.float64).reshape(-1, len(keys))
        columns = {key: values[:, keys.index(key)] for key in (*COLUMNS, *_MORE) if key in keys}
        _check(columns, path, header.split(), keys, [number for number, _ in numbered])
        return cls(columns)

    def to_tsv(self) -> str:
        """The table as `read` reads it."""
        known = {key: name for key, name in (COLUMNS | _MORE).items() if key in self.columns}
        rows = np.stack([self.columns[key] for key in known], axis=1)
        lines = ["\t".join(known.values()), *("\t".join(f"{value:.10g}" for value in row) for row in rows.tolist())]
        return "\n".join(lines) + "\n"

    @property
    def has_intervals(self) -> bool:
        """Whether it has those of the precision."""
        return set(INTERVAL) <= self.columns.keys()

    @property
    def has_probabilities(self) -> bool:
        """Whether scores can be turned into probabilities."""
        return PROBABILITY in self.columns

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """The probability that a bin with a score is bound.

        It never falls with the score, and is the same from one threshold to the next, so that scores which differ may
        have one probability: but for such ties, ranks and what depends on them, as AUPR does, stay. As the highest
        score of a bin of 200 bp has the highest probability, the bin has that of its highest score.

        Args:
            scores: of any shape; NaN stays.

        Returns:
            float32 of the same shape.

        Raises:
            InputError: the table has no probabilities.
        """
        if not self.has_probabilities:
            raise InputError(
                "Probabilities must come from a threshold table that has them",
                received={"columns": list(self.columns)},
                hint="Make one with `zoo calibrate --probabilities`",
            )
        rounded = np.round(np.asarray(scores, np.float64), _DECIMALS)
        rows = np.searchsorted(self.columns["threshold"], rounded, side="right") - 1
        found = self.columns[PROBABILITY].astype(np.float32)[np.maximum(rows, 0)]
        return np.where(np.isnan(rounded), np.float32(np.nan), found)

    def examples(self) -> list[tuple[str, float, float, float, tuple[float, float] | None]]:
        """Thresholds that people ask for, as far as the table reaches them: name, score, precision, recall, and the
        interval of the precision if there is one."""
        rows = []
        for name in _ASKED:
            try:
                found = _of_table(name, self)
            except InputError:
                continue
            rows.append((name, found.score, found.precision, found.recall, found.interval))
        return rows

    def rows(self) -> list[dict[str, object]]:
        """The same as JSON objects: threshold, score, precision, recall, interval."""
        keys = ("threshold", "score", "precision", "recall", "interval")
        return [dict(zip(keys, row, strict=True)) for row in self.examples()]

    def plot(self) -> "Figure":
        """Precision, recall and F1 at rising thresholds (`zoo.plot.curves.plot_thresholds`), as a figure."""
        return drawn("thresholds", self)

    def __repr__(self) -> str:
        best = int(np.argmax(self.columns["f1"]))
        at = f"best F1 {self.columns['f1'][best]:.3f} at {self.columns['threshold'][best]:g}"
        return f"ThresholdTable({len(self.columns['threshold']):,} thresholds, {at})"

    def _repr_html_(self) -> str:
        measured = "" if self.measured is None else paragraph(f"measured on {self.measured}")
        picture = inline(self.plot(), "Precision, recall and F1 at rising thresholds")
        return titled(repr(self), thresholds(self.rows()), measured, picture)

    def for_card(self) -> dict[str, object]:
        """The keywords of `registry.card.of_model` that are of the table."""
        measured = "" if self.measured is None else str(self.measured)
        return {"cutoffs": self.examples(), "measured": measured, "probabilities": self.has_probabilities}

    def row(self, asked: str, index: int, score: float | None = None) -> Threshold:
        """The threshold at a row, or at `score` with what the row promises; that is nothing if its recall is 0."""
        values = {key: float(column[index]) for key, column in self.columns.items() if key != PROBABILITY}
        table_score = values.pop("threshold")
        promised = values if values["recall"] > 0 else {}
        return Threshold(asked, table_score if score is None else score, **promised)

    def at_least(self, column: str, value: float) -> Threshold:
        """The threshold that reaches `value` in a column at the least cost in the others.

        That is the lowest threshold for precision and log2fc, which rise along the table, and the highest one for
        recall, which falls. Rows whose recall is 0 are none. Raises `InputError` if no threshold reaches it.

        >>> import zoo
        >>> print(zoo.load("yeast/REB1").thresholds.at_least("precision", 0.7))
        precision=0.7: score >= 0.299 (precision 0.702 (0.55 to 0.85), recall 0.548, log2fc 5.575, f1 0.616)
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


def _row(path: Path, number: int, cells: list[str], count: int) -> list[float]:
    values = [_number(cell) for cell in cells]
    if len(values) != count or None in values:
        raise IntegrityError(
            f"A row of a threshold table must have {count} finite numbers",
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
    bounded = [key for key in ("threshold", "precision", "recall", "f1", *_MORE) if key in columns]
    for key in bounded:
        wrong = (columns[key] < 0) | (columns[key] > 1 + _SLACK)
        refuse(f"values of {key} from 0 to 1", key, wrong)
    refuse("log2 fold changes of at most 100", "log2fc", abs(columns["log2fc"]) > _MOST_FOLD)
    rises = {key: np.diff(column, prepend=column[0]) for key, column in columns.items()}
    rises["threshold"][0] = 1.0
    if header[keys.index("threshold")] in _OF_THE_PROGRAM and columns["threshold"][-1] == 1:
        rises["threshold"][-1] += _SLACK  # the program repeats its last row with the threshold 1
    refuse("thresholds that rise from row to row", "threshold", rises["threshold"] <= 0)
    for key in [key for key in ("precision", "log2fc", *_MORE) if key in columns]:
        refuse(f"values of {key} that never fall", key, rises[key] < -_SLACK)
    refuse("values of recall that never rise", "recall", rises["recall"] > _SLACK)
    for key, sign in (("precision_low", 1), ("precision_high", -1)):
        if key in columns:
            outside = sign * (columns[key] - columns["precision"]) > _SLACK
            refuse("intervals around the precision", key, outside)

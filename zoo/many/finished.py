"""The files of a finished pass, read again: its record, its sites and tracks, its matrix."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.paths import user_path
from zoo.errors import InputError, IntegrityError
from zoo.files.record import read_own
from zoo.genome.interval import Interval
from zoo.genome.text import raw_lines, whole
from zoo.many.matrix import Matrix
from zoo.many.pieces import REDUCTIONS

KIND = "predictions of many models"
"""What the record of a pass calls it."""
HEAD = ("region", "name", "chrom", "start", "end", "bins")
"""Columns of a matrix's table before its scores."""
MATRIX, _BED, _BIGWIG = ".matrix.tsv", ".bed", ".bw"


@dataclass(frozen=True, eq=False)
class Finished:
    """The output of a finished pass.

    Attributes:
        path: `<base>.json`.
        record: its content.
    """

    path: Path
    record: Mapping

    @classmethod
    def of(cls, path: object, what: str = "predictions") -> "Finished":
        """From `<base>.json`, the argument `what`. Raises `InputError` for another file."""
        path = user_path(path, what)
        record = read_own(path) if path.is_file() else None
        if record is None or record.get("kind") != KIND:
            raise InputError(
                f"The {what} must be the record of a pass over models and samples",
                received={what: str(path)},
                example="out/atlas.json",
                hint="`zoo predict` of several models or samples writes it as OUTPUT.json",
            )
        return cls(path, record)

    @property
    def identity(self) -> str:
        """What all of its files depend on."""
        return self.record["identity_sha256"]

    @property
    def samples(self) -> list[str]:
        """Their names, in order."""
        return list(dict.fromkeys(row["sample"] for row in self.record["summary"]))

    @property
    def thresholds(self) -> dict[str, float | None]:
        """Name of a model → the score of its sites."""
        return {row["model"]: row["score"] for row in self.record["summary"]}

    def matrix(self) -> Matrix | None:
        """The highest scores in regions; None if no matrix was written. Raises `InputError` for other reductions."""
        name = next((name for name in self.record["files"] if name.endswith(MATRIX)), None)
        if name is None:
            return None
        if "max" not in self.record["reduce"]:
            raise InputError(
                "The matrix must have the highest score of each region",
                received={"reduce": self.record["reduce"]},
                example='reduce="max"',
            )
        found = read_matrix(self._whole(name), "max")
        if set(found.models) != set(self.thresholds) or set(found.samples) != set(self.samples):
            raise IntegrityError("A matrix must have a column for each model and sample", where=self.path)
        return found

    @property
    def has_tracks(self) -> bool:
        """Whether there are sites and tracks of all models with a threshold, and all samples."""
        return bool(self._names(_BED) and self._names(_BIGWIG))

    def beds(self) -> dict[tuple[str, str], Path]:
        """(Model, sample) → the BED file of its sites; none if they were not written."""
        return {pair: self._whole(name) for pair, name in self._names(_BED).items()}

    def bigwigs(self) -> dict[tuple[str, str], Path]:
        """(Model, sample) → the track of its scores; none if they were not written."""
        return {pair: self._whole(name) for pair, name in self._names(_BIGWIG).items()}

    def _names(self, suffix: str) -> dict[tuple[str, str], str]:
        """Names of the files of all pairs that can have one, written in the order of the summary; or none."""
        rows = [row for row in self.record["summary"] if suffix != _BED or row["score"] is not None]
        files = [name for name in self.record["files"] if name.endswith(suffix)]
        pairs = [(row["model"], row["sample"]) for row in rows]
        return dict(zip(pairs, files, strict=True)) if len(files) == len(pairs) else {}

    def _whole(self, name: str) -> Path:
        path = self.path.with_name(name)
        if not path.is_file() or sha256(path) != self.record["files"][name]:
            raise IntegrityError("The files of a pass must be as it left them", where=path)
        return path


def is_matrix(path: Path) -> bool:
    """Whether a file is the table of a matrix, by its first line."""
    return next(iter(raw_lines(path)), "").startswith("\t".join(HEAD))


def read_matrix(path: Path, reduction: str | None = None) -> Matrix:
    """Read the table of a `zoo.many.matrix.Matrix`.

    Args:
        path: `<base>.matrix.tsv`.
        reduction: which one; by default the first that it has.

    Raises:
        InputError: a line that is none of such a table, by its number; no such reduction.
    """
    lines = (line.rstrip("\r\n").split("\t") for line in raw_lines(path))
    header = next(lines)
    columns = [_column(name) for name in header[len(HEAD) :]]
    named = any(name for name, _, _ in columns)  # of a single reduction the table does not say which
    first = (reduction if named and reduction else columns[0][0]) if columns else ""
    kept = [place for place, (name, _, _) in enumerate(columns) if name == first]
    models, samples = (list(dict.fromkeys(columns[place][part] for place in kept)) for part in (1, 2))
    if not kept or len(kept) != len(models) * len(samples):
        raise InputError("A matrix must have a column for each model and sample", where=path)
    regions, counts, values = [], [], []
    for at, cells in enumerate(lines, start=2):
        try:
            scores = [float(text or "nan") for text in cells[len(HEAD) :]]
            if len(scores) != len(columns):
                raise ValueError
            regions.append(Interval(cells[2], whole(cells[3]), whole(cells[4]), cells[1]))
            counts.append(whole(cells[5]))
            values.append([scores[place] for place in kept])
        except (ValueError, IndexError):
            raise InputError(
                f"A row of this matrix must have {len(header)} cells: a region, and numbers",
                where=f"{path}, line {at}",
                received={"row": "\t".join(cells)[:80]},
            ) from None
    scores = np.array(values, np.float32).reshape(len(regions), len(models), len(samples))
    return Matrix(regions, tuple(models), tuple(samples), {first or "max": scores}, np.array(counts, np.int64))


def _column(name: str) -> tuple[str, str, str]:
    """Reduction, model and sample; nothing for what a column does not name."""
    reduction, _, rest = name.partition("|")
    if reduction not in REDUCTIONS or not rest:
        reduction, rest = "", name
    model, _, sample = rest.partition("|")
    return reduction, model, sample

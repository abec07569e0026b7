"""Sites and scores from the files of `zoo.predict_many`."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.paths import user_path
from zoo.comparison.scores import FactorScores, SiteScores
from zoo.errors import InputError, IntegrityError
from zoo.files.record import read_own
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.genome.spans import merge, read_bins
from zoo.many.matrix import Matrix

_KIND = "predictions of many models"
MATRIX, _BED, _BIGWIG = ".matrix.tsv", ".bed", ".bw"
_HEAD = 6  # columns of a matrix before its scores
_AT_ONCE = 64  # stretches of a track


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
    def of(cls, path: object) -> "Finished":
        """From `<base>.json`. Raises `InputError` for another file."""
        path = user_path(path, "predictions")
        record = read_own(path) if path.is_file() else None
        if record is None or record.get("kind") != _KIND:
            raise InputError(
                "Predictions must be the record of a pass over models and samples",
                received={"predictions": str(path)},
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
        return read_matrix(self._whole(name), self.record["reduce"], list(self.thresholds), self.samples)

    @property
    def has_tracks(self) -> bool:
        """Whether there are sites and tracks of all models with a threshold, and all samples."""
        return bool(self._names(_BED) and self._names(_BIGWIG))

    def beds(self) -> dict[tuple[str, str], Path]:
        """(Model, sample) → the BED file of its sites."""
        return {pair: self._whole(name) for pair, name in self._names(_BED).items()}

    def bigwigs(self) -> dict[tuple[str, str], Path]:
        """(Model, sample) → the track of its scores."""
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


def sites_of(beds: Mapping[tuple[str, str], Path]) -> dict[str, list[Interval]]:
    """Model → its sites in all samples, joined where these overlap or touch, in the order of the genome."""
    found: dict[str, list[Interval]] = {model: [] for model, _ in beds}
    for (model, _), path in beds.items():
        found[model] += [region for region, _, _ in bed.rows(path)]
    return {model: _joined(items) for model, items in found.items()}


def _joined(items: Sequence[Interval]) -> list[Interval]:
    merged = merge(items)
    return [
        Interval(chrom, start, end)
        for chrom in sorted(merged, key=names.natural)
        for start, end in merged[chrom].tolist()
    ]


def read_matrix(path: Path, reductions: Sequence[str], models: Sequence[str], samples: Sequence[str]) -> Matrix:
    """Read the table of a matrix: its highest scores.

    Args:
        path: `<base>.matrix.tsv`.
        reductions: that it has, "max" among them.
        models: names.
        samples: names.

    Raises:
        IntegrityError: another table.
    """
    before = "max|" if len(reductions) > 1 else ""
    wanted = [f"{before}{model}|{sample}" for model in models for sample in samples]
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t")
        header = next(rows, [])
        if not set(wanted) <= set(header[_HEAD:]):
            raise IntegrityError("A matrix must have a column for each model and sample", where=path)
        columns = [header.index(name) for name in wanted]
        regions, values, counts = [], [], []
        for row in rows:
            regions.append(Interval(row[2], int(row[3]), int(row[4]), row[1]))
            counts.append(int(row[5]))
            values.append(np.array([row[column] or "nan" for column in columns], np.float32))
    shape = len(regions), len(models), len(samples)
    scores = np.array(values, np.float32).reshape(shape)
    return Matrix(regions, tuple(models), tuple(samples), {"max": scores}, np.array(counts, np.int64))


def of_tracks(finished: Finished) -> SiteScores:
    """Sites of BED files and their highest scores in bigWig files, of a pass that `has_tracks`.

    What no track covers has the score 0. Models without a threshold are left out: they have no sites.
    """
    tracks, own, samples = finished.bigwigs(), sites_of(finished.beds()), finished.samples
    chroms = tuple(sorted({item.chrom for items in own.values() for item in items}, key=names.natural))
    factors = []
    for model, items in own.items():
        places = np.array([chroms.index(item.chrom) for item in items], np.int32)
        spans = np.array([(item.start, item.end) for item in items], np.int64).reshape(-1, 2)
        scores = [_highest(Signal(tracks[model, sample]), chroms, places, spans) for sample in samples]
        threshold = finished.thresholds[model]
        factors.append(FactorScores(model, threshold, places, spans, np.array(scores, np.float32).T))
    return SiteScores(tuple(samples), chroms, tuple(factors))


def _highest(track: Signal, chroms: Sequence[str], places: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(sites,) float32 of sites in the order of the genome that do not touch."""
    found = np.zeros(len(spans), np.float32)
    for number, chrom in enumerate(chroms):
        here = places == number
        edges = spans[here].ravel()
        parts = [
            np.maximum.reduceat(values, starts)
            for _, values, starts in (read_bins(track, chrom, edges, _AT_ONCE) if here.any() else ())
        ]
        if parts:
            found[here] = np.concatenate(parts)[::2]  # in between are gaps
    return found

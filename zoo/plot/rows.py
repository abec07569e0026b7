"""Rows of values in pictures of loci: tracks and predictions, in whatever form they are given."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.arguments import is_number
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.plot import style
from zoo.plot.parts import SignalPart
from zoo.plot.tracks import Read, recorded
from zoo.predict.files import PredictionFiles
from zoo.predict.table import Predictions
from zoo.predict.thresholds import Threshold

_SCORE = "score"


@dataclass(frozen=True, eq=False)
class Track:
    """What is drawn as one row of values, and how.

    Attributes:
        data: a `.bw` path, a `Signal`, `Predictions` of one track, or an interval and an array of its bins.
        label: on the left; default by the data.
        unit: of the values, below the label.
        color: default the next one of `zoo.plot.style.COLORS`.
        threshold: a number, or a `Threshold` with its name.
    """

    data: object
    label: str = ""
    unit: str = ""
    color: str | None = None
    threshold: float | Threshold | None = None


def opened(given: Sequence[object], label: str = "") -> Iterator[Track]:
    """Every row of values, opened."""
    for value in given:
        if isinstance(value, Mapping):
            for name, each in value.items():
                yield from opened([each], str(name))
        elif isinstance(value, Track):
            yield from (replace(row, **_differing(value)) for row in opened([value.data], value.label or label))
        elif isinstance(value, PredictionFiles):
            yield from _of_files(value, label)
        elif isinstance(value, Predictions):
            for number, name in enumerate(value.tracks or ("",)):
                one = value.mapped(lambda scores, at=number: scores[..., at]) if value.tracks else value
                yield Track(one, ", ".join(filter(None, (label, name))) or "prediction", _SCORE)
        else:
            yield of_values(value, label)


def _differing(track: Track) -> dict[str, object]:
    """What a user says of a track."""
    given = {"unit": track.unit, "color": track.color, "threshold": track.threshold}
    return {name: value for name, value in given.items() if value not in ("", None)}


def _of_files(files: PredictionFiles, label: str) -> Iterator[Track]:
    each = files.bigwigs or {"": files.bigwig}
    for name, path in each.items():
        if path is None:
            raise InputError(
                "Predictions that are drawn must be bigWig files",
                received={"written": ", ".join(files.written)},
                example='write="bigwig"',
            )
        called = ", ".join(filter(None, (label or _predicted(files), name)))
        yield Track(Signal(path), called, _SCORE, threshold=None if files.bigwigs else files.threshold)


def _predicted(files: PredictionFiles) -> str:
    """The model's name, by the record of its prediction."""
    model = json.loads(files.sidecar.read_text(encoding="utf-8"))["model"]["name"]
    return f"predicted {model.rsplit('/', 1)[-1]}"


def of_values(value: object, label: str) -> Track:
    """A bigWig, or an interval with an array, as a row. Raises `InputError` for anything else."""
    if isinstance(value, (str, Path)):
        value = Signal(user_path(value, "track"))
    if isinstance(value, Signal):
        return Track(value, label or value.path.stem)
    pair = value if isinstance(value, (tuple, list)) and len(value) == 2 else (None, None)
    if isinstance(pair[0], Interval) and np.ndim(pair[1]) == 1 and len(pair[1]):
        return Track((pair[0], np.asarray(pair[1], float)), label or "values")
    raise InputError(
        "A track must be a .bw file, predictions, or an interval with an array of the values of its bins",
        received={"track": type(value).__name__},
        example='zoo.plot.locus(region, {"ATAC-seq": "atac.bw"}, model.predict(…))',
    )


def parts_of(
    rows: Sequence[Track], region: Interval, threshold: float | Mapping[str, float] | None
) -> Iterator[SignalPart]:
    """The rows of values, each in a color of its own."""
    cuts = threshold if isinstance(threshold, Mapping) else dict.fromkeys((row.label for row in rows), threshold)
    if unknown := [label for label in cuts if label not in {row.label for row in rows}]:
        raise InputError(
            "A threshold must be of a track that is drawn",
            received={"threshold": unknown[0], "tracks": [row.label for row in rows]},
        )
    for number, row in enumerate(rows):
        cut = row.threshold if cuts.get(row.label) is None else cuts[row.label]
        if not (cut is None or isinstance(cut, Threshold) or is_number(cut)):
            raise InputError("A threshold that is drawn must be a number", received={"threshold": cut})
        score = cut.score if isinstance(cut, Threshold) else cut
        color = row.color or style.COLORS[number % len(style.COLORS)]
        shaded = not isinstance(row.data, Signal) or row.unit == _SCORE
        yield SignalPart(row.label, read_of(row, region), color, row.unit, score, _worded(cut), shaded)


def _worded(cut: object) -> str:
    """How a threshold is named."""
    if not isinstance(cut, Threshold) or bed.is_number(cut.asked):
        return "threshold"
    kind, _, value = cut.asked.partition("=")
    asked = {"f1": "best F1", "log2fc": "log2 fold change"}.get(kind, kind)
    return f"threshold of\n{asked}" + (f" {value}" if value else "")


def read_of(row: Track, region: Interval) -> Read:
    """The values of a track on the region's chromosome."""
    data = row.data
    if isinstance(data, Signal):
        return recorded(data, region.chrom)
    if isinstance(data, Predictions):
        return _of_bins(data, region)
    interval, values = data
    edges = np.linspace(interval.start, interval.end, len(values) + 1)
    return _of_edges(edges[:-1], edges[1:], values)


def _of_bins(data: Predictions, region: Interval) -> Read:
    here = [row for row in data if row.interval.chrom == region.chrom]
    if not here:
        raise InputError(
            "Predictions must have a region on the chromosome that is drawn",
            received={"region": str(region), "predictions": [str(row.interval) for row in data[:5]]},
        )
    each = [np.concatenate([getattr(row, name) for row in here]) for name in ("starts", "ends", "scores")]
    return _of_edges(*each)


def _of_edges(starts: np.ndarray, ends: np.ndarray, values: np.ndarray) -> Read:
    """Values of bins; where several overlap, that of the last one that begins."""
    order = np.argsort(starts, kind="stable")
    starts, ends, values = starts[order], ends[order], np.asarray(values, float)[order]

    def read(start: int, end: int) -> np.ndarray:
        bases = np.arange(start, end) + 0.5
        at = np.searchsorted(starts, bases, side="right") - 1
        inside = (at >= 0) & (bases < ends[np.maximum(at, 0)])
        return np.where(inside, values[np.maximum(at, 0)], np.nan)

    return read

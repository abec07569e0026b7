"""Precision, recall and what is computed from them, exactly, of scores that come in pieces."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zoo.arguments import is_whole
from zoo.errors import InputError

DECIMALS = 9  # to which maxATAC rounds scores before it ranks them
_MOST_DECIMALS = 15


@dataclass(frozen=True, eq=False)
class Curve:
    """Counts at every distinct score of a positive item, the highest score first.

    Between these a threshold changes no recall, so all areas can be had from them.

    Attributes:
        scores: (k,) float32 or float64, as they were added.
        hits: positive items with this score or a higher one, (k,) int64.
        false_hits: negative ones, (k,) int64.
        false_above: negative ones with a higher score, (k,) int64.
        positives: positive items.
        negatives: the others.
    """

    scores: np.ndarray
    hits: np.ndarray
    false_hits: np.ndarray
    false_above: np.ndarray
    positives: int
    negatives: int

    @property
    def precision(self) -> np.ndarray:
        """At each score, (k,)."""
        return self.hits / (self.hits + self.false_hits)

    @property
    def recall(self) -> np.ndarray:
        """At each score, (k,)."""
        return self.hits / self.positives

    @property
    def random(self) -> float:
        """Precision of guessing."""
        return self.positives / (self.positives + self.negatives)

    @cached_property
    def average_precision(self) -> float:
        """The area under steps, as scikit-learn's `average_precision_score`."""
        return float(np.sum(np.diff(self.recall, prepend=0) * self.precision))

    @cached_property
    def aupr(self) -> float:
        """The area under trapezoids, without the curve's end point at recall 0, as maxATAC computes it.

        It lacks what the first positive item adds, so with few of them it is the lower number.
        """
        before = np.concatenate([[0], self.hits[:-1]])
        seen = before + self.false_above
        left = np.divide(before, seen, out=np.zeros(len(seen)), where=seen > 0)
        width = np.diff(self.recall, prepend=0) * (seen > 0)
        return float(np.sum(width * (left + self.precision) / 2))

    @cached_property
    def auroc(self) -> float:
        """The fraction of pairs of a positive and a negative item in which the positive one is higher; ties half."""
        below = self.negatives - self.false_hits + (self.false_hits - self.false_above) / 2
        return float(np.sum(np.diff(self.hits, prepend=0) * below) / (self.positives * self.negatives))

    def precision_at(self, recall: float) -> float:
        """Precision at the highest score that reaches a recall."""
        return float(self.precision[np.searchsorted(self.recall, recall - 1e-12)])

    @cached_property
    def best(self) -> dict[str, float]:
        """Where F1 is highest: `f1`, and `score`, `precision` and `recall` there."""
        columns = {"f1": self._f1, "score": self.scores, "precision": self.precision, "recall": self.recall}
        return {name: float(column[self._best]) for name, column in columns.items()}

    @property
    def best_f1(self) -> tuple[float, float]:
        """The best F1, and the score that gives it."""
        return self.best["f1"], self.best["score"]

    @cached_property
    def _f1(self) -> np.ndarray:
        return 2 * self.hits / (self.positives + self.hits + self.false_hits)

    @property
    def _best(self) -> int:
        return int(np.argmax(self._f1))

    def thinned(self, points: int = 501) -> dict[str, list[float]]:
        """Recall, precision and score at up to `points` places and at the best F1: for a picture.

        They are evenly spread over the recall. As in `average_precision`, the precision at a recall holds down to the
        recall before.
        """
        evenly = np.searchsorted(self.recall, np.linspace(0, 1, points) - 1e-12).clip(0, len(self.hits) - 1)
        at = np.union1d(evenly, [self._best])
        columns = {"recall": self.recall, "precision": self.precision, "score": self.scores}
        return {name: np.round(column[at].astype(np.float64), 6).tolist() for name, column in columns.items()}


class Scores:
    """Scores of positive and negative items, in pieces; 4 bytes for each are kept, 8 of float64.

    Args:
        decimals: to which they are rounded, 0 to 15; equal ones are ties.

    Raises:
        InputError: another number of decimals.
    """

    def __init__(self, decimals: int = DECIMALS) -> None:
        if not is_whole(decimals) or not 0 <= decimals <= _MOST_DECIMALS:
            raise InputError(
                f"Scores must be rounded to 0 to {_MOST_DECIMALS} decimals",
                example=DECIMALS,
                received={"decimals": decimals},
            )
        self._decimals = int(decimals)
        self._parts: dict[bool, list[np.ndarray]] = {True: [], False: []}

    def add(self, positive: np.ndarray, scores: np.ndarray) -> None:
        """Items (n,) bool and their scores (n,), which are finite.

        Raises:
            InputError: a score that is no finite number.
        """
        if not np.isfinite(scores).all():
            at = int(np.argmin(np.isfinite(scores)))
            raise InputError("Scores must be finite numbers", where=f"item {at}", received={"score": float(scores[at])})
        kept = np.float32 if np.asarray(scores).dtype == np.float32 else np.float64
        rounded = np.round(np.asarray(scores, np.float64), self._decimals).astype(kept)
        for kind in (True, False):
            self._parts[kind].append(rounded[positive == kind])

    def curve(self) -> Curve:
        """Of everything that was added, in any number of pieces.

        Raises:
            InputError: no item is positive, or all are.
        """
        positive, negative = self._sorted(True), self._sorted(False)
        if not len(positive) or not len(negative):
            raise InputError(
                "A precision-recall curve must have bins with and without a peak",
                received={"positive": len(positive), "bins": len(positive) + len(negative)},
            )
        scores = np.unique(positive)[::-1]
        return Curve(
            scores,
            len(positive) - np.searchsorted(positive, scores, side="left"),
            len(negative) - np.searchsorted(negative, scores, side="left"),
            len(negative) - np.searchsorted(negative, scores, side="right"),
            len(positive),
            len(negative),
        )

    def every_threshold(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Precision, recall and threshold at every distinct score of any item, rising: maxATAC's table."""
        positive, negative = self._sorted(True), self._sorted(False)
        scores = np.unique(np.concatenate([positive, negative]))
        hits = len(positive) - np.searchsorted(positive, scores, side="left")
        called = hits + len(negative) - np.searchsorted(negative, scores, side="left")
        return hits / called, hits / len(positive), np.round(scores.astype(np.float64), self._decimals)

    def _sorted(self, kind: bool) -> np.ndarray:
        parts = self._parts[kind]
        if len(parts) > 1:
            parts[:] = [np.concatenate(parts)]
        if parts:
            parts[0].sort()
        return parts[0] if parts else np.empty(0, np.float32)


def section(title: str, curves: Mapping[str, tuple[Mapping, Mapping]], random: float, note: str = "") -> dict:
    """A section of a report (`zoo.pages.report`) of kind "precision_recall".

    Args:
        title: of the section.
        curves: name → (`Curve.thinned`, `Curve.best`), all of the same items.
        random: precision of random predictions, `Curve.random`.
        note: shown above it.
    """
    series = [
        {"name": name, "recall": points["recall"], "precision": points["precision"], "best": dict(best)}
        for name, (points, best) in curves.items()
    ]
    return {"kind": "precision_recall", "title": title, "note": note, "random": random, "series": series}

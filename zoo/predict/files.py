"""Predictions as files: a bigWig, a BED of what is above the threshold, a JSON of how; with regions also a table.

The scores of a chromosome are kept, as one float32 per bin, a piece of the chromosome after the other, until all are
there. The same call, made again after an interruption, goes on with the next piece. Another call (other inputs, other
parameters) starts anew.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.files.job import Job
from zoo.predict import peaks, writers
from zoo.predict.plan import ChromosomePlan
from zoo.predict.table import Collector, Predictions
from zoo.predict.thresholds import Threshold

Pieces = Iterator[tuple[int, np.ndarray]]
_CHUNK = 1 << 18  # bins read back at once
_FLUSH_S = 5.0  # what a power failure may cost


@dataclass(frozen=True)
class PredictionFiles:
    """What a prediction wrote.

    Attributes:
        bigwig: one value per bin.
        bed: intervals at or above the threshold, or None without a threshold.
        table: the bins of every region, or None without regions.
        sidecar: how the files came about.
        threshold: the score of the BED and what the model's table promises for it.
        intervals: lines of the BED.
        windows: windows that were predicted in this call; 0 if an earlier one had made these files.
        resumed: chromosomes of which an earlier, interrupted call had finished at least a piece.
    """

    bigwig: Path
    bed: Path | None
    table: Path | None
    sidecar: Path
    threshold: Threshold | None
    intervals: int
    windows: int
    resumed: int

    def __str__(self) -> str:
        lines = [f"{self.bigwig}"]
        if self.bed:
            lines.append(f"{self.bed}  {self.intervals:,} intervals, {self.threshold}")
        return "\n".join([*lines, *([f"{self.table}"] if self.table else []), f"{self.sidecar}"])


class Output(Job):
    """The place of a prediction's files: `<base>.bw`, `.bed`, `.tsv`, `.json`."""

    def __init__(self, base: str | Path, reads: Iterable[object] = ()) -> None:
        super().__init__("prediction", base, (".bw", ".bed", ".tsv"), reads)

    def left(self, plan: ChromosomePlan, pieces: list[ChromosomePlan]) -> list[ChromosomePlan]:
        """Those of a chromosome's pieces, in order, that no earlier run finished."""
        path = self._scores_of(plan)
        bins = path.stat().st_size // 4 if path.is_file() else 0
        return [piece for piece in pieces if piece.bounds[1] > bins]

    def keep(
        self, plan: ChromosomePlan, left: list[ChromosomePlan], predict: Callable[[ChromosomePlan], Pieces]
    ) -> None:
        """Predict the pieces of a chromosome that are left, and keep each as soon as it is complete."""
        path, flushed = self._scores_of(plan), time.monotonic()
        for piece in left:
            low, high = piece.bounds
            scores = np.full(high - low, np.nan, "<f4")
            for first, part in predict(piece):
                scores[first - low : first - low + len(part)] = part
            with open(path, "ab") as file:
                file.truncate(4 * low)  # the rest of a piece whose writing was interrupted
                file.write(scores.tobytes())
                if time.monotonic() - flushed > _FLUSH_S:
                    os.fsync(file.fileno())
                    flushed = time.monotonic()

    def assemble(
        self,
        identity: dict,
        plans: list[ChromosomePlan],
        threshold: Threshold | None,
        collector: Collector | None,
        describe: Callable[[], dict],
    ) -> int:
        """Turn finished chromosomes into the final files and remove them; returns the number of intervals."""
        intervals = 0
        made = [".bw", *([".bed"] if threshold else []), *([".tsv"] if collector else [])]
        with self.finish(identity, made) as (paths, said):
            if collector:
                with open(paths[".tsv"], "w", encoding="utf-8") as handle:
                    self._collect(plans, collector).write_tsv(handle)
            if threshold:
                intervals = writers.bed(paths[".bed"], self._call(plans, threshold.score))
            lengths = {plan.chrom: plan.length for plan in plans}
            tracks = ((plan.chrom, self._scores(plan)) for plan in plans)
            writers.bigwig(paths[".bw"], lengths, tracks, plans[0].bin_size)
            said |= {**describe(), "intervals": intervals}
        return intervals

    def _scores_of(self, plan: ChromosomePlan) -> Path:
        """Where the scores of a chromosome are kept until all are finished."""
        return self.part(f"{hashlib.sha256(plan.chrom.encode()).hexdigest()[:16]}.f32")

    def _collect(self, plans: Iterable[ChromosomePlan], collector: Collector) -> Predictions:
        for plan in plans:
            for first, scores in self._pieces(plan):
                collector.add(plan.chrom, first, scores)
        return collector.table()

    def _call(self, plans: Iterable[ChromosomePlan], score: float) -> Iterator[tuple[str, int, int, float]]:
        for plan in plans:
            for peak in peaks.call(self._pieces(plan), score, plan.bin_size, plan.length):
                yield plan.chrom, *peak

    def _pieces(self, plan: ChromosomePlan) -> Pieces:
        scores = self._scores(plan)
        return ((first, scores[first : first + _CHUNK]) for first in range(0, len(scores), _CHUNK))

    def _scores(self, plan: ChromosomePlan) -> np.ndarray:
        return np.memmap(self._scores_of(plan), "<f4", "r")

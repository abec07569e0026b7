"""Predictions as files: a bigWig, a BED of what is above the threshold, a JSON of how; with regions also a table.

A chromosome that is finished is kept, as one float32 per bin, in the folder `<output>.partial` until all are. The same
call, made again after an interruption, goes on with the next one. Another call (other inputs, other parameters) starts
anew. The final files replace older ones only when they are complete.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.predict import peaks, writers
from zoo.predict.plan import ChromosomePlan
from zoo.predict.table import Collector, Predictions
from zoo.predict.thresholds import Threshold
from zoo.predict.workplace import Workplace

Pieces = Iterator[tuple[int, np.ndarray]]
_CHUNK = 1 << 18  # bins read back at once


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
        windows: windows that were predicted in this call.
        resumed: chromosomes that an earlier, interrupted call had finished.
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


class Output(Workplace):
    """The place of a prediction's files: `<base>.bw`, `.bed`, `.tsv`, `.json`, and `<base>.partial` meanwhile."""

    def __init__(self, base: str | Path, inputs: Iterable[Path] = ()) -> None:
        super().__init__(base, (".bw", ".bed", ".tsv", ".json"), "*.f32", inputs)
        self.bigwig, self.bed, self.table, self.sidecar = self.finals

    def part(self, plan: ChromosomePlan) -> Path:
        """Where the scores of a chromosome are kept until all are finished."""
        return self.partial / f"{hashlib.sha256(plan.chrom.encode()).hexdigest()[:16]}.f32"

    def is_finished(self, plan: ChromosomePlan) -> bool:
        """Whether an earlier run finished this chromosome."""
        return self.part(plan).is_file() and self.part(plan).stat().st_size == 4 * plan.bins

    def keep(self, plan: ChromosomePlan, pieces: Pieces) -> None:
        """Predict a chromosome by running through `pieces`, and keep it when it is complete."""
        with writers.atomic(self.part(plan), self.partial) as temporary, open(temporary, "wb") as handle:
            written = 0
            for first, scores in pieces:
                handle.write(_nothing(first - written) + scores.astype("<f4").tobytes())
                written = first + len(scores)
            handle.write(_nothing(plan.bins - written))

    def assemble(
        self,
        plans: list[ChromosomePlan],
        threshold: Threshold | None,
        collector: Collector | None,
        describe: Callable[[], dict],
    ) -> int:
        """Turn finished chromosomes into the final files and remove them; returns the number of intervals."""
        intervals = 0
        with ExitStack() as complete:  # renamed in reverse order: the sidecar last, it says that all are there
            sidecar = complete.enter_context(writers.atomic(self.sidecar, self.partial))
            if collector:
                with open(complete.enter_context(writers.atomic(self.table, self.partial)), "w") as handle:
                    self._collect(plans, collector).write_tsv(handle)
            if threshold:
                bed = complete.enter_context(writers.atomic(self.bed, self.partial))
                intervals = writers.bed(bed, self._call(plans, threshold.score))
            lengths = {plan.chrom: plan.length for plan in plans}
            tracks = ((plan.chrom, self._scores(plan)) for plan in plans)
            writers.bigwig(
                complete.enter_context(writers.atomic(self.bigwig, self.partial)), lengths, tracks, plans[0].bin_size
            )
            writers.sidecar(sidecar, {**describe(), "intervals": intervals})
            self._retire(kept=[path for path, made in ((self.bed, threshold), (self.table, collector)) if made])
        self.clear()
        return intervals

    def _retire(self, kept: list[Path]) -> None:
        """Remove what an earlier run left here and this one does not replace; first of all what says it is whole."""
        if self.sidecar.exists():
            self.sidecar.unlink()
            for path in {self.bed, self.table} - set(kept):
                path.unlink(missing_ok=True)

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
        return np.memmap(self.part(plan), "<f4", "r")


def _nothing(bins: int) -> bytes:
    return np.full(bins, np.nan, "<f4").tobytes()

"""Predictions as files: a bigWig, a BED of what is above the threshold, a JSON of how; with regions also a table.

Scores are kept, as one float32 per bin, one chromosome behind the other in one file, until all are there. The same
call, made again after an interruption, goes on with the next piece. Another call (other inputs, other parameters)
starts anew.
"""

import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.files.job import Job
from zoo.predict import peaks, writers
from zoo.predict.plan import ChromosomePlan
from zoo.predict.table import Collector, Predictions
from zoo.predict.thresholds import Threshold

Pieces = Iterator[tuple[int, np.ndarray]]
Predicted = Iterable[tuple[ChromosomePlan, int, np.ndarray]]
_CHUNK = 1 << 18  # bins read back at once


@dataclass(frozen=True)
class PredictionFiles:
    """What a prediction wrote.

    Attributes:
        bigwig: one value per bin; of several tracks that of the first.
        bigwigs: track → its bigWig, if several are predicted; else empty.
        bed: intervals at or above the threshold, or None without a threshold.
        table: the bins of every region, or None without regions.
        sidecar: how the files came about.
        threshold: the score of the BED and what the model's table promises for it.
        intervals: lines of the BED.
        windows: windows that were predicted in this call; 0 if an earlier one had made these files.
        resumed: chromosomes of which an earlier, interrupted call had finished at least a piece.
    """

    bigwig: Path
    bigwigs: Mapping[str, Path]
    bed: Path | None
    table: Path | None
    sidecar: Path
    threshold: Threshold | None
    intervals: int
    windows: int
    resumed: int

    def __str__(self) -> str:
        lines = [f"{path}" for path in self.bigwigs.values() or [self.bigwig]]
        if self.bed:
            lines.append(f"{self.bed}  {self.intervals:,} intervals, {self.threshold}")
        return "\n".join([*lines, *([f"{self.table}"] if self.table else []), f"{self.sidecar}"])


class Output(Job):
    """The place of a prediction's files: `<base>.bw`, `.bed`, `.tsv`, `.json`.

    Args:
        base: path without extension.
        reads: everything that is read.
        tracks: names, if several are predicted: then `<base>.<track>.bw` each.
    """

    def __init__(self, base: str | Path, reads: Iterable[object] = (), tracks: Sequence[str] = ()) -> None:
        self._tracks = dict(zip(tracks, file_names(tracks), strict=True))
        own = [f".{name}.bw" for name in self._tracks.values()]
        super().__init__("prediction", base, (".bw", ".bed", ".tsv", *own), reads)

    @property
    def bigwigs(self) -> list[str]:
        """Suffixes of the bigWig files, in the order of the tracks."""
        return [f".{name}.bw" for name in self._tracks.values()] or [".bw"]

    def made(self, threshold: object, regions: object) -> list[str]:
        """Suffixes of the files that a prediction makes."""
        return [*self.bigwigs, *([".bed"] if threshold else []), *([".tsv"] if regions else [])]

    def found(
        self, threshold: Threshold | None, table: bool, intervals: int, windows: int, resumed: int
    ) -> PredictionFiles:
        """What is at the final places, as a prediction returns it."""
        return PredictionFiles(
            bigwig=self.finals[self.bigwigs[0]],
            bigwigs={track: self.finals[f".{name}.bw"] for track, name in self._tracks.items()},
            bed=self.finals[".bed"] if threshold else None,
            table=self.finals[".tsv"] if table else None,
            sidecar=self.sidecar,
            threshold=threshold,
            intervals=intervals,
            windows=windows,
            resumed=resumed,
        )

    def kept(self, offsets: Mapping[str, int]) -> int:
        """Bins that earlier runs finished, of all chromosomes in order.

        Args:
            offsets: chromosome → how many bins come before its own.
        """
        self._offsets = offsets
        return self._scores_file.stat().st_size // self._each if self._scores_file.is_file() else 0

    def keep(self, group: Sequence[ChromosomePlan], predicted: Predicted) -> None:
        """Keep the scores of a group of pieces, which lie side by side, as soon as all are there."""
        bounds = [[self._offsets[piece.chrom] + bin_ for bin_ in piece.bounds] for piece in group]
        low, high = bounds[0][0], bounds[-1][1]
        scores = np.full((high - low, *self._shape), np.nan, "<f4")
        for plan, first, part in predicted:
            start = self._offsets[plan.chrom] + first - low
            scores[start : start + len(part)] = part
        with open(self._scores_file, "ab") as file:
            file.truncate(self._each * low)  # the rest of a group whose writing was interrupted
            file.write(scores.tobytes())
            file.flush()
            os.fsync(file.fileno())

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
        with self.finish(identity, self.made(threshold, collector)) as (paths, said):
            if collector:
                with open(paths[".tsv"], "w", encoding="utf-8") as handle:
                    self._collect(plans, collector).write_tsv(handle)
            if threshold:
                intervals = writers.bed(paths[".bed"], self._call(plans, threshold.score))
            lengths = {plan.chrom: plan.length for plan in plans}
            for number, suffix in enumerate(self.bigwigs):
                tracks = ((plan.chrom, self._scores(plan, number)) for plan in plans)
                writers.bigwig(paths[suffix], lengths, tracks, plans[0].bin_size, plans[0].overlap)
            said |= {**describe(), "intervals": intervals}
        return intervals

    @property
    def _scores_file(self) -> Path:
        """Where scores are kept until all are there."""
        return self.part("scores.f32")

    def _collect(self, plans: Iterable[ChromosomePlan], collector: Collector) -> Predictions:
        for plan in plans:
            for first, scores in self._pieces(plan):
                collector.add(plan.chrom, first, scores)
        return collector.table()

    def _call(self, plans: Iterable[ChromosomePlan], score: float) -> Iterator[tuple[str, int, int, float]]:
        for plan in plans:
            for peak in peaks.call(self._pieces(plan), score, plan.bin_size, plan.length, plan.overlap):
                yield plan.chrom, *peak

    def _pieces(self, plan: ChromosomePlan) -> Pieces:
        scores = self._scores(plan)
        return ((first, scores[first : first + _CHUNK]) for first in range(0, len(scores), _CHUNK))

    def _scores(self, plan: ChromosomePlan, track: int | None = None) -> np.ndarray:
        """(bins,), or of several tracks (bins, tracks) unless one of them is meant."""
        first = self._offsets[plan.chrom]
        scores = self._all[first : first + plan.bins]
        return scores if track is None or not self._shape else scores[:, track]

    @functools.cached_property
    def _all(self) -> np.ndarray:
        return np.memmap(self._scores_file, "<f4", "r").reshape(-1, *self._shape)

    @property
    def _shape(self) -> tuple[int, ...]:
        """Of the scores of a bin."""
        return (len(self._tracks),) if self._tracks else ()

    @property
    def _each(self) -> int:
        """Bytes of the scores of a bin."""
        return 4 * max(len(self._tracks), 1)


def file_names(tracks: Iterable[str]) -> list[str]:
    """Names of tracks as parts of file names: plain letters, and no two that are alike."""
    found: list[str] = []
    for track in tracks:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", track).strip("._-")[:80] or "track"
        taken = {name.lower() for name in found}
        found.append(plain if plain.lower() not in taken else f"{plain}_{len(found) + 1}")
    return found

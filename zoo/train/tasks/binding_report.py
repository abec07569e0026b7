"""Evaluation of binding models of several cell types: precision and recall on the test chromosomes, thresholds."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome

if TYPE_CHECKING:
    from zoo.model import Model
    from zoo.predict.thresholds import ThresholdTable


@dataclass(frozen=True)
class Sample:
    """A cell type to predict.

    Attributes:
        name: of it.
        reads: the arguments of `Model.predict` that are its own: `signal`, `covariates`.
        truth: factor → its peaks, by the genome's names of chromosomes.
    """

    name: str
    reads: Mapping[str, object]
    truth: Mapping[str, Sequence[Interval]]


@dataclass(frozen=True)
class Evaluation:
    """Where models are evaluated.

    Attributes:
        genome: the sequence.
        samples: cell types.
        blacklist: whose bins do not count.
        progress: as for `Model.predict`.
    """

    genome: Genome
    samples: Sequence[Sample]
    blacklist: Sequence[Interval]
    progress: bool | None = None

    def thresholds(self, model: "Model", chromosomes: Sequence[str]) -> "ThresholdTable | None":
        """Thresholds of a model of one factor, over the cell types that have a peak there; None if none has."""
        from zoo.evaluate.calibration import calibrate

        samples = []
        with tempfile.TemporaryDirectory(dir=model.path.parent) as work:
            for number, sample in enumerate(self.samples):
                [(factor, peaks)] = sample.truth.items()
                truth = [peak for peak in peaks if peak.chrom in chromosomes]
                if truth:
                    written = self._predict(model, sample, (factor,), chromosomes, Path(work) / f"{number}")
                    samples.append((written[factor], truth))
            return calibrate(samples, list(chromosomes), self.blacklist or None) if samples else None

    def metrics(
        self, model: "Model", chromosomes: Sequence[str], strands: Sequence[str | None] = (None,)
    ) -> dict[str, float]:
        """In bins of 200 bp, by factor and cell type where there are several, and by strands.

        Args:
            model: predicts the factors.
            chromosomes: on which.
            strands: as for `Model.predict`.
        """
        metrics: dict[str, float] = {}
        several, factors = len(self.samples) > 1, len(model.spec.output.tracks) > 1
        for sample in self.samples if chromosomes else ():
            own = [sample.name] * several
            there = {
                factor: peaks
                for factor, peaks in sample.truth.items()
                if any(peak.chrom in chromosomes for peak in peaks)
            }
            for factor in sample.truth.keys() - there.keys():
                metrics[f"positive bins{_of([factor] * factors + own)}"] = 0.0
            for which in strands if there else ():
                with tempfile.TemporaryDirectory(dir=model.path.parent) as work:
                    files = self._predict(model, sample, tuple(there), chromosomes, Path(work) / "test", which)
                    for factor, peaks in there.items():
                        said = [factor] * factors + own
                        metrics |= self._scores(files[factor], peaks, chromosomes, said, which)
        return metrics

    def _scores(
        self, track: Path, peaks: Sequence[Interval], chromosomes: Sequence[str], said: list[str], strands: str | None
    ) -> dict[str, float]:
        from zoo.evaluate.binding import benchmark

        scores = benchmark(track, peaks, tuple(chromosomes), blacklist=self.blacklist or None).overall
        of, both = _of(said), _of(["both strands"] * (strands == "both") + said)
        return {
            f"AUPR{both}": round(scores.aupr, 4),
            f"average precision{both}": round(scores.average_precision, 4),
            f"positive bins{of}": float(scores.positives),
            f"share of positive bins{of}": round(scores.random_precision, 5),
        }

    def _predict(
        self,
        model: "Model",
        sample: Sample,
        factors: tuple[str, ...],
        chromosomes: Sequence[str],
        output: Path,
        strands: str | None = None,
    ) -> dict[str, Path]:
        """Factor → its predicted track."""
        several = len(model.spec.output.tracks) > 1
        written = model.predict(
            genome=self.genome,
            **sample.reads,
            chromosomes=list(chromosomes),
            output=output,
            write="bigwig",
            threshold=None,
            strands=strands,
            track=factors if several else None,
            progress=self.progress,
        )
        return dict(written.bigwigs) if len(factors) > 1 else {factors[0]: written.bigwig}


def _of(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""

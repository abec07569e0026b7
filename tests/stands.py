"""Models that need no network: a pass over them takes no time, and a process that forked may go on with them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from conftest import TABLE, small_spec
from dying import step

from zoo.predict.thresholds import ThresholdTable
from zoo.spec import CovariateSpec, InputSpec, ModelSpec, OutputSpec, TrackSpec

ATAC = TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0)
OPEN = replace(ATAC, name="open")
MAPPABLE = TrackSpec("mappability", 0, 0, None, 1.0, name="mappability", origin="genome")


def table(folder: Path) -> ThresholdTable:
    """That of the small model."""
    (folder / "thresholds.tsv").write_text(TABLE, encoding="utf-8")
    return ThresholdTable.read(folder / "thresholds.tsv")


class Scorer:
    """Stands for `Forward`: in each bin the mean of bases and tracks, times a factor; notes each window in a file."""

    cost = 1

    def __init__(self, spec: ModelSpec, factor: float, notes: Path | None) -> None:
        self._factor, self._notes = np.float32(factor), notes
        tracks = spec.outputs[0].tracks
        self.shape = (spec.outputs[0].bins, len(tracks)) if tracks else (spec.outputs[0].bins,)

    def check_batch(self, batch_size: int) -> None:
        pass

    def along(self, count: int, step: int) -> None:
        return None

    def blank(self, fills: tuple, covariates: tuple) -> np.ndarray:
        return np.zeros(self.shape, np.float32)

    def codes(self, codes: np.ndarray, *more: np.ndarray) -> np.ndarray:
        step()
        if self._notes is not None:
            with open(self._notes, "ab", buffering=0) as file:
                file.write(bytes(len(codes)))
        read = [codes / np.float32(8), *(part for part in more if part.shape == codes.shape)]
        means = sum(part.reshape(len(codes), -1, 32).mean(axis=2) for part in read) / len(read)
        scores = (self._factor * means).astype(np.float32)
        return scores if len(self.shape) == 1 else np.stack([scores, -scores], axis=2)


class Stand:
    """Stands for `zoo.Model`."""

    path = None

    def __init__(
        self,
        name: str,
        factor: float = 1.0,
        window: int = 256,
        tracks: tuple[TrackSpec, ...] = (ATAC,),
        covariates: tuple[CovariateSpec, ...] = (),
        outputs: tuple[str, ...] = (),
        thresholds: ThresholdTable | None = None,
        notes: Path | None = None,
    ) -> None:
        head = OutputSpec(window // 32, 32, 0, name.partition("/")[2], "binding score", "binding", "binding")
        self.spec = small_spec(
            name=name,
            input=InputSpec(window, "none", tracks, (), covariates),
            outputs=(replace(head, tracks=outputs),),
        )
        self.thresholds, self._factor, self._notes = thresholds, factor, notes

    def forward(self, views: object, selection: object, precision: object) -> Scorer:
        return Scorer(self.spec, self._factor, self._notes)

    def tiled(self, tiles: int) -> None:
        return None

    def provenance(self) -> dict:
        return {"name": self.spec.name, "network_sha256": f"{self.spec.name} {self._factor}"}

"""A matrix that is filled group by group and sample by sample, and is in memory once."""

import numpy as np

from zoo.many.matrix import Matrix
from zoo.many.pieces import Reduced
from zoo.many.samples import design_of
from zoo.many.work import Work


class Filling:
    """The matrix of a pass with regions, on its way.

    Args:
        work: the pass.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._places = {(g, c): place for place, (g, c, _) in enumerate(work.columns)}
        # A sample's scores by a model lie side by side: each is written at once, and formats read them so.
        shape = (len(work.request.samples), len(work.columns), len(work.regions))
        self._held = {how: np.empty(shape, np.float32) for how in work.request.reduce}
        self._counts: np.ndarray | None = None

    def put(self, g: int, s: int, reduced: Reduced) -> None:
        """Take what a group predicts in a sample; what reads DNA alone is the same in all."""
        samples = [s] if len(self._work.samples[g]) > 1 else range(len(self._work.request.samples))
        for c in range(len(self._work.groups[g].columns)):
            for how, held in self._held.items():
                for sample in samples:
                    reduced.put(how, c, held[sample, self._places[g, c]])
        if self._counts is None:
            self._counts = reduced.counts

    def matrix(self) -> Matrix:
        """All of it, in the order of models and samples."""
        work = self._work
        about = [work.groups[g].about[c] for g, c, _ in work.columns]
        return Matrix(
            regions=work.regions,
            models=tuple(name for _, _, name in work.columns),
            samples=tuple(sample.name for sample in work.request.samples),
            values={how: held.transpose(2, 1, 0) for how, held in self._held.items()},
            counts=self._counts,
            design=design_of(work.request.samples),
            about={name: [each[name] for each in about] for name in about[0]},
        )

"""Regions × models × samples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.genome.interval import Interval

_BLOCK = 4096  # regions


@dataclass(frozen=True, eq=False)
class Matrix:
    """What was predicted in regions, by each model and in each sample.

    Attributes:
        regions: in the order given, 0-based half-open.
        models: names of models (of several tracks `name:track`).
        samples: their names.
        values: reduction → (regions, models, samples) float32: the highest score of the bins that overlap a region,
            their mean, or their sum; NaN where none has a score.
        counts: (regions,) int64, bins with a score, by the first model.
        design: column → what it says of each sample.
    """

    regions: Sequence[Interval]
    models: tuple[str, ...]
    samples: tuple[str, ...]
    values: Mapping[str, np.ndarray]
    counts: np.ndarray
    design: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        size = f"{len(self.regions):,} regions × {len(self.models)} models × {len(self.samples)} samples"
        return f"Matrix({size}: {', '.join(self.values)})"

    @property
    def reduction(self) -> str:
        """The first of the reductions."""
        return next(iter(self.values))

    def of(self, model: str, sample: str | None = None, reduction: str | None = None) -> np.ndarray:
        """(regions,) float32 of a model and a sample, or (regions, samples) of all."""
        values = self.values[reduction or self.reduction][:, self.models.index(model)]
        return values if sample is None else values[:, self.samples.index(sample)]

    @property
    def columns(self) -> dict[str, type]:
        """Column of the table → its type: region, name, chrom, start, end, bins; then a number for each reduction,
        model and sample."""
        scores = [column for reduction in self.values for column in self._columns(reduction)]
        texts, numbers = ("region", "name", "chrom"), ("start", "end", "bins")
        return {**dict.fromkeys(texts, str), **dict.fromkeys(numbers, np.int64), **dict.fromkeys(scores, np.float32)}

    def _columns(self, reduction: str) -> list[str]:
        """`model`, `model|sample`; before it, of several reductions, that."""
        before = f"{reduction}|" if len(self.values) > 1 else ""
        return [
            f"{before}{model}|{sample}" if sample else f"{before}{model}"
            for model in self.models
            for sample in self.samples
        ]

    @property
    def bin_size(self) -> int:
        """Not of one size: models may differ."""
        return 0

    def blocks(self) -> Iterator[dict[str, np.ndarray]]:
        """Some rows of the table at a time, see `zoo.formats.content.RegionTable`."""
        for first in range(0, len(self.regions), _BLOCK):
            part = slice(first, first + _BLOCK)
            some = self.regions[part]
            texts = [[str(item) for item in some], [item.name for item in some], [item.chrom for item in some]]
            places = [[item.start for item in some], [item.end for item in some], self.counts[part]]
            scores = [np.asarray(values[part]).reshape(len(some), -1).T for values in self.values.values()]
            columns = [*map(np.array, texts), *(np.array(each, np.int64) for each in places), *np.concatenate(scores)]
            yield dict(zip(self.columns, columns, strict=True))

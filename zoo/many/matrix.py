"""Regions × models × samples."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.environment import versions
from zoo.errors import InputError
from zoo.files.record import finite
from zoo.genome.interval import Interval
from zoo.notebook.tables import table, titled

BLOCK = 4096  # regions that files are written by


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
        about: column → what it says of each model: factor, quantity, scale ("linear", "log1p" and others), threshold
            (NaN for none), genome and network_sha256.
    """

    regions: Sequence[Interval]
    models: tuple[str, ...]
    samples: tuple[str, ...]
    values: Mapping[str, np.ndarray]
    counts: np.ndarray
    design: Mapping[str, Sequence[str]] = field(default_factory=dict)
    about: Mapping[str, Sequence] = field(default_factory=dict)

    def __repr__(self) -> str:
        size = f"{len(self.regions):,} regions × {len(self.models)} models × {len(self.samples)} samples"
        return f"Matrix({size}: {', '.join(self.values)})"

    def _repr_html_(self) -> str:
        rows = [[name, *(values[i] for values in self.about.values())] for i, name in enumerate(self.models)]
        design = [[name, *(values[i] for values in self.design.values())] for i, name in enumerate(self.samples)]
        return titled(
            repr(self),
            table(["model", *self.about], rows, "models"),
            table(["sample", *self.design], design, "samples") if any(self.samples) else "",
        )

    @property
    def reduction(self) -> str:
        """The first of the reductions."""
        return next(iter(self.values))

    def of(self, model: str, sample: str | None = None, reduction: str | None = None) -> np.ndarray:
        """(regions,) float32 of a model and a sample, or (regions, samples) of all. Raises `InputError` for others."""
        reduction = self.reduction if reduction is None else reduction
        for what, name, known in (
            ("model", model, self.models),
            ("sample", self.samples[0] if sample is None else sample, self.samples),
            ("reduction", reduction, tuple(self.values)),
        ):
            if name not in known:
                raise InputError(f"The {what} must be one of the matrix", received={what: name}, example=known[0])
        values = self.values[reduction][:, self.models.index(model)]
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
    def described(self) -> dict[str, object]:
        """What files say of the whole, as JSON holds it."""
        return {
            "models": list(self.models),
            "samples": list(self.samples),
            "reductions": list(self.values),
            "coordinates": "0-based, half-open, bp",
            "about": finite(self.about),
            "design": finite(self.design),
            "versions": versions(),
        }

    def blocks(self) -> Iterator[dict[str, np.ndarray]]:
        """Some rows of the table at a time, see `zoo.formats.content.RegionTable`."""
        for part in self.parts():
            some = self.regions[part]
            scores = [np.asarray(values[part]).reshape(len(some), -1).T for values in self.values.values()]
            columns = [*self.places(some).values(), self.counts[part], *np.concatenate(scores)]
            yield dict(zip(self.columns, columns, strict=True))

    def design_beside(self, taken: Container[str]) -> dict[str, Sequence[str]]:
        """The design by names of columns that stand beside others; `sample_factor` where `factor` is taken."""
        return {f"sample_{name}" if name in taken else name: values for name, values in self.design.items()}

    def parts(self) -> Iterator[slice]:
        """Some regions at a time, as files are written."""
        return (slice(first, first + BLOCK) for first in range(0, len(self.regions), BLOCK))

    @staticmethod
    def places(regions: Sequence[Interval]) -> dict[str, np.ndarray]:
        """Columns of regions: region (as text, 1-based), name, chrom, start, end."""
        texts = {
            "region": [str(item) for item in regions],
            "name": [item.name for item in regions],
            "chrom": [item.chrom for item in regions],
        }
        bounds = {"start": [item.start for item in regions], "end": [item.end for item in regions]}
        numbers = {name: np.array(values, np.int64) for name, values in bounds.items()}
        return {name: np.array(values, str) for name, values in texts.items()} | numbers

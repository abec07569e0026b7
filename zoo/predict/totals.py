"""Total counts of windows beside what is predicted of their bins, and the original's expected counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.errors import InputError
from zoo.forward.readouts import Readout, Selection, untransformed
from zoo.genome.interval import Interval
from zoo.predict.options import CHROMBPNET, Options
from zoo.spec import ModelSpec, OutputSpec

_BLOCK = 1 << 16  # rows
_LOGS = ("log1p", "log")


def totals_head(spec: ModelSpec, compat: str | None = None) -> OutputSpec | None:
    """The head of total counts of a model, if it has one of one bin; by the rules of `compat`, see `as_original`."""
    found = [
        head for head in (as_original(spec) if compat else spec).outputs if head.kind == "counts" and head.bins == 1
    ]
    return found[0] if len(found) == 1 else None


def as_original(spec: ModelSpec) -> ModelSpec:
    """With totals as ChromBPNet's bigWig files have them: exp(logarithm), whatever was added to counts before."""
    outputs = (
        replace(head, transform="log", pseudocount=0.0) if head.kind == "counts" and head.transform in _LOGS else head
        for head in spec.outputs
    )
    return replace(spec, outputs=tuple(outputs))


def with_totals(spec: ModelSpec, options: Options) -> Selection:
    """What is predicted, and beside it the total counts, if the model has a head of them.

    Returns:
        A selection whose readout is (batch, numbers): those of the bins and tracks, then the totals, not as logarithms,
        so that averages over strands are averages of counts.

    Raises:
        InputError: the original's expected counts, of a model that has none, or of another head.
    """
    chosen, original = options.selection, options.compat == CHROMBPNET
    if original and (chosen.readout.name != "expected_counts" or chosen.output.bin_size > 1):
        raise InputError(
            f"With compat={CHROMBPNET!r} expected counts of bases must be predicted, of a model of profile and counts",
            received={"model": spec.name, "head": chosen.readout.name, "bin size": chosen.output.bin_size},
            hint="Leave out compat",
        )
    head = totals_head(spec, options.compat)

    def read(heads: Mapping[str, object], spec: ModelSpec):
        from keras import ops

        parts = [chosen.read(heads, as_original(spec) if original else spec)]
        if head is not None:
            parts.append(untransformed(heads[head.name], head.transform, head.pseudocount))
        return ops.concatenate([ops.reshape(part, (-1, int(np.prod(part.shape[1:])))) for part in parts], axis=1)

    name = f"{chosen.readout.name} {chosen.names} and totals, {options.compat}"
    readout = Readout(name, chosen.readout.output, read, of_members=chosen.readout.of_members)
    return Selection(readout, chosen.output, None, chosen.names)


@dataclass(frozen=True)
class Totals:
    """A table of the total counts of regions: a `zoo.formats.content.RegionTable`.

    Attributes:
        head: that the totals are of.
        regions: the regions.
        middles: (n,) int64, of their windows, in bp.
        values: (n, tracks) float32, expected counts.
    """

    head: OutputSpec
    regions: Sequence[Interval]
    middles: np.ndarray
    values: np.ndarray

    @property
    def bin_size(self) -> int:
        """bp that the counts are of."""
        return self.head.bin_size

    @property
    def columns(self) -> dict[str, type]:
        """Name → type."""
        texts, places = ("region", "name", "chrom"), ("start", "end", "center")
        values = [f"{name}{track}" for track in self._tracks for name in self._names]
        return {**dict.fromkeys(texts, str), **dict.fromkeys(places, np.int64), **dict.fromkeys(values, np.float32)}

    def blocks(self) -> Iterator[dict[str, np.ndarray]]:
        """Some rows at a time."""
        for first in range(0, len(self.regions), _BLOCK):
            some = slice(first, first + _BLOCK)
            items, values = self.regions[some], self.values[some]
            columns = [np.array([text(item) for item in items]) for text in (str, lambda i: i.name, lambda i: i.chrom)]
            columns += [np.array([getattr(item, end) for item in items], np.int64) for end in ("start", "end")]
            columns.append(self.middles[some])
            for track in values.T:
                columns += [*([self._logarithm(track)] if len(self._names) == 2 else []), track]
            yield dict(zip(self.columns, columns, strict=True))

    @property
    def _tracks(self) -> list[str]:
        return [f"_{track}" for track in self.head.tracks] or [""]

    @property
    def _names(self) -> tuple[str, ...]:
        return ("logcounts", "expected_counts") if self.head.transform in _LOGS else ("expected_counts",)

    def _logarithm(self, counts: np.ndarray) -> np.ndarray:
        """As the head has it: the inverse of `untransformed`."""
        added = 1.0 if self.head.transform == "log1p" else self.head.pseudocount
        return np.log(counts.astype(np.float64) + added).astype(np.float32)

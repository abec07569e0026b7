"""What `Model.attribute` returns, on disk and for a genome browser."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from registry.paths import user_path
from zoo.attribution.conversion import to_anndata, to_frame, to_xarray
from zoo.attribution.references import References
from zoo.errors import InputError, IntegrityError
from zoo.files import npz
from zoo.files.atomic import atomic
from zoo.formats.formats import FORMATS
from zoo.genome.bigwig import Writer
from zoo.genome.interval import Interval
from zoo.notebook.pictures import drawn, inline
from zoo.notebook.tables import table, titled

if TYPE_CHECKING:
    import anndata
    import pandas
    import xarray
    from matplotlib.figure import Figure

_ARRAYS = ("codes", "values", "hypothetical", "signal", "prediction", "baseline", "total")
_SHOWN = 10
_MOST_BYTES = 1 << 36  # of a file: two million windows of 1,024 bp


@dataclass(frozen=True)
class Attributions:
    """Attributions of n windows.

    Attributes:
        codes: (n, window) uint8, the bases: A 0, C 1, G 2, T 3, N 4.
        values: (n, window, 4) float32, what each base adds to the target; 0 where another base stands. Of method
            "gradients" the derivatives, at all four bases.
        hypothetical: (n, window, 4) float32, what each base would add if it stood there; at the base that does, the
            value. Of "saturation_mutagenesis" with a mean of 0 at each position. None for methods without.
        signal: (n, window) float32, what the signal adds, of several tracks (n, window, tracks); None for a model of
            DNA alone.
        prediction: (n,) float64, the target.
        baseline: (n,) float64, its mean over the references; None for methods without references.
        model: name of the model.
        method: one of `zoo.attribution.methods.METHODS`.
        target: what was explained.
        references: how the references were made, which `references.make` makes again; None without any, or if they
            were given.
        intervals: where the windows lie; empty if they were given as arrays.
        sizes: chromosome → bp, of these intervals.
        total: (n,) float64, what attributions should add up to, where that is not prediction minus baseline.
        head: what was explained, of a model with several heads.
        definition: of the target, where its name does not say all.
    """

    codes: np.ndarray
    values: np.ndarray
    hypothetical: np.ndarray | None
    signal: np.ndarray | None
    prediction: np.ndarray
    baseline: np.ndarray | None
    model: str
    method: str
    target: str
    references: References | None
    intervals: Sequence[Interval] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    total: np.ndarray | None = None
    head: str | None = None
    definition: str | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def scores(self) -> np.ndarray:
        """(n, window) float32, the values at each position."""
        return self.values.sum(axis=-1)

    @property
    def difference(self) -> np.ndarray | None:
        """(n,) float64, what attributions should sum to: prediction minus baseline, or the definition's `total`.

        None without references.
        """
        return self.total if self.baseline is None or self.total is not None else self.prediction - self.baseline

    @property
    def error(self) -> np.ndarray | None:
        """(n,) float64, the completeness error: |sum of attributions - difference| / |difference|. None without."""
        if self.baseline is None:
            return None
        total = self.values.sum(axis=(1, 2), dtype=np.float64)
        if self.signal is not None:
            total += self.signal.reshape(len(self), -1).sum(axis=1, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.abs(total - self.difference) / np.abs(self.difference)

    @property
    def largest_error(self) -> float | None:
        """The largest finite `error`, or None without any (it is undefined where there is no difference)."""
        finite = () if self.error is None else self.error[np.isfinite(self.error)]
        return float(finite.max()) if len(finite) else None

    @property
    def changes(self) -> np.ndarray:
        """(n, window, 4) float32, what each substitution adds to the target: hypothetical minus the base's own value.

        Of "saturation_mutagenesis" exact, of other methods what they extrapolate. Raises `InputError` without.
        """
        if self.hypothetical is None:
            raise InputError(
                "The method must say what other bases would contribute",
                received={"method": self.method},
                example="deeplift",
            )
        return self.hypothetical - self.values.sum(axis=-1, keepdims=True)

    def strongest(self, number: int, width: int = 120) -> Interval:
        """The stretch of a window around its base of largest contribution, no longer than the window.

        Raises `InputError` for windows that have no place on a genome.
        """
        if not self.intervals:
            raise InputError("A stretch must be of a window on a genome", received={"windows": "given as arrays"})
        window, length = self.intervals[number], self.codes.shape[1]
        first = min(max(int(np.abs(self.scores[number]).argmax()) - width // 2, 0), max(length - width, 0))
        return Interval(window.chrom, window.start + first, window.start + min(first + width, length))

    def plot(
        self,
        number: int = 0,
        region: str | Interval | None = None,
        tracks: Mapping[str, object] | None = None,
        peaks: Mapping[str, object] | None = None,
    ) -> "Figure":
        """Contribution scores of a window, with other tracks (`zoo.plot.explained.plot_locus`).

        Args:
            number: of the window.
            region: the stretch of it, 1-based text or an interval; default 120 bp around the base of largest
                contribution, of windows that were given as arrays all.
            tracks: name → bigWig, drawn above.
            peaks: name → BED or intervals.

        Raises `InputError` for a window that there is not, or a region outside it.
        """
        return drawn("attributions", self, number, region, tracks, peaks)

    def to_frame(self) -> "pandas.DataFrame":
        """One row per base of a window: window, chrom, position (0-based), base, contribution, signal.

        A pandas data frame. Raises `MissingExtra` if pandas is not installed.
        """
        return to_frame(self)

    def to_anndata(self) -> "anndata.AnnData":
        """Windows × positions (from 0, of the window): contributions of the bases that stand there.

        `obs` has chrom, start, end, name, prediction, baseline and error of each window; layers are `code` (of `uns`'
        bases) and the signal's contributions; `obsm` has contribution and hypothetical, each (n, window, 4). Raises
        `MissingExtra` if anndata is not installed.
        """
        return to_anndata(self)

    def to_xarray(self) -> "xarray.Dataset":
        """All arrays with dimensions window, position (from 0, of the window), base and track, and the windows' places.

        Raises `MissingExtra` if xarray is not installed.
        """
        return to_xarray(self)

    def _repr_html_(self) -> str:
        columns = ["window", "target", "references", "strongest at", "error of the sum"]
        picture = inline(self.plot(), "Contribution scores around the strongest base of the first window")
        return titled(self._summary, table(columns, self._rows(), count=len(self)), picture)

    @property
    def _summary(self) -> str:
        head = "" if self.head is None else f", head {self.head}"
        return f"{len(self)} windows of {self.codes.shape[1]:,} bp, {self.model}, {self.method} of {self.target}{head}"

    def _rows(self) -> Iterator[tuple[object, float, float | None, int, float | None]]:
        """Of each window: itself, target, that of the references, position of the strongest base (1-based), error."""
        error = self.error
        for i, where in enumerate(self.intervals or range(len(self))):
            at = int(np.abs(self.scores[i]).argmax()) + (where.start + 1 if isinstance(where, Interval) else 0)
            base, rounding = (None if values is None else float(values[i]) for values in (self.baseline, error))
            yield where, float(self.prediction[i]), base, at, rounding

    def __str__(self) -> str:
        definition = [] if self.definition is None else [self.definition]
        columns = f"{'window':<32} {'target':>9} {'references':>10} {'strongest at':>12} {'error':>8}"
        lines = [self._summary, *definition, columns]
        for _, (where, target, base, at, error) in zip(range(_SHOWN), self._rows(), strict=False):
            references, rounding = ("-" if base is None else f"{base:.4g}"), ("-" if error is None else f"{error:.1g}")
            lines.append(f"{where!s:<32} {target:>9.4g} {references:>10} {at:>12,} {rounding:>8}")
        if len(self) > _SHOWN:
            lines.append(f"… and {len(self) - _SHOWN} more")
        return "\n".join(lines)

    __repr__ = __str__

    def save(self, path: str | Path) -> None:
        """Write everything into one `.npz` file; `load` reads it."""
        path = user_path(path)
        arrays = {name: getattr(self, name) for name in _ARRAYS if getattr(self, name) is not None}
        metadata = {member.name: getattr(self, member.name) for member in fields(self) if member.name not in _ARRAYS}
        metadata["references"] = self.references and asdict(self.references)
        metadata["intervals"] = [
            [interval.chrom, interval.start, interval.end, interval.name] for interval in self.intervals
        ]
        FORMATS["npz"].write(path, {"said": np.array(json.dumps(metadata)), **arrays})

    @classmethod
    def load(cls, path: str | Path) -> "Attributions":
        """Read such a file. Raises `InputError` for another."""
        try:
            file = npz.read(user_path(path, "attributions"), _MOST_BYTES)
            metadata, arrays = json.loads(str(file["said"])), {name: file.get(name) for name in _ARRAYS}
            metadata["references"] = metadata["references"] and References(**metadata["references"])
            metadata["intervals"] = [Interval(*row) for row in metadata["intervals"]]
            return cls(**arrays, **metadata)
        except (IntegrityError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(
                f"Attributions must be a file that `save` wrote ({error})", received={"path": str(path)}
            ) from None

    @classmethod
    def joined(cls, parts: Iterable["Attributions"], total: int) -> "Attributions":
        """`total` windows of several, one after the other; no more than one part is held beside the result."""
        arrays, intervals, at = {}, [], 0
        for part in parts:
            for name in _ARRAYS:
                array = getattr(part, name)
                if array is not None:
                    arrays.setdefault(name, np.empty((total, *array.shape[1:]), array.dtype))[at : at + len(part)] = (
                        array
                    )
            intervals += part.intervals
            at += len(part)
        return replace(part, **arrays, intervals=intervals)

    def write_bigwig(self, path: str | Path, signal: bool = False, track: int = 0) -> None:
        """Write a track of contributions, for a genome browser.

        Args:
            path: the file.
            signal: those of the signal instead of those of the bases.
            track: which, if the model reads several.

        Where windows overlap a base has their mean. Raises `InputError` without intervals, or without a signal.
        """
        if not self.intervals or (signal and self.signal is None):
            raise InputError(
                "A track must have a place on a genome, and attributions of what it shows",
                received={"intervals": len(self.intervals), "signal": signal},
            )
        path, rows = user_path(path), self.scores
        if signal:
            rows = self.signal if self.signal.ndim == 2 else self.signal[..., track]
        with atomic(path, path.parent) as temporary, Writer(temporary, self.sizes) as writer:
            for chrom, first, values in self._stretches(rows):
                starts = first + np.arange(len(values))
                there = (starts >= 0) & (starts < self.sizes[chrom])
                writer.add(chrom, starts[there], starts[there] + 1, values[there])

    def _stretches(self, rows: np.ndarray) -> Iterator[tuple[str, int, np.ndarray]]:
        """(chromosome, first position, means) of windows that overlap, in the order of `sizes`."""
        numbers = {chrom: number for number, chrom in enumerate(self.sizes)}
        order = sorted(range(len(self)), key=lambda i: (numbers[self.intervals[i].chrom], self.intervals[i].start))
        for group in _overlapping(self.intervals, order):
            places = [self.intervals[i] for i in group]
            first, last = places[0].start, max(place.end for place in places)
            total, depth = np.zeros(last - first), np.zeros(last - first)
            for i, place in zip(group, places, strict=True):
                total[place.start - first : place.end - first] += rows[i]
                depth[place.start - first : place.end - first] += 1
            yield places[0].chrom, first, total / depth


def _overlapping(intervals: Sequence[Interval], order: Sequence[int]) -> Iterator[list[int]]:
    """Split sorted intervals where there is a gap."""
    group, end = [order[0]], intervals[order[0]].end
    for i in order[1:]:
        if intervals[i].chrom != intervals[group[0]].chrom or intervals[i].start > end:
            yield group
            group, end = [], 0
        group.append(i)
        end = max(end, intervals[i].end)
    yield group

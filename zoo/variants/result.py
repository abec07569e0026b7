"""Scores of variants as a table, as a VCF file, as tracks."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from registry.errors import printable
from registry.paths import user_path
from zoo.arguments import is_one_of
from zoo.errors import InputError
from zoo.extras import extra
from zoo.files.atomic import atomic, check_outputs
from zoo.forward.readouts import untransformed
from zoo.genome import names
from zoo.genome.bigwig import Writer
from zoo.genome.signal import Signal
from zoo.genome.spans import steps
from zoo.genome.vcf import Variant, Vcf
from zoo.notebook.pictures import drawn
from zoo.notebook.tables import facts, folded, table, titled
from zoo.variants.alleles import Place
from zoo.variants.annotation import Origin, annotate
from zoo.variants.conversion import to_anndata, to_xarray
from zoo.variants.effects import Skipped
from zoo.variants.scores import column_of
from zoo.variants.window import VariantWindow

if TYPE_CHECKING:
    import anndata
    import pandas
    import xarray
    from matplotlib.figure import Figure

SCALES = ("linear", "log1p")
_SHOWN = 10
_OF_PROFILES = {  # shown of the variants that change most: score → title, width, format
    "log2_fold_change": ("log2 fold change", 16, ".4f"),
    "difference": ("difference", 11, ".4g"),
    "jensen_shannon": ("JSD", 7, ".4f"),
}
_OF_HEADS = {"logfc": ("logfc", 16, ".4f"), "abs_logfc_x_jsd": ("IES", 11, ".4g"), "jsd": ("JSD", 7, ".4f")}
_TRACKS = (".reference.bw", ".alternative.bw")


@dataclass(frozen=True)
class VariantScores:
    """Effects of variants on predictions.

    Attributes:
        variants: all that were given, in their order.
        places: how those that are scored were predicted, in the order of the genome.
        scores: name → (variants,) float64, NaN for those that are skipped (`zoo.variants.scores`); of several tracks
            the names are `score.track`.
        skipped: those, and why.
        layout: of windows and bins.
        sizes: chromosome → bp of the genome.
        model: the name of what predicted.
        reference: (places, bins) float32, predicted profiles; None if they were not requested.
        alternative: the same with the other allele, on the reference's bins.
        texts: name → (variants,), further columns; "" for those that are skipped.
        tracks: those that are scored, if they are several → their number in the head, from 0; else empty.
    """

    variants: Sequence[Variant]
    places: Sequence[Place]
    scores: dict[str, np.ndarray]
    skipped: Sequence[Skipped]
    layout: VariantWindow
    sizes: dict[str, int]
    model: str
    reference: np.ndarray | None = None
    alternative: np.ndarray | None = None
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tracks: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.variants)

    @property
    def change(self) -> np.ndarray | None:
        """(places, bins) float32, alternative minus reference profile; None without profiles."""
        return None if self.reference is None else self.alternative - self.reference

    @property
    def reasons(self) -> dict[str, int]:
        """Why variants were skipped, and how many for it."""
        return dict(Counter(entry.reason for entry in self.skipped).most_common())

    def of_tracks(self, score: str) -> np.ndarray:
        """A score of several tracks, (variants, tracks) float64, in their order."""
        return np.stack([self.scores[column_of(score, track)] for track in self.tracks], axis=1)

    @property
    def names(self) -> list[str]:
        """Names of the scores, without those of tracks."""
        if not self.tracks:
            return list(self.scores)
        last = f".{next(iter(self.tracks))}"
        names = [name.removesuffix(last) for name in self.scores if name.endswith(last)]
        return [name for name in names if all(column_of(name, track) in self.scores for track in self.tracks)]

    def plot(self, score: str | None = None, most: int = 20) -> "Figure":
        """The variants that change most: a bar for each, or of several tracks a heat map of variants × tracks.

        Args:
            score: its name, default the first; of several tracks without that of a track.
            most: variants.

        Raises `InputError` for a score that there is not, or without a variant that has one.
        """
        return drawn("variants", self, score, most)

    def to_anndata(self) -> "anndata.AnnData":
        """An observation for each variant; of several tracks a variable for each, else a variable for each score.

        Of several tracks `X` is the first score, the others are layers. Raises `MissingExtra` if anndata is not there.
        """
        return to_anndata(self)

    def to_xarray(self) -> "xarray.Dataset":
        """An array (variant,) of each score, or (variant, track), and of profiles that were kept (variant, bin).

        NaN for variants that are skipped. Raises `MissingExtra` if xarray is not installed.
        """
        return to_xarray(self)

    def _repr_html_(self) -> str:
        title = f"{self.model}: {len(self.places):,} of {len(self):,} variants scored"
        if self.tracks:
            heads, caption = ["variant", "track", *self.names[:2]], "what changes most"
            rows = [[variant, track, *values] for variant, track, values in self._changes()]
        else:
            heads, caption = ["variant", *self.scores], f"those that change most, by {self.names[0]}"
            chosen = self._order(self.scores[self.names[0]])
            rows = [[self.variants[i], *(float(values[i]) for values in self.scores.values())] for i in chosen]
        return titled(title, table(heads, rows, caption), folded("skipped", facts(self.reasons)))

    def _order(self, change: np.ndarray) -> list[int]:
        """The first places of those that change most."""
        order = np.argsort(-np.abs(np.nan_to_num(change)), axis=None, kind="stable")
        return order[: min(_SHOWN, len(self.places) * max(len(self.tracks), 1))].tolist()

    def _changes(self) -> Iterator[tuple[Variant, str, list[float]]]:
        """Of several tracks what changes most by the first score: variant, track, and two scores of it."""
        tracks = list(self.tracks)
        for place in self._order(self.of_tracks(self.names[0])):
            i, track = place // len(tracks), tracks[place % len(tracks)]
            yield self.variants[i], track, [float(self.scores[column_of(n, track)][i]) for n in self.names[:2]]

    def __str__(self) -> str:
        if self.tracks:
            return self._of_tracks()
        of_model = _OF_HEADS if "logfc" in self.scores else _OF_PROFILES
        shown = {name: column for name, column in of_model.items() if name in self.scores}
        shown = shown or {name: (name, max(len(name), 11), ".4g") for name in list(self.scores)[:3]}
        change = self.scores[next(iter(shown))]
        lines = [f"{len(self.places):,} of {len(self):,} variants scored; those that change most:"]
        lines.append(" ".join([f"{'variant':<34}", *(f"{title:>{width}}" for title, width, _ in shown.values())]))
        for i in self._order(change):
            numbers = (f"{self.scores[name][i]:>{width}{form}}" for name, (_, width, form) in shown.items())
            lines.append(" ".join([f"{printable(str(self.variants[i]))[:34]:<34}", *numbers]))
        lines += skipped_lines(self.reasons)
        return "\n".join(lines)

    __repr__ = __str__

    def _of_tracks(self) -> str:
        """Of several tracks what changes most by the first score, and the second one of it."""
        shown = self.names[:2]
        titles = " ".join(f"{name:>{max(len(name), 11)}}" for name in shown)
        lines = [
            f"{len(self.places):,} of {len(self):,} variants scored, {len(self.tracks):,} tracks; what changes most:",
            f"{'variant':<26} {'track':<20} {titles}",
        ]
        for variant, track, values in self._changes():
            numbers = " ".join(f"{value:>{max(len(n), 11)}.4g}" for n, value in zip(shown, values, strict=True))
            lines.append(f"{printable(str(variant))[:26]:<26} {printable(track)[:20]:<20} {numbers}")
        return "\n".join([*lines, *skipped_lines(self.reasons)])

    def write_tsv(self, handle: TextIO) -> None:
        """A row for each variant that is scored: chrom, pos (1-based), id, ref, alt, scores, further columns."""
        handle.write("\t".join(["chrom", "pos", "id", "ref", "alt", *self.scores, *self.texts]) + "\n")
        for i in sorted(place.number for place in self.places):
            variant = self.variants[i]
            numbers = (f"{column[i]:.8g}" for column in self.scores.values())
            handle.write(row(*place_of(variant), *numbers, *(column[i] for column in self.texts.values())))

    def write_skipped(self, handle: TextIO) -> None:
        """A row for each variant that is not: chrom, pos, id, ref, alt, reason, where."""
        handle.write("chrom\tpos\tid\tref\talt\treason\twhere\n")
        for skipped in self.skipped:
            variant = skipped.variant
            handle.write(row(*place_of(variant), skipped.reason, variant.where))

    def to_json(self) -> dict:
        """A JSON object: an object for each variant that is scored, and how many were skipped for which reason."""
        rows = []
        for i in sorted(place.number for place in self.places):
            variant = self.variants[i]
            place = {
                "chrom": variant.chrom,
                "pos": variant.start + 1,
                "id": variant.name,
                "ref": variant.ref,
                "alt": variant.alt,
            }
            numbers = {name: _number(values[i]) for name, values in self.scores.items()}
            rows.append(place | numbers | {name: values[i] for name, values in self.texts.items()})
        return {"variants": rows, "skipped": self.reasons}

    def to_frame(self) -> "pandas.DataFrame":
        """The table as a pandas data frame, with the reason of those that are skipped.

        Raises:
            MissingExtra: pandas is not installed.
        """
        pandas = extra("pandas", "a data frame")
        columns = {
            "chrom": [variant.chrom for variant in self.variants],
            "pos": [variant.start + 1 for variant in self.variants],
            "id": [variant.name for variant in self.variants],
            "ref": [variant.ref for variant in self.variants],
            "alt": [variant.alt for variant in self.variants],
        }
        reasons = {id(entry.variant): entry.reason for entry in self.skipped}
        return pandas.DataFrame(
            columns | self.scores | self.texts | {"skipped": [reasons.get(id(variant)) for variant in self.variants]}
        )

    def write_csv(self, handle: TextIO, measured: Signal | None = None) -> None:
        """The table of ASAP's program: id, chr, pos, ref, alt, signal_true, signal_pred_ref, signal_pred_alt.

        Predicted profiles are lists of lists of one number, as the network predicts them. `signal_true` is the highest
        measured base of each bin that counts, as the original has it rounded to half precision.

        Args:
            handle: where.
            measured: the track that the model predicts; without one `signal_true` is an empty list.

        Raises:
            InputError: scores without profiles.
        """
        self._check_profiles()
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["id", "chr", "pos", "ref", "alt", "signal_true", "signal_pred_ref", "signal_pred_alt"])
        for i in sorted(range(len(self.places)), key=lambda i: self.places[i].number):
            place, variant = self.places[i], self.variants[self.places[i].number]
            predicted = [[[float(value)] for value in profile[i]] for profile in (self.reference, self.alternative)]
            true = [] if measured is None else _maxima(measured, place, self.layout).tolist()
            table.writerow([variant.name, variant.chrom, variant.start + 1, variant.ref, variant.alt, true, *predicted])

    def write_vcf(
        self, source: str | Path | Vcf, handle: TextIO, weights: str = "", options: Mapping | None = None
    ) -> None:
        """The VCF file that the variants are from, with scores of each alternative allele in INFO.

        Keys are `ZOO_LFC_<model>` and so on; those of the same model are replaced, those of others stay.

        Args:
            source: the file, or one opened for the regions or the sample of these variants.
            handle: where, UTF-8.
            weights: SHA-256 of the model's, for the header.
            options: that scores depend on, for the header.
        """
        origin = Origin(self.model, weights, options or {})
        for line in annotate(source, self.variants, self.scores, origin, self.reasons, self.tracks):
            handle.write(f"{line}\n")

    def write_bigwigs(
        self, base: str | Path, track: Signal | None = None, factor: float = 1.0, scale: str = "linear"
    ) -> tuple[Path, Path]:
        """`write_bigwig` for both alleles: `<base>.reference.bw` and `<base>.alternative.bw`."""
        base = user_path(base, "base")
        paths = tuple(base.with_name(f"{base.name}{suffix}") for suffix in _TRACKS)
        check_outputs(paths, [track])
        for number, path in enumerate(paths):
            with atomic(path, path.parent) as temporary:
                self.write_bigwig(temporary, number > 0, track, factor, scale)
        return paths

    def write_bigwig(
        self,
        path: Path,
        alternative: bool = False,
        track: Signal | None = None,
        factor: float = 1.0,
        scale: str = "linear",
    ) -> None:
        """Predicted profiles of an allele around each variant; the caller makes the file atomic.

        Where variants are near one another a base belongs to the nearest; of several alleles at a position the first is
        shown.

        Args:
            path: the file.
            alternative: of the alternative allele instead of the reference's.
            track: what was measured, to be shown elsewhere (as ASAP's export does); default nothing.
            factor: of all values.
            scale: "linear" for values as they were measured, "log1p" for ln(1 + these), as models of accessibility
                predict them.

        Raises:
            InputError: scores without profiles, or a scale that the model does not have.
        """
        self._check_profiles()
        check_scale(scale, self.layout)
        values = self.alternative if alternative else self.reference
        shown = untransformed(values, self.layout.transform, table=self.layout.table) if scale == "linear" else values
        numbers: dict[str, dict[int, int]] = {chrom: {} for chrom in self.sizes}
        for number, place in enumerate(self.places):
            numbers[place.chrom].setdefault(self.variants[place.number].start, number)
        with Writer(path, self.sizes) as writer:
            for chrom, here in numbers.items():
                _Painter(writer, self, chrom, shown, track, factor, scale).paint(list(here.values()))

    def _check_profiles(self) -> None:
        if self.reference is None:
            raise InputError("Profiles must have been kept to be written", hint="Call score_variants(…, profiles=True)")


def _number(value: np.floating) -> float | None:
    """A number for JSON; None for one that is not finite."""
    return float(value) if np.isfinite(value) else None


def check_scale(scale: str, layout: VariantWindow) -> None:
    """Raise `InputError` unless profiles of a model can be written in a scale."""
    if not is_one_of(scale, SCALES):
        raise InputError(f"scale must be one of {', '.join(SCALES)}", received={"scale": scale})
    if scale == "log1p" and layout.transform != "log1p":
        raise InputError(
            'scale="log1p" must go with a model of accessibility, which predicts ln(1 + a track)',
            received={"scale": scale},
            hint="Leave out the option",
        )


def skipped_lines(reasons: Mapping[str, int]) -> list[str]:
    """How many variants were skipped, a line for each reason."""
    return [f"skipped {count:,}: {reason}" for reason, count in reasons.items()]


def place_of(variant: Variant) -> tuple[str, int, str, str, str]:
    """chrom, pos from 1, id, ref, alt."""
    return variant.chrom, variant.start + 1, variant.name, variant.ref, variant.alt


def row(*cells: object) -> str:
    """A line of a table; control characters in names, which would end cells, are escaped."""
    return "\t".join(printable(str(cell)) for cell in cells) + "\n"


def flat(columns: Mapping[str, np.ndarray], tracks: Sequence[str]) -> dict[str, np.ndarray]:
    """Scores of several tracks, name → (places, tracks), as those of each, `score.track` → (places,)."""
    if not tracks:
        return dict(columns)
    return {
        column_of(name, track): values[:, place]
        for name, values in columns.items()
        for place, track in enumerate(tracks)
    }


def by_variant(places: Sequence[Place], count: int, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Scores of places → of all `count` variants, NaN for those that have none."""
    numbers, expanded = [place.number for place in places], {}
    for name, values in columns.items():
        expanded[name] = np.full(count, np.nan)
        expanded[name][numbers] = values
    return expanded


def _maxima(measured: Signal, place: Place, layout: VariantWindow) -> np.ndarray:
    """(bins that count,) float64, the highest measured base of each, in half precision."""
    start = layout.start(place.variant) + layout.scored.start * layout.bin_size
    end = start + (layout.scored.stop - layout.scored.start) * layout.bin_size
    chrom = names.find(place.chrom, measured.sizes)
    if chrom is None:
        return np.zeros((end - start) // layout.bin_size)
    bases = measured.values(chrom, start, end)
    return bases.reshape(-1, layout.bin_size).max(axis=1).astype(np.float16).astype(np.float64)


@dataclass(frozen=True)
class _Painter:
    """Regions around the variants of a chromosome, and the measured track between them."""

    writer: Writer
    scores: VariantScores
    chrom: str
    values: np.ndarray
    track: Signal | None
    factor: float
    scale: str

    def paint(self, here: list[int]) -> None:
        """Write a chromosome, with the places of these numbers."""
        scores, layout, length = self.scores, self.scores.layout, self.scores.sizes[self.chrom]
        near, at = layout.scored, 0
        for k, number in enumerate(here):
            place = scores.places[number]
            start = layout.start(place.variant) + near.start * layout.bin_size
            values = np.repeat(self.values[number, near], layout.bin_size)
            first, stop = max(start, at, 0), min(start + len(values), length)
            if k + 1 < len(here):  # half way to the next variant
                stop = min(stop, (place.variant.start + scores.places[here[k + 1]].variant.start) // 2 + 1)
            self._copy(at, min(first, length))
            if first < stop:
                self._runs(first, values[first - start : stop - start])
                at = stop
            at = max(at, first)
        self._copy(at, length)

    def _copy(self, start: int, stop: int) -> None:
        if self.track is None or (chrom := names.find(self.chrom, self.track.sizes)) is None:
            return
        for first in range(start, stop, 1 << 20):
            values = self.track.values(chrom, first, min(first + (1 << 20), stop))
            self._runs(first, np.log1p(values) if self.scale == "log1p" else values)

    def _runs(self, start: int, values: np.ndarray) -> None:
        """Write values of single bases as runs of equal ones."""
        values = values * np.float32(self.factor)
        edges = steps(values)
        self.writer.add(self.chrom, start + edges[:-1], start + edges[1:], values[edges[:-1]])

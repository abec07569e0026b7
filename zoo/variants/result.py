"""Scores of variants as a table, as a VCF file, as tracks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from registry.paths import user_path
from zoo.errors import InputError, MissingExtra
from zoo.files.atomic import atomic, check_outputs
from zoo.genome.bigwig import Writer
from zoo.genome.signal import Signal
from zoo.genome.vcf import Variant, Vcf
from zoo.variants.alleles import Place
from zoo.variants.effects import Layout, Skipped

_SHOWN = 10
_INFO = {
    "log2_fold_change": ("ZOO_LFC", "log2 of the alternative allele's predicted sum over the reference's"),
    "difference": ("ZOO_DIFF", "predicted sum of the alternative allele minus the reference's"),
    "largest_difference": ("ZOO_MAXDIFF", "alternative minus reference in the bin where that is furthest from 0"),
    "jensen_shannon": ("ZOO_JSD", "Jensen-Shannon divergence of both predicted profiles, bits"),
    "maximum_reference": ("ZOO_MAXREF", "highest predicted bin with the reference allele"),
    "maximum_alternative": ("ZOO_MAXALT", "highest predicted bin with the alternative allele"),
}


@dataclass(frozen=True)
class VariantScores:
    """What variants do to predictions.

    Attributes:
        variants: all that were given, in their order.
        places: how those that are scored were predicted, in the order of the genome.
        scores: name → (variants,) float64, NaN for those that are skipped (`zoo.variants.scores`).
        skipped: those, and why.
        layout: of windows and bins.
        sizes: chromosome → bp of the genome.
        reference: (places, bins) float32, predicted profiles; None if they were not asked for.
        alternative: the same with the other allele, on the reference's bins.
    """

    variants: Sequence[Variant]
    places: Sequence[Place]
    scores: dict[str, np.ndarray]
    skipped: Sequence[Skipped]
    layout: Layout
    sizes: dict[str, int]
    reference: np.ndarray | None = None
    alternative: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.variants)

    @property
    def change(self) -> np.ndarray | None:
        """(places, bins) float32, alternative minus reference profile; None without profiles."""
        return None if self.reference is None else self.alternative - self.reference

    @property
    def reasons(self) -> dict[str, int]:
        """Why variants were skipped, and how many for it."""
        return dict(Counter(item.reason for item in self.skipped).most_common())

    def __str__(self) -> str:
        change = self.scores["log2_fold_change"]
        lines = [f"{len(self.places):,} of {len(self):,} variants scored; those that change most:"]
        lines.append(f"{'variant':<34} {'log2 fold change':>16} {'difference':>11} {'JSD':>7}")
        for i in np.argsort(-np.abs(np.nan_to_num(change)), kind="stable")[: min(_SHOWN, len(self.places))]:
            told = (self.scores[name][i] for name in ("log2_fold_change", "difference", "jensen_shannon"))
            fold, moved, shape = told
            lines.append(f"{str(self.variants[i])[:34]:<34} {fold:>16.4f} {moved:>11.4g} {shape:>7.4f}")
        lines += [f"skipped {count:,}: {reason}" for reason, count in self.reasons.items()]
        return "\n".join(lines)

    __repr__ = __str__

    def write_tsv(self, handle: TextIO) -> None:
        """A row for each variant that is scored: chrom, pos (1-based), id, ref, alt, scores."""
        handle.write("\t".join(["chrom", "pos", "id", "ref", "alt", *self.scores]) + "\n")
        for i in sorted(place.number for place in self.places):
            item = self.variants[i]
            numbers = (f"{column[i]:.8g}" for column in self.scores.values())
            handle.write("\t".join([item.chrom, str(item.start + 1), item.name, item.ref, item.alt, *numbers]) + "\n")

    def write_skipped(self, handle: TextIO) -> None:
        """A row for each variant that is not: chrom, pos, id, ref, alt, reason, where."""
        handle.write("chrom\tpos\tid\tref\talt\treason\twhere\n")
        for skipped in self.skipped:
            item = skipped.variant
            row = (item.chrom, item.start + 1, item.name, item.ref, item.alt, skipped.reason, item.where)
            handle.write("\t".join(map(str, row)) + "\n")

    def to_json(self) -> dict:
        """A JSON object: an object for each variant that is scored, and how many were skipped for which reason."""
        rows = []
        for i in sorted(place.number for place in self.places):
            item = self.variants[i]
            place = {"chrom": item.chrom, "pos": item.start + 1, "id": item.name, "ref": item.ref, "alt": item.alt}
            rows.append(place | {name: float(values[i]) for name, values in self.scores.items()})
        return {"variants": rows, "skipped": self.reasons}

    def to_frame(self):
        """The table as a pandas data frame, skipped variants included. Raises `MissingExtra` without pandas."""
        try:
            import pandas
        except ImportError:
            raise MissingExtra("A data frame needs pandas", example="pip install 'chromatin-zoo[pandas]'") from None
        columns = {
            "chrom": [item.chrom for item in self.variants],
            "pos": [item.start + 1 for item in self.variants],
            "id": [item.name for item in self.variants],
            "ref": [item.ref for item in self.variants],
            "alt": [item.alt for item in self.variants],
        }
        return pandas.DataFrame(columns | self.scores)

    def write_vcf(self, source: str | Path, handle: TextIO) -> None:
        """The VCF file that the variants are from, with scores of each alternative allele in INFO."""
        vcf = Vcf(source)
        lines = [
            f'##INFO=<ID={key},Number=A,Type=Float,Description="{said}">'
            for name, (key, said) in _INFO.items()
            if name in self.scores
        ]
        handle.write("\n".join([*vcf.header, *lines, "#" + "\t".join(vcf.columns)]) + "\n")
        at = 0
        for columns, _ in vcf.rows():
            alleles = range(at, at + columns[4].count(",") + 1)
            at = alleles.stop
            told = [
                f"{key}=" + ",".join("." if np.isnan(value) else f"{value:.6g}" for value in self.scores[name][alleles])
                for name, (key, _) in _INFO.items()
            ]
            columns += ["."] * (8 - len(columns))
            columns[7] = ";".join(([] if columns[7] in (".", "") else [columns[7]]) + told)
            handle.write("\t".join(columns) + "\n")

    def write_bigwigs(self, base: str | Path, track: Signal | None = None, scale: float = 1.0) -> tuple[Path, Path]:
        """`write_bigwig` for both alleles: `<base>.reference.bw` and `<base>.alternative.bw`."""
        base = user_path(base, "base")
        paths = base.with_name(f"{base.name}.reference.bw"), base.with_name(f"{base.name}.alternative.bw")
        check_outputs(paths, [track])
        for number, path in enumerate(paths):
            with atomic(path, path.parent) as temporary:
                self.write_bigwig(temporary, number > 0, track, scale)
        return paths

    def write_bigwig(
        self, path: Path, alternative: bool = False, track: Signal | None = None, scale: float = 1.0
    ) -> None:
        """Predicted profiles of an allele around each variant; the caller makes the file atomic.

        Where variants are near one another a base belongs to the nearest; of several alleles at a position the first is
        shown. Values are in the scale of the measurement.

        Args:
            path: the file.
            alternative: of the alternative allele instead of the reference's.
            track: what was measured, to be shown elsewhere (as ASAP's export does); default nothing.
            scale: of all values.

        Raises:
            InputError: scores without profiles.
        """
        if self.reference is None:
            raise InputError("Tracks show profiles", example="score_variants(…, profiles=True)")
        values = self.alternative if alternative else self.reference
        linear = np.expm1(values) if self.layout.logarithmic else values
        with Writer(path, self.sizes) as writer:
            for chrom in self.sizes:
                _write_chromosome(writer, self, chrom, linear, track, scale)


def by_variant(places: Sequence[Place], count: int, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Scores of places → of all `count` variants, NaN for those that have none."""
    numbers, found = [place.number for place in places], {}
    for name, values in columns.items():
        found[name] = np.full(count, np.nan)
        found[name][numbers] = values
    return found


def _write_chromosome(
    writer: Writer, found: VariantScores, chrom: str, linear: np.ndarray, track: Signal | None, scale: float
) -> None:
    """Regions around the variants of a chromosome, and the measured track between them."""
    layout, length = found.layout, found.sizes[chrom]
    first_at: dict[int, int] = {}
    for number, place in enumerate(found.places):
        if place.chrom == chrom:
            first_at.setdefault(found.variants[place.number].start, number)
    here = list(first_at.values())
    near, at = layout.scored, 0
    for k, number in enumerate(here):
        place = found.places[number]
        start = layout.start(place.variant) + near.start * layout.bin_size
        values = np.repeat(linear[number, near], layout.bin_size)
        first, stop = max(start, at, 0), min(start + len(values), length)
        if k + 1 < len(here):  # half way to the next variant
            stop = min(stop, (place.variant.start + found.places[here[k + 1]].variant.start) // 2 + 1)
        _copy(writer, track, chrom, at, min(first, length), scale)
        if first < stop:
            _runs(writer, chrom, first, values[first - start : stop - start] * np.float32(scale))
            at = stop
        at = max(at, first)
    _copy(writer, track, chrom, at, length, scale)


def _copy(writer: Writer, track: Signal | None, chrom: str, start: int, stop: int, scale: float) -> None:
    for first in range(start, stop if track is not None and chrom in track.sizes else start, 1 << 20):
        last = min(first + (1 << 20), stop)
        _runs(writer, chrom, first, track.values(chrom, first, last) * np.float32(scale))


def _runs(writer: Writer, chrom: str, start: int, values: np.ndarray) -> None:
    """Write values of single bases as runs of equal ones."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1, [len(values)]])
    writer.add(chrom, start + edges[:-1], start + edges[1:], values[edges[:-1]])

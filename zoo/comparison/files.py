"""What a comparison writes: tables of factors and sites, BED files, pictures, a page."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import TextIO

import numpy as np

from zoo.comparison import page
from zoo.comparison.changes import CLASSES, Changes, FactorChange
from zoo.comparison.scores import FactorScores, SiteScores
from zoo.files.job import Job
from zoo.files.record import finite
from zoo.formats import bed
from zoo.formats.content import BedStyle, Intervals, plain_names
from zoo.many.models import short
from zoo.plot import style
from zoo.plot.sections import figure

FACTORS, SITES, PAGE = ".factors.tsv", ".sites.tsv", ".html"
_BEDS = ("gained", "lost")


class CompareOutput(Job):
    """The place of the files of a comparison.

    Args:
        base: path without extension.
        factors: names.
        contrasts: names.
        beds: whether BED files are written.
        pictures: names of pictures.
        reads: everything that is read.
    """

    def __init__(
        self,
        base: object,
        factors: Sequence[str],
        contrasts: Sequence[str],
        beds: bool,
        pictures: Sequence[str],
        reads: Sequence[object],
    ) -> None:
        self._pictures = tuple(pictures)
        names = [f"{contrast}.{factor}" for contrast in contrasts for factor in short(list(factors))]
        self._labels = plain_names(names) if beds else []
        super().__init__("comparison of samples", base, [FACTORS, SITES, PAGE, *self._more], reads)

    @property
    def suffixes(self) -> list[str]:
        """Of all files."""
        return [FACTORS, SITES, PAGE, *self._more]

    @property
    def _more(self) -> list[str]:
        beds = [f".{label}.{which}.bed" for label in self._labels for which in _BEDS]
        return [*(f".{name}.png" for name in self._pictures), *beds]

    def write(
        self, paths: Mapping[str, Path], scores: SiteScores, found: Sequence[Changes], sections: Mapping[str, Mapping]
    ) -> None:
        """Write all but the page to temporary paths, by suffix."""
        with open(paths[FACTORS], "w", newline="", encoding="utf-8") as handle:
            write_factors(handle, [row for changes in found for row in changes.factors])
        with open(paths[SITES], "w", newline="", encoding="utf-8") as handle:
            write_sites(handle, scores, found)
        for name in self._pictures:
            style.save(figure(sections[name], titled=True), paths[f".{name}.png"], "png")
        pairs = [(changes, place) for changes in found for place in range(len(scores.factors))]
        for label, (changes, place) in zip(self._labels, pairs if self._labels else [], strict=True):
            for which in _BEDS:
                bed.write(paths[f".{label}.{which}.bed"], _changed(scores, changes, place, which))

    def write_page(self, paths: Mapping[str, Path], content: Mapping) -> None:
        """Write the page."""
        paths[PAGE].write_text(page.rendered(finite(content)), encoding="utf-8")


def write_factors(handle: TextIO, rows: Sequence[FactorChange]) -> None:
    """Write a row for each factor and contrast, tab-separated, empty where there is no number."""
    writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
    writer.writerow([field.name for field in fields(FactorChange)])
    for row in rows:
        writer.writerow([_cell(value) for value in astuple(row)])


def write_sites(handle: TextIO, scores: SiteScores, found: Sequence[Changes]) -> None:
    """Write a row for each factor and site: scores of all samples, and of each contrast change, change beyond the
    shared one, and class. Sites that are bound in none of the compared conditions are left out."""
    writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
    pairs = [f"{what}|{changes.contrast.name}" for changes in found for what in ("change", "relative", "class")]
    writer.writerow(["factor", "chrom", "start", "end", *(f"score|{name}" for name in scores.samples), *pairs])
    for place, factor in enumerate(scores.factors):
        sites = [changes.sites[place] for changes in found]
        for row in np.flatnonzero(np.any([item.union for item in sites], axis=0)).tolist():
            cells = [factor.name, scores.chroms[factor.chroms[row]], *factor.spans[row].tolist()]
            cells += map(_cell, factor.scores[row].tolist())
            for item in sites:
                numbers = item.change[row], item.change[row] - item.shared
                cells += [*(_cell(float(value)) for value in numbers), CLASSES[item.classes[row]]]
            writer.writerow(cells)


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else value


def _changed(scores: SiteScores, changes: Changes, place: int, which: str) -> Intervals:
    """The sites of a class with their changes, which are fractions if none is above 1."""
    rows = list(_rows(scores, changes, place, which))
    name = plain_names([scores.factors[place].name.rpartition("/")[2]])[0]
    return Intervals(lambda: rows, BedStyle(f"{name}_{which}", all(abs(change) <= 1 for *_, change in rows)))


def _rows(scores: SiteScores, changes: Changes, place: int, which: str) -> Iterator[tuple[str, int, int, float]]:
    """Chromosome, start, end and change of the sites of a class."""
    factor: FactorScores = scores.factors[place]
    item = changes.sites[place]
    for row in np.flatnonzero(item.classes == CLASSES.index(which)).tolist():
        yield scores.chroms[factor.chroms[row]], *factor.spans[row].tolist(), float(item.change[row])

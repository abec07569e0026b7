"""Sites of factors: of a pass over models and samples, BED files, or a matrix with a threshold."""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.paths import user_path
from zoo.arguments import items_of, number
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.many.finished import Finished, is_matrix, read_matrix
from zoo.many.matrix import Matrix
from zoo.many.models import short

_SUFFIXES = (".gz", ".bgz", ".bz2", ".bed", ".narrowPeak", ".broadPeak", ".txt", ".tsv")


@dataclass(frozen=True, eq=False)
class SiteSet:
    """The sites of a factor in a sample.

    Attributes:
        chroms: names of chromosomes, as the file has them.
        places: (n,) int64, numbers of these.
        spans: (n, 2) int64, bp, 0-based half-open.
        scores: (n,) float32, NaN where a site has none.
    """

    chroms: Sequence[str]
    places: np.ndarray
    spans: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, regions: Iterable[Interval], scores: Sequence[float]) -> "SiteSet":
        """Of intervals and their scores."""
        listed = list(regions)
        known = {chrom: number for number, chrom in enumerate(dict.fromkeys(item.chrom for item in listed))}
        return cls(
            chroms=list(known),
            places=np.array([known[item.chrom] for item in listed], np.int64),
            spans=np.array([(item.start, item.end) for item in listed], np.int64).reshape(-1, 2),
            scores=np.asarray(scores, np.float32),
        )

    def above(self, threshold: float | None) -> "SiteSet":
        """Those whose score reaches a threshold; all without one."""
        if threshold is None:
            return self
        kept = self.scores >= np.float32(threshold)
        return SiteSet(self.chroms, self.places[kept], self.spans[kept], self.scores[kept])


@dataclass(frozen=True, eq=False)
class Source:
    """Sites of several factors, of each in the same samples.

    Attributes:
        identity: all that they depend on, as JSON holds it.
        factors: their names.
        samples: their names; one without a name where there are no samples.
        reads: files.
        seen: chromosomes that sites were looked for on; None if that is not known.
        load: (factor, sample) → its sites.
        regions: how many regions they were looked for in; None for whole chromosomes, or if that is not known.
    """

    identity: object
    factors: Sequence[str]
    samples: Sequence[str]
    reads: Sequence[Path]
    seen: Sequence[str] | None
    load: Callable[[str, str], SiteSet]
    regions: int | None = None


def source_of(sites: object, threshold: object) -> Source:
    """Sites in any accepted form.

    Args:
        sites: `<base>.json` of a pass, or what `zoo.predict_many` returned; a BED file, several, or factor → BED file;
            a matrix, or its `.matrix.tsv`.
        threshold: least score of a site; must be given for a matrix.

    Raises:
        InputError: something else, or no file of that kind.
    """
    cut = None if threshold is None else number("threshold", threshold)
    sites = getattr(sites, "sidecar", sites)
    if isinstance(sites, Matrix):
        return _of_matrix(sites, cut)
    if isinstance(sites, Mapping):
        return _of_beds({_factor(name): existing(path) for name, path in sites.items()}, cut)
    paths = [sites] if isinstance(sites, (str, Path)) else items_of(sites)
    if not paths or not all(isinstance(path, (str, Path)) for path in paths):
        raise InputError(
            "Sites must be the record of a pass, BED files, or a matrix",
            received={"sites": sites},
            example='"out/atlas.json"',
        )
    files = [existing(path) for path in paths]
    if len(files) == 1 and files[0].suffix == ".json":
        return _of_pass(files[0], cut)
    if len(files) == 1 and is_matrix(files[0]):
        return _of_matrix(read_matrix(files[0]), cut, files)
    named: dict[str, Path] = {}
    for path in files:
        if (name := _stem(path)) in named:
            raise InputError(
                "Each of the factors must have a name of its own",
                received={"twice": name},
                example="CTCF=a/ctcf.bed",
            )
        named[name] = path
    return _of_beds(named, cut)


def existing(path: object, what: str = "sites") -> Path:
    """The path of a file that is read. Raises `InputError` if there is none."""
    found = user_path(path, what)
    if not found.is_file():
        raise InputError(f"The file of {what} must exist", received={what: str(path)})
    return found


def _factor(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or any(ord(char) < 32 for char in name):
        raise InputError("The name of a factor must be text of a line", example="CTCF", received={"factor": name})
    return name


def _stem(path: Path) -> str:
    """A file's name without what says its format."""
    name = path.name
    while (suffix := Path(name).suffix) in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _of_beds(files: Mapping[str, Path], threshold: float | None) -> Source:
    if not files:
        raise InputError("Sites must be given of at least one factor", received={"sites": {}})
    return Source(
        identity={"beds": {name: sha256(path) for name, path in files.items()}, "threshold": threshold},
        factors=list(files),
        samples=[""],
        reads=list(files.values()),
        seen=None,
        load=lambda factor, _: read_bed(files[factor], threshold),
    )


def _of_pass(path: Path, threshold: float | None) -> Source:
    """The BED files that a pass wrote beside its record."""
    finished = Finished.of(path, "sites")
    record, beds = finished.record, finished.beds()
    if not beds:
        raise InputError(
            "A pass must have written BED files of its sites",
            where=path,
            received={"files": list(record["files"])[:5]},
            hint="Predict with `--write bed`, or give the matrix and a threshold",
        )
    factors = _factors([row for row in record["summary"] if row["score"] is not None])
    files = {(factors[model], sample): file for (model, sample), file in beds.items()}
    samples = list(dict.fromkeys(sample for _, sample in files))
    if len(files) != len(set(factors.values())) * len(samples):
        raise InputError(
            "The sites of a pass must be of all factors in all samples; models of DNA alone have sites of no sample",
            where=path,
            received={"samples": samples[:5]},
            hint="Predict models of DNA alone in a pass of their own",
        )
    return Source(
        identity={"pass": finished.identity, "threshold": threshold},
        factors=list(dict.fromkeys(factors.values())),
        samples=samples,
        reads=[path, *files.values()],
        seen=record["chromosomes"],
        load=lambda factor, sample: read_bed(files[factor, sample], threshold),
        regions=None if record["regions"] is None else record["regions"]["count"],
    )


def _factors(rows: Sequence[Mapping]) -> dict[str, str]:
    """Name of a model → its factor; or its name without family, if a factor has several models."""
    models = list(dict.fromkeys(row["model"] for row in rows))
    factors = {row["model"]: row.get("factor") for row in rows}
    if None in factors.values() or len(set(factors.values())) < len(factors):
        return dict(zip(models, short(models), strict=True))
    return factors


def read_bed(path: Path, threshold: float | None) -> SiteSet:
    """Read sites, perhaps none: the score is the seventh column of seven, as `zoo predict` writes it, the fourth of
    four, as maxATAC does, else the fifth.

    Raises:
        InputError: a line that is not BED; a threshold for sites without a score.
    """
    regions, scores = [], []
    for region, columns, where in bed.rows(path):
        scores.append(_score(columns))
        regions.append(region)
        if threshold is not None and math.isnan(scores[-1]):
            raise InputError(
                "Sites must have a score for a threshold to be one of them, in column 5, or 7 of 7, or 4 of 4",
                where=where,
                received={"columns": list(columns[:6])},
            )
    return SiteSet.of(regions, scores).above(threshold)


def _score(columns: Sequence[str]) -> float:
    try:
        value = float(columns[{4: 3, 7: 6}.get(len(columns), 4)])
    except (ValueError, IndexError):
        return math.nan
    return value if math.isfinite(value) else math.nan


def _of_matrix(matrix: Matrix, threshold: float | None, reads: Sequence[Path] = ()) -> Source:
    """Regions whose score reaches the threshold, by the first reduction."""
    if threshold is None:
        raise InputError(
            "A matrix must go with a threshold, the least score of a site", received={"threshold": None}, example=0.5
        )
    models = dict(zip(short(list(matrix.models)), matrix.models, strict=True))
    everything = SiteSet.of(matrix.regions, [])

    def load(factor: str, sample: str) -> SiteSet:
        scores = matrix.of(models[factor], sample)
        return SiteSet(everything.chroms, everything.places, everything.spans, scores).above(threshold)

    values = np.ascontiguousarray(matrix.values[matrix.reduction])
    spans = [str(item) for item in matrix.regions]
    digest = hashlib.sha256("\t".join([*matrix.models, *matrix.samples, *spans]).encode() + values.tobytes())
    return Source(
        identity={"matrix": digest.hexdigest(), "threshold": threshold},
        factors=list(models),
        samples=list(matrix.samples),
        reads=list(reads),
        seen=everything.chroms,
        load=load,
        regions=len(matrix.regions),
    )

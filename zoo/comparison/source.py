"""Where sites and scores come from: passes over models and samples that are run, or one that was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.comparison import reading
from zoo.comparison.scores import SiteScores, of_matrix, rows_of
from zoo.errors import InputError, ZooError, warn
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.many import models as named_models
from zoo.many.finished import MATRIX, Finished
from zoo.many.matrix import Matrix

if TYPE_CHECKING:
    from zoo.many.run import ManyFiles
    from zoo.model import Model

PASS, SCORES = ".pass", ".scores"


@dataclass(frozen=True, eq=False)
class Compared:
    """What is compared.

    Attributes:
        identity: all that it depends on.
        samples: their names, in order.
        thresholds: name of a model → its threshold.
        reads: its files.
        load: reads sites and scores.
    """

    identity: Sequence[str]
    samples: Sequence[str]
    thresholds: Mapping[str, float | None]
    reads: Sequence[Path]
    load: Callable[[], SiteScores]


def of_predictions(path: object) -> Compared:
    """Of `<base>.json` of a finished pass.

    Raises:
        InputError: a file of something else, models of DNA alone, or a pass that wrote neither a matrix nor both BED
            and bigWig files.
    """
    finished = Finished.of(path)
    files = finished.record["files"]
    if "" in finished.samples:  # of models that read DNA alone
        alone = sorted({row["model"] for row in finished.record["summary"] if row["sample"] == ""})
        raise _alone(alone)
    has_matrix = any(name.endswith(MATRIX) for name in files)
    if not has_matrix and not finished.has_tracks:
        raise InputError(
            f"Predictions that are compared must have a matrix ({MATRIX}), or BED and bigWig files",
            where=finished.path,
            received={"files": list(files)[:5]},
            hint="Predict with regions, or write bed,bigwig; or give models, genome and samples instead",
        )
    thresholds = finished.thresholds
    if not has_matrix:
        thresholds = {name: score for name, score in thresholds.items() if score is not None}
        if unscored := sorted(set(finished.thresholds) - set(thresholds)):
            warn(f"{names.some(unscored)}: left out, without a threshold they have no sites")

    def load() -> SiteScores:
        if has_matrix:
            return of_matrix(finished.matrix(), thresholds)
        return reading.of_tracks(finished)

    reads = [finished.path, *(finished.path.with_name(name) for name in files)]
    return Compared([finished.identity], finished.samples, thresholds, reads, load)


def of_pass(base: Path, models: object, regions: object, threshold: object, options: Mapping[str, object]) -> Compared:
    """Of passes that are run here, if they were not yet: in regions one; else one that finds the sites of each sample,
    and one for the scores of all samples in all of these.

    Args:
        base: they write `<base>.pass.*` and `<base>.scores.*`.
        models: as for `zoo.predict_many`.
        regions: as for `zoo.predict_many`; without regions sites are wherever a sample has some.
        threshold: the same.
        options: further arguments of it; samples are `zoo.many.samples.Sample`.

    Raises:
        InputError: models of DNA alone; none with a threshold, without regions.
        ZooError: no site in any sample. Other errors as for `zoo.predict_many`.
    """
    from zoo.many.run import predict_many  # Keras with it, which finished passes do not need

    named = named_models.named(models)
    loaded = named_models.load(named, options["component"])
    _check_models(loaded, regions is None and threshold == "auto")
    if all(options[name] is None for name in ("executor", "workers", "dask")):  # others load them by name
        named, options = tuple(loaded.values()), {**options, "component": None}
    samples = [replace(sample, design={}) for sample in options["samples"]]  # of which predictions do not depend
    options = {**options, "models": named, "samples": samples}
    where = _after(base, SCORES)
    if regions is not None:
        made = predict_many(output=where, regions=regions, threshold=threshold, write="matrix", **options)
        finished = Finished.of(made.sidecar)
        return _of_scores(finished, [finished], made, finished.thresholds, None)
    first = Finished.of(predict_many(output=_after(base, PASS), threshold=threshold, write="bed", **options).sidecar)
    own = reading.sites_of(first.beds())
    rows = sorted({item for items in own.values() for item in items}, key=_place)
    if not rows:
        raise ZooError(
            "The samples must have a site of one of the factors",
            received={"factors": list(first.thresholds)[:5], "samples": first.samples[:5]},
            hint="Give regions, or a lower threshold",
        )
    made = predict_many(output=where, regions=rows, threshold=None, write="matrix", **options)
    return _of_scores(Finished.of(made.sidecar), [first, Finished.of(made.sidecar)], made, first.thresholds, own)


def _check_models(models: "Mapping[str, Model]", sites: bool) -> None:
    """Raise `InputError` for models that read nothing of a sample; if sites are to be found, for none with a table."""
    reads = {name: model.spec.input for name, model in models.items()}
    if alone := [name for name, read in reads.items() if not (read.given or read.controls or read.covariates)]:
        raise _alone(alone)
    if sites and all(model.thresholds is None for model in models.values()):
        raise InputError(
            "Regions must be given for models without a threshold table",
            received={"models": list(models)[:5]},
            hint="Or give a threshold, a score",
        )


def _alone(models: Sequence[str]) -> InputError:
    return InputError(
        "Models that are compared between samples must read a track of these", received={"DNA alone": list(models)[:5]}
    )


def _of_scores(
    finished: Finished,
    passes: Sequence[Finished],
    made: "ManyFiles",
    thresholds: Mapping[str, float | None],
    own: Mapping[str, Sequence[Interval]] | None,
) -> Compared:
    if unscored := [name for name, score in thresholds.items() if score is None]:
        where = "in the sites of the others" if own is not None else "in all regions"
        warn(f"{names.some(unscored)}: without a threshold; compared by scores only, {where}")

    def load() -> SiteScores:
        matrix: Matrix = made.matrix or finished.matrix()
        return of_matrix(matrix, thresholds, None if own is None else rows_of(matrix.regions, own))

    reads = [each.path for each in passes]
    return Compared([each.identity for each in passes], finished.samples, thresholds, reads, load)


def _after(base: Path, suffix: str) -> Path:
    return base.with_name(base.name + suffix)


def _place(item: Interval) -> tuple:
    return names.natural(item.chrom), item.start, item.end

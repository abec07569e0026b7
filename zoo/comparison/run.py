"""Compare samples, clusters or conditions by what models predict in them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from zoo.arguments import number, optional_switch, refuse_together, switch, whole
from zoo.comparison import page, source, statistics
from zoo.comparison.changes import Changes, FactorChange, changes_of
from zoo.comparison.design import Contrast, conditions_of, contrasts_of
from zoo.comparison.files import FACTORS, SITES, CompareOutput
from zoo.comparison.means import ChangeSettings
from zoo.comparison.scores import SiteScores
from zoo.comparison.source import Compared
from zoo.errors import InputError
from zoo.files.atomic import paths_of
from zoo.files.job import job_base
from zoo.files.record import finite
from zoo.inputs.opening import named_regions
from zoo.many.samples import Sample, samples_of
from zoo.notebook.tables import folded, table, titled

_MOST_DRAWS, _MOST_BLOCK = 100_000, 1_000_000_000


@dataclass(frozen=True)
class Differences:
    """What a comparison wrote.

    Attributes:
        factors: a row for each contrast and factor.
        files: suffix → path, of all files.
        sidecar: `<base>.json`.
        contrasts: of each what all factors share: condition, against, shared, shared_of_sites, between, blocks.
    """

    factors: Sequence[FactorChange]
    files: Mapping[str, Path]
    sidecar: Path
    contrasts: Sequence[Mapping[str, object]]

    def __str__(self) -> str:
        shown = [
            f"{row.factor}\t{row.condition} against {row.against}\t+{row.gained:,} -{row.lost:,} sites, "
            f"{row.shared:,} shared" + ("" if row.change is None else f"\tchange {row.change:+.3f}")
            for row in self.factors
            if row.threshold is not None
        ]
        more = [f"… and {len(shown) - 10} more"] if len(shown) > 10 else []
        named = [str(self.files[FACTORS]), str(self.files[SITES]), str(self.files[".html"])]
        return "\n".join([*shown[:10], *more, *named, f"{len(self.files)} files", str(self.sidecar)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        keys = ("factor", "condition", "against", "gained", "lost", "shared", "change", "relative", "relative_q")
        rows = [[getattr(row, key) for key in keys] for row in self.factors]
        files = table(["file"], [[path] for path in (*self.files.values(), self.sidecar)])
        factors = table([key.replace("_", " ") for key in keys], rows, "gained, lost and shared sites of factors")
        return titled("Differences between conditions", factors, folded("files", files))


def compare(
    models: object = None,
    *,
    output: str | Path,
    genome: object = None,
    samples: object = None,
    predictions: str | Path | None = None,
    against: str | None = None,
    column: str = "condition",
    margin: float | None = None,
    block: int | None = None,
    draws: int = 1000,
    seed: int = 0,
    beds: bool = True,
    regions: object = None,
    genes: str | Path | None = None,
    flank: int | None = None,
    chromosomes: Sequence[str] | str | None = None,
    blacklist: object = None,
    component: str | None = None,
    threshold: str | float | None = None,
    strands: str | None = None,
    views: str | None = None,
    stride: int | None = None,
    center_only: bool | None = None,
    scale: str | None = None,
    batch_size: int | None = None,
    compat: str | None = None,
    executor: object = None,
    workers: int | None = None,
    dask: str | None = None,
    progress: bool | None = None,
) -> Differences:
    """Compare conditions: sites of each factor that are gained, lost and shared, and changes of score.

    Each condition is compared with one of them. How changes are judged, and what that takes for granted, stands in
    `zoo.comparison.changes`: a change that all factors share, as of depth, is told apart from one of a factor.

    Args:
        models: as for `zoo.predict_many`.
        output: writes `<output>.factors.tsv`, `.sites.tsv`, `.html`, `.json`, pictures, and BED files of gained and
            lost sites. Passes over the samples are kept as `<output>.pass.*` and `<output>.scores.*`, so that the same
            models and samples are not predicted again. An interrupted call goes on where it stopped.
        genome: the path of a `.2bit` or FASTA file, or a `Genome`, of all samples.
        samples: as for `zoo.predict_many`; a table has a column `condition`, and may have one `replicate`. Without
            these each sample is a condition of its own.
        predictions: `<base>.json` of a finished pass, instead of models and a genome: one with a matrix, or with BED
            and bigWig files. Samples are then a table of those that are compared, or None for all.
        against: the condition that each other one is compared with; default the first.
        column: of the table of samples that has the conditions.
        margin: least change of score of a gained or lost site; default twice its standard deviation.
        block: bp of the blocks of the genome that are drawn for intervals; default 1 Mb, or less where sites lie in
            fewer than 20 of these.
        draws: of the bootstrap.
        seed: of the draws.
        beds: whether BED files are written, two for each factor and contrast.
        regions: as for `zoo.predict_many`: sites are then those regions whose highest score reaches the threshold;
            regions that overlap count each. By default sites are found, and their scores in all samples by a second
            pass over these.
        genes: an annotation, by which regions may be names of genes, as for `Model.predict`.
        flank: bp at both ends of each gene, as for `Model.predict`.
        chromosomes: as for `zoo.predict_many`, and so are
        blacklist: intervals that are left out,
        component: of models made of parts,
        threshold: of sites (default that of the best F1 of each model's table),
        strands: as for `Model.predict`,
        views: all views,
        stride: bp,
        center_only: the center of each window,
        scale: of models that return ln(1 + x),
        batch_size: windows at once,
        compat: rules of other programs,
        executor: of `concurrent.futures`,
        workers: processes of this machine, and
        dask: the address or file of a Dask scheduler.
        progress: show a progress bar; by default in a terminal only.

    Returns:
        The table of factors, and the files.

    Raises:
        InputError: fewer than two conditions, a condition without a sample, or as for `zoo.predict_many`.
        ZooError: no site in any sample.
    """
    progress = optional_switch("progress", progress)
    beds = switch("beds", beds)
    chosen = {
        "margin": None if margin is None else number("margin", margin, "a number of at least 0", lambda x: x >= 0),
        "block": None if block is None else whole("block", block, 1, _MOST_BLOCK),
        "draws": whole("draws", draws, 100, _MOST_DRAWS),
        "seed": whole("seed", seed, 0, (1 << 63) - 1),
    }
    passed = {
        "genome": genome,
        "chromosomes": chromosomes,
        "blacklist": blacklist,
        "component": component,
        "strands": strands,
        "views": views,
        "stride": stride,
        "center_only": center_only,
        "scale": scale,
        "batch_size": batch_size,
        "compat": compat,
        "executor": executor,
        "workers": workers,
        "dask": dask,
    }
    base = job_base(output, FACTORS)
    if predictions is not None:
        where = {"regions": regions, "genes": genes, "flank": flank}
        refuse_together(
            "Predictions",
            {"models": models, **passed, **where, "threshold": threshold, "progress": progress},
        )
        found = source.of_predictions(predictions)
        design = _design_of(found.samples, samples)
    else:
        _check_given(models, genome, samples)
        regions = named_regions(regions, genes, flank, genome)
        design = samples_of(samples)
    contrasts = contrasts_of(conditions_of(design, column), against)
    reads = paths_of(predictions, genome, [sample.tracks for sample in design], regions, blacklist)
    CompareOutput(base, (), (), False, (), reads)  # refused before anything is predicted
    if predictions is None:
        threshold = "auto" if threshold is None else threshold
        found = source.of_pass(base, models, regions, threshold, {**passed, "samples": design, "progress": progress})
    return _compared(base, found, design, column, contrasts, chosen, beds)


def _check_given(models: object, genome: object, samples: object) -> None:
    given = {"models": models, "genome": genome, "samples": samples}
    if missing := [name for name, value in given.items() if value is None]:
        raise InputError(
            f"A comparison must be given {' and '.join(missing)}, or the predictions of a finished pass",
            received={name: value for name, value in given.items() if value is not None},
            example='predictions="out/atlas.json"',
        )


def _design_of(known: Sequence[str], samples: object) -> tuple[Sample, ...]:
    """The samples of a pass that are compared."""
    if samples is None:
        return tuple(map(Sample, known))
    design = samples_of(samples)
    if lacking := [sample.name for sample in design if sample.name not in known]:
        raise InputError(
            "Samples that are compared must be among those of the predictions",
            received={"lacking": lacking[:5], "predictions": list(known)[:8]},
        )
    return design


def _compared(
    base: Path,
    found: Compared,
    design: Sequence[Sample],
    column: str,
    contrasts: Sequence[Contrast],
    chosen: Mapping[str, object],
    beds: bool,
) -> Differences:
    conditions = conditions_of(design, column)
    scored = sum(score is not None for score in found.thresholds.values())
    pictures = page.pictures_of(scored, len(conditions))
    names = [contrast.name for contrast in contrasts]
    place = CompareOutput(base, list(found.thresholds), names, beds, pictures, found.reads)
    order = [sample.name for sample in design]
    identity = {
        "predictions": list(found.identity),
        "samples": order,
        "conditions": {name: list(places) for name, places in conditions.items()},
        "contrasts": names,
        "thresholds": dict(found.thresholds),
        **chosen,
        "beds": beds,
    }

    def keep() -> tuple[SiteScores, list[Changes], ChangeSettings]:
        scores = found.load().only(order)
        settings = ChangeSettings(**{**chosen, "block": chosen["block"] or _block_of(scores)})
        return scores, [changes_of(scores, contrast, settings) for contrast in contrasts], settings

    def write(kept: tuple[SiteScores, list[Changes], ChangeSettings], paths: dict[str, Path], record: dict) -> None:
        scores, each, settings = kept
        sections = page.sections_of(scores, conditions, each)
        place.write(paths, scores, each, sections)
        record |= {
            **identity,
            **asdict(settings),
            "level": statistics.LEVEL,
            "contrasts": [_shared(item) for item in each],
        }
        title = page.title_of(conditions, scores.samples)
        place.write_page(paths, {"title": title, "sections": list(sections.values()), **record})
        record |= finite({"factors": [asdict(row) for item in each for row in item.factors]})

    with place:
        record, _ = place.run(identity, identity, place.suffixes, keep, write)
    return Differences(
        factors=[FactorChange(**row) for row in record["factors"]],
        files={suffix: place.finals[suffix] for suffix in place.suffixes},
        sidecar=place.sidecar,
        contrasts=record["contrasts"],
    )


def _block_of(scores: SiteScores) -> int:
    chroms = np.concatenate([factor.chroms for factor in scores.factors])
    return statistics.block_size(chroms, np.concatenate([factor.spans[:, 0] for factor in scores.factors]))


def _shared(changes: Changes) -> dict[str, object]:
    return {
        "condition": changes.contrast.condition,
        "against": changes.contrast.against,
        "shared": changes.shared,
        "shared_of_sites": changes.shared_of_sites,
        "between": changes.between,
        "blocks": changes.blocks,
    }

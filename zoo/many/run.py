"""Many models on many samples in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from zoo.arguments import optional_switch, refuse_together
from zoo.environment import backend
from zoo.errors import InputError
from zoo.files.progress import Progress
from zoo.forward.precision import FLOAT32, described
from zoo.inputs.opening import named_regions
from zoo.many import models as named_models
from zoo.many import plan as plans
from zoo.many import request as requests
from zoo.many.files import SUMMARY, ManyOutput, Sites, sites_table
from zoo.many.filling import Filling
from zoo.many.matrix import Matrix
from zoo.many.pieces import Reduced
from zoo.many.plan import Plan
from zoo.many.request import Request
from zoo.many.units import compute_all, placed
from zoo.many.work import Work
from zoo.notebook.tables import folded, table, titled
from zoo.predict import thresholds
from zoo.predict.prediction import intervals_identity
from zoo.workers.executors import check, executor_of

_COMPARED = 256  # windows of each group


@dataclass(frozen=True)
class ManyFiles:
    """What one pass wrote.

    Attributes:
        files: suffix → path, of all files.
        summary: `<base>.summary.tsv`.
        sidecar: `<base>.json`.
        sites: a row for each sample and model.
        matrix: regions × models × samples; None without regions, or if an earlier call had made the files.
        units: that were computed in this call; 0 if an earlier one had made the files.
        resumed: units that an earlier, interrupted call had finished.
    """

    files: Mapping[str, Path]
    summary: Path
    sidecar: Path
    sites: Sequence[Sites]
    matrix: Matrix | None
    units: int
    resumed: int

    def __str__(self) -> str:
        """Sites of each model, a column for each sample; then where the files are."""
        more = f"{len(self.files) + 1} files: {self.summary}, {self.sidecar} …"
        return f"{sites_table(self.sites)}\n{more}" if any(row.sites is not None for row in self.sites) else more

    __repr__ = __str__

    def _repr_html_(self) -> str:
        keys = ("sample", "model", "threshold", "sites", "bases", "precision", "recall")
        rows = [[getattr(row, key) for key in keys] for row in self.sites]
        files = table(["file"], [[path] for path in (*self.files.values(), self.sidecar)])
        return titled("Files of a pass", table(keys, rows, "sites"), folded("files", files))


def predict_many(
    models: object,
    *,
    genome: object,
    samples: object = None,
    regions: object = None,
    genes: str | Path | None = None,
    flank: int | None = None,
    chromosomes: Sequence[str] | str | None = None,
    blacklist: object = None,
    component: str | None = None,
    output: str | Path | None = None,
    write: str | Sequence[str] | None = None,
    reduce: str | Sequence[str] | None = None,
    threshold: str | float | None = "auto",
    strands: str | None = None,
    views: str | None = None,
    stride: int | None = None,
    center_only: bool | None = None,
    scale: str | None = None,
    batch_size: int | None = None,
    compat: str | None = None,
    precision: str | None = None,
    executor: object = None,
    workers: int | None = None,
    dask: str | None = None,
    plan: str | Path | None = None,
    progress: bool | None = None,
) -> Matrix | ManyFiles | Plan:
    """Predict many models on many samples: every file is opened and hashed once, every window gathered once.

    Models that read the same inputs on the same grid go together; scores are those of `Model.predict`.

    Args:
        models: names, patterns (`maxatac/*`), paths or models.
        genome: the path of a `.2bit` or FASTA file, or a `Genome`, of all samples.
        samples: a mapping name → `.bw` path (or mapping of tracks), a sequence of `.bw` paths, which are named by their
            stems, or a table of samples (`zoo.many.samples.read`); None for models of DNA alone.
        regions: as for `Model.predict`, but not "auto"; the rows of the matrix.
        genes: an annotation, by which regions may be names of genes, as for `Model.predict`.
        flank: bp at both ends of each gene, as for `Model.predict`.
        chromosomes: names; default all main ones that genome and all samples have.
        blacklist: as for `Model.predict`.
        component: as for `zoo.load`.
        output: write `<output>.summary.tsv` and what `write` says instead of returning a matrix. Finished units survive
            an interruption: the same call goes on from there.
        write: "bed" (`<output>.<sample>.<model>.bed`), "bigwig", "matrix" (TSV) and others
            (`zoo.formats.formats`); default bed, with regions also matrix.
        reduce: of the bins that overlap a region: "max", "mean", "sum", or several (default "max").
        threshold: of sites: as for `Model.predict`; by default that of the best F1 of each model's own table. Models
            without a table have none.
        strands: as for `Model.predict`, of all models; so are
        views: all views,
        stride: bp,
        center_only: the center of each window,
        scale: of models that return ln(1 + x),
        batch_size: windows at once,
        compat: rules of other programs, and
        precision: "float32" or "bfloat16"; the sidecar then has the largest difference between both.
        executor: of `concurrent.futures`: units of the work go there, to processes that see the files and the output.
            The files are the same, byte by byte.
        workers: processes of this machine instead.
        dask: the address or file of a Dask scheduler instead.
        plan: write a table of the units (`zoo.many.plan`) and compute none: any scheduler runs its commands, and the
            same call without a plan gathers what is there.
        progress: show a progress bar; by default in a terminal only.

    Returns:
        Without output a matrix of regions × models × samples; else the files, or the plan.

    Raises:
        InputError: as for `Model.predict`; it names the sample. Samples or models of one name.
        ZooError: an executor that lost its workers; what was finished is kept.
    """
    progress = optional_switch("progress", progress)
    check(executor, workers, dask)
    choices = {
        "strands": strands,
        "views": views,
        "stride": stride,
        "center_only": center_only,
        "scale": scale,
        "batch_size": batch_size,
        "compat": compat,
        "precision": precision,
    }
    regions = named_regions(regions, genes, flank, genome)
    formats = requests.formats_of(write, regions is not None)
    if output is None:
        elsewhere = {"executor": executor, "workers": workers, "dask": dask, "plan": plan}
        cut = None if isinstance(threshold, str) and threshold == "auto" else threshold
        _check_memory(regions, {"write": write, "threshold": cut, **elsewhere})
    if regions is None:
        refuse_together("A pass without regions", {"reduce": reduce})
    if plan is not None:
        refuse_together("A plan computes nothing and", {"executor": executor, "workers": workers, "dask": dask})
    request = Request.of(
        models,
        genome,
        samples,
        regions=regions,
        chromosomes=chromosomes,
        blacklist=blacklist,
        component=component,
        reduce=reduce,
        threshold=None if output is None else thresholds.checked(threshold),
        formats=() if output is None else formats,
        choices=choices,
    )
    work = Work(request, named_models.load(request.models, component))
    work.tell()
    if output is None:
        return _to_matrix(work, progress)
    place = ManyOutput(output, work, formats)
    if plan is not None:
        return _to_plan(work, place, plans.checked(plan, work.paths))
    with executor_of(executor, workers, dask) as pool:
        return _to_files(work, place, pool, progress)


def _check_memory(regions: object, others: dict[str, object]) -> None:
    """Raise `InputError` for what has no effect without files."""
    refuse_together("A pass without output", others, 'Give output="out/atlas", too')
    if regions is None:
        raise InputError(
            "The output must be given for whole chromosomes, which are written to files",
            example='output="out/atlas"',
            hint="Or give regions",
        )


def _to_matrix(work: Work, progress: bool | None) -> Matrix:
    filling, units = Filling(work), list(work.units())
    with _bar(work, units, progress) as bar:
        for g, group in enumerate(work.groups):
            for s in range(len(work.samples[g])):
                reduced = Reduced.none(len(work.regions), len(group.columns), work.request.reduce)
                for unit in (unit for unit in units if (unit.group, unit.sample) == (g, s)):
                    reduced.add(work.compute(unit, bar.update))
                filling.put(g, s, reduced)
    return filling.matrix()


def _to_plan(work: Work, output: ManyOutput, path: Path) -> Plan:
    parts_of, units = _identity(work), list(work.units())
    with output:
        left = []
        if output.done(output.whole(parts_of)) is None:
            output.resume(parts_of, [SUMMARY, *output.suffixes], output.whole(parts_of))
            placed(work, output)
            left = [unit for unit in units if not output.part(unit.name).is_file()]
        return plans.write(path, work, output, left, len(units))


def _to_files(work: Work, output: ManyOutput, executor: object, progress: bool | None) -> ManyFiles:
    parts_of = _identity(work)
    whole = output.whole(parts_of)
    units = list(work.units())
    counted: dict[str, object] = {}

    def keep() -> list:
        left = [unit for unit in units if not output.part(unit.name).is_file()]
        with _bar(work, units, progress, left) as bar:
            compute_all(work, output, left, executor, bar.update)
        return left

    def finals(left: list, paths: dict[str, Path], record: dict) -> None:
        rows, counted["matrix"] = output.write(paths)
        record |= {**whole, "models": _models(work), "paths": [str(path) for path in work.paths]}
        record |= {"resumed": len(units) - len(left), "summary": [asdict(row) for row in rows]}
        record |= _precision(work)

    with output:
        record, left = output.run(parts_of, whole, [SUMMARY, *output.suffixes], keep, finals)
    computed = 0 if left is None else len(left)
    return ManyFiles(
        files={suffix: output.finals[suffix] for suffix in (SUMMARY, *output.suffixes)},
        summary=output.finals[SUMMARY],
        sidecar=output.sidecar,
        sites=[Sites(**row) for row in record["summary"]],
        matrix=counted.get("matrix"),
        units=computed,
        resumed=0 if left is None else len(units) - computed,
    )


def _identity(work: Work) -> dict[str, object]:
    """All that units depend on."""
    request = work.request
    regions, blacklist = work.regions, work.inputs[0, 0].blacklist
    options = [
        {
            "models": [
                {
                    "name": member.name,
                    "network_sha256": member.model.provenance()["network_sha256"],
                    "threshold": member.threshold.to_json() if member.threshold else None,
                    "scale": member.options.scale,
                    **member.options.selection.to_json(),
                }
                for member in group.members
            ],
            "stride": group.options.stride,
            "views": list(group.options.views),
            "center_only": group.options.center_only,
            "compat": group.options.compat,
            **({} if group.options.precision == FLOAT32 else {"precision": group.options.precision}),
        }
        for group in work.groups
    ]
    return {
        "backend": backend(),
        "inputs": work.identity,
        "groups": options,
        "chromosomes": list(work.chromosomes),
        "regions": intervals_identity(regions),
        "blacklist": intervals_identity(blacklist),
        "reduce": list(request.reduce),
        "bins": request.bins,
    }


def _precision(work: Work) -> dict[str, object]:
    """What the sidecar says of a precision below float32: how far from that some windows of each group are."""
    found, compared, precision = 0.0, 0, FLOAT32
    for g, (own, group) in enumerate(zip(work.works, work.groups, strict=True)):
        precision = group.options.precision
        if precision == FLOAT32:
            return {}
        windows, reader, output = own.some(_COMPARED), work.inputs[g, 0].reader, group.options.output
        starts = [(item.chrom, item.start + output.offset) for item in windows]
        covariates = reader.covariates_of(((chrom, at, at + output.span) for chrom, at in starts), len(windows))
        found = max(found, group.forward.difference(*reader.batch(windows), *covariates))
        compared += len(windows)
    return described(precision, found, compared)


def _models(work: Work) -> list[dict]:
    return [member.model.provenance() for group in work.groups for member in group.members]


def _bar(work: Work, units: list, progress: bool | None, left: list | None = None) -> Progress:
    total = sum(map(work.windows, units))
    done = 0 if left is None else total - sum(map(work.windows, left))
    counts = {"model": len(work.members), "sample": len(work.request.samples)}
    what = " × ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in counts.items())
    return Progress(what, "window", total, done, progress)

"""What one pass was asked for, as plain data that a worker elsewhere can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry import address
from registry.address import Local
from zoo.arguments import among, items_of, names_of
from zoo.errors import InputError
from zoo.formats import formats as table
from zoo.formats.formats import BINS, FORMATS, INTERVALS, MATRIX, Format
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.inputs.opening import open_genome
from zoo.many.models import named
from zoo.many.pieces import REDUCTIONS
from zoo.many.samples import Sample, samples_of


@dataclass(frozen=True, eq=False)
class Request:
    """The arguments of `zoo.predict_many` that change numbers, resolved.

    Attributes:
        models: names, paths or models in memory.
        component: of models that have parts, as for `zoo.load`.
        genome: a path, or a `Genome`.
        samples: at least one; without a name for DNA alone.
        regions: on the genome, or None for whole chromosomes.
        chromosomes: names, or None.
        blacklist: intervals or a path, or None.
        choices: keywords of `zoo.predict.options.Options.resolve`.
        threshold: as for `Model.predict`.
        reduce: of regions, among `REDUCTIONS`.
        bins: whether all scores are kept.
    """

    models: tuple[object, ...]
    component: str | None
    genome: object
    samples: tuple[Sample, ...]
    regions: tuple[Interval, ...] | None
    chromosomes: tuple[str, ...] | None
    blacklist: object
    choices: Mapping[str, object]
    threshold: object
    reduce: tuple[str, ...]
    bins: bool

    @classmethod
    def of(
        cls,
        models: object,
        genome: object,
        samples: object,
        regions: object = None,
        chromosomes: object = None,
        blacklist: object = None,
        component: str | None = None,
        reduce: object = None,
        threshold: object = None,
        formats: Sequence[Format] = (),
        choices: Mapping[str, object] | None = None,
    ) -> "Request":
        """Resolve the arguments of `zoo.predict_many`, whose errors it raises; the genome is opened once."""
        genome = open_genome(genome)
        return cls(
            models=named(models),
            component=component,
            genome=genome,
            samples=samples_of(samples),
            regions=regions_of(regions, genome),
            chromosomes=None if chromosomes is None else tuple(names_of("chromosomes", chromosomes)),
            blacklist=blacklist if isinstance(blacklist, (str, Path)) else items_of(blacklist),
            choices=choices or {},
            threshold=threshold,
            reduce=reductions("max" if reduce is None else reduce),
            bins=any(format.holds == BINS for format in formats),
        )

    def to_json(self) -> dict[str, object]:
        """Plain JSON, with absolute paths.

        Raises:
            InputError: a model, genome or track that exists in memory only.
        """
        samples = [
            {
                "name": item.name,
                "tracks": {name: _track(name, value) for name, value in item.tracks.items()},
                "covariates": {name: _plain(value) for name, value in item.covariates.items()},
                "design": dict(item.design),
            }
            for item in self.samples
        ]
        return {
            "models": [_address(model) for model in self.models],
            "component": self.component,
            "genome": _path("genome", self.genome),
            "samples": samples,
            "regions": None if self.regions is None else [_row(region) for region in self.regions],
            "chromosomes": None if self.chromosomes is None else list(self.chromosomes),
            "blacklist": _blacklist(self.blacklist),
            "choices": dict(self.choices),
            "threshold": self.threshold,
            "reduce": list(self.reduce),
            "bins": self.bins,
        }

    @classmethod
    def from_json(cls, content: Mapping) -> "Request":
        """What `to_json` wrote."""
        regions, blacklist, chromosomes = content["regions"], content["blacklist"], content["chromosomes"]
        return cls(
            models=tuple(content["models"]),
            component=content["component"],
            genome=content["genome"],
            samples=tuple(Sample(**{**item, "tracks": _opened(item["tracks"])}) for item in content["samples"]),
            regions=None if regions is None else tuple(Interval(*row) for row in regions),
            chromosomes=None if chromosomes is None else tuple(chromosomes),
            blacklist=[Interval(*row) for row in blacklist] if isinstance(blacklist, list) else blacklist,
            choices=content["choices"],
            threshold=content["threshold"],
            reduce=tuple(content["reduce"]),
            bins=content["bins"],
        )


def reductions(asked: object) -> tuple[str, ...]:
    """Reductions by name, each once. Raises `InputError` for others."""
    found = names_of("reductions", asked.split(",") if isinstance(asked, str) else asked)
    for name in found:
        among("reduce", name, REDUCTIONS)
    if not found or len(set(found)) < len(found):
        raise InputError("Reductions must be named, and each once", example='"max"', received={"reduce": asked})
    return tuple(found)


def formats_of(write: object, regions: bool) -> tuple[Format, ...]:
    """The formats that a user names; by default sites, with regions a matrix.

    Raises:
        InputError: an unknown one, or a matrix without regions; `MissingExtra` for a package that is not installed.
    """
    usual = ("bed", "matrix") if regions else ("bed",)
    known = {name for name, format in FORMATS.items() if format.holds != BINS or format.each_track}
    chosen = table.named(usual if write is None else write, (BINS, INTERVALS, MATRIX))
    for format in chosen:
        if format.name not in known:
            raise InputError(
                "Scores of many models must be written as bigwig, a file for each", received={"write": format.name}
            )
        if format.holds == MATRIX and not regions:
            raise InputError(
                f"The format {format.name} must go with regions, which are its rows",
                received={"write": format.name},
                example='regions="peaks.bed"',
            )
        format.check_installed()
    return chosen


def regions_of(value: object, genome: object) -> tuple[Interval, ...] | None:
    """Regions on the genome. Raises `InputError` as for `Model.predict`, and for "auto"."""
    if value is None:
        return None
    if isinstance(value, str) and value == "auto":
        raise InputError(
            "Regions of several samples must be named: those that are open differ",
            received={"regions": value},
            hint="`zoo peaks` finds those of a track",
        )
    return tuple(bed.regions(value, open_genome(genome).sizes))


def _address(model: object) -> str:
    if hasattr(model, "spec"):
        raise _in_memory("model", model.spec.name, 'models="maxatac/CTCF"')
    where = address.of(model)
    return str(where.path.absolute()) if isinstance(where, Local) else str(model)


def _track(name: str, value: object) -> object:
    """Its path; of one that is opened also what bases without data have."""
    path = _path(f"track {name}", value)
    return {"path": path, "fill": value.fill} if isinstance(value, Signal) else path


def _opened(tracks: Mapping[str, object]) -> dict[str, object]:
    return {name: Signal(**value) if isinstance(value, dict) else value for name, value in tracks.items()}


def _path(what: str, value: object) -> str:
    """The absolute path of what is given as one, or was opened from one."""
    path = getattr(value, "path", value)
    if not isinstance(path, (str, Path)):
        raise _in_memory(what, value, "path")
    return str(Path(path).absolute())


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value.absolute())
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise _in_memory("covariate", value, '"cpg.bed"')


def _blacklist(value: object) -> object:
    if value is None or isinstance(value, (str, Path)):
        return None if value is None else str(Path(value).absolute())
    return [_row(region) for region in bed.listed("blacklist", value)]


def _row(region: Interval) -> list:
    return [region.chrom, region.start, region.end, region.name]


def _in_memory(what: str, value: object, example: str) -> InputError:
    return InputError(
        f"The {what} must be given by a name or a path, if other processes compute",
        received={what: value},
        example=example,
    )

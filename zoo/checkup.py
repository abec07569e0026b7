"""`zoo doctor`: a report on the inputs of a run, and what it will cost, before it begins."""

import shutil
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import printable
from registry.paths import user_path
from zoo import loading
from zoo.arguments import items_of, refuse_together
from zoo.console.units import duration, size
from zoo.errors import InputError, ZooError, ZooWarning
from zoo.genome import bed, names, recipes
from zoo.genome import doctor as files
from zoo.genome.doctor import ERROR, OK, WARNING, Finding
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.inputs.opening import named_regions
from zoo.many import models
from zoo.many.request import Request, formats_of
from zoo.many.samples import SIGNAL, samples_of
from zoo.notebook.tables import table, titled
from zoo.spec import TrackSpec

if TYPE_CHECKING:  # it imports Keras, which only a model needs
    from zoo.many.cost import ManyCost
    from zoo.predict.cost import Cost

_STRETCHES = 512  # of 32 kb of the signal; `predict` itself looks at an eighth of that
_SLOW = 0.1  # seconds of a window, from which on they are said


@dataclass(frozen=True)
class DoctorReport:
    """The report of `doctor`.

    Attributes:
        findings: in the order of the inputs.
        cost: of the run; None without a model, or where it would refuse.
    """

    findings: tuple[Finding, ...]
    cost: "Cost | ManyCost | None"

    @property
    def passed(self) -> bool:
        """Whether nothing is an error."""
        return all(finding.status != ERROR for finding in self.findings)

    def to_json(self) -> dict:
        """A plain JSON object."""
        cost = asdict(self.cost) if self.cost else None
        return {"passed": self.passed, "findings": [finding.to_json() for finding in self.findings], "cost": cost}

    def __str__(self) -> str:
        """A table that fits the terminal."""
        width = max(shutil.get_terminal_size().columns, 50)
        lines = []
        for finding in self.findings:
            mark = finding.status if finding.status == OK else finding.status.upper()
            head = f"{mark:<8} {finding.about:<10} "
            lines += textwrap.wrap(
                printable(str(finding)), width, initial_indent=head, subsequent_indent=" " * len(head)
            )
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [[each.status, each.about, each.message, each.hint] for each in self.findings]
        outcome = "passed" if self.passed else "errors were found"
        return titled(f"Inputs: {outcome}", table(["status", "input", "finding", "hint"], rows))


def doctor(
    genome: str | Path | Genome,
    signal: str | Path | Signal | Mapping[str, object] | None = None,
    regions: object = None,
    vcf: str | Path | None = None,
    blacklist: str | Path | None = None,
    model: str | Path | Sequence[str] | None = None,
    output: str | Path | None = None,
    covariates: Mapping[str, object] | None = None,
    component: str | None = None,
    samples: object = None,
    write: str | Sequence[str] | None = None,
    genes: str | Path | None = None,
    flank: int | None = None,
) -> DoctorReport:
    """Check the inputs of a run; what is not given is not checked.

    Args:
        genome: `.2bit` or FASTA.
        signal: bigWig; for a model of several tracks a mapping of names to these.
        regions: anything that `Model.predict` accepts, "auto" included.
        vcf: variants.
        blacklist: BED, or a bigWig file that is above 0 there.
        model: a name or folder; compares the signal with what the model was trained on, and times it on this machine.
            Several, or a pattern such as `maxatac/*`, are those of a pass, see `zoo.predict_many`.
        output: where results would go; checks whether the disk has room.
        covariates: of the model, as for `Model.predict`.
        component: the part of the model, as for `zoo.load`.
        samples: of a pass, as for `zoo.predict_many`, instead of a signal.
        write: formats of a pass.
        genes: an annotation, by which regions may be names of genes, as for `Model.predict`.
        flank: bp at both ends of each gene, as for `Model.predict`.

    Returns:
        Findings, and with a model what the run will cost.

    Raises:
        UnknownModel and others: the model cannot be had. Everything else that is wrong is a finding.
        InputError: an output, covariates or a component without a model, which says what a run reads and writes.
    """
    regions, unnamed = _named(regions, genes, flank, genome)
    several = models.is_pattern(model) or items_of(model) is not None
    if several or samples is not None:
        refuse_together("A pass of many models or samples", {"vcf": vcf, "covariates": covariates})
        if samples is not None:
            refuse_together("Samples", {"signal": signal})
        given = [signal] if samples is None and signal is not None else samples
        return _of_pass(genome, given, regions, blacklist, model, output, component, write, unnamed)
    refuse_together("Inputs of one model and one signal", {"write": write}, "Give several models, or samples")
    of_model = {"output": output, "covariates": covariates, "component": component}
    for name, value in of_model.items() if model is None else ():
        if value is not None:
            raise InputError(
                f"The {name} must be given with a model, which says what a run reads and writes",
                received={name: value},
                example='model="maxatac/CTCF"',
            )
    loaded = loading.load(model, component) if model is not None else None
    spec = loaded and loaded.spec
    try:
        genome = genome if isinstance(genome, Genome) else Genome(genome)
        findings = [*files.of_genome(genome), *unnamed]
    except ZooError as error:
        return DoctorReport((Finding("genome", ERROR, str(error)),), None)
    window, given = (spec.input.window, spec.input.given) if spec else (1024, ())
    if spec:
        findings += files.of_model(spec.name, spec.input.genome, genome)
    if spec and not given and signal is not None:
        findings.append(Finding("model", WARNING, f"{spec.name} takes DNA alone", "Leave out the signal."))
    unwanted = _blacklist(genome, blacklist, findings)
    tracks = {track.name: track for track in given}
    if isinstance(signal, Mapping) and (not signal or (spec and set(signal) != set(tracks))):
        message = f"must be given by the names of the model's tracks: {', '.join(tracks) or 'a model names them'}"
        missing = recipes.hints([name for name in tracks if name not in signal])
        findings.append(Finding("signal", ERROR, message, f"{missing or 'Give one track by its path alone'}."))
        signal = None
    signals = signal if isinstance(signal, Mapping) else {given[0].name if len(given) == 1 else "signal": signal}
    for name, value in signals.items() if signal is not None else ():
        findings += _caught(name, _signal(genome, name, value, tracks.get(name)))
    if isinstance(signal, Mapping) and all(finding.status != ERROR for finding in findings):
        findings += _caught("signal", _scales(genome, signal))
    if regions is not None and not (isinstance(regions, str) and regions == "auto"):
        findings += _caught("regions", _regions(genome, regions, window, unwanted))
    if vcf is not None:
        findings += _caught("variants", files.of_variants(vcf, genome))
    if output is not None:
        findings += _caught("output", _output(output))
    cost = None
    if loaded and all(finding.status != ERROR for finding in findings):
        arguments = {"genome": genome, "signal": signal if given else None, "regions": regions, "blacklist": blacklist}
        arguments["covariates"] = covariates
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ZooWarning)
                cost = loaded.cost(**arguments)
            findings += _affordable(cost, output, _described(cost))
        except ZooError as error:
            findings.append(Finding("model", ERROR, str(error)))
    return DoctorReport(tuple(findings), cost)


def _named(regions: object, genes: object, flank: object, genome: object) -> tuple[object, list[Finding]]:
    """Regions with genes placed, see `named_regions`; or none, and what is wrong with their names."""
    try:
        return named_regions(regions, genes, flank, genome), []
    except ZooError as error:
        return None, [Finding("regions", ERROR, str(error))]


def _of_pass(
    genome: object,
    samples: object,
    regions: object,
    blacklist: object,
    model: object,
    output: object,
    component: str | None,
    write: object,
    unnamed: Sequence[Finding],
) -> DoctorReport:
    """The report of `doctor` on many models or samples."""
    formats = formats_of(write, regions is not None)
    given = samples_of(samples)
    loaded = {} if model is None else models.load(models.named(model), component)
    try:
        genome = genome if isinstance(genome, Genome) else Genome(genome)
        findings = [*files.of_genome(genome), *unnamed]
    except ZooError as error:
        return DoctorReport((Finding("genome", ERROR, str(error)),), None)
    reads = [one.spec.input for one in loaded.values()]
    for assembly in dict.fromkeys(each.genome for each in reads):
        names = [name for name, one in loaded.items() if one.spec.input.genome == assembly]
        findings += files.of_model(names[0] if len(names) == 1 else f"{len(names)} models", assembly, genome)
    unwanted = _blacklist(genome, blacklist, findings)
    alone = [each.given[0] for each in reads if len(each.given) == 1]
    tracks = {track.name: track for each in reads for track in each.given} | {SIGNAL: next(iter(alone), None)}
    for sample in given:
        for name, value in sample.tracks.items():
            about = sample.name if name == SIGNAL else f"{sample.name} {name}"
            found = _caught(about, _signal(genome, about, value, tracks.get(name)))
            findings += [replace(finding, about=about) for finding in found]
    if regions is not None:
        window = max((each.window for each in reads), default=1024)
        findings += _caught("regions", _regions(genome, regions, window, unwanted))
    if output is not None:
        findings += _caught("output", _output(output))
    cost = None
    if loaded and all(finding.status != ERROR for finding in findings):
        try:
            cost = _cost_of_pass(loaded, genome, given, regions, blacklist, component, formats)
            findings += _affordable(cost, output, _described_pass(cost, len(given)))
        except ZooError as error:
            findings.append(Finding("pass", ERROR, str(error)))
    return DoctorReport(tuple(findings), cost)


def _cost_of_pass(loaded, genome, samples, regions, blacklist, component, formats) -> "ManyCost":
    from zoo.many.cost import estimate
    from zoo.many.work import Work

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        names = tuple(loaded.values())
        request = Request.of(
            names, genome, samples, regions, blacklist=blacklist, component=component, threshold="auto", formats=formats
        )
        return estimate(Work(request, loaded), formats)


def _blacklist(genome: Genome, blacklist: object, findings: list[Finding]) -> Sequence[Interval]:
    """What is left out, if nothing is wrong with it or before it; adds to the findings."""
    if blacklist is None:
        return []
    findings += _caught("blacklist", files.of_blacklist(blacklist, genome))
    return bed.read_blacklist(blacklist) if all(finding.status != ERROR for finding in findings) else []


def _signal(genome: Genome, name: str, signal: str | Path | Signal, spec: TrackSpec | None) -> Iterator[Finding]:
    signal = signal if isinstance(signal, Signal) else Signal(signal)
    yield from files.of_pair(genome, signal.sizes, name)
    shared = names.match(names.main_chromosomes(list(genome.sizes)), signal.sizes)
    if spec is None or spec.origin == "sample":
        yield from files.of_signal(signal, list(shared.values()) or list(signal.sizes), spec, _STRETCHES)


def _scales(genome: Genome, signals: Mapping[str, object]) -> Iterator[Finding]:
    """Of tracks that are used together."""
    opened = {name: value if isinstance(value, Signal) else Signal(value) for name, value in signals.items()}
    shared = [
        chrom
        for chrom in names.main_chromosomes(list(genome.sizes))
        if all(names.find(chrom, signal.sizes) is not None for signal in opened.values())
    ]
    where = {name: (signal, [names.find(chrom, signal.sizes) for chrom in shared]) for name, signal in opened.items()}
    yield from files.of_scales(where if shared else {}, _STRETCHES)


def _regions(genome: Genome, regions: object, window: int, unwanted: Sequence[Interval]) -> Iterator[Finding]:
    intervals = list(bed.intervals(regions, genome.sizes))
    if not intervals:
        raise InputError("At least one region must be given", received={"regions": regions})
    yield from files.of_regions(intervals, genome, window, unwanted)


def _output(output: object) -> Iterator[Finding]:
    """No finding for an output that is a path; its size depends on the model."""
    user_path(output, "output")
    yield from ()


def _caught(about: str, findings: Iterable[Finding]) -> list[Finding]:
    """Findings; an error of the library is the last one."""
    caught = []
    try:
        caught.extend(findings)
    except ZooError as error:
        caught.append(Finding(about, ERROR, str(error)))
    return caught


def _described(cost: "Cost") -> str:
    each = cost.seconds / cost.windows
    slow = f" ({duration(each)} a window)" if each >= _SLOW else ""
    message = f"{cost.windows:,} windows in about {duration(cost.seconds)}{slow}, {size(cost.memory)} of memory"
    return f"{message}, {size(cost.disk)} on disk while it lasts, half of it afterwards"


def _described_pass(cost: "ManyCost", samples: int) -> str:
    groups = f"{cost.models} models, in {cost.groups} groups that read the same, on {samples} samples"
    work = f"{cost.windows:,} windows of models in {cost.units:,} units, in about {duration(cost.seconds)} one by one"
    disk = f"{size(cost.disk)} on disk at the end of the work, {size(cost.files)} of it files that stay"
    return f"{groups}: {work}, {size(cost.memory)} of memory, {disk}"


def _affordable(cost: "Cost | ManyCost", output: str | Path | None, message: str) -> Iterator[Finding]:
    """The cost in words, beside what there is."""
    yield Finding("run", OK, message)
    available = _available()
    if available is not None and available < cost.memory:
        hint = "Close other programs, or take a smaller batch."
        yield Finding("run", WARNING, f"{size(available)} of memory are free", hint)
    if output is not None:
        path = user_path(output, "output").absolute()
        folder = next(folder for folder in (*path.parents, path) if folder.is_dir())  # "/" has no parents
        free = shutil.disk_usage(folder).free
        if free < cost.disk:
            yield Finding("run", ERROR, f"{size(free)} are free in {folder}", "Write to another disk.")


def _available() -> int | None:
    """Bytes of memory that new programs could have, where the system reports them."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        table = dict(line.split(":", 1) for line in lines)
        return int(table["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None

"""`zoo doctor`: a report on the inputs of a run, and what it will cost, before it begins."""

import shutil
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import printable
from registry.paths import user_path
from zoo import loading
from zoo.errors import InputError, ZooError, ZooWarning
from zoo.genome import bed, names, recipes
from zoo.genome import doctor as files
from zoo.genome.doctor import ERROR, OK, WARNING, Finding
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.spec import TrackSpec

if TYPE_CHECKING:  # it imports Keras, which only a model needs
    from zoo.predict.cost import Cost

_STRETCHES = 512  # of 32 kb of the signal; `predict` itself looks at an eighth of that


@dataclass(frozen=True)
class DoctorReport:
    """The report of `doctor`.

    Attributes:
        findings: in the order of the inputs.
        cost: of the run; None without a model, or where it would refuse.
    """

    findings: tuple[Finding, ...]
    cost: "Cost | None"

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


def doctor(
    genome: str | Path | Genome,
    signal: str | Path | Signal | Mapping[str, object] | None = None,
    regions: object = None,
    vcf: str | Path | None = None,
    blacklist: str | Path | None = None,
    model: str | Path | None = None,
    output: str | Path | None = None,
    covariates: Mapping[str, object] | None = None,
    component: str | None = None,
) -> DoctorReport:
    """Check the inputs of a run; what is not given is not checked.

    Args:
        genome: `.2bit`.
        signal: bigWig; for a model of several tracks a mapping of names to these.
        regions: anything that `Model.predict` accepts, "auto" included.
        vcf: variants.
        blacklist: BED, or a bigWig file that is above 0 there.
        model: a name or folder; compares the signal with what the model was trained on, and times it on this machine.
        output: where results would go; checks whether the disk has room.
        covariates: of the model, as for `Model.predict`.
        component: the part of the model, as for `zoo.load`.

    Returns:
        Findings, and with a model what the run will cost.

    Raises:
        UnknownModel and others: the model cannot be had. Everything else that is wrong is a finding.
        InputError: an output, covariates or a component without a model, which says what a run reads and writes.
    """
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
        findings = list(files.of_genome(genome))
    except ZooError as error:
        return DoctorReport((Finding("genome", ERROR, str(error)),), None)
    window, given = (spec.input.window, spec.input.given) if spec else (1024, ())
    if spec:
        findings += files.of_model(spec.name, spec.input.genome, genome)
    if spec and not given and signal is not None:
        findings.append(Finding("model", WARNING, f"{spec.name} takes DNA alone", "Leave out the signal."))
    unwanted = []
    if blacklist is not None:
        findings += _caught("blacklist", files.of_blacklist(blacklist, genome))
        sound = all(finding.status != ERROR for finding in findings)
        unwanted = bed.read_blacklist(blacklist) if sound else []
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
            findings += _affordable(cost, output)
        except ZooError as error:
            findings.append(Finding("model", ERROR, str(error)))
    return DoctorReport(tuple(findings), cost)


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


def _affordable(cost: "Cost", output: str | Path | None) -> Iterator[Finding]:
    """The cost in words, beside what there is."""
    message = f"{cost.windows:,} windows in about {_duration(cost.seconds)}, {cost.memory / 1e9:.1f} GB of memory"
    yield Finding("run", OK, f"{message}, {_size(cost.disk)} on disk while it lasts, half of it afterwards")
    available = _available()
    if available is not None and available < cost.memory:
        hint = "Close other programs, or take a smaller batch."
        yield Finding("run", WARNING, f"{available / 1e9:.1f} GB of memory are free", hint)
    if output is not None:
        path = user_path(output, "output").absolute()
        folder = next(folder for folder in (*path.parents, path) if folder.is_dir())  # "/" has no parents
        free = shutil.disk_usage(folder).free
        if free < cost.disk:
            yield Finding("run", ERROR, f"{_size(free)} are free in {folder}", "Write to another disk.")


def _available() -> int | None:
    """Bytes of memory that new programs could have, where the system reports them."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        table = dict(line.split(":", 1) for line in lines)
        return int(table["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

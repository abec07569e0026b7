"""From windows or regions to attributions, in memory or to files that survive an interruption."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from zoo.arguments import refuse_together
from zoo.attribution.engine import Choice, Engine
from zoo.attribution.references import check_given
from zoo.attribution.result import Attributions
from zoo.attribution.targets import Shape
from zoo.environment import backend
from zoo.errors import InputError
from zoo.files.job import Job
from zoo.files.progress import Progress
from zoo.formats.content import plain_names
from zoo.forward.readouts import Selection
from zoo.genome import bed
from zoo.genome.encode import codes_of
from zoo.genome.interval import Interval
from zoo.inputs.checks import check_arrays, check_windows
from zoo.inputs.opening import Inputs, check_species
from zoo.inputs.tracks import Track
from zoo.predict.predictor import Predictor
from zoo.spec import BASES, CONTROLS, COVARIATES, WINDOW
from zoo.workers.calls import HERE, Call

_KEPT = 32  # windows, at least, in a part of an unfinished run: less than a minute of the slowest network


@dataclass(frozen=True)
class Windows:
    """Windows on a genome, read when they are needed.

    Attributes:
        inputs: the files.
        intervals: each as long as the model's window; they may reach past a chromosome's ends.
        predicted: which part of a window is predicted: from its start to there and there, in bp.
    """

    inputs: Inputs
    intervals: Sequence[Interval]
    predicted: tuple[int, int]

    @classmethod
    def around(
        cls,
        inputs: Inputs,
        centers: Sequence[tuple[Interval, int]],
        window: int,
        predicted: tuple[int, int] | None = None,
    ) -> "Windows":
        """Windows with given positions in their middle: those of regions on chromosomes of the work."""
        chosen = ((region, center - window // 2) for region, center in centers if region.chrom in inputs.chromosomes)
        intervals = [Interval(region.chrom, start, start + window, region.name) for region, start in chosen]
        return cls(inputs, intervals, predicted or (0, window))

    def __len__(self) -> int:
        return len(self.intervals)

    def __getitem__(self, some: slice) -> np.ndarray:
        """(n, window, channels) float32."""
        return self.inputs.reader.encoded(self.intervals[some])

    def covariates(self, some: slice) -> np.ndarray | None:
        """(n, number) float32, each window's own; None for a model that reads none."""
        first, last = self.predicted
        stretches = [(item.chrom, item.start + first, item.start + last) for item in self.intervals[some]]
        found = self.inputs.reader.covariates_of(stretches, len(stretches))
        return found[0] if found else None


class Explainable(Predictor, Protocol):
    """A model whose predictions can be attributed: `zoo.model.Model`."""

    def engine(self, selection: Selection | None = None, shape: Shape | None = None) -> Engine:
        """Its compiled backward passes."""


def attribute(
    model: Explainable,
    choice: Choice,
    selection: Selection,
    x: np.ndarray | Mapping[str, np.ndarray] | None,
    alternative: np.ndarray | None,
    references: np.ndarray | None,
    files: Mapping[str, object],
    output: str | Path | None,
    progress: bool | None,
    call: Call,
) -> "Attributions | list[Path] | AttributionRun":
    """`Model.attribute`, which has the documentation.

    Args:
        selection: head and track.
        references: that are given, instead of those of the method.
        files: genome, signal, regions, chromosomes and covariates.
        call: by which a worker repeats this up to the run, which is returned there.
    """
    if x is None:
        hint = "Give windows x and their alternatives"
        given = {"alternative": alternative, "arrays of references": references}
        refuse_together("Windows of a genome", given, hint)
        x, covariates = _windows(model, selection, **files), None
        controls = any(isinstance(control, Track) for control in x.inputs.reader.controls)
    else:
        refuse_together("Windows x", dict(files))
        arrays = check_arrays(x, model.spec.input)
        x, covariates = arrays[WINDOW], arrays.get(COVARIATES)
        controls = CONTROLS in arrays and arrays[CONTROLS].any()
        alternative = None if alternative is None else check_windows(alternative, model.spec.input)
        if alternative is not None and alternative.shape != x.shape:
            raise InputError(
                "There must be an alternative for each window",
                received={"windows": len(x), "alternatives": len(alternative)},
            )
    if controls:
        raise InputError(
            "Controls must be left out where windows are explained: they are held at zero",
            received={"controls": [control.name for control in model.spec.input.controls]},
        )
    if references is not None:
        references = check_given(references, len(x), choice.method, model.spec.input)
    engine = model.engine(selection, choice.target.shape)
    head = selection.readout.name if len(model.spec.outputs) > 1 else None
    given = selection, references, head, covariates
    run = AttributionRun(model.spec.name, engine, choice, x, alternative, progress, *given)
    reads = (model.path, model.origin, *files.values())
    if call.opens:
        return run
    return run.to_memory() if output is None else run.to_files(output, reads, model.provenance(), call)


def _windows(
    model: Explainable,
    selection: Selection,
    genome: object,
    signal: object,
    regions: object,
    chromosomes: object,
    covariates: object,
) -> Windows:
    """The windows around regions."""
    inputs = model.inputs(genome, signal, regions, chromosomes, None, None, covariates)
    check_species(model.spec, selection.output, inputs.genome)
    inputs.tell()
    if inputs.regions is None:
        raise InputError(
            "Regions must be given: windows around them are explained", example='regions="peaks.narrowPeak"'
        )
    chosen = inputs.regions if isinstance(regions, str) and regions == "auto" else regions
    output = selection.output
    predicted = output.offset, output.offset + output.span
    return Windows.around(inputs, bed.centers(chosen, inputs.genome.sizes), model.spec.input.window, predicted)


class AttributionRun:
    """Attributions of many windows.

    Args:
        name: of the model.
        engine: of its network.
        choice: how to attribute.
        x: (n, window, channels) float32, or `Windows`.
        alternative: of the same shape, what is subtracted.
        progress: show a progress bar; by default in a terminal only.
        selection: head and track, for the record.
        references: (n, R, window, channels), if they are given.
        head: its name, for a model with several.
        covariates: (n, number) float32 of `x` that is an array, if the model reads some.
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        choice: Choice,
        x: np.ndarray | Windows,
        alternative: np.ndarray | None = None,
        progress: bool | None = None,
        selection: Selection | None = None,
        references: np.ndarray | None = None,
        head: str | None = None,
        covariates: np.ndarray | None = None,
    ) -> None:
        self._covariates = covariates
        self._selection = {} if selection is None else selection.to_json()
        self._references, self._head = references, head
        self._name, self._engine, self._choice, self._x, self._alternative = name, engine, choice, x, alternative
        self._shown = progress
        on_genome = isinstance(x, Windows)
        self._intervals = x.intervals if on_genome else ()
        self._tracks = [track.spec.name for track in x.inputs.reader.tracks] if on_genome else []
        self._with_signal = bool(self._tracks) if on_genome else x.shape[-1] > len(BASES)

    def to_memory(self) -> Attributions:
        """All of them."""
        with self._bar(0) as bar:
            return Attributions.joined(self._pieces(0, len(self._x), bar), len(self._x))

    def to_files(self, base: str | Path, reads: Sequence[object], provenance: dict, call: Call = HERE) -> list[Path]:
        """`<base>.npz`, `.bw` (of windows on a genome), `.signal.bw` (if the signal is attributed to) and `.json`.

        Of several tracks there is one `.signal.<track>.bw` each. Parts are computed where the call wants them.
        """
        job = Job("attribution", base, (".npz", ".bw", *self._of_signal), reads)
        identity, on_genome = self._identity(provenance), bool(self._intervals)

        def write(attributions: Attributions, paths: dict[str, Path], record: dict) -> None:
            for suffix, path in paths.items():
                if suffix == ".npz":
                    attributions.save(path)
                else:
                    of_signal = suffix in self._of_signal
                    track = self._of_signal.index(suffix) if of_signal else 0
                    attributions.write_bigwig(path, signal=of_signal, track=track)
            given = self._x.inputs.paths().items() if on_genome else ()
            record |= {"model": provenance, **identity, "paths": {what: str(path) for what, path in given}}
            record["largest_error"] = attributions.largest_error

        def more(attributions: Attributions) -> list[str]:
            return (
                self._of_signal if on_genome and attributions.signal is not None and attributions.signal.any() else []
            )

        made = [".npz", ".bw"] if on_genome else [".npz"]
        with job:
            record, _ = job.run(identity, identity, made, lambda: self._all(job, call), write, more)
        return job.paths(record)

    def part(self, items: range, place: Callable[[str], Path], bar: Progress) -> Callable[[Path], None]:
        """Attributions of some windows, as `zoo.workers.calls.Parts` has it."""
        return Attributions.joined(self._pieces(items.start, items.stop, bar), len(items)).save

    def _all(self, job: Job, call: Call) -> Attributions:
        """Attributions of all windows; parts that an interrupted run finished are not computed again."""
        size = self._at_once
        parts, left = job.parts(len(self._x), -(-_KEPT // size) * size)
        with self._bar(len(self._x) - sum(map(len, left))) as bar:
            call.keep(job, left, self.part, bar)
        return Attributions.joined(map(Attributions.load, parts.values()), len(self._x))

    def _pieces(self, first: int, stop: int, bar: Progress) -> Iterator[Attributions]:
        """As many windows at a time as fit into memory."""
        size = self._at_once
        for start in range(first, stop, size):
            some = slice(start, min(start + size, stop))
            x, intervals = self._x[some], list(self._intervals[some])
            _check_bases(x, start, intervals)
            other = None if self._alternative is None else self._alternative[some]
            given = {} if self._references is None else {"references": self._references[some]}
            beside = self._beside(some)
            more = {} if beside is None else {"covariates": beside}
            explained = self._engine.explain(x, self._choice, other, **given, **more)
            yield Attributions(
                codes=codes_of(x),
                values=explained.values,
                hypothetical=explained.hypothetical,
                signal=explained.signal,
                prediction=explained.prediction,
                baseline=explained.baseline,
                model=self._name,
                method=self._choice.method.name,
                target=self._choice.target.name,
                references=None if given else self._choice.method.compared(self._with_signal),
                intervals=intervals,
                sizes=dict(self._x.inputs.genome.sizes) if intervals else {},
                total=explained.total,
                head=self._head,
                definition=self._choice.target.definition,
            )
            bar.update(len(x))

    def _beside(self, some: slice) -> np.ndarray | None:
        """Covariates of some windows."""
        if isinstance(self._x, Windows):
            return self._x.covariates(some)
        return None if self._covariates is None else self._covariates[some]

    @property
    def _at_once(self) -> int:
        """Windows for which one call of the engine is made."""
        given = () if self._references is None else (self._references.shape[1],)
        return self._engine.windows_per_batch(self._choice, *given)

    @property
    def _of_signal(self) -> list[str]:
        """Suffixes of the bigWigs of the tracks."""
        return [".signal.bw"] if len(self._tracks) < 2 else [f".signal.{name}.bw" for name in plain_names(self._tracks)]

    def _bar(self, done: int) -> Progress:
        return Progress(self._name, "window", len(self._x), done, self._shown)

    def _identity(self, provenance: dict) -> dict:
        """What attributions depend on: weights, bytes of the inputs, places, choices."""
        choices = {**self._choice.method.described(self._with_signal), "target": self._choice.target.name}
        more = {"definition": self._choice.target.definition, "compat": self._choice.compat}
        choices |= {name: value for name, value in more.items() if value is not None}
        choices |= {} if self._references is None else {"references": "given"}
        identity = {"network_sha256": provenance["network_sha256"], "backend": backend()}
        identity |= {"choices": choices, **self._selection, "windows": len(self._x)}
        if not self._intervals:
            arrays = {"x": self._x, "alternative": self._alternative, "references": self._references}
            arrays["covariates"] = self._covariates
            digests = {
                what: hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
                for what, array in arrays.items()
                if array is not None
            }
            return {**identity, "inputs": digests}
        places = "".join(
            f"{interval.chrom}\t{interval.start}\t{interval.end}\t{interval.name}\n" for interval in self._intervals
        )
        return {
            **identity,
            "places_sha256": hashlib.sha256(places.encode()).hexdigest(),
            "inputs": self._x.inputs.identity(),
        }


def _check_bases(x: np.ndarray, first: int, intervals: Sequence[Interval]) -> None:
    blank = ~x[..., : len(BASES)].any(axis=(1, 2))
    if blank.any():
        i = int(blank.argmax())
        raise InputError(
            "A window that is explained must have a base; this one is all N",
            where=intervals[i] if intervals else None,
            received={"window": first + i},
        )

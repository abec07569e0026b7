"""Models of accessibility on a genome, chromosome by chromosome, so that memory holds one at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from zoo.data.accessibility import AccessibilityEvaluation, planned
from zoo.data.slabs import SlabPlan, Slabs, maxima
from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.evaluate.accessibility import Accessibility, evaluate
from zoo.evaluate.robustness import SHIFTS, Variation, layout, variation
from zoo.files.progress import Progress
from zoo.forward.precision import FLOAT32, described
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.model import Model
from zoo.spec import ModelSpec

_BATCH = 64  # windows


def accessibility(
    model: Model, evaluated: Iterable[tuple[str, AccessibilityEvaluation]], precision: str | None = None
) -> dict[str, Accessibility]:
    """Compare a model's predictions with what `windows` gives (ASAP, its Methods), by chromosome.

    Args:
        model: of DNA alone.
        evaluated: chromosome → its windows.
        precision: "float32" (default) or "bfloat16", as for `Model.predict`.
    """
    return {chrom: evaluate(core(model, precision), batches) for chrom, batches in evaluated}


def departure(
    model: Model, evaluated: Iterable[tuple[str, AccessibilityEvaluation]], precision: str | None
) -> dict[str, object]:
    """What a report says of a precision below float32: how far from that the first windows are."""
    if precision in (None, FLOAT32):
        return {}
    _, batches = next(iter(evaluated))
    x, _ = batches.batch(0)
    difference = np.abs(core(model, precision)(x) - core(model)(x)).max()
    return described(precision, float(difference), len(x))


def core(model: Model, precision: str | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """What predicts the bins that count: (n, window, 4) → (n, bins of the middle half)."""
    span, bins = _layout(model.spec), model.spec.output
    first = (span.margin - bins.offset) // bins.bin_size
    kept = slice(first, first + span.core // bins.bin_size)
    return lambda x: model.predict(x, precision=precision)[:, kept]


def windows(
    spec: ModelSpec,
    genome: Genome,
    signal: Signal,
    chromosomes: Sequence[str] | None = None,
    peaks: str | Path | Sequence[Interval] | None = None,
    blacklist: Sequence[Interval] = (),
    unmappable: Sequence[Interval] = (),
    progress: bool | None = None,
) -> Iterator[tuple[str, AccessibilityEvaluation]]:
    """Evaluation data of models of a kind: (chromosome, batches of its windows).

    Windows are tiled, or with `peaks` have summits in their middle; the bins of their middle half count.

    Args:
        spec: of a model of DNA alone.
        genome: the sequence.
        signal: the measured track.
        chromosomes: by the genome's names; default the main ones that the signal has, too.
        peaks: a narrowPeak file, or intervals, whose middles are taken.
        blacklist: intervals by the genome's names; windows that touch them are left out.
        unmappable: the same.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: a model that reads a signal or predicts several tracks, a chromosome that is missing, or no window
            at all.
        GenomeMismatch: files of different assemblies.
    """
    shared, span = _shared(spec, genome, signal.sizes, chromosomes), _layout(spec)
    plan = planned(genome, list(shared), span, spec.output.bin_size, blacklist, unmappable, peaks)
    for chrom, part in _by_chromosome(plan, spec.name, progress):
        slabs = Slabs(genome, [maxima(signal)], part, span, spec.output.bin_size)
        yield chrom, AccessibilityEvaluation(slabs, _BATCH)


def robustness(
    model: Model,
    genome: Genome,
    chromosomes: Sequence[str] | None = None,
    peaks: str | Path | Sequence[Interval] | None = None,
    blacklist: Sequence[Interval] = (),
    unmappable: Sequence[Interval] = (),
    step: int | None = None,
    progress: bool | None = None,
    shifts: int = SHIFTS,
    precision: str | None = None,
) -> dict[str, Variation]:
    """The variation score of a model, everywhere or around peaks. Arguments and errors as for `windows`.

    Args:
        step: bp from one place to the next; by default a quarter of the window, as published.
        shifts: of the window, over a quarter of its length; 17 as published.
        precision: "float32" (default) or "bfloat16", as for `Model.predict`.
    """
    window, size = model.spec.input.window, model.spec.output.bin_size
    shared, span, by_chrom = _shared(model.spec, genome, genome.sizes, chromosomes), layout(window, step), {}
    plan = planned(genome, list(shared), span, size, blacklist, unmappable, peaks)
    for chrom, part in _by_chromosome(plan, f"{model.spec.name}, moved", progress):
        slabs = Slabs(genome, [], part, span, size)
        by_chrom[chrom] = variation(partial(model.predict, precision=precision), slabs, window, shifts=shifts)
    return by_chrom


def left_out(
    spec: ModelSpec,
    genome: Genome,
    signal: Signal,
    chromosomes: Sequence[str] | None = None,
    peaks: str | Path | Sequence[Interval] | None = None,
    blacklist: Sequence[Interval] = (),
    unmappable: Sequence[Interval] = (),
) -> dict[str, int]:
    """How many windows of each chromosome touch the blacklist or what is unmappable. Arguments as for `windows`."""
    chosen, span, size = list(_shared(spec, genome, signal.sizes, chromosomes)), _layout(spec), spec.output.bin_size
    every = planned(genome, chosen, span, size, peaks=peaks).starts
    kept = planned(genome, chosen, span, size, blacklist, unmappable, peaks).starts
    return {chrom: len(starts) - len(kept.get(chrom, ())) for chrom, starts in every.items()}


def mean(rows: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Means of the measures of rows, as the papers average chromosomes; of those that all rows have."""
    known = [key for key in rows[0] if all(isinstance(row.get(key), float) for row in rows)]
    return {key: float(np.mean([row[key] for row in rows])) for key in known}


def _layout(spec: ModelSpec) -> Layout:
    """Windows side by side by the bins that count."""
    window, size = spec.input.window, spec.output.bin_size
    margin = window // 4 // size * size
    return Layout(window - 2 * margin, margin, window - 2 * margin)


def _shared(
    spec: ModelSpec, genome: Genome, sizes: Mapping[str, int], chromosomes: Sequence[str] | None
) -> dict[str, str]:
    """Chromosome → its name in the track."""
    if spec.input.tracks:
        raise InputError(
            "A model of accessibility must read DNA alone",
            received={"model": spec.name},
            hint="Compare predicted binding with peaks by `zoo benchmark`",
        )
    if spec.output.kind == "profile":
        raise InputError(
            "A model that is compared with a track must predict it in bins, not a profile and its total counts",
            received={"model": spec.name},
            hint="Compare profiles and counts with `zoo qc`",
        )
    if len(spec.output.tracks) > 1:
        raise InputError(
            "A model that is compared with a track must predict one",
            received={"model": spec.name, "tracks": list(spec.output.tracks)[:8]},
            hint="Its card has the measures of each track",
        )
    shared = names.check_shared(genome.sizes, sizes, str(genome), "the signal")
    wanted = list(chromosomes or names.main_chromosomes(list(shared)))
    chosen = {chrom: names.find(chrom, shared) for chrom in wanted}
    if missing := [chrom for chrom, name in chosen.items() if name is None]:
        raise InputError(
            "Genome and signal must have the chromosomes",
            received={"missing": missing, "present": list(shared)[:5]},
        )
    shared = {chrom: shared[chrom] for chrom in chosen.values()}
    names.check_lengths(shared, genome.sizes, sizes, str(genome), "the signal")
    return shared


def _by_chromosome(plan: SlabPlan, what: str, progress: bool | None) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    with Progress(what, "window", plan.size, shown=progress) as bar:
        for chrom, cores in plan.starts.items():
            yield chrom, {chrom: cores}
            bar.update(len(cores))

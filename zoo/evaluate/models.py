"""Models of accessibility on a genome, chromosome by chromosome, so that memory holds one at a time."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from zoo.data.accessibility import AccessibilityEvaluation, planned
from zoo.data.slabs import Plan, Slabs, maxima
from zoo.data.windows import Layout
from zoo.errors import InputError
from zoo.evaluate.accessibility import Accessibility, evaluate
from zoo.evaluate.robustness import Variation, layout, variation
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.model import Model

_BATCH = 64  # windows


def accessibility(
    model: Model,
    genome: Genome,
    signal: Signal,
    chromosomes: Sequence[str] | None = None,
    peaks: str | Path | None = None,
    blacklist: Sequence[Interval] = (),
    unmappable: Sequence[Interval] = (),
    progress: bool | None = None,
) -> dict[str, Accessibility]:
    """Compare a model's predictions with a track (ASAP, its Methods).

    Windows are tiled, or with `peaks` have summits in their middle; the bins of their middle half count.

    Args:
        model: of DNA alone.
        genome: the sequence.
        signal: the measured track.
        chromosomes: by the genome's names; default the main ones that the signal has, too.
        peaks: a narrowPeak file.
        blacklist: intervals by the genome's names; windows that touch them are left out.
        unmappable: the same.
        progress: show a progress bar; by default in a terminal only.

    Returns:
        By chromosome; those without a window are left out.

    Raises:
        InputError: a model that reads a signal, a chromosome that is missing, or no window at all.
        GenomeMismatch: files of different assemblies.
    """
    window, size, offset = model.spec.input.window, model.spec.output.bin_size, model.spec.output.offset
    shared = _shared(model, genome, signal.sizes, chromosomes)
    margin = window // 4 // size * size
    span = Layout(window - 2 * margin, margin, window - 2 * margin)
    core, found = slice((margin - offset) // size, (window - margin - offset) // size), {}
    plan = planned(genome, list(shared), span, size, blacklist, unmappable, peaks)
    for chrom, part in _by_chromosome(plan, model.spec.name, progress):
        slabs = Slabs(genome, [maxima(signal, spelled=shared)], part, span, size)
        found[chrom] = evaluate(lambda x: model.predict(x)[:, core], AccessibilityEvaluation(slabs, _BATCH))
    return found


def robustness(
    model: Model,
    genome: Genome,
    chromosomes: Sequence[str] | None = None,
    peaks: str | Path | None = None,
    blacklist: Sequence[Interval] = (),
    unmappable: Sequence[Interval] = (),
    step: int | None = None,
    progress: bool | None = None,
) -> dict[str, Variation]:
    """The variation score of a model, everywhere or around peaks. Arguments and errors as for `accessibility`.

    Args:
        step: bp from one place to the next; by default a quarter of the window, as published.
    """
    window, size = model.spec.input.window, model.spec.output.bin_size
    shared, span, found = _shared(model, genome, genome.sizes, chromosomes), layout(window, step), {}
    plan = planned(genome, list(shared), span, size, blacklist, unmappable, peaks)
    for chrom, part in _by_chromosome(plan, f"{model.spec.name}, moved", progress):
        slabs = Slabs(genome, [], part, span, size)
        found[chrom] = variation(model.predict, slabs, window)
    return found


def mean(rows: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Means of the measures of rows, as the papers average chromosomes; of those that all rows have."""
    known = [key for key in rows[0] if all(isinstance(row.get(key), float) for row in rows)]
    return {key: float(np.mean([row[key] for row in rows])) for key in known}


def _shared(
    model: Model, genome: Genome, sizes: Mapping[str, int], chromosomes: Sequence[str] | None
) -> dict[str, str]:
    """Chromosome → its name in the track."""
    if model.spec.input.signal is not None:
        raise InputError("A model of accessibility reads DNA alone", received={"model": model.spec.name})
    shared = names.check_shared(genome.sizes, sizes, str(genome), "the signal")
    chosen = list(chromosomes or names.main_chromosomes(list(shared)))
    if missing := [chrom for chrom in chosen if chrom not in shared]:
        raise InputError(
            "Genome and signal have the chromosomes",
            received={"missing": missing, "present": list(shared)[:5]},
        )
    shared = {chrom: shared[chrom] for chrom in chosen}
    names.check_lengths(shared, genome.sizes, sizes, str(genome), "the signal")
    return shared


def _by_chromosome(plan: Plan, what: str, progress: bool | None) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    with tqdm(total=plan.size, desc=what, unit="window", disable=None if progress is None else not progress) as bar:
        for chrom, cores in plan.starts.items():
            yield chrom, {chrom: cores}
            bar.update(len(cores))

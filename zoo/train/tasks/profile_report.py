"""How good a profile model is on regions that it has not seen, beside baselines, as numbers of its card."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.centered import joined
from zoo.data.profile import Regions
from zoo.genome import names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.inputs.reader import WindowReader
from zoo.inputs.tracks import Track
from zoo.spec import TrackSpec
from zoo.train.settings import Settings

if TYPE_CHECKING:
    from zoo.evaluate.profile_regions import CountedRegions
    from zoo.model import Model

_LEARNED = 3000  # regions that baselines learn from, at most


def metrics(
    model: "Model", config: Settings, genome: Genome, signal: Signal, regions: Mapping[str, Regions]
) -> dict[str, float]:
    """Of the test chromosomes: "measure, group of regions", both as `zoo.evaluate.profiles` names them.

    Without a label they are of the whole network, which predicts what was measured; then of its parts, of a k-mer
    regression and the mean profile, which learn from the training chromosomes, and of models to compare with.

    Args:
        model: the whole one.
        config: of the run, its chromosomes by the genome's names.
        genome: the sequence.
        signal: cut sites.
        regions: "training" and "test" → theirs.
    """
    from zoo.evaluate.profile_models import compared
    from zoo.loading import load

    output, split = model.spec.output.bins, config.chromosomes
    if not len(joined(regions["test"].peaks, regions["test"].negatives)):
        return {}
    tested = _counted(genome, signal, regions["test"], split.test, output)
    learned = _counted(genome, signal, regions["training"], split.train, output, _LEARNED)
    models = {"": model} | {f" ({part.name})": model.component(part.name) for part in model.spec.components}
    models |= {name: load(name) for name in config.data.compare}
    found = compared(models, tested, learned, seed=config.seed)
    return {
        f"{measure}, {group}{label if label[:1] in ('', ' ') else f', {label}'}": round(value, 4)
        for label, groups in found.items()
        for group, row in groups.items()
        for measure, value in asdict(row).items()
        if value is not None and not (label and measure in ("regions", "without_counts"))
    }


def _counted(
    genome: Genome, signal: Signal, regions: Regions, chromosomes: Sequence[str], output: int, most: int | None = None
) -> "CountedRegions":
    """Regions in the order of the genome, at most so many, evenly spaced."""
    from zoo.evaluate.profile_regions import CountedRegions

    every = joined(regions.peaks, regions.negatives)
    is_peak = np.arange(len(every)) < len(regions.peaks)
    places = [chromosomes.index(chrom) for chrom in every.chroms.tolist()]
    order = np.lexsort((~is_peak, every.middles, places))
    if most is not None and len(order) > most:
        order = order[np.linspace(0, len(order) - 1, most).astype(int)]
    pairs = zip(every.chroms[order].tolist(), every.middles[order].tolist(), strict=True)
    track = Track(TrackSpec("cut sites", 0, 0, None, 0.0), signal, names.match(chromosomes, signal.sizes))
    return CountedRegions(
        WindowReader(genome, (track,)),
        tuple(Interval(chrom, at, at + 1) for chrom, at in pairs),
        is_peak[order],
        output,
        False,
        tuple(chromosomes),
        {},
    )

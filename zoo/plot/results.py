"""What `.plot()` of a result draws: the pictures of this package, each as a figure."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from zoo.arguments import is_one_of, is_whole, whole
from zoo.attribution.result import Attributions
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.plot import style, wording
from zoo.plot.curves import plot_thresholds
from zoo.plot.differences import heat_size
from zoo.plot.explained import plot_contributions, plot_locus
from zoo.plot.lollipops import alleles
from zoo.plot.variants import plot_bars, plot_changes
from zoo.predict.files import PredictionFiles
from zoo.predict.table import Predictions
from zoo.predict.thresholds import ThresholdTable
from zoo.variants.result import VariantScores

_MOST = 1000  # variants of a picture
_HIGH = 3.0  # inches


def predictions(found: Predictions, region: int | str | Interval, *tracks: object, **options: object) -> Figure:
    """See `Predictions.plot`."""
    from zoo.plot import loci

    return loci.locus(_region(found, region), *tracks, found, **options)


def files(found: PredictionFiles, region: str | Interval, *tracks: object, **options: object) -> Figure:
    """See `PredictionFiles.plot`."""
    from zoo.plot import loci

    return loci.locus(region, *tracks, found, **options)


def attributions(
    found: Attributions,
    number: int,
    region: str | Interval | None,
    tracks: Mapping[str, object] | None,
    peaks: Mapping[str, object] | None,
) -> Figure:
    """See `Attributions.plot`."""
    number = whole("number of the window", number, 0, len(found) - 1)
    if not found.intervals:
        if given := {name: value for name, value in {"tracks": tracks, "peaks": peaks}.items() if value is not None}:
            raise InputError("Windows without a place on a genome must be drawn alone", received={"given": list(given)})
        figure = style.figure(style.WIDTH, _HIGH)
        plot_contributions(figure.subplots(), found, number, None if region is None else _parsed(region))
        style.headline(figure, wording.headline(found, number))
        return figure
    shown = found.strongest(number) if region is None else _parsed(region)
    opened = {name: each if isinstance(each, Signal) else Signal(each) for name, each in (tracks or {}).items()}
    intervals = {name: _intervals(each) for name, each in (peaks or {}).items()}
    return plot_locus(found, number, opened, intervals, shown)


def variants(found: VariantScores, score: str | None, most: int) -> Figure:
    """See `VariantScores.plot`."""
    known = found.names
    score = next(iter(known)) if score is None else score
    if not is_one_of(score, known):
        raise InputError(f"score must be one of {', '.join(known)}", received={"score": score})
    values = found.of_tracks(score) if found.tracks else found.scores[score][:, None]
    order = np.argsort(-np.abs(np.nan_to_num(values)).max(axis=1), kind="stable")
    scored = np.isfinite(values).any(axis=1)
    chosen = [i for i in order.tolist() if scored[i]][: whole("most", most, 1, _MOST)]
    if not chosen:
        raise InputError("There must be a variant with a score to be drawn", received={"score": score})
    label = score.replace("_", " ")
    names = [f"{each.chrom}:{each.start + 1} {alleles(each)}" for each in (found.variants[i] for i in chosen)]
    if found.tracks:
        figure = style.figure(*heat_size(len(names), len(found.tracks), names, list(found.tracks)))
        plot_changes(figure.subplots(), values[chosen], names, list(found.tracks), label)
    else:
        figure = style.figure(style.PLOT, heat_size(len(names), 1)[1])
        plot_bars(figure.subplots(), values[chosen, 0], names, label)
    return figure


def thresholds(found: ThresholdTable) -> Figure:
    """See `ThresholdTable.plot`."""
    figure = style.figure(style.PLOT, _HIGH)
    plot_thresholds(figure.subplots(), found)
    return figure


def _intervals(value: object) -> list[Interval]:
    return bed.read(value) if isinstance(value, (str, Path)) else list(value)


def _region(found: Predictions, region: int | str | Interval) -> Interval:
    """One of the regions by its number or name, or any other."""
    if is_whole(region):
        return found[whole("region", region, 0, len(found) - 1)].interval
    named = [item for item in found.intervals if region in (item.name, str(item)) and region != "."]
    return named[0] if named else _parsed(region)


def _parsed(region: str | Interval) -> Interval:
    return region if isinstance(region, Interval) else Interval.parse(region)

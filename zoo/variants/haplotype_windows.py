"""Windows of a haplotype, batch by batch, and their predictions on the reference's bins."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from registry.errors import printable
from zoo.files.progress import Progress
from zoo.forward.forward import Forward
from zoo.inputs.opening import Inputs
from zoo.inputs.reader import WindowReader
from zoo.predict.plan import Grid
from zoo.variants.haplotypes import Haplotype, HaplotypePrediction


def predict(
    haplotype: Haplotype,
    forward: Forward,
    grid: Grid,
    inputs: Inputs,
    batch_size: int = 256,
    progress: bool | None = None,
) -> HaplotypePrediction:
    """Predict a haplotype in the regions of `inputs`; without variants the numbers are those of `Model.predict`.

    Args:
        haplotype: of the genome of `inputs`.
        forward: the compiled network.
        grid: how windows lie.
        inputs: with regions.
        batch_size: windows at once.
        progress: show a progress bar; by default in a terminal only.
    """
    with Progress(printable(haplotype.name), "region", len(inputs.regions), shown=progress) as bar:
        starts, scores = predict_regions(haplotype, forward, grid, inputs, batch_size, bar.update)
    return HaplotypePrediction(haplotype.name, starts, scores, haplotype.skipped, haplotype.notes)


def predict_regions(
    haplotype: Haplotype,
    forward: Forward,
    grid: Grid,
    inputs: Inputs,
    batch_size: int,
    advance: Callable[[], object],
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The same as arrays, without the haplotype's name, notes and skipped variants.

    Args:
        advance: is called when a region begins.

    Returns:
        For each region (bins,) int64 starts and (bins,) float32 scores.
    """
    size = grid.bin_size
    spans = [(region.start // size, -(-region.end // size)) for region in inputs.regions]
    rows = _rows(haplotype, grid, inputs, spans)
    sums: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    origins: list[np.ndarray] = []
    for batch in _batches(rows, grid.window, batch_size, inputs.reader):
        predicted = forward.codes(*batch.tracks)[:, grid.first : grid.first + grid.bins]
        for place, row in zip(batch.places, predicted, strict=True):
            if place.region == len(sums):
                length = -(-len(place.origin) // size)
                sums.append(np.zeros(length))
                counts.append(np.zeros(length, np.int64))
                origins.append(place.origin)
                advance()
            bins = slice(place.first, place.first + grid.bins)
            sums[place.region][bins] += np.nan if place.mixed else row[: len(sums[place.region][bins])]
            counts[place.region][bins] += 1
    scores = [
        _on_reference(total / np.maximum(count, 1), origin, span, size)
        for total, count, origin, span in zip(sums, counts, origins, spans, strict=True)
    ]
    return [np.arange(first, last, dtype=np.int64) * size for first, last in spans], scores


@dataclass(frozen=True)
class _Window:
    """Where a window lies.

    Attributes:
        region: its number.
        first: its first bin, of the region's on the haplotype.
        origin: which base of the reference each of the region's stands for.
        mixed: whether it holds variants of several phase sets.
        seen: the stretch of the reference that it predicts.
    """

    region: int
    first: int
    origin: np.ndarray
    mixed: bool
    seen: tuple[str, int, int]


@dataclass(frozen=True)
class _Batch:
    """What windows read, and where they lie."""

    tracks: list[np.ndarray]
    places: list[_Window]


def _rows(
    haplotype: Haplotype, grid: Grid, inputs: Inputs, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[_Window, list[np.ndarray]]]:
    """Every window of every region: its place, and its codes and signal."""
    for number, (region, (first, last)) in enumerate(zip(inputs.regions, spans, strict=True)):
        leading = max(-(-(first * grid.bin_size + grid.lead - grid.span + 1) // grid.stride), 0)
        left = leading * grid.stride - grid.lead
        start, end = left - grid.offset, last * grid.bin_size + grid.window + grid.span
        end += sum(
            max(len(variant.ref) - len(variant.alt), 0) for variant in haplotype.within(region.chrom, start, end)
        )
        codes, origin = haplotype.sequence(inputs.genome, region.chrom, start, end)
        tracks = [codes, *(row[origin - start + 1] for row in inputs.reader.rows(region.chrom, start - 1, end)[1:])]
        used = origin[grid.offset :]
        stop = int(np.searchsorted(used, last * grid.bin_size))  # beyond the last requested base
        # As on the reference, and as many more as the haplotype is longer here.
        limit = (grid.count(inputs.genome.sizes[region.chrom]) - leading) * grid.stride
        limit += max(len(codes) - (end - start), 0)
        phases = haplotype.phases.get(region.chrom)
        for at in range(0, min(stop, limit), grid.stride):
            mixed = phases is not None and phases.mixed(int(origin[at]), int(origin[at + grid.window - 1]))
            seen = region.chrom, int(used[at]), int(used[min(at + grid.span, len(used)) - 1]) + 1
            place = _Window(number, at // grid.bin_size, used, mixed, seen)
            yield place, [row[at : at + grid.window] for row in tracks]


def _batches(rows: Iterable, window: int, batch_size: int, reader: WindowReader) -> Iterator[_Batch]:
    tracks = reader.empty(batch_size, window)
    places: list[_Window] = []
    for place, read in rows:
        for track, values in zip(tracks, read, strict=True):
            track[len(places)] = values
        places.append(place)
        if len(places) == batch_size:
            yield _batch(tracks, places, reader)
            places = []
    if places:
        yield _batch([track[: len(places)] for track in tracks], places, reader)


def _batch(tracks: list[np.ndarray], places: list[_Window], reader: WindowReader) -> _Batch:
    return _Batch([*tracks, *reader.covariates_of((place.seen for place in places), len(places))], places)


def _on_reference(means: np.ndarray, origin: np.ndarray, span: tuple[int, int], size: int) -> np.ndarray:
    """Bins of a haplotype → bins of the reference, each the mean of its bases' bins; deleted bases as their left."""
    wanted = np.arange(span[0] * size, span[1] * size)
    first = np.searchsorted(origin, wanted)  # an inserted base has the origin of that to its left, and follows it
    there = origin[np.minimum(first, len(origin) - 1)] == wanted
    place = np.where(there, first, first - 1)
    return means[place // size].reshape(-1, size).mean(axis=1).astype(np.float32)

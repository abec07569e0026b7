"""Windows of both alleles of several variants, as a network reads them at once."""

from collections.abc import Sequence

import numpy as np

from zoo.forward.forward import Forward
from zoo.genome.encode import encode
from zoo.inputs.reader import Around, WindowReader
from zoo.variants.alleles import Place, windows
from zoo.variants.window import VariantWindow


class AlleleBatches:
    """Reads and predicts windows of variants.

    Args:
        forward: the compiled network.
        layout: how variants lie in windows.
        reader: of these.
        most: variants at once.
    """

    def __init__(self, forward: Forward, layout: VariantWindow, reader: WindowReader, most: int) -> None:
        self._forward, self._layout, self._reader = forward, layout, reader
        self._around, self._tracks = Around(reader), reader.empty(2 * most, layout.window)

    def rows(self, place: Place, shift: int = 0) -> list[np.ndarray]:
        """What both alleles' windows read: codes with the reference allele in its place, and the tracks.

        Args:
            place: in the order of the genome (`zoo.variants.alleles.in_order`).
            shift: bp by which windows are moved.
        """
        start = self._start(place, shift)
        codes, *tracks = self._around.rows(place.chrom, start, start + place.reach(self._layout.window))
        return [with_reference(codes, place, start), *tracks]

    def predict(self, places: Sequence[Place], rows: Sequence[list[np.ndarray]], shift: int = 0) -> np.ndarray:
        """Predictions, (2n, columns) float32: of each place the reference's, then the alternative's.

        Args:
            places: at most as many as there is room for.
            rows: of each, as `rows` has them.
            shift: the same.
        """
        layout, count = self._layout, 2 * len(places)
        starts = [(place.chrom, self._start(place, shift)) for place in places]
        for number, (place, seen) in enumerate(zip(places, rows, strict=True)):
            for allele, read in enumerate(windows(seen, place, starts[number][1], layout.window)):
                for track, values in zip(self._tracks, read, strict=True):
                    track[2 * number + allele] = values
        stretches = layout.predicted(start for start in starts for _ in range(2))
        more = self._reader.covariates_of(stretches, count)
        return self._forward.codes(*(track[:count] for track in self._tracks), *more)

    def _start(self, place: Place, shift: int) -> int:
        return place.variant.start - self._layout.index + shift


def with_reference(codes: np.ndarray, place: Place, start: int) -> np.ndarray:
    """A copy of bases that begin at `start`, with the reference allele where the variant is."""
    first = place.variant.start - start
    changed = codes.copy()
    changed[first : first + len(place.variant.ref)] = encode(place.variant.ref)
    return changed

"""Which bins a model of bins is trained and validated on, by its configuration."""

from collections.abc import Sequence

import numpy as np

from zoo.data import bins
from zoo.data.bin_batches import BinLayout
from zoo.data.bins import Bins, Negatives, Room
from zoo.data.cells import Cell
from zoo.errors import InputError
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.spans import NONE, merge
from zoo.porting.bins_of_200 import BIN, STEP
from zoo.train.tasks import cell_data
from zoo.train.tasks.bins_data import ANYWHERE, PEAKS, BinsData

_APART = 200  # bp around relaxed peaks in which there is no bin of "anywhere"
_SHIFT = 20  # bp by which bins of the grid are moved


class BinChoice:
    """The bins of a run.

    Args:
        genome: the sequence.
        data: how bins are chosen.
        layout: of the network.
        cells: cell types.
        blacklist: by the genome's names.

    Attributes:
        left_out: why → how many bins with a peak, of all parts so far.
    """

    def __init__(
        self, genome: Genome, data: BinsData, layout: BinLayout, cells: Sequence[Cell], blacklist: Sequence[Interval]
    ) -> None:
        self._genome, self._data, self._layout = genome, data, layout
        self._cells, self._blacklist = cells, blacklist
        self._peaks = [
            {factor: cell_data.peaks_of(path, genome, data.slop) for factor, path in cell.peaks.items()}
            for cell in cells
        ]
        self.left_out = {"at an end": 0, "blacklisted": 0}

    def bound(self, chromosomes: Sequence[str], part: str) -> Bins:
        """The bins with a peak on some chromosomes. Raises `InputError` if there is none."""
        data, factors = self._data, self._data.factors
        parts, peaks = [bins.nothing(len(factors))], 0
        for cell, by_factor in enumerate(self._peaks):
            for chrom in chromosomes:
                spans = [bins.spans_of(by_factor[f], chrom) if f in by_factor else None for f in factors]
                peaks += sum(len(each) for each in spans if each is not None)
                number = self._layout.chromosomes.index(chrom)
                parts.append(bins.made(cell, number, *self._placed(spans)))
        found = bins.joined(*parts)
        blacklist = merge(self._blacklist)
        unwanted = [blacklist.get(chrom, NONE) for chrom in self._layout.chromosomes]
        before, window = self._layout.before, self._layout.window
        outside, bad = bins.usable(found, self._sizes(self._layout.chromosomes), unwanted, before, window, BIN)
        lost = {"at an end": int(outside.sum()), "blacklisted": int((bad & ~outside).sum())}
        kept = found.among(~(outside | bad))
        if not len(kept):
            raise InputError(
                f"There must be a bin with a peak on the {part} chromosomes",
                received={"chromosomes": list(chromosomes), "peaks": peaks, "bins": len(found), **lost},
                hint=None
                if data.positives == PEAKS or not peaks
                else f"Peaks must have more than {BIN // 2} bp, as for the grid; slop widens them",
            )
        self.left_out = {why: count + lost[why] for why, count in self.left_out.items()}
        return kept

    def _placed(self, spans: Sequence[np.ndarray | None]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Starts, shifts and labels of the bins with a peak of one chromosome of a cell type."""
        data = self._data
        if data.positives == PEAKS:
            starts, shifts = bins.around_peaks(spans[0], BIN, data.shift)
            return starts, shifts, np.ones((len(starts), 1), np.float32)
        bound = [None if each is None else bins.on_grid(each, BIN, STEP) for each in spans]
        starts = np.unique(np.concatenate([np.empty(0, np.int64), *(each for each in bound if each is not None)]))
        shift = _SHIFT if data.shift is None else data.shift
        return starts, np.tile([-shift, shift], (len(starts), 1)), bins.labelled(starts, bound)

    def negatives(self, chromosomes: Sequence[str], positive: Bins, ratio: int) -> Negatives:
        """What is drawn on some chromosomes: of each cell type as many as its bins with a peak ask for."""
        data, layout = self._data, self._layout
        far = data.negatives_from == ANYWHERE
        sizes, rooms = self._sizes(layout.chromosomes), []
        closed = [np.array([[0, size]], np.int64) for size in sizes]  # of chromosomes of the other part
        for cell, by_factor in zip(self._cells, self._peaks, strict=True):
            relaxed = [cell_data.peaks_of(path, self._genome, data.slop) for path in cell.relaxed.values()]
            every = [peak for peaks in (*by_factor.values(), *relaxed) for peak in peaks]
            reach = layout.window if far else 0
            spans = bins.avoided(layout.chromosomes, every, _APART if far else 0, self._blacklist, reach)
            spans = [
                own if chrom in chromosomes else none
                for chrom, own, none in zip(layout.chromosomes, spans, closed, strict=True)
            ]
            margin = layout.window if far else layout.before
            rooms.append(Room(sizes, spans, BIN, margin, 1 if far else STEP))
        counts = np.bincount(positive.cells, minlength=len(self._cells)) * ratio
        labels = [np.array([[0.0 if f in own else -1.0 for f in data.factors]], np.float32) for own in self._peaks]
        return Negatives(rooms, counts.tolist(), BIN if far else 1, sizes, BIN, labels)

    def _sizes(self, chromosomes: Sequence[str]) -> list[int]:
        return [self._genome.sizes[chrom] for chrom in chromosomes]

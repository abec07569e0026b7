"""Predictions of different chromosomes as one track: each by the model of a fold that has not seen them."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.signal import Signal


class Pooled:
    """Tracks, each of chromosomes of its own, that are read as one (`zoo.genome.signal.Signal`).

    Args:
        tracks: of one assembly; each has the chromosomes on which it has a value.

    Attributes:
        path: of the first one, for messages.
        sizes: chromosome → bp, of all that one of them has a value on.
        owners: chromosome → its track.

    Raises:
        InputError: a chromosome on which two have values, or a track without a value.
        GenomeMismatch: a chromosome has two lengths.
    """

    def __init__(self, tracks: Sequence[Signal]) -> None:
        self.path = tracks[0].path
        self.owners: dict[str, Signal] = {}
        for track in tracks:
            names.check_lengths(
                names.match(tracks[0].sizes, track.sizes), tracks[0].sizes, track.sizes, str(self.path), str(track.path)
            )
            covered = [chrom for chrom in track.sizes if chrom in track.covered]
            if not covered:
                raise InputError("A prediction to pool must have a value", where=track.path)
            for chrom in covered:
                self._refuse_twice(chrom, track)
                self.owners[chrom] = track
        self.sizes = {chrom: track.sizes[chrom] for chrom, track in self.owners.items()}

    def _refuse_twice(self, chrom: str, track: Signal) -> None:
        if (taken := names.find(chrom, self.owners)) is not None:
            raise InputError(
                "Predictions to pool must each have chromosomes of their own, so that each counts once",
                where=track.path,
                received={"chrom": chrom, "also in": str(self.owners[taken].path)},
                hint="Predict a chromosome by the model that has not seen it, with --chromosomes",
            )

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """As `Signal.values`, by the track that has the chromosome."""
        return self.owners[chrom].values(chrom, start, end)

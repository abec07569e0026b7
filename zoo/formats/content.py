"""What files of results hold, read piece by piece: never the whole genome at once."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

Piece = tuple[str, np.ndarray, np.ndarray]
Row = tuple[str, int, int, float]
_CHUNK = 1 << 20  # bins of a piece
_STRANDS = {"+": "plus", "-": "minus"}


@dataclass(frozen=True)
class Bins:
    """Scores in bins, chromosome by chromosome.

    Attributes:
        lengths: chromosome → bp, of all that have scores, in their order.
        bin_size: bp of a bin; the last one of a chromosome may be shorter.
        every: bp from one bin to the next. Bins that are wider overlap.
        pieces: reads (chromosome, starts, scores) from the beginning: starts (n,) int64 in bp, rising within a
            chromosome; scores (n,) float32, of named tracks (n, tracks), NaN where there is none.
        tracks: their names; none for one track without a name.
        on_grid: bins begin at 0, `every`, 2 `every` … and none is left out between the first and the last of a piece.
    """

    lengths: Mapping[str, int]
    bin_size: int
    every: int
    pieces: Callable[[], Iterator[Piece]]
    tracks: tuple[str, ...] = ()
    on_grid: bool = True

    @classmethod
    def of(cls, lengths: Mapping[str, int], scores: Iterable[tuple[str, np.ndarray]], every: int) -> "Bins":
        """One track of equal bins side by side, from (chromosome, a score for each bin)."""
        return cls(lengths, every, every, lambda: (piece for each in scores for piece in pieces_of(*each, every)))

    def track(self, number: int) -> "Bins":
        """One of the tracks, without its name."""

        def pieces() -> Iterator[Piece]:
            return ((chrom, starts, scores[:, number]) for chrom, starts, scores in self.pieces())

        return replace(self, pieces=pieces, tracks=())

    def mapped(self, function: Callable[[np.ndarray], np.ndarray]) -> "Bins":
        """The same bins with a function of their scores, which keeps the shape of an array."""
        return replace(
            self, pieces=lambda: ((chrom, starts, function(scores)) for chrom, starts, scores in self.pieces())
        )

    def middles(self, chrom: str, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(starts, ends) of the middle `every` bp of bins, in bp, which do not overlap; none ends beyond the last base.

        A bin whose middle begins beyond the last base is empty.
        """
        begins = starts + (self.bin_size - self.every) // 2
        return begins, np.minimum(begins + self.every, self.lengths[chrom])


def pieces_of(chrom: str, scores: np.ndarray, every: int) -> Iterator[Piece]:
    """Pieces of a chromosome's scores, one for each bin, of (bins,) or (bins, tracks)."""
    for first in range(0, len(scores), _CHUNK):
        part = np.asarray(scores[first : first + _CHUNK], np.float32)
        yield chrom, (first + np.arange(len(part), dtype=np.int64)) * every, part


@dataclass(frozen=True)
class BedStyle:
    """How intervals stand in a BED file.

    Attributes:
        name: of each of them, before its number.
        fraction: scores lie from 0 to 1.
        plain: as maxATAC writes them, without a name.
    """

    name: str = "site"
    fraction: bool = True
    plain: bool = False


@dataclass
class Intervals:
    """Scored intervals, in order.

    Attributes:
        rows: reads (chromosome, start, end, score) from the beginning, in bp.
        style: of BED.
        count: how many there were when they were last read.
    """

    rows: Callable[[], Iterable[Row]]
    style: BedStyle = BedStyle()
    count: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Row]:
        self.count = 0
        for row in self.rows():
            self.count += 1
            yield row


class RegionTable(Protocol):
    """A table of regions × bins: `zoo.predict.table.Predictions`.

    Attributes:
        bin_size: bp.
        columns: name → type of NumPy, str for text.
    """

    bin_size: int
    columns: Mapping[str, type]

    def blocks(self) -> Iterator[Mapping[str, np.ndarray]]:
        """Some rows at a time: name of a column → (rows,)."""


def plain_names(names: Iterable[str]) -> list[str]:
    """Names, such as of tracks, as parts of file names: plain letters, and no two that are alike.

    A sign at the end, of a strand, becomes a word.
    """
    unique: list[str] = []
    taken: set[str] = set()
    for name in names:
        strand = next((f"_{word}" for sign, word in _STRANDS.items() if name[-1:] == sign and len(name) > 1), "")
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")[:80] + strand or "track"
        unique.append(plain if plain.lower() not in taken else f"{plain}_{len(unique) + 1}")
        taken.add(unique[-1].lower())
    return unique

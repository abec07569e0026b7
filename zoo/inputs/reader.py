"""Windows of a genome and its tracks, read in large blocks: the one way that everything reads them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.genome.encode import N, one_hot
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.spans import touches
from zoo.inputs.tracks import Derived, NoTrack, Track

_BLOCK = 1 << 14  # bp read at once where windows are kilobases apart


@dataclass(frozen=True)
class Covariate:
    """A number that a model reads of a sample, or of each window.

    Attributes:
        name: as the model calls it.
        value: of all windows; or
        spans: where a window has 1 and not 0 (chromosome → (n, 2) starts and ends), if any base that it predicts is
            in them.
    """

    name: str
    value: float = 0.0
    spans: Mapping[str, np.ndarray] | None = None

    def identity(self) -> object:
        """What its numbers depend on: the number, or a digest of the spans."""
        if self.spans is None:
            return self.value
        found = hashlib.sha256()
        for chrom, spans in self.spans.items():
            found.update(chrom.encode() + np.ascontiguousarray(spans).tobytes())
        return {"sha256": found.hexdigest()}


@dataclass(frozen=True)
class WindowReader:
    """What a network reads, as rows of numbers by base.

    Attributes:
        genome: the sequence.
        tracks: in the network's order.
        covariates: in the network's order.
        controls: in the network's order.
    """

    genome: Genome
    tracks: tuple[Track | Derived, ...] = ()
    covariates: tuple[Covariate, ...] = ()
    controls: tuple[Track | NoTrack, ...] = ()

    @property
    def measured(self) -> tuple[Track, ...]:
        """The tracks that files hold: those of the network, and those that its derived ones are made of."""
        parts = [part for track in self._all for part in (track.of if isinstance(track, Derived) else (track,))]
        return tuple({track.spec.name: track for track in parts if not isinstance(track, NoTrack)}.values())

    @property
    def dtypes(self) -> tuple[type, ...]:
        """Of what `rows` returns."""
        return (np.uint8, *(np.float32 for _ in self._all))

    @property
    def fills(self) -> tuple[np.float32, ...]:
        """Of each track and control the value of bases without data."""
        return tuple(track.fill for track in self._all)

    @property
    def _all(self) -> tuple[Track | Derived | NoTrack, ...]:
        return (*self.tracks, *self.controls)

    @property
    def fixed(self) -> tuple[float, ...] | None:
        """The covariates, if all windows have the same; else None."""
        if any(item.spans is not None for item in self.covariates):
            return None
        return tuple(item.value for item in self.covariates)

    def rows(self, chrom: str, start: int, end: int) -> list[np.ndarray]:
        """A stretch, which may reach past the chromosome's ends: codes (end - start,) uint8, then each track and each
        control, float32. A track that others are derived from is read once."""
        read: dict[int, np.ndarray] = {}

        def values(track: Track | NoTrack) -> np.ndarray:
            if id(track) not in read:
                read[id(track)] = track.values(chrom, start, end)
            return read[id(track)]

        found = [self.genome.codes(chrom, start, end)]
        for track in self._all:
            derived = isinstance(track, Derived)
            found.append(track.made([values(part) for part in track.of]) if derived else values(track))
        return found

    def told(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """Which bases of rows say anything: are none of N and of the fill values. (bp,) bool."""
        told = rows[0] != N
        for row, fill in zip(rows[1:], self.fills, strict=True):
            told |= row != fill
        return told

    def empty(self, count: int, window: int) -> list[np.ndarray]:
        """Room for a batch of windows: codes, tracks and controls, each (count, window)."""
        return [np.empty((count, window), dtype) for dtype in self.dtypes]

    def batch(self, places: Sequence[Interval]) -> list[np.ndarray]:
        """Windows of one length: codes (n, window) uint8, each track and control float32."""
        return [np.stack(rows) for rows in zip(*(self.rows(p.chrom, p.start, p.end) for p in places), strict=True)]

    def encoded(self, places: Sequence[Interval]) -> np.ndarray:
        """The same as a network reads it without controls, (n, window, channels) float32."""
        codes, *tracks = self.batch(places)[: 1 + len(self.tracks)]
        return np.concatenate([one_hot(codes), *(track[..., None] for track in tracks)], axis=-1)

    def covariates_of(self, places: Iterable[tuple[str, int, int]], count: int) -> list[np.ndarray]:
        """Covariates of windows that predict some stretches: none, or one array (n, covariates) float32."""
        if not self.covariates:
            return []
        found = np.empty((count, len(self.covariates)), np.float32)
        found[:] = [item.value for item in self.covariates]
        flags = [(column, item.spans) for column, item in enumerate(self.covariates) if item.spans is not None]
        for row, place in enumerate(places if flags else ()):
            for column, spans in flags:
                found[row, column] = touches(spans, *place)
        return [found]


@dataclass
class Around:
    """Stretches that come in the order of the genome, a few kilobases apart: read a block at a time."""

    reader: WindowReader
    _chrom: str = ""
    _start: int = 0
    _rows: list[np.ndarray] = field(default_factory=lambda: [np.empty(0)])

    def rows(self, chrom: str, start: int, end: int) -> list[np.ndarray]:
        """As `WindowReader.rows`."""
        if chrom != self._chrom or start < self._start or end > self._start + len(self._rows[0]):
            self._chrom, self._start = chrom, start
            self._rows = self.reader.rows(chrom, start, start + max(_BLOCK, end - start))
        return [row[start - self._start : end - self._start] for row in self._rows]

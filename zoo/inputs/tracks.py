"""Tracks by the genome's names of chromosomes: measured ones, and functions of others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.genome.signal import Signal
from zoo.spec import TrackSpec


@dataclass(frozen=True)
class Track:
    """A signal on a genome.

    Attributes:
        spec: what the model says of it.
        signal: the file.
        names: chromosome of the genome → its name in the file.
    """

    spec: TrackSpec
    signal: Signal
    names: Mapping[str, str]

    @property
    def fill(self) -> np.float32:
        """The value of bases without data."""
        return np.float32(self.signal.fill)

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """(end - start,) float32 of a stretch, which may reach past the chromosome's ends."""
        return self.signal.values(self.names[chrom], start, end)


@dataclass(frozen=True)
class Counted(Track):
    """A track of reads, of whose total a network takes the logarithm."""

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """As of a `Track`. Raises `InputError` for a value below 0."""
        found = super().values(chrom, start, end)
        if (found < 0).any():
            at = int(np.argmax(found < 0))
            raise InputError(
                "Controls must be counts, 0 or more",
                where=f"{self.signal.path} {self.names[chrom]}:{start + at + 1}",
                received={self.spec.name: found[at]},
                hint="Where a track of the minus strand has its counts below 0, change their sign",
            )
        return found


@dataclass(frozen=True)
class Derived:
    """A stated function of other tracks. Attributes and methods as those of `Track`."""

    spec: TrackSpec
    of: tuple[Track, ...]

    @property
    def fill(self) -> np.float32:
        """The value of bases without data in any of the tracks."""
        return _FUNCTIONS[self.spec.function]([np.full(1, track.fill) for track in self.of])[0]

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """(end - start,) float32 of a stretch, which may reach past the chromosome's ends."""
        return self.made([track.values(chrom, start, end) for track in self.of])

    def made(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """The same of what its tracks have there."""
        return _FUNCTIONS[self.spec.function](parts)


@dataclass(frozen=True)
class NoTrack:
    """A track that may be left out, and is: zeros. Attributes and methods as those of `Track`."""

    spec: TrackSpec

    @property
    def fill(self) -> np.float32:
        """The value of every base."""
        return np.float32(0)

    def values(self, chrom: str, start: int, end: int) -> np.ndarray:
        """(end - start,) float32 zeros."""
        return np.zeros(end - start, np.float32)


_FUNCTIONS: dict[str, Callable[[Sequence[np.ndarray]], np.ndarray]] = {
    "difference": lambda rows: rows[0] - rows[1],
    "mean": lambda rows: np.mean(rows, axis=0, dtype=np.float32),
    "sum": lambda rows: np.sum(rows, axis=0, dtype=np.float32),
    "log1p": lambda rows: np.log1p(rows[0]),
}

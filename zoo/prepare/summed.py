"""Coverage of a sample per base: of reads on the disk, of bigWig files, or the sum of several of these."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.paths import user_path
from zoo.errors import InputError
from zoo.files.atomic import write_json
from zoo.files.partial import Partial
from zoo.files.record import read_json
from zoo.genome import names, sniff
from zoo.genome.signal import Signal
from zoo.prepare.aligned import AlignedReads
from zoo.prepare.coverage import BLOCK
from zoo.prepare.cutsites import CutSites
from zoo.prepare.fragments import Fragments

Source = AlignedReads | Signal
"""A file that coverage is made of."""
_STATE = 1 << 24  # bytes


def opened(path: str | Path, mapping_quality: int, notes: list[str]) -> Source:
    """A file of reads, or a bigWig file of coverage. Raises `InputError` for anything else."""
    path = user_path(path, "reads")
    if sniff.kind_of_file(path) != "bigWig":
        return AlignedReads.of(path, mapping_quality, notes)
    signal = Signal(path)
    if signal.empty:
        raise InputError("A track of coverage must hold values", where=path)
    return signal


def check_assembly(source: Source, sizes: Mapping[str, int], genome: object) -> None:
    """Raise `GenomeMismatch` unless a file is of the genome's assembly, as far as it says."""
    if isinstance(source, AlignedReads):
        source.check_header(sizes)
        return
    sides = f"genome {genome}", f"track {source.path}"
    names.check_lengths(names.check_shared(sizes, source.sizes, *sides), sizes, source.sizes, *sides)


@dataclass(frozen=True)
class TrackCoverage:
    """A bigWig file. Attributes: signal: of it. names: chromosome of the genome → its name there."""

    signal: Signal
    names: Mapping[str, str]

    def values(self, chrom: str, length: int) -> Iterator[np.ndarray]:
        """Of a chromosome that it has, in stretches of `BLOCK` bases. Raises `InputError` for negative coverage."""
        for first in range(0, length, BLOCK):
            found = self.signal.values(self.names[chrom], first, min(first + BLOCK, length))
            if (found < 0).any():
                at = int(np.argmax(found < 0))
                raise InputError(
                    "Coverage must not be negative",
                    where=f"{self.signal.path} {chrom}:{first + at + 1}",
                    received={"value": found[at].item()},
                    hint="Give coverage, not log ratios",
                )
            yield found


@dataclass(frozen=True)
class ReadCoverage:
    """Reads on the disk. Attributes: starts, ends: their first and their last bases."""

    starts: CutSites
    ends: CutSites

    @property
    def names(self) -> Mapping[str, int]:
        """Every chromosome."""
        return self.starts.sizes

    def values(self, chrom: str, length: int) -> Iterator[np.ndarray]:
        """How many reads cover each base of a chromosome, in stretches of `BLOCK` bases."""
        open_, ended = 0, 0  # reads that go on from the stretch before; those that end with its last base
        for (_, begun), (_, last) in zip(self.starts.counts(chrom), self.ends.counts(chrom), strict=True):
            found = open_ + np.cumsum(begun - np.concatenate([[ended], last[:-1]]))
            open_, ended = int(found[-1]), int(last[-1])
            yield found


@dataclass(frozen=True)
class Coverage:
    """The sum of replicates; a base that one of them lacks is 0 there.

    Attributes:
        parts: of each.
        sizes: chromosome → bp of those that all of them have.
    """

    parts: Sequence[TrackCoverage | ReadCoverage]
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, parts: Sequence[TrackCoverage | ReadCoverage], sizes: Mapping[str, int]) -> "Coverage":
        """Of parts on a genome."""
        return cls(parts, {chrom: bp for chrom, bp in sizes.items() if all(chrom in part.names for part in parts)})

    @property
    def reads(self) -> int:
        """On these chromosomes."""
        return sum(part.starts.kept for part in self.parts if isinstance(part, ReadCoverage))

    def values(self, chrom: str) -> Iterator[tuple[int, np.ndarray]]:
        """(first base, coverage of it and those after it, float64) of stretches that cover a chromosome, in order."""
        length = self.sizes[chrom]
        each = zip(*(part.values(chrom, length) for part in self.parts), strict=True)
        for number, parts in enumerate(each):
            yield number * BLOCK, np.sum(parts, axis=0, dtype=np.float64)

    def at(self, chrom: str, positions: np.ndarray) -> np.ndarray | None:
        """Coverage at rising positions of a chromosome, (n,) float64; None if it is 0 everywhere."""
        found, covered = np.empty(len(positions)), False
        for first, values in self.values(chrom):
            low, high = np.searchsorted(positions, [first, first + len(values)])
            found[low:high] = values[positions[low:high] - first]
            covered = covered or bool(values.any())
        return found if covered else None


def stored(
    source: Source, sizes: Mapping[str, int], place: Partial, name: str, read_length: int | None
) -> TrackCoverage | ReadCoverage:
    """The coverage of a file; reads are read unless an interrupted run did.

    Args:
        sizes: chromosome → bp of the genome.
        place: where reads are kept.
        name: of what is kept there.
        read_length: bp of reads, of fragments.

    Raises:
        InputError: no read on these chromosomes, or rows that cannot be used.
    """
    if isinstance(source, Signal):
        return TrackCoverage(source, names.match(sizes, source.sizes))
    found = ReadCoverage(*(CutSites(place.part(f"{name}-{what}"), sizes) for what in ("starts", "ends")))
    done = place.part(f"{name}.json")
    state = read_json(done, _STATE)
    if state is None or not (found.starts.restore(state["starts"]) and found.ends.restore(state["ends"])):
        found.starts.restore(None)
        found.ends.restore(None)
        source.each(lambda block: _add(block, found, read_length), found.starts)
        temporary = place.part(f"{name}.json.tmp")
        write_json(temporary, {"starts": found.starts.state(), "ends": found.ends.state()})
        temporary.replace(done)
    if not found.starts.kept:
        raise InputError(
            "The reads of a sample must lie on the genome's chromosomes",
            where=source.path,
            received={"elsewhere": found.starts.elsewhere, "chromosomes": list(sizes)[:5]},
        )
    return found


def _add(block: Fragments, to: ReadCoverage, read_length: int | None) -> None:
    """Add the first and last bases of reads; of a fragment those of a read at either end."""
    block = to.starts.sound(block)
    first, beyond = block.starts, block.ends
    if block.forward is None:
        length = np.minimum(read_length, beyond - first)
        first, beyond = np.concatenate([first, beyond - length]), np.concatenate([first + length, beyond])
    to.starts.add(block.chrom, first)
    to.ends.add(block.chrom, beyond - 1)

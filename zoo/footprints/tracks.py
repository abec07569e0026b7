"""Tracks of footprints as bigWig files, in parts that survive an interruption."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.files import npz
from zoo.files.atomic import atomic
from zoo.files.progress import Progress
from zoo.footprints import scoring
from zoo.footprints.regions import Region
from zoo.footprints.sample import Sample
from zoo.genome.bigwig import Writer
from zoo.genome.sequence import Genome

TRACKS = ("uncorrected", "bias", "expected", "corrected")
STRANDS = ("", "_forward", "_reverse")
_BLOCK = 100_000  # bp that are worked on together
Values = Callable[[str, int, int], np.ndarray]


@dataclass(frozen=True)
class Place:
    """Where work is done.

    Attributes:
        part: name → path of a file that survives an interruption.
        workers: threads.
        progress: show progress bars.
    """

    part: Callable[[str], Path]
    workers: int
    progress: bool | None


def ordered(regions: Iterable[Region], sizes: Mapping[str, int]) -> list[Region]:
    """Regions in the order of the chromosomes of `sizes`, as bigWig files have them."""
    place = {chrom: number for number, chrom in enumerate(sizes)}
    return sorted(regions, key=lambda item: (place[item.chrom], item.start))


def correct(
    genome: Genome,
    sample: Sample,
    regions: Sequence[Region],
    sizes: Mapping[str, int],
    place: Place,
    split: bool,
    original: bool,
) -> dict[str, Path]:
    """Make the tracks of a sample, as far as an interrupted run did not.

    Args:
        genome: the sequence.
        sample: see `zoo.footprints.sample`.
        regions: in order.
        sizes: chromosome → bp.
        place: where.
        split: whether each strand has tracks of its own, too.
        original: see `Sample.correct`.

    Returns:
        Name and strand of a track → its bigWig file.
    """
    names = [f"{track}{strand}" for strand in STRANDS[: 3 if split else 1] for track in TRACKS]
    made = {name: place.part(f"{name}.bw") for name in names}
    if all(path.is_file() for path in made.values()):
        return made

    def work(block: Sequence[Region]) -> dict[str, np.ndarray]:
        pairs = sample.correct(genome, block, original)
        sides = [one + two for one, two in pairs], [one for one, _ in pairs], [two for _, two in pairs]
        return {
            f"{track}{strand}": np.concatenate([getattr(item, track) for item in side]).astype(np.float32)
            for strand, side in zip(STRANDS[: 3 if split else 1], sides, strict=False)
            for track in TRACKS
        }

    blocks = _parts("correct", work, regions, place)
    for name, path in made.items():
        _write(path, sizes, ((block, npz.read(part)[name]) for block, part in blocks))
    return made


def score(values: Values, regions: Sequence[Region], sizes: Mapping[str, int], place: Place, original: bool) -> Path:
    """Make the track of footprint scores of corrected cuts, as far as an interrupted run did not.

    Args:
        values: the corrected cuts of a stretch, float32.
        regions: in order, with 30 bp on either side.
        sizes: chromosome → bp.
        place: where.
        original: whether regions on the - strand are read in reverse, and small footprints end early (TOBIAS).
    """
    path = place.part("footprints.bw")
    if path.is_file():
        return path

    def work(block: Sequence[Region]) -> dict[str, np.ndarray]:
        signals = [
            turned(values(item.chrom, item.start - scoring.MARGIN, item.end + scoring.MARGIN), item, original)
            for item in block
        ]
        return {"scores": np.concatenate(scoring.scores(signals, original))}

    blocks = _parts("score", work, regions, place)
    _write(path, sizes, ((block, npz.read(part)["scores"]) for block, part in blocks))
    return path


def turned(values: np.ndarray, region: Region, original: bool) -> np.ndarray:
    """Values of a region; TOBIAS turns those of regions on the - strand, which are on the + strand."""
    return values[::-1] if original and region.strand == "-" else values


def _parts(
    what: str, work: Callable[[Sequence[Region]], dict[str, np.ndarray]], regions: Sequence[Region], place: Place
) -> list[tuple[list[Region], Path]]:
    """Blocks of regions, and where what was made of each is."""
    blocks = [(block, place.part(f"{what}{number:06d}.npz")) for number, block in enumerate(_blocks(regions))]
    left = [(block, path) for block, path in blocks if not path.is_file()]
    total, todo = (sum(_bases(block) for block, _ in items) for items in (blocks, left))
    with (
        Progress(what, "bp", total, total - todo, place.progress) as bar,
        ThreadPoolExecutor(place.workers) as pool,
    ):
        try:
            for (block, path), found in zip(left, pool.map(work, (block for block, _ in left)), strict=True):
                npz.write(path, found)
                bar.update(_bases(block))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return blocks


def _blocks(regions: Sequence[Region]) -> Iterator[list[Region]]:
    block: list[Region] = []
    for region in regions:
        block.append(region)
        if _bases(block) >= _BLOCK:
            yield block
            block = []
    if block:
        yield block


def _bases(block: Sequence[Region]) -> int:
    return sum(item.end - item.start for item in block)


def _write(path: Path, sizes: Mapping[str, int], found: Iterable[tuple[list[Region], np.ndarray]]) -> None:
    """Write values of regions, one after the other in each block, as single bases without zeros."""
    with atomic(path, path.parent) as temporary, Writer(temporary, sizes) as file:
        for block, values in found:
            first = 0
            for region in block:
                here = values[first : first + region.end - region.start]
                at = np.flatnonzero(here)
                file.add(region.chrom, region.start + at, region.start + at + 1, here[at])
                first += len(here)

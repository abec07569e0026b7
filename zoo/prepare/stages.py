"""From cut sites to the files of a sample, each kept as soon as it is complete."""

import gzip
import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.files.atomic import atomic, write_json
from zoo.genome.interval import Interval
from zoo.prepare import coverage, tracks
from zoo.prepare.choice import spans_on
from zoo.prepare.cutsites import CutSites
from zoo.prepare.normalize import Statistics
from zoo.prepare.quality import Quality, QualityCollector
from zoo.prepare.starts import Starts, StartsCollector, TssEnrichment

_HEAD = struct.Struct("<IQ")  # number of the chromosome, runs
Part = Callable[[str], Path]


@dataclass(frozen=True)
class Recipe:
    """How cut sites become tracks.

    Attributes:
        smoothing: bp on each side of a cut that it counts for.
        scale: of the coverage.
        percentile: of the positive bases, what becomes 1.
        blacklist: bases that count for nothing.
        cut_sites: whether cut sites are written as BED.
        threads: that compress.
        progress: show progress bars.
        starts: transcription start sites by chromosome, or None.
        peaks: merged spans (n, 2) by chromosome, in which cuts are counted, or None.
    """

    smoothing: int
    scale: float
    percentile: float
    blacklist: Sequence[Interval]
    cut_sites: bool
    threads: int | None
    progress: bool | None
    starts: Mapping[str, Starts] | None = None
    peaks: Mapping[str, np.ndarray] | None = None


@dataclass(frozen=True)
class Made:
    """The finished files of a sample.

    Attributes:
        coverage, signal: bigWig files.
        sites: BED of cut sites, or None.
        statistics: of the coverage.
        quality: of the sample.
        blacklisted: cuts that the blacklist took.
        tss: enrichment at start sites, or None.
        in_peaks: cuts in peaks, or None.
    """

    coverage: Path
    signal: Path
    sites: Path | None
    statistics: Statistics
    quality: Quality
    blacklisted: int
    tss: TssEnrichment | None
    in_peaks: int | None


def make(sites: CutSites, recipe: Recipe, scratch: Part, part: Part) -> Made:
    """Make the files of a sample, or those that an interrupted run did not.

    Args:
        sites: its cuts.
        recipe: what to do with them.
        scratch: name → path on the scratch disk.
        part: name → path on the disk of the output.

    Raises:
        InputError: the blacklist takes every cut.
    """
    if not scratch("runs").is_file():
        scratch("quality.json").unlink(missing_ok=True)
    noted = _kept(scratch("quality.json"), lambda: _cover(sites, recipe, scratch))
    if noted["blacklisted"] == sites.kept:
        raise InputError(
            "A sample must have cuts beside the blacklist", received={"cuts": sites.kept, "blacklisted": sites.kept}
        )
    track = partial(_runs, scratch("runs"), list(sites.sizes), recipe.scale)
    rest = {"progress": recipe.progress, "workers": recipe.threads}
    if not (covered := part("coverage.bw")).is_file():
        tracks.write(covered, sites.sizes, track(), zeros=False, **rest)
    signal = part("signal.bw")
    if not signal.is_file():  # it may have been on its way to its place
        part("statistics.json").unlink(missing_ok=True)

    def normalized() -> dict:
        statistics = tracks.normalize_runs(
            track, signal, sites.sizes, percentile=recipe.percentile, blacklist=recipe.blacklist, **rest
        )
        return asdict(statistics)

    statistics = Statistics(**_kept(part("statistics.json"), normalized))
    listed = part("sites.bed.gz") if recipe.cut_sites else None
    if listed is not None and not listed.is_file():
        _write_sites(listed, sites, recipe)
    tss = None if noted["tss"] is None else TssEnrichment.from_json(noted["tss"])
    quality = Quality.from_json(noted["quality"])
    return Made(covered, signal, listed, statistics, quality, noted["blacklisted"], tss, noted["in_peaks"])


def _kept(path: Path, make: Callable[[], dict]) -> dict:
    """A JSON object that an interrupted run left, or a new one."""
    if not path.is_file():
        content = make()
        with atomic(path, path.parent) as temporary:
            write_json(temporary, content)
    return json.loads(path.read_bytes())


def _cover(sites: CutSites, recipe: Recipe, scratch: Part) -> dict:
    """Write the coverage, in whole cuts, to the scratch disk; returns the sample's quality."""
    seen = QualityCollector(sum(sites.sizes.values()), sites.kept, recipe.smoothing, recipe.percentile)
    starts, left, inside = StartsCollector(recipe.starts or {}), 0, 0

    def kept(chrom: str) -> Iterator[np.ndarray]:
        nonlocal left, inside
        for first, counts in _unmasked(sites, chrom, recipe, held):
            left += int(counts.sum())
            inside += coverage.cuts_within(counts, first, (recipe.peaks or {}).get(chrom))
            starts.add(chrom, first, counts)
            seen.add(counts)
            yield counts

    held = spans_on(recipe.blacklist, sites.sizes)
    with atomic(scratch("runs"), scratch("runs").parent) as temporary, open(temporary, "wb") as file:
        for number, chrom in enumerate(sites.sizes):
            for runs in coverage.smoothed(chrom, kept(chrom), recipe.smoothing):
                file.write(_HEAD.pack(number, len(runs.values)))
                file.write(runs.edges.astype("<u4").tobytes() + runs.values.astype("<u4").tobytes())
    return {
        "quality": asdict(seen.finish(sites.lengths)),
        "blacklisted": sites.kept - left,
        "tss": None if recipe.starts is None else asdict(starts.finish()),
        "in_peaks": None if recipe.peaks is None else inside,
    }


def _unmasked(sites: CutSites, chrom: str, recipe: Recipe, held: dict) -> Iterator[tuple[int, np.ndarray]]:
    """(first base, cuts) of stretches, without those whose bases touch the blacklist."""
    for first, counts in sites.counts(chrom):
        coverage.mask(counts, first, held.get(chrom), recipe.smoothing)
        yield first, counts


def _runs(path: Path, chroms: Sequence[str], scale: float) -> Iterator[coverage.Runs]:
    """The coverage, scaled."""
    with open(path, "rb") as file:
        while head := file.read(_HEAD.size):
            number, count = _HEAD.unpack(head)
            edges = np.frombuffer(file.read(4 * (count + 1)), "<u4").astype(np.int64)
            values = np.frombuffer(file.read(4 * count), "<u4")
            yield coverage.Runs(chroms[number], edges, (values * scale).astype(np.float32))


def _write_sites(path: Path, sites: CutSites, recipe: Recipe) -> None:
    """A row for each cut: the bases that it counts for, as maxATAC's `_IS_slop20.bed.gz`, sorted."""
    held = spans_on(recipe.blacklist, sites.sizes)
    with (
        atomic(path, path.parent) as temporary,
        open(temporary, "wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as file,
    ):
        for chrom, size in sites.sizes.items():
            for first, counts in _unmasked(sites, chrom, recipe, held):
                file.writelines(_rows(chrom, size, first, counts, recipe.smoothing))


def _rows(chrom: str, size: int, first: int, counts: np.ndarray, reach: int) -> Iterable[bytes]:
    at = np.flatnonzero(counts)
    places = first + np.repeat(at, counts[at])
    starts, ends = np.maximum(places - reach, 0).tolist(), np.minimum(places + reach + 1, size).tolist()
    return (f"{chrom}\t{start}\t{end}\n".encode() for start, end in zip(starts, ends, strict=True))

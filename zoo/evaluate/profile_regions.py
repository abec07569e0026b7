"""Regions around the middles of peaks and of background, with the reads that were counted in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.arguments import names_of
from zoo.data import centered
from zoo.data.profile import check_sites
from zoo.errors import GenomeMismatch, InputError, warn
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import beyond, placed
from zoo.inputs.reader import Around, WindowReader
from zoo.inputs.tracks import Track
from zoo.spec import ModelSpec, OutputSpec, TrackSpec

BATCH = 128  # regions
TESTED, FOLD = "test_chromosomes", "fold"  # of a model's provenance
_FOLDS = ("1 3 6", "2 8 9 16", "4 11 12 15 Y", "5 10 14 18 20 22", "7 13 17 19 21 X")  # human, tested by the original


@dataclass(frozen=True, eq=False)
class CountedRegions:
    """Regions in the order of the genome.

    Attributes:
        reader: of what was counted: the track, or one for each strand.
        middles: of 1 bp, the base that is at half a region's length.
        peaks: (n,) bool, which of them are peaks.
        output: bp of a region.
        stranded: whether counts have an axis of strands.
        chromosomes: that they lie on, at most.
        left_out: reason → how many are not there.
    """

    reader: WindowReader
    middles: tuple[Interval, ...]
    peaks: np.ndarray
    output: int
    stranded: bool
    chromosomes: tuple[str, ...]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.middles)

    def batches(self, size: int = BATCH) -> Iterator[slice]:
        """The numbers of the regions, `size` at a time."""
        return (slice(first, min(first + size, len(self))) for first in range(0, len(self), size))

    def windows(self, reader: WindowReader, some: slice, width: int) -> list[np.ndarray]:
        """What another reader reads around the same middles: codes, tracks and controls, each (n, width)."""
        around, rows = Around(reader), []
        for middle in self.middles[some]:
            start = middle.start - width // 2
            rows.append(around.rows(middle.chrom, start, start + width))
        return [np.stack(each) for each in zip(*rows, strict=True)]

    def counts(self, some: slice, width: int | None = None) -> np.ndarray:
        """What was counted at each base, (n, bp) float32 or (n, bp, strands); of `width` bp instead of `output`."""
        _, *tracks = self.windows(self.reader, some, width or self.output)
        return np.stack(tracks, axis=-1) if self.stranded else tracks[0]


def heads_of(spec: ModelSpec) -> tuple[OutputSpec, OutputSpec]:
    """The heads of a profile and of its total counts. Raises `InputError` for a model of others."""
    heads = {kind: [head for head in spec.outputs if head.kind == kind] for kind in ("profile", "counts")}
    if [len(found) for found in heads.values()] != [1, 1] or heads["counts"][0].shape != (1,) or spec.input.tracks:
        raise InputError(
            "A model must read DNA and predict one profile and its total counts",
            example="a ChromBPNet",
            received={"model": spec.name, "heads": {head.name: head.shape for head in spec.outputs}},
        )
    return heads["profile"][0], heads["counts"][0]


def pseudocount_of(spec: ModelSpec) -> float:
    """What the model adds to totals before the logarithm."""
    counts = heads_of(spec)[1]
    return 1.0 if counts.transform == "log1p" else counts.pseudocount


def held_out(spec: ModelSpec, sizes: Mapping[str, int], chromosomes: Sequence[str] | str | None) -> tuple[str, ...]:
    """The chromosomes to evaluate on: those that are asked for, else those of the model's provenance.

    That says either `test_chromosomes`, names with blanks between them, or `fold`, 0 to 4, one of the original's for
    human.

    Args:
        spec: of the model.
        sizes: of the genome; names are returned as it has them.
        chromosomes: by any of their common names.

    Raises:
        InputError: neither says which, or the genome lacks one.
    """
    said, fold = spec.provenance.get(TESTED, "").split(), spec.provenance.get(FOLD, "")
    if not said and fold in ("0", "1", "2", "3", "4"):
        said = [f"chr{name}" for name in _FOLDS[int(fold)].split()]
    asked = said if chromosomes is None else names_of("chromosomes", chromosomes)
    if not asked:
        raise InputError(
            "Chromosomes must be named: the model does not say which it has not learned from",
            example="chromosomes=['chr1', 'chr3', 'chr6']",
            received={"model": spec.name, "chromosomes": chromosomes},
        )
    found = {name: names.find(name, sizes) for name in asked}
    if missing := [name for name, there in found.items() if there is None]:
        raise InputError(
            "The genome must have the chromosomes to evaluate on",
            received={"missing": missing[:5], "present": list(sizes)[:5]},
        )
    return tuple(dict.fromkeys(found.values()))


def counted(
    spec: ModelSpec,
    genome: Genome,
    signal: object,
    peaks: str | Path,
    negatives: str | Path | None = None,
    chromosomes: Sequence[str] | str | None = None,
    most: int | None = None,
) -> CountedRegions:
    """Regions around summits, of the length that a model predicts.

    Args:
        spec: of the model.
        genome: the sequence.
        signal: what was counted, `.bw`: the number of cut sites, or of 5' ends, at each base; of a model of several
            strands a mapping of the names of its tracks to files.
        peaks: narrowPeak file; of another BED file the middles count.
        negatives: the same of background regions.
        chromosomes: as for `held_out`.
        most: regions of a kind that are taken, evenly spaced ones; default all.

    Regions whose window leaves its chromosome are left out and counted.

    Raises:
        InputError: a model of other heads, tracks that are not those of its profile or are coverage, no peak that is
            left, or as `held_out`.
        GenomeMismatch: files of different assemblies.
    """
    profile, _ = heads_of(spec)
    chosen, window = held_out(spec, genome.sizes, chromosomes), spec.input.window
    reader = WindowReader(genome, _tracks(profile, genome, signal, chosen))
    found, left_out = [], {}
    for what, path in {"peaks": peaks, "negatives": negatives}.items():
        if path is None and what == "negatives":
            continue
        there = _middles(path, genome, chosen)
        inside = [item for item in there if _is_inside(item, genome.sizes, window)]
        left_out[f"{what} whose window leaves its chromosome"] = len(there) - len(inside)
        if not inside:
            raise InputError(
                f"At least one of the {what} must be left on these chromosomes",
                where=path,
                received={"chromosomes": list(chosen), "windows that leave them": len(there)},
            )
        found += [(item, what == "peaks") for item in _spaced(inside, most)]
    found.sort(key=lambda pair: (chosen.index(pair[0].chrom), pair[0].start, not pair[1]))
    summits = centered.of([(middle.chrom, middle.start) for middle, is_peak in found if is_peak])
    for track in reader.tracks:
        check_sites(track.signal, summits, profile.bins)
    middles, flags = zip(*found, strict=True)
    stranded = len(reader.tracks) > 1
    return CountedRegions(reader, middles, np.array(flags), profile.bins, stranded, chosen, left_out)


def _tracks(profile: OutputSpec, genome: Genome, signal: object, chosen: Sequence[str]) -> tuple[Track, ...]:
    """The counted tracks, opened and matched with the genome, in the order of the profile's."""
    wanted = profile.tracks or ("signal",)
    given = signal if isinstance(signal, Mapping) else {"signal": signal}
    if set(given) != set(wanted):
        raise InputError(
            f"What was counted must be given for each track of the profile: {', '.join(wanted)}",
            example="signal={" + ", ".join(f'"{name}": "{name}.bw"' for name in wanted) + "}",
            received={"signal": sorted(map(str, given))},
        )
    found = []
    for name in wanted:
        opened = given[name] if isinstance(given[name], Signal) else Signal(given[name])
        sides = str(genome), str(opened.path)
        pairs = names.check_shared(genome.sizes, opened.sizes, *sides)
        if missing := [chrom for chrom in chosen if chrom not in pairs]:
            raise InputError(
                "What was counted must have the chromosomes to evaluate on",
                where=opened.path,
                received={"missing": missing[:5], "present": list(opened.sizes)[:5]},
            )
        names.check_lengths({chrom: pairs[chrom] for chrom in chosen}, genome.sizes, opened.sizes, *sides)
        found.append(Track(TrackSpec("counts per bp", 0, 0, None, 0.0, name), opened, pairs))
    return tuple(found)


def _middles(path: str | Path, genome: Genome, chromosomes: Sequence[str]) -> list[Interval]:
    """Summits of a file on some chromosomes, 1 bp each."""
    summits = [Interval(peak.chrom, summit, summit + 1) for peak, summit in bed.read_summits(path)]
    here, absent = placed(summits, genome.sizes)
    if not here:
        raise GenomeMismatch(
            "Regions and genome must have chromosomes in common",
            where=path,
            received={"regions": names.some(absent), "genome": names.some(genome.sizes)},
        )
    if absent:
        lost = sum(absent.values())
        warn(f"{path}: {lost:,} of {len(summits):,} regions are left out: the genome lacks {names.some(absent)}.")
    if far := beyond(here, genome.sizes):
        raise GenomeMismatch(
            "Regions must lie within their chromosomes",
            where=path,
            received={"summit": f"{far[0].chrom}:{far[0].start + 1:,}", "length": genome.sizes[far[0].chrom]},
            hint="Are they of another assembly than the genome?",
        )
    return [item for item in here if item.chrom in chromosomes]


def _is_inside(middle: Interval, sizes: Mapping[str, int], window: int) -> bool:
    start = middle.start - window // 2
    return start >= 0 and start + window <= sizes[middle.chrom]


def _spaced(items: Sequence[Interval], most: int | None) -> list[Interval]:
    """At most so many, evenly spaced in the order of the genome."""
    if most is None or len(items) <= most:
        return list(items)
    ordered = sorted(items)
    return [ordered[place] for place in np.linspace(0, len(ordered) - 1, most).astype(int)]

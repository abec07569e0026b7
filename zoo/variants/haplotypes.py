"""Personal sequences: binding predicted on a haplotype, with the person's own signal (Cazares et al. 2023, figure 7).

All variants of a haplotype are in the sequence together; windows lie on it as they lie on the genome, and its bins are
compared on the reference's bases.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.files.progress import Progress
from zoo.genome import bed, names
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.vcf import Variant, Vcf, trimmed
from zoo.predict.engine import Forward
from zoo.predict.inputs import Inputs
from zoo.predict.plan import Grid
from zoo.variants.effects import Skipped, unfit

_MERGED, _STEP = 512, 256  # bp, of the original's blocks and windows


@dataclass(frozen=True)
class Haplotype:
    """Variants of one copy of the chromosomes.

    Attributes:
        name: such as "NA12878 1".
        variants: chromosome of the genome → variants without bases that both alleles share, sorted, apart.
        skipped: those that are not in the sequence, and why.
    """

    name: str
    variants: Mapping[str, Sequence[Variant]]
    skipped: Sequence[Skipped] = ()

    @classmethod
    def of(cls, name: str, variants: Iterable[Variant], genome: Genome) -> "Haplotype":
        """Sort and check variants that stand on one haplotype together.

        Insertions and deletions stay where the file has them: further left another variant may stand.
        """
        by_chrom, skipped = {}, []
        for item in variants:
            chrom = names.find(item.chrom, genome.sizes)
            if reason := unfit(item, chrom, genome):
                skipped.append(Skipped(item, reason))
            else:
                by_chrom.setdefault(chrom, []).append((trimmed(item), item))
        kept = {}
        for chrom, pairs in by_chrom.items():
            pairs.sort(key=lambda pair: (pair[0].start, pair[0].end))
            kept[chrom], end = [], -1
            for variant, item in pairs:
                if variant.start < end or (kept[chrom] and variant == kept[chrom][-1]):
                    skipped.append(Skipped(item, "touches another variant of the haplotype"))
                    continue
                kept[chrom].append(variant)
                end = variant.end
        return cls(name, kept, tuple(skipped))

    @classmethod
    def both(cls, vcf: str | Path, sample: str, genome: Genome) -> tuple["Haplotype", "Haplotype"]:
        """Both haplotypes of a sample of a VCF file. Unknown alleles count as the reference's.

        Raises:
            InputError: no such sample, or a heterozygous genotype that is not phased, named by its line.
        """
        alleles: tuple[list[Variant], list[Variant]] = ([], [])
        for genotype in Vcf(vcf).genotypes(sample):
            records, called, phased = genotype.variants, genotype.alleles, genotype.phased
            if len(set(called)) > 1 and not phased:
                raise InputError(
                    "Genotypes are phased where a person's haplotypes are wanted",
                    example="0|1",
                    where=records[0].where,
                    received={"variant": str(records[0]), "genotype": "/".join(map(str, called))},
                )
            for copy, allele in zip(alleles, called * 2 if len(called) == 1 else called, strict=False):
                if allele:
                    copy.append(records[allele - 1])
        return tuple(cls.of(f"{sample} {i}", found, genome) for i, found in enumerate(alleles, start=1))

    def sequence(self, genome: Genome, chrom: str, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """The haplotype over a stretch of the reference.

        Returns:
            Codes (length,) uint8, and (length,) int64 which base of the reference each stands for; for inserted ones
            that to their left. Variants that reach past the stretch's ends are left out.
        """
        codes, at = genome.codes(chrom, start, end), start
        parts, origins = [], []
        for item in self.within(chrom, start, end):
            kept = min(len(item.ref), len(item.alt))
            parts += [codes[at - start : item.start - start], encode(item.alt)]
            origins += [np.arange(at, item.start + kept), np.full(len(item.alt) - kept, item.start + kept - 1)]
            at = item.end
        return np.concatenate([*parts, codes[at - start :]]), np.concatenate([*origins, np.arange(at, end)])

    def within(self, chrom: str, start: int, end: int) -> list[Variant]:
        """Variants that lie in a stretch with all their bases."""
        here = self.variants.get(chrom, ())
        first, last = (bisect_left(here, place, key=lambda item: item.start) for place in (start, end + 1))
        return [item for item in here[first:last] if item.end <= end]


@dataclass(frozen=True)
class Track:
    """Predictions of a haplotype in regions.

    Attributes:
        name: of the haplotype.
        starts: for each region (bins,) int64, where bins begin on the reference.
        scores: for each region (bins,) float32.
        skipped: variants that are not in the sequence.
    """

    name: str
    starts: Sequence[np.ndarray]
    scores: Sequence[np.ndarray]
    skipped: Sequence[Skipped]


@dataclass(frozen=True)
class Site:
    """Neighboring bins where one of two predictions reaches a threshold.

    Attributes:
        interval: on the reference.
        first: the highest bin of the first prediction.
        second: of the second.
        kind: "shared" if both reach it here, "lost" if only the first does, "gained" if only the second.
    """

    interval: Interval
    first: float
    second: float
    kind: str


def predict(
    haplotype: Haplotype,
    forward: Forward,
    grid: Grid,
    inputs: Inputs,
    batch_size: int = 256,
    progress: bool | None = None,
) -> Track:
    """Predict a haplotype in the regions of `inputs`; without variants the numbers are those of `Model.predict`.

    Args:
        haplotype: of the genome of `inputs`.
        forward: the compiled network.
        grid: how windows lie.
        inputs: with regions.
        batch_size: windows at once.
        progress: show a progress bar; by default in a terminal only.
    """
    size = grid.bin_size
    spans = [(item.start // size, -(-item.end // size)) for item in inputs.regions]
    rows = _rows(haplotype, grid, inputs, spans)
    sums: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    origins: list[np.ndarray] = []
    with Progress(haplotype.name, "region", len(spans), shown=progress) as bar:
        for batch in _batches(rows, grid.window, batch_size, inputs.signal is not None):
            answers = forward.codes(*batch.tracks)[:, grid.first : grid.first + grid.bins]
            for (number, at, origin), row in zip(batch.places, answers, strict=True):
                if number == len(sums):
                    length = -(-len(origin) // size)
                    sums.append(np.zeros(length))
                    counts.append(np.zeros(length, np.int64))
                    origins.append(origin)
                    bar.update()
                place = slice(at, at + grid.bins)
                sums[number][place] += row[: len(sums[number][place])]
                counts[number][place] += 1
    found = [
        _on_reference(total / np.maximum(count, 1), origin, span, size)
        for total, count, origin, span in zip(sums, counts, origins, spans, strict=True)
    ]
    starts = [np.arange(first, last, dtype=np.int64) * size for first, last in spans]
    return Track(haplotype.name, starts, found, haplotype.skipped)


def differences(
    regions: Sequence[Interval], first: Track, second: Track, threshold: float, bin_size: int
) -> list[Site]:
    """Where two predictions of the same regions differ by a model's threshold: between haplotypes or between persons.

    Args:
        regions: of both.
        threshold: of a bin, such as that of the best F1 in the model's table.
    """
    found = []
    for region, starts, one, other in zip(regions, first.starts, first.scores, second.scores, strict=True):
        reached = np.maximum(one, other) >= threshold
        edges = np.flatnonzero(np.diff(reached, prepend=False, append=False)).reshape(-1, 2)
        for left, right in edges:
            highest = float(one[left:right].max()), float(other[left:right].max())
            both = min(highest) >= threshold
            kind = "shared" if both else "lost" if highest[0] >= threshold else "gained"
            interval = Interval(region.chrom, int(starts[left]), int(starts[right - 1]) + bin_size, region.name)
            found.append(Site(interval, *highest, kind))
    return found


def person(name: str, tracks: Sequence[Track]) -> Track:
    """The higher of a person's haplotypes in each bin, as binding on either is binding."""
    scores = [np.maximum.reduce(rows) for rows in zip(*(track.scores for track in tracks), strict=True)]
    return Track(name, tracks[0].starts, scores, [item for track in tracks for item in track.skipped])


def as_maxatac(
    variants: Sequence[Variant], blocks: Sequence[Interval], forward: Forward, grid: Grid, inputs: Inputs
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The original's `variants`: one prediction for each window and variant in it, averaged with their neighbors.

    A window with k variants is predicted k times with one of them, never with all together. Blocks that are at most
    512 bp apart are one; one that touches the blacklist gives nothing, nor does what is left of a block behind its last
    whole window.

    Args:
        variants: substitutions of a base, by the genome's names.
        blocks: where to predict.

    Returns:
        Chromosome → starts (bins,) int64 and scores (bins,) float32.
    """
    avoided, found = bed.merge(inputs.blacklist), {}
    for chrom, spans in bed.merge([Interval(item.chrom, item.start, item.end + _MERGED) for item in blocks]).items():
        sums: dict[int, list[float]] = {}
        for start, end in spans:
            end -= _MERGED
            if bed.touches(avoided, chrom, start, end):
                continue
            for first in range(int(start), int(end) - grid.window + 1, _STEP):
                codes, track = _reference(inputs, chrom, first, first + grid.window)
                inside = [
                    item for item in variants if item.chrom == chrom and first <= item.start < first + grid.window
                ]
                rows = np.repeat(codes[None], max(len(inside), 1), axis=0)
                for row, item in zip(rows, inside, strict=False):
                    row[item.start - first] = encode(item.alt)[0]
                tracks = [rows] if track is None else [rows, np.repeat(track[None], len(rows), axis=0)]
                for answers in forward.codes(*tracks):
                    for number, value in enumerate(answers):
                        sums.setdefault(first + grid.bin_size * number, []).append(float(value))
        starts = np.array(sorted(sums), np.int64)
        found[chrom] = starts, np.array([np.mean(sums[start]) for start in starts.tolist()], np.float32)
    return found


@dataclass(frozen=True)
class _Batch:
    """Windows, and for each its region, its first bin there, and the region's origins."""

    tracks: list[np.ndarray]
    places: list[tuple[int, int, np.ndarray]]


def _rows(
    haplotype: Haplotype, grid: Grid, inputs: Inputs, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int, np.ndarray], list[np.ndarray]]]:
    """Every window of every region: its place, and its codes and signal."""
    for number, (region, (first, last)) in enumerate(zip(inputs.regions, spans, strict=True)):
        left = max(-(-(first * grid.bin_size - grid.span + 1) // grid.stride), 0) * grid.stride
        start, end = left - grid.offset, last * grid.bin_size + grid.window + grid.span
        end += sum(max(len(item.ref) - len(item.alt), 0) for item in haplotype.within(region.chrom, start, end))
        codes, origin = haplotype.sequence(inputs.genome, region.chrom, start, end)
        tracks = [codes]
        if inputs.signal is not None:
            track = inputs.signal.values(inputs.chromosomes[region.chrom], start - 1, end)
            tracks.append(track[origin - start + 1])
        used = origin[grid.offset :]
        stop = int(np.searchsorted(used, last * grid.bin_size))  # behind the last base that is asked for
        # As on the reference, and as many more as the haplotype is longer here.
        behind = grid.count(inputs.genome.sizes[region.chrom]) * grid.stride - left + max(len(codes) - (end - start), 0)
        for at in range(0, min(stop, behind), grid.stride):
            yield (number, at // grid.bin_size, used), [values[at : at + grid.window] for values in tracks]


def _batches(rows: Iterable, window: int, batch_size: int, with_signal: bool) -> Iterator[_Batch]:
    tracks = [np.empty((batch_size, window), dtype) for dtype in (np.uint8, np.float32)[: 1 + with_signal]]
    places: list[tuple[int, int, np.ndarray]] = []
    for place, read in rows:
        for track, values in zip(tracks, read, strict=True):
            track[len(places)] = values
        places.append(place)
        if len(places) == batch_size:
            yield _Batch(tracks, places)
            places = []
    if places:
        yield _Batch([track[: len(places)] for track in tracks], places)


def _on_reference(means: np.ndarray, origin: np.ndarray, span: tuple[int, int], size: int) -> np.ndarray:
    """Bins of a haplotype → bins of the reference, each the mean of its bases' bins; deleted bases as their left."""
    wanted = np.arange(span[0] * size, span[1] * size)
    first = np.searchsorted(origin, wanted)  # an inserted base has the origin of that to its left, and comes behind it
    there = origin[np.minimum(first, len(origin) - 1)] == wanted
    place = np.where(there, first, first - 1)
    return means[place // size].reshape(-1, size).mean(axis=1).astype(np.float32)


def _reference(inputs: Inputs, chrom: str, start: int, end: int) -> tuple[np.ndarray, np.ndarray | None]:
    track = inputs.signal and inputs.signal.values(inputs.chromosomes[chrom], start, end)
    return inputs.genome.codes(chrom, start, end), track

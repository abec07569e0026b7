"""Checks of a run's input files before it begins."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.paths import user_path
from zoo.genome import bed, names, recipes, vcf
from zoo.genome.encode import N
from zoo.genome.interval import Interval
from zoo.genome.reference import ASSEMBLIES
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import beyond, merge, placed, touches
from zoo.spec import UNKNOWN_ASSEMBLY, TrackSpec

OK, WARNING, ERROR = "ok", "warning", "error"
_STRETCHES, _STRETCH = 64, 1 << 15  # how many, and bp: what stands for a whole file
_USUAL = (0.2, 5.0)  # where the percentile of a sample of a normalized track lies; read-depth tracks are far above
_MANY = 10_000  # positive bases from which on a plateau at the top is no chance
_PLATEAU = 0.005  # of them
_EDGES = 1000  # changes from which on a common step is no chance
_VARIANTS = 1000  # looked at
_COVERED = 0.005  # of the bases: 20 million reads of a human sample cover a fifth, 200,000 cuts less than this
_CUTS = 3  # that a track's percentile must have: of a sample with enough reads it has ten and more


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: which input.
        status: `OK`, `WARNING` (the run will predict, perhaps wrongly) or `ERROR` (it will refuse).
        message: the result of the check.
        hint: what to do about it.
    """

    about: str
    status: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """The message and the hint, as sentences."""
        return f"{self.message.rstrip('.')}. {self.hint}".rstrip()

    def to_json(self) -> dict[str, str]:
        """A JSON object; its key for the message stays `said`."""
        return {"about": self.about, "status": self.status, "said": self.message, "hint": self.hint}


def of_genome(genome: Genome) -> Iterator[Finding]:
    """Assembly, number and length of sequences, which of them are no chromosomes; whether there are bases."""
    main, others = names.main_chromosomes(list(genome.sizes)), names.left_out(genome.sizes)
    size = sum(genome.sizes[chrom] for chrom in main)
    build = names.assembly(genome.sizes) or "an assembly that is not known here"
    message = f"{build}: {len(main)} main chromosomes of {len(genome.sizes)}, {size:,} bp"
    if others:
        reasons = Counter(others.values()).most_common()
        message += f"; left out: {', '.join(f'{count} {reason}' for reason, count in reasons)}"
    yield Finding("genome", OK, message)
    stretches = [genome.codes(*place) for place in _places(genome.sizes, main, _STRETCHES)]
    known = 1 - np.mean(np.concatenate(stretches) == N)
    if known < 0.1:
        hint = "Is this the whole sequence? Windows without bases all get the same prediction."
        yield Finding("genome", WARNING, f"{known:.0%} of the bases looked at are known, all others N", hint)


def of_model(name: str, trained_on: str, genome: Genome) -> Iterator[Finding]:
    """Whether a model was trained on the genome's assembly, or at least on its species.

    Args:
        name: of the model.
        trained_on: its assembly, such as "hg38" (`ModelSpec.input.genome`); `UNKNOWN_ASSEMBLY` if nobody says.
        genome: what it would read.
    """
    build = names.assembly(genome.sizes)
    if build is None or trained_on in (build, UNKNOWN_ASSEMBLY):
        return
    message = f"{name} was trained on {trained_on}; the genome is {build}"
    if names.same_species(build, trained_on):
        yield Finding("model", OK, f"{message}, of the same species")
    else:
        hint = "Another species' factors and sequences differ: do not trust scores and thresholds without a test."
        yield Finding("model", WARNING, message, hint)


def of_pair(genome: Genome, sizes: Mapping[str, int], about: str) -> Iterator[Finding]:
    """Whether another file is on the genome's assembly: names, lengths, chromosomes that it lacks."""
    shared, main = names.match(genome.sizes, sizes), names.main_chromosomes(list(genome.sizes))
    ours, theirs = names.assembly(genome.sizes), names.assembly(sizes)
    if not set(main) & set(shared):
        message = f"no main chromosome in common: genome {names.some(genome.sizes)}; {about} {names.some(sizes)}"
        yield Finding(about, ERROR, message, "Take files of one assembly, with the same names.")
        return
    other = [chrom for chrom, other_name in shared.items() if genome.sizes[chrom] != sizes[other_name]]
    if other:
        one = next((chrom for chrom in other if chrom in main), other[0])
        message = f"{one} has {genome.sizes[one]:,} bp in the genome and {sizes[shared[one]]:,} here"
        which = f" ({ours or 'unknown'} and {theirs or 'unknown'})" if ours != theirs else ""
        status = ERROR if one in main else WARNING
        yield Finding(about, status, message + which, "Take files of one assembly, or lift one of them over.")
    renamed = sum(chrom != other_name for chrom, other_name in shared.items())
    if renamed:
        yield Finding(about, OK, f"{renamed} chromosomes have other names (chr or not), which are understood")
    if missing := [chrom for chrom in main if chrom not in shared]:
        message = f"lacks {len(missing)} of the genome's {len(main)} main chromosomes: {names.some(missing)}"
        yield Finding(about, WARNING, message, "They are left out, and an error if they are asked for.")


def of_signal(
    signal: Signal, chromosomes: Sequence[str], spec: TrackSpec | None = None, stretches: int = _STRETCHES
) -> Iterator[Finding]:
    """Coverage, range and resolution of a track, from stretches that are evenly spread over its chromosomes.

    Args:
        signal: the track.
        chromosomes: which of its chromosomes matter.
        spec: the track that the model was trained on; if it has a percentile, that is 1 there, give or take what
            sampling costs; of a known recipe (`zoo.genome.recipes`) it is looked at by its name.
        stretches: how many of 32 kb to look at.

    Raises:
        InputError: a track that is damaged or has infinite values.
    """
    if signal.empty:
        hint = "Is it a sample without reads, or a file whose making was interrupted?"
        yield Finding("signal", WARNING, f"holds no data: every base has the value {signal.fill:g}", hint)
        return
    name, spec = spec and spec.name, spec if spec is not None and spec.percentile is not None else None
    places = list(_places(signal.sizes, chromosomes, stretches))
    parts = [signal.values(*place) for place in places]
    empty = {chrom for chrom, _, _ in places}
    empty -= {chrom for (chrom, _, _), part in zip(places, parts, strict=True) if part.any()}
    values = np.concatenate(parts)
    positive = values[values > 0]
    yield from _coverage(values, positive, spec)
    if empty and len(positive):
        hint = "Was the track cut off, or made of some chromosomes only?"
        yield Finding("signal", WARNING, f"zero in all that was looked at of {names.some(sorted(empty))}", hint)
    if spec is not None:
        yield _range(values, positive, spec)
    for problem in () if name is None else recipes.problems(name, parts):
        yield Finding("signal", WARNING, problem, f"The model was trained on another track: {recipes.HOW[name]}.")
    if len(positive) >= _MANY:
        highest = positive.max()
        top, next_ = (np.mean(positive == value) for value in (highest, positive[positive < highest].max(initial=0)))
        if top >= _PLATEAU and top > next_ > 0:  # the highest of many counts is rarer than the next one
            hint = "Do not clip: models were trained on tracks whose highest values are above 1."
            yield Finding("signal", WARNING, f"clipped: {top:.1%} of its positive bases are {highest:g}", hint)
    edges = [start + 1 + np.flatnonzero(np.diff(part)) for (_, start, _), part in zip(places, parts, strict=True)]
    edges = np.concatenate(edges)
    if len(edges) >= _EDGES and (step := int(np.gcd.reduce(edges))) > 1:
        hint = "Make it of reads at single bases (`zoo prepare`)."
        yield Finding("signal", WARNING, f"changes every {step} bp only; models were trained on single bases", hint)


def of_scales(signals: Mapping[str, tuple[Signal, Sequence[str]]], stretches: int = _STRETCHES) -> Iterator[Finding]:
    """Whether tracks that are subtracted from one another are on one scale, by their names.

    Args:
        signals: name → the track, and which of its chromosomes matter, in one order for all of them.
        stretches: as for `of_signal`.
    """
    for name, other in recipes.ALIKE.items():
        if name not in signals or other not in signals:
            continue
        means = {each: _mean(*signals[each], stretches) for each in (name, other)}
        if (problem := recipes.not_alike(name, means)) is not None:
            yield Finding(name, WARNING, problem, f"Both must be of one recipe: {recipes.HOW[name]}.")


def _mean(signal: Signal, chromosomes: Sequence[str], stretches: int) -> float:
    parts = [signal.values(*place) for place in _places(signal.sizes, chromosomes, stretches)]
    return float(np.concatenate(parts).mean(dtype=np.float64))


def _coverage(values: np.ndarray, positive: np.ndarray, spec: TrackSpec | None) -> Iterator[Finding]:
    """How much of a track is positive, and whether its sample has enough reads, if it is long enough to judge by."""
    bases = len(values)
    yield Finding("signal", OK, f"{len(positive) / bases:.1%} of {bases:,} bases looked at are positive")
    if bases < 10 * _MANY or values.min() < 0:
        return
    hint = "Few reads: predictions miss what they do not cover. Merge replicates or clusters, or sequence deeper."
    if len(positive) < _COVERED * bases and (len(positive) or spec is None):  # `_range` reports none
        yield Finding("signal", WARNING, f"thin: only {len(positive):,} of {bases:,} bases are positive", hint)
    elif spec is not None and len(positive) >= _MANY:
        cuts = float(np.percentile(positive, spec.percentile) / positive.min())
        if cuts < _CUTS:
            message = f"thin: the {spec.percentile:g}th percentile of its positive bases is {cuts:.3g} times the lowest"
            yield Finding("signal", WARNING, message, hint)


def _range(values: np.ndarray, positive: np.ndarray, spec: TrackSpec) -> Finding:
    recipe = (
        f"The model was trained on {spec.assay} (±{spec.smoothing} bp), divided by the {spec.percentile:g}th "
        "percentile of the positive bases of the whole track, without clipping: `zoo normalize` does that."
    )
    if values.min() < 0:
        return Finding("signal", WARNING, f"not normalized: it has negative values (lowest {values.min():.3g})", recipe)
    if not positive.size:
        return Finding("signal", WARNING, "not normalized: it is zero in all stretches that were looked at", recipe)
    top = float(np.percentile(positive, spec.percentile))
    message = f"the {spec.percentile:g}th percentile of its positive bases is about {top:.4g}"
    if not _USUAL[0] <= top <= _USUAL[1]:
        return Finding("signal", WARNING, f"not normalized: {message}, not 1", recipe)
    return Finding("signal", OK, f"normalized: {message}")


def of_regions(
    regions: Sequence[Interval], genome: Genome, window: int = 1024, blacklist: Sequence[Interval] = ()
) -> Iterator[Finding]:
    """Regions on the genome: names, ends, unknown bases, blacklist; windows that reach past a chromosome's end."""
    yield Finding("regions", OK, f"{len(regions):,} regions, {sum(map(len, regions)):,} bp")
    here, lost = _here(regions, genome)
    yield from _elsewhere("regions", len(regions), [interval.chrom for interval in lost], genome, ERROR)
    if not here:
        return
    if far := beyond(here, genome.sizes):
        message = f"{len(far):,} end beyond their chromosome, such as {far[0].chrom}:{far[0].end:,}"
        yield Finding("regions", ERROR, message, "They are of another assembly, or were widened: clip them.")
        return
    if close := sum(_is_close(interval, genome.sizes[interval.chrom], window) for interval in here):
        message = f"{close:,} are within {window // 2:,} bp of a chromosome's end"
        yield Finding("regions", OK, f"{message}: N and the signal's fill value stand for what is missing")
    chosen = here[:: -(-len(here) // _VARIANTS)]
    unknown = np.mean([(genome.codes(i.chrom, i.start, min(i.end, i.start + _STRETCH)) == N).mean() for i in chosen])
    if unknown > 0.5:
        yield Finding("regions", WARNING, f"{unknown:.0%} of their bases are N", "Are they of this assembly?")
    unwanted = merge(_here(blacklist, genome)[0])
    touched = sum(touches(unwanted, interval.chrom, interval.start, interval.end) for interval in here)
    if touched:
        yield Finding("regions", OK, f"{touched:,} touch the blacklist, whose bins are left out")


def of_variants(path: str | Path, genome: Genome) -> Iterator[Finding]:
    """Whether the first 1,000 records can be scored, and their reference alleles are those of the genome."""
    looked, lost, other = 0, [], []
    problems: Counter[str] = Counter()
    for number, (columns, where) in enumerate(islice(vcf.records(path), _VARIANTS)):
        looked += 1
        variant = next(vcf.alleles(columns, where, number))
        chrom = names.find(variant.chrom, genome.sizes)
        if chrom is None:
            lost.append(variant.chrom)
        elif variant.start < 0 or variant.end > genome.sizes[chrom]:
            problems["beyond the chromosome's ends"] += 1
        elif variant.has_reference and genome.sequence(chrom, variant.start, variant.end) != variant.ref:
            other.append(variant)
        elif variant.problem:
            problems[variant.problem] += 1
    yield Finding("variants", OK, f"{looked:,} records looked at")
    if not looked:
        yield Finding("variants", ERROR, "no record", "Is it a VCF file with variants?")
    yield from _elsewhere("variants", looked, lost, genome, WARNING)
    if problems:
        message = "; ".join(f"{count:,} {reason}" for reason, count in problems.most_common())
        yield Finding("variants", OK, f"{sum(problems.values()):,} cannot be scored and will be skipped: {message}")
    if other:
        fraction, known = len(other) / looked, names.assembly(genome.sizes) or "the genome"
        message = f"{len(other):,} ({fraction:.0%}) have another REF than {known}, such as {other[0].chrom}:"
        hint = "Is the VCF of another assembly?" if fraction > 0.1 else "Are they normalized to this assembly?"
        yield Finding("variants", ERROR if fraction > 0.1 else WARNING, f"{message}{other[0].start + 1:,}", hint)


def of_blacklist(path: str | Path, genome: Genome) -> Iterator[Finding]:
    """Whether a blacklist is of the genome's assembly."""
    intervals = bed.read_blacklist(path)
    here, lost = _here(intervals, genome)
    fraction = sum(map(len, here)) / sum(genome.sizes.values())
    yield Finding("blacklist", OK, f"{len(intervals):,} intervals, {fraction:.1%} of the genome")
    yield from _elsewhere("blacklist", len(intervals), [interval.chrom for interval in lost], genome, OK)
    digest, build = sha256(user_path(path)), names.assembly(genome.sizes)
    published = next((assembly for assembly, promised in ASSEMBLIES.items() if promised == digest), None)
    far = beyond(here, genome.sizes)
    hint = "Take the one of the genome's assembly: `zoo genome` downloads it."
    if published and build and published != build:
        yield Finding("blacklist", ERROR, f"the ENCODE blacklist of {published}; the genome is {build}", hint)
    elif far:
        message = f"{len(far):,} intervals end beyond their chromosome, such as {far[0].chrom}:{far[0].end:,}"
        yield Finding("blacklist", ERROR, message, hint)
    elif published:
        yield Finding("blacklist", OK, f"the ENCODE blacklist of {published}")
    if fraction > 0.5:
        yield Finding("blacklist", WARNING, "more than half of the genome is on it", hint)


def _here(intervals: Sequence[Interval], genome: Genome) -> tuple[list[Interval], list[Interval]]:
    """Intervals by the genome's names; and those on other chromosomes."""
    here, absent = placed(intervals, genome.sizes)
    return here, [interval for interval in intervals if interval.chrom in absent]


def _elsewhere(about: str, count: int, lost: Sequence[str], genome: Genome, some: str) -> Iterator[Finding]:
    """Of what lies on other chromosomes, by their names; `some` is the status if not all does."""
    if lost:
        message = f"{len(lost):,} of {count:,} on chromosomes that the genome lacks, such as {lost[0]}"
        status = ERROR if len(lost) == count else some
        yield Finding(about, status, message, f"The genome has {names.some(genome.sizes)}.")


def _is_close(interval: Interval, size: int, window: int) -> bool:
    middle = interval.start + len(interval) // 2
    return middle < window // 2 or middle + window // 2 > size


def _places(sizes: Mapping[str, int], chromosomes: Sequence[str], stretches: int) -> Iterator[tuple[str, int, int]]:
    """Stretches, evenly spread; all of a short chromosome."""
    looked_at = list(chromosomes)[:stretches]
    for chrom in looked_at:
        size, count = sizes[chrom], max(stretches // len(looked_at), 2)
        starts = range(0, size, _STRETCH)
        if len(starts) > count:
            starts = np.linspace(0, size - _STRETCH, count + 2, dtype=np.int64)[1:-1]
        for start in starts:
            yield chrom, int(start), min(int(start) + _STRETCH, size)

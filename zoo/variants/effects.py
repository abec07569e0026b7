"""Variant effects: which variants can be scored, predictions of both alleles, and scores."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.arguments import is_one_of, is_whole
from zoo.errors import InputError
from zoo.forward.forward import Forward
from zoo.forward.readouts import untransformed
from zoo.genome import names
from zoo.genome.sequence import Genome
from zoo.genome.spans import merge, touches
from zoo.genome.vcf import Variant, normalized
from zoo.inputs.opening import Inputs
from zoo.inputs.reader import Around, WindowReader
from zoo.spec import ModelSpec, OutputSpec
from zoo.variants.alleles import Place, on_reference, windows
from zoo.variants.scores import SCORES

LONGEST = 50  # bp of an insertion or deletion; longer ones change windows too much to compare bins
MISMATCH = "REF is not the genome's"
_SHIFT = 64  # bp from one shifted window to the next


@dataclass(frozen=True)
class Skipped:
    """A variant that has no score, and why."""

    variant: Variant
    reason: str


@dataclass(frozen=True)
class VariantWindow:
    """How variants lie in the windows of a model.

    Attributes:
        window: bp that the network reads.
        index: where a variant's first base stands in a window that is not shifted.
        shifts: bp by which windows are moved, multiples of the bin size.
        bin_size: bp.
        offset: bp from a window's start to its first bin.
        common: the bins of an unshifted window that all shifted ones predict, too.
        scored: those of them around the variant that count.
        bin: the bin of the variant, of those in common.
        transform: of what was measured, that a bin is (`zoo.spec.OutputSpec`).
    """

    window: int
    index: int
    shifts: tuple[int, ...]
    bin_size: int
    offset: int
    common: slice
    scored: slice
    bin: int
    transform: str

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        shifts: int = 1,
        around: int | None = None,
        compat: str | None = None,
        output: OutputSpec | None = None,
    ) -> "VariantWindow":
        """Check a user's choices against a model.

        Args:
            spec: of the model.
            shifts: how many windows, an odd number: 1 for one in whose middle the variant is, 3 for two more that are
                moved by about 64 bp to each side, and so on.
            around: bp around the variant that count; default all that the window predicts, or if only the middle
                counts in predictions, that.
            compat: "asap" for the authors' place of the variant, the last base of the window's left half.
            output: what is predicted, of one track; by default the model's first head.

        Raises:
            InputError: choices that do not fit.
        """
        output = spec.output if output is None else output
        step = -(-_SHIFT // output.bin_size) * output.bin_size
        most = max((output.bins * output.bin_size // 2 - output.bin_size) // step, 0)
        if not is_whole(shifts) or shifts < 1 or shifts % 2 == 0 or shifts // 2 > most:
            raise InputError(
                f"shifts must be an odd number of windows, at most {2 * most + 1}",
                example=3,
                received={"shifts": shifts},
            )
        if not is_one_of(compat, (None, "asap")):
            raise InputError('compat must be None or "asap"', received={"compat": compat})
        if compat == "asap" and shifts != 1:
            raise InputError(
                'compat="asap" predicts one window for each allele: shifts must be 1',
                received={"shifts": shifts, "compat": compat},
                hint="Leave out one of the two options",
            )
        moved = tuple(step * number for number in range(-(shifts // 2), shifts // 2 + 1))
        lost = moved[-1] // output.bin_size
        common = slice(lost, output.bins - lost)
        span = (common.stop - common.start) * output.bin_size
        if around is None:
            around = min(spec.prediction.stride, span) if spec.prediction.center_only else span
        least = min(2 * output.bin_size, span)
        if not is_whole(around) or not least <= around <= span:
            raise InputError(
                f"around must be {least} to {span} bp: the bins of a window around a variant that count",
                received={"around": around},
            )
        index = spec.input.window // 2 - (compat == "asap")
        center = (index + 1 - output.offset) // output.bin_size - lost
        half = around // (2 * output.bin_size)
        scored = slice(max(center - half, 0), min(center + max(half, 1), common.stop - common.start))
        return cls(
            spec.input.window,
            index,
            moved,
            output.bin_size,
            output.offset,
            common,
            scored,
            center,
            output.transform,
        )

    def start(self, variant: Variant) -> int:
        """Where the first bin in common begins on the chromosome."""
        return variant.start - self.index + self.offset + self.common.start * self.bin_size

    def predicted(self, starts: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int, int]]:
        """The stretches that windows predict which begin at some places."""
        span = (self.common.start + self.common.stop) * self.bin_size
        return ((chrom, start + self.offset, start + self.offset + span) for chrom, start in starts)

    def holds(self, variant: Variant) -> bool:
        """Whether every window, shifted or not, holds all bases of both alleles."""
        return self.index - self.shifts[0] + max(len(variant.ref), len(variant.alt)) <= self.window


def choose(
    variants: Iterable[Variant],
    inputs: Inputs,
    windows_of: Sequence[VariantWindow],
    only_passing: bool = False,
) -> tuple[list[Variant], list[Place], list[Skipped]]:
    """Which variants can be scored.

    Args:
        variants: as they are given.
        inputs: the sequence, the tracks, and the blacklist.
        windows_of: how they lie in the windows of each model that is to read them.
        only_passing: leave out records whose FILTER is not PASS.

    Returns:
        All variants, the places of those that are scored, and the others with a reason each.
    """
    genome, alike = inputs.genome, inputs.alike
    avoided, everything, places, skipped = merge(inputs.blacklist), [], [], []
    for number, variant in enumerate(variants):
        everything.append(variant)
        chrom = names.find(variant.chrom, genome.sizes)
        reason = _reason(variant, chrom, genome, alike, avoided, only_passing)
        if reason is None:
            short = normalized(variant, genome, chrom)
            if all(window.holds(short) for window in windows_of):
                places.append(Place(number, chrom, short))
                continue
            reason = "alleles longer than the window shows"
        skipped.append(Skipped(variant, reason))
    return everything, places, skipped


def _reason(
    variant: Variant,
    chrom: str | None,
    genome: Genome,
    alike: Collection[str],
    avoided: Mapping[str, np.ndarray],
    only_passing: bool,
) -> str | None:
    """Why a variant cannot be scored; None if it can."""
    if only_passing and not variant.passed:
        return "FILTER is not PASS"
    if reason := skip_reason(variant, chrom, genome):
        return reason
    if chrom not in alike:
        return "the signal lacks its chromosome, or has another length of it"
    return "in the blacklist" if touches(avoided, chrom, variant.start, variant.end) else None


def skip_reason(variant: Variant, chrom: str | None, genome: Genome) -> str | None:
    """Why a variant cannot be put into the sequence; None if it can.

    Args:
        chrom: its chromosome by the genome's name, None if there is none.
    """
    if variant.start < 0:
        return variant.problem
    if chrom is None:
        return "the genome lacks its chromosome"
    if variant.end > genome.sizes[chrom]:
        return "beyond the chromosome's end"
    if variant.problem is not None:
        return variant.problem
    if abs(len(variant.alt) - len(variant.ref)) > LONGEST:
        return f"more than {LONGEST} bp inserted or deleted"
    return None if genome.sequence(chrom, variant.start, variant.end) == variant.ref else MISMATCH


def profiles(
    forward: Forward,
    layout: VariantWindow,
    places: Sequence[Place],
    reader: WindowReader,
    batch_size: int = 256,
) -> Iterator[tuple[Sequence[Place], np.ndarray, np.ndarray]]:
    """Predicted profiles of both alleles on the reference's bins, in the scale of the network.

    Args:
        forward: the compiled network.
        places: in the order of the genome (`zoo.variants.alleles.in_order`).
        batch_size: windows at once, two for each variant.

    Yields:
        Places, and (n, bins in common) float32 of the reference and of the alternative.
    """
    pairs, around = max(min(batch_size // 2, len(places)), 1), Around(reader)
    tracks = reader.empty(2 * pairs, layout.window)
    lost = layout.common.start
    for first in range(0, len(places), pairs):
        some = places[first : first + pairs]
        total = np.zeros((2 * len(some), layout.common.stop - lost), np.float64)
        for shift in layout.shifts:
            for number, place in enumerate(some):
                start = place.variant.start - layout.index + shift
                seen = around.rows(place.chrom, start, start + place.reach(layout.window))
                for allele, read in enumerate(windows(seen, place, start, layout.window)):
                    for track, values in zip(tracks, read, strict=True):
                        track[2 * number + allele] = values
            starts = ((place.chrom, place.variant.start - layout.index + shift) for place in some for _ in range(2))
            more = reader.covariates_of(layout.predicted(starts), 2 * len(some))
            predicted = forward.codes(*(track[: 2 * len(some)] for track in tracks), *more)
            for number, place in enumerate(some):
                if place.longer:
                    begins = place.variant.start - layout.index + shift + layout.offset
                    row = 2 * number + 1
                    predicted[row] = on_reference(predicted[row], place, begins, layout.bin_size)
            moved = lost - shift // layout.bin_size
            total += predicted[:, moved : moved + total.shape[1]]
        mean = (total / len(layout.shifts)).astype(np.float32)
        yield some, mean[::2], mean[1::2]


def scored(layout: VariantWindow, reference: np.ndarray, alternative: np.ndarray) -> dict[str, np.ndarray]:
    """Every score of profiles (n, bins in common), name → (n,) float64."""
    reference, alternative = (untransformed(profile, layout.transform) for profile in (reference, alternative))
    return {name: score.of(reference, alternative, layout.scored, layout.bin) for name, score in SCORES.items()}

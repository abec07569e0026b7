"""How variants lie in the windows of a model."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from zoo.arguments import is_one_of, is_whole
from zoo.errors import InputError
from zoo.genome.vcf import Variant
from zoo.spec import ModelSpec, OutputSpec
from zoo.track_table import TrackTable

_SHIFT = 64  # bp from one shifted window to the next
COMPAT = ("asap", "chrombpnet", "deepsea", "basenji")  # programs whose windows can be had
_LEFT_HALF = ("asap", "deepsea", "basenji")  # which have the variant at the end of the window's left half


def check_compat(compat: object) -> None:
    """Raise `InputError` for a program whose windows are not known."""
    if not is_one_of(compat, (None, *COMPAT)):
        shown = " or ".join(f'"{name}"' for name in COMPAT)
        raise InputError(f"compat must be None or {shown}", received={"compat": compat})


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
        tracks: (number of tracks,) if several are scored; else empty.
        table: of the tracks, whose scale the transform "squashed" needs.
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
    tracks: tuple[int, ...] = ()
    table: TrackTable | None = None

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
            compat: "asap", "deepsea" or "basenji" for the authors' place of the variant, the last base of the window's
                left half; "chrombpnet" has the default place.
            output: what is predicted; by default the model's first head.

        Raises:
            InputError: choices that do not fit.
        """
        output = spec.output if output is None else output
        if output.bins < 2 and output.kind == "counts":  # a logarithm; other models of one bin have a score there
            raise InputError(
                "The head that is scored must have several bins, if it is a total: alleles are compared in them",
                received={"head": output.name, "bins": output.bins},
                hint="Leave it out: logfc is that of total counts",
            )
        if output.bins > 1 and output.every != output.bin_size:
            raise InputError(
                "The bins of a window must lie side by side to compare alleles in them, or there must be a single one",
                received={"head": output.name, "bins": output.bins, "bin_size": output.bin_size, "step": output.every},
            )
        step = -(-_SHIFT // output.bin_size) * output.bin_size
        most = max((output.bins * output.bin_size // 2 - output.bin_size) // step, 0)
        if not is_whole(shifts) or shifts < 1 or shifts % 2 == 0 or shifts // 2 > most:
            raise InputError(
                f"shifts must be an odd number of windows, at most {2 * most + 1}",
                example=3,
                received={"shifts": shifts},
            )
        check_compat(compat)
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
        index = spec.input.window // 2 - (compat in _LEFT_HALF)
        center = (spec.input.window // 2 - output.offset) // output.bin_size - lost
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
            output.shape[1:],
            output.table if output.transform == "squashed" else None,
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

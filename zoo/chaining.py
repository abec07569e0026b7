"""A variant's effect on accessibility, passed on as the signal that a model of binding reads.

A model of accessibility predicts both alleles from the sequence; how it changes is put onto the signal, base by base;
a model of binding reads sequence and signal. So an effect has a part that binding shows for itself (the motif) and a
part that comes through the chromatin.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from zoo.arguments import is_one_of, switch
from zoo.errors import InputError
from zoo.inputs.opening import Inputs
from zoo.inputs.reader import Around, WindowReader
from zoo.loading import load
from zoo.model import Model
from zoo.notebook.tables import folded, paragraph, titled
from zoo.predict.options import Options
from zoo.predict.plan import Grid
from zoo.variants.alleles import Place, in_order, on_reference, windows
from zoo.variants.effects import choose, profiles, scored
from zoo.variants.haplotype_windows import predict as predict_haplotype
from zoo.variants.haplotypes import Haplotype
from zoo.variants.reading import read
from zoo.variants.result import VariantScores, by_variant, place_of, row
from zoo.variants.scoring import all_chromosomes
from zoo.variants.window import VariantWindow

WAYS = ("direct", "through_accessibility", "both")
MODES = ("fold_change", "mapping")
_QUANTILES = 201


@dataclass(frozen=True)
class Mapping:
    """A signal's value for a predicted accessibility: piecewise linear between quantiles of both, so it only rises.

    Attributes:
        predicted: (quantiles,) of what the accessibility model predicts, in the scale of its measurement, rising.
        measured: (quantiles,) of the signal on the same bases.
        correlation: Pearson's r of mapped predictions and the signal on these bases.
        bases: how many there were.
    """

    predicted: np.ndarray
    measured: np.ndarray
    correlation: float
    bases: int

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Predicted accessibility, of any shape, as a signal, float32; constant beyond the quantiles."""
        return np.interp(values, self.predicted, self.measured).astype(np.float32)

    def __repr__(self) -> str:
        return f"Mapping({len(self.predicted)} quantiles of {self.bases:,} bases, Pearson's r {self.correlation:.3f})"


@dataclass(frozen=True)
class ChainScores:
    """What variants do to binding, by way.

    Attributes:
        direct: the allele in the sequence, the signal as it is.
        through_accessibility: the reference's sequence, the signal as the allele changes it.
        both: the allele in the sequence and in the signal.
        accessibility: what they do to accessibility.
    """

    direct: VariantScores
    through_accessibility: VariantScores
    both: VariantScores
    accessibility: VariantScores

    def __str__(self) -> str:
        return f"binding, both ways: {self.both}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        others = ("direct", "through_accessibility", "accessibility")
        parts = [folded(way.replace("_", " "), getattr(self, way)._repr_html_()) for way in others]
        title = "Effects on binding, directly and through accessibility"
        return titled(title, self.both._repr_html_(), *parts)

    def write_tsv(self, handle: TextIO) -> None:
        """A row for each variant that is scored: chrom, pos (1-based), id, ref, alt, and for each way two scores."""
        names = ("log2_fold_change", "difference")
        ways = {way: getattr(self, way) for way in (*WAYS, "accessibility")}
        heads = [f"{way}_{name}" for way in ways for name in names]
        handle.write("\t".join(["chrom", "pos", "id", "ref", "alt", *heads]) + "\n")
        for i in sorted(place.number for place in self.both.places):
            numbers = [f"{effects.scores[name][i]:.8g}" for effects in ways.values() for name in names]
            handle.write(row(*place_of(self.both.variants[i]), *numbers))


class Chain:
    """A model of accessibility and one of binding, in sequence.

    Args:
        accessibility: a model of DNA alone whose bins are ln(1 + a measured track).
        binding: a model that reads a signal.

    Raises:
        InputError: models of other kinds.
    """

    def __init__(self, accessibility: Model, binding: Model) -> None:
        if accessibility.spec.input.tracks or accessibility.spec.output.transform != "log1p":
            raise InputError(
                "The first model of a chain must be one of accessibility that reads DNA alone",
                example="yeast/ATAC",
                received={"model": accessibility.spec.name},
            )
        if len(binding.spec.input.tracks) != 1 or binding.spec.input.tracks[0].origin != "sample":
            raise InputError(
                "The second model of a chain must be one that reads a signal",
                example="maxatac/CTCF",
                received={"model": binding.spec.name},
            )
        self.accessibility, self.binding = accessibility, binding
        self.mapping: Mapping | None = None

    def __repr__(self) -> str:
        return f"Chain({self.accessibility.spec.name} → {self.binding.spec.name})"

    def _repr_html_(self) -> str:
        title, _, assumptions = self.card().partition("\n")
        return titled(title, paragraph(assumptions))

    def card(self) -> str:
        """Assumptions and limits of the chain."""
        one, other = self.accessibility.spec, self.binding.spec
        lines = [
            f"{one.name} ({one.input.genome}) → {other.name} ({other.input.genome})",
            "fold_change multiplies the measured signal by (1 + alternative) / (1 + reference) of predicted",
            "accessibility at each base: where nothing was measured, nothing can open.",
            "mapping replaces the signal by predictions through quantiles fitted with `fit`: peaks that the",
            "accessibility model does not know are lost, and so is the cell type of the measured signal.",
            "The accessibility model predicts the cell type it was trained on, whatever the signal is of.",
            "Neither model was trained on variants, and no allele-specific binding was measured to test the chain.",
            "The part through accessibility is what the binding model makes of a changed signal: it has seen",
            "signals of many places, not of one place with two alleles.",
        ]
        if one.input.genome != other.input.genome:
            lines.append(f"Assemblies differ: {one.input.genome} and {other.input.genome}.")
        if self.mapping is not None:
            fitted = f"{self.mapping.bases:,} bases, Pearson's r {self.mapping.correlation:.3f}"
            lines.append(f"mapping: fitted on {fitted} with the measured signal.")
        return "\n".join(lines)

    def fit(self, genome: object, signal: object, regions: object, batch_size: int = 64) -> Mapping:
        """Fit the mapping of predicted accessibility onto a measured signal, on the bases of some regions.

        Args:
            genome: the path of a `.2bit` or FASTA file, or a `Genome`.
            signal: the track that the binding model is to read.
            regions: as for `predict`; take ones that are not evaluated later.

        Returns:
            The mapping, which `score_variants(…, mode="mapping")` then uses.
        """
        if regions is None:
            raise InputError("Regions must be given to fit a mapping", example='regions="peaks.bed"')
        inputs = self.binding.inputs(genome, signal, regions, None, None, None)
        spec = self.accessibility.spec
        options = Options.resolve(spec, batch_size=batch_size)
        alone = Inputs.open(spec, inputs.genome, None, inputs.regions)
        track = predict_haplotype(
            Haplotype("reference", {}),
            self.accessibility.forward(options.views),
            Grid.of(spec, options),
            alone,
            options.batch_size,
        )
        size, predicted, measured = spec.output.bin_size, [], []
        for region, starts, scores in zip(alone.regions, track.starts, track.scores, strict=True):
            first, last = int(starts[0]), int(starts[-1]) + size
            predicted.append(np.repeat(np.expm1(scores), size))
            measured.append(inputs.reader.tracks[0].values(region.chrom, first, last))
        one, other = np.concatenate(predicted).astype(np.float64), np.concatenate(measured).astype(np.float64)
        places = np.linspace(0, 1, _QUANTILES)
        knots, at = np.unique(np.quantile(one, places), return_index=True)
        if len(knots) < 2:
            raise InputError(
                "Predicted accessibility must vary over the regions that a mapping is fitted on",
                received={"bases": len(one)},
                hint="Give more regions, with open and closed chromatin",
            )
        mapped = np.interp(one, knots, np.quantile(other, places)[at])
        varies = mapped.std() > 0 and other.std() > 0
        correlation = float(np.corrcoef(mapped, other)[0, 1]) if varies else 0.0
        self.mapping = Mapping(knots, np.quantile(other, places)[at], correlation, len(one))
        return self.mapping

    def score_variants(
        self,
        variants: object,
        *,
        genome: object,
        signal: object,
        blacklist: object = None,
        mode: str = "fold_change",
        strands: str = "both",
        only_passing: bool = False,
        batch_size: int = 64,
    ) -> ChainScores:
        """Effects on binding: directly, through accessibility, and both together.

        Args:
            variants: as for `Model.score_variants`; so are the others but
            mode: "fold_change" multiplies the measured signal by the predicted change at each base; "mapping" has the
                signal predicted for both alleles, through what `fit` fitted.

        Raises:
            InputError: as there; mode "mapping" before `fit`.
        """
        if not is_one_of(mode, MODES):
            raise InputError(f"mode must be one of {', '.join(MODES)}", received={"mode": mode})
        if mode == "mapping" and self.mapping is None:
            raise InputError(
                'A mapping must be fitted before mode="mapping" can use it',
                hint="Call chain.fit(genome=…, signal=…, regions=…)",
            )
        only_passing, models = switch("only_passing", only_passing), (self.accessibility, self.binding)
        options = [Options.resolve(model.spec, strands=strands, batch_size=batch_size) for model in models]
        inputs = all_chromosomes(self.binding.spec, genome, signal, blacklist)
        layouts = [VariantWindow.of(model.spec) for model in models]
        candidates = read(variants, inputs.genome, only_passing)
        everything, places, skipped = choose(candidates, inputs, layouts, only_passing)
        if not places:
            raise InputError(
                "There must be a variant to score; all are skipped",
                received=Counter(skip.reason for skip in skipped),
            )
        places = in_order(places, list(inputs.genome.sizes))
        by_way: dict[str, list[dict]] = {way: [] for way in (*WAYS, "accessibility")}
        forwards = [model.forward(chosen.views) for model, chosen in zip(models, options, strict=True)]
        around, alone, each = Around(inputs.reader), WindowReader(inputs.genome), options[0].batch_size
        for some, reference, alternative, _ in profiles(forwards[0], layouts[0], places, alone, each):
            by_way["accessibility"].append(scored(layouts[0], reference, alternative))
            predicted = self._binding(
                forwards[1], layouts, around, some, np.expm1(reference), np.expm1(alternative), mode
            )
            for number, way in enumerate(WAYS, start=1):
                by_way[way].append(scored(layouts[1], predicted[:, 0], predicted[:, number]))
        made = {}
        for way, parts in by_way.items():
            columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            scores = by_variant(places, len(everything), columns)
            layout = layouts[way != "accessibility"]
            name = (self.binding if way != "accessibility" else self.accessibility).spec.name
            made[way] = VariantScores(everything, places, scores, skipped, layout, dict(inputs.genome.sizes), name)
        return ChainScores(**made)

    def _binding(
        self, forward, layouts: Sequence[VariantWindow], around: Around, places: Sequence[Place], one, other, mode: str
    ) -> np.ndarray:
        """Binding of the reference and of the three ways, (n, 4, bins)."""
        access, binding = layouts
        rows: list[list[np.ndarray]] = []
        for place, reference, alternative in zip(places, one, other, strict=True):
            start = place.variant.start - binding.index
            codes, signal = around.rows(place.chrom, start, start + place.reach(binding.window))
            at = start - access.start(place.variant)  # of the binding window's first base among predicted ones
            first, second = (_by_base(profile, access.bin_size, at, len(codes)) for profile in (reference, alternative))
            if mode == "mapping":
                before, after = self.mapping(first), self.mapping(second)
            else:
                before, after = signal, (signal * (1 + second) / (1 + first)).astype(np.float32)
            whole, direct = windows([codes, before], place, start, binding.window)
            changed, both = windows([codes, after], place, start, binding.window)
            rows += [whole, direct, changed, both]
        predicted = forward.codes(*(np.stack(track) for track in zip(*rows, strict=True)))
        for number, place in enumerate(places):
            if place.longer:
                _align(predicted, 4 * number, place, binding)
        return predicted.reshape(len(places), 4, -1)


def chain(accessibility: str | Path, binding: str | Path) -> Chain:
    """Load a chain of two models of the registry, or of two model folders. Errors as for `zoo.load` and `Chain`."""
    return Chain(load(accessibility), load(binding))


def _by_base(profile: np.ndarray, bin_size: int, at: int, length: int) -> np.ndarray:
    """Values of `length` bases of a profile's bins from base `at` on; beyond its ends those go on."""
    return profile[np.clip((at + np.arange(length)) // bin_size, 0, len(profile) - 1)]


def _align(predicted: np.ndarray, first: int, place: Place, layout: VariantWindow) -> None:
    """Put the ways with the alternative sequence onto the reference's bins."""
    begins = place.variant.start - layout.index + layout.offset
    for way in (1, 3):
        predicted[first + way] = on_reference(predicted[first + way], place, begins, layout.bin_size)

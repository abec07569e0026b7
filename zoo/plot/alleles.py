"""A picture of one variant: predictions with both alleles, contributions of their bases, motifs that it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from zoo.arguments import whole
from zoo.attribution.methods import Method, resolve
from zoo.attribution.result import Attributions
from zoo.genome.encode import one_hot
from zoo.genome.vcf import Variant
from zoo.plot import style, wording
from zoo.plot.logo import information, plot_logo
from zoo.plot.text import plain
from zoo.spec import BASES, COVARIATES, WINDOW
from zoo.variants.alleles import windows
from zoo.variants.batches import with_reference
from zoo.variants.head_forward import selection_of
from zoo.variants.motif_changes import MotifChange, known_motifs, motif_changes, the_variant
from zoo.variants.scoring import all_chromosomes

MOST_MOTIFS = 4
_REFERENCE, _ALTERNATIVE = style.BLUE, style.RED
_NARROWEST, _WIDEST = 20, 200  # bp of contributions
_LETTERS = 28  # of an allele in a title or a legend
_ROWS = {"prediction": 1.6, "change": 1.0, "contributions": 1.2, "motif": 0.8}  # inches


@dataclass(frozen=True, eq=False)
class AlleleEffects:
    """What a model does with both alleles of a variant.

    Attributes:
        variant: normalized, with the genome's name of its chromosome.
        start: where the windows begin on the chromosome.
        profiles: (2, bins) float32, predicted with the reference and the alternative allele, on the reference's bins.
        first: where the first bin begins on the chromosome.
        bin_size: bp.
        quantity: what is predicted.
        contributions: of two windows, with the reference and with the alternative allele.
        model: its name.
    """

    variant: Variant
    start: int
    profiles: np.ndarray
    first: int
    bin_size: int
    quantity: str
    contributions: Attributions
    model: str


def allele_effects(
    model,
    variant: object,
    genome: object,
    signal: object = None,
    covariates: Mapping[str, object] | None = None,
    head: str | None = None,
    track: str | int | None = None,
    method: str | Method = "deeplift",
) -> AlleleEffects:
    """Predict and explain both alleles. A method with references compares both with those of the reference's window,
    so that contributions differ for nothing but the alleles.

    Args:
        model: a `zoo.Model`; the other arguments as `Model.score_variants` has them, but
        method: of contributions, as `Model.attribute` has it.

    Raises:
        InputError: as `Model.score_variants` and `Model.attribute` do.
    """
    inputs = all_chromosomes(model.spec, genome, signal, None, covariates)
    chrom, _ = the_variant(variant, inputs.genome)
    given = {"genome": inputs.genome, "signal": signal, "covariates": covariates, "head": head, "track": track}
    one = [variant] if isinstance(variant, (tuple, Variant)) else variant
    scores = model.score_variants(one, profiles=True, progress=False, **given)
    (place,), layout = scores.places, scores.layout
    start = place.variant.start - layout.index
    codes, *tracks = inputs.reader.rows(chrom, start, start + place.reach(layout.window))
    seen = [with_reference(codes, place, start), *tracks[: len(inputs.reader.tracks)]]
    x = np.stack(
        [
            np.column_stack([one_hot(bases), *others]).astype(np.float32)
            for bases, *others in windows(seen, place, start, layout.window)
        ]
    )
    explained_by = _compared(resolve(method, {}), x, bool(tracks))
    numbers = inputs.reader.covariates_of(layout.predicted([(chrom, start)] * 2), 2)
    read = {WINDOW: x, COVARIATES: numbers[0]} if numbers else x
    explained = model.attribute(read, head=head, track=track, progress=False, **explained_by)
    return AlleleEffects(
        place.variant,
        start,
        np.concatenate([scores.reference, scores.alternative]),
        layout.start(place.variant),
        layout.bin_size,
        selection_of(model.spec, head, track).output.quantity,
        explained,
        model.spec.name,
    )


def _compared(method: Method, x: np.ndarray, with_signal: bool) -> dict[str, object]:
    """A method as `Model.attribute` takes it, with the references of both alleles' windows if it has some."""
    compared = method.compared(with_signal)
    if compared is None:
        return {"method": method}
    made = compared.make(x)
    made[1, ..., : len(BASES)] = made[0, ..., : len(BASES)]
    own = {name: None for name in ("references", "signal_reference", "count", "seed") if name in method.parameters()}
    return {"method": replace(method, **own), "references": made}


def plot_alleles(
    effects: AlleleEffects,
    changes: Sequence[MotifChange] = (),
    motifs: Mapping[str, np.ndarray] | None = None,
    width: int = 80,
) -> Figure:
    """Predictions and their difference, contributions of both alleles, and the motifs that are changed below them.

    Args:
        effects: of the variant.
        changes: of motifs, of which the first `MOST_MOTIFS` are drawn; the title counts the others.
        motifs: their names → probabilities of A, C, G, T, (4, width).
        width: bp of contributions, from 20 to 200.

    Raises:
        InputError: another width.
    """
    around = _Columns.of(effects, whole("width", width, _NARROWEST, _WIDEST))
    drawn = changes[:MOST_MOTIFS]
    heights = [_ROWS[name] for name in ("prediction", "change", "contributions", "contributions")]
    heights += [_ROWS["motif"]] * len(drawn)
    figure = style.figure(style.WIDTH, sum(heights) + 1.4)
    axes = figure.subplots(len(heights), 1, height_ratios=heights)
    _profiles(axes[0], axes[1], effects)
    _contributions(axes[2], axes[3], effects, around)
    for ax, change in zip(axes[4:], drawn, strict=True):
        _motif(ax, change, motifs[change.motif], around)
    for ax in axes[2:]:
        around.mark(ax)
        ax.tick_params(labelbottom=ax is axes[-1])
    for ax in (axes[1], axes[-1]):
        ax.set_xlabel(plain(f"position on {effects.variant.chrom} (bp)"), fontsize=style.LABEL)
    figure.align_ylabels(axes)
    shown = f"{effects.variant.chrom}:{effects.variant.start + 1:,}"
    alleles = " > ".join(_short(allele) for allele in (effects.variant.ref, effects.variant.alt))
    more = f"; {len(changes) - len(drawn):,} more motifs change" if len(changes) > len(drawn) else ""
    drawn_by = wording.method(effects.contributions)
    title = f"{effects.model}, {shown} {alleles}{more}", f"prediction: {effects.quantity}; contributions: {drawn_by}"
    style.headline(figure, "\n".join(title))
    return figure


def variant_figure(model, variant: object, motifs: object = None, width: int = 80, **given: object) -> Figure:
    """`Model.plot_variant`, which has the documentation."""
    known = {} if motifs is None else known_motifs(motifs)
    effects = allele_effects(model, variant, **given)
    changes = motif_changes(variant, given["genome"], known) if known else ()
    return plot_alleles(effects, changes, known, width)


@dataclass(frozen=True)
class _Columns:
    """Bases that are drawn side by side: those of both alleles have one place, with a gap beside the shorter allele.

    Attributes:
        variant: normalized.
        start: the first base that is drawn, on the chromosome.
        before: bases before the variant.
        after: bases after it.
    """

    variant: Variant
    start: int
    before: int
    after: int

    @classmethod
    def of(cls, effects: AlleleEffects, width: int) -> "_Columns":
        """So many bp around a variant, as far as its windows reach."""
        variant, longest = effects.variant, max(len(effects.variant.ref), len(effects.variant.alt))
        before = min(max(width - longest, 0) // 2, variant.start - effects.start)
        most = effects.contributions.codes.shape[1] - (variant.start - effects.start) - longest
        return cls(variant, variant.start - before, before, min(max(width - longest - before, 0), most))

    @property
    def widest(self) -> int:
        """Columns of the longer allele."""
        return max(len(self.variant.ref), len(self.variant.alt))

    @property
    def count(self) -> int:
        """All columns."""
        return self.before + self.widest + self.after

    def column(self, position: int, allele: str) -> int:
        """That of a base, by its distance from the first base that is drawn, in the sequence with an allele."""
        return position if position < self.before + len(allele) else position + self.widest - len(allele)

    def spread(self, values: np.ndarray, first: int, allele: str) -> np.ndarray:
        """Values (bases, 4) of consecutive bases in their columns, (columns, 4) float64; zeros in gaps.

        Args:
            first: the distance of the first of them from the first base that is drawn.
            allele: of the sequence that they are of.
        """
        spread = np.zeros((self.count, values.shape[1]))
        for number, row in enumerate(values):
            if 0 <= (column := self.column(first + number, allele)) < self.count:
                spread[column] = row
        return spread

    def mark(self, ax: Axes) -> None:
        """Shade the variant, and give an axis of columns round positions of the reference, counted from 1."""
        ax.axvspan(self.before, self.before + self.widest, color=style.FAINT, linewidth=0, zorder=-1)
        ax.set_xlim(0, self.count)
        bases = self.before + len(self.variant.ref) + self.after
        step = next(step for step in (10, 20, 50, 100) if bases <= 6 * step or step == 100)
        shown = [base for base in range(bases) if (self.start + base + 1) % step == 0]
        ax.xaxis.set_major_locator(FixedLocator([self.column(base, self.variant.ref) + 0.5 for base in shown]))
        ax.xaxis.set_major_formatter(FixedFormatter([f"{self.start + base + 1:,}" for base in shown]))


def _profiles(upper: Axes, lower: Axes, effects: AlleleEffects) -> None:
    """Predictions with both alleles, and below them their difference."""
    edges = effects.first + effects.bin_size * np.arange(effects.profiles.shape[1] + 1) + 1
    alleles = (effects.variant.ref, _REFERENCE, "reference"), (effects.variant.alt, _ALTERNATIVE, "alternative")
    for values, (allele, color, name) in zip(effects.profiles, alleles, strict=True):
        look = {"color": color, "linewidth": style.CURVE, "baseline": None}
        upper.stairs(values, edges, label=plain(f"{name} {_short(allele)}"), **look)
    change = effects.profiles[1] - effects.profiles[0]
    for sign, color in style.SIGNED:
        lower.stairs(np.where(change * sign > 0, change, 0), edges, fill=True, color=color)
    style.guide(lower, y=0, dashed=False)
    style.legend(upper)
    _name(upper, "prediction")
    _name(lower, "difference")
    low, high = float(change.min(initial=0)), float(change.max(initial=0))
    space = 0.08 * max(high - low, 1e-12)
    lower.set_ylim(low - space, high + space)
    for ax in (upper, lower):
        style.guide(ax, x=effects.variant.start + 1)
        ax.set_xlim(edges[0], edges[-1])
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.xaxis.set_major_formatter("{x:,.0f}")
    upper.tick_params(labelbottom=False)


def _contributions(upper: Axes, lower: Axes, effects: AlleleEffects, around: _Columns) -> None:
    """Contributions of the bases of both alleles' windows, in one scale."""
    first, drawn = around.start - effects.start, []
    for values, allele in zip(effects.contributions.values, (effects.variant.ref, effects.variant.alt), strict=True):
        bases = values[first : first + around.before + len(allele) + around.after]
        drawn.append(around.spread(bases, 0, allele))
    low = min(np.minimum(values, 0).sum(axis=1).min() for values in drawn)
    high = max(np.maximum(values, 0).sum(axis=1).max() for values in drawn)
    space = 0.06 * max(high - low, 1e-12)
    for ax, values, name in zip((upper, lower), drawn, ("reference", "alternative"), strict=True):
        plot_logo(ax, values).set_ylim(low - space, high + space)
        _name(ax, f"contributions,\n{name}")


def _motif(ax: Axes, change: MotifChange, motif: np.ndarray, around: _Columns) -> None:
    """The logo of a motif where its instance is, with what becomes of it."""
    heights = information(motif if change.strand == "+" else motif[::-1, ::-1])
    allele = around.variant.ref if change.of_reference else around.variant.alt
    plot_logo(ax, around.spread(heights, change.start - around.start, allele)).set_ylim(0, 2)
    chances = " → ".join("none" if np.isnan(p) else style.number(p, 1) for p in (change.ref_p, change.alt_p))
    text = f"{str(change).removesuffix(')')}, P {chances}), {change.strand} strand"
    ax.set_title(plain(text), loc="left", fontsize=style.TICK, pad=2)
    _name(ax, "bits")
    ax.set_yticks([0, 1, 2])


def _name(ax: Axes, text: str) -> None:
    style.finish(ax)
    style.name_row(ax, text)
    style.few_values(ax)


def _short(allele: str) -> str:
    """An allele that has room: its ends, if it is long; a dash for no base."""
    if len(allele) <= _LETTERS:
        return allele or "-"
    return f"{allele[:10]}...{allele[-10:]} ({len(allele):,} bases)"

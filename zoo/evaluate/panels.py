"""Parts of a report on the quality of a model: what was found, with a verdict in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from registry.metrics import label
from zoo.evaluate import footprints
from zoo.evaluate.footprints import CORRECTED, Footprint
from zoo.evaluate.profiles import CALLED, NONPEAKS, PEAKS, Comparison

ACCESSIBILITY, BIAS = "accessibility", "bias"  # components of a ChromBPNet
LOWEST_BIAS = -0.5  # the correlation of the bias model in peaks must be above this
EXPECTED = 0.5  # Pearson's correlation in peaks that is expected of a good model
PASSED, FAILED, UNSURE, NOTED = "passes", "fails", "low", "no limit"
_CALLED = {"full": "before correction", "accessibility": "after correction", "bias": "bias model"}
_SHOWN = 2000  # points of a scatter plot
_NEAR = 100  # bp on each side of a motif that are shown


@dataclass(frozen=True)
class Panel:
    """A part of the report.

    Attributes:
        title: of the part.
        verdict: "passes", "fails", "low" (neither), or "no limit".
        text: the same in words, with the numbers.
        sections: of the page, at least one.
        pictures: suffix of a PNG file → section.
    """

    title: str
    verdict: str
    text: str
    sections: tuple[Mapping, ...]
    pictures: Mapping[str, Mapping] = field(default_factory=dict)


def counts_panel(found: Comparison, name: str) -> Panel:
    """Log counts of a part of a model, by name, with a scatter plot."""
    row = found.metrics()[PEAKS]
    verdict = UNSURE if row.pearsonr is not None and row.pearsonr > 0 else FAILED
    verdict = PASSED if row.pearsonr is not None and row.pearsonr > EXPECTED else verdict
    text = (
        f"Log counts in {row.regions:,} peaks, {name}: Pearson {_number(row.pearsonr)}, Spearman "
        f"{_number(row.spearmanr)}, mean squared error {_number(row.mse)}. Above {EXPECTED:g} is expected of Pearson's "
        "correlation in peaks; 0 or less is a failure."
    )
    groups = {"peaks": found.peaks, "negatives": ~found.peaks}
    series = [
        {"name": what, "x": _rounded(found.observed[some]), "y": _rounded(found.predicted[some])}
        for what, chosen in groups.items()
        if len(some := few(np.flatnonzero(chosen), _SHOWN))
    ]
    axes = {"x": "observed log counts", "y": "predicted log counts", "series": series}
    note = f"At most {_SHOWN:,} regions of a kind are shown."
    points = {"kind": "points", "title": "Predicted and observed counts", "note": note, **axes}
    return Panel("Counts", verdict, text, (points,), {".counts.png": points})


def profile_panel(found: Comparison, name: str) -> Panel:
    """Distances of profiles of a part of a model, by name, and of profiles with permuted bases."""
    row = found.metrics()[PEAKS]
    known = row.median_jsd is not None
    verdict = NOTED if not known else PASSED if row.median_jsd < row.median_jsd_rnd else FAILED
    text = (
        f"Profiles of {row.regions - row.without_counts:,} peaks with counts, {name}: median Jensen-Shannon distance "
        f"{_number(row.median_jsd)}, of profiles with permuted bases {_number(row.median_jsd_rnd)}; normalized "
        f"{_number(row.median_norm_jsd)}, of permuted ones {_number(row.median_norm_jsd_rnd)} (1 is best). The "
        "distance must be less than that of permuted bases."
    )
    edges = np.linspace(0, np.sqrt(np.log(2)), 51)
    distances = {"predicted": found.profiles.jsd_pw, "bases permuted": found.profiles.jsd_rnd}
    series = [
        {"name": what, "y": np.histogram(np.minimum(values[found.peaks], edges[-1]), edges)[0].tolist()}
        for what, values in distances.items()
    ]
    axes = {"x": "Jensen-Shannon distance", "y": "peaks", "edges": _rounded(edges), "series": series}
    drawn = {"kind": "histogram", "title": "Distance of profiles in peaks", "note": "", **axes}
    return Panel("Profile", verdict, text, (drawn,), {".profile.png": drawn})


def bias_panel(found: Comparison) -> Panel:
    """What the bias model alone predicts of counts."""
    groups = found.metrics()
    inside, outside = groups[PEAKS].pearsonr, groups[NONPEAKS].pearsonr if NONPEAKS in groups else None
    verdict = NOTED if inside is None else PASSED if inside > LOWEST_BIAS else FAILED
    text = (
        f"Pearson's correlation of the bias model's log counts: {_number(inside)} in peaks, {_number(outside)} in "
        f"negatives. In peaks it must be above {LOWEST_BIAS:g}; otherwise the bias model prefers DNA that is rich in "
        "A and T."
    )
    rows = [[CALLED[group], row.pearsonr, row.spearmanr, row.mse] for group, row in groups.items()]
    columns = ["", *map(label, ("pearsonr", "spearmanr", "mse"))]
    table = {"kind": "table", "title": "Log counts of the bias model", "note": "", "columns": columns, "rows": rows}
    return Panel("Bias model", verdict, text, (table,))


def footprint_panel(found: Mapping[str, Mapping[str, Footprint]], backgrounds: str) -> Panel:
    """Footprints of parts of a model (part → motif → footprint); `backgrounds` says what sequences they are in."""
    part = ACCESSIBILITY if ACCESSIBILITY in found else next(iter(found))
    maxima = ", ".join(f"{name} {item.maximum:.4f}" for name, item in found[part].items())
    flat = footprints.corrected(found[part])
    verdict = PASSED if flat else FAILED if part == ACCESSIBILITY else NOTED
    text = (
        f"{'Corrected' if flat else 'Uncorrected'}: highest values of the profiles around motifs that the enzyme "
        f"prefers, {part}: {maxima}; each must be below {CORRECTED:g} after correction. In "
        f"{next(iter(found[part].values())).backgrounds:,} {backgrounds}."
    )
    sections = {name: _near(name, each) for name, each in found.items()}
    pictures = {footprint_picture(name): section for name, section in sections.items()}
    return Panel("Marginal footprints", verdict, text, tuple(sections.values()), pictures)


def footprint_picture(part: str) -> str:
    """The suffix of the picture of a part's footprints."""
    return f".footprints.{part.rpartition('/')[2]}.png"


def _near(part: str, found: Mapping[str, Footprint]) -> dict:
    """A section of the footprints of a part, near the motifs."""
    middle = len(next(iter(found.values())).profile) // 2
    near = np.arange(-min(_NEAR, middle), min(_NEAR, middle))
    series = [
        {"name": name, "x": near.tolist(), "y": [float(f"{value:.4g}") for value in item.profile[middle + near]]}
        for name, item in found.items()
    ]
    motifs = "; ".join(f"{name} {item.motif}" for name, item in found.items())
    note = f"The motifs are {motifs}. The dashed line is at {CORRECTED:g}."
    axes = {"x": "position relative to the motif (bp)", "y": "fraction of counts", "level": CORRECTED, "series": series}
    return {"kind": "curves", "title": f"Footprints, {_CALLED.get(part, part)}", "note": note, **axes}


def few(chosen: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, evenly spaced."""
    return chosen[np.linspace(0, len(chosen) - 1, min(most, len(chosen))).astype(int)]


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"

"""The report of a comparison, and its pictures, as sections of plain numbers (`zoo.pages.report`)."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from zoo.comparison.changes import LEAST_FACTORS, Changes, FactorChange
from zoo.comparison.scores import SiteScores
from zoo.genome import names
from zoo.many.models import short
from zoo.pages import report

CARD = (
    "Scores are predictions of binding from sequence and accessibility. They are not measurements of binding: a factor "
    "that is not expressed is predicted as if it were, and factors with one motif are predicted alike.\n"
    "A change of score follows a change of the track, whatever its cause: accessibility, but also depth, quality and "
    "normalization. The change that all factors share is taken out of relative changes and of gained and lost sites. "
    "If most factors truly changed in one direction, that would be taken out, too: see the shared change.\n"
    "Intervals (95 %) are over blocks of the genome; with replicates also over these. Without replicates they say "
    "nothing about other samples of the same condition. False discovery rates (q) are those of Benjamini and Hochberg "
    "over the factors of two conditions."
)
_MOST_CONTRASTS = 12  # that have sections of their own
_MOST_CONDITIONS = 8  # of an overlap
_MOST_SETS = 25


def sections_of(scores: SiteScores, conditions: Mapping[str, tuple[int, ...]], found: Sequence[Changes]) -> dict:
    """Name → section: of the samples, of each contrast a table and a picture, of all a heat map and an overlap."""
    sections = {"samples": _samples(scores, conditions)}
    for number, changes in enumerate(found[:_MOST_CONTRASTS]):
        sections[f"factors{number}"] = _table(changes)
        sections[_name("changes", number)] = _volcano(changes)
    if (heat := _heat(scores)) is not None:
        sections["heat"] = heat
    if (overlap := _overlap(scores, conditions)) is not None:
        sections["overlap"] = overlap
    return sections


def pictures_of(with_threshold: int, conditions: int) -> list[str]:
    """Names of the sections that are pictures, too, by the numbers of factors with a threshold and of conditions."""
    volcanoes = [_name("changes", number) for number in range(min(conditions - 1, _MOST_CONTRASTS))]
    heat = ["heat"] if with_threshold > 1 else []
    return [*volcanoes, *heat, *(["overlap"] if with_threshold and conditions <= _MOST_CONDITIONS else [])]


def title_of(conditions: Mapping[str, tuple[int, ...]], samples: Sequence[str]) -> str:
    """The page's title: conditions, and the samples of each."""
    parts = [f"{name} ({names.some([samples[at] for at in places])})" for name, places in conditions.items()]
    return f"Comparison of {', '.join(parts)}"


def rendered(content: Mapping) -> str:
    """The page as text."""
    return report.render(content)


def _name(what: str, number: int) -> str:
    return what if number == 0 else f"{what}{number + 1}"


def _samples(scores: SiteScores, conditions: Mapping[str, tuple[int, ...]]) -> dict:
    rows = [[scores.samples[place], condition] for condition, places in conditions.items() for place in places]
    return {"kind": "table", "title": "Samples", "note": CARD, "columns": ["sample", "condition"], "rows": rows}


def _title(changes: Changes) -> str:
    return f"{changes.contrast.condition} against {changes.contrast.against}"


def _table(changes: Changes) -> dict:
    def key(row: FactorChange) -> tuple[float, float]:
        q = row.relative_q if row.relative_q is not None else row.change_q
        return 2.0 if q is None else q, -abs(row.relative or row.change or 0.0)

    rows = sorted(changes.factors, key=key)
    columns = ["sites_against", "sites_condition", "gained", "lost", "shared", "unclear"]
    columns += ["change", "relative", "relative_q", "relative_low", "relative_high"]
    note = f"{len(rows):,} factors, {changes.blocks:,} blocks. " + _shared(changes)
    cells = [[row.factor, *(getattr(row, column) for column in columns)] for row in rows]
    sides = [f"sites, {side}" for side in (changes.contrast.against, changes.contrast.condition)]
    heads = ["", *sides, *(column.replace("_", " ") for column in columns[2:])]
    return {"kind": "table", "title": _title(changes), "note": note, "columns": heads, "rows": cells}


def _shared(changes: Changes) -> str:
    if changes.shared is None:
        return (
            f"With fewer than {LEAST_FACTORS} factors there is no change relative to all: a change of depth cannot be "
            "distinguished from one of binding."
        )
    return (
        f"Change of score that all factors share: {changes.shared:+.4f}; standard deviation between factors "
        f"{changes.between:.4f}."
    )


def _volcano(changes: Changes) -> dict:
    """Factors with a false discovery rate: relative to all, or if that is of none by themselves."""
    which = "relative" if changes.shared is not None else "change"
    rows = [row for row in changes.factors if getattr(row, f"{which}_q") is not None]
    label = "change of score relative to all factors" if which == "relative" else "change of score"
    return {
        "kind": "volcano",
        "title": f"Factors: {_title(changes)}",
        "note": "" if rows else "No factor has sites in enough blocks of the genome.",
        "x": label,
        "names": short([row.factor for row in rows]),
        "changes": [getattr(row, which) for row in rows],
        "q": [getattr(row, f"{which}_q") for row in rows],
    }


def _heat(scores: SiteScores) -> dict | None:
    """Mean scores of factors with a threshold at their sites, less the mean over samples and the shared change."""
    factors = [factor for factor in scores.factors if factor.threshold is not None]
    if len(factors) < 2:
        return None
    empty = np.zeros(len(scores.samples))
    means = [factor.scores.mean(axis=0, dtype=np.float64) if len(factor.scores) else empty for factor in factors]
    values = np.array(means) - np.mean(means, axis=1, keepdims=True)
    relative = len(factors) >= LEAST_FACTORS
    if relative:
        values = values - np.median(values, axis=0, keepdims=True)
    return {
        "kind": "heat",
        "title": "Factors in samples",
        "note": "Mean score at the sites of a factor, less its mean over samples"
        + (" and the median over factors." if relative else "."),
        "x": "relative score" if relative else "score less mean",
        "rows": short([factor.name for factor in factors]),
        "columns": list(scores.samples),
        "values": [[float(f"{value:.4g}") for value in row] for row in values],
    }


def _overlap(scores: SiteScores, conditions: Mapping[str, tuple[int, ...]]) -> dict | None:
    """How many sites of all factors are bound in which conditions."""
    if len(conditions) > _MOST_CONDITIONS or all(factor.threshold is None for factor in scores.factors):
        return None
    counts: Counter[tuple[bool, ...]] = Counter()
    for factor in scores.factors:
        if factor.threshold is not None:
            bound = factor.bound()
            inside = np.stack([2 * bound[:, list(places)].sum(axis=1) > len(places) for places in conditions.values()])
            counts.update(map(tuple, inside.T.tolist()))
    sets = [(pattern, count) for pattern, count in counts.most_common() if any(pattern)]
    note = "Sites of all factors by the conditions in which more than half of the replicates are bound."
    if len(sets) > _MOST_SETS:
        note += f" The {_MOST_SETS} largest sets are shown."
    return {
        "kind": "overlap",
        "title": "Sites in conditions",
        "note": note,
        "names": list(conditions),
        "sets": [{"in": list(pattern), "sites": count} for pattern, count in sets[:_MOST_SETS]],
    }

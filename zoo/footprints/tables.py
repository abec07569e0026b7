"""Tables of sites and motifs, tab-separated."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from zoo.footprints.detecting import Detected, clusters
from zoo.footprints.regions import Region
from zoo.footprints.scanning import Pattern, Sites


def write_sites(
    path: Path,
    peaks: Sequence[Region],
    patterns: Sequence[Pattern],
    sites: Sequence[Sites],
    found: Detected,
    names: Sequence[str],
) -> None:
    """A row for each site of each motif: place, motif, its score, strand, peak, and by condition score and bound."""
    pairs = list(combinations(range(len(names)), 2))
    columns = ["chrom", "start", "end", "motif", "motif_score", "strand", "peak_start", "peak_end"]
    columns += [f"{name}_score" for name in names] + [f"{name}_bound" for name in names]
    columns += [f"{names[one]}_{names[two]}_log2fc" for one, two in pairs]
    rows = []
    for number, (pattern, item) in enumerate(zip(patterns, sites, strict=True)):
        for row in range(len(item)):
            peak = peaks[item.sequence[row]]
            start = peak.start + int(item.start[row])
            place = (peak.chrom, start, start + pattern.width, pattern.name)
            site = (item.score[row], item.strand[row], peak.start, peak.end)
            folds = (found.fold_changes[pair][number][row] for pair in pairs)
            calls = found.bound[number][row].astype(int)
            rows.append((*place, *site, *found.scores[number][row], *calls, *folds))
    _write(path, columns, rows)


def write_motifs(
    path: Path,
    patterns: Sequence[Pattern],
    sites: Sequence[Sites],
    found: Detected,
    names: Sequence[str],
    apart: np.ndarray,
) -> None:
    """A row for each motif: cluster, sites, and by condition the mean score and bound sites; by pair the change."""
    columns = ["motif", "cluster", "threshold", "sites"]
    columns += [f"{name}_{what}" for name in names for what in ("mean_score", "bound")]
    pairs = list(combinations(range(len(names)), 2))
    ends = ("change", "p_value", "highlighted")
    columns += [f"{names[one]}_{names[two]}_{what}" for one, two in pairs for what in ends]
    rows = []
    for number, (pattern, group) in enumerate(zip(patterns, clusters(apart).tolist(), strict=True)):
        row = [pattern.name, group, round(pattern.threshold, 5), len(sites[number])]
        for condition in range(len(names)):
            values = found.scores[number][:, condition]
            row += [round(float(values.mean()), 5) if len(values) else "", int(found.bound[number][:, condition].sum())]
        for pair in pairs:
            change = found.changes[pair][number]
            row += [change.value, f"{change.p_value:.5e}", int(change.highlighted)]
        rows.append(row)
    _write(path, columns, rows)


def write_distances(path: Path, patterns: Sequence[Pattern], apart: np.ndarray) -> None:
    """A row and a column for each motif."""
    names = [item.name for item in patterns]
    rows = ((name, *(f"{value:.4f}" for value in row)) for name, row in zip(names, apart.tolist(), strict=True))
    _write(path, ["motif", *names], rows)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        for row in (columns, *rows):
            file.write("\t".join(map(str, row)) + "\n")


def counts(found: Detected, names: Sequence[str]) -> Mapping[str, int]:
    """Condition → bound sites of all motifs."""
    return {name: int(sum(item[:, number].sum() for item in found.bound)) for number, name in enumerate(names)}

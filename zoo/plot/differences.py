"""Pictures of what differs between samples: factors, samples, and sites that they share."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from scipy.cluster import hierarchy

from zoo.plot import style
from zoo.plot.text import plain
from zoo.plot.variants import plot_changes

_NAMES = 0.9  # inches that names of rows and columns have in any case
_NAMED = 12  # points with a name
_MOST_SETS = 30  # of conditions, as columns
_FEW_SETS = 12  # whose numbers of sites have room side by side


def plot_volcano(
    ax: Axes, changes: Sequence[float], q: Sequence[float], names: Sequence[str], label: str, level: float = 0.05
) -> Axes:
    """Factors by change and false discovery rate: blue below 0 and red above at the level or less, grey otherwise.

    Args:
        ax: where.
        changes: (factors,).
        q: (factors,) false discovery rates.
        names: of factors; those of the lowest rates at the level are shown, as far as there is room.
        label: of the changes.
        level: a dashed line.
    """
    changes, height = np.asarray(changes, float), -np.log10(np.maximum(np.asarray(q, float), 1e-30))
    found = np.asarray(q, float) <= level
    for which, color, what in (
        (~found, style.LIGHT, f"q > {level:g}"),
        (found & (changes < 0), style.BLUE, "lower"),
        (found & (changes >= 0), style.RED, "higher"),
    ):
        look = {"s": style.POINT**2, "color": color, "linewidths": 0, "label": f"{what} ({which.sum():,})"}
        ax.scatter(changes[which], height[which], **look)
    style.guide(ax, y=-np.log10(level))
    style.guide(ax, x=0, dashed=False)
    for place in _apart(changes, height, np.flatnonzero(found)):
        side = "right" if changes[place] < 0 else "left"
        at, away = (changes[place], height[place]), (-4 if side == "right" else 4, 2)
        ax.annotate(
            plain(names[place]),
            at,
            away,
            textcoords="offset points",
            ha=side,
            fontsize=style.NOTE,
            path_effects=style.HALO,
        )
    most = (float(np.abs(changes).max(initial=0)) or 1.0) * 1.35  # room for names
    ax.set(xlabel=plain(label), ylabel="−log₁₀ false discovery rate (q)", xlim=(-most, most))
    top = max(float(height.max(initial=0)), 1.5) * 1.1
    ax.set_ylim(-0.02 * top, top)
    style.legend(style.finish(ax))
    return ax


def _apart(changes: np.ndarray, height: np.ndarray, places: np.ndarray) -> list[int]:
    """The highest of some points, as far as their names do not lie upon each other."""
    room, shown = 0.04 * max(float(height.max(initial=0)), 1.5), []
    for place in sorted(places.tolist(), key=lambda place: (-height[place], -abs(changes[place]))):
        near = [other for other in shown if (changes[other] < 0) == (changes[place] < 0)]
        if len(shown) < _NAMED and all(abs(height[other] - height[place]) > room for other in near):
            shown.append(place)
    return shown


def clustered(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orders of rows and of columns in which like ones stand side by side (average linkage, optimal leaf order).

    Args:
        values: (rows, columns); NaN counts as 0.
    """
    known = np.nan_to_num(np.asarray(values, float))
    return _order(known), _order(known.T)


def _order(rows: np.ndarray) -> np.ndarray:
    if len(rows) < 3:
        return np.arange(len(rows))
    return hierarchy.leaves_list(hierarchy.linkage(rows, "average", optimal_ordering=True))


def plot_heat(ax: Axes, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], label: str) -> Axes:
    """A clustered heat map of changes, (rows, columns): red above 0, blue below."""
    values = np.asarray(values, float)
    down, across = clustered(values)
    return plot_changes(ax, values[down][:, across], [rows[i] for i in down], [columns[i] for i in across], label)


def heat_size(rows: int, columns: int, down: Sequence[str] = (), across: Sequence[str] = ()) -> tuple[float, float]:
    """Width and height in inches at which the names of a heat map can be read; `style.LONGEST` at most.

    Args:
        rows: how many, and
        columns: how many.
        down: names of the rows, for which there is more room if they are long.
        across: names of the columns.
    """
    wide, high = 3 + max(style.longest(down) - _NAMES, 0), 1.6 + max(style.longest(across) - _NAMES, 0)
    return (
        min(max(columns * (0.13 if columns > style.CROWDED else 0.22), 2.5) + wide, style.LONGEST),
        min(max(rows * (0.11 if rows > style.CROWDED else 0.2), 1.5) + high, style.LONGEST),
    )


def plot_overlap(ax: Axes, counts: Mapping[tuple[bool, ...], int], names: Sequence[str]) -> Axes:
    """How many sites each set of conditions shares, as columns over a grid of dots (Lex et al. 2014, UpSet).

    Args:
        ax: where; it is divided.
        counts: whether a site is in each of the conditions → sites.
        names: of the conditions.
    """
    every = sorted((pattern for pattern, count in counts.items() if any(pattern) and count), key=counts.get)[::-1]
    order, others = every[:_MOST_SETS], every[_MOST_SETS:]
    ax.axis("off")
    share = min(0.16 + 0.07 * len(names), 0.6)
    top, grid = ax.inset_axes([0.18, share + 0.04, 0.82, 0.96 - share]), ax.inset_axes([0.18, 0, 0.82, share])
    places = np.arange(len(order))
    bars = top.bar(places, [counts[pattern] for pattern in order], color=style.DARK, width=0.6)
    top.bar_label(bars, fmt="{:,.0f}", fontsize=style.NOTE, rotation=90 if len(order) > _FEW_SETS else 0, padding=2)
    top.set(ylabel="sites", xlim=(-0.6, max(len(order), 1) - 0.4), xticks=[])
    top.set_ylim(0, max((counts[pattern] for pattern in order), default=1) * (1.5 if len(order) > _FEW_SETS else 1.15))
    style.few_values(style.finish(top))
    if others:
        left = f"{len(others):,} more sets: {sum(counts[pattern] for pattern in others):,} sites"
        top.text(1, 1, left, transform=top.transAxes, ha="right", va="top", fontsize=style.NOTE)
    for place, pattern in enumerate(order):
        rows = np.flatnonzero(pattern)
        mark = {"marker": "o", "markersize": style.MARK, "linewidth": style.CURVE}
        grid.plot([place] * len(names), range(len(names)), linestyle="", color=style.LIGHT, zorder=1, **mark)
        grid.plot([place] * len(rows), rows, color=style.DARK, zorder=2, **mark)
    grid.set_yticks(range(len(names)), [style.plain_lines(style.wrapped(name)) for name in names])
    grid.set(xlim=top.get_xlim(), ylim=(len(names) - 0.4, -0.6), xticks=[])
    grid.tick_params(length=0, labelsize=style.TICK)
    grid.spines[:].set_visible(False)
    return ax

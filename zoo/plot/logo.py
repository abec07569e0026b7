"""Sequence logos."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from zoo.errors import InputError
from zoo.plot.style import BASE_COLORS, few_values, finish, guide

_WIDTH = 0.94  # of a letter, in positions


def information(frequencies: np.ndarray) -> np.ndarray:
    """Heights of a motif's logo in bits (Schneider & Stephens 1990, without its correction for small samples).

    Args:
        frequencies: (4, width) of A, C, G, T.

    Returns:
        (width, 4): each base's frequency times the information content of its position, 0 to 2 bits.
    """
    shares = frequencies.T / frequencies.sum(axis=0)[:, None]
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return shares * (2 + (shares * logs).sum(axis=1, keepdims=True))


def plot_logo(ax: Axes, values: np.ndarray, first: int = 0) -> Axes:
    """Draw letters of given heights, the highest outermost, negative ones below the line.

    Args:
        values: (positions, 4) for A, C, G, T: attributions (`Attributions.values` of a stretch), contributions of a
            pattern, weights, or `information`. Zeros are not drawn.
        first: where the first letter begins on the x axis, in bp.

    Raises:
        InputError: another shape.
    """
    if np.ndim(values) != 2 or np.shape(values)[1] != len(BASE_COLORS):
        raise InputError("A logo must have four heights for each position", received={"shape": np.shape(values)})
    for base, (letter, color) in enumerate(BASE_COLORS):
        glyph, patches = _glyph(letter), []
        for position, row in enumerate(values):
            height = float(row[base])
            if height:
                same = (row * height > 0) & (np.abs(row) < abs(height))
                bottom = float(row[same].sum())
                corner = (first + position + (1 - _WIDTH) / 2, bottom)
                patches.append(PathPatch(Path(glyph.vertices * (_WIDTH, height) + corner, glyph.codes)))
        ax.add_collection(PatchCollection(patches, facecolor=color, linewidth=0))
    low, high = np.minimum(values, 0).sum(axis=1).min(initial=0), np.maximum(values, 0).sum(axis=1).max(initial=0)
    space = 0.05 * max(high - low, 1e-12)
    ax.set_ylim(low - space * (low < 0), high + space)
    ax.set_xlim(first, first + len(values))
    guide(ax, y=0, dashed=False)
    few_values(ax)
    return finish(ax)


def _glyph(letter: str) -> Path:
    """A letter that fills the square from (0, 0) to (1, 1)."""
    path = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = path.get_extents()
    return Path((path.vertices - box.min) / box.size, path.codes)

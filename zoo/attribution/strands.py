"""A pattern and its reverse complement are one motif: merged, and shown on the strand of the known motif."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zoo.attribution.modisco import Pattern
from zoo.genome.motifs import Match, reverse_complement

_ALIKE = 0.9  # correlation of two patterns' frequencies from which on they are one motif
_NARROW, _WIDE = 0.8, 0.6  # of the bits of the one that has fewer, and of the other, that must lie where both are
_PSEUDOCOUNT = 0.01


def merged(patterns: Sequence[Pattern]) -> list[Pattern]:
    """One pattern for those of a sign of which one is the reverse complement of another, ungapped.

    Frequencies (less a quarter) of one and of the other's reverse complement must have a Pearson correlation of 0.9 or
    more where they overlap, and more than those of both as they are; 80 % of the information of the one that has less,
    and 60 % of that of the other, must lie there: half of a composite motif is another one. The pattern with most
    seqlets is kept, its positions are means over all seqlets; `others` names the rest.

    Args:
        patterns: of one search.

    Returns:
        Positive ones first, and of each sign those with most seqlets.
    """
    found: list[Pattern] = []
    for pattern in sorted(patterns, key=lambda each: (-_sign(each), -each.seqlets)):
        same = [number for number, other in enumerate(found) if _sign(other) == _sign(pattern)]
        fitting = [(fit, number) for number in same if (fit := _fit(found[number], pattern)) is not None]
        if fitting:
            (_, offset), number = max(fitting)
            found[number] = _joined(found[number], turned(pattern), offset)
        else:
            found.append(pattern)
    return sorted(found, key=lambda each: (-_sign(each), -each.seqlets))


def oriented(pattern: Pattern, near: Sequence[Match]) -> tuple[Pattern, list[Match]]:
    """A pattern on the strand of the known motif that it matches best, and its matches as seen from there."""
    if not near or near[0].strand == "+":
        return pattern, list(near)
    other = {"+": "-", "-": "+"}
    return turned(pattern), [replace(each, strand=other[each.strand]) for each in near]


def turned(pattern: Pattern) -> Pattern:
    """The reverse complement of a pattern, of the same seqlets."""
    return replace(
        pattern,
        frequencies=reverse_complement(pattern.frequencies),
        contributions=reverse_complement(pattern.contributions),
        reverse=~pattern.reverse.astype(bool),
        turned=not pattern.turned,
    )


def _sign(pattern: Pattern) -> int:
    return 1 if pattern.name.startswith("pos") else 0


def _fit(one: Pattern, other: Pattern) -> tuple[float, int] | None:
    """How well the reverse complement of a pattern fits another, and where; None if they are two motifs."""
    straight = _aligned(one.frequencies, other.frequencies)
    across = _aligned(one.frequencies, reverse_complement(other.frequencies))
    if across is None or across[0] < _ALIKE or (straight is not None and straight[0] > across[0]):
        return None
    return across


def _aligned(one: np.ndarray, other: np.ndarray) -> tuple[float, int] | None:
    """The highest correlation of two motifs (4, width), and the place of the second one's first base in the first."""
    bits = [_bits(motif) for motif in (one, other)]
    sums = [each.sum() for each in bits]
    least = (_NARROW, _WIDE) if sums[0] <= sums[1] else (_WIDE, _NARROW)
    best = None
    for offset in range(1 - other.shape[1], one.shape[1]):
        ours, theirs = _overlap(one.shape[1], other.shape[1], offset)
        if bits[0][ours].sum() < least[0] * sums[0] or bits[1][theirs].sum() < least[1] * sums[1]:
            continue
        a, b = one[:, ours] - 1 / 4, other[:, theirs] - 1 / 4
        fit = float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))
        if best is None or fit > best[0]:
            best = fit, offset
    return best


def _overlap(width: int, other: int, offset: int) -> tuple[slice, slice]:
    """The part of a motif of this width, and of another one that begins at `offset`, that they share."""
    first, last = max(offset, 0), min(width, offset + other)
    return slice(first, last), slice(first - offset, last - offset)


def _bits(motif: np.ndarray) -> np.ndarray:
    """Information of each position, (width,)."""
    p = (motif + _PSEUDOCOUNT) / (motif + _PSEUDOCOUNT).sum(axis=0)
    return 2 + (p * np.log2(p)).sum(axis=0)


def _joined(one: Pattern, other: Pattern, offset: int) -> Pattern:
    """A pattern and another of the same strand, whose first base lies at `offset` of the first."""
    ours, theirs = _overlap(one.frequencies.shape[1], other.frequencies.shape[1], offset)
    weight = other.seqlets / (one.seqlets + other.seqlets)
    mixed = {}
    for name in ("frequencies", "contributions"):
        mixed[name] = getattr(one, name).copy()
        mixed[name][:, ours] += weight * (getattr(other, name)[:, theirs] - mixed[name][:, ours])
    joint = {
        name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in ("windows", "places", "reverse")
    }
    return replace(
        one, seqlets=one.seqlets + other.seqlets, **mixed, **joint, others=(*one.others, other.name, *other.others)
    )

"""Which genes a site is of: by the distance to their TSSs, or by links that a user gives."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from zoo.errors import InputError
from zoo.priors.genes import Genes, signed

_AT_ONCE = 4096  # sites


@dataclass(frozen=True)
class Rule:
    """A rule by distance.

    Attributes:
        upstream: bp before a TSS in which a site counts, unless a user says otherwise.
        downstream: bp behind it.
        nearest: whether only the nearest gene counts, or all of those that are equally near.
    """

    upstream: int
    downstream: int
    nearest: bool = False


RULES = {"nearest": Rule(1_000_000, 1_000_000, True), "window": Rule(50_000, 50_000), "promoter": Rule(2_000, 100)}


@dataclass(frozen=True, eq=False)
class Pairs:
    """Sites of a chromosome and their genes, each pair once, ordered by site, then gene.

    Attributes:
        sites: (n,) int64, numbers of sites.
        genes: (n,) int64, numbers of genes.
        distances: (n,) int64, bp, to the nearest TSS of the gene, see `zoo.priors.genes.signed`.
    """

    sites: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    genes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    distances: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class ByDistance:
    """Genes within a distance of a site.

    Attributes:
        genes: all of them.
        upstream: bp.
        downstream: bp.
        nearest: as of a `Rule`.
    """

    genes: Genes
    upstream: int
    downstream: int
    nearest: bool

    def pairs(self, chrom: str, spans: np.ndarray) -> Pairs:
        """Of sites (n, 2), in bp, on a chromosome by its name in `genes.starts`."""
        starts, reach, found = self.genes.starts[chrom], max(self.upstream, self.downstream), []
        for sites, at in candidates(starts.positions, spans[:, 0] - reach, spans[:, 1] + reach):
            distances = signed(*spans[sites].T, starts.positions[at], starts.signs[at])
            near = (-self.upstream <= distances) & (distances <= self.downstream)
            found.append(_nearest_start(sites[near], starts.genes[at[near]], distances[near]))
            if self.nearest:
                found[-1] = _nearest_gene(found[-1])
        return _joined(found)


@dataclass(frozen=True, eq=False)
class ByLinks:
    """Genes that regions are linked with: those of each region that shares a base with a site.

    Attributes:
        genes: all of them.
        links: chromosome, by its name in `genes.starts` → (n, 3) int64 sorted: start and end of a region, and the
            number of a gene.
    """

    genes: Genes
    links: dict[str, np.ndarray]

    def pairs(self, chrom: str, spans: np.ndarray) -> Pairs:
        """Of sites (n, 2), in bp, on a chromosome by its name in `genes.starts`."""
        links, found = self.links.get(chrom, np.empty((0, 3), np.int64)), []
        longest = int(np.max(links[:, 1] - links[:, 0], initial=0))
        for sites, at in candidates(links[:, 0], spans[:, 0] - longest, spans[:, 1]):
            over = links[at, 1] > spans[sites, 0]
            keys = np.unique(np.stack([sites[over], links[at[over], 2]]), axis=1)
            found.append(Pairs(*keys, self.genes.distances(spans[keys[0]], keys[1])))
        return _joined(found)


def limits(rule: str, upstream: int | None, downstream: int | None) -> tuple[int, int]:
    """The bp up- and downstream of a rule. Raises `InputError` for an unknown rule."""
    if rule not in RULES:
        raise InputError(f"The rule must be one of {', '.join(RULES)}", received={"rule": rule}, example='"nearest"')
    usual = RULES[rule]
    return (
        usual.upstream if upstream is None else upstream,
        usual.downstream if downstream is None else downstream,
    )


def candidates(keys: np.ndarray, low: np.ndarray, high: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Which of sorted keys lie from `low` up to but not including `high`, for some sites at a time.

    Yields:
        Numbers of sites, and of keys, of all pairs.
    """
    for begin in range(0, len(low), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        first, last = np.searchsorted(keys, low[part]), np.searchsorted(keys, high[part])
        counts = np.maximum(last - first, 0)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        yield begin + np.repeat(np.arange(len(counts)), counts), np.repeat(first, counts) + within


def _nearest_start(sites: np.ndarray, genes: np.ndarray, distances: np.ndarray) -> Pairs:
    """Of each site and gene the nearest TSS; of two that are equally near the one that the site is upstream of."""
    order = np.lexsort((distances, np.abs(distances), genes, sites))
    sites, genes, distances = sites[order], genes[order], distances[order]
    first = np.ones(len(sites), bool)
    first[1:] = (sites[1:] != sites[:-1]) | (genes[1:] != genes[:-1])
    return Pairs(sites[first], genes[first], distances[first])


def _nearest_gene(pairs: Pairs) -> Pairs:
    """Of each site the nearest gene, or all that are equally near."""
    if not len(pairs.sites):
        return pairs
    least = np.full(pairs.sites.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, pairs.sites, np.abs(pairs.distances))
    kept = np.abs(pairs.distances) == least[pairs.sites]
    return Pairs(pairs.sites[kept], pairs.genes[kept], pairs.distances[kept])


def _joined(found: list[Pairs]) -> Pairs:
    if not found:
        return Pairs()
    return Pairs(*(np.concatenate([getattr(each, name) for each in found]) for name in Pairs.__dataclass_fields__))

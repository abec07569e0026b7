"""Quantile normalization of a track to a reference, as Leopard's authors do it (Li & Guan 2021, `data/` of their code).

Values at random positions of both, sorted, say which value of the sample has the rank of which of the reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.genome import names

NAMES = (*names.AUTOSOMES, "chrX")
"""The chromosomes that are sampled; the place of each is the seed of its positions."""
_EVERY = 1000  # bp: a position for each of so many
LARGEST = 10
"""Pairs of values that the straight line above the sample's largest one is fitted to."""


def positions(sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Chromosome → rising positions that are sampled, (ceil(bp / 1000),) int64; one may be there more than once.

    Of a genome without numbered chromosomes all main ones are sampled, with seeds in their order.

    Args:
        sizes: chromosome → bp of a genome, any chromosomes.
    """
    seeds = {chrom: seed for seed, name in enumerate(NAMES) if (chrom := names.find(name, sizes)) is not None}
    main = names.main_chromosomes(list(sizes))
    if len(seeds) < 2 < len(main):  # none, or a chrX that is the tenth of a yeast
        seeds = {chrom: seed for seed, chrom in enumerate(main)}
    drawn = {
        chrom: np.random.RandomState(seed).randint(0, sizes[chrom], -(-sizes[chrom] // _EVERY))
        for chrom, seed in seeds.items()
    }
    return {chrom: np.sort(found).astype(np.int64) for chrom, found in drawn.items()}


@dataclass(frozen=True, eq=False)
class QuantileMap:
    """Values of a sample → values of the reference.

    Attributes:
        knots: (n,) float64: 0, and every sampled value but the smallest.
        values: (n,) float64: 0, and the mean of the reference's values of the same ranks. Linear between knots.
        slope: of the line above the last knot.
        intercept: of that line.
    """

    knots: np.ndarray
    values: np.ndarray
    slope: float
    intercept: float

    @classmethod
    def of(cls, sample: np.ndarray, reference: np.ndarray) -> "QuantileMap":
        """Of values (n,) at the same positions of both tracks, in any order.

        Raises:
            InputError: fewer than ten positions, or a track that has one value at all of them.
        """
        sample, reference = np.sort(sample.astype(np.float64)), np.sort(reference.astype(np.float64))
        if len(sample) < LARGEST:
            raise InputError(
                f"A track to be normalized must have at least {LARGEST} sampled positions, one for each "
                f"{_EVERY:,} bp of chromosomes where sample and reference have values",
                received={"positions": len(sample)},
            )
        for what, found in (("sample", sample), ("reference", reference)):
            if found[0] == found[-1]:
                raise InputError(
                    f"The {what} of a quantile normalization must have different values, more than one at the "
                    "sampled positions",
                    received={"positions": len(found), "value": float(found[0])},
                    hint="Is it empty, or much too thin?",
                )
        begins = np.flatnonzero(np.diff(sample)) + 1
        sums = np.add.reduceat(reference, begins)
        means = sums / np.diff(begins, append=len(reference))
        slope, intercept = _line(sample[-LARGEST:], reference[-LARGEST:])
        return cls(np.append(0.0, sample[begins]), np.append(0.0, means), slope, intercept)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Values (n,) of the sample, normalized, float64; they may exceed the reference's largest."""
        values = values.astype(np.float64)
        found = np.interp(values, self.knots, self.values)
        above = values > self.knots[-1]
        found[above] = self.slope * values[above] + self.intercept
        return found


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and intercept by least squares, as `numpy.polyfit`: of equal x the shortest solution of the scaled ones."""
    if x[0] == x[-1]:
        return float(y.mean() / (2 * x[0])), float(y.mean() / 2)
    slope, intercept = np.polyfit(x, y, 1)
    return float(slope), float(intercept)

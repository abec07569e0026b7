"""Scores of the effect of a variant, from predicted profiles of both alleles: functions, and the table of them.

A score is a function and its line in the table, or of another package a function and `register`. It then is a column
of every table, an entry in the INFO of VCF files if it has a key, and part of `zoo variants --help`.

Profiles are of what was measured, not of its logarithm. Directed scores change their sign exactly if the alleles are
swapped.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zoo.arguments import among
from zoo.errors import InputError
from zoo.tables import Table

SMALL = 1e-4  # is added to what is divided by, and to sums before their logarithm, as the authors of ASAP do
SCOPES = ("around", "window")
_SIGMA = 8  # bins
_REACH = 4 * _SIGMA  # bins to each side that a smoothed bin depends on
_COLUMNS = ("chrom", "pos", "id", "ref", "alt", "skipped")  # of tables, beside those of scores
_KEY = re.compile(r"[A-Z][A-Z0-9]{0,31}")


@dataclass(frozen=True)
class Score:
    """A score of variants.

    Attributes:
        name: of its column. Files of an earlier call with the same names count as done: a function that computes
            something else takes another one.
        function: profiles of n variants → (n,). By scope: "around" calls it with the reference's and the
            alternative's bins around the variant that count, (n, bins) each; "window" with all bins that were
            predicted of both, (n, bins), and the number of the variant's own bin.
        description: for the header of VCF files and the help.
        key: in the INFO of VCF files, capitals and digits, such as "LFC"; None leaves it out of them.
        scope: what the function needs.

    Raises:
        InputError: attributes of other kinds.
    """

    name: str
    function: Callable[..., np.ndarray]
    description: str
    key: str | None = None
    scope: str = "around"

    def __post_init__(self) -> None:
        among("scope", "None" if self.scope is None else self.scope, SCOPES)
        rules = {
            "the function must be one": callable(self.function),
            "the description must be text": isinstance(self.description, str) and bool(self.description.strip()),
            "the key must be capitals and digits, or None": self.key is None
            or (isinstance(self.key, str) and _KEY.fullmatch(self.key) is not None),
            f"the name must not be that of another column ({', '.join(_COLUMNS)})": self.name not in _COLUMNS,
        }
        for rule, holds in rules.items():
            if not holds:
                raise InputError(
                    f"A variant score must be valid: {rule}",
                    received={"name": self.name, "key": self.key, "description": self.description},
                )

    def of(self, reference: np.ndarray, alternative: np.ndarray, around: slice, bin: int) -> np.ndarray:
        """The score of profiles.

        Args:
            reference: (n, bins), all that were predicted; likewise `alternative`.
            around: those that count.
            bin: that of the variant.

        Returns:
            (n,) float64.

        Raises:
            InputError: the function returns something else.
        """
        if self.scope == "around":
            scores = self.function(reference[:, around], alternative[:, around])
        else:
            scores = self.function(reference, alternative, bin)
        scores = np.asarray(scores, np.float64)
        if scores.shape != (len(reference),):
            raise InputError(
                "The function of a variant score must return a number for each variant",
                received={"score": self.name, "shape": scores.shape, "variants": len(reference)},
            )
        return scores


def log2_fold_change(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """log2 of the alternative's sum over the reference's (Grover et al. 2026: log fold change)."""
    sums = (profile.sum(axis=1, dtype=np.float64) + SMALL for profile in (reference, alternative))
    one, other = map(np.log2, sums)
    return other - one


def difference(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """The alternative's sum minus the reference's."""
    return alternative.sum(axis=1, dtype=np.float64) - reference.sum(axis=1, dtype=np.float64)


def largest_difference(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Alternative minus reference in the bin where that is furthest from 0."""
    change = alternative.astype(np.float64) - reference
    return np.take_along_axis(change, np.abs(change).argmax(axis=1)[:, None], axis=1)[:, 0]


def maximum_reference(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """The highest bin with the reference's allele."""
    return reference.max(axis=1).astype(np.float64)


def maximum_alternative(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """The highest bin with the alternative allele."""
    return alternative.max(axis=1).astype(np.float64)


def jensen_shannon(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence of the profiles' shapes, in bits: 0 for the same, 1 for no bin in common."""
    shapes = []
    for profile in (reference, alternative):
        positive = np.maximum(profile.astype(np.float64), 0) + 1e-12
        shapes.append(positive / positive.sum(axis=1, keepdims=True))
    one, other = shapes
    middle = 0.5 * (one + other)
    return 0.5 * sum((shape * np.log2(shape / middle)).sum(axis=1) for shape in shapes)


def reference_over_alternative(reference: np.ndarray, alternative: np.ndarray, bin: int) -> np.ndarray:
    """Ratio of both alleles in one bin of profiles smoothed over 8 bins, as in ASAP's notebook."""
    return _smoothed(reference, bin) / (_smoothed(alternative, bin) + SMALL)


def alternative_over_reference(reference: np.ndarray, alternative: np.ndarray, bin: int) -> np.ndarray:
    """The same the other way round."""
    return reference_over_alternative(alternative, reference, bin)


def log2_ratio_plus_1(reference: np.ndarray, alternative: np.ndarray, bin: int) -> np.ndarray:
    """log2 of 1 plus the first of them."""
    return np.log2(reference_over_alternative(reference, alternative, bin) + 1)


def _smoothed(profile: np.ndarray, bin: int) -> np.ndarray:
    """One bin of smoothed profiles, (n, bins) → (n,) float64."""
    from scipy.ndimage import gaussian_filter1d  # the command line, whose help lists the scores, starts without SciPy

    first = max(bin - _REACH, 0)
    near = profile[:, first : bin + _REACH + 1].astype(np.float64)
    return gaussian_filter1d(near, _SIGMA, axis=1)[:, bin - first]


_OWN = (
    Score(
        "log2_fold_change",
        log2_fold_change,
        "log2 of the alternative allele's predicted sum over the reference's",
        "LFC",
    ),
    Score("difference", difference, "predicted sum of the alternative allele minus the reference's", "DIFF"),
    Score(
        "largest_difference",
        largest_difference,
        "alternative minus reference in the bin where that is furthest from 0",
        "MAXDIFF",
    ),
    Score("jensen_shannon", jensen_shannon, "Jensen-Shannon divergence of both predicted profiles, bits", "JSD"),
    Score("maximum_reference", maximum_reference, "highest predicted bin with the reference allele", "MAXREF"),
    Score("maximum_alternative", maximum_alternative, "highest predicted bin with the alternative allele", "MAXALT"),
    Score(
        "reference_over_alternative",
        reference_over_alternative,
        "smoothed reference over alternative in the variant's bin",
        scope="window",
    ),
    Score(
        "alternative_over_reference",
        alternative_over_reference,
        "smoothed alternative over reference in the variant's bin",
        scope="window",
    ),
    Score("log2_ratio_plus_1", log2_ratio_plus_1, "log2 of 1 plus reference_over_alternative", scope="window"),
)
SCORES = Table("variant score", {score.name: score for score in _OWN})


def register(score: Score) -> Score:
    """Add a score of another package to the table. Raises `InputError` for a name or a key that is taken."""
    if not isinstance(score, Score):
        raise InputError("A variant score must be a `zoo.variants.scores.Score`", received={"score": score})
    if score.key is not None and (owner := next((other for other in SCORES.values() if other.key == score.key), None)):
        raise InputError("A variant score must have a key of its own", received={"key": score.key, "of": owner.name})
    SCORES.add(score.name, score)
    return score


def unregister(name: str) -> None:
    """Remove a score that `register` added. Raises `InputError` for any other."""
    SCORES.remove(name)

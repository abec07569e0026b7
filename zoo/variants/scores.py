"""Scores of the effect of a variant, from predicted profiles of both alleles: functions, and the table of them.

A score is a function and its line in the table, or of another package a function and `register`. It then is a column
of every table, an entry in the INFO of VCF files if it has a key, and part of `zoo variants --help`.

Profiles are of what was measured, not of its logarithm. Directed scores change their sign exactly if the alleles are
swapped. Models of a profile and its total counts (BPNet, ChromBPNet) also have scores of their heads, those of
variant-scorer.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from zoo.arguments import among, items_of
from zoo.errors import InputError
from zoo.spec import OutputSpec
from zoo.tables import Table
from zoo.variants.heads import AlleleHeads

SMALL = 1e-4  # is added to what is divided by, and to sums before their logarithm, as the authors of ASAP do
SCOPES = ("around", "window", "heads")
TAILS = ("right", "both")
_NEAREST = 2.0**-24  # of a probability to 0 or 1, in float32
_SIGMA = 8  # bins
_REACH = 4 * _SIGMA  # bins to each side that a smoothed bin depends on
_COLUMNS = (  # of tables, beside those of scores
    *("chrom", "pos", "id", "ref", "alt", "skipped"),
    *("peak_overlap", "peak_distance", "nearest_peak"),
)
_KEY = re.compile(r"[A-Z][A-Z0-9]{0,31}")
_P_VALUE, _CHANCE, _PERCENTILE = "PVAL", "BGPVAL", "PCTL"  # at the ends of keys of what is known of a score


@dataclass(frozen=True)
class Score:
    """A score of variants.

    Attributes:
        name: of its column. Files of an earlier call with the same names count as done: a function that computes
            something else takes another one.
        function: profiles of n variants → (n,). By scope: "around" calls it with the reference's and the
            alternative's bins around the variant that count, (n, bins) each; "window" with all bins that were
            predicted of both, (n, bins), and the number of the variant's own bin; "heads", of models of a profile and
            its total counts, with `zoo.variants.heads.AlleleHeads` of n variants.
        description: for the header of VCF files and the help.
        key: in the INFO of VCF files, capitals and digits, such as "LFC"; None leaves it out of them. Of two scores of
            a model with the same key the file has that of the heads.
        scope: what the function needs.
        tail: of the scores of a null distribution (shuffled sequence, of the scope "heads"; or a background of other
            variants) that a P value counts: "right", the high ones, or "both"; None for no P value.
        with_peaks: whether the function needs the counts at peaks. Of the scope "heads" only.
        least_bins: models that predict fewer bins around a variant do not have it.
        usual: whether a single track has it where no scores are named.

    Raises:
        InputError: attributes of other kinds.
    """

    name: str
    function: Callable[..., np.ndarray]
    description: str
    key: str | None = None
    scope: str = "around"
    tail: str | None = None
    with_peaks: bool = False
    least_bins: int = 1
    usual: bool = True

    def __post_init__(self) -> None:
        among("scope", "None" if self.scope is None else self.scope, SCOPES)
        among("tail", self.tail, TAILS)
        rules = {
            "the function must be one": callable(self.function),
            "the description must be text": isinstance(self.description, str) and bool(self.description.strip()),
            "the key must be capitals and digits, or None": self.key is None
            or (isinstance(self.key, str) and _KEY.fullmatch(self.key) is not None),
            f"the key must not be PEAK, PEAKDIST, or end with {_P_VALUE} or {_PERCENTILE}": self.key
            not in ("PEAK", "PEAKDIST")
            and not str(self.key).endswith((_P_VALUE, _PERCENTILE)),
            f"the name must not be that of another column ({', '.join(_COLUMNS)})": self.name not in _COLUMNS,
            "with_peaks must be of the scope heads": self.scope == "heads" or not self.with_peaks,
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
        return self._checked(scores, len(reference))

    def of_heads(self, both: AlleleHeads) -> np.ndarray:
        """The score of heads, of a score with that scope: (n,) float64. Raises `InputError` as `of` does."""
        return self._checked(self.function(both), len(both))

    def _checked(self, scores: object, count: int) -> np.ndarray:
        scores = np.asarray(scores, np.float64)
        if scores.shape != (count,):
            raise InputError(
                "The function of a variant score must return a number for each variant",
                received={"score": self.name, "shape": scores.shape, "variants": count},
            )
        return scores


def log2_fold_change(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """log2 of the alternative's sum over the reference's (Grover et al. 2026: log fold change)."""
    sums = (np.maximum(profile.sum(axis=1, dtype=np.float64), 0) + SMALL for profile in (reference, alternative))
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


def log_ratio(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Sum over bins of log2(1 + alternative) - log2(1 + reference): SAR of Basenji and Enformer."""
    return _log_change(reference, alternative).sum(axis=1)


def distance(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Root of the sum over bins of the squared difference: D2 of Borzoi."""
    return np.linalg.norm(alternative.astype(np.float64) - reference, axis=1)


def log_distance(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """The same of log2(1 + x): logD2."""
    return np.linalg.norm(_log_change(reference, alternative), axis=1)


def log_sum(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """log2(1 + the alternative's sum) - log2(1 + the reference's): logSUM."""
    one, other = (np.maximum(p.sum(axis=1, dtype=np.float64), 0) for p in (reference, alternative))
    return np.log2(1 + other) - np.log2(1 + one)


def _log_change(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Of each bin; coverage is not negative."""
    one, other = (np.maximum(profile.astype(np.float64), 0) for profile in (reference, alternative))
    return np.log2(1 + other) - np.log2(1 + one)


def log_odds_difference(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Sum over bins of ln(p / (1 - p)) of the alternative minus that of the reference, as DeepSEA has it.

    Probabilities nearer to 0 or 1 than float32 tells count as that near. Raises `InputError` for other values.
    """
    if min(reference.min(), alternative.min()) < 0 or max(reference.max(), alternative.max()) > 1:
        raise InputError("The log odds must be of probabilities", hint="Leave out the score log_odds_difference")
    one, other = (np.clip(p.astype(np.float64), _NEAREST, 1 - _NEAREST) for p in (reference, alternative))
    return (np.log(other / (1 - other)) - np.log(one / (1 - one))).sum(axis=1)


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
        tail="both",
    ),
    Score(
        "difference",
        difference,
        "predicted sum of the alternative allele minus the reference's",
        "DIFF",
        tail="both",
    ),
    Score(
        "largest_difference",
        largest_difference,
        "alternative minus reference in the bin where that is furthest from 0",
        "MAXDIFF",
        tail="both",
    ),
    Score(
        "jensen_shannon",
        jensen_shannon,
        "Jensen-Shannon divergence of both predicted profiles, bits",
        "JSD",
        tail="right",
        least_bins=2,  # a single bin has no shape
    ),
    Score("maximum_reference", maximum_reference, "highest predicted bin with the reference allele", "MAXREF"),
    Score("maximum_alternative", maximum_alternative, "highest predicted bin with the alternative allele", "MAXALT"),
    Score(
        "reference_over_alternative",
        reference_over_alternative,
        "smoothed reference over alternative in the variant's bin",
        scope="window",
        tail="both",
    ),
    Score(
        "alternative_over_reference",
        alternative_over_reference,
        "smoothed alternative over reference in the variant's bin",
        scope="window",
        tail="both",
    ),
    Score(
        "log2_ratio_plus_1",
        log2_ratio_plus_1,
        "log2 of 1 plus reference_over_alternative",
        scope="window",
        tail="both",
    ),
    Score(
        "sar",
        log_ratio,
        "sum of log2(1 + x) of the alternative minus that of the reference",
        "SAR",
        tail="both",
        usual=False,
    ),
    Score("d2", distance, "root of the sum of squared differences of both profiles", "D2", tail="right", usual=False),
    Score("log_d2", log_distance, "the same of log2(1 + x)", "LOGD2", tail="right", usual=False),
    Score(
        "log_sum",
        log_sum,
        "log2(1 + predicted sum) of the alternative minus that of the reference",
        "LOGSUM",
        tail="both",
        usual=False,
    ),
    Score(
        "log_odds_difference",
        log_odds_difference,
        "log odds of the alternative's probability minus those of the reference's",
        "LOGODDS",
        tail="both",
        usual=False,
    ),
)
_ALSO = {"sad": "difference"}  # names that others have for scores


def _of_heads(key: str, text: str, *factors: str, tail: str | None = None) -> Score:
    """An attribute of `AlleleHeads`, or a product of several."""

    def product(both: AlleleHeads) -> np.ndarray:
        return math.prod(getattr(both, factor) for factor in factors)

    with_peaks = any("quantile" in factor for factor in factors)
    return Score("_x_".join(factors), product, text, key, "heads", tail, with_peaks)


_AAQ = "active_allele_quantile"
_VARIANT_SCORER = (
    _of_heads("COUNTS1", "exp(log counts) with the reference allele, mean of strands", "allele1_counts"),
    _of_heads("COUNTS2", "exp(log counts) with the alternative allele, mean of strands", "allele2_counts"),
    _of_heads("LOGFC", "log2 of allele2_counts over allele1_counts", "logfc", tail="both"),
    _of_heads("ABSLOGFC", "absolute logfc", "abs_logfc", tail="right"),
    _of_heads("JSD", "Jensen-Shannon distance, base 2, of both profiles on shared bases", "jsd", tail="right"),
    _of_heads("ORIGJSD", "Jensen-Shannon distance, base 2, of all bins of both profiles", "original_jsd"),
    _of_heads("LOGFCJSD", "logfc times jsd", "logfc", "jsd", tail="both"),
    _of_heads("IES", "integrative effect size, abs_logfc times jsd", "abs_logfc", "jsd", tail="right"),
    _of_heads("QUANTILE1", "fraction of peaks with counts below allele1_counts", "allele1_quantile"),
    _of_heads("QUANTILE2", "fraction of peaks with counts below allele2_counts", "allele2_quantile"),
    _of_heads("AAQ", "active allele quantile, the larger of both", _AAQ, tail="right"),
    _of_heads("QCHANGE", "allele2_quantile minus allele1_quantile", "quantile_change", tail="both"),
    _of_heads("ABSQCHANGE", "absolute quantile_change", "abs_quantile_change", tail="right"),
    _of_heads("LOGFCAAQ", "logfc times AAQ", "logfc", _AAQ, tail="both"),
    _of_heads("ABSLOGFCAAQ", "abs_logfc times AAQ", "abs_logfc", _AAQ, tail="right"),
    _of_heads("JSDAAQ", "jsd times AAQ", "jsd", _AAQ, tail="right"),
    _of_heads("IPS", "integrative prioritization score, logfc times jsd times AAQ", "logfc", "jsd", _AAQ, tail="both"),
    _of_heads("ABSIPS", "absolute IPS", "abs_logfc", "jsd", _AAQ, tail="right"),
)
SCORES = Table("variant score", {score.name: score for score in (*_OWN, *_VARIANT_SCORER)})


def scores_of(*scopes: str, with_peaks: bool = False) -> list[Score]:
    """Those of some scopes, in the order of the table.

    Args:
        with_peaks: also those that need the counts at peaks.
    """
    return [score for score in SCORES.values() if score.scope in scopes and (with_peaks or not score.with_peaks)]


def scores_of_bins(bins: int) -> list[Score]:
    """Those of predictions, for a model that predicts so many bins around a variant, where none are named."""
    return [score for score in scores_of("around", "window") if score.usual and score.least_bins <= bins]


def named(names: object, bins: int) -> list[Score]:
    """Those that a user names, in that order.

    Args:
        names: columns or keys, whatever their case, also "SAD" for `difference`; a list, or text with commas between.
        bins: that are predicted around a variant.

    Raises:
        InputError: a name that no score of predicted bins has, or twice the same one.
    """
    known = {score.name: score for score in scores_of("around", "window") if score.least_bins <= bins}
    by_name = {**{s.key.lower(): s for s in known.values() if s.key}, **{n.lower(): s for n, s in known.items()}}
    by_name |= {also: known[name] for also, name in _ALSO.items()}
    items = [names] if isinstance(names, str) else items_of(names) or [None]
    words = [word for item in items for word in (item.split(",") if isinstance(item, str) else [""])]
    found = [by_name.get(word.strip().lower()) for word in words]
    if not found or None in found or len({score.name for score in found}) < len(found):
        raise InputError(
            f"The scores must be among {', '.join(known)}, each once", example="SAD,SAR", received={"scores": names}
        )
    return found


def scores_of_tracks(output: OutputSpec, bins: int) -> list[Score]:
    """Those of several tracks where none are named: those of the systems that predict such heads.

    Of coverage SAD (`difference`), SAR, D2 and logSUM, of squashed coverage logD2, too; of a probability its difference
    and that of its log odds; else the sum's difference and fold change.
    """
    if output.kind == "coverage":
        return named(["SAD", "SAR", "D2", "logSUM", *(["logD2"] if output.transform == "squashed" else [])], bins)
    probability = bins == 1 and output.transform == "identity" and "probability" in output.quantity
    return named(["difference", "log_odds_difference" if probability else "log2_fold_change"], bins)


def p_value_of(name: str) -> str:
    """The column of a score's P value."""
    return f"{name}.pval"


def column_of(name: str, track: str) -> str:
    """The column of a score of one of several tracks."""
    return f"{name}.{track}"


def info_of(columns: Collection[str], tracks: Mapping[str, int] | None = None) -> dict[str, tuple[str, str]]:
    """What of a table's columns is in the INFO of VCF files: key → column and description.

    Args:
        tracks: those that are scored, if they are several → their number in the head, from 0, which follows the key:
            `SART12`.
    """
    entries = {}
    for name, score in SCORES.items():
        for track, number in (tracks or {}).items():
            if score.key and (column := column_of(name, track)) in columns:
                key = f"{score.key}T{number}"
                entries[key] = column, f"{score.description}, track {track}"
                entries |= _in_background(key, column, columns)
        if score.key and name in columns:
            entries[score.key] = name, score.description
            entries |= _in_background(score.key, name, columns)
        if score.key and p_value_of(name) in columns:
            entries[f"{score.key}{_P_VALUE}"] = p_value_of(name), f"P value of {name} in shuffled sequence"
    return entries


def _in_background(key: str, name: str, columns: Collection[str]) -> dict[str, tuple[str, str]]:
    """The percentile and the P value of a column, if a table has them."""
    entries = {
        f"{key}{_PERCENTILE}": (percentile_of(name), f"percentile of {name} among variants of its kind"),
        f"{key}{_CHANCE}": (chance_of(name), f"P value of {name} among variants of its kind"),
    }
    return {key: entry for key, entry in entries.items() if entry[0] in columns}


def percentile_of(name: str) -> str:
    """The column of a score's percentile among the variants of a background."""
    return f"{name}.percentile"


def chance_of(name: str) -> str:
    """The column of a score's P value among these."""
    return f"{name}.pvalue"


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

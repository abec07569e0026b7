"""How metrics are called where people read them, and what they are: one table for listings, reports and cards.

Keys stay what programs read; of those that say where a metric is from ("pearsonr, peaks (bias)") the first part is
looked up.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """What people read.

    Attributes:
        text: short, in lower case but for proper names.
        meaning: what the text does not say.
    """

    text: str
    meaning: str = ""


_RANDOM = "the precision of random predictions, which is the fraction of bound bins"
_SHUFFLED = "of profiles with permuted bases"
_AUPR = Label("AUPR", "the area under the precision-recall curve whose points are joined by lines, as by maxATAC")
_AVERAGE_PRECISION = Label("average precision", "the area under the steps of the precision-recall curve")
LABELS: Mapping[str, Label] = {
    "bins": Label("bins"),
    "positives": Label("bound bins"),
    "positive bins": Label("bound bins"),
    "random_precision": Label("random precision", _RANDOM),
    "share of positive bins": Label("random precision", _RANDOM),
    "aupr": _AUPR,
    "AUPR": _AUPR,
    "average_precision": _AVERAGE_PRECISION,
    "average precision": _AVERAGE_PRECISION,
    "auroc": Label("AUROC", "the area under the receiver operating characteristic"),
    "precision_at_5_percent_recall": Label("precision at 5 % recall"),
    "log2_fold": Label("log2 AUPR / random", "the log2 of AUPR over random precision"),
    "best_f1": Label("best F1", "the highest F1 of all thresholds"),
    "best_f1_threshold": Label("threshold at best F1", "the lowest score of a called bin, where F1 is highest"),
    "precision_at_best_f1": Label("precision at best F1"),
    "recall_at_best_f1": Label("recall at best F1"),
    "threshold_at_precision_0.9": Label("threshold at precision 0.9"),
    "covered": Label("evaluated fraction", "of all bins of the chromosomes"),
    "score": Label("threshold", "the lowest score of a called bin"),
    "f1": Label("F1 at threshold"),
    "log2fc": Label("log2 precision / random", "the log2 of precision over random precision"),
    "precision_low": Label("precision, low", "lower limit of the 95 % interval of precision"),
    "precision_high": Label("precision, high", "upper limit of the 95 % interval of precision"),
    "pearson": Label("Pearson", "Pearson's correlation"),
    "spearman": Label("Spearman", "Spearman's rank correlation"),
    "kendall": Label("Kendall", "Kendall's rank correlation, tau-b"),
    "r2": Label("R2", "the coefficient of determination"),
    "mse": Label("mean squared error"),
    "spearman_error": Label("Spearman, standard error"),
    "kendall_error": Label("Kendall, standard error"),
    "poisson_nll": Label("Poisson loss", "the negative log-likelihood of a Poisson distribution"),
    "linear_pearson": Label("Pearson, linear", "on the scale of the track"),
    "linear_mse": Label("mean squared error, linear", "on the scale of the track"),
    "linear_poisson_nll": Label("Poisson loss, linear", "on the scale of the track"),
    "shape": Label("shape similarity", "the cosine similarity of mean profiles"),
    "pearsonr": Label("Pearson", "Pearson's correlation of log counts"),
    "spearmanr": Label("Spearman", "Spearman's rank correlation of log counts"),
    "median_jsd": Label("median JSD", "the Jensen-Shannon distance of profiles"),
    "median_jsd_rnd": Label("median JSD, permuted", f"the Jensen-Shannon distance {_SHUFFLED}"),
    "median_norm_jsd": Label("median normalized JSD", "the Jensen-Shannon distance, scaled so that 1 is best"),
    "median_norm_jsd_rnd": Label("median normalized JSD, permuted", f"the same {_SHUFFLED}"),
    "without_counts": Label("regions without counts"),
}
"""Key → label."""
_REST = re.compile(r"(?=, | \(| chr\w+| around )")
_MEAN = "mean "  # over chromosomes, before the metric's name
_MANY = 8  # figures; fewer are listed one under another
_AT_LEAST = re.compile(r"(precision|recall|log2fc)=(.+)")


def label(key: str) -> str:
    """A key as people read it: its label, or the key without underscores."""
    mean, head, rest = _split(key)
    known = LABELS.get(head)
    return mean + (known.text if known else head.replace("_", " ")) + rest.replace("_", " ")


def meanings(keys: Iterable[str]) -> str:
    """A line that says what the labels of some keys mean, as far as they do not say so themselves."""
    heads = dict.fromkeys(_split(key)[1] for key in keys)
    known = dict.fromkeys(LABELS[head] for head in heads if head in LABELS and LABELS[head].meaning)
    said = "; ".join(f"{each.text}: {each.meaning}" for each in known)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def grouped(figures: Mapping[str, float]) -> tuple[list[str], dict[str, dict[str, float]]] | None:
    """Many figures of the same metrics in several sets, parts or baselines, as the rows of a table.

    Args:
        figures: key → value, such as "pearsonr, peaks (bias)".

    Returns:
        The columns, which are the metrics' keys; and the rows: what follows the metric's name in the key ("peaks
        (bias)"; nothing for the metric itself) → column → value. None where a list is as short, most of the table would
        be empty, or two figures would have one cell.

    >>> columns, rows = grouped({f"{metric}, chr{n}": n / 10 for metric in ("mse", "r2") for n in (1, 2, 3, 4)})
    >>> columns, rows["chr4"]
    (['mse', 'r2'], {'mse': 0.4, 'r2': 0.4})
    """
    rows: dict[str, dict[str, float]] = {}
    for key, value in figures.items():
        mean, head, rest = _split(key)
        where = (mean.rstrip() + rest).strip(", ").replace("_", " ")
        alone = where.startswith("(") and where.find(")") == len(where) - 1
        rows.setdefault(where[1:-1] if alone else where, {})[head] = value
    columns = list(dict.fromkeys(head for row in rows.values() for head in row))
    whole = sum(map(len, rows.values())) == len(figures)
    dense = min(len(rows), len(columns)) > 1 and 2 * len(figures) > len(rows) * len(columns)
    return (columns, rows) if whole and dense and len(figures) >= _MANY else None


def _split(key: str) -> tuple[str, str, str]:
    """What is before the metric of a key, the metric, and what follows it."""
    head, *rest = _REST.split(key, maxsplit=1)
    mean = _MEAN if head.removeprefix(_MEAN) in LABELS and head.startswith(_MEAN) else ""
    return mean, head.removeprefix(mean), "".join(rest)


def threshold(asked: str) -> str:
    """What a threshold that is asked for by name stands for, and the name: "best F1 (f1)"."""
    if asked == "f1":
        return f"{LABELS['best_f1'].text} (f1)"
    if wanted := _AT_LEAST.fullmatch(asked):
        return f"{label(wanted[1])} of {wanted[2]} or more ({asked})"
    return asked

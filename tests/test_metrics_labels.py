"""How metrics are called where people read them."""

from dataclasses import fields

import numpy as np
import pytest

from registry import card
from registry.metrics import LABELS, grouped, label, meanings, threshold
from zoo.console.table import table
from zoo.evaluate.agreement import Agreement
from zoo.evaluate.binding import Binding
from zoo.evaluate.curves import Scores


def test_labels_of_keys():
    assert label("best_f1_threshold") == "threshold at best F1"
    assert label("random_precision") == "random precision"
    assert label("precision_at_5_percent_recall") == "precision at 5 % recall"
    assert label("pearsonr, peaks_and_nonpeaks (bias)") == "Pearson, peaks and nonpeaks (bias)"
    assert label("share of positive bins (REB1)") == "random precision (REB1)"
    assert label("of_a_plugin") == "of a plugin"


def test_figures_as_a_table():
    """Rows are what the metrics are of, columns are metrics; a few, or those of one row or column, are a list."""
    parts = ("peaks", "peaks (bias)", "all_regions", "peaks, mean")
    keys = [f"{metric}, {part}" for metric in ("pearsonr", "median_jsd") for part in parts]
    columns, rows = grouped(dict(zip(keys, range(8), strict=True)))
    assert columns == ["pearsonr", "median_jsd"]
    assert rows == {
        "peaks": {"pearsonr": 0, "median_jsd": 4},
        "peaks (bias)": {"pearsonr": 1, "median_jsd": 5},
        "all regions": {"pearsonr": 2, "median_jsd": 6},
        "peaks, mean": {"pearsonr": 3, "median_jsd": 7},
    }
    factors = {f"{metric} ({factor})": 1.0 for metric in ("AUPR", "average precision") for factor in "ABCD"}
    assert list(grouped(factors)[1]) == ["A", "B", "C", "D"]
    assert grouped(factors | {"AUPR, A": 2.0}) is None  # which would have the place of "AUPR (A)"
    odd = {f"{key} (odd)": value for key, value in factors.items()}
    assert next(iter(grouped(odd)[1])) == "(A) (odd)"
    where = ("", " chr1", " chr1, k-mer regression", " chr1 around peaks")
    chromosomes = {f"{mean}pearson{each}": 1.0 for mean in ("", "mean ") for each in where}
    assert grouped(chromosomes) is None  # of one metric
    chromosomes |= {key.replace("pearson", "spearman"): 2.0 for key in chromosomes}
    assert list(grouped(chromosomes)[1]) == [
        *("", "chr1", "chr1, k-mer regression", "chr1 around peaks"),
        *("mean", "mean chr1", "mean chr1, k-mer regression", "mean chr1 around peaks"),
    ]
    assert grouped(dict(list(factors.items())[:7])) is None
    assert grouped({f"{metric} (A)": 1.0 for metric in LABELS}) is None
    assert grouped({f"{metric} ({metric})": 1.0 for metric in LABELS}) is None  # most of it would be empty


def test_labels_of_means_and_chromosomes():
    assert label("mean pearson around peaks") == "mean Pearson around peaks"
    assert label("pearson chrIV, k-mer regression") == "Pearson chrIV, k-mer regression"
    assert label("mse, chr1") == "mean squared error, chr1"
    assert label("mean something") == "mean something"


def test_what_labels_do_not_say():
    assert meanings(["bins", "random_precision", "random_precision, all", "of_a_plugin", "best_f1"]) == (
        "Random precision: the precision of random predictions, which is the fraction of bound bins; best F1: the "
        "highest F1 of all thresholds."
    )
    assert meanings(["bins"]) == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("f1", "best F1 (f1)"),
        ("precision=0.9", "precision of 0.9 or more (precision=0.9)"),
        ("recall=0.5", "recall of 0.5 or more (recall=0.5)"),
        ("0.45", "0.45"),
    ],
)
def test_thresholds_that_are_asked_for(asked: str, said: str):
    assert threshold(asked) == said


@pytest.mark.parametrize("kind", [Binding, Agreement])
def test_every_metric_of_a_table_has_a_label(kind: type):
    assert {field.name for field in fields(kind)} - {"pairs", "why"} <= set(LABELS)


def test_no_two_keys_of_a_table_have_one_label():
    for keys in ([field.name for field in fields(Binding)], [field.name for field in fields(Agreement)]):
        assert len(set(map(label, keys))) == len(keys)


def test_names_of_a_binding():
    """A hit at 0.9, a miss at 0.8, a hit at 0.7."""
    scores = Scores()
    scores.add(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]))
    found = Binding.of(scores.curve())
    assert found.random_precision == pytest.approx(2 / 3)
    assert (found.best_f1, found.best_f1_threshold) == (pytest.approx(0.8), pytest.approx(0.7))
    assert found.precision_at_5_percent_recall == 1


def test_a_table_in_a_terminal():
    text = table({"all": {"best_f1": 0.64, "best_f1_threshold": 0.45}}, width=80)
    assert text == "     best F1  threshold at best F1\nall     0.64                  0.45"


def test_a_table_of_a_users_names_keeps_them():
    assert table({"a": {"best_f1": 1}}, width=80, of_names=True).splitlines()[0].split() == ["best_f1"]


def test_a_card_names_its_metrics():
    config = {
        "name": "test/A",
        "description": "d",
        "input": {"window": 1024, "genome": "hg38", "tracks": [], "sources": [], "covariates": []},
        "outputs": [{"kind": "binding", "target": "A", "quantity": "binding", "bins": 1, "bin_size": 32, "tracks": []}],
        "metrics": {"best_f1": 0.64, "best_f1_threshold": 0.45},
        "provenance": {},
    }
    text = card.of_model(config, [("f1", 0.45, 0.7, 0.6, None)])
    assert "| best F1 | 0.64 |\n| threshold at best F1 | 0.45 |\n\nBest F1: the highest F1 of all thresholds;" in text
    assert "| best F1 (f1) | 0.450 | 0.700 | 0.600 |" in text

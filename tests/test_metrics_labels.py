"""How metrics are called where people read them."""

from dataclasses import fields

import numpy as np
import pytest

from registry import card
from registry.metrics import LABELS, label, meanings, threshold
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

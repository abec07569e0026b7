"""Expected and observed precision and recall of the yeast models' thresholds, on held-out chromosomes.

Each binding model that ships is applied to chromosomes that it has not seen; its thresholds were calibrated on others,
which chose its epoch. Both precisions have a 95 % interval: the expected one that for other chromosomes
(`zoo.evaluate.promises.interval`), the observed one by bootstrap over blocks of 100 kb. Of the last columns, 1 means
that the expected precision lies in the interval of the observed one, and that the observed one lies in the interval
that was expected.

Usage: python recipes/evaluate_thresholds.py [REB1 ...] [--out FOLDER]
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import yeast

import zoo
from zoo.console import recipe
from zoo.console.table import table
from zoo.errors import InputError
from zoo.evaluate.calibration import calibration
from zoo.evaluate.counts import Counts, row_of
from zoo.evaluate.promises import observed
from zoo.predict import thresholds
from zoo.predict.thresholds import ThresholdTable

TEST = ("chrIV", "chrXIII")
ASKED = ("f1", "precision=0.3", "precision=0.5", "precision=0.7", "recall=0.5")


def main(options: argparse.Namespace) -> None:
    """Print expected and observed figures of the tables that ship."""
    data = yeast.prepare(yeast.required_data(), options.out / "data")
    rows: dict[str, dict[str, dict]] = {}
    for factor in [name.upper() for name in options.factors] or yeast.FACTORS:
        model, peaks = zoo.load(f"yeast/{factor}"), data.peaks_of(factor)
        files = model.predict(
            genome=data.genome,
            signal=data.signal,
            chromosomes=list(TEST),
            output=options.out / factor,
            threshold=None,
        )
        (tested,) = calibration([(files.bigwig, peaks)], list(TEST)).samples
        for threshold, row in kept(model.thresholds, tested.groups).items():
            rows.setdefault(threshold, {})[factor] = row
    for name, of_factors in rows.items():
        print(f"\n{name}\n{table(of_factors)}")
    print("\nMeans\n" + table({name: mean(list(of_factors.values())) for name, of_factors in rows.items()}))


def mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """Of each column over the models that have a number there; limits of intervals have none."""
    columns = [key for key in rows[0] if not key.endswith((" low", " high"))]
    found = {key: [row[key] for row in rows if np.isfinite(row[key])] for key in columns}
    return {"models": len(rows), **{key: float(np.mean(each)) if each else np.nan for key, each in found.items()}}


def kept(promised: ThresholdTable, tested: Sequence[Counts]) -> dict[str, dict[str, float]]:
    """Thresholds that a table reaches: expected figures, and those observed in blocks of the test chromosomes."""
    rows, whole = {}, sum(tested, Counts())
    for threshold in ASKED:
        try:
            at = thresholds.resolve(threshold, promised)
        except InputError:
            continue
        low, high = at.interval or (np.nan, np.nan)
        found, found_low, found_high = observed(tested, at.score)
        rows[threshold] = {
            "score": at.score,
            "expected precision": at.precision,
            "expected low": low,
            "expected high": high,
            "observed precision": found,
            "observed low": found_low,
            "observed high": found_high,
            "expected recall": at.recall,
            "observed recall": float(whole.hits[row_of(at.score)] / whole.positives),
            "expected in interval of observed": float(found_low <= at.precision <= found_high),
            "observed in expected interval": float(low <= found <= high) if at.interval else np.nan,
        }
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Promised and found precision; see the file's head.")
    parser.add_argument("factors", nargs="*", metavar="FACTOR", help=f"of {', '.join(yeast.FACTORS)} (default all)")
    parser.add_argument("--out", type=Path, default=Path("evaluation/thresholds"), help="folder of the predictions")
    chosen = parser.parse_args()
    if unknown := {name.upper() for name in chosen.factors} - set(yeast.FACTORS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    recipe.run("evaluate_thresholds", main, chosen)

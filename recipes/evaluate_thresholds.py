"""Expected and observed precision and recall of the yeast models' thresholds, on held-out chromosomes.

Each binding model that ships is applied to its validation chromosomes, on which its thresholds are calibrated, and to
its test chromosomes. Both precisions have a 95 % interval: the expected one that for other chromosomes
(`zoo.evaluate.promises.interval`), the observed one by bootstrap over blocks of 100 kb. Of the last columns, 1 means
that the expected precision lies in the interval of the observed one, and that the observed one lies in the interval
that was expected. With --install table, metrics and card are made again from that; the weights stay.

Usage: python recipes/evaluate_thresholds.py [REB1 ...] [--out FOLDER] [--install]
"""

import argparse
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import yeast

import zoo
from registry import card, digests
from zoo.console import recipe
from zoo.console.table import table
from zoo.errors import InputError
from zoo.evaluate.binding import Benchmark, benchmark
from zoo.evaluate.calibration import calibrate, calibration
from zoo.evaluate.counts import Counts, row_of
from zoo.evaluate.promises import observed
from zoo.predict import thresholds
from zoo.predict.thresholds import ThresholdTable

VALIDATION, TEST = ("chrX", "chrXI"), ("chrIV", "chrXIII")
ASKED = ("f1", "precision=0.3", "precision=0.5", "precision=0.7", "recall=0.5")
REGISTRY = Path(__file__).parents[1] / "registry"


def main(options: argparse.Namespace) -> None:
    """Print expected and observed figures, of the table that ships and of one made now, which `--install` installs."""
    data = yeast.prepare(yeast.required_data(), options.out / "data")
    rows: dict[str, dict[str, dict]] = {}
    for factor in [name.upper() for name in options.factors] or yeast.FACTORS:
        model, peaks = zoo.load(f"yeast/{factor}"), data.peaks_of(factor)
        benchmarks = {}
        for strands in ("forward", "both"):
            base = options.out / f"{factor}_{strands}"
            chromosomes = list(TEST if strands == "both" else VALIDATION + TEST)
            files = model.predict(
                genome=data.genome,
                signal=data.signal,
                chromosomes=chromosomes,
                output=base,
                threshold=None,
                strands=strands,
            )
            benchmarks[strands] = benchmark(files.bigwig, peaks, list(TEST))
            if strands == "forward":
                made = calibrate([(files.bigwig, peaks)], list(VALIDATION))
                (tested,) = calibration([(files.bigwig, peaks)], list(TEST)).samples
        for which, promised in (("shipped", model.thresholds), ("made now", made)):
            for threshold, row in kept(promised, tested.groups).items():
                rows.setdefault(f"{threshold}, {which}", {})[factor] = row
        if options.install:
            install(model, made, metrics_of(benchmarks))
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


def metrics_of(benchmarks: dict[str, Benchmark]) -> dict[str, float]:
    """The metrics of a card, as training writes them."""
    metrics = {}
    for strands, label in (("forward", ""), ("both", " (both strands)")):
        metrics[f"AUPR{label}"] = round(benchmarks[strands].overall.aupr, 4)
        metrics[f"average precision{label}"] = round(benchmarks[strands].overall.average_precision, 4)
    metrics["positive bins"] = float(benchmarks["forward"].overall.positives)
    metrics["share of positive bins"] = round(benchmarks["forward"].overall.random, 5)
    return metrics


def install(model: zoo.Model, made: ThresholdTable, metrics: dict[str, float]) -> None:
    """Write the table, the metrics and the card of a model that ships, its digests, and its line of the index."""
    folder, name = model.path, model.spec.name.split("/")[1]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["metrics"] = {key: metrics[key] for key in config["metrics"]}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / "thresholds.tsv").write_text(made.to_tsv(), encoding="utf-8")
    training = re.search(r"\*\*Training\.\*\* (.*)", (folder / "README.md").read_text(encoding="utf-8"))[1]
    text = card.of_model(config, training=training, **made.for_card())
    (folder / "README.md").write_text(text, encoding="utf-8")
    digests.write_digests(folder, {"source": model.spec.name})
    index = REGISTRY / "families" / "yeast.json"
    family = json.loads(index.read_text(encoding="utf-8"))
    facts = family["models"][name]["facts"]
    facts.update({key: metrics[key] for key in facts})
    index.write_text(json.dumps(family, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Promised and found precision; see the file's head.")
    parser.add_argument("factors", nargs="*", metavar="FACTOR", help=f"of {', '.join(yeast.FACTORS)} (default all)")
    parser.add_argument("--out", type=Path, default=Path("evaluation/thresholds"), help="folder of the predictions")
    parser.add_argument("--install", action="store_true", help="write the tables into registry/builtin")
    chosen = parser.parse_args()
    if unknown := {name.upper() for name in chosen.factors} - set(yeast.FACTORS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    recipe.run("evaluate_thresholds", main, chosen)

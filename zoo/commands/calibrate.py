"""The command line of `zoo calibrate`, which also understands the options of `maxatac threshold`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from registry.paths import user_path
from zoo.commands import originals
from zoo.commands.evaluation import ADDED, BINS, add_outputs, answer, claim, refuse
from zoo.console.signature import Signature, exclude
from zoo.errors import InputError
from zoo.genome import names

if TYPE_CHECKING:
    from zoo.evaluate.calibration import Calibration
    from zoo.evaluate.probabilities import Reliability
    from zoo.predict.thresholds import ThresholdTable

EXAMPLES = (
    "zoo calibrate --prediction out/ctcf.bw --peaks peaks.bed --output out/thresholds",
    "zoo calibrate --prediction out/ctcf.bw --peaks peaks.bed --probabilities --output out/probabilities",
)
SIGNATURE = Signature(
    "zoo.evaluate.calibration:calibration",
    common=BINS,
    left_out={"samples": "pairs of files: --meta, or --prediction and --peaks"},
    added=ADDED | dict.fromkeys(("meta", "prediction", "peaks"), "the samples"),
)
_LIMIT = {column: {"limit_of": "precision"} for column in ("precision_low", "precision_high")}
_CURVES = {
    "precision": "precision",
    "precision, 95 % interval, lower limit": "precision_low",
    "precision, 95 % interval, upper limit": "precision_high",
    "recall": "recall",
    "F1": "f1",
    "probability": "probability",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo calibrate`."""
    parser.add_argument("--meta", metavar="TSV", help="a cell type per row: Prediction, Binding_File")
    parser.add_argument(
        "--prediction",
        nargs="+",
        metavar="BIGWIG",
        help="of one cell type, with --peaks; or several, each of chromosomes of its own: those that the model of a "
        "fold has not seen",
    )
    exclude(parser, ("meta", "prediction"), required=True)
    parser.add_argument("--peaks", **BINS["peaks"])
    SIGNATURE.add(parser)
    add_outputs(parser)
    originals.add(parser, "calibrate")


def run(options: argparse.Namespace) -> None:
    """Run `zoo calibrate`."""
    from zoo.evaluate.calibration import calibration

    if options.output is None:
        raise InputError("A table of thresholds must be written to files", example="--output out/ctcf")
    samples = _samples(options)
    claim(options, "calibration", samples, (".tsv",))
    made = calibration(samples, **SIGNATURE.values(options) | {"rule": options.rule or "any"})
    evaluated = [
        {
            "prediction": [str(path) for path in prediction] if isinstance(prediction, list) else str(prediction),
            "peaks": str(peaks),
            "positives": sample.positives,
            "crossfitted": sample.crossfitted,
            "chromosomes": list(sample.chromosomes),
            "extent": sample.extent.to_json(),
        }
        for (prediction, peaks), sample in zip(samples, made.samples, strict=True)
    ]
    settings = {"kind": "calibration", "samples": evaluated, "bin_size": options.bin_size, "compat": options.compat}
    if made.reliability:
        settings["reliability"] = made.reliability.to_json()
    sections = [_curves(made.table), *([_classes(made.reliability)] if made.reliability else [])]
    note = "\n".join(_notes(samples, made))
    texts = {".tsv": [made.table.to_tsv()]}
    firsts = [prediction[0] if isinstance(prediction, list) else prediction for prediction, _ in samples]
    title = f"Calibrated thresholds: {names.some(dict.fromkeys(path.name for path in firsts))}"
    answer(options, title, settings, _picked(made.table), sections, note, texts)


def _picked(table: "ThresholdTable") -> dict[str, dict]:
    """What it promises at some thresholds."""
    from zoo.predict import thresholds

    picked = {"best F1": thresholds.resolve("f1", table).to_json()}
    for at in (0.5, 0.8, 0.9):
        reached = ((table.columns["precision"] >= at) & (table.columns["recall"] > 0)).any()
        picked |= {f"precision {at}": table.at_least("precision", at).to_json()} if reached else {}
    for row in picked.values():
        row.pop("asked")
    return picked


def _notes(samples: Sequence[tuple], made: "Calibration") -> list[str]:
    """What was evaluated; precision with its interval; how reliable probabilities are."""
    firsts = [prediction[0] if isinstance(prediction, list) else prediction for prediction, _ in samples]
    lines = [
        f"{Path(first).name}{' and others' * isinstance(prediction, list)}: {sample.extent}"
        for first, (prediction, _), sample in zip(firsts, samples, made.samples, strict=True)
    ]
    lines += [f"Measured on {made.table.measured}"] if made.table.measured else []
    lines += [
        f"{name}: precision {precision:.2f} ({interval[0]:.2f} to {interval[1]:.2f}) on other chromosomes"
        for name, _, precision, _, interval in made.table.examples()
        if interval
    ]
    lines += [f"Expected calibration error of probabilities: {made.reliability.error:.4f}"] if made.reliability else []
    return lines


def _curves(table: "ThresholdTable") -> dict:
    """A section of the page: the table's columns."""
    score = table.columns["threshold"].tolist()
    series = [
        {"name": label, "x": score, "y": table.columns[column].tolist(), **_LIMIT.get(column, {})}
        for label, column in _CURVES.items()
        if column in table.columns
    ]
    return {"kind": "curves", "title": "Thresholds", "x": "threshold", "y": "fraction", "series": series}


def _classes(reliability: "Reliability") -> dict:
    """A section of the page: what was found of bins whose probability is alike."""
    rows = [
        [f"{each.low:.1f} to {each.high:.1f}", each.bins, each.predicted, each.observed] for each in reliability.classes
    ]
    return {
        "kind": "table",
        "title": "Reliability of probabilities",
        "note": f"Each part of {reliability.folds} by the others; expected calibration error {reliability.error:.4f}",
        "columns": ["probability", "bins", "mean probability", "fraction bound"],
        "rows": rows,
    }


def _samples(options: argparse.Namespace) -> list[tuple[Path | list[Path], Path]]:
    """The (prediction or predictions, peaks) to calibrate on."""
    from zoo.data.meta import rows

    if options.meta:
        refuse(options, "with --meta", "peaks")
        path = user_path(options.meta, "table of predictions")
        columns = ("Prediction", "Binding_File")
        table = rows(path, columns, "The table of predictions")
        return [tuple(_listed(path, row, name, where) for name in columns) for row, where in table]
    if not options.peaks:
        raise InputError("A prediction must be calibrated with peaks", example="--peaks ctcf.bed")
    predictions = [user_path(prediction, "prediction") for prediction in options.prediction]
    return [(predictions if len(predictions) > 1 else predictions[0], user_path(options.peaks, "peaks"))]


def _listed(table: Path, row: dict[str, str], column: str, where: str) -> Path:
    """A file that a table names, relative to it."""
    path = user_path(table.parent / row[column], column)
    if not row[column] or not path.is_file():
        raise InputError(f"The {column} must be a file", where=where, received={column: row[column]})
    return path

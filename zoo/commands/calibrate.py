"""The command line of `zoo calibrate`, which also understands the options of `maxatac threshold`."""

import argparse
from pathlib import Path

from registry.paths import user_path
from zoo.commands import originals
from zoo.commands.evaluation import ADDED, BINS, add_outputs, answer, claim, refuse
from zoo.console.signature import Signature, exclude
from zoo.errors import InputError

SIGNATURE = Signature(
    "zoo.evaluate.calibration:calibration",
    common=BINS,
    left_out={"samples": "pairs of files: --meta, or --prediction and --peaks"},
    added=ADDED | dict.fromkeys(("meta", "prediction", "peaks"), "the samples"),
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo calibrate`."""
    parser.add_argument("--meta", metavar="TSV", help="a cell type per row: Prediction, Binding_File")
    parser.add_argument("--prediction", metavar="BIGWIG", help="of one cell type, with --peaks")
    exclude(parser, ("meta", "prediction"), required=True)
    parser.add_argument("--peaks", **BINS["peaks"])
    SIGNATURE.add(parser)
    add_outputs(parser)
    originals.add(parser, "calibrate")


def run(options: argparse.Namespace) -> None:
    """Run `zoo calibrate`."""
    from zoo.evaluate.calibration import calibration
    from zoo.predict import thresholds

    if options.output is None:
        raise InputError("A table of thresholds must be written to files", example="--output out/ctcf")
    samples = _samples(options)
    claim(options, "calibration", samples, (".tsv",))
    made = calibration(samples, **SIGNATURE.values(options) | {"rule": options.rule or "any"})
    table = made.table
    picked = {"best F1": thresholds.resolve("f1", table).to_json()}
    for at in (0.5, 0.8, 0.9):
        reached = ((table.columns["precision"] >= at) & (table.columns["recall"] > 0)).any()
        picked |= {f"precision {at}": table.at_least("precision", at).to_json()} if reached else {}
    for row in picked.values():
        row.pop("asked")
    score = table.columns["threshold"].tolist()
    series = [
        {"name": label, "x": score, "y": table.columns[column].tolist()}
        for label, column in (("precision", "precision"), ("recall", "recall"), ("F1", "f1"))
    ]
    sections = [{"kind": "curves", "title": "Thresholds", "x": "threshold", "y": "fraction", "series": series}]
    measured = [
        {
            "prediction": str(prediction),
            "peaks": str(peaks),
            "positives": sample.positives,
            "crossfitted": sample.crossfitted,
            "extent": sample.extent.to_json(),
        }
        for (prediction, peaks), sample in zip(samples, made.samples, strict=True)
    ]
    settings = {"kind": "calibration", "samples": measured, "bin_size": options.bin_size, "compat": options.compat}
    note = "\n".join(
        f"{Path(prediction).name}: {sample.extent}"
        for (prediction, _), sample in zip(samples, made.samples, strict=True)
    )
    answer(options, "Calibrated thresholds", settings, picked, sections, note, {".tsv": [table.to_tsv()]})


def _samples(options: argparse.Namespace) -> list[tuple[Path, Path]]:
    """The (prediction, peaks) to calibrate on."""
    from zoo.data.meta import rows

    if options.meta:
        refuse(options, "with --meta", "peaks")
        path = user_path(options.meta, "table of predictions")
        columns = ("Prediction", "Binding_File")
        table = rows(path, columns, "The table of predictions")
        return [tuple(_listed(path, row, name, where) for name in columns) for row, where in table]
    if not options.peaks:
        raise InputError("A prediction must be calibrated with peaks", example="--peaks ctcf.bed")
    return [(user_path(options.prediction, "prediction"), user_path(options.peaks, "peaks"))]


def _listed(table: Path, row: dict[str, str], column: str, where: str) -> Path:
    """A file that a table names, relative to it."""
    path = user_path(table.parent / row[column], column)
    if not row[column] or not path.is_file():
        raise InputError(f"The {column} must be a file", where=where, received={column: row[column]})
    return path

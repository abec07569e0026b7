"""The command lines of `zoo benchmark`, `calibrate` and `evaluate`; the originals' options by their names."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from registry.paths import user_path
from zoo.commands import originals
from zoo.console.table import table
from zoo.environment import versions
from zoo.errors import InputError
from zoo.files.record import finite

_FILES = ("prediction", "peaks", "track", "meta", "name", "genome", "signal", "regions", "blacklist", "unmappable")
_INPUTS = (*_FILES, "region")


def add_benchmark(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo benchmark`."""
    parser.add_argument("--prediction", required=True, metavar="BIGWIG", help="predicted track")
    truth = parser.add_mutually_exclusive_group(required=True)
    truth.add_argument("--peaks", metavar="FILE", help="BED of peaks, or bigWig above 0 where bound")
    truth.add_argument("--track", metavar="BIGWIG", help="measured track: correlations instead of precision")
    parser.add_argument(
        "--aggregate",
        metavar="HOW",
        help="score of a bin: max, mean, min, std, coverage or sum of its values (default max; mean with --track)",
    )
    parser.add_argument("--round-predictions", type=int, metavar="N", help="decimals of scores (default 9)")
    parser.add_argument("--region", metavar="REGION", help="only bins that lie in, for example, chr1:1,001-2,000,000")
    parser.add_argument("--tables", action="store_true", help="write every point of each curve, OUTPUT_*_PRC.tsv")
    _add_bins(parser)
    _add_common(parser)
    originals.add(parser, "benchmark")


def add_calibrate(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo calibrate`."""
    files = parser.add_mutually_exclusive_group(required=True)
    files.add_argument("--meta", metavar="TSV", help="a cell type per row: Prediction, Binding_File")
    files.add_argument("--prediction", metavar="BIGWIG", help="of one cell type, with --peaks")
    parser.add_argument("--peaks", metavar="FILE", help="BED of peaks, or bigWig above 0 where bound")
    _add_bins(parser)
    _add_common(parser)
    originals.add(parser, "calibrate")


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo evaluate`."""
    parser.add_argument("name", help="a model of accessibility: family/MODEL or a model folder")
    parser.add_argument("--genome", required=True, help="sequence, .2bit")
    parser.add_argument("--signal", required=True, help="measured track, .bw")
    parser.add_argument("--peaks", metavar="NARROWPEAK", help="windows around summits instead of all chromosomes")
    parser.add_argument("--unmappable", metavar="BED", help="leave out windows that touch these, too")
    parser.add_argument("--robustness", action="store_true", help="also measure how predictions vary with the window")
    parser.add_argument("--shifts", type=int, metavar="N", help="places of the window, with --robustness (default 17)")
    parser.add_argument(
        "--step", type=int, metavar="BP", help="between its cores, with --robustness (default a quarter of the window)"
    )
    _add_common(parser)


def _add_bins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bin-size", type=int, default=200, metavar="BP", help="(default 200)")
    parser.add_argument("--rule", help="a bin is bound if peaks cover any base, or half of it (default any)")
    parser.add_argument("--regions", metavar="BED", help="evaluate only bins that overlap these")
    parser.add_argument(
        "--compat",
        metavar="maxatac",
        help="as maxATAC: its bins, 0 where nothing was predicted, precision not cross-fitted",
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--chromosomes", "-c", nargs="+", metavar="CHROM", help="default all that the files have")
    parser.add_argument("--blacklist", metavar="FILE", help="what is left out: BED, or a bigWig that is above 0 there")
    parser.add_argument("--output", action=originals.Output, metavar="BASE", help="write BASE.json, BASE.html and more")
    parser.add_argument("--json", action="store_true", help="print JSON")


def benchmark(options: argparse.Namespace) -> None:
    """Run `zoo benchmark`."""
    from zoo.evaluate import binding
    from zoo.genome.interval import Interval
    from zoo.genome.signal import Signal

    if options.tables and not options.output:
        raise InputError("Tables must be written beside an output", example="--output out/ctcf --tables")
    if options.track:
        _refuse(options, "with --track", "rule", "round_predictions", "tables")
    _claim(options, "quantitative" if options.track else "binding")
    track = Signal(options.prediction)
    region = Interval.parse(options.region, track.sizes) if options.region else None
    where = {name: getattr(options, name) for name in ("chromosomes", "regions", "blacklist", "bin_size", "compat")}
    where["region"] = region
    if options.track:
        aggregate = options.aggregate or "mean"
        found, extent = binding.correlated(options.prediction, options.track, aggregate=aggregate, **where)
        rows = {chrom: asdict(row) for chrom, row in found.items()}
        said = {"kind": "quantitative", "bin_size": options.bin_size, "aggregate": aggregate, "compat": options.compat}
        _answer(options, "Prediction and measurement", {**said, "extent": extent.to_json()}, rows, note=str(extent))
        return
    rule, aggregate = options.rule or "any", options.aggregate or "max"
    decimals = binding.DECIMALS if options.round_predictions is None else options.round_predictions
    result = binding.benchmark(
        options.prediction, options.peaks, rule=rule, aggregate=aggregate, decimals=decimals, **where
    )
    rows = {chrom: asdict(row) for chrom, row in result.chromosomes.items()} | {"all": asdict(result.overall)}
    said = {"kind": "binding", "bin_size": options.bin_size, "rule": rule, "aggregate": aggregate}
    said |= {"decimals": decimals, "compat": options.compat, "extent": result.extent.to_json()}
    series = [{"name": "all", "x": result.curves["recall"], "y": result.curves["precision"]}]
    sections = [{"kind": "curves", "title": "Precision and recall", "x": "recall", "y": "precision", "series": series}]
    texts = {result.suffix(chrom): result.lines(chrom) for chrom in result.curved} if options.tables else {}
    sections += _locus(options, track, region, list(result.chromosomes))
    _answer(options, "Predicted binding", said, rows, sections, str(result.extent), texts)


def calibrate(options: argparse.Namespace) -> None:
    """Run `zoo calibrate`."""
    from zoo.evaluate.calibration import calibration
    from zoo.predict import thresholds

    if options.output is None:
        raise InputError("A table of thresholds must be written to files", example="--output out/ctcf")
    samples = _samples(options)
    _claim(options, "calibration", samples, (".tsv",))
    made = calibration(
        samples,
        options.chromosomes,
        options.blacklist,
        options.bin_size,
        options.rule or "any",
        options.regions,
        options.compat,
    )
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
    said = {"kind": "calibration", "samples": measured, "bin_size": options.bin_size, "compat": options.compat}
    note = "\n".join(
        f"{Path(prediction).name}: {sample.extent}"
        for (prediction, _), sample in zip(samples, made.samples, strict=True)
    )
    _answer(options, "Calibrated thresholds", said, picked, sections, note, {".tsv": [table.to_tsv()]})


def _samples(options: argparse.Namespace) -> list[tuple[Path, Path]]:
    """The (prediction, peaks) to calibrate on."""
    from zoo.data.meta import rows

    if options.meta:
        _refuse(options, "with --meta", "peaks")
        path = user_path(options.meta, "table of predictions")
        columns = ("Prediction", "Binding_File")
        table = rows(path, columns, "The table of predictions")
        return [tuple(_listed(path, row, name, where) for name in columns) for row, where in table]
    if not options.peaks:
        raise InputError("A prediction must be calibrated with peaks", example="--peaks ctcf.bed")
    return [(user_path(options.prediction, "prediction"), user_path(options.peaks, "peaks"))]


def _listed(table: Path, row: dict[str, str], column: str, where: str) -> Path:
    """A file that a table names, relative to it."""
    found = user_path(table.parent / row[column], column)
    if not row[column] or not found.is_file():
        raise InputError(f"The {column} must be a file", where=where, received={column: row[column]})
    return found


def evaluate(options: argparse.Namespace) -> None:
    """Run `zoo evaluate`."""
    from zoo.data.regions import on_genome
    from zoo.evaluate import models
    from zoo.evaluate.robustness import SHIFTS
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal
    from zoo.loading import load

    if not options.robustness:
        _refuse(options, "without --robustness", "shifts", "step")
    _claim(options, "accessibility")
    model, genome, signal = load(options.name), Genome(options.genome), Signal(options.signal)
    _claim(options, "accessibility", [model])
    avoided = [
        on_genome(path, genome, avoided=True) if path else [] for path in (options.blacklist, options.unmappable)
    ]
    where = options.chromosomes, options.peaks, *avoided
    found = models.accessibility(model, models.windows(model.spec, genome, signal, *where))
    rows = {chrom: asdict(row) for chrom, row in found.items()}
    bin_size, sections = model.spec.output.bin_size, []
    for chrom, row in rows.items():
        measured, predicted = row.pop("profiles")
        places = [bin_size * at for at in range(len(measured))]
        series = [{"name": name, "x": places, "y": y} for name, y in (("measured", measured), ("predicted", predicted))]
        title, axes = f"{chrom}: mean profile", {"x": "bp from the core's first base", "y": "ln(1 + track)"}
        sections.append({"kind": "curves", "title": title, **axes, "series": series})
    said = {"kind": "accessibility"}
    if options.robustness:
        shifts = SHIFTS if options.shifts is None else options.shifts
        varied = models.robustness(model, genome, *where, step=options.step, shifts=shifts)
        sections.append(_variation(varied, rows, shifts, bin_size))
        said |= {"shifts": shifts, "step": options.step}
    rows["mean"] = models.mean(list(rows.values()))
    note = ""
    if any(avoided):
        said["windows_left_out"] = models.left_out(model.spec, genome, signal, *where)
        lost = ", ".join(f"{chrom} {count:,}" for chrom, count in said["windows_left_out"].items())
        note = f"Windows left out (blacklist, unmappable): {lost}"
    _answer(options, f"{model.spec.name} on {signal.path.name}", said, rows, sections, note, reads=[model])


def _variation(varied: dict, rows: dict[str, dict], shifts: int, bin_size: int) -> dict:
    """A section of the variation scores, which are put into the rows, too."""
    lines = []
    for chrom, row in varied.items():
        rows.setdefault(chrom, {})["variation"] = row.score
        lines.append({"name": chrom, "x": [bin_size * at for at in range(len(row.curve))], "y": list(row.curve)})
    axes = {"x": "bp from the core's first base", "y": "coefficient of variation"}
    return {"kind": "curves", "title": f"Variation over {shifts} shifts", **axes, "series": lines}


def _locus(options: argparse.Namespace, track, region, chromosomes: Sequence[str]) -> list[dict]:
    """The predictions where most peaks are; nothing where peaks are a track."""
    from zoo.evaluate import report
    from zoo.genome import bed, sniff
    from zoo.genome.interval import Interval

    if options.output is None or sniff.is_bigwig(options.peaks):
        return []
    peaks, _ = bed.placed(bed.read(options.peaks), track.sizes)
    chrom = max(chromosomes, key=lambda chrom: sum(item.chrom == chrom for item in peaks))
    within = Interval(chrom, region.start, region.end) if region else Interval(chrom, 0, track.sizes[chrom])
    shown = report.peak_densest(peaks, within)
    return [report.locus("A locus", shown, {"prediction": track}, {"peaks": peaks})]


def _refuse(options: argparse.Namespace, beside: str, *names: str) -> None:
    """Raise `InputError` for options that have no effect beside another one."""
    for name in names:
        if getattr(options, name) not in (None, False):
            raise InputError(
                f"--{name.replace('_', '-')} must not be given {beside}: it would have no effect",
                received={name: getattr(options, name)},
            )


def _reads(options: argparse.Namespace, more: Sequence[object] = ()) -> list[object]:
    """Everything that the command reads."""
    return [*(getattr(options, name, None) for name in _FILES), *more]


def _claim(options: argparse.Namespace, kind: str, more: Sequence[object] = (), suffixes: Sequence[str] = ()) -> None:
    """Refuse an output that replaces what is read, before anything is computed."""
    if options.output is not None:
        from zoo.evaluate import report

        report.claim(options.output, _reads(options, more), kind, suffixes)


def _answer(
    options: argparse.Namespace,
    title: str,
    said: dict,
    rows: dict[str, dict],
    sections: Sequence[dict] = (),
    note: str = "",
    texts: dict | None = None,
    reads: Sequence[object] = (),
) -> None:
    """Write JSON, page and further files, print the JSON or a table."""
    from zoo.evaluate import report

    inputs = {name: str(getattr(options, name)) for name in _INPUTS if getattr(options, name, None) is not None}
    said = {**said, "rows": rows, "inputs": inputs}
    columns = dict.fromkeys(key for row in rows.values() for key in row)
    lines = [[name, *(row.get(column) for column in columns)] for name, row in rows.items()]
    heads = ["", *(column.replace("_", " ") for column in columns)]
    numbers = {"kind": "table", "title": "Numbers", "note": note, "columns": heads, "rows": lines}
    written = ()
    if options.output is not None:
        more = [path for sample in said.get("samples", ()) for path in (sample["prediction"], sample["peaks"])]
        read = _reads(options, [*reads, *more])
        written = report.write(options.output, title, [numbers, *sections], read, texts, **said)
    if options.json:
        print(json.dumps(finite({**said, "versions": versions()}), indent=1))
        return
    print(table(rows), *note.splitlines(), *written, sep="\n")

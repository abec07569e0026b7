"""The command lines of `zoo benchmark`, `calibrate` and `evaluate`; the originals' options by their names."""

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from zoo.environment import versions
from zoo.errors import InputError

_INPUTS = ("prediction", "peaks", "track", "meta", "name", "genome", "signal", "blacklist", "unmappable", "region")


def add_benchmark(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo benchmark`."""
    parser.add_argument("--prediction", "--bw", required=True, metavar="BIGWIG", help="what was predicted")
    truth = parser.add_mutually_exclusive_group(required=True)
    truth.add_argument("--peaks", "--gold_standard", metavar="FILE", help="BED of peaks, or bigWig above 0 where bound")
    truth.add_argument("--track", metavar="BIGWIG", help="what was measured: correlations instead of precision")
    parser.add_argument("--bin-size", "--bin_size", type=int, default=200, metavar="BP", help="(default 200)")
    parser.add_argument("--rule", default="any", help="a bin is bound if peaks cover any base, or half (default any)")
    parser.add_argument("--aggregate", "--agg", default="mean", help="of bases in a bin, with --track (default mean)")
    parser.add_argument("--region", metavar="REGION", help="evaluate only bins in, for example, chr1:1,001-2,000,000")
    parser.add_argument("--tables", action="store_true", help="write every point of each curve, OUTPUT_*_PRC.tsv")
    _add_common(parser)


def add_calibrate(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo calibrate`."""
    files = parser.add_mutually_exclusive_group(required=True)
    files.add_argument("--meta", "--meta_file", metavar="TSV", help="a cell type per row: Prediction, Binding_File")
    files.add_argument("--prediction", metavar="BIGWIG", help="of one cell type, with --peaks")
    parser.add_argument("--peaks", metavar="FILE", help="BED of peaks, or bigWig above 0 where bound")
    parser.add_argument("--bin-size", "--bin_size", type=int, default=200, metavar="BP", help="(default 200)")
    parser.add_argument("--rule", default="any", help="a bin is bound if peaks cover any base, or half (default any)")
    _add_common(parser)


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo evaluate`."""
    parser.add_argument("name", help="a model of accessibility: family/MODEL or a model folder")
    parser.add_argument("--genome", required=True, help="sequence, .2bit")
    parser.add_argument("--signal", required=True, help="the measured track, .bw")
    parser.add_argument("--peaks", metavar="NARROWPEAK", help="windows around summits instead of everywhere")
    parser.add_argument("--unmappable", metavar="BED", help="windows that touch these are left out, too")
    parser.add_argument("--robustness", action="store_true", help="also move windows, and see how predictions vary")
    _add_common(parser)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--chromosomes", "-c", nargs="+", metavar="CHROM", help="default all that the files have")
    parser.add_argument("--blacklist", metavar="BED", help="what is left out")
    parser.add_argument("--output", metavar="BASE", help="writes BASE.json, BASE.html and more")
    parser.add_argument("--json", action="store_true", help="for programs")


def benchmark(options: argparse.Namespace) -> None:
    """Run `zoo benchmark`."""
    from zoo.evaluate import binding
    from zoo.genome.interval import Interval
    from zoo.genome.signal import Signal

    if options.tables and not options.output:
        raise InputError("Tables are written beside the output", example="--output out/ctcf --tables")
    track = Signal(options.prediction)
    region = Interval.parse(options.region, track.sizes) if options.region else None
    where = {"chromosomes": options.chromosomes, "region": region, "blacklist": options.blacklist}
    if options.track:
        found = binding.quantitative(
            options.prediction, options.track, **where, bin_size=options.bin_size, aggregate=options.aggregate
        )
        rows = {chrom: asdict(row) for chrom, row in found.items()}
        said = {"kind": "quantitative", "bin_size": options.bin_size, "aggregate": options.aggregate}
        _answer(options, "Prediction and measurement", said, rows)
        return
    result = binding.benchmark(options.prediction, options.peaks, **where, bin_size=options.bin_size, rule=options.rule)
    rows = {chrom: asdict(row) for chrom, row in result.chromosomes.items()} | {"all": asdict(result.overall)}
    said = {"kind": "binding", "bin_size": options.bin_size, "rule": options.rule}
    series = [{"name": "all", "x": result.curves["recall"], "y": result.curves["precision"]}]
    sections = [{"kind": "curves", "title": "Precision and recall", "x": "recall", "y": "precision", "series": series}]
    _answer(options, "Predicted binding", said, rows, [*sections, *_locus(options, track, region)])
    if options.tables:
        result.write_tables(Path(options.output).expanduser())


def calibrate(options: argparse.Namespace) -> None:
    """Run `zoo calibrate`."""
    from zoo.data.meta import rows
    from zoo.evaluate.calibration import calibrate as run
    from zoo.files.atomic import atomic
    from zoo.predict import thresholds

    if options.meta:
        table = rows(options.meta, ("Prediction", "Binding_File"), "The table of predictions")
        folder = Path(options.meta).parent
        samples = [(folder / row["Prediction"], folder / row["Binding_File"]) for row, _ in table]
    elif not options.peaks:
        raise InputError("A prediction is calibrated with peaks", example="--peaks ctcf.bed", received={"peaks": None})
    else:
        samples = [(options.prediction, options.peaks)]
    if options.output is None:
        raise InputError("A table of thresholds is written to files", example="--output out/ctcf")
    found = run(samples, options.chromosomes, options.blacklist, options.bin_size, options.rule)
    best = thresholds.resolve("f1", found)
    base = Path(options.output).expanduser()
    base.parent.mkdir(parents=True, exist_ok=True)
    target = base.with_name(f"{base.name}.tsv")
    with atomic(target, target.parent) as temporary:
        temporary.write_text(found.to_tsv(), encoding="utf-8")
    score = found.columns["threshold"].tolist()
    series = [
        {"name": label, "x": score, "y": found.columns[column].tolist()}
        for label, column in (("precision", "precision"), ("recall", "recall"), ("F1", "f1"))
    ]
    sections = [{"kind": "curves", "title": "Thresholds", "x": "threshold", "y": "share", "series": series}]
    picked = {"best F1": best.to_json()}
    for at in (0.5, 0.8, 0.9):
        reached = (found.columns["precision"] >= at).any()
        picked |= {f"precision {at}": found.at_least("precision", at).to_json()} if reached else {}
    for row in picked.values():
        row.pop("asked")
    said = {"kind": "calibration", "samples": [list(map(str, sample)) for sample in samples]}
    _answer(options, "Calibrated thresholds", said, picked, sections)
    if not options.json:
        print(target)


def evaluate(options: argparse.Namespace) -> None:
    """Run `zoo evaluate`."""
    from zoo.data.regions import on_genome
    from zoo.evaluate import models
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal
    from zoo.loading import load

    model, genome, signal = load(options.name), Genome(options.genome), Signal(options.signal)
    avoided = [on_genome(path, genome) if path else [] for path in (options.blacklist, options.unmappable)]
    judged = models.windows(model.spec, genome, signal, options.chromosomes, options.peaks, *avoided)
    found = models.accessibility(model, judged)
    rows = {chrom: asdict(row) for chrom, row in found.items()}
    bin_size, sections = model.spec.output.bin_size, []
    for chrom, row in rows.items():
        measured, predicted = row.pop("profiles")
        places = [bin_size * at for at in range(len(measured))]
        series = [{"name": name, "x": places, "y": y} for name, y in (("measured", measured), ("predicted", predicted))]
        title, axes = f"{chrom}: mean profile", {"x": "bp from the core's first base", "y": "ln(1 + track)"}
        sections.append({"kind": "curves", "title": title, **axes, "series": series})
    if options.robustness:
        varied = models.robustness(model, genome, options.chromosomes, options.peaks, *avoided)
        lines = []
        for chrom, row in varied.items():
            rows.setdefault(chrom, {})["variation"] = row.score
            lines.append({"name": chrom, "x": [bin_size * at for at in range(len(row.curve))], "y": list(row.curve)})
        axes = {"x": "bp from the core's first base", "y": "coefficient of variation"}
        sections.append({"kind": "curves", "title": "Variation over 17 shifts", **axes, "series": lines})
    rows["mean"] = models.mean(list(rows.values()))
    _answer(options, f"{model.spec.name} on {signal.path.name}", {"kind": "accessibility"}, rows, sections)


def _locus(options: argparse.Namespace, track, region) -> list[dict]:
    """The predictions where most peaks are; nothing where peaks are a track."""
    from zoo.evaluate import report
    from zoo.genome import bed, names
    from zoo.genome.interval import Interval

    if options.output is None or Path(options.peaks).suffix.lower() in (".bw", ".bigwig"):
        return []
    found = [(names.find(item.chrom, track.sizes), item) for item in bed.read(options.peaks)]
    peaks = [Interval(chrom, item.start, item.end) for chrom, item in found if chrom is not None]
    wanted = [region.chrom] if region else [names.find(c, track.sizes) for c in options.chromosomes or track.sizes]
    chrom = max(wanted, key=lambda chrom: sum(item.chrom == chrom for item in peaks))
    shown = report.crowded(peaks, region or Interval(chrom, 0, track.sizes[chrom]))
    return [report.locus("A locus", shown, {"prediction": track}, {"peaks": peaks})]


def _answer(
    options: argparse.Namespace, title: str, said: dict, rows: dict[str, dict], sections: Sequence[dict] = ()
) -> None:
    """Write JSON and page, print the JSON or a table."""
    inputs = {name: str(getattr(options, name)) for name in _INPUTS if getattr(options, name, None) is not None}
    said = {**said, "rows": rows, "inputs": inputs}
    columns = dict.fromkeys(key for row in rows.values() for key in row)
    lines = [[name, *(row.get(column) for column in columns)] for name, row in rows.items()]
    heads = ["", *(column.replace("_", " ") for column in columns)]
    numbers = {"kind": "table", "title": "Numbers", "columns": heads, "rows": lines}
    written = ()
    if options.output:
        from zoo.evaluate import report

        written = report.write(options.output, title, [numbers, *sections], **said)
    if options.json:
        print(json.dumps({**said, "versions": versions()}, indent=1))
        return
    print(table(rows), *written, sep="\n")


def table(rows: dict[str, dict], width: int | None = None) -> str:
    """Rows of numbers under their names; turned, and in parts, where that is wider than the terminal."""
    width = width or shutil.get_terminal_size().columns
    columns = dict.fromkeys(key for row in rows.values() for key in row if key != "why" and not key.endswith("error"))
    lines = [["", *(column.replace("_", " ") for column in columns)]]
    lines += [[name, *(_number(row.get(column)) for column in columns)] for name, row in rows.items()]
    said = [f"{name}: {row['why']}" for name, row in rows.items() if row.get("why")]
    parts = [lines]
    if _width(lines) > width:
        turned, parts, first = [list(column) for column in zip(*lines, strict=True)], [], 1
        while first < len(turned[0]):
            last = first + 1
            while last < len(turned[0]) and _width([[line[0], *line[first : last + 1]] for line in turned]) <= width:
                last += 1
            parts.append([[line[0], *line[first:last]] for line in turned])
            first = last
    return "\n".join(["\n\n".join(map(_aligned, parts)), *said])


def _widths(lines: list[list[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _width(lines: list[list[str]]) -> int:
    return sum(_widths(lines)) + 2 * len(lines[0]) - 2


def _aligned(lines: list[list[str]]) -> str:
    widths = _widths(lines)
    rows = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines]
    return "\n".join("  ".join(row).rstrip() for row in rows)


def _number(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"

"""The command line of `zoo benchmark`, which also understands the options of `maxatac benchmark`."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from zoo.commands import originals
from zoo.commands.evaluation import ADDED, BINS, add_outputs, answer, claim, refuse
from zoo.console.signature import Signature, exclude
from zoo.errors import InputError

EXAMPLES = ("zoo benchmark --prediction out/ctcf.bw --peaks peaks.bed --output out/benchmark",)
_AGGREGATE = {
    "default": None,
    "metavar": "HOW",
    "help": "score of a bin: max, mean, min, std, coverage or sum of its values (default max; mean with --track)",
}
_REGION = {"metavar": "REGION", "help": "only bins that lie in, for example, chr1:1,001-2,000,000"}
SIGNATURES = (
    Signature(
        "zoo.evaluate.binding:benchmark",
        common=BINS,
        differ={
            "aggregate": _AGGREGATE,
            "region": _REGION,
            "decimals": {
                "flags": ("--round-predictions",),
                "default": None,
                "metavar": "N",
            },
        },
        added=ADDED | {"tables": "what is written"},
    ),
    Signature(
        "zoo.evaluate.binding:correlated",
        common=BINS,
        differ={
            "aggregate": _AGGREGATE,
            "region": _REGION,
            "measured": {
                "flags": ("--track",),
                "metavar": "BIGWIG",
                "help": "measured track: correlations instead of precision",
            },
        },
    ),
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo benchmark`."""
    for signature, names in zip(SIGNATURES, ("prediction peaks", "measured"), strict=True):
        signature.add(parser, {"": names})
    exclude(parser, ("peaks", "track"), required=True)
    parser.add_argument("--tables", action="store_true", help="write every point of each curve, OUTPUT_*_PRC.tsv")
    add_outputs(parser)
    originals.add(parser, "benchmark")


def run(options: argparse.Namespace) -> None:
    """Run `zoo benchmark`."""
    from zoo.evaluate import binding, curves
    from zoo.genome.interval import Interval
    from zoo.genome.signal import Signal

    if options.tables and not options.output:
        raise InputError("Tables must be written beside an output", example="--output out/ctcf --tables")
    if options.track:
        refuse(options, "with --track", "rule", "round_predictions", "tables")
    claim(options, "quantitative" if options.track else "binding")
    track = Signal(options.prediction)
    region = Interval.parse(options.region, track.sizes) if options.region else None
    of_peaks, of_track = (signature.values(options) | {"region": region} for signature in SIGNATURES)
    if options.track:
        aggregate = options.aggregate or "mean"
        by_chromosome, extent = binding.correlated(**of_track | {"aggregate": aggregate})
        rows = {chrom: asdict(row) for chrom, row in by_chromosome.items()}
        settings = {
            "kind": "quantitative",
            "bin_size": options.bin_size,
            "aggregate": aggregate,
            "compat": options.compat,
        }
        title = f"Prediction and measurement: {_named(options.prediction, options.track)}"
        answer(options, title, {**settings, "extent": extent.to_json()}, rows, note=str(extent))
        return
    rule, aggregate = options.rule or "any", options.aggregate or "max"
    decimals = binding.DECIMALS if options.round_predictions is None else options.round_predictions
    result = binding.benchmark(**of_peaks | {"rule": rule, "aggregate": aggregate, "decimals": decimals})
    rows = {chrom: asdict(row) for chrom, row in result.chromosomes.items()} | {"all": asdict(result.overall)}
    settings = {"kind": "binding", "bin_size": options.bin_size, "rule": rule, "aggregate": aggregate}
    settings |= {"decimals": decimals, "compat": options.compat, "extent": result.extent.to_json()}
    drawn = {Path(options.prediction).name: (result.curves, result.best)}
    sections = [curves.section("Precision and recall", drawn, result.overall.random_precision)]
    texts = {result.suffix(chrom): result.lines(chrom) for chrom in result.curved} if options.tables else {}
    sections += _locus(options, track, region, list(result.chromosomes))
    title = f"Predicted binding: {_named(options.prediction, options.peaks)}"
    answer(options, title, settings, rows, sections, str(result.extent), texts)


def _named(one: str, other: str) -> str:
    return f"{Path(one).name} against {Path(other).name}"


def _locus(options: argparse.Namespace, track, region, chromosomes: Sequence[str]) -> list[dict]:
    """The predictions where most peaks are; nothing where peaks are a track."""
    from zoo.genome import bed, sniff
    from zoo.genome.interval import Interval
    from zoo.genome.spans import placed
    from zoo.pages import report

    if options.output is None or sniff.is_bigwig(options.peaks):
        return []
    peaks, _ = placed(bed.read(options.peaks), track.sizes)
    chrom = max(chromosomes, key=lambda chrom: sum(peak.chrom == chrom for peak in peaks))
    within = Interval(chrom, region.start, region.end) if region else Interval(chrom, 0, track.sizes[chrom])
    shown = report.peak_densest(peaks, within)
    return [report.locus("A locus", shown, {"prediction": track}, {"peaks": peaks})]

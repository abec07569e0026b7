"""The command lines of `zoo prepare`, `normalize`, `average` and `peaks`; the originals' options by their names."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from zoo.errors import InputError


def add_prepare(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo prepare`."""
    parser.add_argument("reads", help="BAM of paired reads, or fragments: .tsv, .bed, .bedpe, plain, .gz, .bz2")
    parser.add_argument("--output", required=True, help="writes OUTPUT.bw (normalized), OUTPUT_RP20M.bw, .png, .json")
    sizes = parser.add_mutually_exclusive_group(required=True)
    sizes.add_argument("--genome", metavar="2BIT", help="the assembly, for its chromosomes' lengths")
    sizes.add_argument("--chrom-sizes", metavar="TSV", help="chromosome and bp, tab-separated, instead of a genome")
    parser.add_argument(
        "--shift",
        choices=("auto", "yes", "no"),
        default="auto",
        help="move ends by +4 and -5 bp (default auto: if the genome's bases around them say that this was not done)",
    )
    parser.add_argument(
        "--cells", metavar="TSV", help="barcodes that count; with a second column a track for each cluster named there"
    )
    parser.add_argument("--slop", type=int, default=20, metavar="BP", help="on each side of a cut (default 20)")
    parser.add_argument("--rpm-factor", type=int, default=20_000_000, metavar="READS", help="(default 20000000)")
    parser.add_argument("--mapping-quality", type=int, default=0, metavar="Q", help="of BAM reads (default 0)")
    parser.add_argument("--skip-dedup", action="store_true", help="keep duplicates of BAM reads")
    parser.add_argument("--scratch", metavar="FOLDER", help="for temporary files (default beside the output)")
    _add_common(parser)
    parser.add_argument("--json", action="store_true", help="print a list of what is in OUTPUT.json, for programs")


def add_normalize(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo normalize`."""
    parser.add_argument("signal", help="bigWig")
    parser.add_argument("--output", required=True, metavar="BIGWIG")
    parser.add_argument("--method", default="min-max", help="min-max, zscore, robust or arcsinh (default min-max)")
    parser.add_argument("--clip", action="store_true", help="cut min-max off at 0 and 1")
    parser.add_argument("--min", type=float, metavar="X", help="what becomes 0, instead of the smallest value")
    parser.add_argument("--max", type=float, metavar="X", help="what becomes 1, instead of the percentile")
    _add_common(parser)
    parser.add_argument("--json", action="store_true", help="print the statistics for programs")


def add_average(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo average`."""
    parser.add_argument("signals", nargs="+", help="bigWig files of replicates")
    parser.add_argument("--output", required=True, metavar="BIGWIG")
    parser.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="default all of the first")


def add_peaks(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo peaks`."""
    parser.add_argument("signal", help="bigWig")
    parser.add_argument("--output", required=True, metavar="FILE", help=".narrowPeak or .bed")
    parser.add_argument(
        "--cutoff",
        required=True,
        metavar="X",
        help="values of at least this; auto for open chromatin of a normalized track; with --model also "
        "f1, precision=0.9, recall=0.5, log2fc=6 by its table",
    )
    parser.add_argument("--model", metavar="NAME", help="whose predictions these are")
    parser.add_argument("--bin", type=int, metavar="BP", help="judge bins by their highest value, join neighbors")
    parser.add_argument("--min-length", type=int, metavar="BP", help="of a peak (default 200)")
    parser.add_argument("--max-gap", type=int, metavar="BP", help="that is joined over (default 30)")
    parser.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="default all")
    parser.add_argument("--compat", choices=("macs3", "maxatac"), help="that program's rules (maxatac: with --bin)")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-percentile", type=float, default=99.0, metavar="P", help="what becomes 1 (default 99)")
    parser.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="default the main ones")
    parser.add_argument("--blacklist", metavar="BED", help="bases that count for nothing")


def prepare(options: argparse.Namespace) -> None:
    """Run `zoo prepare`."""
    from zoo.genome.sequence import Genome
    from zoo.prepare.sample import prepare as run

    made = run(
        options.reads,
        options.output,
        Genome(options.genome) if options.genome else _sizes(options.chrom_sizes),
        cells=options.cells,
        shift={"auto": None, "yes": True, "no": False}[options.shift],
        smoothing=options.slop,
        read_depth=options.rpm_factor,
        percentile=options.max_percentile,
        chromosomes=options.chromosomes,
        blacklist=options.blacklist,
        mapping_quality=options.mapping_quality,
        keep_duplicates=options.skip_dedup,
        scratch=options.scratch,
    )
    found = made if isinstance(made, dict) else {"": made}
    if options.json:
        print(json.dumps([json.loads(item.summary.read_text(encoding="utf-8")) for item in found.values()], indent=1))
        return
    for name, item in found.items():
        print(f"{name + ': ' if name else ''}{item.cuts:,} cuts; {_said(item.statistics)}")
        print(item.signal, item.coverage, item.picture, item.summary, sep="\n")


def normalize(options: argparse.Namespace) -> None:
    """Run `zoo normalize`."""
    from zoo.genome import bed
    from zoo.prepare.tracks import normalize as run

    found = run(
        options.signal,
        options.output,
        options.method,
        options.max_percentile,
        options.clip,
        options.chromosomes,
        bed.read(options.blacklist, may_be_empty=True) if options.blacklist else (),
        options.min,
        options.max,
    )
    print(json.dumps(asdict(found), indent=1) if options.json else f"{_said(found)}\n{options.output}")


def average(options: argparse.Namespace) -> None:
    """Run `zoo average`."""
    from zoo.prepare.tracks import average as run

    run(options.signals, options.output, options.chromosomes)
    print(options.output)


def peaks(options: argparse.Namespace) -> None:
    """Run `zoo peaks`."""
    from zoo.prepare.peaks import OPEN, call, call_bins, check_name, write

    target, chosen = Path(options.output), options.chromosomes
    check_name(target)
    spans = {"min_length": options.min_length, "max_gap": options.max_gap}
    given = {name: value for name, value in spans.items() if value is not None}
    automatic = options.cutoff == "auto"
    if given and (automatic or options.bin):
        raise InputError("Lengths and gaps go with a cutoff that is a number, and not with bins", received=given)
    if automatic:
        found = call(options.signal, **OPEN, chromosomes=chosen, compat=options.compat)
    elif options.bin:
        found = call_bins(options.signal, _cutoff(options), options.bin, chosen, options.compat)
    else:
        found = call(options.signal, _cutoff(options), **given, chromosomes=chosen, compat=options.compat)
    write(target, found)
    print(f"{len(found):,} peaks\n{target}")


def _cutoff(options: argparse.Namespace) -> float:
    """A number, or what a model's table says."""
    from zoo import folder
    from zoo.loading import fetch
    from zoo.predict.thresholds import resolve

    return resolve(options.cutoff, folder.read_thresholds(fetch(options.model)) if options.model else None).score


def _said(found) -> str:
    return (
        f"positive bases {found.bases:,}: median {found.median:g}, mean {found.mean:g}, "
        f"standard deviation {found.deviation:g}, percentile {found.high:g}"
    )


def _sizes(path: str) -> dict[str, int]:
    """Chromosome → bp of a file."""
    sizes = {}
    try:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            chrom, size = line.split("\t")[:2]
            sizes[chrom] = int(size)
    except (OSError, ValueError) as error:
        raise InputError(
            f"A file of chromosome sizes has a name and a length per line, with a tab between ({error})",
            example="chr1\t248956422",
            received={"chrom_sizes": path},
        ) from None
    return sizes

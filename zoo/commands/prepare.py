"""The command lines of `zoo prepare`, `normalize`, `average` and `peaks`; the originals' options by their names."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from registry.paths import user_path
from zoo.commands import originals
from zoo.errors import InputError

_LONGEST = 2**32 - 1  # bp of a chromosome in a bigWig file
_BIN = 32  # bp, of maxATAC's `peaks`
_TYPES = {"f1": "f1", "precision": "precision", "recall": "recall", "log2fc": "log2fc"}


def add_prepare(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo prepare`."""
    parser.add_argument(
        "reads", help="BAM of paired reads; fragments: .tsv, .bed, .bedpe; reads with a strand in column 6: tagAlign"
    )
    parser.add_argument(
        "--output",
        action=originals.Output,
        required=True,
        help="writes OUTPUT.bw (normalized), OUTPUT_RP20M.bw, .png, .json",
    )
    genome = parser.add_mutually_exclusive_group(required=True)
    genome.add_argument("--genome", metavar="2BIT", help="the assembly: its chromosomes' lengths, bases at cut sites")
    genome.add_argument("--chrom-sizes", metavar="TSV", help="chromosome and bp, tab-separated, instead")
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
    parser.add_argument("--cut-sites", action="store_true", help="write OUTPUT_IS_slop20.bed.gz, a row for each cut")
    parser.add_argument(
        "--compat",
        choices=("maxatac",),
        help="the original's rules: chr1 to chr22; secondary alignments of BAM files count",
    )
    parser.add_argument("--scratch", metavar="FOLDER", help="for temporary files (default OUTPUT.partial)")
    parser.add_argument("--threads", type=int, metavar="N", help="of samtools (default 1) and compression")
    _add_common(parser)
    parser.add_argument("--json", action="store_true", help="print a list of what is in OUTPUT.json, for programs")
    originals.add(parser, "prepare")


def add_normalize(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo normalize`."""
    parser.add_argument("signal", help="bigWig")
    parser.add_argument("--output", action=originals.Output, required=True, metavar="BIGWIG")
    parser.add_argument("--method", default="min-max", help="min-max, zscore, robust or arcsinh (default min-max)")
    parser.add_argument("--clip", action="store_true", help="cut min-max off at 0 and 1")
    parser.add_argument("--min", type=float, metavar="X", help="what becomes 0, instead of the smallest value")
    parser.add_argument("--max", type=float, metavar="X", help="what becomes 1, instead of the percentile")
    _add_common(parser)
    parser.add_argument("--json", action="store_true", help="print the statistics for programs")
    originals.add(parser, "normalize")


def add_average(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo average`."""
    parser.add_argument("signals", nargs="+", help="bigWig files of replicates")
    parser.add_argument("--output", action=originals.Output, required=True, metavar="BIGWIG")
    _add_chromosomes(parser)
    originals.add(parser, "average")


def add_peaks(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo peaks`."""
    parser.add_argument("signal", help="bigWig")
    parser.add_argument("--output", action=originals.Output, required=True, metavar="FILE", help=".narrowPeak or .bed")
    cutoff = parser.add_argument(
        "--cutoff",
        required=True,
        metavar="X",
        help="values of at least this; auto for open chromatin of a normalized track; with --model or --table also "
        "f1, precision=0.9, recall=0.5, log2fc=6 by its table",
    )
    tables = parser.add_mutually_exclusive_group()
    tables.add_argument("--model", metavar="NAME", help="whose predictions these are")
    tables.add_argument("--table", metavar="TSV", help="thresholds that `zoo calibrate` wrote, instead of a model's")
    parser.add_argument("--bin", type=int, metavar="BP", help="bins by their highest value, neighbors joined")
    parser.add_argument("--min-length", type=int, metavar="BP", help="of a peak (default 200)")
    parser.add_argument("--max-gap", type=int, metavar="BP", help="that is joined over (default 30)")
    _add_chromosomes(parser)
    parser.add_argument("--compat", choices=("macs3", "maxatac"), help="that program's rules (maxatac: with --bin)")
    originals.replace(parser, cutoff, "original_cutoff", "-cutoff_type", "--cutoff_type")
    parser.add_argument("-cutoff_value", "--cutoff_value", type=float, help=argparse.SUPPRESS)
    originals.replace(tables, cutoff, "cutoff_file", "-cutoff_file", "--cutoff_file")
    originals.add(parser, "peaks")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-percentile", type=float, default=99.0, metavar="P", help="what becomes 1 (default 99)")
    _add_chromosomes(parser)
    parser.add_argument("--blacklist", metavar="FILE", help="bases that count for nothing: BED or bigWig")


def _add_chromosomes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="default the main ones")


def prepare(options: argparse.Namespace) -> None:
    """Run `zoo prepare`."""
    from zoo.genome.sequence import Genome
    from zoo.prepare.sample import prepare as run

    made = run(
        originals.given(options, "reads"),
        originals.output_of(options),
        Genome(user_path(options.genome, "genome")) if options.genome else _sizes(options.chrom_sizes),
        cells=options.cells,
        shift={"auto": None, "yes": True, "no": False}[options.shift],
        smoothing=options.slop,
        read_depth=options.rpm_factor,
        percentile=options.max_percentile,
        chromosomes=options.chromosomes,
        blacklist=options.blacklist,
        mapping_quality=options.mapping_quality,
        keep_duplicates=options.skip_dedup,
        compat=options.compat,
        cut_sites=options.cut_sites,
        scratch=options.scratch,
        threads=options.threads,
    )
    found = made if isinstance(made, dict) else {"": made}
    records = [json.loads(item.summary.read_text(encoding="utf-8")) for item in found.values()]
    if options.json:
        print(json.dumps(records, indent=1))
        return
    for (name, item), record in zip(found.items(), records, strict=True):
        print(
            f"{name + ': ' if name else ''}{item.cuts:,} cuts ({record['reads']['kind']}); {_summary(item.statistics)}"
        )
        if record["chromosomes left out"]:
            share = record["cuts elsewhere"] / (record["cuts elsewhere"] + item.cuts)
            print(f"left out: {record['chromosomes left out']} ({share:.1%} of the cuts lie elsewhere)")
        print(*filter(None, (item.signal, item.coverage, item.cut_sites, item.picture, item.summary)), sep="\n")


def normalize(options: argparse.Namespace) -> None:
    """Run `zoo normalize`."""
    from zoo.prepare.tracks import normalize as run

    signal, output = originals.given(options, "signal"), originals.output_of(options, ".bw")
    found = run(
        signal,
        output,
        options.method,
        options.max_percentile,
        options.clip,
        options.chromosomes,
        options.blacklist or (),
        options.min,
        options.max,
    )
    if options.json:
        print(json.dumps({**asdict(found), "left out": _left_out(signal, output)}, indent=1))
        return
    print(_summary(found))
    _print_left_out(signal, output)
    print(output)


def average(options: argparse.Namespace) -> None:
    """Run `zoo average`."""
    from zoo.prepare.tracks import average as run

    signals, output = originals.given(options, "signals"), originals.output_of(options, ".bw")
    run(signals, output, options.chromosomes)
    _print_left_out(signals[0], output)
    print(output)


def peaks(options: argparse.Namespace) -> None:
    """Run `zoo peaks`."""
    from zoo.files.atomic import output_path
    from zoo.genome import names
    from zoo.genome.signal import Signal
    from zoo.prepare.choice import chosen, left_out
    from zoo.prepare.peaks import OPEN, call, call_bins, check_name, write

    asked, table = _asked(options)
    width = options.bin or (_BIN if options.cutoff_file and not options.bin else None)
    target = output_path(originals.output_of(options, f"_{width}bp.bed" if width else ".narrowPeak"), [])
    check_name(target)
    track = Signal(user_path(originals.given(options, "signal"), "signal"))
    spans = {"min_length": options.min_length, "max_gap": options.max_gap}
    extra = {name: value for name, value in spans.items() if value is not None}
    if extra and (asked == "auto" or width is not None):
        raise InputError("Lengths and gaps must go with a cutoff that is a number, and not with bins", received=extra)
    if asked == "auto" and (width is not None or options.model or table):
        raise InputError("The cutoff auto must go without bins, a model and a table", received={"bin": width})
    if (options.compat == "maxatac") != (width is not None) and options.compat is not None:
        raise InputError(
            "The rules of maxATAC must go with bins, those of macs3 without",
            received={"compat": options.compat, "bin": width},
            example="--bin 32 --compat maxatac",
        )
    if options.bin is not None and options.bin < 1:
        raise InputError("A bin must have at least one base", example=32, received={"bin": options.bin})
    sizes = chosen(track.sizes, options.chromosomes, track.path, options.compat)
    score, read = (None, []) if asked == "auto" else _score(asked, options.model, table)
    output_path(target, [track, *read])
    if asked == "auto":
        found = call(track, **OPEN, chromosomes=list(sizes), compat=options.compat)
    elif width is not None:
        found = call_bins(track.path, score, width, list(sizes), options.compat)
    else:
        found = call(track, score, **extra, chromosomes=list(sizes), compat=options.compat)
    write(target, found)
    print(f"{len(found):,} peaks")
    if missing := left_out(track.sizes, sizes):
        print(f"left out: {names.some(missing, 8)}")
    print(target)


def _asked(options: argparse.Namespace) -> tuple[str, str | None]:
    """The cutoff and the table, by our options or by the originals' `-cutoff_type`, `-cutoff_value`, `-cutoff_file`."""
    table = options.cutoff_file or options.table
    kind, value = options.original_cutoff, options.cutoff_value
    if options.cutoff is not None:
        if kind is not None or value is not None:
            raise InputError("The cutoff must be given once", received={"cutoff": options.cutoff, "cutoff_type": kind})
        return options.cutoff, table
    name = _TYPES.get((kind or "f1").lower())
    if name is None:
        raise InputError(f"The cutoff type must be one of {', '.join(_TYPES)}", received={"cutoff_type": kind})
    if (name == "f1") != (value is None):
        raise InputError(
            "A cutoff value must go with the types precision, recall and log2fc, and only with them",
            received={"cutoff_type": kind, "cutoff_value": value},
        )
    return name if value is None else f"{name}={value}", table


def _score(asked: str, model: str | None, table: str | None) -> tuple[float, list[Path]]:
    """A number, or what a table says; and the files that were read."""
    from zoo.predict.thresholds import ThresholdTable, resolve

    try:
        float(asked)
    except ValueError:
        pass
    else:
        if model or table:
            raise InputError(
                "A model or a table must go with a cutoff that it is asked for, not with a number",
                received={"cutoff": asked},
                example="--cutoff precision=0.9",
            )
    if model is None:
        path = None if table is None else user_path(table, "table")
        return resolve(asked, None if path is None else ThresholdTable.read(path)).score, [path] if path else []
    from zoo import folder
    from zoo.loading import fetch

    found = fetch(model)
    return resolve(asked, folder.read_thresholds(found)).score, [found]


def _summary(found) -> str:
    return (
        f"positive bases {found.bases:,}: median {found.median:g}, mean {found.mean:g}, "
        f"standard deviation {found.deviation:g}, percentile {found.high:g}"
    )


def _left_out(source: str, made: str | Path) -> list[str]:
    """Chromosomes of a track that one made of it lacks."""
    from zoo.genome.signal import Signal
    from zoo.prepare.choice import left_out

    return left_out(Signal(user_path(source, "signal")).sizes, Signal(user_path(made, "output")).sizes)


def _print_left_out(source: str, made: str | Path) -> None:
    from zoo.genome import names

    if missing := _left_out(source, made):
        print(f"left out: {names.some(missing, 8)}")


class _Sizes(dict):
    """Chromosome → bp of a file, and its `path`: no output may replace it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


def _sizes(path: str) -> _Sizes:
    """Chromosome → bp of a file; blanks or tabs between the columns."""
    from zoo.genome.text import raw_lines, whole

    sizes = _Sizes(user_path(path, "chrom_sizes"))
    for number, line in enumerate(raw_lines(sizes.path), start=1):
        columns = [column.strip() for column in (line.split("\t") if "\t" in line else line.split())]
        if not any(columns):
            continue
        try:
            chrom, size = columns[0], whole(columns[1])
            if not chrom or chrom in sizes or not 0 < size <= _LONGEST:
                raise ValueError
        except (ValueError, IndexError):
            raise InputError(
                "A file of chromosome sizes must have a name, which occurs once, and a length per line, with a tab "
                "between",
                example="chr1\t248956422",
                where=f"{sizes.path}, line {number}",
                received={"line": line.rstrip("\n")[:80]},
            ) from None
        sizes[chrom] = size
    if not sizes:
        raise InputError("A file of chromosome sizes must have a chromosome", received={"chrom_sizes": path})
    return sizes

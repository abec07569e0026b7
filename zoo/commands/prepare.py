"""The command line of `zoo prepare`, which also understands the options of `maxatac prepare`."""

import argparse
import json
from pathlib import Path

from registry.paths import user_path
from zoo.commands import originals
from zoo.commands.tracks import add_scaling, summary
from zoo.errors import InputError

_LONGEST = 2**32 - 1  # bp of a chromosome in a bigWig file


def add(parser: argparse.ArgumentParser) -> None:
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
    add_scaling(parser)
    parser.add_argument("--json", action="store_true", help="print a list of what is in OUTPUT.json, for programs")
    originals.add(parser, "prepare")


def run(options: argparse.Namespace) -> None:
    """Run `zoo prepare`."""
    from zoo.genome.sequence import Genome
    from zoo.prepare.sample import prepare

    made = prepare(
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
            f"{name + ': ' if name else ''}{item.cuts:,} cuts ({record['reads']['kind']}); {summary(item.statistics)}"
        )
        if record["chromosomes left out"]:
            share = record["cuts elsewhere"] / (record["cuts elsewhere"] + item.cuts)
            print(f"left out: {record['chromosomes left out']} ({share:.1%} of the cuts lie elsewhere)")
        print(*filter(None, (item.signal, item.coverage, item.cut_sites, item.picture, item.summary)), sep="\n")


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

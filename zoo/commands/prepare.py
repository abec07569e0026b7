"""The command line of `zoo prepare`, which also understands the options of `maxatac prepare`."""

import argparse
import json
from pathlib import Path

from registry.paths import user_path
from zoo.arguments import refuse_together
from zoo.commands import originals, shared
from zoo.commands.printing import add_json
from zoo.commands.track_output import TRACK, summary
from zoo.console.signature import PROGRESS, Signature, exclude
from zoo.errors import InputError

EXAMPLES = (
    "zoo prepare fragments.tsv.gz --genome hg38.2bit --output out/sample",
    "zoo prepare fragments.tsv.gz --genome hg38.2bit --cells clusters.tsv --output out/cells",
)
_LONGEST = 2**32 - 1  # bp of a chromosome in a bigWig file


MAXATAC = Signature(
    "zoo.prepare.sample:prepare",
    common=TRACK,
    differ={
        "reads": {
            "flags": (),
            "help": "BAM of paired reads; fragments: .tsv, .bed, .bedpe; reads with a strand in column 6: tagAlign",
        },
        "output": {
            "metavar": "OUTPUT",
            "help": "writes OUTPUT.bw (normalized), OUTPUT_RP20M.bw, .json, QC: .html, .png, _mqc.json",
        },
        "genome": {"metavar": "GENOME", "help": "the assembly, .2bit or FASTA: lengths, and bases at cut sites"},
        "cells": {
            "metavar": "TSV",
            "help": "barcodes that count; with a second column a track for each cluster named there",
        },
        "shift": {
            "action": "store",
            "choices": ("auto", "yes", "no"),
            "default": "auto",
            "help": "move ends by +4 and -5 bp (default auto: if the genome's bases around them say that this was not "
            "done)",
        },
        "smoothing": {"flags": ("--slop",), "metavar": "BP", "help": "on each side of a cut (default 20)"},
        "read_depth": {"flags": ("--rpm-factor",), "metavar": "READS", "help": "of the track (default 20000000)"},
        "mapping_quality": {"metavar": "Q"},
        "keep_duplicates": {"flags": ("--skip-dedup",), "help": "keep duplicates of BAM reads"},
        "compat": {
            "choices": ("maxatac",),
            "help": "the original's rules: chr1 to chr22; secondary alignments of BAM files count",
        },
        "cut_sites": {"help": "write OUTPUT_IS_slop20.bed.gz, a row for each cut"},
        "annotation": {"metavar": "GTF", "help": "for the enrichment at transcription start sites"},
        "peaks": {"metavar": "BED", "help": "of the sample, for the fraction of cuts in them (FRiP)"},
        "scratch": {"metavar": "FOLDER", "help": "for temporary files (default OUTPUT.partial)"},
        "threads": {"metavar": "N"},
    },
    left_out=PROGRESS,
    added={
        "chrom_sizes": "lengths instead of an assembly",
        "json": shared.FLAG,
        "recipe": "which function makes the track",
    },
)
DGF = Signature(
    "zoo.prepare.dgf:prepare_dgf",
    common=TRACK,
    differ={
        "reads_file": {"flags": (), "dest": "reads"},
        "assay": {"choices": ("DNase", "ATAC"), "help": "whose reads these are, with a recipe (default DNase)"},
        "read_length": {"metavar": "BP", "help": "with a recipe (default the median; to be given for fragments)"},
        "effective_size": {"metavar": "BP", "help": "of the genome, with a recipe (default 2478297382, hg19)"},
    },
    left_out=PROGRESS,
)
LEOPARD = Signature(
    "zoo.prepare.leopard:prepare_leopard",
    common=TRACK,
    differ={
        "reads_file": {"flags": (), "dest": "reads"},
        "reference_track": {
            "required": False,
            "default": None,
            "nargs": "+",
            "metavar": "FILE",
            "help": "of the recipe leopard: coverage to normalize to, for the released models that of liver; bigWig or "
            "reads; several are summed",
        },
        "replicates": {"metavar": "FILE", "help": "of the recipe leopard: further files of the sample, summed"},
    },
    left_out=PROGRESS,
)
ANNOTATION = Signature(
    "zoo.prepare.annotation:prepare_annotation",
    common=TRACK,
    differ={
        "annotation": {"flags": (), "dest": "reads"},
        "cpg_islands": {"metavar": "FILE", "help": "cpgIslandExt of UCSC or BED, with the recipe annotation"},
        "transcripts": {"choices": ("basic", "all"), "help": "of GENCODE, with the recipe annotation (default basic)"},
    },
)
SIGNATURES = (MAXATAC, DGF, LEOPARD, ANNOTATION)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo prepare`."""
    MAXATAC.add(parser, {"": "reads output genome"})
    for signature, _ in RECIPES.values():
        signature.add(parser)
    parser.add_argument(
        "--recipe",
        choices=tuple(RECIPES),
        help="something else than maxATAC's track: factornet for `dgf` of FactorNet and DeepGRN, 5' ends scaled to 1x; "
        "leopard for `dnase` of Leopard, coverage normalized to --reference-track; annotation for the flags of "
        "FactorNet and DeepGRN, BED files of a GTF file in place of the reads",
    )
    parser.add_argument("--chrom-sizes", metavar="TSV", help="chromosome and bp, tab-separated, instead of --genome")
    exclude(parser, ("genome", "chrom_sizes"), required=True)
    add_json(parser, "print a list of what is in OUTPUT.json, for programs")
    originals.add(parser, "prepare")


def run(options: argparse.Namespace) -> None:
    """Run `zoo prepare`."""
    from zoo.genome.sequence import Genome
    from zoo.prepare.sample import prepare

    reads = originals.given(options, "reads")
    given = {
        "output": originals.output_of(options),
        "genome": Genome(user_path(options.genome, "genome")) if options.genome else _sizes(options.chrom_sizes),
        "shift": {"auto": None, "yes": True, "no": False}[options.shift],
    }
    if options.recipe is not None:
        signature, run_recipe = RECIPES[options.recipe]
        _refuse_others(options, signature, f"The recipe {options.recipe}")
        known = {name: value for name, value in given.items() if name in signature.keywords}
        run_recipe(options, signature.values(options) | {next(iter(signature.keywords)): reads, **known})
        return
    _refuse_others(options, MAXATAC, "A track of no recipe")
    made = prepare(**MAXATAC.values(options) | {"reads": reads, **given})
    samples = made if isinstance(made, dict) else {"": made}
    records = [json.loads(sample.summary.read_text(encoding="utf-8")) for sample in samples.values()]
    if options.json:
        print(json.dumps(records, indent=1))
        return
    for (name, sample), record in zip(samples.items(), records, strict=True):
        print(
            f"{name + ': ' if name else ''}{sample.cuts:,} cuts ({record['reads']['kind']}); "
            f"{summary(sample.statistics)}"
        )
        if record["chromosomes left out"]:
            fraction = record["cuts elsewhere"] / (record["cuts elsewhere"] + sample.cuts)
            print(f"left out: {record['chromosomes left out']} ({fraction:.1%} of the cuts lie elsewhere)")
        print(*(f"{each.panel}: {each}" for each in sample.verdicts), sep="\n")
        files = (sample.signal, sample.coverage, sample.cut_sites, sample.picture, sample.page, sample.multiqc)
        print(*filter(None, (*files, sample.summary)), sep="\n")


def _refuse_others(options: argparse.Namespace, own: Signature, rule: str) -> None:
    """Raise `InputError` for options of the other functions, which would have no effect."""
    mine = {own.dest(name) for name in own.keywords}
    others = [each for each in reversed(SIGNATURES) if each is not own]
    theirs = {other.dest(name): other.default(name) for other in others for name in other.keywords}
    given = {dest: getattr(options, dest) for dest in theirs if dest not in mine}
    named = {dest: value for dest, value in given.items() if value not in (None, theirs[dest])}
    refuse_together(rule, {f"--{dest.replace('_', '-')}": value for dest, value in named.items()})


def _run_dgf(options: argparse.Namespace, values: dict) -> None:
    from zoo.prepare.dgf import prepare_dgf

    made = prepare_dgf(**values)
    text = (
        f"{made.cuts:,} 5' ends; {made.reads:,} reads of {made.read_length} bp, each worth {made.scale:.4g}; "
        f"mean {made.mean:.4g} per base"
    )
    _show(options, made.summary, text, made.signal)


def _run_leopard(options: argparse.Namespace, values: dict) -> None:
    from zoo.prepare.leopard import prepare_leopard

    if values["reference_track"] is None:
        raise InputError(
            "The recipe leopard must be given the track to normalize to, for the released models that of liver",
            example="--reference-track liver.bw",
        )
    made = prepare_leopard(**values | {"replicates": values["replicates"] or ()})
    text = (
        f"{made.reads:,} reads; mean coverage {made.coverage:.4g} per base became {made.mean:.4g} "
        f"({made.positions:,} positions, at which the reference has {made.reference:.4g})"
    )
    _show(options, made.summary, text, made.signal)


def _run_annotation(options: argparse.Namespace, values: dict) -> None:
    from zoo.prepare.annotation import prepare_annotation

    made = prepare_annotation(**values)
    text = ", ".join(f"{count:,} {name}" for name, count in made.counts.items())
    _show(options, made.summary, text, *made.beds.values())


def _show(options: argparse.Namespace, summary: Path, text: str, *made: Path) -> None:
    """Print what was made of a recipe, or the record as JSON."""
    if options.json:
        print(json.dumps([json.loads(summary.read_text(encoding="utf-8"))], indent=1))
    else:
        print(text, *made, summary, sep="\n")


RECIPES = {
    "factornet": (DGF, _run_dgf),
    "leopard": (LEOPARD, _run_leopard),
    "annotation": (ANNOTATION, _run_annotation),
}
"""Name → the function, and what runs it."""


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

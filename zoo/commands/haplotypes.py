"""The command line of `zoo haplotypes`."""

import argparse
import dataclasses
import json

from zoo.commands import shared
from zoo.commands.printing import add_json
from zoo.console.signature import PROGRESS, Signature

EXAMPLES = (
    "zoo haplotypes maxatac/CTCF phased.vcf --sample NA12878 --genome hg38.2bit --signal atac.bw --regions "
    "peaks.bed --output out/haplotypes",
)
SIGNATURE = Signature(
    "zoo.model:Model.predict_haplotypes",
    common=shared.COMMON,
    differ={
        "variants": {
            "flags": (),
            "metavar": "FILE",
            "help": "a phased VCF file; or a table, or a BED of chrom, start, end and allele",
        },
        "sample": {"help": "a column of the VCF file; its haplotypes are predicted (default the only one)"},
        "regions": {
            "required": True,
            "help": "where to predict: a BED file, a region, auto: open ones, or with --genes a gene",
        },
        "output": {
            "required": True,
            "help": "writes OUTPUT.reference.bw, .haplotype1.bw, .haplotype2.bw, .sites.tsv, .skipped.tsv and .json",
        },
        "blacklist": {
            "help": "with --compat: BED, or a bigWig that is above 0 there; blocks that touch it are left out"
        },
        "threshold": {"help": "of a site: f1, precision=0.9, a number, none (default f1)"},
        "strands": {**shared.STRANDS, "help": "average both strands (default as published: forward for most)"},
        "compat": {
            "choices": ("maxatac",),
            "help": "the original `variants`: windows with one variant each, OUTPUT.bw, .bg",
        },
    },
    left_out={**shared.ELSEWHERE, **PROGRESS},
    added={**shared.MODEL, "json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo haplotypes`."""
    shared.add_model(parser)
    files = "sample genome signal regions genes flank output blacklist"
    SIGNATURE.add(parser, {"": "variants", "inputs and outputs": files, "how (defaults: as published)": ""})
    add_json(parser)


def run(options: argparse.Namespace, model) -> None:
    """Run `zoo haplotypes` with a loaded model."""
    chosen = SIGNATURE.values(options)
    if chosen["threshold"] == "none":
        chosen["threshold"] = None
    prediction = model.predict_haplotypes(**chosen)
    if options.json:
        print(json.dumps({**dataclasses.asdict(prediction), "files": list(map(str, prediction.files))}, indent=1))
    else:
        print(prediction)

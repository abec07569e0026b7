"""The command line of `zoo haplotypes`."""

import argparse
import dataclasses
import json

from zoo.commands.printing import add_json


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo haplotypes`."""
    parser.add_argument("name", help="family/MODEL or a model folder")
    parser.add_argument(
        "variants", metavar="FILE", help="a phased VCF file; or a table, or a BED of chrom, start, end and allele"
    )
    files = parser.add_argument_group("inputs and outputs")
    files.add_argument("--sample", help="a column of the VCF file; its haplotypes are predicted (default the only one)")
    files.add_argument("--genome", required=True, help="sequence, .2bit")
    files.add_argument("--signal", help="the sample's normalized ATAC-seq track, .bw (not for models of DNA alone)")
    files.add_argument("--regions", required=True, help="where to predict: a BED file, a region, or auto: open ones")
    files.add_argument(
        "--output",
        required=True,
        help="writes OUTPUT.reference.bw, .haplotype1.bw, .haplotype2.bw, .sites.tsv, .skipped.tsv and .json",
    )
    files.add_argument(
        "--blacklist", help="with --compat: BED, or a bigWig that is above 0 there; blocks that touch it are left out"
    )
    add_json(files)
    how = parser.add_argument_group("how (defaults: as published)")
    how.add_argument("--threshold", default="auto", help="of a site: f1, precision=0.9, a number, none (default f1)")
    how.add_argument("--strands", choices=("forward", "both"), default="forward", help="average both strands")
    how.add_argument("--stride", type=int, help="bp from one window to the next")
    how.add_argument("--batch-size", type=int, default=256, help="windows at once (default 256)")
    how.add_argument(
        "--compat", choices=("maxatac",), help="the original `variants`: windows with one variant each, OUTPUT.bw, .bg"
    )


def run(options: argparse.Namespace, model) -> None:
    """Run `zoo haplotypes` with a loaded model."""
    names = ("genome", "signal", "regions", "blacklist", "strands", "stride", "output", "compat", "batch_size")
    found = model.predict_haplotypes(
        options.variants,
        options.sample,
        **{name: getattr(options, name) for name in names},
        threshold=None if options.threshold == "none" else options.threshold,
    )
    if options.json:
        print(json.dumps({**dataclasses.asdict(found), "files": list(map(str, found.files))}, indent=1))
    else:
        print(found)

"""The command line of `zoo variants`."""

import argparse
import json
import sys


def add_variants(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo variants`."""
    parser.add_argument("name", help="family/MODEL or a model folder")
    parser.add_argument("variants", metavar="FILE", help="a VCF file, or a table with chrom, pos, ref and alt")
    files = parser.add_argument_group("inputs and outputs")
    files.add_argument("--genome", required=True, help="sequence, .2bit")
    files.add_argument("--signal", help="normalized ATAC-seq track, .bw (not for models of DNA alone)")
    files.add_argument("--blacklist", help="BED whose variants are skipped")
    files.add_argument("--output", help="writes OUTPUT.tsv, .skipped.tsv, .json, and of a VCF .vcf (default a table)")
    files.add_argument("--profiles", action="store_true", help="with --output: bigWigs of both alleles, too")
    files.add_argument("--json", action="store_true", help="for programs")
    files.add_argument("--table", action="store_true", help="all scores to stdout instead of those that change most")
    how = parser.add_argument_group("how")
    how.add_argument("--strands", choices=("forward", "both"), default="both", help="(default both)")
    how.add_argument("--shifts", type=int, default=1, help="windows to average over, an odd number (default 1)")
    how.add_argument("--around", type=int, metavar="BP", help="what counts (default what a window predicts)")
    how.add_argument("--only-passing", action="store_true", help="skip records whose FILTER is not PASS")
    how.add_argument(
        "--strict", action="store_true", help="fail if a REF is not the genome's (default: skip, and tell)"
    )
    how.add_argument("--compat", choices=("asap",), help="the original program's windows")
    how.add_argument("--batch-size", type=int, default=256, help="windows at once (default 256)")


def variants(options: argparse.Namespace, model) -> None:
    """Run `zoo variants` with a loaded model."""
    names = ("genome", "signal", "blacklist", "output", "profiles", "strands", "shifts", "around", "only_passing")
    names += ("strict", "compat", "batch_size")
    found = model.score_variants(options.variants, **{name: getattr(options, name) for name in names})
    if options.output:
        print(json.dumps({"files": list(map(str, found))}, indent=1) if options.json else "\n".join(map(str, found)))
    elif options.json:
        print(json.dumps(found.to_json(), indent=1))
    elif options.table:
        found.write_tsv(sys.stdout)
    else:
        print(found)

"""The command line of `zoo variants`."""

import argparse
import json
import sys

from zoo.commands.printing import add_json
from zoo.errors import InputError


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo variants`."""
    parser.add_argument("name", help="family/MODEL or a model folder")
    parser.add_argument("variants", metavar="FILE", help="a VCF file, or a table with chrom, pos, ref and alt")
    files = parser.add_argument_group("inputs and outputs")
    files.add_argument("--genome", required=True, help="sequence, .2bit")
    files.add_argument("--signal", help="normalized ATAC-seq track, .bw (not for models of DNA alone)")
    files.add_argument("--blacklist", help="whose variants are skipped: BED, or a bigWig that is above 0 there")
    files.add_argument("--output", help="writes OUTPUT.tsv, .skipped.tsv, .json, and of a VCF .vcf (default a table)")
    files.add_argument("--profiles", action="store_true", help="with --output: bigWigs of both alleles, too")
    files.add_argument("--scale", choices=("linear", "log1p"), help="of --profiles: as measured, or ln(1 + x)")
    files.add_argument("--csv", action="store_true", help="with --output: ASAP's table with profiles, too")
    files.add_argument("--measured", help="for --csv: the track that the model predicts, .bw")
    shown = files.add_mutually_exclusive_group()
    add_json(shown)
    shown.add_argument("--table", action="store_true", help="all scores to stdout instead of those that change most")
    how = parser.add_argument_group("how")
    how.add_argument("--strands", choices=("forward", "both"), help="(default both; forward with --compat)")
    how.add_argument("--shifts", type=int, default=1, help="windows to average over, an odd number (default 1)")
    how.add_argument("--around", type=int, metavar="BP", help="what counts (default what a window predicts)")
    how.add_argument("--only-passing", action="store_true", help="skip records whose FILTER is not PASS")
    how.add_argument(
        "--strict", action="store_true", help="fail if a REF is not the genome's (default: skip and count)"
    )
    how.add_argument("--compat", choices=("asap",), help="the original program's windows")
    how.add_argument("--batch-size", type=int, default=256, help="windows at once (default 256)")


def check(options: argparse.Namespace) -> None:
    """Raise `InputError` for options that have no effect; nothing is read."""
    wanted = {
        "--profiles": options.profiles,
        "--csv": options.csv,
        "--scale": options.scale is not None,
        "--measured": options.measured is not None,
    }
    given = [name for name, value in wanted.items() if value]
    if given and options.output is None:
        raise InputError(f"{given[0]} must come with --output", example="--output out/variants")
    if options.table and options.output is not None:
        raise InputError(
            "--table must be left out with --output, which writes the table", received={"output": options.output}
        )
    if options.scale is not None and not options.profiles:
        raise InputError("--scale must come with --profiles", received={"scale": options.scale})
    if options.measured is not None and not options.csv:
        raise InputError("--measured must come with --csv", received={"measured": options.measured})


def run(options: argparse.Namespace, model) -> None:
    """Run `zoo variants` with a loaded model."""
    check(options)
    names = ("genome", "signal", "blacklist", "output", "profiles", "csv", "measured", "strands", "shifts", "around")
    names += ("only_passing", "strict", "compat", "batch_size")
    chosen = {name: getattr(options, name) for name in names} | {"scale": options.scale or "linear"}
    found = model.score_variants(options.variants, **chosen)
    if options.output:
        files = list(map(str, found))
        print(json.dumps({"files": files}, indent=1) if options.json else "\n".join(files))
        _count(json.loads(found[-1].read_text(encoding="utf-8"))["skipped"])
    elif options.json:
        print(json.dumps(found.to_json(), indent=1))
    elif options.table:
        found.write_tsv(sys.stdout)
        _count(found.reasons)
    else:
        print(found)


def _count(reasons: dict[str, int]) -> None:
    """Report what was skipped on standard error: standard output is a table or paths."""
    for reason, count in reasons.items():
        print(f"zoo: skipped {count:,}: {reason}", file=sys.stderr)

"""The command line of `zoo variants`."""

import argparse
import json
import sys
import textwrap

from zoo.commands import reporting, shared
from zoo.commands.printing import add_json
from zoo.console.signature import PROGRESS, Signature
from zoo.errors import InputError
from zoo.variants.scores import scores_of
from zoo.variants.window import COMPAT

EXAMPLES = ("zoo variants maxatac/CTCF variants.vcf --genome hg38.2bit --signal atac.bw --output out/variants",)
_FILES = "genome signal blacklist peaks output profiles scale csv measured"
SIGNATURE = Signature(
    "zoo.model:Model.score_variants",
    common=shared.COMMON,
    differ={
        "variants": {"flags": (), "metavar": "FILE", "help": "a VCF file, or a table with chrom, pos, ref and alt"},
        "blacklist": {"help": "whose variants are skipped: BED, or a bigWig that is above 0 there"},
        "output": {"help": "writes OUTPUT.tsv, .skipped.tsv, .json, and of a VCF .vcf (default a table)"},
        "profiles": {"help": "with --output: bigWigs of both alleles, too"},
        "scale": {
            "choices": ("linear", "log1p"),
            "default": None,
            "help": "of --profiles: as measured, or ln(1 + x)",
        },
        "csv": {"help": "with --output: ASAP's table with profiles, too"},
        "measured": {"help": "for --csv: the track that the model predicts, .bw"},
        "strands": {**shared.STRANDS, "help": "that are averaged (default both; forward with --compat asap)"},
        "around": {"metavar": "BP", "help": "what counts (default what a window predicts)"},
        "strict": {"help": "fail if a REF is not the genome's (default: skip and count)"},
        "peaks": {"help": "narrowPeak or BED: quantiles among the counts predicted at summits, and the nearest peak"},
        "shuffles": {"metavar": "N", "help": "P values by N shuffles of each variant's sequence"},
        "seed": {"metavar": "N", "help": "of --shuffles (default 0)"},
        "scores": {
            "nargs": "+",
            "action": "extend",
            "metavar": "NAME",
            "help": "see below (default the usual ones)",
        },
        "compat": {"choices": COMPAT, "help": "the original program's windows"},
    },
    left_out={**shared.ELSEWHERE, **PROGRESS},
    added={**shared.MODEL, "json": shared.FLAG, "table": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo variants`."""
    shared.add_model(parser)
    SIGNATURE.add(parser, {"": "variants", "inputs and outputs": _FILES, "how": ""})
    shown = parser.add_argument_group("printing").add_mutually_exclusive_group()
    add_json(shown)
    shown.add_argument("--table", action="store_true", help="all scores to stdout instead of those that change most")
    parser.formatter_class, parser.epilog = argparse.RawDescriptionHelpFormatter, _scores()


def _scores() -> str:
    """The scores, for the help."""
    of_heads = (
        "scores of models of a profile and its total counts, as variant-scorer has them; those of quantiles with "
        "--peaks, and with --shuffles P values as NAME.pval (KEYPVAL):"
    )
    titles = {
        "scores (key in the INFO of a VCF file):": scores_of("around", "window"),
        textwrap.fill(of_heads, 80): scores_of("heads", with_peaks=True),
    }
    lines = []
    for title, scores in titles.items():
        lines.append(title)
        for score in scores:
            text = f"{score.name}{f' ({score.key})' if score.key else ''}: {score.description}"
            text += "" if score.usual else "; of one track if it is named"
            lines.append(textwrap.fill(text, 78, initial_indent="  ", subsequent_indent="    "))
    return "\n".join(lines)


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
    chosen = SIGNATURE.values(options) | {"scale": options.scale or "linear"}
    result = model.score_variants(**chosen)
    if options.output:
        files = list(map(str, result))
        print(json.dumps({"files": files}, indent=1) if options.json else "\n".join(files))
        _count(json.loads(result[-1].read_text(encoding="utf-8"))["skipped"])
    elif options.json:
        print(json.dumps(result.to_json(), indent=1))
    elif options.table:
        result.write_tsv(sys.stdout)
        _count(result.reasons)
    else:
        print(result)


def _count(reasons: dict[str, int]) -> None:
    """Report what was skipped on standard error: standard output is a table or paths."""
    for reason, count in reasons.items():
        reporting.note(f"skipped {count:,}: {reason}")

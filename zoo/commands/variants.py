"""The command line of `zoo variants`."""

import argparse
import json
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path

from registry.paths import user_path
from zoo.attribution.methods import METHODS, resolve
from zoo.commands import reporting, shared
from zoo.commands.printing import add_json
from zoo.console.signature import PROGRESS, Signature
from zoo.errors import InputError
from zoo.files.atomic import atomic, check_outputs, writing
from zoo.variants.scores import scores_of
from zoo.variants.window import COMPAT

EXAMPLES = ("zoo variants maxatac/CTCF variants.vcf --genome hg38.2bit --signal atac.bw --output out/variants",)
_PICTURES = (".png", ".svg", ".pdf")
_FILES = "genome signal blacklist regions genes flank sample peaks output profiles scale csv measured"
SIGNATURE = Signature(
    "zoo.model:Model.score_variants",
    common=shared.COMMON,
    differ={
        "variants": {
            "flags": (),
            "nargs": "+",
            "metavar": "VARIANTS",
            "help": "a VCF or BCF file, a table with chrom, pos, ref and alt, or variants as chr20:10677450:C:T",
        },
        "regions": {
            "nargs": "+",
            "action": "extend",
            "metavar": "REGION",
            "help": "only variants that overlap these: a BED file, chr20:1-50000, or with --genes genes; by the index "
            "of a VCF file",
        },
        "sample": {"metavar": "NAME", "help": "of a VCF file: only variants that this sample carries"},
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
        "shuffles": {"metavar": "N", "help": "P values (.pval) by N shuffles of each variant's sequence"},
        "background": {
            "metavar": "N",
            "help": "percentile and P value (.pvalue) of each score among N random variants of the same kind (C>T, "
            "deletions of 3-5 bases ...), scored once and kept in the cache; the least P value is 1/(N + 1), of "
            "directed scores twice that",
        },
        "background_regions": {
            "nargs": "+",
            "action": "extend",
            "metavar": "REGION",
            "help": "where these are drawn, such as peaks: BED (default all main chromosomes)",
        },
        "seed": {"metavar": "N", "help": "of --shuffles and --background (default 0)"},
        "scores": {
            "nargs": "+",
            "action": "extend",
            "metavar": "NAME",
            "help": "see below (default the usual ones)",
        },
        "compat": {"choices": COMPAT, "help": "the original program's windows"},
    },
    left_out={**shared.ELSEWHERE, **PROGRESS},
    added={
        **shared.MODEL,
        "json": shared.FLAG,
        "table": shared.FLAG,
        "picture": "of one variant, by Model.plot_variant",
        "motifs": "of the picture",
        "method": "of the picture",
    },
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo variants`."""
    shared.add_model(parser)
    SIGNATURE.add(parser, {"": "variants", "inputs and outputs": _FILES, "how": ""})
    drawn = parser.add_argument_group("picture of one variant")
    drawn.add_argument(
        "--picture",
        metavar="FILE",
        help="predictions with both alleles, their difference, and contributions of the bases: .png, .svg or .pdf",
    )
    drawn.add_argument(
        "--motifs",
        metavar="MEME",
        help="with --picture: known motifs that the variant breaks or makes (an instance with P at most 1e-4 is there "
        "with one allele only), weakens or strengthens; also printed, and in FILE.motifs.tsv",
    )
    drawn.add_argument(
        "--method", metavar="NAME", help=f"with --picture: of contributions, {', '.join(METHODS)} (default deeplift)"
    )
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
    for name in ("motifs", "method"):
        if getattr(options, name) is not None and options.picture is None:
            raise InputError(f"--{name} must come with --picture", example="--picture variant.png")
    if options.method is not None:
        resolve(options.method, {})
    if options.picture is not None and Path(options.picture).suffix.lower() not in _PICTURES:
        raise InputError(f"A picture must be one of {', '.join(_PICTURES)}", received={"picture": options.picture})
    if options.table and options.output is not None:
        raise InputError(
            "--table must be left out with --output, which writes the table", received={"output": options.output}
        )
    if options.scale is not None and not options.profiles:
        raise InputError("--scale must come with --profiles", received={"scale": options.scale})
    if options.measured is not None and not options.csv:
        raise InputError("--measured must come with --csv", received={"measured": options.measured})


def drawn(options: argparse.Namespace) -> tuple[Path, Path | None]:
    """The picture and, with motifs, the table of those that change. Raises `InputError` if they cannot be written."""
    path = user_path(options.picture, "picture")
    table = path.with_suffix(".motifs.tsv") if options.motifs is not None else None
    reads = [options.genome, options.signal, options.motifs, *options.variants]
    check_outputs([path, *filter(None, [table])], reads)
    return path, table


def given(options: argparse.Namespace) -> str | list[str]:
    """What is to be scored: a file, or one variant or several."""
    return options.variants[0] if len(options.variants) == 1 else options.variants


def run(options: argparse.Namespace, model) -> None:
    """Run `zoo variants` with a loaded model."""
    check(options)
    changes = None if options.picture is None else _draw(options, model)
    chosen = SIGNATURE.values(options) | {"scale": options.scale or "linear", "variants": given(options)}
    result = model.score_variants(**chosen)
    if options.output:
        files = list(map(str, result))
        print(json.dumps({"files": files}, indent=1) if options.json else "\n".join(files))
        _count(json.loads(result[-1].read_text(encoding="utf-8"))["skipped"])
    elif options.json:
        motifs = {} if changes is None else {"motifs": [asdict(change) for change in changes]}
        print(json.dumps(result.to_json() | motifs, indent=1))
    elif options.table:
        result.write_tsv(sys.stdout)
        _count(result.reasons)
    else:
        print(result)
    if not options.json:
        for change in changes or ():
            print(change, file=sys.stderr if options.table or options.output else sys.stdout)


def _draw(options: argparse.Namespace, model) -> list:
    """Draw the picture, and write the table of motifs that change, which are returned."""
    from zoo.genome.motifs import read_motifs
    from zoo.plot import style
    from zoo.plot.alleles import allele_effects, plot_alleles
    from zoo.variants.motif_changes import motif_changes, write_changes

    path, table = drawn(options)
    named = {"signal": options.signal, "covariates": options.covariate, "head": options.head}
    track = options.track[0] if options.track and len(options.track) == 1 else options.track
    known = {} if options.motifs is None else read_motifs(options.motifs)
    method = "deeplift" if options.method is None else options.method
    effects = allele_effects(model, given(options), options.genome, **named, track=track, method=method)
    changes = motif_changes(given(options), options.genome, known) if known else []
    figure = plot_alleles(effects, changes, known)
    with atomic(path, path.parent) as temporary:
        style.save(figure, temporary, path.suffix[1:].lower())
    if table is not None:
        with writing(table) as file:
            write_changes(changes, file)
    return changes


def _count(reasons: dict[str, int]) -> None:
    """Report what was skipped on standard error: standard output is a table or paths."""
    for reason, count in reasons.items():
        reporting.note(f"skipped {count:,}: {reason}")

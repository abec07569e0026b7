"""The command line of `zoo footprint`."""

import argparse
import json

from zoo.commands import shared
from zoo.commands.printing import add_json
from zoo.console.signature import PROGRESS, Signature

EXAMPLES = (
    "zoo footprint sample.bam --genome hg38.2bit --peaks peaks.bed --motifs jaspar.meme --output out/footprints",
)
SIGNATURE = Signature(
    "zoo.footprints.run:footprint",
    common=shared.COMMON,
    differ={
        "reads": {
            "flags": (),
            "nargs": "+",
            "metavar": "READS",
            "help": "BAM; fragments: .tsv, .bed, .bedpe; reads with a strand in column 6; a file for each condition",
        },
        "output": {"metavar": "OUTPUT", "help": "writes OUTPUT_corrected.bw, OUTPUT_footprints.bw, .json and so on"},
        "peaks": {"metavar": "BED"},
        "motifs": {"metavar": "MEME", "help": "whose bound and unbound sites are listed in OUTPUT_sites.tsv"},
        "names": {"metavar": "NAME"},
        "given": {
            "choices": ("reads", "corrected", "footprints"),
            "help": "what the files hold: reads, or bigWig tracks of corrected cuts or of footprint scores "
            "(default reads)",
        },
        "shift": {
            "action": "store",
            "choices": ("auto", "yes", "no"),
            "default": "auto",
            "help": "move ends by +4 and -5 bp (default auto: if the genome's bases around them say that this was not "
            "done)",
        },
        "bias": {"choices": ("dwm", "pwm"), "help": "model of pairs of bases, or of single ones (default dwm)"},
        "compat": {"choices": ("tobias",), "help": "the numbers of TOBIAS 0.17.5, its bugs included"},
        "workers": {"metavar": "N", "type": int},
    },
    left_out=PROGRESS,
    added={"json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo footprint`."""
    SIGNATURE.add(parser)
    add_json(parser, "print what is in OUTPUT.json, for programs")


def run(options: argparse.Namespace) -> None:
    """Run `zoo footprint`."""
    from zoo.footprints.run import footprint

    shift = {"auto": None, "yes": True, "no": False}[options.shift]
    made = footprint(**SIGNATURE.values(options) | {"shift": shift})
    record = json.loads(made.record.read_text(encoding="utf-8"))
    if options.json:
        print(json.dumps(record, indent=1))
        return
    for name, sample in record["samples"].items():
        if sample:
            print(
                f"{name}: {sample['in peaks']:,} cuts in peaks, {sample['outside']:,} outside; bias of "
                f"{sample['learned from']:,}"
            )
    if sites := record.get("sites"):
        bound = ", ".join(f"{count:,} bound in {name}" for name, count in sites["bound"].items())
        print(
            f"{sites['sites']:,} sites of {sites['motifs']:,} motifs: {bound} (above {sites['threshold']['value']:g})"
        )
    print(*(made.record.with_name(name) for name in record["files"]), made.record, sep="\n")

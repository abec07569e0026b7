"""The command line of `zoo plot`."""

import argparse

from zoo.attribution.methods import METHODS, resolve
from zoo.commands import heavy, shared
from zoo.commands.printing import present
from zoo.console.pairs import named_paths
from zoo.console.signature import Signature

EXAMPLES = (
    "zoo plot chr20:10,395,001-10,396,000 --tracks ATAC=atac.bw --peaks peaks.bed --output out/locus.png",
    "zoo plot GATA1 --genes genes.gtf --model maxatac/CTCF --genome hg38.2bit --signal atac.bw --output out/gata1.png",
)
_NAMED = ("tracks", "peaks", "attributions")  # several, each perhaps with a name

SIGNATURE = Signature(
    "zoo.drawing:draw",
    common=shared.COMMON,
    differ={
        "where": {"flags": (), "metavar": "REGION", "help": "chr20:10,395,001-10,396,000, or with --genes a gene"},
        "output": {"help": "the picture: .png, .svg or .pdf"},
        "tracks": {"action": "store", "nargs": "+", "metavar": "NAME=BW", "help": "bigWig files, NAME=PATH or PATH"},
        "model": {
            "nargs": "+",
            "metavar": "NAME",
            "help": 'models that predict the region, a row each: names, folders, patterns such as "maxatac/FOX*"',
        },
        "genome": {"required": False, "help": "sequence, .2bit or FASTA (plain or of bgzip), for models"},
        "threshold": {"help": "of predictions, a dashed line: f1, precision=0.9, a number, none (default f1)"},
        "track": {"help": "names of a head's tracks, a row each (default all)"},
        "method": {"help": f"also draw contributions of bases to the predictions, by {', '.join(METHODS)}"},
        "genes": {"metavar": "GTF", "help": "genes, GTF or GFF3, plain or compressed"},
        "flank": {"metavar": "BP", "help": "shown at both ends of a gene (default 5,000)"},
        "peaks": {"nargs": "+", "metavar": "NAME=BED", "help": "BED files, each NAME=PATH or PATH"},
        "attributions": {
            "nargs": "+",
            "metavar": "FILE",
            "help": "contribution scores: .npz of zoo attribute, or .bw; each PATH or NAME=PATH",
        },
        "variants": {"metavar": "VCF", "help": "a VCF file or a table of variants"},
        "assembly": {"metavar": "NAME", "help": "for the title (default by the lengths of chromosomes)"},
        "title": {"metavar": "TEXT", "help": "default the gene and the region"},
    },
)  # fmt: skip


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo plot`."""
    groups = {
        "": "where output",
        "rows": "tracks peaks attributions variants genes flank",
        "predictions": "model genome signal covariates head track threshold method",
        "words": "assembly title",
    }
    SIGNATURE.add(parser, groups)


def run(options: argparse.Namespace) -> None:
    """Run `zoo plot`."""
    from zoo import loading
    from zoo.drawing import draw, placed
    from zoo.forward.readouts import Selection
    from zoo.many import models

    chosen = SIGNATURE.values(options)
    chosen["threshold"] = None if options.threshold == "none" else options.threshold
    for name in _NAMED:
        chosen[name] = chosen[name] and _named(name, chosen[name])
    if options.model:
        given = {name: chosen[name] for name in (*_NAMED, "genome", "signal", "genes", "variants")}
        placed(options.where, options.output, options.model, given, options.flank, {})
        resolve("deeplift" if options.method is None else options.method, {})
        for name in models.named(options.model):
            Selection.of(loading.spec_of(name), options.head, options.track, spread=True)
        heavy.import_keras()
    picture = draw(**chosen)
    present(options, {"output": picture}, picture)


def _named(what: str, given: list[str]) -> dict[str, str] | str:
    """Name → path; of attributions that have no name the path, since they say what they explain."""
    if what == "attributions" and len(given) == 1 and "=" not in given[0]:
        return given[0]
    return named_paths(given, what)

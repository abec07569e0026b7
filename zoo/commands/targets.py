"""The command line of `zoo targets`."""

import argparse
import json
from collections.abc import Sequence

from zoo.commands import shared
from zoo.commands.printing import add_json
from zoo.console.signature import Signature
from zoo.errors import InputError

EXAMPLES = ("zoo targets out/atlas.json --annotation gencode.v49.gtf.gz --genome hg38.2bit --output out/prior",)
SIGNATURE = Signature(
    "zoo.priors.run:targets",
    differ={
        "sites": {
            "flags": (),
            "nargs": "+",
            "metavar": "SITES",
            "help": "OUTPUT.json of a pass over models and samples; BED files, FACTOR=BED to name them; or a "
            ".matrix.tsv, with --threshold",
        },
        "annotation": {"metavar": "GTF", "help": "genes, GTF or GFF3, plain or compressed: GENCODE, Ensembl, RefSeq"},
        "output": {"help": "writes OUTPUT.prior.tsv (genes × factors; of each sample), OUTPUT.targets.tsv, .json"},
        "genome": {"metavar": "GENOME", "help": ".2bit or FASTA, to check that annotation and sites are of it"},
        "rule": {
            "choices": ("nearest", "window", "promoter"),
            "help": "nearest: the nearest gene, or all that are equally near (default); window: all within a "
            "distance; promoter: the same, near the TSS",
        },
        "upstream": {
            "metavar": "BP",
            "help": "before a TSS (default 1000000 for nearest, 50000 for window, 2000 for promoter)",
        },
        "downstream": {"metavar": "BP", "help": "behind it (default the same, for promoter 100)"},
        "links": {
            "metavar": "TABLE",
            "help": "regions and genes instead of a rule: chrom, start, end and gene, or region and gene",
        },
        "gene_types": {"metavar": "TYPE", "help": "of the annotation, or all (default protein_coding)"},
        "transcripts": {"choices": ("basic", "all")},
        "names": {"choices": ("symbol", "id"), "help": "of genes in the matrix (default symbol)"},
        "values": {
            "choices": ("binary", "max", "sum"),
            "help": "of the matrix: 0 or 1, or the highest score of sites or their sum (default binary)",
        },
        "threshold": {"metavar": "SCORE", "type": float, "help": "least score of a site; a matrix must have one"},
        "write": {"choices": ("tsv", "parquet"), "help": "the table of pairs (default tsv)"},
    },
    added={"json": shared.FLAG},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo targets`."""
    groups = {
        "inputs and outputs": "sites annotation genome output write",
        "which genes a site is of": "rule upstream downstream links",
        "which genes, and how they are shown": "gene_types transcripts names values threshold",
    }
    SIGNATURE.add(parser, groups)
    add_json(parser, "print what is in OUTPUT.json, for programs")


def run(options: argparse.Namespace) -> None:
    """Run `zoo targets`."""
    from zoo.priors.run import targets

    made = targets(**SIGNATURE.values(options) | {"sites": _sites(options.sites)})
    print(json.dumps(json.loads(made.sidecar.read_text(encoding="utf-8"))) if options.json else made)


def _sites(given: Sequence[str]) -> object:
    """Files, or factor → BED file if all are named."""
    pairs = [text.partition("=") for text in given]
    named = [bool(separator) and "/" not in factor for factor, separator, _ in pairs]
    if not any(named):
        return list(given)
    if not all(named):
        raise InputError(
            "Either all BED files must be named by their factors, or none",
            received={"without a name": given[named.index(False)]},
            example="CTCF=ctcf.bed",
        )
    found: dict[str, str] = {}
    for factor, _, path in pairs:
        if factor in found:
            raise InputError("Each of the factors must have a name of its own", received={"twice": factor})
        found[factor] = path
    return found

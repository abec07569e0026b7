"""The command line of `zoo attribute`."""

import argparse
import json

from zoo.attribution.methods import METHODS
from zoo.commands import shared
from zoo.commands.printing import add_json
from zoo.console.signature import PROGRESS, Signature
from zoo.errors import InputError
from zoo.files.job import job_base

EXAMPLES = (
    "zoo attribute maxatac/CTCF --genome hg38.2bit --signal atac.bw --regions peaks.bed --output out/why --pictures 1",
)
SIGNATURE = Signature(
    "zoo.model:Model.attribute",
    common=shared.COMMON,
    differ={
        "regions": {
            "required": True,
            "help": "a BED file (of narrowPeak the summits), a region, auto, or with --genes a gene",
        },
        "output": {"help": "writes OUTPUT.npz, .bw and .json (default: a table)"},
        "method": {"help": f"{', '.join(METHODS)} (default deeplift)"},
        "head": {
            "metavar": "NAME",
            "help": "of a model with several heads (default as published; of counts the total)",
        },
        "target": {"help": "sum, profile, a bin, or bins such as 8:24 (default sum; of a profile's logits profile)"},
        "references": {"help": "what bases are compared with (default dinucleotide_shuffle)"},
        "signal_reference": {"help": "what the signal is compared with: fixed, zeros or mean"},
        "batch_size": {"help": "sequences at once (default: what fits into 2 GB)"},
    },
    left_out={"x": shared.ARRAYS, "alternative": shared.ARRAYS, **shared.ELSEWHERE, **PROGRESS},
    added={**shared.MODEL, "json": shared.FLAG, **dict.fromkeys(("pictures", "format"), "drawn afterwards")},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo attribute`."""
    shared.add_model(parser)
    files = "inputs and outputs"
    SIGNATURE.add(
        parser, {files: "genome signal regions genes flank chromosomes output", "how (defaults: as published)": ""}
    )
    shown = parser.add_argument_group("pictures and printing")
    shown.add_argument("--pictures", type=int, metavar="N", help="with --output: of the N highest windows")
    shown.add_argument("--format", choices=("png", "svg"), help="of the pictures (default png)")
    add_json(shown)


def run(options: argparse.Namespace, model) -> None:
    """Run `zoo attribute` with a loaded model."""
    _check_pictures(options)
    result = model.attribute(**SIGNATURE.values(options))
    if not options.output:
        print(json.dumps(rows(result), indent=1) if options.json else result)
        return
    if options.pictures:
        from zoo.plot.pictures import draw

        result += draw(result[0], options.signal, options.pictures, options.format or "png")
    print(json.dumps({"files": list(map(str, result))}, indent=1) if options.json else "\n".join(map(str, result)))


def _check_pictures(options: argparse.Namespace) -> None:
    """Refuse pictures that could not be drawn or would replace a file of the user's, before the work begins."""
    from zoo.plot import pictures

    if options.pictures is not None and not 1 <= options.pictures <= pictures.MOST:
        raise InputError(
            f"The number of pictures must be from 1 to {pictures.MOST:,}", received={"pictures": options.pictures}
        )
    if options.pictures and not options.output:
        raise InputError(
            "Pictures must have an output, beside which they are written", example="--output out/why --pictures 3"
        )
    if options.format and not options.pictures:
        raise InputError(
            "A format must be given with pictures", received={"format": options.format}, example="--pictures 3"
        )
    if options.pictures:
        pictures.check_names(job_base(options.output, ".npz"), options.pictures, options.format or "png")


def rows(found) -> list[dict]:
    """A JSON object for each window."""
    import numpy as np

    errors = found.error
    return [
        {
            "window": str(place),
            "prediction": float(found.prediction[i]),
            "baseline": None if errors is None else float(found.baseline[i]),
            "difference": None if errors is None else float(found.difference[i]),
            "bases": float(found.values[i].sum()),
            "signal": None if found.signal is None else float(found.signal[i].sum()),
            "error": None if errors is None or not np.isfinite(errors[i]) else float(errors[i]),
        }
        for i, place in enumerate(found.intervals)
    ]

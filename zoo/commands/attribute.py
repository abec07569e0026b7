"""The command line of `zoo attribute`."""

import argparse
import json

from zoo.commands.printing import add_json
from zoo.errors import InputError
from zoo.files.job import job_base


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo attribute`."""
    parser.add_argument("name", help="family/MODEL or a model folder")
    files = parser.add_argument_group("inputs and outputs")
    files.add_argument("--genome", required=True, help="sequence, .2bit")
    files.add_argument("--signal", help="normalized ATAC-seq track, .bw (not for models of DNA alone)")
    files.add_argument("--regions", required=True, help="a BED file (of narrowPeak the summits), a region, or auto")
    files.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="only regions on these")
    files.add_argument("--output", help="writes OUTPUT.npz, .bw and .json (default: a table)")
    files.add_argument("--pictures", type=int, metavar="N", help="with --output: of the N highest windows")
    files.add_argument("--format", choices=("png", "svg"), help="of the pictures (default png)")
    add_json(files)
    how = parser.add_argument_group("how (defaults: as published)")
    how.add_argument("--method", default="deeplift", help="deeplift, integrated_gradients, saturation_mutagenesis, …")
    how.add_argument("--target", default="sum", help="sum, profile, a bin, or bins such as 8:24 (default sum)")
    how.add_argument("--references", help="what bases are compared with (default dinucleotide_shuffle)")
    how.add_argument("--signal-reference", help="what the signal is compared with: fixed, zeros or mean")
    how.add_argument("--count", type=int, help="shuffles of each window (default 20)")
    how.add_argument("--seed", type=int, help="of the shuffles (default 0)")
    how.add_argument("--steps", type=int, help="of integrated gradients (default 50)")
    how.add_argument("--width", type=int, help="bp that occlusion hides (default 12)")
    how.add_argument("--batch-size", type=int, help="sequences at once (default: what fits into 2 GB)")


def run(options: argparse.Namespace, model) -> None:
    """Run `zoo attribute` with a loaded model."""
    _check_pictures(options)
    choices = ("method", "target", "references", "signal_reference", "count", "seed", "steps", "width", "batch_size")
    files = ("genome", "signal", "regions", "chromosomes", "output")
    found = model.attribute(**{name: getattr(options, name) for name in (*files, *choices)})
    if not options.output:
        print(json.dumps(rows(found), indent=1) if options.json else found)
        return
    if options.pictures:
        from zoo.plot.pictures import draw

        found += draw(found[0], options.signal, options.pictures, options.format or "png")
    print(json.dumps({"files": list(map(str, found))}, indent=1) if options.json else "\n".join(map(str, found)))


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
            "bases": float(found.values[i].sum()),
            "signal": None if found.signal is None else float(found.signal[i].sum()),
            "error": None if errors is None or not np.isfinite(errors[i]) else float(errors[i]),
        }
        for i, place in enumerate(found.intervals)
    ]

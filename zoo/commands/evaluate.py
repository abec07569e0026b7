"""The command line of `zoo evaluate`."""

import argparse
from dataclasses import asdict
from pathlib import Path

from zoo.commands import shared
from zoo.commands.evaluation import ADDED, BINS, add_outputs, answer, claim, refuse
from zoo.console.signature import PROGRESS, Signature

EXAMPLES = (
    "zoo evaluate yeast/ATAC --genome sacCer3.2bit --signal atac.bw --chromosomes chrIV --output out/evaluation",
)
_FILES = {
    "genome": shared.COMMON["genome"],
    "peaks": {
        "metavar": "NARROWPEAK",
        "help": "windows around summits instead of all chromosomes; or with --genes around the middles of genes",
    },
    "unmappable": {"metavar": "BED", "help": "leave out windows that touch these, too"},
}
SIGNATURES = (
    Signature(
        "zoo.evaluate.models:windows",
        common=BINS | _FILES,
        differ={"signal": {"help": "measured track, .bw"}},
        left_out={"spec": "of the model", **PROGRESS},
        added=ADDED
        | shared.MODEL
        | {"robustness": "whether that is measured, too", "genes": "by which peaks are placed"},
    ),
    Signature(
        "zoo.evaluate.models:accessibility",
        left_out={"model": "the positional argument", "evaluated": "what the windows are"},
    ),
    Signature(
        "zoo.evaluate.models:robustness",
        common=BINS | _FILES,
        differ={
            "shifts": {
                "default": None,
                "metavar": "N",
                "help": "places of the window, with --robustness (default 17)",
            },
            "step": {
                "metavar": "BP",
                "help": "between its cores, with --robustness (default a quarter of the window)",
            },
        },
        left_out={"model": "the positional argument", **PROGRESS},
    ),
)

_PLACE = "position in the output window (bp)"


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo evaluate`."""
    shared.add_model(parser, "a model of accessibility: family/MODEL or a model folder")
    SIGNATURES[0].add(parser, {"": "genome signal peaks unmappable chromosomes blacklist"})
    parser.add_argument(
        "--genes", metavar="GTF", help="GTF or GFF3, also compressed: --peaks may then be names of genes"
    )
    parser.add_argument("--robustness", action="store_true", help="also measure how predictions vary with the window")
    SIGNATURES[1].add(parser)
    SIGNATURES[2].add(parser)
    add_outputs(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo evaluate`."""
    from zoo.data.regions import on_genome
    from zoo.evaluate import models
    from zoo.evaluate.robustness import SHIFTS
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal
    from zoo.inputs.opening import named_intervals
    from zoo.loading import load

    if not options.robustness:
        refuse(options, "without --robustness", "shifts", "step")
    claim(options, "accessibility")
    model, genome, signal = load(options.name, options.component), Genome(options.genome), Signal(options.signal)
    claim(options, "accessibility", [model])
    avoided = [
        on_genome(path, genome, avoided=True) if path else [] for path in (options.blacklist, options.unmappable)
    ]
    peaks = named_intervals(options.peaks, options.genes, None, genome)
    where = options.chromosomes, peaks, *avoided
    opened = {"genome": genome, "peaks": peaks, "blacklist": avoided[0], "unmappable": avoided[1]}
    chosen = SIGNATURES[0].values(options) | opened | {"signal": signal}
    precision = SIGNATURES[1].values(options)
    by_chromosome = models.accessibility(model, models.windows(model.spec, **chosen), **precision)
    rows = {chrom: asdict(row) for chrom, row in by_chromosome.items()}
    bin_size, sections = model.spec.output.bin_size, []
    for chrom, row in rows.items():
        measured, predicted = row.pop("profiles")
        places = [bin_size * at for at in range(len(measured))]
        series = [{"name": name, "x": places, "y": y} for name, y in (("measured", measured), ("predicted", predicted))]
        title, axes = f"{chrom}: mean profile", {"x": _PLACE, "y": "mean signal, ln(1 + x)"}
        sections.append({"kind": "curves", "title": title, **axes, "series": series})
    settings = {"kind": "accessibility"}
    settings |= models.departure(model, models.windows(model.spec, **chosen, progress=False), **precision)
    if options.robustness:
        shifts = SHIFTS if options.shifts is None else options.shifts
        varied = models.robustness(model, **SIGNATURES[2].values(options) | opened | {"shifts": shifts})
        sections.append(_variation(varied, rows, shifts, bin_size))
        settings |= {"shifts": shifts, "step": options.step}
    rows["mean"] = models.mean(list(rows.values()))
    note = ""
    if any(avoided):
        settings["windows_left_out"] = models.left_out(model.spec, genome, signal, *where)
        lost = ", ".join(f"{chrom} {count:,}" for chrom, count in settings["windows_left_out"].items())
        note = f"Windows left out (blacklist, unmappable): {lost}"
    answer(options, f"{model.spec.name} on {Path(signal.path).name}", settings, rows, sections, note, reads=[model])


def _variation(varied: dict, rows: dict[str, dict], shifts: int, bin_size: int) -> dict:
    """A section of the variation scores, which are put into the rows, too."""
    lines = []
    for chrom, row in varied.items():
        rows.setdefault(chrom, {})["variation"] = row.score
        lines.append({"name": chrom, "x": [bin_size * at for at in range(len(row.curve))], "y": list(row.curve)})
    axes = {"x": _PLACE, "y": "coefficient of variation"}
    return {"kind": "curves", "title": f"Variation over {shifts} shifts", **axes, "series": lines}

"""The command line of `zoo evaluate`."""

import argparse
from dataclasses import asdict

from zoo.commands.evaluation import add_common, answer, claim, refuse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo evaluate`."""
    parser.add_argument("name", help="a model of accessibility: family/MODEL or a model folder")
    parser.add_argument("--genome", required=True, help="sequence, .2bit")
    parser.add_argument("--signal", required=True, help="measured track, .bw")
    parser.add_argument("--peaks", metavar="NARROWPEAK", help="windows around summits instead of all chromosomes")
    parser.add_argument("--unmappable", metavar="BED", help="leave out windows that touch these, too")
    parser.add_argument("--robustness", action="store_true", help="also measure how predictions vary with the window")
    parser.add_argument("--shifts", type=int, metavar="N", help="places of the window, with --robustness (default 17)")
    parser.add_argument(
        "--step", type=int, metavar="BP", help="between its cores, with --robustness (default a quarter of the window)"
    )
    add_common(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo evaluate`."""
    from zoo.data.regions import on_genome
    from zoo.evaluate import models
    from zoo.evaluate.robustness import SHIFTS
    from zoo.genome.sequence import Genome
    from zoo.genome.signal import Signal
    from zoo.loading import load

    if not options.robustness:
        refuse(options, "without --robustness", "shifts", "step")
    claim(options, "accessibility")
    model, genome, signal = load(options.name), Genome(options.genome), Signal(options.signal)
    claim(options, "accessibility", [model])
    avoided = [
        on_genome(path, genome, avoided=True) if path else [] for path in (options.blacklist, options.unmappable)
    ]
    where = options.chromosomes, options.peaks, *avoided
    found = models.accessibility(model, models.windows(model.spec, genome, signal, *where))
    rows = {chrom: asdict(row) for chrom, row in found.items()}
    bin_size, sections = model.spec.output.bin_size, []
    for chrom, row in rows.items():
        measured, predicted = row.pop("profiles")
        places = [bin_size * at for at in range(len(measured))]
        series = [{"name": name, "x": places, "y": y} for name, y in (("measured", measured), ("predicted", predicted))]
        title, axes = f"{chrom}: mean profile", {"x": "bp from the core's first base", "y": "ln(1 + track)"}
        sections.append({"kind": "curves", "title": title, **axes, "series": series})
    said = {"kind": "accessibility"}
    if options.robustness:
        shifts = SHIFTS if options.shifts is None else options.shifts
        varied = models.robustness(model, genome, *where, step=options.step, shifts=shifts)
        sections.append(_variation(varied, rows, shifts, bin_size))
        said |= {"shifts": shifts, "step": options.step}
    rows["mean"] = models.mean(list(rows.values()))
    note = ""
    if any(avoided):
        said["windows_left_out"] = models.left_out(model.spec, genome, signal, *where)
        lost = ", ".join(f"{chrom} {count:,}" for chrom, count in said["windows_left_out"].items())
        note = f"Windows left out (blacklist, unmappable): {lost}"
    answer(options, f"{model.spec.name} on {signal.path.name}", said, rows, sections, note, reads=[model])


def _variation(varied: dict, rows: dict[str, dict], shifts: int, bin_size: int) -> dict:
    """A section of the variation scores, which are put into the rows, too."""
    lines = []
    for chrom, row in varied.items():
        rows.setdefault(chrom, {})["variation"] = row.score
        lines.append({"name": chrom, "x": [bin_size * at for at in range(len(row.curve))], "y": list(row.curve)})
    axes = {"x": "bp from the core's first base", "y": "coefficient of variation"}
    return {"kind": "curves", "title": f"Variation over {shifts} shifts", **axes, "series": lines}

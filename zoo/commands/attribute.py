"""The command lines of `zoo attribute` and `zoo motifs`."""

import argparse
import hashlib
import json
import os
import re
from pathlib import Path

from zoo.attribution.methods import METHODS
from zoo.errors import InputError
from zoo.files.atomic import atomic
from zoo.files.job import job_base
from zoo.files.record import MADE_BY

_MOST_PICTURES = 1000
_MARK = re.compile(rf"{MADE_BY} [0-9a-f]{{64}}".encode())  # in the title of a picture


def add_attribute(parser: argparse.ArgumentParser) -> None:
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
    files.add_argument("--json", action="store_true", help="machine-readable output")
    how = parser.add_argument_group("how (defaults: as published)")
    how.add_argument("--method", default="deeplift", help=f"{', '.join(METHODS)} (default deeplift)")
    how.add_argument("--target", default="sum", help="sum, profile, a bin, or bins such as 8:24 (default sum)")
    how.add_argument("--references", help="what bases are compared with (default dinucleotide_shuffle)")
    how.add_argument("--signal-reference", help="what the signal is compared with: fixed, zeros or mean")
    how.add_argument("--count", type=int, help="shuffles of each window (default 20)")
    how.add_argument("--seed", type=int, help="of the shuffles (default 0)")
    how.add_argument("--steps", type=int, help="of integrated gradients (default 50)")
    how.add_argument("--width", type=int, help="bp that occlusion hides (default 12)")
    how.add_argument("--batch-size", type=int, help="sequences at once (default: what fits into 2 GB)")


def add_motifs(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo motifs`."""
    parser.add_argument("attributions", metavar="FILE", help="OUTPUT.npz of zoo attribute")
    parser.add_argument("--motifs", metavar="MEME", help="known motifs, such as JASPAR's or HOCOMOCO's")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="of patterns, logos and report")
    parser.add_argument("--width", type=int, default=400, help="bp in the middle of the windows (default 400)")
    parser.add_argument("--most-seqlets", type=int, default=20_000, help="of each sign (default 20000)")
    parser.add_argument("--least-seqlets", type=int, default=100, help="for a sign to have patterns (default 100)")
    parser.add_argument("--json", action="store_true", help="machine-readable output")


def attribute(options: argparse.Namespace, model) -> None:
    """Run `zoo attribute` with a loaded model."""
    _check_pictures(options)
    choices = ("method", "target", "references", "signal_reference", "count", "seed", "steps", "width", "batch_size")
    files = ("genome", "signal", "regions", "chromosomes", "output")
    found = model.attribute(**{name: getattr(options, name) for name in (*files, *choices)})
    if not options.output:
        print(json.dumps(rows(found), indent=1) if options.json else found)
        return
    if options.pictures:
        found += draw(found[0], options.signal, options.pictures, options.format or "png")
    print(json.dumps({"files": list(map(str, found))}, indent=1) if options.json else "\n".join(map(str, found)))


def _check_pictures(options: argparse.Namespace) -> None:
    """Refuse pictures that could not be drawn or would replace a file of the user's, before the work begins."""
    if options.pictures is not None and not 1 <= options.pictures <= _MOST_PICTURES:
        raise InputError(
            f"The number of pictures must be from 1 to {_MOST_PICTURES:,}", received={"pictures": options.pictures}
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
        base = job_base(options.output, ".npz")
        for path in _names(base.parent, base.name, options.pictures, options.format or "png"):
            _check_own(path)


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


def draw(path: Path, signal: str | None, most: int, form: str = "png", intervals: dict | None = None) -> list[Path]:
    """Draw the windows of highest prediction in a file, each whole and near its strongest base; the pictures' paths.

    Pictures carry a mark. One that is of the same windows and track is not drawn again, those of an earlier call are
    removed, and a file without the mark is not replaced: `InputError`.
    """
    from registry.digests import sha256
    from zoo.attribution.result import Attributions
    from zoo.genome.interval import Interval
    from zoo.genome.signal import Signal
    from zoo.plot.explained import plot_locus

    found = Attributions.load(path)
    tracks = {"signal": Signal(signal)} if signal else {}
    said = [sha256(path), *(sha256(item.path) for item in tracks.values()), repr(intervals)]
    mark = f"{MADE_BY} {hashlib.sha256(' '.join(said).encode()).hexdigest()}"
    order = (-found.prediction).argsort(kind="stable")[:most].tolist()
    made = _names(path.parent, path.stem, len(order), form)
    for target, (rank, near) in zip(made, ((rank, near) for rank in range(len(order)) for near in (0, 1)), strict=True):
        _check_own(target)
        if _mark_of(target) == mark.encode():
            continue
        i = order[rank]
        window, length = found.intervals[i], found.codes.shape[1]
        first = min(max(int(abs(found.scores[i]).argmax()) - 60, 0), max(length - 120, 0))
        region = Interval(window.chrom, window.start + first, window.start + min(first + 120, length)) if near else None
        figure = plot_locus(found, i, tracks, intervals, region)
        with atomic(target, target.parent) as temporary:
            figure.savefig(temporary, format=form, metadata={"Title": mark})
    for old in {
        *_names(path.parent, path.stem, _MOST_PICTURES, "png"),
        *_names(path.parent, path.stem, _MOST_PICTURES, "svg"),
    }:
        if old not in made and _mark_of(old):
            old.unlink()
    return made


def _names(folder: Path, stem: str, count: int, form: str) -> list[Path]:
    return [folder / f"{stem}_{rank}{name}.{form}" for rank in range(1, count + 1) for name in ("", "_near")]


def _check_own(path: Path) -> None:
    if os.path.lexists(path) and _mark_of(path) is None:
        raise InputError(
            "A picture must not replace a file that no run made",
            received={"picture": str(path)},
            hint="Choose another output, or remove that file",
        )


def _mark_of(path: Path) -> bytes | None:
    """The mark of a picture that a run drew; None for anything else."""
    try:
        with open(path, "rb") as file:
            found = _MARK.search(file.read(1 << 14))
    except OSError:
        return None
    return found and found[0]


def motifs(options: argparse.Namespace) -> None:
    """Run `zoo motifs`."""
    from zoo.interpretation import report

    choices = ("motifs", "width", "most_seqlets", "least_seqlets")
    made = report(options.attributions, options.output, **{name: getattr(options, name) for name in choices})
    print(json.dumps(made.to_json(), indent=1) if options.json else made)
    if made.patterns and not options.json:
        print(made.folder / "patterns.png", made.html, sep="\n")

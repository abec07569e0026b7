"""Pictures of attributions as files of a run: drawn once, marked as its own, removed when they are out of date."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from registry.digests import sha256
from zoo.attribution.result import Attributions
from zoo.errors import InputError
from zoo.files.atomic import atomic
from zoo.files.record import MADE_BY
from zoo.genome.signal import Signal

FORMATS = ("png", "svg")
MOST = 1000
_DRAWING = "3"  # how they are drawn: pictures of an earlier way are drawn again
_MARK = re.compile(rf"{MADE_BY} [0-9a-f]{{64}}".encode())  # in the title of a picture


def draw(
    path: Path,
    signal: str | Mapping[str, str] | None,
    most: int,
    form: str = "png",
    intervals: dict | None = None,
) -> list[Path]:
    """Draw the windows of highest prediction in a file, each whole and near its strongest base; the pictures' paths.

    Pictures carry a mark. One that is of the same windows and track is not drawn again, those of an earlier call are
    removed, and a file without the mark is not replaced: `InputError`.

    Args:
        path: of `Attributions.save`.
        signal: the track that is drawn with them, `.bw`, or tracks by their names.
        most: windows.
        form: of `FORMATS`.
        intervals: title → intervals that are drawn, too.
    """
    from zoo.plot import style
    from zoo.plot.explained import plot_locus

    attributions = Attributions.load(path)
    given = signal if isinstance(signal, Mapping) else {"signal": signal} if signal else {}
    tracks = {name: Signal(track) for name, track in given.items()}
    read = [sha256(t.path) if isinstance(t.path, Path) else repr(t.identity()) for t in tracks.values()]
    contents = [_DRAWING, sha256(path), *read, repr(intervals)]
    mark = f"{MADE_BY} {hashlib.sha256(' '.join(contents).encode()).hexdigest()}"
    order = (-attributions.prediction).argsort(kind="stable")[:most].tolist()
    made = _names(path.parent, path.stem, len(order), form)
    for target, (rank, near) in zip(made, ((rank, near) for rank in range(len(order)) for near in (0, 1)), strict=True):
        _check_own(target)
        if _mark_of(target) == mark.encode():
            continue
        i = order[rank]
        figure = plot_locus(attributions, i, tracks, intervals, attributions.strongest(i) if near else None)
        with atomic(target, target.parent) as temporary:
            style.save(figure, temporary, form, Title=mark)
    for old in {name for form in FORMATS for name in _names(path.parent, path.stem, MOST, form)}:
        if old not in made and _mark_of(old):
            old.unlink()
    return made


def check_names(base: Path, most: int, form: str = "png") -> None:
    """Raise `InputError` if pictures of `<base>.npz` would replace files that no run made."""
    for path in _names(base.parent, base.name, most, form):
        _check_own(path)


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
            match = _MARK.search(file.read(1 << 14))
    except OSError:
        return None
    return match and match[0]

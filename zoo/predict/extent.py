"""How much a prediction writes or holds, told before it begins: of thousands of tracks it is terabytes."""

import glob
import shutil
from pathlib import Path

from zoo.console.units import size
from zoo.errors import InputError
from zoo.forward.forward import memory
from zoo.predict.options import Options

_BYTES = 4  # of a number
WRITTEN = 9  # bytes of a bin on disk: 4 while the run lasts, up to 5 in the bigWig with its zoom levels
_MOST_UNNAMED = 100  # tracks that are written where none is named


def check_files(options: Options, bins: int, output: Path) -> None:
    """Raise `InputError` for a head of many tracks of which none is named, and for more than fits on the disk.

    Args:
        bins: of all chromosomes, regions or windows together.
        output: where files go.
    """
    tracks = max(len(options.output.tracks), 1)
    if options.selection.tracks is None and tracks > _MOST_UNNAMED:
        raise InputError(
            f"The tracks must be named for files: all {tracks:,} tracks of {options.output.name} are "
            f"{size(_BYTES * bins * tracks)}",
            example=f'track="{_example(options)}"',
            received={"track": None},
            hint="A description, an assay or a pattern names several at once",
        )
    needed = WRITTEN * bins * tracks - _written(output)
    free = shutil.disk_usage(_existing(output)).free
    if needed > free:
        raise InputError(
            "A prediction must fit on the disk",
            received={"tracks": tracks, "needed": size(needed), "free": size(free)},
            where=output.parent,
            hint="Name fewer tracks, or predict regions",
        )


def check_table(options: Options, bins: int) -> None:
    """Raise `InputError` for a table that is larger than half of this machine's memory."""
    needed = _BYTES * bins * max(len(options.output.tracks), 1)
    if needed > memory() / 2:
        raise InputError(
            "A table must fit into the memory of this machine",
            received={"tracks": max(len(options.output.tracks), 1), "needed": size(needed)},
            hint='Name fewer tracks, predict regions, or give output="out/name"',
        )


def _example(options: Options) -> str:
    table = options.output.table
    return table.descriptions[0] if table is not None and table.descriptions else options.output.tracks[0]


def _written(output: Path) -> int:
    """Bytes of what an earlier call with this output left, finished or not."""
    found = output.parent.glob(f"{glob.escape(output.name)}.*")
    return sum(file.stat().st_size for path in found for file in (path, *path.rglob("*")) if file.is_file())


def _existing(path: Path) -> Path:
    """The nearest folder above a path that exists."""
    return next(folder for folder in path.absolute().parents if folder.is_dir())

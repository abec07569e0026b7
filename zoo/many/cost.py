"""What one pass will cost on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass

from zoo.formats.formats import BINS, FORMATS, MATRIX, Format
from zoo.many.work import Work
from zoo.predict import cost
from zoo.predict.work import windows_of

_BIGWIG, _TEXT, _NUMBER = 5, 12, 4  # bytes of a score: with zoom levels, as text, as float32
_CALLED, _CALL = 0.01, 16  # the part of the bins that reach a threshold, generously, and bytes of each
_HIGHEST, _SUM = 4, 8  # bytes of a region, until the matrix has it
_KEPT = 12  # bytes of a region in the file of a unit
_UNIT = 3  # times that the scores of a unit are in memory while it is reduced


@dataclass(frozen=True)
class ManyCost:
    """An estimate.

    Attributes:
        models: how many.
        groups: that read the same.
        units: of the work.
        windows: × models × samples.
        seconds: by the speed of a few batches of random windows, in one process.
        memory: bytes: the most that this process has used with the models and a batch, and the matrix.
        parts: bytes on disk while the work lasts.
        files: bytes of the final files.
    """

    models: int
    groups: int
    units: int
    windows: int
    seconds: float
    memory: int
    parts: int
    files: int

    @property
    def disk(self) -> int:
        """Bytes at the end of the work, when parts and files are there."""
        return self.parts + self.files


def estimate(work: Work, formats: Sequence[Format]) -> ManyCost:
    """Plan a pass that writes some formats, and time some batches of random windows of each group."""
    seconds = peak = scores = sites = most = 0
    regions = len(work.regions or ())
    for g, group in enumerate(work.groups):
        samples, grid, plans = len(work.samples[g]), group.grid, work.works[g].plans
        one = cost.of_work(group.members[0].model.spec, work.works[g])
        seconds, peak = seconds + one.seconds * samples, max(peak, one.memory)
        columns = len(group.columns)
        bins = min(sum(plan.bins for plan in plans), windows_of(plans) * grid.bins)
        scores += bins * columns * samples
        sites += bins * samples * sum(threshold is not None for threshold in group.thresholds)
        unit = work.works[g].size * grid.stride // grid.bin_size * _NUMBER * _UNIT
        reduce = set(work.request.reduce)
        reduced = regions * (_HIGHEST * ("max" in reduce) + _SUM * bool(reduce - {"max"}))
        most = max(most, columns * (unit + reduced))
    values = regions * len(work.columns) * len(work.request.samples)
    held = values * len(work.request.reduce)
    units = list(work.units())
    return ManyCost(
        models=len(work.members),
        groups=len(work.groups),
        units=len(units),
        windows=sum(map(work.windows, units)),
        seconds=seconds,
        memory=peak + held * _NUMBER + most,
        parts=int(_KEPT * values + sites * _CALLED * _CALL + (_NUMBER * scores if work.request.bins else 0)),
        files=int(sum(_size(format, scores, sites, held) for format in formats)),
    )


def _size(format: Format, scores: int, sites: int, held: int) -> float:
    """Bytes of all files of a format."""
    if format.holds == BINS:
        return _BIGWIG * scores
    if format.holds == MATRIX:
        return (_TEXT if format is FORMATS["matrix"] else _NUMBER) * held
    return _CALLED * sites * _CALL

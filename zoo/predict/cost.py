"""What a prediction will cost on this machine."""

import resource
import sys
import time
from dataclasses import dataclass

import numpy as np

from zoo.forward.forward import Forward
from zoo.inputs.opening import Inputs
from zoo.predict.extent import WRITTEN
from zoo.predict.options import Options
from zoo.predict.run import PredictionRun
from zoo.predict.tiles import Pass, Tiled, split
from zoo.predict.work import GridWork, windows_of
from zoo.spec import ModelSpec

_SECONDS = 2.0  # that are measured, at least, and at least one batch, after one that warms up
_OVERHEAD = 1.1  # reading and writing, over the network's own time


@dataclass(frozen=True)
class Cost:
    """An estimate.

    Attributes:
        windows: to be predicted.
        seconds: by the speed of a few batches of random windows.
        memory: bytes, the most that this process has used with the model and a batch in it; it does not grow.
        disk: bytes of scores, in the final bigWig and, until that is complete, beside it.
    """

    windows: int
    seconds: float
    memory: int
    disk: int


def estimate(
    spec: ModelSpec, forward: Forward, inputs: Inputs, options: Options, tiled: Tiled = lambda tiles: None
) -> Cost:
    """Plan a run, and time some batches of random windows. Raises `InputError` if there is no window to predict.

    Arguments are those of `zoo.predict.run.PredictionRun`.
    """
    work = PredictionRun(spec, forward, inputs, options, progress=False, tiled=tiled).work
    return of_work(spec, work, max(len(options.output.tracks), 1))


def of_work(spec: ModelSpec, work: GridWork, tracks: int = 1) -> Cost:
    """The same of work that is planned; of so many tracks."""
    seconds = 0.0
    for one, plans in split(work.passes, work.plans):
        if windows := windows_of(plans):
            seconds += windows * _each(spec, one, min(one.batch_size, windows, max(work.size // one.tiles, 1)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    bins = sum(plan.bins for plan in work.plans)
    return Cost(windows_of(work.plans), seconds * _OVERHEAD, peak, WRITTEN * tracks * bins)


def _each(spec: ModelSpec, one: Pass, batch_size: int) -> float:
    """Seconds of a window of a pass, by some batches of random ones, or stretches of them."""
    random = np.random.default_rng(0)
    along, shape = one.stretch, (batch_size, one.grid.window)
    if along is not None:
        batch_size, shape = along.count, (along.length,)
    tracks = (*spec.input.tracks, *spec.input.controls)
    read = [random.integers(0, 4, shape, np.uint8), *(random.random(shape, np.float32) for _ in tracks)]
    if spec.input.covariates:
        read.append(random.random((batch_size, len(spec.input.covariates)), np.float32))
    network = one.forward if along is None else along
    network.codes(*read)
    began, done = time.perf_counter(), 0
    while not done or time.perf_counter() - began < _SECONDS:
        network.codes(*read)
        done += 1
    return (time.perf_counter() - began) / done / batch_size

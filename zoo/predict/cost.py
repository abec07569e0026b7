"""What a prediction will cost on this machine."""

import resource
import sys
import time
from dataclasses import dataclass

import numpy as np

from zoo.forward.forward import Forward
from zoo.inputs.opening import Inputs
from zoo.predict.options import Options
from zoo.predict.run import PredictionRun
from zoo.spec import ModelSpec

_BATCHES, _SECONDS = 3, 2.0  # measured, at least, after one that warms up
_OVERHEAD = 1.1  # reading and writing, over the network's own time
_BYTES = 9  # of a bin: 4 while the run lasts, up to 5 in the bigWig with its zoom levels


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


def estimate(spec: ModelSpec, forward: Forward, inputs: Inputs, options: Options) -> Cost:
    """Plan a run, and time some batches of random windows. Raises `InputError` if there is no window to predict."""
    plans = PredictionRun(spec, forward, inputs, options, progress=False).plans
    windows = sum(plan.windows for plan in plans)
    random, shape = np.random.default_rng(0), (min(options.batch_size, windows), spec.input.window)
    tracks = (*spec.input.tracks, *spec.input.controls)
    read = [random.integers(0, 4, shape, np.uint8), *(random.random(shape, np.float32) for _ in tracks)]
    if spec.input.covariates:
        read.append(random.random((shape[0], len(spec.input.covariates)), np.float32))
    forward.codes(*read)
    began, done = time.perf_counter(), 0
    while done < _BATCHES or time.perf_counter() - began < _SECONDS:
        forward.codes(*read)
        done += 1
    each = (time.perf_counter() - began) / done / shape[0]
    tracks = max(len(options.output.tracks), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Cost(windows, windows * each * _OVERHEAD, peak, _BYTES * tracks * sum(plan.bins for plan in plans))

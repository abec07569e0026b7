"""Runs that are killed at random moments: what is done again, and whether the files are those of a whole run.

The networks are stand-ins, so that a run is a child that forks in no time; all else is as in a prediction.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import small_spec

from zoo.attribution import run as attributing
from zoo.attribution.engine import Choice
from zoo.attribution.methods import Explained
from zoo.genome import bed
from zoo.predict import run as predicting
from zoo.predict.files import Output
from zoo.predict.inputs import Inputs
from zoo.predict.options import Options
from zoo.predict.run import Run
from zoo.predict.thresholds import Threshold

SPEC, KEPT = small_spec(), 48
MOMENTS = 20


class Scorer:
    """Stands for `Forward`: the mean of bases and signal in each bin; notes every window in a file."""

    cost = 1

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def check_batch(self, batch_size: int) -> None:
        pass

    def blank(self, fill: float) -> np.ndarray:
        return np.zeros(8, np.float32)

    def codes(self, codes: np.ndarray, track: np.ndarray) -> np.ndarray:
        with open(self._notes, "ab", buffering=0) as file:
            file.write(bytes(len(codes)))
        time.sleep(0.002)
        return (codes.reshape(-1, 8, 32).mean(axis=2) / 8 + track.reshape(-1, 8, 32).mean(axis=2) / 4).astype("f4")


class Explainer:
    """Stands for `Engine`."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def together(self, choice: Choice) -> int:
        return 8

    def explain(self, x: np.ndarray, choice: Choice, alternative: object) -> Explained:
        with open(self._notes, "ab", buffering=0) as file:
            file.write(bytes(len(x)))
        time.sleep(0.005)
        values = x[..., :4] * x[..., 4:].mean(axis=1, keepdims=True)
        total = values.sum(axis=(1, 2), dtype=np.float64)
        return Explained(values, values, x[..., 4], total, total / 2)


def child(work: Callable, *arguments: object, after: float | None = None, by: int = signal.SIGKILL) -> int:
    """Run in a child, killed after some seconds if it still runs; its status."""
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            work(*arguments)
            os._exit(0)
        except KeyboardInterrupt:
            os._exit(130)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    if after is not None:
        time.sleep(after)
        os.kill(pid, by)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def at_random_moments(tmp_path: Path, work: Callable[[Path, Path], None], suffixes: tuple[str, ...], most: int) -> None:
    """Kill `work` at seeded moments; the next run must do at most `most` windows again and make the same files."""
    began = time.monotonic()
    assert child(work, tmp_path / "whole", tmp_path / "all") == 0
    seconds, total = time.monotonic() - began, (tmp_path / "all").stat().st_size
    whole = {suffix: (tmp_path / f"whole{suffix}").read_bytes() for suffix in suffixes}
    assert total > 5 * most
    dice, killed = random.Random(16), 0
    for moment in range(MOMENTS):
        folder = tmp_path / str(moment)
        folder.mkdir()
        by = (signal.SIGKILL, signal.SIGINT)[moment % 2]
        status = child(work, folder / "out", folder / "notes", after=dice.random() * seconds, by=by)
        assert status in (0, -9, 130), moment
        killed += status != 0
        assert child(work, folder / "out", folder / "notes") == 0
        assert {suffix: (folder / f"out{suffix}").read_bytes() for suffix in suffixes} == whole, moment
        assert (folder / "notes").stat().st_size <= total + most, moment
        assert {path.name for path in folder.iterdir()} == {"notes", "out.json", *(f"out{s}" for s in suffixes)}
        before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
        assert child(work, folder / "out", folder / "notes") == 0  # and once more does nothing
        assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before, moment
    assert killed >= MOMENTS // 2


def test_predictions_within_one_chromosome(genome_files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(predicting, "_MOST", KEPT)
    monkeypatch.setattr(predicting, "_SHARED", 16)
    options, cut = Options.resolve(SPEC, batch_size=16), Threshold("0.3", 0.3)
    inputs = Inputs.open(SPEC, genome_files.genome, genome_files.signal, ["chr1:1-100,000"])

    def work(base: Path, notes: Path) -> None:
        Run(SPEC, Scorer(notes), inputs, options, False).to_files(Output(base), cut, {"network_sha256": "x"})

    at_random_moments(tmp_path, work, (".bw", ".bed", ".tsv"), KEPT)


def test_attributions(genome_files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attributing, "_KEPT", 16)
    places = [f"chr1:{start}-{start + 9}" for start in range(20_000, 80_000, 300)]
    inputs = Inputs.open(SPEC, genome_files.genome, genome_files.signal, places)
    windows = attributing.Windows.around(inputs, bed.centers(places, inputs.genome.sizes), 256)
    choice = Choice.resolve(SPEC)

    def work(base: Path, notes: Path) -> None:
        attributing.Run("m", Explainer(notes), choice, windows, None, False).to_files(base, (), {"network_sha256": "x"})

    at_random_moments(tmp_path, work, (".npz", ".bw", ".signal.bw"), 16)


def test_windows_predicted_twice_are_few():
    """At the borders of groups, of every network and grid: less than 1 % of all."""
    for cost in (1, 10**9, 10**13):
        for shared in (0, 3, 7, 31):
            forward = type("Costly", (), {"cost": cost})
            assert shared < 0.01 * predicting.group_size(forward, shared)
            assert predicting.group_size(forward, shared) <= max(1024, 128 * shared)

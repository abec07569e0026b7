"""Runs that are killed at chosen moments: what is done again, and whether the files are those of a whole run.

The networks are stand-ins, so that a run is a child that forks in no time; all else is as in a prediction.
"""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import small_spec
from dying import child, moments, step

from zoo.attribution import run as attributing
from zoo.attribution.engine import Choice
from zoo.attribution.methods import Explained
from zoo.genome import bed
from zoo.inputs.opening import Inputs
from zoo.predict import prediction as predicting
from zoo.predict.files import PredictionOutput
from zoo.predict.options import Options
from zoo.predict.run import PredictionRun
from zoo.predict.thresholds import Threshold

SPEC, KEPT = small_spec(), 48
MOMENTS = 20


class Scorer:
    """Stands for `Forward`: the mean of bases and signal in each bin; notes every window in a file."""

    cost, shape = 1, (8,)

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def check_batch(self, batch_size: int) -> None:
        pass

    def along(self, count: int, step: int) -> None:
        return None

    def blank(self, fills: tuple, covariates: tuple) -> np.ndarray:
        return np.zeros(8, np.float32)

    def codes(self, codes: np.ndarray, track: np.ndarray) -> np.ndarray:
        step()
        with open(self._notes, "ab", buffering=0) as file:
            file.write(bytes(len(codes)))
        return (codes.reshape(-1, 8, 32).mean(axis=2) / 8 + track.reshape(-1, 8, 32).mean(axis=2) / 4).astype("f4")


class Explainer:
    """Stands for `Engine`."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def windows_per_batch(self, choice: Choice) -> int:
        return 8

    def explain(self, x: np.ndarray, choice: Choice, alternative: object) -> Explained:
        step()
        with open(self._notes, "ab", buffering=0) as file:
            file.write(bytes(len(x)))
        values = x[..., :4] * x[..., 4:].mean(axis=1, keepdims=True)
        total = values.sum(axis=(1, 2), dtype=np.float64)
        return Explained(values, values, x[..., 4], total, total / 2)


def at_chosen_moments(tmp_path: Path, work: Callable[[Path, Path], None], suffixes: tuple[str, ...], most: int) -> None:
    """Kill `work` at twenty steps; the next run must do at most `most` windows again and make the same files."""
    status, steps = child(work, tmp_path / "whole", tmp_path / "all")
    assert status == 0
    total = (tmp_path / "all").stat().st_size
    whole = {suffix: (tmp_path / f"whole{suffix}").read_bytes() for suffix in suffixes}
    assert total > 5 * most
    for number, moment in enumerate(moments(steps, MOMENTS)):
        folder = tmp_path / str(moment)
        folder.mkdir()
        by, expected = ((signal.SIGKILL, -9), (signal.SIGINT, 130))[number % 2]
        assert child(work, folder / "out", folder / "notes", at=moment, by=by)[0] == expected, moment
        assert child(work, folder / "out", folder / "notes")[0] == 0
        assert {suffix: (folder / f"out{suffix}").read_bytes() for suffix in suffixes} == whole, moment
        assert (folder / "notes").stat().st_size <= total + most, moment
        assert {path.name for path in folder.iterdir()} == {"notes", "out.json", *(f"out{s}" for s in suffixes)}
        before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
        assert child(work, folder / "out", folder / "notes")[0] == 0  # and once more does nothing
        assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before, moment


def test_predictions_within_one_chromosome(genome_files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(predicting, "_MOST", KEPT)
    monkeypatch.setattr(predicting, "_SHARED", 16)
    options, cut = Options.resolve(SPEC, batch_size=16), Threshold("0.3", 0.3)
    inputs = Inputs.open(SPEC, genome_files.genome, genome_files.signal, ["chr1:1-60,000"])

    def work(base: Path, notes: Path) -> None:
        PredictionRun(SPEC, Scorer(notes), inputs, options, False).to_files(
            PredictionOutput(base), cut, {"network_sha256": "x"}
        )

    at_chosen_moments(tmp_path, work, (".bw", ".bed", ".tsv"), KEPT)


def test_attributions(genome_files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attributing, "_KEPT", 16)
    places = [f"chr1:{start}-{start + 9}" for start in range(20_000, 80_000, 400)]
    inputs = Inputs.open(SPEC, genome_files.genome, genome_files.signal, places)
    windows = attributing.Windows.around(inputs, bed.centers(places, inputs.genome.sizes), 256)
    choice = Choice.resolve(SPEC)

    def work(base: Path, notes: Path) -> None:
        attributing.AttributionRun("m", Explainer(notes), choice, windows, None, False).to_files(
            base, (), {"network_sha256": "x"}
        )

    at_chosen_moments(tmp_path, work, (".npz", ".bw", ".signal.bw"), 16)


def test_windows_predicted_twice_are_few():
    """At the borders of groups, of every network and grid: less than 1 % of all."""
    for cost in (1, 10**9, 10**13):
        for shared in (0, 3, 7, 31):
            forward = type("Costly", (), {"cost": cost})
            assert shared < 0.01 * predicting.group_size(forward, shared)
            assert predicting.group_size(forward, shared) <= max(1024, 128 * shared)

"""Small training runs on a synthetic genome, for the tests of training."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from zoo.data import synthetic
from zoo.spec import Architecture, TrackSpec
from zoo.train.config import Optimizer, Split, TrainConfig
from zoo.train.tasks.accessibility import AccessibilityData
from zoo.train.tasks.binding import BindingData
from zoo.train.tasks.profile import ProfileData

LENGTHS = {"chr1": 120_000, "chr2": 60_000, "chr3": 60_000}
SPLIT = Split(("chr1",), ("chr2",), ("chr3",))
SMALL = {"window": 256, "output": 100}  # of profile networks
SIGNAL = TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0)


def world(folder: Path) -> synthetic.Synthetic:
    """Three chromosomes."""
    return synthetic.make(folder / "world", LENGTHS)


def binding(files: synthetic.Synthetic, **changes: object) -> TrainConfig:
    """A narrow maxATAC network for planted sites; a few steps."""
    config = TrainConfig(
        name="test/CTCF",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=Architecture("maxatac", {"filters": 4}),
        chromosomes=SPLIT,
        optimizer=Optimizer("adamw", 4e-3, 0.0),
        data=BindingData(
            factor="CTCF",
            signal_spec=SIGNAL,
            signal=str(files.signal),
            peaks=str(files.peaks),
            jitter=100,
            random_share=0.5,
            random_windows=200,
        ),
        batch_size=8,
        epochs=2,
        steps=6,
        monitor="val_dice",
    )
    return dataclasses.replace(config, **changes)


def accessibility(files: synthetic.Synthetic, **changes: object) -> TrainConfig:
    """A narrow network with dropout for the synthetic track."""
    config = TrainConfig(
        name="test/ATAC",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=Architecture(
            "dcnn", {"filters": 8, "residual_filters": 8, "residual_blocks": 2, "final_filters": 16, "window": 1024}
        ),
        chromosomes=SPLIT,
        optimizer=Optimizer("asap", 1e-3),
        data=AccessibilityData(signal=str(files.signal), sample="test"),
        batch_size=16,
        epochs=2,
        monitor="val_pearson",
    )
    return dataclasses.replace(config, **changes)


def profile(files: synthetic.Synthetic, **changes: object) -> TrainConfig:
    """A narrow bias model for the cuts of `synthetic.with_cut_sites`."""
    config = TrainConfig(
        name="test/BIAS",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=Architecture("bpnet", {**SMALL, "filters": 4, "dilated_layers": 2}),
        chromosomes=SPLIT,
        optimizer=Optimizer("adam", 2e-3),
        data=ProfileData(
            signal=str(files.cut_sites),
            sample="test",
            peaks=str(files.open),
            background=True,
            candidates_per_peak=1,
        ),
        batch_size=16,
        epochs=2,
    )
    return dataclasses.replace(config, **changes)


def chrombpnet(files: synthetic.Synthetic, bias: str | None, **changes: object) -> TrainConfig:
    """A narrow ChromBPNet for the same cuts, with a bias model."""
    data = ProfileData(
        signal=str(files.cut_sites),
        sample="test",
        peaks=str(files.open),
        bias=bias,
        jitter=20,
        candidates_per_peak=1,
        negatives_per_peak=0.5,
    )
    network = {**SMALL, "filters": 6, "dilated_layers": 3, "bias_filters": 4, "bias_layers": 2}
    made = {"name": "test/BOTH", "architecture": Architecture("chrombpnet", network), "data": data}
    return profile(files, **{**made, **changes})


def write(config: TrainConfig, path: Path) -> Path:
    """The configuration as a file."""
    path.write_text(json.dumps(config.to_json()))
    return path


def weights(folder: Path) -> dict[str, np.ndarray]:
    """What the checkpoint of a run holds."""
    with np.load(folder / "checkpoint.npz") as arrays:
        return {name: arrays[name] for name in arrays.files if name != "progress"}


def progress(folder: Path) -> dict:
    """Where a run is."""
    with np.load(folder / "checkpoint.npz") as arrays:
        return json.loads(str(arrays["progress"]))

"""Small runs that put a head for tracks of one's own on a network with a crop, named heads and normalizations."""

import dataclasses
from pathlib import Path

import keras
import training

from zoo import architectures
from zoo.data import synthetic
from zoo.model import Model
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.train.config import Optimizer, TrainConfig
from zoo.train.tasks.coverage import CoverageData

NETWORK = "cropped_toy"
WINDOW, BIN, CROP, BINS = 1024, 16, 8, 48


def build(
    window: int = WINDOW, filters: int = 6, crop: int = CROP, outputs: str = "human", tracks: tuple[int, ...] = (3,)
) -> keras.Model:
    """Four convolutions with pooling, a normalization before all but the first, a crop, a dense layer for each head."""
    x = inputs = keras.Input((window, 4), name="window")
    for block in range(4):
        if block:
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{block}")(x)
        x = keras.layers.Conv1D(filters, 5, padding="same", activation="gelu", name=f"conv{block}")(x)
        x = keras.layers.MaxPooling1D(2, name=f"pool{block}")(x)
    x = keras.layers.Cropping1D(crop, name="crop")(x)
    heads = {
        name: keras.layers.Dense(count, activation="softplus", name=name)(x)
        for name, count in zip(outputs.split(), tracks, strict=True)
    }
    return keras.Model(inputs, heads, name=NETWORK)


def register() -> None:
    """Make the network known, once in a process."""
    if NETWORK not in architectures.REGISTERED:
        architectures.register_architecture(NETWORK, build)


def published(path: Path, seed: int = 3, **config: object) -> Path:
    """A folder of such a model with two heads, random weights and random statistics of its normalizations."""
    register()
    config = {"outputs": "human mouse", "tracks": (3, 2), **config}
    keras.utils.set_random_seed(seed)
    network = architectures.build(NETWORK, **config)
    for weight in network.non_trainable_weights:
        weight.assign(keras.random.uniform(weight.shape, 0.5, 1.5, seed=seed))
    heads = tuple(
        OutputSpec(BINS, BIN, CROP * BIN, "all", "coverage", name, "coverage", "identity", tuple("abc"[:count]))
        for name, count in zip(config["outputs"].split(), config["tracks"], strict=True)
    )
    how = PredictionSpec(BINS * BIN, ("forward", "reverse_complement"), batch_size=4)
    reads = InputSpec(WINDOW, "synthetic")
    spec = ModelSpec("toy/all", "a toy", Architecture(NETWORK, config), reads, heads, how, {}, {"source": "a test"})
    return Model(spec, network).save(path)


def table(files: synthetic.Synthetic, path: Path, more: str = "") -> Path:
    """Two tracks that are the two strands of a sample."""
    rows = "".join(
        f"{name}\t{signal.resolve()}\t4\tmean\t{other}\n"
        for name, signal, other in zip(("up", "down"), (files.signal, files.others[0]), ("down", "up"), strict=True)
    )
    path.write_text("name\tfile\tscale\tsum_stat\tstrand_pair\n" + rows + more)
    return path


def coverage(files: synthetic.Synthetic, targets: Path, start: Path | None, **changes: object) -> TrainConfig:
    """A few steps."""
    register()
    data = CoverageData(targets=str(targets), bin_size=BIN)
    config = TrainConfig(
        name="test/MINE",
        genome=str(files.genome),
        assembly="synthetic",
        architecture=Architecture(NETWORK, {}),
        chromosomes=training.SPLIT,
        optimizer=Optimizer("adam", 1e-3),
        data=data,
        batch_size=8,
        epochs=1,
        start_from=None if start is None else str(start),
    )
    return dataclasses.replace(config, **changes)

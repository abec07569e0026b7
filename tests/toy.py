"""A network with two tracks and a covariate in, and two heads out: three tracks at 1 bp, and one number a window."""

import keras
import numpy as np
from keras import layers

from zoo.spec import Architecture, CovariateSpec, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

WINDOW, OFFSET, BASES = 64, 16, 32


def build(window: int = WINDOW, filters: int = 4) -> keras.Model:
    """{"window": (batch, window, 6), "covariates": (batch, 1)} → profile (batch, window / 2, 3), counts (batch, 1)."""
    read = keras.Input((window, 6), name="window")
    depth = keras.Input((1,), name="covariates")
    x = layers.Conv1D(filters, 5, padding="same", activation="relu", name="conv")(read)
    x = layers.Concatenate(name="with_depth")([x, layers.RepeatVector(window, name="repeated")(depth)])
    x = layers.Conv1D(filters, 3, padding="same", activation="relu", name="mix")(x)
    middle = layers.Cropping1D(window // 4, name="middle")(x)
    profile = layers.Conv1D(3, 1, name="profile")(middle)
    counts = layers.Dense(1, name="counts")(layers.GlobalAveragePooling1D(name="pool")(middle))
    return keras.Model([read, depth], {"profile": profile, "counts": counts}, name="toy")


def spec(**changes: object) -> ModelSpec:
    """Of the network; on the other strand `plus` and `minus` are swapped."""
    atac = TrackSpec("ATAC-seq cut sites", 0, 0, None, 0.0, name="atac")
    mappable = TrackSpec("mappability", 0, 0, None, 1.0, name="mappability", origin="genome")
    values = {
        "name": "test/TOY",
        "description": "two tracks and a covariate in, two heads out",
        "architecture": Architecture("toy", {}),
        "input": InputSpec(WINDOW, "none", (atac, mappable), (), (CovariateSpec("depth", "ln of reads in millions"),)),
        "outputs": (
            OutputSpec(
                BASES,
                1,
                OFFSET,
                "TOY",
                "profile, logits",
                name="profile",
                kind="profile",
                tracks=("plus", "minus", "both"),
                swap=(1, 0, 2),
            ),
            OutputSpec(1, BASES, OFFSET, "TOY", "counts, ln(1 + x)", name="counts", kind="counts", transform="log1p"),
        ),
        "prediction": PredictionSpec(16, ("forward", "reverse_complement")),
        "metrics": {},
        "provenance": {"source": "tests"},
    }
    return ModelSpec(**{**values, **changes})


def network(seed: int = 3) -> keras.Model:
    """With random weights."""
    keras.utils.set_random_seed(seed)
    made = build()
    random = np.random.default_rng(seed)
    made.set_weights([random.normal(0, 0.3, weight.shape).astype(np.float32) for weight in made.get_weights()])
    return made

"""Specs of small networks of a profile and its total, for tests."""

import keras
import numpy as np

import zoo
from zoo.spec import Architecture, Component, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

WINDOW, OUTPUT = 256, 100
SMALL = {"window": WINDOW, "output": OUTPUT, "filters": 6, "dilated_layers": 3}
STRANDS = ("plus", "minus")


def spec(name: str = "bpnet", config: dict | None = None, **changes: object) -> ModelSpec:
    """Of a network with one track, or with the two strands if `tracks` is 2; and with `controls` of them."""
    config = {**SMALL, **(config or {})}
    tracks = STRANDS if config.get("tracks") == 2 else ()
    controls = [
        TrackSpec("control reads", 0, 0, None, 0.0, name=f"control_{i}") for i in range(config.get("controls", 0))
    ]
    offset = (WINDOW - OUTPUT) // 2
    values = {
        "name": f"test/{name.upper()}",
        "description": "a profile and its total",
        "architecture": Architecture(name, config),
        "input": InputSpec(WINDOW, "none", controls=tuple(controls), control_swap=(1, 0) if len(controls) == 2 else ()),
        "outputs": (
            OutputSpec(
                OUTPUT, 1, offset, "TEST", "logits", "profile", "profile", tracks=tracks, swap=(1, 0) if tracks else ()
            ),
            OutputSpec(1, OUTPUT, offset, "TEST", "ln(1 + reads)", "counts", "counts", "log1p"),
        ),
        "prediction": PredictionSpec(OUTPUT, ("forward", "reverse_complement"), readout="expected_counts"),
        "metrics": {},
        "provenance": {"source": "tests"},
    }
    return ModelSpec(**{**values, **changes})


def model(name: str = "bpnet", config: dict | None = None, seed: int = 3, **changes: object) -> zoo.Model:
    """With random weights, small enough for totals of a few reads."""
    made = spec(name, config, **changes)
    keras.utils.set_random_seed(seed)
    network = zoo.build(name, **made.architecture.config)
    random = np.random.default_rng(seed)
    network.set_weights([random.normal(0, 0.15, weight.shape).astype(np.float32) for weight in network.get_weights()])
    return zoo.Model(made, network)


def chrombpnet(**changes: object) -> zoo.Model:
    """With parts by name, of which accessibility is the default."""
    parts = {
        "accessibility": Architecture("bpnet", SMALL),
        "bias": Architecture("bpnet", {**SMALL, "filters": 4, "dilated_layers": 2}),
    }
    components = tuple(Component(name, f"the {name}", name == "bias", part) for name, part in parts.items())
    prediction = PredictionSpec(
        OUTPUT, ("forward", "reverse_complement"), readout="expected_counts", component="accessibility"
    )
    config = {"bias_filters": 4, "bias_layers": 2}
    return model("chrombpnet", config, **{"components": components, "prediction": prediction, **changes})


def windows(count: int = 3, seed: int = 0, length: int = WINDOW) -> np.ndarray:
    """Random one-hot windows, (count, length, 4) float32."""
    return np.eye(4, dtype=np.float32)[np.random.default_rng(seed).integers(0, 4, (count, length))]

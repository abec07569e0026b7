"""A model in memory becomes a folder: what `zoo.load` reads and `registry.publish` takes."""

import tempfile
from pathlib import Path

import numpy as np

from registry import card, digests, typed
from registry.paths import user_path
from zoo import folder
from zoo.errors import InputError
from zoo.forward.heads import heads_of
from zoo.porting.golden import golden_inputs
from zoo.predict.thresholds import ThresholdTable
from zoo.spec import CONTROLS, COVARIATES, WINDOW, ModelSpec


def golden(spec: ModelSpec, network) -> folder.Golden:
    """Inputs that exercise a network, and all of its outputs."""
    x = {WINDOW: golden_inputs(spec.input.window, len(spec.input.tracks), spec.prediction.batch_size)}
    if spec.input.controls:
        shape = (len(x[WINDOW]), *spec.input.shapes[CONTROLS])
        x[CONTROLS] = np.random.default_rng(0).poisson(0.1, shape).astype(np.float32)
    if spec.input.covariates:
        shape = (len(x[WINDOW]), len(spec.input.covariates))
        x[COVARIATES] = np.linspace(-1, 1, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    outputs = heads_of(network, spec)(*x.values())
    return folder.Golden.of(spec, x, {name: np.asarray(head) for name, head in outputs.items()})


def save(path: object, spec: ModelSpec, network, thresholds: ThresholdTable | None = None, training: str = "") -> Path:
    """Write a model folder with weights, golden outputs, card and digests.

    Args:
        path: of the folder, which must not exist yet.
        spec: of the model.
        network: its `keras.Model`.
        thresholds: its calibration table.
        training: for the card, what it was trained on.

    Raises:
        InputError: something is there already, or cannot be written.
    """
    typed.argument("training", training, str)
    target = user_path(path, "folder")
    if target.exists():
        raise InputError("A model must be saved to a new folder", received={"folder": str(target)})
    outputs = golden(spec, network)
    text = card.of_model(spec.to_json(), **(thresholds.for_card() if thresholds else {}), training=training)
    table = thresholds.to_tsv().encode() if thresholds else None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as work:
            made = Path(work) / target.name
            made.mkdir()
            folder.write(made, spec, network, outputs, table, text)
            digests.write_digests(made, {"source": spec.name})
            made.rename(target)
    except OSError as error:
        raise InputError(
            f"A model must be saved where files can be written: {error.strerror or error}",
            received={"folder": str(target)},
        ) from None
    return target

"""The model folder of a finished run: weights, golden outputs, metrics on the test chromosomes, card."""

import math
from dataclasses import replace
from pathlib import Path

import keras

from registry import card, digests
from zoo import folder
from zoo.model import Model
from zoo.saving import golden
from zoo.train.tasks.base import Learned, Report
from zoo.train.transfer import provenance


def write(target: Path, run: Learned, network: keras.Model) -> None:
    """Write the folder of a network, evaluate the model in it, and write it again with the report."""
    _write(target, run, network, Report())
    _write(target, run, network, run.task.report(Model.read(target), run))


def _write(target: Path, run: Learned, network: keras.Model, report: Report) -> None:
    config, table = run.task.config, report.thresholds
    finite = {name: value for name, value in report.metrics.items() if math.isfinite(value)}  # JSON has no NaN
    spec = replace(run.task.spec(finite), components=run.components)
    if run.trunk is not None:
        before = run.trunk.spec
        spec = replace(spec, provenance=provenance(spec.provenance, before.name, before.provenance))
    made_by = f"Its data were made by: {config.command}" if config.command else ""
    training = " ".join(filter(None, (report.training, run.begun, made_by)))
    settings = _portable(config.to_json())
    calibration = table.for_card() if table else {}
    text = card.of_model(spec.to_json(), **calibration, training=training, settings=settings)
    calibrated = table.to_tsv().encode() if table else None
    folder.write(target, spec, network, golden(spec, network), calibrated, text)
    digests.write_digests(target, {"source": config.name} | ({"run": run.number} if run.number else {}))


def _portable(value: object) -> object:
    """Settings as they are published: paths in the user's home begin with `~`, which is expanded on reading."""
    if isinstance(value, dict):
        return {key: _portable(setting) for key, setting in value.items()}
    if isinstance(value, (list, tuple)):
        return [_portable(setting) for setting in value]
    home = f"{Path.home()}/"
    return f"~/{value.removeprefix(home)}" if isinstance(value, str) and value.startswith(home) else value

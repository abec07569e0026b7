"""The model folder of a finished run: weights, golden outputs, metrics on the test chromosomes, card."""

import math
from dataclasses import replace
from pathlib import Path

import keras

from registry import card, digests
from zoo import folder
from zoo.model import Model
from zoo.saving import golden
from zoo.spec import ModelSpec
from zoo.train.tasks.base import Learned, Report
from zoo.train.transfer import provenance


def write(target: Path, run: Learned, network: keras.Model) -> None:
    """Write the folder of a network, evaluate the model in it, and write it again with the report."""
    spec = replace(run.task.spec({}), components=run.components)
    if run.trunk is not None:
        before = run.trunk.spec
        spec = replace(spec, provenance=provenance(spec.provenance, before.name, before.provenance))
    write_as(target, run, spec, network)


def write_as(
    target: Path, run: Learned, spec: ModelSpec, network: keras.Model, options: str = "", report: Report | None = None
) -> None:
    """The same of a spec that is there, without metrics.

    Args:
        target: the folder.
        run: what is known of the network.
        spec: of the model.
        network: of the model.
        options: of the command line that makes it again from the configuration, beginning with a space.
        report: in the place of an evaluation.
    """
    if report is None:
        _write(target, run, spec, network, options, Report())
        report = run.task.report(Model.read(target), run)
    _write(target, run, spec, network, options, report)


def _write(target: Path, run: Learned, spec: ModelSpec, network: keras.Model, options: str, report: Report) -> None:
    config, table = run.task.config, report.thresholds
    finite = {name: value for name, value in report.metrics.items() if math.isfinite(value)}  # JSON has no NaN
    spec = replace(spec, metrics=finite)
    made_by = f"Its data were made by: {config.command}" if config.command else ""
    training = " ".join(filter(None, (report.training, config.limits, run.begun, made_by)))
    described = {"training": training, "settings": _portable(config.to_json()), "options": options}
    text = card.of_model(spec.to_json(), **(table.for_card() if table else {}), **described)
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

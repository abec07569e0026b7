"""The runs of several seeds, or of all folds, as one model: the mean of what they predict."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.files.atomic import writing
from zoo.forward.spread import clashing
from zoo.train.config import TrainConfig
from zoo.train.home import MODEL, Home, writing_to
from zoo.train.tasks.base import Learned, Report, Result, Results

if TYPE_CHECKING:
    from zoo.model import Model
    from zoo.spec import ModelSpec
    from zoo.train.run import TrainingRun

ENSEMBLE = "ensemble"  # the folder beside those of the members


@dataclass(frozen=True)
class Trained:
    """A run that is over.

    Attributes:
        config: of the run.
        folder: of its model.
        result: how it ended.
        run: that trained it; of the members of an ensemble the first one's is enough.
    """

    config: TrainConfig
    folder: Path
    result: Result
    run: "TrainingRun | None" = None

    @property
    def metrics(self) -> dict[str, float]:
        """Of its test chromosomes, by name."""
        return metrics_of(self.folder)


def metrics_of(folder: Path) -> dict[str, float]:
    """The metrics of a model folder."""
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))["metrics"]


def write(members: Mapping[str, Trained], root: Path, options: str, resume: bool) -> Path:
    """Write the ensemble of runs that differ in their seeds, evaluated on the test chromosomes; or in their folds.

    Args:
        members: name → the run, the first one with what trained it.
        root: the folder that holds their folders.
        options: of the command line that made the runs of a configuration, for the card.
        resume: whether an ensemble of these may be there already.

    Returns:
        The model folder. Raises `InputError` as `TrainingRun.train` does.
    """
    from zoo.ensembles import ensemble
    from zoo.model import Model
    from zoo.train import export

    runs = list(members.values())
    models = [Model.read(each.folder).chosen() for each in runs]
    is_fold = len({each.config.chromosomes for each in runs}) > 1
    first, kind = runs[0], "folds" if is_fold else "seeds"
    description = f"{models[0].spec.description}: mean of {len(models)} {kind}"
    whole = ensemble(models, first.config.name, description, spread=not clashing(models[0].spec.outputs))
    spec = replace(whole.spec, provenance=_provenance(models, members))
    folder = root / ENSEMBLE
    with writing_to(folder), Home(folder, first.config, resume) as home, home.staging() as staging:
        (staging / MODEL).mkdir()
        said = _of_folds(members) if is_fold else _of_seeds(list(members))
        results = Results({name: each.result for name, each in members.items()})
        begun = " ".join(filter(None, (said, _of_part(models[0].spec), str(first.run.transfer or ""))))
        learned = Learned(first.run.task, results, progress=first.run.progress, number=home.number, begun=begun)
        export.write_as(staging / MODEL, learned, spec, whole.network, options, Report() if is_fold else None)
    return folder / MODEL


def _provenance(models: Sequence["Model"], members: Mapping[str, Trained]) -> dict[str, str]:
    """What is the same for all members, their seeds and their names."""
    every = [model.spec.provenance for model in models]
    shared = {key: value for key, value in every[0].items() if all(other.get(key) == value for other in every)}
    seeds = dict.fromkeys(str(run.config.seed) for run in members.values())
    return {**shared, "seed": ", ".join(seeds), "members": ", ".join(members)}


def _of_seeds(names: Sequence[str]) -> str:
    """For the card, behind the report of the first member's task."""
    return (
        f"The model is the mean of the networks of {len(names)} seeds: {', '.join(names)}. Numbers of what is drawn by "
        f"the seed are those of {names[0]}."
    )


def _of_part(spec: "ModelSpec") -> str:
    """For the card, which part of the networks that were trained the members are, if they are one."""
    part = spec.name.partition(":")[2]
    return f"Its members are the part {part} of what was trained." if part else ""


def _of_folds(members: Mapping[str, Trained]) -> str:
    """For the card: what each member was trained on, and why there are neither metrics nor thresholds."""
    each = "; ".join(
        f"{name}: {run.result.epochs}, validated on {', '.join(run.config.chromosomes.validation)}, tested on "
        f"{', '.join(run.config.chromosomes.test)}"
        for name, run in members.items()
    )
    alone = "; ".join(f"{row[0]} {row[1]:.4g} ± {row[2]:.2g}" for row in shared_metrics(list(members.values())))
    return (
        f"The model is the mean of {len(members)} networks, one for each fold ({each}). Each chromosome of the folds "
        "was trained on by some of them: there is none that the model has not seen, so it has no metrics, and no "
        "thresholds, which would be too high elsewhere."
        + (f" A network alone, on the test chromosomes of its fold, mean ± standard deviation: {alone}." * bool(alone))
    )


def shared_metrics(runs: Sequence[Trained]) -> list[tuple]:
    """Of each metric that all runs have: its name, mean, standard deviation and values."""
    every = [run.metrics for run in runs]
    shared = [name for name in every[0] if all(name in metrics for metrics in every)]
    values = {name: [metrics[name] for metrics in every] for name in shared}
    return [(name, statistics.mean(some), statistics.stdev(some), *some) for name, some in values.items()]


def summarize(path: Path, members: Mapping[str, Trained], whole: Mapping[str, float] | None = None) -> str:
    """Write and return a table of the metrics that all members have, with mean and deviation.

    Args:
        path: of the table.
        members: heading → the run.
        whole: metrics of the ensemble, as the last column.
    """
    more = [] if whole is None else [ENSEMBLE]
    lines = ["\t".join(["metric", "mean", "standard deviation", *members, *more])]
    for name, *numbers in shared_metrics(list(members.values())):
        row = [*numbers, *([] if whole is None else [whole.get(name, float("nan"))])]
        lines.append("\t".join([name, *(f"{value:.4g}" for value in row)]))
    with writing(path) as file:
        file.write("\n".join(lines) + "\n")
    return "\n".join(lines)

"""One factor of a run of several as a model folder of its own, with metrics and thresholds."""

from dataclasses import replace
from pathlib import Path

from registry import typed
from zoo.errors import InputError
from zoo.model import Model
from zoo.single import one_track
from zoo.spec import Architecture
from zoo.train import export, state
from zoo.train.config import TrainConfig
from zoo.train.home import CONFIG, MODEL
from zoo.train.loop import CHECKPOINT
from zoo.train.tasks import TASKS
from zoo.train.tasks.base import Learned, Report, Result, Results
from zoo.train.tasks.sites_data import SitesData


def write_factor(run: Path, factor: str, target: Path, command: str = "", progress: bool | None = None) -> Path:
    """Write the model of a factor of a run of the task `sites`, or of the mean of its seeds; return its folder.

    The network is that of all factors without the heads of the others (`zoo.one_track`); it is evaluated on the run's
    test chromosomes, and its thresholds are calibrated on its validation chromosomes.

    Args:
        run: the folder of the run: `model` and `train.json` are in it.
        factor: which.
        target: a folder that is not there yet, whose `model` is written.
        command: that makes it again, for the card.
        progress: show progress bars; by default in a terminal only.

    Raises:
        InputError: a run of another task, of one factor, or of a table of cell types; or a folder that is there.
    """
    config = TrainConfig.parse(typed.load_json((run / CONFIG).read_bytes(), run / CONFIG), run / CONFIG)
    data = config.data
    if not isinstance(data, SitesData) or data.meta or factor not in data.factors or target.exists():
        raise InputError(
            "A factor must be one of a run of the task sites on one cell type, and its folder new",
            where=run,
            received={
                "factor": factor,
                "task": config.kind,
                "factors": getattr(data, "factors", ()),
                "out": str(target),
            },
        )
    family = config.name.partition("/")[0]
    whole = Model.read(run / MODEL)
    single = one_track(whole, factor, f"{family}/{factor}")
    alone = replace(
        config,
        name=single.spec.name,
        architecture=Architecture(config.architecture.name, {}),
        data=replace(data, factors=(factor,), peaks={factor: data.peaks[factor]}, scores=None),
    )
    window, output = single.spec.input.window, single.spec.output
    make = TASKS[config.kind]
    task = make(alone, window, {output.name: (output.bins,)})
    ran = make(replace(config, command=command or config.command), window, {output.name: (output.bins, 1)})
    begun = f"It was trained as one of {len(data.factors)} factors of one network, {config.name}."
    learned = Learned(ran, _results(run, whole.spec.provenance.get("members")), progress=progress, begun=begun)
    folder = target / MODEL
    folder.mkdir(parents=True)
    export.write_as(folder, learned, single.spec, single.network, report=Report())
    report = task.report(Model.read(folder), replace(learned, task=task))
    export.write_as(folder, learned, single.spec, single.network, report=report)
    return folder


def _results(run: Path, members: str | None) -> Result | Results:
    """How the run ended, or those of the seeds beside it."""
    folders = {run.name: run} if members is None else {name: run.parent / name for name in members.split(", ")}
    found = {name: state.read(folder / CHECKPOINT) for name, folder in folders.items()}
    ended = {name: Result(item.best_epoch, item.best, item.rows) for name, item in found.items()}
    return Results(ended) if members else next(iter(ended.values()))

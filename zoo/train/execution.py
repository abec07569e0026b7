"""The runs of a command line: what is trained, printed and published."""

import argparse
import os
from dataclasses import asdict, replace
from pathlib import Path

from zoo.train import ensemble
from zoo.train.config import TrainConfig
from zoo.train.ensemble import Trained
from zoo.train.home import Home

FOLDS, SEEDS = "folds.tsv", "seeds.tsv"  # tables of metrics
TAG = "v1.0"


def execute(runs: dict[Path | None, TrainConfig], options: argparse.Namespace) -> dict[str, object]:
    """Train, or plan, what `prepare` returned; of several runs also their ensemble, which is what is published.

    Returns:
        What was made, as JSON can hold it: runs (name, and folder, epochs and metrics, or the plan), and the ensemble.
        Without `--json` it is printed as it is made.
    """
    several = len(runs) > 1 and not options.dry_run
    alone = several and options.strategy != "multiworker"
    if alone:  # before the first of them takes hours
        root = Path(os.path.commonpath(runs))
        for folder, config in [*runs.items(), (root / ensemble.ENSEMBLE, next(iter(runs.values())))]:
            Home(folder, config, options.resume).check()
    done, made = [], {"runs": []}
    for out, config in runs.items():
        run, said = _run(config, out, options, alone and options.resume)
        done.append(run and replace(run, run=None if done else run.run))  # one is enough to evaluate by
        made["runs"].append({"name": config.name, **said})
    finished = [run.folder for run in done if run is not None]
    if several and all(done):
        finished = [_joined(done, options)]
        made["ensemble"] = _model(finished[0])
    if options.publish:
        made["published"] = _publish(finished, options)
    return made


def _say(options: argparse.Namespace, text: object) -> None:
    """Print at once what a run has to say, unless all of it is printed as JSON at the end."""
    if not getattr(options, "json", False):  # which recipes lack
        print(text, flush=True)


def _run(
    config: TrainConfig, out: Path | None, options: argparse.Namespace, done: bool = False
) -> tuple[Trained | None, dict[str, object]]:
    """One run, or its plan.

    Args:
        done: whether one that is over may be left as it is.

    Returns:
        What was trained, unless another worker writes it; and what is said of it.
    """
    from zoo.train.loop import strategy_of

    strategy = strategy_of(options.strategy)  # before anything of TensorFlow runs
    from zoo.train.run import MODEL, TrainingRun

    run = TrainingRun(config, strategy, options.cache, options.scratch)
    if run.transfer is not None:
        _say(options, f"{config.name}: {run.transfer}")
    if options.dry_run:
        plan = run.plan()
        _say(options, f"{config.name}: {plan}")
        return None, {"plan": asdict(plan)}
    result = (run.ended(out) if done else None) or run.train(out, options.resume)
    _say(options, f"{config.name}: epoch {result.best_epoch} of {len(result.rows)}, {config.monitor} {result.best:.4f}")
    said = {"best_epoch": result.best_epoch, "epochs": len(result.rows), config.monitor: result.best}
    if not (out / MODEL).is_dir():
        return None, said
    _say_model(options, out / MODEL)
    return Trained(config, out / MODEL, result, run), {**said, **_model(out / MODEL)}


def _model(folder: Path) -> dict[str, object]:
    return {"folder": str(folder), "metrics": ensemble.metrics_of(folder)}


def _say_model(options: argparse.Namespace, folder: Path) -> None:
    lines = [f"  {name}: {value:g}" for name, value in ensemble.metrics_of(folder).items()]
    _say(options, "\n".join([*lines, str(folder)]))


def _joined(done: list[Trained], options: argparse.Namespace) -> Path:
    """The table of the metrics of several runs, and their ensemble, whose model folder is returned."""
    root = Path(os.path.commonpath([run.folder.parent for run in done]))
    members = {run.folder.relative_to(root).parts[0]: run for run in done}
    if options.seeds is None:
        made = " --fold all"
        folds = {f"fold {number}": run for number, run in enumerate(done)}
        _say(options, ensemble.summarize(root / FOLDS, folds))
        folder = ensemble.write(members, root, made, options.resume)
    else:
        made = f" --seeds {' '.join(map(str, sorted(options.seeds)))}"
        folder = ensemble.write(members, root, made, options.resume)
        is_part = bool(done[0].run.components)  # whose metrics have another name
        whole = None if is_part else ensemble.metrics_of(folder)
        seeds = {f"seed {run.config.seed}": run for run in done}
        _say(options, ensemble.summarize(root / SEEDS, seeds, whole))
    _say(options, f"{done[0].config.name}: mean of {', '.join(members)}")
    _say_model(options, folder)
    return folder


def _publish(folders: list[Path], options: argparse.Namespace) -> dict[str, object]:
    from zoo.loading import publish

    release = publish(folders, options.publish, options.tag or TAG, families=options.families)
    _say(options, f"{release.repo}@{release.tag}: {', '.join(release.models)}")
    return {"repo": release.repo, "tag": release.tag, "models": list(release.models)}

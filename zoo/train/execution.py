"""The runs of a command line: what is trained, printed and published."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from zoo.train import ensemble
from zoo.train.config import TrainConfig
from zoo.train.ensemble import Trained
from zoo.train.home import Home

FOLDS, SEEDS = "folds.tsv", "seeds.tsv"  # tables of metrics
TAG = "v1.0"


def execute(runs: dict[Path | None, TrainConfig], options: argparse.Namespace) -> None:
    """Train, or plan, what `prepare` returned; of several runs also their ensemble, which is what is published."""
    several = len(runs) > 1 and not options.dry_run
    alone = several and options.strategy != "multiworker"
    if alone:  # before the first of them takes hours
        root = Path(os.path.commonpath(runs))
        for folder, config in [*runs.items(), (root / ensemble.ENSEMBLE, next(iter(runs.values())))]:
            Home(folder, config, options.resume).check()
    done = []
    for out, config in runs.items():
        run = _run(config, out, options, alone and options.resume)
        done.append(run and replace(run, run=None if done else run.run))  # one is enough to evaluate by
    finished = [run.folder for run in done if run is not None]
    if several and all(done):
        finished = [_joined(done, options)]
    if options.publish:
        _publish(finished, options)


def _run(config: TrainConfig, out: Path | None, options: argparse.Namespace, done: bool = False) -> Trained | None:
    """One run, or its plan; returns what was trained, unless another worker writes it.

    Args:
        done: whether one that is over may be left as it is.
    """
    from zoo.train.loop import strategy_of

    strategy = strategy_of(options.strategy)  # before anything of TensorFlow runs
    from zoo.train.run import MODEL, TrainingRun

    run = TrainingRun(config, strategy, options.cache, options.scratch)
    if run.transfer is not None:
        print(f"{config.name}: {run.transfer}", flush=True)
    if options.dry_run:
        print(f"{config.name}: {run.plan()}")
        return None
    result = (run.ended(out) if done else None) or run.train(out, options.resume)
    print(f"{config.name}: epoch {result.best_epoch} of {len(result.rows)}, {config.monitor} {result.best:.4f}")
    if not (out / MODEL).is_dir():
        return None
    _print_model(out / MODEL)
    return Trained(config, out / MODEL, result, run)


def _print_model(folder: Path) -> None:
    for name, value in ensemble.metrics_of(folder).items():
        print(f"  {name}: {value:g}")
    print(folder)


def _joined(done: list[Trained], options: argparse.Namespace) -> Path:
    """The table of the metrics of several runs, and their ensemble, whose model folder is returned."""
    root = Path(os.path.commonpath([run.folder.parent for run in done]))
    members = {run.folder.relative_to(root).parts[0]: run for run in done}
    if options.seeds is None:
        made = " --fold all"
        folds = {f"fold {number}": run for number, run in enumerate(done)}
        print(ensemble.summarize(root / FOLDS, folds), flush=True)
        folder = ensemble.write(members, root, made, options.resume)
    else:
        made = f" --seeds {' '.join(map(str, sorted(options.seeds)))}"
        folder = ensemble.write(members, root, made, options.resume)
        is_part = bool(done[0].run.components)  # whose metrics have another name
        whole = None if is_part else ensemble.metrics_of(folder)
        seeds = {f"seed {run.config.seed}": run for run in done}
        print(ensemble.summarize(root / SEEDS, seeds, whole))
    print(f"{done[0].config.name}: mean of {', '.join(members)}")
    _print_model(folder)
    return folder


def _publish(folders: list[Path], options: argparse.Namespace) -> None:
    from zoo.loading import publish

    release = publish(folders, options.publish, options.tag or TAG, families=options.families)
    print(f"{release.repo}@{release.tag}: {', '.join(release.models)}")

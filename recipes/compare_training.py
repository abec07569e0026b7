"""What options of training bring: variants of the configuration of yeast factors, several seeds of each, on one fold.

Ten factors are predicted by one network, and evaluated in bins of 200 bp of chromosomes that it has not seen. Of each
variant the table has the average precision, the mean over its factors, and its difference from another one with the
same seeds and the same factors; interval: 95 %, bootstrap over seeds and blocks of 100 kb, of blocks alone if there is
one seed. Runs that are there already are not repeated.

Usage: python recipes/compare_training.py [VARIANT ...] [--beside VARIANT] [--seeds 0 1 2] [--out FOLDER]
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import small
import yeast

import zoo
from zoo.console import recipe
from zoo.evaluate import baselines, bins, comparison
from zoo.evaluate.curves import Scores
from zoo.evaluate.selection import BinSelection
from zoo.files.atomic import atomic
from zoo.genome.signal import Signal
from zoo.train import reading
from zoo.train.config import TrainConfig

FOLD = 1  # tested on chrX, chrXI and chrXIV
CONFIG = small.CONFIGS / "yeast_sites.yaml"
DEFAULT = "default"
FEW = ("HSF1", "SWI4", "TBF1", "CBF1")  # to train alone
OTHERS, ALL = "others", "all"  # factors
HEAD = (
    "| variant | factors | seeds | average precision, mean ± sd over seeds | difference from {other} (95 %) |\n"
    "|---|---|---|---|---|"
)
_SCORES = "scores.npz"
_SCAN = "given_scan"


@dataclass(frozen=True)
class Variant:
    """A variant of the configuration.

    Attributes:
        changes: what it changes.
        alone: factors of which each has a network of its own; empty for all of them in one.
        begins: with which network such a network begins, with its layers of the same shapes, those of learned motifs:
            one of the `OTHERS`, of all factors but those, or `ALL`, the default; empty for none.
        teachers: seeds of the default whose mean prediction is learned in place of the sites: distillation (Hinton et
            al. 2015, arXiv:1503.02531).
    """

    changes: Mapping[str, object] = field(default_factory=dict)
    alone: tuple[str, ...] = ()
    begins: str = ""
    teachers: tuple[int, ...] = ()


_NOT_FOUND = {"sites": {"motifs_per_factor": 0}, "frozen": [], "architecture": {"config": {"given": 30}}}
VARIANTS = {
    DEFAULT: Variant(),
    "no motifs found": Variant(_NOT_FOUND),
    "random_share 0.5": Variant({"sites": {"random_share": 0.5}}),
    "random_share 0.2": Variant({"sites": {"random_share": 0.2}}),
    "no smoothing": Variant({"sites": {"smoothing": 0.0, "core": 50}}),
    "no dropout": Variant({"architecture": {"config": {"dropout": [0.0, 0.0]}}}),
    "more dropout": Variant({"architecture": {"config": {"dropout": [0.5, 0.3]}}}),
    "weight decay 0": Variant({"optimizer": {"weight_decay": 0.0}}),
    "weight decay 0.1": Variant({"optimizer": {"weight_decay": 0.1}}),
    "mix 0.2": Variant({"sites": {"mix": 0.2}}),
    "scan trained, 0.1 of the rate": Variant({"frozen": [], "optimizer": {"rates": {_SCAN: 0.1}}}),
    "scan thawed after 3 epochs": Variant({"frozen": [], "thaw": {_SCAN: 3}}),
    "twice the epochs": Variant({"epochs": 16, "patience": None}),
    "DNA alone": Variant({"sites": {"track_specs": [], "signal": None}}),
    "distilled from three seeds": Variant(teachers=(0, 1, 2)),
    "each alone": Variant(alone=FEW),
    "each alone, pretrained": Variant(alone=FEW, begins=OTHERS),
    "each alone, from all ten": Variant(alone=FEW, begins=ALL),
}


@dataclass(frozen=True)
class Comparison:
    """Where runs are, and what they are trained on and evaluated by.

    Attributes:
        data: the yeast data.
        factors: that the default predicts.
        out: folder of the runs.
        less: values that replace those of every run, for a try.
    """

    data: yeast.Yeast
    factors: tuple[str, ...]
    out: Path
    less: Mapping[str, object] = field(default_factory=dict)

    def row(self, name: str, seeds: Sequence[int], other: str = DEFAULT) -> str:
        """The line of a variant in the table, beside another one."""
        runs, others = ([self.scores(which, seed) for seed in seeds] for which in (name, other))
        positive = {factor: self.positive[factor] for factor in runs[0]}
        means = [np.mean([precision(positive[factor], run[factor]) for factor in positive]) for run in runs]
        spread = f" ± {np.std(means, ddof=1):.4f}" if len(means) > 1 else ""
        gain = comparison.gain(positive, runs, others, self.blocks)
        cells = [name, len(positive), len(runs), f"{np.mean(means):.4f}{spread}"]
        cells += ["" if name == other else f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"]
        return f"| {' | '.join(map(str, cells))} |"

    def scores(self, name: str, seed: int) -> dict[str, np.ndarray]:
        """Factor → (bins,) scores of a variant with a seed, trained and predicted if that was not done before."""
        variant, folder = VARIANTS[name], self.out / name.replace(" ", "_") / f"seed{seed}"
        if not variant.alone:
            return self._predicted(variant, self.factors, seed, folder)
        alone = [factor for factor in variant.alone if factor in self.factors]
        start = self._start(variant.begins, alone, seed, folder)
        parts = [self._predicted(variant, (factor,), seed, folder / factor, start) for factor in alone]
        return {factor: scores for part in parts for factor, scores in part.items()}

    def _start(self, begins: str, alone: Sequence[str], seed: int, folder: Path) -> Path | None:
        """The model that networks of factors alone begin with."""
        if begins == OTHERS:
            others = tuple(factor for factor in self.factors if factor not in alone)
            return self._trained(VARIANTS[DEFAULT], others, seed, folder / OTHERS)
        return self._default(seed) if begins == ALL else None

    def _default(self, seed: int) -> Path:
        """The model of all factors."""
        return self._trained(VARIANTS[DEFAULT], self.factors, seed, self.out / DEFAULT / f"seed{seed}")

    def _predicted(
        self, variant: Variant, factors: Sequence[str], seed: int, folder: Path, start: Path | None = None
    ) -> dict[str, np.ndarray]:
        if not (folder / _SCORES).is_file():
            model = zoo.load(self._trained(variant, factors, seed, folder, start))
            paths = self._tracks(model, factors, self.test, folder / "test")
            scores = {factor: self._in_bins(baselines.track(Signal(paths[factor]))) for factor in factors}
            with atomic(folder / _SCORES, folder) as temporary, open(temporary, "wb") as file:
                np.savez(file, **scores)
        with np.load(folder / _SCORES) as arrays:
            return dict(arrays)

    def _tracks(
        self, model: zoo.Model, factors: Sequence[str], chromosomes: Sequence[str], output: Path
    ) -> Mapping[str, Path]:
        """Factor → the bigWig of its predictions on these chromosomes."""
        files = model.predict(
            genome=self.data.genome,
            **({"signal": self.data.signal} if model.spec.input.given else {}),
            chromosomes=list(chromosomes),
            output=output,
            write="bigwig",
            threshold=None,
            track=tuple(factors) if len(factors) > 1 else None,
            progress=False,
        )
        return files.bigwigs if len(factors) > 1 else {factors[0]: files.bigwig}

    def _taught(self, seeds: Sequence[int]) -> Mapping[str, Path]:
        """Factor → what the mean of these seeds predicts where it was trained and chosen; none without seeds."""
        if not seeds:
            return {}
        split = self.configuration(VARIANTS[DEFAULT], self.factors, 0).chromosomes
        teacher = zoo.ensemble([zoo.load(self._default(seed)) for seed in seeds], "yeast/teacher")
        output = self.out / f"teacher{'_'.join(map(str, seeds))}" / "teacher"
        return self._tracks(teacher, self.factors, (*split.train, *split.validation), output)

    def _trained(
        self, variant: Variant, factors: Sequence[str], seed: int, folder: Path, start: Path | None = None
    ) -> Path:
        """The folder of the model of a run, which is trained if it is not there."""
        import keras

        from zoo.train.run import MODEL, TrainingRun

        if not (folder / MODEL).is_dir():
            scores = {factor: str(path.resolve()) for factor, path in self._taught(variant.teachers).items()}
            taught = replace(
                variant, changes=reading.over(variant.changes, {"sites": {"scores": scores}} if scores else {})
            )
            config = self.configuration(taught, factors, seed, start)
            keras.backend.clear_session()
            config = replace(config, chromosomes=replace(config.chromosomes, test=()))  # which `scores` predicts
            TrainingRun(config, progress=False).train(folder, resume=folder.is_dir())
        return folder / MODEL

    def configuration(
        self, variant: Variant, factors: Sequence[str], seed: int, start: Path | None = None
    ) -> TrainConfig:
        """The run of a variant."""
        sites = {
            "factors": list(factors),
            "cell_type": "yeast",
            "peaks": {factor: str(self.data.peaks_of(factor).resolve()) for factor in factors},
            "signal": str(self.data.signal.resolve()),
        }
        changes = {"name": "yeast/compared", "genome": str(self.data.genome.resolve()), "sites": sites, "seed": seed}
        changes["start_from"] = start and str(start.resolve())
        return TrainConfig.read(CONFIG, **reading.over(reading.over(changes, variant.changes), self.less)).fold(FOLD)

    @cached_property
    def test(self) -> tuple[str, ...]:
        """The chromosomes that no run has seen."""
        return self.configuration(VARIANTS[DEFAULT], self.factors, 0).chromosomes.test

    @cached_property
    def blocks(self) -> np.ndarray:
        """Of each bin."""
        parts, first = [], 0
        for _, places, keep in BinSelection(Signal(self.data.signal), self.test):
            parts.append(first + comparison.blocks_of(places, keep))
            first = int(parts[-1][-1]) + 1
        return np.concatenate(parts)

    @cached_property
    def positive(self) -> dict[str, np.ndarray]:
        """Factor → (bins,) whether it is bound."""
        sizes = Signal(self.data.signal).sizes
        return {factor: self._in_bins(bins.Bound(self.data.peaks_of(factor), sizes)) for factor in self.factors}

    def _in_bins(self, of_bins: baselines.Predictor) -> np.ndarray:
        """What is said of each bin of the test chromosomes."""
        selection = BinSelection(Signal(self.data.signal), self.test)
        return np.concatenate([of_bins(chrom, places)[keep] for chrom, places, keep in selection])


def precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Average precision of bins."""
    seen = Scores()
    seen.add(positive, scores)
    return seen.curve().average_precision


def main(options: argparse.Namespace) -> None:
    """Train what is not there, and print the table."""
    data = yeast.prepare(yeast.required_data(), options.work)
    runs = Comparison(data, yeast.FACTORS, options.out)
    names = dict.fromkeys((options.beside, *(options.variants or VARIANTS)))
    head = f"Chromosomes {', '.join(runs.test)}; seeds {', '.join(map(str, options.seeds))}"
    print(head, HEAD.format(other=options.beside), sep="\n")
    for name in names:
        print(runs.row(name, options.seeds, options.beside), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What options of training bring; see the file's head.")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"of {'; '.join(VARIANTS)} (default all)")
    parser.add_argument(
        "--beside", default=DEFAULT, metavar="VARIANT", help="what others differ from (by default that)"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N", help="(default 0 1 2)")
    parser.add_argument("--out", type=Path, default=Path("runs/compared"), help="folder of the runs")
    parser.add_argument("--work", type=Path, default=Path("runs/data"), help="for prepared tracks (default runs/data)")
    chosen = parser.parse_args()
    if unknown := {*chosen.variants, chosen.beside} - set(VARIANTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if VARIANTS[chosen.beside].alone and not all(VARIANTS[name].alone for name in chosen.variants or VARIANTS):
        parser.error(f"{chosen.beside!r} must be beside variants of the same factors, each alone")
    recipe.run("compare_training", main, chosen)

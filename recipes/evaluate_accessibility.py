"""Several models of accessibility side by side on held-out chromosomes, with two baselines.

Each chromosome everywhere and around peaks: correlations and errors in both scales, the shape of the mean profile, how
much predictions vary when the window moves, and the recall of real peaks. The baselines are a k-mer regression
and the mean profile; both learn from other chromosomes.

Usage: python recipes/evaluate_accessibility.py [MODEL ...] [--out FOLDER]
       python recipes/evaluate_accessibility.py MODEL ... --genome GENOME --signal BIGWIG --peaks NARROWPEAK
           --chromosomes CHROM ... [--cutoff X]

Without files the yeast data of $ZOO_SHARED, its held-out chromosomes, and the model that ships.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import yeast

import zoo
from registry.metrics import label
from zoo.console import recipe
from zoo.console.table import table
from zoo.evaluate import comparison, models
from zoo.evaluate.accessibility import Recovery, evaluate, recovery
from zoo.evaluate.baselines import KmerRegression, MeanProfile
from zoo.genome import bed, names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.pages import report
from zoo.prepare.peaks import call

MODELS, HELD_OUT = ("yeast/ATAC",), ("chrIV", "chrXIII")
_MEASURES = ("pearson", "spearman", "kendall", "mse", "poisson_nll", "linear_pearson", "shape")
_LEARNED_FROM = 3  # chromosomes, for the baselines


def main(options: argparse.Namespace) -> None:
    """Evaluate all, print tables, write the report."""
    if options.genome is None:
        data = yeast.prepare(yeast.required_data(), options.out / "data")
        options.genome, options.signal, options.peaks = data.genome, data.accessibility, data.open
    reads = [options.genome, options.signal, options.peaks, *options.models]
    report.claim(options.out / "accessibility", reads)
    genome, signal = Genome(options.genome), Signal(options.signal)
    held_out, loaded = options.chromosomes, [zoo.load(name) for name in options.models]
    others = [chrom for chrom in names.main_chromosomes(list(genome.sizes)) if chrom not in held_out][:_LEARNED_FROM]
    rows, sections, printed = {}, [], []
    for where, peaks in (("everywhere", None), ("around peaks", options.peaks)):
        results = evaluated(loaded, genome, signal, held_out, others, peaks)
        means = {name: models.mean([row for _, row in by_chrom]) for name, by_chrom in results.items()}
        if peaks is not None:
            for model in loaded:
                varied = models.robustness(model, genome, held_out, peaks)
                means[model.spec.name]["variation"] = float(np.mean([row.score for row in varied.values()]))
        rows[where] = {name: dict(by_chrom) for name, by_chrom in results.items()}
        printed.append(f"{where}, mean of {', '.join(held_out)}\n{table(means)}")
        sections.append(as_table(f"Bins {where}: mean of the chromosomes", means))
        for chrom in held_out:
            each = {name: dict(by_chrom)[chrom] for name, by_chrom in results.items() if chrom in dict(by_chrom)}
            sections.append(as_table(f"Bins {where}: {chrom}", each))
        tests = {name: against(results[options.models[0]], by_chrom) for name, by_chrom in results.items()}
        tests.pop(options.models[0])
        sections.append(as_table(f"{options.models[0]} against the others {where}", tests))
    with tempfile.TemporaryDirectory() as work:
        tracks = {model.spec.name: track_of(model, genome, held_out, Path(work)) for model in loaded}
        real = [peak for peak in bed.read(options.peaks) if peak.chrom in held_out]
        recoveries = {name: recovered(track, real, held_out, options.cutoff) for name, track in tracks.items()}
        printed.append(f"peaks of predictions at {options.cutoff:g}\n{table(recoveries)}")
        note = "A peak is found if one of the other set shares a base with it."
        sections.append(as_table("Peaks that are found again", recoveries) | {"note": note})
        shown = report.peak_densest(real, Interval(held_out[0], 0, genome.sizes[held_out[0]]), 50_000)
        shown_tracks = {"measured": signal, **{f"{name}, ln(1 + track)": track for name, track in tracks.items()}}
        sections.append(report.locus("A locus", shown, shown_tracks, {"peaks": real}))
        written = report.write(
            options.out / "accessibility",
            f"Predicted accessibility against baselines: {signal.path.name}",
            sections,
            reads=reads,
            rows=rows,
            inputs={name: str(getattr(options, name)) for name in ("genome", "signal", "peaks")},
        )
    print("\n\n".join(printed), *written, sep="\n")


def evaluated(loaded: list, genome: Genome, signal: Signal, held_out: list[str], others: list[str], peaks) -> dict:
    """Models and baselines → (chromosome, measures) of each held-out chromosome."""
    spec = loaded[0].spec
    kmer, profile = KmerRegression(spec.output.bin_size), MeanProfile()
    learned = [batches for _, batches in models.windows(spec, genome, signal, others, peaks)]
    predictors: dict[str, Callable] = {model.spec.name: models.core(model) for model in loaded}
    predictors["k-mer regression"] = kmer.fit(Joined(learned)).predict
    predictors["mean profile"] = profile.fit(Joined(learned)).predict
    results: dict[str, list] = {name: [] for name in predictors}
    for chrom, batches in models.windows(spec, genome, signal, held_out, peaks):
        for name, predict in predictors.items():
            seen = asdict(evaluate(predict, batches))
            results[name].append((chrom, {measure: seen[measure] for measure in _MEASURES}))
    return results


class Joined:
    """Batches of several chromosomes, one after the other."""

    def __init__(self, parts: list) -> None:
        self._places = [(part, step) for part in parts for step in range(part.steps)]
        self.steps = len(self._places)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """As `zoo.data.batches.Batches`."""
        part, within = self._places[step]
        return part.batch(within)


def against(one: list, other: list) -> dict[str, float | None]:
    """Pearson's correlation of a model against another's, chromosome by chromosome."""
    pairs = [(a["pearson"], b["pearson"] or 0.0) for (_, a), (_, b) in zip(one, other, strict=True)]
    test = comparison.paired(*zip(*pairs, strict=True))
    return {"chromosomes": len(pairs), "median difference": test.median, "p (Wilcoxon)": test.p_value}


def track_of(model, genome: Genome, chromosomes: list[str], work: Path) -> Signal:
    """A model's track, as ln(1 + track)."""
    base = work / model.spec.name.replace("/", "_")
    return Signal(model.predict(genome=genome, chromosomes=chromosomes, output=base, threshold=None).bigwig)


def recovered(track: Signal, real: list[Interval], chromosomes: list[str], cutoff: float) -> dict:
    """Peaks of a prediction against real ones; the cutoff is in the scale of the track."""
    called = call(track, float(np.log1p(cutoff)), chromosomes=chromosomes)
    result: Recovery = recovery([Interval(peak.chrom, peak.start, peak.end) for peak in called], real)
    fractions = {"precision": result.precision, "recall": result.recall, "F1": result.f1}
    return {"called": result.called, "real": result.real, **fractions}


def as_table(title: str, rows: Mapping[str, Mapping]) -> dict:
    """A section of the report."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    lines = [[name, *(row.get(column) for column in columns)] for name, row in rows.items()]
    return {"kind": "table", "title": title, "columns": ["", *map(label, columns)], "rows": lines}


def parse() -> argparse.Namespace:
    """The command line; without files the yeast data."""
    parser = argparse.ArgumentParser(description="Compare models of accessibility; see the file's head.")
    parser.add_argument("models", nargs="*", default=list(MODELS), metavar="MODEL", help=f"default {' '.join(MODELS)}")
    parser.add_argument("--genome", metavar="GENOME")
    parser.add_argument("--signal", metavar="BIGWIG")
    parser.add_argument("--peaks", metavar="NARROWPEAK")
    parser.add_argument("--chromosomes", nargs="+", default=list(HELD_OUT), metavar="CHROM", help="held out")
    parser.add_argument("--cutoff", type=float, help="of peaks, in the scale of the track (default 1; for yeast 5)")
    parser.add_argument("--out", type=Path, default=Path("evaluation"), help="folder (default evaluation)")
    options = parser.parse_args()
    given = [options.genome, options.signal, options.peaks]
    if any(given) != all(given):
        parser.error("--genome, --signal and --peaks must be given together")
    if options.cutoff is None:
        options.cutoff = 1.0 if all(given) else 5.0
    return options


if __name__ == "__main__":
    recipe.run("evaluate_accessibility", main, parse())

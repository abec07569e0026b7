"""Predict binding, compare it with peaks, draw it. Run by `recipes/demo.sh`, which installs the project.

CTCF by maxATAC's model, or where no source of that can be reached Reb1 of yeast by one that ships with the package.

Usage: python recipes/demo.py [OUTPUT_FOLDER]
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import zoo
from zoo.console import recipe
from zoo.data import synthetic
from zoo.errors import OfflineMiss
from zoo.evaluate.binding import benchmark
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.plot import style, tracks

MODEL, SHIPPED = "maxatac/CTCF", "yeast/REB1"
REB1 = "TTACCCGG"  # what Reb1 binds
ZOOM_BP = 60_000
CUTOFF = 0.5  # for a model without a threshold table


@dataclass(frozen=True)
class DemoData:
    """What the demo runs on, and with which model."""

    model: str
    title: str
    genome: Path
    signal: Path
    peaks: Path
    region: Interval


def main(folder: Path) -> None:
    """Run the demo and leave its files in `folder`."""
    data = reachable(folder)
    print(f"{data.model} on {data.title}, {data.region}")
    model = zoo.load(data.model)
    name = data.model.split("/")[1].lower()
    files = model.predict(
        genome=data.genome,
        signal=data.signal,
        regions=data.region,
        output=folder / name,
        threshold="f1" if model.thresholds else CUTOFF,
        progress=True,
    )
    result = benchmark(files.bigwig, data.peaks, region=data.region).overall
    picture = draw(data, files, folder / f"{name}.png")
    print(f"Against the peaks, in bins of 200 bp: {result}")
    print(f"{files}\n{picture}")


def reachable(folder: Path) -> DemoData:
    """The best that can be had: real data, else a synthetic genome; CTCF's model, else one that ships."""
    try:
        zoo.fetch(MODEL)
    except OfflineMiss as error:
        print(f"{MODEL} cannot be had, the demo goes on with {SHIPPED}. {error}", file=sys.stderr)
        return synthetic_data(folder, SHIPPED, REB1)
    return real_data() or synthetic_data(folder, MODEL, synthetic.CONSENSUS)


def real_data() -> DemoData | None:
    """GM12878 on hg19 chr20, if ZOO_SHARED has it."""
    folder = Path(os.environ.get("ZOO_SHARED", "")) / "data" / "hg19_chr20_gm12878"
    if not os.environ.get("ZOO_SHARED") or not folder.is_dir():
        return None
    return DemoData(
        model=MODEL,
        title="GM12878, hg19, real ATAC-seq and ChIP-seq",
        genome=folder / "hg19_chr20_to_11095000.2bit",
        signal=folder / "gm12878_minmax_p99.bw",
        peaks=folder / "peaks_GM12878" / "wgEncodeAwgTfbsBroadGm12878CtcfUniPk.narrowPeak",
        region=bed.read(folder / "region.bed")[0],
    )


def synthetic_data(folder: Path, model: str, consensus: str) -> DemoData:
    """A synthetic chromosome with planted sites."""
    files = synthetic.make(folder / "synthetic", consensus=consensus)
    length = zoo.Genome(files.genome).sizes["chr1"]
    region = Interval("chr1", 0, length)
    return DemoData(model, "a synthetic genome", files.genome, files.signal, files.peaks, region)


def draw(data: DemoData, files, path: Path) -> Path:
    """The whole region, and beside it its part with the most peaks: signal, prediction, intervals, peaks."""
    peaks, called = bed.read(data.peaks), bed.read(files.bed) if files.intervals else []
    starts = range(data.region.start, data.region.end - ZOOM_BP + 1, ZOOM_BP // 4)
    densest = max(starts, key=lambda start: sum(start <= peak.start < start + ZOOM_BP for peak in peaks))
    figure, axes = tracks.stack(rows=4, columns=2, ratios=(1, 1, 0.45, 0.45))
    cut = f"peaks at a score\nof {files.threshold.score:g} or more"
    for column, region in enumerate((data.region, Interval(data.region.chrom, densest, densest + ZOOM_BP))):
        signal, score, above, truth = axes[:, column]
        tracks.plot_signal(signal, Signal(data.signal), region, "ATAC-seq", style.DARK)
        tracks.plot_signal(score, Signal(files.bigwig), region, "prediction", style.BLUE, files.threshold.score)
        tracks.plot_intervals(above, called, region, cut, style.BLUE)
        tracks.plot_intervals(truth, peaks, region, "ChIP peaks", style.RED)
        style.title(signal, style.place(region))
        style.positions(truth, region, most=3)
        for ax in axes[:-1, column]:
            ax.set_xlabel("")
            ax.tick_params(axis="x", length=0)
            ax.spines["bottom"].set_visible(False)
        for ax in axes[:, column] if column else ():
            ax.set_ylabel("")
    figure.align_ylabels(axes[:, 0])
    style.headline(figure, f"{data.model} on {data.title}")
    style.save(figure, path, "png")
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Predict binding, compare it with peaks, draw it.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("demo-output"), help="default demo-output")
    output = parser.parse_args().folder
    output.mkdir(parents=True, exist_ok=True)
    recipe.run("demo", main, output)

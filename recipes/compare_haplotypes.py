"""Sites that two samples, or the two haplotypes of one, do not share: many factors, a table and a heat map.

    python recipes/compare_haplotypes.py phased.vcf mother child --genome hg38.2bit --regions blocks.bed \
        --signal mother.bw child.bw --models maxatac/CTCF maxatac/MAX
    python recipes/compare_haplotypes.py phased.vcf mother --genome hg38.2bit --regions blocks.bed --signal mother.bw \
        --models "maxatac/*"

Binding is predicted on each haplotype with the sample's own ATAC-seq track (Cazares et al. 2023, figure 7). A site is
where a prediction reaches the model's own threshold (that of its best F1); it is lost, gained or shared going from the
first to the second. Writes `sites.tsv`, `counts.tsv`, `skipped.tsv` (variants that are in no haplotype, and genotypes
that were guessed) and `changes.png`: for each factor and region the difference of the highest bins.
"""

import argparse
import os
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import count
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import registry
import zoo
from registry.errors import printable
from zoo.console import recipe
from zoo.errors import InputError
from zoo.files.atomic import atomic, check_outputs, writing
from zoo.genome import bed
from zoo.plot import style
from zoo.plot.differences import heat_size
from zoo.plot.variants import plot_changes
from zoo.predict import thresholds
from zoo.variants.haplotypes import HaplotypePrediction, Site, differences, of_sample

_SHOWN = 60  # regions in the picture: those that change most


def main(options: argparse.Namespace) -> None:
    """Compare with every model."""
    outputs = [options.out / name for name in ("sites.tsv", "counts.tsv", "skipped.tsv", "changes.png")]
    check_outputs(outputs, [options.vcf, options.genome, options.regions, options.signal, options.models])
    genome = zoo.Genome(options.genome)
    regions = bed.regions(options.regions, genome.sizes)
    by_model: dict[str, list[Site]] = {}
    changes: list[list[float]] = []
    skipped: dict[tuple[str, str], int] = {}
    for name in models(options.models):
        model = zoo.load(name)
        first, second = pair(model, genome, regions, options)
        cut = thresholds.resolve(options.threshold, model.thresholds).score
        short = unique(model.spec.name.split("/")[-1], by_model)
        by_model[short] = differences(regions, first, second, cut, model.spec.output.bin_size)
        changes.append([change(a, b) for a, b in zip(first.scores, second.scores, strict=True)])
        skipped = reasons(first) | reasons(second)
        print(f"{short}: {dict(Counter(site.kind for site in by_model[short]))}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    write(by_model, outputs)
    write_skipped(skipped, outputs[2])
    draw(np.array(changes), list(by_model), [str(region) for region in regions], outputs[3])
    print(*(f"{printable(name)}: {n:,} {reason}" for (name, reason), n in skipped.items()), *outputs, sep="\n")


def unique(name: str, taken: Collection[str]) -> str:
    """A model's name, with a number if another one has it."""
    numbered = (name if i == 1 else f"{name}-{i}" for i in count(1))
    return next(candidate for candidate in numbered if candidate not in taken)


def change(first: np.ndarray, second: np.ndarray) -> float:
    """Difference of the highest bins; NaN where no bin has a known haplotype."""
    known = ~np.isnan(first) & ~np.isnan(second)
    return float(second[known].max() - first[known].max()) if known.any() else np.nan


def reasons(prediction: HaplotypePrediction) -> dict[tuple[str, str], int]:
    """What is missing in a prediction, by (name, reason)."""
    counts = Counter(f"variants skipped: {entry.reason}" for entry in prediction.skipped)
    counts.update(prediction.notes)
    counts["bins near variants of several phase sets"] = prediction.unknown
    return {(prediction.name, reason): number for reason, number in counts.items() if number}


def models(patterns: list[str]) -> list[str]:
    """Names, with those that patterns match."""
    names = []
    for name in patterns:
        wild = [entry.name for entry in registry.list_models(name)] if set("*?[") & set(name) else [name]
        if not wild:
            raise InputError("A pattern must match a model", example="maxatac/FOX*", received={"pattern": name})
        names += wild
    return names


def pair(
    model: zoo.Model, genome: zoo.Genome, regions: list, options: argparse.Namespace
) -> tuple[HaplotypePrediction, HaplotypePrediction]:
    """What is compared: a sample's haplotypes, or two samples, each the higher of both haplotypes."""
    both = []
    for sample, signal in zip(options.samples, options.signal, strict=True):
        files = {"genome": genome, "signal": signal, "regions": regions}
        _, *copies = model.predict_haplotypes(options.vcf, sample, **files).values()
        both.append(copies)
    if len(both) == 1:
        return tuple(both[0])
    return tuple(of_sample(sample, copies) for sample, copies in zip(options.samples, both, strict=True))


def write(by_model: dict[str, list[Site]], outputs: Sequence[Path]) -> None:
    """Every site, and how many there are of each kind."""
    with writing(outputs[0]) as handle:
        handle.write("model\tchrom\tstart\tend\tkind\tfirst\tsecond\n")
        for name, sites in by_model.items():
            for site in sites:
                place = site.interval
                row = (name, place.chrom, place.start, place.end, site.kind, f"{site.first:.4g}", f"{site.second:.4g}")
                handle.write("\t".join(map(str, row)) + "\n")
    with writing(outputs[1]) as handle:
        handle.write("model\tgained\tlost\tshared\n")
        for name, sites in by_model.items():
            kinds = Counter(site.kind for site in sites)
            handle.write(f"{name}\t{kinds['gained']}\t{kinds['lost']}\t{kinds['shared']}\n")


def write_skipped(skipped: dict[tuple[str, str], int], path: Path) -> None:
    """What is in no haplotype, and how often."""
    with writing(path) as handle:
        handle.write("haplotype\treason\tcount\n")
        handle.writelines(f"{printable(name)}\t{reason}\t{number}\n" for (name, reason), number in skipped.items())


def draw(changes: np.ndarray, names: list[str], regions: list[str], path: Path) -> None:
    """A heat map of factors and regions, those that change most."""
    most = np.sort(np.argsort(-np.nan_to_num(np.abs(changes)).max(axis=0), kind="stable")[:_SHOWN])
    figure = style.figure(*heat_size(len(names), len(most), names, [regions[i] for i in most]))
    plot_changes(figure.subplots(), changes[:, most], names, [regions[i] for i in most], "change of the highest score")
    shown = (
        f"the {len(most)} of {len(regions):,} regions that change most" if len(most) < len(regions) else "all regions"
    )
    style.headline(figure, f"Predicted binding: change of the highest score, {shown}")
    with atomic(path, path.parent) as temporary:
        style.save(figure, temporary, "png")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compare haplotypes or samples; see the file's head.")
    parser.add_argument("vcf", help="phased genotypes")
    parser.add_argument("samples", nargs="+", metavar="SAMPLE", help="one for its two haplotypes, or two")
    parser.add_argument("--genome", required=True, metavar="GENOME")
    parser.add_argument("--regions", required=True, metavar="BED", help="where to look: peaks or blocks")
    parser.add_argument("--signal", required=True, nargs="+", metavar="BIGWIG", help="of each sample")
    parser.add_argument("--models", required=True, nargs="+", metavar="MODEL", help='such as "maxatac/*"')
    parser.add_argument("--threshold", default="f1", help="of a site: f1, precision=0.9, a number (default f1)")
    parser.add_argument("--out", type=Path, default=Path("haplotypes"), help="folder (default haplotypes)")
    options = parser.parse_args()
    if len(options.samples) > 2 or len(options.signal) != len(options.samples):
        parser.error("one or two samples, and a signal for each")
    return options


if __name__ == "__main__":
    recipe.run("compare_haplotypes", main, parse())

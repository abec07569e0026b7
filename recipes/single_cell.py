"""Single-cell ATAC-seq from end to end: fragments and clusters of cells become binding of many factors in each cluster.

    python recipes/single_cell.py fragments.tsv.gz clusters.tsv --genome hg38.2bit --models "maxatac/*"
    python recipes/single_cell.py fragments.tsv.gz clusters.tsv --genome hg38.2bit --models maxatac/CTCF maxatac/SPI1 \
        --chromosomes chr22 --blacklist hg38-blacklist.v2.bed --annotation gencode.gtf.gz --out monocytes

`clusters.tsv` has a barcode and a cluster on each line, as exported from ArchR, SnapATAC2 or Signac. One track is made
for each cluster, scaled by its own cuts; regions are those that are open in any cluster, unless they are given; all
models predict all clusters in one pass. Writes to the folder of `--out`:

- `tracks_CLUSTER.bw` and the quality of each;
- `binding.matrix.tsv`, `binding.h5ad` (with the package anndata), `binding.summary.tsv`, and BED files of sites;
- `changes.html` and tables: each cluster compared with the first;
- `genes.CLUSTER.prior.tsv` and `genes.targets.tsv`, if there is an annotation: the factor × gene prior of each cluster;
- `binding.png`: sites and scores by factor and cluster.

An interrupted run goes on where it stopped. Without files: chr22 of $ZOO_SHARED, of which 300 kb have a sequence, and
100 cells of an unnamed sample that are split by their accessibility. These clusters are an example, of 33,000 to 41,000
cuts each, and no cell types.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from matplotlib.axes import Axes

import zoo
from zoo.console import recipe
from zoo.errors import InputError
from zoo.files.atomic import atomic, writing
from zoo.genome import bed
from zoo.genome.encode import encode
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.spans import merge
from zoo.genome.text import raw_lines
from zoo.many.finished import read_matrix
from zoo.many.matrix import Matrix
from zoo.many.models import named, short
from zoo.many.run import ManyFiles
from zoo.plot import style
from zoo.plot.text import plain
from zoo.prepare.cells import of_cells
from zoo.prepare.peaks import open_regions
from zoo.prepare.sample import Prepared, prepare
from zoo.priors.sites import existing

_MODELS = ("maxatac/CTCF", "maxatac/JUND", "maxatac/MAX", "maxatac/REST")
_CHR22, _SEQUENCED = 50_818_468, Interval("chr22", 32_000_000, 32_300_000)
_BIN, _CLUSTERS = 100_000, 3  # bp, and how many clusters, of the example
_INNER = 0.75  # of the width of a panel of the picture, that is left beside names
_FACTORS, _REGIONS = 8, 40  # in the picture: those that vary most between clusters


def main(options: argparse.Namespace) -> None:
    """Tracks, one pass, comparison, genes, picture."""
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    if options.fragments is None:
        example(options)
    check(options)
    genome = Genome(options.genome)
    made = tracks(options, genome)
    regions = regions_of(options, genome, made)
    print(f"{len(regions):,} regions", flush=True)
    binding = predicted(options, genome, made, regions)
    print(binding, flush=True)
    changes = zoo.compare(predictions=binding.sidecar, output=out / "changes")
    print(changes)
    if options.annotation is not None:
        print(zoo.targets(binding, annotation=options.annotation, genome=genome, output=out / "genes"))
    matrix = read_matrix(binding.files[".matrix.tsv"])
    draw(matrix, {row.model: row.score for row in binding.sites}, out / "binding.png")
    print(out / "binding.png")


def check(options: argparse.Namespace) -> None:
    """Raise `InputError` at once for what would be found when the tracks are made."""
    for name in named(options.models):
        zoo.info(name)
    if options.annotation is not None:
        existing(options.annotation, "annotation")
    clusters = set(of_cells(options.clusters).values())
    if clusters == {""}:
        raise InputError(
            "A table of clusters must have a barcode and a cluster on each line, with a tab between",
            where=options.clusters,
            example="AAACGAAAGACTCGGA-1\tT_cells",
        )
    if len(clusters) < 2:
        raise InputError("Clusters that are compared must be at least two", received={"clusters": sorted(clusters)})


def tracks(options: argparse.Namespace, genome: Genome) -> Mapping[str, Prepared]:
    """Cluster → its track, in the order of the table."""
    made = prepare(
        options.fragments,
        options.out / "tracks",
        genome,
        cells=options.clusters,
        chromosomes=options.chromosomes,
        blacklist=options.blacklist,
    )
    for name, track in made.items():
        print(f"{name}: {track.cuts:,} cuts, {track.signal}", flush=True)
    return made


def regions_of(options: argparse.Namespace, genome: Genome, made: Mapping[str, Prepared]) -> list[Interval]:
    """Those that are given; else those that are open in any cluster, joined, within a part of the genome."""
    if options.regions is not None:
        return bed.regions(options.regions, genome.sizes)
    found = [item for track in made.values() for item in open_regions(track.signal, options.chromosomes)]
    merged = {chrom: spans for chrom, spans in merge(found).items() if chrom in genome.sizes}
    regions = [Interval(chrom, *span) for chrom, spans in merged.items() for span in spans.tolist()]
    if options.within is not None:
        part = Interval.parse(options.within, genome.sizes)
        regions = [item for item in regions if item.chrom == part.chrom]
        regions = [item for item in regions if part.start <= item.start and item.end <= part.end]
    if not regions:
        raise InputError(
            "Clusters must have open regions", received={"within": options.within}, example="--regions BED"
        )
    return regions


def predicted(
    options: argparse.Namespace, genome: Genome, made: Mapping[str, Prepared], regions: list[Interval]
) -> ManyFiles:
    """One pass over all models and clusters."""
    with_anndata = ["h5ad"] if find_spec("anndata") else []
    return zoo.predict_many(
        options.models,
        genome=genome,
        samples={name: track.signal for name, track in made.items()},
        regions=regions,
        blacklist=options.blacklist,
        output=options.out / "binding",
        write=["bed", "matrix", *with_anndata],
    )


def draw(matrix: Matrix, thresholds: Mapping[str, float | None], path: Path) -> None:
    """Regions at each factor's threshold by cluster; scores in the regions and of the factors that vary most."""
    scores = np.nan_to_num(matrix.values[matrix.reduction])
    names, clusters = short(list(matrix.models)), [plain(name) for name in matrix.samples]
    cuts = np.array([np.inf if thresholds[model] is None else thresholds[model] for model in matrix.models])
    sites = scores >= cuts[None, :, None]
    varied = np.ptp(scores, axis=2)  # between clusters
    factors = np.sort(np.argsort(-varied.max(axis=0), kind="stable")[:_FACTORS])
    rows = np.sort(np.argsort(-varied.max(axis=1), kind="stable")[:_REGIONS])
    most, picked = max(1, float(scores.max())), _Sizes.of(len(names), len(rows), clusters, len(factors))
    figure = style.figure(*picked.figure)
    blank = picked.figure[1] - picked.counts
    ratios = [1.5, *[1] * len(factors)]
    grid = figure.add_gridspec(2, len(ratios), width_ratios=ratios, height_ratios=[picked.counts, max(blank, 0.01)])
    counts = figure.add_subplot(grid[0, 0])
    plot_counts(counts, sites.sum(axis=0), names, clusters, len(scores), 1.5 * _INNER * picked.panel, picked.counts)
    axes = [figure.add_subplot(grid[:, 1 + number]) for number in range(len(factors))]
    for ax, factor in zip(axes, factors.tolist(), strict=True):
        shown = {"vmin": 0, "vmax": most, "cmap": style.RISING, "aspect": "auto", "interpolation": "nearest"}
        image = ax.imshow(scores[rows, factor], **shown)
        ax.plot(*np.nonzero(sites[rows, factor])[::-1], ".", color=style.RED, markersize=style.POINT)
        style.title(ax, names[factor])
        style.finish(ax).spines[:].set_visible(False)
        style.named(ax.xaxis, clusters, _INNER * picked.panel)
        ax.set_yticks([])
    places = [style.place(matrix.regions[row]) for row in rows]
    style.named(axes[0].yaxis, places, 0.2 * len(rows))
    style.scale_bar(image, axes, "highest score in the region\n(red: at the threshold)")
    with atomic(path, path.parent) as temporary:
        style.save(figure, temporary, "png")


@dataclass(frozen=True)
class _Sizes:
    """Inches of the picture. Attributes: figure: all of it; counts: height of the counts; panel: width of a factor."""

    figure: tuple[float, float]
    counts: float
    panel: float

    @classmethod
    def of(cls, models: int, regions: int, clusters: Sequence[str], factors: int) -> "_Sizes":
        """Of these numbers; a picture is at most 24 inches wide, and high."""
        counts = models * (0.28 if models <= style.CROWDED else 0.12)
        panel = min(0.4 + 0.28 * len(clusters), 18 / (1.5 + factors))
        words = 1.2 + 0.08 * max(map(len, clusters))
        height = min(max(words + max(counts, 0.2 * regions), words + 1.2), style.LONGEST)
        return cls((4 + panel * (1.5 + factors), height), counts, panel)


def plot_counts(
    ax: Axes, counts: np.ndarray, rows: Sequence[str], columns: Sequence[str], total: int, width: float, height: float
) -> None:
    """A heat map of numbers, (rows, columns), with the numbers where there is room in so many inches."""
    ax.imshow(counts, vmin=0, vmax=max(int(counts.max()), 1), cmap=style.RISING, aspect="auto", interpolation="nearest")
    style.title(ax, f"regions at the threshold,\nof {total:,}")
    style.finish(ax).spines[:].set_visible(False)
    style.named(ax.xaxis, columns, width)
    style.named(ax.yaxis, rows, height)
    letters = max(len(f"{count:,}") for count in counts.ravel().tolist())
    if width / len(columns) < 0.08 * letters + 0.06 or height / len(rows) < 0.15:
        return
    for (row, column), count in np.ndenumerate(counts):
        color = style.WHITE if count > counts.max() / 2 else style.DARK
        ax.text(column, row, f"{count:,}", ha="center", va="center", fontsize=style.NOTE, color=color)


def example(options: argparse.Namespace) -> None:
    """Fill in the files of $ZOO_SHARED: a genome of chr22 of which 300 kb are known, and a table of clusters."""
    folder = Path(os.environ.get("ZOO_SHARED") or "/nonexistent") / "data" / "hg38_chr22_scatac"
    options.fragments = folder / "test.fragments.tsv.gz"
    if not options.fragments.is_file():
        raise InputError(
            "Fragments, clusters and a genome must be given where $ZOO_SHARED holds no example",
            example="fragments.tsv.gz clusters.tsv --genome hg38.2bit",
        )
    options.genome, options.clusters = options.out / "chr22.2bit", options.out / "clusters.tsv"
    codes = np.full(_CHR22, 4, np.uint8)
    lines = (folder / "hg38_chr22_32000000_32300000.fa").read_text(encoding="ascii").splitlines()
    codes[_SEQUENCED.start : _SEQUENCED.end] = encode("".join(lines[1:]))
    write_twobit(options.genome, {_SEQUENCED.chrom: codes})
    with writing(options.clusters) as handle:
        handle.writelines(f"{barcode}\t{cluster}\n" for barcode, cluster in split(options.fragments).items())
    options.within = str(_SEQUENCED)


def split(fragments: Path) -> dict[str, str]:
    """Barcode → cluster of the example: cells by the second component of latent semantic indexing, in equal parts.

    Counts of fragments in bins of 100 kb, each cell's over their sum, times the logarithm of how rare a bin is.
    """
    rows = [line.split("\t") for line in raw_lines(fragments)]
    barcodes, cells = np.unique([row[3] for row in rows], return_inverse=True)
    _, bins = np.unique([int(row[1]) // _BIN for row in rows], return_inverse=True)
    counts = np.zeros((cells.max() + 1, bins.max() + 1))
    np.add.at(counts, (cells, bins), 1)
    rare = np.log(1 + len(counts) / (counts > 0).sum(axis=0))
    weighted = counts / counts.sum(axis=1, keepdims=True) * rare
    left, _, _ = np.linalg.svd(weighted / np.linalg.norm(weighted, axis=1, keepdims=True), full_matrices=False)
    order = np.argsort(left[:, 1] * np.sign(left[np.argmax(np.abs(left[:, 1])), 1]), kind="stable")
    parts = np.array_split(order, _CLUSTERS)
    return {str(barcodes[cell]): f"cluster{number + 1}" for number, part in enumerate(parts) for cell in part}


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Binding in clusters of cells; see the file's head.")
    parser.add_argument("fragments", nargs="?", type=Path, help="of cells: .tsv, also compressed")
    parser.add_argument("clusters", nargs="?", type=Path, help="barcode and cluster on each line, tab-separated")
    parser.add_argument("--genome", metavar="GENOME", type=Path)
    parser.add_argument(
        "--models", nargs="+", default=list(_MODELS), metavar="MODEL", help=f"default {' '.join(_MODELS)}"
    )
    parser.add_argument("--regions", metavar="BED", help="default those that are open in any cluster")
    parser.add_argument("--within", metavar="REGION", help="part of the genome in which open regions count")
    parser.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="default the main ones")
    parser.add_argument("--blacklist", metavar="FILE", type=Path)
    parser.add_argument("--annotation", metavar="GTF", type=Path, help="for the genes of sites")
    parser.add_argument("--out", type=Path, default=Path("single_cell"), metavar="FOLDER", help="default single_cell")
    options = parser.parse_args()
    given = [options.fragments, options.clusters, options.genome]
    if any(given) and not all(given):
        parser.error("fragments, clusters and --genome must be given together")
    if options.regions is not None and options.within is not None:
        parser.error("--within must be given without --regions")
    return options


if __name__ == "__main__":
    recipe.run("single_cell", main, parse())

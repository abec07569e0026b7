"""From peaks to motifs: what a model reads in open or bound chromatin, in one command.

    python recipes/interpret.py                                       # CTCF on real peaks, or a yeast model
    python recipes/interpret.py maxatac/CTCF --genome hg38.2bit --signal atac.bw --regions ctcf.narrowPeak \
        --motifs H12CORE_meme_format.meme --out interpretation
    python recipes/interpret.py maxatac/CTCF --genome hg38.2bit --cell K562 k562.bw k562.bed \
        --cell HepG2 hepg2.bw hepg2.bed

For each cell type: attributions of every window (DeepLIFT over 20 dinucleotide-shuffled references) as `.npz` and as
a track for a genome browser, pictures of the highest loci, motifs by TF-MoDISco with their nearest known ones and a
report (extra `motif`). Over cell types: `counts.tsv`, how many stretches support each known motif, and how many
high-attribution hits it has. An interrupted run goes on when it is called again.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import yeast

import zoo
from zoo.console import recipe
from zoo.errors import InputError
from zoo.files.atomic import atomic, writing
from zoo.genome import bed
from zoo.interpretation import counts, report
from zoo.plot.pictures import draw

_SAME = 200  # bp between summits of different experiments that count as one


@dataclass(frozen=True)
class Cell:
    """A cell type: its name, its track (None for models of DNA alone) and where to look."""

    name: str
    signal: Path | None
    regions: Path


def main(options: argparse.Namespace, cells: list[Cell]) -> None:
    """Explain every cell type, then count motifs."""
    model, by_cell = zoo.load(options.model), {}
    for cell in cells:
        folder = options.out / cell.name
        by_cell[cell.name] = report(
            explain(model, cell, options, folder),
            folder / "motifs",
            options.motifs,
            options.width,
            options.most_seqlets,
            options.least_seqlets,
        )
        print(f"{cell.name}: {folder}\n{by_cell[cell.name]}", flush=True)
    print(write_counts(counts(by_cell), list(by_cell), options.out / "counts.tsv"))


def explain(model: zoo.Model, cell: Cell, options: argparse.Namespace, folder: Path) -> Path:
    """Attributions of a cell type's windows, and pictures of the highest."""
    files = {"genome": options.genome, "signal": cell.signal, "regions": cell.regions}
    choices = {name: getattr(options, name) for name in ("chromosomes", "head", "method", "target", "count", "compat")}
    archive, *_ = model.attribute(**files, **choices, output=folder / "attributions")
    draw(archive, cell.signal, options.pictures, intervals={"regions": bed.read(cell.regions)})
    return archive


def write_counts(by_motif: dict[str, dict[str, tuple[int, int]]], cells: list[str], path: Path) -> Path:
    """A row for each motif: seqlets and high-attribution hits, in each cell type."""
    with writing(path) as handle:
        handle.write("\t".join(["motif", *(f"{cell} {what}" for cell in cells for what in ("seqlets", "hits"))]) + "\n")
        for name, row in by_motif.items():
            handle.write("\t".join([name, *(str(number) for cell in cells for number in row[cell])]) + "\n")
    return path


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="From peaks to motifs; see the file's head.")
    parser.add_argument("model", nargs="?", help="family/MODEL or a model folder (default maxatac/CTCF)")
    parser.add_argument("--genome", metavar="GENOME")
    parser.add_argument("--signal", metavar="BIGWIG", help="not for models of DNA alone")
    parser.add_argument("--regions", metavar="BED", type=Path, help="peaks; of narrowPeak the summits")
    parser.add_argument(
        "--cell",
        nargs=3,
        action="append",
        metavar=("NAME", "BIGWIG", "BED"),
        help="instead; - for no BIGWIG; repeat it",
    )
    parser.add_argument("--yeast", metavar="FACTOR", help="a factor of the yeast data of $ZOO_SHARED, such as REB1")
    parser.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="only regions on these")
    parser.add_argument("--motifs", metavar="MEME", help="known motifs")
    parser.add_argument("--method", default="deeplift", help="or integrated_gradients, saturation_mutagenesis")
    parser.add_argument("--head", metavar="NAME", help="of a model with several heads, such as counts or profile")
    parser.add_argument("--target", help="sum, profile, a bin, or bins such as 8:24 (default as zoo attribute has it)")
    parser.add_argument("--compat", metavar="PROGRAM", help="chrombpnet: contributions to a profile as it defines them")
    parser.add_argument("--count", type=int, default=20, help="shuffles of each window (default 20)")
    parser.add_argument("--width", type=int, default=400, help="bp in the middle of the windows (default 400)")
    parser.add_argument("--most-seqlets", type=int, default=20_000, help="of each sign (default 20000; ASAP 100000)")
    parser.add_argument("--least-seqlets", type=int, default=100, help="for a sign to have patterns (default 100)")
    parser.add_argument("--pictures", type=int, default=5, metavar="N", help="of the N highest windows (default 5)")
    parser.add_argument("--out", type=Path, default=Path("interpretation"), help="folder (default interpretation)")
    options = parser.parse_args()
    if options.genome and not (options.regions or options.cell):
        parser.error("--genome goes with --regions or --cell")
    if options.genome and not options.model:
        parser.error("say which model reads these files")
    return options


def chosen(options: argparse.Namespace) -> list[Cell]:
    """The cell types of a command line; without files those of the real data."""
    if options.genome:
        rows = options.cell or [(Path(options.regions).stem, options.signal or "-", options.regions)]
        return [Cell(name, None if signal == "-" else Path(signal), Path(regions)) for name, signal, regions in rows]
    source = yeast.find_data()
    if source is None:
        raise InputError(
            "Files must be given where $ZOO_SHARED/data holds none", example="--genome hg38.2bit --regions peaks.bed"
        )
    motifs, options.out = source.parent / "motifs", options.out.expanduser()
    if options.yeast:
        data = yeast.prepare(source, options.out / "data")
        options.model, options.genome = options.model or f"yeast/{options.yeast.upper()}", data.genome
        options.motifs = options.motifs or motifs / "macisaac_yeast.v1.meme"
        return [Cell(options.yeast.upper(), data.signal, data.peaks_of(options.yeast))]
    human = source.parent / "hg19_chr20_gm12878"
    options.model, options.genome = options.model or "maxatac/CTCF", human / "hg19_chr20_to_11095000.2bit"
    options.motifs = options.motifs or motifs / "jaspar_2024_consensus.meme"
    peaks = [*human.glob("peaks_GM12878/*BroadGm12878Ctcf*"), *sorted(human.glob("peaks_CTCF_other_lines/*"))]
    return [Cell("GM12878", human / "gm12878_minmax_p99.bw", together(peaks, options.out / "ctcf.bed"))]


def together(peaks: list[Path], target: Path) -> Path:
    """Places of all experiments, as a BED of single bases; summits near one another are one."""
    sites = sorted((peak.chrom, summit) for path in peaks for peak, summit in bed.read_summits(path))
    kept = sites[:1]
    for chrom, summit in sites[1:]:
        if chrom != kept[-1][0] or summit > kept[-1][1] + _SAME:
            kept.append((chrom, summit))
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic(target, target.parent) as temporary:
        temporary.write_text("".join(f"{chrom}\t{summit}\t{summit + 1}\n" for chrom, summit in kept), encoding="utf-8")
    return target


if __name__ == "__main__":
    arguments = parse()
    recipe.run("interpret", main, arguments, chosen(arguments))

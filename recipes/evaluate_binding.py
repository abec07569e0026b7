"""Several predictors of binding side by side on one held-out set: the models and their baselines.

Without arguments six factors that GM12878 has peaks of, on 1.1 Mb of chr20: the model on one strand and on both, motifs
in open chromatin, footprints, cuts and motif scores at the motif's sites, ATAC-seq alone, the sequence alone (the model
with the mean signal everywhere), and for CTCF what other cell types bind. The authors do not say which cell types a
model saw, and chr20 is not among the chromosomes that they held out: these numbers show that everything works, not how
well a model does on what it has not seen. With --yeast the models that ship, on two chromosomes that they have not
seen.

Usage: python recipes/evaluate_binding.py [CTCF SPI1 ...] [--out FOLDER]
       python recipes/evaluate_binding.py --table TSV --genome GENOME --signal BIGWIG --motifs MEME
           [--reads READS] [--region chr1:1-9 | --chromosomes CHROM ...]
       python recipes/evaluate_binding.py --yeast [--chromosomes chrIV]

The table has the columns Model, Peaks, Motif, Other_Cells; its files are relative to it, several other cells have ";"
between them, and an empty Motif or Other_Cells leaves that baseline out. Footprints need the sample's reads.
"""

import argparse
import os
import sys
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import yeast

import zoo
from zoo.console import recipe
from zoo.console.table import table
from zoo.data.meta import rows
from zoo.errors import InputError, ZooWarning
from zoo.evaluate import baselines, bins, comparison, curves
from zoo.evaluate.motif_sites import Footprinted, open_in
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.motifs import read_motifs
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.pages import report

FACTORS = ("CTCF", "SPI1", "MAX", "ELF1", "YY1", "EGR1")
_IN_PEAKS = {"SPI1": "Pu1Pcr1x", "CTCF": "BroadGm12878Ctcf", "MAX": "MaxIggmus", "EGR1": "Egr1Pcr2x"}
_IN_MOTIFS = {"YY1": "TYY1"}


@dataclass(frozen=True)
class Case:
    """A factor: its model, its peaks, and what else there is."""

    model: str
    peaks: Path
    motif: str | None
    other_cells: tuple[Path, ...]


def main(options: argparse.Namespace) -> None:
    """Evaluate every factor, print a table, write the report."""
    shipped = yeast_cases if options.yeast else gm12878_cases
    cases = from_table(options.table) if options.table else shipped(options)
    reads = [
        options.genome,
        options.signal,
        options.motifs,
        options.table,
        options.reads,
        *(case.peaks for case in cases),
    ]
    reads += [path for case in cases for path in case.other_cells]
    report.claim(options.out / "binding", reads)
    genome, signal = Genome(options.genome), Signal(options.signal)
    region = bed.regions(options.region, genome.sizes)[0] if options.region else None
    by_factor, loci = {}, []
    with tempfile.TemporaryDirectory() as work:
        place = Path(work) / "sample", region, options.chromosomes
        sample = Footprinted.of(options.reads, genome, signal, *place) if options.reads else None
        for case in cases:
            model = zoo.load(case.model)
            predictors = predictors_of(case, model, genome, signal, sample, region, options, Path(work))
            bound = bins.Bound(case.peaks, signal.sizes)
            name = case.model.split("/")[-1]
            by_factor[name] = comparison.compare(
                {
                    label: baselines.track(predictor) if isinstance(predictor, Signal) else predictor
                    for label, predictor in predictors.items()
                },
                bound,
                signal,
                None if region else options.chromosomes,
                region,
            )
            loci.append(locus_of(name, case, predictors, signal, region, options.chromosomes))
            print(f"{name}: done", file=sys.stderr)
        printed, sections = describe(by_factor)
        table_, page = report.write(
            options.out / "binding",
            f"Predicted binding against baselines: {signal.path.name}",
            [*sections, *loci],
            reads=reads,
            inputs={"genome": str(genome.path), "signal": str(signal.path), "region": str(region or "all")},
        )
    print(f"{printed}\n{table_}\n{page}")


def predictors_of(
    case: Case,
    model: zoo.Model,
    genome: Genome,
    signal: Signal,
    sample: Footprinted | None,
    region: Interval | None,
    options: argparse.Namespace,
    work: Path,
) -> dict[str, object]:
    """Tracks and other predictors of a factor, by name."""
    flat = baselines.Flat(signal, [region] if region else None)
    predictors: dict[str, object] = {}
    for label, track, strands in (
        ("model", signal, "forward"),
        ("model, both strands", signal, "both"),
        ("sequence alone", flat, "forward"),
    ):
        base = work / f"{model.spec.output.target}_{len(predictors)}"
        chosen = {"regions": region} if region else {"chromosomes": options.chromosomes}
        with warnings.catch_warnings():
            if track is flat:  # it is not what the model was trained on, and that is the point
                warnings.simplefilter("ignore", ZooWarning)
            files = model.predict(genome=genome, signal=track, **chosen, output=base, strands=strands, threshold=None)
        predictors[label] = Signal(files.bigwig)
    predictors["ATAC-seq alone"] = signal
    if case.motif:
        near = open_in(signal, region, options.chromosomes)
        predictors["motif"] = baselines.Motif(genome, read_motifs(options.motifs, case.motif), near)
    if case.motif and sample:
        motifs = read_motifs(options.motifs, case.motif)
        predictors |= sample.at_sites(genome, motifs)
    if case.other_cells:
        predictors["other cell types"] = baselines.other_cells(case.other_cells)
    return predictors


def describe(by_factor: Mapping[str, list[comparison.Row]]) -> tuple[str, list[dict]]:
    """The table as text, and the sections of the report."""
    lines, printed = [], {}
    for name, results in by_factor.items():
        for row in results:
            low, high = row.interval
            measured = row.binding
            lines.append(
                [
                    f"{name}, {row.name}",
                    measured.average_precision,
                    f"{low:.3f} to {high:.3f}",
                    measured.aupr,
                    measured.auroc,
                    measured.precision_at_5_percent_recall,
                    measured.best_f1,
                    measured.random_precision,
                ]
            )
            printed[f"{name}, {row.name}"] = {
                "AP": measured.average_precision,
                "low": low,
                "high": high,
                "AUPR": measured.aupr,
                "AUROC": measured.auroc,
            }
    columns = [
        "",
        "average precision",
        "95 % interval",
        "AUPR",
        "AUROC",
        "precision at 5 % recall",
        "best F1",
        "random precision",
    ]
    note = "Bins of 200 bp. AUPR is maxATAC's, which joins points by lines: with few distinct scores it is too high."
    sections = [{"kind": "table", "title": "Precision and recall", "note": note, "columns": columns, "rows": lines}]
    text = table(printed)
    if len(by_factor) > 1:
        text += f"\n\nmeans over factors\n{table(means(by_factor))}"
        tests = differences(by_factor)
        columns = ["the model against", "factors", "median difference", "p (Wilcoxon)", "p (Mann-Whitney)"]
        note = "Of average precisions, two-sided: factor by factor (Wilcoxon), and of all against all (Mann-Whitney)."
        sections.append({"kind": "table", "title": "Differences", "note": note, "columns": columns, "rows": tests})
        shown = {row[0]: dict(zip(columns[1:], row[1:], strict=True)) for row in tests}
        text += f"\n\nthe model against\n{table(shown)}"
    for name, results in by_factor.items():
        drawn = {row.name: (row.curve, row.best) for row in results}
        random = results[0].binding.random_precision
        sections.append(curves.section(f"{name}: precision and recall", drawn, random))
    return text, sections


def means(by_factor: Mapping[str, list[comparison.Row]]) -> dict[str, dict[str, float]]:
    """Of each predictor over the factors that have it."""
    labels = dict.fromkeys(row.name for results in by_factor.values() for row in results)
    found = {
        label: [row.binding for results in by_factor.values() for row in results if row.name == label]
        for label in labels
    }
    return {
        label: {
            "factors": len(some),
            "AP": float(np.mean([binding.average_precision for binding in some])),
            "AUPR": float(np.mean([binding.aupr for binding in some])),
        }
        for label, some in found.items()
    }


def differences(by_factor: Mapping[str, list[comparison.Row]]) -> list[list]:
    """The model against each other predictor, over the factors that have it."""
    precisions = {
        name: {row.name: row.binding.average_precision for row in results} for name, results in by_factor.items()
    }
    labels = dict.fromkeys(label for values in precisions.values() for label in values if label != "model")
    lines = []
    for label in labels:
        both = [values for values in precisions.values() if label in values]
        ours, theirs = [values["model"] for values in both], [values[label] for values in both]
        test, free = comparison.paired(ours, theirs), comparison.unpaired(ours, theirs)
        lines.append([label, len(both), test.median, test.p_value, free.p_value])
    return lines


def locus_of(
    name: str,
    case: Case,
    predictors: Mapping[str, object],
    signal: Signal,
    region: Interval | None,
    chromosomes: list[str] | None,
) -> dict:
    """The 200 kb with most peaks, as a section of the report."""
    peaks = [peak for peak in bed.read(case.peaks) if peak.chrom in (chromosomes or signal.sizes)]
    if region is None:
        chrom = max({peak.chrom for peak in peaks}, key=lambda chrom: sum(peak.chrom == chrom for peak in peaks))
        region = Interval(chrom, 0, signal.sizes[chrom])
    predicted = {
        label: predictor
        for label, predictor in predictors.items()
        if isinstance(predictor, Signal) and predictor is not signal
    }
    tracks = {"ATAC-seq": signal, **predicted}
    return report.locus(f"{name}: a locus", report.peak_densest(peaks, region), tracks, {"peaks": peaks})


def from_table(path: Path) -> list[Case]:
    """The rows of a table."""
    columns = ("Model", "Peaks", "Motif", "Other_Cells")
    return [
        Case(
            row["Model"],
            path.parent / row["Peaks"],
            row["Motif"] or None,
            tuple(path.parent / name for name in row["Other_Cells"].split(";") if name),
        )
        for row, _ in rows(path, columns, "The table of models")
    ]


def yeast_cases(options: argparse.Namespace) -> list[Case]:
    """Factors of yeast, whose tracks and peaks are made beside the report."""
    data = yeast.prepare(yeast.required_data(), options.out / "data")
    options.genome, options.signal = data.genome, data.signal
    options.chromosomes = options.chromosomes or ["chrIV", "chrXIII"]
    options.motifs = data_folder() / "motifs" / "macisaac_yeast.v1.meme"
    lines = options.motifs.read_text(encoding="utf-8").splitlines()
    known = {line.split()[1] for line in lines if line.startswith("MOTIF")}
    factors = [factor.upper() for factor in options.factors or yeast.FACTORS]
    return [Case(f"yeast/{name}", data.peaks_of(name), name if name in known else None, ()) for name in factors]


def gm12878_cases(options: argparse.Namespace) -> list[Case]:
    """Factors of GM12878 on chr20."""
    options.genome = data_folder() / "hg19_chr20_gm12878" / "hg19_chr20_to_11095000.2bit"
    options.signal = data_folder() / "hg19_chr20_gm12878" / "gm12878_minmax_p99.bw"
    options.reads = data_folder() / "hg19_chr20_gm12878" / "chr20.50000.bed.bz2"
    options.motifs = data_folder() / "motifs" / "H12CORE_meme_format.meme"
    if not options.genome.is_file():
        raise yeast.missing("the data of GM12878")
    options.region = str(bed.read(options.genome.parent / "region.bed")[0])
    folder = data_folder() / "hg19_chr20_gm12878"
    cases = []
    for factor in options.factors or FACTORS:
        pattern = _IN_PEAKS.get(factor, f"Gm12878{factor.capitalize()}")
        peaks = sorted((folder / "peaks_GM12878").glob(f"*{pattern}*.narrowPeak"))
        if not peaks:
            raise InputError("GM12878 must have peaks of the factor", example="CTCF", received={"factor": factor})
        others = sorted((folder / "peaks_CTCF_other_lines").glob("*.narrowPeak")) if factor == "CTCF" else ()
        cases.append(Case(f"maxatac/{factor}", peaks[0], f"{_IN_MOTIFS.get(factor, factor)}.", tuple(others)))
    return cases


def data_folder() -> Path:
    """Where the real data is."""
    return Path(os.environ.get("ZOO_SHARED") or "/nonexistent") / "data"


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compare predictors of binding; see the file's head.")
    parser.add_argument("factors", nargs="*", metavar="FACTOR", help=f"default {' '.join(FACTORS)}, or all of yeast")
    parser.add_argument("--yeast", action="store_true", help="the models that ship, on chrIV and chrXIII")
    parser.add_argument("--table", type=Path, metavar="TSV", help="other models: Model, Peaks, Motif, Other_Cells")
    parser.add_argument("--genome", metavar="GENOME", help="with --table")
    parser.add_argument("--signal", metavar="BIGWIG", help="with --table")
    parser.add_argument("--motifs", metavar="MEME", help="with --table; names that begin with the Motif column count")
    parser.add_argument("--reads", metavar="READS", help="with --table; of the sample, as for zoo footprint")
    parser.add_argument("--region", help="with --table: held-out region, such as chr20:9,995,001-11,095,000")
    of = {"nargs": "+", "metavar": "CHROM"}
    parser.add_argument("--chromosomes", **of, help="held out (default all of --table; of --yeast chrIV, chrXIII)")
    parser.add_argument("--out", type=Path, default=Path("evaluation"), help="folder (default evaluation)")
    options = parser.parse_args()
    if options.table and not (options.genome and options.signal):
        parser.error("a table needs --genome and --signal")
    if options.table and (options.factors or options.yeast):
        parser.error("factors and --yeast must not be given with --table: it lists the models")
    for name in ("genome", "signal", "motifs", "reads", "region"):
        if getattr(options, name) and not options.table:
            parser.error(f"--{name} must be given with --table")
    if options.chromosomes and not (options.table or options.yeast):
        parser.error("--chromosomes must be given with --table or --yeast")
    if options.region and options.chromosomes:
        parser.error("--region must not be given with --chromosomes")
    return options


if __name__ == "__main__":
    chosen = parse()
    recipe.run("evaluate_binding", main, chosen)

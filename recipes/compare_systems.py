"""maxATAC, FactorNet, DeepGRN and Leopard side by side on one sample, in the same bins of 200 bp, beside baselines.

Every model of a factor is compared that can be loaded and whose inputs are given. A model that cannot is listed as left
out, with the reason; the models of an ensemble that is compared are not listed by themselves. What replaces an input
that was not given is written beside each row. Of models of narrower bins (Leopard of single bases, as in its paper) the
highest value in a bin counts. Bins on the blacklist are left out for all alike, and counted.

Without arguments EGR1 and MAX of GM12878 on 1.1 Mb of chr20, hg19: ATAC-seq cut sites in place of DNase I cuts. There
are few peaks, and all systems learned from chr20: these numbers show that inputs are built as the models expect
them, not how well a model does on what it has not seen.

Usage: python recipes/compare_systems.py [--factor FACTOR ...] [--models MODEL ...] [--out FOLDER]
       python recipes/compare_systems.py --genome GENOME --signal NAME=BIGWIG ... --factor FACTOR --peaks PEAKS
           (--region chr1:1-9 | --chromosomes CHROM ...) [--covariate NAME=VALUE ...] [--blacklist BED]
           [--motifs MEME [--reads READS]] [--models MODEL ...] [--out FOLDER]

Signals: `atac` is what maxATAC reads, `dgf` DNase I cuts as FactorNet and DeepGRN read them, `unique35` the mappability
of 35-mers, by default 1 everywhere; `dnase` and `average` are Leopard's. Covariates: `cell_type`, one that FactorNet
knows; numbers, or BED files of flags (cpg_island, cds, intron, promoter, utr5, utr3), by default 0.

Baselines: each signal alone; without sequence, the mean of `dgf` over about what FactorNet and DeepGRN see; motifs in
open chromatin (extra `motif`); with reads, what `zoo footprint` finds at the motif's sites there: the footprint, the
cuts around it, the motif's score; random numbers.
"""

import argparse
import glob
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import yeast

import registry
import zoo
from registry.metrics import label
from zoo.console import recipe
from zoo.console.pairs import PairsAction
from zoo.console.table import table
from zoo.errors import InputError, OfflineMiss, warn
from zoo.evaluate import baselines, bins, comparison, curves
from zoo.evaluate.baselines import Predictor
from zoo.evaluate.motif_sites import Footprinted, open_in
from zoo.evaluate.selection import BinSelection
from zoo.genome import bed, names
from zoo.genome.bigwig import Writer
from zoo.genome.interval import Interval
from zoo.genome.motifs import read_motifs
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.pages import report
from zoo.porting.bins_of_200 import BIN, DGF, FLAGS, UNIQUE35
from zoo.porting.expression import CELL_TYPES, COMPONENTS
from zoo.prepare import fragments

FACTORS = ("EGR1", "MAX")
ATAC = "atac"
SYSTEMS = ("maxatac/{}", "factornet/{}", "factornet/{}-*", "deepgrn/{}_*", "leopard/{}", "leopard/{}-*")
_PEAKS = {
    "CTCF": "BroadGm12878Ctcf",
    "EGR1": "HaibGm12878Egr1Pcr2x",
    "GABPA": "HaibGm12878GabpPcr2x",
    "JUND": "SydhGm12878Jund",
    "MAX": "SydhGm12878MaxIggmus",
    "REST": "HaibGm12878NrsfPcr1x",
    "TAF1": "HaibGm12878Taf1Pcr1x",
}
_CUT = 3.7  # 7.5 cuts per kb of this sample × 3.7 = 1 / 36, the genome mean of a 1x track of reads of 36 bp
_OTHER_COMPONENTS = tuple(f"PC{i}" for i in range(1, 9))  # DeepGRN's
_AROUND = 5  # bins whose mean of cuts stands for the 1,002 bp that FactorNet and DeepGRN see
_SHOWN = ("AP", "low", "high", "AUPR", "AUROC")  # of the table's numbers, where there is little room
_OTHERS = ("precision_at_5_percent_recall", "best_f1", "random_precision")
_COLUMNS = (label("average_precision"), *_SHOWN[1:], *map(label, _OTHERS))
_NOTE = (
    "Bins of 200 bp; of models of narrower bins the highest value in one counts. Intervals: 95 %, bootstrap over "
    "blocks of 100 kb. AUPR is maxATAC's, which joins points."
)
_ABOUT = (
    "hg19, chr20:9,995,001-11,095,000, GM12878. ATAC-seq cut sites are in place of the DNase I cuts that FactorNet and "
    "DeepGRN learned from; maxATAC learned from hg38; Leopard's tracks are not there. All learned from chr20, and may "
    "have from GM12878: the numbers are not those of unseen data. There are few peaks."
)


@dataclass(frozen=True)
class Sample:
    """What is known of a sample.

    Attributes:
        genome: the assembly.
        signals: by name; `unique35` is always there.
        covariates: by name.
        replaced: name of a signal or a covariate → what is in its place.
        place: the arguments of `predict` that say where.
        blacklist: bins that overlap these are left out; None if there is none.
        footprints: of the sample's reads, if they are given.
    """

    genome: Genome
    signals: Mapping[str, Signal]
    covariates: Mapping[str, object]
    replaced: Mapping[str, str]
    place: Mapping[str, object]
    blacklist: Sequence[Interval] | None = None
    footprints: Footprinted | None = None


@dataclass(frozen=True)
class Line:
    """A row of the table: its numbers, None if a model was left out, and what there is to say of its inputs."""

    name: str
    numbers: list[float] | None
    said: str


class LacksInput(InputError):
    """The sample lacks what a model reads."""


def main(options: argparse.Namespace) -> None:
    """Compare the models of every factor, print a table, write the report."""
    factors, about = ({options.factor[0]: options.peaks}, "") if options.genome else gm12878(options)
    beds = [value for value in (*options.covariate.values(), options.blacklist) if isinstance(value, (str, Path))]
    reads = [options.genome, options.motifs, options.reads, *options.signal.values(), *beds, *factors.values()]
    report.claim(options.out / "systems", reads, "systems")
    lines, pictures = [], []
    with tempfile.TemporaryDirectory() as work:
        sample = sample_of(options, Path(work))
        note = " ".join(filter(None, [_NOTE, blacklist_note(sample), about]))  # what is wrong is known before the work
        for factor, peaks in factors.items():
            found, section = compare(factor, peaks, options, sample, Path(work))
            lines += found
            pictures.append(section)
            print(f"{factor}: done", file=sys.stderr)
    inputs = {"genome": options.genome, **options.signal, "reads": options.reads, "blacklist": options.blacklist}
    inputs |= {**options.covariate, **factors}
    rows = [[line.name, *(line.numbers or [None] * len(_COLUMNS)), line.said] for line in lines]
    first = {"kind": "table", "title": "Precision and recall", "note": note, "columns": ["", *_COLUMNS, "inputs"]}
    pages = report.write(
        options.out / "systems",
        f"Systems that predict binding: {', '.join(Path(path).name for path in options.signal.values())}",
        [{**first, "rows": rows}, *pictures],
        reads=reads,
        kind="systems",
        inputs={name: str(path) for name, path in inputs.items() if path},
        place={name: str(value) for name, value in sample.place.items()},
    )
    shown = {
        line.name: {**dict(zip(_SHOWN, line.numbers, strict=False)), "why": line.said} for line in lines if line.numbers
    }
    left_out = [f"{line.name}: {line.said}" for line in lines if not line.numbers]
    print(table(shown), *left_out, note, *pages, sep="\n")


def compare(
    factor: str, peaks: Path, options: argparse.Namespace, sample: Sample, work: Path
) -> tuple[list[Line], dict]:
    """The rows of a factor, and its section of curves. Raises `InputError` if every model was left out."""
    track, place = sample.signals[UNIQUE35], (sample.place.get("chromosomes"), sample.place.get("regions"))
    bound, others = bins.Bound(peaks, track.sizes), baselines_of(factor, options.motifs, sample)
    predictors, reasons, read = {}, {}, {ATAC}
    said = {name: sample.replaced.get(DGF, "") for name in others if DGF in name.split()}
    for name in options.models or names_of(factor):
        if not options.models and any(name.startswith(f"{whole}-") for whole in predictors):
            continue  # one of an ensemble that is compared, or the last epoch of a model whose best one is
        try:
            model = zoo.load(name)
            signals, covariates, said[name] = inputs_of(model, sample)
        except (OfflineMiss, LacksInput) as error:
            reasons[name] = str(error)
            continue
        read |= {*signals, *(covariates or ())}
        files = model.predict(
            genome=sample.genome,
            signal=signals,
            covariates=covariates,
            track=factor if factor in model.spec.output.tracks else None,
            **sample.place,
            output=work / f"{factor}_{len(predictors)}",
            write="bigwig",
            threshold=None,
        )
        predictors[name] = own_bins(model, Signal(files.bigwig))
    if not options.cuts:  # nobody typed the names of GM12878
        check_read(options, read)
    if not predictors:
        raise InputError("A model of the factor must be there, with its inputs", received={"factor": factor, **reasons})
    rows = comparison.compare(predictors | others, bound, track, *place, sample.blacklist, BIN)
    lines = [Line(f"{factor}, {row.name}", numbers(row), said.get(row.name, "")) for row in rows]
    lines += [Line(f"{factor}, {name}", None, f"left out: {reason}") for name, reason in reasons.items()]
    drawn = {row.name: (row.curve, row.best) for row in rows}
    return lines, curves.section(f"{factor}: precision and recall", drawn, rows[0].binding.random_precision)


def names_of(factor: str) -> list[str]:
    """The models of a factor that the registry lists, ensembles before their members. Raises `InputError` for none."""
    patterns = [pattern.format(glob.escape(factor)) for pattern in SYSTEMS]
    listed = [entry.name for pattern in patterns for entry in registry.list_models(pattern)]
    if not listed:
        raise InputError("The registry must list a model of the factor", example="EGR1", received={"factor": factor})
    return listed


def inputs_of(model: zoo.Model, sample: Sample) -> tuple[dict[str, Signal], dict[str, object] | None, str]:
    """The signals and covariates that a model reads, by its names, and what is in place of those not given.

    Raises `LacksInput` for a signal or a covariate that the sample does not have.
    """
    tracks = {track.name: ATAC if track.name == "signal" else track.name for track in model.spec.input.given}
    known = model.spec.input.covariates
    missing = [name for name in tracks.values() if name not in sample.signals]
    missing += [item.name for item in known if item.default is None and item.name not in sample.covariates]
    if missing:
        raise LacksInput(
            "The sample must have what the model reads",
            example="--signal dgf=dgf.bw --covariate cell_type=GM12878",
            received={"missing": missing},
        )
    signals = {name: sample.signals[given] for name, given in tracks.items()}
    covariates = {item.name: sample.covariates[item.name] for item in known if item.name in sample.covariates}
    said = [sample.replaced[name] for name in (*tracks.values(), *covariates) if name in sample.replaced]
    return signals, covariates or None, "; ".join(dict.fromkeys(said))


def check_read(options: argparse.Namespace, read: set[str]) -> None:
    """Warn of signals and covariates that no model read: their names may be wrong."""
    components = {*COMPONENTS, *_OTHER_COMPONENTS}
    known = read | ({CELL_TYPES.name} if read & components else set())
    if unread := [name for name in (*options.signal, *options.covariate) if name not in known]:
        warn(f"No model that is compared reads {', '.join(unread)}")


def own_bins(model: zoo.Model, predicted: Signal) -> Predictor:
    """What a model predicts of each bin: its highest value there, or of a model of such bins the value of that one.

    Such bins overlap; of each its middle is in the file.
    """
    output, highest = model.spec.output, baselines.track(predicted)
    if output.bin_size != BIN or output.every == BIN:
        return highest

    def middle(chrom: str, places: np.ndarray) -> np.ndarray:
        centers = places[:-1] + BIN // 2
        return highest(chrom, np.append(np.stack([centers, centers + 1], axis=1), places[-1]))[::2]

    return middle


def baselines_of(factor: str, motifs: str | Path | None, sample: Sample) -> dict[str, Predictor]:
    """Signals alone, cuts in what FactorNet and DeepGRN see of a bin, motifs and footprints in open chromatin, random
    numbers."""
    signals = {name: signal for name, signal in sample.signals.items() if name != UNIQUE35}
    found: dict[str, Predictor] = {f"{name} alone": baselines.track(signal) for name, signal in signals.items()}
    if DGF in signals:
        found[f"mean {DGF} of {_AROUND * BIN:,} bp"] = around(signals[DGF])
    if motifs:
        own = read_motifs(motifs, f"{factor}.")
        near = open_in(signals[ATAC], sample.place.get("regions"), sample.place.get("chromosomes"))
        found["motif"] = baselines.Motif(sample.genome, own, near)
        found |= sample.footprints.at_sites(sample.genome, own) if sample.footprints else {}
    generator = np.random.default_rng(0)
    found["random numbers"] = lambda _, places: generator.random(len(places) - 1, np.float32)
    return found


def around(cuts: Signal) -> Predictor:
    """The mean over a bin and those next to it."""

    def mean(chrom: str, places: np.ndarray) -> np.ndarray:
        each = bins.aggregated(cuts, names.find(chrom, cuts.sizes) or chrom, places, "mean")
        means = np.convolve(each, np.full(_AROUND, 1 / _AROUND))[_AROUND // 2 :]
        return means[: len(each)].astype(np.float32)

    return mean


def numbers(row: comparison.Row) -> list[float]:
    """The numbers of a row, in the order of the table."""
    measured = row.binding
    first = [measured.average_precision, *row.interval, measured.aupr, measured.auroc]
    return [*first, measured.precision_at_5_percent_recall, measured.best_f1, measured.random_precision]


def sample_of(options: argparse.Namespace, work: Path) -> Sample:
    """The sample of the command line; what was not given is replaced where that can be said."""
    genome, paths, replaced = Genome(options.genome), dict(options.signal), {}
    place = {"chromosomes": options.chromosomes}
    if options.region:
        place = {"regions": bed.regions(options.region, genome.sizes)[0]}
    if options.cuts:
        paths[DGF], replaced[DGF] = work / "cuts.bw", "ATAC-seq cut sites in place of DNase I cuts"
        write_cuts(options.reads, genome, paths[DGF])
    if UNIQUE35 not in paths:
        paths[UNIQUE35], replaced[UNIQUE35] = work / "unique35.bw", "mappability 1 everywhere"
        with Writer(paths[UNIQUE35], genome.sizes) as file:
            for chrom, size in genome.sizes.items():
                file.add(chrom, np.array([0]), np.array([size]), np.ones(1))
    covariates, said = covariates_of(options.covariate)
    signals = {name: Signal(path) for name, path in paths.items()}
    blacklist = bed.read_blacklist(options.blacklist) if options.blacklist else None
    if options.cuts:  # the genome of the shared data ends before its blacklist does
        blacklist = [item for item in blacklist if item.end <= genome.sizes.get(item.chrom, 0)]
    footprints = None
    if options.reads and options.motifs:
        where = place.get("regions"), place.get("chromosomes")
        footprints = Footprinted.of(options.reads, genome, signals[ATAC], work / "sample", *where)
    return Sample(genome, signals, covariates, replaced | said, place, blacklist, footprints)


def blacklist_note(sample: Sample) -> str:
    """How many bins are left out because of the blacklist; empty without one."""
    if sample.blacklist is None:
        return ""
    place = sample.place.get("chromosomes"), sample.place.get("regions")
    chosen = BinSelection(sample.signals[UNIQUE35], *place, None, sample.blacklist, BIN)
    for _ in chosen:
        pass
    extent = chosen.extent
    return f"{extent.blacklisted:,} of {extent.blacklisted + extent.evaluated:,} bins are blacklisted and left out."


def write_cuts(reads: Path, genome: Genome, target: Path) -> None:
    """Write both ends of fragments that are shifted already, per base, scaled to what FactorNet reads."""
    counts = {chrom: np.zeros(size, np.float32) for chrom, size in genome.sizes.items()}
    for block in fragments.read(reads):
        for cuts in block.cuts():  # the genome of the shared data ends before its reads do
            np.add.at(counts[block.chrom], cuts[cuts < genome.sizes[block.chrom]], _CUT)
    with Writer(target, genome.sizes) as file:
        for chrom, values in counts.items():
            cut = np.flatnonzero(values)
            file.add(chrom, cut, cut + 1, values[cut])


def covariates_of(given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Covariates by name, and what is in place of those not given. Raises `InputError` for an unknown cell type."""
    own, cell = dict(given), given.get(CELL_TYPES.name)
    own.pop(CELL_TYPES.name, None)
    values: dict[str, object] = dict.fromkeys(FLAGS, 0)
    flags = [name for name in FLAGS if name not in own]
    replaced = dict.fromkeys(flags, f"0 for {', '.join(flags)}")
    if cell is not None:
        if cell not in CELL_TYPES.rows:
            known = ", ".join(CELL_TYPES.rows)
            raise InputError(f"The cell type must be one of {known}", received={CELL_TYPES.name: cell})
        row = CELL_TYPES.rows[cell]
        values |= dict(zip(COMPONENTS, row, strict=True)) | dict(zip(_OTHER_COMPONENTS, row, strict=True))
        said = f"FactorNet's components of {cell} in place of DeepGRN's, which its authors do not give"
        replaced |= {name: said for name in _OTHER_COMPONENTS if name not in own}
    return values | own, replaced


def gm12878(options: argparse.Namespace) -> tuple[dict[str, Path], str]:
    """Peaks of factors of GM12878 on chr20, and what there is to say of them; the sample is put into `options`."""
    shared = Path(os.environ.get("ZOO_SHARED") or "/nonexistent") / "data"
    folder = shared / "hg19_chr20_gm12878"
    options.genome = folder / "hg19_chr20_to_11095000.2bit"
    if not options.genome.is_file():
        raise yeast.missing("the data of GM12878")
    options.signal = {ATAC: folder / "gm12878_minmax_p99.bw"}
    options.reads = folder / "chr20.50000.bed.bz2"
    options.cuts = True  # of these reads
    options.motifs = shared / "motifs" / "H12CORE_meme_format.meme"
    options.blacklist = shared / "blacklists" / "hg19-blacklist.v2.bed"
    options.covariate = {CELL_TYPES.name: "GM12878"}
    options.region = str(bed.read(folder / "region.bed")[0])
    factors = options.factor or FACTORS
    if unknown := [factor for factor in factors if factor not in _PEAKS]:
        raise InputError(f"A factor must be one of {', '.join(_PEAKS)}", received={"factor": unknown[0]})
    name = "peaks_GM12878/wgEncodeAwgTfbs{}UniPk.narrowPeak"
    return {factor: folder / name.format(_PEAKS[factor]) for factor in factors}, _ABOUT


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compare systems that predict binding; see the file's head.")
    parser.add_argument("--factor", nargs="+", metavar="FACTOR", help=f"default {' '.join(FACTORS)}; with --peaks one")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="names or files (default all that are listed)")
    parser.add_argument("--genome", metavar="GENOME", help="of the sample")
    pairs = {"action": PairsAction, "default": {}}
    parser.add_argument("--signal", **pairs, metavar="NAME=BIGWIG", help=f"{ATAC}, {DGF}, {UNIQUE35}, or another")
    parser.add_argument("--covariate", **pairs, metavar="NAME=VALUE", help="cell_type, a number, or a BED file")
    parser.add_argument("--peaks", type=Path, metavar="PEAKS", help="where the factor is bound")
    parser.add_argument("--blacklist", metavar="BED", help="bins that overlap it are left out for all predictors")
    parser.add_argument("--motifs", metavar="MEME", help=f"those named FACTOR.… count, in open chromatin by {ATAC}")
    parser.add_argument("--reads", metavar="READS", help="of the sample, as for zoo footprint: footprints at motifs")
    parser.add_argument("--region", help="held-out region, such as chr20:9,995,001-11,095,000")
    parser.add_argument("--chromosomes", nargs="+", metavar="CHROM", help="held out")
    parser.add_argument("--out", type=Path, default=Path("evaluation"), help="folder (default evaluation)")
    parser.set_defaults(cuts=False)
    options = parser.parse_args()
    own = ("genome", "signal", "peaks", "covariate", "blacklist", "motifs", "reads", "region", "chromosomes")
    given = [name for name in own if getattr(options, name)]
    if given and not (options.genome and options.signal and options.peaks and len(options.factor or ()) == 1):
        parser.error("a sample of one's own needs --genome, --signal, one --factor and --peaks")
    if given and (options.region is None) == (options.chromosomes is None):
        parser.error("a sample of one's own needs either --region or --chromosomes")
    if options.motifs and ATAC not in options.signal:
        parser.error(f"--motifs needs --signal {ATAC}=…")
    if options.reads and not options.motifs:
        parser.error("--reads needs --motifs: footprints are looked for at the sites of a motif")
    return options


if __name__ == "__main__":
    chosen = parse()
    recipe.run("compare_systems", main, chosen)

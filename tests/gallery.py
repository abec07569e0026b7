"""One picture of every kind that the package draws, of numbers made up here."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from conftest import small_spec
from matplotlib.figure import Figure

from zoo.attribution.modisco import Pattern
from zoo.attribution.result import Attributions
from zoo.genome.gtf import Gene, Transcript
from zoo.genome.interval import Interval
from zoo.genome.motifs import Match
from zoo.genome.spans import NONE
from zoo.genome.vcf import Variant
from zoo.plot import explained, loci, quality, results, style
from zoo.plot.alleles import AlleleEffects, plot_alleles
from zoo.plot.curves import plot_training
from zoo.plot.rows import Track
from zoo.plot.sections import figure
from zoo.plot.variants import plot_allelic
from zoo.predict.table import Predictions, RegionScores
from zoo.predict.thresholds import Threshold, ThresholdTable
from zoo.variants.alleles import Place
from zoo.variants.allelic import AllelicAgreement
from zoo.variants.motif_changes import MotifChange
from zoo.variants.result import VariantScores
from zoo.variants.window import VariantWindow

LONG = "monocytes of a donor, stimulated with LPS for 24 h, second replicate"
REGION = Interval("chr20", 10_395_000, 10_405_000)


def random(seed: int = 0) -> np.random.Generator:
    """Numbers that do not depend on what is drawn before."""
    return np.random.default_rng(seed)


def heat(rows: int, columns: int) -> dict:
    return {
        "kind": "heat",
        "title": "Mean score at sites",
        "x": "score, standardized by factor",
        "rows": [f"FACTOR{number}" for number in range(rows)],
        "columns": [LONG if columns == 3 and not number else f"sample {number}" for number in range(columns)],
        "values": random().normal(size=(rows, columns)).tolist(),
    }


def overlap(conditions: int) -> dict:
    sets = [
        {"in": [bool(number >> place & 1) for place in range(conditions)], "sites": 100 * number}
        for number in range(1, 1 << conditions)
    ]
    names = [LONG, *(f"condition {number}" for number in range(1, conditions))]
    return {"kind": "overlap", "title": "Sites that conditions share", "names": names, "sets": sets}


def points(count: int) -> dict:
    x = random().normal(5, 1, size=count)
    ys = {name: x + random(seed).normal(size=count) for seed, name in enumerate(("peaks", LONG), start=1)}
    series = [{"name": name, "x": x.tolist(), "y": y.tolist()} for name, y in ys.items()]
    axes = {"x": "observed log counts", "y": "predicted log counts"}
    return {"kind": "points", "title": "Counts", "series": series, **axes}


def curves(count: int, scale: float = 1.0) -> dict:
    """Footprints, of values of about that size."""
    x = np.arange(-100, 100)
    series = [
        {
            "name": f"tn5_{number}" if number else LONG,
            "x": x.tolist(),
            "y": (scale * (1 + np.sin(x / 9 + number))).tolist(),
        }
        for number in range(count)
    ]
    axes = {"x": "bp from the middle of the motif", "y": "fraction of counts"}
    return {"kind": "curves", "title": "Footprints after correction", "level": 0.4 * scale, "series": series, **axes}


def banded() -> dict:
    x = np.linspace(0, 1, 50)
    ends = {"lower": 0.8 * x, "upper": x**0.5}
    ys = {"precision": x, **{f"precision, 95 % interval, {end} limit": y for end, y in ends.items()}}
    series = [{"name": name, "x": x.tolist(), "y": y.tolist()} for name, y in ys.items()]
    series = [series[0], *({**limit, "limit_of": "precision"} for limit in series[1:])]
    return {"kind": "curves", "title": "Thresholds", "x": "threshold", "y": "fraction", "series": series}


def precision_recall(count: int) -> dict:
    recall = np.linspace(0.02, 1, 50)
    series = [
        {
            "name": LONG if number == 1 else f"maxatac/FACTOR{number}",
            "recall": recall.tolist(),
            "precision": (1 - recall ** (1 + number)).clip(0.02).tolist(),
            "best": {"f1": 0.61, "score": 0.45, "precision": 0.6, "recall": 0.62},
        }
        for number in range(count)
    ]
    return {"kind": "precision_recall", "title": "Precision and recall, chr1", "random": 0.0234, "series": series}


def volcano(scale: float = 1.0) -> dict:
    changes = scale * np.linspace(-0.5, 0.5, 60)
    names = [f"FACTOR{number}" for number in range(60)]
    q = 10.0 ** -(np.abs(changes / scale) * 20)
    shown = {
        "x": "change of score relative to all factors",
        "names": names,
        "changes": changes.tolist(),
        "q": q.tolist(),
    }
    return {"kind": "volcano", "title": "Factors: treated against control", **shown}


def histogram() -> dict:
    series = [{"name": name, "y": random().integers(0, 2000, 50).tolist()} for name in ("predicted", LONG)]
    edges = np.linspace(0, 0.83, 51).tolist()
    return {
        "kind": "histogram",
        "title": "Distance of profiles in peaks",
        "x": "Jensen-Shannon distance",
        "y": "peaks",
        "edges": edges,
        "series": series,
    }


SECTIONS = {
    "heat": heat(3, 2),
    "heat of a long name": heat(3, 3),
    "heat of all factors": heat(127, 50),
    "heat of many samples": heat(127, 600),
    "overlap": overlap(2),
    "overlap of many": overlap(6),
    "points": points(1500),
    "few points": points(30),
    "volcano": volcano(),
    "volcano of small changes": volcano(1e-5),
    "histogram": histogram(),
    "curves": curves(4, 0.01),
    "curve in a band": banded(),
    "many curves": curves(16),
    "curves of small values": curves(1, 2e-6),
    "precision and recall": precision_recall(2),
    "precision and recall of many": precision_recall(14),
}


def sample(full: bool = True) -> dict:
    """What `zoo prepare` writes of a sample; of another one of single reads, without sequence and start sites."""
    bp = np.arange(1001)
    lengths = 9000 * np.exp(-bp / 60) + 3000 * np.exp(-(((bp - 200) / 40) ** 2)) if full else np.zeros(1001)
    profile = 1 + 11 * np.exp(-((np.linspace(-2000, 2000, 401) / 250) ** 2))
    shares = 0.25 + 0.1 * random().normal(size=(33, 4)).clip(-1, 1)
    saturation = [[each, 1 + 0.3 * (1 - each) ** 2] for each in (0.1, 0.2, 0.4, 0.6, 0.8, 1)]
    found = {
        "lengths": lengths.astype(int).tolist(),
        "fingerprint": (np.linspace(0, 1, 101) ** 4).tolist(),
        "cuts_in_richest": 0.123,
        "signal_to_noise": 8.4,
        "saturation": saturation if full else None,
    }
    verdicts = ("good", "acceptable", "good", "poor", "good") if full else ("not judged", "not judged", "poor", "poor")
    panels = [name for name in quality.PANELS if full or name != "TSS enrichment"]
    return {
        "quality": found,
        "bias": {"shares": shares.tolist()} if full else None,
        "cuts": 47_123_456,
        "tss": {"profile": profile.tolist(), "enrichment": 12.0, "starts": 20_000} if full else None,
        "verdicts": [{"panel": name, "verdict": said} for name, said in zip(panels, verdicts, strict=True)],
    }


def attributions(scale: float = 1.0) -> Attributions:
    """One window of 1,000 bp, with a motif in its middle."""
    codes = random().integers(0, 4, (1, 1000)).astype(np.uint8)
    heights = scale * (0.05 * random().normal(size=1000) + np.exp(-(((np.arange(1000) - 500) / 6) ** 2)))
    values = (np.eye(4)[codes[0]] * heights[:, None]).astype(np.float32)[None]
    signal = (scale * random().normal(size=(1, 1000))).astype(np.float32)
    window = Interval(REGION.chrom, REGION.start + 4000, REGION.start + 5000)
    return Attributions(
        *(codes, values, None, signal, np.array([4.2 * scale]), np.array([0.5 * scale]), "maxatac/CTCF", "deeplift"),
        *("sum", None, [window], {"chr20": 63_025_520}),
    )


def gene(symbol: str, start: int, end: int, strand: str) -> Gene:
    exons = np.array([[start, start + 200], [(start + end) // 2, (start + end) // 2 + 100], [end - 300, end]])
    names = symbol, symbol, symbol, "", REGION.chrom
    one = Transcript(*names, start, end, strand, frozenset(), exons, exons[1:], NONE, NONE)
    return Gene(symbol, symbol, REGION.chrom, start, end, strand, (one,))


def locus() -> Figure:
    x = np.linspace(0, 40, 1000)
    bins = np.abs(np.sin(x)) * np.exp(-((x - 18) ** 2) / 50)
    threshold = Threshold("f1", 0.454, 0.7, 0.6)
    return loci.locus(
        REGION,
        Track((REGION, 300 * bins), "ATAC-seq", "reads per 20 million", style.DARK),
        Track((REGION, bins), "predicted CTCF", "score", threshold=threshold),
        Track((REGION, bins * 0.6), LONG, "score"),
        peaks={"ChIP-seq": [Interval("chr20", 10_399_400, 10_399_700), Interval("chr20", 10_402_000, 10_402_010)]},
        attributions=attributions(),
        variants=[("chr20", 10_399_501, "A", "G"), ("chr20", 10_399_521, "C", "T"), ("chr20", 10_403_000, "T", "TACG")],
        genes=[gene("MKKS", 10_396_000, 10_401_000, "-"), gene("SLX4IP", 10_400_500, 10_420_000, "+")],
        assembly="hg19",
    )


def logo_of(consensus: str) -> np.ndarray:
    return np.array([[0.91 if base == letter else 0.03 for letter in consensus] for base in "ACGT"])


def patterns(scale: float = 1.0) -> Figure:
    empty = np.empty((0, 2), np.int64)
    frequencies = logo_of("TGACCACTAGGGGGCGCTG")
    made = [
        Pattern(
            f"{sign}_patterns/pattern_{number}",
            1234,
            empty[:, 0],
            empty,
            empty[:, 0] > 0,
            frequencies,
            frequencies * scale,
        )
        for sign, number in (("pos", 0), ("pos", 1), ("neg", 0))
    ]
    return explained.plot_patterns(made, [[Match("MA0139.2 CTCF", 1e-9)], [], [Match(LONG, 0.002)]])


def two_alleles() -> Figure:
    before = attributions()
    codes = before.codes.copy()
    codes[0, 500] = (codes[0, 500] + 1) % 4
    return explained.plot_variant(before, replace(before, codes=codes, values=0.4 * before.values))


def alleles() -> Figure:
    one = attributions()
    both = Attributions(
        *(np.repeat(one.codes, 2, 0), one.values * np.array([1, 0.4])[:, None, None], None, None),
        *(np.array([4.2, 2.0]), np.array([0.5, 0.5]), "maxatac/CTCF", "deeplift", "sum", None, [], {}),
    )
    start, at = 10_399_000, 10_399_500
    bins = np.exp(-((np.arange(32) - 16) ** 2) / 8)
    variant = Variant("chr20", at, "A", "G")
    effects = AlleleEffects(
        variant,
        start,
        np.stack([0.8 * bins, 0.5 * bins]).astype(np.float32),
        start,
        32,
        "binding score",
        both,
        "maxatac/CTCF",
    )
    motifs = {"MA0139.2 CTCF": logo_of("TGACCACTAGGGGGCGCTG"), "MA1102.3 CTCFL": logo_of("CAGGGGGC")}
    changes = [
        MotifChange(name, "broken", 14.2, 3.1, -11.1, 2e-7, 4e-3, "chr20", at - 8, at - 8 + motif.shape[1], "+")
        for name, motif in motifs.items()
    ]
    return plot_alleles(effects, changes, motifs)


def variants(tracks: int = 0, scale: float = 1.0) -> Figure:
    given = [Variant("chr20", 1000 * number, "A", "G" * (1 + 30 * (number % 5))) for number in range(1, 21)]
    names = {f"track {number}": number for number in range(tracks)}
    scores = {f"difference.{name}": scale * random(seed).normal(size=20) for name, seed in names.items()}
    scores = scores or {"log2_fold_change": scale * random().normal(size=20)}
    places = [Place(number, "chr20", variant) for number, variant in enumerate(given)]
    layout = VariantWindow.of(small_spec())
    return results.variants(
        VariantScores(given, places, scores, [], layout, {"chr20": 63_025_520}, "m", tracks=names), None, 20
    )


def thresholds() -> Figure:
    score = np.linspace(0, 1, 50)
    precision, recall = 0.02 + 0.95 * score**0.5, 1 - score**2
    f1 = 2 * precision * recall / (precision + recall)
    columns = {"threshold": score, "precision": precision, "recall": recall, "log2fc": score, "f1": f1}
    return results.thresholds(ThresholdTable(columns))


def training(scale: float = 1.0) -> Figure:
    epochs = range(1, 21)
    rows = [{"epoch": each, "loss": scale / each, "val_loss": scale * (0.1 + 1 / each)} for each in epochs]
    drawn = style.figure(style.PLOT, 3)
    plot_training(drawn.subplots(), rows, ("loss", "val_loss"), 17)
    return drawn


def allelic() -> Figure:
    drawn = style.figure(style.PLOT, 4.4)
    x = random().normal(size=100)
    agreement = AllelicAgreement(**dict.fromkeys(AllelicAgreement.__dataclass_fields__, 0.5) | {"variants": 100})
    plot_allelic(drawn.subplots(), x, x + 0.3, agreement, "predicted effect: log2 fold change")
    return drawn


def predictions() -> Figure:
    starts = REGION.start + 32 * np.arange(64)
    place = Interval(REGION.chrom, REGION.start, REGION.start + 2048)
    scores = np.sin(np.arange(64) / 9).astype(np.float32) ** 2
    return results.predictions(Predictions([RegionScores(place, starts, starts + 32, scores)], 32), 0)


def without_place() -> Figure:
    return results.attributions(replace(attributions(), intervals=()), 0, None, None, None)


SECTIONS |= {
    "quality": {"kind": "quality", "title": "TSS enrichment", "panel": "TSS enrichment", "summary": sample()},
}
PICTURES: Mapping[str, Callable[[], Figure]] = {
    **{f"section: {name}": partial(figure, part, titled=True) for name, part in SECTIONS.items()},
    "sample": lambda: quality.plot_quality(sample(), f"{LONG} $1$"),
    "sample of single reads": lambda: quality.plot_quality(sample(full=False), "sample"),
    "locus": locus,
    "predictions": predictions,
    "attributions of a locus": lambda: explained.plot_locus(attributions(), 0),
    "attributions near a motif": lambda: results.attributions(attributions(2e-6), 0, None, None, None),
    "attributions without a place": without_place,
    "attributions of two alleles": two_alleles,
    "patterns": patterns,
    "patterns of small contributions": lambda: patterns(1e-6),
    "alleles": alleles,
    "variants": variants,
    "small effects of variants": lambda: variants(scale=1e-6),
    "variants in tracks": lambda: variants(tracks=6),
    "small effects of variants in tracks": lambda: variants(tracks=50, scale=1e-6),
    "thresholds": thresholds,
    "training": training,
    "training of small losses": lambda: training(1e-5),
    "allelic reads": allelic,
}

"""What a sample's quality is in words: good, acceptable or poor, by which criterion, and whose that is.

ENCODE's are its standards of ATAC-seq (encodeproject.org/atac-seq) and the limits of its pipeline
(github.com/ENCODE-DCC/atac-seq-pipeline). Where there is none, the limits are this package's own, and said to be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zoo.genome import names
from zoo.prepare.bias import Bias
from zoo.prepare.cutsites import TN5

GOOD, ACCEPTABLE, POOR, NONE = "good", "acceptable", "poor", "not judged"
_FREE, _MONO = 150, 300  # bp: fragments shorter than that have no nucleosome, and longer ones up to that one
_LEAST_FREE, _LEAST_RATIO = 0.4, 2.5
_TSS = {"hg19": (6, 10), "hg38": (5, 7), "mm9": (5, 7), "mm10": (10, 15)}  # below concerning, above ideal
_FRIP = (0.2, 0.3)  # acceptable, good
_RICHEST = (0.05, 0.1)
_SETTLED = (0.05, 0.2)  # changes of the percentile that are good, acceptable
_CLEAR = 0.25
_STANDARDS, _PIPELINE, _OWN = "ENCODE's ATAC-seq standards", "ENCODE's ATAC-seq pipeline", "this package"


@dataclass(frozen=True)
class Verdict:
    """On one property of a sample.

    Attributes:
        panel: what is judged, as the picture and the page call it.
        verdict: "good", "acceptable", "poor" or "not judged".
        figure: what was measured, in words and numbers.
        criterion: what is good and what acceptable; empty if there is none.
        source: whose criterion that is.
    """

    panel: str
    verdict: str
    figure: str
    criterion: str = ""
    source: str = ""

    def __str__(self) -> str:
        criterion = f" Criterion of {self.source}: {self.criterion}." if self.criterion else ""
        return f"{self.verdict.capitalize()}: {self.figure}.{criterion}"


def verdicts(record: Mapping, sizes: Mapping[str, int]) -> tuple[Verdict, ...]:
    """Those of a sample.

    Args:
        record: what `zoo prepare` writes into OUTPUT.json.
        sizes: chromosome → bp, by which the assembly is known.
    """
    return tuple(_all(record, names.assembly(sizes)))


def _all(record: Mapping, build: str | None) -> Iterator[Verdict]:
    quality = record["quality"]
    yield _lengths(quality["lengths"])
    yield _bias(record["bias"], tuple(record["parameters"]["shift"]) == TN5)
    if record.get("tss") is not None:
        yield _tss(record["tss"], build)
    if record.get("cuts in peaks") is not None:
        yield _in_peaks(record["cuts in peaks"] / (record["cuts"] - record["cuts blacklisted"]))
    yield _noise(quality["cuts_in_richest"], quality["signal_to_noise"])
    yield _saturation(quality["saturation"], record["cuts"])


def _lengths(lengths: list[int]) -> Verdict:
    panel, total = "Fragment lengths", sum(lengths)
    criterion = (
        f"good: a nucleosome-free fraction of {_LEAST_FREE:g} or more, and {_LEAST_RATIO:g} times as many as of one "
        "nucleosome; acceptable: one of both"
    )
    if not total:
        return Verdict(panel, NONE, "single reads have no length of fragments", criterion, _PIPELINE)
    free, mono = sum(lengths[:_FREE]), sum(lengths[_FREE + 1 : _MONO + 1])
    passed = (free >= _LEAST_FREE * total) + (free >= _LEAST_RATIO * mono)
    ratio = f"{free / mono:.2f} times" if mono else "all of them, compared with"
    figure = (
        f"{free / total:.1%} of {total:,} fragments are shorter than {_FREE} bp (nucleosome-free), {ratio} those of "
        f"{_FREE + 1} to {_MONO} bp (one nucleosome)"
    )
    return Verdict(panel, (POOR, ACCEPTABLE, GOOD)[passed], figure, criterion, _PIPELINE)


def _bias(said: Mapping | None, moved: bool) -> Verdict:
    panel = "Tn5 sequence bias"
    criterion = (
        f"good: bases around the cut sites mirror one another, as of Tn5 (correlation {_CLEAR:g} or more, and as much "
        "above that of sites 4 bp off); poor: they do so 4 bp off, or nowhere"
    )
    if said is None or not said["shares"]:
        why = "without a sequence the bases around cuts are not known" if said is None else "there are too few cuts"
        return Verdict(panel, NONE, why, criterion, _OWN)
    bias = Bias(said["raw"], said["shifted"], said["fragments"])
    here, off = (bias.raw, bias.shifted) if moved else (bias.shifted, bias.raw)
    verdict = ACCEPTABLE if bias.needs_shift is None else GOOD if bias.needs_shift == moved else POOR
    verdict = POOR if max(here, off) < _CLEAR else verdict
    done = "moved by +4 and -5 bp" if moved else "taken as they are"
    figure = (
        f"ends of fragments were {done}; correlation {here:.2f} about the cut sites, {off:.2f} about sites 4 bp off"
    )
    return Verdict(panel, verdict, figure, criterion, _OWN)


def _tss(said: Mapping, build: str | None) -> Verdict:
    panel, value = "TSS enrichment", said["enrichment"]
    if value is None:
        return Verdict(panel, NONE, f"there are no cuts 2 kb from {said['starts']:,} start sites")
    figure = f"{value:.2f} times as many cuts at {said['starts']:,} start sites as 2 kb from them"
    if build not in _TSS:
        return Verdict(panel, NONE, f"{figure}; ENCODE has no standard for {build or 'this genome'}")
    low, high = _TSS[build]
    verdict = GOOD if value > high else ACCEPTABLE if value >= low else POOR
    criterion = f"of {build}, good: above {high}; acceptable: {low} to {high}"
    return Verdict(panel, verdict, figure, criterion, _STANDARDS)


def _in_peaks(fraction: float) -> Verdict:
    figure = f"{fraction:.1%} of the cuts lie in the peaks (FRiP)"
    criterion = f"good: above {_FRIP[1]:.0%}; acceptable: above {_FRIP[0]:.0%}"
    verdict = GOOD if fraction > _FRIP[1] else ACCEPTABLE if fraction > _FRIP[0] else POOR
    return Verdict("Cuts in peaks", verdict, figure, criterion, _STANDARDS)


def _noise(richest: float, noise: float | None) -> Verdict:
    figure = f"{richest:.1%} of the cuts lie in the richest 1 % of bins of 512 bp"
    figure += f", {noise:.3g} times as many in each as in all others" if noise else ""
    criterion = f"good: {_RICHEST[1]:.0%} or more; acceptable: {_RICHEST[0]:.0%} or more"
    verdict = GOOD if richest >= _RICHEST[1] else ACCEPTABLE if richest >= _RICHEST[0] else POOR
    return Verdict("Signal to noise", verdict, figure, criterion, _OWN)


def _saturation(saturation: list | None, cuts: int) -> Verdict:
    panel = "Saturation"
    criterion = (
        f"good: with 80 % of the cuts the percentile that the track is divided by, scaled to all, differs by "
        f"{_SETTLED[0]:.0%} or less; acceptable: by {_SETTLED[1]:.0%} or less"
    )
    if saturation is None:
        return Verdict(panel, POOR, f"a tenth of {cuts:,} cuts leaves no base above 0", criterion, _OWN)
    change = saturation[-2][1] - 1
    verdict = GOOD if abs(change) <= _SETTLED[0] else ACCEPTABLE if abs(change) <= _SETTLED[1] else POOR
    return Verdict(panel, verdict, f"with 80 % of {cuts:,} cuts it differs by {change:+.1%}", criterion, _OWN)

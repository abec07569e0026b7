"""Normalizing and averaging tracks, against the original's outputs and by hand."""

from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.prepare import tracks
from zoo.prepare.choice import spans_on
from zoo.prepare.normalize import statistics

CHROMOSOMES = ["chr1", "chr2", "chr3"]


@pytest.fixture(scope="module")
def golden(shared: Path) -> Path:
    return shared / "golden" / "maxatac" / "e2e"


def assert_same_at_every_base(ours: Path, theirs: Path, atol: float) -> None:
    one, other = Signal(ours), Signal(theirs)
    assert one.sizes == other.sizes
    for chrom, size in other.sizes.items():
        np.testing.assert_allclose(one.values(chrom, 0, size), other.values(chrom, 0, size), atol=atol, err_msg=chrom)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("prepare_fragments/sample_IS_slop20_RP20M_minmax01", {}),
        ("normalize/zscore", {"method": "zscore"}),
        ("normalize/arcsinh", {"method": "arcsinh"}),
        ("normalize/minmax95clip", {"percentile": 95, "clip": True}),
    ],
)
def test_normalized_tracks_of_the_original(golden: Path, tmp_path: Path, name: str, arguments: dict):
    """At every base, to rounding; and the five statistics that it prints."""
    source = golden / "outputs" / "prepare_fragments" / "sample_IS_slop20_RP20M.bw"
    blacklist = bed.read(golden / "inputs" / "blacklist.bed")
    found = tracks.normalize(source, tmp_path / "out.bw", blacklist=blacklist, **arguments)
    assert_same_at_every_base(tmp_path / "out.bw", golden / "outputs" / f"{name}.bw", atol=5e-6)
    lines = (golden / "outputs" / f"{name}_genome_stats.txt").read_text().splitlines()
    printed = [float(line.rsplit(": ", 1)[1]) for line in lines]
    ours = [found.low, found.high, found.median, found.mean, found.deviation]
    np.testing.assert_allclose(ours, printed, rtol=2e-6)


def test_averaged_track_of_the_original(golden: Path, tmp_path: Path):
    sources = [golden / "outputs" / f"prepare_{kind}" / "sample_IS_slop20_RP20M.bw" for kind in ("fragments", "bam")]
    tracks.average(sources, tmp_path / "average.bw", CHROMOSOMES)
    assert_same_at_every_base(tmp_path / "average.bw", golden / "outputs" / "average" / "average.bw", atol=1e-3)


@pytest.mark.parametrize("percentile", [1.0, 50.0, 95.0, 99.0, 99.9, 100.0])
@pytest.mark.parametrize("kind", ["continuous", "counts", "one value", "two values"])
def test_percentiles_are_those_of_numpy(percentile: float, kind: str):
    random = np.random.default_rng(0)
    values = {
        "continuous": random.lognormal(0, 3, 20_000),
        "counts": random.poisson(1.0, 20_000),
        "one value": np.full(10, 0.1),
        "two values": np.array([1e-40, 3e38, 0, 0]),
    }[kind].astype(np.float32)
    lengths = random.integers(1, 5, len(values))
    found = statistics(lambda: zip(np.array_split(values, 7), np.array_split(lengths, 7), strict=True), percentile)
    values = np.repeat(values, lengths)
    positive = values[values > 0].astype(np.float64)
    assert found.high == pytest.approx(np.percentile(positive, percentile), rel=1e-12)
    assert found.median == pytest.approx(np.median(positive), rel=1e-12)
    first, third = np.percentile(positive, [25, 75])
    assert found.interquartile == pytest.approx(third - first, rel=1e-12)
    assert found.mean == pytest.approx(positive.mean())
    assert (found.bases, found.low) == (len(positive), values.min())


def bigwig(path: Path, values: list[float], chrom: str = "chr1", first: int = 2) -> Path:
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(chrom, 20)])
        file.addEntries(chrom, first, values=[float(value) for value in values], span=1, step=1)
    return path


def test_an_average_by_hand(tmp_path: Path):
    """Bases that one track lacks are 0 there."""
    one, other = bigwig(tmp_path / "1.bw", [1, 2, 3]), bigwig(tmp_path / "2.bw", [10, 20], first=4)
    tracks.average([one, other], tmp_path / "mean.bw")
    assert Signal(tmp_path / "mean.bw", fill=-1).values("chr1", 0, 20).tolist() == [0, 0, 0.5, 1, 6.5, 10, *[0] * 14]


def test_a_blacklist_counts_for_nothing(tmp_path: Path):
    source = bigwig(tmp_path / "in.bw", [1, 2, 1000])
    tracks.normalize(source, tmp_path / "out.bw", percentile=100, blacklist=[Interval("chr1", 4, 6)])
    assert Signal(tmp_path / "out.bw").values("chr1", 0, 6).tolist() == [0, 0, 0.5, 1, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"low": 1, "high": 5}, [-0.25, 0, 0.25, 0.75]),
        ({"high": 2}, [0, 0.5, 1, 2]),
        ({"high": 2, "clip": True}, [0, 0.5, 1, 1]),
        ({"method": "robust"}, [-4 / 3, -2 / 3, 0, 4 / 3]),
        ({"method": "zscore"}, [-7 / 3 / (14 / 9) ** 0.5, *((x - 7 / 3) / (14 / 9) ** 0.5 for x in (1, 2, 4))]),
    ],
)
def test_methods_by_hand(tmp_path: Path, arguments: dict, expected: list[float]):
    """Of 0, 1, 2 and 4: median 2, quartiles 1.5 and 3, mean 7/3, variance 14/9 of what is positive."""
    source = bigwig(tmp_path / "in.bw", [1, 2, 4])
    tracks.normalize(source, tmp_path / "out.bw", **arguments)
    found = Signal(tmp_path / "out.bw").values("chr1", 1, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "arguments", "said"),
    [
        ([1, -2], {}, "must be finite and not negative.*-2"),
        ([0, 0], {}, "must have a value above 0"),
        ([1], {"percentile": 0}, "must be above 0 and at most 100"),
        ([1], {"method": "minmax"}, "min-max, zscore, robust, arcsinh"),
        ([1], {"chromosomes": ["chr7"]}, "chr7"),
        ([1, 2], {"low": 3, "high": 3}, "low one below the high one"),
        ([1, 2], {"high": 0}, "low one below the high one"),
        ([1, 2], {"high": 3, "method": "zscore"}, "Limits must go with min-max.*zscore"),
        ([1, 1], {"method": "zscore"}, "must have positive bases of different values"),
        ([1, 1], {"method": "robust"}, "must have positive bases of different values"),
    ],
)
def test_tracks_that_cannot_be_normalized(tmp_path: Path, values: list[float], arguments: dict, said: str):
    source = bigwig(tmp_path / "in.bw", values)
    with pytest.raises(InputError, match=said):
        tracks.normalize(source, tmp_path / "out.bw", **arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.bw"]


def test_tracks_that_cannot_be_averaged(tmp_path: Path):
    one = bigwig(tmp_path / "1.bw", [1])
    with pyBigWig.open(str(tmp_path / "2.bw"), "w") as file:
        file.addHeader([("chr1", 21)])
        file.addEntries("chr1", 1, values=[1.0], span=1, step=1)
    with pytest.raises(GenomeMismatch, match="must be of one assembly"):
        tracks.average([one, tmp_path / "2.bw"], tmp_path / "mean.bw")
    with pytest.raises(InputError, match="chr2"):
        tracks.average([one, bigwig(tmp_path / "3.bw", [1], "chr2")], tmp_path / "mean.bw")
    with pytest.raises(InputError, match="At least one track"):
        tracks.average([], tmp_path / "mean.bw")
    assert not (tmp_path / "mean.bw").exists()


def test_bases_that_are_no_number_have_no_signal(tmp_path: Path):
    """NaN is what bigWig files say of bases without data; an infinite value is named with its place."""
    nan = float("nan")
    tracks.normalize(bigwig(tmp_path / "nan.bw", [4, nan, 2]), tmp_path / "out.bw", percentile=100)
    assert Signal(tmp_path / "out.bw", fill=-1).values("chr1", 1, 6).tolist() == [0, 1, 0, 0.5, 0]
    with pytest.raises(InputError, match=r"inf.bw chr1:4: A signal must be finite"):
        tracks.normalize(bigwig(tmp_path / "inf.bw", [4, float("inf"), 2]), tmp_path / "no.bw")
    assert not (tmp_path / "no.bw").exists()


def test_no_track_replaces_its_source(tmp_path: Path):
    source = bigwig(tmp_path / "in.bw", [1, 2, 4])
    before = source.read_bytes()
    for call in (lambda to: tracks.normalize(source, to), lambda to: tracks.average([source], to)):
        for target in (source, tmp_path):
            with pytest.raises(InputError, match="must replace no folder and no file"):
                call(target)
    assert source.read_bytes() == before


def test_a_blacklist_with_both_spellings_of_a_chromosome():
    """Neither hides the other's intervals."""
    held = spans_on([Interval("1", 0, 5), Interval("chr1", 10, 20), Interval("chr1", 4, 7)], {"chr1": 100})
    assert {chrom: spans.tolist() for chrom, spans in held.items()} == {"chr1": [[0, 7], [10, 20]]}

"""Passes over the published models on human ATAC-seq, 1.1 Mb: equal to single runs, groups of systems, memory.

`pytest -m slow tests/test_many_real.py` predicts all models that a mirror has (`ZOO_MIRROR`; else the 20 of the shared
folder) instead of three.
"""

import gc
import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_maxatac import mirrored

import zoo
from zoo.errors import ZooWarning
from zoo.evaluate.binding import benchmark
from zoo.genome.interval import Interval
from zoo.porting.asap import make_spec

REGION = "chr20:9,995,001-11,095,000"
PEAKS = {"SPI1": "Pu1", "REST": "Nrsf", "MYC": "Cmyc"}  # other names of factors in names of files


@pytest.fixture(scope="module")
def human(shared: Path) -> Path:
    return shared / "data" / "hg19_chr20_gm12878"


@pytest.fixture(scope="module")
def given(human: Path) -> dict[str, object]:
    return {"genome": human / "hg19_chr20_to_11095000.2bit", "regions": REGION}


def peaks_of(human: Path, factor: str) -> Path | None:
    """ChIP-seq peaks of a factor in these cells, if there are any."""
    name = PEAKS.get(factor, factor).lower()
    paths = [path for path in sorted((human / "peaks_GM12878").iterdir()) if f"gm12878{name}" in path.name.lower()]
    return next((path for path in paths if path.read_text().strip()), None)


def check(human: Path, given: dict[str, object], factors: list[str], folder: Path, read_track) -> dict[str, float]:
    """A pass is what single runs are: tracks, sites, summary, matrix, average precision, which are returned."""
    names, track = [f"maxatac/{factor}" for factor in factors], human / "gm12878_minmax_p99.bw"
    found = zoo.predict_many(
        names, samples={"GM12878": track}, output=folder / "many", write="bigwig,bed,matrix,h5ad", **given
    )
    assert [row.factor for row in found.sites] == factors
    precisions = {}
    for row, name, factor in zip(found.sites, names, factors, strict=True):
        single = zoo.load(name).predict(signal=track, output=folder / factor, **given)
        assert row.sites == len(single.bed.read_text().splitlines())
        assert row.score == single.threshold.score
        tracks = [folder / f"many.GM12878.{factor}.bw", single.bigwig]
        values = [read_track(path, "chr20")[9_995_000:] for path in tracks]
        np.testing.assert_allclose(*values, rtol=0, atol=1e-6)
        assert found.matrix.of(name, "GM12878")[0] == pytest.approx(float(np.nanmax(values[1])), abs=1e-6)
        if (peaks := peaks_of(human, factor)) is not None:
            where = {"region": Interval("chr20", 9_995_000, 11_095_000), "rule": "any"}
            one, other = (benchmark(path, peaks, **where).overall.average_precision for path in tracks)
            assert one == pytest.approx(other, abs=1e-6)
            precisions[factor] = one
    return precisions


def test_three_factors_are_those_of_single_runs(human, given, tmp_path, read_track):
    found = check(human, given, ["CTCF", "MAX", "SPI1"], tmp_path, read_track)
    assert found["CTCF"] > 0.7
    assert found["SPI1"] > 0.3


@pytest.mark.slow
@pytest.mark.timeout(4000)
def test_all_factors_are_those_of_single_runs(human, given, tmp_path, read_track):
    factors = mirrored()
    assert len(factors) >= (127 if os.environ.get("ZOO_MIRROR") else 20)
    found = check(human, given, factors, tmp_path, read_track)
    print({factor: round(precision, 3) for factor, precision in found.items()})
    assert len(found) > 10


def test_systems_go_together_each_with_what_it_reads(human, given, tmp_path):
    """maxATAC, FactorNet by its tracks' names, a network of ASAP that reads DNA alone, a yeast model."""
    atac = human / "gm12878_minmax_p99.bw"
    (tmp_path / "samples.tsv").write_text(
        f"sample\tsignal:signal\tsignal:dgf\tsignal:unique35\nGM\t{atac}\t{atac}\t{atac}\n"
    )
    spec = make_spec("cnn", {}, "lab/CNN", "none", "hg38", {"source": "random weights"})
    cnn = zoo.Model(spec, zoo.build("cnn"))
    names = ["maxatac/CTCF", "factornet/MAX-onePeak_Unique35_DGF", cnn, "yeast/REB1", "maxatac/MAX"]
    regions = ["chr20:10,100,001-10,110,000", "chr20:10,200,001-10,200,500"]
    given = {**given, "regions": regions}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        matrix = zoo.predict_many(names, samples=tmp_path / "samples.tsv", **given)
        tracks = {"maxatac": atac, "yeast": atac, "factornet": {"dgf": atac, "unique35": atac}, "lab": None}
        for name in matrix.models:
            model = cnn if name == "lab/CNN" else zoo.load(name)
            single = model.predict(signal=tracks[name.partition("/")[0]], **given)
            np.testing.assert_allclose(matrix.of(name, "GM"), single.max, rtol=1e-6, atol=1e-6)
    assert matrix.models == (
        "maxatac/CTCF",
        "factornet/MAX-onePeak_Unique35_DGF",
        "lab/CNN",
        "yeast/REB1",
        "maxatac/MAX",
    )


@pytest.mark.slow
@pytest.mark.timeout(2000)
def test_memory_of_127_models_on_3_samples(human, given, tmp_path):
    """Each with a network of its own, all of them held; work adds their compiled functions, some 10 MB each."""
    names, models = mirrored(), []
    for number in range(127):
        model = zoo.load(f"maxatac/{names[number % len(names)]}")
        model.spec = replace(model.spec, name=f"copy/M{number}")
        models.append(model)
    gc.collect()
    before = resident()
    track = human / "gm12878_minmax_p99.bw"
    samples = dict.fromkeys("ABC", track)
    regions = [f"chr20:{start + 1}-{start + 500}" for start in range(10_000_000, 10_100_000, 500)]
    given = {**given, "regions": regions}
    found = zoo.predict_many(models, samples=samples, output=tmp_path / "m", write="bed,h5ad", **given)
    assert found.matrix.values["max"].shape == (200, 127, 3)
    print(f"{before / 1e6:,.0f} MB before, {resident() / 1e6:,.0f} MB after")
    assert resident() - before < 2e9


def resident() -> int:
    """Bytes that this process has in memory, the most so far."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

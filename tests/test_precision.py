"""Predictions in bfloat16: what differs, and that it is said."""

import json
from pathlib import Path

import numpy as np
import profiles
import pytest

import zoo
from zoo.cli import main
from zoo.data import synthetic
from zoo.errors import InputError
from zoo.evaluate.binding import benchmark


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory):
    return synthetic.make(tmp_path_factory.mktemp("genome"), {"chr1": 60_000})


def test_the_sidecar_has_the_difference(small: zoo.Model, files, tmp_path: Path):
    where = {"genome": files.genome, "signal": files.signal, "chromosomes": "chr1", "threshold": None}
    plain = small.predict(**where, output=tmp_path / "plain")
    low = small.predict(**where, output=tmp_path / "low", precision="bfloat16")
    record = json.loads(low.sidecar.read_text())
    assert record["parameters"]["precision"] == record["precision"]["name"] == "bfloat16"
    assert record["precision"]["windows compared"] == 256
    assert 0 < record["precision"]["largest difference from float32"] < 0.05
    assert "precision" not in json.loads(plain.sidecar.read_text())
    x = np.zeros((3, 256, 5), np.float32)
    x[:, :, 0] = 1
    assert 0 < np.abs(small.predict(x, precision="bfloat16") - small.predict(x)).max() < 0.02


def test_another_precision_is_another_prediction(small: zoo.Model, files, tmp_path: Path):
    where = {"genome": files.genome, "signal": files.signal, "chromosomes": "chr1", "threshold": None}
    assert small.predict(**where, output=tmp_path / "out").windows > 0
    assert small.predict(**where, output=tmp_path / "out", precision="float32").windows == 0
    assert small.predict(**where, output=tmp_path / "out", precision="bfloat16").windows > 0


@pytest.mark.parametrize("value", ["float16", "bf16", 32, True])
def test_other_precisions(small: zoo.Model, value: object):
    with pytest.raises(InputError, match="precision must be one of float32, bfloat16"):
        small.predict(np.zeros((1, 256, 5), np.float32), precision=value)


def rows_of(genome: object, count: int, first: int = 2_000) -> list[tuple]:
    """Substitutions of a base on chr1."""
    bases, places = zoo.Genome(genome), [first + 301 * i for i in range(count)]
    found = [(place, bases.sequence("chr1", place, place + 1)) for place in places]
    return [("chr1", place + 1, base, "A" if base != "A" else "C") for place, base in found]


def test_variants(small: zoo.Model, files, tmp_path: Path):
    rows, where = rows_of(files.genome, 150), {"genome": files.genome, "signal": files.signal}
    plain = small.score_variants(rows, **where, profiles=True)
    low = small.score_variants(rows, **where, profiles=True, precision="bfloat16")
    differences = np.abs(low.reference - plain.reference).max(axis=1)
    assert 0 < differences.max() < 0.02
    *_, sidecar = small.score_variants(rows, **where, output=tmp_path / "low", precision="bfloat16")
    record = json.loads(sidecar.read_text())
    assert record["choices"]["precision"] == record["precision"]["name"] == "bfloat16"
    assert record["precision"]["variants compared"] == 75  # every second one: at most 128
    assert 0 < record["precision"]["largest difference from float32"] < 0.02
    *_, sidecar = small.score_variants(rows, **where, output=tmp_path / "low", precision="float32")
    record = json.loads(sidecar.read_text())
    assert "precision" not in record
    assert "precision" not in record["choices"]


def test_variants_by_heads(files, tmp_path: Path):
    """The difference is that of the expected counts, not of logits and totals beside them."""
    model = profiles.model()
    rows, call = rows_of(files.genome, 3), {"genome": files.genome, "profiles": True}
    plain = model.score_variants(rows, **call)
    low = model.score_variants(rows, **call, precision="bfloat16")
    wanted = max(np.abs(getattr(low, name) - getattr(plain, name)).max() for name in ("reference", "alternative"))
    *_, sidecar = model.score_variants(rows, **call, precision="bfloat16", output=tmp_path / "low")
    found = json.loads(sidecar.read_text())["precision"]["largest difference from float32"]
    assert found == pytest.approx(wanted, rel=1e-6)
    assert found > 0
    assert not np.array_equal(low.scores["logfc"], plain.scores["logfc"])


def test_haplotypes(small: zoo.Model, files, tmp_path: Path):
    where = {"genome": files.genome, "signal": files.signal, "regions": "chr1:1,001-9,000", "output": tmp_path / "low"}
    rows = rows_of(files.genome, 3)
    found = small.predict_haplotypes(rows, **where, precision="bfloat16")
    record = json.loads(found.files[-1].read_text())
    assert record["choices"]["precision"] == record["precision"]["name"] == "bfloat16"
    assert record["precision"]["windows compared"] == 1
    assert 0 < record["precision"]["largest difference from float32"] < 0.02
    record = json.loads(small.predict_haplotypes(rows, **where).files[-1].read_text())
    assert "precision" not in record
    assert "precision" not in record["choices"]


def test_accessibility(files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`zoo evaluate --precision`: other numbers, and the report says how far they are from float32."""
    model = zoo.load("yeast/ATAC")
    monkeypatch.setattr("zoo.loading.load", lambda *_: model)
    asked = ["evaluate", "yeast/ATAC", "--genome", str(files.genome), "--signal", str(files.signal)]
    asked += ["--chromosomes", "chr1", "--robustness", "--shifts", "3", "--step", "9000", "--output"]
    assert main([*asked, str(tmp_path / "plain")]) == 0
    assert main([*asked, str(tmp_path / "low"), "--precision", "bfloat16"]) == 0
    plain, low = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("plain", "low"))
    assert "precision" not in plain
    assert low["precision"]["name"] == "bfloat16"
    assert 0 < low["precision"]["windows compared"] <= 64
    assert 0 < low["precision"]["largest difference from float32"] < 0.1  # of up to 5
    for measure in ("pearson", "variation"):
        one, other = (said["rows"]["chr1"][measure] for said in (plain, low))
        assert one != other == pytest.approx(one, abs=0.01)


CHR20 = {"CTCF": "BroadGm12878Ctcf", "MAX": "SydhGm12878MaxIggmus", "SPI1": "HaibGm12878Pu1Pcr1x"}


@pytest.mark.parametrize("factor", CHR20)
def test_areas_on_chr20(factor: str, shared: Path, tmp_path: Path):
    """Areas move by at most 0.002. Precision and recall at the models' thresholds do not: they rest on 32 to 80 bins
    here, of which one or two more or fewer are found in bfloat16."""
    human, areas = shared / "data" / "hg19_chr20_gm12878", []
    files = {"genome": human / "hg19_chr20_to_11095000.2bit", "signal": human / "gm12878_minmax_p99.bw"}
    where = {"regions": "chr20:9,995,001-11,095,000", "chromosomes": "chr20", "threshold": None, "write": "bigwig"}
    peaks = human / "peaks_GM12878" / f"wgEncodeAwgTfbs{CHR20[factor]}UniPk.narrowPeak"
    model = zoo.load(f"maxatac/{factor}")
    for precision in ("float32", "bfloat16"):
        made = model.predict(**files, **where, output=tmp_path / precision, precision=precision)
        areas.append(benchmark(made.bigwig, peaks, rule="half").overall.aupr)
    assert areas[0] == pytest.approx(areas[1], abs=0.002)

"""What the doctor and runs say of Leopard's tracks: another recipe, another scale, missing ones."""

import re
from pathlib import Path

import dream_files
import numpy as np
import pytest
from test_leopard_phases import CONFIG, small_spec

import zoo
from zoo.errors import InputError, ZooWarning
from zoo.formats import bigwig
from zoo.genome import doctor, recipes
from zoo.genome.sequence import write_twobit
from zoo.genome.signal import Signal
from zoo.porting import bins_of_200, leopard
from zoo.prepare.leopard import prepare_leopard
from zoo.prepare.quantiles import QuantileMap
from zoo.spec import Architecture

LENGTH = 200_000
SPEC = leopard.make_spec(Architecture("leopard", {"window": 10240}), bins_of_200.About("test/L", {}), 2, "CTCF")
DNASE = SPEC.input.given[0]


def counts(seed: int = 1, mean: float = 2.0, length: int = LENGTH) -> np.ndarray:
    """Coverage that changes where reads begin and end, thicker in some places than in others."""
    random = np.random.default_rng(seed)
    rate = np.repeat(random.gamma(0.5, 2, length // 500 + 1), 500)[:length] * mean / 36
    return np.convolve(random.poisson(rate), np.ones(36))[:length]


def normalized(seed: int = 1, mean: float = 2.0) -> np.ndarray:
    """As the recipe makes it, of all bases."""
    sample = counts(seed, mean)
    return QuantileMap.of(sample[::10], counts(9, 5.0)[::10])(sample).astype(np.float32)


def write(path: Path, values: np.ndarray, chrom: str = "chr1") -> Path:
    bigwig.write_track(path, {chrom: len(values)}, [(chrom, values.astype(np.float32))], 1)
    return path


def said(path: Path, values: np.ndarray) -> list[str]:
    found = doctor.of_signal(Signal(write(path, values)), ["chr1"], DNASE)
    return [str(item) for item in found if item.status != doctor.OK]


@pytest.mark.parametrize("mean", [0.3, 2.0, 20.0])
def test_a_track_of_the_recipe(tmp_path: Path, mean: float):
    assert said(tmp_path / "s.bw", normalized(2, mean)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x, r"its values are whole numbers, as of counts by one factor \(mean [\d.]+ per base\)"),
        (lambda x: x / x.mean(), r"its values are multiples of 0\.[\d]+.*\(mean 1 per base\)"),
        (lambda x: x * 1e6 / 3e7, r"its values are multiples of 0\.0333"),
        (lambda x: np.log1p(x) / 50, r"not scaled as dnase: its mean is 0\.0\d+ per base.*it is 0\.1 to 100"),
        (lambda x: normalized() / normalized().mean(dtype=float), "its mean is 1 per base, as of coverage that was"),
        (lambda x: (x > 2).astype(float), "all of its positive bases have the value 1, as of peaks"),
        (lambda x: normalized() - 1, r"not dnase: it has negative values \(lowest -1\)"),
    ],
    ids=["counts", "mean of 1", "per million", "logarithm", "1x", "binary", "negative"],
)
def test_a_track_of_another_recipe(tmp_path: Path, change, message: str):
    found = said(tmp_path / "s.bw", change(counts()))
    (text,) = [item for item in found if "dnase" in item]
    assert re.search(message, text), text
    assert "`zoo prepare --recipe leopard --reference-track LIVER.bw` makes dnase of reads" in text


def test_the_min_max_track_of_maxatac_is_no_dnase(shared: Path):
    signal = Signal(shared / "data" / "hg19_chr20_gm12878" / "gm12878_minmax_p99.bw")
    found = [str(item) for item in doctor.of_signal(signal, list(signal.sizes), DNASE) if item.status != doctor.OK]
    assert any("not normalized as dnase: its values are multiples of" in text for text in found), found


@pytest.mark.parametrize(
    ("times", "told"), [(1, False), (1.8, False), (0.6, False), (2.5, True), (0.05, True), (0, True)]
)
def test_the_scale_of_the_average(tmp_path: Path, times: float, told: bool):
    files = {"dnase": normalized(2), "average": times * (normalized(3) + normalized(4)) / 2}
    signals = {name: (Signal(write(tmp_path / f"{name}.bw", values)), ["chr1"]) for name, values in files.items()}
    found = [str(item) for item in doctor.of_scales(signals)]
    assert len(found) == told
    if told:
        assert "not of the scale of dnase: its mean is" in found[0]
        assert "`zoo average`" in found[0]
    assert not list(doctor.of_scales({"average": signals["average"]}))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one with what Leopard reads."""
    path = tmp_path_factory.mktemp("model") / "L"
    zoo.Model(small_spec(), dream_files.leopard_network(**CONFIG)).save(path)
    return path


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    write_twobit(tmp_path / "g.2bit", {"chr1": np.random.default_rng(0).integers(0, 4, LENGTH).astype(np.uint8)})
    return tmp_path / "g.2bit"


def test_runs_and_doctor_warn(model: Path, genome: Path, tmp_path: Path):
    signal = {"dnase": write(tmp_path / "d.bw", counts()), "average": write(tmp_path / "a.bw", normalized(3) / 30)}
    with pytest.warns(ZooWarning) as seen:
        zoo.load(model).predict(genome=genome, signal=signal, regions=[("chr1", 500, 600)])
    found = zoo.doctor(genome, signal, model=model)
    texts = [str(item) for item in found.findings if item.status == "warning"]
    for text in ("d.bw: not normalized as dnase: its values are whole", "a.bw: not of the scale of dnase"):
        assert sum(text in str(item.message) for item in seen) == 1
        assert sum(text.partition(": ")[2] in item for item in texts) == 1, texts
    assert found.passed


def test_missing_tracks_are_named(model: Path, genome: Path, tmp_path: Path):
    signal = {"dnase": write(tmp_path / "d.bw", normalized())}
    with pytest.raises(InputError, match=r"missing=.'average'.*mean of dnase tracks.*`zoo average`"):
        zoo.load(model).predict(genome=genome, signal=signal, regions=[("chr1", 500, 600)])
    with pytest.raises(InputError, match=r"--recipe leopard --reference-track.*; average is the mean"):
        zoo.load(model).predict(genome=genome, signal={}, regions=[("chr1", 500, 600)])
    (text,) = [str(item) for item in zoo.doctor(genome, signal, model=model).findings if item.status == "error"]
    assert "names of the model's tracks: dnase, average. average is the mean" in text


def test_what_the_recipe_makes_has_no_warning(tmp_path: Path):
    files = [write(tmp_path / f"{name}.bw", counts(seed)) for seed, name in enumerate(("sample", "liver"))]
    made = prepare_leopard(files[0], tmp_path / "dnase", {"chr1": LENGTH}, reference_track=files[1])
    found = doctor.of_signal(Signal(made.signal), ["chr1"], DNASE)
    assert [str(item) for item in found if item.status != doctor.OK] == []
    assert recipes.not_alike("average", {"average": 0, "dnase": 0}) is None

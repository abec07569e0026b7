"""Heads for ten DNase tracks of real windows of hg38 on mini Borzoi: targets, one step, and what training reaches."""

import dataclasses
from pathlib import Path

import hg38_windows
import numpy as np
import pytest
from hg38_windows import DNASE

import zoo
from zoo.genome.encode import one_hot
from zoo.genome.sequence import Genome
from zoo.train.config import TrainConfig
from zoo.train.run import TrainingRun

CONFIG = Path(__file__).parents[1] / "recipes/configs/coverage.yaml"


@pytest.fixture(scope="module")
def mini(shared: Path) -> Path:
    """Mini Borzoi, as its authors saved it."""
    return shared / "zoo_weights/baskerville_mini/model.h5"


def configured(data: tuple[Path, Path], counts: dict[str, int], **changes: object) -> TrainConfig:
    """A run of the shipped configuration on windows of the helper."""
    genome, table = data
    parts = {name: hg38_windows.chromosomes(part, counts[part]) for name, part in _PARTS.items()}
    coverage = {"targets": str(table), "squash": "power", **changes.pop("coverage", {})}
    return TrainConfig.read(CONFIG, genome=str(genome), chromosomes=parts, coverage=coverage, **changes)


_PARTS = {"train": "train", "validation": "valid", "test": "test"}
_FEW = {"train": 3, "valid": 1, "test": 2}


@pytest.fixture(scope="module")
def few(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return hg38_windows.write(shared, tmp_path_factory.mktemp("few") / "data", _FEW)


def test_targets_are_those_of_the_source(shared, few, mini):
    """From the coverage that the source's targets stand for: float16 has three digits."""
    run = TrainingRun(configured(few, _FEW, start_from=str(mini)))
    batches = run.task.batches("validation", run._slabs("validation", run.task.plans["training"]))
    windows = hg38_windows.records(shared, "train")
    seen = 0
    for step in range(batches.steps):
        x, y = batches.batch(step)
        for number, (sequence, bins) in enumerate(zip(x, y, strict=True), start=2 * step):
            codes, targets = windows[number]
            assert (sequence == one_hot(codes)).all()
            np.testing.assert_allclose(bins, targets[:, DNASE], rtol=1e-5, atol=1e-6)
            seen += 1
    assert seen == 3
    assert run.task.output()[0].table.squash == "power"


def test_a_head_on_mini_borzoi(few, mini, tmp_path):
    """One epoch of three windows: the frozen trunk is that of the file, and the model does what models do."""
    config = configured(few, _FEW, start_from=str(mini), epochs=1, frozen=["trunk"], batch_size=1)
    assert config.data.bin_size == 32
    run = TrainingRun(config)
    assert str(run.transfer).startswith("Weights of 35 layers are those of local/model (stem_conv to unet2_pointwise)")
    assert (run.transfer.trained, run.transfer.trained + run.transfer.frozen) == (1290, 642_994 - 74 * 129 + 1290)
    run.train(tmp_path / "run")
    one, before = zoo.load(tmp_path / "run/model"), zoo.load(mini)
    for layer in one.network.layers:
        if layer.weights and layer.name != "coverage":
            old = before.network.get_layer(layer.name).get_weights()
            assert all((a == b).all() for a, b in zip(layer.get_weights(), old, strict=True)), layer.name
    assert one.spec.output.tracks[1] == "ENCFF136DBS"
    assert one.spec.provenance["license"].endswith("; weights of local/model: Apache-2.0")
    where = {"genome": few[0], "track": "DNASE:HepG2"}
    files = one.predict(**where, chromosomes=["test1"], output=tmp_path / "out")
    table = one.predict(**where, regions="test1:40,001-60,000", scale="linear")
    assert files.bigwig.is_file()
    assert np.isfinite(table.matrix()).all()
    explained = one.attribute(**where, regions="test1:65,001-65,100", method="gradients")
    assert np.isfinite(explained.values).all()
    base = "ACGT"[Genome(few[0]).codes("test1", 65_000, 65_001)[0]]
    vcf = tmp_path / "one.vcf"
    other = "ACGT"[base == "A"]
    vcf.write_text(f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\ntest1\t65001\t.\t{base}\t{other}\n")
    scored = one.score_variants(vcf, **where)
    assert not scored.skipped
    assert np.isfinite(scored.scores["difference"]).all()


@pytest.mark.slow
@pytest.mark.timeout(4000)
def test_what_training_reaches(shared, mini, tmp_path):
    """Frozen, unfrozen and from nothing, eight epochs each, on the ten test windows, beside the published head."""
    data, published = hg38_windows.write(shared, tmp_path / "data"), zoo.load(mini)
    start = {"start_from": str(mini)}
    nothing = {"architecture": dataclasses.asdict(published.spec.architecture), "coverage": {"bin_size": 32}}
    reached = {}
    for name, changes in {"frozen": {**start, "frozen": ["trunk"]}, "unfrozen": start, "nothing": nothing}.items():
        optimizer = {"trunk_rate": 1.0 if name == "nothing" else 0.1, "warm_up": 20, "clip_norm": 0.1}
        run = TrainingRun(configured(data, hg38_windows.PARTS, epochs=8, optimizer=optimizer, **changes))
        run.train(tmp_path / name)
        reached[name] = zoo.load(tmp_path / name / "model").spec.metrics["mean pearson"]
    windows = run.task._read(run.task.plan(hg38_windows.chromosomes("test")), False)
    found = run.task._compared({"": lambda x: published.predict(x)[..., DNASE]}, windows)
    assert found["mean pearson"] == pytest.approx(0.819, abs=0.002)
    assert found["mean pearson"] > reached["unfrozen"] > reached["frozen"] > 0.7
    assert reached["frozen"] > reached["nothing"]

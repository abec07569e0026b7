"""Slabs that were read once and lie on disk."""

import dataclasses
import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import training

from zoo.data import cache, synthetic
from zoo.data.slabs import SlabPlan, Slabs, labels
from zoo.data.windows import Layout
from zoo.errors import InputError, IntegrityError, MissingExtra
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.train.run import TrainingRun

LAYOUT = Layout(1024, 0, 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> synthetic.Synthetic:
    return training.world(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def plan() -> SlabPlan:
    return SlabPlan({"chr1": np.arange(2000, 60_000, 700), "chr2": np.array([5000])}, LAYOUT, 1)


def read(files: synthetic.Synthetic, plan: SlabPlan) -> Slabs:
    tracks = [labels([Interval("chr1", 3000, 9000)], []), labels([Interval("chr2", 5500, 5600)])]
    return Slabs(Genome(files.genome), tracks, plan.starts, plan.layout, plan.bin_size)


def unread() -> Slabs:
    raise AssertionError("the files were read again")


def test_the_second_time_nothing_is_read(
    files: synthetic.Synthetic, plan: SlabPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """In several records and shards; whatever the files are called."""
    monkeypatch.setattr(cache, "_RECORD", 5000)
    monkeypatch.setattr(cache, "_SHARD", 7)
    first = cache.cached(tmp_path / "cache", [files.genome], {"slop": 1}, plan, lambda: read(files, plan))
    shutil.copy(files.genome, tmp_path / "renamed.2bit")
    again = cache.cached(tmp_path / "cache", [tmp_path / "renamed.2bit"], {"slop": 1}, plan, unread)
    for one, other in zip(first.arrays, again.arrays, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    rows = np.array([3, 60, 83])
    for one, other in zip(first.read(rows, 1024, sample=1), again.read(rows, 1024, sample=1), strict=True):
        np.testing.assert_array_equal(one, other)
    (folder,) = (tmp_path / "cache").iterdir()
    assert len(list(folder.glob("*.tfrecord"))) > 2


def test_the_key_is_of_everything_that_matters(files: synthetic.Synthetic, plan: SlabPlan, tmp_path: Path):
    """The authors' key has the number of windows, but not their places nor the files (spec of ASAP, §4)."""
    other = tmp_path / "other.2bit"
    data = bytearray(files.genome.read_bytes())
    data[-1] ^= 1
    other.write_bytes(data)
    moved = {**plan.starts, "chr2": np.array([5001])}
    keys = {
        cache.key([files.genome], {"slop": 1}, plan),
        cache.key([files.genome], {"slop": 2}, plan),
        cache.key([other], {"slop": 1}, plan),
        cache.key([files.genome], {"slop": 1}, SlabPlan(moved, LAYOUT, 1)),
        cache.key([files.genome], {"slop": 1}, SlabPlan(plan.starts, dataclasses.replace(LAYOUT, margin=1), 1)),
    }
    assert len(keys) == 5
    assert cache.key([files.genome], {"slop": 1}, plan) in keys


@pytest.mark.parametrize("harm", ["cut off", "changed", "gone"])
def test_a_damaged_shard_is_not_used(files: synthetic.Synthetic, plan: SlabPlan, tmp_path: Path, harm: str):
    cache.cached(tmp_path, [files.genome], None, plan, lambda: read(files, plan))
    (shard,) = tmp_path.glob("*/*.tfrecord")
    data = bytearray(shard.read_bytes())
    data[1000] ^= 255
    if harm == "gone":
        shard.unlink()
    else:
        shard.write_bytes(data if harm == "changed" else data[:-100])
    with pytest.raises(IntegrityError, match="Delete the folder"):
        cache.cached(tmp_path, [files.genome], None, plan, unread)


def test_shards_without_an_index_do_not_count(files: synthetic.Synthetic, plan: SlabPlan, tmp_path: Path):
    """As a run that was killed while it wrote leaves them."""
    whole = cache.cached(tmp_path, [files.genome], None, plan, lambda: read(files, plan))
    (index,) = tmp_path.glob("*/index.json")
    index.unlink()
    made = []
    again = cache.cached(tmp_path, [files.genome], None, plan, lambda: made.append(1) or read(files, plan))
    assert made == [1]
    np.testing.assert_array_equal(whole.arrays[0], again.arrays[0])
    assert json.loads(index.read_text())["arrays"][0]["dtype"] == "|u1"


def test_a_place_that_cannot_be_written(files: synthetic.Synthetic, plan: SlabPlan, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cache must be a folder that can be written"):
        cache.cached(tmp_path / "file", [files.genome], None, plan, lambda: read(files, plan))


@pytest.mark.skipif(importlib.util.find_spec("tensorflow_io") is not None, reason="tensorflow-io is installed")
def test_an_object_store_needs_the_extra(files: synthetic.Synthetic, plan: SlabPlan):
    with pytest.raises(MissingExtra, match=r"pip install .*\[tfio\]'"):
        cache.cached("s3://bucket/cache", [files.genome], None, plan, unread)


def test_a_run_with_a_cache_is_the_same(files: synthetic.Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = training.binding(files, epochs=1)
    TrainingRun(config).train(tmp_path / "without")
    TrainingRun(config, cache=str(tmp_path / "cache")).train(tmp_path / "first")
    assert len(list((tmp_path / "cache").iterdir())) == 2
    run = TrainingRun(config, cache=str(tmp_path / "cache"))
    monkeypatch.setattr(run.task, "slabs", unread)
    run.train(tmp_path / "second")
    without = training.weights(tmp_path / "without")
    for name in ("first", "second"):
        for key, value in training.weights(tmp_path / name).items():
            np.testing.assert_array_equal(value, without[key])

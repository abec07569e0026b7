"""Predictions in bfloat16: what differs, and that it is said."""

import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data import synthetic
from zoo.errors import InputError


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
    assert 0 < record["precision"]["largest difference from float32"] < 0.02
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

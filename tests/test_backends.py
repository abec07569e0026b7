"""The other backends of Keras, from files to files: the numbers of TensorFlow, and a sidecar that says which it was."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zoo

_WORKER = """
import json, sys
import zoo
from zoo.forward.stretch import Stretch
folder, genome, signal, out = sys.argv[1:]
model = zoo.load(folder)
files = {"genome": genome, "signal": signal}
model.predict(**files, regions="chr10:5,001-12,000", strands="both", output=out + "/p")
real, calls = Stretch.codes, []
Stretch.codes = lambda self, *rows: calls.append(self.count) or real(self, *rows)
model.predict(**files, chromosomes="chr2", strands="both", batch_size=64, output=out + "/s")
assert calls == 15 * [64], calls  # 937 windows
model.attribute(**files, regions=["chr1:5,001-5,256", "chr1:9,001-9,256"], count=2, output=out + "/a")
bases = zoo.Genome(genome)
base, other = bases.sequence("chr1", 30_000, 30_001), bases.sequence("chr1", 50_000, 50_001)
rows = [("chr1", 30_001, base, "A" if base != "A" else "C"), ("chr1", 50_001, other, "ACGT")]
model.score_variants(rows, **files, output=out + "/v")
"""


def run(backend: str, folder: Path, files, out: Path) -> None:
    out.mkdir()
    subprocess.run(
        [sys.executable, "-c", _WORKER, folder, files.genome, files.signal, out],
        env={**os.environ, "KERAS_BACKEND": backend},
        check=True,
    )


@pytest.fixture(scope="module")
def tensorflow(small_folder: Path, genome_files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What TensorFlow writes."""
    out = tmp_path_factory.mktemp("tensorflow") / "out"
    run("tensorflow", small_folder, genome_files, out)
    return out


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_files_of_another_backend(
    backend: str, tensorflow: Path, small_folder: Path, genome_files, tmp_path: Path, read_track
):
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    run(backend, small_folder, genome_files, tmp_path / "out")
    ours, theirs = tensorflow, tmp_path / "out"
    assert sorted(path.name for path in theirs.iterdir()) == sorted(path.name for path in ours.iterdir())
    for name in ("p.json", "a.json", "v.json"):
        assert json.loads((theirs / name).read_text())["versions"]["backend"].startswith(backend)
    np.testing.assert_allclose(read_track(theirs / "p.bw", "chr10"), read_track(ours / "p.bw", "chr10"), atol=1e-5)
    np.testing.assert_allclose(read_track(theirs / "s.bw", "chr2"), read_track(ours / "s.bw", "chr2"), atol=1e-5)
    one, other = (zoo.attribution.result.Attributions.load(out / "a.npz") for out in (ours, theirs))
    np.testing.assert_allclose(other.values, one.values, atol=1e-5)
    np.testing.assert_allclose(other.prediction, one.prediction, atol=1e-5)
    tables = [[row.split("\t") for row in (out / "v.tsv").read_text().splitlines()] for out in (ours, theirs)]
    assert tables[0][0] == tables[1][0]
    assert len(tables[0]) == 3
    for left, right in zip(*tables, strict=True):
        for a, b in zip(left[5:], right[5:], strict=True):
            if left is not tables[0][0]:
                assert float(b) == pytest.approx(float(a), abs=1e-5), (left, right)

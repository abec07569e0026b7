"""Benchmarks that a machine like this one does not run by itself: small, that they can be run at all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.genome.bigwig import Writer

FOLDER = Path(__file__).parent / "benchmarks"
SMALL = ("--bp", "300000", "--batch", "32", "--size", "64", "--seconds", "0.05", "--precisions", "float32")
ROWS = (
    "arithmetic, float32",
    "arithmetic, bfloat16",
    "memory of the device",
    "copies to the device",
    "bare pass, float32",
    "stretches in memory, float32",
    "files to files, float32",
    "training step",
    "DeepLIFT, 20 references",
)


def run(name: str, *arguments: str) -> str:
    hidden = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, FOLDER / name, *arguments]
    return subprocess.run(command, env={**os.environ, **hidden}, check=True, capture_output=True, text=True).stdout


def test_first_tasks(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each user's script makes its files by the package under test, in as few steps as the table says."""
    monkeypatch.syspath_prepend(FOLDER)
    import bench_first_tasks as tasks

    programs = tmp_path / "bin"
    programs.mkdir()
    for name, words in {"zoo": " -m zoo", "python": ""}.items():
        run_this = f"PYTHONPATH='{os.pathsep.join(sys.path)}' exec '{sys.executable}'{words}"
        (programs / name).write_text(f'#!/bin/sh\n{run_this} "$@"\n')
        (programs / name).chmod(0o755)
    counted, signal = {}, None
    for persona in tasks.MADE:
        (script,) = tasks.SCRIPTS.glob(f"{persona}.after.*")
        tasks.prepare(tmp_path / persona, signal)
        tasks.perform(persona, script, tmp_path / persona, programs)
        signal = tmp_path / "biologist" / "atac.bw"
        counted[persona] = tasks.steps(script)
    assert counted == {"biologist": 2, "analyst": 4, "developer": 14}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_gpu_benchmark_on_the_cpu(backend: str):
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    printed = run("bench_gpu.py", "--cpu", "--backend", backend, "--model", "test/NONE", *SMALL)
    assert "test/NONE cannot be had" in printed
    assert "a window: 32.5 MFLOP" in printed
    for row in ROWS:
        number = re.search(rf"^{re.escape(row)} +([0-9,.]+)", printed, re.MULTILINE)
        assert number is not None, row
        assert float(number[1].replace(",", "")) > 0, row
    assert re.search(r"float32, 300,000 bp in .* reading \d+ %, stretches \d+ %, writing \d+ %", printed)


def test_a_gpu_benchmark_without_a_gpu():
    assert run("bench_gpu.py") == "skipped: tensorflow finds no GPU (--cpu measures on the CPU)\n"


_STAND_IN = """
import sys
from pathlib import Path
import numpy as np
from zoo.genome.bigwig import Writer
from zoo.genome.signal import Signal
assert sys.argv[1:4] == ["--genome", "bench", "predict"], sys.argv
options = dict(zip(sys.argv[4:-1:2], sys.argv[5::2]))
home = Path.home() / "opt" / "maxatac" / "data" / "bench"
names = ["bench.2bit", "bench.chrom.sizes", "bench_maxatac_blacklist.bed", "bench_maxatac_blacklist.bw"]
assert sorted(path.name for path in home.iterdir()) == sorted(names)
assert Path(options["-m"]).is_file() and options["-c"] == "chr1" and sys.argv[-1] == "-skip_call_peaks"
length = int((home / "bench.chrom.sizes").read_text().split()[1])
assert Signal(options["-s"]).sizes == {"chr1": length}
starts = np.arange(3200, 6400, 32)
with Writer(Path(options["-o"]) / (options["-n"] + ".bw"), {"chr1": length}) as writer:
    writer.add("chr1", starts, starts + 32, np.full(len(starts), 2.0, np.float32))
"""


def test_the_original_program_beside_ours(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    """A stand-in that finds the files where the authors' program looks for them, and predicts 100 bins."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    import bench_predict

    script = tmp_path / "maxatac.py"
    script.write_text(_STAND_IN)
    weights = bench_predict.weights_of(None)
    assert weights.name == "CTCF_binary_revcomp99_fullModel_RR0_95.h5"
    folder = tmp_path / "run"
    bench_predict.synthetic(folder, 20_000)
    program = bench_predict.program_of(f"{sys.executable} {script}")
    found = bench_predict.beside(folder, program, weights, 20_000)
    assert found["tracks"]["bases of both"] == 3200
    assert found["tracks"]["of the original alone"] == 0
    assert found["tracks"]["of zoo alone"] > 10_000
    assert 1 < found["tracks"]["largest difference"] <= 2
    assert 1 < found["tracks"]["where fewer windows are averaged"] <= 2
    for name in ("original", "zoo"):
        assert found[name]["wall"] > 0
        assert found[name]["cpu"] > 0
        assert found[name]["memory"] > 10
    bench_predict.show_beside(found)
    assert "bases of both 3,200\nof the original alone 0\n" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"(?s)because.*ended with 3"):
        bench_predict.timed([sys.executable, "-c", "import sys; print('because', file=sys.stderr); sys.exit(3)"], {})
    with pytest.raises(SystemExit, match=r"must name a program\. Received: 'no/such program'"):
        bench_predict.program_of("no/such program")


def test_tracks_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The original's ends before; its last 768 bases are means of fewer windows."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import bench_predict

    starts = np.arange(0, 6400, 32)
    for name, values, count in (("theirs", [0.5, 0.9], 100), ("ours", [0.5], 200)):
        scores = np.full(count, values[0], np.float32)
        scores[76:100] = values[-1]
        with Writer(tmp_path / f"{name}.bw", {"chr1": 6400}) as writer:
            writer.add("chr1", starts[:count], starts[:count] + 32, scores)
    assert bench_predict.compared(tmp_path / "theirs.bw", tmp_path / "ours.bw", 6400) == {
        "bases of both": 3200,
        "of the original alone": 0,
        "of zoo alone": 3200,
        "largest difference": 0.0,
        "where fewer windows are averaged": pytest.approx(0.4),
    }

"""Score variants, be killed at chosen moments, go on: `python killed_variants.py GENOME SIGNAL FOLDER`.

A process of its own that holds no TensorFlow, so that it can fork: the network is a function of NumPy's. Prints a line
of JSON for each moment.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "numpy"

import numpy as np
from dying import child, moments, step

from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.vcf import Vcf
from zoo.inputs.opening import Inputs
from zoo.inputs.reader import WindowReader
from zoo.inputs.tracks import Track
from zoo.spec import TrackSpec
from zoo.variants import reading, run
from zoo.variants.window import VariantWindow

MOMENTS, COUNT = 20, 600
run._KEPT = 32  # variants of a part
WINDOW = VariantWindow(256, 128, (0,), 32, 0, slice(0, 8), slice(0, 8), 4, "identity")


class Network:
    """Scores of windows, and a log of how many windows it read."""

    precision = "float32"

    def __init__(self, log: Path) -> None:
        self._log = log

    def codes(self, codes: np.ndarray, track: np.ndarray) -> np.ndarray:
        """(n, 256) bases and signal → (n, 8)."""
        step()
        with open(self._log, "a", encoding="utf-8") as file:
            file.write(f"{len(codes)}\n")
        bins = (codes * np.float32(0.37) + track).reshape(len(codes), 8, 32)
        return 1 / (1 + np.exp(-np.sin(bins).sum(axis=2)))


def score(genome: Path, track: Path, folder: Path) -> None:
    """Everything that a call with an output does."""
    opened, read = Genome(genome), Signal(track)
    spec = TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0)
    reader = WindowReader(opened, (Track(spec, read, {chrom: chrom for chrom in opened.sizes}),))
    inputs = Inputs(opened, {"signal": read}, reader, tuple(opened.sizes), None, [])
    path = folder.parent / "v.vcf"
    work = run.VariantRun(
        "m", Network(folder / "log"), WINDOW, inputs, reading.read(path), batch_size=64, progress=False
    )
    files = run.Files(folder / "out", Vcf(path), profiles=True, csv=True)
    work.to_files(files, [genome, track, path], {"weights_sha256": "w"}, {})


def outputs(folder: Path) -> dict[str, str]:
    """Digests of all files; of the record without the seconds."""
    found = {}
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".json":
            content = json.dumps({**json.loads(content), "seconds": None}).encode()
        if path.name != "log":
            found[path.name] = hashlib.sha256(content).hexdigest()
    return found


def variants(genome: Genome, path: Path) -> None:
    """A VCF file of substitutions."""
    rows = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for place in range(1000, 1000 + 40 * COUNT, 40):
        base = genome.sequence("chr1", place, place + 1)
        rows.append(f"chr1\t{place + 1}\t.\t{base}\t{'ACGT'['CGTA'.index(base)]}\t.\t.\t.")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def main(genome: Path, track: Path, root: Path) -> None:
    """Twenty moments, from the first step of a run to its last."""
    variants(Genome(genome), root / "v.vcf")
    (root / "whole").mkdir()
    status, total = child(score, genome, track, root / "whole")
    assert status == 0
    wanted = outputs(root / "whole")
    for moment in moments(total, MOMENTS):
        folder = root / str(moment)
        folder.mkdir()
        status, _ = child(score, genome, track, folder, at=moment)
        kept = sum(1 for _ in (folder / "out.partial").glob("part-*.npz"))
        assert (status, child(score, genome, track, folder)[0]) == (-9, 0), moment
        read = sum(map(int, (folder / "log").read_text(encoding="utf-8").split()))
        print(json.dumps({"same": outputs(folder) == wanted, "again": read - 2 * COUNT, "kept": kept}), flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

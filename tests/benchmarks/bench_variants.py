"""Variants scored per second, beside the bare forward pass of as many windows, in one run.

Usage: python tests/benchmarks/bench_variants.py [--variants 10000] [--architecture convnext_dcnn] [--batch 64]

SNVs at random places of a random genome of 40 Mb, forward strand, all scores, as `Model.score_variants` does it:
reading, both alleles, scores. The bare forward pass is the same compiled function on one batch that stays as it is,
between every tenth of the variants, so that other work on the machine slows both. Memory is the process's after each
tenth.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import zoo
from zoo import architectures
from zoo.forward.forward import Forward
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.vcf import Variant
from zoo.inputs.opening import Inputs
from zoo.inputs.reader import WindowReader
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.variants.alleles import in_order
from zoo.variants.effects import choose, profiles, scored
from zoo.variants.window import VariantWindow

LENGTH, PARTS = 40_000_000, 10


def gigabytes() -> float:
    """Memory of this process now."""
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1e6


def main(options: argparse.Namespace) -> None:
    """Print a row for each tenth, then the whole."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    network = architectures.scores(zoo.build(options.architecture))
    window, bins = network.input_shape[1], network.output_shape[1]
    spec = ModelSpec(
        "bench/ATAC",
        "",
        Architecture(options.architecture, {}),
        InputSpec(window, "none"),
        (OutputSpec(bins, window // bins, 0, "ATAC", "accessibility, ln(1 + track)", transform="log1p"),),
        PredictionSpec(window // 2, ("forward",), center_only=True),
        {},
        {},
    )
    forward, layout = Forward(network, spec, ("forward",)), VariantWindow.of(spec)
    still = random.integers(0, 4, (options.batch, window)).astype(np.uint8)
    forward.codes(still)
    with tempfile.TemporaryDirectory() as work:
        codes = random.integers(0, 4, LENGTH).astype(np.uint8)
        write_twobit(Path(work) / "g.2bit", {"chr1": codes})
        genome = Genome(Path(work) / "g.2bit")
        places = random.choice(LENGTH, options.variants, replace=False)
        variants = [Variant("chr1", int(at), "ACGT"[codes[at]], "ACGT"[(codes[at] + 1) % 4]) for at in places]
        del codes
        began = time.perf_counter()
        inputs = Inputs(genome, {}, WindowReader(genome), ("chr1",), None, [])
        _, chosen, _ = choose(variants, inputs, [layout])
        chosen = in_order(chosen, ["chr1"])
        ours, bare = time.perf_counter() - began, 0.0
        print(f"{'variants':>9} {'a second':>9} {'bare':>9} {'ratio':>6} {'GB':>6}")
        for part in np.array_split(np.arange(len(chosen)), PARTS):
            began = time.perf_counter()
            for _, reference, alternative, _ in profiles(
                forward, layout, [chosen[i] for i in part], inputs.reader, options.batch
            ):
                scored(layout, reference, alternative)
            ours += time.perf_counter() - began
            began = time.perf_counter()
            for _ in range(-(-2 * len(part) // options.batch)):
                forward.codes(still)
            bare += time.perf_counter() - began
            done = int(part[-1]) + 1
            print(f"{done:9,} {done / ours:9.1f} {done / bare:9.1f} {bare / ours:6.2f} {gigabytes():6.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the scoring of variants; see the file's head.")
    parser.add_argument("--variants", type=int, default=10_000)
    parser.add_argument("--architecture", default="convnext_dcnn")
    parser.add_argument("--batch", type=int, default=64, help="windows at once, two for each variant")
    main(parser.parse_args())

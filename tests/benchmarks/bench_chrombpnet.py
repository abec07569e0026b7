"""Windows per second of BPNet networks: the bare forward pass, and `predict` from files to files, in one run.

Usage: python tests/benchmarks/bench_chrombpnet.py [--filters 64 512] [--lengths 1000000 3000000] [--batch 64]

Rows: a network of ChromBPNet's full size (512 filters, 8 layers: 6,377,986 parameters) and a small one, each on two
lengths of random sequence. `bare` is the compiled network on single windows that lie ready; `single` and `tiled` are
`Model.predict` from a .2bit file to a bigWig file, window by window and with several windows at once
(`zoo.predict.tiles`). Ratios are of one process: bare, single, tiled, bare again, of which the mean counts.
`difference` is the largest between both files, of the largest value. Peak memory is that of a process of its own which
only predicts: it must not grow with the length. The lengths of the full size are a tenth of those of the small one.

Then seconds of a training step (softmax multinomial and squared error, all gradients, Adam) of ours and of bpnet-lite,
where PyTorch and bpnetlite are installed.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

WINDOW, OUTPUT, LARGE = 2114, 1000, 256  # filters from which lengths are a tenth
SECONDS, REPETITIONS = 4.0, 5


def model_of(filters: int):
    """A model with random weights and totals of about 100 counts."""
    import keras

    import zoo
    from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec

    config = {"window": WINDOW, "output": OUTPUT, "filters": filters, "dilated_layers": 8}
    offset = (WINDOW - OUTPUT) // 2
    spec = ModelSpec(
        "bench/BPNET",
        "",
        Architecture("bpnet", config),
        InputSpec(WINDOW, "none"),
        (
            OutputSpec(OUTPUT, 1, offset, "", "logits", "profile", "profile"),
            OutputSpec(1, OUTPUT, offset, "", "ln(1 + counts)", "counts", "counts", "log1p"),
        ),
        PredictionSpec(OUTPUT, ("forward", "reverse_complement"), readout="expected_counts"),
        {},
        {},
    )
    keras.utils.set_random_seed(0)
    network = zoo.build("bpnet", **config)
    network.get_layer("counts_dense").bias.assign([4.6])
    return zoo.Model(spec, network)


def bare(network, batch: int) -> float:
    """Windows per second of the network alone on a batch that lies ready."""
    import tensorflow as tf

    x = tf.constant(windows(batch))
    forward = tf.function(lambda x: network(x, training=False))
    forward(x)
    began, batches = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS or batches < 2:
        forward(x)["counts"].numpy()
        batches += 1
    return batch * batches / (time.perf_counter() - began)


def windows(count: int) -> np.ndarray:
    """Random one-hot windows, (count, window, 4) float32."""
    return np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (count, WINDOW))]


def predicted(model, folder: Path, name: str, batch: int, compiling: float) -> float:
    """Windows per second from files to finished files; a network of several windows costs `compiling` until it runs."""
    from zoo.predict import tiles

    tiles._COMPILING = compiling
    arguments = {"genome": folder / "genome.2bit", "batch_size": batch, "chromosomes": "chr1"}
    model.predict(**{**arguments, "chromosomes": "chr2"}, output=folder / f"{name}_before")  # compiles
    began = time.perf_counter()
    files = model.predict(**arguments, output=folder / name)
    return files.windows / (time.perf_counter() - began)


def measure(filters: int, folder: Path, batch: int) -> dict[str, float]:
    """Bare pass, single windows, several at once, bare pass; the largest difference of the two."""
    model = model_of(filters)
    before = bare(model.network, batch)
    single = predicted(model, folder, "single", batch, np.inf)
    tiled = predicted(model, folder, "tiled", batch, 0.0)
    return {
        "parameters": model.network.count_params(),
        "bare": (before + bare(model.network, batch)) / 2,
        "single": single,
        "tiled": tiled,
        "difference": difference(folder),
    }


def difference(folder: Path) -> float:
    """The largest between both files, of the largest value."""
    from zoo.genome.bbi import BigWig

    found = [BigWig(folder / f"{name}.bw") for name in ("single", "tiled")]
    length = found[0].sizes["chr1"]
    one, other = (file.values("chr1", 0, length) for file in found)
    return float(np.abs(one - other).max() / np.abs(one).max())


def only_predict(filters: int, folder: Path, batch: int) -> dict[str, float]:
    """Peak memory in MB of a prediction with several windows at once."""
    predicted(model_of(filters), folder, "only", batch, 0.0)
    status = Path("/proc/self/status").read_text()
    return {"peak": int(status.split("VmHWM:")[1].split()[0]) / 1e3}


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs, after one that does not count."""
    run()
    seconds = []
    while len(seconds) < REPETITIONS and sum(seconds) < SECONDS * 4:
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def step(filters: int, _: Path, batch: int) -> dict[str, float]:
    """Seconds of a training step of ours, on a batch of random counts."""
    import keras
    import tensorflow as tf

    network, optimizer = model_of(filters).network, keras.optimizers.Adam(1e-3)
    x = tf.constant(windows(batch))
    counts = tf.constant(np.random.default_rng(1).poisson(0.1, (batch, OUTPUT)).astype(np.float32))
    optimizer.build(network.trainable_variables)

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            heads = network(x, training=True)
            likelihood = tf.reduce_sum(counts * tf.nn.log_softmax(heads["profile"][..., 0]), axis=1)
            error = tf.square(tf.math.log1p(tf.reduce_sum(counts, axis=1)) - heads["counts"][:, 0])
            loss = tf.reduce_mean(error - likelihood)
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)
        return loss

    return {"step": best(lambda: run().numpy())}


def original_step(filters: int, _: Path, batch: int) -> dict[str, float]:
    """Seconds of the same step of bpnet-lite."""
    import torch
    from bpnetlite import BPNet

    torch.set_num_threads(os.cpu_count())
    network = BPNet(n_filters=filters, n_layers=8, n_outputs=1, n_control_tracks=0, trimming=(WINDOW - OUTPUT) // 2)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    x = torch.from_numpy(windows(batch).transpose(0, 2, 1).copy())
    counts = torch.from_numpy(np.random.default_rng(1).poisson(0.1, (batch, OUTPUT)).astype(np.float32))

    def run() -> float:
        optimizer.zero_grad()
        profile, total = network(x)
        likelihood = (counts * torch.log_softmax(profile.reshape(batch, OUTPUT), dim=1)).sum(dim=1)
        loss = ((torch.log1p(counts.sum(dim=1)) - total[:, 0]) ** 2 - likelihood).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return {"step": best(run)}


WORKERS = {function.__name__: function for function in (measure, only_predict, step, original_step)}


def worker(what: str, filters: int, folder: Path, batch: int) -> dict[str, float]:
    """The numbers of a function, in a process of its own."""
    command = [sys.executable, __file__, "--worker", what, str(filters), str(folder), str(batch)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])


def write_genome(folder: Path, length: int) -> None:
    """Random sequence: one chromosome to measure, and a short one before it."""
    from zoo.genome.sequence import write_twobit

    random = np.random.default_rng(0)
    lengths = {"chr1": length, "chr2": 40 * OUTPUT}
    write_twobit(
        folder / "genome.2bit", {chrom: random.integers(0, 4, size, np.uint8) for chrom, size in lengths.items()}
    )


def main(options: argparse.Namespace) -> None:
    """Print a row for each network and length, then one for each training step."""
    header = ("parameters", "bp", "bare/s", "single/s", "tiled/s", "of bare", "of single", "difference", "peak MB")
    print("{:>12} {:>10} {:>8} {:>9} {:>8} {:>8} {:>9} {:>10} {:>8}".format(*header))
    for filters in options.filters:
        for length in options.lengths:
            length = length // 10 if filters > LARGE else length
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                write_genome(folder, length)
                found = worker("measure", filters, folder, options.batch)
                found |= worker("only_predict", filters, folder, options.batch)
            print(
                f"{found['parameters']:>12,} {length:>10,} {found['bare']:>8.1f} {found['single']:>9.1f} "
                f"{found['tiled']:>8.1f} {found['tiled'] / found['bare']:>8.2f} "
                f"{found['tiled'] / found['single']:>9.2f} {found['difference']:>10.1e} {found['peak']:>8,.0f}",
                flush=True,
            )
    missing = [name for name in ("torch", "bpnetlite") if importlib.util.find_spec(name) is None]
    for filters in options.filters:
        batch = options.batch // 8 if filters > LARGE else options.batch
        ours = worker("step", filters, Path(), batch)["step"]
        line = f"training step, {filters} filters, batch {batch}: {ours:.3f} s"
        if missing:
            print(f"{line}; not compared with bpnet-lite: {' and '.join(missing)} not installed", flush=True)
            continue
        other = worker("original_step", filters, Path(), batch)["step"]
        print(f"{line}, bpnet-lite {other:.3f} s, ratio {ours / other:.2f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        what, filters, folder, batch = sys.argv[2:]
        print(json.dumps(WORKERS[what](int(filters), Path(folder), int(batch))))
    else:
        parser = argparse.ArgumentParser(description="Measure BPNet networks; see the file's head.")
        parser.add_argument("--filters", nargs="+", type=int, default=[64, 512])
        parser.add_argument("--lengths", nargs="+", type=int, default=[1_000_000, 3_000_000])
        parser.add_argument("--batch", type=int, default=64)
        main(parser.parse_args())

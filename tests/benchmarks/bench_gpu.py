"""Windows per second on a GPU: bare pass, stretches, files to files, training step, DeepLIFT; limits, and what is slow.

Usage: python tests/benchmarks/bench_gpu.py [--backend jax] [--cpu] [--model NAME] [--bp 100000000] [--batch 4096]

Needs no file and no network: genome and track are synthetic, and the weights are random and of maxATAC's full size
where the model cannot be had. Without a GPU nothing is measured, unless with --cpu. The limits are those of this
device, measured in the same run: products of large matrices, copies within its memory, and copies to it.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

REFERENCES, PRECISIONS = 20, ("float32", "bfloat16")
_AHEAD = 4  # calls that wait on the device
DEFAULTS = {
    "gpu": {"bp": 100_000_000, "batch": 4096, "size": 8192},
    "cpu": {"bp": 4_000_000, "batch": 256, "size": 2048},
}


class Device:
    """What Keras does not have: a function compiled for a backend, arrays that lie on its device, and waiting.

    Args:
        backend: of Keras.
        is_gpu: else the CPU.
        seconds: that each figure is measured for.
    """

    def __init__(self, backend: str, is_gpu: bool, seconds: float) -> None:
        self._seconds = seconds
        self.jax, self._jit = backend == "jax", is_gpu  # on the CPU TensorFlow is faster without XLA, as in predictions

    def put(self, array: np.ndarray, dtype: str = "float32"):
        """An array on the device."""
        if self.jax:
            import jax

            return jax.device_put(array.astype(jax.numpy.dtype(dtype)))
        import tensorflow as tf

        return tf.identity(tf.cast(tf.constant(array), dtype))

    def compiled(self, function: Callable) -> Callable:
        """A function of arrays on the device."""
        if self.jax:
            import jax

            return jax.jit(function)
        import tensorflow as tf

        return tf.function(function, jit_compile=self._jit)

    def wait(self, result) -> None:
        """Until a result is there: one number of it is copied back."""
        if self.jax:
            result.block_until_ready()
        else:
            result[(0,) * len(result.shape)].numpy()

    def per_second(self, call: Callable[[], object], ahead: int = 0) -> float:
        """Calls per second, after one that does not count.

        Args:
            call: returns an array on the device, or what is done already.
            ahead: how many calls the device may have before it.
        """
        wait = self.wait if ahead else lambda result: None
        wait(call())
        began, count, waiting = time.perf_counter(), 0, []
        while time.perf_counter() - began < self._seconds:
            waiting.append(call())
            count += 1
            if len(waiting) > ahead:
                wait(waiting.pop(0))
        for result in waiting:
            wait(result)
        return count / (time.perf_counter() - began)


def model_of(name: str):
    """The model of a name; else one of maxATAC's size with random weights."""
    import zoo
    from zoo.errors import ZooError
    from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

    try:
        return zoo.load(name)
    except ZooError as error:
        print(f"{name} cannot be had ({str(error).splitlines()[0]}): random weights")
    track = TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0)
    spec = ModelSpec(
        name="benchmark/RANDOM",
        description="random weights",
        architecture=Architecture("maxatac", {}),
        input=InputSpec(1024, "none", (track,)),
        outputs=(OutputSpec(32, 32, 0, "RANDOM", "binding score", name="binding", kind="binding"),),
        prediction=PredictionSpec(256, ("forward", "reverse_complement")),
        metrics={},
        provenance={"source": "benchmark"},
    )
    return zoo.Model(spec, zoo.build("maxatac"))


def work_of(network) -> tuple[float, float]:
    """Of a window: floating-point operations, and bytes of layers written once and read once."""
    products = numbers = 0
    for layer in network.layers:
        size = int(np.prod([each or 1 for each in layer.output.shape[1:]]))
        numbers += size
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            products += int(np.prod(kernel.shape)) * size // int(kernel.shape[-1])
    return 2.0 * products, 8.0 * numbers


def limits(device: Device, size: int) -> dict[str, float]:
    """Of the device: operations per second by type, and bytes per second within its memory and to it."""
    from keras import ops

    random, found = np.random.default_rng(0).random((size, size), np.float32), {}
    for dtype in PRECISIONS:
        one, product = device.put(random, dtype), device.compiled(ops.matmul)
        found[dtype] = 2.0 * size**3 * device.per_second(lambda: product(one, one), _AHEAD)  # noqa: B023
    large, added = device.put(np.zeros(8 * size * size, np.float32)), device.compiled(lambda x: x + 1.0)
    found["memory"] = 64.0 * size * size * device.per_second(lambda: added(large), _AHEAD)
    host = np.zeros((4 * size, size), np.uint8)
    found["to it"] = host.nbytes * device.per_second(lambda: device.put(host, "uint8"), _AHEAD)
    return found


def bare(model, device: Device, batch: int, precision: str) -> float:
    """Windows per second of the network alone on a batch that lies on the device."""
    from zoo.forward.lowering import lowered

    network = model.network if precision == "float32" else lowered(model.network)
    shape = network.input_shape[0] if isinstance(network.input_shape, list) else network.input_shape
    x = device.put(np.random.default_rng(0).random((batch, *shape[1:]), np.float32))
    if device.jax:
        weights = [
            [each.value for each in some] for some in (network.trainable_variables, network.non_trainable_variables)
        ]
        run = device.compiled(lambda *given: network.stateless_call(*given, training=False)[0])
        return batch * device.per_second(lambda: run(*weights, x), _AHEAD)
    run = device.compiled(lambda given: network(given, training=False))
    return batch * device.per_second(lambda: run(x), _AHEAD)


def stretches(model, device: Device, batch: int, precision: str) -> float:
    """Windows per second from a stretch in the host's memory to scores there."""
    forward, stride = model.forward(("forward",), None, precision), model.spec.prediction.stride
    along, random = forward.along(batch, stride), np.random.default_rng(0)
    rows = [random.integers(0, 4, along.length).astype(np.uint8)]
    rows += [random.random(along.length, np.float32) for _ in model.spec.input.tracks]
    return batch * device.per_second(lambda: along.codes(*rows))


def files(model, folder: Path, batch: int, precision: str, name: str) -> tuple[int, float]:
    """Windows, and seconds from files to finished files; what is compiled is compiled before.

    But for a precision below float32: the sidecar has the difference, which compiles the network in float32 once more.
    """
    from zoo.genome.sequence import Genome

    arguments = {"genome": folder / "genome.2bit", "batch_size": batch, "precision": precision, "threshold": None}
    if model.spec.input.tracks:
        arguments["signal"] = folder / "atac.bw"
    most = batch * model.spec.prediction.stride + 2 * model.spec.input.window
    most = min(most, Genome(arguments["genome"]).sizes["chr1"])
    model.predict(**arguments, regions=f"chr1:1-{most}")
    began = time.perf_counter()
    made = model.predict(**arguments, output=folder / name)
    return made.windows, time.perf_counter() - began


def reading(model, folder: Path) -> float:
    """Seconds to read genome and track, block by block."""
    signal = folder / "atac.bw" if model.spec.input.tracks else None
    inputs = model.inputs(folder / "genome.2bit", signal, None, None, None, None)
    began = time.perf_counter()
    for chrom, length in inputs.lengths.items():
        for first in range(0, length, 1 << 20):
            inputs.reader.rows(chrom, first, min(first + (1 << 20), length))
    return time.perf_counter() - began


def writing(folder: Path, name: str) -> float:
    """Seconds to write the bins of a prediction again."""
    from zoo.genome.bigwig import Writer
    from zoo.genome.signal import Signal

    track = Signal(folder / f"{name}.bw")
    length, size = track.sizes["chr1"], 32
    values = np.nan_to_num(track.values("chr1", 0, length)[::size]).astype(np.float32)
    starts = np.arange(0, length, size)
    began = time.perf_counter()
    with Writer(folder / "again.bw", {"chr1": length}) as writer:
        writer.add("chr1", starts, np.minimum(starts + size, length), values)
    return time.perf_counter() - began


def training(model, device: Device, batch: int) -> float:
    """Windows per second of training steps on one batch."""
    import keras

    network = keras.models.clone_model(model.network)
    network.compile(optimizer="adam", loss="binary_crossentropy")
    random = np.random.default_rng(0)
    x = random.random((batch, *network.input_shape[1:]), np.float32)
    y = (random.random((batch, *network.output_shape[1:])) > 0.9).astype(np.float32)
    return batch * device.per_second(lambda: network.train_on_batch(x, y))


def deeplift(model, device: Device, count: int) -> float:
    """Windows per second of contribution scores over 20 shuffled references, shuffling included."""
    from zoo.genome.encode import one_hot

    random, reads = np.random.default_rng(0), model.spec.input
    x = np.zeros((count, reads.window, reads.channels), np.float32)
    x[..., :4] = one_hot(random.integers(0, 4, (count, reads.window)))
    x[..., 4:] = random.random((count, reads.window, reads.channels - 4))
    return count * device.per_second(lambda: model.attribute(x, method="deeplift", count=REFERENCES))


def report(options: argparse.Namespace, backend: str, device_name: str) -> None:
    """Measure everything and print it."""
    from zoo.data import synthetic

    device, model = Device(backend, not options.cpu, options.seconds), model_of(options.model)
    of_device, (flops, moved) = limits(device, options.size), work_of(model.network)
    versions = f"Keras {version('keras')}, {backend} {import_module(backend).__version__}"
    print(f"{device_name}, {os.cpu_count()} processors, {platform.machine()}, {versions}; {model.spec.name}")
    print(f"a window: {flops / 1e6:.1f} MFLOP, {moved / 1e6:.2f} MB written and read; batches of {options.batch:,}")
    stride, tracks = model.spec.prediction.stride, len(model.spec.input.tracks)
    sent = stride * (1 + 4 * tracks)
    bounds = {
        "arithmetic, float32": of_device["float32"] / flops,
        "arithmetic, bfloat16": of_device["bfloat16"] / flops,
        "memory of the device": of_device["memory"] / moved,
        "copies to the device": of_device["to it"] / sent,
    }
    print(f"\n{'limits (measured on this device)':<44} {'windows/s':>12}")
    for name, bound in bounds.items():
        print(f"{name:<44} {bound:>12,.0f}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        synthetic.make(folder, {"chr1": options.bp})
        print(f"\n{'measured':<44} {'windows/s':>12} {'of bare':>8}")
        show_predictions(model, device, folder, options)
    print(f"{'training step':<44} {training(model, device, min(options.batch, 512)):>12,.0f}")
    count = max(min(options.batch // 8, 64), 2)
    print(f"{f'DeepLIFT, {REFERENCES} references':<44} {deeplift(model, device, count):>12,.1f}")


def show_predictions(model, device: Device, folder: Path, options: argparse.Namespace) -> None:
    """Print a row for each way to predict, and where the time from files to files goes."""
    spent = ""
    for precision in options.precisions:
        alone = bare(model, device, options.batch, precision)
        print(f"{f'bare pass, {precision}':<44} {alone:>12,.0f} {1:>8.2f}")
        fast = stretches(model, device, options.batch, precision)
        print(f"{f'stretches in memory, {precision}':<44} {fast:>12,.0f} {fast / alone:>8.2f}")
        windows, seconds = files(model, folder, options.batch, precision, precision)
        whole = windows / seconds
        print(f"{f'files to files, {precision}':<44} {whole:>12,.0f} {whole / alone:>8.2f}")
        parts = {"reading": reading(model, folder), "stretches": windows / fast, "writing": writing(folder, precision)}
        shown = ", ".join(f"{name} {100 * each / seconds:.0f} %" for name, each in parts.items())
        spent += f"{f'{precision}, {options.bp:,} bp in {seconds:.1f} s':<44} {shown}\n"
    print(f"\nwhere the time goes (each alone; they overlap)\n{spent}")


def main() -> None:
    """Measure, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=("jax", "tensorflow"), default="tensorflow")
    parser.add_argument("--cpu", action="store_true", help="measure on the CPU, and less")
    parser.add_argument("--model", default="maxatac/CTCF")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--seconds", type=float, default=2.0, help="that each figure is measured for")
    for name in ("bp", "batch", "size"):
        parser.add_argument(f"--{name}", type=int)
    options = parser.parse_args()
    os.environ["KERAS_BACKEND"] = options.backend
    if options.cpu:
        os.environ |= {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    import keras

    found = keras.distribution.list_devices("cpu" if options.cpu else "gpu")
    if not found:
        print(f"skipped: {options.backend} finds no GPU (--cpu measures on the CPU)")
        sys.exit()
    for name, value in DEFAULTS["cpu" if options.cpu else "gpu"].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    report(options, options.backend, found[0])


if __name__ == "__main__":
    main()

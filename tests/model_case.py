"""What every architecture of the zoo has to show: one class of tests, a few lines to describe each network.

A new architecture adds a subclass to `tests/test_architectures.py`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from attributing import explain, off

import zoo
from registry import typed
from zoo import weights
from zoo.forward.lowering import lowered
from zoo.spec import Architecture

_WORKER = """
import json, sys, numpy as np, zoo
from pathlib import Path
from zoo import weights
for line in sys.stdin:
    folder, name, config = json.loads(line)
    network = zoo.build(name, **config)
    weights.load(network, Path(folder) / "model.weights.h5")
    answers = network(np.load(Path(folder) / "inputs.npy"), training=False)
    answers = answers if isinstance(answers, dict) else {"only": answers}
    arrays = {key: getattr(value, "detach", lambda value=value: value)() for key, value in answers.items()}
    np.savez(Path(folder) / "answers.npz", **{key: np.asarray(array) for key, array in arrays.items()})
    print("done", flush=True)
"""


class Worker:
    """Another process with a backend of its own, which answers with the outputs of networks."""

    def __init__(self, backend: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            env={**os.environ, "KERAS_BACKEND": backend},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, folder: Path, name: str, config: dict) -> list[np.ndarray]:
        """Outputs of the weights and inputs in a folder."""
        print(json.dumps([str(folder), name, config]), file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "done\n"
        answers = np.load(folder / "answers.npz")
        return [answers[key] for key in answers.files]

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def unfilled(name: str, **config: object) -> keras.Model:
    """A network whose weights have shapes and no values: nothing of the size of the largest ones is allocated."""
    with keras.StatelessScope(initialize_variables=False):
        network = zoo.build(name, **config)
    keras.utils.clear_session()  # which forgets that the weights wait for their values
    return network


def outputs(network: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    """The arrays that a network answers with."""
    answers = network(x, training=False)
    return [np.asarray(value) for value in (answers.values() if isinstance(answers, dict) else [answers])]


class ModelCase:
    """A network's tests. Subclasses say what it is.

    Attributes:
        name: of the architecture.
        small: arguments that make it fast; the tests below the first two use these.
        parameters: trainable parameters with default arguments.
        shape: of the default output, without the batch.
        head: parameters that the mappability head adds, or None if the network has none.
        positions: of the mappability head.
        depthwise: depthwise convolutions of the small network.
    """

    name: str
    small: dict
    parameters: int
    shape: tuple[int, ...]
    head: int | None = None
    positions: int | None = None
    depthwise = 0

    @pytest.fixture(scope="class")
    @classmethod
    def network(cls) -> keras.Model:
        """The small network, every tensor moved away from its special beginning (zeros and ones hide mistakes)."""
        keras.utils.set_random_seed(3)
        network = zoo.build(cls.name, **cls.small)
        random = np.random.default_rng(3)
        for weight in network.weights:
            moved = 0.1 * random.normal(size=weight.shape)
            weight.assign_add(np.abs(moved) if "variance" in weight.path else moved)
        return network

    @pytest.fixture(scope="class")
    @classmethod
    def x(cls, network: keras.Model) -> np.ndarray:
        """Three windows: random bases with a run of N, random bases, and none at all."""
        random = np.random.default_rng(4)
        window, channels = network.input_shape[1:]
        codes = random.integers(0, 4, (3, window))
        codes[0, 20:60], codes[2] = 4, 4
        x = np.zeros((3, window, channels), np.float32)
        x[..., :4] = np.eye(5, dtype=np.float32)[codes][..., :4]
        x[:2, :, 4:] = random.random((2, window, channels - 4))
        return x

    def shown(self, network: keras.Model) -> keras.Model:
        """The network with the output that `shape` is of."""
        return network

    def test_published_size(self):
        network = zoo.build(self.name)
        assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == self.parameters
        assert self.shown(network).output_shape == (None, *self.shape)

    def test_mappability_head(self):
        if self.head is None:
            pytest.skip(f"{self.name} has no mappability head")
        network = zoo.build(self.name, mappability=True)
        assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == self.parameters + self.head
        assert {name: value.shape for name, value in network.output.items()} == {
            "accessibility": (None, *self.shape),
            "mappability": (None, self.positions, 1),
        }

    def test_config_goes_through_json(self, network: keras.Model):
        told = Architecture(self.name, self.small)
        read = typed.parse(Architecture, json.loads(json.dumps({"name": told.name, "config": told.config})), "here")
        again = zoo.build(read.name, **read.config)
        assert [w.shape for w in again.weights] == [w.shape for w in network.weights]
        assert again.output_shape == network.output_shape

    def test_keras_file_goes_round(self, network: keras.Model, x: np.ndarray, tmp_path: Path):
        network.save(tmp_path / "network.keras")
        again = keras.saving.load_model(tmp_path / "network.keras", compile=False)
        for one, other in zip(outputs(again, x), outputs(network, x), strict=True):
            assert np.array_equal(one, other)

    def test_weights_go_round_bit_for_bit(self, network: keras.Model, tmp_path: Path):
        network.save_weights(tmp_path / "model.weights.h5")
        again = zoo.build(self.name, **self.small)
        weights.load(again, tmp_path / "model.weights.h5")
        for one, other in zip(again.get_weights(), network.get_weights(), strict=True):
            assert np.array_equal(one, other)

    def test_gradients_are_finite(self, network: keras.Model, x: np.ndarray):
        x = tf.constant(x)
        for training in (False, True):
            with tf.GradientTape() as tape:
                tape.watch(x)
                answers = tf.nest.flatten(network(x, training=training))
                loss = tf.add_n([tf.reduce_mean(answer**2) for answer in answers])
            variables = [weight.value for weight in network.trainable_weights]
            gradients = tape.gradient(loss, [x, *variables])
            assert all(np.isfinite(gradient).all() for gradient in gradients)
            assert all(np.abs(gradients[0][i]).max() > 0 for i in (0, 1))

    def test_any_batch_size_gives_the_same(self, network: keras.Model, x: np.ndarray):
        together = outputs(network, x)
        for i in range(len(x)):
            for one, all_of_them in zip(outputs(network, x[i : i + 1]), together, strict=True):
                np.testing.assert_allclose(one[0], all_of_them[i], atol=2e-6, rtol=1e-5)

    def test_answers_depend_on_the_window(self, network: keras.Model, x: np.ndarray):
        for answer in outputs(network, x):
            assert answer[0].size == 1 or answer[0].std() > 1e-4
            assert np.abs(answer[0] - answer[1]).max() > 1e-4

    @pytest.mark.parametrize(("method", "most"), [("deeplift", 1e-4), ("integrated_gradients", 1e-2)])
    def test_attributions_add_up(self, network: keras.Model, x: np.ndarray, method: str, most: float):
        found = explain(self.shown(network), x[:1], method, references="mononucleotide_shuffle", count=2)
        answers = np.abs(outputs(self.shown(network), x[:1])[0]).sum(axis=(1, 2)[: len(self.shape)])
        wanted, parts = np.abs(found.prediction - found.baseline), np.abs(found.values).sum(axis=(1, 2))
        missed = off(found) * wanted
        if method == "integrated_gradients":  # random weights: parts all but cancel, and kinks of pooling do not
            wanted = np.maximum(wanted, 0.1 * parts)
        assert (missed < most * wanted + 1e-6 * answers).all()  # the last: what answers are rounded to
        assert np.abs(found.values).max() > 1e-5

    def test_computes_in_bfloat16(self, network: keras.Model, x: np.ndarray):
        low = lowered(network)
        assert {weight.dtype for weight in low.weights} == {"float32"}
        for one, exact in zip(outputs(low, x), outputs(network, x), strict=True):
            assert one.dtype == np.float32
            assert 0 < np.abs(one - exact).max() < 0.1 * np.abs(exact).max()

    @pytest.mark.parametrize(("policy", "tolerance"), [("mixed_bfloat16", 0.1), ("mixed_float16", 0.02)])
    def test_mixed_precision(self, network: keras.Model, x: np.ndarray, policy: str, tolerance: float):
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            mixed = zoo.build(self.name, **self.small)
        finally:
            keras.config.set_dtype_policy(before)
        mixed.set_weights(network.get_weights())
        for one, exact in zip(outputs(mixed, x), outputs(network, x), strict=True):
            assert one.dtype == np.float32
            assert np.abs(one - exact).max() < tolerance * np.abs(exact).max()

    @pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
    def test_depthwise_convolutions_never_compute_in_half_precision(self, policy: str):
        """TensorFlow 2.21's kernels for some processors hang; whatever the machine of the tests, none is asked to."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            mixed = zoo.build(self.name, **self.small)
        finally:
            keras.config.set_dtype_policy(before)
        depthwise = [layer for layer in mixed._flatten_layers() if "Depthwise" in type(layer).__name__]
        assert [layer.compute_dtype for layer in depthwise] == ["float32"] * self.depthwise
        others = {layer.compute_dtype for layer in mixed._flatten_layers() if isinstance(layer, keras.layers.Conv1D)}
        assert policy.removeprefix("mixed_") in others

    def test_xla_gives_the_same(self, network: keras.Model, x: np.ndarray):
        compiled = tf.function(lambda x: tf.nest.flatten(network(x, training=False)), jit_compile=True)
        for one, other in zip(compiled(x), tf.nest.flatten(network(x, training=False)), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)

    def test_another_process_and_backend(self, network: keras.Model, x: np.ndarray, worker: Worker, tmp_path: Path):
        network.save_weights(tmp_path / "model.weights.h5")
        np.save(tmp_path / "inputs.npy", x)
        for one, other in zip(worker(tmp_path, self.name, self.small), outputs(network, x), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)

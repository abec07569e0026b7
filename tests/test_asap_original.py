"""Imported networks beside the authors' package itself, where that is installed (`atac-asap`, PyTorch, `xlstm`)."""

import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.porting import asap
from zoo.porting.asap_names import CLASSES
from zoo.train.losses import poisson_nll

pytest.importorskip("asap.models", reason="the authors' package is not installed", exc_type=ImportError)
torch = pytest.importorskip("torch", reason="PyTorch is not installed")

VARIANTS = [
    ("cnn", {"bin_size": 8}),
    ("lstm", {"window_size": 1000}),
    ("dcnn", {"residual_blocks": 5, "dilation_mult": 2, "filters3": 0, "bin_size": 8, "window_size": 1024}),
    ("dcnn", {"filters0": 32, "filters1": 16, "filters3": 64, "kernel0": 12, "kernel1": 5, "kernel2": 3}),
    ("convnext_cnn", {}),
    ("convnext_lstm", {}),
    ("convnext_lstm", {"window_size": 1024, "bin_size": 8}),
    ("convnext_dcnn", {"residual_blocks": 3, "kernel2": 3, "filters0": 32, "filters1": 16, "filters3": 64}),
    ("convnext_transformer", {"channels": 32, "core_layers": 2, "conv_grn": False, "nr_tracks": 2, "stem_k_size": 9}),
    ("convnext_transformer", {"channels": 32, "core_layers": 1, "core_inv_bottleneckscale": 3, "conv_tower_layers": 2}),
    ("convnext_transformer", {"channels": 32, "core_layers": 0, "conv_inv_bottleneckscale": 2}),
    ("xlstm", {}),
    ("xlstm", {"channels": 64, "core_layers": 2, "core_inv_bottleneckscale": 3}),
]


def original(name: str, config: dict, monkeypatch: pytest.MonkeyPatch):
    """The authors' network, with every tensor moved away from its beginning and without dropout."""
    if name == "xlstm":
        pytest.importorskip("xlstm", reason="xlstm is not installed")
        module = importlib.import_module("asap.models.xlstm")
        plain = module.sLSTMLayerConfig  # the authors ask for CUDA there
        monkeypatch.setattr(module, "sLSTMLayerConfig", lambda **given: plain(**{**given, "backend": "vanilla"}))
    else:
        module = importlib.import_module("asap.models")
    torch.manual_seed(1)
    network = getattr(module, CLASSES[name])(**config, use_map=True)
    with torch.no_grad():
        for key, parameter in network.named_parameters():
            if parameter.ndim == 1 or key.endswith(("gamma", "beta", "_recurrent_kernel_")) or "gate.weight" in key:
                parameter.add_(0.1 * torch.randn_like(parameter))
        for key, buffer in network.named_buffers():
            if key.endswith("running_var"):
                buffer.mul_(0.5 + torch.rand_like(buffer))
    for part in network.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        if isinstance(part, torch.nn.MultiheadAttention):
            part.dropout = 0.0
    return network


@pytest.mark.parametrize(("name", "config"), VARIANTS)
def test_outputs_and_weight_gradients(name: str, config: dict, monkeypatch: pytest.MonkeyPatch):
    theirs = original(name, config, monkeypatch)
    random = np.random.default_rng(2)
    codes = random.integers(0, 5, (2, config.get("window_size", 2048)))
    x = np.eye(5, dtype=np.float32)[codes][..., :4]
    ours = asap.from_torch(name, {key: tensor.numpy() for key, tensor in theirs.state_dict().items()}, **config)
    for layer in ours._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0

    theirs.eval()
    with torch.no_grad():
        y, mapped = theirs(torch.from_numpy(x[..., asap.BASES]), return_unmap=True)
    answers = ours(x, training=False)
    np.testing.assert_allclose(answers["accessibility"], y.numpy(), atol=3e-6)
    np.testing.assert_allclose(answers["mappability"], mapped.numpy(), atol=1e-6)

    theirs.train()
    target = random.random(y.shape, np.float32)
    y = theirs(torch.from_numpy(x[..., asap.BASES]))
    (y - torch.from_numpy(target) * torch.log(y + 1e-8)).mean().backward()
    variables = {weight.path: weight.value for weight in ours.trainable_weights}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(poisson_nll(target, ours(x, training=True)["accessibility"]))
    gradients = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    expected = {key: parameter.grad for key, parameter in theirs.named_parameters()}
    first = next(layer.kernel for layer in ours.layers if isinstance(layer, keras.layers.Conv1D))
    largest = max(float(gradient.abs().max()) for gradient in expected.values() if gradient is not None)
    for rule in asap.tensor_rules(name, ours):
        if rule.variable.path not in gradients or expected[rule.tensor] is None:
            continue
        gradient = rule.convert(expected[rule.tensor].numpy())
        gradient = gradient[:, asap.BASES] if rule.variable is first else gradient
        # A near-tie of a maximum pool or a ReLU may fall the other way: 2e-3 of the largest gradient at most.
        difference = np.abs(gradients[rule.variable.path] - gradient)
        assert difference.max() < 2e-3 * largest, rule.tensor
        assert np.median(difference) < 1e-5 * largest, rule.tensor

"""The mean of expected counts over networks that give a profile's logits and the logarithm of a total."""

import math

import keras
from keras import activations, layers, ops

_LEAST = 1e-30  # of a total: one of a pseudocount's size or less has no logarithm


class _Plain:
    """The operations as they are, by the names of `zoo.attribution.rescale.Rescale`."""

    log, maximum = staticmethod(ops.log), staticmethod(ops.maximum)

    @staticmethod
    def unary(function, z):
        return function(z)

    @staticmethod
    def together(z):
        return ops.stop_gradient(z)


@keras.saving.register_keras_serializable("zoo")
class LogMean(layers.Layer):
    """ln of the mean of exp: the mean of counts that are given as logarithms. Of tensors of one shape, that shape."""

    weights_decay = False

    def call(self, inputs):
        """The logarithm of the mean."""
        return ops.logsumexp(ops.stack(inputs), axis=0) - math.log(len(inputs))

    def rescaled(self, rescale, inputs):
        """Term by term: ln(exp a + exp b) = a + softplus(b - a)."""
        total = inputs[0]
        for other in inputs[1:]:
            total = total + rescale.unary(activations.softplus, other - total)
        return total - math.log(len(inputs))

    def compute_output_shape(self, shapes):
        """That of each."""
        return shapes[0]


@keras.saving.register_keras_serializable("zoo")
class LogMixture(layers.Layer):
    """Logits of the mean of expected counts: ln Σ softmax(logits) · (exp(counts) - pseudocount).

    It takes the logits of every network, (batch, bins, tracks), then their counts, (batch, tiles); each tile has as
    many bins, and a softmax of its own over all of its bins and tracks. It returns (batch, bins, tracks).

    Args:
        pseudocount: what the totals have in addition before the logarithm.
    """

    weights_decay = False

    def __init__(self, pseudocount: float, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.pseudocount = pseudocount

    def call(self, inputs):
        """The logits."""
        return self.rescaled(_Plain, inputs)

    def rescaled(self, rescale, inputs):
        """The same, with each exponential and logarithm by its rule."""
        half = len(inputs) // 2
        parts = [self._part(rescale, *pair) for pair in zip(inputs[:half], inputs[half:], strict=True)]
        top = parts[0]
        for other in parts[1:]:
            top = ops.maximum(top, other)
        top = rescale.together(top)
        total = sum(rescale.unary(ops.exp, part - top) for part in parts)
        mixed = rescale.log(total) + top
        return ops.reshape(mixed, (-1, *inputs[0].shape[1:]))

    def _part(self, rescale, logits, counts):
        """ln of a network's expected counts, (batch, tiles, values)."""
        bins, tracks = logits.shape[1:]
        tiles = counts.shape[1]
        logits = ops.reshape(logits, (-1, tiles, bins // tiles * tracks))
        shifted = logits - rescale.together(ops.max(logits, axis=2, keepdims=True))
        norm = rescale.log(ops.sum(rescale.unary(ops.exp, shifted), axis=2, keepdims=True))
        total = rescale.log(rescale.maximum(rescale.unary(ops.exp, counts) - self.pseudocount, _LEAST))
        return shifted - norm + ops.expand_dims(total, 2)

    def compute_output_shape(self, shapes):
        """That of a network's logits."""
        return shapes[0]

    def get_config(self) -> dict:
        """The arguments that make it again."""
        return {**super().get_config(), "pseudocount": self.pseudocount}

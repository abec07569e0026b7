"""The rescale rule of DeepLIFT (Shrikumar et al. 2017, §3.5.1) for every operation of the zoo's networks.

A batch holds n examples and, after them, the R references of each, (n + n · R, …). The forward pass is the network's
own. The backward pass gives the references' part a multiplier in place of each derivative, such that multiplier ×
difference of inputs is the difference of outputs exactly: for a function of one variable the quotient of the
differences, for a product the mean of the other factor over example and reference (which is its Shapley value). Linear
operations need no rule. As an example meets all of its references in one pass, it is computed once and not R times.
"""

from collections.abc import Callable

from keras import activations, ops

from zoo.layers.backward import backward

_SAME = 1e-4  # of a relative difference: the square of it is lost beside 1
_NEAR = 1e-2  # closer than this a quotient of differences loses digits, and the derivative half way between is exact


def softplus_slope(z):
    """d softplus / dz."""
    return ops.sigmoid(z)


def sigmoid_slope(z):
    """d sigmoid / dz."""
    y = ops.sigmoid(z)
    return y * (1 - y)


def tanh_slope(z):
    """d tanh / dz."""
    y = ops.tanh(z)
    return 1 - y * y


def silu_slope(z):
    """d silu / dz."""
    y = ops.sigmoid(z)
    return y * (1 + z * (1 - y))


SLOPES = {
    activations.softplus: softplus_slope,
    activations.sigmoid: sigmoid_slope,
    ops.sigmoid: sigmoid_slope,
    activations.tanh: tanh_slope,
    activations.silu: silu_slope,
    activations.exponential: ops.exp,
    ops.exp: ops.exp,
    ops.expm1: ops.exp,
    ops.log_sigmoid: lambda z: ops.sigmoid(-z),
}


def slope_of(function: Callable) -> Callable | None:
    """The derivative of a smooth function of one variable: its own attribute `slope`, or one of `SLOPES`."""
    return getattr(function, "slope", None) or SLOPES.get(function)


class Rescale:
    """The rules, for batches of examples that have `references` references each.

    Everything takes and returns tensors (n + n · R, …), and multiplies on the backward pass as the module says.
    """

    def __init__(self, references: int) -> None:
        self.references = references

    def split(self, z):
        """Examples (n, 1, …) and references (n, R, …)."""
        count = ops.shape(z)[0] // (self.references + 1)
        shape = tuple(z.shape[1:])
        return ops.reshape(z[:count], (-1, 1, *shape)), ops.reshape(z[count:], (-1, self.references, *shape))

    def midpoint(self, z):
        """Half way between each example and each of its references, (n · R, …)."""
        example, reference = self.split(z)
        return self.flat(0.5 * (example + reference))

    def unary(self, function: Callable, z):
        """A smooth function of one variable, with a derivative by `slope_of`."""
        return self.by(function, lambda z, y: self.quotient(function, z, y), z)

    def quotient(self, function: Callable, z, y):
        """The multiplier of such a function from its inputs and outputs, (n, R, …); its `quotient` if it has one."""
        (a, b), (f, g) = self.split(z), self.split(y)
        if (own := getattr(function, "quotient", None)) is not None:
            return own(a, b)
        difference = a - b
        near = ops.abs(difference) < _NEAR
        return ops.where(near, slope_of(function)(0.5 * (a + b)), (f - g) / ops.where(near, 1.0, difference))

    def relu(self, z):
        """max(z, 0), whose quotient is exact for the smallest difference."""

        def quotient(z, y):
            (a, b), (f, g) = self.split(z), self.split(y)
            same = a == b
            return ops.where(same, ops.cast(a > 0, z.dtype), (f - g) / ops.where(same, 1.0, a - b))

        return self.by(ops.relu, quotient, z)

    def square(self, z):
        """z²: the multiplier is the sum of both."""
        return self.by(ops.square, lambda z, y: sum(self.split(z)), z)

    def sqrt(self, z):
        """√z of z ≥ 0: 1 / (√a + √b), and 0 where both are 0."""

        def quotient(z, y):
            total = sum(self.split(y))
            return ops.where(total > 0, 1 / ops.where(total > 0, total, 1.0), 0.0)

        return self.by(ops.sqrt, quotient, z)

    def log(self, z):
        """ln z of z > 0: exact for the smallest of z, whose differences are small but not beside them."""

        def quotient(z, y):
            (a, b), (f, g) = self.split(z), self.split(y)
            change = (a - b) / b
            same, small = ops.abs(change) < _SAME, ops.abs(change) < 0.5
            ratio = ops.where(small, ops.log1p(ops.where(small, change, 0.0)), f - g)
            return ops.where(same, 2 / (a + b), ratio / ops.where(same, 1.0, a - b))

        return self.by(ops.log, quotient, z)

    def rsqrt(self, z):
        """1 / √z: with a and b the results, -(a b)² / (a + b)."""

        def quotient(z, y):
            a, b = self.split(y)
            return -ops.square(a * b) / (a + b)

        return self.by(ops.rsqrt, quotient, z)

    def reciprocal(self, z):
        """1 / z: minus the product of both results."""

        def quotient(z, y):
            a, b = self.split(y)
            return -a * b

        return self.by(ops.reciprocal, quotient, z)

    def maximum(self, a, b):
        """The larger of two: b + relu(a - b)."""
        return b + self.relu(a - b)

    def multiply(self, a, b):
        """A product of two variables of the same rank, either of which may be 1 long where the other is longer."""

        def fit(gradient, like):
            longer = [axis for axis in range(1, len(like.shape)) if like.shape[axis] == 1 != gradient.shape[axis]]
            return ops.sum(gradient, axis=longer, keepdims=True) if longer else gradient

        @ops.custom_gradient
        def product(a, b):
            @backward
            def gradient(upstream):
                back = self.behind(upstream)
                return (
                    self.alone(fit(back * self.midpoint(b), a), a),
                    self.alone(fit(back * self.midpoint(a), b), b),
                )

            return a * b, gradient

        return product(a, b)

    def matmul(self, a, b):
        """A product of two variable matrices in the last two axes."""

        @ops.custom_gradient
        def product(a, b):
            @backward
            def gradient(upstream):
                back = self.behind(upstream)
                left, right = ops.swapaxes(self.midpoint(b), -1, -2), ops.swapaxes(self.midpoint(a), -1, -2)
                return self.alone(ops.matmul(back, left), a), self.alone(ops.matmul(right, back), b)

            return ops.matmul(a, b), gradient

        return product(a, b)

    def together(self, z):
        """The largest over each example and all its references, for every one of them, without a gradient."""
        example, reference = self.split(ops.stop_gradient(z))
        largest = ops.maximum(example, ops.max(reference, axis=1, keepdims=True))
        return ops.concatenate([largest[:, 0], self.flat(ops.broadcast_to(largest, ops.shape(reference)))])

    def softmax(self, z, axis: int = -1):
        """exp(z - L), with L the logarithm of the sum of exp z along an axis.

        The multiplier of each exponential is a logarithmic mean, that of L is made of those of the exponentials, their
        sum and its logarithm. None is larger than the results and the differences of z: 1 / sum, as a factor of its
        own, would be as large as the largest z of example and reference are apart, to the power of e.
        """
        along = axis if axis < 0 else axis + 1  # of what is split

        @ops.custom_gradient
        def apply(z):
            @backward
            def gradient(upstream):
                pair = self.split(z)
                peak = ops.maximum(*(ops.max(part, axis=along, keepdims=True) for part in pair))
                sums = [ops.logsumexp(part, axis=along, keepdims=True) for part in pair]
                of_sum = _log_mean(*(part - peak for part in pair)) / _log_mean(*(part - peak for part in sums))
                results = _log_mean(*(part - total for part, total in zip(pair, sums, strict=True)))
                back = ops.reshape(self.behind(upstream), (-1, self.references, *z.shape[1:])) * results
                part = back - ops.sum(back, axis=along, keepdims=True) * of_sum
                return self.alone(self.flat(part), z)

            return ops.softmax(z, axis=axis), gradient

        return apply(z)

    def max_pool(self, z, size: int):
        """The largest of `size` positions, stride `size`, of (…, positions, channels).

        The larger of both maxima is a step on the path from the reference's maximum to the example's: what lies before
        it belongs to the position of the example's maximum, what lies after it to that of the reference's (as in
        DeepExplainer of SHAP, Lundberg & Lee 2017).
        """
        positions, channels = z.shape[1] // size, z.shape[2]

        def windows(z):
            return ops.reshape(z[:, : positions * size], (-1, positions, size, channels))

        def largest(z):
            return ops.max(windows(z), axis=2)

        @ops.custom_gradient
        def pool(z):
            y = largest(z)

            @backward
            def gradient(upstream):
                seen = windows(z)
                (a, b), (f, g) = self.split(seen), self.split(ops.expand_dims(y, 2))
                back = ops.expand_dims(ops.reshape(self.behind(upstream), (-1, self.references, *y.shape[1:])), 3)
                peak = ops.maximum(f, g)
                given = back * (_first(a, f) * (peak - g) + _first(b, g) * (f - peak))
                same = a == b
                part = self.flat(ops.where(same, 0.0, given / ops.where(same, 1.0, a - b)))
                part = ops.reshape(part, (-1, positions * size, channels))
                left_over = z.shape[1] - positions * size
                return self.alone(ops.pad(part, ((0, 0), (0, left_over), (0, 0))) if left_over else part, z)

            return y, gradient

        return pool(z)

    def by(self, function: Callable, quotient: Callable, z):
        """`function`, whose multiplier, (n, R, …), is `quotient` of its input and its output."""

        @ops.custom_gradient
        def apply(z):
            y = function(z)

            @backward
            def gradient(upstream):
                return self.alone(self.behind(upstream) * self.flat(quotient(z, y)), z)

            return y, gradient

        return apply(z)

    def behind(self, z):
        """The references' part of a batch, (n · R, …)."""
        return z[ops.shape(z)[0] // (self.references + 1) :]

    def flat(self, z):
        """(n, R, …) → (n · R, …)."""
        return ops.reshape(z, (-1, *z.shape[2:]))

    def alone(self, part, like):
        """The gradient of a batch whose examples are constants."""
        count = ops.shape(like)[0] // (self.references + 1)
        return ops.concatenate([ops.zeros_like(like[:count]), part])


def _log_mean(a, b):
    """(exp a - exp b) / (a - b), of which the limit is exp a."""
    apart = ops.abs(a - b)
    same = apart == 0
    return ops.exp(ops.maximum(a, b)) * ops.where(same, 1.0, -ops.expm1(-apart) / ops.where(same, 1.0, apart))


def _first(z, largest):
    """1 at the first of the positions (axis 3) that are the largest, else 0."""
    hit = ops.cast(z == largest, z.dtype)
    return hit * ops.cast(ops.cumsum(hit, axis=3) < 1.5, z.dtype)

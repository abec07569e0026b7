"""Blocks that networks share, in `keras.ops` only: the same weights give the same numbers on every backend.

Functions take and return symbolic tensors and compose layers of Keras, so that a network is a plain functional graph.
Classes are there for what Keras lacks. A class declares what other rooms need, here and in other packages:

- `rescaled(rescale, inputs)`: what `call` does in inference, with DeepLIFT's multipliers on the backward pass, by the
  rules of `zoo.attribution.rescale.Rescale`; of a cell of `keras.layers.RNN` for all positions at once. Or
  `is_linear = True`, if the layer needs no rule. A subclass with another `call` inherits neither.
- `weights_decay = False`: weight decay leaves out its weights, as it leaves out biases.

An activation function has the attribute `slope`, its derivative; one with kinks also `quotient`, the exact quotient of
differences f(a) - f(b) over a - b, also where a is b.
"""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

"""Which genes the sites of a factor regulate: priors of gene regulatory networks."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

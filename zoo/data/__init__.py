"""Training and evaluation data."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

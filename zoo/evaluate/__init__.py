"""Measures of how well predictions agree with measurements."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

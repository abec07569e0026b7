"""Intervals, sequences, signals and regions. Coordinates are 0-based and half-open throughout."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

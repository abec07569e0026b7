"""Attributions of a model's predictions to bases and signal, and the motifs that they show."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

"""Attributions of a model's predictions to bases and signal, and the motifs that they show."""

from zoo.attribution import methods

__all__ = ["methods"]

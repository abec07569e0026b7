"""Blocks that networks share, in `keras.ops` only: the same weights give the same numbers on every backend.

Functions take and return symbolic tensors and compose layers of Keras, so that a network is a plain functional graph.
Classes are there for what Keras lacks.
"""

"""Pictures. Functions of one plot take a matplotlib Axes and return it; `locus` and others return a figure."""

import importlib

_HOMES = {"locus": "zoo.plot.loci", "Track": "zoo.plot.rows"}


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'zoo.plot' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)

"""From a genome and a signal to predictions: which windows, in batches, stitched, written."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

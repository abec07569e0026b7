"""Many models on many samples in one pass, and what differs between samples."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

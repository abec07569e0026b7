"""The compiled forward pass of a network over views of a window, and the head and tracks of it that are read."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

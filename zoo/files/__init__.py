"""Files that a run writes: complete or not at all, never over what it reads, and resumable."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

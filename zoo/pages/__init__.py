"""Reports as pages that need no network."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

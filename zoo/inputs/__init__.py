"""What a model reads: files opened and matched with one another, windows of them, arrays that are given instead."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

"""Pictures. Every function takes a matplotlib Axes, or makes one, and returns it."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

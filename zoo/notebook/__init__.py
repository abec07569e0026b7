"""What notebooks show of results: HTML of escaped text without colors of its own, and pictures."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

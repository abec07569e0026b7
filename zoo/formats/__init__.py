"""Formats of output: what each one holds, and the function that writes it."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

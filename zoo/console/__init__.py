"""Terminal output and command-line options, for commands and recipes."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

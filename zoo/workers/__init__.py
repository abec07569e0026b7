"""Units of work on other processes and machines: any executor of `concurrent.futures`."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

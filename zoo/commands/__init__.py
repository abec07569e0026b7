"""The sub-commands of `zoo`, one file each with `add(parser)` and `run(options)`; the other modules are shared."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

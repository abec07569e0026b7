"""Training of networks: losses, metrics, schedules, optimizers, tasks and runs."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

"""What differs between samples, clusters or conditions: sites gained and lost, changes of score."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

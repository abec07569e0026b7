"""From reads to the track that a model expects: cut sites, coverage, normalizing, averaging."""

from zoo import lazy

__getattr__, __dir__ = lazy.submodules(__name__)

"""Effects of variants on predictions."""

from zoo.variants import scores

__all__ = ["scores"]

"""What variants do to predictions: effects of alleles."""

from zoo.variants import scores

__all__ = ["scores"]

"""What variants do to predictions: effects of alleles."""

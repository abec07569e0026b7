"""Data that models learn from or are tried on."""

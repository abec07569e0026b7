"""Measures of how well predictions agree with measurements."""

"""Intervals, sequences, signals and regions. Coordinates are 0-based and half-open throughout."""

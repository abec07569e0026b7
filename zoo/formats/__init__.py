"""Formats of output: what each one holds, and the function that writes it."""

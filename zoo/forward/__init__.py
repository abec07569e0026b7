"""A network as it is asked: compiled over views of a window, and what of its answers is looked at."""

"""Pictures. Every function takes a matplotlib Axes, or makes one, and returns it."""

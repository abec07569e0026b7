"""Files that a run writes: complete or not at all, never over what it reads, and resumable."""

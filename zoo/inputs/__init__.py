"""What a model reads: files opened and matched with one another, windows of them, arrays that are given instead."""

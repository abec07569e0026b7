"""From reads to the track that a model expects: cut sites, coverage, normalizing, averaging."""

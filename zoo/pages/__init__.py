"""Reports as pages that need no network."""

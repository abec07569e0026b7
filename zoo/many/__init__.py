"""Many models on many samples in one pass, and what differs between samples."""

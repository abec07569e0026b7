"""From a genome and a signal to predictions: which windows, in batches, stitched, written."""

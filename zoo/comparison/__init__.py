"""What differs between samples, clusters or conditions: sites gained and lost, changes of score."""

"""Other systems' files, already verified, turned into model folders of ours. One module for each system."""

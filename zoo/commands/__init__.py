"""The command lines of sub-commands with many options; the originals' options by their names."""

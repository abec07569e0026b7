"""Terminal output and command-line options, for commands and recipes."""

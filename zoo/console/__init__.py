"""What a terminal shows and what a command line says, for commands and recipes."""

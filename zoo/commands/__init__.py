"""The sub-commands of `zoo`, one file each with `add(parser)` and `run(options)`; the other modules are shared."""

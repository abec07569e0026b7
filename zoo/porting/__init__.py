"""Other systems' files, already verified, turned into model folders of ours. One module for each system."""

import importlib

_SYSTEMS = ("asap", "maxatac")


def __getattr__(name: str):
    if name not in _SYSTEMS:
        raise AttributeError(f"module 'zoo.porting' has no attribute {name!r}; it has {', '.join(_SYSTEMS)}")
    return importlib.import_module(f"zoo.porting.{name}")

"""A Keras 3 / TensorFlow model zoo for regulatory genomics.

    import zoo
    model = zoo.load("maxatac/CTCF")
    model.predict(genome="hg38.2bit", signal="atac.bw", regions="peaks.bed")

Importing this package imports neither TensorFlow nor Keras; loading a model does.
"""

import importlib

__version__ = "0.1.0"

_HOMES = {
    "load": "zoo.loading",
    "fetch": "zoo.loading",
    "info": "zoo.loading",
    "tracks": "zoo.track_rows",
    "doctor": "zoo.checkup",
    "list_models": "registry",
    "search": "registry",
    "build": "zoo.architectures",
    "register_architecture": "zoo.architectures",
    "unregister_architecture": "zoo.architectures",
    "predict_many": "zoo.many.run",
    "compare": "zoo.comparison.run",
    "draw": "zoo.drawing",
    "targets": "zoo.priors.run",
    "chain": "zoo.chaining",
    "ensemble": "zoo.ensembles",
    "one_track": "zoo.single",
    "Model": "zoo.model",
    "Genome": "zoo.genome.sequence",
    "Signal": "zoo.genome.signal",
    "Interval": "zoo.genome.interval",
}
_ROOMS = (
    "architectures",
    "attribution",
    "comparison",
    "evaluate",
    "footprints",
    "layers",
    "plot",
    "porting",
    "prepare",
    "train",
    "variants",
)
__all__ = [*_HOMES, *_ROOMS, "__version__"]


def __getattr__(name: str):
    if name in _ROOMS:
        return importlib.import_module(f"zoo.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

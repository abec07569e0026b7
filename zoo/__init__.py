"""A Keras 3 / TensorFlow model zoo for regulatory genomics.

    import zoo
    model = zoo.load("maxatac/CTCF")
    model.predict(genome="hg38.2bit", signal="atac.bw", regions="peaks.bed")

Importing this package imports neither TensorFlow nor Keras; loading a model does. Each module is an attribute, such as
`zoo.genome.interval`, and imported when it is first asked for.
"""

import importlib

from zoo import lazy
from zoo.startup import QuietImport

__version__ = "0.1.0"

_HOMES = {
    "load": "zoo.loading",
    "fetch": "zoo.loading",
    "info": "zoo.loading",
    "tracks": "zoo.track_rows",
    "doctor": "zoo.checkup",
    "list_models": "zoo.listing",
    "search": "zoo.listing",
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
    "data",
    "errors",
    "evaluate",
    "files",
    "footprints",
    "formats",
    "forward",
    "genome",
    "inputs",
    "layers",
    "many",
    "plot",
    "porting",
    "predict",
    "prepare",
    "priors",
    "spec",
    "train",
    "variants",
)
__all__ = [*_HOMES, *_ROOMS, "__version__"]

QuietImport.install()
_module, _ = lazy.submodules(__name__)


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    try:
        return _module(name)
    except AttributeError as error:
        raise AttributeError(f"{error}; it has {', '.join(__all__)}") from None


def __dir__() -> list[str]:
    return sorted(__all__)

"""TensorFlow's start-up messages, which its C++ libraries write past Python to the error stream, kept off it.

That holds for the import of Keras or TensorFlow by a module of this package, wherever it comes first; never for an
import by anyone else. `TF_CPP_MIN_LOG_LEVEL=0` in the environment shows everything, also what TensorFlow says before it
ends the process.
"""

import sys

_HEAVY = ("keras", "tensorflow")


class QuietImport:
    """An entry of `sys.meta_path` that takes part in one import: this package's first one of Keras or TensorFlow."""

    @classmethod
    def install(cls) -> None:
        """Wait for it, unless one of both is there already."""
        if not set(_HEAVY) & set(sys.modules):
            sys.meta_path.insert(0, cls)

    @classmethod
    def find_spec(cls, name: str, path: object = None, target: object = None) -> object | None:
        """What the other finders find; of that import it runs the module inside `quiet`."""
        if name not in _HEAVY:
            return None
        ours = _importer().startswith("zoo.")
        if ours or name == "tensorflow":  # somebody else's: its messages are theirs
            sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not cls]
        return _quietly(name) if ours else None


def _importer() -> str:
    """The name of the module that imports."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("importlib"):
        frame = frame.f_back
    return "" if frame is None else frame.f_globals.get("__name__", "")


def _quietly(name: str) -> object | None:
    """The spec of a module that runs inside `quiet`."""
    import importlib.util  # only now: `import zoo` takes no time

    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return spec
    run = spec.loader.exec_module

    def execute(module: object) -> None:
        from zoo.startup.quiet import quiet

        del spec.loader.exec_module
        with quiet():
            run(module)

    spec.loader.exec_module = execute
    return spec

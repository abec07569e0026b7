"""What takes seconds to import, only when a command comes to need it."""

import importlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from zoo import loading
from zoo.errors import ZooError
from zoo.files.progress import stage

# What Keras imports only if it is there, and commands have no use for within it: over a third of the import's time.
_UNUSED = ("matplotlib", "pandas", "sklearn")


def load(name: str, component: str | None = None):
    """Load a model, or a part of it; an unknown name is refused before anything heavy is imported."""
    loading.info(name)
    import_keras()
    with stage(f"loading {name}"):
        return loading.load(name, component)


def import_keras() -> None:
    """Import Keras. TensorFlow's start-up messages do not appear (`zoo.startup`).

    Packages that both import only if they are installed, and that commands have no use for there, are not imported.

    Raises:
        ZooError: Keras, or what it shall compute with, is not installed or does not work.
    """
    known = "keras" in sys.modules
    said = nullcontext() if known else stage(f"importing Keras and {_backend() or 'its backend'}")
    try:
        with said, hidden(() if known else unused()):
            importlib.import_module("keras")
    except (ImportError, ValueError, OSError) as error:
        raise ZooError(
            f"Keras and its backend must be installed: {error}",
            received={"KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "tensorflow")},
        ) from None


def unused() -> tuple[str, ...]:
    """Names of these packages; JAX is one of them only under TensorFlow."""
    return (*_UNUSED, "jax") if _backend() == "tensorflow" else _UNUSED


@contextmanager
def hidden(names: Sequence[str]) -> Iterator[None]:
    """Let imports of these fail, as if they were not installed; those that are imported already stay."""
    new = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(new))
    try:
        yield
    finally:
        for name in new:
            del sys.modules[name]


def _backend() -> str | None:
    """As Keras finds it: in the environment, else in its own file; None if that cannot be read."""
    if given := os.environ.get("KERAS_BACKEND"):
        return given
    home = Path.home() if os.access(Path.home(), os.W_OK) else Path("/tmp")
    file = Path(os.environ.get("KERAS_HOME", home / ".keras")).expanduser() / "keras.json"
    try:
        return json.loads(file.read_text(encoding="utf-8")).get("backend", "tensorflow")
    except FileNotFoundError:
        return "tensorflow"
    except (OSError, ValueError, AttributeError):
        return None

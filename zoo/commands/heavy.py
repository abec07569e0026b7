"""What takes seconds to import, only when a command comes to need it."""

import importlib
import os
import sys

from zoo import loading
from zoo.errors import ZooError


def load(name: str, component: str | None = None):
    """Load a model, or a part of it; an unknown name is refused before anything heavy is imported."""
    loading.info(name)
    import_keras()
    return loading.load(name, component)


def import_keras() -> None:
    """Import Keras without TensorFlow's start-up messages, which it writes past Python to the error stream.

    Raises:
        ZooError: Keras, or what it shall compute with, is not installed or does not work.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    errors = os.dup(2)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        importlib.import_module("keras")
    except (ImportError, ValueError, OSError) as error:
        raise ZooError(
            f"Keras and its backend must be installed: {error}",
            received={"KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "tensorflow")},
        ) from None
    finally:
        os.dup2(errors, 2)
        os.close(errors)

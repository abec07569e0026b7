"""Paths that users give: expanded, and refused where the system could only raise an exception of its own."""

import errno
import os
from pathlib import Path

from registry.errors import InputError, masked

__all__ = ["masked", "user_path"]


def user_path(value: object, what: str = "path") -> Path:
    """A path as a user wrote it, with `~` expanded. Nothing need exist there.

    Args:
        value: text or a `Path`.
        what: the argument's name, for the message.

    Raises:
        InputError: not a path, an unknown user after `~`, a NUL character, or a name that is too long for the system.
    """
    try:
        path = Path(value).expanduser()
        os.lstat(path)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refused(value, what, error) from None
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
            raise _refused(value, what, error.strerror) from None
    return path


def _refused(value: object, what: str, problem: object) -> InputError:
    shown = value if not isinstance(value, (str, Path)) or len(str(value)) <= 80 else f"{str(value)[:77]}..."
    return InputError(f"The {what} must be a path ({problem})", received={what: shown})

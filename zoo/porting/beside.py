"""Text files beside a model file, which hold what it does not: names of what it reads or returns."""

from collections.abc import Mapping
from pathlib import Path

from zoo.errors import InputError, IntegrityError

_MOST_TEXT = 16 << 20  # bytes; the 21,907 names of Sei have 1.2 MB


def text_beside(path: Path, name: str) -> str | None:
    """The text of a file beside a model; None if there is none.

    Raises:
        InputError: it cannot be read, or is too large.
    """
    place = path.with_name(name)
    try:
        if not place.is_file():
            return None
        with open(place, "rb") as file:
            data = file.read(_MOST_TEXT + 1)
        if len(data) > _MOST_TEXT:
            raise InputError(f"A file beside a model must have at most {_MOST_TEXT:,} bytes", where=place)
        return data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"A file beside a model must be readable text ({error})", where=place) from None


def disagreeing(path: Path, name: str, received: Mapping[str, object]) -> IntegrityError:
    """That such a file is of another model."""
    return IntegrityError(
        f"The {name} beside a model must list, once, what its network reads or returns",
        where=path.with_name(name),
        received=received,
        hint=f"Move {name} away if it is of another model",
    )

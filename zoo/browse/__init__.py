"""The model browser: one page of all families and models, in a file that needs no network."""

from pathlib import Path

from registry.paths import user_path
from zoo import lazy
from zoo.browse import catalogue, drawing, page
from zoo.errors import InputError
from zoo.files.atomic import check_apart, writing
from zoo.files.keeping import check_absent

_MARK = "<title>Models of chromatin-zoo "  # that a page of ours begins with

__getattr__, __dir__ = lazy.submodules(__name__)


def write(output: str | Path = "models.html", pattern: str = "*", home: str | None = None) -> Path:
    """Write the page of all models that the registry lists.

    Nothing is fetched: models that are neither built in, nor in the cache, nor in a mirror folder are shown with what
    the index and their importers know.

    Args:
        output: the file; one that is there is replaced only if this function wrote it.
        pattern: of names, to show a part of the registry.
        home: a link to the documentation that the page is part of.

    Returns:
        The path of the file.

    Raises:
        InputError: no path, or a file that is no such page.
    """
    path = user_path(output, "output")
    check_apart([path], [])
    _check(path)
    check_absent([path])
    text = page.render(catalogue.collect(pattern), drawing.networks(), home)
    try:
        with writing(path) as handle:
            handle.write(text)
    except OSError as error:
        raise InputError(f"The output must be writable: {error.strerror}", received={"output": str(output)}) from None
    return path


def _check(path: Path) -> None:
    """Raise `InputError` for a file of somebody else's."""
    if not path.exists():
        return
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            ours = _MARK in handle.read(1000)
    except OSError as error:
        raise InputError(f"The output must be a file: {error.strerror}", received={"output": str(path)}) from None
    if not ours:
        raise InputError(
            "An output must replace no file but an earlier page of the model browser",
            received={"output": str(path)},
            hint="Choose another output, or remove that file",
        )

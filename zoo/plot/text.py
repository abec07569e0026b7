"""Text in plots."""

from registry.errors import printable


def plain(text: object) -> str:
    """Text that Matplotlib draws as it is: `$` is no formula, and control characters are their escape sequences."""
    return printable(str(text)).replace("$", r"\$")

"""Text of users in pictures."""

from registry.errors import printable


def plain(text: object) -> str:
    """Text as matplotlib shows it letter by letter: no formulas between `$`, no control characters.

    For everything in a title, a label or a legend that comes from a file or a user: names of files, samples, motifs.
    """
    shown = str(text).encode("utf-8", "backslashreplace").decode()  # bytes of a path that are no UTF-8
    return printable(shown).replace("$", r"\$")

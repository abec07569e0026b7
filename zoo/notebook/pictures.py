"""Pictures in notebooks: figures that show themselves, and pictures inside of HTML.

Pictures are made of results, so that `zoo.plot` imports them. A result that draws itself finds its picture by name.
"""

import base64
import importlib
import io
import sys
from typing import TYPE_CHECKING

from zoo.notebook.tables import text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HOME = "zoo.plot.results"
_FIGURE = ("matplotlib.figure", "Figure")


def drawn(name: str, *values: object, **options: object) -> "Figure":
    """The picture that a function of `zoo.plot.results` makes."""
    return getattr(importlib.import_module(_HOME), name)(*values, **options)


def inline(figure: "Figure", alternative: str) -> str:
    """A figure as an element of HTML, with the text that stands for it."""
    data = base64.b64encode(png(figure)).decode("ascii")
    return f'<img alt="{text(alternative)}" style="max-width:100%" src="data:image/png;base64,{data}">'


def png(figure: "Figure") -> bytes:
    """A figure as a PNG file, cut to what is drawn."""
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    return file.getvalue()


def show_figures() -> None:
    """Let IPython, if that runs, show every figure that a cell ends with.

    It does so by itself only once pyplot is imported, which this package never does. What a user has chosen stays.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    formatters = [] if shell is None else shell.display_formatter.formatters.values()
    if formatters and not any(_knows(formatter) for formatter in formatters):
        shell.display_formatter.formatters["image/png"].for_type_by_name(*_FIGURE, png)


def _knows(formatter) -> bool:
    try:
        return formatter.lookup_by_type(".".join(_FIGURE)) is not None
    except KeyError:
        return False

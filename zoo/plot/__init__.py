"""Pictures. Every function takes a matplotlib Axes, or makes one, and returns it."""

from zoo import lazy
from zoo.notebook.pictures import show_figures

__getattr__, __dir__ = lazy.submodules(__name__)
show_figures()

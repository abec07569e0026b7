"""Pictures. Functions of one plot take a matplotlib Axes and return it; `locus` and others return a figure."""

from zoo import lazy
from zoo.notebook.pictures import show_figures

__getattr__, __dir__ = lazy.submodules(__name__, {"locus": "zoo.plot.loci", "Track": "zoo.plot.rows"})
show_figures()

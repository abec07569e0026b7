"""Measures of how well predictions agree with measurements."""

from zoo import lazy

# Reports lie below `zoo.prepare`, which writes one, too; they are found here as before.
__getattr__, __dir__ = lazy.submodules(__name__, {"report": "zoo.pages"})

"""Settings of Sphinx for the documentation site; `build.py` calls it."""

import re

from zoo import __version__

project = "chromatin-zoo"
author = "the authors of chromatin-zoo"
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"chromatin-zoo {__version__}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_copyright = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses for those from a disk
exclude_patterns = ["static"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks are shown as they were stored
nb_ipywidgets_js = {}  # nothing is loaded from elsewhere
default_role = "literal"
nitpicky = True
nitpick_ignore_regex = [("py:(class|exc)", ".*")]  # types of other libraries, and in words
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
add_module_names = False
python_display_short_literal_types = True
suppress_warnings = ["myst.header"]  # a page of the README's begins below its title


def _plain(app, what: str, name: str, thing: object, options, lines: list[str]) -> None:
    """Escape what reStructuredText reads as signs: docstrings are plain text with `code` between backticks."""
    parts = re.split(r"`([^`]*)`", "\n".join(lines))
    parts[::2] = [re.sub(r"([*|_])(?=\W|$)|([*|])", r"\\\1\2", part) for part in parts[::2]]
    parts[2::2] = [re.sub(r"^(?=\w)", r"\\ ", part) for part in parts[2::2]]  # code may be followed by a letter
    parts[1::2] = [f"``{part}``" for part in parts[1::2]]
    lines[:] = "".join(parts).split("\n")


def setup(app) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _plain, priority=100)  # before Napoleon

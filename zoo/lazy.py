"""Modules of a package as its attributes, each imported when it is first asked for."""

import importlib
import sys
from collections.abc import Callable, Mapping


def submodules(
    package: str, homes: Mapping[str, str] | None = None
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package, so that `import zoo` is enough for `zoo.genome.enriched`.

    Args:
        package: its full name, which is that of a module that is being imported.
        homes: name → the module of a function or class that is an attribute of the package, too.

    Returns:
        Functions: name → the module or object of that name, or `AttributeError`; and the names of all, with what else
        is there.
    """

    homes = homes or {}

    def find(name: str) -> object:
        if name in homes:
            return getattr(importlib.import_module(homes[name]), name)
        full = f"{package}.{name}"
        if not name.startswith("_"):
            try:
                return importlib.import_module(full)
            except ModuleNotFoundError as error:
                if error.name != full:
                    raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        import pkgutil  # only for those who look

        module = sys.modules[package]
        inside = {each.name for each in pkgutil.iter_modules(module.__path__) if not each.name.startswith("_")}
        return sorted(inside | homes.keys() | vars(module).keys())

    return find, names

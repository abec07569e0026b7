"""What other installed packages add, by their entry points: found by name, loaded when first asked for."""

from collections.abc import Callable
from importlib import metadata

from zoo.errors import InputError, warn


def find(group: str, name: str, check: Callable[[object], None]) -> object | None:
    """What an installed package offers under a name.

    Args:
        group: of entry points.
        name: of the entry point.
        check: raises what is wrong with an object.

    Returns:
        The object; None if no package offers one. One that cannot be loaded, or that `check` refuses, is a
        `ZooWarning` that names the package, and None.

    Raises:
        InputError: several packages offer the name.
    """
    points = tuple(metadata.entry_points(group=group, name=name))
    packages = [point.dist.name if point.dist else point.value for point in points]
    if len(points) > 1:
        raise InputError(
            f"A name of {group} must be offered by one installed package",
            received={"name": name, "packages": packages},
            hint="Uninstall all but one of them",
        )
    for point, package in zip(points, packages, strict=True):
        try:
            offered = point.load()
            check(offered)
            return offered
        except (Exception, SystemExit) as error:  # whatever importing a package can do
            problem = (str(error).splitlines() or [""])[0][:200]
            warn(
                f"The package {package} offers {name!r} ({group}), which cannot be used: "
                f"{type(error).__name__}: {problem}"
            )
    return None

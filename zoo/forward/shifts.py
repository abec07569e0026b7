"""Views of shifted windows, by their names: `reverse_complement:+1`."""


def named(view: str, shift: int) -> str:
    """The name of a view of a window that is moved `shift` bp to the right."""
    return f"{view}:{shift:+d}" if shift else view


def parted(view: str) -> tuple[str, int]:
    """The view and the shift of a name."""
    name, _, shift = view.partition(":")
    return name, int(shift or 0)

"""Bytes and seconds as people say them."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def size(count: float) -> str:
    """Bytes, such as "45 MB" or "3.1 TB"."""
    unit = 0
    while count >= 999.5 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.{0 if unit == 0 or count >= 9.95 else 1}f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """Seconds, such as "12 s", "5 min" or "3.2 h"."""
    if seconds < 90:
        return f"{seconds:.{0 if seconds >= 9.95 else 1}f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

"""Progress bars, which are also where long work notices that it is to stop."""

from tqdm import tqdm

_interrupted = False


def interrupt() -> None:
    """Have the next progress of whatever runs raise `KeyboardInterrupt`.

    Python raises it once, wherever it is; inside a callback of a C library that is printed and forgotten.
    """
    global _interrupted
    _interrupted = True


class Progress(tqdm):
    """A progress bar; silent without a terminal, unless requested.

    Args:
        what: the text before it.
        unit: of what is counted.
        total: how many there are.
        done: how many were done before.
        shown: show it; by default in a terminal only.
    """

    def __init__(self, what: str, unit: str, total: int, done: int = 0, shown: bool | None = None) -> None:
        hidden = None if shown is None else not shown
        super().__init__(desc=what, unit=unit, total=total, initial=done, unit_scale=True, disable=hidden)

    def update(self, n: float = 1) -> bool | None:
        """Count `n` more. Raises `KeyboardInterrupt` after `interrupt`."""
        global _interrupted
        if _interrupted:
            _interrupted = False
            raise KeyboardInterrupt
        return super().update(n)

"""`python -m zoo` is the command `zoo`; both begin in `main`."""

import os
import signal
import sys
from contextlib import suppress

_importing = True


def main() -> int:
    """Run the command line; a signal ends it with one line, whenever it comes."""
    global _importing
    try:
        signal.signal(signal.SIGINT, _interrupt)
        from zoo.cli import main as run

        _importing = False
        status = run()
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
        if sys.stderr is not None:
            print("zoo: interrupted.", file=sys.stderr, flush=True)
    if status > 128:  # the end of a process that was asked to stop is not worth waiting for
        with suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
        os._exit(status)
    return status


def _interrupt(number: int, *_: object) -> None:
    """Ctrl-C before the command handles it, or when it has ended and cleaned up."""
    if _importing:
        raise KeyboardInterrupt
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m zoo` is the command `zoo`; both begin in `main`."""

import os
import signal
import sys


def main() -> int:
    """Run the command line. A signal ends it in one line while it is still being imported, and at once afterwards."""
    try:
        from zoo.cli import main as run

        status = run()
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if sys.stderr is not None:
            print("zoo: interrupted.", file=sys.stderr)
    for number in (signal.SIGINT, signal.SIGTERM):  # nothing is left that would have to be cleaned up
        signal.signal(number, lambda *_: os._exit(status))
    return status


if __name__ == "__main__":
    sys.exit(main())

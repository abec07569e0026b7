#!/usr/bin/env bash
# Sets everything up in a virtual environment and runs ruff and all tests. More arguments go to pytest.
# ZOO_SHARED names the folder of goldens and real data; without it the tests that need it say so and skip.
set -euo pipefail
zoo_extras=test
source "$(dirname "${BASH_SOURCE[0]}")/../recipes/environment.sh"
cd "$zoo_root"
ruff check .
ruff format --check .
if ! command -v chromium > /dev/null && command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
  # The report is opened in a browser; without one that test says so and skips.
  { timeout 120 apt-get update -qq && timeout 300 apt-get install -y -qq --no-install-recommends chromium; } \
    > /dev/null 2>&1 ||
    echo "Chromium could not be installed; the browser test skips" >&2
fi
# Two at a time: most tests start processes or wait; files stay whole, because what they share is made once a file.
# Nothing waits for ever: a wait, a test (.pytest.ini, conftest.py) and the whole have limits, and say where they stood.
# A worker that a hang in a C library ended is replaced once: pytest-xdist would give the same test to the next one.
timeout --signal=INT --kill-after=60 "${ZOO_TEST_LIMIT:-5000}" \
  python -m pytest -n 2 --dist loadfile --max-worker-restart=1 "$@"

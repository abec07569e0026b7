#!/usr/bin/env bash
# Sets everything up in a virtual environment and runs ruff and all tests. More arguments go to pytest.
# ZOO_SHARED names the folder of goldens and real data; without it the tests that need it say so and skip.
set -euo pipefail
zoo_extras=test
source "$(dirname "${BASH_SOURCE[0]}")/../recipes/environment.sh"
cd "$zoo_root"
ruff check .
ruff format --check .
python -m pytest "$@"

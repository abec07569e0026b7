#!/usr/bin/env bash
# Sets up the environment of the extra `tfio` (TensorFlow 2.16, tensorflow-io, NumPy 1) and runs its tests there.
# ZOO_TFIO_VENV names the environment; default .venv-tfio.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv="${ZOO_TFIO_VENV:-$PWD/.venv-tfio}"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --editable '.[tfio]' pytest
"$venv/bin/python" -m pytest tests/test_tfio.py tests/test_data_cache.py "$@"

#!/usr/bin/env bash
# From nothing to a picture: installs the project in a virtual environment and predicts CTCF binding.
# On real data (GM12878, chr20) if ZOO_SHARED names a folder that has it, else on a synthetic genome made on the spot.
# Usage: bash recipes/demo.sh [OUTPUT_FOLDER]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec python "$zoo_root/recipes/demo.py" "$@"

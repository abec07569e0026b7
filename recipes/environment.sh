# Sourced by scripts that must run on a machine with nothing but Python: makes the virtual environment .venv (or
# $ZOO_VENV) of this checkout, once, and installs the project in it with the extras named in $zoo_extras.
zoo_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
zoo_venv=${ZOO_VENV:-$zoo_root/.venv}
zoo_wanted="${zoo_extras:-} $(cksum <"$zoo_root/setup.py")"
if [ "$(cat "$zoo_venv/installed" 2>/dev/null)" != "$zoo_wanted" ]; then
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed" >&2; exit 2; }
  [ -x "$zoo_venv/bin/python" ] || python3 -m venv "$zoo_venv"
  "$zoo_venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$zoo_root${zoo_extras:+[$zoo_extras]}"
  echo "$zoo_wanted" >"$zoo_venv/installed"
fi
export PATH="$zoo_venv/bin:$PATH"

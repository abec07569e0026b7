"""Scripts that tried to do harm: each exits with 0 only when the right thing happens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = os.environ.get("ZOO_SHARED")
SCRIPTS = sorted(Path(SHARED, "cases", "attacks").glob("*_*")) if SHARED else []


@pytest.mark.skipif(not SCRIPTS, reason="ZOO_SHARED does not name a folder with cases/attacks")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_attack(script: Path, tmp_path: Path):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "zoo").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zoo "$@"\n', encoding="utf-8")
    (tmp_path / "zoo").chmod(0o755)
    environment = {
        **{key: value for key, value in os.environ.items() if key not in ("ZOO_UPSTREAM", "HF_ENDPOINT")},
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "TMPDIR": str(tmp_path / "tmp"),
        "ZOO": str(tmp_path / "zoo"),
        "ZOO_PY": sys.executable,
    }
    command = [sys.executable if script.suffix == ".py" else "bash", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr

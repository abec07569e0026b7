"""Recipes, run as people run them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import hub_server

ROOT = Path(__file__).parents[1]


def test_convert_maxatac_publish_and_pull(shared: Path, tmp_path: Path):
    """From the authors' files to a family on the Hub, and back by name in a process that has no other source."""
    families = tmp_path / "families"
    families.mkdir()
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": "secret",
            "ZOO_CACHE": str(tmp_path / "cache"),
            "ZOO_FAMILIES": str(families),
        }
        convert = [sys.executable, ROOT / "recipes" / "convert_maxatac.py", "CTCF", "MAX", "--out", tmp_path / "made"]
        publish = ["--publish", "lab/maxatac", "--tag", "v1.0", "--families", families]
        done = subprocess.run([*convert, *publish], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "lab/maxatac@v1.0: 2 models, 14 files" in done.stdout
        assert [line.split("\t")[:2] for line in done.stdout.splitlines()[:2]] == [
            ["maxatac/CTCF", "0"],
            ["maxatac/MAX", "0"],
        ]
        files = hub.repos["lab/maxatac"].commits[-1].files
        card = files["CTCF/README.md"].decode()
        for said in ("library_name: keras", "precision=0.9 | 0.765", "largest difference | 0", "held out 1 and 8"):
            assert said in card
        assert files["CTCF/thresholds.png"][:4] == b"\x89PNG"
        elsewhere = {**environment, "ZOO_SHARED": "", "ZOO_CACHE": str(tmp_path / "other")}
        check = [sys.executable, "-m", "zoo", "check", "maxatac/CTCF", "--json"]
        done = subprocess.run(check, env=elsewhere, capture_output=True, text=True)
        assert json.loads(done.stdout)["passed"], done.stderr
        offline = {**elsewhere, "ZOO_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}
        assert subprocess.run(check, env=offline, capture_output=True).returncode == 0


def test_convert_maxatac_names_what_is_wrong(tmp_path: Path):
    command = [sys.executable, ROOT / "recipes" / "convert_maxatac.py", "CTFC", "--out", tmp_path / "made"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "convert_maxatac: error: No index has this model; closest: maxatac/CTCF" in done.stderr

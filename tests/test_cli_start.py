"""What a command imports with Keras, which is most of the time until it begins."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.commands.heavy import hidden, unused

COMMON = ("matplotlib", "pandas", "sklearn")


def test_hidden_packages_are_as_if_not_installed_and_then_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with hidden(["this", "json"]):
        import json

        with pytest.raises(ImportError):
            import this  # noqa: F401
    assert json.loads("1") == 1
    assert "this" not in sys.modules


def test_they_are_there_again_after_an_error():
    with pytest.raises(ValueError, match="mine"), hidden(["this"]):
        raise ValueError("mine")
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    ("given", "file", "expected"),
    [
        (None, None, (*COMMON, "jax")),
        (None, {"floatx": "float32"}, (*COMMON, "jax")),
        (None, {"backend": "tensorflow"}, (*COMMON, "jax")),
        (None, {"backend": "jax"}, COMMON),
        (None, ["no mapping"], COMMON),
        ("tensorflow", {"backend": "jax"}, (*COMMON, "jax")),
        ("jax", {"backend": "tensorflow"}, COMMON),
        ("torch", None, COMMON),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_jax_is_hidden_only_under_tensorflow(
    given, file, expected, named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The backend stands in the environment, else in Keras's file, in a folder that is named or in the home."""
    home = tmp_path if named else tmp_path / ".keras"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delenv("KERAS_HOME", raising=False)
    if named:
        monkeypatch.setenv("KERAS_HOME", str(home))
    if given:
        monkeypatch.setenv("KERAS_BACKEND", given)
    if file is not None:
        (home / "keras.json").write_text(json.dumps(file))
    assert unused() == expected


_IMPORTS = """
import sys
from zoo.commands.heavy import import_keras
import_keras()
print(sorted({"jax", "matplotlib", "pandas", "sklearn"} & set(sys.modules)))
import keras, pandas
print(keras.ops.shape(keras.ops.zeros((2, 3))), pandas.DataFrame({"a": [1]}).a.sum())
"""


def test_keras_works_without_them_and_they_can_be_imported_afterwards():
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, env=environment)
    assert done.stdout == "[]\n(2, 3) 1\n", done.stderr

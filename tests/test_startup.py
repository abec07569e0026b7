"""TensorFlow's start-up messages do not appear, and nothing else is kept from the error stream."""

import os
import subprocess
import sys

import pytest

from zoo.startup.quiet import quiet

NOISE = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    b"I0000 00:00:1795772854.825628    8137 port.cc:153] oneDNN custom operations are on.\n"
    b"2024-05-01 10:00:00.123456: I external/local_tsl/tsl/cuda/cudart_stub.cc:32] Could not find cuda drivers\n"
)
WARNED = b"2024-05-01 10:00:00.123456: W tensorflow/compiler/tf2tensorrt/utils/py_utils.cc:38] TF-TRT Warning\n"
FAILED = b"E0000 00:00:1795772859.992510    8137 cuda_platform.cc:52] failed call to cuInit: INTERNAL\n"
FATAL = b"F0000 00:00:1795772859.992510    8137 cpu_feature_guard.cc:105] compiled to use AVX instructions\n"
OTHERS = b"E1234 is a name of a user's\nWARNING: mine\n"


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (None, FATAL + OTHERS),
        ("3", FATAL + OTHERS),
        ("2", FAILED + FATAL + OTHERS),
        ("1", WARNED + FAILED + FATAL + OTHERS),
        ("0", NOISE + WARNED + FAILED + FATAL + OTHERS),
        ("much", NOISE + WARNED + FAILED + FATAL + OTHERS),
    ],
)
def test_what_is_not_shown_at_a_level(level, shown: bytes, monkeypatch: pytest.MonkeyPatch, capfdbinary):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    if level:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    with quiet():
        os.write(2, NOISE + WARNED + FAILED + FATAL + OTHERS)
    assert capfdbinary.readouterr().err == shown
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == (level or "3")


def test_after_an_exception_only_information_is_not_shown(monkeypatch: pytest.MonkeyPatch, capfdbinary):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with pytest.raises(ImportError), quiet():
        os.write(2, NOISE + FAILED)
        raise ImportError
    assert capfdbinary.readouterr().err == FAILED


def test_without_an_error_stream():
    code = "import os, sys\nos.close(2)\nfrom zoo.startup.quiet import quiet\nwith quiet(): print('ran')\n"
    assert run(code).stdout == "ran\n"


SCRIPT = """
import sys, numpy as np, zoo
print(zoo.startup.QuietImport in sys.meta_path)
print(zoo.load("yeast/REB1").predict(np.zeros((1, 1024, 5), np.float32)).shape)
print(zoo.startup.QuietImport in sys.meta_path, "exec_module" in vars(sys.modules["keras"].__loader__))
"""
KERAS = "import zoo.forward.lowering"  # a small module that imports it


def test_a_script_that_predicts_writes_nothing_to_the_error_stream():
    """And what kept TensorFlow quiet has gone."""
    done = run(SCRIPT)
    assert (done.stdout, done.stderr) == ("True\n(1, 32)\nFalse False\n", "")


def test_what_others_write_meanwhile_appears():
    hook = """
import sys
class Mine:
    def find_spec(name, path=None, target=None):
        if name == "keras.src":
            print("mine", file=sys.stderr)
sys.meta_path.insert(0, Mine)
"""
    assert run(hook + KERAS).stderr == "mine\n"


def test_an_import_by_the_user_is_theirs():
    assert "oneDNN" in run(f"import zoo\nimport tensorflow\n{KERAS}").stderr


def test_all_is_shown_to_those_who_ask():
    assert "oneDNN" in run(KERAS, TF_CPP_MIN_LOG_LEVEL="0").stderr


def run(code: str, **environment: str) -> subprocess.CompletedProcess:
    """A script of its own, in an environment that says nothing of TensorFlow's messages."""
    kept = {key: value for key, value in os.environ.items() if key not in ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND")}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=kept | environment)

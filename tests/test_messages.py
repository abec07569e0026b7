"""What errors say: the rule with "must", never as if it held; and files that are opened with an encoding."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import messages
import numpy as np
import pytest

from registry.errors import InputError

NAMES = [str(path.relative_to(messages.ROOT)) for path in messages.files()]


@pytest.mark.parametrize("name", NAMES)
def test_rules_say_must(name: str):
    wrong = [str(item) for item in messages.messages(messages.ROOT / name) if not re.search(r"\bmust\b", item.rule)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_text_files_are_opened_with_an_encoding(name: str):
    """The locale's would be another one elsewhere: ASCII on a cluster's node, Latin-1 on an old workstation."""
    for node in ast.walk(ast.parse((messages.ROOT / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _opens_text(node):
            assert "encoding" in {item.arg for item in node.keywords}, f"{name}:{node.lineno}"


def _opens_text(node: ast.Call) -> bool:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in ("read_text", "write_text"):
        return True
    if called == "open" and isinstance(node.func, ast.Name):
        modes = [item.value for item in node.keywords if item.arg == "mode"] + node.args[1:2]
        said = [item.value for mode in modes for item in ast.walk(mode) if isinstance(item, ast.Constant)]
        return not any("b" in text for text in said)
    return False


def test_a_message_says_what_is_wrong_then_what_was_received_then_how_to_mend_it():
    error = InputError(
        "A BED file must exist", where="x.bed", received={"path": "x"}, example="peaks.bed", hint="Check the path"
    )
    assert str(error) == "x.bed: A BED file must exist. Received: path='x'. Example: peaks.bed. Check the path."


def test_numbers_of_numpy_are_shown_as_numbers():
    received = {"share": np.float64(0.012), "chrom": np.str_("chr1"), "counts": [np.int64(3), (np.bool_(True), 2.5)]}
    message = str(InputError("A share must be less", received=received))
    assert message == "A share must be less. Received: share=0.012, chrom='chr1', counts=[3, (True, 2.5)]."


def test_a_message_does_not_obey_control_characters():
    assert str(InputError("A name must be text", where="a\x1b[2Jb\nc")) == r"a\x1b[2Jb\nc: A name must be text."


def test_a_warning_points_at_the_line_of_the_user(tmp_path: Path):
    """Through a generator and a context manager of the library's, and once for each line."""
    script = tmp_path / "user.py"
    lines = [
        "import warnings",
        "from zoo.genome import _deep",
        "for _ in range(3):",
        "    _deep.call()",
        "_deep.call()",
    ]
    script.write_text("\n".join(lines))
    deep = (
        "import contextlib, registry.errors\n"
        "@contextlib.contextmanager\n"
        "def inner():\n    registry.errors.warn('thin sample\\x1b')\n    yield\n"
        "def rows():\n    with inner():\n        yield 1\n"
        "def call():\n    return sorted(rows(), key=lambda row: row)\n"
    )
    code = (
        "import sys, types, runpy, zoo.genome\n"
        "from pathlib import Path\n"
        "module = types.ModuleType('zoo.genome._deep')\n"
        "where = str(Path(zoo.genome.__file__).with_name('_deep.py'))\n"
        f"exec(compile({deep!r}, where, 'exec'), module.__dict__)\n"
        "sys.modules['zoo.genome._deep'] = zoo.genome._deep = module\n"
        "runpy.run_path(sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, script], capture_output=True, text=True, cwd=messages.ROOT)
    told = [line for line in done.stderr.splitlines() if "ZooWarning" in line]
    assert told == [f"{script}:{line}: ZooWarning: thin sample\\x1b" for line in (4, 5)], done.stderr


def test_every_message_is_listed():
    known = {path.stem for path in messages.files()}
    assert {"errors", "bed", "signal", "job", "parser", "demo"} <= known
    listed = [item for path in messages.files() for item in messages.messages(path)]
    assert len(listed) > 300
    assert {item.kind for item in listed} >= {"InputError", "ZooError", "IntegrityError", "Diverged", "HubError"}


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ("InputError('A must b')", ["A must b"]),
        ("errors.InputError(rule='A is b')", ["A is b"]),
        ("InputError('A must b' if c else 'A is b')", ["A must b", "A is b"]),
        ("InputError('A ' + ('must b' if c else 'is b'))", ["A must b", "A is b"]),
        ("InputError(RULES['must'])", ["{…}"]),  # a rule that is not there to be read is no rule with "must"
        ("InputError(f'In a spec {rule}')", ["In a spec {…}"]),
        ("Diverged('It is b')", ["It is b"]),
        ("argparse.ArgumentTypeError('is odd')", ["is odd"]),
        ("ValueError('is odd')", []),
        ("try: f()\nexcept OSError as error: raise InputError(str(error))", ["{…}"]),
        ("try: f()\nexcept (InputError, ZooError) as error: raise InputError(str(error))", []),
    ],
)
def test_no_rule_slips_through(source: str, rules: list[str], tmp_path: Path):
    (tmp_path / "module.py").write_text(source)
    found = [re.sub(r"\{.*\}", "{…}", item.rule) for item in messages.messages(tmp_path / "module.py")]
    assert found == rules

"""What errors say: the rule with "must", never as if it held; and files that are opened with an encoding."""

import ast
import re
from pathlib import Path

import messages
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


def test_a_message_does_not_obey_control_characters():
    assert str(InputError("A name must be text", where="a\x1b[2Jb\nc")) == r"a\x1b[2Jb\nc: A name must be text."


def test_every_message_is_listed():
    """The list is complete: no module raises an error of ours through a name that it does not know."""
    known = {path.stem for path in messages.files()}
    assert {"errors", "bed", "signal", "job"} <= known
    assert len([item for path in messages.files() for item in messages.messages(path)]) > 300
    assert Path(messages.__file__).is_file()

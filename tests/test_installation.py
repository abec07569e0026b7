"""How the package was installed, its extras, and the messages that name them."""

import ast
import json
import shlex
from importlib import metadata
from pathlib import Path

import messages
import pytest
from test_cli import run

from registry import installation
from zoo.errors import MissingExtra, ZooError
from zoo.formats.formats import Format

ROOT = Path(__file__).parents[1]
APART = {"all", "docs", "gpu", "test", "tfio"}  # for developers; for Linux with a GPU; pins another TensorFlow


def setup_argument(name: str) -> object:
    """What setup.py gives to `setup`."""
    (call,) = (node for node in ast.walk(ast.parse((ROOT / "setup.py").read_text())) if _calls_setup(node))
    return next(ast.literal_eval(item.value) for item in call.keywords if item.arg == name)


def extras() -> dict[str, list[str]]:
    """Those of setup.py."""
    return setup_argument("extras_require")


def _calls_setup(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "setup"


def test_all_is_every_extra_that_can_be_installed_together():
    (every,) = extras()["all"]
    named = every.removeprefix("chromatin-zoo[").removesuffix("]").split(",")
    assert sorted(named) == sorted(extras().keys() - APART)


def test_an_extra_of_people_is_one_of_tests():
    """All but PyTorch, which is large and which tests can be without."""
    wanted = {package for name in extras().keys() - APART - {"torch"} for package in extras()[name]}
    assert wanted <= set(extras()["test"])


@pytest.mark.parametrize("path", messages.files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_messages_name_extras_that_are_there(path: Path):
    """By the keyword `extra`, never by a command of their own: the command depends on the installation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert not [text for text in texts if "pip install 'chromatin-zoo[" in text and path != Path(installation.__file__)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [node for node in calls if ast.unparse(node.func) in ("MissingExtra", "Format")]
    named = [item.value for node in calls for item in node.keywords if item.arg == "extra"]
    assert {item.value for item in named if isinstance(item, ast.Constant)} <= extras().keys()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Function: be installed in a folder of packages, with what pip recorded of its origin."""

    def be(recorded: dict | None) -> None:
        files = [tmp_path / "METADATA"]
        if recorded is not None:
            files.append(tmp_path / "direct_url.json")
            files[-1].write_text(json.dumps(recorded))
        monkeypatch.setattr(installation, "_ROOT", tmp_path)
        monkeypatch.setattr(metadata, "files", lambda name: files)

    return be


def test_from_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert installation.checkout() == ROOT
    assert installation.origin() == f"checkout {ROOT}"
    assert installation.command("motif") == f"pip install -e '{ROOT}[motif]'"
    odd = tmp_path / "my zoo"
    (odd / "recipes").mkdir(parents=True)
    (odd / "setup.py").touch()
    monkeypatch.setattr(installation, "_ROOT", odd)
    assert shlex.split(installation.command("motif")) == ["pip", "install", "-e", f"{odd}[motif]"]


@pytest.mark.parametrize(
    ("recorded", "origin"),
    [
        (None, "package index, as no other place is recorded"),
        ({"url": "file:///a/zoo.whl", "archive_info": {}}, "file:///a/zoo.whl"),
        ({"url": "file:///a/zoo", "dir_info": {}}, "file:///a/zoo"),
        (
            {"url": "https://alice:S3@host/zoo.git", "vcs_info": {"vcs": "git", "commit_id": "00ff"}},
            "https://***@host/zoo.git at 00ff",
        ),
    ],
)
def test_from_elsewhere(elsewhere, recorded: dict | None, origin: str):
    elsewhere(recorded)
    assert installation.checkout() is None
    assert installation.origin() == origin
    assert installation.command("motif") == "pip install 'chromatin-zoo[motif]'"


def test_copied_without_being_installed(elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    elsewhere(None)

    def missing(name: str):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    assert installation.origin() == f"folder {tmp_path}"


def test_the_message_has_the_command(elsewhere):
    elsewhere(None)
    error = MissingExtra("A reader must be installed", extra="prepare", received={"path": "x.bam"})
    said = "A reader must be installed. Received: path='x.bam'. Example: pip install 'chromatin-zoo[prepare]'."
    assert str(error) == said
    kind, parts = error.__reduce__()
    assert isinstance(again := kind(*parts), MissingExtra)
    assert str(again) == said  # as of another process


def test_a_format_of_someone_else_names_its_package():
    other = Format("odd", ".odd", "intervals", print, package="nowhere_to_be_found")
    with pytest.raises(ZooError, match=r"Example: pip install nowhere_to_be_found\."):
        other.check_installed()


def test_env_says_where_it_is_installed_from(capsys):
    status, out, _ = run(capsys, "env", "--json")
    assert (status, json.loads(out)["installed from"]) == (0, f"checkout {ROOT}")

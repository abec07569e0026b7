"""The structure that the design promises."""

import ast
import graphlib
import socket
import subprocess
import sys
import threading
from collections.abc import Collection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "registry": {"zoo", "recipes", "keras", "tensorflow"},
    "zoo": {"recipes", "tests", "tensorflow"},
}


TENSORFLOW = [
    ROOT / "zoo" / name for name in ("data/pipeline.py", "data/cache.py", "train/loop.py", "attribution/gradients.py")
]  # tf.data, tf.distribute, gradients


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_run_downward(package: str):
    for path in (ROOT / package).rglob("*.py"):
        allowed = {"tensorflow"} if path in TENSORFLOW else set()
        assert not imports(path) & FORBIDDEN[package] - allowed, path


FLOORS = (  # a room imports from those of the rows above its own, also inside functions
    "registry",
    "lazy startup",
    "errors environment spec_first",
    "console",
    "notebook",
    "listing track_table",
    "arguments extras files plugins spec tables weights",
    "genome layers workers",
    "formats",
    "architectures forward inputs",
    "predict",
    "attribution data folder variants",
    "plot porting",
    "pages",
    "interpretation prepare saving",
    "footprints",
    "model",
    "ensembles evaluate single",
    "loading",
    "chaining many track_rows train",
    "browse checkup comparison drawing priors",
    "commands",
    "cli",
    "__main__",
)


def rooms(path: Path) -> set[str]:
    """The rooms that a module imports from: names below `zoo`, or `registry`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"zoo.{alias.name}" for alias in node.names] if node.module == "zoo" else [node.module]
        for package, _, rest in (name.partition(".") for name in names):
            found |= {rest.split(".")[0]} if package == "zoo" else {package} & {"registry"}
    return found - {"__version__", ""}


def test_rooms_import_from_the_floors_below():
    floor = {room: number for number, names in enumerate(FLOORS) for room in names.split()}
    for path in sorted((ROOT / "zoo").rglob("*.py")):
        room = path.relative_to(ROOT / "zoo").with_suffix("").parts[0]
        if room == "__init__":
            continue
        above = {other for other in rooms(path) - {room} if floor[other] >= floor[room]}
        assert not above, f"{path.relative_to(ROOT)} imports {above}"


def modules(path: Path, known: Collection[str]) -> set[str]:
    """Those of `known` that a module imports, also inside functions and for type checking only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & set(known) or {node.module}
    return found & set(known)


def test_no_circle_of_imports():
    """Nor within a room."""
    paths = (ROOT / "zoo").rglob("*.py")
    known = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    graph = {name: modules(path, known) - {name} for name, path in known.items()}
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(known)


def test_recipes_import_no_command():
    for path in (ROOT / "recipes").rglob("*.py"):
        assert not rooms(path) & {"cli", "commands"}, path


def test_architectures_and_layers_read_no_files():
    for path in [*(ROOT / "zoo" / "architectures").glob("*.py"), *(ROOT / "zoo" / "layers").glob("*.py")]:
        assert not imports(path) & {"h5py", "pathlib", "io", "os", "json"}, path


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "import zoo, sys; zoo.list_models(); bad = {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"],
        [
            "-c",
            "import sys; from zoo.cli import main; main(['list']); bad = {'tensorflow', 'keras'} & set(sys.modules)",
        ],
        [
            "-c",
            "import sys; from zoo.cli import main; main(['info', 'maxatac/CTCF']); bad = {'keras'} & set(sys.modules)",
        ],
        [
            "-c",
            "import sys; from zoo.cli import main; main(['doctor', '--genome=x']); bad = {'keras'} & {*sys.modules}",
        ],
        ["-c", "import zoo.commands.checks, zoo.commands.kept, sys; bad = {'keras'} & set(sys.modules)"],
    ],
)
def test_light_commands_import_nothing_heavy(arguments: list[str]):
    arguments[-1] += "; sys.exit(f'imported {bad}' if bad else 0)"
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_help_imports_no_tensorflow():
    code = "import sys, atexit\nheavy = {'keras', 'tensorflow', 'zoo.commands.predict', 'zoo.commands.train'}\n"
    code += "atexit.register(lambda: print('heavy', heavy & set(sys.modules)))\n"
    code += "from zoo.cli import main; main(['--help'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    assert "heavy set()" in done.stdout
    assert "predict" in done.stdout


def test_public_names_resolve_and_an_unknown_one_does_not():
    import zoo

    assert all(getattr(zoo, name) is not None for name in zoo.__all__)
    assert set(dir(zoo)) == set(zoo.__all__)
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = zoo.laod


def test_a_wait_without_a_limit_has_one(monkeypatch: pytest.MonkeyPatch):
    """conftest.py gives it; so a test that hangs has a name and an end."""
    import conftest

    monkeypatch.setattr(conftest, "_LIMIT_S", 0.2)
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sleep", "60"])
    with subprocess.Popen(["sleep", "60"]) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait()
        process.kill()
    ended = threading.Event()
    waits = threading.Thread(target=ended.wait)
    waits.start()
    with pytest.raises(TimeoutError):
        waits.join()
    ended.set()
    assert socket.getdefaulttimeout() == 240

"""The package as it is installed: a wheel built of the sdist, in an environment of its own, outside of any checkout."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import hub_server
import pytest
from test_builtin import NAMES

import zoo
from registry.schema import Family
from zoo.data import synthetic

ROOT = Path(__file__).parents[1]
NOT_SOURCES = (".git", "build", "dist", "*.egg-info", "__pycache__", ".venv*", ".*_cache", "runs", "demo-output")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an sdist, and of the wheel that is built of it (`python -m build`)."""
    folder = tmp_path_factory.mktemp("built")
    sources = shutil.copytree(ROOT, folder / "sources", ignore=shutil.ignore_patterns(*NOT_SOURCES))
    command = [sys.executable, "-m", "build", "--outdir", folder / "dist", sources]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"


@pytest.fixture(scope="module")
def environment(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel alone, which sees this one's packages for its dependencies."""
    root = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root], check=True)
    (packages,) = root.glob("lib/python*/site-packages")
    others = {str(Path(module.__file__).parents[1]) for module in map(sys.modules.get, ("numpy", "pytest"))}
    (packages / "dependencies.pth").write_text("\n".join(others))
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", root / "bin" / "python", "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--ignore-installed", "--quiet", wheel], check=True)
    return root


@pytest.fixture
def run(environment: Path, tmp_path: Path):
    """Function: run a command of that environment in an empty folder; its output."""

    def run(*words: object, status: int = 0, **variables: str) -> str:
        apart = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ZOO_SHARED")}
        command = [environment / "bin" / words[0], *map(str, words[1:])]
        settings = {**apart, "PYTHONDONTWRITEBYTECODE": "1", **variables}
        done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if status == 0 else done.stderr

    return run


def names(archive: Path) -> set[str]:
    """Files of a wheel or an sdist, without those of its metadata."""
    if archive.suffix == ".whl":
        return {name for name in zipfile.ZipFile(archive).namelist() if ".dist-info/" not in name}
    with tarfile.open(archive) as file:
        return {member.name.partition("/")[2] for member in file if member.isfile()}


def files_of(*folders: str) -> set[str]:
    """Files of the checkout, without what Python and an editor leave there."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return {path.relative_to(ROOT).as_posix() for path in paths if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel(built: Path):
    """All of the packages and their data, the models that ship, and the recipes."""
    (wheel,) = built.glob("*.whl")
    assert wheel.stat().st_size < 12_000_000
    recipes = {name for name in files_of("recipes") if not name.endswith(".sh") and "/packaging/" not in name}
    assert names(wheel) == files_of("zoo", "registry") | {f"zoo/{name}" for name in recipes}
    assert {f"registry/builtin/{name}/model.weights.h5" for name in NAMES} <= names(wheel)
    needed = {"zoo/pages/report.css", "zoo/pages/report.js", "registry/families/yeast.json", "zoo/py.typed"}
    assert needed <= names(wheel)


def test_the_sdist_has_everything(built: Path):
    """Also tests and what they read; the wheel above is built of it."""
    (sdist,) = built.glob("*.tar.gz")
    top = {"setup.py", "README.md", "CHANGELOG.md", "LICENSE", "MANIFEST.in", "Dockerfile", ".dockerignore"}
    top |= {"CITATION.cff", ".pytest.ini", ".ruff.toml", ".ci/run"}
    assert names(sdist) >= files_of("zoo", "registry", "recipes", "tests", "docs") | top


def test_the_command(run, environment: Path):
    assert run("zoo", "--version") == f"chromatin-zoo {zoo.__version__}\n"
    assert "yeast/REB1" in run("zoo", "list", "yeast/*")
    assert re.search(r"^installed from +file:///.+\.whl$", run("zoo", "env"), re.MULTILINE)
    (folder,) = environment.glob("lib/python*/site-packages/zoo/recipes")
    assert f"Beside them in {folder}: configs, " in run("zoo", "recipe")
    assert run("zoo", "recipe", "train_asap", "--help").startswith("usage: train_asap.py")


def test_a_model_that_ships_predicts(run, environment: Path, tmp_path: Path):
    """And nothing is written into the package."""
    before = sorted(environment.rglob("*"))
    files = synthetic.make(tmp_path / "genome", {"chr1": 20_000}, seed=1)
    assert run("zoo", "check", "yeast/REB1").startswith("yeast/REB1: passed")
    run("zoo", "predict", "yeast/REB1", "--genome", files.genome, "--signal", files.signal, "--output", "out")
    assert (tmp_path / "out.bw").stat().st_size > 1000
    assert sorted(environment.rglob("*")) == before


def test_a_release_leaves_the_package_as_it_is(run, environment: Path, tmp_path: Path):
    """Its index must have a folder of its own."""
    (packages,) = environment.glob("lib/python*/site-packages")
    model = shutil.copytree(packages / "registry" / "builtin" / "yeast" / "REB1", tmp_path / "REB1")
    before = sorted(environment.rglob("*"))
    publish = ("zoo", "publish", model, "--repo", "lab/yeast", "--tag", "v1")
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        variables = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "secret", "ZOO_CACHE": str(tmp_path / "cache")}
        said = run(*publish, status=2, **variables)
        assert "must be named, as an installed package is not changed. Example: --families my-index" in said
        assert not hub.requests
        assert "1 models" in run(*publish, "--families", "mine", **variables)
    assert Family.read(tmp_path / "mine" / "yeast.json").hub.repo == "lab/yeast"
    assert sorted(environment.rglob("*")) == before


def test_an_extra_is_added_by_the_name_alone(environment: Path):
    """As messages say; no index has the package, and none is asked."""
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python", "install", "--no-index"]
    done = subprocess.run([*pip, "--dry-run", "chromatin-zoo[zarr]"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"Requirement already satisfied: chromatin-zoo[zarr] in {environment}" in done.stdout
    assert "Requirement already satisfied: zarr" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_in_an_empty_environment(built: Path, tmp_path: Path):
    """With its dependencies from the index: some gigabytes."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    (wheel,) = built.glob("*.whl")
    install = [tmp_path / "venv" / "bin" / "pip", "install", "--quiet", f"{wheel}[all]"]
    subprocess.run(install, check=True, timeout=3000)
    apart = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ZOO_SHARED")}
    check = [tmp_path / "venv" / "bin" / "zoo", "check", "yeast/REB1"]
    done = subprocess.run(check, cwd=tmp_path, env=apart, capture_output=True, text=True)
    assert done.stdout.startswith("yeast/REB1: passed"), done.stderr

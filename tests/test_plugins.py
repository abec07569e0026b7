"""Networks and importers of other packages."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import training
from conftest import edit_json

import zoo
from registry import digests
from zoo import architectures, weights
from zoo.architectures import functional
from zoo.errors import InputError, ZooWarning
from zoo.spec import Architecture
from zoo.train.config import TrainConfig
from zoo.train.run import TrainingRun

NETWORK = """
import keras


def build(window: int = 256, filters: int = 2, dilations: tuple[int, ...] = (1,), text: str | None = None):
    x = begin = keras.Input((window, 5))
    for dilation in dilations:
        x = keras.layers.Conv1D(filters, 3, padding="same", dilation_rate=dilation)(x)
    x = keras.layers.Conv1D(1, 32, strides=32, activation="sigmoid")(x)
    return keras.Model(begin, keras.layers.Flatten()(x))


def odd(*layers):
    return None
"""


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Each test registers in a process that knows no network of another package."""
    assert not architectures.REGISTERED
    yield
    for name in tuple(architectures.REGISTERED):
        zoo.unregister_architecture(name)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Function: install a package that offers entry points, for this test."""

    def install(package: str, *points: str, source: str = NETWORK, group: str = "architectures") -> None:
        site = tmp_path / "site"
        info = site / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join([f"[chromatin_zoo.{group}]", *points, ""]))
        (site / f"{package}.py").write_text(source)
        monkeypatch.delitem(sys.modules, package, raising=False)
        monkeypatch.syspath_prepend(str(site))

    return install


@pytest.fixture
def builder():
    space: dict = {}
    exec(NETWORK, space)
    return space["build"]


def test_a_registered_network_is_one_of_the_zoo(builder):
    zoo.register_architecture("my_network", builder)
    network = zoo.build("my_network", filters=3, dilations=[1, 2])
    assert network.output_shape == (None, 8)
    with pytest.raises(InputError, match="argument filters of my_network must be a whole number"):
        zoo.build("my_network", filters="3")
    with pytest.raises(InputError, match="arguments of my_network must be among window, filters"):
        zoo.build("my_network", depth=3)
    with pytest.raises(InputError, match="name of a network must be new"):
        zoo.register_architecture("my_network", builder)


@pytest.mark.parametrize("name", ["maxatac", "functional", "My", "a-b", "a.b", "../x", "", "x" * 65, None, 3])
def test_names_that_are_taken_or_no_names(builder, name: object):
    with pytest.raises(InputError, match="The name of a network must be"):
        zoo.register_architecture(name, builder)


@pytest.mark.parametrize(
    "odd",
    [lambda window: None, lambda *layers: None, "text", 3, None, keras.Model],
)
def test_what_is_no_builder(builder, odd: object):
    with pytest.raises(InputError, match="The builder of my_network must be a function"):
        zoo.register_architecture("my_network", odd)


def test_a_builder_must_return_a_network(builder):
    def nothing(window: int = 1):
        return [window]

    zoo.register_architecture("my_network", nothing)
    with pytest.raises(InputError, match=r"must return a functional keras\.Model.*list"):
        zoo.build("my_network")


def test_an_installed_package_brings_its_network(installed):
    installed("my_nets", "their_network = my_nets:build")
    assert "my_nets" not in sys.modules
    assert architectures.is_known("maxatac")
    assert "my_nets" not in sys.modules  # loaded when it is asked for
    assert zoo.build("their_network").output_shape == (None, 8)


def test_what_the_zoo_has_is_not_replaced(installed):
    installed("my_nets", "maxatac = my_nets:odd")
    assert zoo.build("maxatac", window=256).output_shape == (None, 8)


@pytest.mark.parametrize(
    ("point", "source", "said"),
    [
        ("theirs = my_nets:missing", NETWORK, "AttributeError"),
        ("theirs = my_nets:odd", NETWORK, "InputError"),
        ("theirs = my_nets:build", "import nothing_of_this_name", "ModuleNotFoundError"),
        ("theirs = my_nets:build", "raise SystemExit(3)", "SystemExit: 3"),
        ("theirs = my_nets:build", "this is no Python", "SyntaxError"),
    ],
)
def test_a_broken_package_is_a_warning_that_names_it(installed, point: str, source: str, said: str):
    installed("my_nets", point, source=source)
    with (
        pytest.warns(ZooWarning, match=f"The package my_nets offers 'theirs' .*{said}"),
        pytest.raises(InputError, match="An architecture must be one of"),
    ):
        zoo.build("theirs")


def test_two_packages_with_one_name(installed):
    installed("my_nets", "theirs = my_nets:build")
    installed("other_nets", "theirs = other_nets:build")
    with pytest.raises(InputError, match=r"one installed package.*my_nets.*other_nets|other_nets.*my_nets"):
        zoo.build("theirs")


def test_a_model_says_which_package_brings_its_network(small_folder: Path, tmp_path: Path, builder):
    target = tmp_path / "model"
    shutil.copytree(small_folder, target)
    (target / digests.DIGESTS).unlink()
    config = {"name": "their_network", "config": {"window": 256, "filters": 4}, "package": "their-package>=1.0"}
    edit_json(target / "config.json", architecture=config)
    with pytest.raises(InputError, match=r"their_network.*if you trust it: pip install 'their-package>=1\.0'"):
        zoo.load(target)
    zoo.register_architecture("their_network", builder)
    network = zoo.build("their_network", filters=4)
    weights.save(network, target / "model.weights.h5")
    x = np.zeros((2, 256, 5), np.float32)
    assert np.array_equal(zoo.load(target).predict(x), np.asarray(network(x)))
    assert zoo.info(target)["architecture"]["package"] == "their-package>=1.0"


@pytest.mark.parametrize("good", ["a", "my-package", "my_package==1.0", "a.b>=1.0,<2", "x ~= 1.4.2", "torch!=2.0.*"])
def test_packages_are_named_as_pip_takes_them(good: str):
    assert Architecture("theirs", {}, good).package == good


@pytest.mark.parametrize(
    "bad",
    ["", "--index-url=http://x", "a; rm -rf ~", "a b", "git+https://x/y", "a@https://x", "a'", "a\nb", "../a", "a>=;"],
)
def test_what_is_no_package(bad: str):
    with pytest.raises(InputError, match="The package of a network"):
        Architecture("theirs", {}, bad)


@pytest.mark.parametrize("as_data", [False, True])
def test_networks_from_outside_are_trained_and_loaded(builder, tmp_path: Path, as_data: bool):
    """By a configuration in a file, whether the network is data or a package's."""
    zoo.register_architecture("my_network", builder)
    network = architectures.build("my_network", window=1024, filters=4)
    architecture = Architecture("my_network", {"window": 1024, "filters": 4}, "my-package>=1.0")
    if as_data:
        architecture = Architecture("functional", functional.describe(network))
    config = training.binding(training.world(tmp_path), architecture=architecture, epochs=1, steps=2)
    read = TrainConfig.read(training.write(config, tmp_path / "training.json"))
    assert read.architecture == architecture
    TrainingRun(read, progress=False).train(tmp_path / "run")
    model = zoo.load(tmp_path / "run" / "model")
    assert model.spec.architecture == architecture
    assert model.check().passed
    assert model.network.count_params() == network.count_params()

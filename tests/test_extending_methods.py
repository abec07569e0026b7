"""An attribution method of another package: one class and `register`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from attributing import sequences

import zoo
from zoo.attribution import methods
from zoo.attribution.methods import DeepLIFT, Explained, IntegratedGradients, Method, Referenced, Task
from zoo.attribution.result import Attributions
from zoo.cli import main
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError


@dataclass(frozen=True)
class Constant(Method):
    """Every base adds the same."""

    name = "constant"

    width: float = 2.0

    def explain(self, task: Task) -> Explained:
        """Its `width`."""
        nothing = np.zeros(task.x.shape[:2], np.float32)
        return Explained(np.float32(self.width) * task.x[..., :4], None, nothing, task.prediction, None)


@dataclass(frozen=True)
class Steps(Referenced):
    """What the window has where its references have nothing."""

    name = "steps"

    def explain(self, task: Task) -> Explained:
        """Mean differences, with the references' prediction."""
        change = (task.x[:, None] - task.references).mean(axis=1)
        predicted = task.passes.forward(task.references[:, 0])
        baseline = (predicted.astype(np.float64) * task.weights).sum(axis=1)
        return Explained(change[..., :4], None, change[..., 4], task.prediction, baseline)


@pytest.fixture
def own() -> Iterator[None]:
    """Both in the table until the test ends."""
    for kind in (Constant, Steps):
        assert methods.register(kind) is kind
    yield
    for kind in (Constant, Steps):
        methods.unregister(kind.name)


@pytest.fixture
def where(genome_files: Synthetic) -> dict:
    return {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr1:50,001-50,100"}


@pytest.mark.usefixtures("own")
def test_a_method_from_outside_by_name_to_files(small: zoo.Model, where: dict, tmp_path: Path, read_track, capsys):
    written = small.attribute(**where, method="constant", width=3, output=tmp_path / "why")
    assert [path.name for path in written] == ["why.npz", "why.bw", "why.json"]
    found = Attributions.load(written[0])
    assert (found.method, found.values.max(axis=2).tolist()) == ("constant", [[3.0] * 256])
    assert set(read_track(written[1], "chr1")[49_922:50_178]) == {3.0}
    choices = json.loads(written[2].read_text())["choices"]
    assert choices == {"method": "constant", "width": 3, "target": "sum"}
    command = ["attribute", str(small.path), "--method", "constant", "--json"]
    command += [item for name, value in where.items() for item in (f"--{name}", str(value))]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)[0]["bases"] == 2.0 * 256


@pytest.mark.usefixtures("own")
def test_a_method_from_outside_has_references(small: zoo.Model):
    x = sequences(2, 256, 5)
    found = small.attribute(x, method=Steps("zeros", "zeros"))
    assert np.array_equal(found.values, x[..., :4])
    assert np.array_equal(found.signal, x[..., 4])
    assert found.references.sequence == "zeros"
    nothing = small.predict(np.zeros((1, 256, 5), np.float32)).astype(np.float64).sum()
    assert found.baseline == pytest.approx([nothing, nothing], rel=1e-6)
    turned = x[:, ::-1].copy()  # explained with the references of `x`
    pair = small.attribute(x, alternative=turned, method=Steps("zeros", "zeros"))
    assert np.array_equal(pair.values, x[..., :4] - turned[..., :4])


def test_a_method_with_its_parameters_is_the_method_by_name(small: zoo.Model, where: dict, tmp_path: Path):
    x = sequences(1, 256, 5)
    named = small.attribute(
        x, method="integrated_gradients", steps=7, count=2, seed=3, references="mononucleotide_shuffle"
    )
    found = small.attribute(x, method=IntegratedGradients("mononucleotide_shuffle", count=2, seed=3, steps=7))
    assert np.array_equal(found.values, named.values)
    call = {**where, "output": tmp_path / "why"}
    written = small.attribute(**call, method="integrated_gradients", count=2)
    before = written[0].stat().st_mtime_ns
    assert small.attribute(**call, method=IntegratedGradients(count=2))[0].stat().st_mtime_ns == before
    of_numpy = IntegratedGradients(count=np.int64(2), seed=np.uint8(0), steps=np.int32(50))
    assert small.attribute(**call, method=of_numpy)[0].stat().st_mtime_ns == before
    assert json.loads(written[-1].read_text())["choices"] == {
        "method": "integrated_gradients",
        "steps": 50,
        "references": {"sequence": "dinucleotide_shuffle", "signal": "fixed", "count": 2, "seed": 0},
        "target": "sum",
    }


class Nameless(DeepLIFT):
    """Other attributions under a name of the zoo's."""


class Unnamed(Method):
    """What no file could name."""

    explain = Constant.explain


@dataclass(frozen=True)
class Aimed(Constant):
    """A parameter that `Model.attribute` has, too."""

    name = "aimed"

    target: str = "sum"


@dataclass(frozen=True)
class Wrong(Constant):
    """Values without an axis of bases."""

    name = "wrong"
    width: object = 1.0

    def explain(self, task: Task) -> Explained:
        """Too little."""
        return Explained(task.x[..., 0], None, task.x[..., 4], task.prediction, None)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"method": DeepLIFT(), "count": 5, "width": 3}, "must be given without count and width"),
        ({"method": "constant"}, "method must be one of deeplift, integrated_gradients, .*, occlusion. "),
        ({"method": Nameless()}, "must have a name of its own.*class='Nameless'"),
        ({"method": Unnamed()}, "must have a name of its own.*class='Unnamed'"),
        ({"method": Aimed()}, r"must not be the name of another argument.*parameters=\['target'\]"),
        ({"method": DeepLIFT}, "method must be one of"),
        ({"method": Wrong()}, r"values that an attribution method returns must have the shape \(2, 256, 4\)"),
        ({"method": methods.Occlusion(257)}, "from 1 to 256"),
    ],
)
def test_methods_that_are_refused(small: zoo.Model, call: dict, said: str):
    with pytest.raises(InputError, match=said):
        small.attribute(sequences(2, 256, 5), **call)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: IntegratedGradients(steps=0), "steps must be a whole number"),
        (lambda: DeepLIFT("zeros", count=5), "not shuffled and must be given without count"),
        (lambda: methods.Occlusion(signal_reference="median"), "signal_reference must be one of"),
    ],
)
def test_methods_check_their_parameters(make, said: str):
    with pytest.raises(InputError, match=said):
        make()


def test_a_signal_reference_needs_a_signal():
    accessibility = zoo.load("yeast/ATAC")
    x = sequences(1, accessibility.spec.input.window)
    for method in (DeepLIFT(signal_reference="zeros"), methods.Occlusion(signal_reference="zeros")):
        with pytest.raises(InputError, match="reads DNA alone and must be given without signal_reference"):
            accessibility.attribute(x, method=method)


def test_parameters_that_no_sidecar_can_hold(small: zoo.Model, where: dict, tmp_path: Path):
    with pytest.raises(InputError, match="must be numbers, text or lists"):
        small.attribute(**where, method=Wrong(np.ones(3)), output=tmp_path / "why")
    assert not list(tmp_path.iterdir())


def test_classes_that_are_refused():
    @dataclass(frozen=True, kw_only=True)
    class Needy(Constant):
        name = "needy"
        power: float

    for kind, said in (
        (Needy, r"must have a default.*without=\['power'\]"),
        (Unnamed, "must be a letter, then letters"),
        (Nameless, "must have a name of its own.*Known are deeplift, "),
        (Aimed, "must not be the name of another argument"),
        (Method, "that has `explain`"),
        (Constant(), "that has `explain`"),
    ):
        with pytest.raises(InputError, match=said):
            methods.register(kind)
    with pytest.raises(InputError, match="must be one that was added from outside"):
        methods.unregister("deeplift")
    assert list(methods.METHODS) == [
        "deeplift",
        "integrated_gradients",
        "input_x_gradient",
        "gradients",
        "saturation_mutagenesis",
        "occlusion",
    ]

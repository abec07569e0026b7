"""What a package of one's own adds by the public registration, without a line of ours: it runs through everything.

Each of six kinds of addition is one function or class and one line. Methods, scores, layers, tasks, formats, networks
have more tests of their own (`test_extending_*.py`, `test_train_tasks.py`, `test_formats.py`, `test_plugins.py`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import keras
import numpy as np
import py2bit
import pytest
import toy

import zoo
from registry import publish
from zoo.attribution import methods
from zoo.data import synthetic
from zoo.errors import InputError
from zoo.formats import formats
from zoo.formats.bigwig import write_track
from zoo.forward import readouts
from zoo.spec import Architecture, InputSpec, OutputSpec, PredictionSpec
from zoo.variants import scores

# --- one function or class each


def network(window: int = 64, filters: int = 4) -> keras.Model:
    """(i) A network."""
    read = keras.Input((window, 4), name="window")
    x = keras.layers.Conv1D(filters, 5, padding="same", activation="relu")(read)
    return keras.Model(read, keras.layers.Dense(1, activation="sigmoid")(keras.layers.AveragePooling1D(8)(x)))


@dataclass(frozen=True)
class Ones(methods.Method):
    """(ii) An attribution method: each base has the prediction's share."""

    name: ClassVar[str] = "ones"

    def explain(self, task: methods.Task) -> methods.Explained:
        bases = task.x[..., :4]
        share = task.prediction[:, None, None] / bases.sum(axis=(1, 2), keepdims=True)
        return methods.Explained((bases * share).astype(np.float32), None, None, task.prediction, None)


def largest_change(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """(iii) A variant score, of (n, bins): the largest change of a bin, with its sign."""
    change = alternative - reference
    return np.take_along_axis(change, np.abs(change).argmax(axis=1)[:, None], axis=1)[:, 0]


def write_wig(path: Path, bins) -> None:
    """(iv) An output format: variable-step wig."""
    with open(path, "w", encoding="utf-8") as handle:
        for chrom, starts, values in bins.pieces():
            handle.write(f"variableStep chrom={chrom} span={bins.every}\n")
            handle.writelines(
                f"{start + 1} {value:g}\n" for start, value in zip(starts, values, strict=True) if value == value
            )


def expected_total(heads, spec):
    """(vi) A readout: the counts of a window, of a head that holds ln(1 + x)."""
    return readouts.untransformed(heads["counts"], "log1p")


def total_output(spec):
    head = next((head for head in spec.outputs if head.name == "counts"), None)
    return head and OutputSpec(1, head.bin_size, head.offset, head.target, "counts", name="total", kind="counts")


@pytest.fixture
def added() -> Iterator[None]:
    """One line each."""
    zoo.register_architecture("small_cnn", network)
    zoo.register_architecture("toy", toy.build)  # (v)
    methods.register(Ones)
    scores.register(scores.Score("largest_change", largest_change, "largest change of a bin", key="LC"))
    formats.register(formats.Format("wig", ".wig", formats.BINS, write_wig))
    readouts.register(readouts.Readout("total", total_output, expected_total))
    yield
    readouts.unregister("total")
    formats.unregister("wig")
    scores.unregister("largest_change")
    methods.unregister("ones")
    for name in ("small_cnn", "toy"):
        zoo.unregister_architecture(name)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A genome, and tracks for the toy network."""
    root = tmp_path_factory.mktemp("extending")
    made = synthetic.make(root, {"chr1": 20_011, "chr2": 12_000}, seed=2)
    random = np.random.default_rng(1)
    lengths = {"chr1": 20_011, "chr2": 12_000}
    write_track(root / "map.bw", lengths, [(c, random.random(n).astype(np.float32)) for c, n in lengths.items()], 1)
    return {"genome": made.genome, "signal": {"atac": made.signal, "mappability": root / "map.bw"}}


def small() -> zoo.Model:
    """A model of the added network."""
    keras.utils.set_random_seed(1)
    spec = toy.spec(
        name="test/SMALLCNN",
        architecture=Architecture("small_cnn", {"window": 64}),
        input=InputSpec(64, "none"),
        outputs=(OutputSpec(8, 8, 0, "TOY", "binding score", name="binding", kind="binding"),),
        prediction=PredictionSpec(16, ("forward", "reverse_complement")),
    )
    return zoo.Model(spec, network())


def variant(files: dict, at: int = 9000) -> tuple[str, int, str, str]:
    base = py2bit.open(str(files["genome"])).sequence("chr1", at, at + 1)
    return ("chr1", at + 1, base, "A" if base != "A" else "C")


def test_a_network_of_ones_own(added, files: dict, tmp_path: Path):
    """Loaded, predicted to files in a format of one's own, explained by a method and scored by a score of one's own."""
    model = zoo.load(small().save(tmp_path / "SMALLCNN"))
    genome = {"genome": files["genome"]}
    written = model.predict(**genome, regions="chr1:801-1,600", output=tmp_path / "p", write="bigwig,wig")
    text = (tmp_path / "p.wig").read_text().splitlines()
    assert text[0] == "variableStep chrom=chr1 span=8"
    expected = model.predict(**genome, regions="chr1:801-1,600")[0]
    assert [int(line.split()[0]) - 1 for line in text[1:]] == expected.starts.tolist()
    np.testing.assert_allclose([float(line.split()[1]) for line in text[1:]], expected.scores, rtol=1e-5)
    assert {path.name for path in written.written["wig"]} == {"p.wig"}

    found = model.attribute(**genome, regions="chr1:1,001-1,064", method="ones")
    np.testing.assert_allclose(found.values.sum(axis=(1, 2)), found.prediction, rtol=1e-5)
    assert found.method == "ones"

    rows = [variant(files)]
    scored = model.score_variants(rows, **genome, profiles=True)
    change = scored.alternative - scored.reference
    assert scored.scores["largest_change"][0] == pytest.approx(change[0, np.abs(change[0]).argmax()])
    model.score_variants(rows, **genome, output=tmp_path / "v")
    assert "largest_change" in (tmp_path / "v.tsv").read_text().splitlines()[0]
    with pytest.raises(InputError, match="must have a name of its own"):
        scores.register(scores.Score("largest_change", largest_change, "again"))


def test_two_tracks_a_covariate_and_two_heads(added, files: dict, tmp_path: Path, hub):
    """Saved, predicted to files, explained, scored, published to a Hub, and loaded in another process."""
    model = zoo.Model(toy.spec(), toy.network())
    folder = model.save(tmp_path / "TOY")
    model = zoo.load(folder)
    call = {**files, "covariates": {"depth": 1.5}}
    written = model.predict(**call, chromosomes="chr2", output=tmp_path / "p")
    assert [path.name for path in written.bigwigs.values()] == ["p.plus.bw", "p.minus.bw", "p.both.bw"]
    total = model.predict(**call, regions="chr1:33-64", head="total")[0].scores
    counts = model.predict(**call, regions="chr1:33-64", head="counts", scale="linear")[0].scores
    np.testing.assert_allclose(total, counts, rtol=1e-6)
    assert model.attribute(**call, regions="chr1:1,001-1,064", head="counts", count=2).largest_error < 1e-4
    scored = model.score_variants([variant(files)], **call, head="profile", track="plus")
    assert np.isfinite(scored.scores["largest_change"]).all()

    release = publish([folder], "lab/toys", "v1.0", families=tmp_path / "families")
    assert release.models == ("test/TOY",)
    code = (
        "import json, sys, zoo, toy\n"
        "zoo.register_architecture('toy', toy.build)\n"
        "model = zoo.load('hf://lab/toys/TOY@v1.0')\n"
        "found = model.predict(**json.loads(sys.argv[1]), regions='chr1:33-64', head='counts', scale='linear')\n"
        "print(json.dumps(found[0].scores.tolist()))"
    )
    tests = str(Path(__file__).parent)
    paths = os.pathsep.join([tests, str(Path(zoo.__file__).parents[1])])
    elsewhere = {**os.environ, "ZOO_CACHE": str(tmp_path / "elsewhere"), "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(call, default=str)], env=elsewhere, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), counts, rtol=1e-6)


def test_what_is_not_registered_says_so(tmp_path: Path):
    """A model whose network is not known here names the package that brings it."""
    model = small()
    spec = replace(model.spec, architecture=Architecture("small_cnn", {"window": 64}, "my-networks>=1.0"))
    folder = zoo.Model(spec, model.network).save(tmp_path / "SMALLCNN")
    with pytest.raises(InputError, match=r"pip install 'my-networks>=1.0'"):
        zoo.load(folder)

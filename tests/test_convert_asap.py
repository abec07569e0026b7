"""Checkpoints of ASAP as model folders, and what such folders can do: models of DNA alone."""

import importlib.util
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import hub_server
import numpy as np
import pytest
import running

import zoo
from zoo import folder
from zoo.errors import InputError, IntegrityError, MissingExtra, ZooError
from zoo.files import npz
from zoo.porting import asap
from zoo.porting.golden import golden_inputs

RECIPE = Path(__file__).parents[1] / "recipes" / "convert.py"
CONFIG = {"residual_blocks": 2, "window_size": 512}


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    """A checkpoint of a small dilated network with a mappability head."""
    random = np.random.default_rng(8)
    network = zoo.build("dcnn", filters=16, residual_filters=8, residual_blocks=2, final_filters=24, mappability=True)
    rules = asap.tensor_rules("dcnn", network)
    tensors = {rule.tensor: 0.4 * random.normal(size=rule.shape).astype(np.float32) for rule in rules}
    return {name: np.abs(w) if name.endswith(("bn.weight", "running_var")) else w for name, w in tensors.items()}


@pytest.fixture(scope="module")
def checkpoint(tensors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "best.npz"
    np.savez(path, **tensors)
    return path


def _arguments(checkpoint: Path, out: Path, *more: str) -> list[str]:
    config = [f"{name}={json.dumps(value)}" for name, value in CONFIG.items()]
    first = ["asap", str(checkpoint), "--architecture", "dcnn", "--out", str(out), "--cell-type", "IMR 90"]
    return [*first, "--config", *config, *more]


@pytest.fixture(scope="module")
def convert():
    """Function: run the recipe's `main` in this process."""
    spec = importlib.util.spec_from_file_location("convert", RECIPE)
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return lambda *arguments: recipe.main(recipe.parser().parse_args(_arguments(*arguments)))


@pytest.fixture(scope="module")
def converted(convert, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the recipe makes of it."""
    out = tmp_path_factory.mktemp("converted") / "model"
    with redirect_stdout(io.StringIO()) as said:
        convert(checkpoint, out)
    assert "Model('asap/IMR-90-dcnn': 512 bp × 4 → 128 bins of 4 bp)" in said.getvalue()
    return out


@pytest.fixture(scope="module")
def model(converted: Path) -> zoo.Model:
    return zoo.load(converted)


def test_folder_is_complete(converted: Path, model: zoo.Model, tensors):
    assert sorted(path.name for path in converted.iterdir()) == [
        "README.md",
        "config.json",
        "digests.json",
        "golden.npz",
        "model.weights.h5",
    ]
    folder.verify(converted)
    assert model.check().passed
    assert model.spec.input.tracks == ()
    assert (model.spec.output.bins, model.spec.output.bin_size, model.spec.output.target) == (128, 4, "IMR 90")
    card = (converted / "README.md").read_text()
    for said in (
        "chromatin-accessibility",
        "# asap/IMR-90-dcnn",
        'predict(genome="hg38.2bit", output=',
        "Grover et al.",
    ):
        assert said in card
    assert "signal=" not in card
    assert zoo.info(converted)["provenance"]["source"] == "best.npz"


def test_folder_predicts_what_the_imported_network_does(model: zoo.Model, tensors):
    x = golden_inputs(512)[..., :4]
    answers = asap.from_torch("dcnn", tensors, **CONFIG)(x, training=False)
    np.testing.assert_allclose(model.predict(x), answers["accessibility"][..., 0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.network(x)["mappability"], answers["mappability"], rtol=1e-5, atol=1e-6)


def test_a_model_of_dna_alone_predicts_a_genome(model: zoo.Model, genome_files, tmp_path: Path, read_track):
    """Windows count for their central halves, as the authors predict."""
    result = model.predict(genome=genome_files.genome, chromosomes="chr10", output=tmp_path / "out")
    assert result.bed is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.bw", "out.json"]
    told = json.loads((tmp_path / "out.json").read_text())
    assert list(told["inputs"]) == ["genome"]
    assert told["parameters"]["center_only"] is True
    track = read_track(tmp_path / "out.bw", "chr10")
    assert not np.isnan(track).any()
    start = 78 * 256
    codes = zoo.Genome(genome_files.genome).codes("chr10", start - 128, start + 384)
    window = np.eye(5, dtype=np.float32)[codes][None, :, :4]
    np.testing.assert_allclose(track[start : start + 256 : 4], model.predict(window)[0, 32:96], rtol=1e-5, atol=1e-6)


def test_scores_above_1_may_be_thresholds(model: zoo.Model, genome_files, tmp_path: Path):
    table = model.predict(genome=genome_files.genome, regions="chr10:1-2000")
    cut = float(np.median(table.matrix())) + 1e-6
    result = model.predict(genome=genome_files.genome, regions="chr10:1-2000", output=tmp_path / "out", threshold=cut)
    assert result.bed.exists()
    assert result.intervals > 0


def test_both_strands_are_symmetric(model: zoo.Model):
    x = golden_inputs(512)[..., :4]
    turned = np.ascontiguousarray(x[:, ::-1, ::-1])
    np.testing.assert_allclose(
        model.predict(turned, strands="both"), model.predict(x, strands="both")[:, ::-1], rtol=1e-4, atol=1e-6
    )


def test_signals_are_refused(model: zoo.Model, genome_files):
    with pytest.raises(InputError, match=r"signal must be left out: .* reads DNA alone.*signal="):
        model.predict(genome=genome_files.genome, signal=genome_files.signal, chromosomes="chr10")


def test_command_predicts_without_a_signal(converted: Path, genome_files, tmp_path: Path, capfd: pytest.CaptureFixture):
    command = ["zoo", "predict", converted, "--genome", genome_files.genome, "--regions", "chr10:1,001-1,008"]
    done = running.run(command, tmp_path, capfd)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("\t")[2:5] for line in lines] == [
        ["chrom", "start", "end"],
        ["chr10", "1000", "1004"],
        ["chr10", "1004", "1008"],
    ]


def test_an_existing_folder_is_left_alone(checkpoint: Path, tmp_path: Path, run_recipe):
    (tmp_path / "mine.txt").write_text("precious")
    done = run_recipe("convert", *_arguments(checkpoint, tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert "convert: error: The folder to be written must be new or empty" in done.stderr.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--name", "asap/../x"], "family/MODEL"),
        (["residual_blocks=3"], r"missing=.*core\.conv_blocks\.2\.bn\.bias"),
        (["depth=3"], "unknown=.*depth"),
        (["depth"], "NAME=VALUE"),
        (["window_size=1024", "--window", "2048"], "The window of a checkpoint must be given once"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    convert, checkpoint: Path, tmp_path: Path, more: list, said: str
):
    with pytest.raises(ZooError, match=said):
        convert(checkpoint, tmp_path / "out", *more)
    assert not list(tmp_path.iterdir())


def test_without_pytorch_the_extra_is_named(convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "best.pth").write_bytes(b"PK")
    with pytest.raises(MissingExtra, match=r"pip install .*\[torch\]'"):
        convert(tmp_path / "best.pth", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_of_pytorch_gives_the_same(convert, tensors, converted: Path, tmp_path: Path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    state = {f"module.{name}": torch.from_numpy(w) for name, w in tensors.items()}
    state["module.init_conv.bn.num_batches_tracked"] = torch.tensor(7)
    torch.save(state, tmp_path / "best.pth")
    convert(tmp_path / "best.pth", tmp_path / "out")
    one, other = (zoo.load(path).network.get_weights() for path in (tmp_path / "out", converted))
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a, b)


def test_the_original_gives_the_golden_outputs_where_it_is_installed(convert, checkpoint: Path, tmp_path: Path):
    pytest.importorskip("asap.models", reason="the authors' package is not installed", exc_type=ImportError)
    convert(checkpoint, tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| compared with | the authors' package, whose answers are the golden outputs |" in card
    assert zoo.load(tmp_path / "out").check().passed


def test_a_pickle_that_runs_code_does_not(convert, tmp_path: Path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Hostile:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "pwned",))

    torch.save({"init_conv.bn.weight": Hostile()}, tmp_path / "best.pth")
    with pytest.raises(IntegrityError, match=r"A checkpoint must be a state dict.*Save model\.state_dict"):
        convert(tmp_path / "best.pth", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["best.pth"]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04cut off", b"\x80\x02"])
def test_damaged_checkpoints_are_refused(convert, tmp_path: Path, data: bytes):
    for name in ("best.npz", *(["best.pth"] if importlib.util.find_spec("torch") else [])):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(IntegrityError, match=name):
            convert(tmp_path / name, tmp_path / "out")


def test_an_npz_of_objects_is_refused(convert, tmp_path: Path):
    np.savez(tmp_path / "best.npz", **{"init_conv.bn.weight": np.array([{}], dtype=object)})
    with pytest.raises(IntegrityError, match=r"An \.npz file must hold whole, plain arrays"):
        convert(tmp_path / "best.npz", tmp_path / "out")


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_to_an_npz_is_an_error_or_harmless(checkpoint: Path, tmp_path: Path, seed: int):
    """Flipped bytes, cut ends, zeros: refused, or read as the same arrays (a byte that no reader looks at)."""
    whole, random = npz.read(checkpoint), np.random.default_rng(seed)
    data = bytearray(checkpoint.read_bytes())
    kind = seed % 3
    at = int(random.integers(len(data)))
    if kind == 0:
        data[at] ^= 1 << int(random.integers(8))
    elif kind == 1:
        del data[at:]
    else:
        data[at : at + 50] = bytes(len(data[at : at + 50]))
    (tmp_path / "best.npz").write_bytes(data)
    try:
        found = npz.read(tmp_path / "best.npz")
    except IntegrityError:
        return
    same = found.keys() == whole.keys() and all(np.array_equal(found[name], whole[name]) for name in whole)
    assert same or found.keys() != whole.keys()  # names are not digested by the format; from_torch compares them


def test_published_models_come_back_by_name(converted: Path, tmp_path: Path, capfd: pytest.CaptureFixture):
    """A family that no index knew, from a folder to the Hub and back in a process that has no other source."""
    (tmp_path / "families").mkdir()
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        environment = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": "secret",
            "ZOO_CACHE": str(tmp_path / "cache"),
            "ZOO_FAMILIES": str(tmp_path / "families"),
        }

        publish = ("zoo", "publish", converted, "--repo", "lab/asap", "--tag", "v1.0")
        done = running.run(publish, tmp_path, capfd, **environment)
        assert done.returncode == 0, done.stderr
        check = [sys.executable, "-m", "zoo", "check", "asap/IMR-90-dcnn", "--json"]
        whole = {**os.environ, **environment}
        done = subprocess.run(check, env=whole, capture_output=True, text=True, timeout=280)
        assert json.loads(done.stdout)["passed"], done.stderr
        card = hub.repos["lab/asap"].commits[-1].files["README.md"].decode()
        assert "nan" not in card
        assert "Chromatin accessibility of IMR 90 from DNA, ASAP's dcnn" in card

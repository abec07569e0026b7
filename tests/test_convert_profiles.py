"""Files of ChromBPNet and BPNet as model folders (recipes/convert.py), and on the command line."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import profile_files as files
import pytest

import zoo
from zoo import cli
from zoo.errors import InputError, IntegrityError
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit

RECIPE = Path(__file__).parents[1] / "recipes" / "convert.py"
WINDOW, OUTPUT = 420, 150


@pytest.fixture(scope="module")
def parts() -> dict[str, files.Tensors]:
    return {"accessibility": files.network(1, 4, 2), "bias": files.network(2, 3, 1)}


@pytest.fixture(scope="module")
def made(parts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the three files of ChromBPNet, and one of bpnet-lite."""
    folder = tmp_path_factory.mktemp("files")
    files.write_full(folder / "chrombpnet.h5", parts, WINDOW, OUTPUT)
    files.write_part(folder / "nobias.h5", parts["accessibility"], WINDOW, OUTPUT)
    files.write_part(folder / "bias_scaled.h5", parts["bias"], WINDOW, OUTPUT, bias=True)
    writer = files.TorchWriter()
    writer.write(folder / "bpnet.torch", writer.bpnet(files.network(3, 4, 2, 2), 53))
    return folder


@pytest.fixture(scope="module")
def convert() -> Callable:
    """Function: run the recipe's `main` in this process."""
    spec = importlib.util.spec_from_file_location("convert", RECIPE)
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    return lambda *arguments: recipe.main(recipe.parser().parse_args([str(item) for item in arguments]))


def windows() -> np.ndarray:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (2, WINDOW))]


def test_a_whole_file(made: Path, tmp_path: Path, run_recipe):
    """As a command: card, provenance, golden outputs, both parts."""
    out = tmp_path / "K562"
    said = ["--cell-type", "K 562", "--fold", "0", "--accession", "ENCSR000AAA", "--license", "CC BY 4.0"]
    done = run_recipe("convert", "chrombpnet", made / "chrombpnet.h5", *said, "--out", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Model('chrombpnet/K-562-fold_0': 420 bp × 4 → 150 bins of 1 bp, 1 bins of 150 bp)" in done.stdout
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "config.json",
        "digests.json",
        "golden.npz",
        "model.weights.h5",
    ]
    card = (out / "README.md").read_text()
    assert "cut sites of K 562" in card
    assert "On K 562, fold 0, by the files' owner" in card
    assert "Terms: CC BY 4.0" in card
    provenance = json.loads((out / "config.json").read_text())["provenance"]
    assert (provenance["accession"], provenance["fold"]) == ("ENCSR000AAA", "0")
    assert len(provenance["sha256"]) == 64
    for component in (None, "bias", "full"):
        model, original = (zoo.load(path, component=component) for path in (out, made / "chrombpnet.h5"))
        assert model.check().passed
        np.testing.assert_array_equal(model.predict(windows()), original.predict(windows()))
    assert zoo.load(out).spec.input.genome == "hg38"


def test_two_files_make_one_model(made: Path, convert: Callable, tmp_path: Path):
    two = made / "bias_scaled.h5", made / "nobias.h5"
    convert("chrombpnet", *two, "--cell-type", "K562", "--out", tmp_path / "both", "--name", "lab/BOTH")
    both = zoo.load(tmp_path / "both", component="full")
    assert both.spec.name == "lab/BOTH"
    assert both.spec.provenance["source"] == "bias_scaled.h5 and nobias.h5"
    whole = zoo.load(made / "chrombpnet.h5", component="full")
    np.testing.assert_array_equal(both.predict(windows()), whole.predict(windows()))
    for wrong in (two[:1] * 2, (made / "chrombpnet.h5", two[0]), (*two, two[0]), (two[0], made / "bpnet.torch")):
        with pytest.raises(InputError, match="Two files must hold the accessibility and the bias network"):
            convert("chrombpnet", *wrong, "--cell-type", "K562", "--out", tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()


def test_a_part_of_a_file(made: Path, convert: Callable, tmp_path: Path):
    said = ("--cell-type", "K562", "--component", "bias", "--out")
    for name in ("chrombpnet.h5", "bias_scaled.h5"):
        convert("chrombpnet", made / name, *said, tmp_path / name)
        model = zoo.load(tmp_path / name)
        assert (model.spec.name, model.spec.components) == ("chrombpnet/K562", ())
        np.testing.assert_array_equal(model.predict(windows()), zoo.load(made / "bias_scaled.h5").predict(windows()))
    with pytest.raises(InputError, match="missing bias"):
        convert("chrombpnet", made / "nobias.h5", *said, tmp_path / "wrong")


def test_folds(parts, convert: Callable, tmp_path: Path):
    for fold in range(2):
        (tmp_path / "folds" / f"fold_{fold}").mkdir(parents=True)
        tensors = files.network(fold, 4, 2)
        files.write_part(tmp_path / "folds" / f"fold_{fold}" / "nobias.h5", tensors, WINDOW, OUTPUT)
    convert("chrombpnet", tmp_path / "folds", "--cell-type", "K562", "--out", tmp_path / "out")
    model = zoo.load(tmp_path / "out")
    assert model.spec.provenance["members"] == "chrombpnet/K562-0, chrombpnet/K562-1"
    assert model.spec.output.target == "K562"
    np.testing.assert_allclose(model.predict(windows()), zoo.load(tmp_path / "folds").predict(windows()), rtol=1e-6)


@pytest.mark.parametrize("option", ["--factor", "--target"])
def test_bpnet(made: Path, convert: Callable, tmp_path: Path, option: str):
    convert("bpnet", made / "bpnet.torch", option, "CTCF", "--out", tmp_path / "out")
    model = zoo.load(tmp_path / "out")
    assert (model.spec.name, model.spec.output.target, model.spec.output.tracks) == (
        "bpnet/CTCF",
        "CTCF",
        ("plus", "minus"),
    )
    assert model.check().passed


def test_the_window_of_a_file_that_does_not_say_it(made: Path, convert: Callable, tmp_path: Path):
    said = ("--factor", "CTCF", "--window", 420, "--out")
    convert("bpnet", made / "bpnet.torch", *said, tmp_path / "out")
    model = zoo.load(tmp_path / "out")
    assert (model.spec.input.window, model.spec.output.bins) == (420, 314)
    with pytest.raises(InputError, match="must be the file's own"):
        convert("chrombpnet", made / "nobias.h5", "--cell-type", *said[1:], tmp_path / "wrong")
    for window in (0, -2, 421, 106):
        with pytest.raises(IntegrityError, match="leave a profile of the window"):
            convert("bpnet", made / "bpnet.torch", *said[:3], window, "--out", tmp_path / "wrong")


def test_files_that_are_not_converted(made: Path, convert: Callable, tmp_path: Path):
    with pytest.raises(InputError, match="must be of ChromBPNet or BPNet"):
        convert("bpnet", tmp_path, "--factor", "CTCF", "--out", tmp_path / "out")
    with pytest.raises(InputError, match="must exist"):
        convert("bpnet", tmp_path / "no.h5", "--factor", "CTCF", "--out", tmp_path / "out")
    with pytest.raises(InputError, match="must be saved to a new folder"):
        convert("bpnet", made / "bpnet.torch", "--factor", "CTCF", "--out", tmp_path)


# The command line


def test_info_of_a_file(made: Path, capsys: pytest.CaptureFixture):
    assert cli.main(["info", str(made / "chrombpnet.h5")]) == 0
    said = capsys.readouterr().out
    assert "local/chrombpnet: Observed chromatin accessibility" in said
    assert "420 bp of DNA (unknown assembly)" in said
    assert "part accessibility Bias-corrected chromatin accessibility of an unknown sample (default)" in said
    assert cli.main(["info", "--json", str(made / "bpnet.torch")]) == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["layout"] == "bpnet-lite"


def test_predictions_of_a_file(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    letters = "".join(np.random.default_rng(5).choice(list("ACGT"), 2_000))
    write_twobit(tmp_path / "g.2bit", {"chr1": encode(letters)})
    call = ["predict", str(made / "chrombpnet.h5"), "--genome", str(tmp_path / "g.2bit"), "--regions", "chr1:601-900"]
    assert cli.main([*call, "--output", str(tmp_path / "out")]) == 0
    model = json.loads((tmp_path / "out.json").read_text())["model"]
    assert model["name"] == "local/chrombpnet:accessibility"
    assert model["source"] == "chrombpnet.h5"
    made_at = (tmp_path / "out.bw").stat().st_mtime_ns
    assert cli.main([*call, "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out.bw").stat().st_mtime_ns == made_at  # all is there
    call[1] = str(made / "nobias.h5")
    capsys.readouterr()
    assert cli.main([*call, "--output", str(tmp_path / "other")]) == 0
    assert (tmp_path / "out.bw").read_bytes() == (tmp_path / "other.bw").read_bytes()


def test_a_prediction_does_not_replace_the_model(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    write_twobit(tmp_path / "g.2bit", {"chr1": encode("ACGT" * 500)})
    (tmp_path / "x.bw").write_bytes((made / "bpnet.torch").read_bytes())
    (tmp_path / "x.torch").symlink_to(tmp_path / "x.bw")
    call = ["predict", str(tmp_path / "x.torch"), "--genome", str(tmp_path / "g.2bit"), "--regions", "chr1:601-900"]
    assert cli.main([*call, "--track", "plus", "--output", str(tmp_path / "x")]) == 2
    assert "must" in capsys.readouterr().err
    assert (tmp_path / "x.bw").read_bytes() == (made / "bpnet.torch").read_bytes()


def test_what_needs_a_folder(made: Path, capsys: pytest.CaptureFixture):
    for command in ("check", "fetch"):
        assert cli.main([command, str(made / "chrombpnet.h5")]) == 2
        assert "folder" in capsys.readouterr().err

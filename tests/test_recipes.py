"""Recipes, run as people run them."""

import argparse
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import hub_server
import numpy as np
import pytest
import running

import zoo

ROOT = Path(__file__).parents[1]


def test_convert_maxatac_publish_and_pull(shared: Path, tmp_path: Path, run_recipe, capfd: pytest.CaptureFixture):
    """From the authors' files to a family on the Hub, and back by name in a process that has no other source."""
    families = tmp_path / "families"
    families.mkdir()
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        environment = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "secret", "ZOO_FAMILIES": str(families)}
        publish = ("--publish", "lab/maxatac", "--tag", "v1.0", "--families", families)
        convert = ("convert", "maxatac", "CTCF", "MAX", "--out", tmp_path / "made", *publish)
        done = run_recipe(*convert, cwd=tmp_path, **environment, ZOO_CACHE=str(tmp_path / "cache"))
        assert done.returncode == 0, done.stderr
        assert "lab/maxatac@v1.0: 2 models, 14 files" in done.stdout
        assert [line.split("\t")[:2] for line in done.stdout.splitlines()[:2]] == [
            ["maxatac/CTCF", "0"],
            ["maxatac/MAX", "0"],
        ]
        files = hub.repos["lab/maxatac"].commits[-1].files
        card = files["CTCF/README.md"].decode()
        for said in ("library_name: keras", "(precision=0.9) | 0.765", "largest difference | 0", "held out 1 and 8"):
            assert said in card
        assert files["CTCF/thresholds.png"][:4] == b"\x89PNG"
        elsewhere = {**environment, "ZOO_SHARED": "", "ZOO_CACHE": str(tmp_path / "other")}
        check = ["-m", "zoo", "check", "maxatac/CTCF", "--json"]
        done = subprocess.run(
            [sys.executable, *check], env={**os.environ, **elsewhere}, capture_output=True, text=True, timeout=280
        )
        assert json.loads(done.stdout)["passed"], done.stderr
        offline = {**elsewhere, "ZOO_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}
        assert running.run(check[1:], tmp_path, capfd, **offline).returncode == 0


def test_convert_names_what_is_wrong(tmp_path: Path, run_recipe):
    done = run_recipe("convert", "maxatac", "CTFC", "--out", tmp_path / "made", cwd=tmp_path)
    assert done.returncode == 1
    assert "convert: error: The registry must list the model; closest: maxatac/CTCF" in done.stderr


@pytest.mark.parametrize(
    ("recipe", "model", "few"),
    [
        ("train_maxatac", "synthetic-CTCF", ("--epochs", 1, "--steps", 5)),
        ("train_asap", "synthetic-ATAC", ("--epochs", 1)),
        ("train_chrombpnet", "synthetic-ChromBPNet", ("--epochs", 1)),
    ],
)
def test_recipes_without_arguments_or_data(tmp_path: Path, recipe: str, model: str, few: tuple, run_recipe):
    """They make a synthetic genome, say so, and end with a model that loads (fewer steps than by default)."""
    narrow = {
        "train_maxatac": ("filters=4",),
        "train_asap": ("motifs=8", "filters=8"),
        "train_chrombpnet": ("window=512", "output=200", "filters=4", "dilated_layers=4", "bias_layers=3"),
    }
    done = run_recipe(recipe, *few, "--set", *narrow[recipe], cwd=tmp_path, ZOO_SHARED="")
    assert done.returncode == 0, done.stderr
    assert "training on a synthetic genome" in done.stdout
    folder = tmp_path / "runs" / model / ("chrombpnet/model" if recipe == "train_chrombpnet" else "model")
    assert done.stdout.splitlines()[-1] == str(folder.relative_to(tmp_path))
    assert zoo.load(folder).check().passed


def test_a_head_on_a_trunk_without_arguments_or_data(tmp_path: Path, run_recipe):
    done = run_recipe(
        "train_coverage", "--epochs", 1, "--set", "filters=8", "residual_blocks=1", cwd=tmp_path, ZOO_SHARED=""
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs/synthetic-OTHER/other/model"
    assert done.stdout.splitlines()[-1] == str(folder.relative_to(tmp_path))
    assert "synthetic/OTHER: Weights of " in done.stdout
    one, other = zoo.load(folder.parents[1] / "one/model"), zoo.load(folder)
    assert (one.spec.output.tracks, other.spec.output.tracks) == (("one",), ("other",))
    assert other.check().passed


def test_two_tracks_are_trained_and_predicted(tmp_path: Path, run_recipe, capfd: pytest.CaptureFixture):
    """`--set tracks=2` on a synthetic genome, which then has a second sample; fewer signals are refused."""
    narrow = ("--epochs", 1, "--set", "tracks=2", "motifs=8", "filters=8")
    done = run_recipe("train_asap", *narrow, cwd=tmp_path, ZOO_SHARED="")
    assert done.returncode == 0, done.stderr
    genome = tmp_path / "runs" / "data" / "synthetic" / "genome.2bit"
    model = tmp_path / "runs" / "synthetic-ATAC" / "model"
    asked = ("--genome", genome, "--chromosomes", "chr3", "--output", tmp_path / "o")
    done = running.run(["zoo", "predict", model, *asked], tmp_path, capfd)
    assert done.returncode == 0, done.stderr
    tracks = [zoo.Signal(tmp_path / f"o.{name}.bw").values("chr3", 50_000, 150_000) for name in ("atac", "atac_2")]
    assert np.isfinite(tracks).all()
    assert not np.array_equal(*tracks)
    given = ("--signal", genome.parent / "atac.bw", "--out", tmp_path / "no")
    done = run_recipe("train_asap", *narrow, *given, cwd=tmp_path, ZOO_SHARED="")
    assert done.returncode == 1
    assert "1 signal is given; give more as in --signal A.bw B.bw" in done.stderr


def test_a_bias_model_that_is_not_there(tmp_path: Path, run_recipe):
    """It is looked for before anything is read."""
    done = run_recipe(
        "train_chrombpnet", "--bias", "no/bias.h5", "--out", tmp_path / "out", cwd=tmp_path, ZOO_SHARED=""
    )
    assert done.returncode == 1
    assert "no/bias.h5" in done.stderr
    assert not (tmp_path / "out").exists()


def test_models_beside_what_they_have_to_beat(shared: Path, tmp_path: Path, run_recipe):
    """REB1 of yeast on chromosomes it has not seen: the numbers on its card, above both halves of its input."""
    done = run_recipe("evaluate_binding", "--yeast", "REB1", "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "binding.json").read_text())
    kinds = [part["kind"] for part in said["sections"]]
    assert kinds == ["table", "precision_recall", "locus"]
    rows = {row[0]: row for row in said["sections"][0]["rows"]}
    assert rows["REB1, model"][1] == pytest.approx(0.5905, abs=2e-3)
    for other in ("sequence alone", "ATAC-seq alone", "motif"):
        assert rows["REB1, model"][1] > rows[f"REB1, {other}"][1] + 0.05
    assert [track["name"] for track in said["sections"][2]["tracks"]] == [
        "ATAC-seq",
        "model",
        "model, both strands",
        "sequence alone",
    ]
    assert (tmp_path / "binding.html").stat().st_size > 100_000


def test_accessibility_beside_baselines(shared: Path, tmp_path: Path, run_recipe):
    """A small chromosome: all measures, robustness, peaks that are found again."""
    done = run_recipe("evaluate_accessibility", "--chromosomes", "chrVI", "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "accessibility.json").read_text())
    for where in ("everywhere", "around peaks"):
        pearson = {name: rows["chrVI"]["pearson"] for name, rows in said["rows"][where].items()}
        assert pearson["yeast/ATAC"] > max(pearson["k-mer regression"], pearson["mean profile"])
    assert "variation" in done.stdout
    assert "peaks of predictions at 5" in done.stdout
    assert said["sections"][-1]["kind"] == "locus"


def test_from_peaks_to_motifs(shared: Path, tmp_path: Path, run_recipe):
    """REB1 of yeast, where it was not trained: TTACCCG, and a row of counts."""
    command = ("interpret", "--yeast", "REB1", "--chromosomes", "chrIV", "chrXIII", "--pictures", 1, "--out", tmp_path)
    done = run_recipe(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    pattern = done.stdout.splitlines()[2].split()
    assert pattern[0] == "pos_0"
    assert pattern[2:4] == ["TTACCCG", "REB1"]
    counts = [line.split("\t") for line in (tmp_path / "counts.tsv").read_text().splitlines()]
    assert counts[0] == ["motif", "REB1 seqlets", "REB1 hits"]
    assert counts[1][0] == "REB1"
    assert min(map(int, counts[1][1:])) > 100
    made = sorted(path.name for path in (tmp_path / "REB1").iterdir())
    assert made == [*(f"attributions{end}" for end in (".bw", ".json", ".npz", "_1.png", "_1_near.png")), "motifs"]
    lines = (tmp_path / "REB1" / "motifs" / "seqlets.bed").read_text().splitlines()
    assert {line.split("\t")[0] for line in lines} == {"chrIV", "chrXIII"}
    assert json.loads((tmp_path / "REB1" / "attributions.json").read_text())["largest_error"] < 1e-4


def test_recipes_on_yeast_plan_what_they_would_do(shared: Path, tmp_path: Path, run_recipe):
    """REB1, another factor by its name or by a file of peaks with other chromosome names, and accessibility; of small
    networks, whose steps do not take long to measure."""
    windows = {}
    peaks = shared / "data" / "sacCer3_atac_tf" / "peaks" / "Rap1_CX.bed"
    (tmp_path / "Given_CX.bed").write_bytes(peaks.read_bytes())
    for arguments in ((), ("--factor", "RAP1"), ("--peaks", "Given_CX.bed")):
        done = run_recipe("train_maxatac", "--dry-run", *arguments, "--set", "filters=4", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        name, _, plan = done.stdout.splitlines()[-1].partition(": ")
        windows[name] = plan.split(" windows")[0]
    assert list(windows) == ["yeast/REB1", "yeast/RAP1", "yeast/GIVEN"]
    assert windows["yeast/REB1"] == "8,757"
    assert windows["yeast/RAP1"] == windows["yeast/GIVEN"] != windows["yeast/REB1"]
    small = ("motifs=8", "filters=8")
    done = run_recipe("train_asap", "--dry-run", "--set", *small, cwd=tmp_path)
    assert "yeast/ATAC: 7,967 windows to train on" in done.stdout
    # ends of mononucleosomal fragments
    done = run_recipe("train_asap", "--dry-run", "--set", "tracks=2", *small, cwd=tmp_path)
    assert "yeast/ATAC: 7,967 windows to train on" in done.stdout
    data = tmp_path / "runs" / "data"
    some, every = (zoo.Signal(data / f"{name}.bw").values("chrIV", 0, 500_000) > 0 for name in
                   ("mononucleosomal", "accessibility"))  # fmt: skip
    assert some.any()
    assert every[some].all()
    assert some.sum() < every.sum()
    assert not (tmp_path / "runs" / "yeast-REB1").exists()
    done = run_recipe("train_maxatac", "--factor", "ABF1", cwd=tmp_path)
    assert done.returncode == 1
    assert "train_maxatac: error: A factor must be one of CBF1" in done.stderr


def test_a_factor_of_ones_own(shared: Path, tmp_path: Path, run_recipe):
    """A file of peaks with other names of chromosomes, from the network of ten factors; maxATAC's network; several."""
    peaks = shared / "data" / "sacCer3_atac_tf" / "peaks" / "Swi4_CX.bed"
    (tmp_path / "mine.bed").write_bytes(peaks.read_bytes())
    short = ("--epochs", 1, "--steps", 5)
    done = run_recipe(
        "train_maxatac", "--peaks", "mine.bed", "--from", "yeast/factors", "--out", "mine", *short, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Weights of 5 layers are those of yeast/factors (learned_scan to" in done.stdout
    model = zoo.load(tmp_path / "mine" / "model")
    assert model.spec.name == "yeast/MINE"
    assert model.spec.metrics["positive bins"] == 34
    assert "c...aaCgcGaaAagaa" in (tmp_path / "mine" / "model" / "README.md").read_text()  # what SWI4 binds
    done = run_recipe("train_maxatac", "--architecture", "maxatac", "--dry-run", cwd=tmp_path)
    assert "yeast/REB1: 20,759 windows to train on" in done.stdout
    done = run_recipe("train_maxatac", "--factors", "REB1", "RAP1", "--dry-run", cwd=tmp_path)
    assert "yeast/factors: 9," in done.stdout
    done = run_recipe("train_maxatac", "--factors", "REB1", "RAP1", "--architecture", "maxatac", cwd=tmp_path)
    assert done.returncode == 1
    assert "maxATAC's network must be given one factor" in done.stderr


def test_the_tracks_of_yeast(shared: Path, tmp_path: Path):
    """Cut sites are 4 bp behind a fragment's start and 5 before its end; ±20 bp; chromosome names are the genome's."""
    sys.path.insert(0, str(ROOT / "recipes"))
    import yeast

    with gzip.open(tmp_path / "fragments.gz", "wt") as file:
        file.write("chrI\t100\t200\nchrI\t100\t160\n")
    made = {name: tmp_path / f"{name}.bw" for name in ("signal", "accessibility")}
    yeast.make_tracks(tmp_path / "fragments.gz", {"chrI": 400, "chrII": 50}, made)
    track = zoo.Signal(made["signal"]).values("chrI", 0, 400)
    counts = (track / track.max() * 2).round(5)
    assert np.flatnonzero(counts).tolist() == [*range(84, 125), *range(135, 216)]
    assert counts[[84, 124, 135, 174, 175, 176, 215]].tolist() == [2, 2, 1, 1, 2, 1, 1]
    wide = zoo.Signal(made["accessibility"])
    assert np.flatnonzero(wide.values("chrI", 0, 400)).tolist() == list(range(29, 271))
    assert not wide.values("chrII", 0, 50).any()
    with gzip.open(tmp_path / "fragments.gz", "wt") as file:
        file.write("".join(f"chrI\t{start}\t{start + width}\n" for start, width in enumerate((179, 180, 247, 248), 90)))
    yeast.make_tracks(tmp_path / "fragments.gz", {"chrI": 500}, {"signal": tmp_path / "some.bw"}, (180, 247))
    track = zoo.Signal(tmp_path / "some.bw").values("chrI", 0, 500)
    assert np.flatnonzero(track).tolist() == [*range(75, 117), *range(246, 287), *range(314, 355)]


@pytest.mark.parametrize(
    ("network", "few"),
    [
        ("factornet", ("--set", "units=0", "filters=4")),
        pytest.param("deepgrn", ("--set", "filters=4", "units=2", "hidden=4"), marks=pytest.mark.slow),
        pytest.param("scfan", ("--set", "hidden=4"), marks=pytest.mark.slow),
        pytest.param("leopard", ("--steps", 2, "--set", "filters=2", "window=2048"), marks=pytest.mark.slow),
    ],
)
def test_systems_are_trained_without_arguments_or_data(tmp_path: Path, network: str, few: tuple, run_recipe):
    """On a synthetic genome; the model loads, and predicts its held-out chromosome."""
    done = run_recipe("train_systems", "--network", network, "--epochs", 1, *few, cwd=tmp_path, ZOO_SHARED="")
    assert done.returncode == 0, done.stderr
    assert "training on a synthetic genome" in done.stdout
    folder = tmp_path / "runs" / f"synthetic-{network}-CTCF" / "model"
    assert done.stdout.splitlines()[-1] == str(folder.relative_to(tmp_path))
    model = zoo.load(folder)
    assert model.check().passed
    assert {"average precision", "AUPR"} <= set(model.spec.metrics)


def test_systems_on_yeast_plan_what_they_would_do(shared: Path, tmp_path: Path, run_recipe):
    """759 peaks of REB1 on the training chromosomes, five bins for each; another factor; what does not go together."""
    done = run_recipe("train_systems", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "yeast-factornet/REB1: 4,554 windows to train on, 654 to validate on" in done.stdout
    assert not (tmp_path / "runs" / "yeast-factornet-REB1").exists()
    track = zoo.Signal(tmp_path / "runs" / "data" / "dgf.bw").values("chrIV", 0, 1_500_000)
    assert 0.01 < track.mean() < 0.04  # about 1 / 50, the reads' length
    done = run_recipe("train_systems", "--network", "leopard", "--factor", "ABF1", cwd=tmp_path)
    assert done.returncode == 1
    assert "train_systems: error: A factor must be one of CBF1" in done.stderr
    done = run_recipe("train_systems", "--network", "scfan", "--config", "x.yaml", cwd=tmp_path)
    assert "--network must not be given with --config" in done.stderr


def test_leopards_chromosomes_are_halved_by_the_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The halves of its configuration are those of seed 0."""
    monkeypatch.syspath_prepend(str(ROOT / "recipes"))
    import train_systems
    import yaml

    split = yaml.safe_load((ROOT / "recipes" / "configs" / "leopard.yaml").read_text())["chromosomes"]
    none = {"train_chroms": None, "validation_chroms": None}
    first, second = (train_systems.halved(argparse.Namespace(**none, seed=seed)) for seed in (None, 1))
    assert first["chromosomes"] == {name: split[name] for name in ("train", "validation")}
    assert second != first
    assert train_systems.halved(argparse.Namespace(train_chroms=["chr2"], validation_chroms=None, seed=1)) == {}


def test_expected_and_observed_precision(monkeypatch: pytest.MonkeyPatch):
    """Ten blocks of which 2 of 4 calls are right where 0.8 was expected; a table without intervals has none."""
    monkeypatch.syspath_prepend(str(ROOT / "recipes"))
    import evaluate_thresholds

    from zoo.evaluate.counts import Counts
    from zoo.predict.thresholds import ThresholdTable

    blocks = [Counts() for _ in range(10)]
    for block in blocks:
        block.add(np.array([True, True, False, False, True, False]), np.array([0.9, 0.8, 0.7, 0.6, 0.2, 0.1]))
    columns = {
        "threshold": [0.0, 0.6],
        "precision": [0.5, 0.8],
        "recall": [1.0, 0.7],
        "log2fc": [0, 1],
        "f1": [0.6, 0.7],
    }
    plain = {name: np.array(values, float) for name, values in columns.items()}
    limits = {"precision_low": np.array([0.2, 0.6]), "precision_high": np.array([0.7, 0.9])}
    rows = evaluate_thresholds.kept(ThresholdTable({**plain, **limits}), blocks)
    assert list(rows) == ["f1", "precision=0.3", "precision=0.5", "precision=0.7", "recall=0.5"]
    best = rows["f1"]
    assert (best["expected precision"], best["expected low"], best["expected high"]) == (0.8, 0.6, 0.9)
    assert (best["observed precision"], best["observed recall"]) == (0.5, pytest.approx(2 / 3))
    assert 0.3 < best["observed low"] < 0.5 < best["observed high"] < 0.7
    assert (best["expected in interval of observed"], best["observed in expected interval"]) == (0, 0)
    assert rows["precision=0.3"]["expected in interval of observed"] == 1
    assert rows["precision=0.3"]["observed in expected interval"] == 1
    before = evaluate_thresholds.kept(ThresholdTable(plain), blocks)
    assert np.isnan(before["f1"]["observed in expected interval"])
    means = evaluate_thresholds.mean([before["f1"], rows["f1"]])
    assert (means["models"], means["observed in expected interval"]) == (2, 0)
    assert "expected low" not in means

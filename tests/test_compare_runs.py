"""`zoo.compare` and `zoo compare` from end to end, with small models on a synthetic genome."""

import csv
import dataclasses
import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.cli import main
from zoo.errors import GenomeMismatch, InputError, IntegrityError, ZooError, ZooWarning
from zoo.formats import bigwig
from zoo.genome.signal import Signal
from zoo.many.finished import Finished
from zoo.model import Model
from zoo.spec import InputSpec

LENGTHS = {"chr1": 100_003, "chr2": 60_001}


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="session")
def models(small: zoo.Model) -> list[Model]:
    """Three factors of one network."""
    return [
        Model(dataclasses.replace(small.spec, name=f"test/{name}"), small.network, small.thresholds) for name in "ABC"
    ]


@pytest.fixture(scope="session")
def tracks(genome_files, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The signal at several depths in two replicates of `a`; in those of `b` the second half of chr1 is turned."""
    folder, signal = tmp_path_factory.mktemp("compared"), Signal(genome_files.signal)
    made = {}
    for number, name in enumerate(("a1", "a2", "b1", "b2")):
        random, values = np.random.default_rng(number), {}
        for chrom, size in LENGTHS.items():
            values[chrom] = signal.values(chrom, 0, size) * random.uniform(0.97, 1.03)
        if name.startswith("b"):
            values["chr1"][50_000:] = values["chr1"][50_000:][::-1]
        made[name] = folder / f"{name}.bw"
        bigwig.write_track(made[name], LENGTHS, list(values.items()), 1)
    return made


@pytest.fixture(scope="session")
def table(tracks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tracks["a1"].with_name("samples.tsv")
    lines = [f"{name}\t{track.name}\t{name[0]}\t{name[1]}" for name, track in tracks.items()]
    path.write_text("\n".join(["sample\tsignal\tcondition\treplicate", *lines, ""]))
    return path


@pytest.fixture(scope="session")
def found(models, genome_files, table: Path, tmp_path_factory: pytest.TempPathFactory):
    """A comparison of whole chromosomes, and its arguments."""
    given = {"genome": genome_files.genome, "samples": table, "chromosomes": ["chr1", "chr2"]}
    given["output"] = tmp_path_factory.mktemp("out") / "c"
    return zoo.compare(models, **given), given


def test_files_and_rows_of_a_comparison(found):
    made, given = found
    base = given["output"]
    rows = rows_of(base.with_name("c.factors.tsv"))
    assert [(row["condition"], row["against"], row["factor"]) for row in rows] == [
        ("b", "a", f"test/{name}") for name in "ABC"
    ]
    assert all(int(rows[0][name]) > 0 for name in ("gained", "lost", "shared"))
    assert len({row["change"] for row in rows}) == 1  # one network
    assert [row.gained for row in made.factors] == [int(row["gained"]) for row in rows]
    sites = [row for row in rows_of(base.with_name("c.sites.tsv")) if row["factor"] == "test/A"]
    for which in ("gained", "lost"):
        own = [row for row in sites if row["class|b.vs.a"] == which]
        bed = base.with_name(f"c.b.vs.a.A.{which}.bed").read_text().splitlines()
        assert [line.split("\t")[:3] for line in bed] == [[row["chrom"], row["start"], row["end"]] for row in own]
        assert len(own) == int(rows[0][which])
        changed = [row for row in own if row["chrom"] == "chr1" and int(row["end"]) > 49_000]
        assert len(changed) == len(own)
    record = json.loads(base.with_name("c.json").read_text())
    assert record["contrasts"][0]["blocks"] > 10
    assert (base.with_name("c.html")).read_text().startswith("<!doctype html>")
    assert {path.name for path in base.parent.iterdir()} >= {
        *("c.changes.png", "c.heat.png", "c.overlap.png", "c.pass.summary.tsv", "c.scores.matrix.tsv")
    }


def test_scores_of_sites_are_those_of_predictions(found, models, tracks: dict[str, Path], genome_files):
    _, given = found
    rows = [row for row in rows_of(given["output"].with_name("c.sites.tsv")) if row["factor"] == "test/B"][:20]
    regions = [(row["chrom"], int(row["start"]), int(row["end"])) for row in rows]
    for name in ("a1", "b2"):
        expected = models[1].predict(genome=genome_files.genome, signal=tracks[name], regions=regions).max
        np.testing.assert_allclose([float(row[f"score|{name}"]) for row in rows], expected, atol=1e-6)
    means = [[np.mean([float(row[f"score|{side}{n}"]) for n in "12"]) for side in "ba"] for row in rows]
    changes = [float(row["change|b.vs.a"]) for row in rows]
    np.testing.assert_allclose(changes, [ours - theirs for ours, theirs in means], atol=1e-5)


def test_the_same_call_does_nothing_and_another_contrast_or_design_predicts_nothing(found, models, monkeypatch):
    made, given = found
    pages = {path: path.stat().st_mtime_ns for path in given["output"].parent.iterdir()}
    again = zoo.compare(models, **given)
    assert [_whole_numbers(row) for row in again.factors] == [_whole_numbers(row) for row in made.factors]
    for one, other in zip(
        again.factors, made.factors, strict=True
    ):  # scores of whole chromosomes are rounded otherwise
        np.testing.assert_allclose(_fractions(one), _fractions(other), atol=1e-4)
    assert {path: path.stat().st_mtime_ns for path in given["output"].parent.iterdir()} == pages
    from zoo.many.work import Work

    monkeypatch.setattr(Work, "compute", None)
    other = zoo.compare(models, **given, against="b")
    assert [(row.condition, row.against) for row in other.factors] == [("a", "b")] * 3
    assert other.factors[0].gained == made.factors[0].lost
    assert not list(given["output"].parent.glob("c.b.vs.a.*"))  # of the contrast before
    named = given["samples"].with_name("others.tsv")
    named.write_text(given["samples"].read_text().replace("\ta\t", "\tcontrol\t"))
    again = zoo.compare(models, **{**given, "samples": named})
    assert [(row.against, row.gained) for row in again.factors] == [("control", row.gained) for row in made.factors]
    zoo.compare(models, **given)  # as it was, for other tests


def _whole_numbers(row) -> list:
    return [value for value in astuple(row) if not isinstance(value, float)]


def _fractions(row) -> list[float]:
    return [value for value in astuple(row) if isinstance(value, float)]


def test_a_finished_pass_gives_the_same_as_one_that_is_run(found, models, tmp_path: Path):
    """By its BED and bigWig files."""
    made, given = found
    chosen = {name: given[name] for name in ("genome", "samples", "chromosomes")}
    files = zoo.predict_many(models, **chosen, output=tmp_path / "all", write="bed,bigwig")
    again = zoo.compare(predictions=files.sidecar, samples=given["samples"], output=tmp_path / "d")
    assert [_whole_numbers(row) for row in again.factors] == [_whole_numbers(row) for row in made.factors]
    for one, other in zip(
        again.factors, made.factors, strict=True
    ):  # scores of whole chromosomes are rounded otherwise
        np.testing.assert_allclose(_fractions(one), _fractions(other), atol=1e-4)
    few = zoo.compare(predictions=files.sidecar, samples=None, output=tmp_path / "e", beds=False)
    assert [(row.condition, row.against) for row in few.factors[::3]] == [("a2", "a1"), ("b1", "a1"), ("b2", "a1")]
    assert not list(tmp_path.glob("e.*.bed"))
    with open(files.files[".b1.B.bed"], "a", encoding="utf-8") as file:
        file.write("chr1\t0\t32\t0.9\n")
    with pytest.raises(IntegrityError, match="must be as it left them"):
        zoo.compare(predictions=files.sidecar, output=tmp_path / "f")


def test_regions_are_sites_and_a_matrix_is_read_again(models, genome_files, table: Path, tmp_path: Path):
    regions = [("chr1", start, start + 400) for start in range(1000, 99_000, 2000)]
    given = {"genome": genome_files.genome, "samples": table, "regions": regions}
    made = zoo.compare(models, **given, output=tmp_path / "r")
    assert not (tmp_path / "r.pass.json").exists()
    again = zoo.compare(predictions=tmp_path / "r.scores.json", samples=table, output=tmp_path / "s")
    assert [row.gained for row in again.factors] == [row.gained for row in made.factors]
    assert again.factors[0].change == pytest.approx(made.factors[0].change, abs=1e-6)
    with pytest.raises(InputError, match=r"among those of the predictions.*'other'"):
        zoo.compare(predictions=tmp_path / "r.scores.json", samples={"other": "x.bw"}, output=tmp_path / "t")
    (tmp_path / "r.scores.matrix.tsv").write_text("x")
    with pytest.raises(IntegrityError, match="must be as it left them"):
        zoo.compare(predictions=tmp_path / "r.scores.json", output=tmp_path / "u")


def test_an_interrupted_comparison_goes_on(found, models, tmp_path: Path, monkeypatch):
    """Killed in the second pass: the first one is not computed again, and the result is the same."""
    from zoo.many.work import Work

    made, given = found
    real, calls = Work.compute, []

    def compute(work, *unit):
        calls.append(work.request.threshold)
        if work.request.threshold is None and stop:
            raise KeyboardInterrupt
        return real(work, *unit)

    monkeypatch.setattr(Work, "compute", compute)
    stop = True
    with pytest.raises(KeyboardInterrupt):
        zoo.compare(models, **{**given, "output": tmp_path / "k"})
    stop = False
    calls.clear()
    again = zoo.compare(models, **{**given, "output": tmp_path / "k"})
    assert set(calls) == {None}
    assert [_whole_numbers(row) for row in again.factors] == [_whole_numbers(row) for row in made.factors]
    for one, other in zip(
        again.factors, made.factors, strict=True
    ):  # scores of whole chromosomes are rounded otherwise
        np.testing.assert_allclose(_fractions(one), _fractions(other), atol=1e-4)
    same = ("factors.tsv", "sites.tsv", "heat.png")
    for name in same:
        assert (tmp_path / f"k.{name}").read_bytes() == given["output"].with_name(f"c.{name}").read_bytes()


def test_on_an_executor_models_go_by_their_names(small_folder: Path, genome_files, table: Path, tmp_path: Path):
    given = {"genome": genome_files.genome, "samples": table, "chromosomes": ["chr2"]}
    alone = zoo.compare(small_folder, **given, output=tmp_path / "a")
    with ThreadPoolExecutor(1) as executor:
        other = zoo.compare(small_folder, **given, output=tmp_path / "b", executor=executor)
    assert list(alone.factors) == list(other.factors)
    for name in ("factors.tsv", "sites.tsv", "scores.matrix.tsv"):
        assert (tmp_path / f"a.{name}").read_bytes() == (tmp_path / f"b.{name}").read_bytes()


def test_the_command_writes_and_prints_the_same(found, tmp_path: Path, capsys: pytest.CaptureFixture):
    _, given = found
    scores = given["output"].with_name("c.scores.json")
    line = [
        "compare",
        "--predictions",
        str(scores),
        "--output",
        str(tmp_path / "x"),
        "--samples",
        str(given["samples"]),
    ]
    with pytest.raises(SystemExit) as ended:
        main([*line, "--against"])
    assert ended.value.code == 2
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooWarning)
        assert main([*line, "--json", "--no-beds"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["kind"] == "comparison of samples"
    assert main([*line, "--no-beds", "--genome", "x.2bit"]) == 2
    assert "Predictions must be given without genome" in capsys.readouterr().err


def test_models_without_a_threshold_are_compared_by_scores(models, genome_files, table: Path, tmp_path: Path):
    plain = Model(dataclasses.replace(models[0].spec, name="test/PLAIN"), models[0].network)
    regions = [("chr1", start, start + 400) for start in range(1000, 99_000, 4000)]
    given = {"genome": genome_files.genome, "samples": table, "regions": regions, "output": tmp_path / "p"}
    with pytest.warns(ZooWarning, match="test/PLAIN: without a threshold; compared by scores only, in all regions"):
        made = zoo.compare([*models, plain], **given)
    row = made.factors[3]
    assert (row.threshold, row.gained, row.relative) == (None, None, None)
    assert row.change_low < row.change < row.change_high
    with pytest.raises(InputError, match=r"Regions must be given for models without a threshold.*'test/PLAIN'"):
        zoo.compare([plain], **{**given, "regions": None, "output": tmp_path / "q"})
    with pytest.raises(ZooError, match="must have a site of one of the factors"):
        zoo.compare(models, **{**given, "regions": None, "chromosomes": ["chr2"], "threshold": 1.0})


def test_bad_input_is_refused_before_anything_is_predicted(models, genome_files, tracks, table, tmp_path, monkeypatch):
    from zoo.many.work import Work

    monkeypatch.setattr(Work, "compute", None)
    given = {"genome": genome_files.genome, "output": tmp_path / "x"}
    with pytest.raises(InputError, match="Two conditions at least"):
        zoo.compare(models, samples=[tracks["a1"]], **given)
    with pytest.raises(InputError, match=r"must have a sample.*against='c'"):
        zoo.compare(models, samples=table, against="c", **given)
    with pytest.raises(InputError, match="Each of the samples must have a name of its own"):
        zoo.compare(models, samples=[tracks["a1"], tracks["a1"]], **given)
    with pytest.raises(InputError, match="must be given samples, or the predictions"):
        zoo.compare(models, **given)
    with pytest.raises(InputError, match="margin must be a number of at least 0"):
        zoo.compare(models, samples=table, margin=-1, **given)
    with pytest.raises(InputError, match="draws must be a whole number"):
        zoo.compare(models, samples=table, draws=1, **given)
    (tmp_path / "y.json").write_text("{}")
    with pytest.raises(InputError, match="must not replace a JSON file"):
        zoo.compare(models, samples=table, **{**given, "output": tmp_path / "y"})
    (tmp_path / "y.json").unlink()
    with pytest.raises(InputError, match="must be the record of a pass"):
        zoo.compare(predictions=table, output=tmp_path / "x")
    other = tmp_path / "other.bw"
    bigwig.write_track(other, {"chr1": 90_000}, [("chr1", np.ones(90_000, np.float32))], 1)
    with pytest.raises(GenomeMismatch, match=r"one assembly.*sample b9"):
        zoo.compare(models, samples={"a1": tracks["a1"], "b9": other}, **given)
    assert not [path for path in tmp_path.iterdir() if path != other]


def test_a_pass_without_scores_below_the_threshold_is_refused(found, tmp_path: Path):
    _, given = found
    with pytest.raises(InputError, match=r"must have a matrix .*, or BED and bigWig files"):
        zoo.compare(predictions=given["output"].with_name("c.pass.json"), output=tmp_path / "x")


def test_models_of_dna_alone_are_refused(models, genome_files, tracks, tmp_path: Path, monkeypatch):
    """They predict the same in all samples."""
    from zoo.many.work import Work

    monkeypatch.setattr(Work, "compute", None)
    alone = dataclasses.replace(models[0].spec, name="test/DNA", input=InputSpec(256, "none", ()))
    dna = Model(models[0].spec, models[0].network)
    dna.spec = alone
    with pytest.raises(InputError, match=r"must read a track of these.*'test/DNA'"):
        zoo.compare([*models, dna], genome=genome_files.genome, samples=tracks, output=tmp_path / "x")


def test_a_table_is_read_as_it_was_written(found):
    """A matrix from its file, and the one in memory."""
    _, given = found
    finished = Finished.of(given["output"].with_name("c.scores.json"))
    matrix = finished.matrix()
    assert matrix.samples == ("a1", "a2", "b1", "b2")
    assert matrix.values["max"].shape == (len(matrix.regions), 3, 4)
    assert np.isfinite(matrix.values["max"]).all()

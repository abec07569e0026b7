"""The quality report of a ChromBPNet or BPNet, from Python and from the command line."""

import json
from pathlib import Path

import chrombpnet_files
import numpy as np
import profiles as small
import pytest

import zoo
from zoo import interpretation
from zoo.attribution.modisco import Pattern
from zoo.attribution.result import Attributions
from zoo.cli import main
from zoo.errors import InputError
from zoo.evaluate import footprints, panels, profile_models, profile_regions, profiles, qc
from zoo.formats import bigwig
from zoo.genome.encode import codes_of, one_hot
from zoo.genome.motifs import Match
from zoo.genome.sequence import Genome
from zoo.pages import report


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chrombpnet_files.regions(tmp_path_factory.mktemp("regions"))


@pytest.fixture(scope="module")
def model() -> zoo.Model:
    """Whose counts are not below 0."""
    made = small.chrombpnet(provenance={"test_chromosomes": "chr2"})
    for name in ("accessibility", "bias"):
        dense = made.network.get_layer(name).get_layer("counts_dense")
        kernel, bias = dense.get_weights()
        dense.set_weights([kernel, bias + 3])
    return made


def given(files: Path, **changes: object) -> dict:
    signal, regions = files / "plus.bw", ("peaks", "negatives")
    paths = {name: files / f"{name}.narrowPeak" for name in regions}
    return {"genome": files / "g.2bit", "signal": signal, **paths, "backgrounds": 5, **changes}


def comparison(observed: list, predicted: list, jsd: list, random: list, peaks: list | None = None):
    peaks = np.ones(len(observed), bool) if peaks is None else np.array(peaks)
    distances = profiles.ProfileMetrics(*(np.array(row, float) for row in (jsd, jsd, random, random)))
    return profiles.Comparison(peaks, np.array(observed, float), np.array(predicted, float), distances)


def test_a_report_of_all_parts(model: zoo.Model, files: Path, tmp_path: Path):
    made = qc.quality(model.component("accessibility"), **given(files), output=tmp_path / "new" / "q")
    assert [panel.title for panel in made.panels] == ["Counts", "Profile", "Bias model", "Marginal footprints"]
    assert list(made.metrics) == list(made.footprints) == ["full", "accessibility", "bias"]
    pictures = ["counts", "profile", "footprints.full", "footprints.accessibility", "footprints.bias"]
    names = ["q.json", "q.html", *(f"q.{name}.png" for name in pictures)]
    assert [path.name for path in made.files] == names
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)
    content = json.loads(made.files[0].read_text())
    assert report.render(content) == made.files[1].read_text()
    assert set(content["sections"][0]["rows"][0]) <= {"Counts", "passes", "low", "fails"}
    assert content["verdicts"] == {panel.title: {"verdict": panel.verdict, "text": panel.text} for panel in made.panels}
    assert content["chromosomes"] == ["chr2"]
    assert content["inputs"] == {name: str(path) for name, path in given(files).items() if name != "backgrounds"}
    genome = Genome(files / "g.2bit")
    paths = files / "peaks.narrowPeak", files / "negatives.narrowPeak"
    regions = profile_regions.counted(model.spec, genome, files / "plus.bw", *paths)
    for name, part in qc.parts_of(model).items():
        found = profile_models.evaluate(profile_models.predictor(part, genome), regions).metrics()
        assert made.metrics[name] == found
        assert content["metrics"][name] == json.loads(json.dumps(profiles.original(found)))
        x = qc.background(regions, 256, 5)
        wanted = footprints.footprint(part, x, "GCACAGTACAGAGCTG")
        assert content["footprints"][name]["tn5_1"]["maximum"] == wanted.maximum
    qc.quality(model, **given(files, assay=None), output=tmp_path / "new" / "q")
    assert not list((tmp_path / "new").glob("*footprints*"))


def test_backgrounds_are_negatives_or_shuffled_peaks(model: zoo.Model, files: Path):
    genome = Genome(files / "g.2bit")
    both, alone = (
        profile_regions.counted(model.spec, genome, files / "plus.bw", files / "peaks.narrowPeak", negatives)
        for negatives in (files / "negatives.narrowPeak", None)
    )
    codes = codes_of(qc.background(both, 256, 3))
    for row, middle in zip(codes, (1500, 9500, 18_500), strict=True):
        assert np.array_equal(row, genome.codes("chr2", middle - 128, middle + 128))
    shuffled = codes_of(qc.background(alone, 256, 3, seed=1))
    for row, middle in zip(shuffled, (1000, 10_000, 19_000), strict=True):
        real = genome.codes("chr2", middle - 128, middle + 128)
        assert not np.array_equal(row, real)
        pairs = [np.bincount(4 * each[:-1].astype(int) + each[1:], minlength=16) for each in (row, real)]
        assert np.array_equal(*pairs)
    made = qc.quality(model, **given(files, negatives=None))
    assert "In 5 peaks with shuffled dinucleotides" in made.panels[3].text
    assert made.files == ()


def test_of_a_network_alone(files: Path):
    """Nothing is said of a bias model that is not there, and a footprint is no failure."""
    made = qc.quality(small.model(), **given(files, chromosomes="chr1", backgrounds=30))
    assert list(made.metrics) == ["test/BPNET"]
    assert [(panel.title, panel.verdict) for panel in made.panels][2:] == [("Marginal footprints", "no limit")]


def test_of_strands_and_controls(files: Path, tmp_path: Path):
    model = small.model(config={"tracks": 2, "controls": 2, "pooled": 174})
    signal = {name: files / f"{name}.bw" for name in ("plus", "minus")}
    controls = {name: files / f"{name}.bw" for name in ("control_0", "control_1")}
    asked = given(files, signal=signal, chromosomes="chr3")
    made = qc.quality(model, **asked, controls=controls, output=tmp_path / "q")
    assert [panel.title for panel in made.panels] == ["Counts", "Profile"]
    without = qc.quality(model, **asked)
    assert without.metrics["test/BPNET"]["peaks"].mse != made.metrics["test/BPNET"]["peaks"].mse
    bigwig.write_track(tmp_path / "c.bw", {"chr1": 20_000}, [("chr1", np.ones(20_000, np.float32))], 1)
    with pytest.raises(InputError, match="track control_1 must have the chromosomes"):
        qc.quality(model, **asked, controls={**controls, "control_1": tmp_path / "c.bw"})


@pytest.mark.parametrize(
    ("predicted", "verdict", "said"),
    [
        ([1.0, 2, 3], "passes", "Pearson 1,"),
        ([1.0, 3, 1.5], "low", "Pearson 0.24,"),
        ([3.0, 2, 1], "fails", "Pearson -1,"),
        ([2.0, 2, 2], "fails", "Pearson –,"),
    ],
)
def test_verdict_of_counts(predicted: list, verdict: str, said: str):
    panel = panels.counts_panel(comparison([1, 2, 3], predicted, [0] * 3, [1] * 3), "full")
    assert panel.verdict == verdict
    assert said in panel.text


@pytest.mark.parametrize(
    ("jsd", "verdict"), [([0.5, 0.5], "passes"), ([0.7, 0.7], "fails"), ([np.nan, np.nan], "no limit")]
)
def test_verdict_of_profiles(jsd: list, verdict: str):
    panel = panels.profile_panel(comparison([1, 2], [1, 2], jsd, [0.7 + 0 * value for value in jsd]), "full")
    assert panel.verdict == verdict
    counts = panel.sections[0]["series"][0]["y"]
    assert (sum(counts), len(counts), len(panel.sections[0]["edges"])) == ((~np.isnan(jsd)).sum(), 50, 51)
    farthest = np.nextafter(np.sqrt(np.log(2)), 1)  # of profiles without a base in common, but for rounding
    panel = panels.profile_panel(comparison([1, 2], [1, 2], [farthest] * 2, [0.7] * 2), "full")
    assert panel.sections[0]["series"][0]["y"][-1] == 2


@pytest.mark.parametrize(
    ("predicted", "verdict", "said"),
    [
        ([1.0, 2, 3, 9], "passes", "1 in peaks, – in negatives"),
        ([1.0, 3, 1, 1], "passes", "0 in peaks"),
        ([3.0, 2, 1, 1], "fails", "-1 in peaks"),
        ([1.0, 1, 1, 1], "no limit", "– in peaks"),
    ],
)
def test_verdict_of_the_bias_model(predicted: list, verdict: str, said: str):
    panel = panels.bias_panel(comparison([1, 2, 3, 1], predicted, [0] * 4, [1] * 4, [True, True, True, False]))
    assert panel.verdict == verdict
    assert said in panel.text


@pytest.mark.parametrize(("top", "verdict", "said"), [(0.0029, "passes", "Corrected"), (0.003, "fails", "Uncorrected")])
def test_verdict_of_footprints(top: float, verdict: str, said: str):
    flat, high = (footprints.Footprint("ACGT", np.array([0.001, value, 0.001, 0.001]), 9.0, 7) for value in (top, 0.2))
    found = {"full": {"a": high, "b": high}, "accessibility": {"a": flat, "b": flat}}
    panel = panels.footprint_panel(found, "background regions")
    assert panel.verdict == verdict
    assert panel.text.startswith(f"{said}: highest values")
    assert f"accessibility: a {top:.4f}, b {top:.4f};" in panel.text
    before, after = panel.sections
    assert [line["x"] for line in before["series"]] == [[-2, -1, 0, 1]] * 2
    assert after["series"][0]["y"] == [0.001, top, 0.001, 0.001]
    assert after["level"] == 0.003


def test_motifs_of_attributions(model: zoo.Model, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of accessibility, to counts and to profiles of peaks; what looks for them takes the written attributions."""
    asked = []

    def found(attributions: str, folder: str, motifs: object, width: int) -> interpretation.MotifReport:
        explained = Attributions.load(attributions)
        asked.append((Path(attributions).name, motifs, width, [item.start for item in explained.intervals]))
        empty, frequencies = np.empty((0, 2), np.int64), np.eye(4)[:, [0, 1, 2]]
        pattern = Pattern("pos_patterns/pattern_0", 9, empty[:, 0], empty, empty[:, 0] > 0, frequencies, frequencies)
        return interpretation.MotifReport(Path(folder), [pattern], [[Match("REB1", 1e-5)]], {}, None)

    monkeypatch.setattr(interpretation, "report", found)
    options = {**given(files, assay=None), "most": 3, "output": tmp_path / "q"}
    made = qc.quality(model, **options, motifs=True)
    starts = [middle - 128 for middle in (1000, 10_000, 19_000)]
    assert asked == [("q.counts.npz", None, 256, starts), ("q.profile.npz", None, 256, starts)]
    panel = made.panels[-1]
    assert (panel.title, panel.verdict) == ("Motifs", "no limit")
    assert "3 peaks: 1 in attributions to counts, in q.counts_motifs; 1 in attributions to profile" in panel.text
    assert [section["rows"] for section in panel.sections] == [[["pos_0", 9, "ACG", "REB1", "as found"]]] * 2
    counts = Attributions.load(tmp_path / "q.counts.npz")
    wanted = model.component("accessibility").predict(one_hot(counts.codes), head="counts")[:, 0]
    np.testing.assert_allclose(counts.prediction, wanted, rtol=1e-5)
    with pytest.raises(InputError, match="looked for with an output"):
        qc.quality(model, **given(files), motifs=True)


def test_what_is_refused(model: zoo.Model, small_folder: Path, files: Path, tmp_path: Path):
    for changes, rule in (
        ({"assay": "MNase"}, "one of ATAC, DNase"),
        ({"most": 1}, "most must be a whole number"),
        ({"backgrounds": 0}, "backgrounds must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"signal": files / "half.bw"}, r"must be.* whole"),
        ({"output": files / "peaks.narrowPeak/x"}, "must"),
        ({"peaks": None}, "must be"),
        ({"progress": "yes"}, "progress must be True or False"),
        ({"motifs": ""}, "must"),
        ({"motifs": files / "g.2bit"}, "must be UTF-8 text"),
        ({"controls": "control.bw"}, "Controls must be given by their names"),
        ({"controls": {"control": files / "plus.bw"}}, "must be left out"),
    ):
        with pytest.raises(InputError, match=rule):
            qc.quality(model, **given(files, **changes))
    with pytest.raises(InputError, match="one profile and its total counts"):
        qc.quality(zoo.load(small_folder), **given(files))
    with pytest.raises(InputError, match="has not learned from"):
        qc.quality(small.model(), **given(files))
    (tmp_path / "q.html").write_text("mine")
    with pytest.raises(InputError, match="earlier report of the same kind"):
        qc.quality(model, **given(files), output=tmp_path / "q")


def test_the_command(model: zoo.Model, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = str(model.save(tmp_path / "m"))
    names = {"genome": "g.2bit", "signal": "plus.bw", "peaks": "peaks.narrowPeak", "negatives": "negatives.narrowPeak"}
    asked = ["qc", folder, *(text for name, file in names.items() for text in (f"--{name}", str(files / file)))]
    made = qc.quality(model, **given(files))
    status = main([*asked, "--backgrounds", "5", "--output", str(tmp_path / "q"), "--json"])
    content = json.loads(capsys.readouterr().out)
    assert status == (0 if made.passed else 1)
    assert content["passed"] == made.passed
    assert content["metrics"]["full"]["counts_metrics"]["peaks"] == pytest.approx(
        profiles.original(made.metrics["full"])["counts_metrics"]["peaks"], rel=1e-5
    )
    assert (tmp_path / "q.footprints.accessibility.png").is_file()
    status = main([*asked, "--assay", "none", "--chromosomes", "chr1", "chr3", "--most", "7"])
    printed = capsys.readouterr().out
    assert "in 14 peaks" not in printed
    assert "Log counts in 7 peaks, full" in printed
    assert "Marginal" not in printed
    for more, rule in (
        (["--chromosomes", "chr9"], "must have the chromosomes to evaluate on"),
        (["--motifs"], "looked for with an output"),
        (["--motifs", str(files / "g.2bit")], "must be UTF-8 text"),
        (["--output", folder + "/q"], "must not lie in a folder that the run reads"),
    ):
        assert main([*asked, *more]) == 2
        assert rule in capsys.readouterr().err, rule

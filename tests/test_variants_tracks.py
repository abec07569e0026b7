"""Variants by several tracks at once, and the scores of Basenji, Enformer, Borzoi and DeepSEA."""

import csv
import json
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.cli import main
from zoo.errors import InputError
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.track_table import TrackTable
from zoo.variants import scores
from zoo.variants.scores import column_of, named, scores_of_tracks
from zoo.variants.window import VariantWindow

ONE, OTHER = np.array([[3.0, 2, 0, 1]], np.float32), np.array([[4.0, 0, 0, 1]], np.float32)
LOG = np.log2


def test_scores_by_hand():
    """Of bins 3, 2, 0, 1 and 4, 0, 0, 1."""
    wanted = {
        "SAD": -1,
        "SAR": (LOG(5) - LOG(4)) + (LOG(1) - LOG(3)),
        "D2": np.sqrt(1 + 4),
        "logD2": np.hypot(LOG(5 / 4), LOG(3)),
        "logSUM": LOG(6) - LOG(7),
    }
    for name, value in wanted.items():
        (score,) = named(name, 4)
        assert score.of(ONE, OTHER, slice(0, 4), 2)[0] == pytest.approx(value, abs=1e-12)
        assert abs(score.of(OTHER, ONE, slice(0, 4), 2)[0]) == pytest.approx(abs(value), abs=1e-12)


def test_log_odds_by_hand():
    half, more, sure = np.float32([[0.5]]), np.float32([[0.75]]), np.float32([[1.0]])
    assert scores.log_odds_difference(half, more)[0] == pytest.approx(np.log(3))
    assert scores.log_odds_difference(more, half)[0] == pytest.approx(-np.log(3))
    assert scores.log_odds_difference(half, sure)[0] == pytest.approx(np.log(2.0**24 - 1))
    with pytest.raises(InputError, match="log odds must be of probabilities"):
        scores.log_odds_difference(half, np.float32([[1.5]]))


def test_names_of_scores():
    assert [score.name for score in named("SAD, sar,LOGSUM", 4)] == ["difference", "sar", "log_sum"]
    assert [score.name for score in named(["log_d2", "LFC"], 4)] == ["log_d2", "log2_fold_change"]
    for wrong in ("SAX", "SAD,difference", "", "logfc", 3, [None], "jensen_shannon"):
        with pytest.raises(InputError, match=r"The scores must be among log2_fold_change, .*each once"):
            named(wrong, 1)


@pytest.mark.parametrize(
    ("output", "bins", "wanted"),
    [
        (OutputSpec(8, 4, 0, "t", "coverage", kind="coverage"), 8, "difference sar d2 log_sum"),
        (OutputSpec(1, 4, 0, "t", "probability of a peak"), 1, "difference log_odds_difference"),
        (OutputSpec(8, 4, 0, "t", "signal"), 8, "difference log2_fold_change"),
    ],
)
def test_the_usual_scores_of_tracks(output: OutputSpec, bins: int, wanted: str):
    assert " ".join(score.name for score in scores_of_tracks(output, bins)) == wanted


# --- several tracks of a network that counts the bases of each bin

TRACKS = ("A of K562", "A twice", "C")
TABLE = TrackTable(descriptions=("DNASE:K562", "DNASE:HepG2", "CAGE:K562"))


def model_of(**output: object) -> zoo.Model:
    """32 bp in 8 bins of 4 bp: how many A, twice as many, how many C."""
    inputs = keras.Input((32, 4), name="window")
    network = keras.Model(inputs, keras.layers.Conv1D(3, 4, strides=4, use_bias=False, dtype="float32")(inputs))
    kernel = np.zeros((4, 4, 3), np.float32)
    kernel[:, 0, 0], kernel[:, 0, 1], kernel[:, 1, 2] = 1, 2, 1
    network.set_weights([kernel])
    head = OutputSpec(8, 4, 0, "three", "coverage", **{"kind": "coverage", "tracks": TRACKS, "table": TABLE, **output})
    spec = ModelSpec(
        "test/COUNTS",
        "",
        Architecture("cnn", {}),
        InputSpec(32, "none"),
        (head,),
        PredictionSpec(32, ("forward", "reverse_complement")),
        {},
        {},
    )
    return zoo.Model(spec, network)


@pytest.fixture(scope="module")
def model() -> zoo.Model:
    return model_of()


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All T but for AAA at 40, C at 44, AA at 50."""
    path, bases = tmp_path_factory.mktemp("tracks") / "g.2bit", list(100 * "T")
    bases[40:43], bases[44], bases[50:52] = "AAA", "C", "AA"
    write_twobit(path, {"chr1": encode("".join(bases)), "chr2": encode("ACGT" * 30)})
    return path


VARIANT = [("chr1", 44, "T", "A")]  # from 43 of the genome: the window begins at 27, the variant's bin at 43


def test_a_variant_by_hand(model: zoo.Model, genome: Path):
    """Bins from 27, 31, … on: A are 1, 2 of 39 to 46 (40 to 42), of 47 to 54 (50, 51); the variant adds one."""
    found = model.score_variants(VARIANT, genome=genome, track=[0, "C", 1], strands="forward")
    assert found.tracks == {"A of K562": 0, "C": 2, "A twice": 1}
    assert [*found.scores] == [
        column_of(score, track) for score in ("difference", "sar", "d2", "log_sum") for track in found.tracks
    ]
    wanted = {  # bins of A without the variant: 3 at 39, 0 at 43, 2 at 47 or 51, with it 1 more at 43
        "difference": [1, 0, 2],
        "sar": [1, 0, LOG(3)],
        "d2": [1, 0, 2],
        "log_sum": [LOG(7) - LOG(6), 0, LOG(13) - LOG(11)],
    }
    for score, values in wanted.items():
        assert found.of_tracks(score)[0].tolist() == pytest.approx(values, abs=1e-6)


def test_both_strands_by_hand(model: zoo.Model, genome: Path):
    """The other strand reads the T that became an A as an A that is gone."""
    found = model.score_variants(VARIANT, genome=genome, track=["A of K562", "C"])
    assert found.of_tracks("difference")[0].tolist() == pytest.approx([0.5 - 0.5, 0], abs=1e-6)
    found = model.score_variants([("chr1", 44, "T", "C")], genome=genome, track=["A of K562", "C"])
    assert found.of_tracks("difference")[0].tolist() == pytest.approx([-0.5, 0.5], abs=1e-6)


MANY = [
    ("chr1", 44, "T", "A"),
    ("chr1", 44, "T", "TAACA"),
    ("chr1", 41, "AAA", "A"),
    ("chr1", 60, "T", "C"),
    ("chr2", 60, "T", "TCC"),
    ("chr2", 55, "GTAC", "G"),
    ("chr2", 50, "A", "T"),
]


@pytest.mark.parametrize("options", [{}, {"shifts": 1, "around": 16}, {"compat": "basenji"}, {"batch_size": 4}])
def test_several_tracks_are_those_of_each(model: zoo.Model, genome: Path, options: dict):
    """Insertions and deletions, too."""
    asked = {"genome": genome, "scores": "SAD,SAR,D2,logD2,logSUM,largest_difference", **options}
    together = model.score_variants(MANY, track="*", **asked)
    assert np.isnan(together.of_tracks("sar")[6]).all()  # REF is not the genome's
    for place, track in enumerate(TRACKS):
        alone = model.score_variants(MANY, track=track, **asked)
        assert alone.tracks == {}
        for score, values in alone.scores.items():
            assert np.array_equal(together.of_tracks(score)[:, place], values, equal_nan=True)
    assert np.nanstd(together.of_tracks("sar"), axis=0).min() > 0.01


def test_the_place_of_the_variant(model: zoo.Model, genome: Path):
    """Programs of DeepSEA and Basenji have it at the end of the window's left half."""
    layouts = {compat: VariantWindow.of(model.spec, compat=compat) for compat in (None, "deepsea", "basenji")}
    assert [layout.index for layout in layouts.values()] == [16, 15, 15]
    usual = model.score_variants(VARIANT, genome=genome, track="A of K562", scores="SAR", strands="forward")
    moved = model.score_variants(
        VARIANT, genome=genome, track="A of K562", scores="SAR", strands="forward", compat="deepsea"
    )
    assert usual.scores["sar"].tolist() == pytest.approx([1])  # in the bin from 43 on
    assert moved.scores["sar"].tolist() == pytest.approx([LOG(5 / 4)])  # in that from 40 on, AAAT, which becomes AAAA


def test_squashed_coverage(genome: Path):
    """Of `root`: a value y of a rooted track stands for (y + 1)² - 1."""
    table = TrackTable(
        scales=(1.0, 1.0, 1.0), soft_clips=(9e9,) * 3, statistics=("sum_sqrt", "sum", "sum"), squash="root"
    )
    model = model_of(transform="squashed", table=table)
    found = model.score_variants(VARIANT, genome=genome, track=[0, 1], strands="forward")
    assert found.of_tracks("difference")[0].tolist() == pytest.approx([3, 2])
    assert "log_d2.A twice" in found.scores
    alone = model.score_variants(VARIANT, genome=genome, track=0, strands="forward", scores="SAD")
    assert alone.scores["difference"].tolist() == pytest.approx([3])


def test_files_of_several_tracks(model: zoo.Model, genome: Path, tmp_path: Path):
    vcf = tmp_path / "v.vcf"
    rows = [f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\tDP=3\n" for chrom, pos, ref, alt in MANY[:3]]
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(rows))
    asked = {"genome": genome, "track": ["DNASE"], "scores": ["SAR", "SAD"]}
    memory = model.score_variants(vcf, **asked)
    written = model.score_variants(vcf, **asked, output=tmp_path / "out")
    table, *_ = csv.reader(written[0].open(), delimiter="\t")
    assert table[5:] == ["sar.A of K562", "sar.A twice", "difference.A of K562", "difference.A twice"]
    lines = written[2].read_text().splitlines()
    assert (
        '##INFO=<ID=ZOO_SART1_test_COUNTS,Number=A,Type=Float,Description="sum of log2(1 + x) of the alternative minus '
        'that of the reference, track A twice (test/COUNTS)">'
    ) in lines
    first = next(line for line in lines if not line.startswith("#")).split("\t")[7].split(";")
    assert first[0] == "DP=3"
    assert [entry.partition("=")[0] for entry in first[1:]] == [
        f"ZOO_{key}T{number}_test_COUNTS" for key in ("DIFF", "SAR") for number in (0, 1)
    ]
    assert float(first[3].partition("=")[2]) == pytest.approx(memory.scores["sar.A of K562"][0], rel=1e-5)
    again = model.score_variants(written[2], **asked, output=tmp_path / "again")  # its own keys are replaced
    assert again[2].read_text().split("\n#CHROM")[1] == written[2].read_text().split("\n#CHROM")[1]
    record = json.loads(written[-1].read_text())
    assert (record["scores"], record["choices"]["tracks"]) == (["sar", "difference"], ["A of K562", "A twice"])
    assert model.score_variants(vcf, **asked, output=tmp_path / "out") == written
    frame = memory.to_frame()
    assert frame["sar.A twice"].tolist() == memory.scores["sar.A twice"].tolist()
    shown = str(memory).splitlines()
    assert shown[0] == "3 of 3 variants scored, 2 tracks; what changes most:"
    assert shown[1].split() == ["variant", "track", "sar", "difference"]
    assert max(map(len, shown)) <= 80
    best = np.abs(memory.of_tracks("sar")).max()
    assert abs(float(shown[2].split()[-2])) == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "One of the tracks must be named"),
        ({"track": ["A twice", "C"], "profiles": True}, "no files of profiles.*profiles=True"),
        ({"track": "D"}, "track must be one of those of the head scores: A of K562"),
        ({"track": ["C", "C"]}, "must be named once"),
        ({"track": "C", "scores": "SAX"}, "scores must be among log2_fold_change"),
        ({"track": "A twice", "scores": "log_odds_difference"}, "log odds must be of probabilities"),
        ({"track": "C", "compat": "sei"}, 'compat must be None or "asap" or "chrombpnet" or "deepsea" or "basenji"'),
    ],
)
def test_choices_that_cannot_be(model: zoo.Model, genome: Path, options: dict, message: str):
    with pytest.raises(InputError, match=message):
        model.score_variants(VARIANT, genome=genome, strands="forward", **options)


def test_a_single_track_has_what_it_had(model: zoo.Model, genome: Path):
    found = model.score_variants(VARIANT, genome=genome, track="C")
    assert not {"sar", "d2", "log_d2", "log_sum", "log_odds_difference"} & {*found.scores}
    named_alone = model.score_variants(VARIANT, genome=genome, track="C", scores="SAR")
    assert str(named_alone).splitlines()[1].split() == ["variant", "sar"]


def test_the_command_line(tmp_path: Path, genome: Path, capsys: pytest.CaptureFixture):
    import early_files

    path = early_files.write_torch(tmp_path / "x.pth", early_files.basset(2))
    (tmp_path / "target_labels.txt").write_text("A\nB\nC\nD\nE\nF\n")
    (tmp_path / "v.tsv").write_text("chrom\tpos\tref\talt\nchr1\t44\tT\tA\n")
    command = ["variants", str(path), str(tmp_path / "v.tsv"), "--genome", str(genome), "--table"]
    assert not main([*command, "--track", "A", "C", "--scores", "SAD", "log_odds_difference"]), capsys.readouterr().err
    head, row = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert head[5:] == ["difference.A", "difference.C", "log_odds_difference.A", "log_odds_difference.C"]
    found = zoo.load(path).score_variants(VARIANT, genome=genome, track=["A", "C"])  # these are the usual ones
    assert list(map(float, row[5:])) == pytest.approx([values[0] for values in found.scores.values()], rel=1e-6)
    assert min(abs(float(cell)) for cell in row[5:]) > 0


def test_percentiles_of_every_track(model: zoo.Model, genome: Path, tmp_path: Path, monkeypatch):
    """A>C: one A less, twice as many less, one C more."""
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    how = {"background": 100, "seed": 3, "scores": "SAD", "track": TRACKS, "strands": "forward"}
    found = model.score_variants([("chr1", 41, "A", "C")], genome=genome, **how)
    for track, score in zip(TRACKS, (-1, -2, 1), strict=True):
        assert found.scores[f"difference.{track}"][0] == score
        assert 0 < found.scores[f"difference.{track}.pvalue"][0] <= 1
        assert 0 <= found.scores[f"difference.{track}.percentile"][0] <= 100
    assert "difference.C.pvalue" in found.scores

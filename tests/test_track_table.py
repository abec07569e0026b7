"""Tables of many tracks: their choice by name, description, assay and pattern; the scale that they were squashed to."""

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.forward.readouts import Selection
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.track_table import TrackTable

NAMES = ("ENC1", "ENC2", "CN3+", "CN3-")
DESCRIBED = ("DNASE:K562", "DNASE:brain, adult", "CAGE:brain", "CAGE:brain")


def spec(table: TrackTable | None = None, transform: str = "identity") -> ModelSpec:
    table = TrackTable(descriptions=DESCRIBED) if table is None else table
    output = OutputSpec(4, 16, 0, "all", "coverage", "human", "coverage", transform, NAMES, (0, 1, 3, 2), table=table)
    return ModelSpec(
        "toy/many",
        "",
        Architecture("toy", {}),
        InputSpec(64, "hg38"),
        (output,),
        PredictionSpec(64, ("forward",)),
        {},
        {},
    )


@pytest.mark.parametrize(
    ("track", "names"),
    [
        ("ENC2", ("ENC2",)),
        ("enc2", ("ENC2",)),
        (2, ("CN3+",)),
        ("DNASE:K562", ("ENC1",)),
        ("CAGE:brain", ("CN3+", "CN3-")),
        ("dnase", ("ENC1", "ENC2")),
        ("*brain*", ("ENC2", "CN3+", "CN3-")),
        (["CN3-", "DNASE"], ("CN3-", "ENC1", "ENC2")),
        (["CN3-", "CAGE"], ("CN3-", "CN3+")),
        (None, NAMES),
    ],
)
def test_tracks_are_chosen_by_name_description_assay_and_pattern(track, names):
    assert Selection.of(spec(), None, track).names == names


def test_chosen_tracks_keep_their_rows():
    assert Selection.of(spec(), None, ["CN3+", "ENC1"]).output.table.descriptions == ("CAGE:brain", "DNASE:K562")
    assert Selection.of(spec(), None, "ENC1").output.table.descriptions == ("DNASE:K562",)


@pytest.mark.parametrize("track", ["DNASE:K563", "*liver*", "", 4, -1, 1.5, True, ["ENC1", "DNASE:K562"], []])
def test_other_tracks_are_refused(track):
    with pytest.raises(InputError, match="must be"):
        Selection.of(spec(), None, track)


def test_the_closest_of_many_tracks_are_named():
    names = tuple(f"ENC{i}" for i in range(2000))
    table = TrackTable(descriptions=tuple(f"DNASE:cell {i}" for i in range(2000)))
    output = OutputSpec(4, 16, 0, "all", "coverage", "human", "coverage", "identity", names, table=table)
    one = spec()
    many = ModelSpec("toy/many", "", one.architecture, one.input, (output,), one.prediction, {}, {})
    with pytest.raises(InputError, match="Closest: DNASE:cell 777") as caught:
        Selection.of(many, None, "DNASE:cel 777")
    assert len(str(caught.value)) < 600


SQUASHED = {"scales": (2.0, 0.5), "soft_clips": (4.0, 4.0), "statistics": ("sum", "sum_sqrt")}


@pytest.mark.parametrize(
    ("squash", "values", "coverage"),
    [
        # 6 / 2 = 3; 12 / 2 = 6 → 4 + 2² = 8. 2 / 0.5 = 4 → 4^(4/3); 3 / 0.5 = 6 → 8 → 8^(4/3) = 16
        ("power", [[6.0, 2.0], [12.0, 3.0]], [[3.0, 6.349604], [8.0, 16.0]]),
        # 3 → 3 / 2; 6 → 3 + 3² = 12 → / 2. 3 → 15 / 0.5; 6 → 12 → 168 / 0.5
        ("root", [[3.0, 3.0], [6.0, 6.0]], [[1.5, 30.0], [6.0, 336.0]]),
    ],
)
def test_squashed_values_become_coverage(squash, values, coverage):
    table = TrackTable(**SQUASHED, squash=squash)
    np.testing.assert_allclose(table.coverage(np.array(values)), coverage, rtol=1e-6)
    single = table.taken((1,)).coverage(np.array(values, np.float32)[:, 1])
    np.testing.assert_allclose(single, np.array(coverage)[:, 1], rtol=1e-6)
    assert single.dtype == np.float32


@pytest.mark.parametrize("squash", ["power", "root"])
def test_coverage_equals_that_of_the_authors_code(shared, squash):
    golden = np.load(shared / "zoo_weights" / "borzoi" / "keras_small" / "small_golden.npz")
    statistics = tuple("sum_sqrt" if rooted else "sum" for rooted in golden["sum_sqrt"])
    scales, clips = (tuple(map(float, golden[name])) for name in ("scale", "clip_soft"))
    table = TrackTable(scales=scales, soft_clips=clips, statistics=statistics, squash=squash)
    wanted = golden["coverage_old" if squash == "power" else "coverage_new"]
    np.testing.assert_allclose(table.coverage(golden["human"][0].astype(float)), wanted, rtol=1e-14)


@pytest.mark.parametrize(
    "wrong",
    [
        {"descriptions": ("a",), "scales": (1.0, 2.0)},
        {"scales": (0.0,)},
        {"scales": (float("nan"),)},
        {"soft_clips": (-1.0,)},
        {"statistics": ("median",)},
        {"squash": "power"},
        {**SQUASHED, "squash": "log"},
    ],
)
def test_a_table_must_agree_with_itself(wrong):
    with pytest.raises(InputError, match="A table of tracks must agree with itself"):
        TrackTable(**wrong)


def test_a_head_and_its_table_must_agree():
    with pytest.raises(InputError, match="must have a row for each track"):
        spec(TrackTable(descriptions=("DNASE:K562",)))
    with pytest.raises(InputError, match="a squash if that is the transform"):
        spec(transform="squashed")


def test_a_table_goes_through_json():
    import json

    one = spec()
    assert ModelSpec.from_json(json.dumps(one.to_json()).encode()) == one


@pytest.fixture(scope="module")
def folder_of_many(tmp_path_factory):
    """A model folder with two heads, of 24 and 4 tracks."""
    import keras

    from zoo.architectures import functional
    from zoo.model import Model

    described = tuple(f"{'DNASE' if place < 20 else 'CAGE'}:cell {place}" for place in range(24))
    table = TrackTable(descriptions=described, scales=(0.5,) * 24, statistics=("mean",) * 24)
    many = OutputSpec(4, 16, 0, "all", "coverage", "human", tracks=tuple(f"T{i}" for i in range(24)), table=table)
    few = OutputSpec(4, 16, 0, "all", "coverage", "mouse", tracks=NAMES, swap=(0, 1, 3, 2), genome="mm10")
    given = keras.Input((64, 4), name="window")
    pooled = keras.layers.AveragePooling1D(16)(given)
    network = keras.Model(
        given, {"human": keras.layers.Dense(24)(pooled), "mouse": keras.layers.Dense(4)(pooled)}, name="many"
    )
    how = PredictionSpec(64, ("forward",))
    config = functional.describe(network)
    one = ModelSpec(
        "toy/many", "many", Architecture("functional", config), InputSpec(64, "hg38"), (many, few), how, {}, {}
    )
    return Model(one, network).save(tmp_path_factory.mktemp("many") / "model")


def test_tracks_are_listed(folder_of_many, capsys):
    import zoo
    from zoo import cli

    assert len(zoo.tracks(folder_of_many)) == 28
    rows = zoo.tracks(folder_of_many, "CAGE")
    assert [(row.head, row.number, row.name) for row in rows] == [("human", n, f"T{n}") for n in range(20, 24)]
    assert (rows[0].description, rows[0].scale, rows[0].statistic) == ("CAGE:cell 20", 0.5, "mean")
    assert [row.other_strand for row in zoo.tracks(folder_of_many, head="mouse")] == [None, None, "CN3-", "CN3+"]
    assert cli.main(["tracks", str(folder_of_many), "*cell 22", "ENC1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "head   number  name  description",
        "human      22  T22   CAGE:cell 22",
        "mouse       0  ENC1",
    ]
    assert cli.main(["tracks", str(folder_of_many), "ENC9"]) == 2
    assert cli.main(["info", str(folder_of_many)]) == 0
    assert "24 tracks: 20 DNASE, 4 CAGE (zoo tracks lists them)" in capsys.readouterr().out

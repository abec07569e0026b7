"""The spread over the members of an ensemble: the population standard deviation of what each of them would predict."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import profiles
import pytest
import toy

import zoo
from zoo.data import synthetic
from zoo.errors import InputError, IntegrityError
from zoo.forward.forward import Forward
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec
from zoo.track_table import TrackTable

KNOWN = {  # member → what its heads are, whatever it reads: tracks of the profile, and ln(1 + counts)
    "a": ((1, 10, 0), np.log1p(1)),
    "b": ((3, 10, 0), np.log1p(3)),
    "c": ((5, 13, 0), np.log1p(5)),
}
BOTH = ("mean", "spread")


@pytest.fixture(scope="module", autouse=True)
def registered():
    """The toy network as that of another package."""
    zoo.register_architecture("toy", toy.build)
    yield
    zoo.unregister_architecture("toy")


@pytest.fixture(scope="module")
def known() -> list[zoo.Model]:
    """Toy networks that predict known numbers."""
    found = []
    for name, (profile, counts) in KNOWN.items():
        network = toy.network()
        for head, value in (("profile", profile), ("counts", [counts])):
            kernel, _ = network.get_layer(head).get_weights()
            network.get_layer(head).set_weights([0 * kernel, np.array(value, np.float32)])
        found.append(zoo.Model(toy.spec(name=f"test/{name}"), network))
    return found


@pytest.fixture(scope="module")
def whole(known: list[zoo.Model]) -> zoo.Model:
    return zoo.ensemble(known, "test/WHOLE", spread=True)


@pytest.fixture(scope="module")
def pair(small: zoo.Model) -> list[zoo.Model]:
    """The small model, and one of other weights."""
    other = keras.models.clone_model(small.network)
    random = np.random.default_rng(1)
    other.set_weights([weight + 0.02 * random.normal(size=weight.shape) for weight in small.network.get_weights()])
    return [small, zoo.Model(replace(small.spec, name="test/OTHER"), other, small.thresholds)]


def spread_of(models: list[zoo.Model], *args: object, **call: object) -> np.ndarray:
    return np.std([model.predict(*args, **call) for model in models], axis=0, dtype=float)


X = {"window": np.zeros((2, 64, 6), np.float32), "covariates": np.zeros((2, 1), np.float32)}


@pytest.mark.parametrize(
    ("track", "wanted"),
    [
        ("plus", 3),
        ("plus.spread", np.sqrt(8 / 3)),
        ("minus.spread", np.sqrt(2)),
        ("both.spread", 0),
        (("plus", "plus.spread"), [3, np.sqrt(8 / 3)]),
        (("minus.spread", 0, "plus.spread"), [np.sqrt(2), 3, np.sqrt(8 / 3)]),
        ("spread", [np.sqrt(8 / 3), np.sqrt(2), 0]),
        ("mean", [3, 11, 0]),
        (BOTH, [3, 11, 0, np.sqrt(8 / 3), np.sqrt(2), 0]),
        ("*us.spread", [np.sqrt(8 / 3), np.sqrt(2)]),
        ("*us", [3, 11]),
    ],
)
def test_the_tracks_of_known_members(whole: zoo.Model, track: object, wanted: object):
    found = whole.predict(X, track=track)
    assert found.shape == (2, 32, *np.shape(wanted))
    np.testing.assert_allclose(found, np.broadcast_to(wanted, found.shape), rtol=1e-6)


def test_members_are_averaged_over_strands_before(whole: zoo.Model):
    """On the other strand plus is minus: 5.5, 6.5 and 9, whatever the spread of each strand is (1.63 and 1.41)."""
    found = whole.predict(X, track="plus.spread", strands="both")
    np.testing.assert_allclose(found, np.std([5.5, 6.5, 9]), rtol=1e-6)


def test_the_scale_of_the_output(whole: zoo.Model):
    """Of a head that is ln(1 + counts): counts of 1, 3 and 5."""
    logs = np.log([2, 4, 6])
    np.testing.assert_allclose(whole.predict(X, head="counts", track="spread"), np.full((2, 1), logs.std()), rtol=1e-6)
    found = whole.predict(X, head="counts", track=BOTH, scale="linear")
    np.testing.assert_allclose(found, np.tile([np.expm1(logs.mean()), np.sqrt(8 / 3)], (2, 1, 1)), rtol=1e-5)


def test_squashed_coverage(known: list[zoo.Model]):
    """The spread is that of coverage, each track by its own row of the table."""
    profile, counts = toy.spec().outputs
    scales = {"scales": (1.0, 2.0, 4.0), "soft_clips": (4.0, 99.0, 99.0), "statistics": ("sum", "sum_sqrt", "mean")}
    head = replace(profile, transform="squashed", table=TrackTable(**scales, squash="root"))
    models = [zoo.Model(toy.spec(name=m.spec.name, outputs=(head, counts)), m.network) for m in known]
    whole = zoo.ensemble(models, "test/SQUASHED", spread=True)
    found = whole.predict(X, track=("minus.spread", "plus.spread", "plus"), scale="linear")
    minus = (np.array([11, 11, 14]) ** 2 - 1) / 2  # coverage of the members
    plus = np.array([1, 3, 3 + 2**2])  # 5 is 1 above the soft clip
    np.testing.assert_allclose(found, np.broadcast_to([minus.std(), plus.std(), 3], found.shape), rtol=1e-6)


def test_it_is_kept_in_the_folder_and_is_nothing_where_it_is_not_asked_for(
    known: list[zoo.Model], whole: zoo.Model, tmp_path: Path
):
    plain = zoo.ensemble(known, "test/WHOLE")
    loaded = zoo.load(whole.save(tmp_path / "whole"))
    assert loaded.spec.architecture.config == {**plain.spec.architecture.config, "spread": True}
    assert [weight.path for weight in loaded.network.weights] == [weight.path for weight in plain.network.weights]
    assert loaded.check().passed
    np.testing.assert_array_equal(loaded.predict(X), plain.predict(X))
    assert all(forward.parts[0] is loaded.network for forward in loaded._forwards.values())
    np.testing.assert_allclose(loaded.predict(X, track="plus.spread"), np.sqrt(8 / 3), rtol=1e-6)
    assert "spread" not in plain.spec.architecture.config


def test_what_has_no_spread(known: list[zoo.Model], whole: zoo.Model, small: zoo.Model):
    x = np.zeros((1, 256, 5), np.float32)
    for model, window in ((small, x), (known[0], X), (zoo.ensemble(known, "test/PLAIN"), X)):
        with pytest.raises(InputError, match=r"must be that of an ensemble which offers it.*spread=True"):
            model.predict(window, track="spread")
    with pytest.raises(InputError, match="must be one of those of the head profile: plus, minus, both"):
        whole.predict(X, track="other.spread")
    with pytest.raises(InputError, match="must be named once"):
        whole.predict(X, track=("spread", "plus.spread"))
    for call in (
        lambda: whole.attribute(X, track="plus.spread", count=1),
        lambda: whole.score_variants([("chr1", 1, "A", "C")], genome="no", track="plus.spread"),
        lambda: whole.predict_haplotypes([("chr1", 1, "A", "C")], genome="no", regions="chr1:1-9", track="spread"),
    ):
        with pytest.raises(InputError, match="must be predicted; all else is of their mean"):
            call()
    with pytest.raises(InputError, match="choice of spread must be True or False"):
        zoo.ensemble(known, "test/X", spread=1)
    profile, counts = toy.spec().outputs
    for names in (("plus", "minus", "Mean"), ("plus", "plus.spread", "both")):
        models = [
            zoo.Model(toy.spec(outputs=(replace(profile, tracks=names), counts)), model.network) for model in known
        ]
        with pytest.raises(InputError, match=r"must not be called mean, spread or end with \.spread"):
            zoo.ensemble(models, "test/X", spread=True)


def test_a_track_of_that_name(known: list[zoo.Model]):
    """Of a model that is no ensemble it is what it was."""
    profile, counts = toy.spec().outputs
    spec = toy.spec(outputs=(replace(profile, tracks=("plus", "plus.spread", "Spread")), counts))
    model = zoo.Model(spec, known[2].network)
    assert model.predict(X, track="plus.spread")[0, 0] == 13
    assert model.predict(X, track="spread")[0, 0] == 0


def test_a_network_without_members(known: list[zoo.Model]):
    spec = zoo.ensemble(known, "test/WHOLE", spread=True).spec
    with pytest.raises(IntegrityError, match="must have its members as layers, member1, member2"):
        zoo.Model(spec, known[0].network).predict(X, track="spread")


def test_files_of_windows_that_overlap(pair: list[zoo.Model], genome_files: synthetic.Synthetic, tmp_path: Path):
    """The mean and its sites as without the spread; and the spread of what the members predict by themselves."""
    whole = zoo.ensemble(pair, "test/PAIR", spread=True)
    whole.thresholds = pair[0].thresholds
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr1:5,001-30,000"}
    plain = whole.predict(**call, output=tmp_path / "plain")
    both = whole.predict(**call, output=tmp_path / "both", track=BOTH)
    assert list(both.bigwigs) == list(BOTH)
    assert both.bigwigs["spread"] == tmp_path / "both.spread.bw"
    assert both.bed.read_bytes() == plain.bed.read_bytes()
    assert both.intervals > 3
    tables = [model.predict(**call)[0].scores for model in pair]
    tracks = [zoo.Signal(path).values("chr1", 5_024, 29_984)[::32] for path in both.bigwigs.values()]
    np.testing.assert_allclose(tracks[0], np.mean(tables, axis=0)[1:-1], atol=2e-6)
    np.testing.assert_allclose(tracks[1], np.std(tables, axis=0)[1:-1], atol=2e-6)
    assert tracks[1].max() > 0.05
    alone = whole.predict(**call, output=tmp_path / "alone", track="spread", write="bigwig")
    assert alone.bed is None
    np.testing.assert_array_equal(zoo.Signal(alone.bigwig).values("chr1", 5_024, 29_984)[::32], tracks[1])
    assert json.loads(both.sidecar.read_text())["parameters"]["tracks"] == ["mean", "spread"]
    assert whole.predict(**call, output=tmp_path / "both", track=BOTH).windows == 0
    with pytest.raises(InputError, match="must be of the mean over members, not of their spread"):
        whole.predict(**call, output=tmp_path / "alone", track="spread", threshold=0.5)
    exact = {**{key: call[key] for key in ("genome", "signal")}, "windows": [zoo.Interval("chr1", 5_120, 5_376)]}
    sites = whole.predict(**exact, output=tmp_path / "exact", track=BOTH, threshold=0.01, write="bed,table")
    assert sites.intervals == 1
    rows = (tmp_path / "exact.tsv").read_text().splitlines()
    np.testing.assert_allclose(
        [float(row.split("\t")[-1]) for row in rows[1:]],
        np.std([model.predict(**exact)[0].scores for model in pair], axis=0),
        atol=2e-6,
    )


def test_an_interrupted_prediction_goes_on(
    pair: list[zoo.Model], genome_files: synthetic.Synthetic, tmp_path: Path, interrupt_at
):
    whole = zoo.ensemble(pair, "test/PAIR", spread=True)
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "track": BOTH}
    call |= {"chromosomes": ["chr2", "chr10"], "threshold": None}
    interrupt_at("chr10")
    with pytest.raises(KeyboardInterrupt):
        whole.predict(**call, output=tmp_path / "a")
    interrupt_at(None)
    assert whole.predict(**call, output=tmp_path / "a").resumed == 1
    whole.predict(**call, output=tmp_path / "b")
    for name in BOTH:
        assert (tmp_path / f"a.{name}.bw").read_bytes() == (tmp_path / f"b.{name}.bw").read_bytes()


def test_the_spread_from_the_command_line(pair: list[zoo.Model], genome_files, tmp_path: Path, capsys):
    from zoo import cli

    whole = zoo.ensemble(pair, "test/PAIR", spread=True).save(tmp_path / "pair")
    call = ["--genome", genome_files.genome, "--signal", genome_files.signal, "--regions", "chr1:5,001-9,000"]
    words = ["predict", whole, *call, "--track", "mean", "spread", "--output", tmp_path / "out"]
    assert cli.main([str(word) for word in words]) == 0, capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.glob("out*")) == [
        "out.json",
        "out.mean.bw",
        "out.spread.bw",
        "out.tsv",
    ]


@pytest.fixture(scope="module")
def folds() -> list[zoo.Model]:
    """Of a profile and its total."""
    models = [profiles.model(seed=seed) for seed in (1, 2, 3)]
    for number, model in enumerate(models):
        model.network.get_layer("counts_dense").bias.assign([4.0 + number])
    return models


def test_the_spread_of_expected_counts(folds: list[zoo.Model]):
    whole, x = zoo.ensemble(folds, "test/FOLDS", spread=True), profiles.windows()
    for strands in ("forward", "both"):
        wanted = spread_of(folds, x, strands=strands)
        found = whole.predict(x, track=BOTH, strands=strands)
        np.testing.assert_allclose(found[..., 1], wanted, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found[..., 0], whole.predict(x, strands=strands), rtol=1e-6)
    np.testing.assert_allclose(whole.predict(x, head="counts", track="spread"), spread_of(folds, x, head="counts"))


def test_windows_side_by_side_and_around_centers(
    folds: list[zoo.Model], genome_files: synthetic.Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Several windows at once, see tests/test_predict_profiles.py; and beside the totals of regions."""
    whole = zoo.ensemble(folds, "test/FOLDS", spread=True)
    read, real = [], Forward.codes

    def codes(forward, *given):
        read.append(given[0].shape[1])
        return real(forward, *given)

    monkeypatch.setattr(Forward, "codes", codes)
    monkeypatch.setattr("zoo.predict.tiles._COMPILING", 0)
    call = {"genome": genome_files.genome, "chromosomes": "chr10"}
    found = whole.predict(**call, track=BOTH)[0].scores
    assert max(read) > profiles.WINDOW
    wanted = [model.predict(**call)[0].scores for model in folds]
    np.testing.assert_allclose(found[:, 1], np.std(wanted, axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[:, 0], np.mean(wanted, axis=0), rtol=1e-4, atol=1e-5)
    around = {"genome": genome_files.genome, "centers": [zoo.Interval("chr10", 5_000, 5_200)]}
    found = whole.predict(**around, track=BOTH)[0].scores
    wanted = [model.predict(**around)[0].scores for model in folds]
    np.testing.assert_allclose(found, np.stack([np.mean(wanted, 0), np.std(wanted, 0)], -1), rtol=1e-4, atol=1e-5)
    files = [whole.predict(**around, output=tmp_path / name, track=track) for name, track in (("a", None), ("b", BOTH))]
    assert files[0].counts.read_bytes() == files[1].counts.read_bytes()


FACTORS = ("CTCF", "MAX", "MYC")


def several(seed: int) -> zoo.Model:
    """A network of three factors in one head."""
    keras.utils.set_random_seed(seed)
    network = zoo.build("dcnn", window=512, filters=8, residual_filters=8, residual_blocks=1, final_filters=8, tracks=3)
    config = {"window": 512, "filters": 8, "residual_filters": 8, "residual_blocks": 1, "final_filters": 8, "tracks": 3}
    [output] = network.outputs
    bins = output.shape[1]
    head = OutputSpec(bins, 512 // bins, 0, "factors", "binding", "scores", "binding", tracks=FACTORS)
    spec = ModelSpec(
        name=f"test/S{seed}",
        description="three factors",
        architecture=Architecture("dcnn", config),
        input=InputSpec(512, "none"),
        outputs=(head,),
        prediction=PredictionSpec(256, ("forward", "reverse_complement")),
        metrics={},
        provenance={"source": "tests"},
    )
    return zoo.Model(spec, network)


def test_several_factors_in_one_head(genome_files: synthetic.Synthetic, tmp_path: Path):
    """Mean and spread of each."""
    seeds = [several(seed) for seed in (1, 2, 3)]
    whole = zoo.load(zoo.ensemble(seeds, "test/FACTORS", spread=True).save(tmp_path / "model"))
    call = {"genome": genome_files.genome, "regions": "chr2:10,001-14,000"}
    files = whole.predict(**call, output=tmp_path / "o", track=("CTCF", "MYC", "CTCF.spread", "MYC.spread"))
    assert [path.name for path in files.bigwigs.values()] == [
        "o.CTCF.bw",
        "o.MYC.bw",
        "o.CTCF.spread.bw",
        "o.MYC.spread.bw",
    ]
    tables = np.array([model.predict(**call)[0].scores for model in seeds])
    np.testing.assert_allclose(whole.predict(**call, track="spread")[0].scores, tables.std(axis=0), atol=1e-6)
    np.testing.assert_allclose(whole.predict(**call)[0].scores, tables.mean(axis=0), atol=1e-6)
    middle = slice(50, -50)
    written = zoo.Signal(files.bigwigs["MYC.spread"]).values("chr2", 10_000, 14_000)
    bin_size = whole.spec.output.bin_size
    np.testing.assert_allclose(written[::bin_size][middle], tables.std(axis=0)[middle, 2], atol=1e-6)


def of_two_outputs(seed: int) -> zoo.Model:
    """A network that returns a list."""
    keras.utils.set_random_seed(seed)
    read = keras.Input((64, 4), name="window")
    one = keras.layers.Conv1D(1, 3, padding="same", name="one")(read)
    two = keras.layers.Conv1D(2, 3, padding="same", name="two")(read)
    spec = ModelSpec(
        name=f"test/LIST{seed}",
        description="a list of outputs",
        architecture=Architecture("functional", {}),
        input=InputSpec(64, "none"),
        outputs=(OutputSpec(64, 1, 0, "X", "x", "one"), OutputSpec(64, 1, 0, "X", "x", "two", tracks=("a", "b"))),
        prediction=PredictionSpec(64, ("forward",)),
        metrics={},
        provenance={"source": "tests"},
    )
    return zoo.Model(spec, keras.Model(read, [one, two], name="list"))


def test_networks_that_return_a_list():
    models, x = [of_two_outputs(seed) for seed in (1, 2)], profiles.windows(length=64)
    whole = zoo.ensemble(models, "test/LISTS", spread=True)
    for head in ("one", "two"):
        wanted = np.array([model.predict(x, head=head) for model in models])
        np.testing.assert_allclose(whole.predict(x, head=head), wanted.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(whole.predict(x, head=head, track="spread"), wanted.std(axis=0), atol=1e-6)


FACTORNET = {"window": 202, "filters": 4, "units": 3, "hidden": 5}


def of_bins(name: str, config: dict, seed: int, tracks: tuple[str, ...] = ()) -> zoo.Model:
    """A model of one bin of 200 bp that reads two tracks."""
    keras.utils.set_random_seed(seed)
    reads = [TrackSpec("test", 0, 0, None, 0.0, name=track) for track in ("dgf", "mappability")]
    spec = ModelSpec(
        name=f"test/{name}{seed}",
        description="bins",
        architecture=Architecture(name, config),
        input=InputSpec(202, "none", tuple(reads)),
        outputs=(OutputSpec(1, 200, 1, "factors", "binding", "binding", "binding", tracks=tracks),),
        prediction=PredictionSpec(200, ("forward",)),
        metrics={},
        provenance={"source": "tests"},
    )
    return zoo.Model(spec, zoo.build(name, **config))


def windows_of_bins() -> np.ndarray:
    random = np.random.default_rng(3)
    x = np.eye(6, dtype=np.float32)[random.integers(0, 4, (4, 202))]
    x[..., 4:] = random.random((4, 202, 2))
    return x


def test_factors_of_a_factornet():
    seeds = [of_bins("factornet", {**FACTORNET, "outputs": 3}, seed, FACTORS) for seed in (1, 2, 3)]
    whole, x = zoo.ensemble(seeds, "test/FACTORS", spread=True), windows_of_bins()
    wanted = np.array([model.predict(x) for model in seeds])
    assert wanted.shape == (3, 4, 1, 3)
    np.testing.assert_allclose(whole.predict(x, track="spread"), wanted.std(axis=0), atol=1e-7)
    np.testing.assert_allclose(whole.predict(x, track="MAX.spread"), wanted.std(axis=0)[..., 1], atol=1e-7)
    np.testing.assert_allclose(whole.predict(x), wanted.mean(axis=0), atol=1e-6)


def test_committees_of_different_tracks(tmp_path: Path):
    """They have no spread themselves; an ensemble of some has."""
    one = {"name": "factornet", "config": {**FACTORNET, "tracks": 1}, "covariates": [], "output": None}
    config = {"members": [{**one, "tracks": [0]}, {**one, "tracks": [1]}], "window": 202, "tracks": 2}
    seeds, x = [of_bins("committee", config, seed) for seed in (1, 2)], windows_of_bins()
    with pytest.raises(InputError, match="must be that of an ensemble which offers it"):
        seeds[0].predict(x, track="spread")
    whole = zoo.load(zoo.ensemble(seeds, "test/WHOLE", spread=True).save(tmp_path / "whole"))
    wanted = np.array([model.predict(x) for model in seeds])
    np.testing.assert_allclose(whole.predict(x, track=BOTH), np.stack([wanted.mean(0), wanted.std(0)], -1), atol=1e-6)
    card = (tmp_path / "whole" / "README.md").read_text()
    assert 'With `track=("mean", "spread")` the standard deviation of what the members predict' in card


def test_zoo_info_says_so(pair: list[zoo.Model], tmp_path: Path, capsys: pytest.CaptureFixture):
    from zoo import cli

    for spread in (True, False):
        path = zoo.ensemble(pair, "test/PAIR", spread=spread).save(tmp_path / f"{spread}")
        assert cli.main(["info", str(path)]) == 0
        assert ("standard deviation over the members: --track mean spread" in capsys.readouterr().out) is spread


def test_half_precision(pair: list[zoo.Model], genome_files: synthetic.Synthetic, tmp_path: Path):
    whole = zoo.ensemble(pair, "test/PAIR", spread=True)
    call = {"genome": genome_files.genome, "signal": genome_files.signal, "regions": "chr1:5,001-9,000"}
    found = [whole.predict(**call, track="spread", precision=each)[0].scores for each in ("float32", "bfloat16")]
    np.testing.assert_allclose(*found, atol=0.03)
    assert not np.array_equal(*found)

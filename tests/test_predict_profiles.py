"""Predictions of models of profile and counts: several windows at once, and windows around summits."""

import json
from pathlib import Path

import numpy as np
import profiles
import pytest

import zoo
from zoo.architectures.ensemble import joined
from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.files.progress import Progress
from zoo.formats import bigwig
from zoo.forward import readouts
from zoo.forward.forward import Forward
from zoo.forward.readouts import Readout
from zoo.forward.stretch import Stretch
from zoo.genome.encode import N, encode, one_hot
from zoo.genome.sequence import Genome, write_twobit
from zoo.predict import cost, prediction, tiles
from zoo.predict.centers import nearest
from zoo.spec import Architecture, Component, OutputSpec

OUTPUT, WINDOW, BEFORE = profiles.OUTPUT, profiles.WINDOW, (profiles.WINDOW - profiles.OUTPUT) // 2
LENGTHS = {"chr1": 3_333, "chr2": 1_700, "chr3": 95}


def random_codes(length: int, seed: int) -> np.ndarray:
    return encode("".join(np.random.default_rng(seed).choice(list("ACGT"), length)))


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profiles") / "g.2bit"
    write_twobit(path, {chrom: random_codes(length, seed) for seed, (chrom, length) in enumerate(LENGTHS.items())})
    return path


@pytest.fixture(scope="module")
def stranded() -> zoo.Model:
    return profiles.model(config={"tracks": 2})


@pytest.fixture(scope="module")
def plain() -> zoo.Model:
    return profiles.model()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Several windows at once wherever that saves anything; (windows, bp of each) of every batch that is predicted."""
    monkeypatch.setattr(tiles, "_COMPILING", 0)
    batches, real, along = [], Forward.codes, Stretch.codes

    def codes(forward: Forward, *read: np.ndarray) -> np.ndarray:
        batches.append(read[0].shape)
        return real(forward, *read)

    def stretch(one: Stretch, *rows: np.ndarray) -> np.ndarray:
        batches.append((one.count, WINDOW))
        return along(one, *rows)

    monkeypatch.setattr(Forward, "codes", codes)
    monkeypatch.setattr(Stretch, "codes", stretch)
    return batches


def one_by_one(model: zoo.Model, genome: Path, chrom: str, **choices: object) -> np.ndarray:
    """The chromosome's bases, window after window."""
    file, length = Genome(genome), LENGTHS[chrom]
    starts = range(-BEFORE, length - BEFORE, OUTPUT)
    x = np.stack([one_hot(file.codes(chrom, start, start + WINDOW)) for start in starts])
    found = model.predict(x, **choices)
    return found.reshape(-1, *found.shape[2:])[:length]


# --- several windows at once


@pytest.mark.parametrize("strands", ["forward", "both"])
def test_a_chromosome_is_predicted_by_few_long_windows(stranded, genome: Path, at_once: list, strands: str):
    """34, 17 and 1 windows: of 16 at once, and the rest one by one."""
    found = stranded.predict(genome=genome, chromosomes=list(LENGTHS), strands=strands)
    assert at_once == [(3, 16 * OUTPUT + WINDOW - OUTPUT), (4, WINDOW)]
    for row in found:
        wanted = one_by_one(stranded, genome, row.interval.chrom, strands=strands)
        assert row.scores.shape == wanted.shape == (LENGTHS[row.interval.chrom], 2)
        np.testing.assert_allclose(row.scores, wanted, rtol=1e-5, atol=1e-7)


def test_every_first_and_last_window(plain, genome: Path, at_once: list):
    """Regions of any windows: nothing but these is predicted, and their numbers are those of single windows."""
    whole, together = one_by_one(plain, genome, "chr1"), set()
    for first in range(0, 17, 3):
        for last in range(first + 1, 34, 4):
            at_once.clear()
            region = f"chr1:{first * OUTPUT + 1:,}-{last * OUTPUT:,}"
            row = plain.predict(genome=genome, regions=region)[0]
            np.testing.assert_allclose(row.scores, whole[first * OUTPUT : last * OUTPUT], rtol=1e-5, atol=1e-7)
            windows = [(count, (bp - WINDOW) // OUTPUT + 1) for count, bp in at_once]
            assert sum(count * size for count, size in windows) == last - first
            together |= {size for _, size in windows}
    assert together == {1, 2, 4, 8, 16}


def test_regions_of_single_windows_are_predicted_one_by_one(plain, genome: Path, at_once: list):
    plain.predict(genome=genome, regions=[f"chr1:{start}-{start + 5}" for start in range(10, 3_000, 300)])
    assert at_once == [(10, WINDOW)]


def test_few_windows_are_not_worth_another_network(plain, genome: Path, monkeypatch: pytest.MonkeyPatch):
    def tiled(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(zoo.Model, "tiled", tiled)
    plain.predict(genome=genome, chromosomes="chr1")


@pytest.mark.parametrize("choice", [{"stride": 50}, {"batch_size": 1}, {"stride": 20, "center_only": True}])
def test_windows_that_do_not_lie_side_by_side(plain, genome: Path, at_once: list, choice: dict):
    plain.predict(genome=genome, chromosomes="chr2", **choice)
    assert {bp for _, bp in at_once} == {WINDOW}


def test_a_batch_holds_as_many_bases_as_of_single_windows(plain, genome: Path, at_once: list):
    plain.predict(genome=genome, chromosomes="chr1", batch_size=5)
    assert at_once == [*[(1, WINDOW + 3 * OUTPUT)] * 8, (2, WINDOW)]


@pytest.mark.parametrize(("head", "scale"), [("counts", "linear"), ("counts", None), ("profile", None)])
def test_heads_of_long_windows(plain, genome: Path, at_once: list, head: str, scale: str | None):
    row = plain.predict(genome=genome, chromosomes="chr1", head=head, scale=scale)[0]
    wanted = one_by_one(plain, genome, "chr1", head=head, scale=scale)
    assert len(at_once) == 2
    np.testing.assert_allclose(row.scores, wanted[: len(row.scores)], rtol=1e-5, atol=1e-6)


def ensemble() -> zoo.Model:
    members = [profiles.model(seed=seed) for seed in (1, 2)]
    of = {"name": "bpnet", "config": profiles.SMALL}
    spec = profiles.spec(architecture=Architecture("ensemble", {"of": of, "members": 2}))
    return zoo.Model(spec, joined([member.network for member in members]))


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (profiles.chrombpnet, {16, 1}),
        (lambda: profiles.chrombpnet().component("bias"), {16, 1}),
        pytest.param(ensemble, {16, 1}, marks=pytest.mark.filterwarnings("error:The structure of")),
        (lambda: profiles.model(config={"controls": 2, "tracks": 2, "pooled": 174}), {16, 1}),
        (lambda: profiles.model(config={"activation_first": True, "pooled": 120}), {16, 1}),
        (lambda: profiles.model(config={"padding": "same", "pooled": 174}), {1}),
    ],
    ids=["chrombpnet", "bias", "ensemble", "controls", "before", "padded"],
)
def test_networks_of_every_kind(make, sizes: set[int], genome: Path, at_once: list):
    model = make()
    row = model.predict(genome=genome, chromosomes="chr1")[0]
    assert {(bp - WINDOW) // OUTPUT + 1 for _, bp in at_once} == sizes
    np.testing.assert_allclose(row.scores, one_by_one(model, genome, "chr1"), rtol=1e-5, atol=1e-7)


def test_a_part_without_an_architecture_is_predicted_one_by_one(genome: Path, at_once: list):
    parts = tuple(Component(name, name) for name in ("accessibility", "bias"))
    model = profiles.chrombpnet(components=parts).component("bias")
    model.predict(genome=genome, chromosomes="chr1")
    assert {bp for _, bp in at_once} == {WINDOW}


@pytest.mark.parametrize(
    "said",
    [
        Architecture("bpnet", profiles.SMALL),
        Architecture("bpnet", {"filters": 6, "dilated_layers": 3}),
        Architecture("bpnet", {"unknown": 1}),
        Architecture("ensemble", {}),
        Architecture("maxatac", {}),
    ],
    ids=["another order", "other lengths", "no such network", "no ensemble", "another network"],
)
def test_a_network_other_than_its_spec_says_is_predicted_one_by_one(genome: Path, at_once: list, said: Architecture):
    """Its weights may fit the network of several windows that the spec describes, which would give other numbers."""
    network = zoo.build("bpnet", **profiles.SMALL, activation_first=True)
    model = zoo.Model(profiles.spec(architecture=said), network)
    row = model.predict(genome=genome, chromosomes="chr1")[0]
    assert {bp for _, bp in at_once} == {WINDOW}
    np.testing.assert_allclose(row.scores, one_by_one(model, genome, "chr1"), rtol=1e-5, atol=1e-7)


def test_a_readout_from_outside_is_not_asked_for_several_windows(plain, genome: Path, at_once: list):
    centred = Readout(
        "centred",
        lambda spec: spec.outputs[0] if spec.outputs[0].kind == "profile" else None,
        lambda heads, spec: heads["profile"] - heads["profile"][:, :1],
    )
    readouts.register(centred)
    try:
        found = plain.predict(genome=genome, chromosomes="chr1", head="centred")[0].scores
    finally:
        readouts.unregister("centred")
    assert {bp for _, bp in at_once} == {WINDOW}
    assert (found[::OUTPUT] == 0).all()


def test_weights_that_were_changed_meanwhile(genome: Path, at_once: list):
    model = profiles.model()
    before = model.predict(genome=genome, chromosomes="chr1")[0].scores
    model.network.set_weights([weight * 1.1 for weight in model.network.get_weights()])
    after = model.predict(genome=genome, chromosomes="chr1")[0].scores
    assert len(at_once) == 4
    assert np.abs(after - before).max() > 1e-4
    np.testing.assert_allclose(after, one_by_one(model, genome, "chr1"), rtol=1e-5, atol=1e-7)


def test_stretches_without_bases(plain, tmp_path: Path, at_once: list):
    codes = random_codes(6_000, 9)
    codes[700:4_800] = N
    write_twobit(tmp_path / "n.2bit", {"chr1": codes})
    found = plain.predict(genome=tmp_path / "n.2bit", chromosomes="chr1")[0].scores
    tiles._COMPILING = np.inf  # which `at_once` puts back
    single = plain.predict(genome=tmp_path / "n.2bit", chromosomes="chr1")[0].scores
    np.testing.assert_allclose(found, single, rtol=1e-5, atol=1e-7)
    assert len({bp for _, bp in at_once}) == 2


def test_files_do_not_say_how_many_windows_at_once(
    plain, genome: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_track
):
    """Neither their names nor their identity: what was predicted one by one is found by a call of the other kind."""
    call = {"genome": genome, "chromosomes": ["chr1", "chr2"], "strands": "both"}
    single = plain.predict(**call, output=tmp_path / "single")
    monkeypatch.setattr(tiles, "_COMPILING", 0)
    assert plain.predict(**call, output=tmp_path / "single").windows == 0
    tiled = plain.predict(**call, output=tmp_path / "tiled")
    assert tiled.windows == 34 + 17
    said = [json.loads(made.sidecar.read_text()) for made in (single, tiled)]
    assert said[0]["identity_sha256"] == said[1]["identity_sha256"]
    for chrom in ("chr1", "chr2"):
        one, other = (read_track(made.bigwig, chrom) for made in (single, tiled))
        assert not np.isnan(one).any()
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_the_progress_of_long_windows(plain, genome: Path, at_once: list, monkeypatch: pytest.MonkeyPatch):
    """Counts single windows, of every group."""
    done = []
    monkeypatch.setattr(prediction, "group_size", lambda forward, shared: 16)
    monkeypatch.setattr(Progress, "update", lambda bar, count: done.append(count))
    plain.predict(genome=genome, chromosomes=["chr1", "chr2"])
    assert sorted(done) == [1, 2, 16, 16, 16]


@pytest.mark.timeout(60)
def test_groups_hold_the_windows_that_are_predicted_at_once(plain, genome: Path, at_once: list, monkeypatch):
    """However much a window costs."""
    wanted = plain.predict(genome=genome, chromosomes=["chr2"]).matrix()
    monkeypatch.setattr(prediction, "_COST", 1)
    np.testing.assert_array_equal(plain.predict(genome=genome, chromosomes=["chr2"]).matrix(), wanted)


@pytest.mark.parametrize("before", [0, np.inf], ids=["at once", "one by one"])
@pytest.mark.parametrize("after", [0, np.inf], ids=["at once", "one by one"])
def test_a_run_that_was_interrupted_goes_on(
    plain, genome: Path, tmp_path: Path, interrupt_at, monkeypatch: pytest.MonkeyPatch, before: float, after: float,
    read_track
):  # fmt: skip
    monkeypatch.setattr(prediction, "group_size", lambda forward, shared: 16)
    call = {"genome": genome, "chromosomes": ["chr1", "chr2"], "output": tmp_path / "out"}
    monkeypatch.setattr(tiles, "_COMPILING", before)
    interrupt_at("chr2")
    with pytest.raises(KeyboardInterrupt):
        plain.predict(**call)
    interrupt_at(None)
    monkeypatch.setattr(tiles, "_COMPILING", after)
    made = plain.predict(**call)
    assert made.resumed == 1
    assert 17 <= made.windows <= 17 + 2  # the last two of chr1 are of the group that was interrupted
    for chrom in ("chr1", "chr2"):
        np.testing.assert_allclose(
            read_track(made.bigwig, chrom), one_by_one(plain, genome, chrom), rtol=1e-5, atol=1e-7
        )


def test_the_cost_of_long_windows(plain, genome: Path, at_once: list, monkeypatch: pytest.MonkeyPatch):
    """Both networks are timed on what each of them predicts."""
    monkeypatch.setattr(cost, "_SECONDS", 0.0)
    found = plain.cost(genome=genome, chromosomes=["chr1", "chr2"])
    assert found.windows == 34 + 17
    assert set(at_once) == {(3, 16 * OUTPUT + WINDOW - OUTPUT), (3, WINDOW)}
    assert found.seconds > 0


# --- windows around summits


SUMMITS = [1_500, 1_541, 700, 1_500]
PEAKS = [(f"p{i}", summit - 40 - i, summit + 100) for i, summit in enumerate(SUMMITS)]


@pytest.fixture
def narrowpeak(tmp_path: Path) -> Path:
    lines = (f"chr1\t{start}\t{end}\t{name}\t0\t.\t1\t1\t1\t{40 + i}" for i, (name, start, end) in enumerate(PEAKS))
    (tmp_path / "p.narrowPeak").write_text("\n".join(lines) + "\n")
    return tmp_path / "p.narrowPeak"


def around(model: zoo.Model, genome: Path, summits: list[int], **choices: object) -> np.ndarray:
    file, half = Genome(genome), WINDOW // 2
    return model.predict(np.stack([one_hot(file.codes("chr1", at - half, at + half)) for at in summits]), **choices)


def test_a_table_has_each_summits_own_window(stranded, genome: Path, narrowpeak: Path):
    for strands in ("forward", "both"):
        table = stranded.predict(genome=genome, centers=narrowpeak, strands=strands)
        assert [item.name for item in table.intervals] == ["p0", "p1", "p2", "p3"]
        assert [row.starts[[0, -1]].tolist() for row in table] == [[at - 50, at + 49] for at in SUMMITS]
        np.testing.assert_allclose(table.matrix(), around(stranded, genome, SUMMITS, strands=strands), rtol=1e-6)


def test_regions_frames_and_their_middles(plain, genome: Path, tmp_path: Path):
    (tmp_path / "r.bed").write_text("chr1\t1001\t1102\n")
    wanted = around(plain, genome, [1_051])
    places = [tmp_path / "r.bed", "chr1:1,002-1,102", [("chr1", 1001, 1102)]]
    for given in places:
        np.testing.assert_allclose(plain.predict(genome=genome, centers=given).matrix(), wanted, rtol=1e-6)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"chrom": "chr1", "start": [1000, 2000], "end": [1200, 2200], "summit": [7, -1]})
    found = plain.predict(genome=genome, centers=frame).matrix()
    np.testing.assert_allclose(found, around(plain, genome, [1_007, 2_100]), rtol=1e-6)
    for summit in (200, -2, 0.5):
        with pytest.raises(InputError, match=r"summit|whole numbers"):
            plain.predict(genome=genome, centers=frame.assign(summit=[0, summit]))


def test_files_around_summits(stranded, genome: Path, narrowpeak: Path, tmp_path: Path, read_track):
    """Bases of several windows are averaged; a table has the total counts of each region."""
    made = stranded.predict(genome=genome, centers=narrowpeak, output=tmp_path / "out")
    own = around(stranded, genome, SUMMITS)
    sums, counts = np.zeros((LENGTHS["chr1"], 2)), np.zeros(LENGTHS["chr1"])
    for at, values in zip(SUMMITS, own, strict=True):
        sums[at - 50 : at + 50] += values
        counts[at - 50 : at + 50] += 1
    for number, strand in enumerate(("plus", "minus")):
        track = read_track(made.bigwigs[strand], "chr1")
        assert np.array_equal(np.isnan(track), counts == 0)
        np.testing.assert_allclose(track[counts > 0], (sums[:, number] / np.maximum(counts, 1))[counts > 0], rtol=1e-6)
    lines = [line.split("\t") for line in made.counts.read_text().splitlines()]
    assert lines[0] == ["region", "name", "chrom", "start", "end", "center", "logcounts", "expected_counts"]
    assert lines[1][:6] == ["chr1:1461-1600", "p0", "chr1", "1460", "1600", "1500"]
    logs = around(stranded, genome, SUMMITS, head="counts")[:, 0]
    np.testing.assert_allclose([float(line[6]) for line in lines[1:]], logs, rtol=1e-6)
    np.testing.assert_allclose([float(line[7]) for line in lines[1:]], np.expm1(logs), rtol=1e-6)
    np.testing.assert_allclose([float(line[7]) for line in lines[1:]], own.sum(axis=(1, 2)), rtol=1e-5)
    assert made.table is None
    assert stranded.predict(genome=genome, centers=narrowpeak, output=tmp_path / "out").windows == 0
    moved = narrowpeak.read_text().replace("\t40\n", "\t41\n", 1)
    narrowpeak.write_text(moved)
    assert stranded.predict(genome=genome, centers=narrowpeak, output=tmp_path / "out").windows == 4


def test_totals_of_both_strands_are_means_of_counts(plain, genome: Path, narrowpeak: Path, tmp_path: Path):
    """Whatever head is predicted beside them."""
    file, half = Genome(genome), WINDOW // 2
    x = np.stack([one_hot(file.codes("chr1", at - half, at + half)) for at in SUMMITS])
    counts = np.mean([plain.predict(each, head="counts", scale="linear") for each in (x, x[:, ::-1, ::-1])], axis=0)
    for head in (None, "profile", "counts"):
        base = tmp_path / str(head)
        call = {"genome": genome, "centers": narrowpeak, "strands": "both", "head": head, "output": base}
        made = plain.predict(**call, write="table,counts")
        rows = [line.split("\t") for line in made.counts.read_text().splitlines()[1:]]
        np.testing.assert_allclose([float(row[7]) for row in rows], counts[:, 0], rtol=1e-6)
        np.testing.assert_allclose([float(row[6]) for row in rows], np.log1p(counts[:, 0]), rtol=1e-6)
        scores = [float(line.split("\t")[5]) for line in made.table.read_text().splitlines()[1:]]
        wanted = around(plain, genome, SUMMITS, strands="both", head=head)
        np.testing.assert_allclose(scores, wanted.ravel(), rtol=1e-5, atol=1e-6)


def test_a_pseudocount_and_totals_of_each_strand(genome: Path, narrowpeak: Path, tmp_path: Path):
    counts = OutputSpec(1, OUTPUT, BEFORE, "TEST", "ln(2 + n)", "counts", "counts", "log", pseudocount=2.0)
    model = profiles.model(outputs=(profiles.spec().outputs[0], counts))
    made = model.predict(genome=genome, centers=narrowpeak, output=tmp_path / "out")
    logs = around(model, genome, SUMMITS, head="counts")[:, 0]
    rows = np.array([line.split("\t")[6:] for line in made.counts.read_text().splitlines()[1:]], float)
    np.testing.assert_allclose(rows, np.stack([logs, np.exp(logs) - 2], axis=1), rtol=1e-6, atol=1e-6)


def test_windows_beyond_the_ends(plain, genome: Path, tmp_path: Path, read_track):
    """Read N there, and have no value beyond the last base."""
    places = [("chr1", 10, 21), ("chr1", 1_000, 1_001), ("chr1", 3_320, 3_331)]
    with pytest.warns(ZooWarning, match="2 windows around regions reach beyond an end of their chromosome and read N"):
        table = plain.predict(genome=genome, centers=places)
    own = around(plain, genome, [15, 1_000, 3_325])
    assert [int(np.isnan(row.scores).sum()) for row in table] == [35, 0, 42]
    for row, values in zip(table, own, strict=True):
        known = (row.starts >= 0) & (row.starts < LENGTHS["chr1"])
        np.testing.assert_allclose(row.scores[known], values[known], rtol=1e-6)
    with pytest.warns(ZooWarning, match="2 windows"):
        totals = plain.predict(genome=genome, centers=places, head="counts")
    assert [(int(row.starts[0]), bool(np.isnan(row.scores[0]))) for row in totals] == [
        (-35, False),
        (950, False),
        (3_275, False),
    ]
    with pytest.warns(ZooWarning, match="2 windows"):
        made = plain.predict(genome=genome, centers=places, output=tmp_path / "out")
    assert np.flatnonzero(~np.isnan(read_track(made.bigwig, "chr1"))).tolist() == [
        *range(65),
        *range(950, 1_050),
        *range(3_275, 3_333),
    ]
    said = json.loads(made.sidecar.read_text())["centers"]
    assert said == {"regions": 3, "windows beyond an end": 2, "left out": 0}
    with pytest.warns(ZooWarning, match="2 windows around regions .* and are left out"):
        made = plain.predict(genome=genome, centers=places, output=tmp_path / "out", compat="chrombpnet")
    assert len(made.counts.read_text().splitlines()) == 2
    assert json.loads(made.sidecar.read_text())["centers"] == {
        "regions": 1,
        "windows beyond an end": 2,
        "left out": 2,
    }
    with pytest.raises(InputError, match="A window must be left to predict"):
        plain.predict(genome=genome, centers=places[:1], compat="chrombpnet")


def test_the_blacklist_and_chromosomes(plain, genome: Path, tmp_path: Path, read_track):
    places = [("chr1", 1_000, 1_001), ("chr2", 800, 801)]
    call = {"genome": genome, "centers": places, "blacklist": [("chr1", 960, 962)]}
    for compat in (None, "chrombpnet"):
        row = plain.predict(**call, compat=compat)[0]
        assert np.flatnonzero(np.isnan(row.scores)).tolist() == [10, 11]
        made = plain.predict(**call, compat=compat, output=tmp_path / "out")
        assert np.flatnonzero(np.isnan(read_track(made.bigwig, "chr1")[950:1_050])).tolist() == [10, 11]
    with pytest.warns(ZooWarning, match="1 regions are left out"):
        found = plain.predict(**call, chromosomes="chr2")
    assert [item.chrom for item in found.intervals] == ["chr2"]
    with pytest.raises(GenomeMismatch, match="within its chromosome"):
        plain.predict(genome=genome, centers=[("chr3", 90, 99)])


def test_controls_around_summits(genome: Path, narrowpeak: Path, tmp_path: Path):
    """Of files, with the windows; zeros where none is given."""
    model = profiles.model(config={"controls": 1, "pooled": 174})
    control = np.random.default_rng(3).poisson(0.5, LENGTHS["chr1"]).astype(np.float32)
    bigwig.write_track(tmp_path / "c.bw", {"chr1": LENGTHS["chr1"]}, [("chr1", control)], 1)
    file, half = Genome(genome), WINDOW // 2
    x = np.stack([one_hot(file.codes("chr1", at - half, at + half)) for at in SUMMITS])
    controls = np.stack([control[at - half : at + half, None] for at in SUMMITS])
    call = {"genome": genome, "centers": narrowpeak}
    found = model.predict(**call, signal={"control_0": tmp_path / "c.bw"}).matrix()
    np.testing.assert_allclose(found, model.predict({"window": x, "controls": controls}), rtol=1e-6)
    np.testing.assert_allclose(model.predict(**call).matrix(), model.predict(x), rtol=1e-6)


# --- the original's bigWig files


def test_the_originals_bigwig(shared: Path):
    golden = np.load(shared / "zoo_weights/chrombpnet/k562/bigwig_golden.npz")
    summits = golden["summits"]
    starts, values = nearest(summits - 500, summits, golden["data"])
    found = np.full(len(golden["values"]), np.nan, np.float32)
    found[starts] = values
    assert (np.diff(starts) > 0).all()
    assert np.array_equal(found, golden["values"], equal_nan=True)


def test_overlaps_as_the_original_has_them(stranded, genome: Path, narrowpeak: Path, tmp_path: Path, read_track):
    """1,500 twice and 1,541: the first ends at its own summit, the second half-way, at 1,520."""
    made = stranded.predict(genome=genome, centers=narrowpeak, output=tmp_path / "out", compat="chrombpnet")
    own, logs = around(stranded, genome, SUMMITS), around(stranded, genome, SUMMITS, head="counts")[:, :, None]
    own = own / np.expm1(logs) * np.exp(logs)
    wanted = np.full((LENGTHS["chr1"], 2), np.nan)
    wanted[650:750] = own[2]
    wanted[1_450:1_500] = own[0, :50]
    wanted[1_500:1_520] = own[3, 50:70]
    wanted[1_520:1_591] = own[1, 29:]
    for number, strand in enumerate(("plus", "minus")):
        np.testing.assert_allclose(read_track(made.bigwigs[strand], "chr1"), wanted[:, number], rtol=1e-5)
    rows = [line.split("\t")[6:] for line in made.counts.read_text().splitlines()[1:]]
    np.testing.assert_allclose(np.array(rows, float), np.stack([logs.ravel(), np.exp(logs.ravel())], axis=1), rtol=1e-6)
    table = stranded.predict(genome=genome, centers=narrowpeak, compat="chrombpnet")
    np.testing.assert_allclose(table.matrix(), own, rtol=1e-5)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"regions": "chr1"}, "Windows around centers must be given without regions"),
        ({"windows": [("chr1", 0, 256)]}, "Exact windows must be given without centers"),
        ({"stride": 100}, "Windows around centers must be given without stride"),
        ({"center_only": True}, "Windows around centers must be given without center_only"),
        ({"compat": "maxatac"}, "must go with chromosomes, regions or windows, not with centers"),
        ({"compat": "chrombpnet", "strands": "both"}, "compat='chrombpnet' must read the forward strand"),
        ({"compat": "chrombpnet", "views": "all"}, "compat='chrombpnet' must read the forward strand"),
        ({"compat": "chrombpnet", "head": "counts"}, "expected counts of bases must be predicted"),
        ({"compat": "chrombpnet", "centers": None, "regions": "chr1"}, "must go with centers"),
        ({"compat": "chrombpnet", "centers": None, "windows": [("chr1", 0, 256)]}, "must go with centers"),
        ({"centers": 7}, "Regions must be"),
        ({"centers": []}, "At least one region"),
        ({"centers": "none.narrowPeak"}, "must exist"),
    ],
)
def test_what_does_not_go_together(plain, genome: Path, more: dict, message: str):
    with pytest.raises(InputError, match=message):
        plain.predict(**{"genome": genome, "centers": "chr1:1,001-1,100", **more})


def test_windows_that_are_given_and_costs_have_no_centers(plain, genome: Path):
    x = profiles.windows()
    for more in ({"centers": "chr1:1-9"}, {"compat": "chrombpnet"}):
        with pytest.raises(InputError, match=f"Windows x must be given without {next(iter(more))}"):
            plain.predict(x, **more)
    with pytest.raises(InputError, match="must go with centers"):
        plain.cost(genome=genome, chromosomes="chr1", compat="chrombpnet")


def test_models_of_bins(small, genome_files, tmp_path: Path):
    """32-bp bins: windows that overlap need not share bins, so that a table has them and a bigWig cannot."""
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    places = [("chr10", 5_000, 5_001), ("chr10", 5_100, 5_101)]
    table = small.predict(**files, centers=places)
    assert [row.starts[0] for row in table] == [4_872, 4_972]
    with pytest.raises(InputError, match="must begin a multiple of 32 bp apart"):
        small.predict(**files, centers=places, output=tmp_path / "out")
    made = small.predict(**files, centers=places, output=tmp_path / "out", write="table", threshold="auto")
    assert len(made.table.read_text().splitlines()) == 1 + 2 * 8
    for more, message in (
        ({"compat": "chrombpnet"}, "expected counts of bases must be predicted"),
        ({"output": tmp_path / "out", "write": "counts"}, "The format counts must go with centers, and a model"),
    ):
        with pytest.raises(InputError, match=message):
            small.predict(**files, centers=places, **more)


# --- what cannot be read


@pytest.mark.parametrize(
    ("shape", "message"), [((2, 255, 4), "256"), ((2, 256, 5), "4"), ((0, 256, 4), "array"), ((256, 4), "array")]
)
def test_windows_of_other_shapes(plain, shape: tuple[int, ...], message: str):
    with pytest.raises(InputError, match=message):
        plain.predict(np.zeros(shape, np.float32))


@pytest.mark.parametrize(("window", "output"), [(257, 100), (256, 99), (256, 160)])
def test_networks_of_lengths_that_do_not_fit(window: int, output: int):
    with pytest.raises(InputError, match="The lengths of a BPNet must go together"):
        zoo.build("bpnet", **{**profiles.SMALL, "window": window, "output": output})

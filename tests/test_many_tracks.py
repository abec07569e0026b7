"""Heads of many tracks: the last layer of those that are chosen, shifts, what is written and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from zoo import cli
from zoo.architectures import functional
from zoo.errors import InputError
from zoo.forward.forward import Forward
from zoo.forward.narrowing import narrowed
from zoo.forward.readouts import Selection
from zoo.genome.bbi import BigWig
from zoo.genome.sequence import write_twobit
from zoo.model import Model
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec
from zoo.track_table import TrackTable

WINDOW, BINS, TRACKS = 256, 8, 200
SWAP = tuple(place ^ 1 for place in range(100)) + tuple(range(100, TRACKS))  # 50 pairs of strands, then single ones
VIEWS = ("forward", "reverse_complement")


def head(name: str = "human", tracks: int = TRACKS, **more: object) -> OutputSpec:
    names = tuple(f"T{i}" for i in range(tracks))
    table = TrackTable(descriptions=tuple(f"{'CAGE' if i < 100 else 'DNASE'}:cell {i // 2}" for i in range(tracks)))
    known = {"kind": "coverage", "tracks": names, "swap": SWAP[:tracks], "table": table, **more}
    return OutputSpec(BINS, 16, 64, "all", "coverage", name, **known)


def network(heads: int = 1, activation: str = "softplus", kind: str = "dense") -> keras.Model:
    keras.utils.set_random_seed(4)
    x = given = keras.Input((WINDOW, 4), name="window")
    for width, pool in ((16, 4), (24, 4)):
        x = keras.layers.Conv1D(width, 9, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling1D(pool)(x)
    x = keras.layers.Cropping1D(4)(x)
    made = {"dense": keras.layers.Dense, "conv": lambda units, **more: keras.layers.Conv1D(units, 1, **more)}[kind]
    out = {}
    for name in ("human", "mouse")[:heads]:
        y = made(TRACKS, name=f"head_{name}", bias_initializer="normal")(x)
        out[name] = keras.layers.Activation(activation, name=name)(y)
    return keras.Model(given, out if heads > 1 else out["human"], name="many")


def model(heads: int = 1, activation: str = "softplus", kind: str = "dense") -> Model:
    outputs = tuple(head(name) for name in ("human", "mouse")[:heads])
    how = PredictionSpec(BINS * 16, VIEWS)
    spec = ModelSpec("toy/many", "", Architecture("toy", {}), InputSpec(WINDOW, "hg38"), outputs, how, {}, {})
    return Model(spec, network(heads, activation, kind))


def windows(count: int = 5) -> np.ndarray:
    codes = np.random.default_rng(1).integers(0, 5, (count, WINDOW))
    return np.eye(5, dtype=np.float32)[codes][..., :4]


@pytest.mark.parametrize("kind", ["dense", "conv"])
@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("track", ["T7", "CAGE:cell 3", ["T150", "T2", "T51"]])
@pytest.mark.parametrize("strands", ["forward", "both"])
def test_chosen_tracks_are_those_of_the_whole_head(kind, heads, track, strands):
    one = model(heads, kind=kind)
    name = "mouse" if heads == 2 else "human"
    whole = one.predict(windows(), head=name, strands=strands)
    some = one.predict(windows(), head=name, track=track, strands=strands)
    places = Selection.of(one.spec, name, track).tracks
    wanted = whole[..., places[0]] if len(places) == 1 else whole[..., list(places)]
    np.testing.assert_allclose(some, wanted, rtol=1e-6, atol=1e-7)
    assert whole.std() > 0.01


def test_only_the_chosen_tracks_are_computed():
    one = model(2)
    found = narrowed(one.network, one.spec, Selection.of(one.spec, "mouse", ["T150", "T2"]))
    assert found.network.output_shape == (None, BINS, 3)  # T2, that of its other strand, T150
    assert found.spec.outputs[0].tracks == ("T2", "T3", "T150")
    assert found.spec.outputs[0].swap == (1, 0, 2)
    assert found.selection.tracks == (2, 0)
    whole, some = (Forward(one.network, one.spec, VIEWS, Selection.of(one.spec, "mouse", t)) for t in (None, "T2"))
    assert whole.shape == (BINS, TRACKS)
    assert some.shape == (BINS,)
    assert some.cost < whole.cost


def test_weights_that_change_in_memory_are_taken_over():
    one = model()
    before = one.predict(windows(), track="T7")
    layer = one.network.get_layer("head_human")
    layer.set_weights([2 * weight for weight in layer.get_weights()])
    after = one.predict(windows(), track="T7")
    np.testing.assert_allclose(after, one.predict(windows())[..., 7], rtol=1e-6)
    assert np.abs(after - before).max() > 0.01


def test_a_softmax_over_tracks_is_computed_whole():
    one = model(activation="softmax")
    assert narrowed(one.network, one.spec, Selection.of(one.spec, None, "T7")) is None
    np.testing.assert_allclose(one.predict(windows(), track="T7"), one.predict(windows())[..., 7], rtol=1e-6)


def test_bfloat16_of_chosen_tracks():
    one = model()
    some = one.predict(windows(), track=["T7", "T9"], precision="bfloat16")
    np.testing.assert_allclose(some, one.predict(windows())[..., [7, 9]], rtol=0.05)


def test_contributions_of_a_chosen_track_are_those_of_the_whole_head():
    one = model(2)
    found = one.attribute(windows(2), head="mouse", track="T51", method="gradients", target="sum")
    x = keras.ops.convert_to_tensor(windows(2))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(one.network(x)["mouse"][..., 51])
    np.testing.assert_allclose(found.values[..., :4], tape.gradient(total, x).numpy(), rtol=1e-4, atol=1e-6)


def moved(x: np.ndarray, by: int) -> np.ndarray:
    out = np.zeros_like(x)
    if by >= 0:
        out[:, by:] = x[:, : WINDOW - by]
    else:
        out[:, :by] = x[:, -by:]
    return out


@pytest.mark.parametrize("strands", ["forward", "both"])
def test_shifts_are_averaged(strands):
    """Zeros come in, bins stay; a shifted window is moved before it is read from the other strand."""
    one, x = model(), windows()
    wanted = []
    for shift in (-3, 0, 20):
        seen = moved(x, shift)
        wanted.append(one.predict(seen))
        if strands == "both":
            wanted.append(one.predict(seen[:, ::-1, ::-1].copy())[:, ::-1][..., SWAP])
    found = one.predict(x, shifts=[-3, 0, 20], strands=strands)
    np.testing.assert_allclose(found, np.mean(wanted, axis=0), rtol=1e-5)


@pytest.mark.parametrize("shifts", [[0, 0], [256], [-256], [1.0], [], "1"])
def test_other_shifts_are_refused(shifts):
    with pytest.raises(InputError, match="shifts"):
        model().predict(windows(), shifts=shifts)


def test_shifts_of_files(genome_files):
    """Overlapping windows on a stretch are shifted each by itself: files equal arrays."""
    one = model()
    one.spec = replace(one.spec, prediction=replace(one.spec.prediction, stride=32))
    where = {"genome": genome_files.genome, "regions": "chr1:1,001-3,000", "track": "T7"}
    plain, both = (one.predict(**where, batch_size=4, shifts=shifts) for shifts in (None, [-1, 1]))
    one_by_one = [one.predict(**where, batch_size=4, shifts=[shift]).matrix() for shift in (-1, 1)]
    np.testing.assert_allclose(both.matrix(), np.mean(one_by_one, axis=0), rtol=1e-5)
    assert np.abs(both.matrix() - plain.matrix()).max() > 1e-4


def test_all_tracks_to_files_are_refused_with_their_size(genome_files, tmp_path):
    """200,000 bp / 16 × 200 tracks × 4 bytes = 10 MB."""
    with pytest.raises(InputError, match="tracks must be named") as caught:
        model().predict(genome=genome_files.genome, output=tmp_path / "out")
    assert "200 tracks" in str(caught.value)
    assert "10 MB" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_on_the_disk_is_refused(genome_files, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**5))
    with pytest.raises(InputError, match="must fit on the disk"):
        model().predict(genome=genome_files.genome, output=tmp_path / "out", track="CAGE")
    assert not list(tmp_path.iterdir())


def test_a_table_that_does_not_fit_into_memory_is_refused(genome_files, monkeypatch):
    monkeypatch.setattr("zoo.predict.extent.memory", lambda: 10**6)
    with pytest.raises(InputError, match="must fit into the memory"):
        model().predict(genome=genome_files.genome, chromosomes="chr1")


def test_chosen_tracks_go_to_files(genome_files, tmp_path):
    """Near both ends of a chromosome, of which windows reach beyond; each track has its own bigWig."""
    one = model()
    files = one.predict(
        genome=genome_files.genome, chromosomes="chr2", output=tmp_path / "out", track="CAGE:cell 3", strands="both"
    )
    assert {name: path.name for name, path in files.bigwigs.items()} == {"T6": "out.T6.bw", "T7": "out.T7.bw"}
    table = one.predict(genome=genome_files.genome, chromosomes="chr2", track="CAGE:cell 3", strands="both")
    for number, name in enumerate(("T6", "T7")):
        found = BigWig(tmp_path / f"out.{name}.bw").values("chr2", 0, 60_001)[::16]
        np.testing.assert_allclose(found, table.matrix()[0, :, number], rtol=1e-5)


MM10 = {"chr19": 61_431_566}  # by which the assembly is known


@pytest.fixture(scope="module")
def mouse(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("mouse") / "mm10.2bit"
    write_twobit(path, {"chr19": np.zeros(MM10["chr19"], np.uint8)})
    return path


def of_species() -> Model:
    one = model(2)
    heads = one.spec.outputs
    one.spec = replace(one.spec, outputs=(heads[0], replace(heads[1], genome="mm10")))
    return one


@pytest.mark.filterwarnings("error")
def test_a_head_belongs_to_its_species(mouse):
    """Without a warning for the right one."""
    where = {"genome": mouse, "regions": "chr19:1,001-1,200", "track": "T7"}
    assert of_species().predict(**where, head="mouse").matrix().shape == (1, 13)
    with pytest.raises(InputError, match="must be that of the genome's species") as caught:
        of_species().predict(**where)
    assert 'head="mouse"' in str(caught.value)


@pytest.mark.parametrize("verb", ["attribute", "score_variants", "cost", "predict_haplotypes"])
def test_no_verb_takes_the_head_of_another_species(verb, mouse, tmp_path):
    one, where = of_species(), {"genome": mouse, "regions": "chr19:1,001-1,200", "track": "T7"}
    if verb in ("score_variants", "predict_haplotypes"):
        (tmp_path / "one.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr19\t1100\t.\tA\tC\n")
        where["variants"] = tmp_path / "one.vcf"
    if verb == "score_variants":
        del where["regions"]
    with pytest.raises(InputError, match="must be that of the genome's species"):
        getattr(one, verb)(**where)


def test_the_command_line_says_the_same(genome_files, tmp_path, capsys):
    one = model()
    one.spec = replace(one.spec, architecture=Architecture("functional", functional.describe(one.network)))
    folder = one.save(tmp_path / "many")
    how = ["predict", str(folder), "--genome", str(genome_files.genome), "--regions", "chr1:1,001-2,000"]
    chosen = ["--track", "CAGE:cell 3", "T150", "--shifts", "-1", "0", "1", "--strands", "both"]
    assert cli.main([*how, *chosen, "--output", str(tmp_path / "out")]) == 0
    wanted = one.predict(
        genome=genome_files.genome,
        regions="chr1:1,001-2,000",
        track=["CAGE:cell 3", "T150"],
        shifts=[-1, 0, 1],
        strands="both",
    )
    for number, name in enumerate(("T6", "T7", "T150")):
        found = BigWig(tmp_path / f"out.{name}.bw").values("chr1", 1008, 2000)[::16]
        np.testing.assert_allclose(found, wanted.matrix()[0, 1:, number], rtol=1e-5)
    said = json.loads((tmp_path / "out.json").read_text())["parameters"]
    assert said["tracks"] == ["T6", "T7", "T150"]
    assert said["views"][:3] == ["forward:-1", "reverse_complement:-1", "forward"]
    assert cli.main([*how, "--output", str(tmp_path / "all")]) == 2
    assert "all 200 tracks of human are" in capsys.readouterr().err
    assert cli.main([*how, *chosen[:3], "--shifts", "300", "--output", str(tmp_path / "all")]) == 2
    assert "shifts must be a whole number from -255 to 255" in capsys.readouterr().err


def test_what_an_earlier_call_wrote_needs_no_room(genome_files, tmp_path, monkeypatch):
    """The same call on a full disk does nothing; another one is refused."""
    one, where = model(), {"genome": genome_files.genome, "track": "CAGE", "output": tmp_path / "out"}
    assert one.predict(**where).windows > 0
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    written = sum(path.stat().st_size for path in tmp_path.rglob("*"))
    monkeypatch.setattr("zoo.predict.extent.WRITTEN", 0.5 * written / (100 * 12_502))
    assert one.predict(**where).windows == 0
    with pytest.raises(InputError, match="must fit on the disk"):
        one.predict(**{**where, "output": tmp_path / "other"})

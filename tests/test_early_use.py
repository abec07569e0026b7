"""DeepSEA, Beluga, Sei, DanQ and Basset in use: predictions to files, variants, attributions, the family `basset`."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import early_files
import numpy as np
import pyBigWig
import pytest
from attributing import off

import registry
import zoo
from zoo import loading
from zoo.errors import IntegrityError, OfflineMiss
from zoo.genome.encode import encode
from zoo.genome.sequence import write_twobit
from zoo.porting import basset, early_spec, features
from zoo.spec import ModelSpec

SYSTEMS = ("deepsea", "beluga", "sei", "danq", "basset")
LENGTH = 5200


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("early") / "g.2bit"
    write_twobit(path, {"chr1": encode("".join(np.random.default_rng(5).choice(list("ACGT"), LENGTH)))})
    return path


@pytest.fixture(scope="module", params=SYSTEMS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> zoo.Model:
    """Of a file, with a list of names beside it."""
    root, name = tmp_path_factory.mktemp(request.param), request.param
    lines = ["K562_CTCF_None", "K562_DNase_None", "HepG2_CTCF_None", "K562_GR_DEX_5nM", "K562_MAX_None"]
    if name == "danq":
        path = root / "danq.hdf5"
        path.write_bytes(early_files.danq_bytes(early_files.danq(4)))
    else:
        state = getattr(early_files, name)(2, outputs=5)
        path = early_files.write_torch(root / f"{name}.pth", state)
    listed = {"sei": "target.names", "basset": "target_labels.txt"}.get(name, "predictor_names.txt")
    (root / listed).write_text("\n".join(lines) + "\n")
    return zoo.load(path)


def sequence_of(genome: Path) -> str:
    return zoo.Genome(genome).sequence("chr1", 0, LENGTH)


def one_hot(sequence: str) -> np.ndarray:
    return np.eye(5, dtype=np.float32)[encode(sequence)][None, :, :4]


def test_predictions_to_files(model: zoo.Model, genome: Path, tmp_path: Path):
    """A bigWig for each track, with the prediction of the window around each label."""
    label, window = model.spec.output.bin_size, model.spec.input.window
    regions, tracks = f"chr1:2401-{2400 + 2 * label}", list(model.spec.output.tracks[:2])
    written = model.predict(genome=genome, regions=regions, track=tracks, output=tmp_path / "out")
    assert sorted(written.bigwigs) == sorted(tracks)
    first = 2400 - model.spec.output.offset
    wanted = [
        model.predict(one_hot(sequence_of(genome)[start : start + window]))[0, 0] for start in (first, first + label)
    ]
    for place, track in enumerate(tracks):
        with pyBigWig.open(str(written.bigwigs[track])) as bigwig:
            found = bigwig.values("chr1", 2400, 2400 + 2 * label)
        assert np.allclose(found, np.repeat([row[place] for row in wanted], label), atol=1e-6)
    assert json.loads(written.sidecar.read_text())["model"]["name"] == model.spec.name


def test_both_strands(model: zoo.Model, genome: Path):
    x = one_hot(sequence_of(genome)[: model.spec.input.window])
    forward = [model.predict(seen, strands="forward") for seen in (x, x[:, ::-1, ::-1])]
    mean = (forward[0] + forward[1]) / 2
    assert np.allclose(model.predict(x, strands="both"), mean, atol=1e-6)
    published = mean if model.spec.architecture.name in ("deepsea", "beluga", "sei") else forward[0]
    assert np.array_equal(model.predict(x), model.predict(x, strands=model.spec.prediction.strands))
    assert np.allclose(model.predict(x), published, atol=1e-6)


def test_variants(model: zoo.Model, genome: Path):
    """The difference of both alleles in windows around the variant, mean of both strands."""
    sequence, window, track = sequence_of(genome), model.spec.input.window, model.spec.output.tracks[0]
    at = 2500
    alt = "ACGT"[("ACGT".index(sequence[at]) + 1) % 4]
    found = model.score_variants([("chr1", at + 1, sequence[at], alt)], genome=genome, track=track)
    first = at - window // 2
    changed = sequence[:at] + alt + sequence[at + 1 :]
    both = [
        model.predict(one_hot(text[first : first + window]), strands="both", track=track)[0, 0]
        for text in (sequence, changed)
    ]
    assert found.scores["difference"][0] == pytest.approx(both[1] - both[0], abs=1e-7)
    assert abs(both[1] - both[0]) > 1e-7


def test_attribution_of_a_named_track(model: zoo.Model, genome: Path):
    x = one_hot(sequence_of(genome)[: model.spec.input.window])
    found = model.attribute(x, track="K562_MAX_None", references="mononucleotide_shuffle", count=2)
    assert off(found).max() < 1e-4


# --- the family


def test_basset_is_described_without_its_file():
    told = loading.info("basset/Basset")
    assert (len(told["outputs"][0]["tracks"]), told["outputs"][0]["tracks"][0]) == (164, "8988T")
    assert told["provenance"]["source"] == (
        "https://media.githubusercontent.com/media/kipoi/models/f88d8d05f01916bedabaca00db045ffea6dfcdc7/"
        "Basset/model_files/pretrained_model_reloaded_th.pth"
    )
    code = "import sys; from zoo.cli import main; main(['info', 'basset/Basset']); sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_the_names_of_the_index_are_those_of_the_authors(shared: Path):
    lines = (shared / "zoo_weights" / "basset" / "basset_tracks.txt").read_text().splitlines()
    entry = registry.families()["basset"].models["Basset"]
    assert early_spec.features_of(entry, "basset").names == features.parsed(lines, "basset").names


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict]:
    """A file of the released layout and size, with random weights, and an index that pins it."""
    state = early_files.basset(1, (300, 200, 200), hidden=(1000, 1000), outputs=164)
    path = tmp_path / "mirror" / "Basset" / "model_files" / "pretrained_model_reloaded_th.pth"
    path.parent.mkdir(parents=True)
    early_files.write_legacy(path, state)
    index = json.loads((Path(registry.__file__).parent / "families" / "basset.json").read_text())
    data = path.read_bytes()
    file = index["models"]["Basset"]["files"]["model"]
    assert abs(len(data) - file["size"]) < 4000  # bytes of names, which pickles write in several ways
    file |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "families").mkdir()
    (tmp_path / "families" / "basset.json").write_text(json.dumps(index))
    monkeypatch.setenv("ZOO_FAMILIES", str(tmp_path / "families"))
    monkeypatch.setenv("ZOO_MIRROR_BASSET", str(tmp_path / "mirror"))
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    registry.families.cache_clear()
    yield path, state
    registry.families.cache_clear()


def test_basset_of_the_index(mirror: tuple[Path, dict]):
    path, state = mirror
    model = zoo.load("basset/Basset")
    codes = np.random.default_rng(8).integers(0, 4, (2, 600))
    wanted = early_files.of_basset(state, np.eye(4)[codes].transpose(0, 2, 1))
    assert np.abs(model.predict(np.eye(4, dtype=np.float32)[codes])[:, 0] - wanted).max() < 2e-6
    assert model.check().passed
    assert ModelSpec.from_json((model.path / "config.json").read_bytes()) == model.spec
    assert model.spec.output.kind == "accessibility"
    own = zoo.load(path)  # known by its digest, without a list of names
    assert (own.spec.name, own.spec.output.tracks) == ("local/pretrained_model_reloaded_th", model.spec.output.tracks)


def test_basset_that_is_nowhere(mirror: tuple[Path, dict]):
    mirror[0].unlink()
    with pytest.raises(OfflineMiss, match=r"no Basset/model_files/pretrained_model_reloaded_th\.pth"):
        zoo.load("basset/Basset")


def test_another_network_than_the_index_describes(mirror: tuple[Path, dict], tmp_path: Path):
    family = registry.families()["basset"]
    data = early_files.write_torch(tmp_path / "x.pth", early_files.basset(1, outputs=164)).read_bytes()
    with pytest.raises(IntegrityError, match="network that its index describes"):
        basset.convert(family, family.models["Basset"], {"model": data}, tmp_path)

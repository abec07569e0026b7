"""Files of enformer-pytorch and borzoi-pytorch from end to end: opened, predicted, explained; and bad ones."""

import gzip
import json
import shutil
import warnings
from pathlib import Path

import enformer_by_hand as by_hand
import numpy as np
import pyBigWig
import pytest
from running import run

import zoo
from zoo.errors import InputError, IntegrityError, ZooError, ZooWarning
from zoo.genome.encode import encode, one_hot
from zoo.genome.sequence import write_twobit
from zoo.porting import enformer, state_files, targets

RECIPE = Path(__file__).parents[1] / "recipes" / "convert.py"
TABLE = "index\tgenome\tidentifier\tfile\tclip\tscale\tsum_stat\tdescription\n"
TABLE += "0\t0\tENCFF1\t/a\t32\t2\tmean\tDNASE:K562\n1\t0\tENCFF2\t/b\t32\t2\tmean\tDNASE:GM12878\n"
TABLE += "2\t0\tENCFF2\t/c\t384\t1\tsum\tCAGE:K562\n"
CHROMOSOME = "".join(np.random.default_rng(8).choice(list("ACGT"), 1003)) + "N" * 21


def saved(folder: Path, **changes: object) -> Path:
    """A folder as enformer-pytorch leaves it, with the table of one head."""
    folder.mkdir(parents=True, exist_ok=True)
    by_hand.write_torch(folder / "pytorch_model.bin", by_hand.twice(by_hand.state()))
    (folder / "config.json").write_text(json.dumps({**by_hand.SMALL, "use_tf_gamma": True, **changes}))
    (folder / "targets_human.txt").write_text(TABLE)
    return folder / "pytorch_model.bin"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("enformer"))


@pytest.fixture(scope="module")
def model(path: Path) -> zoo.Model:
    return zoo.load(path)


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("genome") / "small.2bit"
    write_twobit(place, {"chr1": encode(CHROMOSOME)})
    return place


def expected(begin: int, chromosome: str = CHROMOSOME) -> np.ndarray:
    """The human head of the window that begins there, (11, 3); N beyond the chromosome."""
    codes = encode("N" * max(-begin, 0) + chromosome[max(begin, 0) : begin + 336])
    codes = np.r_[codes, np.full(336 - len(codes), 4)]
    return by_hand.outputs(by_hand.state(), codes, 11)["human"]


def test_the_spec(model):
    human, rat = model.spec.outputs
    assert model.spec.name == "local/pytorch_model"
    assert (human.bins, human.bin_size, human.offset, human.every) == (11, 16, 80, 16)
    assert human.tracks == ("ENCFF1", "ENCFF2", "ENCFF2-2")
    assert human.table.descriptions == ("DNASE:K562", "DNASE:GM12878", "CAGE:K562")
    assert (human.kind, human.transform, human.swap) == ("coverage", "identity", ())
    assert rat.tracks == ("track0", "track1")
    assert (model.spec.input.window, model.spec.input.genome, rat.genome) == (336, "hg38", "unknown assembly")
    assert model.spec.prediction.stride == 176
    assert model.spec.prediction.views == ("forward", "reverse_complement")
    assert model.spec.provenance["position features"] == "deepmind"
    assert "CC-BY 4.0" in model.spec.provenance["license"]


FORMS = {
    "arrays.npz": lambda path, state: np.savez(path, **state),
    "pytorch_model.bin": lambda path, state: by_hand.write_torch(path, by_hand.twice(state)),
    "trunk.bin": lambda path, state: by_hand.write_torch(
        path, {name: array for name, array in by_hand.twice(state).items() if name.startswith(("_trunk", "_heads"))}
    ),
    "model.pt": by_hand.write_torch,
    "last.ckpt": lambda path, state: by_hand.write_torch(path, state, within="state_dict"),
    "checkpoint.pth": lambda path, state: by_hand.write_torch(path, state, within="model_state_dict"),
    "parallel.pt": lambda path, state: by_hand.write_torch(path, {f"module.{n}": a for n, a in state.items()}),
    "model.safetensors": by_hand.write_safetensors,
    "twice.safetensors": lambda path, state: by_hand.write_safetensors(path, by_hand.twice(state)),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_file_is_the_same_network(path: Path, model, tmp_path: Path, name: str):
    shutil.copy(path.with_name("config.json"), tmp_path)
    FORMS[name](tmp_path / name, by_hand.state())
    again = zoo.load(tmp_path / name)
    for one, other in zip(again.network.get_weights(), model.network.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_half_precision_is_the_nearest(path: Path, model, tmp_path: Path):
    shutil.copy(path.with_name("config.json"), tmp_path)
    again = zoo.load(by_hand.write_safetensors(tmp_path / "model.safetensors", by_hand.state(), "F16"))
    for one, other in zip(again.network.get_weights(), model.network.get_weights(), strict=True):
        assert np.array_equal(one, other.astype(np.float16).astype(np.float32))


def test_windows(model):
    x = one_hot(encode(CHROMOSOME[:336])[None])
    found = model.predict(x, head="human", track=["CAGE:K562", "DNASE:K562"])
    np.testing.assert_allclose(found[0], expected(0)[:, [2, 0]], rtol=2e-5, atol=2e-5)


def test_files_of_chosen_tracks_to_the_ends_of_a_chromosome(model, genome: Path, tmp_path: Path):
    """Windows lie side by side by what they predict; beyond the ends they read N."""
    model.predict(genome=genome, track="DNASE:*", output=tmp_path / "out", blacklist=[])
    assert sorted(file.name for file in tmp_path.glob("*.bw")) == ["out.ENCFF1.bw", "out.ENCFF2.bw"]
    windows = np.concatenate([expected(begin) for begin in range(-80, len(CHROMOSOME), 176)])
    for place, name in enumerate(["ENCFF1", "ENCFF2"]):
        with pyBigWig.open(str(tmp_path / f"out.{name}.bw")) as file:
            values = file.values("chr1", 0, len(CHROMOSOME) // 16 * 16, numpy=True)[::16]
        np.testing.assert_allclose(values, windows[: len(values), place], rtol=2e-5, atol=2e-5)


def test_variants_and_contributions_of_a_track(model, genome: Path):
    place, call = 499, {"genome": genome, "head": "human", "track": "CAGE:K562"}
    other = "A" if CHROMOSOME[place] != "A" else "C"
    scores = model.score_variants([("chr1", place + 1, CHROMOSOME[place], other)], **call, strands="forward").scores
    changed = CHROMOSOME[:place] + other + CHROMOSOME[place + 1 :]
    reference, alternative = (expected(place - 168, chromosome)[:, 2] for chromosome in (CHROMOSOME, changed))
    largest = np.abs(alternative - reference).max()
    np.testing.assert_allclose(scores["maximum_reference"], reference.max(), rtol=2e-5)
    np.testing.assert_allclose(scores["maximum_alternative"], alternative.max(), rtol=2e-5)
    np.testing.assert_allclose(scores["largest_difference"], largest, rtol=1e-3)
    explained = model.attribute(**call, regions="chr1:401-600", count=2)
    total = explained.values.sum(axis=(1, 2))
    np.testing.assert_allclose(total, explained.prediction - explained.baseline, rtol=1e-4)


def test_a_folder_as_its_package_leaves_it(path: Path, model, tmp_path: Path):
    """Of both files the one that transformers takes; a folder of ours is one of ours."""
    for name in ("pytorch_model.bin", "config.json"):
        shutil.copy(path.with_name(name), tmp_path)
    assert zoo.load(tmp_path).spec.provenance["sha256"] == model.spec.provenance["sha256"]
    by_hand.write_safetensors(tmp_path / "model.safetensors", by_hand.state())
    assert zoo.load(tmp_path).spec.provenance["source"] == "model.safetensors"
    ours = model.save(tmp_path / "ours")
    x = one_hot(encode(CHROMOSOME[:336])[None])
    assert np.array_equal(zoo.load(ours).predict(x, head="rat"), model.predict(x, head="rat"))
    (ours / "model.safetensors").write_bytes(b"")
    with pytest.raises(IntegrityError, match="must hold the files of its digests"):
        zoo.load(ours)


def test_info(path: Path, capfd: pytest.CaptureFixture):
    done = run(["zoo", "info", path], path.parent, capfd)
    assert done.returncode == 0
    assert "Coverage of 3 human tracks and 2 rat tracks from sequence, Enformer" in done.stdout
    assert "11 bins of 16 bp" in done.stdout
    assert "deepmind" in done.stdout


def test_the_golden_of_enformer_pytorch(shared: Path, tmp_path: Path):
    """Its configuration has neither a window nor a rule."""
    root = shared / "zoo_weights" / "enformer" / "small"
    found, spec = state_files.opened(root / "pytorch_model.bin", {"window": 2048})
    golden = np.load(root / "golden.npz")
    assert (found.config["positions"], spec.output.bins, spec.output.bin_size) == ("enformer-pytorch", 40, 32)
    outputs = found.network()(one_hot(golden["index"]), training=False)
    for head in ("human", "mouse"):
        np.testing.assert_allclose(outputs[head], golden[head], atol=5e-5)
    with pytest.warns(ZooWarning, match="rule of enformer-pytorch"):
        assert state_files.opened(root / "pytorch_model.bin")[1].input.window == 1536 * 32


def test_the_golden_of_borzoi_pytorch(shared: Path, tmp_path: Path):
    root = shared / "zoo_weights" / "borzoi" / "small"
    for name in ("model.safetensors", "config.json"):
        shutil.copy(root / name, tmp_path)
    rows = [f"{i}\tid{i}\t/f\t768\t384\t1\tsum\t{i ^ 1 if i < 8 else i}\tRNA:{i}" for i in range(9)]
    header = "index\tidentifier\tfile\tclip\tclip_soft\tscale\tsum_stat\tstrand_pair\tdescription"
    with gzip.open(tmp_path / "targets_human.txt.gz", "wt") as file:
        file.write("\n".join([header, *rows, ""]))
    with pytest.warns(ZooWarning, match=r"which of the 6 tracks are of opposite strands.*Put targets_mouse.txt"):
        model, golden = zoo.load(tmp_path / "model.safetensors"), np.load(root / "golden.npz")
    human, mouse = model.spec.outputs
    assert (human.bins, human.bin_size, human.offset) == (160, 32, 48 * 32)
    assert (human.transform, human.table.squash, human.swap[:4]) == ("squashed", "power", (1, 0, 3, 2))
    assert (mouse.genome, mouse.transform, mouse.tracks[0]) == ("mm10", "identity", "track0")
    assert model.spec.provenance["position features"] == "scaled by 4,096 positions"
    found = model.predict(one_hot(golden["index"]), head="human", track=["RNA:3", "id0"])
    np.testing.assert_allclose(found, golden["human"][..., [3, 0]], atol=1e-4)
    with pytest.warns(ZooWarning, match="opposite strands"):
        assert state_files.opened(tmp_path / "model.safetensors", {"window": 1 << 19})[1].output.bins == 160


def test_the_recipe_makes_a_folder(path: Path, tmp_path: Path, capfd: pytest.CaptureFixture):
    """What is said there comes before the configuration."""
    call = ["python", RECIPE, "calico", path, "--out", tmp_path / "out", "--name", "enformer/mine"]
    done = run([*call, "--window", "400", "--positions", "enformer-pytorch"], tmp_path, capfd)
    assert done.returncode == 0, done.stderr
    model = zoo.load(tmp_path / "out")
    assert (model.spec.name, model.spec.input.window, model.spec.output.bins) == ("enformer/mine", 400, 11)
    assert model.spec.provenance["position features"] == "enformer-pytorch"
    done = run([*call, "--gelu", "tanh"], tmp_path, capfd)
    assert done.returncode == 1
    assert "must be among window, positions, position_length, squash" in done.stderr


# --- which rule of position features


def rule(path: Path) -> str:
    return zoo.load(path).spec.provenance["position features"]


def test_the_rule_of_positions_is_the_configurations(path: Path, tmp_path: Path):
    assert rule(path) == "deepmind"
    assert rule(saved(tmp_path / "own", use_tf_gamma=False)) == "enformer-pytorch"
    assert rule(saved(tmp_path / "none", use_tf_gamma=None)) == "enformer-pytorch"
    assert rule(saved(tmp_path / "ours", use_tf_gamma=False, zoo={"positions": "deepmind"})) == "deepmind"


@pytest.mark.parametrize("said", [{}, {"use_tf_gamma": False}])
def test_weights_that_may_have_begun_as_deepminds_are_warned_of(said: dict):
    """enformer-pytorch writes false, or nothing, whichever rule it used in a window of 1,536 positions."""
    own = {**RELEASED, "tracks": (12,)}
    with pytest.warns(ZooWarning, match='Weights that began as DeepMind\'s need "zoo": ."positions": "deepmind".'):
        assert enformer.rule_of(own, said, Path("model.bin"), 1536) == "enformer-pytorch"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert enformer.rule_of(own, said, Path("model.bin"), 1024) == "enformer-pytorch"
        for name in ("deepmind", "enformer-pytorch"):
            assert enformer.rule_of(own, {**said, "positions": name}, Path("model.bin"), 1536) == name


RELEASED = {"dim": 1536, "depth": 11, "tracks": (5313, 1643)}


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("models--EleutherAI--enformer-official-rough/snapshots/1", "deepmind"),
        ("EleutherAI/enformer-preview", "enformer-pytorch"),
        ("enformer-191k_corr_coef_obj", "enformer-pytorch"),
    ],
)
def test_released_weights_are_known_by_their_folder(folder: str, told: str):
    """Their configurations lack the rule, and their shapes are the same."""
    assert enformer.rule_of(RELEASED, {}, Path("/models") / folder / "pytorch_model.bin", 1536) == told


@pytest.mark.parametrize("folder", ["/models/enformer", "/enformer-official-rough/enformer-preview"])
def test_released_weights_of_an_unknown_folder_are_refused(folder: str):
    path = Path(folder) / "pytorch_model.bin"
    with pytest.raises(IntegrityError, match=r"must come with the rule of their position features.*\"positions\""):
        enformer.rule_of(RELEASED, {}, path, 1536)
    assert enformer.rule_of(RELEASED, {"use_tf_gamma": True}, path, 1536) == "deepmind"
    with pytest.warns(ZooWarning, match="rule of enformer-pytorch"):
        assert enformer.rule_of(RELEASED, {"use_tf_gamma": False}, path, 1536) == "enformer-pytorch"


# --- bad files


def without(*starts: str) -> dict[str, np.ndarray]:
    return {name: array for name, array in by_hand.state().items() if not name.startswith(starts)}


def renamed(before: str, after: str) -> dict[str, np.ndarray]:
    return {name.replace(before, after): array for name, array in by_hand.state().items()}


def changed(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
    return {**by_hand.state(), name: array.astype(np.float32)}


Q, POOL = "transformer.1.0.fn.1.to_q.weight", "stem.2.to_attn_logits.weight"
BAD = {
    "half": (without("transformer.1", "final"), r"must hold all tensors.*final_pointwise.1.0.weight.*model-00001-of"),
    "a part": (without("transformer.1.1", "final"), r"must hold all tensors.*transformer.1.1.fn.0.weight"),
    "no head": (without("_heads"), "must hold a head of its network"),
    "other": (
        {**by_hand.state(), "probe.weight": np.zeros(3)},
        r"no other tensors.*probe.weight.*how many=1",
    ),
    "convnext": ({**by_hand.state(), "stem.1.gamma": np.zeros(3)}, "must hold no other tensors.*stem.1.gamma"),
    "lora": ({**by_hand.state(), "transformer.0.0.fn.1.to_q.lora_A.weight": np.zeros(3)}, "adapt a network.*merge_and"),
    "peft": (renamed("stem.", "base_model.model.stem."), "must not be of parts that adapt a network"),
    "around": (renamed("stem.", "enformer.stem."), "must not be of a network around another"),
    "grelu": ({"model.embedding.conv_tower.blocks.0.conv.weight": np.zeros(3)}, "under gReLU's names.*official-rough"),
    "flashzoi": (
        {"conv_dna.conv_layer.weight": np.zeros(3), "transformer.0.0.mha.Wqkv.weight": np.zeros(3)},
        "Flashzoi",
    ),
    "another": ({"encoder.weight": np.zeros(3)}, "must be of Enformer .enformer-pytorch. or Borzoi"),
    "infinite": (changed(Q, np.full((16, 48), np.inf)), f"finite.*{Q}"),
    "shape": (
        changed(Q, np.zeros((16, 47))),
        "must be those of its network enformer.*block2_attention",
    ),
    "axes": (changed(POOL, np.zeros((24, 24))), "must be undamaged"),
    "tower": (changed("conv_tower.1.0.2.weight", np.zeros((30, 24, 5))), "tower must grow from half.*30"),
    "twins": ({**by_hand.state(), "_trunk.2.0.0.2.bias": np.zeros(24)}, "under two names must be the same.*_trunk.2.0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(path: Path, tmp_path: Path, name: str):
    shutil.copy(path.with_name("config.json"), tmp_path)
    tensors, message = BAD[name]
    with pytest.raises(ZooError, match=message):
        zoo.load(by_hand.write_safetensors(tmp_path / "model.safetensors", tensors))


def test_names_tell_whose_h5_of_torch_it_is(tmp_path: Path):
    tensors = {"embedding.transformer_tower.blocks.0.mha.to_q.weight": np.zeros(3)}
    with pytest.raises(IntegrityError, match="must not be under gReLU's names"):
        zoo.load(by_hand.write_torch(tmp_path / "human_state_dict.h5", tensors))


def test_what_is_no_state_dict(tmp_path: Path):
    by_hand.write_torch(tmp_path / "some.bin", {})
    with pytest.raises(IntegrityError, match="must hold a state dict"):
        zoo.load(tmp_path / "some.bin")
    (tmp_path / "text.bin").write_text("hello")
    with pytest.raises(IntegrityError, match="A file of PyTorch must be a zip archive"):
        zoo.load(tmp_path / "text.bin")
    with pytest.raises(InputError, match="must exist"):
        zoo.load(tmp_path / "none.safetensors")


def test_tensorflows_saved_model_is_not_read(tmp_path: Path):
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(InputError, match=r"TensorFlow's SavedModel is not read.*enformer-official-rough"):
        zoo.load(tmp_path)


CONFIGS = {
    "dim": ({"dim": 96}, r"must be of its network.*dim .config.json, file.=.96, 48"),
    "heads": ({"output_heads": {"human": 4, "rat": 2}}, "must be of its network.*output_heads"),
    "divisor": ({"dim_divisible_by": 8}, "tower must grow from half"),
    "kind": (
        {"use_tf_gamma": "yes"},
        "must have values of its package.*use_tf_gamma='yes'",
    ),
    "no window": ({"length": 0}, "must have values of its package.*length=0"),
    "rule": ({"zoo": {"positions": "gamma"}}, "must be among window.*with values that these have.*gamma"),
    "own": ({"zoo": {"gelu": "tanh"}}, "must be among window, positions, position_length, squash.*gelu"),
    "number": ({"target_length": 11.5}, "must have values of its package.*11.5"),
    "odd crop": ({"target_length": 12}, "some of the 21 of its window, with as many left out at each end"),
    "crop": ({"target_length": 23}, "some of the 21 of its window"),
    "window": ({"length": 340}, "window of a network must be a multiple of 16 bp.*340"),
    "rate": ({"dropout_rate": 1.5}, "must be values that it can be built with"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_configurations_of_another_network(tmp_path: Path, name: str):
    changes, message = CONFIGS[name]
    with pytest.raises(ZooError, match=message):
        zoo.load(saved(tmp_path, **changes))


def test_all_bins_and_rates_of_the_configuration(tmp_path: Path):
    model = zoo.load(saved(tmp_path, target_length=-1, attn_dropout=0.2))
    assert (model.spec.output.bins, model.spec.output.offset) == (21, 0)
    assert model.network.get_layer("block1_attention").dropout == 0.2


def test_a_trunk_alone(tmp_path: Path):
    path = by_hand.write_safetensors(tmp_path / "trunk.safetensors", without("_heads"))
    with pytest.raises(IntegrityError, match="must hold a head of its network"):
        zoo.load(path)


def test_without_a_configuration_all_is_off_the_shapes(path: Path, tmp_path: Path):
    shutil.copy(path, tmp_path)
    with pytest.warns(ZooWarning, match="rule of enformer-pytorch"):
        found, spec = state_files.opened(tmp_path / path.name)
    assert found.config["window"] == 1536 * 16
    assert found.config["target_length"] == 896
    assert spec.output.bins == 896
    assert state_files.opened(tmp_path / path.name, {"window": 896 * 16})[1].output.offset == 0


def test_a_table_of_other_tracks(path: Path, tmp_path: Path):
    saved(tmp_path).with_name("targets_human.txt").write_text(TABLE + TABLE.splitlines()[1] + "\n")
    with pytest.raises(IntegrityError, match="a row for each of the 3 tracks"):
        zoo.load(tmp_path / path.name)


def test_half_a_file(path: Path, tmp_path: Path):
    data = path.read_bytes()
    (tmp_path / "pytorch_model.bin").write_bytes(data[: len(data) // 2])
    with pytest.raises(IntegrityError, match="must be undamaged"):
        zoo.load(tmp_path / "pytorch_model.bin")


def test_the_tables_of_the_original(shared: Path, tmp_path: Path):
    """5,313 human tracks, some identifiers twice, and mouse tracks whose index goes on from there."""
    root = shared / "zoo_weights" / "enformer"
    for head, count, last in (("human", 5313, "CAGE:"), ("mouse", 1643, "CAGE:")):
        found = targets.beside(root / "pytorch_model.bin", head, count, None, only=False)
        assert len(set(found.names)) == count
        assert found.table.descriptions[-1].startswith(last)
        assert found.table.squash is None

"""Files of DeepSEA, Beluga, Sei, DanQ and Basset that a user has: what they are opened as, and why others are not."""

import json
import pickle
import zipfile
from pathlib import Path

import early_files
import numpy as np
import pytest
from profile_files import Call, Name, TorchWriter, pickled

import zoo
from zoo import loading
from zoo.errors import InputError, IntegrityError, ZooError
from zoo.porting import early_layout, features, torch_pickle

STATES = {
    "deepsea": early_files.deepsea(2),
    "beluga": early_files.beluga(2),
    "sei": early_files.sei(2),
    "basset": early_files.basset(2),
}
WINDOWS = {"deepsea": 1000, "beluga": 2000, "sei": 4096, "basset": 600}


def answers(model: zoo.Model) -> np.ndarray:
    codes = np.random.default_rng(8).integers(0, 4, (2, model.spec.input.window))
    return model.predict(np.eye(4, dtype=np.float32)[codes], strands="forward")


def expected(name: str) -> np.ndarray:
    """Of the tensors themselves."""
    state = STATES[name]
    system, prefix = early_layout.system_of(state)
    found = early_layout.read(system, {key.removeprefix(prefix): value for key, value in state.items()}, "the file")
    codes = np.random.default_rng(8).integers(0, 4, (2, WINDOWS[name]))
    return np.asarray(found.network()(np.eye(4, dtype=np.float32)[codes], training=False))


# --- layouts of PyTorch


@pytest.mark.parametrize("name", STATES)
def test_a_state_dict_is_opened(name: str, tmp_path: Path):
    model = zoo.load(early_files.write_torch(tmp_path / f"{name}.pth", STATES[name], counters=True))
    assert (model.spec.name, model.spec.architecture.name) == (f"local/{name}", name)
    assert np.abs(answers(model) - expected(name)).max() < 1e-6
    wanted = {"sei": (1, 2048)}.get(name, (200, (WINDOWS[name] - 200) // 2))
    assert (model.spec.output.bin_size, model.spec.output.offset) == wanted
    assert model.spec.prediction.stride == wanted[0]
    assert loading.info(tmp_path / f"{name}.pth")["architecture"]["name"] == name


def test_a_file_of_early_pytorch(tmp_path: Path):
    """As those of Kipoi are."""
    model = zoo.load(early_files.write_legacy(tmp_path / "x.pth", STATES["basset"]))
    assert np.abs(answers(model) - expected("basset")).max() < 1e-6


@pytest.mark.parametrize(
    ("name", "prefix"), [("deepsea", "2."), ("deepsea", ""), ("beluga", "module.model."), ("sei", "module.model.")]
)
def test_prefixes(name: str, prefix: str, tmp_path: Path):
    own = "1." if name == "deepsea" else ""
    state = {f"{prefix}{key.removeprefix(own)}": value for key, value in STATES[name].items()}
    model = zoo.load(early_files.write_torch(tmp_path / "x.pt", state, inside="state_dict"))
    assert np.abs(answers(model) - expected(name)).max() < 1e-6


def test_a_module_saved_whole(tmp_path: Path):
    writer = TorchWriter()
    sequential = Name("torch.nn.modules.container", "Sequential")
    state = {key.removeprefix("1."): value for key, value in STATES["deepsea"].items()}

    def module(prefix: str) -> object:
        names = {key.removeprefix(prefix).split(".")[0] for key in state if key.startswith(prefix)}
        inner = {name: module(f"{prefix}{name}.") for name in sorted(names - {"weight", "bias"}, key=int)}
        own = {
            name: writer.tensor(state[f"{prefix}{name}"]) for name in ("weight", "bias") if f"{prefix}{name}" in state
        }
        return writer.module(sequential, own, inner)

    model = zoo.load(writer.write(tmp_path / "x.pth", module("")))
    assert np.abs(answers(model) - expected("deepsea")).max() < 1e-6


def test_modules_within_one_another(tmp_path: Path):
    """Eight levels of the same thousand modules would be 10 to the power of 24."""
    writer, sequential = TorchWriter(), Name("torch.nn.modules.container", "Sequential")
    inner = pickled(writer.module(sequential, {}, {}))
    for level in range(8):
        name = b"X\x01\x00\x00\x00a"  # 120 modules, the first as it is, the others from the memo
        again = b"".join(b"X\x03\x00\x00\x00" + f"{i:03}".encode() + f"h{chr(level)}".encode() for i in range(120))
        inner = (
            pickled(sequential) + b")\x81}(" + pickled("_modules") + b"}(" + name + inner + f"q{chr(level)}".encode()
        )
        inner += again + b"uub"
    with pytest.raises(IntegrityError, match="must hold a BPNet"):
        zoo.load(writer.write(tmp_path / "x.pth", b"\x80\x02" + inner + b"."))


def cut(parts: list[bytes], place: int, new: bytes) -> list[bytes]:
    return [new if i == place else part for i, part in enumerate(parts)]


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: cut(parts, 5, parts[5][:-1]),
        lambda parts: cut(parts, 5, parts[5] + b"x"),
        lambda parts: cut(parts, 5, b"\xff" + parts[5][1:]),
        lambda parts: cut(parts, 4, pickle.dumps([], 2)),
        lambda parts: cut(parts, 4, pickle.dumps("0", 2)),
        lambda parts: cut(parts, 2, pickle.dumps({"little_endian": False}, 2)),
        lambda parts: cut(parts, 1, pickle.dumps(1000, 2)),
        lambda parts: parts[:3],
        lambda parts: cut(parts, 3, parts[3].replace(b"FloatStorage", b"SlotsStorage")),
    ],
)
def test_damaged_files_of_early_pytorch(change, tmp_path: Path):
    path = early_files.write_legacy(tmp_path / "x.pth", STATES["basset"], change)
    with pytest.raises(IntegrityError):
        zoo.load(path)


def test_nothing_of_an_early_file_is_run(tmp_path: Path):
    evil = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."
    path = early_files.write_legacy(tmp_path / "x.pth", STATES["basset"], lambda parts: cut(parts, 3, evil))
    with pytest.raises(IntegrityError, match="nothing of the file was run"):
        zoo.load(path)


def write_safetensors(path: Path, state: dict) -> Path:
    header, place = {"__metadata__": {"format": "pt"}}, 0
    for name, value in state.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [place, place + value.nbytes]}
        place += value.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(value.tobytes() for value in state.values()))
    return path


@pytest.mark.parametrize("name", STATES)
def test_safetensors(name: str, tmp_path: Path):
    path = write_safetensors(tmp_path / "x.safetensors", STATES[name])
    assert np.abs(answers(zoo.load(path)) - expected(name)).max() < 1e-6
    whole = path.read_bytes()
    for damaged in (whole[:-4], whole[:100], whole[:8] + b"[" + whole[9:]):
        path.write_bytes(damaged)
        with pytest.raises(ZooError):
            zoo.load(path)


@pytest.mark.parametrize("name", STATES)
def test_arrays_by_their_names(name: str, tmp_path: Path):
    """An .npz of a state dict, which needs no PyTorch to be read or written."""
    np.savez(tmp_path / "x.npz", **STATES[name], **{"9.num_batches_tracked": np.array(3)})
    assert np.abs(answers(zoo.load(tmp_path / "x.npz")) - expected(name)).max() < 1e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: dict(list(state.items())[1:]), "tensors|arrays|must"),
        (lambda state: state | {next(iter(state)): np.zeros(3, object)}, "plain arrays"),
        (lambda state: state | {next(iter(state)): next(iter(state.values())).astype(int)}, "floating-point numbers"),
        (lambda state: state | {next(iter(state)): next(iter(state.values())) * np.nan}, "finite"),
    ],
)
def test_other_arrays_are_refused(change, message: str, tmp_path: Path):
    np.savez(tmp_path / "x.npz", **change(STATES["basset"]))
    with pytest.raises(ZooError, match=message):
        zoo.load(tmp_path / "x.npz")


# --- names


def test_the_lists_of_the_authors(shared: Path):
    root = shared / "zoo_weights"
    for system, path, count in (("deepsea", "deepsea", 919), ("beluga", "deepsea", 2002), ("basset", "basset", 164)):
        found = features.parsed((root / path / f"{system}_tracks.txt").read_text().splitlines(), system)
        assert len(found.names) == len(set(found.names)) == len(found.assays) == count
        assert not any(name.split() != [name] for name in found.names)
        assert all(description.count(":") >= 1 for description in found.table.descriptions)
        if system == "deepsea":
            kinds = (
                [assay == "DNase" for assay in found.assays],
                [assay[:2] in ("H2", "H3", "H4") for assay in found.assays],
            )
            assert [*map(sum, kinds)] == [125, 104]  # of the article


def test_names_of_a_list():
    lines = [
        "K562_CTCF_None",
        "K562_CTCF_None",
        "Monocytes-CD14+\u00a0RO01746 _H3K4me1_None",
        "CD34+_Mobilized_DNase_None",
        "A549_CTCF_EtOH_0.02pct",
        "SK-N-SH_RA_USF1_None",
        "A549_GR_DEX_5nM",
        "1\tHeLa-S3|Pol2(b)|None",
        "HEK293 Kidney | ZNF596 | ID:3",
    ]
    found = features.parsed(lines, "deepsea")
    assert found.names == (
        "K562_CTCF_None",
        "K562_CTCF_None-2",
        "Monocytes-CD14+_RO01746_H3K4me1_None",
        "CD34+_Mobilized_DNase_None",
        "A549_CTCF_EtOH_0.02pct",
        "SK-N-SH_RA_USF1_None",
        "A549_GR_DEX_5nM",
        "HeLa-S3|Pol2(b)|None",
        "HEK293_Kidney|ZNF596|ID:3",
    )
    assert found.table.descriptions == (
        "CTCF:K562",
        "CTCF:K562",
        "H3K4me1:Monocytes-CD14+\u00a0RO01746",
        "DNase:CD34+_Mobilized",
        "CTCF:A549 (EtOH_0.02pct)",
        "USF1:SK-N-SH_RA",
        "GR:A549 (DEX_5nM)",
        "Pol2(b):HeLa-S3",
        "ZNF596:HEK293 Kidney",
    )
    assert features.unique(["a", "a", "a-2", "a"]) == ("a", "a-3", "a-2", "a-4")


def test_names_beside_a_file(tmp_path: Path):
    path = early_files.write_torch(tmp_path / "x.pth", STATES["deepsea"])
    assert zoo.load(path).spec.output.tracks == tuple(f"feature{i}" for i in range(1, 6))
    lines = ["K562_CTCF_None", "K562_DNase_None", "K562_CTCF_None", "HepG2_CTCF_None", "HepG2_GR_DEX_5nM"]
    (tmp_path / "predictor_names.txt").write_text("\n".join(lines) + "\n")
    model = zoo.load(path)
    assert model.spec.output.tracks[2] == "K562_CTCF_None-2"
    assert model.spec.output.kind == "other"
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(8).integers(0, 4, (2, 1000))]
    assert np.array_equal(model.predict(x, track="CTCF"), model.predict(x)[..., [0, 2, 3]])
    assert np.array_equal(model.predict(x, track="*HepG2*"), model.predict(x)[..., [3, 4]])
    (tmp_path / "predictor_names.txt").write_text("K562_CTCF_None\n")
    with pytest.raises(IntegrityError, match=r"predictor_names\.txt beside a model.*lines=1, expected=5"):
        zoo.load(path)


def test_basset_is_of_accessibility(tmp_path: Path):
    path = early_files.write_torch(tmp_path / "x.pth", STATES["basset"])
    (tmp_path / "target_labels.txt").write_text("8988T\nLNG_IMR90 \nA\nB\nC\nD\n")
    head = zoo.load(path).spec.output
    assert (head.kind, head.tracks[1], head.table.descriptions[1]) == ("accessibility", "LNG_IMR90", "DNase:LNG_IMR90")


# --- licences


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("deepsea", "with attribution"),
        ("beluga", "no: the academic licence of Princeton"),
        ("sei", "no: its authors' weights are for academic"),
        ("basset", "yes .MIT"),
    ],
)
def test_terms_of_the_authors(name: str, terms: str, tmp_path: Path):
    model = zoo.load(early_files.write_torch(tmp_path / "x.pth", STATES[name]))
    model.save(tmp_path / "saved")
    if not terms.startswith("no"):
        assert terms.split(" .")[0] in model.spec.provenance["redistribution"]
        return
    with pytest.raises(InputError, match=rf"may be redistributed.*{terms}"):
        loading.publish([tmp_path / "saved"], "lab/early", "v1")


# --- DanQ


def test_danq_is_opened(tmp_path: Path):
    path = tmp_path / "DanQ_bestmodel.hdf5"
    path.write_bytes(early_files.danq_bytes(early_files.danq(4)))
    (tmp_path / "deepsea_tracks.txt").write_text("".join(f"K562_T{i}_None\n" for i in range(5)))
    model = zoo.load(path)
    assert (model.spec.architecture.name, model.spec.output.tracks[4]) == ("danq", "K562_T4_None")
    codes = np.random.default_rng(8).integers(0, 4, (2, 1000))
    wanted = early_files.of_danq(early_files.danq(4), np.eye(4)[codes].transpose(0, 2, 1))
    assert np.abs(answers(model)[:, 0] - wanted).max() < 5e-7
    model.save(tmp_path / "saved")
    with pytest.raises(InputError, match=r"may be redistributed.*no: its authors' weights are for non-commercial"):
        loading.publish([tmp_path / "saved"], "lab/danq", "v1")


def test_the_direction_of_danq_beside_its_file(tmp_path: Path):
    path, layers = tmp_path / "x.hdf5", early_files.danq(4)
    path.write_bytes(early_files.danq_bytes(layers))
    (tmp_path / "danq.json").write_text('{"backward": "none"}')
    codes = np.random.default_rng(8).integers(0, 4, (2, 1000))
    wanted = early_files.of_danq(layers, np.eye(4)[codes].transpose(0, 2, 1), reverse=False)
    assert np.abs(answers(zoo.load(path))[:, 0] - wanted).max() < 5e-7
    for wrong in ('{"backward": "batch"}', '{"backward": ["none"]}', "{}", '{"backward": "none", "x": 1}', "none"):
        (tmp_path / "danq.json").write_text(wrong)
        with pytest.raises(IntegrityError, match=r"danq\.json"):
            zoo.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda layers: layers[0].append(layers[0][1]), "2, 24, 2 and 2 tensors.*tensors of layers=.3, 24"),
        (lambda layers: layers[1].__setitem__(4, layers[1][3]), "gates of one size"),
        (lambda layers: layers[2].__setitem__(0, layers[2][0][8:]), "reads every position of a window of 1,000 bp"),
        (lambda layers: layers[0].__setitem__(0, layers[0][0][:, :3]), "over four bases"),
        (lambda layers: layers[3][1].__setitem__(0, np.nan), "finite numbers"),
        (lambda layers: layers[3].__setitem__(1, layers[3][1][:2]), "tensors of a file must be those of its network"),
    ],
)
def test_other_files_of_keras_0(change, message: str, tmp_path: Path):
    layers = early_files.danq(4)
    change(layers)
    path = tmp_path / "x.hdf5"
    path.write_bytes(early_files.danq_bytes(layers))
    with pytest.raises(IntegrityError, match=message):
        zoo.load(path)


# --- other networks


def without(state: dict, name: str) -> dict:
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"conv_net.0.weight": np.ones((3, 4, 8)), "conv_net.0.bias": np.ones(3)}, "DeepSEA of Selene.*which has ReLU"),
        ({"nnet.0.weight": np.ones((3, 4, 8)), "bdlstm.0.weight_ih_l0": np.ones(3)}, "DanQ of Selene.*along the batch"),
        (
            {**STATES["basset"], "13.1.weight": np.ones((8, 3 * 13), np.float32)},
            "first dense layer that reads 3 channels at 10 positions.*rows=39, expected=30.*pads its convolutions",
        ),
        (
            {**STATES["deepsea"], "1.0.weight": np.ones((5, 6, 1, 8), np.float32)},
            "DeepSEA must have convolutions, the first over four bases",
        ),
        ({**STATES["deepsea"], "1.4.weight": np.ones((4, 5), np.float32)}, "must have convolutions"),
        ({**STATES["deepsea"], "1.4.weight": np.ones((4, 5, 2, 8), np.float32)}, "convolution of one dimension"),
        ({**STATES["beluga"], "model.0.8.bias": np.ones(2, np.float32)}, "must be those of its network beluga"),
        ({**STATES["sei"], "conv1.0.bias": np.full(4, np.nan, np.float32)}, "finite numbers"),
        (without(STATES["sei"], "conv1.0.bias"), "must hold a BPNet or a ChromBPNet"),
        ({**STATES["deepsea"], "1.16.weight": np.ones(3, np.float32)}, "must hold a BPNet or a ChromBPNet"),
    ],
)
def test_other_networks_are_refused(state: dict, message: str, tmp_path: Path):
    with pytest.raises(IntegrityError, match=message):
        zoo.load(early_files.write_torch(tmp_path / "x.pth", state))


def test_a_component_that_there_is_not(tmp_path: Path):
    path = early_files.write_torch(tmp_path / "x.pth", STATES["basset"])
    with pytest.raises(InputError, match="component must be left out"):
        zoo.load(path, component="bias")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(IntegrityError):
        zoo.load(path)


def test_tensors_of_the_first_pytorch(tmp_path: Path):
    """Before 0.4 they have no hooks, and no fifth argument."""
    writer = TorchWriter()
    made = {}
    for name, value in STATES["basset"].items():
        tensor = writer.tensor(value).arguments[0]
        made[name] = Call(Name("torch._utils", "_rebuild_tensor"), tensor.arguments[:4])
    path = writer.write(tmp_path / "x.pth", made)
    assert torch_pickle.is_tensor(torch_pickle.root_of(path)["0.weight"])
    assert np.abs(answers(zoo.load(path)) - expected("basset")).max() < 1e-6


def test_an_archive_without_a_pickle(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("x/data/0", b"x")
    with pytest.raises(IntegrityError, match=r"must hold data\.pkl"):
        zoo.load(tmp_path / "x.pth")

"""Files of ChromBPNet, BPNet and bpnet-lite that are damaged, of another layout, or made to do harm: each is refused
with the reason, and nothing of it runs."""

import base64
import json
import marshal
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import profile_files as files
import pytest

import zoo
from zoo.errors import InputError, IntegrityError
from zoo.porting import torch_pickle

WINDOW, OUTPUT = 420, 150
CANARY = "ran.txt"


@pytest.fixture(autouse=True)
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing writes the canary."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path / CANARY
    assert not (tmp_path / CANARY).exists()


@pytest.fixture
def full(tmp_path: Path) -> Path:
    parts = {"accessibility": files.network(1, 4, 2), "bias": files.network(2, 3, 1)}
    return files.write_full(tmp_path / "chrombpnet.h5", parts, WINDOW, OUTPUT)


@pytest.fixture
def nobias(tmp_path: Path) -> Path:
    return files.write_part(tmp_path / "chrombpnet_nobias.h5", files.network(1, 4, 2), WINDOW, OUTPUT)


def compiled(code: str) -> str:
    """A Lambda's function as Keras 2 stores it."""
    return base64.b64encode(marshal.dumps(compile(code, "/x.py", "eval").co_consts[0])).decode()


def edit(path: Path, change: Callable[[dict], None]) -> Path:
    """Change the configuration of a file."""
    with h5py.File(path, "a") as file:
        model = json.loads(file.attrs["model_config"])
        change({layer["name"]: layer for layer in model["config"]["layers"]} | {"": model["config"]})
        file.attrs["model_config"] = json.dumps(model)
    return path


@pytest.mark.parametrize(
    "function",
    [
        [compiled(f"lambda x: open({CANARY!r}, 'w').write('x')"), None, None],
        [compiled(f"lambda x: tf.math.reduce_logsumexp(x, axis=open({CANARY!r}, 'w').close())"), None, None],
        [compiled("lambda x: tf.math.reduce_logsumexp(__import__('os').system('touch ran.txt'))"), None, None],
        [compiled("lambda x: tf.math.reduce_sum(x, axis=-1, keepdims=True)"), None, None],
        {"class_name": "__lambda__", "config": {"code": compiled(f"lambda x: open({CANARY!r}, 'w')")}},
        ["no base64 é", None, None],
        "os.system",
        None,
    ],
)
def test_a_lambda_that_would_write_a_file(full: Path, function: object):
    edit(full, lambda layers: layers["logcount_predictions"]["config"].update(function=function))
    with pytest.raises(IntegrityError, match=r"Lambda logcount_predictions of logsumexp alone; nothing .* was run"):
        zoo.load(full)


def test_a_lambda_more(nobias: Path):
    config = {"name": "more", "function": [compiled(f"lambda x: open({CANARY!r}, 'w')"), None, None]}
    more = {"class_name": "Lambda", "config": config, "inbound_nodes": [[["gap", 0, 0, {}]]]}
    edit(nobias, lambda layers: layers[""]["layers"].append(more))
    with pytest.raises(IntegrityError, match="must have no other layers"):
        zoo.load(nobias)


def test_a_model_config_that_is_a_pickle(nobias: Path):
    class Harm:
        def __reduce__(self):
            return open, (CANARY, "w")

    with h5py.File(nobias, "a") as file:
        file.attrs["model_config"] = np.void(pickle.dumps(Harm()))
    with pytest.raises(IntegrityError, match="model_config"):
        zoo.load(nobias)


def setting(layer: str, **values: object) -> Callable[[dict], None]:
    return lambda layers: layers[layer]["config"].update(values)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (setting("wo_bias_bpnet_2conv", dilation_rate=[2]), r"dilation_rate \(4,\) in wo_bias_bpnet_2conv"),
        (setting("wo_bias_bpnet_2conv", padding="same"), "padding valid"),
        (setting("wo_bias_bpnet_1conv", activation="gelu"), "activation relu"),
        (setting("wo_bias_bpnet_1conv", kernel_size=[5]), r"kernel_size \(3,\)"),
        (setting("wo_bias_bpnet_1conv", strides=[2]), r"strides \(1,\)"),
        (setting("wo_bias_bpnet_1crop", cropping=[2, 3]), r"cropping \(2, 2\)"),
        (setting("wo_bias_bpnet_logitt_before_flatten", cropping=[60, 61]), "crop its profile symmetrically"),
        (setting("wo_bias_bpnet_logitt_before_flatten", cropping=[-1, -1]), "crop its profile symmetrically"),
        (setting("wo_bias_bpnet_logitt_before_flatten", cropping=[900, 900]), "its profile must have 2 to 314 bp"),
        (setting("sequence", batch_input_shape=[None, 421, 4]), "even lengths"),
        (setting("sequence", batch_input_shape=[None, 100, 4]), "its profile must have 2 to"),
        (setting("sequence", batch_input_shape=[None, None, 4]), "known lengths"),
        (setting("sequence", batch_input_shape=[None, 420, 5]), "four bases"),
        (setting("wo_bias_bpnet_logcount_predictions", activation="softplus"), "activation linear"),
        (lambda layers: layers[""].update(output_layers=layers[""]["output_layers"][::-1]), "must return"),
        (lambda layers: layers[""]["layers"].pop(3), "must have one"),
        (lambda layers: layers["wo_bias_bpnet_2conv"].update(inbound_nodes=[]), "must have one"),
        (lambda layers: layers["gap"].update(inbound_nodes=layers["gap"]["inbound_nodes"] * 2), "used 2 times"),
        (lambda layers: layers[""].pop("layers"), "model_config"),
        (lambda layers: layers[""].update(layers=7), "model_config"),
    ],
)
def test_another_graph_than_the_published_one(nobias: Path, change: Callable, rule: str):
    edit(nobias, change)
    with pytest.raises(IntegrityError, match=rule):
        zoo.load(nobias)


def tensors_of(path: Path, change: Callable[[h5py.Group], None]) -> Path:
    with h5py.File(path, "a") as file:
        change(file["model_weights"])
    return path


def replace(name: str, values: np.ndarray) -> Callable:
    def change(group: h5py.Group) -> None:
        del group[name]
        group[name] = values

    return change


KERNEL = "wo_bias_bpnet_2conv/wo_bias_bpnet_2conv/kernel:0"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda group: group.__delitem__(KERNEL), "wo_bias_bpnet_2conv must have a kernel and a bias"),
        (lambda group: group.__setitem__("more/more/kernel:0", np.zeros(3, np.float32)), "no other tensors"),
        (lambda group: group.__setitem__("kernel:0", np.zeros(3, np.float32)), "must be of a layer"),
        (lambda group: group.__setitem__("wo_bias_bpnet_1conv/x/y/kernel:0", np.zeros(3, np.float32)), "no other"),
        (replace(KERNEL, np.zeros((3, 4, 5), np.float32)), "must be those of its network"),
        (replace(KERNEL, np.zeros((3, 4), np.float32)), "must be those of its network"),
        (replace(KERNEL, np.zeros((3, 4, 4))), "A weights file must be undamaged"),
        (replace(KERNEL, np.full((3, 4, 4), np.nan, np.float32)), "finite"),
        (lambda group: group.__setitem__(KERNEL + "_", h5py.SoftLink("/model_weights")), "no links"),
        (lambda group: group.__setitem__(KERNEL + "_", h5py.ExternalLink("/etc/passwd", "/x")), "no links"),
        (lambda group: group.create_dataset("z/z/k", (9, 9), "f4", compression="gzip"), "numeric arrays of its own"),
    ],
)
def test_other_tensors_than_those_of_the_network(nobias: Path, change: Callable, rule: str):
    tensors_of(nobias, change)
    with pytest.raises(IntegrityError, match=rule):
        zoo.load(nobias)


def test_metrics_among_the_weights_are_no_weights(nobias: Path):
    before = zoo.load(nobias)
    tensors_of(nobias, lambda group: group.__setitem__("top_level_model_weights/mean/total:0", np.float32(3)))
    assert zoo.load(nobias).spec.outputs == before.spec.outputs


def other_lengths(layers: dict) -> None:
    inner = {layer["name"]: layer for layer in layers["model_3"]["config"]["layers"]}
    inner["logits_profile_predictions_preflatten"]["config"]["cropping"] = [1, 1]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (other_lengths, "networks of the same lengths"),
        (lambda layers: layers[""]["layers"].pop(1), "hold an accessibility and a bias network"),
        (lambda layers: layers["concatenate"].update(inbound_nodes=[[["model_3", 1, 1, {}]]]), "must have one"),
        (setting("sequence", batch_input_shape=[None, 2114, 4]), "networks of the same lengths"),
    ],
)
def test_another_sum_than_the_published_one(full: Path, change: Callable, rule: str):
    edit(full, change)
    with pytest.raises(IntegrityError, match=rule):
        zoo.load(full)


def test_layouts_that_are_not_read(nobias: Path, tmp_path: Path):
    def of_nair(layers: dict) -> None:
        inputs = [files._input(name, 2114, 4) for name in ("sequence", "bias_profile", "bias_counts")]
        layers[""]["layers"] = [*inputs, {**files._dense("logcounts", "sequence")}]

    with pytest.raises(IntegrityError, match="it is of chrombpnet-lite, whose convolutions of 25 bp"):
        zoo.load(edit(nobias, of_nair))
    path = files.write_bpnet(tmp_path / "x.h5", files.network(1, 3, 1, 2), WINDOW, OUTPUT)
    edit(path, setting("logcounts_predictions", units=2))
    with pytest.raises(IntegrityError, match="of one task with one total"):
        zoo.load(path)
    edit(path, lambda layers: layers["profile_predictions"]["config"].update(name="profile_predictions_0"))
    with pytest.raises(IntegrityError, match="it is of several tasks"):
        zoo.load(path)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(InputError, match="TensorFlow's SavedModel is not read"):
        zoo.load(tmp_path / "saved")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.create_group("model_weights/bpnet_1st_conv")
    with pytest.raises(IntegrityError, match="must have model_weights and model_config"):
        zoo.load(tmp_path / "weights.h5")


def test_a_residual_unit_of_another_kind(tmp_path: Path):
    """kundajelab/bpnet without pre-activation adds to the ReLU."""
    path = files.write_bpnet(tmp_path / "x.h5", files.network(1, 3, 1), WINDOW, OUTPUT)
    read = {"inbound_nodes": [[["main_conv_0_relu", 0, 0, {}]]]}
    edit(path, lambda layers: layers["main_conv_0_cr"].update(read))
    with pytest.raises(IntegrityError, match="one Cropping1D that reads main_conv_0"):
        zoo.load(path)


# bpnet-lite


def harm(module: str, name: str, *arguments: object) -> files.Call:
    return files.Call(files.Name(module, name), arguments)


@pytest.mark.parametrize(
    "value",
    [
        harm("os", "system", f"touch {CANARY}"),
        harm("posix", "system", f"touch {CANARY}"),
        harm("builtins", "eval", f"open({CANARY!r}, 'w')"),
        harm("__builtin__", "exec", f"open({CANARY!r}, 'w')"),
        harm("builtins", "open", CANARY, "w"),
        harm("builtins", "getattr", 1, "real"),
        harm("subprocess", "Popen", ("touch", CANARY)),
        harm("numpy.testing._private.utils", "runstring", f"open({CANARY!r}, 'w')", {}),
        harm("torch", "load", CANARY),
        harm("torch.hub", "load", CANARY),
        harm("torch.nn.modules.conv.os", "system", f"touch {CANARY}"),
        harm("torch.serialization", "os.system", f"touch {CANARY}"),
        harm("pathlib", "Path.touch", CANARY),
        harm("bpnetlite.bpnet", "os.system", f"touch {CANARY}"),
    ],
)
@pytest.mark.parametrize("place", ["root", "attribute", "hook"])
def test_a_pickle_that_would_call_a_function(tmp_path: Path, value: files.Call, place: str):
    writer = files.TorchWriter()
    module = writer.bpnet(files.network(1, 2, 1), 49)
    if place == "hook":
        module.state["_forward_hooks"] = {"0": value}
    root = value if place == "root" else module
    module.state["logger"] = value if place == "attribute" else None
    with pytest.raises(IntegrityError, match=r"must name only what PyTorch's networks consist of; nothing .* was run"):
        zoo.load(writer.write(tmp_path / "x.torch", root))


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02(S'touch ran.txt'\nios\nsystem\n.",  # INST
        b"\x80\x02(cos\nsystem\nX\x01\x00\x00\x00xo.",  # OBJ
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # STACK_GLOBAL
        b"\x80\x02\x82\x01.",  # EXT1
        b"\x80\x02P1\n.",  # PERSID
        b"\x80\x02K\x01",  # no end
        b"\x80\x02.",
        b"\x80\x02K\x01r\xff\xff\xff\xff.",  # a memo of 4 billion places
        b"\x80\x02j\x01\x00\x00\x00.",
        b"\x80\x02)a.",
        b"\x80\x02u.",
        b"\x80\x02}(())s.",
        b"\x80\x02K\x01K\x02b.",
        b"\x80\x02K\x01Q.",
        b"\x80\x02X\xff\xff\xff\xffx.",
        b"\x80\x02\x8b\xff\xff\xff\x7f.",
        b"\x80\x02" + b"(" * 1000 + b".",
        b"\x80\x02" + b"]" + b"(2" * 2 + b"t.",
        b"",
        b"cos\nsystem\n(S'touch ran.txt'\ntR.",
        pickle.dumps({"a": 1}),
    ],
)
def test_pickles_that_describe_no_network(tmp_path: Path, data: bytes):
    with pytest.raises(IntegrityError):
        zoo.load(files.TorchWriter().write(tmp_path / "x.torch", data))


def test_a_key_that_takes_forever_to_hash(tmp_path: Path):
    """A tuple of tuples of tuples, each twice the same: 2^60 items for hash()."""
    key = b")" + b"".join(b"q\x010h\x01h\x01\x86" for _ in range(60))
    with pytest.raises(IntegrityError, match="a key that is a tuple"):
        zoo.load(files.TorchWriter().write(tmp_path / "x.torch", b"\x80\x02}" + key + b"K\x01s."))


@pytest.mark.parametrize("place", ["kernel_size", "size", "kind", "n_layers"])
def test_a_value_that_takes_forever_to_show(tmp_path: Path, place: str):
    """The same tuples where a number, a size or a class should be."""
    many = b")" + b"".join(b"q\x010h\x01h\x01\x86" for _ in range(60))
    writer = files.TorchWriter()
    module = writer.bpnet(files.network(1, 2, 1), 49)
    if place == "n_layers":
        module.state[place] = many
    elif place == "size":
        weight(module, size=many)
    elif place == "kernel_size":
        module.state["_modules"]["iconv"].state[place] = many
    else:
        module.state["logger"] = files.Call(many, ())
    with pytest.raises(IntegrityError):
        zoo.load(writer.write(tmp_path / "x.torch", module))


def test_archives_that_are_not_of_pytorch(tmp_path: Path):
    writer = files.TorchWriter()
    module = writer.bpnet(files.network(1, 2, 1), 49)
    path = tmp_path / "x.torch"
    for change, rule in (
        ({"compression": zipfile.ZIP_DEFLATED}, "uncompressed"),
        ({"../../x": b"x"}, "in one folder"),
        ({"constants.pkl": b"x"}, "TorchScript"),
        ({"byteorder": b"middle"}, "little or big"),
    ):
        with pytest.raises(IntegrityError, match=rule):
            zoo.load(writer.write(path, module, **change))
    writer.write(path, module)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x/data.pkl", b"\x80\x02N.")
    with pytest.raises(IntegrityError, match="each once"):
        zoo.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data/0", b"x")
    with pytest.raises(IntegrityError, match=r"must hold data\.pkl"):
        zoo.load(path)
    path.write_bytes(torch_pickle._LEGACY + b"x")
    with pytest.raises(IntegrityError, match="A file of PyTorch must be undamaged"):
        zoo.load(path)
    path.write_bytes(b"x")
    with pytest.raises(IntegrityError, match="must be a zip archive"):
        zoo.load(path)
    path.write_bytes(files.TorchWriter().write(tmp_path / "y.torch", module).read_bytes()[:-30])
    with pytest.raises(IntegrityError):
        zoo.load(path)


def test_an_archive_of_large_files(tmp_path: Path):
    """Of zip64."""
    writer = files.TorchWriter()
    small = writer.write(tmp_path / "x.torch", writer.bpnet(files.network(1, 2, 1), 49))
    with zipfile.ZipFile(small) as read, zipfile.ZipFile(tmp_path / "y.torch", "w") as archive:
        for item in read.infolist():
            with archive.open(item.filename, "w", force_zip64=True) as file:
                file.write(read.read(item))
    first, second = (zoo.load(tmp_path / name).network.get_weights() for name in ("x.torch", "y.torch"))
    assert all(map(np.array_equal, first, second))


def weight(module: files.New, **arguments: object) -> None:
    """Change how the first convolution's kernel lies in its storage."""
    parameters = module.state["_modules"]["iconv"].state["_parameters"]
    tensor = parameters["weight"].arguments[0]
    names = ("storage", "offset", "size", "stride")
    values = {**dict(zip(names, tensor.arguments, strict=False)), **arguments}
    changed = files.Call(tensor.function, (*(values[name] for name in names), *tensor.arguments[4:]))
    parameters["weight"] = files.Call(parameters["weight"].function, (changed, True, {}))


@pytest.mark.parametrize(
    "arguments",
    [
        {"offset": 1},
        {"offset": -1},
        {"size": (2, 4, 22)},
        {"size": (1 << 20, 1 << 20, 1 << 20), "stride": (0, 0, 0)},
        {"size": (2, 4, 21), "stride": (84, 21, 2)},
        {"size": (2, 4, 21), "stride": (-84, 21, 1)},
        {"size": (2, 4, 21), "stride": (84, 21)},
        {"size": (0, 4, 21)},
        {"size": ()},
        {"size": [2, 4, 21]},
        {"storage": files.Storage("0", 169)},
        {"storage": files.Storage("0", 1 << 30)},
        {"storage": files.Storage("999", 168)},
        {"storage": files.Storage("../../data.pkl", 168)},
        {"storage": files.Storage("0", 168, "LongStorage")},
        {"storage": 3},
    ],
)
def test_tensors_that_reach_beyond_their_bytes(tmp_path: Path, arguments: dict):
    writer = files.TorchWriter()
    module = writer.bpnet(files.network(1, 2, 1), 49)
    weight(module, **arguments)
    with pytest.raises(IntegrityError, match=r"The tensor iconv\.weight must"):
        zoo.load(writer.write(tmp_path / "x.torch", module))


@pytest.mark.parametrize(("kind", "code"), [("DoubleStorage", ">f8"), ("HalfStorage", ">f2"), ("BFloat16Storage", "")])
def test_other_numbers(tmp_path: Path, kind: str, code: str):
    """Also of a machine of the other byte order, and in another order of axes."""
    writer = files.TorchWriter()
    module = writer.bpnet(files.network(1, 2, 1), 49)
    values = (np.arange(168) / 4).astype(np.float32)
    data = (values.view(np.uint32) >> 16).astype(">u2") if kind == "BFloat16Storage" else values.astype(code)
    writer.storages = {key: np.frombuffer(data, "<f4").astype(">f4").tobytes() for key, data in writer.storages.items()}
    writer.storages["0"] = data.tobytes()
    weight(module, storage=files.Storage("0", 168, kind), stride=(1, 2, 8))
    model = zoo.load(writer.write(tmp_path / "x.torch", module, byteorder=b"big"))
    kernel = np.asarray(model.network.get_layer("stem").kernel)
    np.testing.assert_array_equal(kernel, values.reshape(21, 4, 2))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda module: module.state.update(trimming=20), "at least 37 bp"),
        (lambda module: module.state.update(trimming="49"), "must have trimming, a whole number"),
        (lambda module: module.state.pop("n_layers"), "must have n_layers"),
        (lambda module: module.state.update(n_layers=2), "must have the modules 0, 1"),
        (lambda module: module.state.update(n_layers=99), "1 to 16 dilated"),
        (lambda module: module.state.update(n_outputs=2), "must be those of its network"),
        (lambda module: module.state.update(n_control_tracks=1), "must be those of its network"),
        (lambda module: module.state["_modules"].pop("fconv"), "must have the modules"),
        (lambda module: module.state["_modules"].update(more=3), "must have the modules"),
        (lambda module: module.state["_modules"]["iconv"].state.update(dilation=(2,)), r"dilation \(1,\)"),
        (
            lambda module: module.state["_modules"]["rconvs"].state["_modules"]["0"].state.update(padding=(1,)),
            "padding",
        ),
        (lambda module: module.state["_modules"]["iconv"].state.update(padding_mode="reflect"), "padding_mode zeros"),
        (lambda module: module.state["_modules"]["iconv"].state["_parameters"].pop("weight"), "must be there"),
        (lambda module: module.state["_modules"]["iconv"].state["_parameters"].update(more=None), "weight and bias"),
        (lambda module: module.state["_modules"]["iconv"].state.update(_forward_hooks={"0": 1}), "without hooks"),
        (lambda module: module.state["_modules"].update(irelu=module.state["_modules"]["iconv"]), "must be ReLU"),
        (lambda module: module.state["_modules"]["rrelus"].state["_modules"].update({"0": 3}), "must be ReLU"),
        (lambda module: module.state["_modules"].update(rrelus=3), "without hooks"),
        (lambda module: module.state["_modules"].update(iconv=3), "without hooks"),
        (lambda module: module.state["_modules"].update(rconvs=3), "without hooks"),
        (lambda module: module.state["_modules"]["iconv"].state.update(_parameters=[3]), "weight and bias"),
        (lambda module: module.state.update(_modules=[3]), "must have the modules"),
    ],
)
def test_other_networks_of_bpnet_lite(tmp_path: Path, change: Callable, rule: str):
    writer = files.TorchWriter()
    module = writer.bpnet(files.network(1, 2, 1), 49)
    change(module)
    with pytest.raises(IntegrityError, match=rule):
        zoo.load(writer.write(tmp_path / "x.torch", module))


def test_files_of_other_networks(tmp_path: Path):
    writer = files.TorchWriter()
    state = {"stem.weight": writer.tensor(np.zeros((2, 3), np.float32))}
    names = [("torch.nn.modules.linear", "Linear"), ("bpnetlite.bpnet", "BasePairNet"), ("torch.nn.modules.x", "BPNet")]
    for root in (state, 3, *(writer.module(files.Name(*name), {}, {}) for name in names)):
        with pytest.raises(IntegrityError, match=r"must hold a BPNet or a ChromBPNet of bpnet-lite, saved whole"):
            zoo.load(writer.write(tmp_path / "x.pt", root))


def test_biases_that_are_left_out(tmp_path: Path):
    """And the weight of controls that early versions have without any."""
    tensors, writer = files.network(4, 2, 1), files.TorchWriter()
    module = writer.bpnet(tensors, 49)
    modules = module.state["_modules"]
    modules["fconv"].state["_parameters"]["bias"] = None
    linear = modules["linear"].state["_parameters"]
    del linear["bias"]
    linear["weight"] = writer.tensor(np.append(tensors["counts_dense"][0], 5).reshape(1, 3))
    model = zoo.load(writer.write(tmp_path / "x.torch", module))
    assert not np.asarray(model.network.get_layer("profile_convolution").bias).any()
    assert not np.asarray(model.network.get_layer("counts_dense").bias).any()
    kernel = np.asarray(model.network.get_layer("counts_dense").kernel)
    np.testing.assert_array_equal(kernel, tensors["counts_dense"][0])

"""Networks that bpnet-lite saved whole (`.torch`): BPNet and ChromBPNet, of both generations, read without PyTorch.

bpnet-lite pads with zeros and cuts `trimming` bp off each end of the window. From `trimming` = 47 + Σ 2^i on, its
default, no padding is seen; then the network is one without padding.
"""

from collections.abc import Mapping

import numpy as np

from zoo.arguments import is_whole
from zoo.errors import IntegrityError
from zoo.porting.profile_file import (
    ACCESSIBILITY,
    BIAS,
    BPNET,
    DILATED_WIDTH,
    MOST_LAYERS,
    PROFILE_WIDTH,
    STEM_WIDTH,
    Part,
    ProfileFile,
    reach,
)
from zoo.porting.torch_pickle import Instance, TorchFile, shown

WINDOW, OUTPUT = 2114, 1000  # bp, bpnet-lite's defaults; a file holds no lengths
_SIDE = PROFILE_WIDTH // 2
_CONVOLUTION, _LINEAR = "torch.nn.modules.conv.Conv1d", "torch.nn.modules.linear.Linear"
_RELU = "torch.nn.modules.activation.ReLU"
_RELUS, _SUMS = ("irelu", "rrelus"), ("_log", "_exp1", "_exp2")  # modules without weights; early versions have none
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_buffers")  # what changes a result, or is no part of these networks
_WEIGHTS = ("count_loss_weight", "alpha")  # since 0.9.2, and before


def read(data: bytes, where: object, window: int | None = None) -> ProfileFile:
    """Read the bytes of a file.

    Args:
        window: bp of the input, which no file says; by default 2,114, or what a profile of 1,000 bp takes where no
            profile is left of that. Where padding is seen, it depends on the window.

    Raises:
        IntegrityError: no such file; a network of other layers; a tensor too many, missing, misshapen or not finite.
    """
    file = TorchFile(data, where)
    kind = file.root.kind if isinstance(file.root, Instance) else None
    name = kind.name if kind is not None and kind.module.split(".")[0] == "bpnetlite" else None
    if name == "ChromBPNet":
        modules = _modules(file.root, where, {BIAS, ACCESSIBILITY}, _SUMS)
        root, parts = modules[ACCESSIBILITY], _both(modules, file, where, window)
    elif name == "BPNet":
        root, trimming = file.root, _whole(file.root, "trimming", where)
        parts = {BPNET: _part(root, file, where, _window(window, trimming), trimming)}
    else:
        raise IntegrityError(
            "A file must hold a BPNet or a ChromBPNet of bpnet-lite, saved whole",
            where=where,
            received={"holds": str(kind) if kind is not None else type(file.root).__name__},
            hint="State dicts alone say nothing of trimming; save the module: torch.save(model, path)",
        )
    weight = next((root.attribute(name) for name in _WEIGHTS if root.attribute(name) is not None), None)
    return ProfileFile("bpnet-lite", parts, float(weight) if isinstance(weight, (int, float)) else None)


def _both(modules: Mapping[str, object], file: TorchFile, where: object, window: int | None) -> dict[str, Part]:
    """The networks of a ChromBPNet; the profile of the bias is cut to that of accessibility."""
    trimming, of_bias = (_whole(modules[name], "trimming", where) for name in (ACCESSIBILITY, BIAS))
    if trimming < of_bias:
        raise IntegrityError(
            "The bias network must predict all that the accessibility network predicts",
            where=where,
            received={"trimming of accessibility": trimming, "of bias": of_bias},
        )
    window = _window(window, trimming)
    parts = {name: _part(modules[name], file, where, window, trimming) for name in (ACCESSIBILITY, BIAS)}
    if len({part.config["padding"] for part in parts.values()}) > 1:
        return {name: _padded(part) for name, part in parts.items()}
    return parts


def _window(window: int | None, trimming: int) -> int:
    if window is not None:
        return window
    return WINDOW if 2 * trimming < WINDOW else OUTPUT + 2 * trimming


def _part(module: Instance, file: TorchFile, where: object, window: int, cut: int) -> Part:
    """A BPNet, of which `cut` bp are cut off each end of the window: its own trimming, or more."""
    layers, trimming = _whole(module, "n_layers", where), _whole(module, "trimming", where)
    controls, tracks = _whole(module, "n_control_tracks", where), _whole(module, "n_outputs", where)
    rules = {
        f"it must have 1 to {MOST_LAYERS} dilated convolutions": 1 <= layers <= MOST_LAYERS,
        f"its trimming must be at least {_SIDE} bp, and leave a profile of the window": trimming >= _SIDE
        and window > 2 * cut
        and window % 2 == 0,
    }
    for rule, holds in rules.items():
        if not holds:
            raise IntegrityError(
                f"A BPNet of bpnet-lite must be consistent: {rule}",
                where=where,
                received={"n_layers": layers, "trimming": trimming, "window": window},
            )
    tensors = _all_tensors(module, file, where, layers, controls)
    features, pooled = window - 2 * reach(layers), window - 2 * (trimming - _SIDE)
    padding = "valid" if pooled <= features else "same"
    whole = pooled == (features if padding == "valid" else window) and not controls
    config = {
        "window": window,
        "output": window - 2 * cut,
        "filters": tensors["stem"]["kernel"].shape[-1],
        "dilated_layers": layers,
        "tracks": tracks,
        "controls": controls,
        "padding": padding,
        "pooled": None if whole else pooled,
    }
    return Part(config, tensors)


def _all_tensors(
    module: Instance, file: TorchFile, where: object, layers: int, controls: int
) -> dict[str, dict[str, np.ndarray]]:
    """Layer of our network → its tensors."""
    modules = _modules(module, where, {"iconv", "rconvs", "fconv", "linear"}, _RELUS)
    _check_relus([modules[name] for name in _RELUS if modules.get(name) is not None], where)
    dilated = _modules(modules["rconvs"], where, {str(i) for i in range(layers)})
    tensors = {"stem": _convolution(modules["iconv"], file, where, "iconv", STEM_WIDTH, 1)}
    for i in range(1, layers + 1):
        name = f"rconvs.{i - 1}"
        tensors[f"dilated{i}"] = _convolution(dilated[str(i - 1)], file, where, name, DILATED_WIDTH, 1 << i)
    tensors["profile_convolution"] = _convolution(modules["fconv"], file, where, "fconv", PROFILE_WIDTH, 1)
    filters = tensors["stem"]["kernel"].shape[-1]
    tensors["counts_dense"] = _linear(modules["linear"], file, where, filters, controls)
    return tensors


def _padded(part: Part) -> Part:
    """The same with padding, for the other network's sake; none of it is seen where it needs none."""
    layers, window = part.config["dilated_layers"], part.config["window"]
    pooled = part.config["pooled"]
    if part.config["padding"] == "valid" and pooled is None:
        pooled = window - 2 * reach(layers)
    return Part({**part.config, "padding": "same", "pooled": pooled}, part.tensors)


def _convolution(
    module: object, file: TorchFile, where: object, name: str, width: int, dilation: int
) -> dict[str, np.ndarray]:
    """A convolution's tensors in the layout of Keras; its settings must be those of the network."""
    settings = {
        "kernel_size": (width,),
        "stride": (1,),
        "padding": (dilation * (width // 2),),
        "dilation": (dilation,),
        "groups": 1,
        "padding_mode": "zeros",
    }
    found = _tensors(module, file, where, name, _CONVOLUTION, 3)
    for setting, value in settings.items():
        if module.attribute(setting) != value:
            raise IntegrityError(
                f"The convolution {name} of a BPNet must have {setting} {value}",
                where=where,
                received={setting: shown(module.attribute(setting))},
            )
    return {**found, "kernel": np.ascontiguousarray(found["kernel"].transpose(2, 1, 0))}


def _linear(module: object, file: TorchFile, where: object, filters: int, controls: int) -> dict[str, np.ndarray]:
    """The counts' tensors; early versions have a weight of controls also where there are none: it is of ln 1 = 0."""
    found = _tensors(module, file, where, "linear", _LINEAR, 2)
    kernel = found["kernel"].T
    if not controls and len(kernel) == filters + 1:
        kernel = kernel[:filters]
    return {**found, "kernel": np.ascontiguousarray(kernel)}


def _tensors(module: object, file: TorchFile, where: object, name: str, kind: str, axes: int) -> dict[str, np.ndarray]:
    """Kernel and bias of a module, as PyTorch has them; the bias is zeros where it has none."""
    _check_module(module, where, name)
    parameters = module.attribute("_parameters")
    if str(module.kind) != kind or not isinstance(parameters, dict) or set(parameters) - {"weight", "bias"}:
        raise IntegrityError(
            f"The module {name} must be a {kind} with weight and bias",
            where=where,
            received={
                "module": str(module.kind),
                "parameters": [*parameters] if isinstance(parameters, dict) else None,
            },
        )
    weight = file.tensor(parameters.get("weight"), f"{name}.weight")
    if weight.ndim != axes:
        raise IntegrityError(f"The weight of {name} must have {axes} axes", where=where, received={"has": weight.shape})
    bias = parameters.get("bias")
    zeros = np.zeros(len(weight), np.float32)
    return {"kernel": weight, "bias": zeros if bias is None else file.tensor(bias, f"{name}.bias")}


def _modules(module: object, where: object, names: set[str], others: tuple[str, ...] = ()) -> Mapping[str, object]:
    """The modules of a module by name. Raises `IntegrityError` if they are not those of the network."""
    _check_module(module, where, " ".join(sorted(names))[:60])
    found = module.attribute("_modules")
    found = found if isinstance(found, dict) else {}
    own = {name for name, item in found.items() if item is not None}
    if not names <= own <= names | {*others}:
        raise IntegrityError(
            f"A network of bpnet-lite must have the modules {', '.join(sorted(names))}",
            where=where,
            received={"missing": sorted(names - own), "modules": [str(name) for name in own][:12]},
        )
    return found


def _check_relus(modules: list[object], where: object) -> None:
    """Raise `IntegrityError` for another activation than ReLU, also in a list of them."""
    for module in modules:
        _check_module(module, where, "of an activation")
        inner = module.attribute("_modules")
        of_list = list(inner.values()) if isinstance(inner, dict) and inner else [module]
        kinds = {str(item.kind) if isinstance(item, Instance) else type(item).__name__ for item in of_list}
        if kinds != {_RELU}:
            raise IntegrityError(
                "The activations of a BPNet must be ReLU", where=where, received={"are": sorted(kinds)}
            )


def _check_module(module: object, where: object, name: str) -> None:
    hooked = [hook for hook in _HOOKS if isinstance(module, Instance) and module.attribute(hook)]
    if not isinstance(module, Instance) or not isinstance(module.state, dict) or hooked:
        raise IntegrityError(
            f"The module {name} must be one of PyTorch without hooks",
            where=where,
            received={"is": type(module).__name__, "has": hooked},
        )


def _whole(module: object, name: str, where: object) -> int:
    """An attribute that is a number of bp, layers or tracks."""
    value = module.attribute(name) if isinstance(module, Instance) else None
    if not is_whole(value) or not 0 <= value <= 1 << 20:
        raise IntegrityError(
            f"A network of bpnet-lite must have {name}, a whole number", where=where, received={name: type(value)}
        )
    return int(value)

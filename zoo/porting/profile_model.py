"""Networks and specs of ChromBPNet and BPNet files: what `zoo.load` makes of one, and what the recipe converts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo import architectures
from zoo.errors import InputError, IntegrityError
from zoo.porting.profile_file import ACCESSIBILITY, BIAS, BPNET, FULL, PROFILE_WIDTH, Part, ProfileFile
from zoo.spec import Architecture, Component, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

if TYPE_CHECKING:
    import keras

UNKNOWN_SAMPLE = "an unknown sample"
CITATIONS = {
    "chrombpnet": "Pampari A et al. (2024) ChromBPNet: bias factorized, base-resolution deep learning models of "
    "chromatin accessibility. bioRxiv 2024.12.25.630221",
    "bpnet": "Avsec Z et al. (2021) Base-resolution models of transcription-factor binding reveal soft motif syntax. "
    "Nat Genet 53: 354-366",
}
_PARTS = {  # component → what it is, before "of" a sample
    ACCESSIBILITY: "Bias-corrected chromatin accessibility",
    BIAS: "Sequence bias of the enzyme in the signal",
    FULL: "Observed chromatin accessibility, with the enzyme's bias,",
    BPNET: "Reads",
}
_STRANDS = ("plus", "minus")


@dataclass(frozen=True)
class About:
    """What a file does not say of its model.

    Attributes:
        name: `family/MODEL`.
        target: the sample (ChromBPNet) or the factor (BPNet).
        genome: the assembly that it was trained on.
        provenance: where the weights are from.
    """

    name: str
    target: str
    genome: str
    provenance: Mapping[str, str]


def check_component(file: ProfileFile, component: str | None, where: object) -> None:
    """Raise `InputError` for a component that a file lacks."""
    has = [*file.parts, FULL] if len(file.parts) > 1 else [*file.parts]
    if component is None or component in has:
        return
    missing = f"; it is missing {component}" if component in _PARTS else ""
    raise InputError(
        f"The component must be one of those of the file, {', '.join(has)}{missing}",
        where=where,
        received={"component": component},
    )


def network_of(file: ProfileFile) -> "keras.Model":
    """The network of a file, filled.

    Raises:
        IntegrityError: a tensor of another shape than its layer has, missing, or too many.
    """
    kind = architecture_of(file)
    network = architectures.build(kind.name, **kind.config)
    if kind.name == "chrombpnet":
        for name, part in file.parts.items():
            _fill(network.get_layer(name), part, f"{name}: ")
    else:
        _fill(network, next(iter(file.parts.values())))
    return network


def _fill(network: "keras.Model", part: Part, prefix: str = "") -> None:
    layers = {layer.name: layer for layer in network.layers if layer.weights}
    shapes = {name: [tuple(weight.shape) for weight in layer.weights] for name, layer in layers.items()}
    found = {name: [tensors["kernel"].shape, tensors["bias"].shape] for name, tensors in part.tensors.items()}
    if shapes != found:
        names = [name for name in {**shapes, **found} if shapes.get(name) != found.get(name)]
        raise IntegrityError(
            "The tensors of a file must be those of its network",
            received={f"{prefix}{name} (expected, found)": (shapes.get(name), found.get(name)) for name in names[:4]},
        )
    for name, layer in layers.items():
        layer.set_weights([part.tensors[name]["kernel"], part.tensors[name]["bias"]])


def architecture_of(file: ProfileFile) -> Architecture:
    """The builder and its arguments."""
    if len(file.parts) == 1:
        return Architecture("bpnet", dict(next(iter(file.parts.values())).config))
    main, bias = file.parts[ACCESSIBILITY].config, file.parts[BIAS].config
    shared = ("window", "output", "padding")
    if any(main.get(key) != bias.get(key) for key in shared) or any(
        part.get("tracks", 1) != 1 or part.get("controls", 0) for part in (main, bias)
    ):
        raise IntegrityError(
            "The networks of a ChromBPNet must be of the same lengths, one track and no controls",
            received={"accessibility": dict(main), "bias": dict(bias)},
        )
    config = {key: main[key] for key in ("window", "output", "filters", "dilated_layers")}
    config |= {"bias_filters": bias["filters"], "bias_layers": bias["dilated_layers"]}
    config |= {"padding": main.get("padding", "valid"), "pooled": main.get("pooled"), "bias_pooled": bias.get("pooled")}
    return Architecture("chrombpnet", config)


def spec_of(file: ProfileFile, about: About) -> ModelSpec:
    """The spec of a file's model: of a ChromBPNet with both networks the whole, with its parts as components."""
    whole, part = len(file.parts) > 1, next(iter(file.parts))
    config, components = next(iter(file.parts.values())).config, ()
    if whole:
        components = tuple(
            Component(name, f"{_PARTS[name]} of {about.target}", name == BIAS, Architecture("bpnet", dict(item.config)))
            for name, item in file.parts.items()
        )
    of = BPNET if part == BPNET else "chrombpnet"
    what = _PARTS[FULL if whole else part]
    return ModelSpec(
        name=about.name,
        description=f"{what} of {about.target}",
        architecture=architecture_of(file),
        input=_input(config, about.genome),
        outputs=_outputs(config, about.target, file.layout),
        prediction=PredictionSpec(
            stride=config["output"],
            views=("forward", "reverse_complement") if _swaps(config) else ("forward",),
            readout="expected_counts",
            component=ACCESSIBILITY if whole else None,
        ),
        metrics={},
        provenance={"citation": CITATIONS[of], **_trained(file), **about.provenance},
        components=components,
    )


def _trained(file: ProfileFile) -> dict[str, str]:
    found = {"layout": file.layout}
    return found if file.counts_loss_weight is None else {**found, "counts_loss_weight": f"{file.counts_loss_weight:g}"}


def _swaps(config: Mapping[str, object]) -> bool:
    """Whether it is known what each track is on the other strand: of one track, or of two strands."""
    return config.get("tracks", 1) <= 2 and config.get("controls", 0) <= 2


def _input(config: Mapping[str, object], genome: str) -> InputSpec:
    count = config.get("controls", 0)
    if not count:
        return InputSpec(config["window"], genome)
    names = _STRANDS if count == 2 else ("control",) if count == 1 else [f"control{i}" for i in range(1, count + 1)]
    controls = tuple(TrackSpec("control reads, 5' ends per bp", 0, 0, None, 0.0, name) for name in names)
    beside = 0 if config.get("control_join") == "profile" else PROFILE_WIDTH - 1
    swap = (1, 0) if count == 2 else ()
    return InputSpec(
        config["window"], genome, controls=controls, control_swap=swap, control_bp=config["output"] + beside
    )


def _outputs(config: Mapping[str, object], target: str, layout: str) -> tuple[OutputSpec, OutputSpec]:
    """The heads. kundajelab's bpnet adds 1 to each track's total before their sum; the others to the sum."""
    bins, count = config["output"], config.get("tracks", 1)
    offset, several = (config["window"] - bins) // 2, {}
    if count > 1:
        names = _STRANDS if count == 2 else tuple(f"track{i}" for i in range(1, count + 1))
        several = {"tracks": names, "swap": (1, 0) if count == 2 else ()}
    added = {"transform": "log", "pseudocount": float(count)} if layout == "bpnet" else {"transform": "log1p"}
    read = "5' ends" if layout != "chrombpnet" else "cut sites"
    return (
        OutputSpec(bins, 1, offset, target, f"logits of {read}", name="profile", kind="profile", **several),
        OutputSpec(
            1,
            bins,
            offset,
            target,
            f"ln({count if layout == 'bpnet' else 1} + {read})",
            name="counts",
            kind="counts",
            **added,
        ),
    )

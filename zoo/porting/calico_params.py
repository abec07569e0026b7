"""The network that a `params.json` of Calico describes, as arguments of ours.

The file is data: blocks by name, each with its options. An option that would change the network, and that ours lacks,
is refused by its name.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from registry import typed
from zoo import weights
from zoo.errors import IntegrityError

_TRAINING = {"l2_scale", "mha_l2_scale", "kernel_initializer", "mha_initializer", "bn_momentum", "name"}
_MODEL = {"seq_length", "target_length", "trunk", "activation", "norm_type"}
_OF_TRAINING = {"augment_rc", "augment_shift", "augment_shift_symmetric", "verbose", "bn_momentum"}
_NORMS = ("batch", "batch-sync")
_HEAD = "head_"
_OWN = "zoo"  # what a user adds
_MOST_BLOCKS, _LARGEST = 64, 1 << 24


@dataclass(frozen=True)
class Params:
    """What a `params.json` says.

    Attributes:
        architecture: the name of our builder.
        config: its arguments, without the heads.
        heads: name of a head → its tracks, in the order in which the authors' code makes them.
        own: what a user added under "zoo": gelu, position_length, squash.
    """

    architecture: str
    config: Mapping[str, object]
    heads: Mapping[str, int]
    own: Mapping[str, object] = field(default_factory=dict)


def read(data: bytes, where: object) -> Params:
    """The network of the bytes of a `params.json`, or of the part "model" of one.

    Raises:
        IntegrityError: no such file, or a network that is neither Borzoi nor Basenji2, with what is different.
    """
    whole = typed.load_json(data, where, foreign=True)
    model = whole.get("model", whole)
    reader = _Reader(where)
    if not isinstance(model, dict) or not isinstance(model.get("trunk"), list):
        raise reader.error("have a model with a trunk, which is a list of blocks", {"keys": sorted(whole)[:8]})
    heads = {key: value for key, value in model.items() if key.startswith(_HEAD)}
    reader.check(
        "model",
        {key: value for key, value in model.items() if key not in heads},
        known=_MODEL | _OF_TRAINING | _TRAINING,
        activation=("gelu",),
        norm_type=_NORMS,
    )
    blocks = [reader.block(block) for block in model["trunk"]]
    architecture = "borzoi" if "transformer_tower" in [name for name, _ in blocks] else "basenji2"
    with weights.parsing("A params.json of Calico", where):  # numbers that overflow
        config = {"window": reader.whole("model", model, "seq_length"), **_PLANS[architecture](reader, blocks)}
    return Params(
        architecture,
        config,
        {key.removeprefix(_HEAD): reader.head(key, heads[key]) for key in sorted(heads)},
        own_settings(whole.get(_OWN, {}), where),
    )


def own_settings(found: object, where: object) -> dict[str, object]:
    """What a user says of a file that its authors' files do not: gelu, position_length, squash.

    Raises:
        IntegrityError: anything else.
    """
    known = {"gelu", "position_length", "squash"}
    if not isinstance(found, Mapping) or not set(found) <= known:
        raise IntegrityError(
            f"What is said of a network of Calico (in params.json as {_OWN}) must be among {', '.join(sorted(known))}",
            where=where,
            example={"gelu": "sigmoid"},
            received={"said": found},
        )
    return dict(found)


class _Reader:
    """Blocks, each checked option by option."""

    def __init__(self, where: object) -> None:
        self.where = where

    def error(self, rule: str, received: Mapping[str, object]) -> IntegrityError:
        """That the file must be different."""
        return IntegrityError(
            f"The params.json of a network of Calico must {rule}", where=self.where, received=received
        )

    def check(self, place: str, options: Mapping[str, object], known: set[str], **must: tuple) -> None:
        """Raise `IntegrityError` for an option that is not known, or not one of the values that it must have."""
        if unknown := sorted(set(options) - known - set(must)):
            raise self.error(f"have no other options in {place} than ours has", {"options": unknown})
        for name, values in must.items():
            if options.get(name, values[0]) not in values:
                raise self.error(f"have {name} {' or '.join(map(str, values))} in {place}", {name: options[name]})

    def whole(self, place: str, options: Mapping[str, object], name: str, usual: int | None = None) -> int:
        """An option that is a whole number above 0, or its usual value. Raises `IntegrityError` for another."""
        value, most = options.get(name, usual), _MOST_BLOCKS if name == "repeat" else _LARGEST
        if type(value) is not int or not 0 < value <= most:
            raise self.error(f"have a whole number of 1 to {most:,} as {name} of {place}", {name: value})
        return value

    def number(self, place: str, options: Mapping[str, object], name: str, usual: float | None = None) -> float:
        """An option that is a number of 0 or more, or its usual value. Raises `IntegrityError` for another."""
        value = options.get(name, usual)
        if type(value) not in (int, float) or not 0 <= value < math.inf:
            raise self.error(f"have a number of 0 or more as {name} of {place}", {name: value})
        return value

    def flag(self, place: str, options: Mapping[str, object], name: str) -> bool:
        """An option that is true or false, the latter by default. Raises `IntegrityError` for anything else."""
        value = options.get(name, False)
        if type(value) is not bool:
            raise self.error(f"have true or false as {name} of {place}", {name: value})
        return value

    def unet(self, options: Mapping[str, object]) -> tuple[int, bool]:
        """The width of a step of the U-net, and whether it has a dense layer before positions are repeated."""
        self.check("unet_conv", options, {"kernel_size", "upsample_conv"})
        return self.whole("unet_conv", options, "kernel_size", 1), self.flag("unet_conv", options, "upsample_conv")

    def block(self, block: object) -> tuple[str, dict[str, object]]:
        """Name and options of a block of the trunk."""
        if not isinstance(block, dict) or not isinstance(block.get("name"), str):
            raise self.error("have blocks with names", {"block": block})
        return block["name"], {key: value for key, value in block.items() if key not in _TRAINING}

    def head(self, key: str, options: object) -> int:
        """The tracks of a head."""
        if not isinstance(options, dict):
            raise self.error("have heads with options", {key: options})
        self.check(key, options, {"units"} | _TRAINING, name=("final", "final"), activation=("softplus",))
        return self.whole(key, options, "units")

    def filters(self, name: str, options: Mapping[str, object]) -> tuple[int, ...]:
        """Channels of the blocks of a tower: in geometric progression, rounded to multiples."""
        first, repeat = self.whole(name, options, "filters_init"), self.whole(name, options, "repeat", 1)
        multiple = self.whole(name, options, "divisible_by", 1)
        if "filters_mult" in options:
            growth = self.number(name, options, "filters_mult")
        else:
            growth = (self.whole(name, options, "filters_end") / first) ** (1 / max(repeat - 1, 1))
        return tuple(round(first * growth**i / multiple) * multiple for i in range(repeat))

    def kinds(self, blocks: Sequence[tuple[str, dict]], pattern: Mapping[str, str]) -> dict[str, list[dict]]:
        """The options of blocks by name, which must be in this order.

        Args:
            pattern: role → name and how many: "" for one, "?" for at most one, "+" for one or more.
        """
        found, left = {}, list(blocks)
        for role, told in pattern.items():
            name, most = told.rstrip("?+"), len(left) if told.endswith("+") else 1
            found[role] = []
            while left and left[0][0] == name and len(found[role]) < most:
                found[role].append(left.pop(0)[1])
            if not found[role] and not told.endswith("?"):
                break
        else:
            if not left:
                return found
        wanted = ", ".join(pattern.values())
        raise self.error(f"have the blocks {wanted} in this order", {"blocks": [name for name, _ in blocks][:12]})

    def crop(self, found: Mapping[str, list[dict]]) -> int:
        """Bins that are left out at each end."""
        for options in found["crop"]:
            self.check("Cropping1D", options, {"cropping"})
            return int(self.number("Cropping1D", options, "cropping"))
        return 0


def _borzoi(reader: _Reader, blocks: Sequence[tuple[str, dict]]) -> dict[str, object]:
    pattern = {"stem": "conv_dna", "tower": "res_tower", "transformer": "transformer_tower", "unet": "unet_conv+"}
    found = reader.kinds(blocks, pattern | {"crop": "Cropping1D?", "final": "conv_nac?"})
    (stem,), (tower,), (transformer,), unets = (found[role] for role in pattern)
    plain = {"norm_type": (None,), "activation": ("linear",), "pool_size": (2,)}
    reader.check("conv_dna", stem, {"filters", "kernel_size"}, **plain)
    sizes = {"filters_init", "filters_end", "filters_mult", "divisible_by", "kernel_size", "repeat"}
    reader.check("res_tower", tower, sizes, num_convs=(1,), pool_size=(2,))
    rates = {"dropout": 0.25, "attention_dropout": 0.05, "position_dropout": 0.01}
    known = {"key_size", "heads", "num_position_features", "dense_expansion", "repeat", "seqlen_train", *rates}
    reader.check("transformer_tower", transformer, known)
    steps = {reader.unet(options) for options in unets}
    if len(steps) != 1:
        raise reader.error("have equal steps unet_conv", {"kernel_size, upsample_conv": sorted(steps)})
    unet_kernel_size, unet_dense = steps.pop()
    filters, heads = reader.filters("res_tower", tower), reader.whole("transformer_tower", transformer, "heads", 1)
    final = {"final_filters": None}
    for options in found["final"]:
        reader.check("conv_nac", options, {"filters", "dropout"}, kernel_size=(1,))
        final["final_filters"] = reader.whole("conv_nac", options, "filters")
        final["final_dropout"] = reader.number("conv_nac", options, "dropout", 0.0)
    trained = transformer.get("seqlen_train")
    return {
        "stem_filters": reader.whole("conv_dna", stem, "filters"),
        "stem_kernel_size": reader.whole("conv_dna", stem, "kernel_size", 15),
        "filters": filters,
        "kernel_size": reader.whole("res_tower", tower, "kernel_size", 1),
        "blocks": reader.whole("transformer_tower", transformer, "repeat", 1),
        "heads": heads,
        "key": reader.whole("transformer_tower", transformer, "key_size"),
        "value": filters[-1] // heads,
        "features": reader.whole("transformer_tower", transformer, "num_position_features"),
        "position_length": None if trained is None else reader.whole("transformer_tower", transformer, "seqlen_train"),
        "expansion": reader.number("transformer_tower", transformer, "dense_expansion", 2.0),
        **{name: reader.number("transformer_tower", transformer, name, usual) for name, usual in rates.items()},
        "unets": len(unets),
        "unet_kernel_size": unet_kernel_size,
        "unet_dense": unet_dense,
        "crop": reader.crop(found),
        **final,
    }


def _basenji2(reader: _Reader, blocks: Sequence[tuple[str, dict]]) -> dict[str, object]:
    pattern = {"stem": "conv_block", "tower": "conv_tower", "residual": "dilated_residual", "crop": "Cropping1D?"}
    found = reader.kinds(blocks, pattern | {"final": "conv_block"})
    (stem,), (tower,), (residual,), (final,) = (found[role] for role in ("stem", "tower", "residual", "final"))
    reader.check("conv_block", stem, {"filters", "kernel_size"}, pool_size=(2,))
    sizes = {"filters_init", "filters_end", "filters_mult", "divisible_by", "kernel_size", "repeat"}
    reader.check("conv_tower", tower, sizes, pool_size=(2,))
    reader.check("dilated_residual", residual, {"filters", "kernel_size", "rate_mult", "repeat", "dropout", "round"})
    reader.check("conv_block", final, {"filters", "dropout"}, kernel_size=(1,), pool_size=(1,))
    return {
        "stem_filters": reader.whole("conv_block", stem, "filters"),
        "stem_kernel_size": reader.whole("conv_block", stem, "kernel_size", 1),
        "filters": reader.filters("conv_tower", tower),
        "kernel_size": reader.whole("conv_tower", tower, "kernel_size", 1),
        "dilations": _dilations(reader, residual),
        "residual_filters": reader.whole("dilated_residual", residual, "filters"),
        "residual_kernel_size": reader.whole("dilated_residual", residual, "kernel_size", 3),
        "dropout": reader.number("dilated_residual", residual, "dropout", 0.0),
        "crop": reader.crop(found),
        "final_filters": reader.whole("conv_block", final, "filters"),
        "final_dropout": reader.number("conv_block", final, "dropout", 0.0),
    }


def _dilations(reader: _Reader, options: Mapping[str, object]) -> tuple[int, ...]:
    """Each the one before times a factor; with `round` of the rounded one (halves to even)."""
    growth, rate, found = reader.number("dilated_residual", options, "rate_mult", 2.0), 1.0, []
    stepwise = reader.flag("dilated_residual", options, "round")
    for _ in range(reader.whole("dilated_residual", options, "repeat", 1)):
        found.append(round(rate))
        rate = round(rate * growth) if stepwise else rate * growth
    return tuple(found)


_PLANS: dict[str, Callable[[_Reader, Sequence[tuple[str, dict]]], dict[str, object]]] = {
    "borzoi": _borzoi,
    "basenji2": _basenji2,
}

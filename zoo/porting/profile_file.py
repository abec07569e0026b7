"""What a file of ChromBPNet or BPNet holds, whichever code wrote it: one network, or accessibility and bias."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from zoo.errors import IntegrityError

ACCESSIBILITY, BIAS, FULL, BPNET = "accessibility", "bias", "full", "bpnet"
STEM_WIDTH, DILATED_WIDTH, PROFILE_WIDTH = 21, 3, 75  # bp, in all codes
MOST_LAYERS = 16  # dilation 65,536 bp, beyond any window


@dataclass(frozen=True)
class Part:
    """One BPNet.

    Attributes:
        config: arguments of our builder `bpnet`.
        tensors: layer of our network → name of its variable → array in the layout of Keras.
    """

    config: Mapping[str, object]
    tensors: Mapping[str, Mapping[str, np.ndarray]] = field(repr=False)


@dataclass(frozen=True)
class ProfileFile:
    """A file.

    Attributes:
        layout: which code wrote it: "chrombpnet", "bpnet" (kundajelab/bpnet, formerly basepairmodels) or "bpnet-lite".
        parts: "accessibility", "bias" or both, or "bpnet".
        counts_loss_weight: of the training, or None.
    """

    layout: str
    parts: Mapping[str, Part]
    counts_loss_weight: float | None = None

    def only(self, component: str) -> "ProfileFile":
        """One network of two by itself; all of it for "full", or where there is one."""
        return replace(self, parts={component: self.parts[component]}) if component in self.parts else self


def reach(layers: int) -> int:
    """bp by which the stem and the dilated convolutions shorten a window on each side."""
    return STEM_WIDTH // 2 + sum(1 << i for i in range(1, layers + 1))


def check_lengths(window: int, output: int, layers: int, where: object) -> None:
    """Raise `IntegrityError` unless the lengths are even, and the network leaves as much as its profile has."""
    rest = window - 2 * reach(layers) - (PROFILE_WIDTH - 1)
    rules = {
        f"it must have 1 to {MOST_LAYERS} dilated convolutions": 1 <= layers <= MOST_LAYERS,
        "its window and its profile must have even lengths": window % 2 == 0 == output % 2,
        f"its profile must have 2 to {rest:,} bp, which its convolutions leave of the window": 0 < output <= rest,
    }
    for rule, holds in rules.items():
        if not holds:
            raise IntegrityError(
                f"A BPNet must be consistent: {rule}",
                where=where,
                received={"window": window, "profile": output, "dilated convolutions": layers},
            )

"""What a state dict turned out to be: our network, and what its spec takes from it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from zoo.errors import IntegrityError
from zoo.porting.coverage_spec import Bins
from zoo.porting.system_file import SystemFile

_RATES = {"dropout": "dropout_rate", "attention_dropout": "attn_dropout", "position_dropout": "pos_dropout"}


@dataclass(frozen=True)
class StateNetwork:
    """A network of Enformer's or Borzoi's kind.

    Attributes:
        file: our network and its tensors.
        system: its name in words.
        bins: of every head.
        described: what it is, by the names of its package's `config.json`.
        provenance: citation, licence, and what the file does not say by itself.
        squash: how coverage was squashed before training, where the table of tracks has soft clips.
        stranded: whether some tracks are of one strand, so that their table must say which.
    """

    file: SystemFile
    system: str
    bins: Bins
    described: Mapping[str, object]
    provenance: Mapping[str, str] = field(repr=False)
    squash: str | None = None
    stranded: bool = False


def check_heads(heads: Collection, where: object) -> None:
    """Raise `IntegrityError` unless there is a head."""
    if not heads:
        raise IntegrityError(
            "A file of weights must hold a head of its network, not the trunk alone",
            where=where,
            hint="Save the state dict of the whole network",
        )


def rates(said: Mapping[str, object]) -> dict[str, object]:
    """Our rates of dropout that a `config.json` says."""
    return {ours: said[name] for ours, name in _RATES.items() if name in said}


def crop_of(bins: int, kept: int, where: object) -> int:
    """The bins that are left out at each end. Raises `IntegrityError` unless as many are at both."""
    if not 0 < kept <= bins or (bins - kept) % 2:
        raise IntegrityError(
            f"The bins that a network predicts must be some of the {bins:,} of its window, with as many left out at "
            "each end",
            where=where,
            received={"target_length": kept},
            hint="The authors' codes crop an odd number differently, each by one bin",
        )
    return (bins - kept) // 2


def whole_bins(window: int, size: int, where: object) -> int:
    """The bins of a window. Raises `IntegrityError` for a window that is no whole number of them."""
    if window <= 0 or window % size:
        raise IntegrityError(
            f"The window of a network must be a multiple of {size} bp", where=where, received={"window": window}
        )
    return window // size

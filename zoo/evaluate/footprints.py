"""Marginal footprints: what a model predicts around a motif that is written into background sequences.

Whether the sequence preference of the enzyme is corrected is seen by motifs that it prefers: around them the profile of
a corrected model is flat (ChromBPNet).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from zoo.arguments import is_one_of
from zoo.attribution.motifs import insert
from zoo.errors import InputError, warn
from zoo.forward.readouts import READOUTS
from zoo.model import Model
from zoo.spec import OutputSpec

CORRECTED = 0.003  # the highest fraction of the reads at one base, of 1,000 bp, must be below this
_BATCH = 64  # windows, as the original has it

MOTIFS: Mapping[str, Mapping[str, str]] = MappingProxyType(  # those of the original (its `motif_to_pwm.*.tsv`)
    {
        "ATAC": {
            "tn5_1": "GCACAGTACAGAGCTG",
            "tn5_2": "GTGCACAGTTCTAGAGTGTGCAG",
            "tn5_3": "CCTCTACACTGTGCAGAA",
            "tn5_4": "GCACAGTTCTAGACTGTGCAG",
            "tn5_5": "CTGCACAGTGTAGAGTTGTGC",
        },
        "DNase": {"dnase_1": "TTTACAAGTCCA", "dnase_2": "TGTACTTACGAA"},
    }
)


@dataclass(frozen=True, eq=False)
class Footprint:
    """Around a motif, both strands taken together.

    Attributes:
        motif: letters; none for the backgrounds as they are.
        profile: (bp,) or (bp, tracks) float64, the mean over backgrounds of profiles that add up to 1.
        counts: mean over backgrounds of the expected counts of both strands of the DNA, added.
        backgrounds: how many, of those in which counts are expected.
    """

    motif: str
    profile: np.ndarray
    counts: float
    backgrounds: int

    @property
    def maximum(self) -> float:
        """The largest fraction of counts at one base."""
        return float(self.profile.max())


def footprint(model: Model, x: np.ndarray, motif: str = "", batch_size: int = _BATCH) -> Footprint:
    """The footprint of a motif that begins half its length before the middle of backgrounds.

    Args:
        model: of a profile and its total counts. Of ChromBPNet: a part, or the whole.
        x: (n, window, 4) one-hot backgrounds.
        motif: A, C, G, T, and N for bases that stay; without letters the backgrounds stay as they are (the control).
        batch_size: windows at once.

    Backgrounds in which the model expects no counts are left out, with a `ZooWarning` that counts them.

    Raises:
        InputError: a model of another kind, or one that expects no counts in any background; other letters, or a motif
            longer than the windows.
    """
    output = _expected(model)
    if not isinstance(motif, str):
        raise InputError("A motif must be text", example="TGACTCA", received={"motif": motif})
    given = insert(x, motif, model.spec.input.window // 2 - len(motif) // 2) if motif else x
    asked = {"head": output.name, "strands": "forward", "batch_size": batch_size, "progress": False}
    forward, reverse = (model.predict(each, **asked).astype(np.float64) for each in (given, given[:, ::-1, ::-1]))
    reverse = reverse[:, ::-1][..., list(output.swap)] if output.swap else reverse[:, ::-1]
    bins = tuple(range(1, forward.ndim))
    some = (forward.sum(axis=bins) > 0) & (reverse.sum(axis=bins) > 0)
    if not some.any():
        raise InputError(
            "A model must expect counts in some of the background sequences",
            received={"model": model.spec.name, "highest": float(forward.sum(axis=bins).max())},
        )
    if not some.all():
        warn(f"{(~some).sum():,} of {len(some):,} background sequences are left out: no counts are expected there")
    both = (forward + reverse)[some]
    totals = both.sum(axis=bins, keepdims=True)
    return Footprint(motif, (both / totals).mean(axis=0), float(totals.mean()), len(both))


def footprints(
    model: Model, x: np.ndarray, motifs: Mapping[str, str], batch_size: int = _BATCH
) -> dict[str, Footprint]:
    """Footprints of motifs by their names. Arguments and errors as for `footprint`."""
    return {name: footprint(model, x, motif, batch_size) for name, motif in motifs.items()}


def motifs_of(assay: str) -> Mapping[str, str]:
    """Sequences that the enzyme of an assay prefers, by name: five of Tn5 for "ATAC", two of DNase I for "DNase"."""
    if not is_one_of(assay, MOTIFS):
        raise InputError(f"The assay must be one of {', '.join(MOTIFS)}", received={"assay": assay})
    return MOTIFS[assay]


def corrected(found: Mapping[str, Footprint]) -> bool:
    """Whether the highest value of every footprint is below 0.003.

    The original compares the mean of these maxima, rounded to 3 decimals; this is at least as strict.
    """
    return all(item.maximum < CORRECTED for item in found.values())


def _expected(model: Model) -> OutputSpec:
    """The model's expected counts by base. Raises `InputError` if it has none."""
    output = READOUTS["expected_counts"].output(model.spec)
    if output is None:
        raise InputError(
            "A model must predict a profile and its total counts to have footprints",
            example="a ChromBPNet",
            received={"model": model.spec.name, "heads": [head.name for head in model.spec.outputs]},
        )
    return output

"""How footprints are made: the choices of a user, and which of them go together."""

import os
from dataclasses import dataclass

from zoo.arguments import among, is_one_of, number, switch, whole
from zoo.errors import InputError
from zoo.footprints.bias import DWM, MODELS

READS, CORRECTED, FOOTPRINTS = "reads", "corrected", "footprints"
GIVEN = (READS, CORRECTED, FOOTPRINTS)
"""What files hold, from the beginning of the work to its end."""
MENDED = (
    "joined peaks end where the one that reaches further ends",
    "regions on the - strand are read in the direction in which they are written",
    "the bias is learned from the cuts outside of peaks alone, also from reads aligned with = and X",
    "the mean of windows is over those that reach a base, and the last base of a region counts",
    "small footprints count up to a region's end",
    "both strands are scanned with the same motif, to a peak's end",
    "a pseudocount that is given counts",
    "sites of two motifs that share a single base overlap",
)
"""What is not as in TOBIAS 0.17.5, and is with `compat="tobias"`."""


@dataclass(frozen=True)
class Options:
    """The choices that change numbers.

    Attributes:
        given: what the files of the conditions hold.
        bias: the model of the bias.
        normalize: scale cuts to 10 million in peaks.
        split_strands: write tracks of each strand, too.
        motif_p_value: of a site's motif score.
        bound_p_value: of a bound site's footprint score.
        equalize: give the scores of several conditions like distributions.
        pseudocount: of fold changes.
        compat: "tobias" or None.
    """

    given: str = READS
    bias: str = DWM
    normalize: bool = True
    split_strands: bool = False
    motif_p_value: float = 1e-4
    bound_p_value: float = 1e-3
    equalize: bool = True
    pseudocount: float | None = None
    compat: str | None = None

    def __post_init__(self) -> None:
        if not is_one_of(self.given, GIVEN):
            raise InputError(f"The files must hold one of {', '.join(GIVEN)}", received={"given": self.given})
        if not is_one_of(self.bias, MODELS):
            raise InputError(f"The model of the bias must be one of {', '.join(MODELS)}", received={"bias": self.bias})
        among("compat", self.compat, ("tobias",))
        for name in ("normalize", "split_strands", "equalize"):
            switch(name, getattr(self, name))
        for name in ("motif_p_value", "bound_p_value"):
            number(name, getattr(self, name), "above 0 and below 1", lambda value: 0 < value < 1, example=1e-4)
        if self.pseudocount is not None:
            number("pseudocount", self.pseudocount, "above 0, and finite", lambda value: value > 0, example=1.0)

    @property
    def original(self) -> bool:
        """Whether TOBIAS's own rules hold throughout."""
        return self.compat is not None

    def check_effects(self, motifs: bool, conditions: int, blacklist: bool, shift: bool) -> None:
        """Raise `InputError` for choices that would have no effect.

        Args:
            motifs: whether motifs are given.
            conditions: how many.
            blacklist: whether one is given.
            shift: whether one is asked for.
        """
        default = Options()
        self._refuse("of reads", self.given == READS, ("bias", "normalize", "split_strands"), default)
        self._refuse("with motifs", motifs, ("motif_p_value", "bound_p_value"), default)
        self._refuse(
            "with motifs and several conditions", motifs and conditions > 1, ("equalize", "pseudocount"), default
        )
        if self.given != READS and (blacklist or shift):
            raise InputError(
                "A blacklist and a shift must be given for reads", received={"given": self.given, "shift": shift}
            )
        if self.original and self.pseudocount is not None:
            raise InputError(
                "TOBIAS's rules must go without a pseudocount: it takes one and ignores it",
                received={"pseudocount": self.pseudocount},
            )
        if self.given == FOOTPRINTS and not motifs:
            raise InputError(
                "Footprint scores must be given with motifs: there is nothing else to do",
                received={"given": self.given},
                example='motifs="motifs.meme"',
            )

    def _refuse(self, where: str, holds: bool, names: tuple[str, ...], default: "Options") -> None:
        changed = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(default, name)}
        if changed and not holds:
            raise InputError(
                f"The {' and '.join(name.replace('_', ' ') for name in changed)} must be chosen {where} only",
                received=changed,
            )


def workers_of(value: object) -> int:
    """How many threads; by default one for each core."""
    return (os.cpu_count() or 1) if value is None else whole("workers", value, 1, 1024)

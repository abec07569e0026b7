"""Which samples are replicates of a condition, and which conditions are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zoo.errors import InputError
from zoo.many.samples import Sample

CONDITION, REPLICATE = "condition", "replicate"
_EXAMPLE = "sample\tsignal\tcondition\treplicate"


@dataclass(frozen=True)
class Contrast:
    """Two conditions: what is gained is bound in `condition` and not in `against`.

    Attributes:
        condition: its name.
        against: name of the other one.
        ours: places of the samples of `condition` among all.
        theirs: the same of `against`.
    """

    condition: str
    against: str
    ours: tuple[int, ...]
    theirs: tuple[int, ...]

    @property
    def name(self) -> str:
        """Of columns and files."""
        return f"{self.condition}.vs.{self.against}"


def conditions_of(samples: Sequence[Sample], column: str = CONDITION) -> dict[str, tuple[int, ...]]:
    """Condition → places of its samples, in the order in which conditions come first.

    Args:
        samples: all. Those without a design are conditions of their own, by their names.
        column: of the design.

    Raises:
        InputError: only some samples with that column, one condition only, or two replicates of one name.
    """
    having = [sample for sample in samples if column in sample.design]
    if (having and len(having) < len(samples)) or (not having and column != CONDITION):
        raise InputError(
            f"Each of the samples must have a {column} in the design",
            received={"without": [sample.name for sample in samples if column not in sample.design][:5]},
            example=_EXAMPLE,
        )
    found: dict[str, list[int]] = {}
    for place, sample in enumerate(samples):
        found.setdefault(sample.design.get(column, sample.name), []).append(place)
    if len(found) < 2:
        raise InputError(
            "Two conditions at least must be compared",
            received={"conditions": list(found), "samples": [sample.name for sample in samples][:5]},
            hint=f"Name other conditions in the column {column}" if having else "Give more samples",
        )
    for condition, places in found.items():
        _check_replicates(condition, [samples[place] for place in places])
    return {condition: tuple(places) for condition, places in found.items()}


def _check_replicates(condition: str, samples: Sequence[Sample]) -> None:
    names = [sample.design[REPLICATE] for sample in samples if REPLICATE in sample.design]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            "Replicates of a condition must have different names",
            received={CONDITION: condition, "twice": twice[:5]},
            hint="Average the tracks of technical replicates with `zoo average`",
        )


def contrasts_of(conditions: Mapping[str, tuple[int, ...]], against: str | None = None) -> list[Contrast]:
    """Each condition against one of them, by default the first. Raises `InputError` for one that no sample has."""
    base = next(iter(conditions)) if against is None else against
    if base not in conditions:
        raise InputError(
            "The condition that others are compared with must have a sample",
            received={"against": against, "conditions": list(conditions)[:8]},
        )
    return [
        Contrast(condition, base, ours, conditions[base]) for condition, ours in conditions.items() if condition != base
    ]

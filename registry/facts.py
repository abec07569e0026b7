"""The figures of a model taken apart: metrics, by which models are compared, and facts, such as the epoch."""

import re
from collections.abc import Mapping

_FACTS = (
    *("epoch", "parameters", "windows", "regions", "without_counts"),
    *("positive bins", "share of positive bins", "tracks that do not vary"),
)
_FACT = re.compile(rf"({'|'.join(_FACTS)})(\W.*)?")


def split(figures: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """The metrics and the facts among the figures of an entry or a model, in their order.

    Args:
        figures: `Entry.facts` or `ModelSpec.metrics`: name → value. What follows a fact's name, such as a factor in
            parentheses or a set of regions after a comma, says of what it is.
    """
    facts = {name: value for name, value in figures.items() if _FACT.fullmatch(name)}
    return {name: value for name, value in figures.items() if name not in facts}, facts

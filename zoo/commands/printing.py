"""Output for programs."""

import json
import math


def print_json(content: object) -> None:
    """Print JSON that every parser reads: what is not a finite number is null."""
    print(json.dumps(finite(content), indent=1, allow_nan=False))


def finite(content: object) -> object:
    """The same content, None for NaN and infinities."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [finite(value) for value in content]
    return content

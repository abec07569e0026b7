"""The `config.json` beside a state dict: what its package writes there, and under "zoo" what a user adds."""

from collections.abc import Callable, Mapping
from pathlib import Path

from registry import typed
from zoo.arguments import is_number, is_whole
from zoo.errors import InputError, IntegrityError
from zoo.porting import own
from zoo.track_table import SQUASHES

NAME = "config.json"
RULES = {True: "deepmind", False: "enformer-pytorch"}  # of Enformer's position features, by `use_tf_gamma`
_MOST_BYTES = 1 << 20
_OWN = "zoo"


def _is_size(value: object) -> bool:
    return is_whole(value) and value > 0


def _is_choice(value: object) -> bool:
    return isinstance(value, bool)


_WRITTEN: Mapping[str, Callable[[object], bool]] = {  # of all that packages write, what is of use
    **dict.fromkeys(("length", "position_length", "dim", "depth", "heads", "num_downsamples"), _is_size),
    **dict.fromkeys(("attn_dim_key", "attn_dim_value", "dim_divisible_by", "bins_to_return"), _is_size),
    **dict.fromkeys(("use_tf_gamma", "return_center_bins_only"), _is_choice),
    **dict.fromkeys(("dropout_rate", "attn_dropout", "pos_dropout"), is_number),
    "target_length": is_whole,  # -1 for all
    "output_heads": lambda value: isinstance(value, dict) and all(map(_is_size, value.values())),
}
_ADDED: Mapping[str, Callable[[object], bool]] = {  # what packages leave open
    "window": _is_size,
    "positions": lambda value: value in RULES.values(),
    "position_length": _is_size,
    "squash": lambda value: value in SQUASHES,
}
_SAME = {"length": "window", "bins_to_return": "target_length"}  # names → by which they are known


def beside(path: Path, said: Mapping[str, object]) -> dict[str, object]:
    """What is said of a file, by name.

    Args:
        path: of the file; beside it there may be a `config.json`.
        said: what is known of it besides, which comes first. It may also stand in `config.json`, as an object "zoo":
            `window` in bp; of Enformer `positions`, the rule of its position features; of Borzoi `position_length` and
            `squash` (`zoo.architectures.borzoi`, `zoo.track_table`).

    Raises:
        InputError: it cannot be read.
        IntegrityError: no such file, or something else than its package writes there.
    """
    place = path.with_name(NAME)
    if not place.is_file():
        return _added(said, path)
    if place.stat().st_size > _MOST_BYTES:
        raise InputError(f"A file beside a model must have at most {_MOST_BYTES:,} bytes", where=place)
    whole = typed.load_json(own.read_bytes(place), place, foreign=True)
    written = {name: whole[name] for name in _WRITTEN if whole.get(name) is not None}
    if wrong := {name: value for name, value in written.items() if not _WRITTEN[name](value)}:
        raise IntegrityError(f"The {NAME} beside a model must have values of its package", where=place, received=wrong)
    written = {_SAME.get(name, name): value for name, value in written.items()}
    return written | _added(whole.get(_OWN, {}), place) | _added(said, path)


def _added(found: object, where: object) -> dict[str, object]:
    """What a user adds. Raises `IntegrityError` for anything else."""
    known = isinstance(found, Mapping) and set(found) <= set(_ADDED)
    if not known or not all(_ADDED[name](value) for name, value in found.items()):
        raise IntegrityError(
            f"What is added to a file of weights must be among {', '.join(_ADDED)}, with values that these have",
            where=where,
            example={_OWN: {"window": 196608, "positions": RULES[True]}},
            received={_OWN: found},
        )
    return dict(found)


def check(described: Mapping[str, object], said: Mapping[str, object], path: Path) -> None:
    """Raise `IntegrityError` if a file's tensors are of another network than what is said of it."""
    pairs = {name: (said.get(name, value), value) for name, value in described.items()}
    if differing := {f"{name} ({NAME}, file)": pair for name, pair in pairs.items() if pair[0] != pair[1]}:
        raise IntegrityError(
            f"The {NAME} beside a model must be of its network",
            where=path.with_name(NAME),
            received=differing,
            hint=f"Move {NAME} away if it is of another model",
        )

"""The layers of a network as the rows of a drawing.

A row is `[layer, details, shape, …]`: the layer in words, its numbers by name, the shape that it returns without the
batch. Repeated rows are one group, `{"times": n, "rows": […]}`, whose numbers and shapes are those of its first and its
last turn. Layers that neither mix positions nor channels (activations, normalization, dropout, padding) are left out.
"""

import re
from collections.abc import Sequence

_LEFT_OUT = re.compile(r"Input|Dropout|Activation|ReLU|.*Normalization|ZeroPadding|Reshape|Flatten|Log1p|Columns")
_WORDS = {
    "Conv1D": "Convolution",
    "DepthwiseConv1D": "Depthwise convolution",
    "Conv1DTranspose": "Transposed convolution",
    "LSTM": "LSTM",
    "SequenceLSTM": "LSTM",
    "MLSTMCell": "mLSTM",
    "RNN": "Recurrent",
}
_NUMBERS = {"kernel_size": "width", "dilation_rate": "dilation", "pool_size": "by", "size": "by", "num_heads": "heads"}
_LONGEST = 24  # rows of what is repeated


def rows_of(network) -> list:
    """The rows and groups of a functional `keras.Model`, networks inside it included."""
    return _grouped([row for layer in _flat(network) if (row := _row(layer)) is not None])


def _flat(network):
    """The layers in order, those of inner networks in their place."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from _flat(layer)
        else:
            yield layer


def _row(layer) -> tuple[str, dict[str, int], tuple[int, ...]] | None:
    """What is drawn of a layer, or None."""
    kind = type(layer).__name__
    if _LEFT_OUT.match(kind):
        return None
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"1D", "", kind)).capitalize()
    numbers = [(word, _number(getattr(layer, name, None))) for name, word in _NUMBERS.items()]
    return _WORDS.get(kind, words), {word: n for word, n in numbers if n is not None}, _shape(layer)


def _number(value: object) -> int | None:
    """A size that a layer has as a number or as a tuple of one."""
    value = value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _shape(layer) -> tuple[int, ...]:
    output = layer.output[0] if isinstance(layer.output, (tuple, list)) else layer.output
    return tuple(output.shape[1:])


def _grouped(rows: Sequence[tuple]) -> list:
    """Rows whose layers repeat, with whatever numbers, as groups."""
    made, at = [], 0
    while at < len(rows):
        length, times = max(
            ((n, _repeats(rows, at, n)) for n in range(1, _LONGEST + 1)), key=lambda found: found[0] * (found[1] - 1)
        )
        if times > 1:
            turns = [rows[at + n * length : at + (n + 1) * length] for n in (0, times - 1)]
            made.append({"times": times, "rows": [_both(*pair) for pair in zip(*turns, strict=True)]})
        else:
            made.append(_both(rows[at], rows[at]))
            length = 1
        at += length * times
    return made


def _repeats(rows: Sequence[tuple], at: int, length: int) -> int:
    """How often the layers of `length` rows follow each other from `at` on."""
    names = [row[0] for row in rows]
    first, times = names[at : at + length], 1
    while names[at + times * length : at + (times + 1) * length] == first:
        times += 1
    return times


def _both(first: tuple, last: tuple) -> list[str]:
    """A row in words, with what its first and its last turn have."""
    numbers = [
        f"{name} {_joined(f'{first[1][name]:,}', f'{last[1][name]:,}')}"
        for name in first[1]
        if name in last[1] and (name, first[1][name], last[1][name]) != ("dilation", 1, 1)
    ]
    shapes = (" × ".join(f"{n:,}" for n in row[2] if n is not None) for row in (first, last))
    return [first[0], ", ".join(numbers), _joined(*shapes)]


def _joined(first: str, last: str) -> str:
    return first if first == last else f"{first} … {last}"

"""Views of one window that a model can read, and how to turn its predictions back.

A window seen from the other strand is the same window; averaging over both makes predictions strand-symmetric. maxATAC
was trained with an augmentation that was meant to be the reverse complement but rotated the channels instead
([ATAC, A, C, G, T] of the forward strand) while the target was mirrored. Its released weights therefore also predict,
in mirror image, when they see a rotated window. That is an accident of their training, but a usable view.
"""

from collections.abc import Callable, Mapping, Sequence

from keras import ops

from zoo.forward.shifts import parted
from zoo.spec import BASES, OutputSpec

_COMPLEMENT = [BASES.index(base) for base in "TGCA"]
Heads = Mapping[str, object]


def reverse_complement(x):
    """Complement the bases and reverse the positions of (batch, window, channels), tracks included."""
    order = _COMPLEMENT + list(range(len(BASES), x.shape[-1]))
    return ops.flip(ops.take(x, order, axis=-1), axis=1)


def rotate(x):
    """Move the last channel to the front: [A, C, G, T, signal] → [signal, A, C, G, T]."""
    return ops.roll(x, 1, axis=-1)


def mirror(y, swap: Sequence[int] = ()):
    """Reverse the bins of (batch, bins) or (batch, bins, tracks); each track becomes that of the other strand."""
    y = ops.flip(y, axis=1)
    return ops.take(y, list(swap), axis=-1) if swap else y


def shifted(x, by: int):
    """Move (batch, window, channels) `by` bp to the right, or to the left if it is negative; what comes in is zeros."""
    if not by:
        return x
    before, after = max(by, 0), max(-by, 0)
    return ops.pad(x, ((0, 0), (before, after), (0, 0)))[:, after : after + x.shape[1]]


# View → what the network reads, whether that is the other strand, and whether its prediction is in mirror image.
_READ = {
    "forward": (lambda x: x, False, False),
    "reverse_complement": (reverse_complement, True, True),
    "rotated": (rotate, False, True),
    "rotated_reverse_complement": (lambda x: rotate(reverse_complement(x)), True, False),  # mirrored twice
}


def average(
    network: Callable[[object, bool], Heads],
    x,
    views: Sequence[str],
    outputs: Sequence[OutputSpec],
    read: Callable[[Heads], object],
):
    """Mean of a network's predictions over views.

    Args:
        network: (batch, window, channels), and whether that is the other strand → name → head.
        x: windows.
        views: their names, of shifted windows with the shift (`zoo.forward.shifts`).
        outputs: what the heads are.
        read: heads → what is averaged.
    """
    predictions = []
    for view in views:
        name, shift = parted(view)
        seen, other, mirrored = _READ[name]
        heads = network(seen(shifted(x, shift)), other)
        predictions.append(
            read({head.name: mirror(heads[head.name], head.swap) for head in outputs} if mirrored else heads)
        )
    return predictions[0] if len(predictions) == 1 else ops.mean(ops.stack(predictions), axis=0)

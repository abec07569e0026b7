"""Views of one window that a model can read, and how to read its answers back.

A window seen from the other strand is the same window; averaging over both makes predictions strand-symmetric. maxATAC
was trained with an augmentation that was meant to be the reverse complement but rotated the channels instead
([ATAC, A, C, G, T] of the forward strand) while the target was mirrored. Its released weights therefore also answer, in
mirror image, when they see a rotated window. That is an accident of their training, but a usable view.
"""

from collections.abc import Sequence

from keras import ops

from zoo.spec import BASES

_COMPLEMENT = [BASES.index(base) for base in "TGCA"]


def reverse_complement(x):
    """Complement the bases and reverse the positions of (batch, window, channels), signals included."""
    order = _COMPLEMENT + list(range(len(BASES), x.shape[-1]))
    return ops.flip(ops.take(x, order, axis=-1), axis=1)


def rotate(x):
    """Move the last channel to the front: [A, C, G, T, signal] → [signal, A, C, G, T]."""
    return ops.roll(x, 1, axis=-1)


def mirror(y):
    """Reverse the bins of (batch, bins)."""
    return ops.flip(y, axis=1)


def _rotated_reverse_complement(network, x):
    return network(rotate(reverse_complement(x)))  # mirrored twice


_READ = {
    "forward": lambda network, x: network(x),
    "reverse_complement": lambda network, x: mirror(network(reverse_complement(x))),
    "rotated": lambda network, x: mirror(network(rotate(x))),
    "rotated_reverse_complement": _rotated_reverse_complement,
}


def average(network, x, views: Sequence[str]):
    """Mean of the network's answers over views of (batch, window, channels) → (batch, bins)."""
    answers = [_READ[view](network, x) for view in views]
    return answers[0] if len(answers) == 1 else ops.mean(ops.stack(answers), axis=0)

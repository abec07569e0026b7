"""References (baselines) of attributions: shuffled or neutral windows."""

import zlib
from dataclasses import dataclass, replace

import numpy as np

from zoo.arguments import among, refuse_together, whole
from zoo.errors import InputError
from zoo.genome.encode import N, codes_of, one_hot
from zoo.genome.spans import runs
from zoo.spec import BASES, ModelSpec

SEQUENCES = ("dinucleotide_shuffle", "mononucleotide_shuffle", "zeros", "gc")
SIGNALS = ("fixed", "zeros", "mean")
_MOST = 10_000  # references of a window


@dataclass(frozen=True)
class References:
    """How the references of a window are made. The same window has the same ones wherever it stands in a batch.

    Attributes:
        sequence: "dinucleotide_shuffle" (every dinucleotide as often as in the window), "mononucleotide_shuffle",
            "zeros" (no base at all), or "gc" (at each position the fractions of A, C, G and T that the window's
            content of G and C gives). N stays N, and adds nothing.
        signal: "fixed" at its value in the window, as in both papers; "zeros"; or "mean", the window's. None for a
            model of DNA alone.
        count: how many shuffles. Of "zeros" and "gc" there is one.
        seed: of the shuffles.
    """

    sequence: str = "dinucleotide_shuffle"
    signal: str | None = None
    count: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.sequence, str) or self.sequence not in SEQUENCES:
            raise InputError(
                f"The references must be one of {', '.join(SEQUENCES)}", received={"references": self.sequence}
            )
        among("signal_reference", self.signal, SIGNALS)
        whole("count", self.count, 1, _MOST)
        whole("seed", self.seed, 0, (1 << 64) - 1)

    @classmethod
    def resolve(
        cls, with_signal: bool, sequence: str | None, signal: str | None, count: int | None, seed: int | None
    ) -> "References":
        """References of chosen parameters; None stands for the default. Raises `InputError` as the class does."""
        references = cls(
            cls.sequence if sequence is None else sequence,
            ("fixed" if signal is None else signal) if with_signal else None,
        )
        if not references.sequence.endswith("shuffle"):
            refuse_together(f'References "{references.sequence}" are not shuffled and', {"count": count, "seed": seed})
        return replace(
            references,
            count=cls.count if count is None else whole("count", count, 1, _MOST),
            seed=cls.seed if seed is None else whole("seed", seed, 0, (1 << 64) - 1),
        )

    def __len__(self) -> int:
        return self.count if self.sequence.endswith("shuffle") else 1

    def make(self, x: np.ndarray) -> np.ndarray:
        """References of windows.

        Args:
            x: (n, window, channels) float32, one-hot A, C, G, T and the signal if any.

        Returns:
            (n, references, window, channels) float32.
        """
        made = np.repeat(x[:, None], len(self), axis=1)
        made[..., : len(BASES)] = self._sequences(x)
        made[..., len(BASES) :] = self.signals(x)[:, None]
        return made

    def signals(self, x: np.ndarray) -> np.ndarray:
        """The signal of the references, (n, window, 1 or 0) float32."""
        signal = x[..., len(BASES) :]
        if self.signal == "zeros":
            return np.zeros_like(signal)
        return np.broadcast_to(signal.mean(axis=1, keepdims=True), signal.shape) if self.signal == "mean" else signal

    def _sequences(self, x: np.ndarray) -> np.ndarray:
        if self.sequence == "zeros":
            return np.zeros((len(x), 1, x.shape[1], len(BASES)), np.float32)
        if self.sequence == "gc":
            shares = x[..., : len(BASES)].sum(axis=1)
            strong = (shares[:, 1] + shares[:, 2]) / np.maximum(shares.sum(axis=1), 1)
            row = 0.5 * np.stack([1 - strong, strong, strong, 1 - strong], axis=-1)
            return (row[:, None] * x[..., : len(BASES)].sum(axis=-1, keepdims=True))[:, None]
        codes = codes_of(x)
        if not np.array_equal(one_hot(codes), x[..., : len(BASES)]):
            raise InputError(
                "Windows that are shuffled must have a single 1, or none, at each position",
                hint='Take references="zeros" for other windows',
            )
        shuffle = dinucleotide_shuffle if self.sequence.startswith("di") else mononucleotide_shuffle
        return one_hot(shuffle(codes, self.count, self.seed))


def check_signal(spec: ModelSpec, signal_reference: str | None) -> None:
    """Raise `InputError` for a reference of a signal that a model does not read, or for one that is not known."""
    if not spec.input.tracks:
        refuse_together(f"{spec.name} reads DNA alone and", {"signal_reference": signal_reference})
    among("signal_reference", signal_reference, SIGNALS)


def mononucleotide_shuffle(codes: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Bases in random order, N where it was: (n, window) → (n, count, window) uint8."""
    shuffled = np.repeat(codes[:, None], count, axis=1)
    for rows, own in zip(shuffled, _generators(codes, seed), strict=True):
        known = rows[0] != N
        rows[:, known] = own.permuted(rows[:, known], axis=1)
    return shuffled


def dinucleotide_shuffle(codes: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Random sequences with every dinucleotide as often as in the window, all of them equally likely.

    Bases are the vertices of a graph and dinucleotides its edges; a shuffle is a random Eulerian path (Altschul &
    Erickson 1985; the last edges out of each base are a random tree, Kandel et al. 1996). The first and the last base
    stay. So does every N; the stretches between are shuffled by themselves.

    Args:
        codes: (n, window) uint8, A 0, C 1, G 2, T 3, N 4.
        count: shuffles of each window.
        seed: the same gives the same.

    Returns:
        (n, count, window) uint8.
    """
    shuffled = np.repeat(codes[:, None], count, axis=1)
    whole = (codes != N).all(axis=1)
    shuffled[whole] = _paths(codes[whole], count, seed)
    for i in np.flatnonzero(~whole):
        for first, stop in runs(codes[i] != N):
            shuffled[i, :, first:stop] = _paths(codes[i : i + 1, first:stop], count, seed)[0]
    return shuffled


def _paths(codes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Shuffles of windows without N; all paths are walked at once."""
    length = codes.shape[1]
    if length < 3 or not len(codes):
        return np.repeat(codes[:, None], count, axis=1)
    nexts = np.empty((len(codes) * count, length - 1), np.uint8)
    begins = np.empty((len(nexts), N), np.int64)
    for i, (row, own) in enumerate(zip(codes, _generators(codes, seed), strict=True)):
        rows = slice(i * count, (i + 1) * count)
        nexts[rows], begins[rows] = _edges(row, count, own)
    shuffled = np.empty((len(nexts), length), np.uint8)
    shuffled[:, 0] = np.repeat(codes[:, 0], count)
    walkers = np.arange(len(nexts))
    edges, unused, letters = nexts.ravel(), (begins + (walkers * (length - 1))[:, None]).ravel(), walkers * N
    for step in range(1, length):
        here = letters + shuffled[:, step - 1]
        edge = unused[here]
        unused[here] = edge + 1
        shuffled[:, step] = edges[edge]
    return shuffled.reshape(len(codes), count, length)


def _edges(row: np.ndarray, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """For each of `count` walks: the letters that follow A, those that follow C, …, in the order of their use.

    Returns:
        (count, window - 1) uint8, and where each letter's begin, (4,).
    """
    sources, targets = row[:-1], row[1:]
    begins = np.searchsorted(np.sort(sources), np.arange(N + 1))
    tree = _trees(sources, targets, int(row[-1]), count, random)
    order = np.empty((count, len(sources)), np.uint8)
    for letter in range(N):
        following = targets[sources == letter]
        if not len(following):
            continue
        block = np.repeat(following[None], count, axis=0)
        if letter == row[-1]:
            random.permuted(block, axis=1, out=block)
        else:  # one edge to the tree's next letter comes last, the others before it in any order
            used = (block == tree[:, letter, None]).argmax(axis=1)
            block[np.arange(count), used] = block[:, -1]
            block[:, -1] = tree[:, letter]
            block[:, :-1] = random.permuted(block[:, :-1], axis=1)
        order[:, begins[letter] : begins[letter + 1]] = block
    return order, begins[:-1]


def _trees(sources: np.ndarray, targets: np.ndarray, last: int, count: int, random: np.random.Generator) -> np.ndarray:
    """For each walk the letter after the last edge out of each letter, such that all paths end at `last`; (count, 4).

    Edges are drawn at random until that holds, which makes all trees as likely as they are many.
    """
    pairs = np.bincount(sources.astype(np.int64) * N + targets, minlength=N**2)
    weights = pairs.reshape(N, N).astype(np.float64)
    np.fill_diagonal(weights, 0)  # a letter's last edge leads elsewhere
    weights[last] = np.arange(N) == last
    there = weights.sum(axis=1) > 0
    totals = np.cumsum(weights, axis=1)
    tree = np.full((count, N), last, np.uint8)
    open_ = np.arange(count)
    while len(open_):
        for letter in np.flatnonzero(there):
            drawn = random.random(len(open_)) * totals[letter, -1]
            tree[open_, letter] = np.searchsorted(totals[letter], drawn, side="right")
        end = np.repeat(np.arange(N)[None], len(open_), axis=0)
        for _ in range(N):
            end = np.take_along_axis(tree[open_], end, axis=1)
        open_ = open_[(end[:, there] != last).any(axis=1)]
    return tree


def _generators(codes: np.ndarray, seed: int) -> list[np.random.Generator]:
    """A generator for each window, which depends on the seed and the window alone."""
    return [np.random.default_rng([seed, zlib.crc32(row.tobytes())]) for row in codes]

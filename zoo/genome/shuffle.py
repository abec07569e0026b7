"""Shuffled sequence: bases in random order, or dinucleotides as often as they were."""

import zlib

import numpy as np

from zoo.genome.encode import N
from zoo.genome.spans import runs


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

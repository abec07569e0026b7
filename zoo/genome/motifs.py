"""Motifs of MEME files: reading, scanning and comparing them, by memelite (extra `motif`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError, MissingExtra
from zoo.genome.encode import N, one_hot


@dataclass(frozen=True)
class Hits:
    """Where a motif matches.

    Attributes:
        sequence: (n,) int64, the number of the sequence.
        start: (n,) int64, 0-based in the sequence.
        end: (n,) int64, exclusive.
        strand: (n,) "+" or "-".
        score: (n,) float64, log-odds.
        p_value: (n,) float64, of such a score or a higher one.
    """

    sequence: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strand: np.ndarray
    score: np.ndarray
    p_value: np.ndarray

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True)
class Match:
    """A motif of a database that looks like another one."""

    name: str
    p_value: float


def read_motifs(path: str | Path, *wanted: str) -> dict[str, np.ndarray]:
    """Motifs of a MEME file, of which some may be wanted by how their names begin. name → (4, width).

    Raises:
        InputError: no such motif, or a file that is not MEME.
        MissingExtra: memelite is not installed.
    """
    _memelite()
    from memelite.io import read_meme

    try:
        motifs = read_meme(str(path))
    except (OSError, ValueError, IndexError, TypeError, AttributeError) as error:
        raise InputError(f"Motifs are in a MEME file ({error})", received={"motifs": str(path)}) from None
    chosen = {name: pwm for name, pwm in motifs.items() if name.startswith(wanted or "")}
    if not chosen:
        raise InputError(
            "A MEME file has the motifs", where=path, received={"wanted": wanted, "present": list(motifs)[:5]}
        )
    return chosen


def scan(motifs: Mapping[str, np.ndarray], sequences: Sequence[np.ndarray], p_value: float = 1e-4) -> dict[str, Hits]:
    """Hits of motifs on both strands (FIMO: Grant et al. 2011), sorted by place. No hit touches an N.

    Args:
        motifs: name → probabilities (4, width).
        sequences: codes, (length,) uint8 each.
        p_value: of a hit, at most.

    Raises:
        MissingExtra: memelite is not installed.
    """
    fimo = _memelite().fimo
    gap = np.full(max(pwm.shape[1] for pwm in motifs.values()), N, np.uint8)
    joined = np.concatenate([part for codes in sequences for part in (codes, gap)])
    offsets = np.cumsum([0, *(len(codes) + len(gap) for codes in sequences)])[:-1]
    unknown = np.concatenate([[0], np.cumsum(joined == N)])
    found = {}
    for name, table in zip(motifs, fimo(dict(motifs), one_hot(joined).T[None], threshold=p_value), strict=True):
        first, last = table["start"].to_numpy(np.int64), table["end"].to_numpy(np.int64)
        order = np.lexsort((last, first))
        order = order[(unknown[last] == unknown[first])[order]]
        number = np.searchsorted(offsets, first[order], side="right") - 1
        found[name] = Hits(
            number,
            first[order] - offsets[number],
            last[order] - offsets[number],
            table["strand"].to_numpy(str)[order],
            table["score"].to_numpy(np.float64)[order],
            table["p-value"].to_numpy(np.float64)[order],
        )
    return found


def match(queries: Sequence[np.ndarray], database: Mapping[str, np.ndarray], nearest: int = 3) -> list[list[Match]]:
    """For each motif (4, width) the nearest ones of a database, best first (Tomtom: Gupta et al. 2007).

    Raises:
        MissingExtra: memelite is not installed.
    """
    if not queries:
        return []
    names = list(database)
    p_values, *_, numbers = _memelite().tomtom(list(queries), list(database.values()), n_nearest=nearest)
    return [
        [Match(names[int(number)], float(p_value)) for number, p_value in zip(*row, strict=True)]
        for row in zip(numbers, p_values, strict=True)
    ]


def _memelite():
    try:
        import memelite
    except ImportError:
        raise MissingExtra(
            "Motifs are read, scanned and compared by memelite", example="pip install 'chromatin-zoo[motif]'"
        ) from None
    return memelite

"""Motifs of MEME files: reading them; scanning and comparing them by memelite (extra `motif`).

The format: meme-suite.org/meme/doc/meme-format.html.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError, MissingExtra, warn
from zoo.genome.encode import N, one_hot
from zoo.genome.text import raw_lines
from zoo.spec import BASES

_ALPHABET = re.compile(r"\s*ALPHABET\s*=\s*(\S+)")
_SETTING = re.compile(r"\b(alength|w)\s*=\s*(\d{1,9})\b")
_SIZE = re.compile(r"\s+width\s*=.*", re.DOTALL)  # after a motif's name in the files that MEME itself writes
_ROUNDING = 0.01  # of the sum of four probabilities with two decimals


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

    @property
    def places(self) -> int:
        """How many places match, on one strand or on both: a palindrome matches on both."""
        return len(np.unique(np.stack([self.sequence, self.start], axis=1), axis=0))


@dataclass(frozen=True)
class Match:
    """A motif of a database that looks like another one.

    Attributes:
        name: in the database.
        p_value: Tomtom's, of such a similarity or a higher one.
        strand: "+", or "-" if it looks like the other one's reverse complement.
    """

    name: str
    p_value: float
    strand: str = "+"


def read_motifs(path: str | Path, *wanted: str) -> dict[str, np.ndarray]:
    """Motifs of a MEME file, of which some may be wanted by how their names begin.

    What the minimal MEME format leaves open (`w=`, `nsites=`, `alength=`) may be missing; rows that do not sum to 1 are
    scaled. Motifs without probabilities (with log-odds alone) are left out with a `ZooWarning`.

    Returns:
        Name (and alternative name) → probabilities of A, C, G, T (U), (4, width) float64.

    Raises:
        InputError: no such motif, or a file that is not MEME, with the line.
    """
    matrices: dict[str, list[list[float]]] = {}
    width, inside, known, current = None, False, False, None
    for number, line in enumerate(raw_lines(path), start=1):
        where, words = f"{path}, line {number}", line.split()
        known = known or words[:2] == ["MEME", "version"]
        if words and not known and words[0] in ("MOTIF", "letter-probability"):
            break
        if inside and words and (row := _row(words, where)) is not None:
            matrices[current].append(row)
        elif words:
            _check_width(matrices.get(current), width, inside, where)
            inside, width = False, None
            if match_ := _ALPHABET.match(line):
                _check_alphabet(match_[1], where)
            elif words[0] == "MOTIF":
                current = " ".join(_SIZE.sub("", line).split()[1:])
                if not current or current in matrices:
                    raise InputError("A MEME file must name every motif once", where=where, received={"name": current})
                matrices[current] = []
            elif words[0] == "letter-probability" and current is not None and not matrices[current]:
                inside, width = True, _width(line, where)
    _check_width(matrices.get(current), width, inside, path)
    if not known:
        raise InputError(
            "Motifs must be in a MEME file: a line `MEME version` before the first motif",
            received={"motifs": str(path)},
            hint="Convert other formats with MEME's jaspar2meme, transfac2meme or chen2meme",
        )
    return _chosen(matrices, wanted, path)


def write_motifs(path: str | Path, motifs: Mapping[str, np.ndarray]) -> None:
    """Write a MEME file with everything that the format leaves open, for programs that expect it.

    Args:
        path: where.
        motifs: name → probabilities (4, width).
    """
    parts = ["MEME version 4", "", "ALPHABET= ACGT", ""]
    for name, pwm in motifs.items():
        parts += [f"MOTIF {name}", f"letter-probability matrix: alength= 4 w= {pwm.shape[1]} nsites= 20 E= 0"]
        parts += [" ".join(map(repr, row)) for row in pwm.T.tolist()] + [""]
    Path(path).write_text("\n".join(parts), encoding="utf-8")


def _chosen(
    matrices: Mapping[str, list[list[float]]], wanted: Sequence[str], path: str | Path
) -> dict[str, np.ndarray]:
    chosen = {name: rows for name, rows in matrices.items() if name.startswith(tuple(wanted) or "")}
    if without := [name for name, rows in chosen.items() if not rows]:
        message = f"{path}: {len(without):,} motifs without probabilities are left out: {', '.join(without[:5])}"
        warn(message)
    chosen = {name: _scaled(np.array(rows)) for name, rows in chosen.items() if rows}
    if not chosen:
        raise InputError(
            "A MEME file must have the motifs that are wanted, with probabilities",
            where=path,
            received={"wanted": wanted, "present": list(matrices)[:5]},
        )
    return chosen


def _row(words: Sequence[str], where: str) -> list[float] | None:
    """The four probabilities of a line; None for a line that does not begin with a number."""
    if _number(words[0]) is None:
        return None
    row = [_number(word) for word in words]
    sound = len(row) == len(BASES) and all(value is not None and 0 <= value < np.inf for value in row)
    if not sound or not any(row):
        raise InputError(
            "A row of a motif must be the probabilities of A, C, G and T",
            where=where,
            received={"row": " ".join(words)[:80]},
            example="0.97 0.01 0.01 0.01",
        )
    return row


def _number(word: str) -> float | None:
    try:
        return None if "_" in word else float(word)
    except ValueError:
        return None


def _scaled(rows: np.ndarray) -> np.ndarray:
    """Rows (width, 4) as (4, width); those that do not sum to 1, but for rounding, divided by their sums."""
    sums = rows.sum(axis=1, keepdims=True)
    return np.where(np.abs(sums - 1) > _ROUNDING, rows / sums, rows).T


def _width(line: str, where: str) -> int | None:
    """The width (`w=`) in the line before a matrix; refuses a matrix of other letters."""
    settings = dict(_SETTING.findall(line))
    if settings.get("alength", "4") != "4":
        raise InputError("Motifs must be of DNA or RNA", where=where, received={"alength": settings["alength"]})
    return int(settings["w"]) if "w" in settings else None


def _check_width(rows: Sequence | None, width: int | None, inside: bool, where: object) -> None:
    if inside and (not rows or len(rows) != (width or len(rows))):
        raise InputError(
            "A motif must have as many rows as its line `letter-probability matrix` says",
            where=where,
            received={"w": width, "rows": len(rows or ())},
        )


def _check_alphabet(letters: str, where: str) -> None:
    if letters.upper() not in ("ACGT", "ACGU"):
        raise InputError("Motifs must be of DNA or RNA", where=where, received={"alphabet": letters})


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
    hits = {}
    for name, table in zip(motifs, fimo(dict(motifs), one_hot(joined).T[None], threshold=p_value), strict=True):
        first, last = table["start"].to_numpy(np.int64), table["end"].to_numpy(np.int64)
        order = np.lexsort((last, first))
        order = order[(unknown[last] == unknown[first])[order]]
        number = np.searchsorted(offsets, first[order], side="right") - 1
        hits[name] = Hits(
            number,
            first[order] - offsets[number],
            last[order] - offsets[number],
            table["strand"].to_numpy(str)[order],
            table["score"].to_numpy(np.float64)[order],
            table["p-value"].to_numpy(np.float64)[order],
        )
    return hits


def reverse_complement(motif: np.ndarray) -> np.ndarray:
    """A motif (4, width) of A, C, G, T as the other strand has it."""
    return motif[::-1, ::-1]


def match(queries: Sequence[np.ndarray], database: Mapping[str, np.ndarray], nearest: int = 3) -> list[list[Match]]:
    """For each motif (4, width) the nearest ones of a database, best first (Tomtom: Gupta et al. 2007).

    A motif is compared on both strands. Motifs of the database that are reverse complements of one another are one, by
    the name of the nearer one, or else of the first.

    Raises:
        MissingExtra: memelite is not installed.
    """
    if not queries:
        return []
    names, motifs = list(database), list(database.values())
    p_values, _, _, _, strands, numbers = _memelite().tomtom(list(queries), motifs, n_nearest=2 * nearest)
    found = []
    for row in zip(numbers.astype(int).tolist(), p_values.tolist(), strands.astype(int).tolist(), strict=True):
        near, seen = [], set()
        for number, p_value, strand in zip(*row, strict=True):
            if (key := _on_one_strand(motifs[number])) not in seen:
                seen.add(key)
                near.append(Match(names[number], p_value, "+-"[strand]))
        found.append(near[:nearest])
    return found


def _on_one_strand(motif: np.ndarray) -> tuple[int, bytes]:
    """What a motif and its reverse complement have in common, and no other motif has."""
    strands = (motif.round(6), reverse_complement(motif).round(6))
    return motif.shape[1], min(np.ascontiguousarray(strand).tobytes() for strand in strands)


def _memelite():
    try:
        import memelite
    except ImportError:
        raise MissingExtra("Scanning and comparing motifs must have memelite installed", extra="motif") from None
    return memelite

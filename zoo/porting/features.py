"""Names and descriptions of the chromatin features that DeepSEA and its successors predict.

Their authors' lists have a line for each: `K562_CTCF_None` (cell type, factor, treatment), `K562|CTCF|None`, Sei's
`K562 | CTCF | ID:1`, or, of Basset, a cell type alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.porting.beside import disagreeing, text_beside
from zoo.track_table import TrackTable

DNASE = "DNase"
_LISTS = {  # system → names of lists beside a model; the first that is there
    "deepsea": ("deepsea_tracks.txt", "predictor_names.txt", "predictor.names"),
    "beluga": ("beluga_tracks.txt", "predictor_names.txt"),
    "sei": ("sei_tracks.txt", "target.names"),
    "danq": ("deepsea_tracks.txt", "predictor_names.txt", "predictor.names"),
    "basset": ("basset_tracks.txt", "target_labels.txt"),
}
_NO_TREATMENT = ("None", "")
_SEPARATOR = re.compile(r"\s*\|\s*")


@dataclass(frozen=True)
class Features:
    """What a network predicts.

    Attributes:
        names: of each feature, without white space; each once.
        assays: what was measured (`CTCF`, `DNase`) of each; empty if that is not known.
        samples: in which cell type, with its treatment.
    """

    names: tuple[str, ...]
    assays: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()

    @property
    def table(self) -> TrackTable | None:
        """Descriptions such as `CTCF:K562`; None if they are not known."""
        both = zip(self.assays, self.samples, strict=True)
        return TrackTable(descriptions=tuple(f"{assay}:{sample}" for assay, sample in both)) if self.assays else None


def beside(path: Path, system: str, count: int) -> Features:
    """Those of a model file, by its authors' list beside it; by number if there is none.

    Args:
        path: of the model file.
        system: its network.
        count: how many it predicts.

    Raises:
        InputError: the list cannot be read.
        IntegrityError: it has another number of lines.
    """
    for name in _LISTS[system]:
        if (text := text_beside(path, name)) is not None:
            lines = [line for line in text.splitlines() if line.strip()]
            if len(lines) != count:
                raise disagreeing(path, name, {"lines": len(lines), "expected": count})
            return parsed(lines, system)
    return numbered(count)


def numbered(count: int) -> Features:
    """Features of which only their number is known."""
    return Features(tuple(f"feature{i}" for i in range(1, count + 1)))


def parsed(lines: Sequence[str], system: str) -> Features:
    """Those of the lines of a list."""
    plain = [_SEPARATOR.sub("|", re.sub(r"\s*_\s*", "_", line.rsplit("\t", 1)[-1].strip())) for line in lines]
    names = unique([re.sub(r"\s+", "_", line) for line in plain])
    if system == "basset":
        return Features(names, (DNASE,) * len(names), tuple(plain))
    known = {parts[1] for line in plain if len(parts := line.split("_")) == 3}
    both = [_split(line, known) for line in plain]
    return Features(names, tuple(assay for assay, _ in both), tuple(sample for _, sample in both))


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, where the second one of equal ones is followed by `-2`, the third one by `-3` and so on."""
    given, made = set(names), dict[str, None]()
    for name in names:
        new, number = name, 1
        while new in made or (number > 1 and new in given):
            number += 1
            new = f"{name}-{number}"
        made[new] = None
    return tuple(made)


def _split(line: str, known: set[str]) -> tuple[str, str]:
    """Assay and sample of a line.

    Cell types and treatments may hold `_`, too: then the assay is the first word after the first that is one in a line
    of three words, or the last but one before a treatment of None, or else the second word.
    """
    if "|" in line:
        cell, assay, *more = line.split("|")
        treatment = "" if more and more[0].startswith("ID:") else "".join(more[:1])
        return assay, _sample(cell, treatment)
    words = line.split("_")
    if len(words) < 3:
        return words[-1], words[0]
    inner = range(1, len(words) - 1)
    usual = len(words) - 2 if words[-1] in _NO_TREATMENT else 1
    at = next((place for place in inner if words[place] in known), usual)
    return words[at], _sample("_".join(words[:at]), "_".join(words[at + 1 :]))


def _sample(cell: str, treatment: str) -> str:
    return cell if treatment in _NO_TREATMENT else f"{cell} ({treatment})"

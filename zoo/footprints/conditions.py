"""What a call is about: one or several conditions, each a file of reads or a track."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.paths import user_path
from zoo.arguments import items_of, names_of
from zoo.errors import InputError
from zoo.files.atomic import atomic, write_json
from zoo.files.record import read_json
from zoo.footprints import cuts
from zoo.footprints.options import READS
from zoo.footprints.tracks import Values
from zoo.genome import names
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.prepare import kinds
from zoo.prepare.bias import Bias
from zoo.prepare.choice import chosen
from zoo.prepare.kinds import BAM
from zoo.prepare.reads import check_header
from zoo.prepare.shift import bias_of, shift_of

TN5 = (4, -5)
"""bp from a fragment's start, and from beyond its last base, to its cuts."""
SHIFTED = (0, 0)
"""The same where ends were moved by +4 and -5 bp already."""
_DROPPED = ("chrM", "chrMT", "M", "MT", "Mito")  # by TOBIAS
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")


@dataclass(frozen=True)
class Condition:
    """A file, and how it is read.

    Attributes:
        name: of the condition.
        path: the file.
        kind: of reads, see `zoo.prepare.kinds`; "bigWig" of a track.
        shift: of reads, see `zoo.footprints.cuts.read`.
        bias: what the bases around the ends of reads look like.
    """

    name: str
    path: Path
    kind: str
    shift: tuple[int, int] | None = None
    bias: Bias | None = None

    def record(self) -> dict:
        """What a record says of it."""
        said = {"name": self.name, "path": str(self.path), "sha256": sha256(self.path), "kind": self.kind}
        if self.shift is not None:
            said |= {"shift": list(self.shift), "bias": asdict(self.bias) if self.bias else None}
        return said


def open_all(
    files: object, labels: object, given: str, genome: Genome, sizes: Mapping[str, int], **choices: object
) -> list[Condition]:
    """The conditions of a call.

    Args:
        files: a path, or several.
        labels: a name for each; by default the names of the files.
        given: what they hold, see `zoo.footprints.options`.
        genome: the sequence.
        sizes: chromosome → bp of those that count.
        choices: of `_open`.

    Raises:
        InputError: no file, one of another content, or names that are not different.
        GenomeMismatch: of another assembly.
    """
    paths = [files] if isinstance(files, (str, Path)) else items_of(files)
    if not paths:
        raise InputError("There must be a file of reads, or one for each condition", received={"reads": files})
    paths = [user_path(path, "reads") for path in paths]
    labels = [path.name.split(".")[0] for path in paths] if labels is None else names_of("names", labels)
    if len(labels) != len(paths) or len(set(map(str.lower, labels))) < len(labels):
        raise InputError(
            "Conditions must have different names, one for each file",
            received={"names": labels[:5], "files": len(paths)},
            example="--names treated control",
        )
    if odd := [name for name in labels if _NAME.fullmatch(name) is None]:
        raise InputError(
            "The name of a condition must be letters, digits and _ . + -, as of a file",
            received={"name": odd[0]},
            example="--names treated control",
        )
    opener = _open if given == READS else _open_track
    return [opener(name, path, genome, sizes, **choices) for name, path in zip(labels, paths, strict=True)]


def _open(
    name: str,
    path: Path,
    genome: Genome,
    sizes: Mapping[str, int],
    shift: bool | None,
    original: bool,
    notes: list[str],
) -> Condition:
    """A file of reads. What a user should know of it is added to `notes`."""
    kind = kinds.kind_of(path, False, notes)
    if kind == BAM:
        check_header(path, sizes)
    bias = bias_of(path, kind, genome)
    if shift is None and original and kind == BAM:
        moved = TN5  # it does not look
    elif shift is None:
        moved = TN5 if shift_of(path, kind, bias, shift, None, notes) == TN5 else SHIFTED
    else:
        moved = TN5 if shift else SHIFTED
    if moved == TN5 and bias.needs_shift is False:
        notes.append(f"{path.name}: the bases around the ends of reads say that these were shifted already")
    return Condition(name, path, kind, moved, bias)


def _open_track(name: str, path: Path, genome: Genome, sizes: Mapping[str, int], **_: object) -> Condition:
    track = Signal(path)
    pairs = names.match(sizes, track.sizes)
    names.check_shared(sizes, track.sizes, "genome", str(path))
    names.check_lengths(pairs, sizes, track.sizes, "genome", str(path))
    return Condition(name, path, "bigWig")


def read(
    condition: Condition, sizes: Mapping[str, int], original: bool, part: Path
) -> tuple[dict[str, cuts.Cuts], dict]:
    """The cuts of a condition by chromosome, and what became of its records; in files, for an interrupted run."""
    index = part.with_suffix(".json")
    said = read_json(index)
    if said is not None and (kept := cuts.opened(part, said.get("cuts", {}))) is not None:
        return kept, said["reading"]
    counts, reading = cuts.read(condition.path, condition.kind, condition.shift, sizes, original, part)
    _keep_json(index, {"cuts": counts, "reading": asdict(reading)})
    return cuts.opened(part, counts), asdict(reading)


def _keep_json(path: Path, content: dict) -> None:
    with atomic(path, path.parent) as temporary:
        write_json(temporary, content)


def values_of(path: Path, sizes: Mapping[str, int]) -> Values:
    """A function of chromosome, start and end: the values of a track, (end - start,) float32; 0 where it has none."""
    track = Signal(path)
    known = names.match(sizes, track.sizes)

    def values(chrom: str, start: int, end: int) -> np.ndarray:
        if chrom not in known:
            raise InputError(
                "A track must have the chromosomes of the peaks",
                where=path,
                received={"chrom": chrom, "present": list(track.sizes)[:5]},
            )
        return track.values(known[chrom], start, end)

    return values


def chosen_chromosomes(genome: Genome, chromosomes: Sequence[str] | None, original: bool) -> dict[str, int]:
    """Chromosome → bp of those that count: the main ones, or with TOBIAS's rules all but mitochondria."""
    if original and chromosomes is None:
        return {chrom: size for chrom, size in genome.sizes.items() if chrom not in _DROPPED}
    return chosen(genome.sizes, chromosomes, genome.path)

"""Motifs from attributions: TF-MoDISco (Shrikumar et al. 2018) by modisco-lite (extra `motif`).

It runs in a process of its own, because it forks, which TensorFlow's threads do not survive:
`python -m zoo.attribution.modisco` is that process.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from zoo.arguments import is_whole
from zoo.attribution.result import Attributions
from zoo.errors import InputError, MissingExtra, ZooError
from zoo.files.atomic import atomic
from zoo.genome.encode import one_hot
from zoo.genome.motifs import read_motifs, write_motifs
from zoo.spec import BASES

NEAREST = 3  # known motifs that are reported for a pattern
_TRIM = 0.3  # positions that matter less than this fraction of the strongest are cut off a pattern's ends
_SEQUENCES, _HYPOTHETICAL = "sequences.npz", "hypothetical.npz"


@dataclass(frozen=True)
class Pattern:
    """A motif of TF-MoDISco.

    Attributes:
        name: "pos_patterns/pattern_0" and so on; within each sign those with most seqlets first.
        seqlets: how many stretches of windows it is made of.
        windows: (seqlets,) int64, which windows they lie in.
        places: (seqlets, 2) int64, where they begin and end in the part of the windows that was searched.
        reverse: (seqlets,) bool, which of them are read from the other strand.
        frequencies: (4, width) of A, C, G, T; the positions that matter.
        contributions: (4, width), their mean attributions.
        turned: whether it is the reverse complement of the one in modisco-lite's file.
        others: names of further patterns that are the same motif, and whose seqlets it has, too.
    """

    name: str
    seqlets: int
    windows: np.ndarray
    places: np.ndarray
    reverse: np.ndarray
    frequencies: np.ndarray
    contributions: np.ndarray
    turned: bool = False
    others: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The name in a table: pos_0."""
        return self.name.replace("_patterns/pattern", "")

    @property
    def consensus(self) -> str:
        """The most frequent base of each position."""
        return "".join(BASES[i] for i in self.frequencies.argmax(axis=0))


def write_inputs(found: Attributions, folder: str | Path, width: int = 400) -> tuple[Path, Path]:
    """Write what `modisco motifs -s … -a …` reads: one-hot sequences and hypothetical attributions, (n, 4, width).

    Args:
        folder: of `sequences.npz` and `hypothetical.npz`; made if it does not exist.
        width: bp in the middle of the windows.

    Raises:
        InputError: a method without hypothetical attributions, or windows that are shorter.
    """
    check(found, width)
    length, folder = found.codes.shape[1], Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    middle = slice((length - width) // 2, (length - width) // 2 + width)
    arrays = {_SEQUENCES: one_hot(found.codes[:, middle]), _HYPOTHETICAL: found.hypothetical[:, middle]}
    for name, array in arrays.items():
        with atomic(folder / name, folder) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, array.transpose(0, 2, 1).astype(np.float32))
    return folder / _SEQUENCES, folder / _HYPOTHETICAL


def check(found: Attributions, width: int) -> None:
    """Raise `InputError` for a method without hypothetical attributions, and for windows that are shorter."""
    length = found.codes.shape[1]
    if found.hypothetical is None:
        raise InputError(
            "Attributions must say what other bases would contribute, for TF-MoDISco",
            received={"method": found.method},
            example="deeplift",
        )
    if not is_whole(width) or not 50 <= width <= length:
        raise InputError(f"The width must be 50 to {length} bp", example=400, received={"width": width})


def discover(
    found: Attributions, folder: str | Path, width: int = 400, most_seqlets: int = 20_000, least_seqlets: int = 100
) -> list[Pattern]:
    """Find motifs; `patterns.h5` in the folder is in modisco-lite's own format.

    Args:
        folder: of the inputs and the result.
        width: bp in the middle of the windows that are searched (ASAP: 500).
        most_seqlets: of each sign, that are used (ASAP: 100,000).
        least_seqlets: of a sign; fewer, and it has no patterns. A pattern has a fifth of it at least.

    Raises:
        MissingExtra: modisco-lite is not installed.
        ZooError: it failed; the message has the end of its error output.
    """
    _check_installed()
    paths, folder = write_inputs(found, folder, width), Path(folder).expanduser()
    with atomic(folder / "patterns.h5", folder) as temporary:
        arguments = [*map(str, paths), str(temporary), str(width), str(most_seqlets), str(least_seqlets)]
        _run([sys.executable, "-m", "zoo.attribution.modisco", json.dumps(arguments)])
    return patterns(folder / "patterns.h5")


def patterns(path: str | Path) -> list[Pattern]:
    """Patterns of a file of modisco-lite, positive ones first. Raises `InputError` for another file."""
    try:
        with h5py.File(Path(path).expanduser(), "r") as file:
            return [
                _pattern(f"{sign}/{name}", file[sign][name])
                for sign in ("pos_patterns", "neg_patterns")
                for name in sorted(file.get(sign, ()), key=lambda name: int(name.split("_")[-1]))
            ]
    except (OSError, KeyError, ValueError, IndexError, TypeError, RuntimeError) as error:
        raise InputError(
            f"Patterns must be in a file of modisco-lite ({error})", received={"path": str(path)}
        ) from None


def write_report(path: str | Path, folder: str | Path, motifs: str | Path | None = None) -> Path:
    """Have modisco-lite write its report, `report.html`, with the nearest motifs of a MEME file.

    Raises:
        MissingExtra: modisco-lite is not installed.
    """
    _check_installed()
    folder = Path(folder).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        database = []
        if motifs is not None:
            known, whole = read_motifs(motifs), Path(scratch) / "motifs.meme"
            write_motifs(whole, known)  # modisco-lite does not read all that the format allows
            database = ["-m", str(whole), "-l", "-n", str(min(NEAREST, len(known)))]
        code = "from modiscolite.cli import cli; cli()"
        _run([sys.executable, "-c", code, "report", "-i", str(path), "-o", f"{folder}/", *database])
    return folder / "report.html"


def _pattern(name: str, group: h5py.Group) -> Pattern:
    frequencies, contributions = group["sequence"][:].T, group["contrib_scores"][:].T
    weight = np.abs(contributions).sum(axis=0)
    kept = np.flatnonzero(weight >= _TRIM * weight.max())
    kept = slice(int(kept[0]), int(kept[-1]) + 1)
    seqlets = group["seqlets"]
    return Pattern(
        name,
        int(seqlets["n_seqlets"][0]),
        seqlets["example_idx"][:].astype(np.int64),
        np.stack([seqlets["start"][:], seqlets["end"][:]], axis=1).astype(np.int64),
        seqlets["is_revcomp"][:].astype(bool),
        frequencies[:, kept],
        contributions[:, kept],
    )


def _check_installed() -> None:
    if importlib.util.find_spec("modiscolite") is None:
        raise MissingExtra("The package modisco-lite must be installed for TF-MoDISco", extra="motif")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ZooError("modisco-lite must end without an error", received={"said": " ".join(done.stderr.split()[-30:])})


def _discover(sequences: str, hypothetical: str, target: str, width: str, most: str, least: str) -> None:
    from modiscolite import io, tfmodisco

    arrays = []
    for path in (sequences, hypothetical):
        with np.load(path) as file:
            arrays.append(file["arr_0"].transpose(0, 2, 1))
    discovered = tfmodisco.TFMoDISco(
        *arrays,
        sliding_window_size=20,
        flank_size=5,
        target_seqlet_fdr=0.05,
        n_leiden_runs=2,
        max_seqlets_per_metacluster=int(most),
        min_metacluster_size=int(least) - 1,
        final_min_cluster_size=max(int(least) // 5, 1),
    )
    io.save_hdf5(target, *discovered, int(width))


if __name__ == "__main__":
    _discover(*json.loads(sys.argv[1]))

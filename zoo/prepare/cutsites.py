"""Where Tn5 cut: from fragments or reads to positions, by chromosome, on a scratch disk.

However many reads there are, memory holds a block of them; the sites are read back stretch by stretch of the genome.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from zoo.errors import GenomeMismatch, InputError
from zoo.genome import names
from zoo.prepare.coverage import BLOCK
from zoo.prepare.fragments import Fragments

LONGEST = 1000
"""bp of a fragment from which on lengths are counted together."""
TN5 = (4, -5)
"""bp from a read's 5' end, forward and reverse, to the middle of what the transposase duplicated."""
_READ = 1 << 22  # bytes
_WAITING = 1 << 21  # sites in memory
_HANDFUL, _EARLY, _THOUSANDTH, _TENTH = 10, 1000, 1000, 10  # of rows that are left out
_ODD = {
    "negative start": lambda starts, ends, size: starts < 0,
    "end at or before start": lambda starts, ends, size: (starts >= 0) & (ends <= starts),
    "end beyond the chromosome": lambda starts, ends, size: (starts >= 0) & (ends > starts) & (ends > size),
}


class CutSites:
    """Cut sites of one sample, appended and read back by chromosome.

    Args:
        folder: of the scratch disk; the caller removes it.
        sizes: chromosome → bp; sites on others are left out.

    Attributes:
        kept: sites on these chromosomes.
        by_chrom: the same by chromosome.
        others: sites on other sequences, by their names in the file.
        lengths: fragments on these chromosomes by their length, (1001,) int64; the last those of 1,000 bp or more.
        odd: rows on these chromosomes that are no interval on them, by what is wrong; they are left out.
        first_odd: the first of them, in words.
    """

    def __init__(self, folder: Path, sizes: Mapping[str, int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.sizes = folder, dict(sizes)
        self._begins = _layout(self.sizes)
        self._clear()

    def _clear(self) -> None:
        self._names: dict[str, str | None] = {}
        self._meant: dict[str, str] = {}
        self._waiting: dict[int, list[np.ndarray]] = {}
        self._count = 0
        self._last: tuple[int, np.ndarray] | None = None
        self.by_chrom = dict.fromkeys(self.sizes, 0)
        self.others: dict[str, int] = {}
        self.lengths = np.zeros(LONGEST + 1, np.int64)
        self.odd = dict.fromkeys(_ODD, 0)
        self.first_odd: str | None = None

    @property
    def kept(self) -> int:
        """Sites on these chromosomes."""
        return sum(self.by_chrom.values())

    @property
    def elsewhere(self) -> int:
        """Sites on other sequences."""
        return sum(self.others.values())

    def add(self, chrom: str, positions: np.ndarray) -> None:
        """Append sites (n,) of a chromosome, by its name in the reads' file; those beyond its ends lie at its ends."""
        name = self._name(chrom)
        if name is None or not len(positions):
            if len(positions):
                self.others[chrom] = self.others.get(chrom, 0) + len(positions)
            return
        places = np.clip(positions, 0, self.sizes[name] - 1) + self._begins[name]
        slabs = places // BLOCK
        if slabs.min() != slabs.max():
            order = np.argsort(slabs, kind="stable")
            places, slabs = places[order], slabs[order]
        inside = (places % BLOCK).astype(np.int32)
        heads = np.flatnonzero(np.diff(slabs, prepend=-1))
        for slab, part in zip(slabs[heads].tolist(), np.split(inside, heads[1:]), strict=True):
            self._waiting.setdefault(slab, []).append(part)
        self.by_chrom[name] += len(positions)
        self._count += len(positions)
        if self._count >= _WAITING:
            self.flush()

    def add_fragments(self, block: Fragments, shift: tuple[int, int]) -> None:
        """Append both ends of fragments, the 5' ends of reads; the last base of one is `end - 1`.

        Rows that are no interval on their chromosome are left out and counted in `odd`; see `check_odd`.

        Args:
            block: of one chromosome.
            shift: bp from the first and from beyond the last base to the site: (0, -1) for fragments that were
                shifted already, as 10x has them, and `TN5` for others.
        """
        name = self._name(block.chrom)
        if name is not None:
            block = self._sound(block, self.sizes[name])
            if block.forward is None:
                self.add_lengths(block.chrom, block.ends - block.starts)
        starts, ends = block.cuts()
        self.add(block.chrom, np.concatenate([starts + shift[0], ends + shift[1]]))

    def sound(self, block: Fragments) -> Fragments:
        """Those rows of a chromosome's fragments that are an interval on it; the others are counted in `odd`."""
        name = self._name(block.chrom)
        return block if name is None else self._sound(block, self.sizes[name])

    def add_lengths(self, chrom: str, lengths: np.ndarray) -> None:
        """Count fragments of a chromosome by their lengths (n,), bp."""
        if self._name(chrom) is not None:
            self.lengths += np.bincount(np.minimum(lengths, LONGEST), minlength=LONGEST + 1)

    def counts(self, chrom: str) -> Iterator[tuple[int, np.ndarray]]:
        """(first base, cuts at it and those after it (n,) int64) of stretches that cover a chromosome, in order."""
        self.flush()
        for first in range(0, self.sizes[chrom], BLOCK):
            slab, within = divmod(self._begins[chrom] + first, BLOCK)
            yield first, self._slab(slab)[within : within + min(BLOCK, self.sizes[chrom] - first)].copy()

    def flush(self) -> None:
        """Write what waits in memory."""
        if not self._waiting:
            return
        for slab, parts in self._waiting.items():
            with open(self._path(slab), "ab") as file:
                file.write(np.concatenate(parts).tobytes())
        self._waiting, self._count, self._last = {}, 0, None

    def state(self) -> dict:
        """All that `restore` needs, as a JSON object; the sites are on the disk."""
        self.flush()
        return {
            "names": self._names,
            "by_chrom": {chrom: count for chrom, count in self.by_chrom.items() if count},
            "others": self.others,
            "lengths": self.lengths.tolist(),
            "odd": self.odd,
            "first_odd": self.first_odd,
            "bytes": {path.name: path.stat().st_size for path in self._folder.iterdir()},
        }

    def restore(self, state: Mapping | None) -> bool:
        """Go back to a state, or to none; False, and none, if the disk does not have what it needs."""
        self._clear()
        sizes = {path.name: path.stat().st_size for path in self._folder.iterdir()}
        if state is None or any(sizes.get(name, -1) < size for name, size in state["bytes"].items()):
            shutil.rmtree(self._folder)
            self._folder.mkdir()
            return state is None
        for name in sizes:
            if name in state["bytes"]:
                with open(self._folder / name, "r+b") as file:
                    file.truncate(state["bytes"][name])
            else:
                (self._folder / name).unlink()
        self._names = dict(state["names"])
        self._meant = {meant: known for known, meant in self._names.items() if meant is not None}
        self.by_chrom |= state["by_chrom"]
        self.others, self.lengths = dict(state["others"]), np.array(state["lengths"], np.int64)
        self.odd, self.first_odd = dict(state["odd"]), state["first_odd"]
        return True

    def _sound(self, block: Fragments, size: int) -> Fragments:
        """Those that are an interval on their chromosome; the others are counted."""
        good = (block.starts >= 0) & (block.ends > block.starts) & (block.ends <= size)
        if good.all():
            return block
        for what, is_odd in _ODD.items():
            self.odd[what] += int(is_odd(block.starts, block.ends, size).sum())
        if self.first_odd is None:
            row = int(np.argmin(good))
            number = f"row {block.rows[row]}" if len(block.rows) else "a row"
            place = f"{block.chrom} {block.starts[row]} {block.ends[row]}"
            self.first_odd = f"{number} ({place}; {block.chrom} has {size} bp)"
        return block.among(good)

    def _slab(self, slab: int) -> np.ndarray:
        """Cuts at the bases of a stretch of the layout, (BLOCK,) int64."""
        if self._last is None or self._last[0] != slab:
            counts = np.zeros(BLOCK, np.int64)
            path = self._path(slab)
            if path.is_file():
                with open(path, "rb") as file:
                    while data := file.read(_READ):
                        part = np.bincount(np.frombuffer(data, np.int32))
                        counts[: len(part)] += part
            self._last = slab, counts
        return self._last[1]

    def _path(self, slab: int) -> Path:
        return self._folder / str(slab)

    def _name(self, chrom: str) -> str | None:
        """A chromosome by the name that `sizes` has, or None if it has none of it."""
        if chrom not in self._names:
            name = names.find(chrom, self.sizes)
            if name is not None and self._meant.setdefault(name, chrom) != chrom:
                raise InputError(
                    "A file of reads must call a chromosome by one name",
                    received={"names": (self._meant[name], chrom)},
                )
            self._names[chrom] = name
        return self._names[chrom]


def check_odd(sites: Iterable[CutSites], where: object, rows: int, early: bool = False) -> None:
    """Check rows that are no interval on their chromosome: a handful of `rows` is left out, many are a mistake.

    Args:
        sites: all samples of a file.
        where: the file.
        rows: how many it has, or had up to here.
        early: whether there are more to come; then only what can no longer be a handful is refused.

    Raises:
        GenomeMismatch: most of them end beyond their chromosome; InputError: they do not.
    """
    total = {what: sum(sample.odd[what] for sample in sites) for what in _ODD}
    odd, allowed = sum(total.values()), min(max(_HANDFUL, rows // _THOUSANDTH), rows // _TENTH)
    if odd <= (max(_EARLY, rows // _TENTH) if early else allowed):
        return
    first = next(sample.first_odd for sample in sites if sample.first_odd)
    received = {"rows": rows, "odd": {what: count for what, count in total.items() if count}}
    if 2 * total["end beyond the chromosome"] > odd:
        raise GenomeMismatch(
            "Reads and genome must be of one assembly: too many rows end beyond their chromosome",
            where=f"{where}, {first}",
            received=received,
            hint="Give the genome that the reads were aligned to",
        )
    raise InputError(
        "A row of reads must be 0-based and half-open, 0 <= start < end", where=f"{where}, {first}", received=received
    )


def _layout(sizes: Mapping[str, int]) -> dict[str, int]:
    """Where chromosomes begin when they are laid one after the other; none begins or ends within two stretches.

    A chromosome shares a stretch of `BLOCK` bases with others only if it lies in it as a whole, or with its last part.
    """
    begins, at = {}, 0
    for chrom, size in sizes.items():
        if at % BLOCK and at % BLOCK + size > BLOCK:
            at += BLOCK - at % BLOCK
        begins[chrom] = at
        at += size
    return begins

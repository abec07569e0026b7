"""Reading a sample into cut sites, and going on where an interrupted run stopped."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from zoo.errors import InputError
from zoo.files.atomic import atomic, write_json
from zoo.files.record import read_json
from zoo.prepare import fragments, reads
from zoo.prepare.cells import by_cluster
from zoo.prepare.cutsites import CutSites, check_odd
from zoo.prepare.kinds import BAM

EVERY_S = 5.0
"""Seconds of reading between two positions that a rerun can go on from."""


@dataclass(frozen=True)
class ReadSource:
    """A file of reads, and which of them count.

    Attributes:
        path: the file.
        kind: what it holds, see `zoo.prepare.kinds`.
        wanted: which reads count.
        keep_duplicates: of BAM reads.
        threads: of samtools.
    """

    path: Path
    kind: str
    wanted: reads.Wanted
    keep_duplicates: bool
    threads: int


@dataclass
class Found:
    """Read counts and barcodes of a file, besides the sites.

    Attributes:
        rows: of a text.
        left_out_pairs: pairs of reads of which one is missing or on another chromosome.
        filters: of a BAM file, else None.
        example: a barcode of the file.
        seen: the wanted barcodes among those of the file.
    """

    rows: int = 0
    left_out_pairs: int = 0
    filters: reads.Filters | None = None
    example: str | None = None
    seen: set[str] = field(default_factory=set)


class Checkpoint:
    """Where reading stands, on the disk.

    Args:
        path: of a JSON file.
        sites: the sites that belong to it, by cluster.
    """

    def __init__(self, path: Path, sites: Mapping[str, CutSites]) -> None:
        self._path, self._sites, self._saved = path, sites, time.monotonic()

    def load(self) -> tuple[Found, object, bool]:
        """(tally, position, whether all was read) of the last one; the sites are as they were then."""
        content = read_json(self._path)
        states = content["sites"] if content else dict.fromkeys(self._sites)
        whole = [sites.restore(states[name]) for name, sites in self._sites.items()]
        if content is None or "seen" not in content or not all(whole):
            for sites in self._sites.values():
                sites.restore(None)
            return Found(), None, False
        filters = reads.Filters(**content["filters"]) if content["filters"] else None
        tally = Found(content["rows"], content["left_out_pairs"], filters, content["example"], set(content["seen"]))
        return tally, content["position"], content["done"]

    def save(self, found: Found, position: object, done: bool = False) -> None:
        """Write one, if the last was a while ago or reading is done."""
        if not done and time.monotonic() - self._saved < EVERY_S:
            return
        states = {name: sites.state() for name, sites in self._sites.items()}
        with atomic(self._path, self._path.parent) as temporary:
            content = {**asdict(found), "seen": sorted(found.seen), "position": position, "done": done, "sites": states}
            write_json(temporary, content)
        self._saved = time.monotonic()


def read_sites(source: ReadSource, sites: Mapping[str, CutSites], part: Callable[[str], Path]) -> Found:
    """Add the cuts of a file to the sites of its clusters, or those that an interrupted run did not.

    Args:
        source: the file.
        sites: by cluster; "" without clusters.
        part: name → path of a file that is kept if the run is interrupted.

    Raises:
        InputError: files that cannot be used, or clusters without a cut; GenomeMismatch: of another assembly.
    """
    checkpoint = Checkpoint(part("reading.json"), sites)
    tally, position, done = checkpoint.load()
    if not done:
        if source.kind == BAM:
            _add_alignments(source, sites, part, checkpoint, tally, position)
        else:
            _add_rows(source, sites, checkpoint, tally, position)
        checkpoint.save(tally, None, done=True)
    _check(source, sites, tally)
    return tally


def _add_rows(
    source: ReadSource, sites: Mapping[str, CutSites], checkpoint: Checkpoint, tally: Found, position: object
) -> None:
    groups, wanted = source.wanted.groups, source.wanted
    at = tuple(position) if position else (0, 0)
    for block in fragments.blocks(source.path, groups is not None, source.kind, at):
        for part in block.parts:
            if groups is not None:
                tally.example = str(part.barcodes[0])
            for name, mine in [("", part)] if groups is None else by_cluster(part, groups, tally.seen):
                sites[name].add_fragments(mine, wanted.shift)
        tally.rows, tally.left_out_pairs = block.position[1], tally.left_out_pairs + block.left_out
        check_odd(sites.values(), source.path, tally.rows, early=True)
        checkpoint.save(tally, block.position)


def _add_alignments(
    source: ReadSource,
    sites: Mapping[str, CutSites],
    part: Callable[[str], Path],
    checkpoint: Checkpoint,
    tally: Found,
    position: object,
) -> None:
    counted = part("counted.json")
    if (counts := read_json(counted)) is None:
        counts = asdict(reads.count(source.path))
        with atomic(counted, counted.parent) as temporary:
            write_json(temporary, counts)
    folder, path = part("duplicates"), source.path
    if not source.keep_duplicates and counts["reads"]:
        path = reads.without_duplicates(path, folder, source.wanted.groups is not None, source.threads)
    if tally.filters is None:
        tally.filters = reads.Filters(**counts)
        tally.filters.duplicates = tally.filters.reads
    reads.add_bam(
        path,
        sites,
        source.wanted,
        tally.filters,
        position,
        lambda position: checkpoint.save(tally, position),
        tally.seen,
    )


def _check(source: ReadSource, sites: Mapping[str, CutSites], tally: Found) -> None:
    """Raise `InputError` for odd rows that are many, filters that leave nothing, or a sample without a cut."""
    if tally.filters is not None:
        reads.check_kept(source.path, tally.filters)
    check_odd(sites.values(), source.path, tally.rows)
    if empty := [name for name, cuts in sites.items() if not cuts.kept]:
        others = sum(cuts.elsewhere for cuts in sites.values())
        received = {"cuts elsewhere": others, "chromosomes": list(next(iter(sites.values())).sizes)[:5]}
        if (groups := source.wanted.groups) is not None:
            received |= {"without any": empty[:5]}
            if not others:
                raise InputError(
                    "The barcodes of every cluster must be among those of the reads",
                    where=source.path,
                    received={**received, "in the list": next(iter(groups)), "in the file": tally.example},
                )
        raise InputError(
            "The reads of every sample must lie on the chosen chromosomes", where=source.path, received=received
        )

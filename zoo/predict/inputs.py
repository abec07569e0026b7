"""The files of a prediction, opened, matched with one another and looked over before the work begins."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from zoo.errors import GenomeMismatch, InputError, ZooWarning
from zoo.genome import bed, doctor, names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.spec import ModelSpec

_AUTOSOMES = tuple(f"chr{number}" for number in range(1, 23))


@dataclass(frozen=True)
class Inputs:
    """Genome, signal and where on them to work.

    Attributes:
        signal: None for a model of DNA alone.
        chromosomes: name in the genome -> name in the signal (or once more in the genome), in the order of the work.
        regions: what was asked for, or None for whole chromosomes.
        blacklist: what to leave out.
    """

    genome: Genome
    signal: Signal | None
    chromosomes: Mapping[str, str]
    regions: list[Interval] | None
    blacklist: list[Interval]

    def tracks(self) -> dict[str, Path]:
        """Genome, and signal if there is one."""
        return {"genome": self.genome.path} | ({"signal": self.signal.path} if self.signal else {})

    def identity(self) -> dict[str, dict[str, object]]:
        """What the genome's and the signal's numbers depend on, by `genome` and `signal`."""
        opened = {"genome": self.genome, "signal": self.signal}
        return {what: item.identity() for what, item in opened.items() if item is not None}

    def within(self, regions: list[Interval]) -> "Inputs":
        """The same, but only regions, which lie on chromosomes of the work by the name that genome or signal has."""
        found = bed.regions(regions, self.genome.sizes)
        used = {region.chrom for region in found}
        chosen = {chrom: name for chrom, name in self.chromosomes.items() if chrom in used}
        return replace(self, regions=found, chromosomes=chosen)

    @property
    def lengths(self) -> dict[str, int]:
        """Chromosome -> bp, in the order of the work."""
        return {chrom: self.genome.sizes[chrom] for chrom in self.chromosomes}

    @classmethod
    def open(
        cls,
        spec: ModelSpec,
        genome: Genome | str | Path | None,
        signal: Signal | str | Path | None,
        regions: object = None,
        chromosomes: Sequence[str] | str | None = None,
        blacklist: object = None,
        compat: str | None = None,
    ) -> "Inputs":
        """Open and match everything. Raises `InputError` or `GenomeMismatch` naming what does not fit."""
        genome, signal = _open(spec, genome, signal)
        what, other_what = f"genome {genome.path}", f"signal {signal and signal.path}"
        shared = {chrom: chrom for chrom in genome.sizes}
        if signal is not None:
            shared = names.check_shared(genome.sizes, signal.sizes, what, other_what)
        found = bed.regions(regions, genome.sizes) if regions is not None else None
        unwanted = _blacklist(blacklist, genome)
        if isinstance(blacklist, (str, Path)):
            for finding in doctor.of_blacklist(blacklist, genome):
                _warn(blacklist, finding)
        chosen = _choose(genome, signal, shared, chromosomes, found, compat)
        if found is not None:
            found = [region for region in found if region.chrom in chosen]
        if signal is not None:
            names.check_lengths(chosen, genome.sizes, signal.sizes, what, other_what)
            for finding in doctor.of_signal(signal, list(chosen.values()), spec.input.signal):
                _warn(signal.path, finding)
        return cls(genome, signal, chosen, found, unwanted)


def _open(
    spec: ModelSpec, genome: Genome | str | Path | None, signal: Signal | str | Path | None
) -> tuple[Genome, Signal | None]:
    """The genome, and the signal if the model reads one."""
    alone = spec.input.signal is None
    reads = "a genome (.2bit) and no signal" if alone else "a genome (.2bit) and a signal (.bw)"
    example = 'genome="hg38.2bit"' if alone else 'genome="hg38.2bit", signal="atac.bw"'
    for what, value, kinds in (
        ("genome", genome, (Genome, str, Path)),
        ("signal", signal, type(None) if alone else (Signal, str, Path)),
    ):
        if not isinstance(value, kinds):
            raise InputError(
                f"{spec.name} reads {reads}",
                example=f'predict({example}, output="out/scores")',
                received={what: value},
            )
    genome = genome if isinstance(genome, Genome) else Genome(genome)
    if alone or isinstance(signal, Signal):
        return genome, signal
    return genome, Signal(signal, fill=spec.input.signal.fill)


def _choose(
    genome: Genome,
    signal: Signal | None,
    shared: Mapping[str, str],
    asked: Sequence[str] | str | None,
    regions: list[Interval] | None,
    compat: str | None,
) -> dict[str, str]:
    """The chromosomes to work on: those asked for, those of the regions, else the main ones of genome and signal."""
    if asked is not None:
        wanted = [_asked(chrom, genome) for chrom in ([asked] if isinstance(asked, str) else asked)]
        if regions is not None:
            wanted = [chrom for chrom in wanted if any(region.chrom == chrom for region in regions)]
    elif regions is not None:
        wanted = [region.chrom for region in regions]
    elif compat == "maxatac":
        wanted = list(names.match(_AUTOSOMES, shared).values())
    else:
        wanted = names.main_chromosomes(list(shared))
    if not wanted:
        raise InputError("There is a chromosome to predict", received={"chromosomes": asked, "in both": list(shared)})
    if missing := sorted(set(wanted) - set(shared), key=natural):
        raise InputError(
            "The signal has the chromosomes to be predicted",
            where=signal.path,
            received={"missing": missing[:5], "present": list(signal.sizes)[:5]},
        )
    return {chrom: shared[chrom] for chrom in sorted(set(wanted), key=natural)}


def _warn(path: str | Path, finding: doctor.Finding) -> None:
    if finding.status != doctor.OK:
        warnings.warn(f"{path}: {finding}", ZooWarning, stacklevel=5)  # of whoever called `predict`


def _asked(chrom: str, genome: Genome) -> str:
    found = names.find(chrom, genome.sizes) if isinstance(chrom, str) else None
    if found is None:
        raise InputError(
            "The genome has the chromosomes to be predicted",
            where=genome.path,
            received={"missing": chrom, "present": list(genome.sizes)[:5]},
        )
    return found


def _blacklist(value: object, genome: Genome) -> list[Interval]:
    """Blacklisted intervals on the genome's chromosomes; those of other chromosomes do not matter."""
    if value is None:
        return []
    path = isinstance(value, (str, Path))
    intervals = bed.read_blacklist(value) if path else list(bed.intervals(value, genome.sizes))
    renamed = ((names.find(item.chrom, genome.sizes), item) for item in intervals)
    here = [Interval(chrom, item.start, item.end) for chrom, item in renamed if chrom is not None]
    if intervals and not here:
        raise GenomeMismatch(
            "Blacklist and genome have chromosomes in common",
            received={"blacklist": sorted({item.chrom for item in intervals})[:5], "genome": list(genome.sizes)[:5]},
        )
    return here


def natural(chrom: str) -> list[tuple[int, int | str]]:
    """Sort key that puts chr2 before chr10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", chrom) if part]

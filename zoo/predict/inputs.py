"""The files of a prediction, opened, matched with one another and looked over before the work begins."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from registry.paths import user_path
from zoo.arguments import names_of
from zoo.errors import GenomeMismatch, InputError, warn
from zoo.genome import bed, doctor, names
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.spec import ModelSpec


@dataclass(frozen=True)
class Inputs:
    """Genome, signal and where on them to work.

    Attributes:
        signal: None for a model of DNA alone.
        chromosomes: name in the genome -> name in the signal (or once more in the genome), in the order of the work.
        regions: what was asked for, or None for whole chromosomes.
        blacklist: what to leave out.
        absent: main chromosomes of the genome that are left out because the signal lacks them.
        elsewhere: how many regions are left out because they lie on other chromosomes than those asked for.
    """

    genome: Genome
    signal: Signal | None
    chromosomes: Mapping[str, str]
    regions: list[Interval] | None
    blacklist: list[Interval]
    absent: tuple[str, ...] = ()
    elsewhere: int = 0

    def tell(self) -> None:
        """Warn of what is left out, and of a genome that hardly has bases, if whole chromosomes are predicted."""
        for finding in () if self.regions is not None else doctor.of_genome(self.genome):
            _tell(self.genome.path, finding)
        if self.absent:
            warn(
                f"{self.signal.path}: the signal lacks {len(self.absent)} main chromosomes of the genome, "
                f"which are left out: {names.some(self.absent)}"
            )
        if self.elsewhere:
            warn(f"{self.elsewhere:,} regions are left out: they lie on other chromosomes than those asked for")

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
        for finding in doctor.of_model(spec.name, spec.input.genome, genome):
            _tell(genome.path, finding)
        what, other_what = f"genome {genome.path}", f"signal {signal and signal.path}"
        shared = {chrom: chrom for chrom in genome.sizes}
        if signal is not None:
            shared = names.check_shared(genome.sizes, signal.sizes, what, other_what)
        found = bed.regions(regions, genome.sizes) if regions is not None else None
        unwanted = _blacklist(blacklist, genome)
        chosen, absent = _choose(genome, signal, shared, chromosomes, found, compat)
        here = None if found is None else [region for region in found if region.chrom in chosen]
        if signal is not None:
            names.check_lengths(chosen, genome.sizes, signal.sizes, what, other_what)
            for finding in doctor.of_signal(signal, list(chosen.values()), spec.input.signal):
                _tell(signal.path, finding)
        return cls(genome, signal, chosen, here, unwanted, absent, 0 if found is None else len(found) - len(here))


def _open(
    spec: ModelSpec, genome: Genome | str | Path | None, signal: Signal | str | Path | None
) -> tuple[Genome, Signal | None]:
    """The genome, and the signal if the model reads one."""
    alone = spec.input.signal is None
    if not isinstance(genome, (Genome, str, Path)):
        raise InputError(
            "The genome must be given as a .2bit file", example='genome="hg38.2bit"', received={"genome": genome}
        )
    if alone and signal is not None:
        raise InputError(
            f"The signal must be left out: {spec.name} reads DNA alone", received={"signal": _shown(signal)}
        )
    if not alone and not isinstance(signal, (Signal, str, Path)):
        raise InputError(
            f"The signal must be given as a .bw file: {spec.name} reads a genome and a signal",
            example='signal="atac.bw"',
            received={"signal": signal},
            hint="`zoo prepare` makes a track of a BAM or fragments file",
        )
    genome = genome if isinstance(genome, Genome) else Genome(user_path(genome, "genome"))
    if alone or isinstance(signal, Signal):
        return genome, signal
    return genome, Signal(user_path(signal, "signal"), fill=spec.input.signal.fill)


def _shown(value: object) -> str:
    return str(getattr(value, "path", value))


def _choose(
    genome: Genome,
    signal: Signal | None,
    shared: Mapping[str, str],
    asked: Sequence[str] | str | None,
    regions: list[Interval] | None,
    compat: str | None,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The chromosomes to work on: those asked for, those of the regions, else the main ones of genome and signal.

    Returns:
        Name in the genome → name in the signal; and the main ones that the signal lacks.
    """
    absent: tuple[str, ...] = ()
    if asked is not None:
        wanted = [_asked(chrom, genome) for chrom in names_of("chromosomes", asked)]
        if regions is not None:
            _check_regions_on(wanted, regions)
    elif regions is not None:
        wanted = [region.chrom for region in regions]
    else:
        main = list(names.match(names.AUTOSOMES, genome.sizes).values()) if compat == "maxatac" else None
        main = names.main_chromosomes(list(genome.sizes)) if main is None else main
        wanted = [chrom for chrom in main if chrom in shared]
        absent = tuple(chrom for chrom in sorted(main, key=natural) if chrom not in shared)
    if not wanted:
        raise InputError(
            "There must be a chromosome to predict: a main one that genome and signal have, or one that is named",
            received={"chromosomes": asked, "compat": compat, "in both": list(shared)[:5]},
            hint="Name chromosomes or regions",
        )
    if missing := sorted(set(wanted) - set(shared), key=natural):
        raise InputError(
            "The signal must have the chromosomes to be predicted",
            where=signal.path,
            received={"missing": missing[:5], "present": list(signal.sizes)[:5]},
        )
    return {chrom: shared[chrom] for chrom in sorted(set(wanted), key=natural)}, absent


def _check_regions_on(chromosomes: Sequence[str], regions: Sequence[Interval]) -> None:
    """Raise `InputError` for a chromosome that is asked for and holds no region: it would have no effect."""
    held = {region.chrom for region in regions}
    if idle := [chrom for chrom in chromosomes if chrom not in held]:
        raise InputError(
            "Each of the chromosomes must hold a region, if regions and chromosomes are given together",
            received={"chromosomes": idle[:5], "regions on": sorted(held, key=natural)[:5]},
        )


def _tell(path: str | Path, finding: doctor.Finding, refuse: bool = False) -> None:
    """Warn of a finding that is not as it should be; raise `GenomeMismatch` for an error, if it is to be refused."""
    if refuse and finding.status == doctor.ERROR:
        raise GenomeMismatch(
            f"The {finding.about} must be of the genome's assembly: {finding.said}",
            where=path,
            hint=finding.hint.rstrip("."),
        )
    if finding.status != doctor.OK:
        warn(f"{path}: {finding}")


def _asked(chrom: str, genome: Genome) -> str:
    found = names.find(chrom, genome.sizes) if isinstance(chrom, str) else None
    if found is None:
        raise InputError(
            "The genome must have the chromosomes to be predicted",
            where=genome.path,
            received={"missing": chrom, "present": list(genome.sizes)[:5]},
        )
    return found


def _blacklist(value: object, genome: Genome) -> list[Interval]:
    """Blacklisted intervals on the genome's chromosomes; those of other chromosomes do not matter."""
    if value is None:
        return []
    if isinstance(value, (str, Path)):
        value = user_path(value, "blacklist")
        intervals = bed.read_blacklist(value)
        for finding in doctor.of_blacklist(value, genome):
            _tell(value, finding, refuse=True)
    else:
        intervals = list(bed.intervals(value, genome.sizes))
    here, absent = bed.placed(intervals, genome.sizes)
    if intervals and not here:
        raise GenomeMismatch(
            "Blacklist and genome must have chromosomes in common",
            received={"blacklist": sorted(absent)[:5], "genome": list(genome.sizes)[:5]},
        )
    return here


def natural(chrom: str) -> list[tuple[int, int | str]]:
    """Sort key that puts chr2 before chr10."""
    parts = enumerate(re.split(r"([0-9]{1,18})", chrom))  # text and numbers take turns
    return [(0, int(part)) if place % 2 else (1, part) for place, part in parts if part]

"""The files of a prediction, opened, matched with one another and looked over before the work begins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from registry.paths import user_path
from zoo.arguments import names_of, number, refuse_together
from zoo.errors import GenomeMismatch, InputError, warn
from zoo.genome import bed, doctor, names, recipes
from zoo.genome import genes as of_genes
from zoo.genome.interval import Interval
from zoo.genome.remote import is_address
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.genome.spans import beyond, merge, placed
from zoo.inputs.reader import Covariate, WindowReader
from zoo.inputs.tracks import Counted, Derived, NoTrack, Track
from zoo.spec import CovariateSpec, ModelSpec, OutputSpec, TrackSpec


@dataclass(frozen=True)
class Inputs:
    """Genome, tracks and where on them to work.

    Attributes:
        genome: the sequence.
        signals: the tracks that were given, by the names that the model has for them.
        reader: of windows, with the tracks and covariates that the network reads.
        chromosomes: by the genome's names, in the order of the work.
        regions: what was asked for, or None for whole chromosomes.
        blacklist: what to leave out.
        absent: main chromosomes of the genome that are left out, by the name of the track that lacks them.
        elsewhere: how many regions are left out because they lie on other chromosomes than those asked for.
    """

    genome: Genome
    signals: Mapping[str, Signal]
    reader: WindowReader
    chromosomes: tuple[str, ...]
    regions: list[Interval] | None
    blacklist: list[Interval]
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    elsewhere: int = 0

    def tell(self) -> None:
        """Warn of what is left out, and of a genome that hardly has bases, if whole chromosomes are predicted."""
        for finding in () if self.regions is not None else doctor.of_genome(self.genome):
            _tell(self.genome.path, finding)
        for name, missing in self.absent.items():
            warn(
                f"{self.signals[name].path}: the {_called(name)} lacks {len(missing)} main chromosomes of the genome, "
                f"which are left out: {names.some(missing)}"
            )
        if self.elsewhere:
            warn(f"{self.elsewhere:,} regions are left out: they lie on other chromosomes than those asked for")

    @property
    def files(self) -> tuple[object, ...]:
        """The genome and the tracks that were given."""
        return (self.genome, *self.signals.values())

    def paths(self) -> dict[str, Path]:
        """Of the genome, and of each track that was given."""
        return {"genome": self.genome.path} | {name: signal.path for name, signal in self.signals.items()}

    def identity(self) -> dict[str, object]:
        """What the numbers of genome, tracks and covariates depend on, by their names."""
        opened = {"genome": self.genome, **self.signals}
        covariates = {item.name: item.identity() for item in self.reader.covariates}
        return {what: item.identity() for what, item in opened.items()} | (
            {"covariates": covariates} if covariates else {}
        )

    def within(self, regions: list[Interval]) -> "Inputs":
        """The same, but only regions, which lie on chromosomes of the work by any of the common names."""
        found = bed.regions(regions, self.genome.sizes)
        used = {region.chrom for region in found}
        return replace(self, regions=found, chromosomes=tuple(item for item in self.chromosomes if item in used))

    def all_chromosomes(self) -> "Inputs":
        """The same on every chromosome that genome and tracks share: variants lie on any of them."""
        return replace(self, chromosomes=tuple(_shared(self.genome, self.reader.measured)))

    @property
    def sample(self) -> Track | None:
        """The track of the user's sample, if there is exactly one."""
        found = [
            track
            for track in self.reader.measured
            if track.spec.origin == "sample" and track not in self.reader.controls
        ]
        return found[0] if len(found) == 1 else None

    @property
    def lengths(self) -> dict[str, int]:
        """Chromosome -> bp, in the order of the work."""
        return {chrom: self.genome.sizes[chrom] for chrom in self.chromosomes}

    @property
    def alike(self) -> frozenset[str]:
        """The chromosomes of the work that have one length in the genome and in every track."""
        return frozenset(
            chrom
            for chrom, length in self.lengths.items()
            if all(track.signal.sizes[track.names[chrom]] == length for track in self.reader.measured)
        )

    @classmethod
    def open(
        cls,
        spec: ModelSpec,
        genome: Genome | str | Path | None,
        signal: object,
        regions: object = None,
        chromosomes: Sequence[str] | str | None = None,
        blacklist: object = None,
        compat: str | None = None,
        covariates: Mapping[str, object] | None = None,
    ) -> "Inputs":
        """Open and match everything. Raises `InputError` or `GenomeMismatch` naming what does not fit."""
        genome = open_genome(genome)
        tracks = _tracks(spec, genome, signal)
        for finding in doctor.of_model(spec.name, _trained_on(spec, genome), genome):
            _tell(genome.path, finding)
        shared = _shared(genome, tracks)
        found = bed.regions(regions, genome.sizes) if regions is not None else None
        unwanted = _blacklist(blacklist, genome)
        chosen, absent = _choose(genome, tracks, shared, chromosomes, found, compat)
        here = None if found is None else [region for region in found if region.chrom in chosen]
        for track in tracks:
            pairs = {chrom: track.names[chrom] for chrom in chosen}
            names.check_lengths(pairs, genome.sizes, track.signal.sizes, *_sides(genome, track))
            if track.spec.origin == "sample":
                for finding in doctor.of_signal(track.signal, list(pairs.values()), track.spec):
                    _tell(track.signal.path, finding)
        together = {track.spec.name: (track.signal, [track.names[chrom] for chrom in chosen]) for track in tracks}
        for finding in doctor.of_scales(together):
            _tell(together[finding.about][0].path, finding)
        reader = WindowReader(
            genome, _read(spec, tracks), _covariates(spec, covariates, genome), _controls(spec, tracks)
        )
        signals = {track.spec.name: track.signal for track in tracks}
        return cls(
            genome, signals, reader, chosen, here, unwanted, absent, 0 if found is None else len(found) - len(here)
        )


def check_species(spec: ModelSpec, head: OutputSpec, genome: Genome) -> None:
    """Raise `InputError` for a head of another species than the genome's, if the model has one of that species."""
    trained = {each.name: each.genome or spec.input.genome for each in spec.outputs}
    own, build = head.genome or spec.input.genome, names.assembly(genome.sizes)
    fitting = [] if build is None else [name for name, other in trained.items() if names.same_species(build, other)]
    if fitting and not names.same_species(build, own):
        raise InputError(
            "The head must be that of the genome's species",
            example=f'head="{fitting[0]}"',
            received={"head": head.name, "trained on": own, "genome": build},
            where=genome.path,
        )


def _trained_on(spec: ModelSpec, genome: Genome) -> str:
    """The assembly that a model was trained on; of several species that of the genome's."""
    trained, build = [head.genome for head in spec.outputs if head.genome], names.assembly(genome.sizes)
    return next((each for each in trained if build and names.same_species(build, each)), spec.input.genome)


def open_genome(genome: object) -> Genome:
    """A genome that is given as one or by its path. Raises `InputError` for anything else."""
    if not isinstance(genome, (Genome, str, Path)):
        raise InputError(
            "The genome must be given as a .2bit or FASTA file",
            example='genome="hg38.2bit"',
            received={"genome": genome},
        )
    return genome if isinstance(genome, Genome) else Genome(user_path(genome, "genome"))


def named_regions(regions: object, genes: object, flank: object, genome: object) -> object:
    """Regions that may name genes of an annotation as intervals, see `zoo.genome.genes.of_names`; others stay.

    Args:
        regions: as for `of_names`, and so are
        genes: the annotation, and
        flank: bp.
        genome: as for `open_genome`, or a track whose chromosomes count instead.
    """
    if genes is None and flank is None:
        return regions
    return of_genes.of_names(regions, genes, flank, _sizes(genome))


def named_intervals(regions: object, genes: object, flank: object, genome: object) -> object:
    """The same where regions have to be a file or intervals: with names of genes all of them are intervals."""
    found = named_regions(regions, genes, flank, genome)
    return regions if found is regions else bed.regions(found, _sizes(genome))


def _sizes(genome: object) -> Mapping[str, int]:
    """Chromosome -> bp of a genome, or of an open track."""
    sizes = getattr(genome, "sizes", None)
    return open_genome(genome).sizes if sizes is None else sizes


def _tracks(spec: ModelSpec, genome: Genome, signal: object) -> list[Track]:
    """The tracks that the model needs, and controls that are given, opened and matched with the genome, in the order of
    its spec."""
    given = _by_name(spec, signal)
    wanted = {track.name: track for track in (*spec.input.given, *spec.input.controls) if track.name in given}
    found = []
    for name, track in wanted.items():
        value = given[name]
        place = value if isinstance(value, Signal) or is_address(value) else user_path(value, _called(name))
        opened = place if isinstance(place, Signal) else Signal(place, fill=track.fill)
        sides = f"genome {genome.path}", f"{_called(name)} {opened.path}"
        found.append(Track(track, opened, names.check_shared(genome.sizes, opened.sizes, *sides)))
    return found


def _by_name(spec: ModelSpec, signal: object) -> dict[str, object]:
    """Each track that a user gives by its name. Raises `InputError` unless these are those that the model reads;
    controls may be left out."""
    wanted, controls = spec.input.given, spec.input.controls
    if not wanted and not controls:
        if signal is not None and signal != {}:
            raise InputError(
                f"The signal must be left out: {spec.name} reads DNA alone", received={"signal": _shown(signal)}
            )
        return {}
    if not wanted and signal is None:
        return {}
    if len(wanted) == 1 and not isinstance(signal, Mapping):
        _check_track(spec, wanted[0], signal)
        return {wanted[0].name: signal}
    known = {track.name: track for track in (*wanted, *controls)}
    given = signal if isinstance(signal, Mapping) else {}
    missing = [track.name for track in wanted if track.name not in given]
    unknown = [name for name in given if name not in known]
    if missing or unknown or given is not signal:
        described = ", ".join(
            f"{track.name} ({track.assay}{', may be left out' if track in controls else ''})"
            for track in known.values()
        )
        raise InputError(
            f"Each of the tracks that {spec.name} reads must be given by its name: {described}",
            example="signal={" + ", ".join(f'"{name}": "{name}.bw"' for name in known) + "}",
            received={"missing": missing, "unknown": unknown, "signal": _shown(signal)},
            hint=recipes.hints(missing),
        )
    for name, value in given.items():
        _check_track(spec, known[name], value)
    return dict(given)


def _check_track(spec: ModelSpec, track: TrackSpec, value: object) -> None:
    if not isinstance(value, (Signal, str, Path)):
        raise InputError(
            f"The {_called(track.name)} must be given as a .bw file: {spec.name} reads a genome and a signal",
            example='signal="atac.bw"',
            received={track.name: value},
            hint=recipes.hints([track.name]) or "`zoo prepare` makes a track of a BAM or fragments file",
        )


def _called(name: str) -> str:
    """What messages call a track."""
    return "signal" if name == "signal" else f"track {name}"


def _read(spec: ModelSpec, tracks: Sequence[Track]) -> tuple[Track | Derived, ...]:
    """The tracks that the network reads, in its order."""
    known = {track.spec.name: track for track in tracks}
    return tuple(
        Derived(item, tuple(known[name] for name in item.of)) if item.origin == "derived" else known[item.name]
        for item in spec.input.tracks
    )


def _controls(spec: ModelSpec, tracks: Sequence[Track]) -> tuple[Track | NoTrack, ...]:
    """The controls that the network reads, in its order; zeros for those that are left out."""
    known = {track.spec.name: Counted(track.spec, track.signal, track.names) for track in tracks}
    return tuple(known.get(control.name, NoTrack(control)) for control in spec.input.controls)


def _covariates(spec: ModelSpec, given: Mapping[str, object] | None, genome: Genome) -> tuple[Covariate, ...]:
    """Covariates in the network's order: numbers, and where a window has them, of a BED file or intervals."""
    known, given = spec.input.covariates, {} if given is None else given
    described = "; ".join(f"{item.name}: {item.description}" for item in known) or "it reads none"
    given = _from_tables(spec, given) if isinstance(given, Mapping) else given
    named = given if isinstance(given, Mapping) else {}
    unknown = [name for name in named if name not in {item.name for item in known}]
    missing = [item.name for item in known if item.default is None and item.name not in named]
    if unknown or missing or named is not given:
        raise InputError(
            f"The covariates of {spec.name} must be given by their names ({described})",
            example={table.name: next(iter(table.rows)) for table in spec.input.covariate_tables} or None,
            received={"unknown": unknown, "missing": missing} if named is given else {"covariates": given},
            hint=recipes.hints(missing),
        )
    return tuple(_covariate(item, given.get(item.name, item.default), genome) for item in known)


def _from_tables(spec: ModelSpec, given: Mapping[str, object]) -> dict[str, object]:
    """Covariates by their own names, those that a table has by a name of a row looked up in it."""
    found = dict(given)
    for table in spec.input.covariate_tables:
        if table.name not in given:
            continue
        refuse_together(
            f"The {table.name}, which stands for some covariates,", {name: given.get(name) for name in table.covariates}
        )
        row = found.pop(table.name)
        if not isinstance(row, str) or row not in table.rows:
            raise InputError(
                f"The {table.name} must be one that {spec.name} knows: {', '.join(table.rows)}",
                received={table.name: row},
                hint=f"Give numbers for another one: {', '.join(table.covariates)}",
            )
        found |= dict(zip(table.covariates, table.rows[row], strict=True))
    return found


def _covariate(spec: CovariateSpec, value: object, genome: Genome) -> Covariate:
    if spec.per == "window" and not isinstance(value, (int, float)):
        return Covariate(spec.name, spans=merge(_flagged(spec.name, value, genome)))
    return Covariate(spec.name, number(spec.name, value))


def _flagged(name: str, value: object, genome: Genome) -> list[Interval]:
    """Where a covariate is 1, on the genome's chromosomes; intervals on other chromosomes do not matter."""
    is_path = isinstance(value, (str, Path))
    if value is None or (is_path and not bed.is_there(value)):
        raise InputError(
            f"The covariate {name} must be a number, intervals, or a BED file that exists",
            received={name: None if value is None else str(value)},
            hint=recipes.hints([name]),
        )
    found = bed.read_blacklist(value) if is_path else list(bed.intervals(value, genome.sizes))
    here, absent = placed(found, genome.sizes)
    where = value if is_path else name
    if found and not here:
        raise GenomeMismatch(
            f"The covariate {name} and the genome must have chromosomes in common",
            where=where,
            received={name: sorted(absent)[:5], "genome": list(genome.sizes)[:5]},
        )
    if far := beyond(here, genome.sizes):
        raise GenomeMismatch(
            f"The covariate {name} must be of the genome's assembly: an interval must lie within its chromosome",
            where=where,
            received={name: str(far[0]), "length": genome.sizes[far[0].chrom]},
            hint="Take files of one assembly",
        )
    return here


def _shared(genome: Genome, tracks: Iterable[Track]) -> list[str]:
    """The chromosomes that genome and tracks share, by the genome's names."""
    tracks = list(tracks)
    return [chrom for chrom in genome.sizes if all(chrom in track.names for track in tracks)]


def _sides(genome: Genome, track: Track) -> tuple[str, str]:
    return f"genome {genome.path}", f"{_called(track.spec.name)} {track.signal.path}"


def _shown(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _shown(item) for key, item in value.items()}
    return str(getattr(value, "path", value))


def _choose(
    genome: Genome,
    tracks: Sequence[Track],
    shared: Sequence[str],
    asked: Sequence[str] | str | None,
    regions: list[Interval] | None,
    compat: str | None,
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The chromosomes to work on: those asked for, those of the regions, else the main ones of genome and tracks.

    Returns:
        Names in the genome; and the main ones that are left out, by the name of the track that lacks them.
    """
    absent: dict[str, tuple[str, ...]] = {}
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
        lacking = {
            track.spec.name: tuple(chrom for chrom in sorted(main, key=names.natural) if chrom not in track.names)
            for track in tracks
        }
        absent = {name: missing for name, missing in lacking.items() if missing}
    if not wanted:
        raise InputError(
            "There must be a chromosome to predict: a main one that genome and signal have, or one that is named",
            received={"chromosomes": asked, "compat": compat, "in both": list(shared)[:5]},
            hint="Name chromosomes or regions",
        )
    for track in tracks:
        if missing := sorted(set(wanted) - set(track.names), key=names.natural):
            raise InputError(
                f"The {_called(track.spec.name)} must have the chromosomes to be predicted",
                where=track.signal.path,
                received={"missing": missing[:5], "present": list(track.signal.sizes)[:5]},
            )
    return tuple(sorted(set(wanted), key=names.natural)), absent


def _check_regions_on(chromosomes: Sequence[str], regions: Sequence[Interval]) -> None:
    """Raise `InputError` for a chromosome that is asked for and holds no region: it would have no effect."""
    held = {region.chrom for region in regions}
    if idle := [chrom for chrom in chromosomes if chrom not in held]:
        raise InputError(
            "Each of the chromosomes must hold a region, if regions and chromosomes are given together",
            received={"chromosomes": idle[:5], "regions on": sorted(held, key=names.natural)[:5]},
        )


def _tell(path: str | Path, finding: doctor.Finding, refuse: bool = False) -> None:
    """Warn of a finding that is not as it should be; raise `GenomeMismatch` for an error, if it is to be refused."""
    if refuse and finding.status == doctor.ERROR:
        raise GenomeMismatch(
            f"The {finding.about} must be of the genome's assembly: {finding.message}",
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
    here, absent = placed(intervals, genome.sizes)
    if intervals and not here:
        raise GenomeMismatch(
            "Blacklist and genome must have chromosomes in common",
            received={"blacklist": sorted(absent)[:5], "genome": list(genome.sizes)[:5]},
        )
    return here

"""The files of a run, opened and compared with one another before anything heavy is loaded or read."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.paths import user_path
from zoo.data import meta
from zoo.errors import InputError
from zoo.genome import names, sniff
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.train.config import Split, TrainConfig


@dataclass(frozen=True)
class Inputs:
    """What a run reads.

    Attributes:
        config: of the run, its chromosomes by the genome's names.
        genome: the sequence.
        signals: what is learned from (binding) or learned (accessibility), in the order of `cells`.
        cells: of a binding model; none for the others.
    """

    config: TrainConfig
    genome: Genome
    signals: Sequence[Signal]
    cells: Sequence[meta.CellType] = ()


def opened(config: TrainConfig) -> Inputs:
    """The files of a configuration, after a look at each of them.

    Raises:
        InputError: files that are missing, all of them named; one that is not of its format; or a chromosome that the
            genome or a track lacks.
        GenomeMismatch: files of different assemblies.
    """
    _check_files(config)
    genome, data = Genome(config.genome), config.binding
    if data is None:
        cells, signals = [], [Signal(config.accessibility.signal)]
        tracks = {"the signal": signals[0]}
    else:
        cells = meta.read(data.meta) if data.meta else [_only_cell(config)]
        signals = [Signal(cell.signal) for cell in cells]
        tracks = {f"the signal of {cell.name}": item for cell, item in zip(cells, signals, strict=True)}
        tracks |= {
            f"the binding track of {cell.name}": Signal(cell.binding) for cell in cells if sniff.is_bigwig(cell.binding)
        }
    config = _by_the_genomes_names(config, genome)
    _check_chromosomes(genome, {what: track.sizes for what, track in tracks.items()}, config.chromosomes)
    return Inputs(config, genome, signals, cells)


def _check_files(config: TrainConfig) -> None:
    """All files that a configuration names exist."""
    part = config.accessibility or config.binding
    given = {"genome": config.genome}
    for field in ("meta", "signal", "peaks", "binding", "atac_peaks", "train_roi", "validate_roi", "unmappable"):
        given[field] = getattr(part, field, None)
    given |= {f"blacklist {number}": path for number, path in enumerate(part.blacklist, start=1)}
    named = {field: value for field, value in given.items() if value is not None and value != str(meta.AUTO)}
    missing = {field: value for field, value in named.items() if not _is_file(value, field)}
    if missing:
        raise InputError("The files of a run must exist", where=config.name, received=missing)


def _is_file(value: str, field: str) -> bool:
    path = user_path(value, field)
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return False


def _by_the_genomes_names(config: TrainConfig, genome: Genome) -> TrainConfig:
    """The configuration with its chromosomes as the genome spells them (`1` for `chr1`, or the other way round)."""
    split = {
        part: tuple(names.find(chrom, genome.sizes) or chrom for chrom in getattr(config.chromosomes, part))
        for part in ("train", "validation", "test")
    }
    return dataclasses.replace(config, chromosomes=Split(**split))


def _only_cell(config: TrainConfig) -> meta.CellType:
    data = config.binding
    paths = (data.signal, data.binding or data.peaks, data.atac_peaks, data.peaks)
    return meta.CellType(data.factor, *(path and Path(path) for path in paths))


def _check_chromosomes(genome: Genome, others: Mapping[str, Mapping[str, int]], split: Split) -> None:
    """Every chromosome is in every file, with one length."""
    chromosomes = [*split.train, *split.validation, *split.test]
    for what, sizes in {"the genome": genome.sizes, **others}.items():
        if missing := [chrom for chrom in chromosomes if names.find(chrom, sizes) is None]:
            raise InputError(
                f"The chromosomes of a run must be in {what}",
                received={"missing": missing, "present": list(sizes)[:5]},
                hint="Leave them out with --train-chroms, --validation-chroms and --test-chroms",
            )
    for what, sizes in others.items():
        names.check_lengths(names.match(chromosomes, sizes), genome.sizes, sizes, "the genome", what)

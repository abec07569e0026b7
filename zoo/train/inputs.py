"""The files of a run, opened and compared with one another before anything heavy is loaded or read."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from registry.paths import user_path
from zoo.errors import InputError
from zoo.genome import names
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.train.settings import Settings, Split


@dataclass(frozen=True)
class TrainingInputs:
    """What a run reads.

    Attributes:
        config: of the run, its chromosomes by the genome's names.
        genome: the sequence.
        tracks: the bigWig files, by what they are.
    """

    config: Settings
    genome: Genome
    tracks: Mapping[str, Signal]


def opened(config: Settings) -> TrainingInputs:
    """The files of a configuration, each of them checked.

    Raises:
        InputError: files that are missing, all of them named; one that is not of its format; or a chromosome that the
            genome or a track lacks.
        GenomeMismatch: files of different assemblies.
    """
    named = {"genome": config.genome, **config.data.files()}
    if missing := {what: path for what, path in named.items() if not _is_file(path, what)}:
        raise InputError("The files of a run must exist", where=config.name, received=missing)
    genome, tracks = Genome(config.genome), config.data.tracks()
    config = _by_the_genomes_names(config, genome)
    _check_chromosomes(genome, {what: track.sizes for what, track in tracks.items()}, config.chromosomes)
    return TrainingInputs(config, genome, tracks)


def _is_file(value: str, field: str) -> bool:
    path = user_path(value, field)
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return False


def _by_the_genomes_names(config: Settings, genome: Genome) -> Settings:
    """The configuration with its chromosomes by the genome's names (`1` for `chr1`, or the other way round)."""
    split = {
        part: tuple(names.find(chrom, genome.sizes) or chrom for chrom in getattr(config.chromosomes, part))
        for part in ("train", "validation", "test")
    }
    return dataclasses.replace(config, chromosomes=dataclasses.replace(config.chromosomes, **split))


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

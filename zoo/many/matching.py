"""What models read of samples: which tracks and covariates, and what fits none."""

from collections.abc import Iterable, Sequence

from zoo.errors import InputError
from zoo.many.samples import SIGNAL, Sample
from zoo.spec import InputSpec


def samples_of(reads: InputSpec, samples: Sequence[Sample]) -> Sequence[Sample]:
    """The samples of models that read this; one without a name if that is DNA alone."""
    return samples if reads.given or reads.covariates or reads.controls else (Sample(""),)


def tracks_of(reads: InputSpec, sample: Sample) -> dict[str, object]:
    """What models read of a sample; the only track of one may have another name there."""
    if list(sample.tracks) == [SIGNAL] and len(reads.given) == 1:
        return {reads.given[0].name: sample.tracks[SIGNAL]}
    return {name: sample.tracks[name] for name in _names_of(reads) if name in sample.tracks}


def covariates_of(reads: InputSpec, sample: Sample) -> dict[str, object]:
    """The covariates of a sample that models read."""
    known = _covariates_of(reads)
    return {name: value for name, value in sample.covariates.items() if name in known}


def check_read(groups: Iterable[InputSpec], samples: Sequence[Sample]) -> None:
    """Raise `InputError` for a track or covariate of a sample that no model reads."""
    groups = tuple(groups)
    known = {name for reads in groups for name in _names_of(reads)}
    covariates = set().union(*map(_covariates_of, groups))
    for sample in samples:
        alone = list(sample.tracks) == [SIGNAL] and any(len(reads.given) == 1 for reads in groups)
        unread = [] if alone else sorted(set(sample.tracks) - known)
        unread += sorted(set(sample.covariates) - covariates)
        if unread:
            raise InputError(
                "What a sample has must be read by one of the models",
                received={"sample": sample.name, "not read": unread[:5], "read": sorted(known | covariates)[:8]},
            )


def named(error: InputError, whose: str) -> InputError:
    """The same error, which says of which sample or model it is."""
    return type(error)(
        f"{error.rule} ({whose})" if whose else error.rule,
        where=error.where,
        example=error.example,
        received=error.received,
        hint=error.hint,
    )


def of_sample(error: InputError, sample: Sample) -> InputError:
    """The same error, which names the sample."""
    return named(error, f"sample {sample.name}" if sample.name else "")


def _names_of(reads: InputSpec) -> list[str]:
    return [track.name for track in (*reads.given, *reads.controls)]


def _covariates_of(reads: InputSpec) -> set[str]:
    return {item.name for item in (*reads.covariates, *reads.covariate_tables)}

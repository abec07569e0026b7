"""How reads become a track: the choices of a user, and which of them can be combined."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zoo.arguments import is_one_of
from zoo.errors import InputError
from zoo.prepare import kinds, reads
from zoo.prepare.kinds import BAM


@dataclass(frozen=True)
class Parameters:
    """How reads become a track."""

    shift: tuple[int, int]
    smoothing: int
    read_depth: int
    percentile: float
    mapping_quality: int
    keep_duplicates: bool
    compat: str | None
    cut_sites: bool

    def wanted(self, groups: Mapping[str, str] | None) -> reads.Wanted:
        """Which reads count; `groups` as for `zoo.prepare.reads.Wanted`."""
        return reads.Wanted(self.shift, self.mapping_quality, self.compat == "maxatac", groups)


def check_effects(
    kind: str,
    path: Path,
    mapping_quality: int,
    keep_duplicates: bool,
    compat: str | None,
    shift: bool | None,
    groups: Mapping[str, str] | None,
) -> None:
    """Raise `InputError` for options that would have no effect."""
    if not is_one_of(compat, (None, "maxatac")):
        raise InputError('compat must be None or "maxatac"', received={"compat": compat})
    if kind != BAM and (mapping_quality or keep_duplicates):
        raise InputError(
            "A mapping quality, or keeping duplicates, must go with a BAM file",
            where=path,
            received={"content": kind, "mapping_quality": mapping_quality, "keep_duplicates": keep_duplicates},
        )
    if compat and (mapping_quality or shift is not None or groups is not None):
        raise InputError(
            "maxATAC's rules must go without a mapping quality, a shift and cells: it has none of these options",
            received={"mapping_quality": mapping_quality, "shift": shift, "cells": groups is not None},
        )
    if compat and kind == kinds.READS:
        raise InputError(
            "maxATAC's rules must be given a BAM file or fragments", where=path, received={"content": kind}
        )

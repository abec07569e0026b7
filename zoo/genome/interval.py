"""Intervals of chromosomes."""

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass

from zoo.arguments import is_whole
from zoo.errors import InputError
from zoo.genome import names

FURTHEST = 1 << 40  # bp: no position is as large
REGION = re.compile(r"(?P<chrom>\S+):(?P<start>-?[0-9][0-9,]*)-(?P<end>[0-9][0-9,]*)")
"""A region string."""


@dataclass(frozen=True, order=True)
class Interval:
    """`chrom` from `start` up to but not including `end`, in bp, 0-based.

    `start` may be negative and `end` may lie beyond the chromosome's end: reads are padded there. An empty interval is
    refused.

    >>> peak = Interval("chr1", 1000, 2000)
    >>> len(peak), str(peak)
    (1000, 'chr1:1001-2000')
    """

    chrom: str
    start: int
    end: int
    name: str = "."

    def __post_init__(self) -> None:
        if not isinstance(self.chrom, str) or not self.chrom:
            raise InputError("An interval must name its chromosome", received={"chrom": self.chrom}, example="chr1")
        if not isinstance(self.name, str):
            raise InputError("The name of an interval must be text", where=self.chrom, received={"name": self.name})
        for end in ("start", "end"):
            if not is_whole(position := getattr(self, end)):
                raise InputError("Positions must be whole numbers", where=self.chrom, received={end: position})
            object.__setattr__(self, end, operator.index(position))
            if abs(getattr(self, end)) >= FURTHEST:
                raise InputError(f"Positions must be below {FURTHEST:,} bp", where=self.chrom)
        if not self.start < self.end:
            raise InputError(
                "An interval must be 0-based, half-open and not empty: start < end",
                received={"chrom": self.chrom, "start": self.start, "end": self.end},
                example='Interval("chr1", 1000, 2024)',
            )

    def __len__(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        """The region string of genome browsers: 1-based, both ends included."""
        return f"{self.chrom}:{self.start + 1}-{self.end}"

    @classmethod
    def parse(cls, text: str, sizes: Mapping[str, int] | None = None) -> "Interval":
        """Read a region string, 1-based with both ends included as in genome browsers and samtools.

        `chr1:1,001-2,000` is `Interval("chr1", 1000, 2000)`; a bare `chr1` is the whole chromosome, if `sizes`
        (chromosome -> bp) is given. Raises `InputError`.

        >>> Interval.parse("chr1:1,001-2,000")
        Interval(chrom='chr1', start=1000, end=2000, name='.')
        """
        if not isinstance(text, str):
            raise InputError("A region must be text", received={"region": text}, example='"chr1:1,001-2,000"')
        text = text.strip()
        if match := REGION.fullmatch(text):
            start, end = (_position(match[key]) for key in ("start", "end"))
            return cls(match["chrom"], start - 1, end)
        known = names.find(text, sizes or {})
        if known is not None:
            return cls(known, 0, sizes[known])
        raise InputError(
            "A region must be chrom:start-end, 1-based with both ends included, or a chromosome of the genome",
            received={"region": text[:80]},
            example='"chr20:10,000,001-10,010,000"',
        )


def _position(text: str) -> int:
    """A number of a region string; of one that is longer than any position only its first digits."""
    return int(text.replace(",", "").lstrip("0")[: len(str(FURTHEST)) + 2] or "0")

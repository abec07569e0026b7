"""Scores of variants drawn at random: how many of the same kind change a prediction as much as a given one does.

A kind is a substitution of one base by what becomes what on either strand (C>A, C>G, C>T, T>A, T>C, T>G), or a
substitution of several bases, an insertion or a deletion by its length. Of each kind that is asked for, variants are
drawn uniformly from the regions, scored as the others are, and kept in the cache. A score's *percentile* is the percent
of these with a lower score, those with the same one counted half; its *P value* is (1 + number as extreme or more) /
(1 + number), of directed scores twice the smaller of both tails. Chance here is that of variants: it says how unusual a
score is. P values of shuffled sequence (`zoo.variants.significance`) ask instead what the same variant does where no
motif is.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from registry.environment import cache_root
from zoo.errors import InputError, IntegrityError
from zoo.files import npz
from zoo.genome.sequence import Genome
from zoo.genome.vcf import Variant, trimmed
from zoo.spec import BASES
from zoo.variants.scores import chance_of, percentile_of
from zoo.variants.significance import p_values

LEAST, MOST = 100, 1_000_000
_LENGTHS = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50))
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_SUBSTITUTION, _INSERTION, _DELETION = "substitution", "insertion", "deletion"
_TRIES = 200  # draws for each variant that is wanted, before the regions have too few bases
_FOLDER = "backgrounds"


def kind_of(variant: Variant) -> str | None:
    """The kind of a variant of bases, such as "C>T" or "deletion of 3-5 bases"; None for one that has both inserted and
    deleted bases, or more than 50."""
    short = trimmed(variant)
    ref, alt = short.ref, short.alt
    if len(ref) == len(alt) == 1:
        return f"{ref}>{alt}" if ref in "CT" else f"{ref}>{alt}".translate(_COMPLEMENT)
    if ref and alt and len(ref) != len(alt):
        return None
    what = _SUBSTITUTION if ref and alt else _DELETION if ref else _INSERTION
    length = max(len(ref), len(alt))
    return next((_named(what, *span) for span in _LENGTHS if span[0] <= length <= span[1]), None)


def _named(what: str, least: int, most: int) -> str:
    return f"{what} of {least if least == most else f'{least}-{most}'} base{'s' if most > 1 else ''}"


_KINDS = {_named(what, *span): (what, *span) for what in (_SUBSTITUTION, _INSERTION, _DELETION) for span in _LENGTHS}


def draw(kind: str, count: int, genome: Genome, spans: Mapping[str, np.ndarray], seed: int) -> list[Variant]:
    """Variants of a kind at places drawn uniformly; inserted and substituted bases are drawn uniformly, too.

    Args:
        kind: as `kind_of` has it.
        count: of variants; the same place may be drawn twice.
        genome: whose bases are the reference's.
        spans: chromosome → (n, 2) starts and ends of regions, sorted and apart, within the genome.
        seed: the same seed, regions and bases give the same variants.

    Raises:
        InputError: regions with too few bases of that kind.
    """
    random = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    chroms = [chrom for chrom, here in spans.items() for _ in here]
    starts, ends = np.concatenate([np.empty((0, 2), np.int64), *spans.values()]).T
    before = np.concatenate([[0], np.cumsum(ends - starts)])
    drawn: list[Variant] = []
    for _ in range(count * _TRIES if before[-1] else 0):
        place = int(random.integers(before[-1]))
        number = int(np.searchsorted(before, place, side="right")) - 1
        variant = _drawn(kind, genome, chroms[number], int(starts[number]) + place - int(before[number]), random)
        if variant is not None and variant.end <= ends[number]:
            drawn.append(variant)
        if len(drawn) == count:
            return drawn
    raise InputError(
        "The regions of a background must have enough known bases",
        received={"kind": kind, "drawn": len(drawn), "wanted": count, "bp": int(before[-1])},
    )


def _drawn(kind: str, genome: Genome, chrom: str, start: int, random: np.random.Generator) -> Variant | None:
    """A variant of a kind that begins at a base; None where there is none."""
    if kind not in _KINDS:
        ref = genome.sequence(chrom, start, start + 1)
        pair = ref + ref.translate(_COMPLEMENT)
        if ref == "N" or kind[0] not in pair:
            return None
        alt = kind[2] if ref == kind[0] else kind[2].translate(_COMPLEMENT)
        return Variant(chrom, start, ref, alt, where="background")
    what, least, most = _KINDS[kind]
    length = int(random.integers(least, most + 1))
    new = "".join(BASES[i] for i in random.integers(len(BASES), size=length))
    ref = genome.sequence(chrom, start, start + (length if what == _SUBSTITUTION else 1 + length * (what == _DELETION)))
    alt = {_SUBSTITUTION: new, _INSERTION: ref[0] + new, _DELETION: ref[0]}[what]
    variant = Variant(chrom, start, ref, alt, where="background")
    return variant if "N" not in ref and kind_of(variant) == kind else None


@dataclass(frozen=True)
class Background:
    """Scores of variants drawn at random.

    Attributes:
        scores: kind → score → (n,) float64, in any order.
        described: how they were drawn, for the sidecar.
    """

    scores: Mapping[str, Mapping[str, np.ndarray]]
    described: Mapping[str, object]

    def columns(
        self, variants: Sequence[Variant], columns: Mapping[str, np.ndarray], tails: Mapping[str, str | None]
    ) -> dict[str, np.ndarray]:
        """Percentiles and P values among variants of the same kind; NaN of those that have none.

        Args:
            variants: n of them.
            columns: score → (n,).
            tails: score → "right" or "both", see `zoo.variants.significance.p_values`; what has none is left out.

        Returns:
            `score.percentile` and `score.pvalue` → (n,) float64.
        """
        kinds = np.array([kind_of(variant) or "" for variant in variants])
        found = {}
        for name, tail in tails.items():
            if tail is None or name not in columns:
                continue
            percentiles, chances = np.full(len(kinds), np.nan), np.full(len(kinds), np.nan)
            for kind, scores in self.scores.items():
                here = kinds == kind
                percentiles[here] = _percentiles(columns[name][here], scores[name])
                chances[here] = p_values(columns[name][here], scores[name], tail)
            found |= {percentile_of(name): percentiles, chance_of(name): chances}
        return found


def _percentiles(scores: np.ndarray, background: np.ndarray) -> np.ndarray:
    ordered = np.sort(background)
    both = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    return 50 * both / len(ordered)


def folder_of(model: str) -> Path:
    """Where backgrounds of a model are kept."""
    return cache_root() / _FOLDER / re.sub(r"[^0-9A-Za-z_.-]", "_", model)


def kept(model: str) -> list[dict]:
    """What is kept of a model: kind, number of variants, and what else their scores depend on; unreadable files are
    none."""
    found = []
    for path in sorted(folder_of(model).glob("*.json")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return found


def scores_kept(
    model: str, identity: Mapping[str, object], compute: Callable[[], Mapping[str, np.ndarray]]
) -> Mapping[str, np.ndarray]:
    """Scores from the cache, or else computed and put there; a cache that cannot be written stays as it is.

    Args:
        model: its name.
        identity: everything that they depend on.
        compute: name → (n,) float64.
    """
    text = json.dumps(identity, indent=1, sort_keys=True, default=str)
    path = folder_of(model) / f"{hashlib.sha256(text.encode()).hexdigest()}.npz"
    try:
        return npz.read(path)
    except (OSError, IntegrityError):
        pass
    scores = dict(compute())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        npz.write(path, scores)
        path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    except OSError:
        pass
    return scores

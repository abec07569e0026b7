"""Scores in the INFO column of the VCF file that the variants are from.

A VCF file may have a key once. Each model has keys of its own, so that a file can be annotated with one model after the
other; the same model's are replaced.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from registry.errors import printable
from zoo.environment import versions
from zoo.errors import InputError
from zoo.genome.vcf import Variant, Vcf, alleles
from zoo.variants import peaks
from zoo.variants.scores import info_of

_OURS = re.compile(r'##zoo=<ID=([^,>]*),Model="((?:[^"\\]|\\.)*)",Weights="([^"]*)"')
_DEFINED = re.compile(r'##INFO=<(?:[^"]*,)?ID=([^,>]*)[,>]')


@dataclass(frozen=True)
class Origin:
    """Origin of scores, as it is written into the header.

    Attributes:
        model: its name.
        weights: SHA-256 of its weights, or "" if not computed.
        options: name → value.
    """

    model: str
    weights: str = ""
    options: Mapping[str, object] = field(default_factory=dict)

    def suffix(self, header: Sequence[str]) -> str:
        """Suffix of the keys of this model: its name, with a digest if another model of the file has that name.

        Args:
            header: lines of the file, which name the models that annotated it.
        """
        name = re.sub(r"[^0-9A-Za-z_.]", "_", self.model)
        mine = f"{name}_{hashlib.sha256(f'{self.model} {self.weights}'.encode()).hexdigest()[:8]}"
        owners = {match[1]: (match[2], match[3]) for line in header if (match := _OURS.match(line))}
        model, weights = owners.get(name, (_quoted(self.model), self.weights))
        same = model == _quoted(self.model) and (weights == self.weights or not weights or not self.weights)
        return name if same and mine not in owners else mine


def annotate(
    source: str | Path | Vcf,
    variants: Sequence[Variant],
    scores: Mapping[str, np.ndarray],
    origin: Origin,
    skipped: Mapping[str, int],
    tracks: Mapping[str, int] | None = None,
) -> Iterator[str]:
    """The lines of a VCF file with the scores of each alternative allele in INFO; all other columns as they are.

    Args:
        source: the file that the variants are from; or one opened for some regions or a sample, whose other records
            are left out.
        variants: all of them, in its order.
        scores: name → (variants,), NaN for those without.
        origin: of the scores.
        skipped: reason → how many variants have no score for it.
        tracks: as `zoo.variants.scores.info_of` has them.

    Raises:
        InputError: a file with other variants.
    """
    vcf = source if isinstance(source, Vcf) else Vcf(source)
    suffix = origin.suffix(vcf.header)
    info = info_of(scores, tracks) | {key: entry for key, entry in peaks.INFO.items() if entry[0] in scores}
    keys = {name: f"ZOO_{key}_{suffix}" for key, (name, _) in info.items()}
    descriptions = {keys[name]: description for name, description in info.values()}
    yield from _header(vcf, descriptions, suffix, origin, len(variants), skipped)
    at, own = 0, _own(suffix)
    for number, (columns, where) in enumerate(vcf.rows()):
        here: list[int | None] = []
        for allele in alleles(columns, where, number):
            known = at < len(variants) and _allele(variants[at]) == _allele(allele)
            if known and (vcf.sample is None or variants[at].record == number):
                here.append(at)
                at += 1
            elif vcf.sample is None:
                raise _of_others(where)
            else:
                here.append(None)  # an allele that the sample does not carry
        if here.count(None) == len(here):
            continue
        columns += ["."] * (8 - len(columns))
        kept = [
            entry
            for entry in columns[7].split(";")
            if entry not in ("", ".") and not own.fullmatch(entry.partition("=")[0])
        ]
        columns[7] = ";".join([*kept, *_entries(keys, scores, here)]) or "."
        yield "\t".join(columns)
    if at < len(variants):
        raise _of_others(vcf.path)


def _header(
    vcf: Vcf, descriptions: Mapping[str, str], suffix: str, origin: Origin, count: int, skipped: Mapping[str, int]
) -> Iterator[str]:
    """The header's lines; those of an earlier run of this model are replaced."""
    own = _own(suffix)
    for line in vcf.header:
        defined, ours = _DEFINED.match(line), _OURS.match(line)
        if not (defined and own.fullmatch(defined[1])) and not (ours and ours[1] == suffix):
            yield line
    fields = {
        "Model": origin.model,
        "Weights": origin.weights,
        "Options": ", ".join(f"{name}={value}" for name, value in origin.options.items()),
        "Version": f"chromatin-zoo {versions()['chromatin-zoo']}",
        "Scored": count - sum(skipped.values()),
        "Skipped": sum(skipped.values()),
        "Reasons": "; ".join(f"{reason}: {number}" for reason, number in skipped.items()),
    }
    yield f"##zoo=<ID={suffix}," + ",".join(f'{name}="{_quoted(str(value))}"' for name, value in fields.items()) + ">"
    for key, description in descriptions.items():
        text = _quoted(f"{description} ({origin.model})")
        yield f'##INFO=<ID={key},Number=A,Type=Float,Description="{text}">'
    columns = vcf.columns + ["CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"][len(vcf.columns) :]
    yield "#" + "\t".join(columns)


def _own(suffix: str) -> re.Pattern:
    """All keys of a model, also of scores that an earlier run had and this one has not."""
    return re.compile(rf"ZOO_[A-Z][A-Z0-9]*_{re.escape(suffix)}")


def _entries(keys: Mapping[str, str], scores: Mapping[str, np.ndarray], alleles: Sequence[int | None]) -> Iterator[str]:
    """The entries of a record, whose alleles have these numbers among all; none if no allele has a score."""
    for name, key in keys.items():
        values = [np.nan if number is None else scores[name][number] for number in alleles]
        if np.isfinite(values).any():
            yield f"{key}=" + ",".join(f"{value:.6g}" if np.isfinite(value) else "." for value in values)


def _allele(variant: Variant) -> tuple[str, int, str, str]:
    return variant.chrom, variant.start, variant.ref, variant.alt


def _of_others(where: object) -> InputError:
    return InputError(
        "Scores must be of the variants of the VCF file, all of them in its order, to be written into it", where=where
    )


def _quoted(text: str) -> str:
    """As it stands between quotes in a header line."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')

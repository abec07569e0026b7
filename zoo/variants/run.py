"""From a VCF file or a table to scores, in memory or to files that survive an interruption."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from zoo.environment import backend, versions
from zoo.errors import InputError, ZooError
from zoo.files.atomic import atomic
from zoo.files.job import Job
from zoo.files.progress import Progress
from zoo.genome.bed import is_there, raw_lines
from zoo.genome.vcf import Variant, Vcf, alleles
from zoo.predict.engine import Forward
from zoo.predict.inputs import Inputs
from zoo.variants.alleles import in_order
from zoo.variants.effects import MISMATCH, Layout, choose, profiles, scored
from zoo.variants.result import VariantScores, by_variant

_KEPT = 512  # variants in a part of an unfinished run: less than a minute of the slowest network
_COLUMNS = (("chrom", "chr", "#chrom"), ("pos", "position"), ("ref", "reference"), ("alt", "alternative"))


class Run:
    """Scores of variants.

    Args:
        name: of the model.
        forward: its compiled network.
        layout: how variants lie in windows.
        inputs: genome, signal and blacklist.
        variants: all of them.
        only_passing: leave out records whose FILTER is not PASS.
        strict: a reference allele that is not the genome's is an error.
        batch_size: windows at once.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: with `strict`, a reference allele that is not the genome's; or nothing to score.
    """

    def __init__(
        self,
        name: str,
        forward: Forward,
        layout: Layout,
        inputs: Inputs,
        variants: Iterable[Variant],
        only_passing: bool = False,
        strict: bool = False,
        batch_size: int = 256,
        progress: bool | None = None,
    ) -> None:
        self._name, self._forward, self._layout, self._inputs = name, forward, layout, inputs
        self._batch_size, self._shown = batch_size, progress
        self._variants, places, self._skipped = choose(
            variants, inputs.genome, inputs.chromosomes, inputs.blacklist, only_passing
        )
        other = [item for item in self._skipped if item.reason == MISMATCH]
        if strict and other:
            raise InputError(
                "Reference alleles are those of the genome",
                where=other[0].variant.where or None,
                received={"variant": str(other[0].variant), "in all": len(other)},
            )
        if not places:
            raise InputError("There is a variant to score", received=Counter(item.reason for item in self._skipped))
        self._places = in_order(places, list(inputs.genome.sizes))

    def to_memory(self, with_profiles: bool) -> VariantScores:
        """All scores."""
        with self._bar(0) as bar:
            found = self._part(0, len(self._places), with_profiles, bar)
        return self._result(found, with_profiles)

    def to_files(
        self,
        base: str | Path,
        reads: Sequence[object],
        source: object,
        with_profiles: bool,
        provenance: dict,
        choices: dict,
    ) -> list[Path]:
        """`<base>.tsv`, `.skipped.tsv` and `.json`; of a VCF file `.vcf`, with profiles bigWigs of both alleles."""
        is_vcf = isinstance(source, (str, Path)) and _is_vcf(Path(source).expanduser())
        job = Job("variants", base, (".tsv", ".skipped.tsv", ".vcf", ".reference.bw", ".alternative.bw"), reads)
        try:
            with job:
                return self._write(job, source if is_vcf else None, with_profiles, provenance, choices)
        except OSError as error:
            raise ZooError(f"The output must be writable: {error.strerror or error}", where=job.main) from None

    def _write(self, job: Job, source, with_profiles: bool, provenance: dict, choices: dict) -> list[Path]:
        began = time.time()
        identity = {
            "weights_sha256": provenance["weights_sha256"],
            "backend": backend(),
            "inputs": self._inputs.identity(),
            "variants_sha256": hashlib.sha256(
                "\n".join(f"{place.number} {place.chrom} {place.variant}" for place in self._places).encode()
            ).hexdigest(),
            "scored": len(self._places),
            "layout": {**asdict(self._layout), **{k: str(getattr(self._layout, k)) for k in ("common", "scored")}},
            "choices": choices,
        }
        if (before := job.done(identity)) is not None:
            return [*(job.main.with_name(name) for name in before["files"]), job.sidecar]
        job.resume(identity)
        parts, left = job.parts(len(self._places), _KEPT)
        with self._bar(len(self._places) - sum(map(len, left))) as bar:
            for items, path in left.items():
                found = self._part(items.start, items.stop, with_profiles, bar)
                with atomic(path, job.folder) as temporary, open(temporary, "wb") as file:
                    np.savez(file, **found)
        pieces = [dict(np.load(part)) for part in parts.values()]
        result = self._result(
            {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}, with_profiles
        )
        made = [".tsv", ".skipped.tsv", *([".vcf"] if source is not None else [])]
        tracks = [".reference.bw", ".alternative.bw"] if with_profiles else []
        with job.finish(identity, [*made, *tracks]) as (paths, said):
            writers = (result.write_tsv, result.write_skipped, partial(result.write_vcf, source))
            for suffix, write in zip(made, writers, strict=False):
                with open(paths[suffix], "w", encoding="utf-8") as handle:
                    write(handle)
            for suffix in tracks:
                result.write_bigwig(paths[suffix], alternative=suffix == ".alternative.bw")
            said |= {"model": provenance, **identity, "skipped": result.reasons, "versions": versions()}
            said["seconds"] = round(time.time() - began, 1)
        return [*(job.finals[suffix] for suffix in (*made, *tracks)), job.sidecar]

    def _part(self, first: int, stop: int, with_profiles: bool, bar: Progress) -> dict[str, np.ndarray]:
        """Scores, and profiles if they are wanted, of some places."""
        found: dict[str, list[np.ndarray]] = {}
        batches = profiles(
            self._forward,
            self._layout,
            self._places[first:stop],
            self._inputs.genome,
            self._inputs.signal,
            self._batch_size,
        )
        for places, reference, alternative in batches:
            told = scored(self._layout, reference, alternative)
            if with_profiles:
                told |= {"_reference": reference, "_alternative": alternative}
            for name, values in told.items():
                found.setdefault(name, []).append(values)
            bar.update(len(places))
        return {name: np.concatenate(values) for name, values in found.items()}

    def _result(self, found: dict[str, np.ndarray], with_profiles: bool) -> VariantScores:
        columns = {name: values for name, values in found.items() if not name.startswith("_")}
        scores = by_variant(self._places, len(self._variants), columns)
        return VariantScores(
            self._variants,
            self._places,
            scores,
            self._skipped,
            self._layout,
            dict(self._inputs.genome.sizes),
            found["_reference"] if with_profiles else None,
            found["_alternative"] if with_profiles else None,
        )

    def _bar(self, done: int) -> Progress:
        return Progress(self._name, "variant", len(self._places), done, self._shown)


def read(value: object) -> list[Variant]:
    """Whatever a user calls variants.

    Args:
        value: a VCF file; a table (tab-separated text or a data frame) with the columns chrom, pos (1-based), ref and
            alt, and perhaps id; `Variant`s; or rows (chrom, pos, ref, alt).

    Raises:
        InputError: none of these, or no variant.
    """
    if isinstance(value, (str, Path)):
        if not is_there(value):
            raise InputError("Variants are in a VCF file or a table that exists", received={"variants": str(value)})
        path = Path(value).expanduser()
        found = list(Vcf(path).variants()) if _is_vcf(path) else _table(path)
    elif hasattr(value, "columns"):
        rows = [[str(cell) for cell in row] for row in value.itertuples(index=False)]
        found = _rows([str(column) for column in value.columns], rows, lambda i: f"row {i}")
    else:
        found = [item if isinstance(item, Variant) else _row(item) for item in value]
    if not found:
        raise InputError("There is a variant", received={"variants": str(value)[:80]})
    return found


def _is_vcf(path: Path) -> bool:
    """Whether the first line says so, or else the name."""
    first = next(iter(raw_lines(path)), "")
    return first.startswith(("##fileformat=VCF", "##")) or ".vcf" in "".join(path.suffixes).lower()


def _table(path: Path) -> list[Variant]:
    lines = [line.rstrip("\r\n").split("\t") for line in raw_lines(path) if line.strip()]
    return _rows(lines[0] if lines else [], lines[1:], lambda i: f"{path}, line {i + 2}")


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]], where: Callable[[int], str]) -> list[Variant]:
    lower = [head.lower() for head in heads]
    chosen = [next((lower.index(name) for name in names if name in lower), None) for names in _COLUMNS]
    if None in chosen:
        raise InputError(
            "A table of variants has the columns chrom, pos, ref and alt", received={"columns": list(heads)[:10]}
        )
    name = lower.index("id") if "id" in lower else None
    found = []
    for i, row in enumerate(rows):
        try:
            cells = [row[at] for at in chosen]
            found += alleles(
                [cells[0], str(int(cells[1])), row[name] if name is not None else ".", *cells[2:]], where(i), i
            )
        except (IndexError, ValueError):
            raise InputError(
                "A row of variants has chrom, pos (a whole number from 1), ref and alt",
                where=where(i),
                received={"row": list(row)[:6]},
            ) from None
    return found


def _row(item: object) -> Variant:
    try:
        chrom, position, ref, alt = item
        return Variant(str(chrom), int(position) - 1, str(ref).upper(), str(alt).upper())
    except (TypeError, ValueError):
        raise InputError(
            "A variant is (chrom, pos from 1, ref, alt)", example='("chr1", 12345, "A", "G")', received={"": item}
        ) from None

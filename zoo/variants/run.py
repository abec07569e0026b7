"""From variants to scores, in memory or to files that survive an interruption."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from registry.digests import sha256
from zoo.arguments import is_one_of
from zoo.environment import backend
from zoo.errors import InputError, IntegrityError
from zoo.files import npz
from zoo.files.job import Job
from zoo.files.progress import Progress
from zoo.forward.forward import Forward
from zoo.forward.precision import FLOAT32, described
from zoo.genome.signal import Signal
from zoo.genome.vcf import Variant, Vcf
from zoo.inputs.opening import Inputs
from zoo.variants.alleles import Place, in_order
from zoo.variants.background import Background
from zoo.variants.effects import MISMATCH, NORMALIZED, Forms, choose, profiles, scored
from zoo.variants.head_scoring import HeadScoring
from zoo.variants.peaks import NEAREST
from zoo.variants.result import VariantScores, by_variant, check_scale, flat
from zoo.variants.scores import Score, column_of, scores_of_bins
from zoo.variants.window import VariantWindow
from zoo.workers.calls import HERE, Call

_COMPARED = 128  # variants
_KEPT = 512  # variants in a part of an unfinished run: less than a minute of the slowest network
_PEAKS = "peaks.npz"  # of an unfinished run
_TRACKS = (".reference.bw", ".alternative.bw")
_SUFFIXES = (".tsv", ".skipped.tsv", ".vcf", *_TRACKS, ".csv")


@dataclass(frozen=True)
class Files:
    """Which files are written.

    Attributes:
        base: their path without extension.
        vcf: the VCF file that the variants are from, opened for these; to be written with scores. None for other
            variants.
        profiles: bigWigs of both alleles.
        scale: of these, "linear" or "log1p".
        csv: the table of ASAP's program.
        measured: the track that the model predicts, for that table.

    Raises:
        InputError: options without effect, or a `scale` of another kind.
    """

    base: str | Path
    vcf: Vcf | None = None
    profiles: bool = False
    scale: str = "linear"
    csv: bool = False
    measured: Signal | None = None

    def __post_init__(self) -> None:
        wrong = {
            "scale": not is_one_of(self.scale, ("linear",)) and not self.profiles,
            "measured": self.measured is not None and not self.csv,
        }
        for name, without in wrong.items():
            if without:
                raise InputError(
                    f"{name} must be left out where nothing is written that depends on it",
                    received={name: getattr(self, name)},
                    hint="Give profiles for scale, csv for measured",
                )

    @property
    def keeps_profiles(self) -> bool:
        """Whether profiles of single bins are needed."""
        return self.profiles or self.csv

    @property
    def made(self) -> list[str]:
        """Suffixes of the files."""
        chosen = {".vcf": self.vcf is not None, **dict.fromkeys(_TRACKS, self.profiles), ".csv": self.csv}
        return [".tsv", ".skipped.tsv", *(suffix for suffix, wanted in chosen.items() if wanted)]

    def identity(self) -> dict[str, object]:
        """What of the files depends on it."""
        return {
            "made": self.made,
            "scale": self.scale,
            "measured": self.measured.identity() if self.measured else None,
            "vcf_sha256": sha256(self.vcf.path) if self.vcf else None,
        }


class VariantRun:
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
        heads: how the heads of a profile and its total counts are scored, whose pass is `forward`; None for models
            without.
        forms: how variants are taken.
        scores: of predicted bins; default the usual ones.
        tracks: those that are scored, if they are several → their number in the head.

    Attributes:
        background: scores of other variants, among which those of these have a percentile and a P value; None for
            none.

    Raises:
        InputError: with `strict`, a reference allele that is not the genome's; or nothing to score.
    """

    def __init__(
        self,
        name: str,
        forward: Forward,
        layout: VariantWindow,
        inputs: Inputs,
        variants: Iterable[Variant],
        only_passing: bool = False,
        strict: bool = False,
        batch_size: int = 256,
        progress: bool | None = None,
        heads: HeadScoring | None = None,
        forms: Forms = NORMALIZED,
        scores: Sequence[Score] | None = None,
        tracks: Mapping[str, int] | None = None,
    ) -> None:
        bins = layout.scored.stop - layout.scored.start
        self._scores, self._tracks = scores_of_bins(bins) if scores is None else scores, dict(tracks or {})
        self._name, self._forward, self._layout, self._inputs = name, forward, layout, inputs
        self._batch_size, self._shown, self._heads = batch_size, progress, heads
        self._peaks, self._forms = None if heads is None else heads.peaks, forms
        self.background: Background | None = None
        self._variants, places, self._skipped = choose(variants, inputs, [layout], only_passing, forms)
        other = [entry for entry in self._skipped if entry.reason == MISMATCH]
        if strict and other:
            raise InputError(
                "Reference alleles must be those of the genome",
                where=other[0].variant.where or None,
                received={"variant": str(other[0].variant), "in all": len(other)},
            )
        if not places:
            raise InputError(
                "There must be a variant to score; all are skipped",
                received=Counter(entry.reason for entry in self._skipped),
            )
        self._places = in_order(places, list(inputs.genome.sizes))

    def of_others(self, variants: Iterable[Variant]) -> "VariantRun":
        """The same scores of other variants, without those in shuffled sequence."""
        heads = None if self._heads is None else replace(self._heads, shuffles=0, seed=0)
        how = (self._batch_size, self._shown, heads, self._forms, self._scores, self._tracks)
        return VariantRun(self._name, self._forward, self._layout, self._inputs, variants, False, False, *how)

    @property
    def tails(self) -> dict[str, str | None]:
        """Score, of several tracks `score.track` → the tail that a P value counts."""
        scores = [*self._scores, *([] if self._heads is None else self._heads.scores)]
        tracks = list(self._tracks)
        return {
            name: score.tail
            for score in scores
            for name in ([column_of(score.name, track) for track in tracks] or [score.name])
        }

    @property
    def places(self) -> Sequence[Place]:
        """The variants that are scored, in the order of the genome."""
        return self._places

    def to_memory(self, with_profiles: bool) -> VariantScores:
        """All scores."""
        peaks = self._peak_counts()
        with self._bar(0) as bar:
            arrays = self._part(0, len(self._places), with_profiles, peaks, bar)
        return self._result(arrays, with_profiles)

    def scores(self) -> dict[str, np.ndarray]:
        """Score → (n,) float64 of the variants that are scored."""
        found, numbers = self.to_memory(False).scores, [place.number for place in self._places]
        return {name: values[numbers] for name, values in found.items()}

    def to_files(
        self, files: Files, reads: Sequence[object], provenance: dict, choices: dict, call: Call = HERE
    ) -> list[Path]:
        """Write `<base>.tsv`, `.skipped.tsv`, `.json` and the others of `files`; returns their paths.

        Args:
            files: which.
            reads: everything that the run reads.
            provenance: of the model.
            choices: options that scores depend on.
            call: that wants them, and where they are computed.
        """
        check_scale(files.scale, self._layout)
        job = Job("variants", files.base, _SUFFIXES, reads)
        parts_of = {**self.identity(provenance, choices), "profiles": files.keeps_profiles}
        identity = {**parts_of, "variants_sha256": digest(self._everything()), "files": files.identity()}

        def keep() -> VariantScores:
            return self._result(self._parts(job, files.keeps_profiles, call), files.keeps_profiles)

        def write(result: VariantScores, paths: dict[str, Path], record: dict) -> None:
            self._write_texts(paths, files, result, provenance["weights_sha256"], choices)
            for suffix in (suffix for suffix in _TRACKS if suffix in paths):
                result.write_bigwig(paths[suffix], alternative=suffix == _TRACKS[1], scale=files.scale)
            record |= {"model": provenance, **identity, "given": len(self._variants), "skipped": result.reasons}
            record |= self._precision()

        with job:
            record, _ = job.run(parts_of, identity, files.made, keep, write)
        return job.paths(record)

    def _write_texts(
        self, paths: dict[str, Path], files: Files, result: VariantScores, weights: str, choices: dict
    ) -> None:
        """The tables and the VCF file."""
        writers = {
            ".tsv": result.write_tsv,
            ".skipped.tsv": result.write_skipped,
            ".vcf": partial(result.write_vcf, files.vcf, weights=weights, options=choices),
            ".csv": partial(result.write_csv, measured=files.measured),
        }
        for suffix, write in writers.items():
            if suffix in paths:
                with open(paths[suffix], "w", encoding="utf-8") as handle:
                    write(handle)

    def identity(self, provenance: dict, choices: dict) -> dict[str, object]:
        """What scores depend on."""
        layout = {**asdict(self._layout), "common": str(self._layout.common), "scored": str(self._layout.scored)}
        told = {"tracks": self._layout.tracks, "table": self._layout.table and digest([repr(self._layout.table)])}
        layout = {name: value for name, value in {**layout, **told}.items() if value or name not in told}
        return {
            **weights_of(provenance),
            "backend": backend(),
            "inputs": self._inputs.identity(),
            "places_sha256": digest(f"{place.number} {place.chrom} {place.variant}" for place in self._places),
            "scored": len(self._places),
            "scores": [score.name for score in self._scores],
            "layout": layout,
            "choices": choices,
            **({} if self._heads is None else {"heads": self._heads.identity()}),
            **({} if self.background is None else {"background": self.background.described}),
        }

    def _precision(self) -> dict[str, object]:
        """What the sidecar says of a precision below float32: how far from that the profiles of some variants are."""
        if self._forward.precision == FLOAT32:
            return {}
        places = self._places[:: -(-len(self._places) // _COMPARED)]
        both = [
            np.concatenate([np.stack([one, other]) for _, one, other, _ in batches], axis=1)
            for batches in (
                profiles(forward, self._layout, places, self._inputs.reader, self._batch_size)
                for forward in (self._forward, self._forward.in_float32())
            )
        ]
        return described(self._forward.precision, float(np.abs(both[0] - both[1]).max()), len(places), "variants")

    def _everything(self) -> Iterable[str]:
        """All variants as they are given, and why some are skipped: the tables name them."""
        for variant in self._variants:
            yield f"{variant.chrom} {variant.start} {variant.name} {variant.ref} {variant.alt}"
        for entry in self._skipped:
            yield f"{entry.reason} {entry.variant.where}"

    def _parts(self, job: Job, with_profiles: bool, call: Call) -> dict[str, np.ndarray]:
        """Scores of all places; parts that an interrupted run finished are not computed again."""
        parts, left = job.parts(len(self._places), _KEPT)
        if left:
            self._peak_counts(job.part(_PEAKS))
        with self._bar(len(self._places) - sum(map(len, left))) as bar:
            call.keep(job, left, VariantParts(self, with_profiles).part, bar)
        pieces = [load_part(part) for part in parts.values()]
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}

    def _peak_counts(self, kept: Path | None = None) -> np.ndarray | None:
        """Counts at peaks, see `HeadScoring.peak_counts`; None without peaks.

        Args:
            kept: a file that has them if an earlier call came as far, and then has them.
        """
        if self._peaks is None:
            return None
        if kept is not None and kept.is_file():
            return load_part(kept, ["counts"])["counts"]
        counts = self._heads.peak_counts(self._inputs.reader, self._batch_size)
        if kept is not None:
            npz.write(kept, {"counts": counts})
        return counts

    def _part(
        self, first: int, stop: int, with_profiles: bool, peaks: np.ndarray | None, bar: Progress
    ) -> dict[str, np.ndarray]:
        """Scores, and profiles if they are wanted, of some places."""
        arrays: dict[str, list[np.ndarray]] = {}
        reader = self._inputs.reader
        batches = profiles(self._forward, self._layout, self._places[first:stop], reader, self._batch_size)
        for places, reference, alternative, heads in batches:
            columns = scored(self._layout, reference, alternative, self._scores)
            if self._heads is not None:
                columns |= self._heads.scored(places, heads, peaks) | self._heads.null(reader, places, peaks)
            if with_profiles:
                columns |= {"_reference": reference, "_alternative": alternative}
            for name, values in columns.items():
                arrays.setdefault(name, []).append(values)
            bar.update(len(places))
        return {name: np.concatenate(values) for name, values in arrays.items()}

    def _result(self, arrays: dict[str, np.ndarray], with_profiles: bool) -> VariantScores:
        columns = arrays if self._heads is None else self._heads.summarized(arrays)
        columns = flat({name: v for name, v in columns.items() if not name.startswith("_")}, list(self._tracks))
        if self.background is not None:
            variants = [place.variant for place in self._places]
            columns |= self.background.columns(variants, columns, self.tails)
        columns, texts = self._with_peaks(columns)
        count = len(self._variants)
        return VariantScores(
            self._variants,
            self._places,
            by_variant(self._places, count, columns),
            self._skipped,
            self._layout,
            dict(self._inputs.genome.sizes),
            self._name,
            arrays["_reference"] if with_profiles else None,
            arrays["_alternative"] if with_profiles else None,
            texts,
            self._tracks,
        )

    def _with_peaks(self, columns: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
        """Columns of places with those of the nearest peak, and its name by variant."""
        if self._peaks is None:
            return columns, {}
        given = [self._variants[place.number] for place in self._places]
        ends = [(variant.start, max(variant.end, variant.start + 1)) for variant in given]
        near = self._peaks.annotate(self._places, ends)
        names = [""] * len(self._variants)
        for place, name in zip(self._places, near.pop(NEAREST), strict=True):
            names[place.number] = name
        return columns | {name: np.array(values) for name, values in near.items()}, {NEAREST: names}

    def _bar(self, done: int) -> Progress:
        return Progress(self._name, "variant", len(self._places), done, self._shown)


@dataclass(frozen=True, eq=False)
class VariantParts:
    """Scores of some variants at a time, as `zoo.workers.calls.Parts` has them.

    Attributes:
        run: of all.
        with_profiles: keep those, too.
    """

    run: VariantRun
    with_profiles: bool

    def part(self, items: range, place: Callable[[str], Path], bar: Progress) -> Callable[[Path], None]:
        """Scores of some places."""
        peaks = self.run._peak_counts(place(_PEAKS))
        return partial(npz.write, arrays=self.run._part(items.start, items.stop, self.with_profiles, peaks, bar))


def weights_of(provenance: Mapping[str, object]) -> dict[str, object]:
    """Digests of a model's weights and network."""
    return {name: provenance[name] for name in ("weights_sha256", "network_sha256") if name in provenance}


def digest(lines: Iterable[str]) -> str:
    """SHA-256 of lines."""
    hasher = hashlib.sha256()
    for line in lines:
        hasher.update(f"{line}\n".encode("utf-8", "surrogatepass"))
    return hasher.hexdigest()


def load_part(part: Path, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Arrays of a part that a run kept, by default all. Raises `InputError` if it is damaged."""
    try:
        arrays = npz.read(part)
        return {name: arrays[name] for name in names or arrays}
    except (IntegrityError, KeyError):
        raise InputError(
            "A part of an interrupted run must be whole; this one is damaged", where=part, hint="Remove it"
        ) from None

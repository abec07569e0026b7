"""Haplotypes to files that survive an interruption: tracks, differential sites, and what was skipped."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from registry.errors import printable
from zoo.environment import backend
from zoo.errors import InputError
from zoo.files import npz
from zoo.files.job import Job
from zoo.files.progress import Progress
from zoo.forward.forward import Forward
from zoo.forward.precision import FLOAT32, described
from zoo.genome.bigwig import Writer
from zoo.genome.interval import Interval
from zoo.genome.spans import NONE, merge
from zoo.genome.vcf import Variant
from zoo.inputs.opening import Inputs
from zoo.notebook.tables import facts, folded, table, titled
from zoo.predict.plan import Grid
from zoo.predict.thresholds import Threshold
from zoo.variants import maxatac
from zoo.variants.effects import Skipped
from zoo.variants.haplotype_windows import predict_regions
from zoo.variants.haplotypes import Haplotype, HaplotypePrediction, differences
from zoo.variants.result import place_of, row
from zoo.variants.run import digest, load_part, weights_of
from zoo.workers.calls import HERE, Call, Make

_COMPARED = 128  # windows
_MOST = 2048  # windows of a part: less than a minute of the slowest network
_TRACKS = (".reference.bw", ".haplotype1.bw", ".haplotype2.bw")
_SUFFIXES = (*_TRACKS, ".sites.tsv", ".skipped.tsv", ".bw", ".bg")


@dataclass(frozen=True)
class HaplotypeFiles:
    """What a run wrote.

    Attributes:
        files: their paths; the record is the last.
        sites: comparison → kind (gained, lost, shared) → how many; empty without a threshold.
        skipped: haplotype → reason → how many variants.
        notes: assumptions about genotypes → how many.
        unknown: haplotype → bins whose windows hold variants of several phase sets.
        names: of the haplotypes, which are those of the sample with a number.
    """

    files: Sequence[Path]
    sites: Mapping[str, Mapping[str, int]]
    skipped: Mapping[str, Mapping[str, int]]
    notes: Mapping[str, int]
    unknown: Mapping[str, int]
    names: Sequence[str] = ()

    @classmethod
    def of(cls, files: Sequence[Path], record: Mapping) -> "HaplotypeFiles":
        """From the record of a run."""
        return cls(
            files, *(record[name] for name in ("sites", "skipped", "notes", "unknown")), record.get("names", ())[1:]
        )

    def __str__(self) -> str:
        lines = [str(path) for path in self.files]
        lines += [f"haplotypes: {', '.join(self.names)}"] if self.names else []
        for pair, kinds in self.sites.items():
            lines.append(f"{pair}: " + ", ".join(f"{count:,} {kind}" for kind, count in kinds.items()))
        for name, reasons in self.skipped.items():
            lines += [f"{name}: skipped {count:,}: {reason}" for reason, count in reasons.items()]
        lines += [f"{count:,} {note}" for note, count in self.notes.items()]
        lines += [f"{name}: {n:,} bins near variants of several phase sets" for name, n in self.unknown.items() if n]
        return "\n".join(map(printable, lines))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sites = [[pair, kind, count] for pair, kinds in self.sites.items() for kind, count in kinds.items()]
        skipped = [[name, reason, count] for name, reasons in self.skipped.items() for reason, count in reasons.items()]
        unknown = {f"{name}: bins near variants of several phase sets": count for name, count in self.unknown.items()}
        return titled(
            f"Haplotypes {', '.join(self.names)}".strip(),
            table(["comparison", "sites", "count"], sites) if sites else "",
            facts({**self.notes, **unknown}),
            folded("skipped variants", table(["haplotype", "reason", "variants"], skipped) if skipped else ""),
            table(["file"], [[path] for path in self.files]),
        )


class _Parts:
    """Work that is kept part by part; what the two ways to predict have in common.

    Args:
        name: of the model.
        total: parts.
        shown: show a progress bar.
    """

    def __init__(self, name: str, total: int, shown: bool | None) -> None:
        self._name, self._total, self._shown = name, total, shown

    def finish(self, job: Job, make: Make, call: Call) -> list[Path]:
        """Make the parts that no earlier run finished, where the call wants them."""
        parts, left = job.parts(self._total, 1)
        with Progress(self._name, "part", self._total, self._total - len(left), self._shown) as bar:
            call.keep(job, left, make, bar)
        return list(parts.values())


class HaplotypeRun:
    """Predictions of a reference and its haplotypes in regions, to files.

    Args:
        name: of the model.
        forward: its compiled network.
        grid: how windows lie.
        inputs: with regions; those that overlap are predicted once.
        haplotypes: one or two.
        threshold: of a site, or None for no table of sites.
        batch_size: windows at once.
        progress: show a progress bar; by default in a terminal only.
    """

    def __init__(
        self,
        name: str,
        forward: Forward,
        grid: Grid,
        inputs: Inputs,
        haplotypes: Sequence[Haplotype],
        threshold: Threshold | None,
        batch_size: int = 256,
        progress: bool | None = None,
    ) -> None:
        self._forward, self._grid, self._inputs, self._batch_size = forward, grid, inputs, batch_size
        self._rows = [Haplotype("reference", {}), *haplotypes]
        self._threshold = threshold
        self._blocks = _merged(inputs, grid.bin_size)
        self._groups = list(_groups(self._blocks, grid))
        self._parts = _Parts(name, len(self._groups), progress)

    def to_files(
        self, base: object, reads: Sequence[object], provenance: dict, choices: dict, call: Call = HERE
    ) -> HaplotypeFiles:
        """Write a bigWig for each haplotype and the reference, sites, skipped variants and a record.

        Args:
            base: path without extension.
            reads: everything that the run reads.
            provenance: of the model.
            choices: options that predictions depend on.
            call: that wants them, and where they are computed.
        """
        identity = {
            **_identity(self._inputs, self._grid, provenance, choices),
            "haplotypes_sha256": digest(self._described()),
            "regions_sha256": digest(map(str, self._blocks)),
        }
        whole = {
            **identity,
            "threshold": self._threshold.to_json() if self._threshold else None,
            "names": [one.name for one in self._rows],
            "notes": dict(self._rows[-1].notes),
            "skipped_sha256": digest(str(one.skipped) for one in self._rows),
        }
        made = [*_TRACKS[: len(self._rows)], *([".sites.tsv"] if self._threshold else []), ".skipped.tsv"]
        job = Job("haplotypes", base, _SUFFIXES, reads)
        return _run(job, identity, whole, made, provenance, partial(self._keep, call=call), self._write)

    def part(self, items: range, place: Callable[[str], Path], bar: Progress) -> Callable[[Path], None]:
        """One part, as `zoo.workers.calls.Parts` has it."""
        arrays = self._predict(items.start)
        bar.update()
        return partial(npz.write, arrays=arrays)

    def _keep(self, job: Job, call: Call) -> list[Path]:
        return self._parts.finish(job, self.part, call)

    def _write(self, parts: Sequence[Path], paths: Mapping[str, Path], record: dict) -> None:
        """Write the final files, and add their summary to the record."""
        names = [one.name for one in self._rows]
        for number, suffix in enumerate(_TRACKS[: len(self._rows)]):
            self._write_track(paths[suffix], parts, number)
        record |= {"sites": {}, "unknown": dict.fromkeys(names[1:], 0), "notes": dict(self._rows[-1].notes)}
        if self._threshold is not None:
            record["sites"] = self._write_sites(paths[".sites.tsv"], parts)
        for _, _, scores in self._read(parts):
            for name, values in zip(names[1:], scores[1:], strict=True):
                record["unknown"][name] += int(np.isnan(values).sum())
        record["skipped"] = _write_skipped(paths[".skipped.tsv"], {one.name: one.skipped for one in self._rows[1:]})
        record |= _precision(self._forward, self._inputs, self._grid)

    def _predict(self, number: int) -> dict[str, np.ndarray]:
        """Scores of a group of regions, concatenated, of each haplotype."""
        arrays = {}
        inputs = replace(self._inputs, regions=self._groups[number])
        for i, one in enumerate(self._rows):
            _, scores = predict_regions(one, self._forward, self._grid, inputs, self._batch_size, lambda: None)
            arrays[f"h{i}"] = np.concatenate(scores)
        return arrays

    def _write_track(self, path: Path, parts: Sequence[Path], number: int) -> None:
        lengths, size, middle = self._inputs.lengths, self._grid.bin_size, self._grid.overlap // 2
        with Writer(path, lengths) as writer:
            for group, part in zip(self._groups, parts, strict=True):
                at, scores = 0, load_part(part, [f"h{number}"])[f"h{number}"]
                for region in group:
                    starts = np.arange(region.start // size, -(-region.end // size)) * size
                    values = scores[at : at + len(starts)]
                    at += len(starts)
                    starts = starts + middle  # of bins that overlap each has its middle, as in predictions
                    ends = np.minimum(starts + size, lengths[region.chrom])
                    known = ~np.isnan(values) & (starts < ends)
                    writer.add(region.chrom, starts[known], ends[known], values[known])

    def _write_sites(self, path: Path, parts: Sequence[Path]) -> dict[str, dict[str, int]]:
        """Sites of every pair; how many there are of each kind."""
        names = [one.name for one in self._rows]
        pairs = [(i, k) for i in range(len(names)) for k in range(i + 1, len(names))]
        counts = {f"{names[i]} to {names[k]}": Counter() for i, k in pairs}
        width, lengths = self._grid.bin_size + self._grid.overlap, self._inputs.lengths
        with open(path, "w", encoding="utf-8") as handle:
            handle.write("chrom\tstart\tend\tkind\tfirst\tsecond\tfirst_score\tsecond_score\n")
            for region, starts, scores in self._read(parts):
                tracks = [
                    HaplotypePrediction(name, [starts], [values], [])
                    for name, values in zip(names, scores, strict=True)
                ]
                for i, k in pairs:
                    for site in differences([region], tracks[i], tracks[k], self._threshold.score, width):
                        place, end = site.interval, min(site.interval.end, lengths[site.interval.chrom])
                        cells = (site.kind, names[i], names[k], f"{site.first:.6g}", f"{site.second:.6g}")
                        handle.write(row(place.chrom, place.start, end, *cells))
                        counts[f"{names[i]} to {names[k]}"][site.kind] += 1
        return {
            pair: {kind: by_kind[kind] for kind in ("gained", "lost", "shared")} for pair, by_kind in counts.items()
        }

    def _read(self, parts: Sequence[Path]) -> Iterator[tuple[Interval, np.ndarray, list[np.ndarray]]]:
        """Every merged region: its bins' starts, and the scores of the reference and of each haplotype."""
        pieces = self._pieces(parts)
        size = self._grid.bin_size
        for block in self._blocks:
            starts = np.arange(block.start // size, -(-block.end // size)) * size
            got, bins = [], 0
            while bins < len(starts):
                got.append(next(pieces))
                bins += got[-1].shape[1]
            yield block, starts, list(np.concatenate(got, axis=1))

    def _pieces(self, parts: Sequence[Path]) -> Iterator[np.ndarray]:
        size = self._grid.bin_size
        for group, part in zip(self._groups, parts, strict=True):
            kept = load_part(part)
            scores, at = np.stack([kept[f"h{i}"] for i in range(len(self._rows))]), 0
            for region in group:
                bins = -(-region.end // size) - region.start // size
                yield scores[:, at : at + bins]
                at += bins

    def _described(self) -> Iterator[str]:
        """All that the sequences of the haplotypes depend on."""
        for one in self._rows:
            yield "haplotype"
            for chrom, items in one.variants.items():
                yield from (f"{chrom} {variant.start} {variant.ref} {variant.alt}" for variant in items)
            for chrom, phases in one.phases.items():
                yield f"{chrom} {phases.starts.tolist()} {phases.ends.tolist()} {phases.sets.tolist()}"


class MaxatacRun:
    """maxATAC's own `variants`, to `<base>.bg` and `<base>.bw`; arguments as for `zoo.variants.maxatac.as_maxatac`."""

    def __init__(
        self,
        name: str,
        forward: Forward,
        grid: Grid,
        inputs: Inputs,
        variants: Sequence[Variant],
        skipped: Sequence[Skipped],
        step: int,
        batch_size: int = 256,
        progress: bool | None = None,
    ) -> None:
        self._forward, self._grid, self._inputs, self._batch_size = forward, grid, inputs, batch_size
        self._variants, self._skipped, self._step = variants, skipped, step
        self._places = maxatac.windows(inputs.regions, inputs.blacklist, grid.window, step)
        if not self._places:
            raise InputError(
                "A region must have room for a window, and not touch the blacklist; none does",
                received={"regions": len(inputs.regions), "window": grid.window},
            )
        self._parts = _Parts(name, -(-len(self._places) // _MOST), progress)

    def to_files(
        self, base: object, reads: Sequence[object], provenance: dict, choices: dict, call: Call = HERE
    ) -> HaplotypeFiles:
        """Write both files, skipped variants and a record; arguments as for `HaplotypeRun.to_files`."""
        identity = {
            **_identity(self._inputs, self._grid, provenance, {**choices, "step": self._step}),
            "variants_sha256": digest(f"{variant.chrom} {variant.start} {variant.alt}" for variant in self._variants),
            "windows_sha256": digest(map(str, self._places)),
        }
        whole = {**identity, "skipped_sha256": digest(map(str, self._skipped))}
        job, made = Job("haplotypes", base, _SUFFIXES, reads), [".bw", ".bg", ".skipped.tsv"]
        return _run(job, identity, whole, made, provenance, partial(self._keep, call=call), self._write)

    def part(self, items: range, place: Callable[[str], Path], bar: Progress) -> Callable[[Path], None]:
        """One part, as `zoo.workers.calls.Parts` has it."""
        arrays = self._predict(items.start)
        bar.update()
        return partial(npz.write, arrays=arrays)

    def _keep(self, job: Job, call: Call) -> list[Path]:
        return self._parts.finish(job, self.part, call)

    def _write(self, parts: Sequence[Path], paths: Mapping[str, Path], record: dict) -> None:
        kept = [load_part(part) for part in parts]
        numbers, scores = (np.concatenate([part[name] for part in kept]) for name in ("numbers", "scores"))
        by_chrom = maxatac.averaged(self._places, numbers, scores, self._grid)
        size, lengths = self._grid.bin_size, self._inputs.lengths
        with Writer(paths[".bw"], lengths) as writer, open(paths[".bg"], "w", encoding="utf-8") as text:
            for chrom in (chrom for chrom in lengths if chrom in by_chrom):
                starts, values = by_chrom[chrom]
                writer.add(chrom, starts, np.minimum(starts + size, lengths[chrom]), values)
                text.writelines(
                    row(chrom, start, start + size, value) for start, value in zip(*by_chrom[chrom], strict=True)
                )
        record |= {"sites": {}, "notes": {}, "unknown": {}}
        record["skipped"] = _write_skipped(paths[".skipped.tsv"], {"variants": self._skipped})
        record |= _precision(self._forward, self._inputs, self._grid)

    def _predict(self, number: int) -> dict[str, np.ndarray]:
        first = number * _MOST
        places = self._places[first : first + _MOST]
        numbers, scores = maxatac.rows(
            self._variants, places, self._forward, self._grid, self._inputs, self._batch_size
        )
        return {"numbers": numbers + first, "scores": scores}


def _run(
    job: Job,
    identity: dict,
    whole: dict,
    made: Sequence[str],
    provenance: dict,
    keep: Callable[[Job], list[Path]],
    write: Callable[[Sequence[Path], Mapping[str, Path], dict], None],
) -> HaplotypeFiles:
    """Do a job, or nothing if its files are there.

    Args:
        identity: what predictions depend on; `whole` all that the files depend on.
        made: suffixes of the files.
        keep: makes the parts that are missing.
        write: writes the files from the parts, and fills in the record.
    """

    def described(parts: Sequence[Path], paths: Mapping[str, Path], record: dict) -> None:
        write(parts, paths, record)
        record |= {"model": provenance, **whole}

    with job:
        record, _ = job.run(identity, whole, made, lambda: keep(job), described)
    return HaplotypeFiles.of(job.paths(record), record)


def _identity(inputs: Inputs, grid: Grid, provenance: dict, choices: dict) -> dict[str, object]:
    """What predictions depend on, whichever way they are made."""
    return {
        **weights_of(provenance),
        "backend": backend(),
        "inputs": inputs.identity(),
        "grid": asdict(grid),
        "choices": choices,
    }


def _precision(forward: Forward, inputs: Inputs, grid: Grid) -> dict[str, object]:
    """What the sidecar says of a precision below float32: how far from that are windows where some regions begin."""
    if forward.precision == FLOAT32:
        return {}
    some = inputs.regions[:: -(-len(inputs.regions) // _COMPARED)]
    windows = [Interval(region.chrom, region.start, region.start + grid.window) for region in some]
    predicted = ((item.chrom, item.start + grid.offset, item.start + grid.offset + grid.span) for item in windows)
    covariates = inputs.reader.covariates_of(predicted, len(windows))
    found = forward.difference(*inputs.reader.batch(windows), *covariates)
    return described(forward.precision, found, len(windows))


def _merged(inputs: Inputs, size: int) -> list[Interval]:
    """Regions as stretches of whole bins that have no bin in common, in the order of the chromosomes."""
    whole = [Interval(region.chrom, region.start // size, -(-region.end // size)) for region in inputs.regions]
    lengths = inputs.lengths
    spans = merge(whole)
    return [
        Interval(chrom, first * size, min(last * size, lengths[chrom]))
        for chrom in lengths
        for first, last in spans.get(chrom, NONE).tolist()
    ]


def _groups(blocks: Sequence[Interval], grid: Grid) -> Iterator[list[Interval]]:
    """Regions of about `_MOST` windows; longer ones are cut between bins."""
    most = max(_MOST * grid.stride // grid.bin_size, 1) * grid.bin_size
    group: list[Interval] = []
    windows = 0
    for block in blocks:
        for start in range(block.start, block.end, most):
            piece = Interval(block.chrom, start, min(start + most, block.end))
            group.append(piece)
            windows += (len(piece) + grid.span) // grid.stride + 1
            if windows >= _MOST:
                yield group
                group, windows = [], 0
    if group:
        yield group


def _write_skipped(path: Path, skipped: Mapping[str, Sequence[Skipped]]) -> dict[str, dict[str, int]]:
    """A row for each variant that is in no sequence; how many there are for each reason."""
    with open(path, "w", encoding="utf-8") as handle:
        handle.write("haplotype\tchrom\tpos\tid\tref\talt\treason\twhere\n")
        for name, items in skipped.items():
            for entry in items:
                handle.write(row(name, *place_of(entry.variant), entry.reason, entry.variant.where))
    return {name: dict(Counter(entry.reason for entry in items).most_common()) for name, items in skipped.items()}

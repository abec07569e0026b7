"""Quality of a ChromBPNet or BPNet on held-out chromosomes, as users of the original know it from its reports.

Counts and profile against what was measured, marginal footprints of the enzyme before and after correction, what the
bias model alone predicts in peaks, and, if asked for, the motifs in its attributions; each with a verdict in words.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from registry.metrics import label, meanings
from registry.paths import user_path
from zoo import interpretation
from zoo.arguments import optional_switch, whole
from zoo.attribution.references import dinucleotide_shuffle
from zoo.errors import InputError
from zoo.evaluate import footprints, profile_models, profile_regions, profiles
from zoo.evaluate.footprints import Footprint
from zoo.evaluate.panels import (
    ACCESSIBILITY,
    BIAS,
    FAILED,
    NOTED,
    Panel,
    bias_panel,
    counts_panel,
    few,
    footprint_panel,
    footprint_picture,
    profile_panel,
)
from zoo.evaluate.profile_regions import CountedRegions
from zoo.evaluate.profiles import CALLED, Metrics
from zoo.files.atomic import output_base
from zoo.genome.encode import one_hot
from zoo.genome.motifs import read_motifs
from zoo.genome.sequence import Genome
from zoo.inputs.reader import WindowReader
from zoo.model import WHOLE, Model
from zoo.pages import report

_MOST = 1_000_000
_EXPLAINED, _WIDTH = 1000, 400  # peaks, and bp in their middle, in which motifs are looked for
_KIND = "model quality"
_BACKGROUNDS = ("background regions", "peaks with shuffled dinucleotides")


@dataclass(frozen=True, eq=False)
class ModelQuality:
    """How good a model is.

    Attributes:
        model: its name.
        regions: on which it was evaluated.
        metrics: part of the model → group of regions → metrics. Parts are "full", "accessibility" and "bias", or the
            model's name if it has none.
        footprints: part → motif → footprint.
        panels: parts of the report.
        files: that were written.
    """

    model: str
    regions: CountedRegions
    metrics: Mapping[str, Mapping[str, Metrics]]
    footprints: Mapping[str, Mapping[str, Footprint]]
    panels: tuple[Panel, ...]
    files: tuple[Path, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no part of the report fails."""
        return all(panel.verdict != FAILED for panel in self.panels)

    def __str__(self) -> str:
        lines = [f"{panel.title}: {panel.verdict}. {panel.text}" for panel in self.panels]
        return "\n".join([*lines, *map(str, self.files)])

    def to_json(self) -> dict:
        """A JSON object; `metrics` of each part are as in the original's `*_metrics.json`."""
        return {
            "model": self.model,
            "chromosomes": list(self.regions.chromosomes),
            "left_out": dict(self.regions.left_out),
            "metrics": {part: profiles.original(groups) for part, groups in self.metrics.items()},
            "rows": {f"{part}, {group}": asdict(row) for part, group, row in self.rows()},
            "footprints": {
                part: {
                    name: {"motif": item.motif, "maximum": item.maximum, "counts": item.counts}
                    for name, item in found.items()
                }
                for part, found in self.footprints.items()
            },
            "verdicts": {panel.title: {"verdict": panel.verdict, "text": panel.text} for panel in self.panels},
            "passed": self.passed,
        }

    def rows(self) -> Iterator[tuple[str, str, Metrics]]:
        """Part of the model, group of regions, and metrics."""
        for part, groups in self.metrics.items():
            for group, row in groups.items():
                yield part, group, row


def quality(
    model: Model,
    *,
    genome: str | Path | Genome,
    signal: object,
    peaks: str | Path,
    negatives: str | Path | None = None,
    chromosomes: Sequence[str] | str | None = None,
    controls: Mapping[str, object] | None = None,
    assay: str | None = "ATAC",
    motifs: bool | str | Path | None = None,
    most: int | None = None,
    backgrounds: int = 200,
    seed: int = 0,
    output: str | Path | None = None,
    progress: bool | None = None,
) -> ModelQuality:
    """Evaluate a ChromBPNet or BPNet on held-out chromosomes.

    Of a ChromBPNet with both networks the whole is evaluated, whichever part is given.

    Args:
        model: of one profile and its total counts.
        genome: the sequence, `.2bit` or FASTA.
        signal: what was counted, `.bw`: the number of cut sites, or of 5' ends, at each base; of a model of several
            strands a mapping of names to files.
        peaks: narrowPeak file, whose summits are the middles of regions.
        negatives: the same of background regions; without them footprints are of shuffled peaks.
        chromosomes: that the model has not learned from; default those that its provenance names.
        controls: control tracks of the model, name → `.bw`; zeros for those that are left out.
        assay: whose enzyme's motifs make footprints: "ATAC" (Tn5), "DNase" (DNase I), or None for none.
        motifs: look for motifs in attributions of up to 1,000 peaks: True, or a MEME file of known motifs; with an
            output only.
        most: regions of a kind that are evaluated, evenly spaced; default all.
        backgrounds: sequences that motifs are written into, at most.
        seed: of the random baseline and of shuffles.
        output: write `<output>.json`, `.html` and a `.png` of each picture.
        progress: show a progress bar; by default in a terminal only.

    Returns:
        Metrics, footprints, and a verdict for each part of the report.

    Raises:
        InputError: a model of other heads, no chromosomes named, a signal that is no count of reads, or files that
            cannot be used.
        GenomeMismatch: files of different assemblies.
    """
    model, genome = model.whole, genome if isinstance(genome, Genome) else Genome(genome)
    parts, progress = parts_of(model), optional_switch("progress", progress)
    motifs = motifs if motifs is None or isinstance(motifs, bool) else user_path(motifs, "motifs")
    enzyme = _enzyme(model, assay)
    most = None if most is None else whole("most", most, 2, _MOST)
    backgrounds, seed = whole("backgrounds", backgrounds, 1, _MOST), whole("seed", seed, 0, 2**32 - 1)
    reads = {"genome": genome, "signal": signal, "peaks": peaks, "negatives": negatives, "controls": controls}
    reads |= {"motifs": motifs, "model": model}
    _claim(output, list(reads.values()), parts, enzyme, motifs)
    regions = profile_regions.counted(model.spec, genome, signal, peaks, negatives, chromosomes, most)
    found = {
        name: profile_models.evaluate(
            profile_models.predictor(part, genome, controls, regions.chromosomes),
            regions,
            profile_regions.pseudocount_of(part.spec),
            seed,
            progress=progress,
        )
        for name, part in parts.items()
    }
    x = background(regions, model.spec.input.window, backgrounds, seed) if enzyme else None
    marginal = {name: footprints.footprints(part, x, enzyme) for name, part in parts.items()} if enzyme else {}
    first = next(iter(parts))
    panels = [counts_panel(found[first], first), profile_panel(found[first], first)]
    panels += [bias_panel(found[BIAS])] if len(parts) > 1 else []
    panels += [footprint_panel(marginal, _BACKGROUNDS[bool(regions.peaks.all())])] if enzyme else []
    panels += [_motifs(parts.get(ACCESSIBILITY, model), regions, motifs, output, progress)] if motifs else []
    metrics = {name: comparison.metrics() for name, comparison in found.items()}
    made = ModelQuality(model.spec.name, regions, metrics, marginal, tuple(panels))
    return made if output is None else replace(made, files=_write(made, output, reads))


def parts_of(model: Model) -> dict[str, Model]:
    """A ChromBPNet and its networks, "full", "accessibility" and "bias"; of another model itself, by its name."""
    if {ACCESSIBILITY, BIAS} <= {item.name for item in model.spec.components}:
        return {WHOLE: model, **{name: model.component(name) for name in (ACCESSIBILITY, BIAS)}}
    return {model.spec.name: model}


def background(regions: CountedRegions, window: int, most: int, seed: int = 0) -> np.ndarray:
    """Sequences that motifs are written into, (n, window, 4) one-hot: evenly spaced regions that are no peaks; where
    all are, peaks whose dinucleotides are shuffled.
    """
    there = np.flatnonzero(~regions.peaks)
    shuffled = not len(there)
    chosen = few(np.arange(len(regions)) if shuffled else there, most)
    codes = np.concatenate(
        [regions.windows(WindowReader(regions.reader.genome), slice(at, at + 1), window)[0] for at in chosen]
    )
    return one_hot(dinucleotide_shuffle(codes, 1, seed)[:, 0] if shuffled else codes)


def _enzyme(model: Model, assay: str | None) -> Mapping[str, str]:
    """Motifs of footprints; none for a model of several strands, which is of no accessibility."""
    known = {} if assay is None else footprints.motifs_of(assay)
    return {} if profile_regions.heads_of(model.spec)[0].tracks else known


def _motifs(model: Model, regions: CountedRegions, motifs: object, output: object, progress: bool | None) -> Panel:
    """What contributes to counts and to profiles of peaks, as motifs."""
    chosen = few(np.flatnonzero(regions.peaks), _EXPLAINED)
    places, sections, texts = [regions.middles[at] for at in chosen], [], []
    for head, target in (("counts", "sum"), ("profile", "profile")):
        base = _motif_base(output, head)
        named = next(item.name for item in model.spec.outputs if item.kind == head)
        given = {"genome": regions.reader.genome, "regions": places, "head": named, "target": target}
        model.attribute(**given, output=base, progress=progress)
        database = None if motifs is True else motifs
        width = min(_WIDTH, model.spec.input.window)
        made = interpretation.report(f"{base}.npz", f"{base}_motifs", database, width)
        texts.append(f"{len(made.patterns):,} in attributions to {head}, in {made.folder.name}")
        rows = [
            [
                pattern.short,
                pattern.seqlets,
                pattern.consensus,
                near[0].name if near else None,
                interpretation.orientation(pattern),
            ]
            for pattern, near in zip(made.patterns, made.matches, strict=True)
        ]
        columns = ["pattern", "seqlets", "consensus", "nearest known motif", "strand"]
        sections.append({"kind": "table", "title": f"Motifs of {head}", "note": "", "columns": columns, "rows": rows})
    text = f"Patterns of {len(places):,} peaks: {'; '.join(texts)}. None of them should be that of the enzyme."
    return Panel("Motifs", NOTED, text, tuple(sections))


def _motif_base(output: object, head: str) -> Path:
    base = output_base(output)
    return base.with_name(f"{base.name}.{head}")


def _claim(
    output: object, reads: Sequence[object], parts: Iterable[str], enzyme: Mapping[str, str], motifs: object
) -> None:
    """Refuse outputs that cannot be written, and known motifs that cannot be read, before anything is computed."""
    if isinstance(motifs, Path):
        read_motifs(motifs)
    if output is None:
        if motifs:
            raise InputError(
                "Motifs must be looked for with an output, which they are written beside",
                example='output="qc/k562"',
                received={"motifs": motifs, "output": None},
            )
        return
    pictures = map(footprint_picture, parts if enzyme else ())
    report.claim(output, reads, _KIND, [".counts.png", ".profile.png", *pictures])


def _write(made: ModelQuality, output: str | Path, reads: Mapping[str, object]) -> tuple[Path, ...]:
    rows = [[panel.title, panel.verdict] for panel in made.panels]
    verdicts = {"kind": "table", "title": "Verdicts", "note": "", "columns": ["", "verdict"], "rows": rows}
    content = made.to_json()
    columns = list(dict.fromkeys(key for row in content["rows"].values() for key in row))
    named = ((f"{part}, {CALLED[group]}", asdict(row)) for part, group, row in made.rows())
    lines = [[name, *(row[column] for column in columns)] for name, row in named]
    lost = "".join(f"{count:,} {what} are left out.\n" for what, count in made.regions.left_out.items() if count)
    note = f"{lost}Chromosomes: {', '.join(made.regions.chromosomes)}."
    heads, said = ["", *map(label, columns)], meanings(columns)
    numbers = {"kind": "table", "title": "Metrics", "note": note, "columns": heads, "rows": lines, "meanings": said}
    sections = [verdicts, numbers]
    for panel in made.panels:
        first, *rest = panel.sections
        sections += [{**first, "note": f"{panel.title}: {panel.verdict}. {panel.text}\n{first.get('note', '')}"}, *rest]
    pictures = {suffix: part for panel in made.panels for suffix, part in panel.pictures.items()}
    content["inputs"] = {name: _named(value) for name, value in reads.items() if value and name != "model"}
    given = [Path(str(content["inputs"][name])).name for name in ("signal", "peaks") if name in content["inputs"]]
    title = f"Quality of {made.model}: {', '.join(given)}"
    return report.write(output, title, sections, list(reads.values()), kind=_KIND, pictures=pictures, **content)


def _named(value: object) -> object:
    """A file, or several by their names, as the report says it."""
    if isinstance(value, Mapping):
        return {str(name): _named(item) for name, item in value.items()}
    return value if value is True else str(getattr(value, "path", value))

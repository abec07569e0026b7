"""From attributions to a folder of motifs: patterns, what they look like, where they stand, a report."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from registry.digests import sha256
from registry.paths import user_path
from zoo.arguments import whole
from zoo.attribution import modisco, strands
from zoo.attribution.modisco import Pattern
from zoo.attribution.motifs import important_hits
from zoo.attribution.result import Attributions
from zoo.environment import versions
from zoo.errors import InputError
from zoo.files.atomic import atomic, check_apart, write_json, writing
from zoo.files.keeping import keeps_others, of_another
from zoo.files.record import MADE_BY, read_json, read_own
from zoo.genome.motifs import Match, match, read_motifs, scan
from zoo.plot import style
from zoo.plot.explained import plot_patterns

_MARK, _RECORD = "zoo-motifs.json", "motifs.json"
_DRAWN = ("patterns.png", "patterns.svg", "seqlets.bed")  # only if there are patterns
_MOST = 10**9
_SEARCHED = ("sequences.npz", "hypothetical.npz", "patterns.h5", "patterns.json")
_FILES = (*_SEARCHED, "patterns.tsv", *_DRAWN, "report", _RECORD)


@dataclass(frozen=True)
class MotifReport:
    """Patterns in attributions, with their known motifs and hits.

    Attributes:
        folder: of all files.
        patterns: the motifs, those with most seqlets first.
        matches: of each pattern the nearest motifs of the database, best first; empty without one.
        hits: motif of the database that is the best match of a pattern → (hits, those that matter).
        html: the report of modisco-lite; None without patterns.
    """

    folder: Path
    patterns: list[Pattern]
    matches: list[list[Match]]
    hits: dict[str, tuple[int, int]]
    html: Path | None

    def __str__(self) -> str:
        if not self.patterns:
            return "no pattern: too few stretches of the windows stand out"
        lines = [f"{'pattern':<8} {'seqlets':>7}  {'consensus':<24} {'nearest motif':<26} {'p':>8}  strand"]
        for pattern, near in zip(self.patterns, self.matches, strict=True):
            best, p_value = (near[0].name[:26], f"{near[0].p_value:.1e}") if near else ("-", "-")
            lines.append(
                f"{pattern.short:<8} {pattern.seqlets:>7,}  {pattern.consensus[:24]:<24} {best:<26} {p_value:>8}  "
                f"{orientation(pattern)}"
            )
        return "\n".join(lines)

    def to_json(self) -> dict:
        """A JSON object."""
        rows = [
            {
                "pattern": pattern.name,
                "seqlets": pattern.seqlets,
                "consensus": pattern.consensus,
                "reverse complement": pattern.turned,
                "merged": list(pattern.others),
                "matches": [asdict(candidate) for candidate in near],
            }
            for pattern, near in zip(self.patterns, self.matches, strict=True)
        ]
        hits = {name: {"hits": both[0], "that matter": both[1]} for name, both in self.hits.items()}
        return {"folder": str(self.folder), "patterns": rows, "hits": hits, "report": self.html and str(self.html)}


def orientation(pattern: Pattern) -> str:
    """Which strand of the patterns that modisco-lite found is shown, and how many of them are merged."""
    text = "reverse complement" if pattern.turned else "as found"
    return text + (f", {len(pattern.others) + 1} merged" if pattern.others else "")


def report(
    attributions: str | Path,
    folder: str | Path,
    motifs: str | Path | None = None,
    width: int = 400,
    most_seqlets: int = 20_000,
    least_seqlets: int = 100,
) -> MotifReport:
    """Find motifs in attributions and write a report of them.

    A pattern and its reverse complement are one (`zoo.attribution.strands`), on the strand of the known motif that it
    matches best. The folder has `patterns.h5` (modisco-lite's, with all patterns as they were found), `patterns.tsv`,
    `patterns.png` and `.svg` (logos), `seqlets.bed` (where they stand, of windows on a genome), `report/report.html`
    (modisco-lite's) and `motifs.json`. Patterns that an earlier call with the same input and choices found are not
    looked for again; the same call twice writes nothing.

    Args:
        attributions: a file of `Model.attribute(…, output=…)` or `Attributions.save`.
        folder: made if it does not exist.
        motifs: a MEME file with known motifs.
        width: bp in the middle of the windows that are looked at.
        most_seqlets: of each sign, that are used.
        least_seqlets: of a sign; fewer, and it has no patterns.

    Raises:
        InputError: no attributions, attributions of a method without hypothetical ones, or no MEME file.
        MissingExtra: memelite or modisco-lite is not installed.
    """
    attributions, folder = user_path(attributions, "attributions"), user_path(folder, "folder")
    motifs = None if motifs is None else user_path(motifs, "motifs")
    loaded = Attributions.load(attributions)
    check_apart([folder / name for name in _FILES if name != "report"], [attributions, motifs])
    database = None if motifs is None else read_motifs(motifs)
    modisco.check(loaded, width)
    most_seqlets = whole("most_seqlets", most_seqlets, 1, _MOST)
    least_seqlets = whole("least_seqlets", least_seqlets, 1, _MOST)
    choices = {"width": width, "most_seqlets": most_seqlets, "least_seqlets": least_seqlets}
    identity = {"attributions_sha256": sha256(attributions), **choices}
    _own(folder)
    _check_same(folder, {**identity, "motifs_sha256": motifs and sha256(motifs)})
    patterns = strands.merged(_patterns(loaded, folder, identity, choices))
    matches = [[] for _ in patterns]
    if database is not None:
        matches = match([pattern.frequencies for pattern in patterns], database, modisco.NEAREST)
        pairs = [strands.oriented(*pair) for pair in zip(patterns, matches, strict=True)]
        patterns, matches = [pattern for pattern, _ in pairs], [near for _, near in pairs]
    named = {near[0].name: database[near[0].name] for near in matches if near}
    hits = {}
    if named:
        important = important_hits(loaded, named)
        hits = {name: (all_.places, important[name].places) for name, all_ in scan(named, list(loaded.codes)).items()}
    html = folder / "report" / "report.html" if patterns else None
    made = MotifReport(folder, patterns, matches, hits, html)
    record = {**made.to_json(), **identity, "motifs_sha256": motifs and sha256(motifs), "versions": versions()}
    if not _is_there(folder, json.loads(json.dumps(record))):
        _write(made, loaded, width, motifs, record)
    return made


def _own(folder: Path) -> None:
    """Mark the folder as a report's. Raises `InputError` if it holds files that no report made, by one of our names."""
    mark = folder / _MARK
    if read_own(mark) is not None:
        return
    if foreign := [name for name in (_MARK, *_FILES) if os.path.lexists(folder / name)]:
        raise InputError(
            "The folder must hold no files by the names of a report's that no report made",
            received={"folder": str(folder), "files": foreign[:5]},
            hint="Choose another output, or move these files away",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic(mark, folder) as temporary:
            write_json(temporary, {"made_by": MADE_BY, "kind": "motifs"})
    except OSError as error:
        raise InputError(
            f"The output must be writable: {error.strerror or error}", received={"output": str(folder)}
        ) from None


def _check_same(folder: Path, identity: dict) -> None:
    """Where others are kept, raise `InputError` if the folder's report is of other attributions, motifs or choices."""
    earlier = (read_json(folder / _RECORD) if keeps_others() else None) or identity
    if differing := [name.removesuffix("_sha256") for name, value in identity.items() if earlier.get(name) != value]:
        raise of_another(folder / _RECORD, differing)


def _patterns(attributions: Attributions, folder: Path, identity: dict, choices: dict) -> list[Pattern]:
    """Patterns of an earlier call with the same input and choices, or new ones."""
    note, result = folder / "patterns.json", folder / "patterns.h5"
    if result.is_file() and read_json(note) == {**identity, "patterns_sha256": sha256(result)}:
        return modisco.patterns(result)
    note.unlink(missing_ok=True)
    patterns = modisco.discover(attributions, folder, **choices)
    with atomic(note, folder) as temporary:
        write_json(temporary, {**identity, "patterns_sha256": sha256(result)})
    return patterns


def _is_there(folder: Path, record: dict) -> bool:
    """Whether an earlier call wrote all files of a record, and they are whole."""
    earlier = read_json(folder / _RECORD) or {}
    files = earlier.pop("files", None)
    try:
        return earlier == record and all(sha256(folder / name) == digest for name, digest in files.items())
    except (OSError, AttributeError, TypeError):
        return False


def _write(made: MotifReport, attributions: Attributions, width: int, motifs: Path | None, record: dict) -> None:
    """All files but those of the search; those of an earlier call that are not made again are gone."""
    for old in (_RECORD, *_DRAWN):
        (made.folder / old).unlink(missing_ok=True)
    if made.patterns:
        modisco.write_report(made.folder / "patterns.h5", made.folder / "report", motifs)
    elif (made.folder / "report").is_dir():
        shutil.rmtree(made.folder / "report")
    _write_tables(made, attributions, width)
    if made.patterns:
        _draw(made)
    names = [name for name in ("patterns.h5", "patterns.tsv", *_DRAWN) if (made.folder / name).is_file()]
    with atomic(made.folder / _RECORD, made.folder) as temporary:
        write_json(temporary, {**record, "files": {name: sha256(made.folder / name) for name in names}})


def counts(cells: Mapping[str, MotifReport]) -> dict[str, dict[str, tuple[int, int]]]:
    """How much supports each motif in each cell type.

    Returns:
        Motif → cell type → (seqlets of the patterns that it matches best, its hits that matter). Patterns without a
        match go by their consensus, on the strand on which that is first in the alphabet.
    """
    by_motif: dict[str, dict[str, tuple[int, int]]] = {}
    for cell, made in cells.items():
        for pattern, near in zip(made.patterns, made.matches, strict=True):
            name = near[0].name if near else min(pattern.consensus, strands.turned(pattern).consensus)
            row = by_motif.setdefault(name, dict.fromkeys(cells, (0, 0)))
            row[cell] = (row[cell][0] + pattern.seqlets, made.hits.get(name, (0, 0))[1])
    return by_motif


def _write_tables(made: MotifReport, attributions: Attributions, width: int) -> None:
    with writing(made.folder / "patterns.tsv") as handle:
        handle.write("pattern\tseqlets\tconsensus\trank\tmotif\tp_value\tstrand\tshown\n")
        for pattern, near in zip(made.patterns, made.matches, strict=True):
            for rank, motif in enumerate(near or [Match("-", float("nan"))], start=1):
                row = (pattern.name, pattern.seqlets, pattern.consensus, rank, motif.name, f"{motif.p_value:.3g}")
                row = (*row, motif.strand if near else "-", orientation(pattern))
                handle.write("\t".join(map(str, row)) + "\n")
    if not (attributions.intervals and made.patterns):
        return
    left = (attributions.codes.shape[1] - width) // 2
    rows = []
    for pattern in made.patterns:
        for number, (start, end), reverse in zip(pattern.windows, pattern.places, pattern.reverse, strict=True):
            window = attributions.intervals[number]
            score = float(attributions.scores[number, left + start : left + end].sum())
            row = (window.chrom, window.start + left + start, window.start + left + end, pattern.short, f"{score:.6g}")
            rows.append((*row, "-" if reverse else "+"))
    with writing(made.folder / "seqlets.bed") as handle:
        handle.writelines("\t".join(map(str, row)) + "\n" for row in sorted(rows))


def _draw(made: MotifReport) -> None:
    figure = plot_patterns(made.patterns, made.matches)
    for suffix in ("png", "svg"):
        with atomic(made.folder / f"patterns.{suffix}", made.folder) as temporary:
            style.save(figure, temporary, suffix)

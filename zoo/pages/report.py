"""One page of an evaluation: tables, curves and loci, in a file that needs no network.

A page is made of sections, plain JSON that stands beside it:

- `{"kind": "table", "title", "note", "columns": […], "rows": [[…], …]}`, and `meanings` of the columns, in words
- `{"kind": "curves", "title", "note", "x", "y", "series": [{"name", "x": […], "y": […]}, …]}`, and `level` for a dashed
  line; two series with `limit_of`, the name of another one, are the limits of a band around that
- `{"kind": "precision_recall", "title", "note", "random", "series": [{"name", "recall": […], "precision": […], "best":
  {"f1", "score", "recall", "precision"}}, …]}`, recall rising; `random` is the precision of random predictions
- `{"kind": "points", "title", "note", "x", "y", "series": [{"name", "x": […], "y": […]}, …]}`
- `{"kind": "histogram", "title", "note", "x", "y", "edges": [… n + 1], "series": [{"name", "y": [… n]}, …]}`
- `{"kind": "volcano", "title", "note", "x", "names": [… n], "changes": [… n], "q": [… n]}`
- `{"kind": "heat", "title", "note", "x", "rows": [… n], "columns": [… m], "values": [[… m], … n]}`
- `{"kind": "overlap", "title", "note", "names": [… n], "sets": [{"in": [true or false, … n], "sites"}, …]}`
- `{"kind": "quality", "title", "note", "panel", "summary", "columns", "rows"}`, a panel of `zoo.plot.quality.PANELS`
- `{"kind": "locus", "title", "note", "chrom", "start", "step", "tracks": [{"name", "values": […]}, …],
  "intervals": [{"name", "spans": [[start, end], …]}, …]}`, values over `step` bp each from `start` on, 0-based.
"""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np

from registry.digests import sha256
from registry.errors import printable
from registry.paths import user_path
from zoo.environment import versions
from zoo.errors import InputError
from zoo.files.atomic import atomic, check_apart, output_base, writing
from zoo.files.keeping import check_absent
from zoo.files.record import MADE_BY, finite, read_own, retire
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.plot import style
from zoo.plot.sections import figure

_PARTS = "report.css", "report.js"


def write(
    base: str | Path,
    title: str,
    sections: Sequence[Mapping],
    reads: Iterable[object] = (),
    texts: Mapping[str, Iterable[str]] | None = None,
    kind: str = "report",
    pictures: Mapping[str, Mapping] | None = None,
    **details: object,
) -> tuple[Path, ...]:
    """Write `BASE.json` and the page made of it, `BASE.html`; nothing, if one of the files may not be replaced.

    Args:
        base: the files' path without extension.
        title: of the page.
        sections: as described at the head of this module.
        reads: everything that the evaluation read; none of it is replaced.
        texts: suffix → text, in pieces, of further files `BASE<suffix>`.
        kind: of evaluation, in a word; what an earlier one of the same kind wrote is replaced, or removed if this one
            does not write it.
        pictures: suffix → section that is drawn as a PNG file `BASE<suffix>`, too.
        details: more that stands in the JSON, and at the page's end. Numbers that are not finite become null.

    Returns:
        The paths: of the JSON, of the page, and of the further files.

    Raises:
        InputError: as `claim`, or a section of another kind.
    """
    texts, pictures = dict(texts or {}), dict(pictures or {})
    paths = claim(base, reads, kind, [*texts, *pictures])
    content = {"made_by": MADE_BY, "kind": kind, "title": title, "sections": list(sections), **details}
    content = finite({**content, "versions": versions()})
    texts[".html"] = [render(content)]
    before = _earlier(paths[".json"]) or {}
    try:
        for suffix, pieces in texts.items():
            with writing(paths[suffix]) as handle:
                handle.writelines(pieces)
        for suffix, part in pictures.items():
            with atomic(paths[suffix], paths[suffix].parent) as temporary:
                style.save(figure(part, titled=True), temporary, "png")
        content["files"] = {paths[suffix].name: sha256(paths[suffix]) for suffix in (*texts, *pictures)}
        with writing(paths[".json"]) as handle:
            handle.write(json.dumps(content, indent=1) + "\n")
        retire(paths[".json"], before, content["files"])
    except OSError as error:
        raise InputError(f"The output must be writable: {error.strerror}", received={"output": str(base)}) from None
    return (paths[".json"], paths[".html"], *(path for suffix, path in paths.items() if suffix not in _OWN))


_OWN = ".json", ".html"
_LONG = 60  # letters of a cell that is given room for a sentence


def claim(
    base: str | Path, reads: Iterable[object] = (), kind: str = "report", suffixes: Iterable[str] = ()
) -> dict[str, Path]:
    """The files of a report: suffix → path. To be called before anything is computed, so that no work is lost.

    Raises:
        InputError: not a path, a file that is read, or one that is there and that no earlier report of the same kind
            wrote.
    """
    path = output_base(base)
    names = {suffix: f"{path.name}{suffix}" for suffix in (*_OWN, *suffixes)}
    if wrong := next((name for name in names.values() if "/" in name), None):
        raise InputError("A chromosome's name must be able to be part of a file's name", received={"file": wrong})
    paths = {suffix: user_path(path.with_name(name), "output") for suffix, name in names.items()}
    check_apart(paths.values(), reads)
    there = next((file for file in paths.values() if file.exists()), None)
    if there is not None and (_earlier(paths[".json"]) or {}).get("kind") != kind:
        raise InputError(
            f"An output must replace no file but those of an earlier report of the same kind ({kind})",
            received={"output": str(there)},
            hint="Choose another output, or remove that file",
        )
    check_absent(paths.values())
    return paths


def _earlier(path: Path) -> dict | None:
    """The JSON of an earlier report; None if it is none."""
    content = read_own(path)
    return content if content is not None and isinstance(content.get("sections"), list) else None


def render(content: Mapping) -> str:
    """The page of an evaluation's JSON, as text."""
    sections = content["sections"]
    links = "".join(f'<li><a href="#s{n}">{_text(part["title"])}</a></li>' for n, part in enumerate(sections))
    body = "".join(_section(number, part) for number, part in enumerate(sections))
    rest = {key: value for key, value in content.items() if key not in ("title", "sections", "made_by", "files")}
    css, script = (files("zoo.pages").joinpath(name).read_text(encoding="utf-8") for name in _PARTS)
    title = _text(content["title"])
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>\n{css}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#content">Skip to the results</a>\n<header><h1>{title}</h1>\n'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>\n<main id="content">\n{body}</main>\n'
        f"<footer><details><summary>How it was made</summary>{_listed(rest)}</details></footer>\n"
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def locus(
    title: str,
    region: Interval,
    tracks: Mapping[str, Signal],
    intervals: Mapping[str, Sequence[Interval]],
    most: int = 4000,
    note: str = "",
) -> dict:
    """A section that shows real tracks of a region, each as its highest value under every step.

    Args:
        title: of the section.
        region: by the tracks' names.
        tracks: by name.
        intervals: by name, on any chromosomes.
        most: values of a track that the page keeps.
        note: shown above it.
    """
    step = -(-len(region) // most)
    edges = np.arange(region.start, region.end, step)
    shown = []
    for name, track in tracks.items():
        values = np.maximum.reduceat(track.values(region.chrom, region.start, region.end), edges - region.start)
        shown.append({"name": name, "values": [float(f"{value:.4g}") for value in values]})
    near = [
        {
            "name": name,
            "spans": [
                [max(peak.start, region.start), min(peak.end, region.end)]
                for peak in peaks
                if peak.chrom == region.chrom and peak.start < region.end and peak.end > region.start
            ],
        }
        for name, peaks in intervals.items()
    ]
    place = {"chrom": region.chrom, "start": region.start, "end": region.end, "step": step}
    return {"kind": "locus", "title": title, "note": note, **place, "tracks": shown, "intervals": near}


def peak_densest(peaks: Sequence[Interval], within: Interval, width: int = 200_000) -> Interval:
    """The part of a region, `width` bp or less, in which most peaks begin."""
    starts = np.sort([peak.start for peak in peaks if peak.chrom == within.chrom])
    firsts = np.arange(within.start, max(within.end - width, within.start) + 1, max(width // 4, 1))
    counts = np.searchsorted(starts, firsts + width) - np.searchsorted(starts, firsts)
    start = int(firsts[np.argmax(counts)])
    return Interval(within.chrom, start, min(start + width, within.end))


def _section(number: int, part: Mapping) -> str:
    if part.get("kind") not in _KINDS:
        raise InputError(f"A section must be one of {', '.join(_KINDS)}", received={"kind": part.get("kind")})
    note = "".join(f"<p>{_text(line)}</p>" for line in str(part.get("note") or "").splitlines())
    inner = _KINDS[part["kind"]](part)
    head = f'<section id="s{number}" aria-labelledby="h{number}"><h2 id="h{number}">{_text(part["title"])}</h2>'
    return f"{head}{note}{inner}</section>\n"


def _table(part: Mapping) -> str:
    grid, said = _grid(part["title"], part["title"], part["columns"], part["rows"]), part.get("meanings")
    return grid + (f"<details><summary>What the columns mean</summary><p>{_text(said)}</p></details>" if said else "")


def _grid(title: str, caption: str, columns: Sequence[str], rows: Sequence[Sequence]) -> str:
    """A whole table in a box of its own that scrolls; a caption that repeats the section's title is not shown."""
    firsts = [next((row[at] for row in rows if len(row) > at), "") for at in range(len(columns))]
    kinds = ["words", *map(_kind, firsts[1:])]
    head = "".join(
        f'<th scope="col" class="{kind}">{_text(column)}</th>' if column else "<td></td>"
        for column, kind in zip(columns, kinds, strict=True)
    )
    lines = []
    for first, *others in rows:
        cells = "".join(f'<td class="{_kind(value)}">{_text(_shown(value))}</td>' for value in others)
        lines.append(f'<tr><th scope="row">{_text(_shown(first))}</th>{cells}</tr>')
    hidden = ' class="unseen"' if caption == title else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{_text(caption)}, table"><table>'
        f"<caption{hidden}>{_text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
        "</table></div>"
    )


def _curves(part: Mapping) -> str:
    series, most = part["series"], 21
    if all(line["x"] == series[0]["x"] for line in series):
        columns = [part["x"], *(line["name"] for line in series)]
        rows = [[series[0]["x"][at], *(line["y"][at] for line in series)] for at in _few(len(series[0]["x"]), most)]
    else:
        columns = ["", part["x"], part["y"]]
        rows = [[line["name"], line["x"][at], line["y"][at]] for line in series for at in _few(len(line["x"]), most)]
    return _drawn(part, f"{part['title']}: some points", "Some points as numbers", columns, rows)


_RECALLS = (0.05, 0.1, 0.25, 0.5, 0.75, 1)


def _precision_recall(part: Mapping) -> str:
    heads = ["best F1", "threshold at best F1", "precision there", "recall there"]
    columns = ["", *heads, *(f"precision at {recall:.0%} recall" for recall in _RECALLS)]
    rows = []
    for line in part["series"]:
        places = np.searchsorted(line["recall"], np.array(_RECALLS) - 1e-6)
        at = [line["precision"][place] for place in places.clip(max=len(line["recall"]) - 1)]
        rows.append([line["name"], *(line["best"][key] for key in ("f1", "score", "precision", "recall")), *at])
    rows.append(["random predictions", None, None, None, None, *[part["random"]] * len(_RECALLS)])
    label = f"Precision over recall of {', '.join(str(line['name']) for line in part['series'])}"
    return _drawn(part, f"{part['title']}: numbers", "Numbers", columns, rows, label)


def _points(part: Mapping) -> str:
    rows = [
        [line["name"], len(line["x"]), *(value for axis in ("x", "y") for value in _spread(line[axis]))]
        for line in part["series"]
    ]
    columns = ["", "points", *(f"{axis}, {what}" for axis in (part["x"], part["y"]) for what in ("lowest", "highest"))]
    return _drawn(part, f"{part['title']}: range of the points", "Range as numbers", columns, rows)


def _histogram(part: Mapping) -> str:
    edges = part["edges"]
    rows = [[f"{low:.4g} to {high:.4g}"] for low, high in pairwise(edges)]
    for line in part["series"]:
        rows = [[*row, value] for row, value in zip(rows, line["y"], strict=True)]
    columns = [part["x"], *(line["name"] for line in part["series"])]
    return _drawn(part, f"{part['title']}: bins", "Bins as numbers", columns, rows)


def _volcano(part: Mapping) -> str:
    order = sorted(range(len(part["names"])), key=lambda place: part["q"][place])
    rows = [[part["names"][place], part["changes"][place], part["q"][place]] for place in order]
    columns, label = ["", part["x"], "false discovery rate"], f"False discovery rate over {part['x']}"
    return _drawn(part, part["title"], "All as numbers", columns, rows, label)


def _heat(part: Mapping) -> str:
    rows = [[name, *values] for name, values in zip(part["rows"], part["values"], strict=True)]
    return _drawn(part, part["title"], "All as numbers", ["", *part["columns"]], rows, f"{part['x']}, as a heat map")


def _overlap(part: Mapping) -> str:
    rows = [
        [" and ".join(name for name, inside in zip(part["names"], each["in"], strict=True) if inside), each["sites"]]
        for each in part["sets"]
    ]
    return _drawn(part, part["title"], "All as numbers", ["", "sites"], rows, "Sites of each set")


def _quality(part: Mapping) -> str:
    label = f"{part['title']} of the sample"
    return _drawn(part, f"{part['title']}: numbers", "Numbers", part["columns"], part["rows"], label)


def _drawn(
    part: Mapping,
    caption: str,
    summary: str,
    columns: Sequence[str],
    rows: Sequence[Sequence],
    label: str | None = None,
) -> str:
    """A figure, and a table of its numbers."""
    svg = style.inline(figure(part), str(part["title"]))
    label = label or f"{part['y']} over {part['x']} of {', '.join(str(line['name']) for line in part['series'])}"
    label = f"{label}; the numbers are in the table below"
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{_text(label)}"', 1)
    numbers = _grid(part["title"], caption, columns, rows)
    name = f"{_text(part['title'])}, picture"
    box = f'<figure tabindex="0" aria-label="{name}">{svg}</figure>'
    return f"{box}<details><summary>{summary}</summary>{numbers}</details>"


def _locus(part: Mapping) -> str:
    data = {key: part[key] for key in ("chrom", "start", "end", "step", "tracks", "intervals")}
    data["colors"] = list(map(style.hexadecimal, style.COLORS[:-1]))  # the last is dark, as the ground may be
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    keys = "Arrow keys move, + and − zoom, Home shows all."
    rows = [
        [
            track["name"],
            max(track["values"]),
            data["chrom"],
            data["start"] + int(np.argmax(track["values"])) * data["step"] + 1,
        ]
        for track in data["tracks"]
    ]
    peaks = _grid(part["title"], "Where each track is highest", ["track", "highest", "chromosome", "position"], rows)
    return (
        f'<div class="locus"><p class="keys">{keys}</p><div class="buttons"></div>'
        f'<div class="view" tabindex="0" role="application" aria-label="{_text(part["title"])}. {keys}"></div>'
        f'<p class="place" aria-live="polite"></p><script type="application/json">{text}</script>'
        f"<noscript>Without JavaScript only the highest places are listed.</noscript></div>"
        f"<details><summary>Highest places as numbers</summary>{peaks}</details>"
    )


_KINDS = {
    "table": _table,
    "curves": _curves,
    "precision_recall": _precision_recall,
    "locus": _locus,
    "points": _points,
    "histogram": _histogram,
    "volcano": _volcano,
    "heat": _heat,
    "overlap": _overlap,
    "quality": _quality,
}


def _few(count: int, most: int = 11) -> list[int]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist() if count else []


def _spread(values: Sequence[float]) -> tuple[float | None, float | None]:
    return min(values, default=None), max(values, default=None)


def _listed(value: object) -> str:
    """Anything as lists within lists."""
    if isinstance(value, Mapping):
        return "<ul>" + "".join(f"<li>{_text(key)}: {_listed(item)}</li>" for key, item in value.items()) + "</ul>"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_listed, value))
    return _text(_shown(value))


def _kind(value: object) -> str:
    if value is None or isinstance(value, (int, float)):
        return "number"
    return "words long" if len(str(value)) > _LONG else "words"


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _text(value: object) -> str:
    return html.escape(printable(str(value)), quote=True)

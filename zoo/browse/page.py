"""The page of the model browser: a table of all models, a panel for each, curves and networks as SVG.

Everything is in the file: it makes no request, and without JavaScript the table and the panels (by their links,
`#family/MODEL`) are there; the script searches, filters, sorts and copies.
"""

import html
import shlex
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files

from registry.facts import split
from registry.metrics import grouped, label
from zoo import __version__
from zoo.browse import drawing
from zoo.browse.catalogue import Described
from zoo.spec import ModelSpec, OutputSpec, TrackSpec

_PARTS = "browse.css", "browse.js"
_PEARSON = "mean pearson", "pearsonr, peaks"
_COLUMNS = ("Model", "Predicts", "Tissue, training cell types", "AUPR", "Best F1", "Pearson's r", "Parameters")
_NUMBERS = 4  # the last columns
_NO_ENTRY = "–"


def render(models: Sequence[Described], networks: Mapping[str, Mapping], home: str | None = None) -> str:
    """The whole page, as text.

    Args:
        models: as `catalogue.collect` gives them.
        networks: name → what is drawn of it, as `drawing.networks` reads them.
        home: a link of the page's head, to the documentation that it is part of.
    """
    style, script = (files("zoo.browse").joinpath(name).read_text(encoding="utf-8") for name in _PARTS)
    shown = sorted({model.network for model in models} & set(networks))
    back = f'<p><a href="{_text(home)}">Documentation</a></p>' if home else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Models of chromatin-zoo {__version__}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#models">Skip to the table</a>\n'
        f"<header>{back}<h1>Models of chromatin-zoo {__version__}</h1>\n{_form(models)}</header>\n<main>\n"
        f'<div class="panels">\n{"".join(_panel(model, networks) for model in models)}</div>\n{_table(models)}</main>\n'
        f"<footer>{_families(models)}</footer>\n{drawing.symbols({name: networks[name] for name in shown})}"
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)


def _form(models: Sequence[Described]) -> str:
    """The search box and the filters; they are of use to the script alone, which shows them."""
    kinds = sorted({head.kind for model in models if model.spec for head in model.spec.outputs})
    families = list(dict.fromkeys(model.family.family for model in models))
    return (
        '<form role="search" hidden><label>Search <input type="search" name="text" autocomplete="off" '
        'placeholder="CTCF, PU.1, K562 …"></label>'
        f"{_select('family', 'Family', families)}{_select('kind', 'Output', kinds)}"
        '<p role="status"></p></form>\n'
    )


def _select(name: str, label: str, values: Iterable[str]) -> str:
    options = "".join(f"<option>{_text(value)}</option>" for value in values)
    return f'<label>{label} <select name="{name}"><option value="">all</option>{options}</select></label>'


def _table(models: Sequence[Described]) -> str:
    number = len(_COLUMNS) - _NUMBERS
    heads = "".join(
        f'<th scope="col"{" class=number" if place >= number else ""}>{_text(name)}</th>'
        for place, name in enumerate(_COLUMNS)
    )
    return (
        '<section id="models" aria-labelledby="models-title" tabindex="-1"><h2 id="models-title">All models</h2>\n'
        "<p>Metrics are of each family's own held-out data: compare models within a family.</p>\n"
        '<div class="wide" role="region" aria-label="Table of models" tabindex="0"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{''.join(map(_row, models))}</tbody>\n</table></div></section>\n"
    )


def _row(model: Described) -> str:
    entry = model.entry
    kinds = " ".join(head.kind for head in model.spec.outputs) if model.spec else ""
    words = " ".join((entry.name, *entry.aliases, entry.tissue, entry.description, kinds)).lower()
    figures = (model.score("AUPR"), model.best_f1, model.score(*_PEARSON), model.score("parameters"))
    described = entry.description + (f" ({', '.join(entry.aliases)})" if entry.aliases else "")
    return (
        f'<tr data-family="{_text(model.family.family)}" data-kind="{_text(kinds)}" data-words="{_text(words)}">'
        f'<th scope="row"><a href="#{_text(entry.name)}">{_text(entry.name)}</a></th>'
        f"<td>{_text(described)}</td><td>{_text(entry.tissue)}</td>{''.join(map(_cell, figures))}</tr>\n"
    )


def _cell(value: float | None) -> str:
    if value is None:
        return f'<td class="number">{_NO_ENTRY}</td>'
    whole = float(value).is_integer() and abs(value) != 1  # else it may be a metric, as whose 1 it is shown
    shown = f"{value:,.0f}" if whole else f"{value:.3f}" if abs(value) > 0.1 else f"{value:.3g}"
    return f'<td class="number" data-value="{value:g}">{shown}</td>'


def _panel(model: Described, networks: Mapping[str, Mapping]) -> str:
    """All that is known of a model."""
    name = _text(model.name)
    parts = [_commands(model), _facts(model)]
    metrics, facts = split(model.figures)
    parts += [_figures(title, values) for title, values in (("Metrics", metrics), ("Facts", facts)) if values]
    if model.table is not None:
        parts.append(f"<h3>Thresholds</h3>\n{drawing.curve(model.table, model.name)}{_thresholds(model)}")
    if model.network in networks:
        parts.append(f"<h3>Network: {_text(model.network)}</h3>\n{drawing.use(model.network, networks[model.network])}")
    if model.place is not None and (model.place / "README.md").is_file():
        parts.append(f'<details><summary>Model card</summary><pre class="card">{_text(_card(model))}</pre></details>\n')
    return (
        f'<article id="{name}" tabindex="-1" aria-label="{name}"><p class="close"><a href="#models">Back to the table'
        f"</a></p>\n<h2>{name}</h2>\n<p>{_text(model.entry.description)}.</p>\n{''.join(parts)}</article>\n"
    )


def _card(model: Described) -> str:
    """The text of a model card, without the front matter of the Hub."""
    text = (model.place / "README.md").read_text(encoding="utf-8")
    return text.split("\n---\n", 1)[-1].strip() if text.startswith("---\n") else text.strip()


def _commands(model: Described) -> str:
    """The command and the Python line that use a model."""
    lines = [("Command", command(model)), ("Python", f'zoo.load("{model.name}")')]
    return "".join(
        f'<div class="copy"><code>{_text(line)}</code><button type="button" hidden aria-label="Copy: {label}">Copy'
        f"</button></div>\n"
        for label, line in lines
    )


def command(model: Described) -> str:
    """A command that predicts by a model; of one whose inputs are not known here, the one that describes it."""
    if model.spec is None:
        return shlex.join(["zoo", "info", model.name])
    reads = model.spec.input
    words = ["zoo", "predict", model.name, "--genome", f"{reads.genome}.2bit"]
    tracks = given(model.spec)
    words += [word for track in tracks for word in ("--signal", _signal(track, len(tracks) == 1))]
    tables = {table.name: next(iter(table.rows)) for table in reads.covariate_tables}
    covered = {name for table in reads.covariate_tables for name in table.covariates}
    needed = [item.name for item in reads.covariates if item.default is None and item.name not in covered]
    values = [*tables.items(), *((name, "1") for name in needed)]
    words += [word for name, value in values for word in ("--covariate", f"{name}={value}")]
    return shlex.join([*words, "--regions", "peaks.bed", "--output", f"out/{model.entry.model}"])


def given(spec: ModelSpec) -> list[TrackSpec]:
    """The tracks that a user gives."""
    return [track for track in (*spec.input.tracks, *spec.input.sources) if track.origin != "derived"]


def _signal(track: TrackSpec, only: bool) -> str:
    if only:
        return "dnase.bw" if "DNase" in track.assay else "atac.bw"
    return f"{track.name}={track.name}.{'bed' if track.assay.startswith('1 where') else 'bw'}"


def _facts(model: Described) -> str:
    """What a model reads and predicts, and whose it is."""
    entry, family = model.entry, model.family
    rows = [("Aliases", ", ".join(entry.aliases)), ("Tissue", entry.tissue)]
    if model.spec is not None:
        reads = model.spec.input
        rows += [("Input", f"{reads.window:,} bp of DNA ({reads.genome})")]
        rows += [("Track", f"{track.name}: {track.assay}") for track in given(model.spec)]
        rows += [("Covariate", f"{item.name}: {item.description}") for item in reads.covariates]
        rows += [("Output", _head(head)) for head in model.spec.outputs]
    rows += [("Family", family.title), ("Weights", model.where), ("Golden outputs", _golden(model))]
    rows += [("License", family.license)]
    rows += [("Citation", family.citation)]
    return f"<dl>{''.join(f'<dt>{key}</dt><dd>{_text(value)}</dd>' for key, value in rows if value)}</dl>\n"


def _golden(model: Described) -> str:
    """What `zoo check` compares, of a model that is at hand."""
    if model.golden is None:
        return ""
    return f"{model.golden} windows; `zoo check {model.name}` compares them with this machine's outputs"


def _head(head: OutputSpec) -> str:
    tracks = f", {len(head.tracks):,} tracks" if len(head.tracks) > 1 else ""
    return f"{head.name}: {head.bins:,} bins of {head.bin_size} bp, {head.quantity} of {head.target}{tracks}"


def _figures(title: str, values: Mapping[str, float]) -> str:
    if (found := grouped(values)) is None:
        head, lines = "", [(label(name), [value]) for name, value in values.items()]
    else:
        columns, rows = found
        heads = "".join(f'<th scope="col">{_text(label(column))}</th>' for column in columns)
        head = f"<thead><tr><td></td>{heads}</tr></thead>"
        lines = [(name, list(map(row.get, columns))) for name, row in rows.items()]
    named = ((f'<th scope="row">{_text(name)}</th>', "".join(map(_cell, cells))) for name, cells in lines)
    body = "".join(f"<tr>{name}{cells}</tr>" for name, cells in named)
    table = f'<div class="wide" tabindex="0"><table>{head}<tbody>{body}</tbody></table></div>'
    if len(values) > 12:  # those of baselines and parts of a model, too
        table = f"<details><summary>{len(values)} figures</summary>{table}</details>"
    return f"<h3>{title}</h3>\n{table}\n"


def _thresholds(model: Described) -> str:
    """Thresholds that people ask for, with what is expected at them."""
    rows = []
    for name, score, precision, recall, interval in model.table.examples():
        limits = f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        cells = "".join(f'<td class="number">{text}</td>' for text in (f"{score:.3f}", f"{precision:.3f}{limits}"))
        rows.append(f'<tr><th scope="row">{_text(name)}</th>{cells}<td class="number">{recall:.3f}</td></tr>')
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Threshold", "Score", "Precision", "Recall"))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return (
        f'<div class="wide" role="region" aria-label="Thresholds of {_text(model.name)}" tabindex="0">{table}</div>\n'
    )


def _families(models: Sequence[Described]) -> str:
    """Whose the models are."""
    families = {model.family.family: model.family for model in models}
    rows = "".join(
        f"<dt>{_text(name)}</dt><dd>{_text(family.title)}. {_text(family.citation)}. License: {_text(family.license)}."
        "</dd>"
        for name, family in families.items()
    )
    return f"<h2>Families</h2>\n<dl>{rows}</dl>\n"

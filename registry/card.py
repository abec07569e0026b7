"""Model cards: README files with the front matter of the Hub, written from configs and tables."""

import json
import re
from collections.abc import Mapping, Sequence

from registry import facts
from registry.metrics import grouped, label, meanings, threshold
from registry.schema import RepositoryIndex

_TASKS = {"binding": "transcription-factor-binding", "accessibility": "chromatin-accessibility"}
_TAGS = ["biology", "genomics", "chromatin", "keras"]


def front_matter(name: str, license_text: str, tags: Sequence[str] = ()) -> str:
    """The YAML block that a card begins with."""
    from huggingface_hub import ModelCardData

    data = ModelCardData(
        license="other",
        license_name="see-card",
        library_name="keras",
        model_name=name,
        tags=[*_TAGS, *tags],
        license_details=plain(license_text),
    )
    return f"---\n{data.to_yaml()}\n---\n"


def plain(text: str) -> str:
    """Text that cannot be anything but text in Markdown and HTML: one line, without angle brackets and controls."""
    return re.sub(r"[<>\x00-\x1f\x7f-\x9f`]", " ", str(text)).strip()


def _literal(settings: Mapping[str, object]) -> str:
    """JSON that no fence, tag or link can end early: its odd characters are escaped as JSON has it."""
    text = json.dumps(settings, indent=1)
    return re.sub(r"[<>`&]", lambda match: f"\\u{ord(match[0]):04x}", text)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(plain(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def of_model(
    config: Mapping,
    cutoffs: Sequence[tuple[str, float, float, float, tuple[float, float] | None]] = (),
    parity: Mapping[str, object] | None = None,
    training: str = "",
    plot: str | None = None,
    settings: Mapping[str, object] | None = None,
    measured: str = "",
    probabilities: bool = False,
    options: str = "",
) -> str:
    """The card of one model folder.

    Args:
        config: its `config.json`.
        cutoffs: (name, score, precision, recall, 95 % interval of the precision or None) of some thresholds.
        parity: what the weights were compared with, and the largest difference.
        training: cell types and held-out chromosomes, as published.
        plot: name of a picture in the folder that shows the threshold table.
        settings: the whole configuration of the run that trained it, as JSON has it.
        measured: what the thresholds were calibrated on.
        probabilities: whether scores can be turned into some by the threshold table.
        options: of the command that trains by it, beginning with a space.
    """
    reads, returns, provenance = config["input"], config["outputs"][0], config["provenance"]
    revision = f", revision {plain(provenance['revision'])}" if "revision" in provenance else ""
    tracks = [track for track in (*reads["tracks"], *reads["sources"]) if track["origin"] != "derived"]
    kind = _TASKS.get(returns["kind"], returns["kind"])
    parts = [front_matter(config["name"], provenance.get("license", ""), [kind, returns["target"]])]
    parts.append(f"# {plain(config['name'])}\n\n{plain(config['description'])}.\n")
    parts.append(
        f"**Intended use.** {'; '.join(map(_head, config['outputs']))} from {reads['window']:,} bp of DNA"
        + "".join(f" and {plain(track['assay'])}" for track in tracks)
        + f", for research; trained on {plain(reads['genome'])}. Not for diagnosis.\n"
    )
    parts += [_track(track, len(tracks) > 1) for track in tracks]
    if reads["covariates"]:
        rows = [(covariate["name"], covariate["description"], covariate["per"]) for covariate in reads["covariates"]]
        parts.append("**Covariates.**\n\n" + table(("name", "what it is", "one per"), rows))
    parts.append(
        "```python\nimport zoo\n"
        f'zoo.load("{plain(config["name"])}").predict(genome="{plain(reads["genome"])}.2bit", '
        + _signal_argument(tracks)
        + 'output="out/scores")\n```\n'
    )
    if config.get("architecture", {}).get("config", {}).get("spread") is True:
        parts.append(
            '**Spread.** With `track=("mean", "spread")` the standard deviation of what the members predict is given '
            "beside their mean.\n"
        )
    if training:
        parts.append(f"**Training.** {plain(training)}\n")
    for title, figures in zip(("metric", "fact"), facts.split(config["metrics"]), strict=True):
        if figures:
            said = meanings(figures)
            said = f"\n{said}\n" if said else ""
            parts.append(f"## {title.capitalize()}s\n\n" + _figures(title, figures) + said)
    if cutoffs:
        parts += _thresholds(cutoffs, measured)
    if plot:
        parts.append(f"![Precision, recall and F1 by threshold]({plot})\n")
    if parity:
        parts.append("## Parity\n\n" + table(("what", "value"), list(parity.items())))
    if settings:
        parts.append(
            "## To make it again\n\nSave this as `training.json`, with the paths of your files, and run "
            f"`zoo train --config training.json{options} --out FOLDER`:\n\n```json\n{_literal(settings)}\n```\n"
        )
    parts.append(
        "## Origin, terms, citation\n\n"
        f"Weights: {plain(provenance.get('source', ''))}{revision}.\n\n"
        f"Terms: {plain(provenance.get('license', ''))}.\n\nCite: {plain(provenance.get('citation', ''))}\n"
    )
    parts.append("## Limits\n\n" + _limits(bool(tracks), bool(cutoffs), probabilities))
    return "\n".join(parts)


def _figures(title: str, figures: Mapping[str, float]) -> str:
    """Figures under one another, or as a table of metrics and what they are of."""
    if (found := grouped(figures)) is None:
        return table((title, "value"), [(label(name), f"{value:g}") for name, value in figures.items()])
    columns, rows = found
    cells = [[name, *(f"{row[key]:g}" if key in row else "" for key in columns)] for name, row in rows.items()]
    return table(("", *map(label, columns)), cells)


def _thresholds(
    cutoffs: Sequence[tuple[str, float, float, float, tuple[float, float] | None]], measured: str
) -> list[str]:
    """The table of thresholds, and on what they were measured."""
    rows = [
        (threshold(name), f"{score:.3f}", _precision(p, limits), f"{r:.3f}") for name, score, p, r, limits in cutoffs
    ]
    parts = ["## Thresholds\n\n" + table(("threshold", "score", "precision", "recall"), rows)]
    if measured:
        limits = any(limits for *_, limits in cutoffs)
        interval = ", with its 95 % interval on other chromosomes of about as many sites," * limits
        parts.append(f"Precision{interval} was measured on {plain(measured)}.\n")
    return parts


def _limits(reads_tracks: bool, has_thresholds: bool, probabilities: bool) -> str:
    """What predictions are not."""
    if not reads_tracks:
        return (
            "Predictions are of the sample and the assay that the model was trained on, from sequence alone; they do "
            "not see what distinguishes one condition from another.\n"
        )
    text = "Scores are not probabilities"
    text += '; `predict(scale="probability")` returns these. ' if probabilities else ". "
    if has_thresholds:
        text += (
            "Thresholds were calibrated in float32 with the published window, stride and strand; other settings shift "
            "them. "
        )
    return text + "Predictions are only as good as the signal's preparation.\n"


def _precision(value: float, limits: tuple[float, float] | None) -> str:
    """A precision and its interval, if there is one."""
    return f"{value:.3f}" + (f" ({limits[0]:.2f} to {limits[1]:.2f})" if limits else "")


def _head(head: Mapping) -> str:
    """A head in words."""
    text = f"{plain(head['quantity'])} of {plain(head['target'])} in {head['bins']} bins of {head['bin_size']} bp"
    return text + (f", {len(head['tracks'])} tracks" if head["tracks"] else "")


def _track(track: Mapping, named: bool) -> str:
    """How a track was made."""
    title = f"The track {plain(track['name'])}" if named else "The signal"
    if track["percentile"] is None:
        return f"**{title}.** {plain(track['assay'])}; no data is {track['fill']:g}.\n"
    return (
        f"**{title}.** Cut sites, ±{track['smoothing']} bp, divided by the {track['percentile']:g}th "
        f"percentile of the positive bases of the whole track, not clipped; no data is {track['fill']:g}.\n"
    )


def _signal_argument(tracks: Sequence[Mapping]) -> str:
    """The signal argument of a call of `predict`."""
    if len(tracks) == 1:
        return 'signal="atac.bw", '
    named = ", ".join(f'"{plain(track["name"])}": "{plain(track["name"])}.bw"' for track in tracks)
    return f"signal={{{named}}}, " if tracks else ""


def of_family(index: RepositoryIndex) -> str:
    """The card at the root of a family's repository."""
    rows = [
        (model, published.description, f"{published.facts['best_f1']:.3f}" if "best_f1" in published.facts else "")
        for model, published in index.models.items()
    ]
    return (
        front_matter(index.family, index.license)
        + f"\n# {plain(index.family)}\n\n{plain(index.title)}.\n\n"
        + f"`config.json` pins every file of every model by its SHA-256.\n\n{len(rows)} models:\n\n"
        + table(("model", "description", label("best_f1")), rows)
        + f"\nTerms: {plain(index.license)}.\n\nCite: {plain(index.citation)}\n"
    )

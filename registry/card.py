"""Model cards: README files with the front matter of the Hub, written from what the configs and tables say."""

import json
import re
from collections.abc import Mapping, Sequence

from registry.schema import RepositoryIndex

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
    cutoffs: Sequence[tuple[str, float, float, float]] = (),
    parity: Mapping[str, object] | None = None,
    training: str = "",
    plot: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> str:
    """The card of one model folder.

    Args:
        config: its `config.json`.
        cutoffs: (name, score, precision, recall) of some thresholds.
        parity: what the weights were compared with, and the largest difference.
        training: cell types and held-out chromosomes, as published.
        plot: name of a picture in the folder that shows the threshold table.
        settings: the whole configuration of the run that trained it, as JSON has it.
    """
    reads, returns, provenance = config["input"], config["output"], config["provenance"]
    revision = f", revision {plain(provenance['revision'])}" if "revision" in provenance else ""
    signal = reads["signal"]
    kind = "transcription-factor-binding" if signal else "chromatin-accessibility"
    parts = [front_matter(config["name"], provenance.get("license", ""), [kind, returns["target"]])]
    parts.append(f"# {plain(config['name'])}\n\n{plain(config['description'])}.\n")
    parts.append(
        f"**Intended use.** {plain(returns['quantity'])} of {plain(returns['target'])} in {returns['bins']} bins of "
        f"{returns['bin_size']} bp from {reads['window']:,} bp of DNA"
        + (f" and {plain(signal['assay'])}" if signal else "")
        + f", for research; trained on {plain(reads['genome'])}. Not for diagnosis.\n"
    )
    if signal:
        parts.append(
            f"**The signal.** Cut sites, ±{signal['smoothing']} bp, divided by the {signal['percentile']:g}th "
            f"percentile of the positive bases of the whole track, not clipped; no data is {signal['fill']:g}.\n"
        )
    parts.append(
        "```python\nimport zoo\n"
        f'zoo.load("{plain(config["name"])}").predict(genome="{plain(reads["genome"])}.2bit", '
        + ('signal="atac.bw", ' if signal else "")
        + 'output="out/scores")\n```\n'
    )
    if training:
        parts.append(f"**Training.** {plain(training)}\n")
    if config["metrics"]:
        rows = [(name, f"{value:g}") for name, value in config["metrics"].items()]
        parts.append("## Metrics\n\n" + table(("metric", "value"), rows))
    if cutoffs:
        rows = [(name, f"{score:.3f}", f"{p:.3f}", f"{r:.3f}") for name, score, p, r in cutoffs]
        parts.append("## Thresholds\n\n" + table(("threshold", "score", "precision", "recall"), rows))
    if plot:
        parts.append(f"![Precision, recall and F1 by threshold]({plot})\n")
    if parity:
        parts.append("## Parity\n\n" + table(("what", "value"), list(parity.items())))
    if settings:
        parts.append(
            "## To make it again\n\nSave this as `training.json`, with the paths of your files, and run "
            f"`zoo train --config training.json --out FOLDER`:\n\n```json\n{_literal(settings)}\n```\n"
        )
    parts.append(
        "## Origin, terms, citation\n\n"
        f"Weights: {plain(provenance.get('source', ''))}{revision}.\n\n"
        f"Terms: {plain(provenance.get('license', ''))}.\n\nCite: {plain(provenance.get('citation', ''))}\n"
    )
    parts.append(
        "## Limits\n\n"
        + (
            "Scores are not probabilities. "
            + (
                "Thresholds were calibrated with the published window, stride and strand; other settings shift them. "
                if cutoffs
                else ""
            )
            + "Predictions are only as good as the signal's preparation.\n"
            if signal
            else "Predictions are of the sample and the assay that the model was trained on, from sequence alone; they "
            "do not see what distinguishes one condition from another.\n"
        )
    )
    return "\n".join(parts)


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
        + table(("model", "description", "best F1"), rows)
        + f"\nTerms: {plain(index.license)}.\n\nCite: {plain(index.citation)}\n"
    )

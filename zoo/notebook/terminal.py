"""What a terminal shows of a model, by the JSON object of its spec: lines of a title and a text."""

from collections import Counter
from collections.abc import Mapping

from registry.facts import split
from registry.metrics import grouped, label, threshold
from zoo.console.table import table

_WIDTHS = {"metric": 36, "fact": 36, "threshold": 52}  # of titles that are long, by their beginning
_MANY, _ASSAYS = 16, 8  # tracks of a head whose assays are counted instead; of them, at most


def described(info: Mapping, more: Mapping[str, str] | None = None) -> str:
    """What is known of a model: lines of a title and a text, and tables of many figures.

    Args:
        info: as `zoo.info` returns it.
        more: of the same kind, behind whether it is cached.
    """
    reads, heads = info["input"], info["outputs"]
    tracks = [track for track in (*reads["tracks"], *reads["sources"]) if track["origin"] != "derived"]
    assays = "".join(f" and {track['assay']}" for track in tracks)
    lines = {
        "model": f"{info['name']}: {info['description']}",
        "input": f"{reads['window']:,} bp of DNA ({reads['genome']}){assays}",
    }
    lines |= {"output" if len(heads) == 1 else f"head {head['name']}": _described(head) for head in heads}
    lines |= _parts(info) | _spread(info)
    if info.get("tissue"):
        lines["tissue"] = info["tissue"]
    lines["cached"] = "yes" if info["cached"] else "no"
    lines |= more or {}
    for track in tracks:
        made = f"±{track['smoothing']} bp, {track['percentile'] or 0:g}th percentile of positive bases = 1"
        title = track["name"] if len(tracks) == 1 else f"track {track['name']}"
        lines[title] = made if track["percentile"] is not None else track["assay"]
    lines |= {f"control {control['name']}": f"{control['assay']}, may be left out" for control in reads["controls"]}
    lines |= {f"covariate {covariate['name']}": covariate["description"] for covariate in reads["covariates"]}
    for one in reads["covariate_tables"]:
        lines[one["name"]] = f"stands for {', '.join(one['covariates'])}; one of {', '.join(one['rows'])}"
    for row in info.get("thresholds", ()):
        low, high = row["interval"]
        lines[f"threshold {threshold(row['threshold'])}"] = (
            f"score {row['score']:.3f}, precision {row['precision']:.2f} ({low:.2f} to {high:.2f}), recall "
            f"{row['recall']:.2f}"
        )
    if info.get("probabilities"):
        lines["probabilities"] = "with --scale probability"
    tables = []
    for title, figures in zip(("metric", "fact"), split(info["metrics"]), strict=True):
        if (found := grouped(figures)) is None:
            lines |= {f"{title} {label(key)}": f"{value}" for key, value in figures.items()}
        else:
            tables.append(f"\n{title}s\n{table(found[1])}")
    lines |= {f"from {key}": f"{value}" for key, value in info["provenance"].items()}
    return "\n".join([_aligned(lines), *tables])


def _aligned(lines: Mapping[str, str]) -> str:
    """Lines under one another, titles of one kind in a column."""
    widths = {key: next((width for start, width in _WIDTHS.items() if key.startswith(start)), 16) for key in lines}
    return "\n".join(f"{key:<{widths[key]}} {value}" for key, value in lines.items())


def _parts(model: Mapping) -> dict[str, str]:
    """The parts of a model and the whole, as `--component` names them; none for a model that has none."""
    if not model["components"]:
        return {}
    parts = {part["name"]: part["description"] for part in model["components"]} | {"full": "the whole network"}
    default = model["prediction"]["component"] or "full"
    return {f"part {name}": text + (" (default)" if name == default else "") for name, text in parts.items()}


def _spread(model: Mapping) -> dict[str, str]:
    """What else may be predicted of an ensemble."""
    offered = model["architecture"]["config"].get("spread") is True
    return {"spread": "standard deviation over the members: --track mean spread"} if offered else {}


def _described(head: Mapping) -> str:
    """A head in words."""
    text = f"{head['bins']} bins of {head['bin_size']} bp, {head['quantity']} of {head['target']}"
    text += f" ({head['genome']})" if head["genome"] else ""
    shown = ", ".join(head["tracks"][:5]) + (", …" if len(head["tracks"]) > 5 else "")
    described = (head["table"] or {}).get("descriptions", ())
    assays = Counter(text.partition(":")[0] for text in described).most_common(_ASSAYS)
    if len(described) > _MANY:
        shown = ", ".join(f"{count:,} {assay}" for assay, count in assays) + " (zoo tracks lists them)"
    return text + (f", {len(head['tracks']):,} tracks: {shown}" if shown else "")

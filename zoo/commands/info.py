"""The command line of `zoo info`."""

import argparse
import json
from collections import Counter

from registry.facts import split
from registry.metrics import label, threshold
from zoo import loading
from zoo.commands.printing import add_json
from zoo.commands.shared import add_name
from zoo.variants.background import kept

EXAMPLES = ("zoo info maxatac/CTCF",)
_WIDTHS = {"metric": 36, "fact": 36, "threshold": 52}  # of titles that are long, by their beginning
_MANY, _ASSAYS = 16, 8  # tracks of a head whose assays are counted instead; of them, at most


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo info`."""
    add_name(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo info`."""
    info = loading.info(options.name)
    if options.json:
        print(json.dumps(info, indent=1))
        return
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
    lines |= _backgrounds(info["name"])
    for track in tracks:
        made = f"±{track['smoothing']} bp, {track['percentile'] or 0:g}th percentile of positive bases = 1"
        title = track["name"] if len(tracks) == 1 else f"track {track['name']}"
        lines[title] = made if track["percentile"] is not None else track["assay"]
    lines |= {f"control {control['name']}": f"{control['assay']}, may be left out" for control in reads["controls"]}
    lines |= {f"covariate {covariate['name']}": covariate["description"] for covariate in reads["covariates"]}
    for table in reads["covariate_tables"]:
        lines[table["name"]] = f"stands for {', '.join(table['covariates'])}; one of {', '.join(table['rows'])}"
    for row in info.get("thresholds", ()):
        low, high = row["interval"]
        lines[f"threshold {threshold(row['threshold'])}"] = (
            f"score {row['score']:.3f}, precision {row['precision']:.2f} ({low:.2f} to {high:.2f}), recall "
            f"{row['recall']:.2f}"
        )
    if info.get("probabilities"):
        lines["probabilities"] = "with --scale probability"
    metrics, facts = split(info["metrics"])
    for title, values in (("metric", metrics), ("fact", facts), ("from", info["provenance"])):
        lines |= {f"{title} {key if title == 'from' else label(key)}": f"{value}" for key, value in values.items()}
    for key, value in lines.items():
        width = next((width for start, width in _WIDTHS.items() if key.startswith(start)), 16)
        print(f"{key:<{width}} {value}")


def _parts(model: dict) -> dict[str, str]:
    """The parts of a model and the whole, as `--component` names them; none for a model that has none."""
    if not model["components"]:
        return {}
    parts = {part["name"]: part["description"] for part in model["components"]} | {"full": "the whole network"}
    default = model["prediction"]["component"] or "full"
    return {f"part {name}": text + (" (default)" if name == default else "") for name, text in parts.items()}


def _spread(model: dict) -> dict[str, str]:
    """What else may be predicted of an ensemble."""
    offered = model["architecture"]["config"].get("spread") is True
    return {"spread": "standard deviation over the members: --track mean spread"} if offered else {}


def _backgrounds(name: str) -> dict[str, str]:
    """Scores of random variants that are kept in the cache, if there are any."""
    counts = Counter(f"{record['variants']:,} {record['kind']}" for record in kept(name))
    listed = ", ".join(text + (f" ({count} times)" if count > 1 else "") for text, count in sorted(counts.items()))
    return {"background": f"{listed} (zoo variants --background)"} if counts else {}


def _described(head: dict) -> str:
    """A head in words."""
    text = f"{head['bins']} bins of {head['bin_size']} bp, {head['quantity']} of {head['target']}"
    text += f" ({head['genome']})" if head["genome"] else ""
    shown = ", ".join(head["tracks"][:5]) + (", …" if len(head["tracks"]) > 5 else "")
    described = (head["table"] or {}).get("descriptions", ())
    assays = Counter(text.partition(":")[0] for text in described).most_common(_ASSAYS)
    if len(described) > _MANY:
        shown = ", ".join(f"{count:,} {assay}" for assay, count in assays) + " (zoo tracks lists them)"
    return text + (f", {len(head['tracks']):,} tracks: {shown}" if shown else "")

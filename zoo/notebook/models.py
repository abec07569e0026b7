"""What a notebook shows of a model, by the JSON object of its spec."""

from collections.abc import Mapping, Sequence

from registry.facts import split
from registry.metrics import grouped, label
from zoo.notebook.tables import facts, folded, paragraph, table

_TRACKS = ("name", "assay", "origin", "smoothing", "read_depth", "percentile", "fill")
_MORE = ("tissue", "aliases", "parameters", "source", "folder", "cached")  # that there may be
_HEADS = ("name", "kind", "target", "quantity", "bins", "bin_size", "transform")


def parts_of(described: Mapping) -> list[str]:
    """The parts of a block.

    Args:
        described: `ModelSpec.to_json()`, and whatever else `zoo.info` or a model knows.
    """
    reads, runs = described["input"], described["prediction"]
    known = {
        "architecture": described["architecture"]["name"],
        "input": f"{reads['window']:,} bp of DNA ({reads['genome']})",
        "stride": f"{runs['stride']:,} bp",
        "strands": runs["strands"],
        "components": [part["name"] for part in described["components"]],
        "covariates": [item["name"] for item in (*reads["covariates"], *reads["covariate_tables"])],
        **{name: described.get(name) for name in _MORE},
    }
    tracks = [[track[key] for key in _TRACKS] for track in (*reads["tracks"], *reads["sources"], *reads["controls"])]
    heads = [[*(head[key] for key in _HEADS), len(head["tracks"]) or 1] for head in described["outputs"]]
    return [
        paragraph(described["description"]),
        facts({name: value for name, value in known.items() if value not in ((), [])}),
        table([_said(key) for key in _TRACKS], tracks, "tracks that are read") if tracks else "",
        table([*map(_said, _HEADS), "tracks"], heads, "outputs"),
        thresholds(described.get("thresholds", ())),
        *(
            folded(title, figures(values))
            for title, values in zip(("metrics", "facts"), split(described["metrics"]), strict=True)
        ),
        folded("provenance", facts(described["provenance"])),
    ]


def figures(values: Mapping[str, float]) -> str:
    """Figures under one another, or as a table of metrics and what they are of."""
    if (found := grouped(values)) is None:
        return facts({label(name): value for name, value in values.items()})
    columns, rows = found
    return table(["", *map(label, columns)], [[name, *map(row.get, columns)] for name, row in rows.items()])


def thresholds(rows: Sequence[Mapping]) -> str:
    """A table of thresholds and what they promise; nothing without any.

    Args:
        rows: each with threshold, score, precision, recall and interval, as `zoo.info` has them.
    """
    if not rows:
        return ""
    cells = [
        [row["threshold"], row["score"], row["precision"], row["recall"], _limits(row["interval"])] for row in rows
    ]
    return table(["threshold", "score", "precision", "recall", "95 % interval of precision"], cells, "thresholds")


def _limits(interval: Sequence[float] | None) -> str | None:
    return None if interval is None else "{:.2f} to {:.2f}".format(*interval)


def _said(key: str) -> str:
    return key.replace("_", " ")

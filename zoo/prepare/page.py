"""The quality of a sample as a page, and as a file that MultiQC reads.

MultiQC collects files named `*_mqc.json` (docs.seqera.io/multiqc/custom_content): samples whose files have one `id`
become rows of one table.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from zoo.files.atomic import atomic, write_json
from zoo.pages import report
from zoo.plot.quality import panels_of
from zoo.prepare import starts
from zoo.prepare.verdicts import ACCEPTABLE, GOOD, POOR, Verdict

_LENGTHS = (
    ("1 to 149 bp", 1, 150),
    ("150 to 300 bp", 150, 301),
    ("301 to 500 bp", 301, 501),
    ("501 to 999 bp", 501, 1000),
)
_EVERY = 10  # of the values of a profile that are listed
_RULES = {"pass": GOOD, "warn": ACCEPTABLE, "fail": POOR}


def write_page(path: Path, record: Mapping, verdicts: Sequence[Verdict], name: str) -> None:
    """Write a page of a sample.

    Args:
        path: of the page.
        record: what OUTPUT.json holds.
        verdicts: on it.
        name: of the sample.
    """
    left_out = ("quality", "tss", "verdicts", "bias", "statistics")
    rest = {key: value for key, value in record.items() if key not in left_out}
    reads = Path(record["reads"]["path"]).name
    content = {"title": f"Quality of {name} ({reads})", "sections": sections_of(record, verdicts), **rest}
    with atomic(path, path.parent) as temporary:
        temporary.write_text(report.render(content), encoding="utf-8")


def sections_of(record: Mapping, verdicts: Sequence[Verdict]) -> list[dict]:
    """Sections of the page: verdicts, counts, and each panel with its numbers."""
    by_panel = {verdict.panel: verdict for verdict in verdicts}
    rows = [[each.panel, each.verdict, each.figure, each.criterion, each.source] for each in verdicts]
    table = {"kind": "table", "title": "Verdicts", "columns": ["", "verdict", "measured", "criterion", "source"]}
    counts = [[label, record[key]] for label, key in _COUNTS.items()]
    counts += [[f"coverage: {key}", value] for key, value in record["statistics"].items()]
    notes = "\n".join(f"Warning: {text}" for text in record["warnings"])
    sections = [
        {**table, "rows": rows},
        {"kind": "table", "title": "Counts", "note": notes, "columns": ["", "number"], "rows": counts},
    ]
    for panel in panels_of(record):
        columns, lines = _NUMBERS[panel](record)
        shown = {"kind": "quality", "title": panel, "note": str(by_panel[panel]), "panel": panel, "summary": record}
        sections.append({**shown, "columns": columns, "rows": lines})
    return sections


_COUNTS = {"cuts": "cuts", "cuts on the blacklist": "cuts blacklisted", "cuts elsewhere": "cuts elsewhere"}


def _of_lengths(record: Mapping) -> tuple[list, list]:
    lengths = record["quality"]["lengths"]
    rows = [[label, sum(lengths[low:high])] for label, low, high in _LENGTHS]
    return ["", "fragments"], [*rows, ["1,000 bp or more", lengths[-1]]]


def _of_bias(record: Mapping) -> tuple[list, list]:
    shares = (record["bias"] or {}).get("shares", ())
    return ["bp", "A", "C", "G", "T"], [[at - len(shares) // 2, *row] for at, row in enumerate(shares)]


def _of_tss(record: Mapping) -> tuple[list, list]:
    profile = record["tss"]["profile"] or ()
    pairs = [list(pair) for pair in zip(starts.places(), profile, strict=False)]
    return ["position relative to the TSS (bp)", "cuts relative to flanks"], pairs[::_EVERY]


def _of_noise(record: Mapping) -> tuple[list, list]:
    curve = record["quality"]["fingerprint"]
    return ["bins with the fewest cuts", "fraction of cuts"], [[f"{at} %", curve[at]] for at in range(0, 101, 10)]


def _of_saturation(record: Mapping) -> tuple[list, list]:
    pairs = record["quality"]["saturation"] or ()
    rows = [[round(fraction * record["cuts"]), value] for fraction, value in pairs]
    return ["cuts", "scaled percentile, relative to all cuts"], rows


_NUMBERS: Mapping[str, Callable[[Mapping], tuple[list, list]]] = {
    "Fragment lengths": _of_lengths,
    "Tn5 sequence bias": _of_bias,
    "TSS enrichment": _of_tss,
    "Signal to noise": _of_noise,
    "Saturation": _of_saturation,
}


def write_multiqc(path: Path, record: Mapping, verdicts: Sequence[Verdict], name: str) -> None:
    """Write a row of MultiQC's table of samples. Arguments as for `write_page`."""
    with atomic(path, path.parent) as temporary:
        write_json(temporary, multiqc(record, verdicts, name))


def multiqc(record: Mapping, verdicts: Sequence[Verdict], name: str) -> dict:
    """Custom content of MultiQC: a table with a row for the sample."""
    quality = record["quality"]
    row = {"cuts": record["cuts"], "cuts_in_richest": 100 * quality["cuts_in_richest"]}
    if (tss := record.get("tss")) and tss["enrichment"] is not None:
        row["tss_enrichment"] = tss["enrichment"]
    row |= {_key(each.panel): each.verdict for each in verdicts}
    headers = {
        "cuts": {"title": "Cuts", "description": "cut sites that count", "format": "{:,.0f}", "min": 0},
        "cuts_in_richest": {
            "title": "Cuts in richest bins",
            "description": "of the cuts, those in the richest 1 % of bins of 512 bp",
            "suffix": "%",
            "min": 0,
            "max": 100,
        },
        "tss_enrichment": {
            "title": "TSS enrichment",
            "description": "cuts at transcription start sites over those 2 kb away",
            "format": "{:,.2f}",
            "min": 0,
        },
    }
    rules = {color: [{"s_eq": verdict}] for color, verdict in _RULES.items()}
    for each in verdicts:
        headers[_key(each.panel)] = {
            "title": f"{each.panel}, verdict",
            "description": f"{each.criterion} ({each.source})" if each.criterion else "no criterion",
            "cond_formatting_rules": rules,
            "scale": False,
        }
    return {
        "id": "chromatin_zoo_prepare",
        "section_name": "chromatin-zoo prepare",
        "description": "Quality of ATAC-seq samples, with verdicts in words.",
        "plot_type": "table",
        "pconfig": {
            "id": "chromatin_zoo_prepare_table",
            "title": "chromatin-zoo: samples",
            "namespace": "chromatin-zoo",
        },
        "headers": {key: header for key, header in headers.items() if key in row},
        "data": {name: row},
    }


def _key(panel: str) -> str:
    return panel.lower().replace(" ", "_") + "_verdict"

"""Pages of the site that are made: the table of contents, one page for each family of models, the API."""

import html
from collections.abc import Sequence
from itertools import groupby

from zoo.browse.catalogue import Described

SECTIONS = {  # of the pages of `docs`, in the order of the site
    "Use": (
        *("installation", "command-line", "inputs", "preparation", "outputs", "notebooks", "pictures", "thresholds"),
        *("sources", "many", "clusters"),
    ),
    "Families": ("maxatac", "asap", "chrombpnet", "factornet", "borzoi", "yeast", "switching"),
    "Interpretation": ("attribution", "variants", "footprints"),
    "Training and evaluation": ("training", "evaluation", "performance", "publishing"),
    "Development": ("extending", "developing"),
}
API = {  # page → its title and modules
    "zoo": ("Models and functions", ()),
    "inputs": (
        "Genomes, tracks, regions",
        ("genome.interval", "genome.sequence", "genome.signal", "genome.bed", "genome.vcf"),
    ),
    "outputs": ("Predictions", ("predict.table", "predict.thresholds", "formats.formats", "forward.readouts")),
    "attribution": ("Attribution", ("attribution.result", "attribution.references", "attribution.motifs")),
    "variants": ("Variants", ("variants.result", "variants.scores", "variants.allelic")),
    "evaluate": (
        "Evaluation",
        (
            "evaluate.binding",
            "evaluate.accessibility",
            "evaluate.calibration",
            "evaluate.profiles",
            "evaluate.baselines",
        ),
    ),
    "plot": ("Plots", ("plot.tracks", "plot.logo", "plot.explained")),
    "training": ("Training and data", ("train.config", "data.windows", "data.regions", "data.synthetic")),
    "spec": ("Specifications", ("spec", "errors", "architectures", "architectures.functional", "browse")),
    "registry": ("Registry", ("registry", "registry.schema")),
}


def contents(documents: Sequence[str], tutorials: Sequence[str]) -> str:
    """The tables of contents at the end of the first page. A page that is in no section comes last."""
    placed = [name for names in SECTIONS.values() for name in names]
    sections = {title: [f"docs/{name}" for name in names if name in documents] for title, names in SECTIONS.items()}
    sections["Development"] += [f"docs/{name}" for name in documents if name not in placed]
    sections["Development"] += ["recipes/README", "CHANGELOG"]
    parts = [_tree("Tutorials", tutorials)] if tutorials else []
    parts += [_tree(title, names) for title, names in sections.items()]
    parts += [_tree("Models", ["models/index"]), _tree("Python API", [f"api/{name}" for name in API])]
    return "\n".join(parts)


def _tree(title: str, names: Sequence[str]) -> str:
    return f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(names) + "\n```\n"


def of_families(models: Sequence[Described]) -> dict[str, str]:
    """Name → page: one for each family, and the index of these."""
    groups = {name: list(group) for name, group in groupby(models, lambda model: model.family.family)}
    made = {name: _family(group) for name, group in groups.items()}
    rows = "".join(
        f'<tr><td><a href="{name}.html">{name}</a></td><td>{html.escape(group[0].family.title)}</td>'
        f"<td>{len(group)}</td></tr>\n"
        for name, group in groups.items()
    )
    heads = "<tr><th>Family</th><th>Content</th><th>Models</th></tr>"
    made["index"] = (
        f"# Models\n\n{len(models)} models of {len(groups)} families. "
        '<a href="../models.html">The model browser</a> '
        f"searches, sorts and compares them all; `zoo browse` writes the same page.\n\n{_html_table(heads, rows)}\n"
        + _tree("Families", list(groups))
    )
    return made


def _family(models: Sequence[Described]) -> str:
    """The page of a family."""
    family = models[0].family
    rows = "".join(
        f'<tr><td><a href="../models.html#{html.escape(model.name)}">{html.escape(model.entry.model)}</a></td>'
        f"<td>{html.escape(', '.join((model.entry.description, *model.entry.aliases)))}</td>"
        f"<td>{html.escape(model.entry.tissue)}</td><td>{_figure(model.score('AUPR'))}</td>"
        f"<td>{_figure(model.best_f1)}</td></tr>\n"
        for model in models
    )
    heads = "<tr><th>Model</th><th>Predicts</th><th>Tissue, training cell types</th><th>AUPR</th><th>Best F1</th></tr>"
    return (
        f"# {family.family}\n\n{_markdown(family.title)}. Each model leads to its panel in the model browser.\n\n"
        f"**License.** {_markdown(family.license)}.\n\n**Citation.** {_markdown(family.citation)}\n\n"
        + _html_table(heads, rows)
    )


def _html_table(heads: str, rows: str) -> str:
    return (
        '<div class="table-wrapper docutils container" role="region" aria-label="Models">\n'
        f'<table class="docutils">\n<thead>{heads}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n'
    )


def _markdown(text: str) -> str:
    """Text that is nothing but text in Markdown."""
    return html.escape(text).replace("*", "\\*").replace("_", "\\_").replace("[", "\\[")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def of_modules() -> dict[str, str]:
    """Name → page of the API."""
    return {page: _module_page(page, title, modules) for page, (title, modules) in API.items()}


def _module_page(page: str, title: str, modules: Sequence[str]) -> str:
    if page == "zoo":
        return f"# {title}\n\n```{{eval-rst}}\n{_of_package()}```\n"
    parts = [f"# {title}\n"]
    for module in modules:
        name = module if module.startswith("registry") else f"zoo.{module}"
        parts.append(f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n")
    return "\n".join(parts)


def _of_package() -> str:
    """Directives for the functions and classes of `zoo` itself."""
    import inspect

    import zoo

    lines = []
    for name in zoo.__all__:
        thing = getattr(zoo, name)
        if inspect.isfunction(thing):
            lines.append(f".. autofunction:: zoo.{name}\n")
        elif inspect.isclass(thing):
            lines.append(f".. autoclass:: zoo.{name}\n   :members:\n")
    return "\n".join(lines)

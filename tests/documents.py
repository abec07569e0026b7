"""The documents: the README, and the pages of `docs` in the order in which their commands run one after the other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RUN = (
    *("command-line", "inputs", "preparation", "outputs", "notebooks", "pictures", "thresholds", "sources"),
    *("maxatac", "asap", "chrombpnet", "factornet", "borzoi", "footprints", "many", "training", "yeast"),
    *("evaluation", "attribution", "variants", "publishing", "performance", "extending", "developing"),
)
# What the blocks of others need: an environment of their own (test_installed.py), clusters, the original programs.
NOT_RUN = ("installation", "clusters", "switching")
PAGES = [ROOT / "docs" / f"{name}.md" for name in (*RUN, *NOT_RUN)]
DOCUMENTS = [README, *PAGES]


def text(*documents: Path) -> str:
    """The text of documents, by default of all, one after the other."""
    return "\n".join(path.read_text(encoding="utf-8") for path in documents or DOCUMENTS)


def blocks(language: str, *documents: Path) -> list[str]:
    """The fenced blocks of a language in documents, by default the README and all pages that are run."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$",
        text(*documents or (README, *PAGES[: len(RUN)])),
        re.DOTALL | re.MULTILINE,
    )

"""Every message that the package can raise, read off its source: `python tests/messages.py` prints them all.

To be read once as a whole, as a user would meet them: what is wrong, with "must", then how to mend it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ERRORS = {
    "Diverged",
    "GenomeMismatch",
    "HubError",
    "InputError",
    "IntegrityError",
    "MissingExtra",
    "OfflineMiss",
    "UnknownModel",
    "ZooError",
}


@dataclass(frozen=True)
class Message:
    """One place where an error is made.

    Attributes:
        place: file and line.
        kind: the error's class.
        rule: the text of its rule, {…} for what is put in.
        example: that of its example, or None.
        hint: that of its hint, or None.
    """

    place: str
    kind: str
    rule: str
    example: str | None
    hint: str | None

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.kind}: {self.rule}"]
        parts += [f"    {name}: {text}" for name, text in (("example", self.example), ("hint", self.hint)) if text]
        return "\n".join(parts)


def files() -> list[Path]:
    """The modules of both packages, and the recipes."""
    return sorted(path for room in ("registry", "zoo", "recipes") for path in (ROOT / room).rglob("*.py"))


def messages(path: Path) -> Iterator[Message]:
    """The messages of a module, in its order; those that pass another error on are left out."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        kind = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if kind in ERRORS and node.args and ast.unparse(node.args[0]) != "str(error)":
            named = {item.arg: _text(item.value) for item in node.keywords}
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            yield Message(place, kind, _text(node.args[0]), named.get("example"), named.get("hint"))


def _text(node: ast.expr) -> str:
    """The text of a literal; of anything else its source in braces."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body)} / {_text(node.orelse)}"
    return "{" + ast.unparse(node) + "}"


if __name__ == "__main__":
    for module in files():
        for message in messages(module):
            print(message)
    sys.exit()

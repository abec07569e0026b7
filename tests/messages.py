"""Every message that the package can raise, read off its source: `python tests/messages.py` prints them all.

To be read once as a whole, as a user would meet them: what is wrong, with "must", then how to mend it.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


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


def error_classes(trees: Iterable[ast.Module]) -> set[str]:
    """Names of `ZooError`, everything derived from it, and argparse's error for a value of an option."""
    bases = {
        node.name: {ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found, size = {"ZooError", "ArgumentTypeError"}, 0
    while len(found) > size:
        size = len(found)
        found |= {name for name, above in bases.items() if above & found}
    return found


@cache
def _errors() -> frozenset[str]:
    return frozenset(error_classes(ast.parse(path.read_text(encoding="utf-8")) for path in files()))


def messages(path: Path) -> Iterator[Message]:
    """The messages of a module, in its order, one for each text that a rule can have.

    Left out is only an error of ours that is passed on as another one, inside the `except` that caught it.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed_on = set(_passed_on(tree))
    place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or node in passed_on or (kind := _name(node.func)) not in _errors():
            continue
        named = {item.arg: item.value for item in node.keywords}
        rule = node.args[0] if node.args else named.get("rule")
        if rule is None:
            continue
        others = [" / ".join(_texts(named[key])) if key in named else None for key in ("example", "hint")]
        for text in _texts(rule):
            yield Message(f"{place}:{node.lineno}", kind, text, *others)


def _passed_on(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls `Kind(str(error), …)` where `error` was caught as an error of ours."""
    for handler in ast.walk(tree):
        if not isinstance(handler, ast.ExceptHandler) or handler.type is None or handler.name is None:
            continue
        caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if {_name(kind) for kind in caught} <= _errors():
            for node in ast.walk(handler):
                if isinstance(node, ast.Call) and node.args and ast.unparse(node.args[0]) == f"str({handler.name})":
                    yield node


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _texts(node: ast.expr) -> list[str]:
    """Every text that an expression can be; of what is no literal its source, or … inside of one, in braces."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "{…}" for part in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [left + right for left in _texts(node.left) for right in _texts(node.right)]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    return ["{" + ast.unparse(node) + "}"]


if __name__ == "__main__":
    for module in files():
        for message in messages(module):
            print(message)
    sys.exit()

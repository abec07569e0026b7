"""The keywords of a public function, or the fields of a dataclass, with their type hints, defaults and lines of the
docstring. They are read from the source: importing what most of these functions stand beside takes seconds."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SECTION = re.compile(r"^(?:Args|Attributes):\n((?:[ ]{4}.*\n?|\n)*)", re.MULTILINE)
_ITEM = re.compile(r"^    (\w+): (.*(?:\n     .*)*)", re.MULTILINE)


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()  # the default of what must be given


@dataclass(frozen=True)
class Keyword:
    """A parameter or a field.

    Attributes:
        name: of it.
        hints: the members of its type hint but None, as they are written.
        default: its value if it is not given, or `MISSING`.
        text: of the docstring, on one line.
    """

    name: str
    hints: tuple[str, ...]
    default: object
    text: str


@cache
def keywords_of(source: str) -> dict[str, Keyword]:
    """Name → keyword of what is meant by `module:name` or `module:Class.name`, `self` aside, in their order.

    Raises:
        LookupError: there is no such function or class, or a default that is neither a literal nor a constant.
    """
    module, _, path = source.partition(":")
    node = _module(module)
    for name in path.split("."):
        node = next((statement for statement in node.body if getattr(statement, "name", None) == name), None)
        if node is None:
            raise LookupError(f"no {path} in {module}")
    given = _fields(node) if isinstance(node, ast.ClassDef) else _parameters(node)
    texts = _texts(ast.get_docstring(node) or "")
    return {
        name: Keyword(name, _members(hint), _value(module, default), texts.get(name, ""))
        for name, hint, default in given
    }


@cache
def _module(name: str) -> ast.Module:
    path = _ROOT.joinpath(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def _parameters(node: ast.FunctionDef) -> list[tuple[str, ast.expr | None, ast.expr | None]]:
    """(name, type hint, default) of each."""
    plain = [*node.args.posonlyargs, *node.args.args]
    defaults = [*[None] * (len(plain) - len(node.args.defaults)), *node.args.defaults, *node.args.kw_defaults]
    named = zip([*plain, *node.args.kwonlyargs], defaults, strict=True)
    return [(parameter.arg, parameter.annotation, default) for parameter, default in named if parameter.arg != "self"]


def _fields(node: ast.ClassDef) -> list[tuple[str, ast.expr | None, ast.expr | None]]:
    return [(field.target.id, field.annotation, field.value) for field in node.body if isinstance(field, ast.AnnAssign)]


def _members(hint: ast.expr | None) -> tuple[str, ...]:
    if isinstance(hint, ast.BinOp):
        return (*_members(hint.left), *_members(hint.right))
    text = "object" if hint is None else ast.unparse(hint)
    return () if text == "None" else (text,)


def _value(module: str, node: ast.expr | None) -> object:
    """A literal, or a constant of this module or of the one that it is imported from."""
    if node is None:
        return MISSING
    if not isinstance(node, ast.Name):
        try:
            return ast.literal_eval(node)
        except ValueError:
            raise LookupError(f"no literal: {ast.unparse(node)} in {module}") from None
    for statement in _module(module).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == node.id:
            return _value(module, statement.value)
        if isinstance(statement, ast.ImportFrom) and node.id in {alias.name for alias in statement.names}:
            return _value(statement.module, node)
    raise LookupError(f"no constant {node.id} in {module}")


def _texts(docstring: str) -> dict[str, str]:
    section = _SECTION.search(docstring)
    return {name: " ".join(text.split()) for name, text in _ITEM.findall(section[1])} if section else {}

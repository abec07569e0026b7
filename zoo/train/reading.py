"""Configurations as files: YAML or JSON, read within bounds, with all errors reported together, by position."""

import dataclasses
import difflib
import os
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from registry import typed
from registry.paths import user_path
from zoo.data.meta import AUTO
from zoo.errors import InputError, IntegrityError
from zoo.train.rules import brief

_MOST_BYTES = 1 << 20
_MOST_VALUES = 20_000  # of a file, those that aliases repeat included
_MOST_DEPTH = 20
_MOST_FILES = 10  # that extend one another
_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")  # a number for JSON and YAML 1.2, text for YAML 1.1
_KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True)
class Key:
    """A key that a configuration may have: the type of its value, and whether it must be there."""

    kind: object
    needed: bool


def load(
    path: Path,
    changes: Mapping[str, object] | None = None,
    files: Mapping[str, Sequence[str]] = MappingProxyType({}),
    seen: tuple[Path, ...] = (),
) -> dict:
    """The keys and values of a YAML or JSON file, unchecked, over those of the file that its key `extends` names.

    Paths of files are made absolute: they are relative to the folder of the file that has them; `$NAME` and `~` in them
    are expanded as in a shell.

    Args:
        path: the file.
        changes: what will replace values of it; paths that are replaced need not make sense. Without changes, paths
            stay as they are.
        files: part → its keys whose values are paths, lists of paths, or mappings of names to paths.
        seen: the files that extend it.

    Raises:
        InputError: one that cannot be read, that is no configuration, or that extends itself.
    """
    path = user_path(path, "configuration")
    if path.resolve() in seen or len(seen) >= _MOST_FILES:
        raise InputError(
            f"A configuration must not extend itself, nor through more than {_MOST_FILES} files",
            where=seen[-1],
            received={"extends": str(path)},
        )
    values = _parsed(path)
    base = values.pop("extends", None)
    placed = values if changes is None else _absolute(values, path, changes, files)
    if base is None:
        return placed
    if not isinstance(base, str):
        raise InputError("The key extends must be a path", where=path, received={"extends": brief(base)})
    replaced = None if changes is None else over(values, changes, files)
    inner = load(path.parent / base, replaced, files, (*seen, path.resolve()))
    return over(inner, placed, files)


def over(
    base: Mapping[str, object],
    changes: Mapping[str, object],
    files: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict:
    """A dictionary with some values replaced, and within the dictionaries in it likewise.

    Args:
        base: the dictionary.
        changes: key → value.
        files: as for `load`; a mapping of names to paths is replaced as a whole.
    """
    return {**base, **{key: _over(base.get(key), value, files.get(key, ())) for key, value in changes.items()}}


def _over(base: object, value: object, whole: Sequence[str] = ()) -> object:
    if not isinstance(value, Mapping) or not isinstance(base, Mapping):
        return value
    return {**base, **{key: entry if key in whole else _over(base.get(key), entry) for key, entry in value.items()}}


def keys_of(kind: type) -> dict[str, Key]:
    """The keys of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {
        field.name: Key(hints[field.name], field.default is dataclasses.MISSING) for field in dataclasses.fields(kind)
    }


def check_keys(known: Mapping[str, Key], found: Mapping[str, object], where: object) -> None:
    """Raise `InputError` that has all missing and unknown keys and all wrong types of a mapping."""
    problems: dict[str, list[str]] = {}
    for what, message in _problems(known, found, ""):
        problems.setdefault(what, []).append(message)
    if problems:
        quoted = any("must be text" in message for message in problems.get("wrong", ()))
        raise InputError(
            "A training configuration must have its keys, with values of their types",
            where=where,
            received={what: messages[:20] for what, messages in problems.items()},
            hint="Put text that looks like a number, a date, yes or no in quotes" if quoted else None,
        )


def _problems(known: Mapping[str, Key], given: Mapping[str, object], where: str) -> Iterator[tuple[str, str]]:
    """("missing", "unknown" or "wrong", which key and what about it)."""
    for name, key in known.items():
        if name in given:
            yield from _wrong(key.kind, given[name], f"{where}{name}: ")
        elif key.needed:
            yield "missing", f"{where}{name}"
    for name in [name for name in given if name not in known]:
        close = difflib.get_close_matches(str(name), known, 1)
        yield "unknown", f"{where}{brief(name)}" + (f" (did you mean {close[0]}?)" if close else "")


def _wrong(kind: object, value: object, where: str) -> Iterator[tuple[str, str]]:
    """The same of a value, and of all within it if it is a part."""
    options = typing.get_args(kind) if typing.get_origin(kind) in (types.UnionType, typing.Union) else (kind,)
    part = next((option for option in options if dataclasses.is_dataclass(option)), None)
    if part is not None and isinstance(value, Mapping):
        yield from _problems(keys_of(part), value, where)
        return
    try:
        typed.parse(kind, value, where)
    except (IntegrityError, InputError):
        yield "wrong", f"{where.removesuffix(': ')} must be {_described(kind)}, not {brief(value)!r}"


def _described(kind: object) -> str:
    options = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return "a list, each item " + _described(options[0])
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return " or ".join(dict.fromkeys(_described(option) for option in options if option is not type(None)))
    return _KINDS.get(kind, "keys and values")


def _parsed(path: Path) -> dict:
    """The keys and values of one file."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError(f"A training configuration must be a file of at most {_MOST_BYTES:,} bytes", where=path)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"The training configuration must be a file that can be read: {error.strerror}",
            received={"config": str(path)},
            example="recipes/configs/maxatac.yaml",
            hint="`zoo recipe --copy recipes` copies those that ship with the package",
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"A training configuration must be text in UTF-8 ({error})", where=path) from None
    try:
        values = _json(data, path) if path.suffix == ".json" else _yaml(text, path)
    except IntegrityError as error:
        message = str(error).removesuffix(".")
        raise InputError(f"A training configuration must be a file without faults: {message}") from None
    if not isinstance(values, dict):
        raise InputError("A training configuration must hold keys and values", example="name: yeast/REB1", where=path)
    return values


def _json(data: bytes, path: Path) -> dict:
    """The same of JSON, where nothing repeats but depth has no bound."""
    document = typed.load_json(data, path)
    values, depth = [document], 0
    while values and depth <= _MOST_DEPTH:
        parts = [value.values() if isinstance(value, dict) else value for value in values]
        values, depth = [nested for part in parts for nested in part if isinstance(nested, (dict, list))], depth + 1
    if values:
        raise InputError(f"Values in a training configuration must be nested {_MOST_DEPTH} deep at most", where=path)
    return document


def _yaml(text: str, path: Path) -> object:
    import yaml

    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MOST_DEPTH:
                raise InputError(
                    f"Values in a training configuration must be nested {_MOST_DEPTH} deep at most",
                    where=f"{path}, line {event.start_mark.line + 1}",
                )
        node = yaml.compose(text, yaml.SafeLoader)
        return None if node is None else _Nodes(path).value(node)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        message = " ".join(str(error).split())[:300]
        raise InputError(f"A training configuration must be valid YAML or JSON ({message})", where=path) from None


class _Nodes:
    """Plain values of YAML's nodes, of which aliases may make many more than the file has bytes.

    Args:
        path: of the file, for messages.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._count, self._open = path, 0, []

    def value(self, node: object) -> object:
        """The value of a node. Raises `InputError` for keys that are no text or occur twice, and for aliases' bombs."""
        import yaml

        self._count += 1 + (len(node.value) // 100 if isinstance(node, yaml.ScalarNode) else 0)  # long text counts, too
        if self._count > _MOST_VALUES or node in self._open:
            raise InputError(
                f"A training configuration must have at most {_MOST_VALUES:,} values, and none that holds itself",
                where=self._at(node),
                hint="Look at its aliases (*name)",
            )
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"):
            raise InputError("A list or keys must be without a tag", where=self._at(node), received={"tag": node.tag})
        self._open.append(node)
        whole = (
            [self.value(child) for child in node.value] if isinstance(node, yaml.SequenceNode) else self._mapping(node)
        )
        self._open.pop()
        return whole

    def _mapping(self, node: object) -> dict[str, object]:
        own: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key, child in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for part in child.value if type(child).__name__ == "SequenceNode" else [child]:
                    values = self.value(part)
                    if not isinstance(values, dict):
                        raise InputError("What << merges must be keys and values", where=self._at(key))
                    merged = {**values, **merged}
                continue
            name = self.value(key)
            if not isinstance(name, str):
                raise InputError(
                    "A key must be text", where=self._at(key), received={"key": brief(name)}, hint="Put it in quotes"
                )
            if name in own:
                raise InputError("A key must occur once", where=self._at(key), received={"key": name})
            own[name] = self.value(child)
        return {**merged, **own}

    def _scalar(self, node: object) -> object:
        from yaml.constructor import SafeConstructor

        if node.style is None and _EXPONENT.fullmatch(node.value):
            return float(node.value)
        value = SafeConstructor().construct_object(node)
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        raise InputError(
            "A value must be text, a number, true or false, or nothing",
            where=self._at(node),
            received={"value": node.value[:80]},
            hint="Put dates in quotes",
        )

    def _at(self, node: object) -> str:
        return f"{self._path}, line {node.start_mark.line + 1}"


def _absolute(values: dict, path: Path, changes: Mapping[str, object], files: Mapping[str, Sequence[str]]) -> dict:
    """The same with absolute paths of files, those aside that will be replaced anyway."""
    placed, folder = dict(values), path.resolve().parent
    if "genome" in values and "genome" not in changes:
        placed["genome"] = _placed(values["genome"], folder)
    if isinstance(values.get("start_from"), str) and values["start_from"].startswith(("./", "../", "~")):
        placed["start_from"] = _placed(values["start_from"], folder)
    for part, names in files.items():
        if isinstance(values.get(part), dict):
            replaced = changes.get(part)
            kept = set(values[part]) - set(replaced if isinstance(replaced, Mapping) else ())
            mine = [name for name in names if name in kept and values[part][name] != str(AUTO)]
            placed[part] = {**values[part], **{name: _placed(values[part][name], folder) for name in mine}}
    return placed


def _placed(value: object, folder: Path) -> object:
    if isinstance(value, list):
        return [_placed(path, folder) for path in value]
    if isinstance(value, dict):
        return {name: _placed(path, folder) for name, path in value.items()}
    if not isinstance(value, str):
        return value
    expanded = os.path.expandvars(value)
    if unset := re.search(r"\$\{?(\w+)", expanded):
        raise InputError(
            "A variable in a path must be set in the environment",
            example=f"export {unset[1]}=/data",
            received={"path": value},
        )
    return str(folder / user_path(expanded))

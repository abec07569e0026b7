"""Files of `torch.save` as data, without PyTorch: nothing that a file names is imported, made or called.

Such a file is a zip archive of one pickle and the raw bytes of every storage. A pickle is a program for a stack
machine. Here its opcodes only move plain values, and whatever would be a class or a call becomes an `Instance`: the
name, the arguments and the state, to be looked at. Names that no saved network has are refused.
"""

import io
import math
import pickletools
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from zoo import weights
from zoo.arguments import is_whole
from zoo.errors import IntegrityError

SIGNATURE = b"PK\x03\x04"
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"  # how a file of PyTorch 1.5 and earlier begins
_MOST_PICKLE = 64 << 20  # bytes; those of a saved network have 60 kB
_MOST_OPCODES = 4_000_000
_MOST_MEMBERS = 20_000
_MOST_AXES = 8
_STORAGES = {"FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": "u2"}
_NAMES = (  # of what a saved network consists of: module, name
    (r"torch\.nn\.modules\.\w+|torch\.nn\.parameter|bpnetlite(\.\w+)*", r"[A-Za-z_]\w*"),
    (r"torch\._utils", r"_rebuild_(tensor|tensor_v2|parameter|parameter_with_state)"),
    (r"torch(\.storage)?", r"\w+Storage"),
    (r"torch", r"Size|device|dtype|float\d+|bfloat16|int\d+"),
    (r"numpy", r"dtype|ndarray|float\d+|int\d+|bool_?"),
    (r"numpy\._?core\.(multiarray|numeric)", r"scalar|_reconstruct|_frombuffer"),
    (r"builtins|__builtin__", r"set|frozenset|list|dict|tuple|int|float|bool|str|bytes|bytearray|complex|slice|object"),
    (r"collections", r"OrderedDict|defaultdict"),
    (r"_codecs", r"encode"),
    (r"copyreg|copy_reg", r"_reconstructor"),
)


@dataclass(frozen=True)
class Named:
    """What a pickle names: a class or a function of some module. It is never imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Instance:
    """What a pickle would have made by a call.

    Attributes:
        kind: what would have been called.
        arguments: with which arguments.
        state: what would have been set afterwards: attributes by name, or anything; None for nothing.
    """

    kind: Named
    arguments: tuple
    state: object = None

    def attribute(self, name: str) -> object:
        """An attribute, or None."""
        return self.state.get(name) if isinstance(self.state, dict) else None


@dataclass(frozen=True)
class Storage:
    """Bytes of a tensor: a member of the archive. Attributes: kind: the marker of its dtype. key: the member's name."""

    kind: str
    key: str
    numbers: int


class TorchFile:
    """A file of `torch.save`, in memory.

    Attributes:
        root: what was saved: an `Instance` for a module.

    Raises:
        IntegrityError: anything else than such a file, damaged, compressed, or with a name that no network has.
    """

    def __init__(self, data: bytes, where: object) -> None:
        if data.startswith(_LEGACY):
            raise IntegrityError(
                "A file of PyTorch must be of version 1.6 or later, a zip archive",
                where=where,
                hint="Load it with the package that wrote it, and save it again",
            )
        if not data.startswith(SIGNATURE):
            raise IntegrityError(
                "A file of PyTorch must be a zip archive", where=where, received={"begins with": data[:8]}
            )
        self._where = where
        with weights.parsing("A file of PyTorch", where), zipfile.ZipFile(io.BytesIO(data)) as archive:
            self._members = _members(archive, len(data), where)
        self._order = _byte_order(self._members.get("byteorder", b"little"), where)
        self.root = unpickled(self._members["data.pkl"], where)

    def tensor(self, value: object, what: str) -> np.ndarray:
        """A tensor or parameter as float32, in C order; not to be written to, as it may be the file's own bytes.

        Args:
            value: what the pickle has in its place.
            what: its name, for the message.

        Raises:
            IntegrityError: no tensor of floating-point numbers, or one that reaches beyond its storage, or with numbers
                that are not finite.
        """
        value = _bare(value)
        if not is_tensor(value):
            raise self._error("be there", what, {"found": _kind(value)})
        storage, offset, size, stride, *_ = (*value.arguments, None, None, None, None)
        if not isinstance(storage, Storage) or not _fits(storage, offset, size, stride):
            raise self._error("lie in its storage", what, {"size": shown(size), "stride": shown(stride)})
        numbers = self._numbers(storage, what)
        steps = [step * numbers.itemsize for step in stride]
        with np.errstate(over="ignore"):  # becomes infinite, and is refused as such
            return weights.finite(self._strided(numbers[offset:], size, steps), self._where, what)

    @staticmethod
    def shape(value: object) -> tuple[int, ...]:
        """The shape of a tensor, as the pickle states it; () where it states none."""
        size = (*_bare(value).arguments, None, None, None)[2]
        return size if isinstance(size, tuple) and all(map(is_whole, size)) else ()

    @staticmethod
    def _strided(numbers: np.ndarray, size: tuple[int, ...], steps: list[int]) -> np.ndarray:
        view = np.lib.stride_tricks.as_strided(numbers, size, steps, writeable=False)
        return np.asarray(view, np.float32, order="C")

    def _numbers(self, storage: Storage, what: str) -> np.ndarray:
        data, code = self._members.get(f"data/{storage.key}"), _STORAGES.get(storage.kind)
        if data is None or code is None:
            raise self._error(
                f"be of {', '.join(_STORAGES)} in the file", what, {"storage": storage.kind, "key": storage.key}
            )
        if len(data) != storage.numbers * int(code[1:]):
            raise self._error("have a storage of its length", what, {"numbers": storage.numbers, "bytes": len(data)})
        numbers = np.frombuffer(data, f"{self._order}{code}")
        return weights.from_bfloat16(numbers) if storage.kind == "BFloat16Storage" else numbers

    def _error(self, rule: str, what: str, received: Mapping[str, object]) -> IntegrityError:
        return IntegrityError(f"The tensor {what} must {rule}", where=self._where, received=received)


def _bare(value: object) -> object:
    """A parameter's tensor, or anything else as it is."""
    if isinstance(value, Instance) and str(value.kind).startswith("torch._utils._rebuild_parameter"):
        return value.arguments[0] if value.arguments else None
    return value


def is_tensor(value: object) -> bool:
    """Whether what a pickle has is a tensor or a parameter."""
    bare = _bare(value)
    return isinstance(bare, Instance) and str(bare.kind) == "torch._utils._rebuild_tensor_v2"


def _fits(storage: Storage, offset: object, size: object, stride: object) -> bool:
    """Whether a tensor lies in its storage, and has no more numbers than that."""
    if not (is_whole(offset) and isinstance(size, tuple) and isinstance(stride, tuple) and len(size) == len(stride)):
        return False
    if len(size) > _MOST_AXES or not all(is_whole(item) and item >= 0 for item in (offset, *size, *stride)):
        return False
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    return 0 < math.prod(size) <= storage.numbers and last < storage.numbers


def _members(archive: zipfile.ZipFile, most: int, where: object) -> dict[str, bytes]:
    """Name below the archive's folder → bytes."""
    items = [item for item in archive.infolist() if not item.is_dir()]
    names = [item.filename for item in items]
    roots = {name.partition("/")[0] for name in names}
    inside = {name.partition("/")[2] for name in names}
    rules = {
        "its files must lie in one folder, each once": len(roots) == 1
        and len(inside) == len(items) <= _MOST_MEMBERS
        and not any({"", ".", ".."} & set(name.split("/")) for name in names),
        "its files must lie in it, uncompressed": all(item.compress_type == zipfile.ZIP_STORED for item in items)
        and sum(item.file_size for item in items) <= most,
        "it must hold data.pkl": "data.pkl" in inside,
        "it must be no program of TorchScript": "constants.pkl" not in inside,
    }
    for rule, holds in rules.items():
        if not holds:
            raise IntegrityError(
                f"A file of PyTorch must be as torch.save writes it: {rule}", where=where, received={"files": names[:6]}
            )
    return {item.filename.partition("/")[2]: archive.read(item) for item in items}


def _byte_order(stated: bytes, where: object) -> str:
    orders = {b"little": "<", b"big": ">"}
    if stated not in orders:
        raise IntegrityError("The byte order must be little or big", where=where, received={"byteorder": stated[:16]})
    return orders[stated]


def unpickled(data: bytes, where: object) -> object:
    """What a pickle describes: numbers, text, tuples, lists, dicts, `Named`, `Instance` and `Storage`.

    Raises:
        IntegrityError: a damaged pickle, an opcode that no saved network needs, or a name that none has.
    """
    if len(data) > _MOST_PICKLE:
        raise IntegrityError(
            f"The pickle of a network must have at most {_MOST_PICKLE:,} bytes",
            where=where,
            received={"bytes": len(data)},
        )
    machine = _Machine(where)
    with weights.parsing("The pickle of a network", where):
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count >= _MOST_OPCODES:
                raise ValueError(f"more than {_MOST_OPCODES:,} opcodes")
            if opcode.name == "STOP":
                break
            machine.step(opcode.name, argument)
        return machine.pop()


class _Machine:
    """The stack of a pickle, its marks and its memo."""

    def __init__(self, where: object) -> None:
        self.where = where
        self.stack: list = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}

    def step(self, opcode: str, argument: object) -> None:
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode]())
        elif opcode in _OPCODES:
            _OPCODES[opcode](self, argument)
        elif opcode not in ("PROTO", "FRAME"):
            raise IntegrityError(
                "The pickle of a network must hold plain values and names only",
                where=self.where,
                received={"opcode": opcode},
            )

    def pop(self) -> object:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise ValueError("an opcode without its values")
        return self.stack.pop()

    def top(self) -> object:
        value = self.pop()
        self.stack.append(value)
        return value

    def to_mark(self) -> list:
        at = self.marks.pop()
        values = self.stack[at:]
        del self.stack[at:]
        return values

    def named(self, module: object, name: object) -> Named:
        found = Named(module, name)
        texts = isinstance(module, str) and isinstance(name, str)
        if not texts or not any(re.fullmatch(of, module) and re.fullmatch(known, name) for of, known in _NAMES):
            raise IntegrityError(
                "A saved network must name only what PyTorch's networks consist of; nothing of the file was run",
                where=self.where,
                received={"name": str(found) if texts else f"{_kind(module)}, {_kind(name)}"},
            )
        return found


def _kind(value: object) -> str:
    """What a value is, for a message: values themselves may be of any size and depth."""
    return str(value.kind) if isinstance(value, Instance) else type(value).__name__


def shown(value: object) -> object:
    """A value as a message may have it: a number, or a few of them; else what it is."""
    some = value if isinstance(value, tuple) else (value,)
    return value if len(some) <= _MOST_AXES and all(map(is_whole, some)) else _kind(value)


def _push_tuple(length: int) -> Callable:
    def push(machine: _Machine, _: object) -> None:
        values = [machine.pop() for _ in range(length)]
        machine.stack.append(tuple(reversed(values)))

    return push


def _collected(kind: type) -> Callable:
    return lambda machine, _: machine.stack.append(kind(machine.to_mark()))


def _call(machine: _Machine, _: object) -> None:
    arguments, kind = machine.pop(), machine.pop()
    if not isinstance(kind, Named):
        raise ValueError(f"a call of a {_kind(kind)}")
    if str(kind) == "collections.OrderedDict" and arguments == ():
        machine.stack.append({})
    else:
        machine.stack.append(Instance(kind, arguments if isinstance(arguments, tuple) else ()))


def _call_by_name(machine: _Machine, _: object) -> None:
    named, arguments = machine.pop(), machine.pop()
    machine.stack.append((arguments, named))
    _call(machine, None)


def _build(machine: _Machine, _: object) -> None:
    state, target = machine.pop(), machine.top()
    if isinstance(target, Instance):
        target.state = state
    elif not isinstance(target, dict):  # attributes of an OrderedDict are of no use here
        raise ValueError(f"a state for a {_kind(target)}")


def _set_items(machine: _Machine, values: list) -> None:
    target = machine.top()
    into = {} if isinstance(target, Instance) else target  # items of what is never made are of no use
    if not isinstance(into, dict) or len(values) % 2:
        raise ValueError(f"items for a {_kind(target)}")
    for key, value in zip(values[::2], values[1::2], strict=True):
        if not isinstance(key, (str, int, float, bytes, type(None))):  # others could take forever to hash
            raise ValueError(f"a key that is a {_kind(key)}")
        into[key] = value


def _append(machine: _Machine, values: list) -> None:
    if isinstance(machine.top(), list):
        machine.top().extend(values)
    elif not isinstance(machine.top(), Instance):
        raise ValueError(f"values for a {_kind(machine.top())}")


def _memoize(machine: _Machine, place: object) -> None:
    machine.memo[len(machine.memo) if place is None else place] = machine.top()


def _dict(machine: _Machine, _: object) -> None:
    values = machine.to_mark()
    machine.stack.append({})
    _set_items(machine, values)


def _storage(machine: _Machine, _: object) -> None:
    said = machine.pop()
    if not (isinstance(said, tuple) and len(said) == 5 and said[0] == "storage" and isinstance(said[1], Named)):
        raise ValueError("a persistent object that is no storage")
    _, kind, key, _, numbers = said
    if not isinstance(key, str) or not is_whole(numbers) or numbers < 0:
        raise ValueError("a storage without a name or a length")
    machine.stack.append(Storage(kind.name, key, numbers))


_LITERALS = (
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("BINSTRING", "SHORT_BINSTRING"),
)
_CONSTANTS = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
}
_OPCODES: Mapping[str, Callable[[_Machine, object], None]] = {
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "POP": lambda machine, _: machine.pop(),
    "POP_MARK": lambda machine, _: machine.to_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.top()),
    "TUPLE": _collected(tuple),
    "LIST": _collected(list),
    "FROZENSET": _collected(list),
    "DICT": _dict,
    "TUPLE1": _push_tuple(1),
    "TUPLE2": _push_tuple(2),
    "TUPLE3": _push_tuple(3),
    "APPEND": lambda machine, _: _append(machine, [machine.pop()]),
    "APPENDS": lambda machine, _: _append(machine, machine.to_mark()),
    "ADDITEMS": lambda machine, _: _append(machine, machine.to_mark()),
    "SETITEM": lambda machine, _: _set_items(machine, [machine.pop(), machine.pop()][::-1]),
    "SETITEMS": lambda machine, _: _set_items(machine, machine.to_mark()),
    "BINPUT": _memoize,
    "LONG_BINPUT": _memoize,
    "PUT": _memoize,
    "MEMOIZE": _memoize,
    "BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "LONG_BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "GET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "GLOBAL": lambda machine, both: machine.stack.append(machine.named(*both.split(" ", 1))),
    "STACK_GLOBAL": lambda machine, _: machine.stack.append(machine.named(*[machine.pop(), machine.pop()][::-1])),
    "REDUCE": _call,
    "NEWOBJ": _call,
    "NEWOBJ_EX": _call_by_name,
    "BUILD": _build,
    "BINPERSID": _storage,
}

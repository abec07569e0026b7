"""The graph of a network of Keras 1 or 2 whose layers both strands share, as data.

Such a network reads a window twice: from the forward and from the reverse strand. Each layer is used for both. Here a
value is a pair of outputs, one for each strand; dropout is passed over, as it does nothing in inference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from zoo import weights
from zoo.errors import IntegrityError
from zoo.porting.keras_h5 import names_in_code

_DROPOUT, _LAMBDA = "Dropout", "Lambda"
_MOST_LAYERS = 500
Output = tuple[str, int]  # a layer, and which of its uses
Pair = tuple[Output, Output]


@dataclass(frozen=True)
class Node:
    """A layer of a configuration.

    Attributes:
        name: of the layer.
        kind: its class.
        settings: its own configuration.
        reads: for each of its uses what it reads.
    """

    name: str
    kind: str
    settings: Mapping[str, object] = field(repr=False)
    reads: tuple[tuple[Output, ...], ...] = field(repr=False)


class StrandGraph:
    """The layers of a network, each to be asked for once.

    Args:
        config: of the model.
        where: the file, for messages.

    Attributes:
        window: (bp, columns).
        vector: length of the vector, or 0.
        start: the windows of both strands.
        given: the vector, for both strands; None if there is none.

    Raises:
        IntegrityError: a configuration that is not one of such a network.
    """

    def __init__(self, config: Mapping[str, object], where: object) -> None:
        self._where = where
        with weights.parsing("The model_config of a Keras file", where):
            nodes = [_node(item) for item in config["layers"]]
            self._left = {node.name: node for node in nodes}
            self._all = dict(self._left)
            inputs = [str(name) for name, *_ in config["input_layers"]]
            self._outputs = [(str(name), int(use)) for name, use, *_ in config["output_layers"]]
            shapes = {name: tuple(self._all[name].settings["batch_input_shape"]) for name in inputs}
            if any(len(node.reads) > 2 for node in nodes):
                raise ValueError("a layer is used more than once for each strand")
            if not len(self._all) == len(nodes) <= _MOST_LAYERS or self._cyclic():
                raise ValueError(f"layers of one name, in a circle, or more than {_MOST_LAYERS}")
        windows = [name for name in inputs if len(shapes[name]) == 3]
        vectors = [name for name in inputs if len(shapes[name]) == 2]
        rest = [size for shape in shapes.values() for size in shape[1:]]
        if (
            len(windows) != 2
            or len(vectors) > 1
            or len(windows) + len(vectors) != len(inputs)
            or shapes[windows[0]] != shapes[windows[1]]
            or not all(type(size) is int and size > 0 for size in rest)
        ):
            raise self.error("read two windows of one known shape, and at most one vector", {"inputs": shapes})
        self.window: tuple[int, int] = shapes[windows[0]][1:]
        self.vector: int = shapes[vectors[0]][1] if vectors else 0
        self.start: Pair = ((windows[0], 0), (windows[1], 0))
        self.given: Pair | None = ((vectors[0], 0), (vectors[0], 0)) if vectors else None
        for name in inputs:
            del self._left[name]

    def kinds(self, pair: Pair) -> set[str]:
        """The kinds of layers that read an output and were not taken yet, dropout passed over."""
        return {node.kind for node in self._readers(pair)} - {_DROPOUT}

    def activations(self, pair: Pair) -> set[object]:
        """The activations of the layers that read an output."""
        return {node.settings.get("activation") for node in self._readers(pair)}

    def outputs(self, kind: str, pair: Pair) -> list[Pair]:
        """What layers of a kind that read an output alone give."""
        found = []
        for node in self._readers(pair):
            reads = self._resolved(node)
            if node.kind == kind and reads == [[pair[0]], [pair[1]]]:
                found.append(((node.name, 0), (node.name, 1)))
        return found

    def read_together(self, first: Pair, second: Pair) -> bool:
        """Whether a layer reads both."""
        return any([first[0], second[0]] in self._resolved(node) for node in self._left.values())

    def take_all(self, kind: str, pair: Pair, **settings: object) -> list[tuple[Node, Pair]]:
        """All layers of a kind that read an output alone. Raises `IntegrityError` for other settings."""
        found = [(self._all[output[0][0]], output) for output in self.outputs(kind, pair)]
        for node, _ in found:
            self.check(node, **settings)
            del self._left[node.name]
        return found

    def take(self, kind: str, *pairs: Pair, any_order: bool = False, **settings: object) -> tuple[Node, Pair]:
        """The one layer of a kind that reads these and nothing else, and its output.

        Args:
            any_order: of what it reads.
            settings: what it has to have.

        Raises:
            IntegrityError: there is none, there are several, or it has other settings.
        """
        found = []
        for side in (0, 1):
            wanted = [pair[side] for pair in pairs]
            order = sorted if any_order else list
            uses = [
                (node.name, use)
                for node in self._left.values()
                if node.kind == kind
                for use, reads in enumerate(self._resolved(node))
                if order(reads) == order(wanted)
            ]
            if len(uses) != 1:
                raise self.error(
                    f"have one {kind} that reads {' and '.join(name for name, _ in wanted)}",
                    {"found": [name for name, _ in uses]},
                )
            found.append(uses[0])
        node, other = (self._all[name] for name, _ in found)
        for one in {node.name: node, other.name: other}.values():
            self.check(one, **settings)
            if len(one.reads) != (2 if node is other else 1):
                raise self.error(f"use {one.name} once for each strand", {"uses": len(one.reads)})
            del self._left[one.name]
        return node, (found[0], found[1])

    def take_lambda(self, *pairs: Pair, needs: str, known: Iterable[str] = (), closure: Sequence[object] = ()) -> Pair:
        """A Lambda by what it has to compute.

        Its compiled code is not run, nor unmarshalled: only the names in it are compared.

        Args:
            needs: a name that its code must have ("mean").
            known: others that it may have.
            closure: the values that it has beside.
        """
        node, output = self.take(_LAMBDA, *pairs)
        code = node.settings.get("function")
        code, _, *beside = [*code, None, None][:3] if isinstance(code, list) and code else (None, None, None)
        names = names_in_code(code)
        if needs not in names or names - {needs, "x", *known} or (beside[0] or []) != list(closure):
            raise self.error(
                f"have a Lambda {node.name} of {needs} alone; nothing of the file was run",
                {"names in its code": sorted(names)[:12], "closure": beside[0]},
            )
        return output

    def merge(self, kind: str, pair: Pair, **settings: object) -> None:
        """Take the last layer, of a kind, which must read both strands and be the only output."""
        last = [
            node
            for node in self._left.values()
            if node.kind == kind and [sorted(reads) for reads in self._resolved(node)] == [sorted(pair)]
        ]
        if len(last) != 1 or self._outputs != [(last[0].name, 0)]:
            raise self.error(f"return {kind} of both strands", {"outputs": [name for name, _ in self._outputs]})
        self.check(last[0], **settings)
        del self._left[last[0].name]
        if unknown := [node.name for node in self._left.values() if node.kind != _DROPOUT]:
            raise self.error("have no other layers", {"layers": unknown[:6]})

    def rate(self, pair: Pair) -> float:
        """The rate of the dropout that reads an output; 0 without one."""
        for node in self._all.values():
            if node.kind == _DROPOUT and any(pair[0] in reads for reads in node.reads):
                return rate_of(node.settings.get("rate", node.settings.get("p")))
        return 0.0

    def inner(self, node: Node, kind: str, **settings: object) -> Node:
        """The layer inside a layer. Raises `IntegrityError` for one of another kind, or with other settings."""
        with weights.parsing("The model_config of a Keras file", self._where):
            found = node.settings["layer"]
            inside = Node(f"{node.name}'s", str(found["class_name"]), dict(found["config"]), ())
        if inside.kind != kind:
            raise self.error(f"have a {kind} inside {node.name}", {"inside": inside.kind})
        self.check(inside, **settings)
        return inside

    def check(self, node: Node, **settings: object) -> None:
        """Raise `IntegrityError` unless a layer has some settings."""
        for name, value in settings.items():
            found = node.settings.get(name)
            if (tuple(found) if isinstance(found, list) else found) != value:
                raise self.error(f"have {name} {value} in {node.name}", {name: found})

    def error(self, rule: str, received: Mapping[str, object]) -> IntegrityError:
        """That the graph must be different."""
        return IntegrityError(f"The model of this file must {rule}", where=self._where, received=received)

    def _readers(self, pair: Pair) -> list[Node]:
        return [node for node in self._left.values() if any(pair[0] in reads for reads in self._resolved(node))]

    def _resolved(self, node: Node) -> list[list[Output]]:
        return [[self._source(output) for output in reads] for reads in node.reads]

    def _source(self, output: Output) -> Output:
        """What an output is without the dropouts before it."""
        while (node := self._all[output[0]]).kind == _DROPOUT:
            output = node.reads[output[1]][0]
        return output

    def _cyclic(self) -> bool:
        """Whether a layer reads what comes after it, or what nothing gives."""
        known: set[Output] = {(node.name, 0) for node in self._all.values() if not node.reads}
        todo = {(node.name, use): reads for node in self._all.values() for use, reads in enumerate(node.reads)}
        while todo:
            ready = [output for output, reads in todo.items() if known.issuperset(reads)]
            if not ready:
                return True
            known.update(ready)
            for output in ready:
                del todo[output]
        return False


def _node(item: Mapping) -> Node:
    settings = item["config"]
    reads = tuple(tuple((str(read[0]), int(read[1])) for read in use) for use in item["inbound_nodes"])
    if any(int(read[2]) for use in item["inbound_nodes"] for read in use) or () in reads:
        raise ValueError("a layer of several outputs, or one that reads nothing")
    return Node(str(item["name"] if "name" in item else settings["name"]), str(item["class_name"]), settings, reads)


def rate_of(value: object) -> float:
    """A rate of dropout; 0 for anything that is none."""
    return float(value) if type(value) in (int, float) and 0 <= value < 1 else 0.0

"""Attribution methods by name: frozen dataclasses, each with its own parameters.

`Model.attribute` takes the name of one, or one with its parameters: `method=methods.IntegratedGradients(steps=100)`.
Another package adds a `Method` with `register`.
"""

import inspect
from collections.abc import Mapping
from dataclasses import MISSING, fields

from zoo import lazy
from zoo.arguments import among, refuse_together
from zoo.attribution.methods.base import Explained, Gradient, Method, Passes, Task
from zoo.attribution.methods.by_changes import Occlusion, SaturationMutagenesis
from zoo.attribution.methods.by_gradients import Gradients, InputXGradient
from zoo.attribution.methods.by_references import DeepLIFT, IntegratedGradients, Referenced
from zoo.errors import InputError
from zoo.tables import Table

__all__ = [
    "METHODS",
    "DeepLIFT",
    "Explained",
    "Gradient",
    "Gradients",
    "InputXGradient",
    "IntegratedGradients",
    "Method",
    "Occlusion",
    "Passes",
    "Referenced",
    "SaturationMutagenesis",
    "Task",
    "register",
    "resolve",
    "unregister",
]

_TAKEN = ("method", "target", "alternative", "output", "batch_size", "compat", "progress")
METHODS: Table[type[Method]] = Table(
    "attribution method",
    {
        "deeplift": DeepLIFT,
        "integrated_gradients": IntegratedGradients,
        "input_x_gradient": InputXGradient,
        "gradients": Gradients,
        "saturation_mutagenesis": SaturationMutagenesis,
        "occlusion": Occlusion,
    },
)


def register(kind: type[Method]) -> type[Method]:
    """Add a method of another package to the table, also as a decorator.

    Raises:
        InputError: no `Method`, one without `explain`, parameters that cannot be given, or a name that is taken.
    """
    _check(kind)
    METHODS.add(getattr(kind, "name", None), kind)
    return kind


def unregister(name: str) -> None:
    """Remove a method that `register` added. Raises `InputError` for any other."""
    METHODS.remove(name)


def resolve(method: object, given: Mapping[str, object]) -> Method:
    """A method by its name, or as it is.

    Args:
        method: a name of `METHODS`, or a `Method`.
        given: parameters; None stands for one that is not given.

    Raises:
        InputError: an unknown method, parameters that it does not have, or an object of a class that goes by the name
            of another.
    """
    if isinstance(method, Method):
        refuse_together("A method with its parameters", given, "Give them to the method itself")
        _check(type(method))
        name = getattr(method, "name", None)
        if not isinstance(name, str) or METHODS.get(name, type(method)) is not type(method):
            raise InputError(
                "An attribution method must have a name of its own",
                received={"name": name, "class": type(method).__name__},
            )
        return method
    among("method", "None" if method is None else method, tuple(METHODS))
    kind = METHODS[method]
    own = kind.parameters()
    refuse_together(f'The method "{method}"', {name: value for name, value in given.items() if name not in own})
    return kind(**{name: value for name, value in given.items() if value is not None})


def _check(kind: object) -> None:
    """Raise `InputError` unless something is a class of methods whose parameters can all be given by name."""
    if not (isinstance(kind, type) and issubclass(kind, Method)) or inspect.isabstract(kind):
        raise InputError(
            "An attribution method must be a class of `zoo.attribution.methods.Method` that has `explain`",
            received={"method": getattr(kind, "__name__", kind)},
        )
    if without := [
        parameter.name for parameter in fields(kind) if parameter.default is parameter.default_factory is MISSING
    ]:
        raise InputError(
            "Each parameter of an attribution method must have a default",
            received={"method": kind.__name__, "without": without},
        )
    if taken := [name for name in kind.parameters() if name in _TAKEN]:
        raise InputError(
            "A parameter of an attribution method must not be the name of another argument of `Model.attribute`",
            received={"method": kind.__name__, "parameters": taken},
        )


__getattr__, __dir__ = lazy.submodules(__name__)

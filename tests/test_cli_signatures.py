"""That Python and the command line have the same: each keyword of a public function is an option, or has a reason."""

import argparse
import dataclasses
import importlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from zoo import cli
from zoo.commands.parser import Parser
from zoo.console.keywords import MISSING, keywords_of
from zoo.console.signature import Signature
from zoo.errors import InputError


def signatures_of(name: str) -> tuple[Signature, ...]:
    """Those of a command; one that calls nothing with options of its own has none."""
    module = importlib.import_module(f"zoo.commands.{name}")
    return (module.SIGNATURE,) if hasattr(module, "SIGNATURE") else getattr(module, "SIGNATURES", ())


SIGNATURES = [(command.name, signature) for command in cli.COMMANDS for signature in signatures_of(command.name)]
EACH = pytest.mark.parametrize(("name", "signature"), SIGNATURES, ids=lambda value: getattr(value, "source", value))


def parser_of(name: str) -> Parser:
    parser = Parser(prog=f"zoo {name}")
    importlib.import_module(f"zoo.commands.{name}").add(parser)
    return parser


def test_the_large_functions_have_their_commands():
    functions = {signature.source.partition(":")[2] for _, signature in SIGNATURES}
    assert functions >= {
        *("Model.predict", "Model.attribute", "Model.score_variants", "Model.predict_haplotypes"),
        *("prepare", "normalize", "average", "call", "call_bins", "benchmark", "correlated", "calibration"),
        *("windows", "robustness", "report", "targets", "doctor", "fetch", "publish", "Settings", "BindingData"),
    }


@EACH
def test_keywords_are_those_of_python(name: str, signature: Signature):
    """They are read from the source: here they are compared with what Python makes of it."""
    module, _, path = signature.source.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    read = keywords_of(signature.source)
    if dataclasses.is_dataclass(found):
        defaults = {item.name: item.default for item in dataclasses.fields(found)}
        missing = dataclasses.MISSING
    else:
        defaults = {item.name: item.default for item in inspect.signature(found).parameters.values()}
        defaults.pop("self", None)
        missing = inspect.Parameter.empty
    assert list(read) == list(defaults)
    for key, default in defaults.items():
        assert read[key].default == (MISSING if default is missing else default), key


@EACH
def test_every_keyword_is_an_option(name: str, signature: Signature):
    dests = {action.dest for action in parser_of(name)._actions}
    known = set(keywords_of(signature.source))
    assert {signature.dest(key) for key in signature.keywords} <= dests
    assert set(signature.left_out) <= known
    assert set(signature.differ) <= set(signature.keywords)


@pytest.mark.parametrize("name", sorted({name for name, _ in SIGNATURES}))
def test_every_option_is_a_keyword(name: str):
    shown = {action.dest for action in parser_of(name)._actions if action.help != argparse.SUPPRESS} - {"help"}
    of_name = signatures_of(name)
    keywords = {signature.dest(key) for signature in of_name for key in signature.keywords}
    added = {option for signature in of_name for option in signature.added}
    assert shown - keywords - added == set()
    assert added & keywords == set()
    assert added <= {action.dest for action in parser_of(name)._actions}


@pytest.mark.parametrize("name", sorted({name for name, _ in SIGNATURES}))
def test_every_option_is_explained(name: str):
    for action in parser_of(name)._actions:
        assert action.help, action.dest


def test_a_keyword_is_an_option_without_another_line(monkeypatch: pytest.MonkeyPatch):
    """Of a function that this module has: by hint, default and docstring."""
    import zoo.console.keywords as keywords

    monkeypatch.setattr(keywords, "_ROOT", Path(__file__).parent)
    signature = Signature("test_cli_signatures:example", left_out={"hidden": "a reason"})
    parser = Parser(prog="zoo x")
    signature.add(parser, {"": "", "how": "depth"})
    options = parser.parse_args(
        ["--genome", "g", "--depth", "3", "--names", "a", "b", "--no-center", "--covariates=a=1"]
    )
    assert signature.values(options) == {
        "genome": "g", "depth": 3, "share": 0.5, "names": ["a", "b"], "center": False, "deep": False,
        "covariates": {"a": 1.0},
    }  # fmt: skip
    helps = {action.dest: action.help for action in parser._actions}
    assert helps["depth"] == "of the reads (1.5 per base; Author et al. 2023, Methods) (default 9)"
    assert helps["share"] == "in %%, default a half"
    with pytest.raises(InputError, match="--depth must be a whole number"):
        parser.parse_args(["--genome", "g", "--depth", "x"])
    with pytest.raises(InputError, match="must be given --genome"):
        parser.parse_args([])
    with pytest.raises(LookupError, match="no nothing"):
        keywords_of("test_cli_signatures:nothing")
    with pytest.raises(LookupError, match="no literal: len"):
        keywords_of("test_cli_signatures:of_a_call")


_DEPTH = 9


def example(
    genome: str | Path,
    *,
    depth: int = _DEPTH,
    share: float | None = 0.5,
    names: Sequence[str] | None = None,
    center: bool | None = None,
    deep: bool = False,
    covariates: Mapping[str, object] | None = None,
    hidden: object = None,
) -> None:
    """For the test above.

    Args:
        genome: a path.
        depth: of the reads (1.5 per base; Author et al. 2023, Methods). And more
            of it.
        share: in %, default a half.
    """


def of_a_call(size: int = len("abc")) -> None:
    """For the test above: a default that only running the module would tell."""

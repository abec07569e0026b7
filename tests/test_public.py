"""What `import zoo` is enough for."""

import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import zoo

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "recipes" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_NAME = re.compile(r"(?<![\w/.-])zoo(?:\.[A-Za-z_]\w*)+")


def resolved(name: str) -> object:
    """What a dotted name stands for, by its attributes alone."""
    found = zoo
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_of_a_document_is_there(path: Path):
    for name in sorted(set(_NAME.findall(path.read_text(encoding="utf-8")))):
        assert resolved(name) is not None, name


def test_every_name_in_the_package_is_there():
    """Also those of docstrings and messages."""
    for path in (ROOT / "zoo").rglob("*.py"):
        for name in set(_NAME.findall(path.read_text(encoding="utf-8"))):
            assert resolved(name) is not None, f"{name} in {path}"


def test_every_package_has_its_modules_as_attributes():
    for path in (ROOT / "zoo").rglob("__init__.py"):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        if package not in ("zoo", "zoo.startup"):
            assert {module.stem for module in path.parent.glob("[a-z]*.py")} <= set(dir(resolved(package))), package


_LIGHT = """
import sys, zoo
assert not {"numpy", "registry", "re", "importlib.util"} & set(sys.modules) - before, "import zoo is not light"
for name in ("genome.enriched", "variants.allelic", "formats.formats", "files.atomic", "forward.readouts", "spec",
             "errors", "plot.logo", "data.regions", "predict.thresholds", "priors.links", "attribution.methods"):
    found = zoo
    for part in name.split("."):
        found = getattr(found, part)
    assert found.__name__ == f"zoo.{name}", found
assert zoo.genome.enriched is sys.modules["zoo.genome.enriched"]
sys.exit(f"imported {bad}" if (bad := {"keras", "tensorflow"} & set(sys.modules)) else 0)
"""


def test_modules_are_imported_when_asked_for_and_tensorflow_by_none_that_needs_none():
    code = "import sys\nbefore = set(sys.modules)\n" + _LIGHT
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_not_there_is_an_attribute_error():
    for name in ("zoo.genome.intervall", "zoo.predict.__path", "zoo.variants._alleles"):
        with pytest.raises(AttributeError, match=f"module '{name.rpartition('.')[0]}' has no attribute"):
            resolved(name)


def test_a_module_that_lacks_a_package_says_which(monkeypatch: pytest.MonkeyPatch):
    """An error inside a module is not taken for a missing module."""
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    for module in list(sys.modules):
        if module == "zoo.evaluate.promises":
            monkeypatch.delitem(sys.modules, module)
            monkeypatch.delattr(zoo.evaluate, "promises")
    with pytest.raises(ModuleNotFoundError, match=r"scipy.special"):
        _ = zoo.evaluate.promises


def functions() -> dict[str, object]:
    """Public functions of the package, and methods and properties of its classes."""
    found = {}
    for name in zoo.__all__:
        member = getattr(zoo, name)
        if inspect.isclass(member):
            parts = {f"{name}.{key}": part for key, part in inspect.getmembers(member) if not key.startswith("_")}
            parts = {key: part.fget if isinstance(part, property) else part for key, part in parts.items()}
            found |= {key: part for key, part in parts.items() if inspect.isroutine(part)}
        elif inspect.isfunction(member):
            found[name] = member
    return found


def test_every_public_function_says_what_it_takes_and_returns():
    assert {"load", "info", "build", "Model.predict", "Interval.parse"} <= functions().keys()
    for name, function in functions().items():
        signature = inspect.signature(function)
        assert signature.return_annotation is not signature.empty, name
        for parameter in signature.parameters.values():
            assert parameter.annotation is not parameter.empty or parameter.name == "self", f"{name}({parameter})"


def test_packages_are_marked_as_typed():
    for package in ("zoo", "registry"):
        assert (ROOT / package / "py.typed").is_file()


EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("registry", "zoo")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "    >>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_of_docstrings(module: str):
    found = doctest.testmod(importlib.import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0
    assert found.failed == 0


def test_the_main_functions_have_examples():
    main = (zoo.load, zoo.info, zoo.list_models, zoo.search, zoo.build, zoo.Model, zoo.Interval)
    for member in main:
        assert ">>> " in inspect.getdoc(member), member

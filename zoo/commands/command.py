"""What the table of commands says of each: its module, its group, what runs before it."""

import argparse
import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from zoo.commands import heavy
from zoo.commands.parser import Parser
from zoo.commands.printing import strict_json
from zoo.errors import InputError, ZooError
from zoo.files.atomic import paths_of
from zoo.files.keeping import keeping_others
from zoo.files.progress import LOG, stage

FIND, INPUTS, PREDICT, EXPLAIN = "find a model", "prepare inputs", "predict", "explain"
EVALUATE, PUBLISH, KEEP = "evaluate", "train and publish", "housekeeping"
_OUTPUTS = ("output", "picture")  # options of files, which are kept if another run made them
_NO_INPUTS = ("output", "out", "folder", "log", "command", "parser")  # `folder` is that of an original's -o
GROUPS = (FIND, INPUTS, PREDICT, EXPLAIN, EVALUATE, PUBLISH, KEEP)


@dataclass(frozen=True)
class Command:
    """A sub-command: the module of its name in `zoo.commands`, which has `add(parser)`, `run(options)` and `EXAMPLES`.

    Attributes:
        name: on the command line.
        group: under which the help lists it, one of `GROUPS`; none for another name of a command that is listed.
        text: what it does, for the help.
        needs: "keras" to import Keras before it runs, "model" to load `options.name` and pass it as second argument.
        before: what can be refused before that, see `zoo.commands.checks`.
        kept: whether an interrupted run left something that the same command goes on with.
        hint: what to do then.
        writes: whether it writes the output that it may be given.
    """

    name: str
    group: str
    text: str
    needs: str = ""
    before: Callable[[argparse.Namespace], None] | None = None
    kept: Callable[[argparse.Namespace], bool] | None = None
    hint: str = "The same command goes on where it stopped."
    writes: bool = True

    @property
    def examples(self) -> tuple[str, ...]:
        """Command lines that its help ends with."""
        return self._module().EXAMPLES

    def add(self, parser: Parser) -> None:
        """Give a parser the options of this command, and its help the examples."""
        self._module().add(parser)
        if self.writes and not {action.dest for action in parser._actions}.isdisjoint(_OUTPUTS):
            text = "replace files there of another run: of another model, with other inputs or parameters"
            parser.add_argument("--force", action="store_true", help=text)
        parser.examples = self.examples

    def run(self, options: argparse.Namespace) -> int | None:
        """Run it. Returns the exit status; None is 0."""
        with stage(f"zoo {self.name}") if self.is_long else nullcontext(), self._keeping(options):
            _log_inputs(options)
            if self.before is not None:
                with stage("checking the inputs", shown=False):
                    self.before(options)
            if self.needs == "keras":
                heavy.import_keras()
            loaded = [heavy.load(options.name, options.component)] if self.needs == "model" else []
            with strict_json() if options.json else nullcontext():
                return self._module().run(options, *loaded)

    def _keeping(self, options: argparse.Namespace) -> AbstractContextManager[None]:
        given = [name for name in _OUTPUTS if getattr(options, name, None) is not None]
        if not getattr(options, "force", False):
            return keeping_others() if given else nullcontext()
        if not given:
            shown = " or ".join(f"--{name}" for name in _OUTPUTS if hasattr(options, name))
            raise InputError(f"--force must be given with {shown}, whose files it replaces")
        return nullcontext()

    @property
    def is_long(self) -> bool:
        """Whether it may take more than a second or two."""
        return bool(self.needs) or self.group in GROUPS[1:-1]

    def after_interruption(self, options: argparse.Namespace) -> str:
        """What to do after an interruption, if anything was kept; else nothing."""
        try:
            return self.hint if self.kept is not None and self.kept(options) else ""
        except (ZooError, OSError):
            return ""

    def _module(self):
        return importlib.import_module(f"zoo.commands.{self.name}")


def _log_inputs(options: argparse.Namespace) -> None:
    """Log the files and folders that the options name, outputs aside."""
    for name, value in vars(options).items():
        for path in paths_of(value) if name not in _NO_INPUTS else ():
            LOG.info("%s: %s", name, path)

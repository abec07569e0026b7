"""The command `zoo`: the table of its sub-commands, and what happens around each of them.

A sub-command's module is imported when its options are parsed, and nothing heavy before it runs: `zoo --help`,
`zoo list` and `zoo info` start at once.
"""

import argparse
import errno
import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from registry.errors import printable
from zoo import __version__
from zoo.commands import checks, heavy, kept, stopping
from zoo.commands.parser import COMMAND, Parser
from zoo.commands.printing import strict_json
from zoo.console import streams
from zoo.errors import ZooError, ZooWarning

_USAGE = 2
_OF_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EROFS)


@dataclass(frozen=True)
class Command:
    """A sub-command: the module of its name in `zoo.commands`, which has `add(parser)` and `run(options)`.

    Attributes:
        name: on the command line.
        text: what it does, for the help.
        needs: "keras" to import Keras before it runs, "model" to load `options.name` and pass it as second argument.
        before: what can be refused before that, see `zoo.commands.checks`.
        kept: whether an interrupted run left something that the same command goes on with.
        hint: what to do then.
    """

    name: str
    text: str
    needs: str = ""
    before: Callable[[argparse.Namespace], None] | None = None
    kept: Callable[[argparse.Namespace], bool] | None = None
    hint: str = "The same command goes on where it stopped."

    def add(self, parser: argparse.ArgumentParser) -> None:
        """Give a parser the options of this command."""
        self._module().add(parser)

    def run(self, options: argparse.Namespace) -> int | None:
        """Run it. Returns the exit status; None is 0."""
        if self.before is not None:
            self.before(options)
        if self.needs == "keras":
            heavy.import_keras()
        loaded = [heavy.load(options.name, options.component)] if self.needs == "model" else []
        with strict_json() if getattr(options, "json", False) else nullcontext():
            return self._module().run(options, *loaded)

    def after_interruption(self, options: argparse.Namespace) -> str:
        """What to do after an interruption, if anything was kept; else nothing."""
        try:
            return self.hint if self.kept is not None and self.kept(options) else ""
        except (ZooError, OSError):
            return ""

    def _module(self):
        return importlib.import_module(f"zoo.commands.{self.name}")


COMMANDS = (
    Command("list", "list the models of the registry"),
    Command("search", "find models by name, alias, tissue or description"),
    Command("info", "describe a model: inputs, outputs, metrics, provenance"),
    Command("browse", "write a page of all models, to search and compare in a web browser"),
    Command("tracks", "list the tracks of a model that has many, by names, assays or patterns"),
    Command("fetch", "download models into the cache, for use without a network"),
    Command("check", "compare a model's outputs on this machine with its golden outputs", "model"),
    Command("verify", "hash every file of cached models and compare with their digests"),
    Command("genome", "download a genome, its chromosome sizes and its blacklist", kept=kept.download),
    Command("doctor", "check the inputs of a run, and estimate its run time, memory and disk"),
    Command("prepare", "make the track that a model takes from reads or fragments", kept=kept.job),
    Command("normalize", "normalize a track"),
    Command("average", "average the tracks of replicates"),
    Command("peaks", "call peaks of a track, as macs3 bdgpeakcall does"),
    Command(
        "footprint",
        "correct cut sites for the bias of Tn5, score footprints, find bound sites of motifs",
        kept=kept.job,
    ),
    Command(
        "predict",
        "predict regions, chromosomes or a genome, by one model or many",
        before=checks.predict,
        kept=kept.job,
    ),
    Command("unit", "compute units of a plan, on any machine that sees its folder", "keras", checks.unit),
    Command("compare", "compare samples: sites of each factor that are gained, lost and shared", kept=kept.comparison),
    Command("attribute", "compute contribution scores for sequence and signal", "model", checks.attribute, kept.job),
    Command("motifs", "find motifs in attributions", before=checks.motifs, kept=kept.patterns),
    Command("variants", "score the effects of variants", "model", checks.variants, kept.job),
    Command(
        "haplotypes",
        "predict the haplotypes of a sample, and the sites at which they differ",
        "model",
        checks.haplotypes,
        kept.job,
    ),
    Command("targets", "list the genes of predicted sites, as a prior of regulatory networks", kept=kept.job),
    Command("benchmark", "compare predicted binding with ChIP-seq"),
    Command("calibrate", "make a threshold table from predictions and peaks"),
    Command("evaluate", "compare a model of accessibility with a track", "keras", checks.evaluate),
    Command("qc", "evaluate a ChromBPNet or BPNet on held-out chromosomes, with a report", "keras", checks.qc),
    Command(
        "train",
        "train a model from 2bit, bigWig and BED files",
        "keras",
        checks.train,
        kept.run,
        "The same command with --resume goes on where it stopped.",
    ),
    Command("publish", "publish model folders of one family on the Hugging Face Hub"),
    Command("env", "show model sources and package versions"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0, 1 for a check that fails, 2 for an error, 130 for Ctrl-C, 143 for SIGTERM.

    Raises:
        SystemExit: as argparse does, with 2 for a command line that cannot be used and 0 after a help or the version.
    """
    with streams.guarded(), stopping.stoppable() as stopper, _warnings_in_one_line():
        options = argparse.Namespace()
        try:
            status = _run(arguments, options)
            sys.stdout.flush()
            return status
        except ZooError as error:
            _tell(f"error: {error}", *getattr(error, "__notes__", ()))
        except OSError as error:
            _tell(f"error: {_of_system(error)}")
            streams.silence(sys.stdout)
        except MemoryError:
            _tell("error: The machine must have more free memory for this. A smaller --batch-size takes less.")
        except KeyboardInterrupt:
            command = getattr(options, "command", None)  # none before the command line is parsed
            _tell(f"interrupted. {command.after_interruption(options) if command else ''}".rstrip())
            return stopper.status
    return _USAGE


def _run(arguments: Sequence[str] | None, options: argparse.Namespace) -> int:
    """Parse the command line into `options` and run its command."""
    parser = make_parser()
    given = sys.argv[1:] if arguments is None else list(arguments)
    if not given:
        parser.print_help(sys.stderr)
        return _USAGE
    try:
        parser.parse_args(given, options)
    except SystemExit:  # by --help and --version
        sys.stdout.flush()
        raise
    except ZooError as error:
        _tell(f"error: {error}")
        raise SystemExit(_USAGE) from None
    return options.command.run(options) or 0


def make_parser() -> Parser:
    """The parser of the whole command line; it sets `command`, of `COMMANDS`."""
    parser = Parser(
        prog="zoo", description="Pretrained models of transcription-factor binding and chromatin accessibility."
    )
    parser.add_argument("--version", action="version", version=f"chromatin-zoo {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar=COMMAND)
    for command in COMMANDS:
        text = f"{command.text[0].upper()}{command.text[1:]}."
        options = commands.add_parser(command.name, help=command.text, description=text, fill=command.add)
        options.set_defaults(command=command)
    return parser


def _of_system(error: OSError) -> str:
    """An error of the system that nothing closer to its cause has put into words."""
    reason = error.strerror or str(error)
    if error.filename is not None:
        return f"The file must be usable: {reason}. Received: path={str(error.filename)!r}."
    if error.errno in _OF_OUTPUT:
        return f"The output must be writable: {reason}."
    return f"The system must be able to do this: {reason}."


def _tell(text: str, *more: str) -> None:
    """Print to the error stream, if it can be."""
    with suppress(OSError):
        print(f"zoo: {text}", *more, file=sys.stderr, flush=True)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    before, warnings.showwarning = warnings.showwarning, _show_warning
    try:
        yield
    finally:
        warnings.showwarning = before


def _show_warning(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
    place = "" if issubclass(category, ZooWarning) else f" ({Path(filename).name}:{lineno})"
    _tell(printable(f"warning: {message}{place}"))

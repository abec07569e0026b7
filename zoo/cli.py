"""The command `zoo`: the table of its sub-commands, and what happens around each of them.

A sub-command's module is imported when its options are parsed, and nothing heavy before it runs: `zoo --help`,
`zoo list` and `zoo info` start at once.
"""

import argparse
import errno
import sys
from collections.abc import Sequence

from zoo import __version__
from zoo.commands import checks, kept, reporting, stopping
from zoo.commands.command import EVALUATE, EXPLAIN, FIND, GROUPS, INPUTS, KEEP, PREDICT, PUBLISH, Command
from zoo.commands.parser import COMMAND, Parser
from zoo.commands.reporting import Reporter
from zoo.console import streams
from zoo.errors import ZooError

_USAGE = 2
_OF_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EROFS)

COMMANDS = (
    Command("list", FIND, "list the models of the registry"),
    Command("search", FIND, "find models by name, alias, tissue or description"),
    Command("info", FIND, "describe a model: inputs, outputs, metrics, provenance"),
    Command("tracks", FIND, "list the tracks of a model that has many, by names, assays or patterns"),
    Command("browse", FIND, "write a page of all models, to search and compare in a web browser"),
    Command("fetch", FIND, "download models into the cache, for use without a network"),
    Command("check", FIND, "compare a model's outputs on this machine with its golden outputs", "model"),
    Command("genome", INPUTS, "download a genome, its chromosome sizes and its blacklist", kept=kept.download),
    Command("doctor", INPUTS, "check the inputs of a run, and estimate its run time, memory and disk", writes=False),
    Command("prepare", INPUTS, "make the track that a model takes from reads or fragments", kept=kept.job),
    Command("normalize", INPUTS, "normalize a track"),
    Command("average", INPUTS, "average the tracks of replicates"),
    Command("peaks", INPUTS, "call peaks of a track, as macs3 bdgpeakcall does"),
    Command(
        "predict",
        PREDICT,
        "predict regions, chromosomes or a genome, by one model or many",
        before=checks.predict,
        kept=kept.job,
    ),
    Command(
        "haplotypes",
        PREDICT,
        "predict the haplotypes of a sample, and the sites at which they differ",
        "model",
        checks.haplotypes,
        kept.job,
    ),
    Command(
        "footprint",
        PREDICT,
        "correct cut sites for the bias of Tn5, score footprints, find bound sites of motifs",
        kept=kept.job,
    ),
    Command(
        "compare",
        PREDICT,
        "compare samples: sites of each factor that are gained, lost and shared",
        before=checks.compare,
        kept=kept.comparison,
    ),
    Command("targets", PREDICT, "list the genes of predicted sites, as a prior of regulatory networks", kept=kept.job),
    Command("plot", EXPLAIN, "draw a region or a gene: tracks, predictions, peaks, contributions, variants, genes"),
    Command(
        "attribute", EXPLAIN, "compute contribution scores for sequence and signal", "model", checks.attribute, kept.job
    ),
    Command("motifs", EXPLAIN, "find motifs in attributions", before=checks.motifs, kept=kept.patterns),
    Command("variants", EXPLAIN, "score the effects of variants", "model", checks.variants, kept.job),
    Command("benchmark", EVALUATE, "compare predicted binding with ChIP-seq"),
    Command("calibrate", EVALUATE, "make a threshold table from predictions and peaks"),
    Command("evaluate", EVALUATE, "compare a model of accessibility with a track", "keras", checks.evaluate),
    Command(
        "qc", EVALUATE, "evaluate a ChromBPNet or BPNet on held-out chromosomes, with a report", "keras", checks.qc
    ),
    Command(
        "train",
        PUBLISH,
        "train a model from 2bit or FASTA, bigWig and BED files",
        "keras",
        checks.train,
        kept.run,
        "The same command with --resume goes on where it stopped.",
    ),
    Command("recipe", PUBLISH, "run a recipe: train, convert, compare, interpret; or list them all"),
    Command("publish", PUBLISH, "publish model folders of one family on the Hugging Face Hub", before=checks.publish),
    Command("cache", KEEP, "list, remove or verify the models in the cache"),
    Command("verify", "", "hash every file of cached models and compare with their digests, as zoo cache verify"),
    Command("completion", KEEP, "print a script by which bash, zsh or fish completes this command"),
    Command("env", KEEP, "show the installation, model sources and package versions"),
    Command("unit", KEEP, "compute units of a plan, on any machine that sees its folder", "keras", checks.unit),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0, 1 for a check that fails, 2 for an error, 130 for Ctrl-C, 143 for SIGTERM.

    Raises:
        SystemExit: as argparse does, with 2 for a command line that cannot be used and 0 after a help or the version.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    with streams.guarded(), stopping.stoppable() as stopper, Reporter(given) as reporter:
        options = argparse.Namespace()
        try:
            status = _run(given, options, reporter)
            sys.stdout.flush()
            return status
        except ZooError as error:
            reporter.fail_by(error)
        except OSError as error:
            reporter.fail(f"error: {_of_system(error)}", error)
            streams.silence(sys.stdout)
        except MemoryError as error:
            text = "The machine must have more free memory for this. A smaller --batch-size takes less."
            reporter.fail(f"error: {text}", error)
        except KeyboardInterrupt as error:
            command = getattr(options, "command", None)  # none before the command line is parsed
            more = command.after_interruption(options) if command else ""
            reporter.fail(f"interrupted. {more}".rstrip(), error)
            return stopper.status
    return _USAGE


def _run(given: Sequence[str], options: argparse.Namespace, reporter: Reporter) -> int:
    """Parse the command line into `options` and run its command."""
    parser = make_parser()
    if not given:
        parser.print_help(sys.stderr)
        return _USAGE
    try:
        parser.parse_args(given, options)
    except SystemExit:  # by --help and --version
        sys.stdout.flush()
        raise
    except ZooError as error:
        reporter.fail_by(error)
        raise SystemExit(_USAGE) from None
    reporter.follow(options)
    return options.command.run(options) or 0


def make_parser() -> Parser:
    """The parser of the whole command line; it sets `command`, of `COMMANDS`, and `parser`, itself."""
    parser = Parser(
        prog="zoo", description="Pretrained models of transcription-factor binding and chromatin accessibility."
    )
    parser.add_argument("--version", action="version", version=f"chromatin-zoo {__version__}")
    reporting.add_options(parser)
    commands = parser.add_subparsers(required=True, metavar=COMMAND)
    for command in COMMANDS:
        text = f"{command.text[0].upper()}{command.text[1:]}."
        options = commands.add_parser(command.name, help=command.text, description=text, fill=command.add)
        options.set_defaults(command=command, parser=parser)
    _group(parser, commands)
    return parser


def _group(parser: Parser, commands: argparse._SubParsersAction) -> None:
    """Have the help list the commands by their groups instead of as one list."""
    parser._action_groups = [group for group in parser._action_groups if commands not in group._group_actions]
    listed = dict(zip((command.name for command in COMMANDS), commands._choices_actions, strict=True))
    for title in GROUPS:
        group = parser.add_argument_group(title)
        group._group_actions += [listed[command.name] for command in COMMANDS if command.group == title]


def _of_system(error: OSError) -> str:
    """An error of the system that nothing closer to its cause has put into words."""
    reason = error.strerror or str(error)
    if error.filename is not None:
        return f"The file must be usable: {reason}. Received: path={str(error.filename)!r}."
    if error.errno in _OF_OUTPUT:
        return f"The output must be writable: {reason}."
    return f"The system must be able to do this: {reason}."

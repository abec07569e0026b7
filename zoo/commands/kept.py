"""Whether an interrupted command left something that the same command goes on with, by its parsed options."""

import argparse
from pathlib import Path

from registry.paths import user_path
from zoo.files.job import job_base
from zoo.files.partial import MARK

_MAIN = {"attribute": ".npz", "variants": ".tsv"}  # the first suffix of a command's job; of others it is a bigWig's


def job(options: argparse.Namespace) -> bool:
    """Finished parts in the folder of a `zoo.files.job.Job`."""
    if getattr(options, "output", None) is None:
        return False
    return _parts(job_base(options.output, _MAIN.get(options.command.name, ".bw")))


def comparison(options: argparse.Namespace) -> bool:
    """Finished parts of the passes that a comparison is made of, or a whole one."""
    base = job_base(options.output, ".factors.tsv")
    passes = [base.with_name(f"{base.name}{suffix}") for suffix in (".pass", ".scores")]
    return any(_parts(each) or each.with_name(f"{each.name}.json").is_file() for each in passes)


def _parts(base: Path) -> bool:
    folder = base.with_name(f"{base.name}.partial")
    return (folder / MARK).is_file() and any(path.suffix != ".tmp" for path in folder.glob("part-*"))


def download(options: argparse.Namespace) -> bool:
    """A download that goes on at the byte where it stopped."""
    return any(user_path(options.to).glob("*.part"))


def patterns(options: argparse.Namespace) -> bool:
    """Patterns that were found and are not looked for again."""
    return (user_path(options.output) / "patterns.json").is_file()


def run(options: argparse.Namespace) -> bool:
    """The checkpoint of a training run."""
    return options.out is not None and any(user_path(options.out).glob("**/checkpoint.npz"))

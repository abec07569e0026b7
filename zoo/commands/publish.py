"""The command line of `zoo publish`."""

import argparse

from zoo import loading
from zoo.commands.heavy import import_keras
from zoo.commands.printing import present
from zoo.console.signature import Signature

EXAMPLES = ("zoo publish converted/CTCF converted/MAX --repo lab/maxatac --tag v1.0 --dry-run",)
SIGNATURE = Signature(
    "registry.publishing:publish",
    differ={
        "folders": {"flags": (), "metavar": "FOLDER"},
        "repo": {"metavar": "ORG/NAME", "help": "repository, made if it does not exist"},
        "tag": {"help": "of the release, such as v1.0"},
        "families": {"help": "folder of the index to write (default ZOO_FAMILIES, else that of a checkout)"},
    },
    left_out={"token": "a secret does not belong on a command line", "check": "that of zoo.loading.publish"},
)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo publish`."""
    SIGNATURE.add(parser)


def run(options: argparse.Namespace) -> None:
    """Run `zoo publish`."""
    import_keras()  # each model is loaded and tried before anything is uploaded
    release = loading.publish(**SIGNATURE.values(options))
    size = sum(release.files.values()) / 1e6
    done = "would be uploaded" if options.dry_run else "uploaded" if release.new_commit else "uploaded, nothing changed"
    counts = f"{len(release.models)} models, {len(release.files)} files, {size:.1f} MB"
    more = [f"commit {release.commit}", release.index] if release.commit else []
    made = {**vars(release), "files": dict(release.files), "dry_run": options.dry_run}
    present(options, made, f"{release.repo}@{release.tag}: {counts} {done}", *more)

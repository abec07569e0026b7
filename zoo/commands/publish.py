"""The command line of `zoo publish`."""

import argparse

from zoo import loading
from zoo.commands.heavy import import_keras


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo publish`."""
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="model folders with digests")
    parser.add_argument("--repo", required=True, metavar="ORG/NAME", help="repository, made if it does not exist")
    parser.add_argument("--tag", required=True, help="of the release, such as v1.0")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.add_argument("--dry-run", action="store_true", help="check and count, write nothing")
    parser.add_argument("--families", help="folder of the index to write (default: this package's)")


def run(options: argparse.Namespace) -> None:
    """Run `zoo publish`."""
    from registry.publishing import check_target

    check_target(options.repo, options.tag, options.families)
    import_keras()  # each model is loaded and tried before anything is uploaded
    release = loading.publish(
        options.folders,
        options.repo,
        options.tag,
        private=options.private,
        dry_run=options.dry_run,
        families=options.families,
    )
    size = sum(release.files.values()) / 1e6
    done = "would be uploaded" if options.dry_run else "uploaded" if release.new_commit else "uploaded, nothing changed"
    print(
        f"{release.repo}@{release.tag}: {len(release.models)} models, {len(release.files)} files, {size:.1f} MB {done}"
    )
    if release.commit:
        print(f"commit {release.commit}\n{release.index}")

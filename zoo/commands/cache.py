"""The command line of `zoo cache`: what the cache holds, its removal, and whether it is sound (`zoo verify`, too)."""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import registry
from registry import cached, store
from registry.cached import Cached
from registry.environment import cache_root
from zoo import loading
from zoo.commands.printing import add_json
from zoo.console.table import listing
from zoo.errors import InputError, ZooError

EXAMPLES = (
    "zoo cache list",
    'zoo cache rm "factornet/*" --yes',
)


def add(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `zoo cache`, with their options."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for action, text, add_options in (
        (show, "list models with their sizes and last use", _add_list),
        (remove, "remove models; they are fetched again when they are needed", _add_remove),
        (verify, "hash every file of models and compare with their digests", add_verify),
    ):
        name = {show: "list", remove: "rm", verify: "verify"}[action]
        options = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", fill=add_options)
        options.set_defaults(action=action)


def run(options: argparse.Namespace) -> int | None:
    """Run one of them."""
    return options.action(options)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pattern", nargs="?", default="*", help='a word, or a pattern such as "maxatac/*" (default all)'
    )
    add_json(parser)


def _add_remove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help='family/MODEL or a pattern such as "maxatac/*"')
    parser.add_argument("--yes", action="store_true", help="remove without a question")
    add_json(parser)


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo cache verify` and `zoo verify`."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="models or patterns (default everything in the cache)")
    add_json(parser)


def show(options: argparse.Namespace) -> None:
    """Run `zoo cache list`."""
    word = options.pattern if registry.is_pattern(options.pattern) else f"*{options.pattern}*"
    found = sorted(cached.models(word), key=lambda model: model.name)
    total = sum(model.size for model in found)
    if options.json:
        print(json.dumps({"cache": str(cache_root()), "bytes": total, "models": list(map(_row, found))}, indent=1))
        return
    rows = [[model.name, size(model.size), _day(model.used)] for model in found]
    if rows:
        print(listing(["model", "size", "last use"], rows, numbers=(1,)), end="\n\n")
    for family in dict.fromkeys(model.family for model in found):
        print(f"{family}: {_counted(model for model in found if model.family == family)}")
    print(f"{_counted(found)} in {cache_root()}")


def remove(options: argparse.Namespace) -> None:
    """Run `zoo cache rm`."""
    found = list(dict.fromkeys(model for name in options.names for model in cached.named(name)))
    for model in found:
        cached.check_own(model)
    if not options.yes and not _agreed(found):
        print("nothing removed")
        return
    freed = cached.remove(found)
    if options.json:
        print(json.dumps({"removed": list(map(_row, found)), "bytes": freed}, indent=1))
        return
    print(*(f"removed {model.name}" for model in found), f"{size(freed)} freed", sep="\n")


def verify(options: argparse.Namespace) -> int:
    """Run `zoo cache verify`. Returns 1 if a folder is damaged."""
    results = [(folder, _damage(folder)) for folder in _folders(options.names)]
    if options.json:
        print(json.dumps([{"folder": str(f), "sound": not damage, "error": damage} for f, damage in results], indent=1))
    for folder, damage in () if options.json else results:
        print(f"DAMAGED\t{folder}\t{damage}" if damage else f"sound\t{folder}")
    return 1 if any(damage for _, damage in results) else 0


def _folders(names: Sequence[str]) -> list[Path]:
    """Of names, which are fetched if they are not in the cache; of patterns those that are; without any all."""
    if not names:
        return store.folders()
    folders: list[Path] = []
    for name in names:
        if registry.is_pattern(name):
            folders += [model.folder for model in cached.named(name)]
        else:
            folders.append(loading.fetch(name))
    return folders


def _damage(folder: Path) -> str | None:
    """What is wrong with a folder."""
    try:
        registry.audit(folder)
    except ZooError as error:
        return str(error)
    return None


def _agreed(found: Sequence[Cached]) -> bool:
    """Ask at a terminal whether to remove these. Raises `InputError` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise InputError("Without a terminal, --yes must be given to remove models", example='zoo cache rm "*" --yes')
    print(*(model.name for model in found), sep="\n", file=sys.stderr)
    print(f"Remove {_counted(found)}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _row(model: Cached) -> dict:
    used = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(model.used))
    return {"name": model.name, "family": model.family, "bytes": model.size, "last_use": used} | {
        "folder": str(model.folder)
    }


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def _counted(found: Iterable[Cached]) -> str:
    sizes = [model.size for model in found]
    return f"{len(sizes):,} model{'s' * (len(sizes) != 1)}, {size(sum(sizes))}"


def size(count: int) -> str:
    """Bytes in MB or GB."""
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"

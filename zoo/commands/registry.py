"""The command lines of the registry: `zoo list`, `search`, `info`, `fetch`, `check`, `verify` and `publish`."""

import argparse
import json
from collections.abc import Sequence

import registry
from registry import store
from zoo import loading
from zoo.commands.heavy import import_keras
from zoo.commands.options import real
from zoo.errors import InputError, ZooError

_FAILED = 1
_MODEL = "family/MODEL or a model folder"


def add_list(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo list`."""
    parser.add_argument("pattern", nargs="?", default="*", help='for example "maxatac/FOX*" (default all)')
    _add_json(parser)


def add_search(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo search`."""
    parser.add_argument("text", help="for example GATA or PU.1")
    _add_json(parser)


def add_info(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo info`."""
    parser.add_argument("name", help=_MODEL)
    _add_json(parser)


def add_fetch(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo fetch`."""
    parser.add_argument("names", nargs="+", metavar="NAME", help='family/MODEL or a pattern such as "maxatac/*"')


def add_check(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo check`."""
    parser.add_argument("name", help=_MODEL)
    parser.add_argument(
        "--tolerance", type=real(0), default=1e-5, metavar="X", help="largest difference allowed (default 1e-5)"
    )
    _add_json(parser)


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo verify`."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="default everything in the cache")


def add_publish(parser: argparse.ArgumentParser) -> None:
    """Options of `zoo publish`."""
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="model folders with digests")
    parser.add_argument("--repo", required=True, metavar="ORG/NAME", help="repository, made if it does not exist")
    parser.add_argument("--tag", required=True, help="of the release, such as v1.0")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.add_argument("--dry-run", action="store_true", help="check and count, write nothing")
    parser.add_argument("--families", help="folder of the index to write (default: this package's)")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="machine-readable output")


def list_(options: argparse.Namespace) -> None:
    """Run `zoo list`."""
    _show(_matching(options.pattern), options.json)


def search(options: argparse.Namespace) -> None:
    """Run `zoo search`."""
    entries = registry.search(options.text)
    if not entries:
        raise InputError(
            "The text must occur in the name, the aliases, the tissue or the description of a model",
            example="zoo search GATA",
            received={"text": options.text},
            hint="`zoo list` shows all models",
        )
    _show(entries, options.json)


def _matching(pattern: str) -> list[registry.Entry]:
    entries = registry.list_models(pattern)
    if not entries:
        raise InputError("A pattern must match a model", example="maxatac/FOX*", received={"pattern": pattern})
    return entries


def _show(entries: Sequence[registry.Entry], as_json: bool) -> None:
    if as_json:
        described = ("name", "description", "aliases", "tissue")
        rows = [{key: getattr(entry, key) for key in described} | dict(entry.facts) for entry in entries]
        print(json.dumps(rows, indent=1))
        return
    print(f"{'model':<20} {'best F1':>8} {'at score':>9}  description")
    for entry in entries:
        found = (entry.facts.get(key) for key in ("best_f1", "best_f1_threshold"))
        f1, score = ("-" if value is None else f"{value:.3f}" for value in found)
        described = ", ".join((entry.description, *entry.aliases))
        print(f"{entry.name:<20} {f1:>8} {score:>9}  {described[:39]}")


def info(options: argparse.Namespace) -> None:
    """Run `zoo info`."""
    found = loading.info(options.name)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    reads, heads = found["input"], found["outputs"]
    tracks = [track for track in (*reads["tracks"], *reads["sources"]) if track["origin"] != "derived"]
    assays = "".join(f" and {track['assay']}" for track in tracks)
    lines = {
        "model": f"{found['name']}: {found['description']}",
        "input": f"{reads['window']:,} bp of DNA ({reads['genome']}){assays}",
    }
    lines |= {"output" if len(heads) == 1 else f"head {head['name']}": _described(head) for head in heads}
    lines["cached"] = "yes" if found["cached"] else "no"
    for track in tracks:
        made = f"±{track['smoothing']} bp, {track['percentile'] or 0:g}th percentile of positive bases = 1"
        title = track["name"] if len(tracks) == 1 else f"track {track['name']}"
        lines[title] = made if track["percentile"] is not None else track["assay"]
    lines |= {f"covariate {item['name']}": item["description"] for item in reads["covariates"]}
    for title, values in (("metric", found["metrics"]), ("from", found["provenance"])):
        lines |= {f"{title} {key}": f"{value}" for key, value in values.items()}
    for key, value in lines.items():
        print(f"{key:<36} {value}" if key.startswith("metric") else f"{key:<16} {value}")


def _described(head: dict) -> str:
    """A head in words."""
    text = f"{head['bins']} bins of {head['bin_size']} bp, {head['quantity']} of {head['target']}"
    shown = ", ".join(head["tracks"][:5]) + (", …" if len(head["tracks"]) > 5 else "")
    return text + (f", {len(head['tracks'])} tracks: {shown}" if shown else "")


def fetch(options: argparse.Namespace) -> None:
    """Run `zoo fetch`."""
    from tqdm import tqdm

    names = []
    for name in options.names:
        names += [entry.name for entry in _matching(name)] if any(c in name for c in "*?[") else [name]
    if not all(loading.is_cached(name) for name in names):
        import_keras()  # to convert; what is cached needs nothing of it
    for name in tqdm(names, desc="fetch", unit="model", disable=None):
        print(f"{name}\t{loading.fetch(name)}")


def check(options: argparse.Namespace, model) -> int:
    """Run `zoo check` with a loaded model."""
    found = model.check(options.tolerance)
    if options.json:
        print(json.dumps({**found.__dict__, "passed": found.passed}, indent=1))
    else:
        print(f"{found.name}: {'passed' if found.passed else 'FAILED'}")
        print(f"largest difference {found.difference:.2g}, tolerance {found.tolerance:.2g}")
        print(", ".join(f"{package} {version}" for package, version in found.versions.items()))
    return 0 if found.passed else _FAILED


def verify(options: argparse.Namespace) -> int:
    """Run `zoo verify`."""
    folders = [loading.fetch(name) for name in options.names] or store.folders()
    damaged = 0
    for folder in folders:
        try:
            registry.audit(folder)
            print(f"sound\t{folder}")
        except ZooError as error:
            damaged += 1
            print(f"DAMAGED\t{folder}\t{error}")
    return _FAILED if damaged else 0


def publish(options: argparse.Namespace) -> None:
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

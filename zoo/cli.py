"""The command `zoo`: sub-commands that are a few lines each over the Python interface.

Nothing heavy is imported before a sub-command needs it: `zoo --help`, `zoo list` and `zoo info` start at once.
"""

import argparse
import importlib
import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path

import registry
from registry import store
from zoo import __version__, environment, loading
from zoo.commands import attribute as attributing
from zoo.commands import evaluate as evaluating
from zoo.commands import haplotypes as haplotyping
from zoo.commands import predict as predicting
from zoo.commands import prepare as preparing
from zoo.commands import train as training
from zoo.commands import variants as scoring
from zoo.errors import InputError, ZooError, ZooWarning
from zoo.files import progress

_FAILED, _USAGE, _INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 for a check that fails, 2 for an error, 130 for Ctrl-C."""
    warnings.showwarning = _show_warning
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _interrupt)
    options = _parser().parse_args(arguments)
    try:
        status = options.run(options) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ZooError as error:
        print(f"zoo: error: {error}", *getattr(error, "__notes__", ()), file=sys.stderr)
    except OSError as error:
        print(f"zoo: error: The output can be written ({error.strerror}).", file=sys.stderr)
    except KeyboardInterrupt:
        goes_on = " The same command goes on where it stopped." if getattr(options, "output", None) else ""
        print(f"zoo: interrupted.{goes_on}", file=sys.stderr)
        return _INTERRUPTED
    return _USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zoo", description="Pretrained models of transcription-factor binding and chromatin accessibility."
    )
    parser.add_argument("--version", action="version", version=f"chromatin-zoo {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = _add(commands, "list", _list, "list the models of the registry")
    command.add_argument("pattern", nargs="?", default="*", help='for example "maxatac/FOX*" (default all)')
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(commands, "search", _search, "find models by name, alias, tissue or description")
    command.add_argument("text", help="for example GATA or PU.1")
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(commands, "info", _info, "show what a model reads and returns, and where it comes from")
    command.add_argument("name", help="family/MODEL or a model folder")
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(commands, "fetch", _fetch, "bring models into the cache, so that they load without a network")
    command.add_argument("names", nargs="+", metavar="NAME", help='family/MODEL or a pattern such as "maxatac/*"')

    command = _add(commands, "check", _check, "run a model's golden inputs and compare with the expected outputs")
    command.add_argument("name", help="family/MODEL or a model folder")
    command.add_argument("--tolerance", type=float, default=1e-5, help="largest difference allowed (default 1e-5)")
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(commands, "verify", _verify, "hash every file of cached models and compare with their digests")
    command.add_argument("names", nargs="*", metavar="NAME", help="default everything in the cache")

    command = _add(commands, "train", _train, "train a model from 2bit, bigWig and BED files")
    training.add_options(command)
    command = _add(commands, "prepare", preparing.prepare, "make the track that a model takes from reads or fragments")
    preparing.add_prepare(command)
    command = _add(commands, "normalize", preparing.normalize, "normalize a track")
    preparing.add_normalize(command)
    command = _add(commands, "average", preparing.average, "average the tracks of replicates")
    preparing.add_average(command)
    command = _add(commands, "peaks", preparing.peaks, "call peaks of a track, as macs3 bdgpeakcall does")
    preparing.add_peaks(command)

    command = _add(commands, "attribute", _attribute, "tell what each base, and the signal, adds to a prediction")
    attributing.add_attribute(command)
    command = _add(commands, "motifs", attributing.motifs, "find motifs in attributions, and what they are")
    attributing.add_motifs(command)

    command = _add(commands, "variants", _variants, "tell what variants do to predictions")
    scoring.add_variants(command)
    command = _add(commands, "haplotypes", _haplotypes, "predict the haplotypes of a sample, and sites that differ")
    haplotyping.add_haplotypes(command)

    command = _add(commands, "benchmark", evaluating.benchmark, "compare predicted binding with ChIP-seq")
    evaluating.add_benchmark(command)
    command = _add(commands, "calibrate", evaluating.calibrate, "make the table of thresholds that predict reads")
    evaluating.add_calibrate(command)
    command = _add(commands, "evaluate", _evaluate, "compare a model of accessibility with a track")
    evaluating.add_evaluate(command)

    command = _add(commands, "genome", _genome, "download a genome, its chromosomes' lengths and its blacklist")
    command.add_argument("assembly", help="hg38, hg19, mm10 or sacCer3")
    command.add_argument("--to", required=True, metavar="FOLDER", help="where the files go")
    command.add_argument("--mirror", metavar="FOLDER", help="has the files and UCSC's md5sum.txt; no network then")

    command = _add(commands, "doctor", _doctor, "look over the inputs of a run, and tell what it will cost")
    command.add_argument("--genome", required=True, help="sequence, .2bit")
    command.add_argument("--signal", help="normalized ATAC-seq track, .bw")
    command.add_argument("--regions", help="a BED file, a region, or auto")
    command.add_argument("--vcf", help="variants")
    command.add_argument("--blacklist", help="BED")
    command.add_argument("--model", metavar="NAME", help="judge the signal by what it was trained on, and time it")
    command.add_argument("--output", help="where results would go: is there room?")
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(commands, "env", _env, "show where models come from and what is installed")
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(commands, "predict", _predict, "predict regions, chromosomes or a whole genome")
    predicting.add_predict(command)
    _add_publish(commands)
    return parser


def _add_publish(commands: argparse._SubParsersAction) -> None:
    command = _add(commands, "publish", _publish, "publish model folders of one family on the Hugging Face Hub")
    command.add_argument("folders", nargs="+", metavar="FOLDER", help="model folders with digests")
    command.add_argument("--repo", required=True, metavar="ORG/NAME", help="repository, made if it does not exist")
    command.add_argument("--tag", required=True, help="of the release, such as v1.0")
    command.add_argument("--private", action="store_true", help="make a new repository private")
    command.add_argument("--dry-run", action="store_true", help="check and count, write nothing")
    command.add_argument("--families", help="folder of the index to write (default: this package's)")


def _add(commands: argparse._SubParsersAction, name: str, run, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    return command


def _list(options: argparse.Namespace) -> None:
    entries = registry.list_models(options.pattern)
    if not entries:
        raise InputError("A pattern matches a model", example="maxatac/FOX*", received={"pattern": options.pattern})
    _show(entries, options.json)


def _search(options: argparse.Namespace) -> None:
    entries = registry.search(options.text)
    if not entries:
        raise InputError("A search finds a model", example="zoo search GATA", received={"text": options.text})
    _show(entries, options.json)


def _show(entries: Sequence[registry.Entry], as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "name": entry.name,
                "description": entry.description,
                "aliases": entry.aliases,
                "tissue": entry.tissue,
                **entry.facts,
            }
            for entry in entries
        ]
        print(json.dumps(rows, indent=1))
        return
    print(f"{'model':<20} {'best F1':>8} {'at score':>9}  description")
    for entry in entries:
        found = (entry.facts.get(key) for key in ("best_f1", "best_f1_threshold"))
        f1, score = ("-" if value is None else f"{value:.3f}" for value in found)
        described = ", ".join((entry.description, *entry.aliases))
        print(f"{entry.name:<20} {f1:>8} {score:>9}  {described[:39]}")


def _info(options: argparse.Namespace) -> None:
    info = loading.info(options.name)
    if options.json:
        print(json.dumps(info, indent=1))
        return
    reads, returns, signal = info["input"], info["output"], info["input"]["signal"]
    lines = {
        "model": f"{info['name']}: {info['description']}",
        "reads": f"{reads['window']:,} bp of DNA ({reads['genome']})" + (f" and {signal['assay']}" if signal else ""),
        "returns": f"{returns['bins']} bins of {returns['bin_size']} bp, {returns['quantity']} of {returns['target']}",
        "cached": "yes" if info["cached"] else "no",
    }
    if signal:
        lines["signal"] = f"±{signal['smoothing']} bp, {signal['percentile']:g}th percentile of positive bases = 1"
    for title, values in (("metric", info["metrics"]), ("from", info["provenance"])):
        lines |= {f"{title} {key}": f"{value}" for key, value in values.items()}
    for key, value in lines.items():
        print(f"{key:<36} {value}" if key.startswith("metric") else f"{key:<16} {value}")


def _fetch(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    names = []
    for name in options.names:
        matches = [entry.name for entry in registry.list_models(name)] if any(c in name for c in "*?[") else [name]
        if not matches:
            raise InputError("A pattern matches a model", example="maxatac/FOX*", received={"pattern": name})
        names += matches
    if any("/" in name and not loading.is_cached(name) for name in names):
        _import_keras()  # to convert; what is cached needs nothing of it
    for name in tqdm(names, desc="fetch", unit="model", disable=None):
        print(f"{name}\t{loading.fetch(name)}")


def _verify(options: argparse.Namespace) -> int:
    folders = [loading.fetch(name) for name in options.names] or store.folders()
    damaged = 0
    for folder in folders:
        try:
            store.verify(folder, thorough=True)
            print(f"sound\t{folder}")
        except ZooError as error:
            damaged += 1
            print(f"DAMAGED\t{folder}\t{error}")
    return _FAILED if damaged else 0


def _train(options: argparse.Namespace) -> None:
    _import_keras()
    training.main(options)


def _attribute(options: argparse.Namespace) -> None:
    attributing.attribute(options, _load(options.name))


def _haplotypes(options: argparse.Namespace) -> None:
    haplotyping.haplotypes(options, _load(options.name))


def _variants(options: argparse.Namespace) -> None:
    scoring.variants(options, _load(options.name))


def _evaluate(options: argparse.Namespace) -> None:
    _import_keras()
    evaluating.evaluate(options)


def _genome(options: argparse.Namespace) -> None:
    from zoo.genome import reference

    found = reference.fetch(options.assembly, options.to, options.mirror)
    print(*filter(None, (found.genome, found.sizes, found.blacklist)), sep="\n")


def _doctor(options: argparse.Namespace) -> int:
    if options.model:
        loading.info(options.model)
        _import_keras()
    from zoo.checkup import doctor

    names = ("genome", "signal", "regions", "vcf", "blacklist", "model", "output")
    found = doctor(**{name: getattr(options, name) for name in names})
    print(json.dumps(found.to_json(), indent=1) if options.json else found)
    return 0 if found.passed else _FAILED


def _env(options: argparse.Namespace) -> None:
    found = environment.sources() | {f"version of {name}": value for name, value in environment.versions().items()}
    if options.json:
        print(json.dumps(found, indent=1))
        return
    for key, value in found.items():
        print(f"{key:<24} {value if value is not None else '-'}")


def _publish(options: argparse.Namespace) -> None:
    from registry import publish

    release = publish(
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


def _load(name: str):
    loading.info(name)  # an unknown name is answered before anything heavy is imported
    _import_keras()
    return loading.load(name)


def _import_keras() -> None:
    """Import Keras without TensorFlow's start-up messages, which it writes past Python to the error stream."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    errors = os.dup(2)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        importlib.import_module("keras")
    finally:
        os.dup2(errors, 2)
        os.close(errors)


def _check(options: argparse.Namespace) -> int:
    check = _load(options.name).check(options.tolerance)
    if options.json:
        print(json.dumps({**check.__dict__, "passed": check.passed}, indent=1))
    else:
        print(f"{check.name}: {'passed' if check.passed else 'FAILED'}")
        print(f"largest difference {check.difference:.2g}, tolerance {check.tolerance:.2g}")
        print(", ".join(f"{package} {version}" for package, version in check.versions.items()))
    return 0 if check.passed else _FAILED


def _predict(options: argparse.Namespace) -> None:
    predicting.predict(options, _load(options.name))


def _interrupt(*_: object) -> None:
    """Ctrl-C: stop here, or where the work next counts its progress, if a C library swallows the exception here."""
    progress.interrupt()
    raise KeyboardInterrupt


def _show_warning(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
    place = "" if issubclass(category, ZooWarning) else f" ({Path(filename).name}:{lineno})"
    print(f"zoo: warning: {message}{place}", file=sys.stderr)

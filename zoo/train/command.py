"""The command line of training: `zoo train`, and the recipes, which add defaults of their own."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from registry.paths import user_path
from zoo.console.pairs import PairsAction
from zoo.console.signature import Signature, group_of
from zoo.errors import InputError
from zoo.genome import bed
from zoo.genome.text import whole
from zoo.spec import TRAINING_STRANDS, Architecture
from zoo.track_table import SQUASHES
from zoo.train import inputs
from zoo.train.config import PRECISIONS, TrainConfig
from zoo.train.execution import TAG, execute
from zoo.train.reading import load, over
from zoo.train.tasks.coverage import LOSSES

_PATHS = (
    *("genome", "signal", "peaks", "blacklist", "meta", "atac_peaks", "train_roi", "validate_roi", "unmappable"),
    *("negatives", "relaxed", "motifs", "targets"),
)
_MODELS = ("bias",)
STRATEGIES = ("single", "mirrored", "multiworker")
_DATA, _HOW = "data, instead of the configuration's", "how"
_SET = "set in the configuration"
_CHROMOSOMES = {"nargs": "+", "metavar": "CHR"}
_FILES = {
    "signal": {
        "nargs": "+",
        "metavar": "BIGWIG",
        "help": "ATAC-seq: the target, or the input of a binding model; accessibility: one per track (--set tracks=2); "
        "profile: cut sites per base; bins, bases, sites: NAME=BIGWIG for each track",
    },
    "peaks": {
        "metavar": "BED",
        "help": "binding, bins, bases, sites: the factor's; accessibility: narrowPeak to evaluate by; profile: "
        "narrowPeak to learn from",
    },
    "blacklist": {"metavar": "BED", "help": "BED files; accessibility: also VCF"},
}
RUN = Signature(
    "zoo.train.settings:Settings",
    unset=True,
    differ={
        "name": {"metavar": "FAMILY/MODEL"},
        "genome": {"metavar": "GENOME", "help": "the sequence, .2bit or FASTA"},
        "assembly": {"metavar": "NAME", "help": "its name (hg38)"},
        "architecture": {"metavar": "NAME", "help": "with its defaults; arguments by --set"},
        "epochs": {"metavar": "N"},
        "steps": {"metavar": "N", "help": "binding: of an epoch"},
        "batch_size": {"metavar": "N"},
        "patience": {"type": int, "metavar": "N", "help": "epochs without a better one before it ends (10); 0: never"},
        "seed": {"metavar": "N"},
        "precision": {"choices": PRECISIONS, "help": "of the arithmetic"},
        "start_from": {
            "flags": ("--from",),
            "dest": "start_from",
            "metavar": "MODEL",
        },
        "frozen": {
            "flags": ("--freeze",),
            "metavar": "PATTERN",
        },
        "thaw": {
            "action": PairsAction,
            "metavar": "PATTERN=EPOCHS",
            "help": "layers, as for --freeze, that are frozen for so many epochs (several: give it again)",
        },
    },
    left_out={
        **dict.fromkeys(("monitor", "checkpoint_steps", "folds", "license", "citation", "limits", "command"), _SET),
        **dict.fromkeys(("chromosomes", "optimizer", "data"), "options of its fields"),
    },
    added={
        **dict.fromkeys(("config", "out", "fold", "seeds", "set"), "which configuration, and what it is of"),
        **dict.fromkeys(("resume", "dry_run", "strategy", "cache", "scratch"), "how this machine runs it"),
        **dict.fromkeys(("publish", "tag", "families"), "what becomes of the result"),
    },
)
BINDING = Signature(
    "zoo.train.tasks.binding:BindingData",
    unset=True,
    common=_FILES,
    differ={
        "factor": {"metavar": "NAME", "help": "binding, bases: what binds"},
        "meta": {"metavar": "TSV", "help": "binding, bins, bases, sites: table of cell types, for signal and peaks"},
        "atac_peaks": {"metavar": "BED", "help": "binding: open chromatin to train on, too; or auto"},
        "train_roi": {"metavar": "TSV", "help": "binding: windows to train on, instead of those around peaks"},
        "validate_roi": {"metavar": "TSV", "help": "binding: the same to validate on"},
        "strands": {"choices": TRAINING_STRANDS, "help": "binding: legacy_revcomp as the authors' program has it"},
    },
    left_out=dict.fromkeys(
        ("signal_spec", "binding", "slop", "jitter", "random_share", "random_windows", "pan_cell"), _SET
    ),
)
ACCESSIBILITY = Signature(
    "zoo.train.tasks.accessibility:AccessibilityData",
    unset=True,
    common=_FILES,
    differ={
        "unmappable": {"metavar": "BED", "help": "accessibility, coverage: bases that reads cannot be placed on"},
        "mappability": {"help": "accessibility: predict the mappable fraction, too (needs --unmappable)"},
    },
    left_out=dict.fromkeys(("sample", "step"), _SET),
)
PROFILE = Signature(
    "zoo.train.tasks.profile:ProfileData",
    unset=True,
    common=_FILES,
    differ={
        "negatives": {"metavar": "BED", "help": "profile: background regions, instead of those with the peaks' G + C"},
        "bias": {"metavar": "MODEL", "help": "profile: the bias model of a chrombpnet, a name or a path"},
        "background": {"help": "profile: train a bias model, on background alone"},
        "bias_threshold": {"metavar": "X", "help": "profile: of a bias model (default 0.5; DNase-seq 0.8)"},
        "jitter": {"metavar": "BP", "help": "profile: by which peaks are moved at most (default 500)"},
        "counts_weight": {"metavar": "X", "help": "profile: of the counts in the loss, instead of the rule's"},
        "compare": {"metavar": "MODEL", "help": "profile: accessibility models to set beside the result"},
    },
    left_out=dict.fromkeys(("sample", "negatives_per_peak", "candidates_per_peak", "outliers"), _SET),
)
_OF_SEVERAL = {"cell_type": {"metavar": "NAME", "help": "bins, bases: the only cell type, without --meta"}}
BINS = Signature(
    "zoo.train.tasks.bins_data:BinsData",
    unset=True,
    common=_FILES | _OF_SEVERAL,
    differ={
        "factors": {"nargs": "+", "metavar": "NAME", "help": "bins: what binds; several in one network"},
        "relaxed": {"metavar": "BED", "help": "bins: all that may be peaks, without --meta (default the peaks)"},
        "motifs": {"metavar": "MEME", "help": "bins: the factor's motif, with which two kernels begin"},
        "negatives_per_positive": {"type": int, "metavar": "N", "help": "bins: without a peak, for each with one"},
    },
    left_out=dict.fromkeys(
        (
            *("track_specs", "source_specs", "covariates", "flags", "slop", "positives", "shift"),
            *("negatives_from", "validation_negatives"),
        ),
        _SET,
    ),
)
BASES = Signature(
    "zoo.train.tasks.bases:BasesData",
    unset=True,
    common=_FILES | _OF_SEVERAL,
    differ={"validation_cell": {"metavar": "NAME", "help": "bases: the cell type to validate on, with --meta"}},
    left_out=dict.fromkeys(
        ("track_specs", "source_specs", "slop", "scale", "validation_windows", "trim"),
        _SET,
    ),
)
SITES = Signature(
    "zoo.train.tasks.sites_data:SitesData",
    unset=True,
    common=_FILES | _OF_SEVERAL | {"factors": {"nargs": "+", "metavar": "NAME"}},
    differ={"meta": {"metavar": "TSV"}},
    left_out=dict.fromkeys(
        (
            *("track_specs", "scores", "core", "smoothing", "jitter"),
            *("random_share", "mix", "windows", "motifs_per_factor"),
        ),
        _SET,
    ),
)
COVERAGE = Signature(
    "zoo.train.tasks.coverage:CoverageData",
    unset=True,
    common=_FILES,
    differ={
        "targets": {
            "flags": ("--tracks",),
            "dest": "targets",
            "metavar": "TSV",
            "help": "coverage: table of tracks, name and file (bigWig) of each, or Calico's targets.txt",
        },
        "bin_size": {"metavar": "BP", "help": "coverage: of the network's bins, if not of the model of --from"},
        "squash": {"choices": SQUASHES, "help": "coverage: of targets with soft clips; power as Borzoi, root as Prime"},
        "loss": {"choices": LOSSES, "help": "coverage: poisson_mn as Borzoi, poisson as Basenji2 and Enformer"},
    },
    left_out=dict.fromkeys(("total_weight", "shift", "step"), _SET),
)
DATA = {
    "binding": BINDING,
    "accessibility": ACCESSIBILITY,
    "profile": PROFILE,
    "bins": BINS,
    "bases": BASES,
    "coverage": COVERAGE,
    "sites": SITES,
}
"""Task → the options of its data."""
_ONE_CELL = {
    "binding": ("signal", "peaks", "binding", "atac_peaks"),
    "bins": ("cell_type", "peaks", "relaxed"),
    "sites": ("cell_type", "peaks"),
    "bases": ("cell_type", "peaks"),
}
SPLIT = Signature(
    "zoo.train.settings:Split",
    unset=True,
    differ={
        "train": {**_CHROMOSOMES, "flags": ("--train-chroms",), "help": "chromosomes to train on"},
        "validation": {**_CHROMOSOMES, "flags": ("--validation-chroms",), "help": "to choose the epoch by"},
        "test": {**_CHROMOSOMES, "flags": ("--test-chroms",), "help": "to evaluate the result by"},
    },
)
OPTIMIZER = Signature(
    "zoo.train.settings:Optimizer",
    unset=True,
    differ={
        "learning_rate": {"metavar": "X"},
        "trunk_rate": {"metavar": "X", "help": "of the learning rate, for all layers but the head's (default 1)"},
        "warm_up": {"metavar": "STEPS"},
        "clip_norm": {"metavar": "X"},
        "rates": {
            "action": PairsAction,
            "metavar": "PATTERN=X",
            "help": "of the learning rate, for layers as for --freeze (several: give it again)",
        },
    },
    left_out=dict.fromkeys(("name", "weight_decay"), _SET),
)
SIGNATURES = (RUN, *DATA.values(), SPLIT, OPTIMIZER)


def add_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Options of a run: its configuration, what changes in it, how it runs and what becomes of it."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the run, YAML or JSON (of `zoo recipe --copy`)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder of the run, new or empty")
    RUN.add(parser, {"": "name", _DATA: "genome assembly", _HOW: "architecture epochs steps batch_size patience seed"})
    for signature in (*DATA.values(), SPLIT):
        signature.add(parser, {_DATA: ""})
    OPTIMIZER.add(parser, {_HOW: ""})
    how = group_of(parser, _HOW)
    how.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="arguments of the network")
    said = "a fold of the configuration, from 0; or all of them, and their mean in OUT/ensemble"
    how.add_argument("--fold", metavar="K|all", help=said)
    said = "a run of each seed in OUT/seedN, and their mean in OUT/ensemble"
    how.add_argument("--seeds", nargs="+", type=int, metavar="N", help=said)
    run = parser.add_argument_group("running")
    run.add_argument("--resume", action="store_true", help="go on with the run in --out")
    run.add_argument("--dry-run", action="store_true", help="print windows, memory, steps and time; write nothing")
    run.add_argument("--strategy", choices=STRATEGIES, default="single", help="tf.distribute (default single)")
    run.add_argument("--cache", metavar="FOLDER", help="keep what was read, as TFRecord shards, for the next run")
    run.add_argument("--scratch", metavar="FOLDER", help="keep windows on its disk instead of in memory")
    run.add_argument("--publish", metavar="ORG/NAME", help="publish the model in this repository of the Hub")
    run.add_argument("--tag", help=f"of the release (default {TAG})")
    run.add_argument("--families", help="folder of the index to write (default: this package's)")
    return parser


def main(options: argparse.Namespace, default: Path | None = None, **changes: object) -> dict[str, object]:
    """Run the training that the command line describes. Arguments and errors as for `prepare`, result of `execute`."""
    return execute(prepare(options, default, **changes), options)


def prepare(
    options: argparse.Namespace, default: Path | None = None, **changes: object
) -> dict[Path | None, TrainConfig]:
    """The runs of a command line, checked as far as possible without TensorFlow: options, configuration, files.

    Args:
        options: of `add_options`.
        default: the configuration, if none is named.
        changes: as for `TrainConfig.read`; the command line comes before them.

    Returns:
        Folder → the configuration of the run in it; of a plan of one run without a folder None.

    Raises:
        InputError, GenomeMismatch: options that exclude one another, or files or values that cannot be used.
    """
    path = options.config or default
    if path is None:
        raise InputError(
            "A run must have a configuration",
            example="--config recipes/configs/maxatac.yaml",
            hint="`zoo recipe --copy recipes` copies those that ship with the package",
        )
    if options.out is None and not options.dry_run:
        raise InputError("A run must have a folder", example="--out runs/ctcf")
    _check_options(options)
    out = options.out and user_path(options.out, "out")
    config = configure(path, options, changes)
    if options.fold is None:
        runs = [(out, config)]
    else:
        numbers = range(len(config.folds)) if options.fold == "all" else [_number(options.fold)]
        runs = [((out or Path()) / f"fold{number}", config.fold(number)) for number in numbers]
        if not runs:
            raise InputError(
                "A configuration must have folds where one is asked for", where=path, example="folds: [[chr1], …]"
            )
    if options.seeds is not None:
        [(out, config)] = runs
        runs = [((out or Path()) / f"seed{seed}", replace(config, seed=seed)) for seed in sorted(options.seeds)]
    for _, run_config in runs:
        inputs.opened(run_config)
    return dict(runs)


def _check_options(options: argparse.Namespace) -> None:
    """No option without effect beside another."""
    split = bool(_given(SPLIT, options))
    seeds = options.seeds
    if seeds is not None and (len(seeds) < 2 or len(set(seeds)) < len(seeds)):
        raise InputError(
            "The seeds must be two or more different numbers", example="--seeds 0 1 2", received={"seeds": seeds}
        )
    excluded = {
        ("--seeds", "--seed"): seeds is not None and options.seed is not None,
        ("--seeds", "--fold all, whose ensemble has seen every chromosome"): seeds is not None
        and options.fold == "all",
        ("--fold", "--train-chroms, --validation-chroms or --test-chroms"): options.fold is not None and split,
        ("--dry-run", "--publish"): options.dry_run and options.publish is not None,
        ("--dry-run", "--resume"): options.dry_run and options.resume,
        ("--tag or --families", "no --publish"): options.publish is None and bool(options.tag or options.families),
        ("--meta", "--signal, --peaks or --atac-peaks"): bool(options.meta)
        and any((any("=" not in path for path in options.signal or ()), options.peaks, options.atac_peaks)),
    }
    for (one, other), both in excluded.items():
        if both:
            raise InputError(f"{one} must not be given with {other}", hint="Leave one of them out")
    if options.publish is not None:
        from registry.publishing import check_target

        check_target(options.publish, options.tag or TAG, options.families)


def configure(path: Path, options: argparse.Namespace, changes: dict[str, object]) -> TrainConfig:
    """The configuration with the command line's values in it; paths on the command line become absolute."""
    file_values = load(user_path(path, "configuration"))
    kind = next((kind for kind in DATA if file_values.get(kind) is not None), "accessibility")
    top, data = _changed(options), _data(options, kind)
    merged = {**changes, **top}
    merged[kind] = {**changes.get(kind, {}), **data}
    if options.meta:  # instead of one cell type's files
        merged[kind] = {**dict.fromkeys(_ONE_CELL.get(kind, ())), **merged[kind]}
    if not merged[kind]:
        del merged[kind]
    arguments = dict(map(argument, options.set))
    if arguments and not options.architecture:
        merged["architecture"] = over(changes.get("architecture", {}), {"config": arguments})
    elif options.architecture and not (file_values.get("architecture") or changes.get("architecture")):
        merged["architecture"] = {"name": options.architecture, "config": arguments}
    factor = data.get("factor") or "_".join(data.get("factors", ()))
    if factor:
        merged.setdefault("name", f"{str(file_values.get('name')).split('/')[0]}/{factor}")
    if chosen := _given(SPLIT, options):
        merged["chromosomes"] = {**changes.get("chromosomes", {}), **chosen}
    if optimizer := _given(OPTIMIZER, options):
        merged["optimizer"] = optimizer
    config = TrainConfig.read(path, **merged)
    if options.architecture:  # another network has arguments of its own
        config = replace(config, architecture=Architecture(options.architecture, arguments))
    return replace(config, patience=None) if options.patience == 0 else config


def _given(signature: Signature, options: argparse.Namespace) -> dict[str, object]:
    """The fields that the command line gives."""
    return {name: value for name, value in signature.values(options).items() if value is not None}


def _changed(options: argparse.Namespace) -> dict[str, object]:
    """The fields of a configuration that the command line gives, those of its data aside."""
    values = {name: _absolute(name, value) for name, value in RUN.values(options).items() if name != "architecture"}
    values |= {"patience": options.patience or None, "start_from": _model(options.start_from)}
    values["thaw"] = options.thaw and {name: _whole(epochs) for name, epochs in options.thaw.items()}
    return {name: value for name, value in values.items() if value is not None}


def _data(options: argparse.Namespace, kind: str) -> dict[str, object]:
    """The same of its data. Raises `InputError` for what other kinds of model have."""
    own, others = DATA[kind], [signature for name, signature in DATA.items() if name != kind]
    every = {name: value for other in others for name, value in other.values(options).items()}
    given = {name: value for name, value in every.items() if name not in own.keywords}
    if foreign := [name for name, value in given.items() if value is not None]:
        raise InputError(
            f"Options of a run must be those of its kind, {kind}",
            received={_option(name, others): getattr(options, name) for name in foreign},
        )
    values = own.values(options)
    signal = values.get("signal")
    if kind in ("bins", "bases", "sites") and signal is not None:
        values["signal"] = signal = _named(signal)
    if isinstance(signal, list) and len(signal) == 1:
        [values["signal"]] = signal
    values = {name: _absolute(name, value) for name, value in values.items()}
    return {name: value for name, value in values.items() if value is not None}


def _option(name: str, signatures: list[Signature]) -> str:
    """The option of a keyword."""
    flags = next((item.differ[name].get("flags") for item in signatures if name in item.differ), None)
    return (flags or (f"--{name.replace('_', '-')}",))[0]


def _named(paths: list[str]) -> list[str] | dict[str, str]:
    """Tracks by their names, NAME=BIGWIG; or the only one as it is. Raises `InputError` for both, or a name twice."""
    if len(paths) == 1 and ("=" not in paths[0] or Path(paths[0]).exists()):
        return paths
    pairs = [path.partition("=")[::2] for path in paths]
    if not all(map(all, pairs)) or len(dict(pairs)) < len(pairs):
        raise InputError(
            "Each of several tracks must be given by its name",
            example="--signal unique35=map.bw dgf=dnase.bw",
            received={"signal": paths},
        )
    return dict(pairs)


def _absolute(name: str, value: object) -> object:
    """A path of the command line, so that the record of a run means the same anywhere."""
    if name in _MODELS:
        return _model(value)
    if value is None or name not in _PATHS or value == "auto":
        return value
    if isinstance(value, list):
        return [_absolute(name, path) for path in value]
    if isinstance(value, dict):
        return {key: _absolute(name, path) for key, path in value.items()}
    return str(user_path(value, name).absolute())


def _model(name: str | None) -> str | None:
    """A model by its name; a folder or a file by its absolute path."""
    if name is None or (not bed.is_there(name) and not user_path(name, "model").is_dir()):
        return name
    return str(user_path(name, "model").absolute())


def _whole(value: object) -> object:
    """A whole number of a pair, which are floats; anything else as it is, for the configuration to refuse."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(text: str) -> int:
    try:
        return whole(text)
    except ValueError:
        raise InputError("A fold must be a number from 0, or all", received={"fold": text}) from None


def argument(text: str) -> tuple[str, object]:
    """NAME=VALUE of a network's builder, the value as in JSON. Raises `InputError` for anything else."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        raise InputError(
            "An argument of a network must be NAME=VALUE", example="residual_blocks=11", received={"argument": text}
        ) from None

"""Train a ChromBPNet: the bias model on background, then accessibility beside the bias, scaled and frozen.

The signal is a bigWig of cut sites, or is made of a BAM file or of fragments. Without a genome it trains a narrow one
on the yeast data that ZOO_SHARED has, else on a synthetic genome. The folder gets a run of its own for each of the two,
`bias` and `chrombpnet`; with --resume the one that was interrupted goes on. `--dry-run` measures how long an epoch of
the bias model takes here, and with --bias one of both.

Usage: python recipes/train_chrombpnet.py [--out FOLDER]
       python recipes/train_chrombpnet.py --genome hg38.2bit --reads atac.bam --peaks peaks.narrowPeak \
           --blacklist hg38.bed --name mylab/K562 --out runs/k562 [--bias MODEL]
"""

import argparse
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import small
import yeast

from registry.digests import sha256
from registry.paths import user_path
from zoo import loading
from zoo.data import synthetic
from zoo.errors import InputError
from zoo.files.partial import digest
from zoo.genome.sequence import Genome
from zoo.prepare.sites import ASSAYS, cut_sites
from zoo.train import command, reading
from zoo.train.config import TrainConfig
from zoo.train.home import MODEL, Home
from zoo.train.tasks.profile import bias_run

BIAS, BOTH = "bias", "chrombpnet"
_YEAST_THRESHOLD = 0.8  # among peaks there are weak ones
_YEAST_BIAS = {"batch_size": 32, "epochs": 25, "patience": 6}  # of the small bias model of yeast
_LATER = "none yet"  # of a bias model that the recipe trains


def main(options: argparse.Namespace) -> None:
    """Train what the options say."""
    if options.reads and options.signal:
        raise InputError("--reads must not be given with --signal", hint="Leave one of them out")
    if options.genome or options.config:
        train(options, small.CONFIGS / "chrombpnet.yaml")
    elif yeast.find_data():
        on_yeast(options)
    else:
        on_synthetic(options)


def on_yeast(options: argparse.Namespace) -> None:
    """The cut sites of yeast."""
    source = yeast.find_data()
    data, sites = yeast.prepare(source, options.work), yeast.cut_sites(source, options.work)
    peaks, background = yeast.peaks_and_background(source, options.work)
    small.name_run(options, "yeast/ChromBPNet", "training on the yeast data")
    if options.bias is None and options.bias_threshold is None:
        options.bias_threshold = _YEAST_THRESHOLD
    train(
        options,
        small.CONFIGS / "yeast_ChromBPNet.yaml",
        {name: value for name, value in _YEAST_BIAS.items() if getattr(options, name) is None},
        command="python recipes/train_chrombpnet.py",
        genome=str(data.genome.resolve()),
        profile={
            "signal": str(sites.resolve()),
            "peaks": str(peaks.resolve()),
            "negatives": str(background.resolve()),
        },
    )


def on_synthetic(options: argparse.Namespace) -> None:
    """Cuts around sites that were planted in random sequence."""
    files = synthetic.with_cut_sites(options.work / "synthetic", small.LENGTHS)
    small.name_run(options, "synthetic/ChromBPNet", "no data at hand (ZOO_SHARED), training on a synthetic genome")
    train(
        options,
        small.CONFIGS / "yeast_ChromBPNet.yaml",
        **small.synthetic_run(files),
        epochs=3,
        profile={
            "signal": str(files.cut_sites.resolve()),
            "peaks": str(files.open.resolve()),
            "sample": "synthetic",
            "candidates_per_peak": 1,
            "negatives_per_peak": 0.5,
            "counts_weight": None,
            "compare": [],
        },
    )


def train(
    options: argparse.Namespace, default: Path, bias: Mapping[str, object] | None = None, **changes: object
) -> None:
    """The bias model of each run, in which `bias` differs, unless one is given; and then the run."""
    threshold, options.bias_threshold = options.bias_threshold, None
    if options.bias and threshold is not None:
        raise InputError("--bias-threshold must not be given with --bias, which was trained before")
    if options.bias:
        loading.info(options.bias)  # one that is not there is an error before minutes of reading
    if options.reads:
        options.signal = [str(cut_track(options))]
    path = user_path(options.config or default, "configuration")
    given = options.bias is not None or bool((reading.load(path).get("profile") or {}).get(BIAS))
    if not given:
        changes["profile"] = {**changes.get("profile", {}), BIAS: _LATER}
    runs = {}
    for out, config in command.prepare(options, default, **changes).items():
        if not given:
            _train_bias(out, dataclasses.replace(bias_run(config, threshold), **(bias or {})), options)
            if options.dry_run:
                continue
            trained = str((out / BIAS / MODEL).absolute())
            config = dataclasses.replace(config, data=dataclasses.replace(config.data, bias=trained))
        runs[out and out / BOTH] = config
    if runs:
        command.execute(runs, options)


def _train_bias(out: Path | None, config: TrainConfig, options: argparse.Namespace) -> None:
    """The bias model of a run; with --resume one that is there stays, if it is of this configuration."""
    folder = out and out / BIAS
    if folder is not None and options.resume and (folder / MODEL).is_dir():
        Home(folder, config, resume=True).check()
        return
    alone = argparse.Namespace(**{**vars(options), "publish": None})  # only the second model is published
    command.execute({folder: config}, _going_on(alone, folder))


def _going_on(options: argparse.Namespace, folder: Path | None) -> argparse.Namespace:
    """Options with which a run goes on only if it began: of two, the second one may not have."""
    resume = options.resume and folder is not None and folder.is_dir()
    return argparse.Namespace(**{**vars(options), "resume": resume})


def cut_track(options: argparse.Namespace) -> Path:
    """The bigWig of cut sites of the reads, made if it is not there yet."""
    if not options.genome:
        raise InputError("--reads must come with a genome", example="--genome hg38.2bit")
    reads, genome = user_path(options.reads, "reads"), Genome(user_path(options.genome, "genome"))
    made_of = [sha256(reads), genome.identity(), options.assay, options.shift]
    path = options.work / f"{reads.name}.{digest(made_of)[:12]}.bw"  # other reads of that name have another
    if not path.is_file():
        options.work.mkdir(parents=True, exist_ok=True)
        shift = {"auto": None, "yes": True, "no": False}[options.shift]
        cuts = cut_sites(reads, path, genome, assay=options.assay, shift=shift)
        print(f"{path}: {cuts:,} cuts", flush=True)
    return path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this recipe beside those of training."""
    parser.add_argument("--reads", metavar="FILE", help="BAM, fragments or tagAlign, of which the signal is made")
    parser.add_argument("--assay", choices=ASSAYS, default=ASSAYS[0], help="of the reads (default ATAC)")
    said = "move ends of ATAC-seq by +4 and -5 bp (default auto: if the bases around them say that this was not done)"
    parser.add_argument("--shift", choices=("auto", "yes", "no"), default="auto", help=said)


if __name__ == "__main__":
    small.run("train_chrombpnet", "Train a ChromBPNet", main, add_options)

"""Effects of variants on accessibility and binding: several models, the chain of both, and allelic reads.

    python recipes/score_variants.py variants.vcf --genome hg38.2bit --signal atac.bw --models maxatac/CTCF maxatac/MAX
    python recipes/score_variants.py variants.vcf --genome hg38.2bit --signal atac.bw --models maxatac/CTCF \
        --accessibility runs/gm12878/model --reads counts.tsv

Each model writes `<out>/<model>.tsv`, `.vcf`, `.skipped.tsv` and `.json`. With `--accessibility` a chain of that model
and each model of binding writes `<out>/<model>.chain.tsv`: effects directly, through accessibility, and both ways. With
`--reads`, a table of allele-specific reads (chrom, pos, ref, alt, wgs_ref, wgs_alt, atac_ref, atac_alt), the variants
that show an effect (Grover et al. 2026) are scored instead, `agreement.tsv` has how well each model's scores agree,
and `<model>.png` shows scores against log odds of reads.
"""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


import zoo
from zoo.chaining import Chain
from zoo.console import recipe
from zoo.errors import InputError
from zoo.files.atomic import atomic, check_outputs, writing
from zoo.plot import style
from zoo.plot.variants import plot_allelic
from zoo.variants import allelic
from zoo.variants.result import skipped_lines


def main(options: argparse.Namespace) -> None:
    """Score with every model."""
    options.out.mkdir(parents=True, exist_ok=True)
    reads, variants = None, options.variants
    if options.reads:
        if variants:
            raise InputError(
                "Variants must be left out with --reads, which lists its own", received={"variants": variants}
            )
        reads, lost = allelic.select(allelic.read_counts(options.reads))
        variants = reads.variants
        print(f"{len(reads):,} variants show an effect", *(f"{n:,} {why}" for why, n in lost.items() if n), sep="\n  ")
    if not variants:
        raise InputError("There must be a variant to score", example="variants.vcf, or --reads counts.tsv")
    files, rows = {"genome": options.genome, "blacklist": options.blacklist}, {}
    names = [*options.models, *([options.accessibility] if options.accessibility else [])]
    check_outputs(outputs(names, options), [options.variants, options.reads, options.signal, *files.values(), *names])
    first = zoo.load(options.accessibility) if options.accessibility else None
    for name, short in zip(names, short_names(names), strict=True):
        model = zoo.load(name)
        signal = {"signal": options.signal} if model.spec.input.given else {}
        written = model.score_variants(variants, **files, **signal, output=options.out / short, shifts=options.shifts)
        print(*written, *skipped_lines(skipped(written)), sep="\n", flush=True)
        if reads:
            rows[short] = evaluate(model, reads, {**files, **signal}, options.out / f"{short}.png", options.shifts)
        if first and signal:
            print(write_chain(Chain(first, model), variants, {**files, **signal}, options.out / f"{short}.chain.tsv"))
    if rows:
        print(write_rows(rows, options.out / "agreement.tsv"))


def short_names(names: Sequence[str]) -> list[str]:
    """The last part of each model's name; the whole name, without slashes, where two end alike."""
    lasts = [Path(name).name for name in names]
    return [
        last if lasts.count(last) == 1 else name.strip("/").replace("/", "_")
        for name, last in zip(names, lasts, strict=True)
    ]


def outputs(names: Sequence[str], options: argparse.Namespace) -> list[Path]:
    """What is written beside the files of `score_variants`, which checks its own."""
    suffixes = (".png", ".chain.tsv", ".chain.md")
    paths = [options.out / f"{short}{suffix}" for short in short_names(names) for suffix in suffixes]
    return [*paths, options.out / "agreement.tsv"]


def skipped(written: Sequence[Path]) -> dict[str, int]:
    """How many variants were skipped for which reason, by the record of a run."""
    return json.loads(written[-1].read_text(encoding="utf-8"))["skipped"]


def evaluate(model: zoo.Model, reads: allelic.Allelic, files: dict, path: Path, shifts: int) -> dict:
    """Agreement of a model's scores with allelic imbalance, and a scatter plot of both."""
    scores = model.score_variants(reads.variants, **files, shifts=shifts).scores["log2_fold_change"]
    agreement = allelic.evaluate(scores, reads)
    figure = style.figure(style.PLOT, 4.4)
    plot_allelic(figure.subplots(), scores, reads.log_odds, agreement, "predicted effect: log2 fold change")
    with atomic(path, path.parent) as temporary:
        style.save(figure, temporary, "png")
    measures = asdict(agreement)
    return measures | {f"random {name}": value for name, value in measures.pop("random").items()}


def write_chain(chain: Chain, variants: object, files: dict, path: Path) -> Path:
    """Effects by way, and beside them the limits of the chain and what was skipped."""
    effects = chain.score_variants(variants, **files)
    with writing(path) as handle:
        effects.write_tsv(handle)
    with writing(path.with_suffix(".md")) as handle:
        handle.write("\n".join([chain.card(), *skipped_lines(effects.both.reasons)]) + "\n")
    return path


def write_rows(rows: dict[str, dict], path: Path) -> Path:
    """A row for each model."""
    columns = list(next(iter(rows.values())))
    with writing(path) as handle:
        handle.write("\t".join(["model", *columns]) + "\n")
        for name, row in rows.items():
            handle.write("\t".join([name, *(f"{row[column]:.4g}" for column in columns)]) + "\n")
    return path


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Effects of variants; see the file's head.")
    parser.add_argument("variants", nargs="?", help="a VCF file, or a table with chrom, pos, ref and alt")
    parser.add_argument("--genome", required=True, metavar="GENOME")
    parser.add_argument("--signal", metavar="BIGWIG", help="for models of binding")
    parser.add_argument("--models", nargs="*", default=[], metavar="MODEL", help="family/MODEL or model folders")
    parser.add_argument("--accessibility", metavar="MODEL", help="also chained in front of each model of binding")
    parser.add_argument("--reads", metavar="TSV", help="allele-specific reads, instead of variants")
    parser.add_argument("--blacklist", metavar="BED")
    parser.add_argument("--shifts", type=int, default=1, help="windows to average over, an odd number (default 1)")
    parser.add_argument("--out", type=Path, default=Path("variants"), help="folder (default variants)")
    return parser.parse_args()


if __name__ == "__main__":
    recipe.run("score_variants", main, parse())
